// Locks between threads: critical sections, SRW locks, condition variables, one-time initialization,
// WaitOnAddress, fiber-local storage, interlocked lists.
#include <windows.h>

#include "../common/program.h"

static CRITICAL_SECTION section;
static SRWLOCK srw = SRWLOCK_INIT;
static CONDITION_VARIABLE filled = CONDITION_VARIABLE_INIT;
static volatile LONG counter, inside, most, queue_length, produced, consumed;

static void enter_check(void) {
    const LONG n = ++inside;
    if (n > most) most = n;
    counter++;
    Sleep(0);
    inside--;
}

static DWORD WINAPI with_section(void* p) {
    (void)p;
    for (int i = 0; i < 50; i++) {
        EnterCriticalSection(&section);
        enter_check();
        LeaveCriticalSection(&section);
    }
    return 0;
}
static DWORD WINAPI with_srw(void* p) {
    (void)p;
    for (int i = 0; i < 50; i++) {
        AcquireSRWLockExclusive(&srw);
        enter_check();
        ReleaseSRWLockExclusive(&srw);
    }
    return 0;
}
static DWORD WINAPI reader(void* p) {
    (void)p;
    AcquireSRWLockShared(&srw);
    const LONG n = InterlockedIncrement(&inside);
    if (n > most) most = n;
    Sleep(5);
    InterlockedDecrement(&inside);
    ReleaseSRWLockShared(&srw);
    return 0;
}
static DWORD WINAPI consumer(void* p) {
    (void)p;
    for (int i = 0; i < 20; i++) {
        AcquireSRWLockExclusive(&srw);
        while (!queue_length)
            SleepConditionVariableSRW(&filled, &srw, INFINITE, 0);
        queue_length--;
        consumed++;
        ReleaseSRWLockExclusive(&srw);
    }
    return 0;
}

static void run(LPTHREAD_START_ROUTINE f, int n) {
    HANDLE threads[8];
    for (int i = 0; i < n; i++)
        threads[i] = CreateThread(NULL, 0, f, NULL, 0, NULL);
    WaitForMultipleObjects(n, threads, TRUE, INFINITE);
    for (int i = 0; i < n; i++)
        CloseHandle(threads[i]);
}

static void exclusion(void) {
    InitializeCriticalSection(&section);
    run(with_section, 4);
    CHECK(counter == 200 && most == 1, "a critical section lets one thread in");
    CHECK(TryEnterCriticalSection(&section) && TryEnterCriticalSection(&section),
          "its owner may enter again");
    LeaveCriticalSection(&section);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    counter = most = 0;
    run(with_srw, 4);
    CHECK(counter == 200 && most == 1, "an SRW lock lets one writer in");
    most = 0;
    run(reader, 4);
    CHECK(most == 4, "and several readers");
    AcquireSRWLockShared(&srw);
    CHECK(!TryAcquireSRWLockExclusive(&srw), "but no writer beside them");
    ReleaseSRWLockShared(&srw);
    CHECK(TryAcquireSRWLockExclusive(&srw), "free again");
    ReleaseSRWLockExclusive(&srw);
    CHECK(srw.Ptr == NULL, "a free lock is zero");
}

static void conditions(void) {
    HANDLE threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = CreateThread(NULL, 0, consumer, NULL, 0, NULL);
    for (int i = 0; i < 60; i++) {
        AcquireSRWLockExclusive(&srw);
        queue_length++;
        produced++;
        ReleaseSRWLockExclusive(&srw);
        if (i % 7 == 0)
            WakeAllConditionVariable(&filled);
        else
            WakeConditionVariable(&filled);
        if (i % 5 == 0) Sleep(1);
    }
    WaitForMultipleObjects(3, threads, TRUE, INFINITE);
    CHECK(consumed == 60 && queue_length == 0, "consumers get all that was produced");
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    const ULONGLONG before = GetTickCount64();
    CHECK(!SleepConditionVariableCS(&filled, &section, 50) && GetLastError() == ERROR_TIMEOUT,
          "a wait that ends: ERROR_TIMEOUT");
    CHECK(GetTickCount64() - before >= 31, "after its time");
    LeaveCriticalSection(&section);
}

static volatile LONG initialized;
static BOOL CALLBACK initialize(INIT_ONCE* once, void* parameter, void** context) {
    (void)once;
    Sleep(5);
    initialized++;
    *context = parameter;
    return TRUE;
}
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static DWORD WINAPI initializes(void* p) {
    (void)p;
    void* context = NULL;
    return !InitOnceExecuteOnce(&once, initialize, (void*)0x1000, &context) || context != (void*)0x1000;
}
static void one_time(void) {
    run(initializes, 4);
    CHECK(initialized == 1, "one of several threads initializes");
    void* context = NULL;
    BOOL pending = TRUE;
    CHECK(InitOnceBeginInitialize(&once, INIT_ONCE_CHECK_ONLY, &pending, &context) && !pending &&
              context == (void*)0x1000,
          "and the others see its result");
}

static volatile LONG fls_freed;
static void WINAPI fls_callback(void* value) { fls_freed += (LONG)(LONG_PTR)value; }
static DWORD fls_index;
static DWORD WINAPI sets_fls(void* p) {
    (void)p;
    FlsSetValue(fls_index, (void*)7);
    return 0;
}
static void storage(void) {
    fls_index = FlsAlloc(fls_callback);
    run(sets_fls, 1);
    CHECK(fls_freed == 7, "a fiber-local value is told to its callback at the thread's end");
    FlsSetValue(fls_index, (void*)5);
    CHECK(FlsGetValue(fls_index) == (void*)5 && FlsFree(fls_index) && fls_freed == 12,
          "and when its index is freed");
    DWORD indexes[200];
    int good = 1;
    for (int i = 0; i < 200; i++) {
        indexes[i] = TlsAlloc();
        good &= indexes[i] != TLS_OUT_OF_INDEXES && TlsSetValue(indexes[i], (void*)(LONG_PTR)(i + 1));
    }
    for (int i = 0; i < 200; i++)
        good &= TlsGetValue(indexes[i]) == (void*)(LONG_PTR)(i + 1);
    for (int i = 0; i < 200; i++)
        good &= TlsFree(indexes[i]);
    CHECK(good, "200 TLS slots");
    const DWORD again = TlsAlloc();
    CHECK(TlsGetValue(again) == NULL, "a slot starts empty");
}

static DWORD WINAPI uses_slot(void* slot) {
    TlsSetValue((DWORD)(DWORD_PTR)slot, slot);
    Sleep(INFINITE);
    return 0;
}
// TerminateThread: "the target thread has no chance to execute any user-mode code".
static void storage_of_ended_threads(void) {
    DWORD slot = TlsAlloc();
    for (int i = 0; i < 3; i++) {
        HANDLE thread = CreateThread(NULL, 0, uses_slot, (void*)(DWORD_PTR)slot, 0, NULL);
        Sleep(1);
        TerminateThread(thread, 1);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    CHECK(TlsFree(slot), "a slot is freed that threads had which were terminated");
    HANDLE other = CreateThread(NULL, 0, uses_slot, (void*)(DWORD_PTR)TlsAlloc(), 0, NULL);
    Sleep(1);
    CHECK((slot = TlsAlloc()) != TLS_OUT_OF_INDEXES && TlsFree(slot), "and one beside a later thread");
    for (int i = 0; i < 2; i++) {
        HMODULE dll = LoadLibraryA("conform_late.dll");
        CHECK(dll && FreeLibrary(dll), "a DLL with static TLS comes and goes");
    }
    TerminateThread(other, 1);
}

static SRWLOCK lost = SRWLOCK_INIT, others[600];
static DWORD WINAPI waits_for_lost(void* p) {
    (void)p;
    AcquireSRWLockExclusive(&lost);
    return 0;
}
static DWORD WINAPI holds(void* lock) {
    AcquireSRWLockExclusive(lock);
    Sleep(1);
    ReleaseSRWLockExclusive(lock);
    return 0;
}
// What a terminated thread waited for is lost; other locks are not.
static void terminated_waiters(void) {
    AcquireSRWLockExclusive(&lost);
    HANDLE thread = CreateThread(NULL, 0, waits_for_lost, NULL, 0, NULL);
    Sleep(1);
    TerminateThread(thread, 1);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    for (int i = 0; i < 600; i += 2) {
        thread = CreateThread(NULL, 0, holds, &others[i], 0, NULL);
        while (TryAcquireSRWLockExclusive(&others[i])) {
            ReleaseSRWLockExclusive(&others[i]);
            Sleep(0);
            if (WaitForSingleObject(thread, 0) == WAIT_OBJECT_0) break;
        }
        AcquireSRWLockExclusive(&others[i]);
        ReleaseSRWLockExclusive(&others[i]);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    CHECK(1, "SRW locks beside one whose waiter was terminated");
}

static void interlocked_list(void) {
    SLIST_HEADER* head = _aligned_malloc(sizeof *head, 16);
    InitializeSListHead(head);
    SLIST_ENTRY* entries = _aligned_malloc(3 * 16, 16);
    for (int i = 0; i < 3; i++)
        InterlockedPushEntrySList(head, (SLIST_ENTRY*)((char*)entries + 16 * i));
    CHECK(QueryDepthSList(head) == 3, "three entries");
    CHECK((char*)InterlockedPopEntrySList(head) == (char*)entries + 32, "last in, first out");
    CHECK(InterlockedFlushSList(head) == (SLIST_ENTRY*)((char*)entries + 16) && QueryDepthSList(head) == 0,
          "flushed");
    CHECK(InterlockedPopEntrySList(head) == NULL, "empty");
}

int main(void) {
    exclusion();
    conditions();
    one_time();
    storage();
    storage_of_ended_threads();
    terminated_waiters();
    interlocked_list();
    return finish();
}
