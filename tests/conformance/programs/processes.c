// What a program can learn of itself: memory, modules, processors (psapi.h, GetLogicalProcessorInformation).
#include <windows.h>

// clang-format off: psapi.h needs windows.h
#include <psapi.h>
// clang-format on

#include "../common/program.h"

int main(void) {
    const HANDLE self = GetCurrentProcess();
    PROCESS_MEMORY_COUNTERS_EX memory;
    CHECK(K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, sizeof memory) &&
              memory.cb == sizeof memory && memory.PrivateUsage == memory.PagefileUsage &&
              memory.PeakPagefileUsage >= memory.PagefileUsage && memory.PagefileUsage,
          "GetProcessMemoryInfo");
    const SIZE_T before = memory.PagefileUsage;
    CHECK(VirtualAlloc(NULL, 1 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) &&
              K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, sizeof memory) &&
              memory.PagefileUsage >= before + (1 << 20),
          "it counts what is committed");
    CHECK(!K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, 8) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "ERROR_INSUFFICIENT_BUFFER");

    SIZE_T minimum = 0, maximum = 0;
    CHECK(GetProcessWorkingSetSize(self, &minimum, &maximum) && minimum == 50 * 4096 && maximum == 345 * 4096,
          "GetProcessWorkingSetSize: by default 50 and 345 pages");
    CHECK(SetProcessWorkingSetSize(self, 60 * 4096, 400 * 4096) &&
              GetProcessWorkingSetSize(self, &minimum, &maximum) && minimum == 60 * 4096 &&
              maximum == 400 * 4096,
          "SetProcessWorkingSetSize");
    CHECK(SetProcessWorkingSetSize(self, (SIZE_T)-1, (SIZE_T)-1) &&
              GetProcessWorkingSetSize(self, &minimum, &maximum) && minimum == 60 * 4096,
          "both -1: the working set is emptied");
    CHECK(!SetProcessWorkingSetSize(self, 400 * 4096, 60 * 4096) && GetLastError() == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: the minimum above the maximum");
    HANDLE events[64];
    K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, sizeof memory);
    const SIZE_T pool = memory.QuotaNonPagedPoolUsage;
    for (int i = 0; i < 64; i++)
        events[i] = CreateEventA(NULL, TRUE, FALSE, NULL);
    CHECK(K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, sizeof memory) &&
              memory.QuotaNonPagedPoolUsage >= pool + 64 * 24 &&
              memory.QuotaPeakNonPagedPoolUsage >= memory.QuotaNonPagedPoolUsage,
          "objects are nonpaged pool that the process is charged for");
    for (int i = 0; i < 64; i++)
        CloseHandle(events[i]);
    CHECK(K32GetProcessMemoryInfo(self, (PROCESS_MEMORY_COUNTERS*)&memory, sizeof memory) &&
              memory.QuotaNonPagedPoolUsage == pool,
          "and that it has back when they end");

    HMODULE modules[50];
    DWORD needed = 0;
    CHECK(K32EnumProcessModules(self, modules, sizeof modules, &needed) && needed >= 3 * sizeof(HMODULE) &&
              needed <= sizeof modules && modules[0] == GetModuleHandleA(NULL),
          "EnumProcessModules: the program first");
    DWORD again = 0;
    CHECK(K32EnumProcessModules(self, modules, sizeof(HMODULE), &again) && again == needed,
          "too small an array: it succeeds and tells the size needed");
    int found = 0;
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    for (DWORD i = 0; i < needed / sizeof(HMODULE); i++)
        found += modules[i] == ntdll;
    CHECK(found == 1, "ntdll.dll is among them");

    char name[MAX_PATH];
    CHECK(K32GetModuleBaseNameA(self, NULL, name, sizeof name) && strcmp(name, "conform_processes.exe") == 0,
          "GetModuleBaseName of the program");
    CHECK(K32GetModuleFileNameExA(self, ntdll, name, sizeof name) &&
              _stricmp(name, "C:\\Windows\\System32\\ntdll.dll") == 0,
          "GetModuleFileNameEx");
    CHECK(!K32GetModuleBaseNameA(self, (HMODULE)0x1000, name, sizeof name) &&
              GetLastError() == ERROR_INVALID_HANDLE,
          "of what is no module: ERROR_INVALID_HANDLE");
    MODULEINFO information;
    CHECK(K32GetModuleInformation(self, ntdll, &information, sizeof information) &&
              information.lpBaseOfDll == (void*)ntdll && information.SizeOfImage > 0x1000,
          "GetModuleInformation");

    SYSTEM_INFO system;
    GetSystemInfo(&system);
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION processors[70];
    DWORD size = 0;
    CHECK(!GetLogicalProcessorInformation(NULL, &size) && GetLastError() == ERROR_INSUFFICIENT_BUFFER && size,
          "GetLogicalProcessorInformation without a buffer: ERROR_INSUFFICIENT_BUFFER and the size");
    size = sizeof processors;
    CHECK(GetLogicalProcessorInformation(processors, &size), "GetLogicalProcessorInformation");
    DWORD cores = 0;
    ULONG_PTR mask = 0;
    for (DWORD i = 0; i < size / sizeof *processors; i++)
        if (processors[i].Relationship == RelationProcessorCore) cores++, mask |= processors[i].ProcessorMask;
    CHECK(cores == system.dwNumberOfProcessors && mask == system.dwActiveProcessorMask, "a core each");

    ULONG guarantee = 0x4001;
    CHECK(SetThreadStackGuarantee(&guarantee) && guarantee == 0,
          "SetThreadStackGuarantee gives the guarantee before");
    guarantee = 0x1000;
    CHECK(SetThreadStackGuarantee(&guarantee) && guarantee == 0x5000, "whole pages");
    guarantee = 0;
    CHECK(SetThreadStackGuarantee(&guarantee) && guarantee == 0x5000, "it does not shrink, and 0 asks");
    guarantee = 0x7fffffff;
    CHECK(!SetThreadStackGuarantee(&guarantee) && GetLastError() == ERROR_INVALID_PARAMETER,
          "more than the stack reserves: ERROR_INVALID_PARAMETER");
    CHECK(!IsThreadAFiber(), "a thread that was not converted is no fiber");
    CHECK(AreFileApisANSI(), "file functions use the ANSI code page");
    SetFileApisToOEM();
    CHECK(!AreFileApisANSI(), "the OEM code page when asked to");
    SetFileApisToANSI();
    CHECK(AreFileApisANSI(), "and back");
    BOOL(WINAPI * prng)(BYTE*, SIZE_T) =
        (void*)GetProcAddress(LoadLibraryA("bcryptprimitives.dll"), "ProcessPrng");
    BYTE random[37] = {0}, none[37] = {0};
    CHECK(prng && prng(random, sizeof random) && memcmp(random, none, sizeof random), "ProcessPrng");
    return finish();
}
