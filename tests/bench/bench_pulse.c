// Reads that end by an interrupt: pended, and completed by the DPC of the pulse model's next one. The model
// has no registers, so what is measured is the way from interrupt to completed request and nothing else.
#include "bench_driver.h"

// The headers hide it from 64-bit drivers; without Plug and Play it says where a line leads.
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

#define PULSE_LINE 5

static PKINTERRUPT interrupt;
static KDPC completion;
static KSPIN_LOCK lock; // of `waiting`
static PIRP waiting;

static VOID NTAPI complete_waiting(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(argument1);
    UNREFERENCED_PARAMETER(argument2);
    KeAcquireSpinLockAtDpcLevel(&lock);
    PIRP irp = waiting;
    waiting = NULL;
    KeReleaseSpinLockFromDpcLevel(&lock);
    if (!irp) return;
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static BOOLEAN NTAPI pulse_isr(PKINTERRUPT of, PVOID context) {
    UNREFERENCED_PARAMETER(of);
    UNREFERENCED_PARAMETER(context);
    KeInsertQueueDpc(&completion, NULL, NULL);
    return TRUE;
}

NTSTATUS NTAPI bench_read(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status = STATUS_PENDING;
    KIRQL irql;
    UNREFERENCED_PARAMETER(device);
    KeAcquireSpinLock(&lock, &irql);
    if (interrupt && !waiting) {
        IoMarkIrpPending(irp);
        waiting = irp;
    } else
        status = STATUS_DEVICE_NOT_READY;
    KeReleaseSpinLock(&lock, irql);
    if (status == STATUS_PENDING) return status;
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

void connect_pulse(PDEVICE_OBJECT device) {
    KIRQL irql;
    KAFFINITY affinity;
    ULONG vector = HalGetInterruptVector(Isa, 0, PULSE_LINE, PULSE_LINE, &irql, &affinity);
    KeInitializeSpinLock(&lock);
    KeInitializeDpc(&completion, complete_waiting, device);
    if (!NT_SUCCESS(IoConnectInterrupt(&interrupt, pulse_isr, device, NULL, vector, irql, irql, Latched,
                                       FALSE, affinity, FALSE)))
        interrupt = NULL;
}

void disconnect_pulse(void) {
    if (interrupt) IoDisconnectInterrupt(interrupt);
    KeFlushQueuedDpcs();
}
