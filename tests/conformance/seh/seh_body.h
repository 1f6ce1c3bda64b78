// The checks of structured exception handling, from inside a driver. Documented behaviour: "Structured
// Exception Handling" in the WDK and in Microsoft's C reference. Built by clang, whose __try needs
// -fasync-exceptions to see faults in its own body. Needs CHECK(condition, text) and this_driver; SEH_DEVICE
// is a name for the device that exceptions are passed through.
#pragma once

#define EXECUTE_HANDLER 1
#define CONTINUE_SEARCH 0
#define CONTINUE_EXECUTION (-1)
#define CODE ((NTSTATUS)_exception_code())
#define INFO ((EXCEPTION_POINTERS*)_exception_info())
#define OPAQUE __attribute__((noinline, optnone))
#define MINE ((NTSTATUS)0xE0000001)
#define OTHER ((NTSTATUS)0xE0000002)

// mingw-w64's DDK headers lack these.
NTSYSAPI PVOID NTAPI RtlLookupFunctionEntry(ULONG64 pc, PULONG64 base, PVOID history);
NTSYSAPI PVOID NTAPI RtlVirtualUnwind(ULONG type, ULONG64 base, ULONG64 pc, PVOID function, PCONTEXT context,
                                      PVOID* data, PULONG64 frame, PVOID pointers);
NTSYSAPI VOID NTAPI RtlCaptureContext(PCONTEXT context);
NTSYSAPI VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD record);
NTSYSAPI USHORT NTAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID* addresses, PULONG hash);

// A trail of letters tells in which order things ran.
static char trail[64];
static int trail_length;
static void OPAQUE mark(char c) {
    if (trail_length < 62) trail[trail_length++] = c;
    trail[trail_length] = 0;
}
static void OPAQUE fresh(void) { trail[trail_length = 0] = 0; }
static BOOLEAN OPAQUE was(const char* expected) {
    int i = 0;
    for (; expected[i] && expected[i] == trail[i];)
        ++i;
    return expected[i] == trail[i];
}

static volatile int zero, sink;
static void OPAQUE raise_it(NTSTATUS status) { ExRaiseStatus(status); }
static int OPAQUE divide(int by) { return 100 / by; }

static void OPAQUE check_catch(void) {
    volatile NTSTATUS seen = 0;
    fresh();
    __try {
        mark('a');
        raise_it(MINE);
        mark('!');
    } __except (seen = CODE, EXECUTE_HANDLER) {
        mark('b');
    }
    mark('c');
    CHECK(was("abc") && seen == MINE, "ExRaiseStatus in a callee is caught, the rest of the body is skipped");

    fresh();
    __try {
        __try {
            raise_it(MINE);
        } __except (mark('1'), CONTINUE_SEARCH) {
            mark('!');
        }
    } __except (mark('2'), CODE == MINE ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        mark('3');
    }
    CHECK(was("123"), "a filter that declines passes the exception to the outer __try");

    fresh();
    __try {
        __try {
            raise_it(MINE);
        } __except (EXECUTE_HANDLER) {
            raise_it(OTHER);
        }
    } __except (seen = CODE, EXECUTE_HANDLER) {
        mark('x');
    }
    CHECK(was("x") && seen == OTHER, "an exception in a handler goes to the outer __try");
}

static void OPAQUE with_finally(BOOLEAN raise) {
    __try {
        __try {
            mark('1');
            if (raise) raise_it(MINE);
            mark('2');
        } __finally {
            mark(_abnormal_termination() ? 'A' : 'a');
        }
    } __finally {
        mark(_abnormal_termination() ? 'B' : 'b');
    }
}
static int OPAQUE return_through(void) {
    __try {
        mark('1');
        return 7;
    } __finally {
        mark('f');
    }
    return 8;
}
static void OPAQUE leave_it(void) {
    __try {
        mark('1');
        if (!zero) __leave;
        mark('!');
    } __finally {
        mark(_abnormal_termination() ? 'A' : 'a');
    }
    mark('2');
}
static void OPAQUE check_finally(void) {
    fresh();
    with_finally(FALSE);
    CHECK(was("12ab"), "__finally after a normal end: AbnormalTermination is FALSE");
    fresh();
    __try {
        with_finally(TRUE);
    } __except (mark('F'), EXECUTE_HANDLER) {
        mark('H');
    }
    CHECK(was("1FABH"), "filters run first, then __finally blocks from inside out, then the handler");
    fresh();
    CHECK(return_through() == 7 && was("1f"),
          "return from inside a __try runs __finally and keeps the value");
    fresh();
    leave_it();
    CHECK(was("1a2"), "__leave goes to __finally as a normal end");
    fresh();
    for (int i = 0; i < 3; i++) {
        __try {
            if (i == 1) continue;
            mark((char)('0' + i));
        } __finally {
            mark('f');
        }
    }
    CHECK(was("0ff2f"), "continue out of a __try runs __finally");
}

static LONG OPAQUE look(EXCEPTION_POINTERS* p, NTSTATUS code, ULONG parameters, ULONG_PTR first,
                        ULONG_PTR second) {
    EXCEPTION_RECORD* r = p->ExceptionRecord;
    BOOLEAN good = r->ExceptionCode == code && r->NumberParameters == parameters &&
                   !(r->ExceptionFlags & 0x66) && (parameters < 1 || r->ExceptionInformation[0] == first) &&
                   (parameters < 2 || r->ExceptionInformation[1] == second);
    mark(good ? 'g' : 'X');
    return EXECUTE_HANDLER;
}
static void OPAQUE check_faults(void) {
    volatile int* missing = (volatile int*)0x1238;
    fresh();
    __try {
        sink = *missing;
    } __except (look(INFO, STATUS_ACCESS_VIOLATION, 2, 0, 0x1238)) {
        mark('r');
    }
    __try {
        *missing = 1;
    } __except (look(INFO, STATUS_ACCESS_VIOLATION, 2, 1, 0x1238)) {
        mark('w');
    }
    void (*volatile nowhere)(void) = (void (*)(void))0x1240;
    __try {
        nowhere();
    } __except (look(INFO, STATUS_ACCESS_VIOLATION, 2, 8, 0x1240)) {
        mark('x');
    }
    CHECK(was("grgwgx"), "access violations in the body: read, write, execute, each with its parameters");

    fresh();
    __try {
        sink = 1 / zero;
    } __except (look(INFO, STATUS_INTEGER_DIVIDE_BY_ZERO, 0, 0, 0)) {
        mark('d');
    }
    __try {
        sink = divide(zero);
    } __except (look(INFO, STATUS_INTEGER_DIVIDE_BY_ZERO, 0, 0, 0)) {
        mark('D');
    }
    __try {
        __asm__ volatile("int3");
    } __except (CODE == STATUS_BREAKPOINT) {
        mark('b');
    }
    __try {
        __asm__ volatile("ud2");
    } __except (CODE == STATUS_ILLEGAL_INSTRUCTION) {
        mark('i');
    }
    CHECK(was("gdgDbi"), "division by zero in the body and in a callee, breakpoint, illegal instruction");

    fresh();
    char buffer[64];
    __try {
        RtlCopyMemory(buffer, (void*)missing, sizeof buffer);
    } __except (CODE == STATUS_ACCESS_VIOLATION) {
        mark('m');
    }
    UNICODE_STRING s = {1, 2, (PWSTR)3};
    __try {
        RtlInitUnicodeString(&s, (PCWSTR)missing);
    } __except (CODE == STATUS_ACCESS_VIOLATION) {
        mark('u');
    }
    CHECK(was("mu") && s.Length == 1,
          "a bad pointer in a call of the system raises at the caller, nothing is changed");
}

static LONG OPAQUE inspect(EXCEPTION_POINTERS* p) {
    ULONG64 here = (ULONG64)p->ExceptionRecord->ExceptionAddress, stack = (ULONG64)&here;
    ULONG64 low = (ULONG64)this_driver->DriverStart, high = low + this_driver->DriverSize;
    if (here >= low && here < high) mark('a');
    if (p->ContextRecord->Rip == here) mark('r');
    if (p->ContextRecord->Rsp > stack && p->ContextRecord->Rsp - stack < 0x4000) mark('s');
    if ((ULONG64)p->ContextRecord > stack && (ULONG64)p->ContextRecord < p->ContextRecord->Rsp) mark('c');
    return EXECUTE_HANDLER;
}
static void OPAQUE check_context(void) {
    fresh();
    __try {
        sink = divide(zero);
    } __except (inspect(INFO)) {
    }
    CHECK(was("arsc"),
          "the filter sees address and context of the fault; both lie on the kernel stack below it");
    fresh();
    __try {
        raise_it(MINE);
    } __except (inspect(INFO)) {
    }
    CHECK(was("arsc"), "and of a raise: the place of the call");
}

static LONG OPAQUE repair(EXCEPTION_POINTERS* p, volatile int* good) {
    mark('f');
    p->ContextRecord->Rax = (ULONG64)good;
    return CONTINUE_EXECUTION;
}
static void OPAQUE check_continue(void) {
    volatile int value = 42;
    int got = 0;
    fresh();
    __try {
        ULONG64 address = 0x1238;
        __asm__ volatile("movl (%%rax), %0" : "=r"(got), "+a"(address) : : "memory");
        mark('c');
    } __except (repair(INFO, &value)) {
        mark('!');
    }
    CHECK(was("fc") && got == 42,
          "EXCEPTION_CONTINUE_EXECUTION tries the instruction again with the changed context");

    fresh();
    volatile NTSTATUS seen = 0;
    __try {
        __try {
            raise_it(MINE);
        } __except (mark('1'), CODE == MINE ? CONTINUE_EXECUTION : CONTINUE_SEARCH) {
            mark('!');
        }
    } __except (seen = CODE, EXECUTE_HANDLER) {
        mark('2');
    }
    CHECK(seen == STATUS_NONCONTINUABLE_EXCEPTION,
          "continuing a noncontinuable exception raises STATUS_NONCONTINUABLE_EXCEPTION");

    fresh();
    EXCEPTION_RECORD record;
    RtlZeroMemory(&record, sizeof record);
    record.ExceptionCode = MINE;
    record.NumberParameters = 1;
    record.ExceptionInformation[0] = 77;
    __try {
        RtlRaiseException(&record);
        mark('c');
    } __except (mark(INFO->ExceptionRecord->ExceptionInformation[0] == 77 ? 'p' : '?'), CONTINUE_EXECUTION) {
        mark('!');
    }
    CHECK(was("pc"), "RtlRaiseException returns when a filter continues, and carries its parameters");
}

static void OPAQUE finally_raises(void) {
    __try {
        __try {
            __try {
                mark('1');
                raise_it(MINE);
            } __finally {
                mark('a');
            }
        } __finally {
            mark('b');
            raise_it(OTHER);
        }
    } __finally {
        mark('c');
    }
}
static void OPAQUE outer_finally(void) {
    __try {
        finally_raises();
    } __finally {
        mark('d');
    }
}
static void OPAQUE check_collided(void) {
    volatile NTSTATUS seen = 0;
    fresh();
    __try {
        outer_finally();
    } __except (seen = CODE, mark('f'), EXECUTE_HANDLER) {
        mark('h');
    }
    CHECK(seen == OTHER && was("1fabfcdh"),
          "an exception in a __finally: no block runs twice, the new one is handled");

    // A handler inside the __finally keeps the first unwind going.
    fresh();
    __try {
        __try {
            raise_it(MINE);
        } __finally {
            mark('1');
            __try {
                raise_it(OTHER);
            } __except (EXECUTE_HANDLER) {
                mark('2');
            }
            mark('3');
        }
    } __except (seen = CODE, EXECUTE_HANDLER) {
        mark('4');
    }
    CHECK(seen == MINE && was("1234"), "an exception handled inside a __finally leaves the unwind as it was");
}

static LONG OPAQUE troubled_filter(void) {
    __try {
        mark('1');
        raise_it(OTHER);
    } __except (CODE == OTHER ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        mark('2');
    }
    return EXECUTE_HANDLER;
}
static LONG OPAQUE raising_filter(NTSTATUS code) {
    if (code != MINE) return CONTINUE_SEARCH;
    mark('1');
    raise_it(OTHER);
    return EXECUTE_HANDLER;
}
static void OPAQUE check_nested(void) {
    fresh();
    __try {
        raise_it(MINE);
    } __except (troubled_filter()) {
        mark('3');
    }
    CHECK(was("123"), "an exception handled inside a filter");
    fresh();
    volatile NTSTATUS seen = 0;
    __try {
        __try {
            raise_it(MINE);
        } __except (raising_filter(CODE)) {
            mark('!');
        }
    } __except (seen = CODE, CODE == OTHER ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        mark('2');
    }
    CHECK(was("12") && seen == OTHER, "an exception that leaves a filter is searched from there");
}

static ULONG64 OPAQUE clobber_and_raise(void) {
    __asm__ volatile(
        "xor %%ebx, %%ebx; xor %%esi, %%esi; xor %%edi, %%edi; xor %%r12d, %%r12d; xor %%r13d, %%r13d; "
        "xor %%r14d, %%r14d; xor %%r15d, %%r15d; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7; pxor %%xmm15, "
        "%%xmm15"
        :
        :
        : "rbx", "rsi", "rdi", "r12", "r13", "r14", "r15", "xmm6", "xmm7", "xmm15");
    raise_it(MINE);
    return 1;
}
static BOOLEAN __attribute__((noinline)) keeps_registers(ULONG64 a, ULONG64 b, ULONG64 c, ULONG64 d) {
    // More live values than volatile registers: the compiler keeps some in non-volatile ones.
    ULONG64 e = a * 3, f = b * 5, g = c * 7, h = d * 11;
    volatile ULONG64 sum = 0;
    for (int i = 0; i < 3; i++) {
        __try {
            clobber_and_raise();
        } __except (EXECUTE_HANDLER) {
            sum += a + b + c + d + e + f + g + h;
        }
    }
    return sum == 3 * (a + b + c + d + e + f + g + h) && e == a * 3 && h == d * 11;
}
static BOOLEAN OPAQUE keeps_xmm(void) {
    ULONG64 in[2] = {0x1122334455667788, 0x99AABBCCDDEEFF00}, out[2] = {0, 0};
    __asm__ volatile("movups %0, %%xmm6" : : "m"(in) : "xmm6");
    __try {
        clobber_and_raise();
    } __except (EXECUTE_HANDLER) {
    }
    __asm__ volatile("movups %%xmm6, %0" : "=m"(out));
    return out[0] == in[0] && out[1] == in[1];
}
static int OPAQUE recurse(int depth) {
    if (depth <= zero) raise_it(MINE);
    return depth <= zero ? 0 : recurse(depth - 1) + 1;
}
// Frames of other shapes: a variable one (frame pointer), one larger than a page, one that saves xmm
// registers.
static int OPAQUE variable_frame(int n) {
    volatile char* space = __builtin_alloca((size_t)n);
    space[0] = (char)n, space[n - 1] = 1;
    raise_it(MINE);
    return space[0];
}
static int OPAQUE large_frame(int n) {
    volatile char space[6000];
    space[0] = (char)n, space[5999] = 1;
    return variable_frame(n) + space[0];
}
static int OPAQUE xmm_frame(int n) {
    __asm__ volatile("pxor %%xmm6, %%xmm6; pxor %%xmm8, %%xmm8" : : : "xmm6", "xmm8", "rbx", "r15");
    return large_frame(n) + 1;
}
static void OPAQUE check_frames(void) {
    int caught = 0;
    for (int i = 1; i < 400; i += 37) {
        volatile int before = i;
        __try {
            __try {
                xmm_frame(i);
            } __finally {
                caught += 100;
            }
        } __except (EXECUTE_HANDLER) {
            caught += before == i;
        }
    }
    CHECK(caught == 11 * 101,
          "frames with a frame pointer, with a large allocation, with saved xmm registers");
    CHECK(keeps_xmm(), "xmm registers again");
}

static void OPAQUE check_registers(void) {
    CHECK(keeps_registers(1, 2, 3, 4), "non-volatile registers come back from the frames that saved them");
    CHECK(keeps_xmm(), "so do xmm registers");
    int caught = 0;
    for (int i = 0; i < 2000; i++) {
        __try {
            recurse(i % 40);
        } __except (EXECUTE_HANDLER) {
            caught++;
        }
    }
    CHECK(caught == 2000, "exceptions through many frames, two thousand times");
}

static NTSTATUS NTAPI raising_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(irp);
    __try {
        mark('d');
        raise_it(MINE);
    } __finally {
        mark('f');
    }
    return STATUS_SUCCESS;
}
static void OPAQUE through_system(PDEVICE_OBJECT device) {
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_SHUTDOWN;
    __try {
        mark('1');
        IofCallDriver(device, irp);
        mark('!');
    } __finally {
        mark('g');
        IoFreeIrp(irp);
    }
}
static void OPAQUE check_gate(void) {
    UNICODE_STRING name;
    PDEVICE_OBJECT device = NULL;
    RtlInitUnicodeString(&name, SEH_DEVICE);
    PDRIVER_DISPATCH before = this_driver->MajorFunction[IRP_MJ_SHUTDOWN];
    if (!NT_SUCCESS(IoCreateDevice(this_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device))) {
        CHECK(FALSE, "IoCreateDevice for the device that raises");
        return;
    }
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    this_driver->MajorFunction[IRP_MJ_SHUTDOWN] = raising_dispatch;
    fresh();
    __try {
        through_system(device);
    } __except (mark('F'), CODE == MINE) {
        mark('h');
    }
    CHECK(was("1dFfgh"), "an exception passes through IofCallDriver between two driver frames");
    this_driver->MajorFunction[IRP_MJ_SHUTDOWN] = before;
    IoDeleteDevice(device);
}

static void OPAQUE check_system_raises(void) {
    fresh();
    __try {
        ExRaiseAccessViolation();
    } __except (CODE == STATUS_ACCESS_VIOLATION) {
        mark('a');
    }
    __try {
        ExRaiseDatatypeMisalignment();
    } __except (CODE == STATUS_DATATYPE_MISALIGNMENT) {
        mark('m');
    }
    CHECK(was("am"), "ExRaiseAccessViolation, ExRaiseDatatypeMisalignment");
    fresh();
    __try {
        ProbeForRead((PVOID)0x10001, 8, 4);
    } __except (CODE == STATUS_DATATYPE_MISALIGNMENT) {
        mark('m');
    }
    __try {
        ProbeForRead((PVOID)&trail, 8, 1); // a system address
    } __except (CODE == STATUS_ACCESS_VIOLATION) {
        mark('k');
    }
    __try {
        ProbeForWrite((PVOID)0x1000, 8, 1); // nothing there
    } __except (CODE == STATUS_ACCESS_VIOLATION) {
        mark('w');
    }
    CHECK(was("mkw"), "ProbeForRead and ProbeForWrite raise");
}

static ULONG64 OPAQUE unwind_once(ULONG64* returns_to) {
    CONTEXT context;
    RtlCaptureContext(&context);
    ULONG64 base = 0, frame = 0;
    PVOID data = NULL;
    PVOID function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
    *returns_to = (ULONG64)__builtin_return_address(0);
    if (!function || base != (ULONG64)this_driver->DriverStart) return 0;
    RtlVirtualUnwind(0, base, context.Rip, function, &context, &data, &frame, NULL);
    return context.Rip;
}
static void OPAQUE check_walks(void) {
    ULONG64 returns_to, unwound = unwind_once(&returns_to);
    CHECK(unwound == returns_to,
          "RtlCaptureContext, RtlLookupFunctionEntry and RtlVirtualUnwind give the caller");
    PVOID trace[8] = {0};
    ULONG n = RtlCaptureStackBackTrace(0, 8, trace, NULL);
    ULONG64 low = (ULONG64)this_driver->DriverStart, high = low + this_driver->DriverSize;
    CHECK(n >= 3 && (ULONG64)trace[0] >= low && (ULONG64)trace[0] < high && (ULONG64)trace[1] >= low &&
              (ULONG64)trace[1] < high,
          "RtlCaptureStackBackTrace begins in its caller");
    CHECK((ULONG64)trace[n - 1] < low || (ULONG64)trace[n - 1] >= high, "and goes on into the system");
}

static void OPAQUE check_instructions(void) {
    ULONG64 irql = 99;
    __asm__ volatile("movq %%cr8, %0" : "=r"(irql));
    CHECK(irql == KeGetCurrentIrql(), "mov from cr8 reads the IRQL");
    __asm__ volatile("movq %0, %%cr8" : : "r"((ULONG64)DISPATCH_LEVEL));
    KIRQL raised = KeGetCurrentIrql();
    __asm__ volatile("movq %0, %%cr8" : : "r"(irql));
    CHECK(raised == DISPATCH_LEVEL && KeGetCurrentIrql() == irql, "mov to cr8 sets it");
    CHECK(*(volatile ULONG*)0xFFFFF7800000026CULL == 10,
          "NtMajorVersion at the kernel's address of KUSER_SHARED_DATA");
}

static void seh_checks(void) {
    check_catch();
    check_finally();
    check_faults();
    check_context();
    check_continue();
    check_collided();
    check_nested();
    check_registers();
    check_frames();
    check_gate();
    check_system_raises();
    check_walks();
    check_instructions();
}
