// Path names as text: full names, current directory, temporary names, search.
#include "kernel32.h"

extern "C" {
namespace nt {
DWORD GetFileAttributesW(const WCHAR*);
HANDLE CreateFileW(const WCHAR*, DWORD, DWORD, SECURITY_ATTRIBUTES*, DWORD, DWORD, HANDLE);
DWORD GetEnvironmentVariableW(const WCHAR*, WCHAR*, DWORD);
DWORD GetTickCount();
} // namespace nt
}

namespace nt {
using namespace k32;

namespace {

constexpr DWORD LONGEST = 32768;
constexpr WCHAR windows_directory[] = u"C:\\Windows";
constexpr WCHAR system_directory[] = u"C:\\Windows\\System32";

// Full name of `name` in wide characters, in a scratch buffer; length 0 and last error on failure.
DWORD full_name(const WCHAR* name, Scratch<WCHAR>& to, WCHAR** part) {
    if (!to) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    *part = nullptr;
    ULONG bytes = RtlGetFullPathName_U(name, LONGEST * sizeof(WCHAR), to.get(), part);
    if (!bytes || bytes >= LONGEST * sizeof(WCHAR))
        return fail_with(bytes ? ERROR_FILENAME_EXCED_RANGE : ERROR_INVALID_NAME), 0;
    return bytes / sizeof(WCHAR);
}

// The directory for temporary files: TMP, TEMP, USERPROFILE, the Windows directory; ends with a backslash.
DWORD temporary_directory(Scratch<WCHAR>& to) {
    if (!to) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    DWORD n = 0;
    constexpr const WCHAR* variables[] = {u"TMP", u"TEMP", u"USERPROFILE"};
    for (const WCHAR* variable : variables) {
        n = GetEnvironmentVariableW(variable, to.get(), LONGEST - 2);
        if (n && n < LONGEST - 2) break;
        n = 0;
    }
    if (!n) {
        wcscpy(to.get(), windows_directory);
        n = ULONG(wcslen(to.get()));
    }
    if (to[n - 1] != '\\') {
        to[n++] = '\\';
        to[n] = 0;
    }
    return n;
}

template <class Char> DWORD get_full_path(const WCHAR* name, DWORD size, Char* to, Char** part) {
    Scratch<WCHAR> full(LONGEST);
    WCHAR* full_part;
    DWORD length = full_name(name, full, &full_part);
    if (!length) return 0;
    DWORD result = return_string(to, size, full.get(), length);
    if (part) {
        *part = nullptr;
        if (full_part && *full_part && result < size)
            *part = to + result -
                    return_string(static_cast<Char*>(nullptr), 0, full_part, ULONG(wcslen(full_part))) + 1;
    }
    return result;
}

template <class Char>
DWORD search_path(const WCHAR* path, const WCHAR* file, const WCHAR* extension, DWORD size, Char* to,
                  Char** part) {
    Scratch<WCHAR> name(LONGEST);
    if (!name) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    SIZE_T file_length = wcslen(file);
    const WCHAR* dot = wcsrchr(file, '.');
    bool add = extension && !(dot && !wcschr(dot, '\\') && !wcschr(dot, '/'));
    RTL_PATH_TYPE type = RtlDetermineDosPathNameType_U(file);
    auto attempt = [&](const WCHAR* directory, SIZE_T n) -> DWORD {
        if (n + file_length + 16 > LONGEST) return 0;
        RtlMoveMemory(name.get(), directory, n * sizeof(WCHAR));
        if (n && name[n - 1] != '\\') name[n++] = '\\';
        wcscpy(name.get() + n, file);
        if (add) wcscat(name.get(), extension);
        return GetFileAttributesW(name.get()) == INVALID_FILE_ATTRIBUTES
                   ? 0
                   : get_full_path(name.get(), size, to, part);
    };
    DWORD found = 0;
    if (type != RtlPathTypeRelative)
        found = attempt(u"", 0);
    else {
        if (!path) path = u".;C:\\Windows\\System32;C:\\Windows";
        while (!found && *path) {
            const WCHAR* end = wcschr(path, ';');
            SIZE_T n = end ? SIZE_T(end - path) : wcslen(path);
            if (n) found = attempt(path, n);
            path += n + (end ? 1 : 0);
        }
    }
    if (!found) RtlSetLastWin32Error(ERROR_FILE_NOT_FOUND);
    return found;
}

// Name prefix + up to four hexadecimal digits + .TMP. With unique 0 the file is created, to claim the name.
UINT temporary_name(const WCHAR* directory, const WCHAR* prefix, UINT unique, WCHAR* to) {
    SIZE_T n = wcslen(directory);
    if (n > MAX_PATH - 14) return fail_with(267), 0; // ERROR_DIRECTORY
    RtlMoveMemory(to, directory, n * sizeof(WCHAR));
    if (n && to[n - 1] != '\\') to[n++] = '\\';
    for (int i = 0; prefix && i < 3 && prefix[i]; ++i)
        to[n++] = prefix[i];
    auto spell = [&](UINT value) {
        SIZE_T at = n;
        bool digits = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            UINT digit = value >> shift & 15;
            digits |= digit || shift == 0;
            if (digits) to[at++] = WCHAR(digit < 10 ? '0' + digit : 'A' + digit - 10);
        }
        wcscpy(to + at, u".tmp");
    };
    if (unique & 0xffff) {
        spell(unique & 0xffff);
        return unique & 0xffff;
    }
    UINT start = GetTickCount() & 0xffff;
    for (UINT tried = 0; tried < 0xffff; ++tried) {
        UINT value = (start + tried) & 0xffff;
        if (!value) continue;
        spell(value);
        HANDLE file = CreateFileW(to, 0x80000000, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
        if (file != INVALID_HANDLE_VALUE) {
            NtClose(file);
            return value;
        }
        DWORD error = RtlGetLastWin32Error();
        if (error != ERROR_FILE_EXISTS && error != ERROR_ACCESS_DENIED) return 0;
    }
    return fail_with(ERROR_FILE_EXISTS), 0;
}

} // namespace

extern "C" {

DWORD GetFullPathNameW(const WCHAR* name, DWORD size, WCHAR* to, WCHAR** part) {
    return get_full_path(name, size, to, part);
}
DWORD GetFullPathNameA(const CHAR* name, DWORD size, CHAR* to, CHAR** part) {
    Wide wide(name);
    return wide.ok() ? get_full_path(wide.get(), size, to, part) : 0;
}

DWORD GetCurrentDirectoryW(DWORD size, WCHAR* to) {
    ULONG bytes = RtlGetCurrentDirectory_U(size * sizeof(WCHAR), to);
    return bytes / sizeof(WCHAR);
}
DWORD GetCurrentDirectoryA(DWORD size, CHAR* to) {
    Scratch<WCHAR> wide(LONGEST);
    if (!wide) return fail_with(ERROR_NOT_ENOUGH_MEMORY), 0;
    DWORD n = RtlGetCurrentDirectory_U(LONGEST * sizeof(WCHAR), wide.get()) / sizeof(WCHAR);
    return return_string(to, size, wide.get(), n);
}
BOOL SetCurrentDirectoryW(const WCHAR* path) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, path);
    return answer(RtlSetCurrentDirectory_U(&string));
}
BOOL SetCurrentDirectoryA(const CHAR* path) {
    Wide wide(path);
    return wide.ok() && SetCurrentDirectoryW(wide.get());
}

DWORD GetTempPathW(DWORD size, WCHAR* to) {
    Scratch<WCHAR> path(LONGEST);
    DWORD n = temporary_directory(path);
    return n ? return_string(to, size, path.get(), n) : 0;
}
DWORD GetTempPathA(DWORD size, CHAR* to) {
    Scratch<WCHAR> path(LONGEST);
    DWORD n = temporary_directory(path);
    return n ? return_string(to, size, path.get(), n) : 0;
}
UINT GetTempFileNameW(const WCHAR* directory, const WCHAR* prefix, UINT unique, WCHAR* to) {
    return temporary_name(directory, prefix, unique, to);
}
UINT GetTempFileNameA(const CHAR* directory, const CHAR* prefix, UINT unique, CHAR* to) {
    Wide wide_directory(directory), wide_prefix(prefix);
    if (!wide_directory.ok() || !wide_prefix.ok()) return 0;
    WCHAR name[MAX_PATH];
    UINT value = temporary_name(wide_directory.get(), wide_prefix.get(), unique, name);
    if (value) return_string(to, MAX_PATH, name, ULONG(wcslen(name)));
    return value;
}

DWORD SearchPathW(const WCHAR* path, const WCHAR* file, const WCHAR* extension, DWORD size, WCHAR* to,
                  WCHAR** part) {
    return search_path(path, file, extension, size, to, part);
}
DWORD SearchPathA(const CHAR* path, const CHAR* file, const CHAR* extension, DWORD size, CHAR* to,
                  CHAR** part) {
    Wide wide_path(path), wide_file(file), wide_extension(extension);
    if (!wide_path.ok() || !wide_file.ok() || !wide_extension.ok()) return 0;
    return search_path(wide_path.get(), wide_file.get(), wide_extension.get(), size, to, part);
}

UINT GetWindowsDirectoryW(WCHAR* to, UINT size) { return return_string(to, size, windows_directory, 10); }
UINT GetWindowsDirectoryA(CHAR* to, UINT size) { return return_string(to, size, windows_directory, 10); }
UINT GetSystemWindowsDirectoryW(WCHAR* to, UINT size) {
    return return_string(to, size, windows_directory, 10);
}
UINT GetSystemWindowsDirectoryA(CHAR* to, UINT size) {
    return return_string(to, size, windows_directory, 10);
}
UINT GetSystemDirectoryW(WCHAR* to, UINT size) { return return_string(to, size, system_directory, 19); }
UINT GetSystemDirectoryA(CHAR* to, UINT size) { return return_string(to, size, system_directory, 19); }

} // extern "C"
} // namespace nt
