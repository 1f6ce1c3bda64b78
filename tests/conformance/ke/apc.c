// APCs and what holds them off, as "Types of APCs", "Disabling APCs", "Waits and APCs", "Critical Regions and
// Guarded Regions" and the pages of KeAreApcsDisabled and KeWaitForSingleObject document them.
// KeInitializeApc and its kin have no pages: drivers declare them.
#define TOPIC L"KeApc"
#include "../common/driver.h"
#include "../common/import.h"
#include "../locks/threads.h"

typedef VOID(NTAPI normal_routine_t)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI kernel_routine_t)(PKAPC, normal_routine_t**, PVOID*, PVOID*, PVOID*);
typedef VOID(NTAPI rundown_routine_t)(PKAPC);
IMPORT(VOID, KeInitializeApc, PKAPC, PKTHREAD, ULONG, kernel_routine_t*, rundown_routine_t*,
       normal_routine_t*, KPROCESSOR_MODE, PVOID);
IMPORT(BOOLEAN, KeInsertQueueApc, PKAPC, PVOID, PVOID, KPRIORITY);
IMPORT(BOOLEAN, KeRemoveQueueApc, PKAPC);
IMPORT(BOOLEAN, KeTestAlertThread, KPROCESSOR_MODE);
IMPORT(BOOLEAN, KeAlertThread, PKTHREAD, KPROCESSOR_MODE);

typedef struct {
    KAPC apc;
    volatile LONG kernel_calls, normal_calls, rundowns;
    KIRQL kernel_irql, normal_irql;
    PKTHREAD thread;
    PVOID context, argument1, argument2;
    BOOLEAN take_back; // the kernel routine clears the normal routine
    LONG place;
} probe_t;
static volatile LONG places;

static VOID NTAPI normal(PVOID context, PVOID argument1, PVOID argument2) {
    probe_t* p = context;
    p->normal_irql = KeGetCurrentIrql();
    p->context = context;
    p->argument1 = argument1;
    p->argument2 = argument2;
    InterlockedIncrement(&p->normal_calls);
}

static VOID NTAPI kernel(PKAPC apc, normal_routine_t** routine, PVOID* context, PVOID* argument1,
                         PVOID* argument2) {
    probe_t* p = CONTAINING_RECORD(apc, probe_t, apc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(argument1);
    p->kernel_irql = KeGetCurrentIrql();
    p->thread = KeGetCurrentThread();
    p->place = InterlockedIncrement(&places);
    if (p->take_back) *routine = NULL;
    if (*argument2 == (PVOID)2) *argument2 = (PVOID)22;
    InterlockedIncrement(&p->kernel_calls);
}

static VOID NTAPI rundown(PKAPC apc) {
    InterlockedIncrement(&CONTAINING_RECORD(apc, probe_t, apc)->rundowns);
}

static void prepare(probe_t* p, PVOID thread, BOOLEAN special) {
    RtlZeroMemory(p, sizeof *p);
    import_KeInitializeApc(&p->apc, thread, 0, kernel, rundown, special ? NULL : normal, KernelMode,
                           special ? NULL : p);
}
static BOOLEAN insert(probe_t* p) { return import_KeInsertQueueApc(&p->apc, (PVOID)1, (PVOID)2, 0); }

static probe_t a, b, c;

static void own_thread(void) {
    PKTHREAD self = KeGetCurrentThread();
    KIRQL old;
    prepare(&a, self, TRUE);
    CHECK(insert(&a), "KeInsertQueueApc returns TRUE");
    CHECK(a.kernel_calls == 1 && a.kernel_irql == APC_LEVEL && a.thread == self,
          "a special kernel APC for the caller runs at once, at APC_LEVEL");
    prepare(&b, self, FALSE);
    insert(&b);
    CHECK(b.kernel_calls == 1 && b.kernel_irql == APC_LEVEL, "the kernel routine of a normal one too");
    CHECK(b.normal_calls == 1 && b.normal_irql == PASSIVE_LEVEL,
          "its normal routine then runs at PASSIVE_LEVEL");
    CHECK(b.context == &b && b.argument1 == (PVOID)1 && b.argument2 == (PVOID)22,
          "with the context and arguments that the kernel routine left");
    prepare(&b, self, FALSE);
    b.take_back = TRUE;
    insert(&b);
    CHECK(b.kernel_calls == 1 && b.normal_calls == 0, "a kernel routine may take the normal routine back");

    KeRaiseIrql(APC_LEVEL, &old);
    prepare(&a, self, TRUE);
    prepare(&b, self, FALSE);
    prepare(&c, self, TRUE);
    places = 0;
    insert(&b);
    insert(&a);
    insert(&c);
    CHECK(!insert(&a), "KeInsertQueueApc returns FALSE for an APC that is queued");
    CHECK(!a.kernel_calls && !b.kernel_calls, "at APC_LEVEL no APC runs");
    CHECK(KeAreApcsDisabled() && KeAreAllApcsDisabled(), "KeAreApcsDisabled and KeAreAllApcsDisabled say so");
    KeLowerIrql(old);
    CHECK(a.kernel_calls == 1 && b.normal_calls == 1 && c.kernel_calls == 1,
          "they run when the IRQL is lowered");
    CHECK(a.place == 1 && c.place == 2 && b.place == 3,
          "special ones first, each kind in the order of its queueing");
    KeRaiseIrql(APC_LEVEL, &old);
    prepare(&a, self, TRUE);
    insert(&a);
    CHECK(import_KeRemoveQueueApc(&a.apc), "KeRemoveQueueApc takes a queued APC back");
    CHECK(!import_KeRemoveQueueApc(&a.apc), "once");
    KeLowerIrql(old);
    CHECK(a.kernel_calls == 0, "then it does not run");
}

static void regions(void) {
    PKTHREAD self = KeGetCurrentThread();
    CHECK(!KeAreApcsDisabled() && !KeAreAllApcsDisabled(), "outside of regions APCs are enabled");
    prepare(&a, self, TRUE);
    prepare(&b, self, FALSE);
    KeEnterCriticalRegion();
    CHECK(KeAreApcsDisabled() && !KeAreAllApcsDisabled(), "a critical region disables normal kernel APCs");
    KeEnterCriticalRegion();
    insert(&b);
    insert(&a);
    CHECK(a.kernel_calls == 1, "special kernel APCs run in a critical region");
    CHECK(b.kernel_calls == 0, "normal ones do not");
    KeLeaveCriticalRegion();
    CHECK(b.kernel_calls == 0, "regions nest");
    KeLeaveCriticalRegion();
    CHECK(b.normal_calls == 1, "they run when the last critical region is left");
    prepare(&a, self, TRUE);
    prepare(&b, self, FALSE);
    KeEnterGuardedRegion();
    CHECK(KeAreApcsDisabled() && KeAreAllApcsDisabled(), "a guarded region disables all kernel APCs");
    insert(&a);
    insert(&b);
    CHECK(!a.kernel_calls && !b.kernel_calls, "no APC runs in a guarded region");
    KeLeaveGuardedRegion();
    CHECK(a.kernel_calls == 1 && b.normal_calls == 1, "they run when it is left");
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    CHECK(KeAreApcsDisabled(), "the owner of a mutex object is as in a critical region");
    prepare(&a, self, TRUE);
    prepare(&b, self, FALSE);
    insert(&a);
    insert(&b);
    CHECK(a.kernel_calls == 1 && b.kernel_calls == 0, "which holds off normal kernel APCs");
    KeReleaseMutex(&mutex, FALSE);
    CHECK(b.normal_calls == 1, "until it is released");
    FAST_MUTEX fast;
    ExInitializeFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    prepare(&a, self, TRUE);
    insert(&a);
    CHECK(a.kernel_calls == 0, "the owner of a fast mutex runs at APC_LEVEL: no APC");
    ExReleaseFastMutex(&fast);
    CHECK(a.kernel_calls == 1, "until it is released");
}

typedef struct {
    KEVENT ready, go;
    NTSTATUS status, second;
    KPROCESSOR_MODE mode;
    BOOLEAN alertable, region;
} waiter_t;

static void wait_body(PVOID context) {
    waiter_t* w = context;
    if (!w->region) KeLeaveCriticalRegion(); // a system thread begins in one
    KeSetEvent(&w->ready, 0, FALSE);
    w->status = KeWaitForSingleObject(&w->go, Executive, w->mode, w->alertable, NULL);
    if (w->region) KeLeaveCriticalRegion();
    KeEnterCriticalRegion();
    if (w->status != STATUS_SUCCESS)
        w->second = KeWaitForSingleObject(&w->go, Executive, KernelMode, FALSE, NULL);
}

static void begin(helper_t* helper, waiter_t* w, KPROCESSOR_MODE mode, BOOLEAN alertable, BOOLEAN region) {
    RtlZeroMemory(w, sizeof *w);
    KeInitializeEvent(&w->ready, NotificationEvent, FALSE);
    KeInitializeEvent(&w->go, NotificationEvent, FALSE);
    w->mode = mode;
    w->alertable = alertable;
    w->region = region;
    start(helper, wait_body, w);
    KeWaitForSingleObject(&w->ready, Executive, KernelMode, FALSE, NULL);
    let_others_run();
}

static void other_threads(void) {
    static waiter_t w;
    helper_t helper;
    begin(&helper, &w, KernelMode, FALSE, FALSE);
    prepare(&a, helper.thread, TRUE);
    prepare(&b, helper.thread, FALSE);
    insert(&a);
    insert(&b);
    let_others_run();
    CHECK(a.kernel_calls == 1 && a.thread == (PKTHREAD)helper.thread,
          "a kernel APC runs in a waiting thread");
    CHECK(b.normal_calls == 1, "a normal kernel APC too");
    CHECK(!has_ended(&helper), "the wait goes on afterwards, alertable or not");
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.status == STATUS_SUCCESS, "and is satisfied by its object");

    begin(&helper, &w, KernelMode, FALSE, TRUE);
    prepare(&a, helper.thread, TRUE);
    prepare(&b, helper.thread, FALSE);
    insert(&a);
    insert(&b);
    let_others_run();
    CHECK(a.kernel_calls == 1 && b.kernel_calls == 0,
          "a thread that waits in a critical region runs special ones only");
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(b.normal_calls == 1, "and the others when it leaves the region");

    begin(&helper, &w, KernelMode, TRUE, FALSE);
    CHECK(!import_KeAlertThread((PKTHREAD)helper.thread, KernelMode),
          "KeAlertThread returns FALSE: it was not alerted");
    let_others_run();
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.status == STATUS_ALERTED, "an alertable wait of an alerted thread returns STATUS_ALERTED");
    begin(&helper, &w, KernelMode, FALSE, FALSE);
    import_KeAlertThread((PKTHREAD)helper.thread, KernelMode);
    let_others_run();
    CHECK(!has_ended(&helper), "a wait that is not alertable goes on");
    CHECK(import_KeAlertThread((PKTHREAD)helper.thread, KernelMode), "and the thread stays alerted");
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.status == STATUS_SUCCESS, "its status is that of its object");

    // A user APC of a system thread: it never goes to user mode, so the APC stays until the thread ends.
    begin(&helper, &w, UserMode, TRUE, FALSE);
    prepare(&a, helper.thread, FALSE);
    import_KeInitializeApc(&a.apc, (PKTHREAD)helper.thread, 0, kernel, rundown, normal, UserMode, &a);
    insert(&a);
    let_others_run();
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.status == STATUS_USER_APC,
          "an alertable wait in user mode ends with STATUS_USER_APC for a user APC");
    CHECK(a.rundowns == 1 && a.normal_calls == 0,
          "the rundown routine is called for an APC that the thread leaves behind when it ends");
    begin(&helper, &w, KernelMode, TRUE, FALSE);
    prepare(&a, helper.thread, FALSE);
    import_KeInitializeApc(&a.apc, (PKTHREAD)helper.thread, 0, kernel, rundown, normal, UserMode, &a);
    insert(&a);
    let_others_run();
    CHECK(!has_ended(&helper), "user APCs do not end waits in kernel mode");
    KeSetEvent(&w.go, 0, FALSE);
    join(&helper);
    CHECK(w.status == STATUS_SUCCESS && a.rundowns == 1, "whatever is queued");
    prepare(&a, helper.thread, TRUE);
}

static void alerts(void) {
    PKTHREAD self = KeGetCurrentThread();
    LARGE_INTEGER second = {.QuadPart = -10000000};
    CHECK(!import_KeTestAlertThread(KernelMode),
          "KeTestAlertThread returns FALSE when the thread is not alerted");
    import_KeAlertThread(self, KernelMode);
    CHECK(import_KeTestAlertThread(KernelMode) && !import_KeTestAlertThread(KernelMode),
          "and TRUE once when it is");
    import_KeAlertThread(self, KernelMode);
    CHECK(KeDelayExecutionThread(KernelMode, TRUE, &second) == STATUS_ALERTED,
          "an alertable delay of an alerted thread returns STATUS_ALERTED");
    CHECK(KeDelayExecutionThread(KernelMode, TRUE, &second) == STATUS_SUCCESS, "then no more");
}

static void checks(void) {
    own_thread();
    regions();
    other_threads();
    alerts();
}
