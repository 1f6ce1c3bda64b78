// Command line, environment variables and start-up information: views of the process parameters.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

CHAR* ansi_command_line;

const UNICODE_STRING& command_line() { return NtCurrentPeb()->ProcessParameters->CommandLine; }

SIZE_T environment_length(const WCHAR* block) {
    SIZE_T n = 0;
    do
        n += wcslen(block + n) + 1;
    while (block[n]);
    return n + 1;
}

template <class Char> DWORD variable(const WCHAR* name, Char* to, DWORD size) {
    SIZE_T length = 0;
    NTSTATUS status = RtlQueryEnvironmentVariable(nullptr, name, wcslen(name), nullptr, 0, &length);
    if (status == STATUS_VARIABLE_NOT_FOUND) return fail(status), 0;
    // The value may be empty; then the query needs no room and succeeds.
    Scratch<WCHAR> value(length + 1);
    if (!value) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    status = RtlQueryEnvironmentVariable(nullptr, name, wcslen(name), value.get(), length + 1, &length);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    if (!length) RtlSetLastWin32Error(ERROR_SUCCESS);
    return return_string(to, size, value.get(), DWORD(length));
}

template <class Char> DWORD expand(const WCHAR* source, Char* to, DWORD size) {
    SIZE_T needed = 0, n = wcslen(source);
    NTSTATUS status = RtlExpandEnvironmentStrings(nullptr, source, n, nullptr, 0, &needed);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_TOO_SMALL) return fail(status), 0;
    Scratch<WCHAR> text(needed + 2);
    if (!text) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    status = RtlExpandEnvironmentStrings(nullptr, source, n, text.get(), needed + 1, &needed);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    DWORD length = DWORD(wcslen(text.get()));
    DWORD result = return_string(to, size, text.get(), length);
    return result < size ? result + 1 : result; // this function counts the terminator
}

CHAR* ansi_copy(const UNICODE_STRING& from) {
    const SIZE_T n = from.Length / 2;
    const ULONG size = ansi_size(from.Buffer, n);
    auto* copy = static_cast<CHAR*>(heap_allocate(size + 1));
    if (copy) copy[to_ansi(copy, size, from.Buffer, n)] = 0;
    return copy;
}

template <class Char> void startup_info(STARTUPINFO<Char>* to) {
    auto* p = NtCurrentPeb()->ProcessParameters;
    *to = {};
    to->cb = sizeof *to;
    to->dwX = p->StartingX;
    to->dwY = p->StartingY;
    to->dwXSize = p->CountX;
    to->dwYSize = p->CountY;
    to->dwXCountChars = p->CountCharsX;
    to->dwYCountChars = p->CountCharsY;
    to->dwFillAttribute = p->FillAttribute;
    to->dwFlags = p->WindowFlags;
    to->wShowWindow = WORD(p->ShowWindowFlags);
    to->cbReserved2 = p->RuntimeData.Length;
    to->lpReserved2 = reinterpret_cast<UCHAR*>(p->RuntimeData.Buffer);
    constexpr DWORD USESTDHANDLES = 0x100;
    if (p->WindowFlags & USESTDHANDLES) {
        to->hStdInput = p->StandardInput;
        to->hStdOutput = p->StandardOutput;
        to->hStdError = p->StandardError;
    }
    if constexpr (sizeof(Char) == 2) {
        to->lpDesktop = p->DesktopInfo.Buffer;
        to->lpTitle = p->WindowTitle.Buffer;
        to->lpReserved = p->ShellInfo.Buffer;
    } else { // copies, made once
        static CHAR* copies[3];
        const UNICODE_STRING* from[] = {&p->DesktopInfo, &p->WindowTitle, &p->ShellInfo};
        for (int i = 0; i < 3; i++)
            if (!copies[i] && from[i]->Buffer) copies[i] = ansi_copy(*from[i]);
        to->lpDesktop = copies[0];
        to->lpTitle = copies[1];
        to->lpReserved = copies[2];
    }
}

} // namespace

void k32::initialize_command_line() {
    SIZE_T n = command_line().Length / 2;
    ULONG size = ansi_size(command_line().Buffer, n);
    ansi_command_line = static_cast<CHAR*>(heap_allocate(size + 1));
    if (!ansi_command_line) return;
    to_ansi(ansi_command_line, size, command_line().Buffer, n);
    ansi_command_line[size] = 0;
}

extern "C" {

WCHAR* GetCommandLineW() { return command_line().Buffer; }
CHAR* GetCommandLineA() { return ansi_command_line; }
void GetStartupInfoW(STARTUPINFOW* to) { startup_info(to); }
void GetStartupInfoA(STARTUPINFOA* to) { startup_info(to); }

DWORD GetEnvironmentVariableW(const WCHAR* name, WCHAR* to, DWORD size) { return variable(name, to, size); }
DWORD GetEnvironmentVariableA(const CHAR* name, CHAR* to, DWORD size) {
    Wide wide(name);
    return wide.ok() ? variable(wide.get(), to, size) : 0;
}
BOOL SetEnvironmentVariableW(const WCHAR* name, const WCHAR* value) {
    if (!name || !*name) return fail_with(ERROR_INVALID_PARAMETER);
    return answer(RtlSetEnvironmentVar(nullptr, name, wcslen(name), value, value ? wcslen(value) : 0));
}
BOOL SetEnvironmentVariableA(const CHAR* name, const CHAR* value) {
    Wide wide_name(name), wide_value(value);
    return wide_name.ok() && wide_value.ok() && SetEnvironmentVariableW(wide_name.get(), wide_value.get());
}
DWORD ExpandEnvironmentStringsW(const WCHAR* source, WCHAR* to, DWORD size) {
    return expand(source, to, size);
}
DWORD ExpandEnvironmentStringsA(const CHAR* source, CHAR* to, DWORD size) {
    Wide wide(source);
    return wide.ok() ? expand(wide.get(), to, size) : 0;
}

// Copies, which FreeEnvironmentStrings releases.
WCHAR* GetEnvironmentStringsW() {
    RtlAcquirePebLock();
    const WCHAR* block = NtCurrentPeb()->ProcessParameters->Environment;
    SIZE_T n = environment_length(block);
    auto* copy = static_cast<WCHAR*>(heap_allocate(n * sizeof(WCHAR)));
    if (copy) RtlMoveMemory(copy, block, n * sizeof(WCHAR));
    RtlReleasePebLock();
    return copy;
}
CHAR* GetEnvironmentStringsA() {
    RtlAcquirePebLock();
    const WCHAR* block = NtCurrentPeb()->ProcessParameters->Environment;
    SIZE_T n = environment_length(block);
    ULONG size = ansi_size(block, n);
    auto* copy = static_cast<CHAR*>(heap_allocate(size));
    if (copy) to_ansi(copy, size, block, n);
    RtlReleasePebLock();
    return copy;
}
BOOL FreeEnvironmentStringsW(WCHAR* block) {
    heap_free(block);
    return TRUE;
}
BOOL FreeEnvironmentStringsA(CHAR* block) {
    heap_free(block);
    return TRUE;
}

} // extern "C"
} // namespace nt
