// Push locks by their older names and the fast mutex made by its export: nf-wdm-exinitializepushlock,
// nf-wdm-exacquirepushlockexclusive, nf-wdm-exacquirepushlockshared, nf-wdm-exinitializefastmutex. Current
// headers inline or rename these.
#define TOPIC L"ExLocks"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(void, ExInitializeFastMutex, PFAST_MUTEX);
IMPORT(BOOLEAN, ExTryToAcquireFastMutex, PFAST_MUTEX);
IMPORT(void, ExReleaseFastMutex, PFAST_MUTEX);
IMPORT(void, ExInitializePushLock, PULONG_PTR);
IMPORT(void, ExfAcquirePushLockExclusive, PULONG_PTR);
IMPORT(void, ExfAcquirePushLockShared, PULONG_PTR);
IMPORT(BOOLEAN, ExfTryAcquirePushLockShared, PULONG_PTR);
IMPORT(void, ExfReleasePushLock, PULONG_PTR);
IMPORT(void, ExfReleasePushLockExclusive, PULONG_PTR);
IMPORT(void, ExfReleasePushLockShared, PULONG_PTR);

static ULONG_PTR lock;
static KEVENT started;
static volatile LONG inside;

static VOID NTAPI exclusive(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeSetEvent(&started, IO_NO_INCREMENT, FALSE);
    KeEnterCriticalRegion();
    import_ExfAcquirePushLockExclusive(&lock);
    inside = 1;
    import_ExfReleasePushLockExclusive(&lock);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

// A thread that wants the lock for itself.
static PVOID contender(void) {
    HANDLE handle;
    PVOID thread = NULL;
    inside = 0;
    KeInitializeEvent(&started, NotificationEvent, FALSE);
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, exclusive, NULL)))
        return NULL;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, TYPE_OF(PsThreadType), KernelMode, &thread, NULL);
    ZwClose(handle);
    KeWaitForSingleObject(&started, Executive, KernelMode, FALSE, NULL);
    LARGE_INTEGER moment = {.QuadPart = -50000};
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
    return thread;
}
static void join(PVOID thread) {
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
}

static void checks(void) {
    FAST_MUTEX mutex;
    RtlFillMemory(&mutex, sizeof mutex, 0xcc);
    import_ExInitializeFastMutex(&mutex);
    CHECK(import_ExTryToAcquireFastMutex(&mutex) && KeGetCurrentIrql() == APC_LEVEL,
          "ExInitializeFastMutex makes a mutex that can be acquired");
    import_ExReleaseFastMutex(&mutex);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL, "and released");

    lock = 0xcccc;
    import_ExInitializePushLock(&lock);
    KeEnterCriticalRegion();
    import_ExfAcquirePushLockExclusive(&lock);
    CHECK(!import_ExfTryAcquirePushLockShared(&lock),
          "an unowned push lock is granted immediately; then it is not to be had for sharing");
    PVOID thread = contender();
    CHECK(thread && !inside, "another thread is put into a wait state");
    import_ExfReleasePushLockExclusive(&lock);
    if (thread) join(thread);
    CHECK(inside, "until the lock can be acquired");

    import_ExfAcquirePushLockShared(&lock);
    CHECK(import_ExfTryAcquirePushLockShared(&lock), "shared access is granted to more than one");
    thread = contender();
    CHECK(thread && !inside, "a thread that wants exclusive access waits for all of them");
    import_ExfReleasePushLockShared(&lock);
    CHECK(!inside, "each acquisition must be matched");
    import_ExfReleasePushLock(&lock); // the form for either kind
    if (thread) join(thread);
    CHECK(inside, "with the last release the exclusive waiter goes on");
    import_ExfAcquirePushLockExclusive(&lock);
    import_ExfReleasePushLock(&lock);
    CHECK(import_ExfTryAcquirePushLockShared(&lock), "ExfReleasePushLock after exclusive access");
    import_ExfReleasePushLock(&lock);
    KeLeaveCriticalRegion();
}
