// Where and with what priority threads run: nf-processthreadsapi-setthreadpriorityboost,
// -setthreadidealprocessorex, -getcurrentprocessornumberex; nf-processtopologyapi-setthreadgroupaffinity;
// nf-sysinfoapi-getlogicalprocessorinformationex. There is one processor group and one NUMA node.
#include "kernel32.h"

namespace nt {
using namespace k32;

constexpr ULONG ThreadGroupInformation = 30, ThreadIdealProcessorEx = 33;

namespace {

template <class T> BOOL query(HANDLE thread, ULONG cls, T* to) {
    return answer(NtQueryInformationThread(thread, cls, to, sizeof *to, nullptr));
}

constexpr ULONG logical_processor_information_ex = 107;
// A system service's answer of variable size: too small a buffer is ERROR_INSUFFICIENT_BUFFER, with the size.
BOOL sized(NTSTATUS status, DWORD* length, ULONG needed) {
    *length = needed;
    return status == STATUS_INFO_LENGTH_MISMATCH ? fail_with(ERROR_INSUFFICIENT_BUFFER) : answer(status);
}

struct Class {
    UCHAR number; // PROCESS_PRIORITY_CLASS_…
    DWORD flag;   // …_PRIORITY_CLASS
};
constexpr Class classes[] = {{1, 0x40}, {2, 0x20}, {3, 0x80}, {4, 0x100}, {5, 0x4000}, {6, 0x8000}};

} // namespace

extern "C" {

BOOL SetThreadPriorityBoost(HANDLE thread, BOOL disable) {
    ULONG disabled = disable != 0;
    return answer(NtSetInformationThread(thread, ThreadPriorityBoost, &disabled, sizeof disabled));
}
BOOL GetThreadPriorityBoost(HANDLE thread, BOOL* disabled) {
    return query(thread, ThreadPriorityBoost, reinterpret_cast<ULONG*>(disabled));
}
BOOL SetProcessPriorityBoost(HANDLE process, BOOL disable) {
    ULONG disabled = disable != 0;
    return answer(NtSetInformationProcess(process, ProcessPriorityBoost, &disabled, sizeof disabled));
}
BOOL GetProcessPriorityBoost(HANDLE process, BOOL* disabled) {
    return answer(NtQueryInformationProcess(process, ProcessPriorityBoost, disabled, sizeof(ULONG), nullptr));
}

// "The previous ideal processor"; MAXIMUM_PROCESSORS (64) only asks.
DWORD SetThreadIdealProcessor(HANDLE thread, DWORD number) {
    NTSTATUS status = NtSetInformationThread(thread, ThreadIdealProcessor, &number, sizeof number);
    return NT_SUCCESS(status) ? DWORD(status) : (fail(status), ~0u);
}
BOOL SetThreadIdealProcessorEx(HANDLE thread, const PROCESSOR_NUMBER* ideal, PROCESSOR_NUMBER* previous) {
    PROCESSOR_NUMBER number = *ideal;
    NTSTATUS status = NtSetInformationThread(thread, ThreadIdealProcessorEx, &number, sizeof number);
    if (!NT_SUCCESS(status)) return fail(status);
    if (previous) *previous = number;
    return TRUE;
}
BOOL GetThreadIdealProcessorEx(HANDLE thread, PROCESSOR_NUMBER* ideal) {
    return query(thread, ThreadIdealProcessorEx, ideal);
}
BOOL SetThreadGroupAffinity(HANDLE thread, const GROUP_AFFINITY* affinity, GROUP_AFFINITY* previous) {
    if (previous && !query(thread, ThreadGroupInformation, previous)) return FALSE;
    return answer(NtSetInformationThread(thread, ThreadGroupInformation,
                                         const_cast<GROUP_AFFINITY*>(affinity), sizeof *affinity));
}
BOOL GetThreadGroupAffinity(HANDLE thread, GROUP_AFFINITY* affinity) {
    return query(thread, ThreadGroupInformation, affinity);
}

void GetCurrentProcessorNumberEx(PROCESSOR_NUMBER* number) { NtGetCurrentProcessorNumberEx(number); }
DWORD GetMaximumProcessorCount(WORD) { return NtCurrentPeb()->NumberOfProcessors; }
WORD GetMaximumProcessorGroupCount() { return 1; }
BOOL GetNumaHighestNodeNumber(ULONG* highest) {
    *highest = 0;
    return TRUE;
}

BOOL GetLogicalProcessorInformationEx(DWORD relationship, PVOID buffer, DWORD* length) {
    ULONG needed = 0;
    NTSTATUS status = NtQuerySystemInformationEx(logical_processor_information_ex, &relationship,
                                                 sizeof relationship, buffer, *length, &needed);
    return sized(status, length, needed);
}

BOOL SetPriorityClass(HANDLE process, DWORD flag) {
    for (const Class& c : classes)
        if (c.flag == flag) {
            UCHAR information[2] = {0, c.number};
            return answer(
                NtSetInformationProcess(process, ProcessPriorityClass, information, sizeof information));
        }
    return fail_with(ERROR_INVALID_PARAMETER);
}
// Nothing is paged out, so the sizes are only kept, and emptying the working set (both -1) does nothing.
BOOL GetProcessWorkingSetSize(HANDLE process, SIZE_T* minimum, SIZE_T* maximum) {
    QUOTA_LIMITS limits;
    const NTSTATUS status =
        NtQueryInformationProcess(process, ProcessQuotaLimits, &limits, sizeof limits, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *minimum = limits.MinimumWorkingSetSize;
    *maximum = limits.MaximumWorkingSetSize;
    return TRUE;
}
BOOL SetProcessWorkingSetSize(HANDLE process, SIZE_T minimum, SIZE_T maximum) {
    if (!minimum || !maximum) return fail_with(ERROR_INVALID_PARAMETER);
    QUOTA_LIMITS limits{};
    limits.MinimumWorkingSetSize = minimum;
    limits.MaximumWorkingSetSize = maximum;
    return answer(NtSetInformationProcess(process, ProcessQuotaLimits, &limits, sizeof limits));
}
DWORD GetPriorityClass(HANDLE process) {
    UCHAR information[2];
    NTSTATUS status =
        NtQueryInformationProcess(process, ProcessPriorityClass, information, sizeof information, nullptr);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    for (const Class& c : classes)
        if (c.number == information[1]) return c.flag;
    return 0x20;
}

} // extern "C"
} // namespace nt
