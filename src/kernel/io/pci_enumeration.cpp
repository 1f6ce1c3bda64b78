// The PCI bus as its driver enumerates it: device objects, identification, resources.
// https://learn.microsoft.com/windows-hardware/drivers/install/identifiers-for-pci-devices
#include "abi/status.h"
#include "kernel/cm/registry.h"
#include "kernel/io/detail/pdo.h"
#include "kernel/io/device.h"
#include "kernel/io/device_node.h"
#include "kernel/io/driver.h"
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace nt::io {

namespace pci = hardware::pci;

namespace {

constexpr USHORT port_flags = CM_RESOURCE_PORT_IO | 0x10 | 0x20; // 16-bit, positive decode

__attribute__((format(printf, 1, 2))) std::u16string text(const char* format, ...) {
    char buffer[128];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    return {buffer, buffer + std::strlen(buffer)};
}

// The numbers that identification strings are made of.
struct Ids {
    ULONG vendor, device, subsystem, revision, base, sub, interface;
    explicit Ids(const pci::Function& f)
        : vendor(f.read(0, 2)), device(f.read(2, 2)), subsystem(f.read(0x2E, 2) << 16 | f.read(0x2C, 2)),
          revision(f.read(8, 1)), base(f.read(11, 1)), sub(f.read(10, 1)), interface(f.read(9, 1)) {}
};

CM_PARTIAL_RESOURCE_DESCRIPTOR range(const pci::Function& f, ULONG bar) {
    const bool port = f.bar_kind(bar) == pci::BarKind::ports;
    CM_PARTIAL_RESOURCE_DESCRIPTOR d{};
    d.Type = port ? CmResourceTypePort : CmResourceTypeMemory;
    d.ShareDisposition = CmResourceShareDeviceExclusive;
    d.Flags = port ? port_flags : CM_RESOURCE_MEMORY_READ_WRITE;
    d.u.Generic.Start.QuadPart = static_cast<LONGLONG>(f.bar_address(bar));
    d.u.Generic.Length = static_cast<ULONG>(f.bar_size(bar));
    return d;
}

CM_PARTIAL_RESOURCE_DESCRIPTOR line(ULONG number) {
    CM_PARTIAL_RESOURCE_DESCRIPTOR d{};
    d.Type = CmResourceTypeInterrupt;
    d.ShareDisposition = CmResourceShareShared;
    d.Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    d.u.Interrupt.Level = static_cast<USHORT>(number);
    d.u.Interrupt.Vector = number;
    d.u.Interrupt.Affinity = ~KAFFINITY{0};
    return d;
}

// What firmware has given the function.
NTSTATUS give_boot_configuration(DeviceNode& node) {
    const pci::Function& f = *node.function();
    struct {
        CM_RESOURCE_LIST list;
        CM_PARTIAL_RESOURCE_DESCRIPTOR more[7];
    } all{};
    CM_FULL_RESOURCE_DESCRIPTOR& full = all.list.List[0];
    full.InterfaceType = PCIBus;
    CM_PARTIAL_RESOURCE_LIST& part = full.PartialResourceList;
    part.Version = part.Revision = 1;
    std::vector<CM_PARTIAL_RESOURCE_DESCRIPTOR> found;
    for (ULONG bar = 0; bar < 6; ++bar)
        if (f.bar_size(bar)) found.push_back(range(f, bar));
    if (f.read(0x3D, 1)) found.push_back(line(f.read(0x3C, 1)));
    part.Count = static_cast<ULONG>(found.size());
    all.list.Count = found.empty() ? 0 : 1;
    if (!found.empty()) std::memcpy(part.PartialDescriptors, found.data(), found.size() * sizeof found[0]);
    return give_resources(node, all.list);
}

void write_strings(const std::u16string& key, std::u16string_view name,
                   const std::vector<std::u16string>& all) {
    std::u16string joined;
    for (const auto& one : all)
        (joined += one) += u'\0';
    cm::set_value(key, name, REG_MULTI_SZ, joined.c_str(), (joined.size() + 1) * sizeof(WCHAR));
}

std::u16string instance_key(const DeviceNode& node) {
    const std::u16string root = u"\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\";
    if (node.function())
        return root + hardware_ids(node)[0] + text("\\0&%02X", (node.slot & 31) << 3 | node.slot >> 5);
    ULONG number = 0; // assumed: of the devices that the driver has reported
    for (const DeviceNode* n = first_node(); n != &node; n = n->next)
        number += !n->function() && std::u16string_view(n->detector) == node.detector;
    return root + u"ROOT\\" + node.detector + text("\\%04u", number);
}

NTSTATUS add_function(DRIVER_OBJECT* driver, ULONG device, ULONG function, ULONG& number) {
    const std::u16string path = text("\\Device\\NTPNP_PCI%04u", number++);
    UNICODE_STRING name;
    name.Buffer = const_cast<WCHAR*>(path.c_str());
    name.Length = name.MaximumLength = static_cast<USHORT>(path.size() * sizeof(WCHAR));
    DEVICE_OBJECT* pdo =
        TRY_STATUS(create_device({.driver = driver, .name = &name, .type = FILE_DEVICE_UNKNOWN}));
    pdo->Flags &= ~DO_DEVICE_INITIALIZING;
    DeviceNode* node = TRY_STATUS(create_node(pdo, PCIBus, 0, device | function << 5));
    node->on_pci = true;
    if (const NTSTATUS status = give_boot_configuration(*node); !NT_SUCCESS(status)) return status;
    const std::u16string key = instance_key(*node);
    write_strings(key, u"HardwareID", hardware_ids(*node));
    write_strings(key, u"CompatibleIDs", compatible_ids(*node));
    const std::u16string where = location_of(*node);
    cm::set_value(key, u"LocationInformation", REG_SZ, where.c_str(), (where.size() + 1) * sizeof(WCHAR));
    cm::make_key(hardware_key(*node));
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS enumerate_pci() {
    DRIVER_OBJECT* driver = nullptr;
    ULONG number = 0;
    for (ULONG device = 1; device < pci::devices; ++device)
        for (ULONG function = 0; function < pci::functions; ++function) {
            if (!pci::find(device, function)) continue;
            if (!driver)
                driver = TRY_STATUS(create_internal_driver(u"pci", pdo_dispatch, std::size(pdo_dispatch)));
            if (const NTSTATUS status = add_function(driver, device, function, number); !NT_SUCCESS(status))
                return status;
        }
    return STATUS_SUCCESS;
}

std::u16string hardware_key(const DeviceNode& node) { return instance_key(node) + u"\\Device Parameters"; }

std::vector<std::u16string> hardware_ids(const DeviceNode& node) {
    if (!node.function()) return {};
    const Ids i(*node.function());
    const std::u16string device = text("PCI\\VEN_%04X&DEV_%04X", i.vendor, i.device);
    const std::u16string subsystem = text("&SUBSYS_%08X", i.subsystem),
                         revision = text("&REV_%02X", i.revision);
    return {device + subsystem + revision,
            device + subsystem,
            device + revision,
            device,
            device + text("&CC_%02X%02X%02X", i.base, i.sub, i.interface),
            device + text("&CC_%02X%02X", i.base, i.sub)};
}

std::vector<std::u16string> compatible_ids(const DeviceNode& node) {
    if (!node.function()) { // "IoReportDetectedDevice": DETECTED<interface>\<driver>
        static constexpr const char16_t* names[] = {u"Internal",     u"Isa",    u"Eisa",   u"MicroChannel",
                                                    u"TurboChannel", u"PCIBus", u"VMEBus", u"NuBus",
                                                    u"PCMCIABus",    u"CBus"};
        const INTERFACE_TYPE type = node.raw && node.raw->Count ? node.raw->List[0].InterfaceType : Internal;
        const bool known = type >= 0 && static_cast<std::size_t>(type) < std::size(names);
        const std::u16string driver = std::u16string(u"\\") + node.detector;
        return {u"DETECTED" + std::u16string(names[known ? type : 0]) + driver, u"DETECTED" + driver};
    }
    const Ids i(*node.function());
    const std::u16string vendor = text("PCI\\VEN_%04X", i.vendor), device = text("&DEV_%04X", i.device);
    const std::u16string whole = text("CC_%02X%02X%02X", i.base, i.sub, i.interface),
                         part = text("CC_%02X%02X", i.base, i.sub);
    return {vendor + device + text("&REV_%02X", i.revision),
            vendor + device,
            vendor + u"&" + whole,
            vendor + u"&" + part,
            vendor,
            u"PCI\\" + whole,
            u"PCI\\" + part};
}

std::u16string location_of(const DeviceNode& node) {
    return text("PCI bus %u, device %u, function %u", node.bus, node.slot & 31, node.slot >> 5);
}

} // namespace nt::io
