// The process: its identity, its end.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

NTSTATUS basic(HANDLE process, PROCESS_BASIC_INFORMATION* to) {
    return NtQueryInformationProcess(process, ProcessBasicInformation, to, sizeof *to, nullptr);
}

} // namespace

extern "C" {

HANDLE GetCurrentProcess() { return NtCurrentProcess(); }
DWORD GetCurrentProcessId() { return DWORD(ULONG_PTR(NtCurrentTeb()->ClientId.UniqueProcess)); }
[[noreturn]] void ExitProcess(UINT code) { RtlExitUserProcess(code); }
BOOL TerminateProcess(HANDLE process, UINT code) {
    if (!process) return fail_with(ERROR_INVALID_HANDLE);
    return answer(NtTerminateProcess(process, NTSTATUS(code)));
}
BOOL GetExitCodeProcess(HANDLE process, DWORD* code) {
    PROCESS_BASIC_INFORMATION information;
    NTSTATUS status = basic(process, &information);
    if (!NT_SUCCESS(status)) return fail(status);
    *code = DWORD(information.ExitStatus);
    return TRUE;
}
DWORD GetProcessId(HANDLE process) {
    PROCESS_BASIC_INFORMATION information;
    NTSTATUS status = basic(process, &information);
    return NT_SUCCESS(status) ? DWORD(information.UniqueProcessId) : (fail(status), 0);
}
HANDLE OpenProcess(DWORD access, BOOL inherit, DWORD id) {
    OBJECT_ATTRIBUTES attributes{sizeof attributes,         nullptr, nullptr,
                                 inherit ? OBJ_INHERIT : 0, nullptr, nullptr};
    CLIENT_ID client{reinterpret_cast<HANDLE>(ULONG_PTR(id)), nullptr};
    HANDLE process = nullptr;
    NTSTATUS status = NtOpenProcess(&process, access, &attributes, &client);
    if (NT_SUCCESS(status)) return process;
    fail(status);
    if (status == STATUS_INVALID_CID) RtlSetLastWin32Error(ERROR_INVALID_PARAMETER);
    return nullptr;
}
BOOL GetProcessTimes(HANDLE process, FILETIME* created, FILETIME* exited, FILETIME* kernel, FILETIME* user) {
    LARGE_INTEGER times[4];
    NTSTATUS status = NtQueryInformationProcess(process, ProcessTimes, times, sizeof times, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *created = filetime(times[0].QuadPart);
    *exited = filetime(times[1].QuadPart);
    *kernel = filetime(times[2].QuadPart);
    *user = filetime(times[3].QuadPart);
    return TRUE;
}
BOOL GetProcessIoCounters(HANDLE process, IO_COUNTERS* to) {
    return answer(NtQueryInformationProcess(process, ProcessIoCounters, to, sizeof *to, nullptr));
}
BOOL QueryProcessCycleTime(HANDLE process, ULONGLONG* to) {
    ULONGLONG cycles[2]; // accumulated, current
    const NTSTATUS status =
        NtQueryInformationProcess(process, ProcessCycleTime, cycles, sizeof cycles, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *to = cycles[0];
    return TRUE;
}
BOOL GetProcessAffinityMask(HANDLE process, ULONG_PTR* process_mask, ULONG_PTR* system_mask) {
    PROCESS_BASIC_INFORMATION information;
    NTSTATUS status = basic(process, &information);
    if (!NT_SUCCESS(status)) return fail(status);
    ULONG processors = NtCurrentPeb()->NumberOfProcessors;
    *process_mask = information.AffinityMask;
    *system_mask = processors >= 64 ? ~ULONG_PTR(0) : (ULONG_PTR(1) << processors) - 1;
    return TRUE;
}
BOOL SetProcessAffinityMask(HANDLE process, ULONG_PTR mask) {
    return answer(NtSetInformationProcess(process, ProcessAffinityMask, &mask, sizeof mask));
}

BOOL IsDebuggerPresent() { return NtCurrentPeb()->BeingDebugged; }
BOOL CheckRemoteDebuggerPresent(HANDLE process, BOOL* present) {
    ULONG_PTR port = 0;
    NTSTATUS status =
        NtQueryInformationProcess(process, 7 /* ProcessDebugPort */, &port, sizeof port, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *present = port != 0;
    return TRUE;
}
BOOL IsWow64Process(HANDLE process, BOOL* wow) {
    ULONG_PTR peb32 = 0;
    NTSTATUS status =
        NtQueryInformationProcess(process, 26 /* ProcessWow64Information */, &peb32, sizeof peb32, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *wow = peb32 != 0;
    return TRUE;
}

// Error mode bits of the process; SEM_FAILCRITICALERRORS and others only choose dialogs that nobody shows
// here.
UINT SetErrorMode(UINT mode) {
    static UINT process_mode;
    UINT old = process_mode;
    process_mode = mode;
    return old;
}
DWORD GetThreadErrorMode() { return RtlGetThreadErrorMode(); }
BOOL SetThreadErrorMode(DWORD mode, DWORD* old) { return answer(RtlSetThreadErrorMode(mode, old)); }

} // extern "C"
} // namespace nt
