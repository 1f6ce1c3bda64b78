// The process status functions (psapi.h), which kernel32 exports with the prefix K32: memory and modules of
// the calling process. Other processes' modules are in their memory, which is read through their handle.
#include "process_modules.h"

namespace nt {
using namespace k32;

namespace {

struct PROCESS_MEMORY_COUNTERS_EX {
    DWORD cb, PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage,
        QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage, PagefileUsage, PeakPagefileUsage, PrivateUsage;
};
constexpr DWORD plain_counters = offsetof(PROCESS_MEMORY_COUNTERS_EX, PrivateUsage);

struct MODULEINFO {
    PVOID lpBaseOfDll;
    DWORD SizeOfImage;
    PVOID EntryPoint;
};

struct VM_COUNTERS { // ProcessVmCounters
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage,
        QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage, PagefileUsage, PeakPagefileUsage;
};

bool find_module(HANDLE process, HMODULE module, LDR_DATA_TABLE_ENTRY* to) {
    bool there = false;
    const bool walked = each_module(process, [&](const LDR_DATA_TABLE_ENTRY& entry) {
        there = !module || entry.DllBase == module; // null: the program, which comes first
        if (there) *to = entry;
        return !there;
    });
    return walked && (there || fail_with(ERROR_INVALID_HANDLE));
}

template <class Char>
DWORD module_name(HANDLE process, HMODULE module, Char* to, DWORD size,
                  UNICODE_STRING LDR_DATA_TABLE_ENTRY::* which) {
    LDR_DATA_TABLE_ENTRY entry;
    if (!find_module(process, module, &entry)) return 0;
    const UNICODE_STRING name = entry.*which;
    Scratch<WCHAR> text(name.Length / 2u + 1);
    if (!text || !size) return fail_with(text ? ERROR_INSUFFICIENT_BUFFER : ERROR_NOT_ENOUGH_MEMORY), 0;
    SIZE_T done;
    const NTSTATUS status = NtReadVirtualMemory(process, name.Buffer, text.get(), name.Length, &done);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    const DWORD n = return_string(to, size, text.get(), name.Length / 2u);
    if (n < size) return n;
    return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
}

} // namespace

extern "C" {

BOOL K32GetProcessMemoryInfo(HANDLE process, PROCESS_MEMORY_COUNTERS_EX* to, DWORD size) {
    if (size < plain_counters) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    VM_COUNTERS vm;
    const NTSTATUS status = NtQueryInformationProcess(process, ProcessVmCounters, &vm, sizeof vm, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    to->cb = size;
    to->PageFaultCount = vm.PageFaultCount;
    RtlMoveMemory(&to->PeakWorkingSetSize, &vm.PeakWorkingSetSize, 8 * sizeof(SIZE_T));
    if (size >= sizeof *to) to->PrivateUsage = vm.PagefileUsage;
    return TRUE;
}

BOOL K32EnumProcessModules(HANDLE process, HMODULE* to, DWORD size, DWORD* needed) {
    DWORD count = 0;
    const bool walked = each_module(process, [&](const LDR_DATA_TABLE_ENTRY& entry) {
        if ((count + 1) * sizeof(HMODULE) <= size) to[count] = entry.DllBase;
        count++;
        return true;
    });
    if (!walked) return FALSE;
    *needed = DWORD(count * sizeof(HMODULE));
    return TRUE;
}
// LIST_MODULES_DEFAULT 0, _32BIT 1, _64BIT 2: there are none of 32 bits.
BOOL K32EnumProcessModulesEx(HANDLE process, HMODULE* to, DWORD size, DWORD* needed, DWORD filter) {
    if (filter > 3) return fail_with(ERROR_INVALID_PARAMETER);
    if (filter == 1) return *needed = 0, TRUE;
    return K32EnumProcessModules(process, to, size, needed);
}
BOOL K32GetModuleInformation(HANDLE process, HMODULE module, MODULEINFO* to, DWORD size) {
    if (size < sizeof *to) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    LDR_DATA_TABLE_ENTRY entry;
    if (!find_module(process, module, &entry)) return FALSE;
    *to = {entry.DllBase, entry.SizeOfImage, entry.EntryPoint};
    return TRUE;
}
DWORD K32GetModuleBaseNameW(HANDLE process, HMODULE module, WCHAR* to, DWORD size) {
    return module_name(process, module, to, size, &LDR_DATA_TABLE_ENTRY::BaseDllName);
}
DWORD K32GetModuleBaseNameA(HANDLE process, HMODULE module, CHAR* to, DWORD size) {
    return module_name(process, module, to, size, &LDR_DATA_TABLE_ENTRY::BaseDllName);
}
DWORD K32GetModuleFileNameExW(HANDLE process, HMODULE module, WCHAR* to, DWORD size) {
    return module_name(process, module, to, size, &LDR_DATA_TABLE_ENTRY::FullDllName);
}
DWORD K32GetModuleFileNameExA(HANDLE process, HMODULE module, CHAR* to, DWORD size) {
    return module_name(process, module, to, size, &LDR_DATA_TABLE_ENTRY::FullDllName);
}

} // extern "C"
} // namespace nt
