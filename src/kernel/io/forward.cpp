#include "abi/ioctl.h"
#include "abi/status.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"

namespace nt::io {

bool forward_synchronously(DEVICE_OBJECT* device, IRP* irp) {
    if (!has_next_location(irp)) return false;
    auto* event =
        static_cast<KEVENT*>(pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("IoFw")));
    if (!event) return false;
    ke::initialize_event(*event, SynchronizationEvent, false);
    IO_STACK_LOCATION* next = next_location(irp);
    *next = *current_location(irp);
    next->Control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
    next->CompletionRoutine =
        reinterpret_cast<PIO_COMPLETION_ROUTINE>(internal_address("IopForwardCompletion"));
    next->Context = event;
    if (call_driver(device, irp) == STATUS_PENDING)
        ke::wait_for_single_object(event, Executive, KernelMode, false, nullptr);
    pool::release(event);
    return true;
}

NTSTATUS forward_completion(IRP* irp, PVOID event) {
    // Without a pending return nobody waits.
    if (irp->PendingReturned) ke::set_event(*static_cast<KEVENT*>(event));
    return STATUS_MORE_PROCESSING_REQUIRED;
}

bool is_operation_synchronous(const IRP* irp) {
    const IO_STACK_LOCATION* location = irp->Tail.Overlay.CurrentStackLocation;
    const FILE_OBJECT* file = location->FileObject;
    if (irp->Flags & IRP_PAGING_IO) return irp->Flags & IRP_SYNCHRONOUS_PAGING_IO;
    // "also returns TRUE if the IRP contains an IOCTL or FSCTL request with … METHOD_BUFFERED"
    const bool control = location->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
                         (location->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
                          (location->MinorFunction == IRP_MN_USER_FS_REQUEST ||
                           location->MinorFunction == IRP_MN_KERNEL_CALL));
    if (control && (location->Parameters.DeviceIoControl.IoControlCode & 3) == METHOD_BUFFERED) return true;
    return (irp->Flags & IRP_SYNCHRONOUS_API) || (file && (file->Flags & FO_SYNCHRONOUS_IO));
}

} // namespace nt::io
