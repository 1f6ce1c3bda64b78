// Threads.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

NTSTATUS basic(HANDLE thread, THREAD_BASIC_INFORMATION* to) {
    return NtQueryInformationThread(thread, ThreadBasicInformation, to, sizeof *to, nullptr);
}

// First frame of every thread in kernel32: a return from the start routine ends the thread with its result.
void base_thread(THREAD_START start, PVOID argument) { RtlExitUserThread(start(argument)); }

} // namespace

extern "C" {

void BaseThreadInitThunk(ULONG, THREAD_START start, PVOID argument) { base_thread(start, argument); }

constexpr DWORD STACK_SIZE_PARAM_IS_A_RESERVATION = 0x10000, CREATE_SUSPENDED = 4;

HANDLE CreateRemoteThreadEx(HANDLE process, SECURITY_ATTRIBUTES* security, SIZE_T stack, THREAD_START start,
                            PVOID argument, DWORD flags, PVOID attribute_list, DWORD* id) {
    if (attribute_list) stop("CreateRemoteThreadEx (attribute list)");
    bool reserve = flags & STACK_SIZE_PARAM_IS_A_RESERVATION;
    HANDLE thread = nullptr;
    CLIENT_ID client{};
    NTSTATUS status = RtlCreateUserThread(process, security ? security->lpSecurityDescriptor : nullptr,
                                          BOOLEAN((flags & CREATE_SUSPENDED) != 0), 0, reserve ? stack : 0,
                                          reserve ? 0 : stack, start, argument, &thread, &client);
    if (!NT_SUCCESS(status)) return fail(status), nullptr;
    if (security && security->bInheritHandle) {
        BOOLEAN information[2] = {1, 0}; // OBJECT_HANDLE_FLAG_INFORMATION: inherit
        NtSetInformationObject(thread, OBJECT_INFORMATION_CLASS(4), information, sizeof information);
    }
    if (id) *id = DWORD(ULONG_PTR(client.UniqueThread));
    return thread;
}
HANDLE CreateRemoteThread(HANDLE process, SECURITY_ATTRIBUTES* security, SIZE_T stack, THREAD_START start,
                          PVOID argument, DWORD flags, DWORD* id) {
    return CreateRemoteThreadEx(process, security, stack, start, argument, flags, nullptr, id);
}
HANDLE CreateThread(SECURITY_ATTRIBUTES* security, SIZE_T stack, THREAD_START start, PVOID argument,
                    DWORD flags, DWORD* id) {
    return CreateRemoteThreadEx(NtCurrentProcess(), security, stack, start, argument, flags, nullptr, id);
}
[[noreturn]] void ExitThread(DWORD code) { RtlExitUserThread(code); }
BOOL TerminateThread(HANDLE thread, DWORD code) { return answer(NtTerminateThread(thread, NTSTATUS(code))); }
BOOL GetThreadIOPendingFlag(HANDLE thread, BOOL* pending) {
    ULONG flag;
    const NTSTATUS status = NtQueryInformationThread(thread, ThreadIsIoPending, &flag, sizeof flag, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *pending = flag != 0;
    return TRUE;
}
BOOL GetExitCodeThread(HANDLE thread, DWORD* code) {
    THREAD_BASIC_INFORMATION information;
    NTSTATUS status = basic(thread, &information);
    if (!NT_SUCCESS(status)) return fail(status);
    *code = DWORD(information.ExitStatus);
    return TRUE;
}
HANDLE GetCurrentThread() { return NtCurrentThread(); }
DWORD GetCurrentThreadId() { return DWORD(ULONG_PTR(NtCurrentTeb()->ClientId.UniqueThread)); }
DWORD GetThreadId(HANDLE thread) {
    THREAD_BASIC_INFORMATION information;
    NTSTATUS status = basic(thread, &information);
    return NT_SUCCESS(status) ? DWORD(ULONG_PTR(information.ClientId.UniqueThread)) : (fail(status), 0);
}
DWORD GetProcessIdOfThread(HANDLE thread) {
    THREAD_BASIC_INFORMATION information;
    NTSTATUS status = basic(thread, &information);
    return NT_SUCCESS(status) ? DWORD(ULONG_PTR(information.ClientId.UniqueProcess)) : (fail(status), 0);
}
HANDLE OpenThread(DWORD access, BOOL inherit, DWORD id) {
    OBJECT_ATTRIBUTES attributes{sizeof attributes,         nullptr, nullptr,
                                 inherit ? OBJ_INHERIT : 0, nullptr, nullptr};
    CLIENT_ID client{nullptr, reinterpret_cast<HANDLE>(ULONG_PTR(id))};
    HANDLE thread = nullptr;
    NTSTATUS status = NtOpenThread(&thread, access, &attributes, &client);
    if (NT_SUCCESS(status)) return thread;
    fail(status);
    if (status == STATUS_INVALID_CID) RtlSetLastWin32Error(ERROR_INVALID_PARAMETER);
    return nullptr;
}
DWORD SuspendThread(HANDLE thread) {
    ULONG count = 0;
    NTSTATUS status = NtSuspendThread(thread, &count);
    return NT_SUCCESS(status) ? count : (fail(status), ~0u);
}
DWORD ResumeThread(HANDLE thread) {
    ULONG count = 0;
    NTSTATUS status = NtResumeThread(thread, &count);
    return NT_SUCCESS(status) ? count : (fail(status), ~0u);
}
BOOL GetThreadContext(HANDLE thread, CONTEXT* context) { return answer(NtGetContextThread(thread, context)); }
BOOL SetThreadContext(HANDLE thread, const CONTEXT* context) {
    return answer(NtSetContextThread(thread, const_cast<CONTEXT*>(context)));
}
// Priorities relative to the process; -15 and 15 stand for idle and time critical, 16 apart from normal.
INT GetThreadPriority(HANDLE thread) {
    THREAD_BASIC_INFORMATION information;
    NTSTATUS status = basic(thread, &information);
    if (!NT_SUCCESS(status)) return fail(status), 0x7fffffff; // THREAD_PRIORITY_ERROR_RETURN
    INT p = information.BasePriority;
    return p >= 16 ? 15 : p <= -16 ? -15 : p;
}
BOOL SetThreadPriority(HANDLE thread, INT priority) {
    LONG p = priority == 15 ? 16 : priority == -15 ? -16 : priority;
    return answer(NtSetInformationThread(thread, ThreadBasePriority, &p, sizeof p));
}
BOOL GetThreadTimes(HANDLE thread, FILETIME* created, FILETIME* exited, FILETIME* kernel, FILETIME* user) {
    LARGE_INTEGER times[4];
    NTSTATUS status = NtQueryInformationThread(thread, ThreadTimes, times, sizeof times, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *created = filetime(times[0].QuadPart);
    *exited = filetime(times[1].QuadPart);
    *kernel = filetime(times[2].QuadPart);
    *user = filetime(times[3].QuadPart);
    return TRUE;
}
BOOL QueryThreadCycleTime(HANDLE thread, ULONGLONG* to) {
    ULONGLONG cycles[2]; // accumulated, current
    const NTSTATUS status =
        NtQueryInformationThread(thread, 23 /* ThreadCycleTime */, cycles, sizeof cycles, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *to = cycles[0];
    return TRUE;
}
ULONG_PTR SetThreadAffinityMask(HANDLE thread, ULONG_PTR mask) {
    THREAD_BASIC_INFORMATION information;
    NTSTATUS status = basic(thread, &information);
    if (NT_SUCCESS(status)) status = NtSetInformationThread(thread, ThreadAffinityMask, &mask, sizeof mask);
    return NT_SUCCESS(status) ? information.AffinityMask : (fail(status), 0);
}
void GetCurrentThreadStackLimits(ULONG_PTR* low, ULONG_PTR* high) {
    const TEB* teb = NtCurrentTeb();
    *low = ULONG_PTR(teb->DeallocationStack); // of the reservation, not of what is committed
    *high = ULONG_PTR(teb->NtTib.StackBase);
}
// What is left of the stack when it overflows. assumed: it can only grow, and not beyond the reservation; 0
// asks.
BOOL SetThreadStackGuarantee(ULONG* size) {
    if (!size) return fail_with(ERROR_INVALID_PARAMETER);
    TEB* teb = NtCurrentTeb();
    const ULONG before = teb->GuaranteedStackBytes, wanted = (*size + 0xfff) & ~0xfffu;
    // Above the lowest page, which is never committed, and below the guard.
    const auto reserved = ULONG_PTR(teb->NtTib.StackBase) - ULONG_PTR(teb->DeallocationStack);
    if (wanted < *size || wanted + ULONG_PTR{0x2000} > reserved) return fail_with(ERROR_INVALID_PARAMETER);
    if (wanted > before) teb->GuaranteedStackBytes = wanted;
    *size = before;
    return TRUE;
}
BOOL IsThreadAFiber() { return FALSE; } // nothing makes fibers: ConvertThreadToFiber is a stub
BOOL SwitchToThread() { return NtYieldExecution() != STATUS_NO_YIELD_PERFORMED; }

// A user APC calls run(argument).
void call_apc(PVOID run, PVOID argument, PVOID) {
    reinterpret_cast<void (*)(ULONG_PTR)>(run)(ULONG_PTR(argument));
}
DWORD QueueUserAPC(void (*run)(ULONG_PTR), HANDLE thread, ULONG_PTR argument) {
    NTSTATUS status =
        NtQueueApcThread(thread, reinterpret_cast<PVOID>(&call_apc), reinterpret_cast<PVOID>(run),
                         reinterpret_cast<PVOID>(argument), nullptr);
    return NT_SUCCESS(status) ? 1 : (fail(status), 0);
}

// Thread-local and fiber-local storage. The first 64 slots are in the TEB.
DWORD TlsAlloc() {
    ULONG index;
    NTSTATUS status = RtlTlsAlloc(&index);
    return NT_SUCCESS(status) ? index : (fail(status), TLS_OUT_OF_INDEXES);
}
BOOL TlsFree(DWORD index) { return answer(RtlTlsFree(index)); }
PVOID TlsGetValue(DWORD index) {
    TEB* teb = NtCurrentTeb();
    teb->LastErrorValue = ERROR_SUCCESS; // zero is a value too
    if (index < 64) return teb->TlsSlots[index];
    if (index >= 64 + 1024) return fail(STATUS_INVALID_PARAMETER), nullptr;
    return teb->TlsExpansionSlots ? teb->TlsExpansionSlots[index - 64] : nullptr;
}
BOOL TlsSetValue(DWORD index, PVOID value) {
    if (index >= 64) return answer(RtlTlsSetValue(index, value));
    NtCurrentTeb()->TlsSlots[index] = value;
    return TRUE;
}
DWORD FlsAlloc(void (*callback)(PVOID)) {
    ULONG index;
    NTSTATUS status = RtlFlsAlloc(callback, &index);
    return NT_SUCCESS(status) ? index : (fail(status), TLS_OUT_OF_INDEXES);
}
BOOL FlsFree(DWORD index) { return answer(RtlFlsFree(index)); }
PVOID FlsGetValue(DWORD index) {
    PVOID value = nullptr;
    NTSTATUS status = RtlFlsGetValue(index, &value);
    if (!NT_SUCCESS(status)) return fail(status), nullptr;
    RtlSetLastWin32Error(ERROR_SUCCESS);
    return value;
}
BOOL FlsSetValue(DWORD index, PVOID value) { return answer(RtlFlsSetValue(index, value)); }

} // extern "C"
} // namespace nt
