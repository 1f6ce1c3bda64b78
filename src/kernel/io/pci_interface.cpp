#include "kernel/io/pci_interface.h"
#include "abi/status.h"
#include "kernel/io/driver.h"
#include "kernel/ob/object.h"
#include <algorithm>
#include <cstring>

namespace nt::io {

namespace pci = hardware::pci;

namespace {

constexpr ULONG configuration = 0; // PCI_WHICHSPACE_CONFIG
constexpr GUID bus_interface = {0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};
constexpr GUID msix_interface = {
    0x1A6A460B, 0x194F, 0x455D, {0xB3, 0x4B, 0xB8, 0x4C, 0x5B, 0x05, 0x71, 0x2B}};

// An INTERFACE and the addresses of its routines behind it.
struct Interface {
    const GUID& type;
    const char* routines[5]; // null: reserved
    ULONG count;             // that there are at least
};
constexpr Interface interfaces[] = {
    {bus_interface,
     {"PciTranslateBusAddress", "PciGetDmaAdapter", "PciSetBusData", "PciGetBusData", nullptr},
     4},
    {msix_interface, {"PciSetMsixEntry", "PciMaskMsixEntry", "PciUnmaskMsixEntry", nullptr, nullptr}, 3},
};

bool same(const GUID& a, const GUID& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// assumed: too small a structure is STATUS_INVALID_PARAMETER.
NTSTATUS give(const Interface& what, DeviceNode& node, USHORT size, INTERFACE& to) {
    const std::size_t all = (size - sizeof(INTERFACE)) / sizeof(ULONG_PTR);
    if (size < sizeof(INTERFACE) || all < what.count) return STATUS_INVALID_PARAMETER;
    to = {.Size = size,
          .Version = 1,
          .Context = &node,
          .InterfaceReference = reinterpret_cast<PINTERFACE_REFERENCE>(internal_address("PciReference")),
          .InterfaceDereference =
              reinterpret_cast<PINTERFACE_DEREFERENCE>(internal_address("PciDereference"))};
    auto* routines = reinterpret_cast<ULONG_PTR*>(&to + 1);
    for (std::size_t i = 0; i < all && i < std::size(what.routines); ++i)
        routines[i] = what.routines[i] ? internal_address(what.routines[i]) : 0;
    ob::reference(node.pdo);
    return STATUS_SUCCESS;
}

// assumed: what other spaces are answered with.
IO_STATUS_BLOCK moved(ULONG space, ULONG bytes) {
    IO_STATUS_BLOCK status{};
    status.Status = space == configuration ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_1;
    status.Information = bytes;
    return status;
}

ULONG within(const DeviceNode& node, ULONG space, ULONG offset, ULONG length) {
    if (!node.function() || space != configuration || offset >= pci::config_size) return 0;
    return std::min(length, pci::config_size - offset);
}

bool uses_msix(const DeviceNode& node, ULONG entry) {
    return node.function() && node.message_count && entry < node.function()->msix_messages();
}

} // namespace

ULONG read_config_space(const DeviceNode& node, ULONG space, void* buffer, ULONG offset, ULONG length,
                        ULONG_PTR caller) {
    const ULONG bytes = within(node, space, offset, length);
    pci::read_config_range(node.slot & 31, node.slot >> 5, offset, buffer, bytes, caller);
    return bytes;
}

ULONG write_config_space(const DeviceNode& node, ULONG space, const void* buffer, ULONG offset, ULONG length,
                         ULONG_PTR caller) {
    const ULONG bytes = within(node, space, offset, length);
    pci::write_config_range(node.slot & 31, node.slot >> 5, offset, buffer, bytes, caller);
    return bytes;
}

NTSTATUS set_msix_message(DeviceNode& node, ULONG entry, ULONG message) {
    if (!uses_msix(node, entry) || message >= node.message_count) return STATUS_INVALID_PARAMETER;
    const InterruptResource& m = node.messages[message];
    node.function()->set_msix_entry(entry, m.message_address, m.message_data);
    return STATUS_SUCCESS;
}

NTSTATUS mask_msix_entry(DeviceNode& node, ULONG entry, bool masked) {
    if (!uses_msix(node, entry)) return STATUS_INVALID_PARAMETER;
    node.function()->mask_msix_entry(entry, masked);
    return STATUS_SUCCESS;
}

void answer_pci_request(DeviceNode& node, const IO_STACK_LOCATION& s, IO_STATUS_BLOCK& status) {
    const auto& config = s.Parameters.ReadWriteConfig;
    const auto& query = s.Parameters.QueryInterface;
    switch (s.MinorFunction) {
    case IRP_MN_READ_CONFIG:
        status = moved(config.WhichSpace, read_config_space(node, config.WhichSpace, config.Buffer,
                                                            config.Offset, config.Length, 0));
        break;
    case IRP_MN_WRITE_CONFIG:
        status = moved(config.WhichSpace, write_config_space(node, config.WhichSpace, config.Buffer,
                                                             config.Offset, config.Length, 0));
        break;
    case IRP_MN_QUERY_INTERFACE:
        for (const Interface& each : interfaces)
            if (same(*query.InterfaceType, each.type)) {
                status.Status = give(each, node, query.Size, *query.Interface);
                status.Information = 0;
            }
        break;
    }
}

} // namespace nt::io
