// Power requests that drivers pass on: nf-wdm-pocalldriver, nf-wdm-postartnextpowerirp,
// nf-wdm-posetpowerstate. Since Windows Vista a power IRP travels like any other.
#include "kernel/exports/runtime.h"
#include "kernel/io/device.h"
#include "kernel/io/irp.h"

using namespace nt;

extern "C" NTSTATUS PoCallDriver(DEVICE_OBJECT* device, IRP* irp) { return io::call_driver(device, irp); }
GATE(PoCallDriver);

// "A call to this routine does not perform a power management operation."
extern "C" void PoStartNextPowerIrp(IRP*) {}
GATE(PoStartNextPowerIrp);

// POWER_STATE is a union of the size of its enumerations.
extern "C" ULONG PoSetPowerState(DEVICE_OBJECT* device, ULONG type, ULONG state) {
    return io::set_power_state(device, static_cast<POWER_STATE_TYPE>(type), state);
}
GATE(PoSetPowerState);
