// The services behind timers, user APCs, alerts and suspending, called from ntdll: pages of NtCreateTimer,
// ZwSetTimerEx, NtQueryTimer and ZwCancelTimer; the others have none.
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

typedef void NTAPI timer_routine_t(PVOID context, ULONG low, LONG high);
typedef struct {
    LARGE_INTEGER due;
    timer_routine_t* routine;
    PVOID context, wake_context;
    ULONG period, tolerable_delay;
    BOOLEAN* previous;
} coalescable_t;
typedef struct {
    LARGE_INTEGER remaining;
    BOOLEAN state;
} timer_information_t;
NTSTATUS NTAPI NtCreateTimer(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, ULONG);
NTSTATUS NTAPI NtOpenTimer(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);
NTSTATUS NTAPI NtSetTimer(HANDLE, LARGE_INTEGER*, timer_routine_t*, PVOID, BOOLEAN, LONG, BOOLEAN*);
NTSTATUS NTAPI NtSetTimerEx(HANDLE, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtCancelTimer(HANDLE, BOOLEAN*);
NTSTATUS NTAPI NtQueryTimer(HANDLE, ULONG, PVOID, ULONG, ULONG*);
NTSTATUS NTAPI NtSetTimerResolution(ULONG, BOOLEAN, ULONG*);
NTSTATUS NTAPI NtQueryTimerResolution(ULONG*, ULONG*, ULONG*);
NTSTATUS NTAPI NtQueueApcThread(HANDLE, PVOID, PVOID, PVOID, PVOID);
NTSTATUS NTAPI NtAlertThread(HANDLE);
NTSTATUS NTAPI NtAlertResumeThread(HANDLE, ULONG*);
NTSTATUS NTAPI NtSuspendThread(HANDLE, ULONG*);
NTSTATUS NTAPI NtResumeThread(HANDLE, ULONG*);
NTSTATUS NTAPI NtTestAlert(void);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN, LARGE_INTEGER*);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG, const HANDLE*, ULONG, BOOLEAN, LARGE_INTEGER*);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE, HANDLE, BOOLEAN, LARGE_INTEGER*);
ULONG NTAPI NtGetCurrentProcessorNumberEx(PROCESSOR_NUMBER*);

#define SUCCESS ((NTSTATUS)0)
#define ALERTED ((NTSTATUS)0x101)
#define USER_APC ((NTSTATUS)0xC0)
#define RESUME_IGNORED ((NTSTATUS)0x40000025)
#define INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)
#define INVALID_PARAMETER_6 ((NTSTATUS)0xC00000F4)
#define ACCESS_IS_DENIED ((NTSTATUS)0xC0000022)
#define TYPE_MISMATCH ((NTSTATUS)0xC0000024)

static LARGE_INTEGER in_ms(LONGLONG ms) {
    LARGE_INTEGER due;
    due.QuadPart = -ms * 10000;
    return due;
}
static NTSTATUS wait_ms(HANDLE object, DWORD ms) { return (NTSTATUS)WaitForSingleObject(object, ms); }

static volatile LONG calls;
static PVOID got[3];

static void NTAPI on_timer(PVOID context, ULONG low, LONG high) {
    (void)low;
    (void)high;
    got[0] = context;
    ++calls;
}

static void timers(void) {
    HANDLE timer = NULL, query_only = NULL;
    BOOLEAN state = 9;
    LARGE_INTEGER due = in_ms(50);
    CHECK(NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, 7) == INVALID_PARAMETER_4,
          "NtCreateTimer refuses other types");
    CHECK(NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, 0) == SUCCESS,
          "NtCreateTimer makes a notification timer");
    CHECK(NtSetTimer(timer, &due, NULL, NULL, FALSE, 0, &state) == SUCCESS && state == FALSE,
          "NtSetTimer gives the previous state");
    timer_information_t information;
    ULONG length = 0;
    CHECK(NtQueryTimer(timer, 0, &information, sizeof information, &length) == SUCCESS &&
              length == sizeof information && !information.state && information.remaining.QuadPart > 0 &&
              information.remaining.QuadPart <= 800000,
          "NtQueryTimer gives the time that is left");
    CHECK(NtQueryTimer(timer, 1, &information, sizeof information, NULL) == INVALID_INFO_CLASS,
          "one class only");
    CHECK(NtQueryTimer(timer, 0, &information, 3, NULL) == INFO_LENGTH_MISMATCH, "of its length");
    CHECK(wait_ms(timer, 1000) == 0, "the timer is signaled");
    CHECK(NtQueryTimer(timer, 0, &information, sizeof information, NULL) == SUCCESS && information.state,
          "which NtQueryTimer tells");
    CHECK(NtSetTimer(timer, &due, NULL, NULL, TRUE, 0, &state) == RESUME_IGNORED && state == TRUE,
          "a resume that the system cannot do is ignored");
    CHECK(NtCancelTimer(timer, &state) == SUCCESS && state == FALSE, "NtCancelTimer gives the state");
    CHECK(NtSetTimer(timer, &due, NULL, NULL, FALSE, -1, NULL) == INVALID_PARAMETER_6,
          "a period is not negative");
    coalescable_t what = {in_ms(50), on_timer, &what, NULL, 0, 40, &state};
    CHECK(NtSetTimerEx(timer, 5, &what, sizeof what) == INVALID_INFO_CLASS, "NtSetTimerEx has one class");
    CHECK(NtSetTimerEx(timer, 0, &what, 8) == INFO_LENGTH_MISMATCH, "with its length");
    CHECK(NtSetTimerEx(timer, 0, &what, sizeof what) == SUCCESS, "TimerSetCoalescableTimer");
    due = in_ms(1000);
    CHECK(NtDelayExecution(TRUE, &due) == USER_APC && calls == 1 && got[0] == &what,
          "its routine is a user APC");
    DuplicateHandle(GetCurrentProcess(), timer, GetCurrentProcess(), &query_only, 0x1, FALSE, 0);
    CHECK(NtCancelTimer(query_only, NULL) == ACCESS_IS_DENIED,
          "setting and cancelling needs TIMER_MODIFY_STATE");
    CHECK(NtCancelTimer(GetCurrentProcess(), NULL) == TYPE_MISMATCH, "and a timer");
    NtClose(query_only);
    NtClose(timer);
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE again = NULL;
    RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\ConformServicesTimer");
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    CHECK(NtOpenTimer(&again, TIMER_ALL_ACCESS, &attributes) == (NTSTATUS)0xC0000034,
          "NtOpenTimer of no timer");
    NtCreateTimer(&timer, TIMER_ALL_ACCESS, &attributes, 1);
    CHECK(NtOpenTimer(&again, TIMER_ALL_ACCESS, &attributes) == SUCCESS, "and of one");
    NtClose(again);
    NtClose(timer);
}

static void resolution(void) {
    ULONG coarsest, finest, current, set, other;
    CHECK(NtQueryTimerResolution(&coarsest, &finest, &current) == SUCCESS && coarsest >= current &&
              current >= finest,
          "NtQueryTimerResolution gives the range and what is set");
    CHECK(NtSetTimerResolution(10000, FALSE, &other) == (NTSTATUS)0xC0000245, "nothing to take back yet");
    CHECK(NtSetTimerResolution(10000, TRUE, &set) == SUCCESS && set == 10000, "NtSetTimerResolution sets it");
    LARGE_INTEGER a, b, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&a);
    Sleep(2);
    QueryPerformanceCounter(&b);
    CHECK((b.QuadPart - a.QuadPart) * 1000 / frequency.QuadPart <= 5, "and waits follow it");
    CHECK(NtSetTimerResolution(0, FALSE, &other) == SUCCESS && other == current, "it goes back");
}

static void NTAPI on_apc(PVOID a1, PVOID a2, PVOID a3) {
    got[0] = a1;
    got[1] = a2;
    got[2] = a3;
    ++calls;
}

static volatile LONG delays;
static DWORD WINAPI delay_alertably(void* argument) {
    LARGE_INTEGER due = in_ms(60000);
    ++*(volatile LONG*)argument;
    return (DWORD)NtDelayExecution(TRUE, &due);
}

static void apcs_and_alerts(void) {
    LARGE_INTEGER due = in_ms(500);
    calls = 0;
    CHECK(NtQueueApcThread(GetCurrentThread(), on_apc, (PVOID)1, (PVOID)2, (PVOID)3) == SUCCESS && calls == 0,
          "NtQueueApcThread queues a user APC");
    CHECK(NtTestAlert() == SUCCESS, "NtTestAlert");
    CHECK(calls == 1 && got[0] == (PVOID)1 && got[1] == (PVOID)2 && got[2] == (PVOID)3,
          "delivers user APCs, with three arguments");
    CHECK(NtAlertThread(GetCurrentThread()) == SUCCESS && NtTestAlert() == ALERTED &&
              NtTestAlert() == SUCCESS,
          "NtTestAlert says once that the thread was alerted");
    NtAlertThread(GetCurrentThread());
    CHECK(NtDelayExecution(FALSE, &due) == SUCCESS, "a delay that is not alertable");
    CHECK(NtDelayExecution(TRUE, &due) == ALERTED, "an alertable one ends with STATUS_ALERTED");
    HANDLE thread = CreateThread(NULL, 0, delay_alertably, (void*)&delays, 0, NULL);
    while (!delays)
        Sleep(1);
    Sleep(20);
    ULONG count = 9;
    CHECK(NtSuspendThread(thread, &count) == SUCCESS && count == 0,
          "NtSuspendThread gives the previous count");
    CHECK(NtSuspendThread(thread, NULL) == SUCCESS && NtResumeThread(thread, &count) == SUCCESS && count == 2,
          "NtResumeThread too");
    CHECK(NtAlertResumeThread(thread, &count) == SUCCESS && count == 1, "NtAlertResumeThread too");
    DWORD code = 0;
    CHECK(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) &&
              code == (DWORD)ALERTED,
          "and alerts the thread");
    CloseHandle(thread);
    PROCESSOR_NUMBER number;
    CHECK(NtGetCurrentProcessorNumberEx(&number) < 64 && number.Group == 0, "NtGetCurrentProcessorNumberEx");
}

static void alertable_waits(void) {
    LARGE_INTEGER due = in_ms(50);
    HANDLE events[] = {CreateEventW(NULL, TRUE, FALSE, NULL), CreateEventW(NULL, TRUE, FALSE, NULL)};
    calls = 0;
    NtQueueApcThread(GetCurrentThread(), on_apc, NULL, NULL, NULL);
    CHECK(NtWaitForSingleObject(events[0], FALSE, &due) == (NTSTATUS)STATUS_TIMEOUT && calls == 0,
          "a wait that is not alertable runs no user APC");
    CHECK(NtWaitForSingleObject(events[0], TRUE, &due) == USER_APC && calls == 1,
          "NtWaitForSingleObject, alertable, ends with STATUS_USER_APC");
    NtQueueApcThread(GetCurrentThread(), on_apc, NULL, NULL, NULL);
    CHECK(NtWaitForMultipleObjects(2, events, 1, TRUE, &due) == USER_APC && calls == 2,
          "NtWaitForMultipleObjects too");
    NtAlertThread(GetCurrentThread());
    CHECK(NtWaitForMultipleObjects(2, events, 0, TRUE, &due) == ALERTED, "or with STATUS_ALERTED");
    CHECK(NtWaitForMultipleObjects(2, events, 0, TRUE, &due) == (NTSTATUS)STATUS_TIMEOUT,
          "or with its time-out");
    NtQueueApcThread(GetCurrentThread(), on_apc, NULL, NULL, NULL);
    CHECK(NtSignalAndWaitForSingleObject(events[0], events[1], TRUE, &due) == USER_APC && calls == 3 &&
              NtWaitForSingleObject(events[0], FALSE, &due) == SUCCESS,
          "NtSignalAndWaitForSingleObject, which has signaled its first object");
    CloseHandle(events[0]);
    CloseHandle(events[1]);
}

int main(void) {
    timers();
    alertable_waits();
    resolution();
    apcs_and_alerts();
    return finish();
}
