// Devices that interrupt: a byte at a time through the parallel port, the timer's level-triggered line, the
// disk's message. Needs the models parport, timer and disk. IoConnectInterrupt, HalGetInterruptVector and
// "Introduction to Interrupt Service Routines" say what is checked.
#define TOPIC L"Interrupts"
#include "../common/driver.h"

#include "ports.h"

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

enum { PARPORT = 0x378, STATUS = 0x379, CONTROL = 0x37a };
static const UCHAR message[] = "interrupt-driven I/O";

typedef struct {
    PKINTERRUPT interrupt;
    KEVENT done;
    KDPC dpc;
    ULONG next, interrupts, strays;
    KIRQL irql_seen;
    UCHAR received[sizeof message];
} LOOP;

static void send_byte(LOOP* loop) {
    out8(PARPORT, message[loop->next]);
    out8(CONTROL, 0x15);
    out8(CONTROL, 0x14);
}

static BOOLEAN NTAPI loop_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    LOOP* loop = context;
    if (in8(STATUS) & 0x40) { // not in the acknowledge pulse: not ours
        loop->strays++;
        return FALSE;
    }
    loop->irql_seen = KeGetCurrentIrql();
    loop->interrupts++;
    out8(CONTROL, 0x34);
    loop->received[loop->next++] = in8(PARPORT);
    out8(CONTROL, 0x14);
    KeInsertQueueDpc(&loop->dpc, NULL, NULL);
    return TRUE;
}

static BOOLEAN NTAPI start_next(PVOID context) {
    send_byte(context);
    return TRUE;
}

static VOID NTAPI loop_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    LOOP* loop = context;
    if (loop->next < sizeof message)
        KeSynchronizeExecution(loop->interrupt, start_next, loop);
    else
        KeSetEvent(&loop->done, IO_NO_INCREMENT, FALSE);
}

static void check_parallel_port(void) {
    LOOP* loop = ExAllocatePoolWithTag(NonPagedPool, sizeof *loop, 'ihmT');
    if (!loop) return;
    RtlZeroMemory(loop, sizeof *loop);
    KeInitializeEvent(&loop->done, NotificationEvent, FALSE);
    KeInitializeDpc(&loop->dpc, loop_dpc, loop);
    KIRQL irql = 0;
    KAFFINITY affinity = 0;
    ULONG vector = HalGetInterruptVector(Isa, 0, 7, 7, &irql, &affinity);
    CHECK(vector && irql > DISPATCH_LEVEL && affinity, "line 7 has a vector, a DIRQL and processors");
    NTSTATUS status = IoConnectInterrupt(&loop->interrupt, loop_isr, loop, NULL, vector, irql, irql, Latched,
                                         FALSE, affinity, FALSE);
    CHECK(NT_SUCCESS(status), "IoConnectInterrupt connects the routine");
    if (NT_SUCCESS(status)) {
        out8(CONTROL, 4);
        out8(CONTROL, 0x14);
        KeSynchronizeExecution(loop->interrupt, start_next, loop);
        LARGE_INTEGER second = {.QuadPart = -10000000};
        status = KeWaitForSingleObject(&loop->done, Executive, KernelMode, FALSE, &second);
        CHECK(status == STATUS_SUCCESS, "the last byte's interrupt comes");
        CHECK(loop->interrupts == sizeof message, "there is one interrupt for each byte");
        CHECK(loop->strays == 0, "and none that is not the device's");
        CHECK(loop->irql_seen == irql, "the routine runs at the DIRQL");
        CHECK(RtlCompareMemory(loop->received, message, sizeof message) == sizeof message,
              "the bytes come back");
        out8(CONTROL, 4);
        IoDisconnectInterrupt(loop->interrupt);
    }
    ExFreePoolWithTag(loop, 'ihmT');
}

typedef struct {
    PKINTERRUPT interrupt;
    volatile ULONG* registers;
    ULONG ticks;
    KEVENT done;
    KDPC dpc;
} TICKS;

static BOOLEAN NTAPI timer_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    TICKS* ticks = context;
    if (!(ticks->registers[2] & 1)) return FALSE;
    ticks->registers[2] = 1; // the line is released here
    if (++ticks->ticks == 5) {
        ticks->registers[1] = 0;
        KeInsertQueueDpc(&ticks->dpc, NULL, NULL);
    }
    return TRUE;
}

static VOID NTAPI timer_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    KeSetEvent(&((TICKS*)context)->done, IO_NO_INCREMENT, FALSE);
}

static void check_timer(void) {
    ULONG header[16] = {0}, slot = 0;
    for (; slot < 32; ++slot)
        if (HalGetBusDataByOffset(PCIConfiguration, 0, slot, header, 0, 64) == 64 && header[0] == 0x00011db5)
            break;
    CHECK(slot < 32, "the timer is on the bus");
    if (slot == 32) return;
    PHYSICAL_ADDRESS bar = {.QuadPart = header[4] & ~15u};
    TICKS* ticks = ExAllocatePoolWithTag(NonPagedPool, sizeof *ticks, 'ihmT');
    if (!ticks) return;
    RtlZeroMemory(ticks, sizeof *ticks);
    KeInitializeEvent(&ticks->done, NotificationEvent, FALSE);
    KeInitializeDpc(&ticks->dpc, timer_dpc, ticks);
    ticks->registers = MmMapIoSpace(bar, PAGE_SIZE, MmNonCached);
    KIRQL irql = 0;
    KAFFINITY affinity = 0;
    ULONG line = header[15] & 0xff, vector = HalGetInterruptVector(PCIBus, 0, line, line, &irql, &affinity);
    NTSTATUS status = IoConnectInterrupt(&ticks->interrupt, timer_isr, ticks, NULL, vector, irql, irql,
                                         LevelSensitive, TRUE, affinity, FALSE);
    CHECK(NT_SUCCESS(status) && ticks->registers, "its line can be connected, level-sensitive and shared");
    if (NT_SUCCESS(status) && ticks->registers) {
        LONGLONG before = KeQueryPerformanceCounter(NULL).QuadPart;
        ticks->registers[6] = 10000; // 1 ms
        ticks->registers[7] = 0;
        ticks->registers[1] = 7;
        LARGE_INTEGER second = {.QuadPart = -10000000};
        status = KeWaitForSingleObject(&ticks->done, Executive, KernelMode, FALSE, &second);
        LONGLONG took = KeQueryPerformanceCounter(NULL).QuadPart - before;
        CHECK(status == STATUS_SUCCESS && ticks->ticks == 5, "a periodic timer interrupts again and again");
        CHECK(took >= 50000 && took < 51000, "each millisecond, without drift");
        IoDisconnectInterrupt(ticks->interrupt);
    }
    if (ticks->registers) MmUnmapIoSpace((PVOID)ticks->registers, PAGE_SIZE);
    ExFreePoolWithTag(ticks, 'ihmT');
}

static void checks(void) {
    check_parallel_port();
    check_timer();
}
