// The end of a file: IRP_MJ_CLEANUP when its last handle is closed, IRP_MJ_CLOSE when its last reference
// goes.
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/io/completion.h"
#include "kernel/io/detail/cancel_requests.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io::detail {

namespace {

void send(FILE_OBJECT* file, UCHAR major) {
    DEVICE_OBJECT* device = related_device(file);
    IRP* irp = allocate_irp(device->StackSize);
    // These requests must not fail; Windows waits for memory here.
    if (!irp) ke::bug_check(0x2D, 0, 0, 0, 0);
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
    irp->Tail.Overlay.OriginalFileObject = file;
    irp->Flags = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API;
    IO_STACK_LOCATION* next = next_location(irp);
    next->MajorFunction = major;
    next->FileObject = file;
    queue_to_thread(irp);
    if (trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), major, 0, KernelMode, irp->Flags,
                                file, device);
    send_and_wait(device, irp, file);
}

} // namespace

void close_file(PVOID object, EPROCESS*, ACCESS_MASK, LONG64 left) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (left != 0 || !file->DeviceObject) return;
    const bool lock = file->Flags & FO_SYNCHRONOUS_IO;
    if (lock) acquire_file_lock(file, KernelMode);
    send(file, IRP_MJ_CLEANUP);
    file->Flags |= FO_CLEANUP_COMPLETE;
    // Cleaning up, the driver should have completed everything. assumed: what it left and no thread owns is
    // cancelled now.
    cancel_file_requests(file);
    if (lock) release_file_lock(file);
}

// The count is zero; drivers may look at the file during the close, but must not keep it.
void remove_file(PVOID object) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (DEVICE_OBJECT* device = file->DeviceObject) {
        ob::header_of(file)->PointerCount = 1; // requests below may take and drop references
        // A lite stream file never had a handle and is not cleaned up either
        // (nf-ntifs-iocreatestreamfileobjectlite).
        if (!(file->Flags & (FO_HANDLE_CREATED | FO_STREAM_FILE))) send(file, IRP_MJ_CLEANUP);
        send(file, IRP_MJ_CLOSE);
        drop_device_reference(device);
    }
    if (file->FileObjectExtension) pool::release(file->FileObjectExtension);
    if (file->FileName.Buffer) pool::release(file->FileName.Buffer);
    if (file->RelatedFileObject) ob::dereference(file->RelatedFileObject);
    if (file->CompletionContext) bind_completion(file, nullptr, nullptr, true);
}

// \Device\Name and the file's own name. A relative open's name is shown as given: below its device.
NTSTATUS query_file_name(PVOID object, UNICODE_STRING& to) {
    const auto* file = static_cast<const FILE_OBJECT*>(object);
    const USHORT room = to.MaximumLength;
    if (file->DeviceObject)
        ob::query_name(file->DeviceObject, to);
    else
        to.Length = 0;
    const ULONG at = to.Length;
    const ULONG bytes = at + file->FileName.Length;
    if (bytes > 0xfffe) return STATUS_NAME_TOO_LONG;
    if (file->FileName.Length && bytes <= room)
        std::memcpy(reinterpret_cast<UCHAR*>(to.Buffer) + at, file->FileName.Buffer, file->FileName.Length);
    to.Length = static_cast<USHORT>(bytes);
    return STATUS_SUCCESS;
}

} // namespace nt::io::detail
