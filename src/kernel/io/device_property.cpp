// wdm pages nf-wdm-iogetdeviceproperty, nf-wdm-ioopendeviceregistrykey: what is known of a device without a
// Plug and Play manager and INF files.
#include "abi/status.h"
#include "kernel/cm/registry.h"
#include "kernel/io/device.h"
#include "kernel/io/device_node.h"
#include "kernel/ob/namespace.h"
#include <cstring>

namespace nt::io {

namespace {

using Bytes = std::vector<UCHAR>;

template <class T> Bytes bytes_of(const T& value) {
    const auto* p = reinterpret_cast<const UCHAR*>(&value);
    return {p, p + sizeof value};
}
Bytes bytes_of(const std::u16string& text) {
    const auto* p = reinterpret_cast<const UCHAR*>(text.c_str());
    return {p, p + (text.size() + 1) * sizeof(WCHAR)};
}
Bytes bytes_of(const std::vector<std::u16string>& strings) {
    std::u16string joined;
    for (const auto& one : strings)
        (joined += one) += u'\0';
    return strings.empty() ? Bytes() : bytes_of(joined);
}
Bytes bytes_of(const CM_RESOURCE_LIST* list, ULONG size) {
    const auto* p = reinterpret_cast<const UCHAR*>(list);
    return list && list->Count ? Bytes(p, p + size) : Bytes();
}

std::u16string path_of(DEVICE_OBJECT* device) {
    WCHAR text[128];
    UNICODE_STRING name{0, sizeof text, text};
    if (!NT_SUCCESS(ob::query_name(device, name))) return {};
    return {text, name.Length / sizeof(WCHAR)};
}

// Empty: nothing is known.
Bytes value_of(const DeviceNode& node, ULONG property) {
    constexpr GUID pci_bus = {0xC8EBDFB0, 0xB510, 0x11D0, {0x80, 0xE5, 0x00, 0xA0, 0xC9, 0x25, 0x42, 0xE3}};
    const bool pci = node.function();
    switch (property) {
    case DevicePropertyHardwareID:
        return bytes_of(hardware_ids(node));
    case DevicePropertyCompatibleIDs:
        return bytes_of(compatible_ids(node));
    case DevicePropertyBootConfiguration:
        return bytes_of(node.raw, node.list_size);
    case DevicePropertyBootConfigurationTranslated:
        return bytes_of(node.translated, node.list_size);
    case DevicePropertyLocationInformation:
        return pci ? bytes_of(location_of(node)) : Bytes();
    case DevicePropertyPhysicalDeviceObjectName:
        return bytes_of(path_of(node.pdo));
    case DevicePropertyBusTypeGuid:
        return pci ? bytes_of(pci_bus) : Bytes();
    case DevicePropertyLegacyBusType:
        return bytes_of(node.bus_type);
    case DevicePropertyBusNumber:
        return bytes_of(node.bus);
    case DevicePropertyEnumeratorName:
        return bytes_of(std::u16string(pci ? u"PCI" : u"ROOT"));
    case DevicePropertyAddress:
        return bytes_of(pci ? (node.slot & 31) << 16 | node.slot >> 5 : ~0u);
    case DevicePropertyUINumber:
        return bytes_of(~0u);
    default:
        return {};
    }
}

} // namespace

Result<HANDLE> open_device_key(const DEVICE_OBJECT* device, ULONG which, ACCESS_MASK desired) {
    constexpr ULONG hardware = 1, software = 2, profile = 4; // PLUGPLAY_REGKEY_…
    const DeviceNode* node = node_of(device);
    const ULONG kind = which & (hardware | software);
    if (!node || (which & ~(hardware | software | profile)) || kind == 0 || kind == (hardware | software))
        return fail(STATUS_INVALID_PARAMETER);
    // assumed: without an INF there is no software key; there are no hardware profiles.
    if (kind == software || (which & profile)) return fail(STATUS_OBJECT_NAME_NOT_FOUND);
    const std::u16string path = hardware_key(*node);
    cm::make_key(path);
    ob::Attributes attributes;
    attributes.set(path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE);
    cm::CreateRequest request;
    return cm::open_key(attributes, desired, KernelMode, request);
}

NTSTATUS device_property(const DEVICE_OBJECT* device, ULONG property, std::span<UCHAR> buffer, ULONG& size) {
    size = 0;
    const DeviceNode* node = node_of(device);
    if (!node) return STATUS_INVALID_DEVICE_REQUEST;
    if (property > DevicePropertyContainerID) return STATUS_INVALID_PARAMETER_2;
    const Bytes value = value_of(*node, property);
    // assumed: the registry's answer for a value that is not there.
    if (value.empty()) return STATUS_OBJECT_NAME_NOT_FOUND;
    size = static_cast<ULONG>(value.size());
    if (buffer.size() < value.size()) return STATUS_BUFFER_TOO_SMALL;
    std::memcpy(buffer.data(), value.data(), value.size());
    return STATUS_SUCCESS;
}

} // namespace nt::io
