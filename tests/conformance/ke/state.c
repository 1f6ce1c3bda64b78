// What a driver that works long or with floating point asks of the processor: nf-wdm-keshouldyieldprocessor,
// nf-wdm-kesaveextendedprocessorstate, nf-wdm-kerestoreextendedprocessorstate,
// nf-ntddk-rtlgetenabledextendedfeatures.
#define TOPIC L"KeState"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(BOOLEAN, KeShouldYieldProcessor, VOID);
IMPORT(NTSTATUS, KeSaveExtendedProcessorState, ULONG64, PXSTATE_SAVE);
IMPORT(VOID, KeRestoreExtendedProcessorState, PXSTATE_SAVE);
IMPORT(ULONG64, RtlGetEnabledExtendedFeatures, ULONG64);

enum { x87 = 1, sse = 2, legacy = x87 | sse };

static KDPC dpc, other;
static volatile LONG ran;
static volatile BOOLEAN alone, queued;

static VOID NTAPI count(PKDPC d, PVOID context, PVOID first, PVOID second) {
    (void)d, (void)context, (void)first, (void)second;
    InterlockedIncrement(&ran);
}
static VOID NTAPI queues_another(PKDPC d, PVOID context, PVOID first, PVOID second) {
    (void)d, (void)context, (void)first, (void)second;
    alone = import_KeShouldYieldProcessor();
    KeInsertQueueDpc(&other, NULL, NULL);
    queued = import_KeShouldYieldProcessor();
}

static void yielding(void) {
    KIRQL old;
    KeInitializeDpc(&dpc, count, NULL);
    KeInitializeDpc(&other, count, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const BOOLEAN before = import_KeShouldYieldProcessor();
    KeInsertQueueDpc(&dpc, NULL, NULL);
    const BOOLEAN after = import_KeShouldYieldProcessor();
    KeLowerIrql(old);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const BOOLEAN again = import_KeShouldYieldProcessor();
    KeLowerIrql(old);
    CHECK(!before, "KeShouldYieldProcessor is FALSE while nothing waits");
    CHECK(after, "TRUE: the caller should lower the IRQL, a DPC is queued");
    CHECK(ran == 1 && !again, "which has run then");
    KeInitializeDpc(&dpc, queues_another, NULL);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    CHECK(!alone && queued, "within a DPC it tells of other DPCs");
}

static ULONG64 get_xmm6(void) {
    ULONG64 value;
    __asm__ volatile("movq %%xmm6, %0" : "=r"(value));
    return value;
}
static void set_xmm6(ULONG64 value) { __asm__ volatile("movq %0, %%xmm6" : : "r"(value)); }
static ULONG get_mxcsr(void) {
    ULONG value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}
static void set_mxcsr(ULONG value) { __asm__ volatile("ldmxcsr %0" : : "m"(value)); }
static USHORT get_control(void) {
    USHORT value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}
static void set_control(USHORT value) { __asm__ volatile("fldcw %0" : : "m"(value)); }

__attribute__((noinline)) static void saving(void) {
    XSTATE_SAVE save, inner;
    ULONG64 kept;
    const ULONG mxcsr = get_mxcsr();
    const USHORT control = get_control();
    __asm__ volatile("movq %%xmm6, %0" : "=r"(kept) : : "xmm6");
    set_xmm6(0x1111);
    __asm__ volatile("fninit\n\tfldpi");
    set_control(control);
    const NTSTATUS status = import_KeSaveExtendedProcessorState(legacy, &save);
    CHECK(status == STATUS_SUCCESS, "KeSaveExtendedProcessorState returns STATUS_SUCCESS");
    CHECK(save.XStateContext.Mask == legacy, "the structure says what it has");
    __asm__ volatile("fninit\n\tfld1\n\tfld1");
    set_xmm6(0x2222);
    set_mxcsr(mxcsr | 0x6000); // round to zero
    set_control(control | 0xc00);
    const NTSTATUS nested = import_KeSaveExtendedProcessorState(sse, &inner);
    set_xmm6(0x3333);
    set_mxcsr(mxcsr);
    import_KeRestoreExtendedProcessorState(&inner);
    const ULONG64 inner_xmm6 = get_xmm6();
    const ULONG inner_mxcsr = get_mxcsr();
    import_KeRestoreExtendedProcessorState(&save);
    const ULONG64 outer_xmm6 = get_xmm6();
    const ULONG outer_mxcsr = get_mxcsr();
    const USHORT outer_control = get_control();
    double top;
    __asm__ volatile("fstpl %0\n\tfninit" : "=m"(top));
    set_control(control);
    set_xmm6(kept);
    ULONG64 bits;
    RtlCopyMemory(&bits, &top, sizeof bits);
    CHECK(nested == STATUS_SUCCESS && inner_xmm6 == 0x2222,
          "calls nest: the inner one gives back its xmm registers");
    CHECK((inner_mxcsr & 0x6000) == 0x6000, "and mxcsr");
    CHECK(outer_xmm6 == 0x1111 && outer_mxcsr == mxcsr, "the outer one gives back its own");
    CHECK(outer_control == control && bits == 0x400921fb54442d18, "the x87 state, too");
}

static void features(void) {
    ULONG a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    CHECK(!(c & 1u << 27), "the operating system has not enabled XSAVE");
    CHECK(import_RtlGetEnabledExtendedFeatures((ULONG64)-1) == 0 &&
              import_RtlGetEnabledExtendedFeatures(legacy) == 0,
          "RtlGetEnabledExtendedFeatures returns 0 then, for the legacy features as well");
}

static void checks(void) {
    yielding();
    features();
    saving();
}
