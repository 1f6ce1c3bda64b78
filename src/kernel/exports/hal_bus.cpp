// Configuration space and bus addresses: ntddk pages nf-ntddk-halgetbusdatabyoffset,
// nf-ntddk-halsetbusdatabyoffset, wdm page ns-wdm-_pci_slot_number.
#include "abi/pnp.h"
#include "hardware/pci.h"
#include "kernel/exports/gate.h"
#include <cstring>

using namespace nt;
namespace pci = nt::hardware::pci;

namespace {

constexpr ULONG pci_configuration = 4; // BUS_DATA_TYPE
constexpr USHORT invalid_vendor = 0xFFFF;

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

struct Slot {
    ULONG device, function;
};
Slot slot_of(ULONG number) { return {number & 31, number >> 5 & 7}; }

// Bytes that are there; 0: no such bus, or beyond configuration space.
// assumed: offsets beyond 255 give nothing: the functions have no extended configuration space.
ULONG clip(ULONG type, ULONG bus, ULONG offset, ULONG length) {
    if (type != pci_configuration || bus != 0 || offset >= pci::config_size) return 0;
    return length < pci::config_size - offset ? length : pci::config_size - offset;
}

} // namespace

// 0: there is no such bus; 2: a bus, but no device: the vendor is PCI_INVALID_VENDORID.
extern "C" ULONG HalGetBusDataByOffset(ULONG type, ULONG bus, ULONG slot, PVOID buffer, ULONG offset,
                                       ULONG length) {
    const ULONG bytes = clip(type, bus, offset, length);
    const auto [device, function] = slot_of(slot);
    if (bytes && !pci::find(device, function)) {
        const ULONG n = bytes < sizeof invalid_vendor ? bytes : sizeof invalid_vendor;
        (void)pci::read_config(device, function, offset, n, caller());
        std::memcpy(buffer, &invalid_vendor, n);
        return n;
    }
    pci::read_config_range(device, function, offset, buffer, bytes, caller());
    return bytes;
}
GATE(HalGetBusDataByOffset);

extern "C" ULONG HalGetBusData(ULONG type, ULONG bus, ULONG slot, PVOID buffer, ULONG length) {
    return HalGetBusDataByOffset(type, bus, slot, buffer, 0, length);
}
GATE(HalGetBusData);

extern "C" ULONG HalSetBusDataByOffset(ULONG type, ULONG bus, ULONG slot, const void* buffer, ULONG offset,
                                       ULONG length) {
    const ULONG bytes = clip(type, bus, offset, length);
    const auto [device, function] = slot_of(slot);
    if (!pci::find(device, function)) return 0;
    pci::write_config_range(device, function, offset, buffer, bytes, caller());
    return bytes;
}
GATE(HalSetBusDataByOffset);

extern "C" ULONG HalSetBusData(ULONG type, ULONG bus, ULONG slot, const void* buffer, ULONG length) {
    return HalSetBusDataByOffset(type, bus, slot, buffer, 0, length);
}
GATE(HalSetBusData);

// Bus addresses are physical addresses on a PC, and ports (address space 1) stay ports.
// assumed: Isa, Eisa and PCI have bus 0, Internal any; there is no other bus.
extern "C" BOOLEAN HalTranslateBusAddress(INTERFACE_TYPE type, ULONG bus, PHYSICAL_ADDRESS address,
                                          ULONG* space, PHYSICAL_ADDRESS* translated) {
    const bool known = type == Internal || ((type == Isa || type == Eisa || type == PCIBus) && bus == 0);
    if (!known || *space > 1) return FALSE;
    *translated = address;
    return TRUE;
}
GATE(HalTranslateBusAddress);
