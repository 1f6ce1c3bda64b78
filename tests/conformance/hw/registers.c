// Registers of the processor that only the kernel may touch: interrupt flag, control and model-specific
// registers, hlt. Intel's manual says what they are; nf-wdm-kestallexecutionprocessor how time passes.
#define TOPIC L"Registers"
#include "../common/driver.h"

static KTIMER timer;
static KDPC dpc;
static volatile LONG ticks;
static VOID NTAPI count(PKDPC d, PVOID context, PVOID a1, PVOID a2) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(a1);
    UNREFERENCED_PARAMETER(a2);
    InterlockedIncrement(&ticks);
}

static ULONGLONG msr(ULONG number) {
    ULONG low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (ULONGLONG)high << 32 | low;
}
static NTSTATUS read_missing(ULONG number) {
    __try {
        msr(number);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static void stall(void) {
    for (int i = 0; i < 1000; ++i)
        KeStallExecutionProcessor(50);
}

// cli, and popfq back: one function, so that the flag is seen.
__attribute__((noinline)) static void interrupt_flag(ULONGLONG* on, ULONGLONG* off, LONG* while_off) {
    LARGE_INTEGER due = {.QuadPart = -10000};
    ULONGLONG saved;
    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(saved) : : "memory");
    *on = saved;
    KeSetTimer(&timer, due, &dpc);
    stall();
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(*off) : : "memory");
    *while_off = ticks;
    __asm__ volatile("sti" : : : "memory");
}
__attribute__((noinline)) static void restored(LONG* while_off) {
    LARGE_INTEGER due = {.QuadPart = -10000};
    ULONGLONG saved;
    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(saved) : : "memory");
    KeSetTimer(&timer, due, &dpc);
    stall();
    *while_off = ticks;
    __asm__ volatile("pushq %0\n\tpopfq" : : "r"(saved) : "memory", "cc");
}

static void checks(void) {
    ULONGLONG before = msr(0x10);
    KeStallExecutionProcessor(50);
    CHECK(msr(0x10) > before, "rdmsr of IA32_TIME_STAMP_COUNTER: time goes on");
    CHECK((msr(0xC0000080) & 0xD00) == 0xD00, "IA32_EFER: long mode is enabled and active, NX is");
    ULONG_PTR pcr;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // on one processor
    __asm__("mov %%gs:0x18, %0" : "=r"(pcr));
    const ULONGLONG base = msr(0xC0000101), apic = msr(0x1B), aux = msr(0xC0000103);
    const ULONG number = KeGetCurrentProcessorNumber();
    KeLowerIrql(old);
    CHECK(base == pcr, "IA32_GS_BASE is the KPCR");
    CHECK((apic & 0xFFFFF800) == 0xFEE00800 && !(apic & 0x100) == (number != 0),
          "IA32_APIC_BASE: enabled; one processor is the first");
    CHECK((ULONG)aux == number, "IA32_TSC_AUX is the processor's number");
    CHECK(read_missing(0x1234) == STATUS_PRIVILEGED_INSTRUCTION,
          "a register that does not exist: an exception");
    ULONG_PTR cr0, cr4;
    __asm__("mov %%cr0, %0" : "=r"(cr0));
    __asm__("mov %%cr4, %0" : "=r"(cr4));
    CHECK((cr0 & 0x80010001) == 0x80010001, "CR0: paging, write protection, protected mode");
    CHECK((cr4 & 0x20) != 0, "CR4: physical addresses are extended, as in long mode");

    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, count, NULL);
    ULONGLONG on, off;
    LONG while_off;
    interrupt_flag(&on, &off, &while_off);
    CHECK((on & 0x200) && !(off & 0x200), "pushfq shows the interrupt flag that cli clears");
    CHECK(while_off == 0, "no DPC runs while interrupts are disabled, though the timer is due");
    CHECK(ticks == 1, "it runs when sti lets the interrupt in");
    restored(&while_off);
    CHECK(while_off == 1 && ticks == 2, "popfq restores the flag, too");
    LARGE_INTEGER due = {.QuadPart = -100000};
    KeSetTimer(&timer, due, &dpc);
    for (int i = 0; i < 1000 && ticks == 2; ++i)
        __asm__ volatile("hlt" : : : "memory");
    CHECK(ticks == 3, "hlt waits for the next interrupt");
}
