// The console: what the process's standard handles are when they are not redirected. The device takes and
// gives bytes in UTF-8, the code page of the terminal; its cells, cursor and events are not modelled.
#include "console.h"

namespace nt {
using namespace k32;

extern "C" {
INT MultiByteToWideChar(UINT, DWORD, const CHAR*, INT, WCHAR*, INT);
INT WideCharToMultiByte(UINT, DWORD, const WCHAR*, INT, CHAR*, INT, const CHAR*, BOOL*);
}

namespace {

// Modes and code pages live with the console, which this process is the only user of.
DWORD input_mode = 0x1f7; // processed, line, echo, insert, quick edit, extended, auto position, mouse
DWORD output_mode = 0x3;  // processed, wrap at end of line
UINT input_code_page = 437, output_code_page = 437;

enum class Direction { none, input, output };

// FILE_DEVICE_CONSOLE tells a console; which end it is shows in the access that the handle grants.
Direction console(HANDLE handle) {
    FILE_FS_DEVICE_INFORMATION device;
    FILE_ACCESS_INFORMATION access;
    IO_STATUS_BLOCK iosb;
    if (!NT_SUCCESS(
            NtQueryVolumeInformationFile(handle, &iosb, &device, sizeof device, FileFsDeviceInformation)) ||
        device.DeviceType != 0x50)
        return Direction::none;
    auto* p = NtCurrentPeb()->ProcessParameters;
    if (handle == p->StandardInput) return Direction::input;
    if (handle == p->StandardOutput || handle == p->StandardError) return Direction::output;
    if (NT_SUCCESS(NtQueryInformationFile(handle, &iosb, &access, sizeof access, FileAccessInformation)))
        return access.AccessFlags & FILE_WRITE_DATA ? Direction::output : Direction::input;
    return Direction::output;
}

BOOL write(HANDLE handle, const void* bytes, ULONG length) {
    IO_STATUS_BLOCK iosb;
    return answer(NtWriteFile(handle, nullptr, nullptr, nullptr, &iosb, bytes, length, nullptr, nullptr));
}

BOOL write_console(HANDLE handle, const WCHAR* text, DWORD length, DWORD* written) {
    if (written) *written = 0;
    CHAR bytes[768];
    for (DWORD at = 0; at < length;) {
        DWORD n = length - at < 256 ? length - at : 256;
        if (n == 256 && (text[at + 255] & 0xfc00) == 0xd800) --n; // keep a surrogate pair together
        INT size = WideCharToMultiByte(CP_UTF8, 0, text + at, INT(n), bytes, sizeof bytes, nullptr, nullptr);
        if (!write(handle, bytes, ULONG(size))) return FALSE;
        at += n;
        if (written) *written = at;
    }
    return TRUE;
}

BOOL read_bytes(HANDLE handle, CHAR* to, DWORD size, DWORD* got) {
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtReadFile(handle, nullptr, nullptr, nullptr, &iosb, to, size, nullptr, nullptr);
    *got = NT_SUCCESS(status) ? DWORD(iosb.Information) : 0;
    return status == STATUS_END_OF_FILE ? BOOL(TRUE) : answer(status);
}

} // namespace

namespace k32 {

WORD text_attributes = usual_attributes;

bool is_console_output(HANDLE handle) { return console(handle) == Direction::output; }
BOOL write_to_console(HANDLE handle, const CHAR* bytes, ULONG length) { return write(handle, bytes, length); }
BOOL write_text_to_console(HANDLE handle, const WCHAR* text, DWORD length) {
    return write_console(handle, text, length, nullptr);
}

} // namespace k32

extern "C" {

BOOL GetConsoleMode(HANDLE handle, DWORD* mode) {
    handle = real_handle(handle);
    Direction d = console(handle);
    if (d == Direction::none) return fail_with(ERROR_INVALID_HANDLE);
    *mode = d == Direction::input ? input_mode : output_mode;
    return TRUE;
}
BOOL SetConsoleMode(HANDLE handle, DWORD mode) {
    handle = real_handle(handle);
    Direction d = console(handle);
    if (d == Direction::none) return fail_with(ERROR_INVALID_HANDLE);
    if (mode & ~(d == Direction::input ? 0x3ffu : 0x1fu)) return fail_with(ERROR_INVALID_PARAMETER);
    (d == Direction::input ? input_mode : output_mode) = mode;
    return TRUE;
}
UINT GetConsoleCP() { return input_code_page; }
UINT GetConsoleOutputCP() { return output_code_page; }
BOOL IsValidCodePage(UINT);
BOOL SetConsoleCP(UINT page) {
    return IsValidCodePage(page) ? (input_code_page = page, BOOL(TRUE)) : fail_with(ERROR_INVALID_PARAMETER);
}
BOOL SetConsoleOutputCP(UINT page) {
    return IsValidCodePage(page) ? (output_code_page = page, BOOL(TRUE)) : fail_with(ERROR_INVALID_PARAMETER);
}

BOOL WriteConsoleW(HANDLE handle, const void* text, DWORD length, DWORD* written, PVOID) {
    handle = real_handle(handle);
    if (console(handle) != Direction::output) return fail_with(ERROR_INVALID_HANDLE);
    return write_console(handle, static_cast<const WCHAR*>(text), length, written);
}
BOOL WriteConsoleA(HANDLE handle, const void* text, DWORD length, DWORD* written, PVOID) {
    handle = real_handle(handle);
    if (console(handle) != Direction::output) return fail_with(ERROR_INVALID_HANDLE);
    if (written) *written = 0;
    if (!length) return TRUE;
    INT n = MultiByteToWideChar(output_code_page, 0, static_cast<const CHAR*>(text), INT(length), nullptr, 0);
    Scratch<WCHAR> wide(ULONG(n) + 1);
    if (!wide) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    MultiByteToWideChar(output_code_page, 0, static_cast<const CHAR*>(text), INT(length), wide.get(), n);
    if (!write_console(handle, wide.get(), ULONG(n), nullptr)) return FALSE;
    if (written) *written = length;
    return TRUE;
}
BOOL ReadConsoleW(HANDLE handle, PVOID to, DWORD size, DWORD* got, PVOID) {
    handle = real_handle(handle);
    if (console(handle) != Direction::input) return fail_with(ERROR_INVALID_HANDLE);
    Scratch<CHAR> bytes(size + 1);
    if (!bytes) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    DWORD n;
    if (!read_bytes(handle, bytes.get(), size, &n)) return FALSE;
    *got = n ? DWORD(MultiByteToWideChar(CP_UTF8, 0, bytes.get(), INT(n), static_cast<WCHAR*>(to), INT(size)))
             : 0;
    return TRUE;
}
BOOL ReadConsoleA(HANDLE handle, PVOID to, DWORD size, DWORD* got, PVOID) {
    handle = real_handle(handle);
    if (console(handle) != Direction::input) return fail_with(ERROR_INVALID_HANDLE);
    return read_bytes(handle, static_cast<CHAR*>(to), size, got);
}

// assumed: the window is 80 by 25 with the cursor at its origin.
BOOL GetConsoleScreenBufferInfo(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFO* to) {
    if (console(real_handle(handle)) != Direction::output) return fail_with(ERROR_INVALID_HANDLE);
    *to = {{80, 25}, {0, 0}, text_attributes, {0, 0, 79, 24}, {80, 25}};
    return TRUE;
}
BOOL VerifyConsoleIoHandle(HANDLE handle) { return console(real_handle(handle)) != Direction::none; }

// Control events come from a terminal's keyboard, which is not modelled: the list of handlers is kept and
// never called.
BOOL SetConsoleCtrlHandler(BOOL (*handler)(DWORD), BOOL add) {
    static BOOL (*handlers[16])(DWORD);
    static ULONG count;
    if (!handler) return TRUE; // whether Ctrl+C is ignored
    if (add) {
        if (count == 16) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
        handlers[count++] = handler;
        return TRUE;
    }
    for (ULONG i = count; i-- > 0;)
        if (handlers[i] == handler) {
            for (--count; i < count; ++i)
                handlers[i] = handlers[i + 1];
            return TRUE;
        }
    return fail_with(ERROR_INVALID_PARAMETER);
}

} // extern "C"
} // namespace nt
