#include "kernel/io/driver.h"
#include "abi/fast_io.h"
#include "abi/status.h"
#include "host/signals.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/driver_body.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/device.h"
#include "kernel/io/device_node.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/report.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "rtl/strings.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace nt::io {

namespace {

constexpr ULONG name_tag = pool::tag("IoNm");

Addresses addresses;
void (*driver_gone)(PVOID section);

UNICODE_STRING copy_string(std::u16string_view text) {
    const auto bytes = static_cast<USHORT>(text.size() * sizeof(WCHAR));
    auto* buffer = static_cast<WCHAR*>(pool::allocate(pool::Kind::nonpaged, bytes + sizeof(WCHAR), name_tag));
    if (!buffer) return {};
    if (bytes) std::memcpy(buffer, text.data(), bytes);
    buffer[text.size()] = 0;
    return {bytes, static_cast<USHORT>(bytes + sizeof(WCHAR)), buffer};
}

void remove_driver(PVOID object) {
    auto& body = *static_cast<detail::DriverBody*>(object);
    detail::release_extensions(&body.driver);
    forget_claims(&body.driver);
    detail::release_string(body.driver.DriverName);
    detail::release_string(body.extension.ServiceKeyName);
    detail::release_string(body.registry_path);
    if (body.driver.HardwareDatabase) {
        detail::release_string(*body.driver.HardwareDatabase);
        pool::release(body.driver.HardwareDatabase, name_tag);
    }
    if (trace::on) [[unlikely]]
        trace::emit_driver_unloaded(object);
    if (driver_gone && body.driver.DriverSection) driver_gone(body.driver.DriverSection);
}

UNICODE_STRING* hardware_database() {
    auto* string =
        static_cast<UNICODE_STRING*>(pool::allocate(pool::Kind::nonpaged, sizeof(UNICODE_STRING), name_tag));
    if (string) *string = copy_string(u"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");
    return string;
}

} // namespace

void detail::release_string(UNICODE_STRING& string) {
    if (string.Buffer) pool::release(string.Buffer, name_tag);
    string = {};
}

OBJECT_TYPE* driver_type;

void set_addresses(const Addresses& a) { addresses = a; }
ULONG_PTR internal_address(const char* name) {
    const ULONG_PTR address = addresses.internal ? addresses.internal(name) : 0;
    if (!address) host::fatal("no guest address for nt!%s", name);
    return address;
}
void set_driver_gone_hook(void (*hook)(PVOID image_section)) { driver_gone = hook; }

Result<DRIVER_OBJECT*> create_driver(const NewDriver& what) {
    const Result<PVOID> object = ob::create_object({.type = driver_type,
                                                    .body_size = sizeof(detail::DriverBody),
                                                    .name = what.name,
                                                    .attributes = OBJ_PERMANENT});
    if (!object) return fail(object.error());
    auto& body = *static_cast<detail::DriverBody*>(*object);
    DRIVER_OBJECT& driver = body.driver;
    driver.Type = IO_TYPE_DRIVER;
    driver.Size = sizeof(DRIVER_OBJECT);
    driver.Flags = what.image.legacy ? DRVO_LEGACY_DRIVER : 0;
    driver.DriverStart = what.image.base;
    driver.DriverSize = what.image.size;
    driver.DriverInit = what.image.entry;
    driver.DriverExtension = &body.extension;
    driver.HardwareDatabase = hardware_database();
    const auto invalid = reinterpret_cast<PDRIVER_DISPATCH>(internal_address("IopInvalidDeviceRequest"));
    for (PDRIVER_DISPATCH& routine : driver.MajorFunction)
        routine = invalid;
    body.extension.DriverObject = &driver;
    body.extension.ServiceKeyName = copy_string(what.service.empty() ? what.name : what.service);

    std::u16string path(what.directory);
    (path += u'\\') += what.name;
    driver.DriverName = copy_string(path);
    if (!driver.DriverName.Buffer || !body.extension.ServiceKeyName.Buffer || !driver.HardwareDatabase) {
        ob::dereference(&driver);
        return fail(STATUS_INSUFFICIENT_RESOURCES);
    }
    ob::reference(&driver); // ours until forget_driver(); insert() takes the other
    ob::Attributes where;
    where.set(path, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT);
    if (const NTSTATUS status = ob::insert(&driver, where, KernelMode, 0, nullptr); !NT_SUCCESS(status)) {
        ob::dereference(&driver);
        return fail(status);
    }
    driver.DriverSection = what.image.section;
    body.registry_path = copy_string(what.service_key);
    if (trace::on) [[unlikely]]
        trace::emit_driver_loaded(&driver, driver.DriverStart, driver.DriverName);
    return &driver;
}

namespace {

// "If the routine fails …": DriverEntry takes back what it made, nobody else on Windows does.
void report_undone(PVOID object, const char* what, const UNICODE_STRING& name) {
    char text[128] = {};
    for (USHORT i = 0; i < name.Length / sizeof(WCHAR) && i + 1u < sizeof text; i++)
        text[i] = name.Buffer[i] < 0x7f ? static_cast<char>(name.Buffer[i]) : '?';
    ke::report_at(ob::creator_of(object), "DriverEntryLeft", {},
                  "DriverEntry failed and left behind: %s '%s', made here", what, text);
}

// Symbolic links in \GLOBAL?? that lead to the device by its own name.
void delete_links_to(DEVICE_OBJECT* device) {
    struct Search {
        WCHAR path[256];
        UNICODE_STRING name;
        PVOID link;
    } s;
    s.name = {0, sizeof s.path, s.path};
    if (!NT_SUCCESS(ob::query_name(device, s.name)) || s.name.Length == 0 || s.name.Length > sizeof s.path)
        return;
    do {
        s.link = nullptr;
        ob::for_each_entry(
            ob::global_dos_devices,
            [](void* context, ULONG, PVOID object) {
                auto& search = *static_cast<Search*>(context);
                if (ob::type_of(object) != ob::symbolic_link_type) return;
                const auto* link = static_cast<ob::OBJECT_SYMBOLIC_LINK*>(object);
                if (rtl::equal(link->LinkTarget, search.name, true)) search.link = object;
            },
            &s);
        if (s.link) {
            report_undone(s.link, "symbolic link", ob::name_of(s.link));
            ob::make_temporary(s.link);
        }
    } while (s.link);
}

// DriverEntry failed: nothing of the driver stays. (Windows leaves what DriverEntry did not take back.)
void undo_start(DRIVER_OBJECT* driver) {
    // Somebody may still have a device open; its image goes all the same.
    const auto invalid = reinterpret_cast<PDRIVER_DISPATCH>(internal_address("IopInvalidDeviceRequest"));
    for (PDRIVER_DISPATCH& routine : driver->MajorFunction)
        routine = invalid;
    driver->FastIoDispatch = nullptr;
    DeviceWalk walk("NextDevice"); // to the end first: in a ring it would come by what it has deleted
    for (const DEVICE_OBJECT* device = driver->DeviceObject; device;)
        device = walk.to(device->NextDevice);
    for (DEVICE_OBJECT* device = driver->DeviceObject; device;) {
        DEVICE_OBJECT* next = device->NextDevice;
        if (DEVICE_OBJECT* lower = attached_to(device)) detach(lower);
        delete_links_to(device);
        report_undone(device, "device", ob::name_of(device));
        delete_device(device);
        device = next;
    }
    forget_driver(driver);
}

} // namespace

NTSTATUS start_driver(DRIVER_OBJECT* driver) {
    // The registry path lives as long as DriverEntry runs, as documented; drivers that keep it must copy it.
    UNICODE_STRING* key = &detail::body_of_driver(driver).registry_path;
    if (driver->Flags & DRVO_BUILTIN_DRIVER) key = nullptr;
    if (trace::on) [[unlikely]]
        trace::emit_driver_entry(driver, driver->DriverInit, key);
    const NTSTATUS status = detail::checked_call("DriverEntry", driver->DriverInit, driver, key);
    if (trace::on) [[unlikely]]
        trace::emit_driver_entry_returned(driver, status);
    if (key) detail::release_string(*key);
    if (!NT_SUCCESS(status)) {
        undo_start(driver);
        return status;
    }
    const auto invalid = reinterpret_cast<PDRIVER_DISPATCH>(internal_address("IopInvalidDeviceRequest"));
    for (PDRIVER_DISPATCH& routine : driver->MajorFunction)
        if (!routine) routine = invalid; // a driver that cleared a slot
    DeviceWalk walk("NextDevice");
    for (DEVICE_OBJECT* device = driver->DeviceObject; device; device = walk.to(device->NextDevice))
        device->Flags &= ~DO_DEVICE_INITIALIZING;
    if (driver->DriverExtension->AddDevice) driver->Flags &= ~DRVO_LEGACY_DRIVER;
    driver->Flags |= DRVO_INITIALIZED;
    return status;
}

Result<DRIVER_OBJECT*> create_internal_driver(std::u16string_view name, const InternalDispatch* dispatch,
                                              std::size_t count) {
    const Result<DRIVER_OBJECT*> driver =
        create_driver({.name = name, .service_key = u"", .image = {.legacy = true}});
    if (!driver) return driver;
    detail::release_string(detail::body_of_driver(*driver).registry_path);
    (*driver)->Flags |= DRVO_BUILTIN_DRIVER | DRVO_INITIALIZED;
    for (std::size_t i = 0; i < count; ++i)
        (*driver)->MajorFunction[dispatch[i].major] =
            reinterpret_cast<PDRIVER_DISPATCH>(internal_address(dispatch[i].routine));
    return driver;
}

static CONFIGURATION_INFORMATION* configuration;
CONFIGURATION_INFORMATION* configuration_information() { return configuration; }
void create_configuration_information() {
    configuration = static_cast<CONFIGURATION_INFORMATION*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(CONFIGURATION_INFORMATION), pool::tag("IoCf"), 0, true));
    if (configuration) configuration->Version = sizeof *configuration;
}

NTSTATUS create_driver_by_routine(const UNICODE_STRING* name, PDRIVER_INITIALIZE routine) {
    static ULONG unnamed;
    char16_t made_up[24];
    std::u16string_view path;
    if (name && name->Length)
        path = {name->Buffer, name->Length / sizeof(WCHAR)};
    else {
        char text[24];
        const int n = std::snprintf(text, sizeof text, "\\Driver\\%08u", ++unnamed);
        std::copy_n(text, n + 1, made_up);
        path = made_up;
    }
    const auto split = path.rfind(u'\\');
    if (split == path.npos) return STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (split + 1 == path.size()) return STATUS_OBJECT_NAME_INVALID;
    NewDriver what;
    what.name = path.substr(split + 1);
    what.directory = path.substr(0, split);
    what.image.entry = routine;
    DRIVER_OBJECT* driver = TRY_STATUS(create_driver(what));
    detail::release_string(detail::body_of_driver(driver).registry_path);
    driver->Flags |= DRVO_BUILTIN_DRIVER;
    return start_driver(driver);
}

void detail::create_driver_type() {
    driver_type = *ob::create_type({.name = u"Driver",
                                    .tag = pool::tag("Driv"),
                                    .mapping = {STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE,
                                                STANDARD_RIGHTS_EXECUTE, STANDARD_RIGHTS_ALL | 1},
                                    .valid_access = STANDARD_RIGHTS_ALL | 1,
                                    .least_body = sizeof(DriverBody)},
                                   {.remove = remove_driver});
}

} // namespace nt::io
