#include "abi/status.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"

namespace nt::ob {

namespace {

UNICODE_STRING string(std::u16string_view v) {
    return {static_cast<USHORT>(v.size() * 2), static_cast<USHORT>(v.size() * 2),
            const_cast<WCHAR*>(v.data())};
}

NTSTATUS link(std::u16string_view name, std::u16string_view target) {
    return create_symbolic_link(string(name), string(target), OBJ_PERMANENT);
}

} // namespace

// The directories of a running Windows 10 that exist without any driver or service.
void detail::create_root_directories() {
    for (std::u16string_view path : {u"\\ArcName",
                                     u"\\BaseNamedObjects",
                                     u"\\Callback",
                                     u"\\Device",
                                     u"\\Driver",
                                     u"\\DriverStores",
                                     u"\\FileSystem",
                                     u"\\FileSystem\\Filters",
                                     u"\\GLOBAL??",
                                     u"\\KernelObjects",
                                     u"\\KnownDlls",
                                     u"\\KnownDlls32",
                                     u"\\NLS",
                                     u"\\ObjectTypes",
                                     u"\\RPC Control",
                                     u"\\Security",
                                     u"\\Sessions",
                                     u"\\Sessions\\0",
                                     u"\\Sessions\\0\\DosDevices",
                                     u"\\Sessions\\BNOLINKS",
                                     u"\\UMDFCommunicationPorts",
                                     u"\\Windows"})
        if (const auto made = create_directory(path); made && path == u"\\GLOBAL??")
            global_dos_devices = *made;
        else if (made && path == u"\\ObjectTypes")
            publish_types(*made);
}

// What smss.exe makes of the registry key Session Manager\DOS Devices, and the kernel's own links.
void detail::create_dos_devices() {
    link(u"\\DosDevices", u"\\??");
    link(u"\\GLOBAL??\\Global", u"\\GLOBAL??");
    link(u"\\GLOBAL??\\GLOBALROOT", u"");
    link(u"\\GLOBAL??\\AUX", u"\\DosDevices\\COM1");
    link(u"\\GLOBAL??\\CON", u"\\Device\\ConDrv\\Console");
    link(u"\\GLOBAL??\\CONIN$", u"\\Device\\ConDrv\\CurrentIn");
    link(u"\\GLOBAL??\\CONOUT$", u"\\Device\\ConDrv\\CurrentOut");
    link(u"\\GLOBAL??\\MAILSLOT", u"\\Device\\MailSlot");
    link(u"\\GLOBAL??\\NUL", u"\\Device\\Null");
    link(u"\\GLOBAL??\\PIPE", u"\\Device\\NamedPipe");
    link(u"\\GLOBAL??\\PRN", u"\\DosDevices\\LPT1");
    link(u"\\GLOBAL??\\UNC", u"\\Device\\Mup");
}

// The window manager's types, which the kernel makes for it. There is no window manager, so nobody makes
// objects of them.
static NTSTATUS create_window_types() {
    const auto station =
        create_type({.name = u"WindowStation", .tag = pool::tag("Wind"), .valid_access = 0xf037f}, {});
    if (!station) return station.error();
    const auto desktop = create_type(
        {.name = u"Desktop", .tag = pool::tag("Desk"), .valid_access = 0xf01ff, .callbacks = true}, {});
    if (!desktop) return desktop.error();
    return STATUS_SUCCESS;
}

NTSTATUS initialize() {
    detail::forget_types();
    detail::forget_descriptors();
    const Result<OBJECT_TYPE*> first =
        create_type({.name = u"Type", .tag = pool::tag("ObjT"), .valid_access = STANDARD_RIGHTS_ALL | 1}, {});
    if (!first) return first.error();
    detail::create_directory_type();
    detail::create_symbolic_link_type();
    const Result<OBJECT_DIRECTORY*> root = detail::new_directory({}, OBJ_PERMANENT);
    if (!root) return root.error();
    root_directory = *root;
    kernel_table = HandleTable::create(nullptr);
    if (const NTSTATUS status = create_window_types(); !NT_SUCCESS(status)) return status;
    detail::create_root_directories();
    detail::create_dos_devices();
    detail::create_sessions();
    return global_dos_devices ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

} // namespace nt::ob
