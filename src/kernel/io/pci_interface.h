// What the PCI bus's driver answers for its devices beyond the common: reading and writing configuration
// space, and the interfaces that drivers call directly. The context of an interface is the device's node.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/accessing-device-configuration-space
#pragma once
#include "kernel/io/device_node.h"

namespace nt::io {

// Handles IRP_MN_READ_CONFIG, IRP_MN_WRITE_CONFIG and IRP_MN_QUERY_INTERFACE for BUS_INTERFACE_STANDARD and
// PCI_MSIX_TABLE_CONFIG_INTERFACE; leaves the IRP's status alone for others.
void answer_pci_request(DeviceNode& node, const IO_STACK_LOCATION& s, IO_STATUS_BLOCK& status);

// Bytes moved; 0: no configuration space, or beyond its end.
ULONG read_config_space(const DeviceNode& node, ULONG space, void* buffer, ULONG offset, ULONG length,
                        ULONG_PTR caller);
ULONG write_config_space(const DeviceNode& node, ULONG space, const void* buffer, ULONG offset, ULONG length,
                         ULONG_PTR caller);

// STATUS_INVALID_PARAMETER: it does not use MSI-X, or there is no such entry or message.
NTSTATUS set_msix_message(DeviceNode& node, ULONG entry, ULONG message);
NTSTATUS mask_msix_entry(DeviceNode& node, ULONG entry, bool masked);

} // namespace nt::io
