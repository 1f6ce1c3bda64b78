// How processes and threads begin and end.
#include "internal.h"

namespace nt {

namespace {

void NTAPI (*thread_base_hook)(THREAD_START, PVOID);
PTOP_LEVEL_EXCEPTION_FILTER unhandled_filter;
enum : ULONG { not_begun, begun, done };
ULONG process_start;

// "New threads can be created, but they do not begin execution until DLL initialization is done for the
// process."
void await_process_start() {
    LARGE_INTEGER interval;
    interval.QuadPart = -100'000; // 10 ms
    while (__atomic_load_n(&process_start, __ATOMIC_ACQUIRE) != done)
        NtDelayExecution(FALSE, &interval);
}

} // namespace

void start_process();
void start_thread();

extern "C" {

void NTAPI LdrInitializeThunk(CONTEXT* context, PVOID, PVOID) {
    ULONG before = not_begun; // whoever comes first: another process may have made threads here
    if (__atomic_compare_exchange_n(&process_start, &before, begun, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        start_process();
        NtCurrentTeb()->SameTebFlags |= 0x420; // RanProcessInit, InitialThread
        __atomic_store_n(&process_start, done, __ATOMIC_RELEASE);
    } else {
        await_process_start();
        start_thread();
    }
    NtContinue(context, 1);
    __builtin_trap();
}

[[noreturn]] void DrvlabRunThread(THREAD_START start, PVOID argument) {
    if (thread_base_hook) thread_base_hook(start, argument);
    RtlExitUserThread(start(argument));
}

void NTAPI RtlSetThreadBaseHook(void NTAPI (*hook)(THREAD_START, PVOID)) { thread_base_hook = hook; }

void NTAPI RtlSetUnhandledExceptionFilter(PTOP_LEVEL_EXCEPTION_FILTER filter) { unhandled_filter = filter; }

LONG NTAPI RtlUnhandledExceptionFilter(EXCEPTION_POINTERS* pointers) {
    return unhandled_filter ? unhandled_filter(pointers) : EXCEPTION_CONTINUE_SEARCH;
}

// The frame handler of RtlUserThreadStart: the last one asked. EXCEPTION_EXECUTE_HANDLER ends the process
// with the exception's code; EXCEPTION_CONTINUE_SEARCH leaves it to the kernel, which reports it and ends the
// process.
LONG DrvlabThreadBaseHandler(EXCEPTION_RECORD* record, PVOID, CONTEXT* context, DISPATCHER_CONTEXT*) {
    if (record->ExceptionFlags & EXCEPTION_UNWIND) return ExceptionContinueSearch;
    EXCEPTION_POINTERS pointers{record, context};
    const LONG answer = RtlUnhandledExceptionFilter(&pointers);
    if (answer == EXCEPTION_CONTINUE_EXECUTION) return ExceptionContinueExecution;
    if (answer == EXCEPTION_EXECUTE_HANDLER) NtTerminateProcess(NtCurrentProcess(), record->ExceptionCode);
    return ExceptionContinueSearch;
}

void NTAPI RtlExitUserThread(ULONG status) {
    constexpr ULONG thread_am_i_last = 12;
    ULONG last = 0;
    if (NT_SUCCESS(
            NtQueryInformationThread(NtCurrentThread(), thread_am_i_last, &last, sizeof last, nullptr)) &&
        last)
        RtlExitUserProcess(status);
    LdrShutdownThread();
    NtTerminateThread(NtCurrentThread(), static_cast<NTSTATUS>(status));
    __builtin_trap();
}

// "ExitProcess does not return until no threads are in their DLL initialization or detach routines." Nor may
// one that is ended here hold what detach routines need. If one was ended in the loader before, none of them
// runs. // assumed
void NTAPI RtlExitUserProcess(ULONG status) {
    const bool loader = enter_at_end(loader_lock, Patience::unlimited);
    const bool peb = enter_at_end(peb_lock, Patience::limited);
    lock_heaps();
    NtTerminateProcess(nullptr, static_cast<NTSTATUS>(status)); // every other thread
    unlock_heaps();
    if (peb) RtlReleasePebLock();
    if (loader) LdrShutdownProcess();
    NtTerminateProcess(NtCurrentProcess(), static_cast<NTSTATUS>(status));
    __builtin_trap();
}

NTSTATUS NTAPI RtlCreateUserThread(HANDLE process, PVOID descriptor, BOOLEAN suspended, ULONG zero_bits,
                                   SIZE_T stack_reserve, SIZE_T stack_commit, THREAD_START start,
                                   PVOID argument, HANDLE* thread, CLIENT_ID* id) {
    struct {
        SIZE_T total;
        SIZE_T attribute, size;
        CLIENT_ID* value;
        SIZE_T* returned;
    } list{sizeof list, 0x10003, sizeof(CLIENT_ID), id, nullptr}; // PS_ATTRIBUTE_CLIENT_ID
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, nullptr, 0, descriptor, nullptr};
    HANDLE handle = nullptr;
    const NTSTATUS status =
        NtCreateThreadEx(&handle, 0x1fffff, &attributes, process, reinterpret_cast<PVOID>(start), argument,
                         suspended ? 1 : 0, zero_bits, stack_commit, stack_reserve, id ? &list : nullptr);
    if (!NT_SUCCESS(status)) return status;
    if (thread)
        *thread = handle;
    else
        NtClose(handle);
    return status;
}

// The image's entry point, which nobody calls: the loader is not loaded by itself.
ULONG NTAPI DllMain(PVOID, ULONG, PVOID) { return 1; }

} // extern "C"

void fail_start(NTSTATUS status) {
    NtTerminateProcess(NtCurrentProcess(), status);
    __builtin_trap();
}

} // namespace nt
