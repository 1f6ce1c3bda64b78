// NtCancelIoFile, NtCancelIoFileEx, NtCancelSynchronousIoFile: what CancelIo, CancelIoEx and
// CancelSynchronousIo (win32, FileIO) call.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/file.h"
#include "kernel/ps/thread.h"

using namespace nt;
using exports::previous_mode;

namespace {

constexpr ACCESS_MASK thread_terminate = 0x1;

// The service's own status block must be there before anything is cancelled.
NTSTATUS check(IO_STATUS_BLOCK* iosb) {
    return exports::write_parameter(iosb, {{STATUS_PENDING}, 0}) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
NTSTATUS give(IO_STATUS_BLOCK* iosb, NTSTATUS status) {
    exports::write_parameter(iosb, {{status}, 0});
    return status;
}

} // namespace

extern "C" NTSTATUS NtCancelIoFile(HANDLE file, IO_STATUS_BLOCK* iosb) {
    if (const NTSTATUS status = check(iosb); !NT_SUCCESS(status)) return status;
    return give(iosb, io::cancel_io(file, previous_mode()));
}
GATE(NtCancelIoFile);

extern "C" NTSTATUS NtCancelIoFileEx(HANDLE file, const IO_STATUS_BLOCK* only, IO_STATUS_BLOCK* iosb) {
    if (const NTSTATUS status = check(iosb); !NT_SUCCESS(status)) return status;
    return give(iosb, io::cancel_io_of_process(file, only, previous_mode()));
}
GATE(NtCancelIoFileEx);

extern "C" NTSTATUS NtCancelSynchronousIoFile(HANDLE thread, const IO_STATUS_BLOCK* only,
                                              IO_STATUS_BLOCK* iosb) {
    if (const NTSTATUS status = check(iosb); !NT_SUCCESS(status)) return status;
    PVOID body;
    if (const NTSTATUS status = ob::reference_by_handle(thread, thread_terminate, ps::thread_type,
                                                        previous_mode(), &body, nullptr);
        !NT_SUCCESS(status))
        return status;
    const NTSTATUS status = io::cancel_synchronous_io(*static_cast<ke::Thread*>(body), only);
    ob::dereference(body);
    return give(iosb, status);
}
GATE(NtCancelSynchronousIoFile);
