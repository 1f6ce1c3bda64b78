// BindIoCompletionCallback: one completion port for the process, and worker threads that call what was bound.
// A thread is added when a request completes while all of them are busy.
#include "win32.h"

#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" HANDLE CreateThread(SECURITY_ATTRIBUTES* security, SIZE_T stack, DWORD (*start)(PVOID),
                               PVOID argument, DWORD flags, DWORD* id);

namespace {

constexpr LONG most_workers = 500; // of a thread pool
HANDLE port;
volatile LONG idle, workers;

bool start_worker();

DWORD work(PVOID) {
    for (;;) {
        PVOID routine, context;
        IO_STATUS_BLOCK iosb;
        if (NtRemoveIoCompletion(port, &routine, &context, &iosb, nullptr) != STATUS_SUCCESS) return 0;
        if (__atomic_sub_fetch(&idle, 1, __ATOMIC_SEQ_CST) == 0) start_worker();
        reinterpret_cast<OVERLAPPED_COMPLETION_ROUTINE*>(routine)(
            NT_SUCCESS(iosb.Status) ? DWORD(ERROR_SUCCESS) : RtlNtStatusToDosError(iosb.Status),
            DWORD(iosb.Information), static_cast<OVERLAPPED*>(context));
        __atomic_add_fetch(&idle, 1, __ATOMIC_SEQ_CST);
    }
}

bool start_worker() {
    if (__atomic_add_fetch(&workers, 1, __ATOMIC_SEQ_CST) <= most_workers) {
        __atomic_add_fetch(&idle, 1, __ATOMIC_SEQ_CST);
        if (HANDLE thread = CreateThread(nullptr, 0, work, nullptr, 0, nullptr)) {
            NtClose(thread);
            return true;
        }
        __atomic_sub_fetch(&idle, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&workers, 1, __ATOMIC_SEQ_CST);
    return false;
}

NTSTATUS begin() {
    static volatile LONG state; // 0: nobody has begun, 1: somebody begins, 2: there is a port
    LONG unbegun = 0;
    if (!__atomic_compare_exchange_n(&state, &unbegun, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        while (state == 1)
            NtYieldExecution();
        return state == 2 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = NtCreateIoCompletion(&port, 0x1f0003, nullptr, 0);
    if (NT_SUCCESS(status) && !start_worker()) {
        NtClose(port);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    state = NT_SUCCESS(status) ? 2 : 0;
    return status;
}

} // namespace

extern "C" BOOL BindIoCompletionCallback(HANDLE file, OVERLAPPED_COMPLETION_ROUTINE* routine, ULONG flags) {
    // "The value returned is an NTSTATUS error code."
    if (flags) return fail_with(DWORD(STATUS_INVALID_PARAMETER));
    NTSTATUS status = begin();
    if (NT_SUCCESS(status)) {
        FILE_COMPLETION_INFORMATION information{port, reinterpret_cast<PVOID>(routine)};
        IO_STATUS_BLOCK iosb;
        status =
            NtSetInformationFile(file, &iosb, &information, sizeof information, FileCompletionInformation);
    }
    return NT_SUCCESS(status) ? BOOL(TRUE) : fail_with(DWORD(status));
}

} // namespace nt
