// The process: its identity, its end.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

NTSTATUS basic(HANDLE process, PROCESS_BASIC_INFORMATION* to) {
    return NtQueryInformationProcess(process, ProcessBasicInformation, to, sizeof *to, nullptr);
}

constexpr UINT SEM_FAILCRITICALERRORS = 1, SEM_NOGPFAULTERRORBOX = 2, SEM_NOALIGNMENTFAULTEXCEPT = 4,
               SEM_NOOPENFILEERRORBOX = 0x8000;

// A thread has three of the modes; ntdll numbers them in its own way (RTL_ERRORMODE_…).
struct ThreadErrorMode {
    DWORD of_win32;
    ULONG of_ntdll;
};
constexpr ThreadErrorMode thread_error_modes[] = {
    {SEM_FAILCRITICALERRORS, 0x10}, {SEM_NOGPFAULTERRORBOX, 0x20}, {SEM_NOOPENFILEERRORBOX, 0x40}};

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

// SetErrorMode, GetErrorMode, SetThreadErrorMode; "Error Mode". The modes choose dialogs that nobody shows
// here. The kernel's bit 0 is the opposite of SEM_FAILCRITICALERRORS.
UINT GetErrorMode() {
    ULONG mode = SEM_FAILCRITICALERRORS;
    NtQueryInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &mode, sizeof mode, nullptr);
    return mode ^ SEM_FAILCRITICALERRORS;
}
UINT SetErrorMode(UINT mode) {
    const UINT old = GetErrorMode();
    // "After this value is set for a process, subsequent attempts to clear the value are ignored."
    ULONG wanted = (mode | (old & SEM_NOALIGNMENTFAULTEXCEPT)) ^ SEM_FAILCRITICALERRORS;
    NtSetInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &wanted, sizeof wanted);
    return old;
}
DWORD GetThreadErrorMode() {
    DWORD mode = 0;
    for (const ThreadErrorMode& m : thread_error_modes)
        if (RtlGetThreadErrorMode() & m.of_ntdll) mode |= m.of_win32;
    return mode;
}
BOOL SetThreadErrorMode(DWORD mode, DWORD* old) {
    ULONG wanted = 0;
    for (const ThreadErrorMode& m : thread_error_modes) {
        if (mode & m.of_win32) wanted |= m.of_ntdll;
        mode &= ~m.of_win32;
    }
    if (mode) return fail_with(ERROR_INVALID_PARAMETER);
    const DWORD before = GetThreadErrorMode();
    const NTSTATUS status = RtlSetThreadErrorMode(wanted, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    if (old) *old = before;
    return TRUE;
}

} // extern "C"
} // namespace nt
