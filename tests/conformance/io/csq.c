// Cancel-safe queues and remove locks: nf-wdm-iocsqinitialize, nf-wdm-iocsqinsertirpex,
// nf-wdm-iocsqremoveirp, nf-wdm-iocsqremovenextirp, nf-wdm-ioinitializeremovelock,
// nf-wdm-ioacquireremovelock, nf-wdm-ioreleaseremovelockandwait.
#define TOPIC L"IoCsq"
#include "../common/driver.h"

static LIST_ENTRY queue;
static KSPIN_LOCK lock;
static char calls[64]; // what the queue's routines were called in: A lock, I insert, R remove, P peek, r
                       // unlock, C cancelled
static ULONG call_count;
static PVOID insert_context, peek_context;
static PIRP completed;
static NTSTATUS refusal;

static void call(char what) {
    if (call_count + 1 < sizeof calls) calls[call_count++] = what, calls[call_count] = 0;
}
static BOOLEAN called(const char* expected) {
    ULONG i = 0;
    while (expected[i] && calls[i] == expected[i])
        ++i;
    BOOLEAN same = expected[i] == 0 && i == call_count;
    call_count = 0;
    return same;
}

static VOID NTAPI insert(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    call('I');
    InsertTailList(&queue, &irp->Tail.Overlay.ListEntry);
}
static NTSTATUS NTAPI insert_ex(PIO_CSQ csq, PIRP irp, PVOID context) {
    insert_context = context;
    if (refusal) {
        call('I');
        return refusal;
    }
    insert(csq, irp);
    return STATUS_PENDING;
}
static VOID NTAPI take(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    call('R');
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}
static PIRP NTAPI peek(PIO_CSQ csq, PIRP irp, PVOID context) {
    UNREFERENCED_PARAMETER(csq);
    call('P');
    peek_context = context;
    for (PLIST_ENTRY e = irp ? irp->Tail.Overlay.ListEntry.Flink : queue.Flink; e != &queue; e = e->Flink) {
        PIRP next = CONTAINING_RECORD(e, IRP, Tail.Overlay.ListEntry);
        if (!context || next->UserBuffer == context) return next;
    }
    return NULL;
}
static VOID NTAPI acquire(PIO_CSQ csq, PKIRQL irql) {
    UNREFERENCED_PARAMETER(csq);
    KeAcquireSpinLock(&lock, irql);
    call('A');
}
static VOID NTAPI release(PIO_CSQ csq, KIRQL irql) {
    UNREFERENCED_PARAMETER(csq);
    call('r');
    KeReleaseSpinLock(&lock, irql);
}
static VOID NTAPI complete_cancelled(PIO_CSQ csq, PIRP irp) {
    UNREFERENCED_PARAMETER(csq);
    call('C');
    completed = irp;
}

static PIRP request(PVOID mark) {
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetNextIrpStackLocation(irp);
    irp->UserBuffer = mark;
    return irp;
}

static void queues(void) {
    IO_CSQ csq;
    IO_CSQ_IRP_CONTEXT context = {0};
    int red, blue;
    PIRP a = request(&red), b = request(&blue), c = request(&red);
    InitializeListHead(&queue);
    KeInitializeSpinLock(&lock);
    CHECK(IoCsqInitialize(&csq, insert, take, peek, acquire, release, complete_cancelled) == STATUS_SUCCESS &&
              !call_count,
          "IoCsqInitialize");
    IoCsqInsertIrp(&csq, a, NULL);
    CHECK(called("AIr"), "IoCsqInsertIrp locks, inserts, unlocks");
    CHECK((IoGetCurrentIrpStackLocation(a)->Control & SL_PENDING_RETURNED) != 0,
          "it marks the request pending");
    CHECK(IoCsqInsertIrpEx(&csq, b, &context, &red) == STATUS_SUCCESS && called("AIr"),
          "IoCsqInsertIrpEx on a queue of IoCsqInitialize: STATUS_SUCCESS");
    IoCsqInsertIrp(&csq, c, NULL);
    called("");
    CHECK(IoCsqRemoveIrp(&csq, &context) == b && called("ARr"),
          "IoCsqRemoveIrp removes the request of its context");
    CHECK(IoCsqRemoveIrp(&csq, &context) == NULL, "and NULL when it is gone");
    called("");
    CHECK(IoCsqRemoveNextIrp(&csq, &blue) == NULL && called("APr") && peek_context == &blue,
          "IoCsqRemoveNextIrp: NULL if nothing matches the PeekContext");
    CHECK(IoCsqRemoveNextIrp(&csq, &red) == a && called("APRr"), "it locks, peeks, removes, unlocks");
    CHECK(a->CancelRoutine == NULL, "a removed request has no cancel routine");

    completed = NULL;
    CHECK(c->CancelRoutine != NULL && IoCancelIrp(c), "a queued request can be cancelled");
    CHECK(called("ARrC") && completed == c && IsListEmpty(&queue),
          "it is removed under the lock and completed without it");
    CHECK(IoCsqRemoveNextIrp(&csq, NULL) == NULL, "NULL if no more requests are available");

    // Cancelled before it comes: completed, not queued.
    called("");
    completed = NULL;
    b->Cancel = TRUE;
    IoCsqInsertIrp(&csq, b, NULL);
    CHECK(completed == b && IsListEmpty(&queue) && called("ArC"),
          "a request that is cancelled already does not get into the queue");
    b->Cancel = FALSE;
    IoCsqInsertIrp(&csq, b, &context);
    IoCancelIrp(b);
    CHECK(IoCsqRemoveIrp(&csq, &context) == NULL, "IoCsqRemoveIrp: NULL if the request has been cancelled");

    called("");
    CHECK(IoCsqInitializeEx(&csq, insert_ex, take, peek, acquire, release, complete_cancelled) ==
              STATUS_SUCCESS,
          "IoCsqInitializeEx");
    CHECK(IoCsqInsertIrpEx(&csq, a, NULL, &blue) == STATUS_PENDING && insert_context == &blue &&
              called("AIr"),
          "IoCsqInsertIrpEx passes InsertContext and returns what the driver's routine returned");
    refusal = STATUS_DEVICE_BUSY;
    c->Cancel = FALSE;
    IoGetCurrentIrpStackLocation(c)->Control = 0;
    CHECK(IoCsqInsertIrpEx(&csq, c, NULL, NULL) == STATUS_DEVICE_BUSY &&
              IoCsqRemoveNextIrp(&csq, NULL) == a && IsListEmpty(&queue),
          "also when that refused it");
    CHECK(!(IoGetCurrentIrpStackLocation(c)->Control & SL_PENDING_RETURNED) && !c->CancelRoutine,
          "a request that is refused is as before: the driver may go on with it at once");
    IoFreeIrp(a);
    IoFreeIrp(b);
    IoFreeIrp(c);
}

static IO_REMOVE_LOCK remove_lock, other_remove_lock; // a lock is not initialized twice
static BOOLEAN released, late_refused;
static VOID NTAPI holder(PVOID context) {
    LARGE_INTEGER moment = {.QuadPart = -100000};
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
    late_refused = IoAcquireRemoveLock(&remove_lock, NULL) == STATUS_DELETE_PENDING;
    released = TRUE;
    IoReleaseRemoveLock(&remove_lock, context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void remove_locks(void) {
    HANDLE thread;
    IoInitializeRemoveLock(&remove_lock, 'kcoL', 0, 0);
    CHECK(IoAcquireRemoveLock(&remove_lock, &queue) == STATUS_SUCCESS &&
              IoAcquireRemoveLock(&remove_lock, &lock) == STATUS_SUCCESS,
          "IoAcquireRemoveLock counts: STATUS_SUCCESS");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(IoAcquireRemoveLock(&remove_lock, NULL) == STATUS_SUCCESS, "also at DISPATCH_LEVEL");
    IoReleaseRemoveLock(&remove_lock, NULL);
    KeLowerIrql(old);
    if (!NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, holder, &queue)))
        return;
    ZwClose(thread);
    IoReleaseRemoveLockAndWait(&remove_lock, &lock);
    CHECK(released, "IoReleaseRemoveLockAndWait returns when all outstanding acquisitions are released");
    CHECK(late_refused && IoAcquireRemoveLock(&remove_lock, NULL) == STATUS_DELETE_PENDING,
          "from then on IoAcquireRemoveLock fails: STATUS_DELETE_PENDING");
    IoInitializeRemoveLock(&other_remove_lock, 'kcoL', 0, 0);
    IoAcquireRemoveLock(&other_remove_lock, &lock);
    IoReleaseRemoveLockAndWait(&other_remove_lock, &lock);
    CHECK(TRUE, "with no other acquisition it does not wait");
}

static void checks(void) {
    queues();
    remove_locks();
}
