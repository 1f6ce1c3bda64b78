// The routines of the PCI bus's interfaces, which drivers get by IRP_MN_QUERY_INTERFACE: wdm pages
// ns-wdm-_bus_interface_standard, nc-wdm-get_set_device_data, nc-wdm-translate_bus_address,
// ns-wdm-_pci_msix_table_config_interface, nc-wdm-pci_msix_set_entry, nc-wdm-pci_msix_maskunmask_entry.
#include "kernel/io/pci_interface.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/dma.h"
#include "kernel/ob/object.h"

using namespace nt;
using exports::need_in;
using exports::need_out;

static ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

extern "C" void PciReference(io::DeviceNode* node) { ob::reference(need_in(node).pdo); }
GATE(PciReference);
extern "C" void PciDereference(io::DeviceNode* node) { ob::dereference(need_in(node).pdo); }
GATE(PciDereference);

// Bus addresses are physical addresses on a PC, and ports (address space 1) stay ports.
extern "C" BOOLEAN PciTranslateBusAddress(io::DeviceNode* node, PHYSICAL_ADDRESS address, ULONG, ULONG* space,
                                          PHYSICAL_ADDRESS* translated) {
    need_in(node);
    if (need_out(space) > 1) return FALSE;
    need_out(translated) = address;
    return TRUE;
}
GATE(PciTranslateBusAddress);

extern "C" DMA_ADAPTER* PciGetDmaAdapter(io::DeviceNode* node, const DEVICE_DESCRIPTION* device,
                                         ULONG* registers) {
    need_in(node);
    return io::get_dma_adapter(need_in(device), need_out(registers));
}
GATE(PciGetDmaAdapter);

extern "C" ULONG PciSetBusData(io::DeviceNode* node, ULONG space, const void* buffer, ULONG offset,
                               ULONG length) {
    return io::write_config_space(need_in(node), space, buffer, offset, length, caller());
}
GATE(PciSetBusData);
extern "C" ULONG PciGetBusData(io::DeviceNode* node, ULONG space, void* buffer, ULONG offset, ULONG length) {
    return io::read_config_space(need_in(node), space, buffer, offset, length, caller());
}
GATE(PciGetBusData);

extern "C" NTSTATUS PciSetMsixEntry(io::DeviceNode* node, ULONG entry, ULONG message) {
    return io::set_msix_message(need_in(node), entry, message);
}
GATE(PciSetMsixEntry);
extern "C" NTSTATUS PciMaskMsixEntry(io::DeviceNode* node, ULONG entry) {
    return io::mask_msix_entry(need_in(node), entry, true);
}
GATE(PciMaskMsixEntry);
extern "C" NTSTATUS PciUnmaskMsixEntry(io::DeviceNode* node, ULONG entry) {
    return io::mask_msix_entry(need_in(node), entry, false);
}
GATE(PciUnmaskMsixEntry);
