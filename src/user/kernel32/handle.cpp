// Handles of any kind.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" {

BOOL DuplicateHandle(HANDLE source_process, HANDLE source, HANDLE target_process, HANDLE* target,
                     DWORD access, BOOL inherit, DWORD options) {
    HANDLE made = nullptr;
    NTSTATUS status = NtDuplicateObject(source_process, real_handle(source), target_process,
                                        target ? &made : nullptr, access, inherit ? OBJ_INHERIT : 0, options);
    if (!NT_SUCCESS(status)) return fail(status);
    if (target) *target = made;
    return TRUE;
}

// OBJECT_HANDLE_FLAG_INFORMATION: inherit, protect from close; HANDLE_FLAG_INHERIT 1,
// HANDLE_FLAG_PROTECT_FROM_CLOSE 2.
BOOL GetHandleInformation(HANDLE handle, DWORD* flags) {
    BOOLEAN information[2];
    NTSTATUS status = NtQueryObject(real_handle(handle), OBJECT_INFORMATION_CLASS(4), information,
                                    sizeof information, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    *flags = (information[0] ? 1 : 0) | (information[1] ? 2 : 0);
    return TRUE;
}
BOOL SetHandleInformation(HANDLE handle, DWORD mask, DWORD flags) {
    DWORD now;
    if (!GetHandleInformation(handle, &now)) return FALSE;
    now = (now & ~mask) | (flags & mask);
    BOOLEAN information[2] = {BOOLEAN(now & 1), BOOLEAN(now >> 1 & 1)};
    return answer(NtSetInformationObject(real_handle(handle), OBJECT_INFORMATION_CLASS(4), information,
                                         sizeof information));
}
BOOL CompareObjectHandles(HANDLE first, HANDLE second) {
    return answer(NtCompareObjects(real_handle(first), real_handle(second)));
}

HANDLE GetStdHandle(DWORD which) {
    auto* p = NtCurrentPeb()->ProcessParameters;
    switch (which) {
    case STD_INPUT_HANDLE:
        return p->StandardInput;
    case STD_OUTPUT_HANDLE:
        return p->StandardOutput;
    case STD_ERROR_HANDLE:
        return p->StandardError;
    default:
        return fail_with(ERROR_INVALID_HANDLE), INVALID_HANDLE_VALUE;
    }
}
BOOL SetStdHandle(DWORD which, HANDLE handle) {
    auto* p = NtCurrentPeb()->ProcessParameters;
    switch (which) {
    case STD_INPUT_HANDLE:
        p->StandardInput = handle;
        return TRUE;
    case STD_OUTPUT_HANDLE:
        p->StandardOutput = handle;
        return TRUE;
    case STD_ERROR_HANDLE:
        p->StandardError = handle;
        return TRUE;
    default:
        return fail_with(ERROR_INVALID_HANDLE);
    }
}
UINT SetHandleCount(UINT count) { return count; }

} // extern "C"
} // namespace nt
