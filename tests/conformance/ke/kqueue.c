// Kernel queues, as the pages of KeInitializeQueue, KeInsertQueue, KeInsertHeadQueue, KeRemoveQueue,
// KeReadStateQueue and KeRundownQueue document them; KeRemoveQueueEx has no page.
#define TOPIC L"KeKqueue"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "../locks/threads.h"

IMPORT(ULONG, KeRemoveQueueEx, PRKQUEUE, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER, PLIST_ENTRY*, ULONG);

static KQUEUE queue;
static LIST_ENTRY entries[8];
static LARGE_INTEGER at_once = {.QuadPart = 0};

static void order(void) {
    KeInitializeQueue(&queue, 0);
    CHECK(KeReadStateQueue(&queue) == 0, "a new queue is empty");
    CHECK(KeInsertQueue(&queue, &entries[0]) == 0, "KeInsertQueue returns the number of entries before");
    CHECK(KeInsertQueue(&queue, &entries[1]) == 1, "each time");
    CHECK(KeInsertHeadQueue(&queue, &entries[2]) == 2, "KeInsertHeadQueue too");
    CHECK(KeReadStateQueue(&queue) == 3, "KeReadStateQueue returns their number");
    CHECK(KeRemoveQueue(&queue, KernelMode, &at_once) == &entries[2], "the entry at the head comes first");
    CHECK(KeRemoveQueue(&queue, KernelMode, &at_once) == &entries[0],
          "others in the order of their insertion");
    CHECK(KeRemoveQueue(&queue, KernelMode, NULL) == &entries[1], "to the last");
    CHECK(KeRemoveQueue(&queue, KernelMode, &at_once) == (PLIST_ENTRY)(LONG_PTR)STATUS_TIMEOUT,
          "a zero time-out on an empty queue returns STATUS_TIMEOUT");
    LARGE_INTEGER a_while = {.QuadPart = -300000};
    CHECK(KeRemoveQueue(&queue, KernelMode, &a_while) == (PLIST_ENTRY)(LONG_PTR)STATUS_TIMEOUT,
          "so does a time-out that passes");
    for (int i = 0; i < 5; ++i)
        KeInsertQueue(&queue, &entries[i]);
    PLIST_ENTRY taken[4];
    CHECK(import_KeRemoveQueueEx(&queue, KernelMode, FALSE, NULL, taken, 4) == 4 && taken[0] == &entries[0] &&
              taken[3] == &entries[3],
          "KeRemoveQueueEx takes several at once");
    PLIST_ENTRY first = KeRundownQueue(&queue);
    CHECK(first == &entries[4], "KeRundownQueue returns the first entry that is left");
    CHECK(KeRemoveQueue(&queue, KernelMode, NULL) == (PLIST_ENTRY)(LONG_PTR)STATUS_ABANDONED,
          "a wait for a queue that has been run down fails with STATUS_ABANDONED");
    KeInitializeQueue(&queue, 1);
    CHECK(KeRundownQueue(&queue) == NULL, "of an empty queue KeRundownQueue returns NULL");
}

typedef struct {
    PLIST_ENTRY got[2];
    KEVENT ready, got_one, go;
    helper_t helper;
} taker_t;
static taker_t takers[3];

static void take(PVOID context) {
    taker_t* t = context;
    KeSetEvent(&t->ready, 0, FALSE);
    t->got[0] = KeRemoveQueue(&queue, KernelMode, NULL);
    KeSetEvent(&t->got_one, 0, FALSE);
    KeWaitForSingleObject(&t->go, Executive, KernelMode, FALSE, NULL);
    t->got[1] = KeRemoveQueue(&queue, KernelMode, NULL);
}

static ULONG how_many_got(void) {
    ULONG n = 0;
    let_others_run();
    for (int i = 0; i < 3; ++i)
        n += takers[i].got[0] != NULL;
    return n;
}

static void threads(void) {
    KeInitializeQueue(&queue, 1);
    RtlZeroMemory(takers, sizeof takers);
    for (int i = 0; i < 3; ++i) {
        KeInitializeEvent(&takers[i].ready, NotificationEvent, FALSE);
        KeInitializeEvent(&takers[i].got_one, NotificationEvent, FALSE);
        KeInitializeEvent(&takers[i].go, NotificationEvent, FALSE);
        start(&takers[i].helper, take, &takers[i]);
        KeWaitForSingleObject(&takers[i].ready, Executive, KernelMode, FALSE, NULL);
        let_others_run();
    }
    KeInsertQueue(&queue, &entries[0]);
    CHECK(how_many_got() == 1 && takers[2].got[0] == &entries[0],
          "the thread that waits last takes an entry first");
    // It waits for something else meanwhile, so another may run in its place.
    KeInsertQueue(&queue, &entries[1]);
    CHECK(how_many_got() == 2, "while a thread of the queue waits elsewhere, the next one runs");
    KeInsertQueue(&queue, &entries[2]);
    CHECK(how_many_got() == 3, "and the next");
    for (int i = 0; i < 3; ++i)
        KeSetEvent(&takers[i].go, 0, FALSE);
    let_others_run();
    CHECK(KeRundownQueue(&queue) == NULL, "KeRundownQueue of an empty queue returns NULL");
    for (int i = 0; i < 3; ++i)
        join(&takers[i].helper);
    BOOLEAN all = TRUE;
    for (int i = 0; i < 3; ++i)
        if (takers[i].got[1] != (PLIST_ENTRY)(LONG_PTR)STATUS_ABANDONED) all = FALSE;
    CHECK(all, "and wakes every waiting thread with STATUS_ABANDONED");
}

static void checks(void) {
    order();
    threads();
}
