// The drivers in the kernel, as the process status functions list them: nf-psapi-enumdevicedrivers,
// -getdevicedriverbasenamew, -getdevicedriverfilenamew.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

// SystemModuleInformation
struct Module {
    HANDLE section;
    PVOID mapped_base, image_base;
    ULONG image_size, flags;
    USHORT load_order, init_order, load_count, name_offset;
    CHAR path[256];
};
struct ModuleList {
    ULONGLONG count;
    Module modules[1];
};

// Released with heap_free; null with the last error.
ModuleList* query_modules() {
    for (ULONG size = 0x4000;;) {
        auto* list = static_cast<ModuleList*>(heap_allocate(size));
        if (!list) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
        ULONG needed = 0;
        const NTSTATUS status = NtQuerySystemInformation(11, list, size, &needed);
        if (NT_SUCCESS(status)) return list;
        heap_free(list);
        if (status != NTSTATUS(STATUS_INFO_LENGTH_MISMATCH)) return fail(status), nullptr;
        size = needed > size ? needed : size * 2;
    }
}

// The name in the list's path from `offset` on (0: all of it).
template <class Char> DWORD driver_name(PVOID base, Char* to, DWORD size, bool whole) {
    ModuleList* list = query_modules();
    if (!list) return 0;
    const Module* found = nullptr;
    for (ULONGLONG i = 0; i < list->count && !found; i++)
        if (list->modules[i].image_base == base) found = &list->modules[i];
    DWORD length = 0;
    bool fits = true;
    if (found) {
        Wide name(found->path + (whole ? 0 : found->name_offset));
        const DWORD n = name.ok() ? DWORD(wcslen(name.get())) : 0;
        if (n) length = return_string(to, size, name.get(), n);
        fits = length < size;
    } else
        RtlSetLastWin32Error(ERROR_INVALID_HANDLE);
    heap_free(list);
    return fits ? length : (fail_with(ERROR_INSUFFICIENT_BUFFER), 0);
}

} // namespace

extern "C" {

// As many as fit; lpcbNeeded is of all of them.
BOOL K32EnumDeviceDrivers(PVOID* bases, DWORD size, DWORD* needed) {
    ModuleList* list = query_modules();
    if (!list) return FALSE;
    for (ULONGLONG i = 0; i < list->count && (i + 1) * sizeof *bases <= size; i++)
        bases[i] = list->modules[i].image_base;
    *needed = DWORD(list->count * sizeof *bases);
    heap_free(list);
    return TRUE;
}
DWORD K32GetDeviceDriverBaseNameW(PVOID base, WCHAR* to, DWORD size) {
    return driver_name(base, to, size, false);
}
DWORD K32GetDeviceDriverBaseNameA(PVOID base, CHAR* to, DWORD size) {
    return driver_name(base, to, size, false);
}
DWORD K32GetDeviceDriverFileNameW(PVOID base, WCHAR* to, DWORD size) {
    return driver_name(base, to, size, true);
}
DWORD K32GetDeviceDriverFileNameA(PVOID base, CHAR* to, DWORD size) {
    return driver_name(base, to, size, true);
}

} // extern "C"
} // namespace nt
