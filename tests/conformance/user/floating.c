// Floating-point exceptions of programs: a code per cause ("GetExceptionCode" in the Win32 documentation),
// the x87's at the next waiting instruction of the thread, and also behind system calls. And FS, which
// programs may load.
#include <windows.h>

#include "../common/program.h"

enum { masked = 0x1F80, unmasked = 0 };

static volatile DWORD code;
static LONG CALLBACK handler(EXCEPTION_POINTERS* e) {
    code = e->ExceptionRecord->ExceptionCode;
    e->ContextRecord->FltSave.ControlWord = 0x37F;
    e->ContextRecord->FltSave.StatusWord = 0;
    e->ContextRecord->MxCsr = masked;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void set_mxcsr(unsigned value) { __asm__ volatile("ldmxcsr %0" : : "m"(value)); }
static DWORD sse(char operation, volatile double a, volatile double b) {
    volatile double result;
    code = 0;
    set_mxcsr(unmasked);
    if (operation == '/')
        result = a / b;
    else if (operation == '*')
        result = a * b;
    else
        result = a + b;
    set_mxcsr(masked);
    (void)result;
    return code;
}

#define X87(text)                                                                                            \
    do {                                                                                                     \
        const USHORT control = 0x340;                                                                        \
        code = 0;                                                                                            \
        __asm__ volatile("fninit; fldcw %0; " text "; fwait; fninit" : : "m"(control));                      \
    } while (0)

static void codes(void) {
    CHECK(sse('/', 1, 0) == EXCEPTION_FLT_DIVIDE_BY_ZERO, "SSE: 1 / 0");
    CHECK(sse('/', 0, 0) == EXCEPTION_FLT_INVALID_OPERATION, "SSE: 0 / 0");
    CHECK(sse('*', 1e300, 1e300) == EXCEPTION_FLT_OVERFLOW, "SSE: overflow");
    CHECK(sse('*', 1e-300, 1e-300) == EXCEPTION_FLT_UNDERFLOW, "SSE: underflow");
    CHECK(sse('/', 1, 3) == EXCEPTION_FLT_INEXACT_RESULT, "SSE: inexact result");
    CHECK(sse('+', 4.9e-324, 1) == EXCEPTION_FLT_DENORMAL_OPERAND, "SSE: denormal operand");
    X87("fld1; fldz; fdivrp");
    CHECK(code == EXCEPTION_FLT_DIVIDE_BY_ZERO, "x87: 1 / 0");
    X87("fldz; fldz; fdivrp");
    CHECK(code == EXCEPTION_FLT_INVALID_OPERATION, "x87: 0 / 0");
    X87("fstp %%st(0)");
    CHECK(code == EXCEPTION_FLT_STACK_CHECK, "x87: an empty stack");
    X87("fld1; fldpi; fdivrp");
    CHECK(code == EXCEPTION_FLT_INEXACT_RESULT, "x87: inexact result");
}

static volatile DWORD of_thread;
static DWORD CALLBACK other_thread(void* argument) {
    (void)argument;
    __asm__ volatile("fld1; fwait; fstp %%st(0)" : :);
    of_thread = code;
    return 0;
}

static void pending(void) {
    const USHORT control = 0x340;
    code = 0;
    HANDLE thread = CreateThread(NULL, 0, other_thread, NULL, 0, NULL);
    __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
    Sleep(1);
    WaitForSingleObject(thread, INFINITE);
    const DWORD before = code;
    __asm__ volatile("fwait; fninit");
    CHECK(of_thread == 0 && before == 0, "no other thread sees an exception that is pending");
    CHECK(code == EXCEPTION_FLT_DIVIDE_BY_ZERO, "it is raised at the thread's next waiting instruction");
    CloseHandle(thread);
}

static void loads_fs(void) {
    __asm__ volatile("movw %w0, %%fs" : : "r"(0));
    Sleep(1);
    __asm__ volatile("movw %w0, %%fs" : : "r"(0x2B));
    Sleep(1);
    PVOID h = AddVectoredExceptionHandler(1, handler);
    __asm__ volatile("movw %w0, %%fs" : : "r"(0));
    X87("fldz; fldz; fdivrp");
    CHECK(code == EXCEPTION_FLT_INVALID_OPERATION, "a program may load FS");
    RemoveVectoredExceptionHandler(h);
}

int main(void) {
    PVOID h = AddVectoredExceptionHandler(1, handler);
    codes();
    pending();
    RemoveVectoredExceptionHandler(h);
    loads_fs();
    const USHORT control = 0x340; // and it ends with one pending
    const int result = finish();
    __asm__ volatile("fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
    ExitProcess((UINT)result);
}
