// Windows Error Reporting: a process says what a report of it may hold. Nobody reports anything.
// Pages nf-werapi-wersetflags, -wergetflags.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

using HRESULT = LONG;
constexpr HRESULT S_OK = 0, E_INVALIDARG = HRESULT(0x80070057), E_HANDLE = HRESULT(0x80070006);
constexpr DWORD WER_FAULT_REPORTING_FLAGS = 0x3f; // FLAG_NOHEAP 1 … ALWAYS_SHOW_UI 0x10, NO_UI 0x20
DWORD process_flags;

} // namespace

extern "C" {

HRESULT WerSetFlags(DWORD flags) {
    if (flags & ~WER_FAULT_REPORTING_FLAGS) return E_INVALIDARG;
    process_flags = flags;
    return S_OK;
}
HRESULT WerGetFlags(HANDLE process, DWORD* flags) {
    PROCESS_BASIC_INFORMATION basic;
    if (!flags) return E_INVALIDARG;
    if (!NT_SUCCESS(
            NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic, nullptr)))
        return E_HANDLE;
    if (basic.UniqueProcessId != ULONG_PTR(NtCurrentTeb()->ClientId.UniqueProcess))
        stop("WerGetFlags (of another process)");
    *flags = process_flags;
    return S_OK;
}

} // extern "C"
} // namespace nt
