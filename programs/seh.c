// Exceptions as Windows has them: a vectored handler that repairs, __try/__except around real faults,
// __finally, a filter that reads its record, the last-chance filter. Built by clang. Exit status: 0, or the
// number of the step that went wrong.
#include <stdio.h>
#include <windows.h>

static volatile int zero;
static int vectored_calls;

static LONG CALLBACK vectored(EXCEPTION_POINTERS* e) {
    if (e->ExceptionRecord->ExceptionCode != 0xE0000001) return EXCEPTION_CONTINUE_SEARCH;
    ++vectored_calls;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static LONG CALLBACK last_chance(EXCEPTION_POINTERS* e) {
    printf("last chance: %08lx\n", e->ExceptionRecord->ExceptionCode);
    fflush(stdout);
    ExitProcess(e->ExceptionRecord->ExceptionCode == 0xE0000002 ? 0 : 9);
}

static int filter(EXCEPTION_POINTERS* e, ULONG_PTR* address) {
    *address = e->ExceptionRecord->ExceptionInformation[1];
    return e->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER
                                                                           : EXCEPTION_CONTINUE_SEARCH;
}

static __attribute__((noinline)) int divide(int a) { return a / zero; }

int main(void) {
    AddVectoredExceptionHandler(1, vectored);
    RaiseException(0xE0000001, 0, 0, NULL);
    if (vectored_calls != 1) return 1;
    printf("a vectored handler continued\n");

    ULONG_PTR address = 0;
    __try {
        *(volatile int*)0x40 = 1;
        return 2;
    } __except (filter(GetExceptionInformation(), &address)) {
        printf("access violation at %#llx\n", (unsigned long long)address);
    }
    if (address != 0x40) return 3;

    volatile int unwound = 0;
    __try {
        __try {
            return divide(4);
        } __finally {
            unwound = AbnormalTermination() ? 1 : 2;
        }
    } __except (GetExceptionCode() == EXCEPTION_INT_DIVIDE_BY_ZERO) {
        printf("integer division by zero, __finally ran: %d\n", unwound);
    }
    if (unwound != 1) return 4;
    fflush(stdout);

    SetUnhandledExceptionFilter(last_chance);
    RaiseException(0xE0000002, EXCEPTION_NONCONTINUABLE, 0, NULL);
    return 5;
}
