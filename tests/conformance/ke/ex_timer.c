// System-allocated timers, as the pages of ExAllocateTimer, ExSetTimer, ExCancelTimer, ExDeleteTimer and
// "Deleting a System-Allocated Timer Object" document them.
#define TOPIC L"ExTimer"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(ULONG64, KeQueryInterruptTimePrecise, PULONG64);
#ifdef __MINGW32__ // its wdm.h lacks what the WDK's has
#define ExInitializeDeleteTimerParameters(p) RtlZeroMemory((p), sizeof *(p))
#endif

#define MS 10000LL

typedef struct {
    volatile LONG calls, wrong;
    PEX_TIMER timer;
    LONGLONG at[64];
    volatile LONG deleted;
    KEVENT gone;
    BOOLEAN delete_inside;
} state_t;

static NTSTATUS wait_for(PVOID object, LONGLONG at_most) {
    LARGE_INTEGER timeout = {.QuadPart = -at_most};
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}
static LONGLONG now(void) { return (LONGLONG)import_KeQueryInterruptTimePrecise(&(ULONG64){0}); }
static void pass(LONGLONG units) {
    LARGE_INTEGER delay = {.QuadPart = -units};
    KeDelayExecutionThread(KernelMode, FALSE, &delay);
}

static VOID NTAPI on_delete(PVOID context) {
    state_t* s = context;
    s->deleted++;
    KeSetEvent(&s->gone, 0, FALSE);
}

static EXT_DELETE_PARAMETERS parameters_for(state_t* s) {
    EXT_DELETE_PARAMETERS parameters;
    ExInitializeDeleteTimerParameters(&parameters);
    parameters.DeleteCallback = on_delete;
    parameters.DeleteContext = s;
    return parameters;
}

static VOID NTAPI on_timer(PEX_TIMER timer, PVOID context) {
    state_t* s = context;
    if (KeGetCurrentIrql() != DISPATCH_LEVEL || timer != s->timer) s->wrong = 1;
    if (s->calls < 64) s->at[s->calls] = now();
    s->calls++;
    if (s->delete_inside) {
        EXT_DELETE_PARAMETERS parameters = parameters_for(s);
        ExDeleteTimer(timer, TRUE, FALSE, &parameters);
    }
}

static PEX_TIMER make(state_t* s, ULONG attributes) {
    RtlZeroMemory(s, sizeof *s);
    KeInitializeEvent(&s->gone, NotificationEvent, FALSE);
    return s->timer = ExAllocateTimer(on_timer, s, attributes);
}

static state_t s;

static void one_shot(void) {
    PEX_TIMER timer = make(&s, EX_TIMER_NOTIFICATION);
    CHECK(timer != NULL, "ExAllocateTimer returns a timer object");
    CHECK(!ExCancelTimer(timer, NULL), "ExCancelTimer returns FALSE for a timer that was never set");
    CHECK(!ExSetTimer(timer, -100 * MS, 0, NULL), "ExSetTimer returns FALSE when it cancels nothing");
    CHECK(ExSetTimer(timer, -50 * MS, 0, NULL), "and TRUE when it cancels a pending timer");
    CHECK(wait_for(timer, 1000 * MS) == STATUS_SUCCESS, "a driver can wait for the timer");
    KeFlushQueuedDpcs();
    CHECK(s.calls == 1 && !s.wrong, "the callback is called at DISPATCH_LEVEL with the timer, once");
    CHECK(wait_for(timer, 0) == STATUS_SUCCESS, "a notification timer stays signaled");
    CHECK(!ExCancelTimer(timer, NULL), "ExCancelTimer returns FALSE for a timer that has expired");
    ExSetTimer(timer, -50 * MS, 0, NULL);
    CHECK(ExCancelTimer(timer, NULL), "ExCancelTimer returns TRUE when the timer was set");
    CHECK(wait_for(timer, 200 * MS) == STATUS_TIMEOUT && s.calls == 1,
          "then it is not signaled and the callback is not called");
    LARGE_INTEGER due;
    KeQuerySystemTime(&due);
    ExSetTimer(timer, due.QuadPart + 50 * MS, 0, NULL);
    CHECK(wait_for(timer, 1000 * MS) == STATUS_SUCCESS, "the time may be absolute");
    EXT_DELETE_PARAMETERS parameters = parameters_for(&s);
    CHECK(!ExDeleteTimer(timer, TRUE, TRUE, &parameters),
          "ExDeleteTimer returns FALSE when the timer expired before it could be canceled");
    CHECK(s.deleted == 1, "with Wait TRUE the delete callback finishes before it returns");

    timer = make(&s, 0);
    ExSetTimer(timer, -20 * MS, 0, NULL);
    CHECK(wait_for(timer, 1000 * MS) == STATUS_SUCCESS && wait_for(timer, 0) == STATUS_TIMEOUT,
          "a synchronization timer satisfies one wait");
    ExSetTimer(timer, -1000 * MS, 0, NULL);
    parameters = parameters_for(&s);
    CHECK(ExDeleteTimer(timer, TRUE, FALSE, &parameters),
          "ExDeleteTimer returns TRUE when it cancels the timer");
    CHECK(wait_for(&s.gone, 1000 * MS) == STATUS_SUCCESS && s.deleted == 1, "and calls the delete callback");

    PEX_TIMER plain = ExAllocateTimer(NULL, NULL, EX_TIMER_NO_WAKE);
    EXT_SET_PARAMETERS set;
    ExInitializeSetTimerParameters(&set);
    set.NoWakeTolerance = 100 * MS;
    ExSetTimer(plain, -50 * MS, 0, &set);
    CHECK(wait_for(plain, 1000 * MS) == STATUS_SUCCESS, "a no-wake timer expires within its tolerance");
    CHECK(!ExDeleteTimer(plain, FALSE, FALSE, NULL), "with Cancel FALSE ExDeleteTimer always returns FALSE");
}

static void periodic(void) {
    PEX_TIMER timer = make(&s, 0);
    LONG waits = 0;
    LONGLONG start = now();
    ExSetTimer(timer, -50 * MS, 50 * MS, NULL);
    while (waits < 10 && wait_for(timer, 1000 * MS) == STATUS_SUCCESS)
        ++waits;
    LONGLONG passed = now() - start;
    CHECK(waits == 10 && passed >= 450 * MS && passed <= 560 * MS, "a periodic timer expires once a period");
    EXT_DELETE_PARAMETERS parameters = parameters_for(&s);
    CHECK(ExDeleteTimer(timer, TRUE, TRUE, &parameters) && s.deleted == 1,
          "ExDeleteTimer cancels a periodic timer");
    LONG calls = s.calls;
    pass(200 * MS);
    CHECK(s.calls == calls, "which does not expire any more");

    timer = make(&s, 0);
    ExSetTimer(timer, -20 * MS, 20 * MS, NULL);
    pass(100 * MS);
    parameters = parameters_for(&s);
    calls = s.calls;
    CHECK(!ExDeleteTimer(timer, FALSE, FALSE, &parameters),
          "with Cancel FALSE a pending timer is let expire");
    pass(300 * MS);
    CHECK(s.calls <= calls + 2 && s.deleted == 1,
          "a periodic timer expires no more than once after it is disabled, then it is deleted");
}

static void precise(void) {
    PEX_TIMER timer = make(&s, EX_TIMER_HIGH_RESOLUTION);
    LONGLONG start = now();
    ExSetTimer(timer, -2 * MS, 0, NULL);
    CHECK(wait_for(timer, 1000 * MS) == STATUS_SUCCESS, "a high-resolution timer");
    LONGLONG passed = now() - start;
    CHECK(passed >= 2 * MS && passed <= 4 * MS, "expires at its time, not at a tick");
    s.calls = 0;
    ExSetTimer(timer, -1 * MS, 1 * MS, NULL);
    pass(100 * MS);
    ExCancelTimer(timer, NULL);
    KeFlushQueuedDpcs();
    CHECK(s.calls >= 50, "a periodic one with its period");
    ExDeleteTimer(timer, TRUE, TRUE, NULL);
}

static void deleting_inside(void) {
    PEX_TIMER timer = make(&s, 0);
    s.delete_inside = TRUE;
    ExSetTimer(timer, -20 * MS, 20 * MS, NULL);
    CHECK(wait_for(&s.gone, 1000 * MS) == STATUS_SUCCESS,
          "ExDeleteTimer may be called from the timer's callback, with Wait FALSE");
    pass(100 * MS);
    CHECK(s.calls == 1 && s.deleted == 1, "and the timer is gone with it");
}

static void checks(void) {
    one_shot();
    periodic();
    precise();
    deleting_inside();
}
