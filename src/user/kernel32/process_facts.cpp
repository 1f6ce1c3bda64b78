// What a process can be asked about itself and others, beside its identity: session, job, architecture,
// processor groups, shutdown order. Pages nf-processthreadsapi-…, nf-jobapi-isprocessinjob,
// nf-wow64apiset-iswow64process2, nf-winbase-winexec.
#include "kernel32.h"

namespace nt {
using namespace k32;

struct PROCESS_INFORMATION {
    HANDLE hProcess, hThread;
    DWORD dwProcessId, dwThreadId;
};

extern "C" HANDLE OpenProcess(DWORD access, BOOL inherit, DWORD id);
extern "C" BOOL CreateProcessA(const CHAR* application, CHAR* command_line, SECURITY_ATTRIBUTES* process,
                               SECURITY_ATTRIBUTES* thread, BOOL inherit, DWORD flags, PVOID environment,
                               const CHAR* directory, STARTUPINFOA* startup,
                               PROCESS_INFORMATION* information);

namespace {

constexpr WORD MACHINE_UNKNOWN = 0, MACHINE_AMD64 = 0x8664;
constexpr DWORD ERROR_BAD_FORMAT = 11, ERROR_BAD_EXE_FORMAT = 193;

// "Default" of the page SetProcessShutdownParameters.
DWORD shutdown_level = 0x280, shutdown_flags;
constexpr DWORD SHUTDOWN_NORETRY = 1;

template <class T> NTSTATUS query(HANDLE process, PROCESSINFOCLASS cls, T& to) {
    return NtQueryInformationProcess(process, cls, &to, sizeof to, nullptr);
}

} // namespace

extern "C" {

BOOL ProcessIdToSessionId(DWORD id, DWORD* session) {
    const HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id);
    if (!process) return FALSE;
    const NTSTATUS status = query(process, ProcessSessionInformation, *session);
    NtClose(process);
    return answer(status);
}

// There are no jobs: no process is in one, and no handle is one's.
BOOL IsProcessInJob(HANDLE process, HANDLE job, BOOL* result) {
    PROCESS_BASIC_INFORMATION basic;
    const NTSTATUS status = query(process, ProcessBasicInformation, basic);
    if (!NT_SUCCESS(status)) return fail(status);
    if (job) return fail_with(ERROR_INVALID_HANDLE);
    *result = FALSE;
    return TRUE;
}

BOOL IsProcessCritical(HANDLE process, BOOL* critical) {
    ULONG flag;
    const NTSTATUS status = query(process, ProcessBreakOnTermination, flag);
    if (!NT_SUCCESS(status)) return fail(status);
    *critical = flag != 0;
    return TRUE;
}

// IMAGE_FILE_MACHINE_UNKNOWN: not a WOW64 process.
BOOL IsWow64Process2(HANDLE process, WORD* machine, WORD* native) {
    PROCESS_BASIC_INFORMATION basic;
    const NTSTATUS status = query(process, ProcessBasicInformation, basic);
    if (!NT_SUCCESS(status)) return fail(status);
    *machine = MACHINE_UNKNOWN;
    if (native) *native = MACHINE_AMD64;
    return TRUE;
}

BOOL GetProcessGroupAffinity(HANDLE process, WORD* count, WORD* groups) {
    PROCESS_BASIC_INFORMATION basic;
    const NTSTATUS status = query(process, ProcessBasicInformation, basic);
    if (!NT_SUCCESS(status)) return fail(status);
    const bool room = *count >= 1;
    *count = 1;
    if (!room) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    groups[0] = 0;
    return TRUE;
}

// The version of the subsystem that the process's image asks for: major in the high word. 0: the caller.
DWORD GetProcessVersion(DWORD id) {
    const HANDLE process =
        id ? OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_VM_READ, FALSE, id) : NtCurrentProcess();
    if (!process) return 0;
    PROCESS_BASIC_INFORMATION basic;
    PEB peb;
    SIZE_T done;
    NTSTATUS status = query(process, ProcessBasicInformation, basic);
    if (NT_SUCCESS(status))
        status =
            NtReadVirtualMemory(process, static_cast<PVOID>(basic.PebBaseAddress), &peb, sizeof peb, &done);
    if (id) NtClose(process);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    return peb.ImageSubsystemMajorVersion << 16 | (peb.ImageSubsystemMinorVersion & 0xffff);
}

// Nobody shuts the system down in an order.
BOOL GetProcessShutdownParameters(DWORD* level, DWORD* flags) {
    *level = shutdown_level;
    *flags = shutdown_flags;
    return TRUE;
}
BOOL SetProcessShutdownParameters(DWORD level, DWORD flags) {
    constexpr DWORD highest = 0x4ff;
    if (level > highest || flags & ~SHUTDOWN_NORETRY) return fail_with(ERROR_INVALID_PARAMETER);
    shutdown_level = level;
    shutdown_flags = flags;
    return TRUE;
}

// "If the function succeeds, the return value is greater than 31."
UINT WinExec(const CHAR* command, UINT show) {
    constexpr DWORD STARTF_USESHOWWINDOW = 1;
    constexpr UINT success = 33;
    STARTUPINFOA startup{};
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESHOWWINDOW;
    startup.wShowWindow = WORD(show);
    PROCESS_INFORMATION made;
    Scratch<CHAR> line(strlen(command) + 1);
    if (!line) return 0;
    RtlMoveMemory(line.get(), command, strlen(command) + 1);
    if (CreateProcessA(nullptr, line.get(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &made)) {
        NtClose(made.hThread);
        NtClose(made.hProcess);
        return success;
    }
    switch (const DWORD error = RtlGetLastWin32Error()) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return error;
    case ERROR_BAD_EXE_FORMAT:
        return ERROR_BAD_FORMAT;
    default:
        return 0; // "The system is out of memory or resources."
    }
}

} // extern "C"
} // namespace nt
