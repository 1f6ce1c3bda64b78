// BindIoCompletionCallback: one completion port for the process; a file's key is the routine that was bound.
#include "worker_pool.h"

namespace nt {
using namespace k32;

namespace {

void deliver(PVOID routine, PVOID context, const IO_STATUS_BLOCK& iosb) {
    reinterpret_cast<OVERLAPPED_COMPLETION_ROUTINE*>(routine)(
        NT_SUCCESS(iosb.Status) ? DWORD(ERROR_SUCCESS) : RtlNtStatusToDosError(iosb.Status),
        DWORD(iosb.Information), static_cast<OVERLAPPED*>(context));
}

WorkerPool pool(deliver);

} // namespace

extern "C" BOOL BindIoCompletionCallback(HANDLE file, OVERLAPPED_COMPLETION_ROUTINE* routine, ULONG flags) {
    // "The value returned is an NTSTATUS error code."
    if (flags) return fail_with(DWORD(STATUS_INVALID_PARAMETER));
    NTSTATUS status = pool.begin();
    if (NT_SUCCESS(status)) {
        FILE_COMPLETION_INFORMATION information{pool.port(), reinterpret_cast<PVOID>(routine)};
        IO_STATUS_BLOCK iosb;
        status =
            NtSetInformationFile(file, &iosb, &information, sizeof information, FileCompletionInformation);
    }
    return NT_SUCCESS(status) ? BOOL(TRUE) : fail_with(DWORD(status));
}

} // namespace nt
