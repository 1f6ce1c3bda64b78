// NtLockFile and NtUnlockFile: IRP_MJ_LOCK_CONTROL. Who has locked what is the driver's matter.
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/request.h"
#include "kernel/ke/thread.h"

namespace nt::io {

namespace {

struct Range {
    LARGE_INTEGER offset, length;
    ULONG key;
};

NTSTATUS begin(detail::Request& request, const LARGE_INTEGER* offset, const LARGE_INTEGER* length,
               Range& range) {
    NTSTATUS status = request.begin(FILE_READ_DATA | FILE_WRITE_DATA);
    if (NT_SUCCESS(status)) status = detail::fetch(range.offset, offset, request.caller.mode);
    if (NT_SUCCESS(status)) status = detail::fetch(range.length, length, request.caller.mode);
    return NT_SUCCESS(status) ? request.lock() : status;
}

// The length lies in memory that goes with the IRP.
NTSTATUS attach(detail::Request& request, UCHAR minor, const Range& range) {
    NTSTATUS status = request.new_irp(IRP_MJ_LOCK_CONTROL, minor);
    if (!NT_SUCCESS(status)) return status;
    auto* length = static_cast<LARGE_INTEGER*>(request.auxiliary(sizeof(LARGE_INTEGER)));
    if (!length) return STATUS_INSUFFICIENT_RESOURCES;
    *length = range.length;
    auto& parameters = request.location()->Parameters.LockControl;
    parameters.Length = length;
    parameters.Key = range.key;
    parameters.ByteOffset = range.offset;
    return STATUS_SUCCESS;
}

EPROCESS* current_process() { return static_cast<EPROCESS*>(ke::current_thread().process); }

// True: the driver's fast routine did it.
bool try_fast_lock(const detail::Request& request, const Range& range, bool fail, bool exclusive,
                   IO_STATUS_BLOCK& result) {
    detail::FastIo fast(request);
    if (!detail::fast_io_routine(request.device, &FAST_IO_DISPATCH::FastIoLock) || !fast.begin())
        return false;
    fast.block->offset = range.offset;
    fast.block->length = range.length;
    const bool handled = fast.call("FastIoLock", &FAST_IO_DISPATCH::FastIoLock, request.file,
                                   &fast.block->offset, &fast.block->length, current_process(), range.key,
                                   BOOLEAN(fail), BOOLEAN(exclusive), &fast.block->iosb, request.device);
    result = fast.block->iosb;
    fast.end();
    return handled;
}
bool try_fast_unlock(const detail::Request& request, const Range& range, IO_STATUS_BLOCK& result) {
    detail::FastIo fast(request);
    if (!detail::fast_io_routine(request.device, &FAST_IO_DISPATCH::FastIoUnlockSingle) || !fast.begin())
        return false;
    fast.block->offset = range.offset;
    fast.block->length = range.length;
    const bool handled = fast.call("FastIoUnlockSingle", &FAST_IO_DISPATCH::FastIoUnlockSingle, request.file,
                                   &fast.block->offset, &fast.block->length, current_process(), range.key,
                                   &fast.block->iosb, request.device);
    result = fast.block->iosb;
    fast.end();
    return handled;
}

} // namespace

NTSTATUS lock_range(const Caller& caller, const LARGE_INTEGER* offset, const LARGE_INTEGER* length, ULONG key,
                    bool fail, bool exclusive) {
    detail::Request request(caller);
    Range range{{}, {}, key};
    NTSTATUS status = begin(request, offset, length, range);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    request.file->LockOperation = TRUE;
    IO_STATUS_BLOCK result;
    if (request.device->DriverObject->FastIoDispatch && !caller.apc_routine &&
        try_fast_lock(request, range, fail, exclusive, result))
        return request.answer(result.Status, result.Information);
    status = attach(request, IRP_MN_LOCK, range);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    request.location()->Flags =
        static_cast<UCHAR>((fail ? SL_FAIL_IMMEDIATELY : 0) | (exclusive ? SL_EXCLUSIVE_LOCK : 0));
    return request.issue();
}

NTSTATUS unlock_range(HANDLE file, IO_STATUS_BLOCK* iosb, const LARGE_INTEGER* offset,
                      const LARGE_INTEGER* length, ULONG key, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    Range range{{}, {}, key};
    NTSTATUS status = begin(request, offset, length, range);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    IO_STATUS_BLOCK result;
    if (request.device->DriverObject->FastIoDispatch && try_fast_unlock(request, range, result))
        return request.answer(result.Status, result.Information);
    status = attach(request, IRP_MN_UNLOCK_SINGLE, range);
    return NT_SUCCESS(status) ? request.issue_and_wait() : request.abandon(status);
}

} // namespace nt::io
