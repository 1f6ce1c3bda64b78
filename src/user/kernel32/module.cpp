// Modules: loaded images, their names, what they export, their resources.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

// The names in the module list say .dll; a name without extension means it, a trailing dot means none.
struct ModuleName {
    explicit ModuleName(const WCHAR* name) {
        SIZE_T n = wcslen(name);
        bool dotted = false;
        for (SIZE_T i = n; i-- > 0 && name[i] != '\\' && name[i] != '/';)
            dotted |= name[i] == '.';
        if (n && name[n - 1] == '.') --n;
        if (n > MAX_PATH + 200) n = MAX_PATH + 200;
        RtlMoveMemory(text, name, n * sizeof(WCHAR));
        text[n] = 0;
        if (!dotted) wcscpy(text + n, u".dll");
        RtlInitUnicodeString(&string, text);
    }
    WCHAR text[MAX_PATH + 210];
    UNICODE_STRING string;
};

HMODULE find(const WCHAR* name, bool referenced) {
    if (!name) return NtCurrentPeb()->ImageBaseAddress;
    ModuleName module(name);
    PVOID base = nullptr;
    // flag 1: leave the reference count alone
    NTSTATUS status = LdrGetDllHandleEx(referenced ? 0 : 1, nullptr, nullptr, &module.string, &base);
    return NT_SUCCESS(status) ? base : (fail(status), nullptr);
}

HMODULE load(const WCHAR* name, DWORD flags) {
    constexpr DWORD DONT_RESOLVE_DLL_REFERENCES = 1, LOAD_LIBRARY_AS_DATAFILE = 2,
                    LOAD_LIBRARY_AS_IMAGE_RESOURCE = 0x20, LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE = 0x40;
    if (flags & (DONT_RESOLVE_DLL_REFERENCES | LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_IMAGE_RESOURCE |
                 LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE))
        stop("LoadLibraryEx (as data file or without references)");
    if (!name || !*name) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    ModuleName module(name);
    PVOID base = nullptr;
    // The search order flags (LOAD_LIBRARY_SEARCH_…, LOAD_WITH_ALTERED_SEARCH_PATH) choose among directories
    // that are searched anyhow.
    NTSTATUS status = LdrLoadDll(nullptr, nullptr, &module.string, &base);
    return NT_SUCCESS(status) ? base : (fail(status), nullptr);
}

template <class Char> DWORD file_name(HMODULE module, Char* to, DWORD size) {
    LDR_DATA_TABLE_ENTRY* entry;
    NTSTATUS status = LdrFindEntryForAddress(module ? module : NtCurrentPeb()->ImageBaseAddress, &entry);
    if (!NT_SUCCESS(status) || (module && entry->DllBase != module)) return fail_with(ERROR_MOD_NOT_FOUND), 0;
    DWORD n = entry->FullDllName.Length / 2;
    DWORD result = return_string(to, size, entry->FullDllName.Buffer, n);
    if (result < size) return RtlSetLastWin32Error(ERROR_SUCCESS), result;
    // Truncated and terminated, as documented since Windows Vista.
    if (size) {
        Scratch<Char> whole(result);
        if (whole && return_string(whole.get(), result, entry->FullDllName.Buffer, n)) {
            RtlMoveMemory(to, whole.get(), (size - 1) * sizeof(Char));
            to[size - 1] = 0;
        }
    }
    return fail_with(ERROR_INSUFFICIENT_BUFFER), size;
}

BOOL module_ex(DWORD flags, const void* name, bool wide, HMODULE* to) {
    constexpr DWORD PIN = 1, UNCHANGED_REFCOUNT = 2, FROM_ADDRESS = 4;
    if (!to) return fail_with(ERROR_INVALID_PARAMETER);
    *to = nullptr;
    if ((flags & ~7u) || ((flags & PIN) && (flags & UNCHANGED_REFCOUNT)))
        return fail_with(ERROR_INVALID_PARAMETER);
    HMODULE base = nullptr;
    if (flags & FROM_ADDRESS) {
        LDR_DATA_TABLE_ENTRY* entry;
        if (!NT_SUCCESS(LdrFindEntryForAddress(const_cast<PVOID>(name), &entry)))
            return fail_with(ERROR_MOD_NOT_FOUND);
        base = entry->DllBase;
    } else if (wide || !name)
        base = find(static_cast<const WCHAR*>(name), false);
    else {
        Wide text(static_cast<const CHAR*>(name));
        if (!text.ok()) return FALSE;
        base = find(text.get(), false);
    }
    if (!base) return FALSE;
    if (!(flags & UNCHANGED_REFCOUNT)) {
        NTSTATUS status = LdrAddRefDll(flags & PIN ? 1 : 0, base);
        if (!NT_SUCCESS(status)) return fail(status);
    }
    *to = base;
    return TRUE;
}

PVOID find_resource(HMODULE module, ULONG_PTR type, ULONG_PTR name, WORD language) {
    ULONG_PTR path[] = {type, name, language};
    PVOID entry = nullptr;
    NTSTATUS status = LdrFindResource_U(module ? module : NtCurrentPeb()->ImageBaseAddress, path, 3, &entry);
    return NT_SUCCESS(status) ? entry : (fail(status), nullptr);
}

} // namespace

extern "C" {

HMODULE GetModuleHandleW(const WCHAR* name) { return find(name, false); }
HMODULE GetModuleHandleA(const CHAR* name) {
    Wide wide(name);
    return wide.ok() ? find(wide.get(), false) : nullptr;
}
BOOL GetModuleHandleExW(DWORD flags, const void* name, HMODULE* to) {
    return module_ex(flags, name, true, to);
}
BOOL GetModuleHandleExA(DWORD flags, const void* name, HMODULE* to) {
    return module_ex(flags, name, false, to);
}

HMODULE LoadLibraryExW(const WCHAR* name, HANDLE, DWORD flags) { return load(name, flags); }
HMODULE LoadLibraryExA(const CHAR* name, HANDLE, DWORD flags) {
    Wide wide(name);
    return wide.ok() ? load(wide.get(), flags) : nullptr;
}
HMODULE LoadLibraryW(const WCHAR* name) { return load(name, 0); }
HMODULE LoadLibraryA(const CHAR* name) { return LoadLibraryExA(name, nullptr, 0); }
BOOL FreeLibrary(HMODULE module) { return answer(LdrUnloadDll(module)); }
[[noreturn]] void FreeLibraryAndExitThread(HMODULE module, DWORD code) {
    LdrUnloadDll(module);
    RtlExitUserThread(code);
}
BOOL DisableThreadLibraryCalls(HMODULE module) { return answer(LdrDisableThreadCalloutsForDll(module)); }

// A name below 64 Ki is an ordinal.
PVOID GetProcAddress(HMODULE module, const CHAR* name) {
    PVOID address = nullptr;
    ANSI_STRING string;
    bool by_name = ULONG_PTR(name) >> 16;
    if (by_name) RtlInitAnsiString(&string, name);
    NTSTATUS status =
        LdrGetProcedureAddress(module ? module : NtCurrentPeb()->ImageBaseAddress,
                               by_name ? &string : nullptr, by_name ? 0 : ULONG(ULONG_PTR(name)), &address);
    if (NT_SUCCESS(status)) return address;
    fail(status);
    if (status == STATUS_ENTRYPOINT_NOT_FOUND || status == STATUS_ORDINAL_NOT_FOUND ||
        status == STATUS_PROCEDURE_NOT_FOUND)
        RtlSetLastWin32Error(ERROR_PROC_NOT_FOUND);
    return nullptr;
}

DWORD GetModuleFileNameW(HMODULE module, WCHAR* to, DWORD size) { return file_name(module, to, size); }
DWORD GetModuleFileNameA(HMODULE module, CHAR* to, DWORD size) { return file_name(module, to, size); }

PVOID ResolveDelayLoadedAPI(PVOID base, const void* descriptor, PVOID dll_hook, PVOID system_hook,
                            PVOID* thunk, ULONG flags) {
    return LdrResolveDelayLoadedAPI(base, descriptor, dll_hook, system_hook, thunk, flags);
}
// A delay-loaded function that cannot be found: a Visual C++ exception that names module or procedure.
PVOID DelayLoadFailureHook(const CHAR* dll, const CHAR* name) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = NTSTATUS(0xC06D007F);
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.NumberParameters = 2;
    record.ExceptionInformation[0] = ULONG_PTR(dll);
    record.ExceptionInformation[1] = ULONG_PTR(name);
    RtlRaiseException(&record);
    return nullptr;
}

BOOL SetDllDirectoryW(const WCHAR* path) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, path);
    return answer(LdrSetDllDirectory(&string));
}
BOOL SetDllDirectoryA(const CHAR* path) {
    Wide wide(path);
    return wide.ok() && SetDllDirectoryW(wide.get());
}
// The default search already goes only through the program's and the system's directories.
BOOL SetDefaultDllDirectories(DWORD flags) {
    return flags & ~0x1f00u || !flags ? fail_with(ERROR_INVALID_PARAMETER) : BOOL(TRUE);
}

PVOID FindResourceExW(HMODULE module, const WCHAR* type, const WCHAR* name, WORD language) {
    return find_resource(module, ULONG_PTR(type), ULONG_PTR(name), language);
}
PVOID FindResourceW(HMODULE module, const WCHAR* name, const WCHAR* type) {
    return find_resource(module, ULONG_PTR(type), ULONG_PTR(name), 0);
}
PVOID LoadResource(HMODULE module, PVOID entry) {
    PVOID address = nullptr;
    NTSTATUS status =
        LdrAccessResource(module ? module : NtCurrentPeb()->ImageBaseAddress, entry, &address, nullptr);
    return NT_SUCCESS(status) ? address : (fail(status), nullptr);
}
PVOID LockResource(PVOID resource) { return resource; }
DWORD SizeofResource(HMODULE module, PVOID entry) {
    ULONG size = 0;
    NTSTATUS status =
        LdrAccessResource(module ? module : NtCurrentPeb()->ImageBaseAddress, entry, nullptr, &size);
    return NT_SUCCESS(status) ? size : (fail(status), 0);
}
BOOL FreeResource(PVOID) {
    return FALSE;
} // nothing to free: documented as always 0 for 32-bit and later programs

} // extern "C"
} // namespace nt
