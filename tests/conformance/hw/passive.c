// Service routines that run at PASSIVE_LEVEL: "Using Passive-Level Interrupt Service Routines",
// KeSynchronizeExecution, "Making an ISR Active or Inactive". Needs parport (latched) and noise (level).
#define TOPIC L"Passive"
#include "../common/driver.h"

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);
#include "noise.h"

static volatile ULONG* registers;
static volatile LONG calls, inside, overlaps, others;
static volatile KIRQL irql_seen;
static PETHREAD thread_seen;
static volatile ULONG work; // milliseconds that the routine waits
static KEVENT entered;

static void sleep(LONG milliseconds) {
    LARGE_INTEGER t;
    t.QuadPart = -10000LL * milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static void come_in(void) {
    if (InterlockedIncrement(&inside) != 1) InterlockedIncrement(&overlaps);
}

static BOOLEAN NTAPI level_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    if (!registers[STATUS]) return FALSE;
    come_in();
    KeSetEvent(&entered, IO_NO_INCREMENT, FALSE);
    irql_seen = KeGetCurrentIrql();
    thread_seen = PsGetCurrentThread();
    if (work) sleep((LONG)work);
    registers[STATUS] = ~0u;
    InterlockedIncrement(&calls);
    InterlockedDecrement(&inside);
    return TRUE;
}
static BOOLEAN NTAPI other_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    InterlockedIncrement(&others);
    return FALSE;
}
static BOOLEAN NTAPI edge_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    irql_seen = KeGetCurrentIrql();
    InterlockedIncrement(&calls);
    if (work) sleep((LONG)work);
    return TRUE;
}
static BOOLEAN NTAPI critical(PVOID context) {
    come_in();
    *(KIRQL*)context = KeGetCurrentIrql();
    sleep(5);
    InterlockedDecrement(&inside);
    return TRUE;
}

static ULONG vector;
static KIRQL irql;
static KAFFINITY processors;

static NTSTATUS connect(PKINTERRUPT* object, PKSERVICE_ROUTINE routine, KINTERRUPT_MODE mode, BOOLEAN shared,
                        PKSPIN_LOCK lock) {
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_FULLY_SPECIFIED;
    p.FullySpecified.PhysicalDeviceObject = this_driver->DeviceObject;
    p.FullySpecified.InterruptObject = object;
    p.FullySpecified.ServiceRoutine = routine;
    p.FullySpecified.SpinLock = lock;
    p.FullySpecified.Vector = vector;
    p.FullySpecified.Irql = p.FullySpecified.SynchronizeIrql = PASSIVE_LEVEL;
    p.FullySpecified.InterruptMode = mode;
    p.FullySpecified.ShareVector = shared;
    p.FullySpecified.ProcessorEnableMask = processors;
    return IoConnectInterruptEx(&p);
}
static void disconnect(PKINTERRUPT object) {
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    d.Version = CONNECT_FULLY_SPECIFIED;
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);
}
typedef VOID(NTAPI* REPORT_STATE)(IO_DISCONNECT_INTERRUPT_PARAMETERS*);
static void report_state(const WCHAR* text, PKINTERRUPT object) {
    UNICODE_STRING name;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    d.Version = CONNECT_FULLY_SPECIFIED;
    d.ConnectionContext.InterruptObject = object;
    RtlInitUnicodeString(&name, text);
    ((REPORT_STATE)MmGetSystemRoutineAddress(&name))(&d);
}

static void level(void) {
    ULONG slot = find_slot(0x00031db5, 0), line = config(slot, 0x3C) & 0xff;
    PKINTERRUPT object = NULL, other = NULL;
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    registers = map_registers(slot);
    vector = HalGetInterruptVector(PCIBus, 0, line, line, &irql, &processors);
    CHECK(connect(&object, level_isr, LevelSensitive, TRUE, &lock) == STATUS_INVALID_PARAMETER,
          "a spin lock for a passive-level routine is STATUS_INVALID_PARAMETER");
    CHECK(connect(&object, level_isr, LevelSensitive, TRUE, NULL) == STATUS_SUCCESS && object,
          "CONNECT_FULLY_SPECIFIED with PASSIVE_LEVEL for both IRQLs registers a passive-level routine");
    registers[TRIGGER] = 0;
    sleep(10);
    CHECK(calls == 1 && irql_seen == PASSIVE_LEVEL, "it is called at PASSIVE_LEVEL");
    CHECK(thread_seen != PsGetCurrentThread(), "in a thread of the system");
    work = 20;
    registers[TRIGGER] = 0;
    sleep(10);
    CHECK(calls == 1, "it may wait: the line is masked meanwhile, the machine goes on");
    sleep(40);
    CHECK(calls == 2, "and goes on");
    registers[TRIGGER] = 1;
    sleep(5);
    registers[TRIGGER] = 2;
    sleep(80);
    work = 0;
    registers[TRIGGER] = 0;
    sleep(10);
    CHECK(calls >= 4, "after it the line is unmasked");

    KIRQL seen = HIGH_LEVEL;
    CHECK(KeSynchronizeExecution(object, critical, &seen) && seen == PASSIVE_LEVEL,
          "KeSynchronizeExecution calls its routine at PASSIVE_LEVEL, where it may wait");
    work = 5;
    for (int i = 0; i < 20; ++i) {
        const LONG before = calls;
        KeClearEvent(&entered);
        registers[TRIGGER] = 0;
        if (i & 1) KeWaitForSingleObject(&entered, Executive, KernelMode, FALSE, NULL);
        KeSynchronizeExecution(object, critical, &seen);
        while (calls == before) // until the routine has taken the line back
            sleep(5);
    }
    CHECK(overlaps == 0, "never while the service routine runs");
    work = 0;

    CHECK(connect(&other, other_isr, LevelSensitive, TRUE, NULL) == STATUS_SUCCESS,
          "passive-level routines may share a line");
    PKINTERRUPT third = NULL;
    CHECK(!NT_SUCCESS(IoConnectInterrupt(&third, other_isr, NULL, NULL, vector, irql, irql, LevelSensitive,
                                         TRUE, processors, FALSE)),
          "not with one at DIRQL");
    LONG before = calls;
    report_state(L"IoReportInterruptInactive", object);
    report_state(L"IoReportInterruptInactive", object);
    CHECK(TRUE, "IoReportInterruptInactive twice is no error");
    report_state(L"IoReportInterruptActive", object);
    registers[TRIGGER] = 0;
    sleep(10);
    CHECK(calls == before + 1, "IoReportInterruptActive makes it active again");
    disconnect(other);
    report_state(L"IoReportInterruptInactive", object);
    registers[TRIGGER] = 0;
    sleep(10);
    CHECK(calls == before + 1, "inactive it is not called");
    report_state(L"IoReportInterruptActive", object);
    sleep(10);
    CHECK(calls == before + 2, "a line that is asserted then is served when it is active");
    work = 20;
    registers[TRIGGER] = 0;
    sleep(5);
    disconnect(object);
    CHECK(inside == 0 && calls == before + 3, "IoDisconnectInterruptEx waits until the routine has run");
    registers[STATUS] = ~0u;
    MmUnmapIoSpace((PVOID)registers, PAGE_SIZE);
}

static void strobe(void) {
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 0x15);
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 0x14);
}
static void edge(void) {
    PKINTERRUPT object = NULL;
    vector = HalGetInterruptVector(Isa, 0, 7, 7, &irql, &processors);
    work = 0;
    calls = 0;
    CHECK(connect(&object, edge_isr, Latched, FALSE, NULL) == STATUS_SUCCESS,
          "an edge-triggered interrupt can be served at PASSIVE_LEVEL");
    strobe();
    sleep(5);
    CHECK(calls == 1 && irql_seen == PASSIVE_LEVEL, "once for an edge");
    work = 10;
    strobe();
    sleep(5);
    strobe();
    sleep(40);
    CHECK(calls == 3, "an edge that comes while the routine runs is not lost");
    disconnect(object);
    strobe();
    sleep(5);
    CHECK(calls == 3, "after IoDisconnectInterruptEx it is not called");
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 4);
}

static void checks(void) {
    KeInitializeEvent(&entered, SynchronizationEvent, FALSE);
    level();
    edge();
}
