// Interrupt objects and device timers: what their pages promise. The interrupts come from a parallel port at
// 0x378, line 7 (--hardware parport), which acknowledges each byte with one.
#define TOPIC L"Interrupt"
#include "../common/driver.h"

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

#define BASE ((PUCHAR)0x378)
#define LINE 7

static KIRQL irql;
static KAFFINITY processors;
static ULONG vector;

static volatile LONG calls[3];
static KIRQL isr_irql;
static PKINTERRUPT isr_object;
static BOOLEAN claims[3];
static volatile LONG due;
static KDPC dpc;
static KEVENT dpc_ran;
static KIRQL dpc_irql;

static VOID NTAPI dpc_routine(PKDPC d, PVOID context, PVOID first, PVOID second) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(first);
    UNREFERENCED_PARAMETER(second);
    dpc_irql = KeGetCurrentIrql();
    KeSetEvent(&dpc_ran, IO_NO_INCREMENT, FALSE);
}

static BOOLEAN NTAPI isr(PKINTERRUPT interrupt, PVOID context) {
    ULONG n = (ULONG)(ULONG_PTR)context;
    InterlockedIncrement(&calls[n]);
    isr_object = interrupt;
    isr_irql = KeGetCurrentIrql();
    // Latched and shared: the chain is called again while anybody claims, so a claim is for one strobe.
    if (!claims[n] || !InterlockedExchange(&due, 0)) return FALSE;
    KeInsertQueueDpc(&dpc, NULL, NULL);
    return TRUE;
}

static void strobe(void) {
    due = 1;
    WRITE_PORT_UCHAR(BASE, 0x55);
    WRITE_PORT_UCHAR(BASE + 2, 0x14 | 1); // interrupts on, strobe
    WRITE_PORT_UCHAR(BASE + 2, 0x14);
}
static void quiet(void) { WRITE_PORT_UCHAR(BASE + 2, 0x04); }
static void sleep(LONG milliseconds) {
    LARGE_INTEGER t;
    t.QuadPart = -10000LL * milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static BOOLEAN wait(PKEVENT event) {
    LARGE_INTEGER limit;
    limit.QuadPart = -10 * 1000 * 1000 * 5LL;
    return KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &limit) == STATUS_SUCCESS;
}

static NTSTATUS connect(PKINTERRUPT* object, ULONG n, BOOLEAN shared) {
    return IoConnectInterrupt(object, isr, (PVOID)(ULONG_PTR)n, NULL, vector, irql, irql, Latched, shared,
                              processors, FALSE);
}

static KIRQL critical_irql;
static BOOLEAN NTAPI critical(PVOID context) {
    critical_irql = KeGetCurrentIrql();
    return *(PBOOLEAN)context;
}

static void one(void) {
    PKINTERRUPT object = NULL, second = NULL;
    CHECK(IoConnectInterrupt(&object, isr, NULL, NULL, vector, irql, irql, Latched, FALSE, 0, FALSE) ==
              STATUS_INVALID_PARAMETER,
          "without a processor IoConnectInterrupt is STATUS_INVALID_PARAMETER");
    CHECK(connect(&object, 0, FALSE) == STATUS_SUCCESS && object,
          "IoConnectInterrupt gives an interrupt object");
    CHECK(!NT_SUCCESS(connect(&second, 1, TRUE)), "a vector that is not shared has one driver");
    claims[0] = TRUE;
    strobe();
    CHECK(wait(&dpc_ran), "the service routine is called for an interrupt, and its DPC after it");
    CHECK(calls[0] == 1 && isr_object == object, "once, with the interrupt object");
    CHECK(isr_irql == irql && dpc_irql == DISPATCH_LEVEL, "at its IRQL; the DPC runs at DISPATCH_LEVEL");
    strobe();
    CHECK(wait(&dpc_ran) && calls[0] == 2, "each interrupt calls it again");

    BOOLEAN answer = TRUE;
    CHECK(KeSynchronizeExecution(object, critical, &answer),
          "KeSynchronizeExecution gives the routine's answer");
    answer = FALSE;
    CHECK(!KeSynchronizeExecution(object, critical, &answer), "whatever it is");
    CHECK(critical_irql == irql && KeGetCurrentIrql() == PASSIVE_LEVEL,
          "the routine runs at SynchronizeIrql");
    KIRQL old = KeAcquireInterruptSpinLock(object);
    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() == irql,
          "KeAcquireInterruptSpinLock raises to the interrupt's IRQL and returns the one before");
    strobe();
    KeStallExecutionProcessor(100);
    CHECK(calls[0] == 2 || KeQueryActiveProcessorCount(NULL) > 1,
          "the interrupt waits while its processor is at its IRQL");
    KeReleaseInterruptSpinLock(object, old);
    CHECK(wait(&dpc_ran) && calls[0] == 3, "and comes when the lock is released");
    IoDisconnectInterrupt(object);
    strobe();
    sleep(50);
    CHECK(calls[0] == 3, "after IoDisconnectInterrupt it does not come any more");
}

static void shared(void) {
    PKINTERRUPT objects[3];
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    calls[0] = calls[1] = calls[2] = 0;
    claims[0] = FALSE;
    claims[1] = TRUE;
    CHECK(connect(&objects[0], 0, TRUE) == STATUS_SUCCESS && connect(&objects[1], 1, TRUE) == STATUS_SUCCESS,
          "several drivers may share a vector");
    strobe();
    CHECK(wait(&dpc_ran) && calls[0] >= 1 && calls[1] >= 1,
          "when one does not claim the interrupt the next is called");
    IoDisconnectInterrupt(objects[0]);
    LONG before = calls[0];
    strobe();
    CHECK(wait(&dpc_ran) && calls[0] == before, "one may go while the others stay");
    IoDisconnectInterrupt(objects[1]);

    // A spin lock and an IRQL of the driver's own.
    CHECK(IoConnectInterrupt(&objects[0], isr, (PVOID)1, &lock, vector, irql, (KIRQL)(irql + 1), Latched,
                             FALSE, processors, FALSE) == STATUS_SUCCESS,
          "SynchronizeIrql may be above the interrupt's IRQL");
    strobe();
    CHECK(wait(&dpc_ran) && isr_irql == irql + 1, "and is what the service routine runs at");
    KIRQL old = KeAcquireInterruptSpinLock(objects[0]);
    CHECK(lock != 0, "with the spin lock that the driver gave");
    KeReleaseInterruptSpinLock(objects[0], old);
    CHECK(lock == 0, "free again");
    IoDisconnectInterrupt(objects[0]);
}

typedef VOID(NTAPI* REPORT_STATE)(IO_DISCONNECT_INTERRUPT_PARAMETERS*);

static void extended(void) {
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    PKINTERRUPT object = NULL;
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    RtlZeroMemory(&p, sizeof p);
    p.Version = 77;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_PARAMETER_1,
          "an unknown version is STATUS_INVALID_PARAMETER_1");
    p.Version = CONNECT_FULLY_SPECIFIED;
    p.FullySpecified.InterruptObject = &object;
    p.FullySpecified.ServiceRoutine = isr;
    p.FullySpecified.ServiceContext = (PVOID)2;
    p.FullySpecified.Vector = vector;
    p.FullySpecified.Irql = p.FullySpecified.SynchronizeIrql = irql;
    p.FullySpecified.InterruptMode = Latched;
    p.FullySpecified.ProcessorEnableMask = processors;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_PARAMETER,
          "no device object is STATUS_INVALID_PARAMETER");
    p.FullySpecified.PhysicalDeviceObject = device;
    p.FullySpecified.ProcessorEnableMask = 0;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_PARAMETER_10,
          "no processor is STATUS_INVALID_PARAMETER_10");
    p.FullySpecified.ProcessorEnableMask = processors;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS && object, "CONNECT_FULLY_SPECIFIED connects");
    claims[2] = TRUE;
    calls[2] = 0;
    strobe();
    CHECK(wait(&dpc_ran) && calls[2] == 1, "and the interrupt comes");
    d.Version = CONNECT_FULLY_SPECIFIED;
    d.ConnectionContext.InterruptObject = object;
    // The structure of IoReportInterruptActive is the same; mingw has neither it nor the function.
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"IoReportInterruptInactive");
    REPORT_STATE inactivate = (REPORT_STATE)MmGetSystemRoutineAddress(&name);
    RtlInitUnicodeString(&name, L"IoReportInterruptActive");
    REPORT_STATE activate = (REPORT_STATE)MmGetSystemRoutineAddress(&name);
    inactivate(&d);
    strobe();
    sleep(50);
    CHECK(calls[2] == 1, "an inactive service routine is not called");
    activate(&d);
    strobe();
    CHECK(wait(&dpc_ran) && calls[2] == 2, "when it is active again it is");
    IoDisconnectInterruptEx(&d);
    strobe();
    sleep(50);
    CHECK(calls[2] == 2, "IoDisconnectInterruptEx ends that");
    p.Version = CONNECT_FULLY_SPECIFIED_GROUP;
    p.FullySpecified.Group = 0;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS,
          "CONNECT_FULLY_SPECIFIED_GROUP takes the group as well");
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);

    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_LINE_BASED;
    p.LineBased.PhysicalDeviceObject = device;
    p.LineBased.InterruptObject = &object;
    p.LineBased.ServiceRoutine = isr;
    CHECK(IoConnectInterruptEx(&p) == STATUS_NOT_FOUND, "a device without interrupts is STATUS_NOT_FOUND");
    p.Version = CONNECT_MESSAGE_BASED;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_PARAMETER || !NT_SUCCESS(IoConnectInterruptEx(&p)),
          "with messages, too");
}

static volatile LONG ticks;
static KIRQL tick_irql;
static PVOID tick_context;
static VOID NTAPI tick(PDEVICE_OBJECT device, PVOID context) {
    UNREFERENCED_PARAMETER(device);
    InterlockedIncrement(&ticks);
    tick_irql = KeGetCurrentIrql();
    tick_context = context;
}

static void timer(void) {
    PDEVICE_OBJECT device;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    CHECK(IoInitializeTimer(device, tick, &tick_irql) == STATUS_SUCCESS, "IoInitializeTimer succeeds");
    sleep(2500);
    CHECK(ticks == 0, "the routine is not called before IoStartTimer");
    IoStartTimer(device);
    sleep(3500);
    CHECK(ticks >= 3 && ticks <= 4, "then it is called once a second");
    CHECK(tick_irql == DISPATCH_LEVEL && tick_context == &tick_irql, "at DISPATCH_LEVEL, with its context");
    IoStopTimer(device);
    LONG before = ticks;
    sleep(2500);
    CHECK(ticks == before, "until IoStopTimer");
    IoStartTimer(device);
    sleep(1500);
    CHECK(ticks > before, "IoStartTimer starts it again");
    IoDeleteDevice(device);
    before = ticks;
    sleep(2500);
    CHECK(ticks == before, "it goes with its device");
}

static void checks(void) {
    KeInitializeDpc(&dpc, dpc_routine, NULL);
    KeInitializeEvent(&dpc_ran, SynchronizationEvent, FALSE);
    vector = HalGetInterruptVector(Isa, 0, LINE, LINE, &irql, &processors);
    CHECK(vector && irql > DISPATCH_LEVEL && processors,
          "HalGetInterruptVector gives vector, IRQL and processors of a line");
    KIRQL no_irql = 0;
    KAFFINITY no_processors = 0;
    CHECK(HalGetInterruptVector(Isa, 7, LINE, LINE, &no_irql, &no_processors) == 0,
          "0 for a bus that is not there");
    quiet();
    one();
    shared();
    extended();
    quiet();
    timer();
}
