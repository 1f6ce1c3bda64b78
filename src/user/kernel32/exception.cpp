// Exceptions: raising, the last-chance filter, debug output.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

PVOID top_level_filter; // encoded

} // namespace

extern "C" {

void RaiseException(DWORD code, DWORD flags, DWORD count, const ULONG_PTR* arguments) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = NTSTATUS(code & ~0x10000000u); // bit 28 belongs to the system
    record.ExceptionFlags = flags & EXCEPTION_NONCONTINUABLE;
    record.ExceptionAddress = reinterpret_cast<PVOID>(&RaiseException);
    if (arguments) {
        record.NumberParameters = count < EXCEPTION_MAXIMUM_PARAMETERS ? count : EXCEPTION_MAXIMUM_PARAMETERS;
        for (ULONG i = 0; i < record.NumberParameters; ++i)
            record.ExceptionInformation[i] = arguments[i];
    }
    RtlRaiseException(&record);
}

PTOP_LEVEL_EXCEPTION_FILTER SetUnhandledExceptionFilter(PTOP_LEVEL_EXCEPTION_FILTER filter) {
    PVOID old = __atomic_exchange_n(&top_level_filter, RtlEncodePointer(reinterpret_cast<PVOID>(filter)),
                                    __ATOMIC_ACQ_REL);
    return old ? reinterpret_cast<PTOP_LEVEL_EXCEPTION_FILTER>(RtlDecodePointer(old)) : nullptr;
}

// What the first frame of every thread asks about an exception that nobody handled. With a debugger, or
// without a filter of the program's, the search goes on: to the debugger, or to the kernel, which ends the
// process and tells the machine's user all about it.
LONG UnhandledExceptionFilter(EXCEPTION_POINTERS* e) {
    if (NtCurrentPeb()->BeingDebugged) return EXCEPTION_CONTINUE_SEARCH;
    PVOID encoded = __atomic_load_n(&top_level_filter, __ATOMIC_ACQUIRE);
    auto* filter =
        encoded ? reinterpret_cast<PTOP_LEVEL_EXCEPTION_FILTER>(RtlDecodePointer(encoded)) : nullptr;
    return filter ? filter(e) : EXCEPTION_CONTINUE_SEARCH;
}

// Output for a debugger is an exception that a debugger takes; nobody else should see it. Without one it is a
// debug print.
void OutputDebugStringA(const CHAR* text) {
    if (!text) return;
    if (NtCurrentPeb()->BeingDebugged) {
        ULONG_PTR arguments[] = {strlen(text) + 1, ULONG_PTR(text)};
        RaiseException(DWORD(DBG_PRINTEXCEPTION_C), 0, 2, arguments);
        return;
    }
    DbgPrint("%s", text);
}
void OutputDebugStringW(const WCHAR* text) {
    if (!text) return;
    ULONG n = ULONG(wcslen(text)), size = ansi_size(text, n);
    Scratch<CHAR> narrow(size + 1);
    if (!narrow) return;
    to_ansi(narrow.get(), size, text, n);
    narrow[size] = 0;
    OutputDebugStringA(narrow.get());
}
void DebugBreak() { DbgBreakPoint(); }

void FatalAppExitA(UINT, const CHAR* text) {
    DbgPrint("%s\n", text);
    RtlExitUserProcess(255);
}
void FatalAppExitW(UINT code, const WCHAR* text) {
    OutputDebugStringW(text);
    FatalAppExitA(code, "");
}
[[noreturn]] void RaiseFailFastException(EXCEPTION_RECORD* record, CONTEXT*, DWORD) {
    EXCEPTION_RECORD own{};
    own.ExceptionCode = STATUS_FAIL_FAST_EXCEPTION;
    own.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    own.ExceptionAddress = __builtin_return_address(0);
    CONTEXT context{};
    RtlCaptureContext(&context);
    NtRaiseException(record ? record : &own, &context, FALSE);
    for (;;)
        NtTerminateProcess(NtCurrentProcess(), own.ExceptionCode);
}

} // extern "C"

void k32::initialize_exceptions() { RtlSetUnhandledExceptionFilter(UnhandledExceptionFilter); }

} // namespace nt
