// Names and other information of threads and processes: pages of SetThreadDescription, GetThreadInformation,
// SetThreadInformation, GetProcessInformation, SetProcessInformation.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

using HRESULT = LONG;
HRESULT result_of(NTSTATUS status) { // HRESULT_FROM_NT
    return NT_SUCCESS(status) ? 0 : HRESULT(ULONG(status) | 0x10000000);
}

enum : ULONG {

    thread_page_priority = 24,
    thread_name = 38,
    thread_code_policy = 42,
    thread_throttling = 49
};
enum : ULONG { process_page_priority = 39, process_protection = 61, process_throttling = 77 };

// Classes of Win32 and the system's with their sizes; 0: it has none.
struct Class {
    ULONG system, size;
};
constexpr Class thread_classes[] = {{thread_page_priority, 4},
                                    {0, 0} /* ThreadAbsoluteCpuPriority */,
                                    {thread_code_policy, 4},
                                    {thread_throttling, 12}};

} // namespace

extern "C" {

HRESULT SetThreadDescription(HANDLE thread, const WCHAR* text) {
    UNICODE_STRING name;
    const NTSTATUS status = RtlInitUnicodeStringEx(&name, text);
    return result_of(NT_SUCCESS(status)
                         ? NtSetInformationThread(thread, THREADINFOCLASS(thread_name), &name, sizeof name)
                         : status);
}

// "The pointer to the string is freed with LocalFree."
HRESULT GetThreadDescription(HANDLE thread, WCHAR** text) {
    *text = nullptr;
    ULONG size = 64;
    for (;;) {
        auto* name = static_cast<UNICODE_STRING*>(heap_allocate(size + sizeof(WCHAR)));
        if (!name) return result_of(STATUS_NO_MEMORY);
        const NTSTATUS status =
            NtQueryInformationThread(thread, THREADINFOCLASS(thread_name), name, size, &size);
        if (NT_SUCCESS(status)) {
            const ULONG bytes = name->Length;
            RtlMoveMemory(name, name->Buffer, bytes);
            *text = reinterpret_cast<WCHAR*>(name);
            (*text)[bytes / sizeof(WCHAR)] = 0;
            return 0;
        }
        heap_free(name);
        if (status != STATUS_BUFFER_TOO_SMALL) return result_of(status);
    }
}

BOOL GetThreadInformation(HANDLE thread, ULONG cls, PVOID to, DWORD size) {
    if (cls >= sizeof thread_classes / sizeof *thread_classes || cls == 3) // throttling can only be set
        return fail_with(ERROR_INVALID_PARAMETER);
    const Class& c = thread_classes[cls];
    if (!c.size) stop("GetThreadInformation (ThreadAbsoluteCpuPriority)");
    if (size != c.size) return fail_with(ERROR_BAD_LENGTH);
    return answer(NtQueryInformationThread(thread, THREADINFOCLASS(c.system), to, size, nullptr));
}
BOOL SetThreadInformation(HANDLE thread, ULONG cls, PVOID from, DWORD size) {
    if (cls >= sizeof thread_classes / sizeof *thread_classes) return fail_with(ERROR_INVALID_PARAMETER);
    const Class& c = thread_classes[cls];
    if (!c.size || c.system == thread_code_policy) stop("SetThreadInformation (this class)");
    if (size != c.size) return fail_with(ERROR_BAD_LENGTH);
    return answer(NtSetInformationThread(thread, THREADINFOCLASS(c.system), from, size));
}

// ProcessMemoryPriority 0, ProcessPowerThrottling 4, ProcessProtectionLevelInfo 7
BOOL GetProcessInformation(HANDLE process, ULONG cls, PVOID to, DWORD size) {
    if (cls == 0 || cls == 4) {
        if (size != (cls ? 12u : 4u)) return fail_with(ERROR_BAD_LENGTH);
        return answer(NtQueryInformationProcess(process, cls ? process_throttling : process_page_priority, to,
                                                size, nullptr));
    }
    if (cls != 7) {
        if (cls > 10) return fail_with(ERROR_INVALID_PARAMETER);
        stop("GetProcessInformation (this class)");
    }
    if (size != sizeof(DWORD)) return fail_with(ERROR_BAD_LENGTH);
    UCHAR protection;
    const NTSTATUS status =
        NtQueryInformationProcess(process, process_protection, &protection, sizeof protection, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *static_cast<DWORD*>(to) = 0xfffffffe; // PROTECTION_LEVEL_NONE
    return TRUE;
}
BOOL SetProcessInformation(HANDLE process, ULONG cls, PVOID from, DWORD size) {
    if (cls != 0 && cls != 4) {
        if (cls > 10 || cls == 7) return fail_with(ERROR_INVALID_PARAMETER);
        stop("SetProcessInformation (this class)");
    }
    if (size != (cls ? 12u : 4u)) return fail_with(ERROR_BAD_LENGTH);
    return answer(
        NtSetInformationProcess(process, cls ? process_throttling : process_page_priority, from, size));
}

} // extern "C"
} // namespace nt
