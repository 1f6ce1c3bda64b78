// Breaks one rule of locks per request; the function code says which (misuse.h).
#include <ntddk.h>

#include "misuse.h"

#ifdef __MINGW32__
#define TYPE_OF(variable) ((POBJECT_TYPE)(variable))
#else
#define TYPE_OF(variable) (*(variable))
#endif

typedef VOID(FASTCALL* push_t)(PULONG_PTR lock, ULONG flags);
static push_t acquire_push, release_push;

static FAST_MUTEX first, second;
static ERESOURCE resource;
static KMUTEX mutex;
static KSPIN_LOCK spin;
static KEVENT event;
static ULONG_PTR push;
static IO_REMOVE_LOCK remove_lock;
static EX_RUNDOWN_REF rundown;

typedef void body_t(void);

static VOID NTAPI thread_start(PVOID context) {
    ((body_t*)context)();
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static PETHREAD start(body_t* body) {
    HANDLE handle;
    PETHREAD thread;
    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, thread_start, body);
    ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, TYPE_OF(PsThreadType), KernelMode, (PVOID*)&thread,
                              NULL);
    ZwClose(handle);
    return thread;
}
static void in_thread(body_t* body) {
    PETHREAD thread = start(body);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
}
static void a_moment(void) {
    LARGE_INTEGER moment = {.QuadPart = -500000};
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
}

static void free_mutex(void) {
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    ExReleaseFastMutex(&first);
    KeLowerIrql(old);
}

static void low_irql(void) {
    ExAcquireFastMutex(&first);
    KeLowerIrql(PASSIVE_LEVEL);
    ExReleaseFastMutex(&first);
}

static void release_unsafe(void) {
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    ExReleaseFastMutexUnsafe(&first);
    KeLowerIrql(old);
}

static void other_thread(void) {
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    ExAcquireFastMutexUnsafe(&first);
    KeLowerIrql(old);
    in_thread(release_unsafe);
}

static void apcs_enabled(void) {
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    ExReleaseResourceLite(&resource);
}

static void kept_resource(void) {
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    KeLeaveCriticalRegion();
}

static void end_with_fast_mutex(void) {
    ExAcquireFastMutex(&first);
    KeLowerIrql(PASSIVE_LEVEL);
}
static void kept_mutex(void) { in_thread(end_with_fast_mutex); }

static void freed_resource(void) {
    PERESOURCE block = ExAllocatePoolWithTag(NonPagedPool, sizeof(ERESOURCE), 'usiM');
    ExInitializeResourceLite(block);
    ExFreePoolWithTag(block, 'usiM');
}

static void freed_mutex(void) {
    PFAST_MUTEX block = ExAllocatePoolWithTag(NonPagedPool, sizeof(FAST_MUTEX), 'usiM');
    ExInitializeFastMutex(block);
    ExAcquireFastMutex(block);
    KeLowerIrql(PASSIVE_LEVEL);
    ExFreePoolWithTag(block, 'usiM');
}

static void deleted_twice(void) {
    ExInitializeResourceLite(&resource);
    ExDeleteResourceLite(&resource);
    ExDeleteResourceLite(&resource);
    ExInitializeResourceLite(&resource);
}

static void unsafe_form(void) {
    KIRQL old;
    ExAcquireFastMutexUnsafe(&first);
    KeRaiseIrql(APC_LEVEL, &old);
    first.OldIrql = old;
    ExReleaseFastMutex(&first);
}

static void wrong_tag(void) {
    IoInitializeRemoveLock(&remove_lock, 'usiM', 0, 0);
    IoAcquireRemoveLock(&remove_lock, &first);
    IoReleaseRemoveLock(&remove_lock, &second);
}

static void rundown_excess(void) {
    ExInitializeRundownProtection(&rundown);
    ExReleaseRundownProtection(&rundown);
}

static void push_lock_open(void) {
    acquire_push(&push, 0);
    release_push(&push, 0);
}

static void spin_irql(void) {
    KIRQL old;
    KeAcquireSpinLock(&spin, &old);
    KeReleaseSpinLock(&spin, APC_LEVEL);
    KeLowerIrql(old);
}

static void spin_below(void) {
    KIRQL old;
    KeAcquireSpinLockAtDpcLevel(&spin);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeReleaseSpinLock(&spin, old);
}

static void region_twice(void) {
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    KeLeaveCriticalRegion();
    KeEnterCriticalRegion();
}

static void freed_timer(void) {
    LARGE_INTEGER due = {.QuadPart = -10000000};
    PKTIMER timer = ExAllocatePoolWithTag(NonPagedPool, sizeof(KTIMER), 'usiM');
    KeInitializeTimer(timer);
    KeSetTimer(timer, due, NULL);
    ExFreePoolWithTag(timer, 'usiM');
}

static void not_owned(void) {
    KeEnterCriticalRegion();
    ExReleaseResourceLite(&resource);
}

static void end_with_mutex(void) { KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL); }
static void thread_mutex(void) { in_thread(end_with_mutex); }
static void end_in_region(void) { KeEnterCriticalRegion(); }
static void thread_region(void) { in_thread(end_in_region); }

static void wrong_thread(void) {
    KeEnterCriticalRegion();
    ExReleaseResourceForThreadLite(&resource, (ERESOURCE_THREAD)&resource);
}

static void bad_owner(void) {
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    ExSetResourceOwnerPointer(&resource, &first);
}

static void spin_twice(void) {
    KIRQL old;
    KeAcquireSpinLock(&spin, &old);
    KeAcquireSpinLockAtDpcLevel(&spin);
}

static void queued_twice(void) {
    KLOCK_QUEUE_HANDLE handle, again;
    KeAcquireInStackQueuedSpinLock(&spin, &handle);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&spin, &again);
}

static void wait_with_spin(void) {
    KIRQL old;
    KeAcquireSpinLock(&spin, &old);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
}

static void kept_spin(void) {
    KIRQL old;
    KeAcquireSpinLock(&spin, &old);
}

static void kept_region(void) { KeEnterCriticalRegion(); }

static void second_then_first(void) {
    ExAcquireFastMutex(&second);
    a_moment();
    ExAcquireFastMutex(&first);
}
static void two_threads(void) {
    start(second_then_first);
    ExAcquireFastMutex(&first);
    a_moment();
    ExAcquireFastMutex(&second);
}

static void one_thread(void) {
    ExAcquireFastMutex(&first);
    ExAcquireFastMutex(&first);
}

static void mutex_then_push(void) {
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    a_moment();
    acquire_push(&push, 0);
}
static void push_then_resource(void) {
    KeEnterCriticalRegion();
    acquire_push(&push, 0);
    a_moment();
    ExAcquireResourceExclusiveLite(&resource, TRUE);
}
static void three_locks(void) {
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&resource, TRUE);
    start(mutex_then_push);
    start(push_then_resource);
    a_moment();
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
}

static void lower_and_wait(void) {
    KIRQL old;
    KeAcquireSpinLock(&spin, &old);
    KeLowerIrql(old);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
}
static void lowered(void) {
    KIRQL old;
    start(lower_and_wait);
    a_moment();
    KeAcquireSpinLock(&spin, &old);
}

static KSPIN_LOCK spins[3];
static void spin_two(void) {
    KIRQL old;
    KeAcquireSpinLock(&spins[0], &old);
    KeAcquireSpinLockAtDpcLevel(&spins[1]);
    KeReleaseSpinLockFromDpcLevel(&spins[1]);
    KeReleaseSpinLock(&spins[0], old);
}
static void spin_order(void) {
    KIRQL old;
    spin_two();
    KeAcquireSpinLock(&spins[1], &old);
    KeAcquireSpinLockAtDpcLevel(&spins[0]);
    KeReleaseSpinLockFromDpcLevel(&spins[0]);
    KeReleaseSpinLock(&spins[1], old);
}

static void take_mutex(void) { KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL); }
static void mutex_first(void) {
    take_mutex();
    ExAcquireFastMutex(&first);
    ExReleaseFastMutex(&first);
    KeReleaseMutex(&mutex, FALSE);
}
static void mutex_order(void) {
    mutex_first();
    ExAcquireFastMutex(&first);
    take_mutex();
    KeReleaseMutex(&mutex, FALSE);
    ExReleaseFastMutex(&first);
}

static void queued_one(PKSPIN_LOCK inner) {
    KLOCK_QUEUE_HANDLE handle;
    KeAcquireInStackQueuedSpinLockAtDpcLevel(inner, &handle);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
}
static void one_two(void) {
    KLOCK_QUEUE_HANDLE handle;
    KeAcquireInStackQueuedSpinLock(&spins[0], &handle);
    queued_one(&spins[1]);
    KeReleaseInStackQueuedSpinLock(&handle);
}
static void two_three(void) {
    KLOCK_QUEUE_HANDLE handle, again;
    KeAcquireInStackQueuedSpinLock(&spins[1], &handle);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&spins[2], &again);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&again);
    KeReleaseInStackQueuedSpinLock(&handle);
}
static void three_orders(void) {
    KLOCK_QUEUE_HANDLE handle, again;
    one_two();
    two_three();
    KeAcquireInStackQueuedSpinLock(&spins[2], &handle);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&spins[0], &again);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&again);
    KeReleaseInStackQueuedSpinLock(&handle);
}

static void orders_kept(void) {
    KIRQL old;
    LARGE_INTEGER none = {.QuadPart = 0};
    spin_two();
    KeAcquireSpinLock(&spins[1], &old); // who only tries does not wait
    if (KeTryToAcquireSpinLockAtDpcLevel(&spins[0])) KeReleaseSpinLockFromDpcLevel(&spins[0]);
    KeReleaseSpinLock(&spins[1], old);
    mutex_first();
    ExAcquireFastMutex(&first);
    if (KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &none) == STATUS_SUCCESS)
        KeReleaseMutex(&mutex, FALSE);
    ExReleaseFastMutex(&first);
    for (int i = 0; i < 2; ++i) { // other locks at the same addresses
        PFAST_MUTEX two = ExAllocatePoolWithTag(NonPagedPool, 2 * sizeof *two, 'usiM');
        ExInitializeFastMutex(&two[0]);
        ExInitializeFastMutex(&two[1]);
        ExAcquireFastMutex(&two[i]);
        ExAcquireFastMutex(&two[1 - i]);
        ExReleaseFastMutex(&two[1 - i]);
        ExReleaseFastMutex(&two[i]);
        if (i) ExInitializeFastMutex(&two[0]);
        ExAcquireFastMutex(&two[0]);
        if (i) ExAcquireFastMutex(&two[1]), ExReleaseFastMutex(&two[1]);
        ExReleaseFastMutex(&two[0]);
        ExFreePoolWithTag(two, 'usiM');
    }
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    NTSTATUS status = STATUS_SUCCESS;
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL)
        switch (stack->Parameters.DeviceIoControl.IoControlCode) {
#define CASE(name, number, what)                                                                             \
    case MISUSE_CODE(number):                                                                                \
        name();                                                                                              \
        break;
            MISUSES(CASE)
        default:
            status = STATUS_INVALID_DEVICE_REQUEST;
        }
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static PVOID routine(PCWSTR name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    acquire_push = (push_t)routine(L"ExAcquirePushLockExclusiveEx");
    release_push = (push_t)routine(L"ExReleasePushLockExclusiveEx");
    ExInitializeFastMutex(&first);
    ExInitializeFastMutex(&second);
    ExInitializeResourceLite(&resource);
    KeInitializeMutex(&mutex, 0);
    KeInitializeSpinLock(&spin);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    RtlInitUnicodeString(&name, L"\\Device\\Misuse");
    RtlInitUnicodeString(&link, L"\\??\\Misuse");
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i)
        driver->MajorFunction[i] = dispatch;
    return IoCreateSymbolicLink(&link, &name);
}
