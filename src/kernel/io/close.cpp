// The end of a file: IRP_MN_UNLOCK_ALL when a process closes its last handle, IRP_MJ_CLEANUP when the last
// handle of all is closed, IRP_MJ_CLOSE when the last reference goes.
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/io/completion.h"
#include "kernel/io/detail/cancel_requests.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io::detail {

namespace {

void send(FILE_OBJECT* file, DEVICE_OBJECT* device, KEVENT& event, UCHAR major, UCHAR minor = 0) {
    IRP* irp = allocate_irp(device->StackSize);
    // These requests must not fail; Windows waits for memory here.
    if (!irp) ke::bug_check(0x2D, 0, 0, 0, 0);
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
    irp->Tail.Overlay.OriginalFileObject = file;
    irp->Flags = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API;
    IO_STACK_LOCATION* next = next_location(irp);
    next->MajorFunction = major;
    next->MinorFunction = minor;
    next->FileObject = file;
    queue_to_thread(irp);
    if (trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), major, minor, KernelMode,
                                irp->Flags, file, device);
    send_and_wait(device, irp, event);
}
void send(FILE_OBJECT* file, UCHAR major, UCHAR minor = 0) {
    send(file, related_device(file), file->Event, major, minor);
}

// The locks of a process go when its last handle does; when that is the last handle of all, cleaning up does
// it. The fast routine is asked first, as for every lock.
void unlock_all(FILE_OBJECT* file, EPROCESS* process) {
    const bool lock = file->Flags & FO_SYNCHRONOUS_IO;
    if (lock) acquire_file_lock(file, KernelMode);
    DEVICE_OBJECT* device = related_device(file);
    FastIo fast(device);
    bool done = false;
    if (fast_io_routine(device, &FAST_IO_DISPATCH::FastIoUnlockAll) && fast.begin())
        done = fast.call("FastIoUnlockAll", &FAST_IO_DISPATCH::FastIoUnlockAll, file, process,
                         &fast.block->iosb, device);
    fast.end();
    if (!done) send(file, IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_ALL);
    if (lock) release_file_lock(file);
}

} // namespace

void close_file(PVOID object, EPROCESS* process, ACCESS_MASK, LONG64 left) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (!file->DeviceObject) return;
    if (left != 0) {
        if (file->LockOperation && !ob::handles_of(file, process)) unlock_all(file, process);
        return;
    }
    const bool lock = file->Flags & FO_SYNCHRONOUS_IO;
    if (lock) acquire_file_lock(file, KernelMode);
    send(file, IRP_MJ_CLEANUP);
    file->Flags |= FO_CLEANUP_COMPLETE;
    // Cleaning up, the driver should have completed everything. assumed: what it left and no thread owns is
    // cancelled now.
    cancel_file_requests(file);
    if (lock) release_file_lock(file);
}

// assumed: IRP_MJ_CLEANUP comes at once and IRP_MJ_CLOSE, like it, to the devices below the caller: to those
// above "the create request appears to have failed". A driver that raises leaves IRP and event behind.
void cancel_file_open(DEVICE_OBJECT* device, FILE_OBJECT* file) {
    auto* event = static_cast<KEVENT*>( // the file's own is the create's
        pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("IoCo")));
    if (!event) ke::bug_check(0x2D, 0, 0, 0, 0);
    ke::initialize_event(*event, NotificationEvent, false);
    send(file, device, *event, IRP_MJ_CLEANUP);
    pool::release(event);
    file->Flags |= FO_FILE_OPEN_CANCELLED | FO_CLEANUP_COMPLETE;
    ob::reference(device); // the driver may keep the file for longer than its device
    body_of_file(file).cancelled_below = device;
}

// Files that were opened relative to each other can end one by one in a long row, which no stack is deep
// enough for.
static void drop_related(FILE_OBJECT* related) {
    constexpr unsigned most_at_once = 8;
    unsigned ending = 0;
    for (FILE_OBJECT* f = related; f && ending < most_at_once && ob::header_of(f)->PointerCount == 1;
         f = f->RelatedFileObject)
        ++ending;
    if (ending == most_at_once)
        ob::dereference_defer_delete(related);
    else
        ob::dereference(related);
}

// The count is zero; drivers may look at the file during the close, but must not keep it.
void remove_file(PVOID object) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (DEVICE_OBJECT* device = file->DeviceObject) {
        ob::header_of(file)->PointerCount = 1; // requests below may take and drop references
        // A lite stream file never had a handle and is not cleaned up either
        // (nf-ntifs-iocreatestreamfileobjectlite).
        if (!(file->Flags & (FO_HANDLE_CREATED | FO_STREAM_FILE | FO_FILE_OPEN_CANCELLED)))
            send(file, IRP_MJ_CLEANUP);
        DEVICE_OBJECT* below = body_of_file(file).cancelled_below;
        send(file, below ? below : related_device(file), file->Event, IRP_MJ_CLOSE);
        if (below) ob::dereference(below);
        drop_device_reference(device);
    }
    if (auto* extension = static_cast<FileExtension*>(file->FileObjectExtension)) {
        if (extension->hint) ob::dereference(extension->hint);
        pool::release(extension);
    }
    if (file->FileName.Buffer) pool::release(file->FileName.Buffer);
    if (file->RelatedFileObject) drop_related(file->RelatedFileObject);
    if (file->CompletionContext) bind_completion(file, nullptr, nullptr, true);
}

namespace {

// Parts of a file's path from its end: the file's name, the names that it is relative to, the device's.
template <class Part> void each_part(const FILE_OBJECT* file, const UNICODE_STRING& device, Part part) {
    WCHAR follows = 0; // the first character behind the part
    const auto take = [&](const UNICODE_STRING& name) {
        if (!name.Length) return;
        const WCHAR last = name.Buffer[name.Length / sizeof(WCHAR) - 1];
        part(name, follows && follows != u'\\' && follows != u':' && last != u'\\');
        follows = *name.Buffer;
    };
    for (; file; file = file->RelatedFileObject) {
        take(file->FileName);
        if (follows == u'\\') break;
    }
    take(device);
}

} // namespace

// \Device\Name, the names of files that this one was opened relative to, and its own.
NTSTATUS query_file_name(PVOID object, UNICODE_STRING& to) {
    const auto* file = static_cast<const FILE_OBJECT*>(object);
    const USHORT room = to.MaximumLength;
    if (file->DeviceObject)
        ob::query_name(file->DeviceObject, to);
    else
        to.Length = 0;
    const ULONG device_length = to.Length;
    // A name that does not fit was not written: any other will do to count with.
    WCHAR other[] = u"x";
    UNICODE_STRING device{sizeof(WCHAR), sizeof(WCHAR), other};
    if (device_length <= room) device = {to.Length, to.Length, to.Buffer};
    ULONG bytes = device_length - device.Length;
    each_part(file, device, [&](const UNICODE_STRING& name, bool apart) {
        bytes += name.Length + (apart ? sizeof(WCHAR) : 0u);
    });
    if (bytes > 0xfffe) return STATUS_NAME_TOO_LONG;
    to.Length = static_cast<USHORT>(bytes);
    if (bytes > room) return STATUS_SUCCESS;
    WCHAR* at = to.Buffer + bytes / sizeof(WCHAR);
    each_part(file, device, [&](const UNICODE_STRING& name, bool apart) {
        if (apart) *--at = u'\\';
        at -= name.Length / sizeof(WCHAR);
        if (name.Buffer != to.Buffer) std::memcpy(at, name.Buffer, name.Length);
    });
    return STATUS_SUCCESS;
}

} // namespace nt::io::detail
