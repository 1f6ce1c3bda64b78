// Drivers: wdm/ntddk pages nf-wdm-ioallocatedriverobjectextension, nf-ntddk-ioregisterdriverreinitialization
// …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/condrv.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"

using namespace nt;

extern "C" NTSTATUS IoAllocateDriverObjectExtension(DRIVER_OBJECT* driver, PVOID id, ULONG size,
                                                    PVOID* extension) {
    return io::allocate_driver_extension(driver, id, size, extension);
}
GATE(IoAllocateDriverObjectExtension);
extern "C" PVOID IoGetDriverObjectExtension(DRIVER_OBJECT* driver, PVOID id) {
    return io::get_driver_extension(driver, id);
}
GATE(IoGetDriverObjectExtension);

extern "C" void IoRegisterDriverReinitialization(DRIVER_OBJECT* driver, PDRIVER_REINITIALIZE routine,
                                                 PVOID context) {
    io::register_reinitialization(driver, routine, context, false);
}
GATE(IoRegisterDriverReinitialization);
extern "C" void IoRegisterBootDriverReinitialization(DRIVER_OBJECT* driver, PDRIVER_REINITIALIZE routine,
                                                     PVOID context) {
    io::register_reinitialization(driver, routine, context, true);
}
GATE(IoRegisterBootDriverReinitialization);

// Neither has a page; both are in wide use. assumed: what drivers that declare them expect.
extern "C" NTSTATUS IoCreateDriver(UNICODE_STRING* name, PDRIVER_INITIALIZE routine) {
    return io::create_driver_by_routine(name, routine);
}
GATE(IoCreateDriver);
extern "C" void IoDeleteDriver(DRIVER_OBJECT* driver) { io::forget_driver(driver); }
GATE(IoDeleteDriver);

// Drivers count their devices in it, all of them in the same.
extern "C" CONFIGURATION_INFORMATION* IoGetConfigurationInformation() {
    return io::configuration_information();
}
GATE(IoGetConfigurationInformation);

extern "C" BOOLEAN IoIsWdmVersionAvailable(UCHAR major, UCHAR minor) {
    return major < 6 || (major == 6 && minor <= 0);
}
GATE(IoIsWdmVersionAvailable);

// What an unset dispatch entry holds: nt!IopInvalidDeviceRequest.
extern "C" NTSTATUS IopInvalidDeviceRequest(DEVICE_OBJECT*, IRP* irp) {
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    static const ULONG_PTR self = io::internal_address("IopInvalidDeviceRequest");
    io::complete_request(irp, IO_NO_INCREMENT, self);
    return STATUS_INVALID_DEVICE_REQUEST;
}
GATE(IopInvalidDeviceRequest);

extern "C" NTSTATUS CdpDispatch(DEVICE_OBJECT* device, IRP* irp) { return io::console_dispatch(device, irp); }
GATE(CdpDispatch);
