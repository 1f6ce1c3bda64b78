// Device queues: nf-wdm-keinsertdevicequeue, nf-wdm-keinsertbykeydevicequeue, nf-wdm-keremovedevicequeue,
// nf-wdm-keremovebykeydevicequeue, nf-wdm-keremoveentrydevicequeue.
#define TOPIC L"KeQueue"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PKDEVICE_QUEUE_ENTRY, KeRemoveByKeyDeviceQueueIfBusy, PKDEVICE_QUEUE, ULONG);

static void checks(void) {
    KDEVICE_QUEUE queue;
    KDEVICE_QUEUE_ENTRY a, b, c, d;
    KIRQL old;
    KeInitializeDeviceQueue(&queue);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    BOOLEAN idle = import_KeRemoveByKeyDeviceQueueIfBusy(&queue, 0) == NULL && !queue.Busy;
    BOOLEAN first = KeInsertDeviceQueue(&queue, &a), busy = queue.Busy;
    BOOLEAN second = KeInsertByKeyDeviceQueue(&queue, &b, 20),
            third = KeInsertByKeyDeviceQueue(&queue, &c, 10),
            fourth = KeInsertByKeyDeviceQueue(&queue, &d, 20);
    PKDEVICE_QUEUE_ENTRY one = KeRemoveDeviceQueue(&queue), two = KeRemoveByKeyDeviceQueue(&queue, 15),
                         three = import_KeRemoveByKeyDeviceQueueIfBusy(&queue, 30);
    BOOLEAN still = queue.Busy;
    PKDEVICE_QUEUE_ENTRY none = import_KeRemoveByKeyDeviceQueueIfBusy(&queue, 0);
    BOOLEAN after = queue.Busy;
    KeInsertDeviceQueue(&queue, &a);
    KeInsertDeviceQueue(&queue, &b);
    BOOLEAN taken = KeRemoveEntryDeviceQueue(&queue, &b), again = KeRemoveEntryDeviceQueue(&queue, &b);
    KeLowerIrql(old);
    CHECK(idle, "KeRemoveByKeyDeviceQueueIfBusy may be called on a queue that is not busy: NULL");
    CHECK(!first && busy, "KeInsertDeviceQueue: FALSE when the queue was empty, and it becomes busy");
    CHECK(second && third && fourth, "then entries are queued: TRUE");
    CHECK(one == &c, "KeInsertByKeyDeviceQueue orders by key");
    CHECK(two == &b, "KeRemoveByKeyDeviceQueue: the first entry with a key greater than or equal; equal keys "
                     "keep their order");
    CHECK(three == &d && still, "if there is none, the first entry of the queue");
    CHECK(!none && !after, "an empty queue becomes not busy: NULL");
    CHECK(taken && !again, "KeRemoveEntryDeviceQueue: TRUE if the entry was queued");
}
