// Loading and unloading: wdm page DriverEntry, DRIVER_UNLOAD; kernel page "Writing an Unload Routine".
#include "kernel/io/test_machine.h"

using namespace nt;
using test::in_kernel;
using test::text;

namespace {

NTSTATUS entry_status;
bool unload_deletes;
int unloads, gone;
std::u16string seen_key;
DEVICE_OBJECT* made;

NTAPI NTSTATUS complete(DEVICE_OBJECT*, IRP* irp) {
    irp->IoStatus = {{STATUS_SUCCESS}, 0};
    in_kernel([=] { io::complete_request(irp, 0, 0); });
    return STATUS_SUCCESS;
}

NTAPI void unload(DRIVER_OBJECT* driver) {
    ++unloads;
    if (unload_deletes) in_kernel([=] { io::delete_device(driver->DeviceObject); });
}

NTAPI NTSTATUS entry(DRIVER_OBJECT* driver, UNICODE_STRING* key) {
    in_kernel([=] { seen_key = {key->Buffer, key->Length / 2u}; });
    const UNICODE_STRING name = text(u"\\Device\\Loaded");
    made = in_kernel(
        [&] { return *io::create_device({.driver = driver, .extension_size = 10, .name = &name}); });
    in_kernel(
        [] { ob::create_symbolic_link(text(u"\\??\\Loaded"), text(u"\\Device\\Loaded"), OBJ_PERMANENT); });
    for (UCHAR major : {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE})
        driver->MajorFunction[major] = complete;
    driver->DriverUnload = unload;
    return entry_status;
}

void boot() {
    test::boot_io();
    io::set_driver_gone_hook([](PVOID) { ++gone; });
    unloads = gone = 0;
    unload_deletes = true;
    entry_status = STATUS_SUCCESS;
}

DRIVER_OBJECT* create() {
    io::NewDriver what;
    what.name = u"loaded";
    what.service_key = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\loaded";
    what.image.section = reinterpret_cast<PVOID>(1);
    what.image.entry = entry;
    const auto driver = io::create_driver(what);
    EXPECT_TRUE(driver);
    return *driver;
}
bool exists(std::u16string_view path) {
    ob::Attributes where;
    where.set(path, OBJ_CASE_INSENSITIVE);
    const ob::ParseRequest request{nullptr, nullptr, 0,   KernelMode, OBJ_CASE_INSENSITIVE | OBJ_OPENLINK,
                                   nullptr, nullptr, true};
    PVOID found;
    if (!NT_SUCCESS(ob::lookup(where, request, nullptr, &found))) return false;
    ob::dereference(found);
    return true;
}
void remove_link() { ob::delete_symbolic_link(text(u"\\??\\Loaded")); }

KERNEL_TEST(Driver, StartsAndUnloads) {
    DRIVER_OBJECT* driver = create();
    EXPECT_EQ(driver->Size, 0x150);
    EXPECT_EQ(reinterpret_cast<char*>(driver->DriverExtension), reinterpret_cast<char*>(driver) + 0x150);
    EXPECT_EQ(io::start_driver(driver), STATUS_SUCCESS);
    EXPECT_EQ(seen_key, u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\loaded");
    EXPECT_EQ(driver->Flags, DRVO_LEGACY_DRIVER | DRVO_INITIALIZED);
    EXPECT_EQ(made->Flags, DO_DEVICE_HAS_NAME);
    EXPECT_EQ(made->Size, 0x150 + 10);
    EXPECT_EQ(reinterpret_cast<char*>(made->DeviceExtension), reinterpret_cast<char*>(made) + 0x150);
    EXPECT_EQ(reinterpret_cast<char*>(io::extension_of(made)), reinterpret_cast<char*>(made) + 0x150 + 16);
    EXPECT_EQ(driver->MajorFunction[IRP_MJ_READ], test::invalid_request);
    EXPECT_TRUE(exists(u"\\Driver\\Loaded"));
    io::NewDriver again;
    again.name = u"LOADED";
    EXPECT_EQ(io::create_driver(again).error(), STATUS_OBJECT_NAME_COLLISION);
    ULONG left;
    EXPECT_EQ(io::unload_driver(driver, &left), STATUS_SUCCESS);
    EXPECT_EQ(left, 0u);
    EXPECT_EQ(unloads, 1);
    EXPECT_EQ(gone, 1);
    EXPECT_FALSE(exists(u"\\Driver\\loaded"));
    EXPECT_FALSE(exists(u"\\Device\\Loaded"));
    remove_link();
}

KERNEL_TEST(Driver, AFailedEntryLeavesNothing) {
    entry_status = STATUS_DEVICE_CONFIGURATION_ERROR;
    EXPECT_EQ(io::start_driver(create()), STATUS_DEVICE_CONFIGURATION_ERROR);
    EXPECT_EQ(unloads, 0);
    EXPECT_EQ(gone, 1);
    EXPECT_FALSE(exists(u"\\Driver\\loaded"));
    EXPECT_FALSE(exists(u"\\Device\\Loaded"));
    EXPECT_FALSE(exists(u"\\??\\Loaded"));
}

KERNEL_TEST(Driver, UnloadWaitsForOpenFiles) {
    DRIVER_OBJECT* driver = create();
    ASSERT_EQ(io::start_driver(driver), STATUS_SUCCESS);
    const auto file = io::open_file({.name = u"\\??\\Loaded", .desired = GENERIC_READ | SYNCHRONIZE},
                                    *ob::kernel_table, OBJ_KERNEL_HANDLE);
    ASSERT_TRUE(file);
    EXPECT_EQ(io::unload_driver(driver, nullptr), STATUS_PENDING);
    EXPECT_EQ(unloads, 0);
    // Nobody opens it any more.
    EXPECT_EQ(
        io::open_file({.name = u"\\??\\Loaded", .desired = GENERIC_READ | SYNCHRONIZE}, *ob::kernel_table, 0)
            .error(),
        STATUS_NO_SUCH_DEVICE);
    ob::close_handle(*file, KernelMode);
    EXPECT_EQ(unloads, 1);
    EXPECT_EQ(gone, 1);
    remove_link();
}

KERNEL_TEST(Driver, DevicesLeftBehindAreCounted) {
    unload_deletes = false;
    DRIVER_OBJECT* driver = create();
    ASSERT_EQ(io::start_driver(driver), STATUS_SUCCESS);
    ULONG left;
    EXPECT_EQ(io::unload_driver(driver, &left), STATUS_SUCCESS);
    EXPECT_EQ(left, 1u);
    EXPECT_EQ(gone, 0);
    EXPECT_FALSE(exists(u"\\Driver\\loaded"));
    io::delete_device(made);
    EXPECT_EQ(gone, 1);
    remove_link();
}

KERNEL_TEST(Driver, DeletedDevicesWaitForTheirFiles) {
    DRIVER_OBJECT* driver = create();
    ASSERT_EQ(io::start_driver(driver), STATUS_SUCCESS);
    const auto file = io::open_file({.name = u"\\??\\Loaded", .desired = GENERIC_READ | SYNCHRONIZE},
                                    *ob::kernel_table, OBJ_KERNEL_HANDLE);
    ASSERT_TRUE(file);
    io::delete_device(made);
    EXPECT_FALSE(exists(u"\\Device\\Loaded")); // the name goes at once
    EXPECT_EQ(driver->DeviceObject, made);
    ob::close_handle(*file, KernelMode);
    EXPECT_EQ(driver->DeviceObject, nullptr);
    unload_deletes = false;
    EXPECT_EQ(io::unload_driver(driver, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(gone, 1);
    remove_link();
}

KERNEL_TEST(Driver, ExtensionsByIdentity) {
    DRIVER_OBJECT* driver = create();
    PVOID a, b;
    EXPECT_EQ(io::allocate_driver_extension(driver, reinterpret_cast<PVOID>(1), 40, &a), STATUS_SUCCESS);
    EXPECT_EQ(io::allocate_driver_extension(driver, reinterpret_cast<PVOID>(1), 40, &b),
              STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(io::get_driver_extension(driver, reinterpret_cast<PVOID>(1)), a);
    EXPECT_EQ(io::get_driver_extension(driver, reinterpret_cast<PVOID>(2)), nullptr);
    io::forget_driver(driver);
    EXPECT_EQ(gone, 1);
}

KERNEL_TEST(Device, NamesAndStacks) {
    DRIVER_OBJECT* driver = create();
    DEVICE_OBJECT* a = test::make_device(driver, u"\\Device\\A");
    const UNICODE_STRING taken = text(u"\\Device\\a");
    EXPECT_EQ(io::create_device({.driver = driver, .name = &taken}).error(), STATUS_OBJECT_NAME_COLLISION);
    const UNICODE_STRING nowhere = text(u"\\Nowhere\\a");
    EXPECT_EQ(io::create_device({.driver = driver, .name = &nowhere}).error(), STATUS_OBJECT_PATH_NOT_FOUND);
    DEVICE_OBJECT* automatic =
        *io::create_device({.driver = driver, .characteristics = FILE_AUTOGENERATED_DEVICE_NAME});
    EXPECT_EQ(ob::name_of(automatic).Length, 16);
    DEVICE_OBJECT* b = test::make_device(driver);
    DEVICE_OBJECT* c = test::make_device(driver);
    DEVICE_OBJECT* to;
    EXPECT_EQ(io::attach_to_stack(b, a, &to), a);
    EXPECT_EQ(io::attach_to_stack(c, a, &to), b);
    EXPECT_EQ(to, b);
    EXPECT_EQ(c->StackSize, 3);
    EXPECT_EQ(io::attached_to(c), b);
    EXPECT_EQ(io::top_of_stack(a), c);
    EXPECT_EQ(io::bottom_of_stack(c), a);
    io::detach(b);
    EXPECT_EQ(io::top_of_stack(a), b);
    EXPECT_EQ(io::attached_to(c), nullptr);
    io::detach(a);
    EXPECT_EQ(driver->DeviceObject, c); // newest first
    for (DEVICE_OBJECT* d : {a, b, c, automatic})
        io::delete_device(d);
    EXPECT_EQ(driver->DeviceObject, nullptr);
    io::forget_driver(driver);
    EXPECT_EQ(gone, 1);
}

} // namespace
