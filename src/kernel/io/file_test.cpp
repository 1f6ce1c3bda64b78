// Opening, transferring, controlling, closing: from the services to a driver and back.
#include "kernel/io/test_machine.h"

using namespace nt;
using test::in_kernel;
using test::journal;
using test::text;

namespace {

DEVICE_OBJECT *buffered, *direct, *neither, *private_device;
IO_STACK_LOCATION seen;
IRP seen_irp;
NTSTATUS next_status;
ULONG_PTR next_information;
bool pend;
IRP* pending_irp;

NTSTATUS finish(IRP* irp) {
    irp->IoStatus = {{next_status}, next_information};
    in_kernel([=] { io::complete_request(irp, 0, 0); });
    return next_status;
}

NTAPI NTSTATUS dispatch(DEVICE_OBJECT*, IRP* irp) {
    seen = *io::current_location(irp);
    seen_irp = *irp;
    static const char* const names[] = {"create", "", "close", "read",   "write",  "query", "set",
                                        "",       "", "flush", "volume", "",       "",      "fsctl",
                                        "ioctl",  "", "",      "",       "cleanup"};
    test::note(names[seen.MajorFunction]);
    switch (seen.MajorFunction) {
    case IRP_MJ_CREATE:
        irp->IoStatus = {{next_status}, FILE_OPENED};
        in_kernel([=] { io::complete_request(irp, 0, 0); });
        return next_status;
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        irp->IoStatus = {{STATUS_SUCCESS}, 0};
        in_kernel([=] { io::complete_request(irp, 0, 0); });
        return STATUS_SUCCESS;
    case IRP_MJ_READ:
    case IRP_MJ_DEVICE_CONTROL:
        if (auto* buffer = static_cast<UCHAR*>(irp->AssociatedIrp.SystemBuffer); buffer && next_information)
            for (ULONG_PTR i = 0; i < next_information; ++i)
                buffer[i] = static_cast<UCHAR>(buffer[i] + 1);
    }
    if (pend) {
        io::mark_pending(irp);
        pending_irp = irp;
        return STATUS_PENDING;
    }
    return finish(irp);
}

void boot() {
    static bool once;
    test::boot_io();
    if (!once)
        test::run([] {
            DRIVER_OBJECT* driver = test::make_driver(u"Files", dispatch);
            buffered = test::make_device(driver, u"\\Device\\Buffered", DO_BUFFERED_IO);
            direct = test::make_device(driver, u"\\Device\\Direct", DO_DIRECT_IO);
            neither = test::make_device(driver, u"\\Device\\Neither", 0);
            private_device = test::make_device(driver, u"\\Device\\Private", 0, 0, true);
            ob::create_symbolic_link(text(u"\\??\\Buf"), text(u"\\Device\\Buffered"), OBJ_PERMANENT);
        });
    once = true;
    journal.clear();
    next_status = STATUS_SUCCESS;
    next_information = 0;
    pend = false;
}

struct Out {
    HANDLE handle;
    IO_STATUS_BLOCK iosb;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    WCHAR characters[128];
    UCHAR in[64], out[64];
    LARGE_INTEGER offset;
};
Out& out() {
    static Out* o = test::guest_new<Out>();
    return *o;
}

NTSTATUS open(std::u16string_view name, ACCESS_MASK desired = GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
              ULONG options = FILE_SYNCHRONOUS_IO_NONALERT, ULONG disposition = FILE_OPEN) {
    Out& o = out();
    name.copy(o.characters, 128);
    o.name = {static_cast<USHORT>(name.size() * 2), static_cast<USHORT>(name.size() * 2), o.characters};
    o.attributes = {sizeof(OBJECT_ATTRIBUTES), nullptr, &o.name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    o.iosb = {};
    return io::create_file(
        {&o.handle, desired, &o.attributes, &o.iosb, nullptr, 0, 7, disposition, options, nullptr, 0},
        KernelMode);
}
io::Caller by(HANDLE file) { return {file, nullptr, nullptr, nullptr, &out().iosb, KernelMode}; }
FILE_OBJECT* file_of(HANDLE handle) {
    return static_cast<FILE_OBJECT*>(ob::body_of(ob::find_handle(handle, KernelMode)->object));
}

using Journal = std::vector<std::string>;

KERNEL_TEST(File, OpenCleanupClose) {
    ASSERT_EQ(open(u"\\??\\buf\\some\\name"), STATUS_SUCCESS);
    EXPECT_EQ(out().iosb.Information, FILE_OPENED);
    EXPECT_EQ(seen.Parameters.Create.Options, FILE_OPEN << 24 | FILE_SYNCHRONOUS_IO_NONALERT);
    EXPECT_EQ(seen.Parameters.Create.ShareAccess, 7);
    EXPECT_NE(seen.Parameters.Create.SecurityContext->AccessState, nullptr);
    const HANDLE handle = out().handle;
    FILE_OBJECT* file = file_of(handle);
    EXPECT_EQ(std::u16string_view(file->FileName.Buffer, file->FileName.Length / 2), u"\\some\\name");
    EXPECT_EQ(file->DeviceObject, buffered);
    EXPECT_EQ(file->Flags, FO_SYNCHRONOUS_IO | FO_HANDLE_CREATED);
    EXPECT_EQ(buffered->ReferenceCount, 1);
    WCHAR path[64];
    UNICODE_STRING name{0, sizeof path, path};
    EXPECT_EQ(ob::query_name(file, name), STATUS_SUCCESS);
    EXPECT_EQ(std::u16string_view(path, name.Length / 2), u"\\Device\\Buffered\\some\\name");
    const auto second = ob::duplicate_handle(
        {ob::current_table(), handle, ob::current_table(), 0, 0, DUPLICATE_SAME_ACCESS, KernelMode});
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_SUCCESS);
    EXPECT_EQ(journal, (Journal{"create"}));
    ob::reference(file);
    EXPECT_EQ(ob::close_handle(*second, KernelMode), STATUS_SUCCESS);
    EXPECT_EQ(journal, (Journal{"create", "cleanup"}));
    ob::dereference(file);
    EXPECT_EQ(journal, (Journal{"create", "cleanup", "close"}));
    EXPECT_EQ(buffered->ReferenceCount, 0);
}

KERNEL_TEST(File, AFailedCreateIsNotClosed) {
    next_status = STATUS_SHARING_VIOLATION;
    EXPECT_EQ(open(u"\\Device\\Buffered"), STATUS_SHARING_VIOLATION);
    EXPECT_EQ(journal, (Journal{"create"}));
    EXPECT_EQ(buffered->ReferenceCount, 0);
    EXPECT_EQ(open(u"\\Device\\None"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(open(u"\\Driver\\Files"), STATUS_OBJECT_TYPE_MISMATCH);
}

KERNEL_TEST(File, ExclusiveDevicesOpenOnce) {
    ASSERT_EQ(open(u"\\Device\\Private"), STATUS_SUCCESS);
    const HANDLE first = out().handle;
    EXPECT_EQ(open(u"\\Device\\Private"), STATUS_ACCESS_DENIED);
    ob::close_handle(first, KernelMode);
    ASSERT_EQ(open(u"\\Device\\Private"), STATUS_SUCCESS);
    ob::close_handle(out().handle, KernelMode);
}

KERNEL_TEST(File, ParametersOfCreateAreChecked) {
    const ACCESS_MASK rw = GENERIC_READ | GENERIC_WRITE;
    EXPECT_EQ(open(u"\\Device\\Buffered", rw, FILE_SYNCHRONOUS_IO_NONALERT),
              STATUS_INVALID_PARAMETER); // needs SYNCHRONIZE
    EXPECT_EQ(open(u"\\Device\\Buffered", rw | SYNCHRONIZE,
                   FILE_SYNCHRONOUS_IO_NONALERT | FILE_SYNCHRONOUS_IO_ALERT),
              STATUS_INVALID_PARAMETER);
    EXPECT_EQ(open(u"\\Device\\Buffered", rw, FILE_DELETE_ON_CLOSE), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(open(u"\\Device\\Buffered", rw, 0, 6), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(open(u"\\Device\\Buffered", rw, FILE_DIRECTORY_FILE, FILE_OVERWRITE), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(open(u"\\Device\\Buffered", rw, 0x01000000), STATUS_INVALID_PARAMETER);
    EXPECT_TRUE(journal.empty());
}

KERNEL_TEST(File, BufferedReadAndWrite) {
    ASSERT_EQ(open(u"\\Device\\Buffered"), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    std::memset(out().in, 'a', 64);
    next_information = 64;
    file_of(h)->CurrentByteOffset.QuadPart = 100;
    EXPECT_EQ(io::write_file(by(h), out().in, 64, nullptr, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(out().iosb.Information, 64u);
    EXPECT_EQ(seen.Parameters.Write.ByteOffset.QuadPart, 100);
    EXPECT_EQ(seen.Parameters.Write.Length, 64u);
    EXPECT_NE(seen_irp.AssociatedIrp.SystemBuffer, nullptr);
    EXPECT_EQ(seen_irp.Flags,
              IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_WRITE_OPERATION | IRP_DEFER_IO_COMPLETION);
    std::memset(out().out, 0, 64);
    next_information = 3; // only what the driver says comes back
    EXPECT_EQ(io::read_file(by(h), out().out, 64, nullptr, nullptr), STATUS_SUCCESS);
    EXPECT_NE(out().out[2], 0);
    EXPECT_EQ(out().out[3], 0);
    next_status = STATUS_END_OF_FILE;
    out().iosb = {{1}, 1};
    EXPECT_EQ(io::read_file(by(h), out().out, 64, nullptr, nullptr), STATUS_END_OF_FILE);
    EXPECT_EQ(out().iosb.Status, 1); // an error at once is only returned
    next_status = STATUS_SUCCESS;
    next_information = 0;
    EXPECT_EQ(io::read_file(by(h), nullptr, 0, nullptr, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(seen_irp.AssociatedIrp.SystemBuffer, nullptr);
    next_status = STATUS_BUFFER_OVERFLOW; // a warning carries data
    next_information = 5;
    out().out[4] = 0;
    EXPECT_EQ(io::read_file(by(h), out().out, 64, nullptr, nullptr), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(out().iosb.Information, 5u);
    EXPECT_NE(out().out[4], 0);
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, DirectAndNeither) {
    ASSERT_EQ(open(u"\\Device\\Direct"), STATUS_SUCCESS);
    HANDLE h = out().handle;
    next_information = 0;
    EXPECT_EQ(io::write_file(by(h), out().in, 64, nullptr, nullptr), STATUS_SUCCESS);
    ASSERT_NE(seen_irp.MdlAddress, nullptr);
    EXPECT_EQ(seen_irp.AssociatedIrp.SystemBuffer, nullptr);
    EXPECT_EQ(io::write_file(by(h), out().in, 0, nullptr, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(seen_irp.MdlAddress, nullptr);
    ob::close_handle(h, KernelMode);
    ASSERT_EQ(open(u"\\Device\\Neither"), STATUS_SUCCESS);
    h = out().handle;
    EXPECT_EQ(io::read_file(by(h), out().out, 64, nullptr, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(seen_irp.UserBuffer, out().out);
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, ByteOffsetRules) {
    ASSERT_EQ(open(u"\\Device\\Buffered", GENERIC_READ | GENERIC_WRITE, 0), STATUS_SUCCESS); // asynchronous
    const HANDLE h = out().handle;
    EXPECT_EQ(io::write_file(by(h), out().in, 1, nullptr, nullptr), STATUS_INVALID_PARAMETER);
    out().offset.QuadPart = -2;
    EXPECT_EQ(io::write_file(by(h), out().in, 1, &out().offset, nullptr), STATUS_INVALID_PARAMETER);
    out().offset.QuadPart = -1;
    EXPECT_EQ(io::read_file(by(h), out().in, 1, &out().offset, nullptr), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(io::write_file(by(h), out().in, 1, &out().offset, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(seen.Parameters.Write.ByteOffset.QuadPart, -1);
    out().offset.QuadPart = 9;
    EXPECT_EQ(io::write_file(by(h), out().in, 1, &out().offset, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(seen.Parameters.Write.ByteOffset.QuadPart, 9);
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, ControlMethods) {
    ASSERT_EQ(open(u"\\Device\\Buffered"), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    Out& o = out();
    auto code = [](ULONG method, ULONG access = 0) {
        return FILE_DEVICE_UNKNOWN << 16 | access << 14 | 0x800 << 2 | method;
    };
    std::memset(o.in, 10, 64);
    std::memset(o.out, 0, 64);
    next_information = 4;
    EXPECT_EQ(io::control_file(by(h), code(METHOD_BUFFERED), o.in, 64, o.out, 32, false), STATUS_SUCCESS);
    EXPECT_EQ(o.out[3], 11);
    EXPECT_EQ(o.out[4], 0);
    EXPECT_EQ(seen.Parameters.DeviceIoControl.InputBufferLength, 64u);
    EXPECT_EQ(seen.Parameters.DeviceIoControl.OutputBufferLength, 32u);
    next_information = 0;
    EXPECT_EQ(io::control_file(by(h), code(METHOD_BUFFERED), nullptr, 0, nullptr, 0, false), STATUS_SUCCESS);
    EXPECT_EQ(seen_irp.AssociatedIrp.SystemBuffer, nullptr);
    for (ULONG method : {METHOD_IN_DIRECT, METHOD_OUT_DIRECT}) {
        EXPECT_EQ(io::control_file(by(h), code(method), o.in, 8, o.out, 32, false), STATUS_SUCCESS);
        EXPECT_NE(seen_irp.AssociatedIrp.SystemBuffer, nullptr);
        EXPECT_NE(seen_irp.MdlAddress, nullptr);
        EXPECT_EQ(seen_irp.UserBuffer, nullptr);
    }
    EXPECT_EQ(io::control_file(by(h), code(METHOD_NEITHER), o.in, 8, o.out, 32, false), STATUS_SUCCESS);
    EXPECT_EQ(seen.Parameters.DeviceIoControl.Type3InputBuffer, o.in);
    EXPECT_EQ(seen_irp.UserBuffer, o.out);
    EXPECT_EQ(io::control_file(by(h), code(METHOD_BUFFERED), o.in, 8, nullptr, 0, true), STATUS_SUCCESS);
    EXPECT_EQ(journal.back(), "fsctl");
    ob::close_handle(h, KernelMode);
}

NTAPI void finish_pending() { finish(pending_irp); }

KERNEL_TEST(File, SynchronousFilesWaitForPendingRequests) {
    ASSERT_EQ(open(u"\\Device\\Buffered"), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    pend = true;
    next_status = STATUS_NO_MEDIA_IN_DEVICE;
    // Another thread completes it while this one waits.
    auto* helper = new (host::heap_allocate(sizeof(ke::Thread))) ke::Thread{};
    ke::initialize_thread(*helper, [](ke::Thread&) {
        seh::call_out(finish_pending);
        ke::exit_thread(0);
    });
    ke::ready_thread(*helper);
    EXPECT_EQ(io::write_file(by(h), out().in, 8, nullptr, nullptr), STATUS_NO_MEDIA_IN_DEVICE);
    EXPECT_EQ(out().iosb.Status, STATUS_NO_MEDIA_IN_DEVICE);
    EXPECT_EQ(file_of(h)->Busy, 0u);
    pend = false;
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, AsynchronousFilesReturnPending) {
    ASSERT_EQ(open(u"\\Device\\Buffered", GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, 0), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    const HANDLE event_handle = [] {
        PVOID event = *ob::create_object({.type = ob::find_type(u"Event"), .body_size = sizeof(KEVENT)});
        ke::initialize_event(*static_cast<KEVENT*>(event), NotificationEvent, true);
        const HANDLE e = *ob::create_handle(event, EVENT_ALL_ACCESS, 0);
        ob::dereference(event);
        return e;
    }();
    auto* event = static_cast<KEVENT*>(ob::body_of(ob::find_handle(event_handle, KernelMode)->object));
    pend = true;
    out().offset.QuadPart = 0;
    io::Caller caller = by(h);
    caller.event = event_handle;
    EXPECT_EQ(io::write_file(caller, out().in, 8, &out().offset, nullptr), STATUS_PENDING);
    EXPECT_EQ(event->Header.SignalState, 0); // reset by the call
    next_information = 8;
    finish(pending_irp);
    EXPECT_EQ(event->Header.SignalState, 1);
    EXPECT_EQ(out().iosb.Information, 8u);
    EXPECT_EQ(ob::header_of(event)->PointerCount, 1);
    // A service that always waits does so on its own event.
    pend = false;
    next_information = 0;
    EXPECT_EQ(io::flush_buffers(h, 0, &out().iosb, KernelMode), STATUS_SUCCESS);
    ob::close_handle(h, KernelMode);
    ob::close_handle(event_handle, KernelMode);
}

KERNEL_TEST(File, InformationTheIoManagerKnows) {
    ASSERT_EQ(open(u"\\Device\\Buffered"), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    Out& o = out();
    auto query = [&](ULONG c, ULONG n) { return io::query_information(h, &o.iosb, o.out, n, c, KernelMode); };
    auto& offset = *reinterpret_cast<LONGLONG*>(o.out);
    offset = 55;
    EXPECT_EQ(io::set_information(h, &o.iosb, o.out, 8, FilePositionInformation, KernelMode), STATUS_SUCCESS);
    offset = 0;
    EXPECT_EQ(query(FilePositionInformation, 8), STATUS_SUCCESS);
    EXPECT_EQ(offset, 55);
    EXPECT_EQ(query(FilePositionInformation, 4), STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_EQ(query(FileModeInformation, 4), STATUS_SUCCESS);
    EXPECT_EQ(*reinterpret_cast<ULONG*>(o.out), FILE_SYNCHRONOUS_IO_NONALERT);
    EXPECT_EQ(query(FileAccessInformation, 4), STATUS_SUCCESS);
    EXPECT_EQ(*reinterpret_cast<ULONG*>(o.out), FILE_GENERIC_READ | FILE_GENERIC_WRITE);
    EXPECT_EQ(query(999, 64), STATUS_INVALID_INFO_CLASS);
    EXPECT_EQ(io::query_volume_information(h, &o.iosb, o.out, 8, FileFsDeviceInformation, KernelMode),
              STATUS_SUCCESS);
    EXPECT_EQ(*reinterpret_cast<ULONG*>(o.out), FILE_DEVICE_UNKNOWN);
    EXPECT_EQ(journal, (Journal{"create"}));
    next_status = STATUS_INVALID_DEVICE_REQUEST;
    EXPECT_EQ(query(FileStandardInformation, sizeof(FILE_STANDARD_INFORMATION)),
              STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_EQ(journal.back(), "query");
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, UserModePointersAreProbed) {
    // The kernel thread of this test has no user half: every user address is bad there.
    ASSERT_EQ(open(u"\\Device\\Buffered"), STATUS_SUCCESS);
    const HANDLE h = out().handle;
    const HANDLE low = reinterpret_cast<HANDLE>(reinterpret_cast<ULONG_PTR>(h) & 0x7fffffff);
    io::Caller user{low, nullptr, nullptr, nullptr, reinterpret_cast<IO_STATUS_BLOCK*>(0x10000), UserMode};
    EXPECT_EQ(io::write_file(user, out().in, 8, nullptr, nullptr), STATUS_ACCESS_VIOLATION);
    user.iosb = &out().iosb; // a kernel address
    EXPECT_EQ(io::write_file(user, out().in, 8, nullptr, nullptr), STATUS_ACCESS_VIOLATION);
    user.iosb = reinterpret_cast<IO_STATUS_BLOCK*>(0x10001);
    EXPECT_EQ(io::write_file(user, out().in, 8, nullptr, nullptr), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT_EQ(journal, (Journal{"create"}));
    EXPECT_EQ(ob::header_of(file_of(h))->PointerCount, 1); // nothing is left behind
    ob::close_handle(h, KernelMode);
}

KERNEL_TEST(File, DevicePointerKeepsTheFileOpen) {
    FILE_OBJECT* file;
    DEVICE_OBJECT* device;
    EXPECT_EQ(io::get_device_object_pointer(text(u"\\??\\Buf"), FILE_READ_DATA, &file, &device),
              STATUS_SUCCESS);
    EXPECT_EQ(device, buffered);
    EXPECT_EQ(journal, (Journal{"create", "cleanup"}));
    ob::dereference(file);
    EXPECT_EQ(journal.back(), "close");
}

} // namespace
