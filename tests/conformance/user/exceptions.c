// Structured exceptions of programs: search, unwinding, nesting, collisions, vectored handlers, jumps.
// "Structured exception handling" in the Win32 documentation.
#include <malloc.h>
#include <setjmp.h>
#include <windows.h>

#include "../common/program.h"

static volatile char order[64];
static volatile int at;
static __attribute__((noinline)) void note(char c) {
    if (at < 63) order[at++] = c;
    order[at] = 0;
}
static void begin(void) { at = 0, order[0] = 0; }
static int is(const char* expected) { return !strcmp((const char*)order, expected); }
#define FILTER(c, answer) (note(c), (answer))

static void raise(DWORD code) { RaiseException(code, 0, 0, NULL); }

static __attribute__((noinline)) void inner(void) {
    __try {
        __try {
            note('1');
            raise(0xE0000010);
            note('x');
        } __finally {
            note('f');
        }
    } __except (FILTER('n', EXCEPTION_CONTINUE_SEARCH)) {
        note('x');
    }
}

static void search_and_unwind(void) {
    begin();
    __try {
        inner();
        note('x');
    } __except (FILTER('y', EXCEPTION_EXECUTE_HANDLER)) {
        note('h');
    }
    CHECK(is("1nyfh"), "filters run inside out, then __finally, then the handler");
    begin();
    __try {
        raise(0xE0000011);
        note('c');
    } __except (FILTER('y', EXCEPTION_CONTINUE_EXECUTION)) {
        note('x');
    }
    CHECK(is("yc"), "EXCEPTION_CONTINUE_EXECUTION goes on behind the raise");
}

static __attribute__((noinline)) int filter_that_faults(void) {
    note('a');
    __try {
        *(volatile int*)8 = 1;
    } __except (FILTER('b', EXCEPTION_EXECUTE_HANDLER)) {
        note('c');
    }
    return EXCEPTION_EXECUTE_HANDLER;
}

static void nested(void) {
    begin();
    __try {
        raise(0xE0000012);
    } __except (filter_that_faults()) {
        note('h');
    }
    CHECK(is("abch"), "an exception inside a filter is handled inside it");
}

static void from_finally(void) {
    begin();
    __try {
        __try {
            __try {
                raise(0xE0000015);
            } __finally {
                note('f');
                raise(0xE0000016); // replaces the first
            }
        } __finally {
            note('g');
        }
    } __except (FILTER('0' + (GetExceptionCode() & 0xf), EXCEPTION_EXECUTE_HANDLER)) {
        note('h');
    }
    CHECK(is("5f6gh"), "an exception out of a __finally collides with the unwind and takes its place");
}

static void handled_in_finally(void) {
    begin();
    __try {
        __try {
            raise(0xE0000017);
        } __finally {
            __try {
                raise(0xE0000018);
            } __except (FILTER('8', EXCEPTION_EXECUTE_HANDLER)) {
                note('i');
            }
            note('f');
        }
    } __except (FILTER('7', EXCEPTION_EXECUTE_HANDLER)) {
        note('h');
    }
    CHECK(is("78ifh"), "an exception handled inside a __finally lets the first unwind go on");
}

static LONG CALLBACK first(EXCEPTION_POINTERS* e) {
    note('1');
    return e->ExceptionRecord->ExceptionCode == 0xE0000020 ? EXCEPTION_CONTINUE_EXECUTION
                                                           : EXCEPTION_CONTINUE_SEARCH;
}
static LONG CALLBACK second(EXCEPTION_POINTERS* e) {
    (void)e;
    note('2');
    return EXCEPTION_CONTINUE_SEARCH;
}
static LONG CALLBACK continues(EXCEPTION_POINTERS* e) {
    (void)e;
    note('C');
    return EXCEPTION_CONTINUE_SEARCH;
}

static void vectored(void) {
    PVOID b = AddVectoredExceptionHandler(1, first), a = AddVectoredExceptionHandler(1, second);
    PVOID c = AddVectoredContinueHandler(1, continues);
    begin();
    raise(0xE0000020);
    CHECK(is("21C"), "vectored handlers in order, then continue handlers");
    begin();
    __try {
        raise(0xE0000021);
    } __except (FILTER('f', EXCEPTION_EXECUTE_HANDLER)) {
        note('h');
    }
    CHECK(is("21fh"), "vectored handlers come before the frames'");
    CHECK(RemoveVectoredExceptionHandler(a) && RemoveVectoredExceptionHandler(b) &&
              RemoveVectoredContinueHandler(c) && !RemoveVectoredExceptionHandler(a),
          "they can be removed, once");
}

static jmp_buf target;
static __attribute__((noinline)) void jumps(void) {
    __try {
        longjmp(target, 5);
    } __finally {
        note('f');
    }
}
static void long_jump(void) {
    begin();
    const int value = setjmp(target);
    if (value == 0) jumps();
    CHECK(value == 5, "longjmp comes back with its value");
    CHECK(is("f"), "and runs __finally blocks on its way");
}

static int address_filter(EXCEPTION_POINTERS* e, ULONG_PTR* access, ULONG_PTR* address, DWORD* code) {
    *code = e->ExceptionRecord->ExceptionCode;
    *access = e->ExceptionRecord->ExceptionInformation[0];
    *address = e->ExceptionRecord->ExceptionInformation[1];
    return EXCEPTION_EXECUTE_HANDLER;
}

static void memory(void) {
    ULONG_PTR access = 9, address = 0;
    DWORD code = 0;
    char* pages = VirtualAlloc(NULL, 8192, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    DWORD old;
    VirtualProtect(pages + 4096, 4096, PAGE_READONLY, &old);
    __try {
        pages[4096] = 1;
    } __except (address_filter(GetExceptionInformation(), &access, &address, &code)) {
    }
    CHECK(code == EXCEPTION_ACCESS_VIOLATION && access == 1 && address == (ULONG_PTR)pages + 4096,
          "a write to a read-only page");
    VirtualProtect(pages, 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    __try {
        pages[5] = 1;
    } __except (address_filter(GetExceptionInformation(), &access, &address, &code)) {
    }
    CHECK(code == EXCEPTION_GUARD_PAGE && address == (ULONG_PTR)pages + 5, "a guard page raises once");
    __try {
        pages[5] = 2;
        code = 0;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        code = 1;
    }
    CHECK(code == 0 && pages[5] == 2, "and is an ordinary page then");
    VirtualFree(pages, 0, MEM_RELEASE);
}

static volatile int depth;
static __attribute__((noinline)) int recurse(volatile char* p) {
    volatile char frame[2000];
    frame[0] = *p;
    if (++depth < 0) return 0;
    return recurse(frame) + frame[0];
}

static void overflow(void) {
    DWORD code = 0;
    for (int round = 0; round < 2; round++) {
        volatile char c = 0;
        depth = 0;
        __try {
            recurse(&c);
        } __except (code = GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER) {
        }
        CHECK(code == EXCEPTION_STACK_OVERFLOW && depth > 100, "a stack overflow can be handled");
        CHECK(_resetstkoflw(), "and the guard page be put back");
    }
}

static __attribute__((noinline)) USHORT trace(void** frames) {
    const volatile USHORT n = RtlCaptureStackBackTrace(0, 8, frames, NULL);
    return n;
}

static void walk(void) {
    void* frames[8];
    const USHORT n = trace(frames);
    CHECK(n >= 3 && (char*)frames[0] >= (char*)trace && (char*)frames[0] < (char*)trace + 128,
          "RtlCaptureStackBackTrace");
    CONTEXT context;
    RtlCaptureContext(&context);
    ULONG64 base = 0, frame = 0;
    PVOID data = NULL;
    PRUNTIME_FUNCTION f = RtlLookupFunctionEntry(context.Rip, &base, NULL);
    CHECK(f && base == (ULONG64)GetModuleHandleA(NULL), "RtlLookupFunctionEntry");
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, f, &context, &data, &frame, NULL);
    CHECK(context.Rip > (ULONG64)(char*)GetModuleHandleA(NULL) && context.Rsp > frame,
          "RtlVirtualUnwind finds the caller");
}

static LONG CALLBACK fix_rax(EXCEPTION_POINTERS* e) {
    if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ILLEGAL_INSTRUCTION) return EXCEPTION_CONTINUE_SEARCH;
    e->ContextRecord->Rax = 77;
    e->ContextRecord->Rip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void contexts(void) {
    PVOID h = AddVectoredExceptionHandler(1, fix_rax);
    unsigned long long value = 1;
    asm volatile("ud2" : "+a"(value));
    RemoveVectoredExceptionHandler(h);
    CHECK(value == 77, "a handler changes registers and goes on behind the instruction");
}

int main(void) {
    search_and_unwind();
    nested();
    from_finally();
    handled_in_finally();
    vectored();
    long_jump();
    memory();
    overflow();
    walk();
    contexts();
    return finish();
}
