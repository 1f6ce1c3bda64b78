// What programs ask about the machine and the version of Windows.
#include "abi/computer.h"
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

// What NtQuerySystemInformation gives for classes 0 and 2.
struct SYSTEM_BASIC_INFORMATION {
    ULONG Reserved, TimerResolution, PageSize, NumberOfPhysicalPages, LowestPhysicalPageNumber,
        HighestPhysicalPageNumber, AllocationGranularity;
    ULONG_PTR MinimumUserModeAddress, MaximumUserModeAddress, ActiveProcessorsAffinityMask;
    CHAR NumberOfProcessors;
};
struct SYSTEM_PERFORMANCE_INFORMATION {
    LARGE_INTEGER Transfers[4];
    ULONG Operations[3];
    ULONG AvailablePages, CommittedPages, CommitLimit, PeakCommitment;
    ULONG Counters[71];
};
static_assert(sizeof(SYSTEM_PERFORMANCE_INFORMATION) == 344);

template <class Char> BOOL give_name(Char* to, DWORD* size, const WCHAR* name, DWORD too_small) {
    DWORD n = return_string(to, *size, name, DWORD(wcslen(name)));
    bool fits = n < *size;
    *size = n;
    return fits ? BOOL(TRUE) : fail_with(too_small);
}

} // namespace

extern "C" {

void GetSystemInfo(SYSTEM_INFO* to) {
    PEB* peb = NtCurrentPeb();
    ULONG processors = peb->NumberOfProcessors;
    *to = {};
    to->wProcessorArchitecture = 9; // PROCESSOR_ARCHITECTURE_AMD64
    to->dwPageSize = PAGE_SIZE;
    to->lpMinimumApplicationAddress = reinterpret_cast<PVOID>(0x10000);
    to->lpMaximumApplicationAddress = reinterpret_cast<PVOID>(0x2ffffffeffff);
    to->dwActiveProcessorMask = processors >= 64 ? ~ULONG_PTR(0) : (ULONG_PTR(1) << processors) - 1;
    to->dwNumberOfProcessors = processors;
    to->dwProcessorType = 8664;
    to->dwAllocationGranularity = 0x10000;
    to->wProcessorLevel = 6;
}
void GetNativeSystemInfo(SYSTEM_INFO* to) { GetSystemInfo(to); }

DWORD GetVersion() {
    PEB* peb = NtCurrentPeb();
    return DWORD(peb->OSBuildNumber) << 16 | (peb->OSMinorVersion & 0xff) << 8 | (peb->OSMajorVersion & 0xff);
}
BOOL GetVersionExW(RTL_OSVERSIONINFOW* to) {
    if (to->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOW) &&
        to->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOEXW))
        return fail_with(ERROR_INSUFFICIENT_BUFFER);
    return answer(RtlGetVersion(to));
}
// OSVERSIONINFOA(EX): the same five numbers, text in bytes, the same tail.
BOOL GetVersionExA(DWORD* to) {
    constexpr DWORD plain = 20 + 128;
    if (*to != plain && *to != plain + 8) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    RTL_OSVERSIONINFOEXW wide{};
    wide.dwOSVersionInfoSize = sizeof wide;
    if (!GetVersionExW(reinterpret_cast<RTL_OSVERSIONINFOW*>(&wide))) return FALSE;
    RtlMoveMemory(to + 1, &wide.dwMajorVersion, 16);
    return_string(reinterpret_cast<CHAR*>(to + 5), 128, wide.szCSDVersion, DWORD(wcslen(wide.szCSDVersion)));
    if (*to > plain) RtlMoveMemory(reinterpret_cast<CHAR*>(to + 5) + 128, &wide.wServicePackMajor, 8);
    return TRUE;
}
BOOL VerifyVersionInfoW(RTL_OSVERSIONINFOEXW* wanted, DWORD mask, ULONGLONG condition) {
    NTSTATUS status = RtlVerifyVersionInfo(wanted, mask, condition);
    return status == STATUS_REVISION_MISMATCH ? fail_with(1150) : answer(status); // ERROR_OLD_WIN_VERSION
}
// The table lies in the page shared with the kernel.
BOOL IsProcessorFeaturePresent(DWORD feature) {
    return feature < 64 ? shared_user_data<UCHAR>(0x274 + feature) : 0;
}

BOOL GetComputerNameW(WCHAR* to, DWORD* size) {
    return give_name(to, size, computer_name, 111);
} // ERROR_BUFFER_OVERFLOW
BOOL GetComputerNameA(CHAR* to, DWORD* size) { return give_name(to, size, computer_name, 111); }
// COMPUTER_NAME_FORMAT: all of its forms but the empty domain are the name.
BOOL GetComputerNameExW(INT format, WCHAR* to, DWORD* size) {
    bool domain = format == 2 || format == 6;
    return give_name(to, size, domain ? u"" : computer_name, ERROR_MORE_DATA);
}
BOOL GetComputerNameExA(INT format, CHAR* to, DWORD* size) {
    bool domain = format == 2 || format == 6;
    return give_name(to, size, domain ? u"" : computer_name, ERROR_MORE_DATA);
}

DWORD GetCurrentProcessorNumber() { return NtGetCurrentProcessorNumber(); }
DWORD GetActiveProcessorCount(WORD) { return NtCurrentPeb()->NumberOfProcessors; }
WORD GetActiveProcessorGroupCount() { return 1; }
// Every processor of a machine runs on one host thread: writes are visible to all in program order.
void FlushProcessWriteBuffers() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// Physical memory is what the kernel has, the commit limit stands for the paging file.
BOOL GlobalMemoryStatusEx(MEMORYSTATUSEX* to) {
    if (to->dwLength != sizeof *to) return fail_with(ERROR_INVALID_PARAMETER);
    SYSTEM_BASIC_INFORMATION basic;
    SYSTEM_PERFORMANCE_INFORMATION performance;
    NTSTATUS status = NtQuerySystemInformation(0 /* SystemBasicInformation */, &basic, sizeof basic, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    status = NtQuerySystemInformation(2 /* SystemPerformanceInformation */, &performance, sizeof performance,
                                      nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    const ULONGLONG total = ULONGLONG(basic.NumberOfPhysicalPages) * PAGE_SIZE;
    const ULONGLONG limit = ULONGLONG(performance.CommitLimit) * PAGE_SIZE,
                    committed = ULONGLONG(performance.CommittedPages) * PAGE_SIZE;
    const ULONGLONG user = basic.MaximumUserModeAddress - basic.MinimumUserModeAddress;
    to->ullTotalPhys = total;
    to->ullAvailPhys = ULONGLONG(performance.AvailablePages) * PAGE_SIZE;
    to->dwMemoryLoad = DWORD((total - to->ullAvailPhys) * 100 / total);
    to->ullTotalPageFile = limit;
    to->ullAvailPageFile = limit - committed;
    to->ullTotalVirtual = user;
    to->ullAvailVirtual = user - committed;
    to->ullAvailExtendedVirtual = 0;
    return TRUE;
}

// The older form.
struct MEMORYSTATUS {
    DWORD dwLength, dwMemoryLoad;
    SIZE_T dwTotalPhys, dwAvailPhys, dwTotalPageFile, dwAvailPageFile, dwTotalVirtual, dwAvailVirtual;
};
void GlobalMemoryStatus(MEMORYSTATUS* to) {
    MEMORYSTATUSEX now{};
    now.dwLength = sizeof now;
    GlobalMemoryStatusEx(&now);
    *to = {sizeof *to,           now.dwMemoryLoad,     now.ullTotalPhys,    now.ullAvailPhys,
           now.ullTotalPageFile, now.ullAvailPageFile, now.ullTotalVirtual, now.ullAvailVirtual};
}

// assumed: a driver lab has no speaker; Windows without one returns TRUE after the time of the tone.
BOOL Beep(DWORD frequency, DWORD milliseconds) {
    if (frequency < 0x25 || frequency > 0x7fff) return fail_with(ERROR_INVALID_PARAMETER);
    LARGE_INTEGER interval;
    interval.QuadPart = LONGLONG(milliseconds) * -10000;
    NtDelayExecution(FALSE, &interval);
    return TRUE;
}
INT MulDiv(INT a, INT b, INT divisor) {
    if (!divisor) return -1;
    LONGLONG product = LONGLONG(a) * b, d = divisor;
    if (d < 0) product = -product, d = -d;
    LONGLONG result = product < 0 ? -((-product + d / 2) / d) : (product + d / 2) / d;
    return result > 0x7fffffff || result < -0x7fffffffLL - 1 ? -1 : INT(result);
}

} // extern "C"
} // namespace nt
