// Threads as programs see them: suspending, priorities, affinity, user APCs, waitable timers, locks between
// processors; Win32 pages of these functions. Everything holds for any schedule and number of processors.
#include <windows.h>

#include "../common/program.h"

static HANDLE thread_of(LPTHREAD_START_ROUTINE body, void* argument, DWORD flags) {
    return CreateThread(NULL, 0, body, argument, flags, NULL);
}
static void join(HANDLE thread) {
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

// ---- suspending ----
static volatile LONG counter;

static DWORD WINAPI count_up(void* stop) {
    while (!*(volatile LONG*)stop) {
        InterlockedIncrement(&counter);
        Sleep(1);
    }
    return 77;
}

static DWORD WINAPI suspend_self(void* argument) {
    (void)argument;
    SuspendThread(GetCurrentThread());
    return 5;
}

static void suspending(void) {
    volatile LONG stop = 0;
    counter = 0;
    HANDLE thread = thread_of(count_up, (void*)&stop, CREATE_SUSPENDED);
    Sleep(50);
    CHECK(counter == 0, "a thread that is created suspended does not run");
    CHECK(SuspendThread(thread) == 1, "SuspendThread returns the thread's previous suspend count");
    CHECK(ResumeThread(thread) == 2, "ResumeThread too");
    Sleep(50);
    CHECK(counter == 0, "a thread runs only when its suspend count is zero");
    CHECK(ResumeThread(thread) == 1, "a count of one means that it was suspended and is restarted");
    while (counter < 3)
        Sleep(1);
    CHECK(ResumeThread(thread) == 0, "a count of zero means that it was not suspended");
    CHECK(SuspendThread(thread) == 0, "suspending a running thread");
    Sleep(40); // it may have to come out of a critical region first
    LONG before = counter;
    Sleep(100);
    CHECK(counter == before, "stops it");
    ResumeThread(thread);
    while (counter == before)
        Sleep(1);
    CHECK(counter > before, "it goes on when it is resumed");
    DWORD code = 0;
    CHECK(GetExitCodeThread(thread, &code) && code == STILL_ACTIVE,
          "GetExitCodeThread gives STILL_ACTIVE meanwhile");
    stop = 1;
    WaitForSingleObject(thread, INFINITE);
    CHECK(GetExitCodeThread(thread, &code) && code == 77, "and the exit code in the end");
    CloseHandle(thread);

    thread = thread_of(suspend_self, NULL, 0);
    while (ResumeThread(thread) != 1)
        Sleep(1);
    CHECK(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0,
          "a thread may suspend itself; another resumes it");
    CloseHandle(thread);

    stop = 0;
    thread = thread_of(count_up, (void*)&stop, CREATE_SUSPENDED);
    for (int i = 0; i < 126; ++i)
        SuspendThread(thread);
    CHECK(SuspendThread(thread) == (DWORD)-1, "SuspendThread fails over MAXIMUM_SUSPEND_COUNT");
    CHECK(TerminateThread(thread, 9) && WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0,
          "TerminateThread ends it");
    CHECK(GetExitCodeThread(thread, &code) && code == 9, "with its exit code");
    CHECK(ResumeThread(thread) == 0, "ResumeThread: it is not suspended any more");
    CloseHandle(thread);
}

// ---- priorities and affinity ----
static void priorities(void) {
    HANDLE self = GetCurrentThread(), process = GetCurrentProcess();
    static const int levels[] = {THREAD_PRIORITY_IDLE,         THREAD_PRIORITY_LOWEST,
                                 THREAD_PRIORITY_BELOW_NORMAL, THREAD_PRIORITY_ABOVE_NORMAL,
                                 THREAD_PRIORITY_HIGHEST,      THREAD_PRIORITY_TIME_CRITICAL,
                                 THREAD_PRIORITY_NORMAL};
    int right = 0;
    CHECK(GetThreadPriority(self) == THREAD_PRIORITY_NORMAL, "a new thread has normal priority");
    for (int i = 0; i < 7; ++i)
        right += SetThreadPriority(self, levels[i]) && GetThreadPriority(self) == levels[i];
    CHECK(right == 7, "SetThreadPriority sets each priority value");
    CHECK(!SetThreadPriority(self, 9) && GetLastError() == ERROR_INVALID_PARAMETER, "and refuses others");
    CHECK(GetPriorityClass(process) == NORMAL_PRIORITY_CLASS, "a process has the normal priority class");
    SetThreadPriority(self, THREAD_PRIORITY_HIGHEST);
    CHECK(SetPriorityClass(process, HIGH_PRIORITY_CLASS) && GetPriorityClass(process) == HIGH_PRIORITY_CLASS,
          "SetPriorityClass");
    CHECK(GetThreadPriority(self) == THREAD_PRIORITY_HIGHEST, "threads keep their priority within the class");
    SetPriorityClass(process, NORMAL_PRIORITY_CLASS);
    SetThreadPriority(self, THREAD_PRIORITY_NORMAL);
    CHECK(!SetPriorityClass(process, 3), "SetPriorityClass refuses what is no class");
    BOOL disabled = TRUE;
    CHECK(GetThreadPriorityBoost(self, &disabled) && !disabled, "priority boosts are enabled");
    CHECK(SetThreadPriorityBoost(self, TRUE) && GetThreadPriorityBoost(self, &disabled) && disabled,
          "and can be disabled");
    SetThreadPriorityBoost(self, FALSE);
}

static void affinity(void) {
    HANDLE self = GetCurrentThread(), process = GetCurrentProcess();
    SYSTEM_INFO system;
    DWORD_PTR of_process = 0, of_system = 0;
    GetSystemInfo(&system);
    DWORD count = system.dwNumberOfProcessors, right = 0;
    CHECK(GetProcessAffinityMask(process, &of_process, &of_system) && of_process == of_system &&
              of_system == system.dwActiveProcessorMask,
          "a process may use every processor of the system");
    CHECK(GetCurrentProcessorNumber() < count, "GetCurrentProcessorNumber is below their number");
    for (DWORD i = 0; i < count; ++i) {
        DWORD_PTR before = SetThreadAffinityMask(self, (DWORD_PTR)1 << i);
        right += before != 0 && GetCurrentProcessorNumber() == i;
    }
    CHECK(right == count, "a thread runs on the processors of its affinity mask");
    CHECK(SetThreadAffinityMask(self, of_process) == (DWORD_PTR)1 << (count - 1),
          "SetThreadAffinityMask returns the previous mask");
    CHECK(!SetThreadAffinityMask(self, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
          "an empty mask is refused");
    if (count < 64)
        CHECK(!SetThreadAffinityMask(self, (DWORD_PTR)1 << count), "so is one beyond the process's");
    PROCESSOR_NUMBER number = {0, 0, 0}, ideal = {0, (BYTE)(count - 1), 0};
    GetCurrentProcessorNumberEx(&number);
    CHECK(number.Group == 0 && number.Number < count, "GetCurrentProcessorNumberEx");
    DWORD old = SetThreadIdealProcessor(self, MAXIMUM_PROCESSORS);
    CHECK(old < count, "SetThreadIdealProcessor with MAXIMUM_PROCESSORS tells the ideal processor");
    CHECK(SetThreadIdealProcessor(self, count - 1) == old &&
              SetThreadIdealProcessor(self, MAXIMUM_PROCESSORS) == count - 1,
          "and sets it");
    CHECK(SetThreadIdealProcessor(self, count) == (DWORD)-1, "a processor that does not exist is refused");
    CHECK(SetThreadIdealProcessorEx(self, &ideal, &number) && number.Number == count - 1,
          "SetThreadIdealProcessorEx");
    GROUP_AFFINITY group = {0}, wanted = {1, 0, {0}};
    CHECK(GetThreadGroupAffinity(self, &group) && group.Group == 0 && group.Mask == of_process,
          "GetThreadGroupAffinity");
    CHECK(SetThreadGroupAffinity(self, &wanted, &group) && GetCurrentProcessorNumber() == 0,
          "SetThreadGroupAffinity");
    SetThreadAffinityMask(self, of_process);
    CHECK(SetProcessAffinityMask(process, 1) && GetCurrentProcessorNumber() == 0,
          "SetProcessAffinityMask moves the threads of the process");
    if (count > 1) CHECK(!SetThreadAffinityMask(self, 2), "a thread's mask is a subset of its process's");
    SetProcessAffinityMask(process, of_system);
    DWORD length = 0;
    CHECK(!GetLogicalProcessorInformationEx(RelationGroup, NULL, &length) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && length > 0,
          "GetLogicalProcessorInformationEx tells the size that it needs");
    char buffer[8192];
    length = sizeof buffer;
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX* info = (void*)buffer;
    CHECK(GetLogicalProcessorInformationEx(RelationGroup, info, &length) &&
              info->Relationship == RelationGroup && info->Group.ActiveGroupCount == 1 &&
              info->Group.GroupInfo[0].ActiveProcessorCount == count,
          "and the processors of the group");
    length = sizeof buffer;
    DWORD cores = 0;
    GetLogicalProcessorInformationEx(RelationProcessorCore, info, &length);
    for (char* p = buffer; p < buffer + length; p += ((SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX*)p)->Size)
        ++cores;
    CHECK(cores == count, "a core per processor");
}

// ---- user APCs ----
static volatile LONG apcs;
static ULONG_PTR last_apc;

static void CALLBACK on_apc(ULONG_PTR argument) {
    last_apc = argument;
    ++apcs;
}

static DWORD WINAPI wait_alertably(void* event) { return WaitForSingleObjectEx(event, INFINITE, TRUE); }
static DWORD WINAPI wait_only(void* event) { return WaitForSingleObjectEx(event, INFINITE, FALSE); }

static void user_apcs(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    DWORD code = 0;
    apcs = 0;
    CHECK(QueueUserAPC(on_apc, GetCurrentThread(), 1) && QueueUserAPC(on_apc, GetCurrentThread(), 2),
          "QueueUserAPC queues an APC");
    CHECK(apcs == 0, "which does not run until the thread waits alertably");
    CHECK(SleepEx(1000, TRUE) == WAIT_IO_COMPLETION, "SleepEx returns WAIT_IO_COMPLETION for APCs");
    CHECK(apcs == 2 && last_apc == 2, "all of them have run, in their order");
    CHECK(SleepEx(0, TRUE) == 0, "then no more");
    QueueUserAPC(on_apc, GetCurrentThread(), 3);
    CHECK(WaitForSingleObject(event, 20) == WAIT_TIMEOUT && apcs == 2,
          "waits that are not alertable run none");
    CHECK(WaitForSingleObjectEx(event, 1000, TRUE) == WAIT_IO_COMPLETION && apcs == 3,
          "WaitForSingleObjectEx does");
    HANDLE both[] = {event, GetCurrentProcess()};
    QueueUserAPC(on_apc, GetCurrentThread(), 4);
    CHECK(WaitForMultipleObjectsEx(2, both, FALSE, 1000, TRUE) == WAIT_IO_COMPLETION && apcs == 4,
          "WaitForMultipleObjectsEx too");
    HANDLE other = CreateEventW(NULL, TRUE, FALSE, NULL);
    QueueUserAPC(on_apc, GetCurrentThread(), 5);
    CHECK(SignalObjectAndWait(other, event, 1000, TRUE) == WAIT_IO_COMPLETION && apcs == 5 &&
              WaitForSingleObject(other, 0) == WAIT_OBJECT_0,
          "and SignalObjectAndWait, which has signaled its first object");

    HANDLE thread = thread_of(wait_alertably, event, 0);
    Sleep(30);
    CHECK(QueueUserAPC(on_apc, thread, 6), "an APC for another thread");
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CHECK(code == WAIT_IO_COMPLETION && last_apc == 6, "ends its alertable wait");
    CHECK(!QueueUserAPC(on_apc, thread, 7), "QueueUserAPC fails for a thread that has ended");
    CloseHandle(thread);
    LONG before = apcs;
    thread = thread_of(wait_only, event, 0);
    Sleep(30);
    QueueUserAPC(on_apc, thread, 8);
    Sleep(30);
    CHECK(WaitForSingleObject(thread, 0) == WAIT_TIMEOUT, "a wait that is not alertable goes on");
    SetEvent(event);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CHECK(code == WAIT_OBJECT_0 && apcs == before, "and the APC never runs");
    CloseHandle(thread);
    thread = thread_of(wait_only, event, CREATE_SUSPENDED);
    QueueUserAPC(on_apc, thread, 9);
    ResumeThread(thread);
    join(thread);
    CHECK(apcs == before + 1 && last_apc == 9, "a thread that has not begun begins with its APCs");
    CloseHandle(event);
    CloseHandle(other);
}

// ---- waitable timers ----
static volatile LONG timer_calls;
static ULONGLONG timer_value;

static void CALLBACK on_timer(void* argument, DWORD low, DWORD high) {
    timer_value = (ULONGLONG)high << 32 | low;
    *(volatile LONG*)argument += 1;
}
static LARGE_INTEGER in_ms(LONGLONG ms) {
    LARGE_INTEGER due;
    due.QuadPart = -ms * 10000;
    return due;
}

static DWORD WINAPI set_and_leave(void* timer) {
    LARGE_INTEGER due = in_ms(50);
    SetWaitableTimer(timer, &due, 0, on_timer, (void*)&timer_calls, FALSE);
    return 0;
}

static void waitable_timers(void) {
    HANDLE manual = CreateWaitableTimerW(NULL, TRUE, L"ConformTimer"),
           automatic = CreateWaitableTimerW(NULL, FALSE, NULL);
    LARGE_INTEGER due = in_ms(50);
    CHECK(SetWaitableTimer(manual, &due, 0, NULL, NULL, FALSE), "SetWaitableTimer");
    CHECK(WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "activates the timer");
    CHECK(WaitForSingleObject(manual, 1000) == WAIT_OBJECT_0 &&
              WaitForSingleObject(manual, 0) == WAIT_OBJECT_0,
          "a manual-reset timer stays signaled");
    due = in_ms(10000);
    SetWaitableTimer(manual, &due, 0, NULL, NULL, FALSE);
    CHECK(WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "until it is set anew");
    CHECK(CancelWaitableTimer(manual) && WaitForSingleObject(manual, 0) == WAIT_TIMEOUT,
          "CancelWaitableTimer does not change its state");
    HANDLE opened = OpenWaitableTimerW(TIMER_ALL_ACCESS, FALSE, L"ConformTimer");
    CHECK(opened != NULL, "OpenWaitableTimer opens a timer by its name");
    due = in_ms(20);
    SetWaitableTimer(opened, &due, 0, NULL, NULL, FALSE);
    CHECK(WaitForSingleObject(manual, 1000) == WAIT_OBJECT_0, "the same timer");
    CloseHandle(opened);
    due = in_ms(20);
    DWORD hits = 0;
    SetWaitableTimer(automatic, &due, 30, NULL, NULL, FALSE);
    while (hits < 5 && WaitForSingleObject(automatic, 1000) == WAIT_OBJECT_0)
        ++hits;
    CHECK(hits == 5, "a periodic timer is reactivated each time the period elapses");
    CancelWaitableTimer(automatic);
    Sleep(50);
    CHECK(WaitForSingleObject(automatic, 100) == WAIT_TIMEOUT, "until it is canceled");

    FILETIME now;
    timer_calls = 0;
    due = in_ms(30);
    SetWaitableTimer(automatic, &due, 0, on_timer, (void*)&timer_calls, FALSE);
    Sleep(100);
    CHECK(timer_calls == 0,
          "a completion routine runs only when the thread that set the timer waits alertably");
    CHECK(SleepEx(1000, TRUE) == WAIT_IO_COMPLETION && timer_calls == 1, "and does then");
    GetSystemTimeAsFileTime(&now);
    ULONGLONG n = (ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
    CHECK(timer_value <= n && n - timer_value < 10000000, "it gets the time at which the timer was signaled");
    due = in_ms(30);
    SetWaitableTimer(automatic, &due, 30, on_timer, (void*)&timer_calls, FALSE);
    while (timer_calls < 4)
        SleepEx(INFINITE, TRUE);
    CHECK(timer_calls == 4, "the routine of a periodic timer runs each time");
    Sleep(100);
    CancelWaitableTimer(automatic);
    CHECK(SleepEx(50, TRUE) == 0 && timer_calls == 4, "CancelWaitableTimer cancels outstanding APCs");
    timer_calls = 0;
    WaitForSingleObject(automatic, 0);
    join(thread_of(set_and_leave, automatic, 0));
    CHECK(WaitForSingleObject(automatic, 300) == WAIT_TIMEOUT,
          "a timer with a routine is canceled when the thread that set it terminates");
    due = in_ms(40);
    CHECK(SetWaitableTimerEx(automatic, &due, 0, NULL, NULL, NULL, 50) &&
              WaitForSingleObject(automatic, 1000) == WAIT_OBJECT_0,
          "SetWaitableTimerEx takes a tolerable delay");
    CHECK(SetWaitableTimer(automatic, &due, 0, NULL, NULL, TRUE) && GetLastError() == ERROR_NOT_SUPPORTED,
          "resuming is not supported, but the timer is set");
    CHECK(!SetWaitableTimer(automatic, &due, -1, NULL, NULL, FALSE), "a negative period is refused");
    GetSystemTimeAsFileTime(&now);
    due.LowPart = now.dwLowDateTime;
    due.HighPart = (LONG)now.dwHighDateTime;
    due.QuadPart += 500000;
    SetWaitableTimer(automatic, &due, 0, NULL, NULL, FALSE);
    CHECK(WaitForSingleObject(automatic, 1000) == WAIT_OBJECT_0, "the time may be absolute");
    CloseHandle(manual);
    CloseHandle(automatic);
}

// ---- locks between processors ----
#define WORKERS 8
static SRWLOCK srw = SRWLOCK_INIT;
static CRITICAL_SECTION section;
static CONDITION_VARIABLE condition = CONDITION_VARIABLE_INIT;
static int under_srw, under_section, in_queue, taken;
static HANDLE mutex, semaphore;
static int under_mutex;
static volatile LONG inside_semaphore, most_inside;
static volatile LONG word;

static DWORD WINAPI contend(void* argument) {
    for (int i = 0; i < 50; ++i) {
        AcquireSRWLockExclusive(&srw);
        int v = under_srw;
        if (i % 10 == 0) SwitchToThread();
        under_srw = v + 1;
        ReleaseSRWLockExclusive(&srw);
        EnterCriticalSection(&section);
        v = under_section;
        if (i % 10 == 5) Sleep(0);
        under_section = v + 1;
        LeaveCriticalSection(&section);
        WaitForSingleObject(mutex, INFINITE);
        v = under_mutex;
        GetTickCount64();
        under_mutex = v + 1;
        ReleaseMutex(mutex);
        WaitForSingleObject(semaphore, INFINITE);
        LONG in = InterlockedIncrement(&inside_semaphore), most = most_inside;
        while (in > most && InterlockedCompareExchange(&most_inside, in, most) != most)
            most = most_inside;
        SwitchToThread();
        InterlockedDecrement(&inside_semaphore);
        ReleaseSemaphore(semaphore, 1, NULL);
    }
    return (DWORD)(ULONG_PTR)argument;
}

static DWORD WINAPI consume(void* argument) {
    (void)argument;
    EnterCriticalSection(&section);
    while (!in_queue)
        SleepConditionVariableCS(&condition, &section, INFINITE);
    --in_queue;
    ++taken;
    LeaveCriticalSection(&section);
    return 0;
}

static DWORD WINAPI wait_on_word(void* argument) {
    (void)argument;
    LONG zero = 0;
    while (word == 0)
        WaitOnAddress(&word, &zero, sizeof word, INFINITE);
    return 0;
}

static DWORD WINAPI leave_mutex_owned(void* argument) {
    WaitForSingleObject(argument, INFINITE);
    return 0;
}

static void locks(void) {
    HANDLE threads[WORKERS];
    InitializeCriticalSection(&section);
    mutex = CreateMutexW(NULL, FALSE, NULL);
    semaphore = CreateSemaphoreW(NULL, 2, 2, NULL);
    for (int i = 0; i < WORKERS; ++i)
        threads[i] = thread_of(contend, (void*)(ULONG_PTR)i, 0);
    CHECK(WaitForMultipleObjects(WORKERS, threads, TRUE, 60000) == WAIT_OBJECT_0,
          "all threads come to their end");
    CHECK(under_srw == WORKERS * 50, "an exclusive SRW lock keeps threads of all processors apart");
    CHECK(under_section == WORKERS * 50, "so does a critical section");
    CHECK(under_mutex == WORKERS * 50, "and a mutex");
    CHECK(most_inside <= 2, "a semaphore lets its count in");
    for (int i = 0; i < WORKERS; ++i)
        CloseHandle(threads[i]);
    for (int i = 0; i < WORKERS; ++i)
        threads[i] = thread_of(consume, NULL, 0);
    for (int i = 0; i < WORKERS; ++i) {
        EnterCriticalSection(&section);
        ++in_queue;
        LeaveCriticalSection(&section);
        if (i % 2) WakeConditionVariable(&condition);
    }
    WakeAllConditionVariable(&condition);
    CHECK(WaitForMultipleObjects(WORKERS, threads, TRUE, 60000) == WAIT_OBJECT_0 && taken == WORKERS &&
              !in_queue,
          "condition variables wake as many threads as there is work for");
    for (int i = 0; i < WORKERS; ++i)
        CloseHandle(threads[i]);
    for (int i = 0; i < WORKERS; ++i)
        threads[i] = thread_of(wait_on_word, NULL, 0);
    Sleep(20);
    InterlockedExchange(&word, 1);
    WakeByAddressAll((void*)&word);
    CHECK(WaitForMultipleObjects(WORKERS, threads, TRUE, 60000) == WAIT_OBJECT_0,
          "WakeByAddressAll wakes every waiter");
    for (int i = 0; i < WORKERS; ++i)
        CloseHandle(threads[i]);
    join(thread_of(leave_mutex_owned, mutex, 0));
    CHECK(WaitForSingleObject(mutex, 1000) == WAIT_ABANDONED, "a mutex whose owner has ended is abandoned");
    ReleaseMutex(mutex);
}

// ---- time ----
static void times(void) {
    LARGE_INTEGER frequency, a, b;
    FILETIME f, g;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&a);
    ULONGLONG ticks = GetTickCount64();
    GetSystemTimeAsFileTime(&f);
    Sleep(500);
    QueryPerformanceCounter(&b);
    ULONGLONG passed = GetTickCount64() - ticks;
    GetSystemTimeAsFileTime(&g);
    LONGLONG ms = (b.QuadPart - a.QuadPart) * 1000 / frequency.QuadPart;
    LONGLONG system_ms = ((((LONGLONG)g.dwHighDateTime << 32 | g.dwLowDateTime)) -
                          (((LONGLONG)f.dwHighDateTime << 32 | f.dwLowDateTime))) /
                         10000;
    CHECK(ms >= 484 && ms <= 560, "Sleep lasts as long as it was asked, to the resolution of the clock");
    CHECK(passed + 20 >= (ULONGLONG)ms && passed <= (ULONGLONG)ms + 20,
          "GetTickCount64 agrees with the performance counter");
    CHECK(system_ms + 20 >= ms && system_ms <= ms + 20, "so does the system time");
}

int main(void) {
    suspending();
    priorities();
    affinity();
    user_apcs();
    waitable_timers();
    locks();
    times();
    return finish();
}
