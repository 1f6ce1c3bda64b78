// System threads and what drivers learn of threads, as the pages of PsCreateSystemThread,
// PsLookupThreadByThreadId, PsSetCreateThreadNotifyRoutine, KeExpandKernelStackAndCalloutEx and
// KeStackAttachProcess document them.
#define TOPIC L"KeSystemThreads"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "../locks/threads.h"

typedef VOID(NTAPI callout_t)(PVOID);
IMPORT(NTSTATUS, KeExpandKernelStackAndCallout, callout_t*, PVOID, SIZE_T);
IMPORT(NTSTATUS, KeExpandKernelStackAndCalloutEx, callout_t*, PVOID, SIZE_T, BOOLEAN, PVOID);
IMPORT(ULONG_PTR, IoGetRemainingStackSize, VOID);
IMPORT(NTSTATUS, PsSetCreateThreadNotifyRoutineEx, ULONG, PVOID);

static volatile LONG created, ended, begun;
static HANDLE created_id, ended_id, created_process;
static BOOLEAN found_by_id, wrong_level;

static VOID NTAPI on_thread(HANDLE process, HANDLE thread, BOOLEAN create) {
    PETHREAD object;
    if (KeGetCurrentIrql() != PASSIVE_LEVEL) wrong_level = TRUE;
    if (create) {
        created_id = thread;
        created_process = process;
        if (NT_SUCCESS(PsLookupThreadByThreadId(thread, &object))) {
            found_by_id = PsGetThreadId(object) == thread;
            ObDereferenceObject(object);
        }
        InterlockedIncrement(&created);
    } else {
        ended_id = thread;
        InterlockedIncrement(&ended);
    }
}
static VOID NTAPI on_program_thread(HANDLE process, HANDLE thread, BOOLEAN create) {
    UNREFERENCED_PARAMETER(process);
    UNREFERENCED_PARAMETER(thread);
    UNREFERENCED_PARAMETER(create);
    InterlockedIncrement(&begun);
}

typedef struct {
    BOOLEAN apcs_disabled, all_disabled;
    KIRQL irql;
    PEPROCESS process;
    HANDLE id;
    volatile ULONG* user;
    ULONG value;
} seen_t;

static VOID NTAPI look(PVOID context) {
    seen_t* seen = context;
    seen->irql = KeGetCurrentIrql();
    seen->apcs_disabled = KeAreApcsDisabled();
    seen->all_disabled = KeAreAllApcsDisabled();
    seen->process = PsGetCurrentProcess();
    seen->id = PsGetCurrentThreadId();
    if (seen->user) seen->value = *seen->user;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS run(HANDLE process, seen_t* seen, CLIENT_ID* id) {
    HANDLE handle;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, process, id, look, seen);
    if (!NT_SUCCESS(status)) return status;
    status = ZwWaitForSingleObject(handle, FALSE, NULL);
    ZwClose(handle);
    return status;
}

static void creating(void) {
    static seen_t seen;
    CLIENT_ID id = {0};
    PETHREAD object;
    CHECK(NT_SUCCESS(PsSetCreateThreadNotifyRoutine(on_thread)),
          "PsSetCreateThreadNotifyRoutine registers a callback");
    CHECK(NT_SUCCESS(import_PsSetCreateThreadNotifyRoutineEx(0, (PVOID)on_program_thread)),
          "PsSetCreateThreadNotifyRoutineEx too");
    CHECK(run(NULL, &seen, &id) == STATUS_SUCCESS,
          "PsCreateSystemThread makes a thread that can be waited for");
    CHECK(seen.process == PsInitialSystemProcess,
          "without a process handle it belongs to the system process");
    CHECK(id.UniqueThread == seen.id && id.UniqueProcess == PsGetProcessId(PsInitialSystemProcess),
          "ClientId receives its identifiers");
    CHECK(seen.irql == PASSIVE_LEVEL, "it runs at PASSIVE_LEVEL");
    CHECK(seen.apcs_disabled && !seen.all_disabled,
          "inside a critical region with normal kernel APCs disabled");
    CHECK(created == 1 && created_id == id.UniqueThread && created_process == id.UniqueProcess,
          "the callback hears of its creation");
    CHECK(found_by_id, "and can look it up by its id");
    CHECK(ended == 1 && ended_id == id.UniqueThread && !wrong_level, "and of its end");
    CHECK(begun == 0, "a callback for threads of programs does not hear of system threads");
    CHECK(PsRemoveCreateThreadNotifyRoutine(on_thread) == STATUS_SUCCESS &&
              PsRemoveCreateThreadNotifyRoutine(on_program_thread) == STATUS_SUCCESS,
          "PsRemoveCreateThreadNotifyRoutine removes them");
    CHECK(PsRemoveCreateThreadNotifyRoutine(on_thread) == STATUS_PROCEDURE_NOT_FOUND,
          "STATUS_PROCEDURE_NOT_FOUND when nothing is registered");
    CHECK(run(NtCurrentProcess(), &seen, NULL) == STATUS_SUCCESS && seen.process == PsGetCurrentProcess() &&
              created == 1,
          "NtCurrentProcess names the current process");
    CHECK(PsLookupThreadByThreadId(seen.id, &object) == STATUS_INVALID_PARAMETER,
          "PsLookupThreadByThreadId: STATUS_INVALID_PARAMETER for an id of no thread");
    CHECK(PsLookupThreadByThreadId(PsGetCurrentThreadId(), &object) == STATUS_SUCCESS,
          "and a referenced object for one");
    CHECK(object == PsGetCurrentThread(), "which is the thread");
    ObDereferenceObject(object);
}

static ULONG_PTR room, deeper;
static BOOLEAN within;

static VOID NTAPI deep(PVOID context) {
    ULONG_PTR low, high;
    volatile char frame[64];
    frame[0] = 1;
    IoGetStackLimits(&low, &high);
    within = (ULONG_PTR)frame >= low && (ULONG_PTR)frame < high && IoWithinStackLimits((ULONG_PTR)frame, 64);
    if (context) {
        room = import_IoGetRemainingStackSize();
        import_KeExpandKernelStackAndCallout(deep, NULL, 0x5000);
    } else
        deeper = import_IoGetRemainingStackSize();
}

static void expanding(void) {
    ULONG_PTR low, high, low_after, high_after;
    KIRQL old;
    IoGetStackLimits(&low, &high);
    CHECK(import_KeExpandKernelStackAndCallout(deep, &room, 0x5400) == STATUS_SUCCESS && room >= 0x5000,
          "KeExpandKernelStackAndCallout calls a routine with the room that it asks for");
    CHECK(deeper >= 0x4c00 && within, "again from there; the segment is the thread's stack meanwhile");
    IoGetStackLimits(&low_after, &high_after);
    CHECK(low == low_after && high == high_after, "and no more afterwards");
    CHECK(import_KeExpandKernelStackAndCalloutEx(deep, NULL, 0x100000, FALSE, NULL) ==
              STATUS_INVALID_PARAMETER_3,
          "more than MAXIMUM_EXPANSION_SIZE is STATUS_INVALID_PARAMETER_3");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    NTSTATUS waits = import_KeExpandKernelStackAndCalloutEx(deep, NULL, 0x1000, TRUE, NULL);
    NTSTATUS not = import_KeExpandKernelStackAndCalloutEx(deep, NULL, 0x1000, FALSE, NULL);
    KeLowerIrql(old);
    CHECK(waits == STATUS_INVALID_PARAMETER_4, "with Wait at DISPATCH_LEVEL STATUS_INVALID_PARAMETER_4");
    CHECK(not== STATUS_SUCCESS, "without it is allowed");
}

typedef VOID(NTAPI kernel_routine_t)(PKAPC, PVOID*, PVOID*, PVOID*, PVOID*);
IMPORT(VOID, KeInitializeApc, PKAPC, PKTHREAD, ULONG, kernel_routine_t*, PVOID, PVOID, KPROCESSOR_MODE,
       PVOID);
IMPORT(BOOLEAN, KeInsertQueueApc, PKAPC, PVOID, PVOID, KPRIORITY);
IMPORT(VOID, KeAttachProcess, PEPROCESS);
IMPORT(VOID, KeDetachProcess, VOID);

static struct {
    PEPROCESS process;
    volatile ULONG* user;
    ULONG value;
    PEPROCESS inside, nested, back, after, once, after_once;
    volatile LONG apcs;
    LONG original, current, inserted, after_nested, after_all;
} attached;

static VOID NTAPI count_apc(PKAPC apc, PVOID* routine, PVOID* context, PVOID* argument1, PVOID* argument2) {
    (void)apc, (void)routine, (void)context, (void)argument1, (void)argument2;
    InterlockedIncrement(&attached.apcs);
}
// For the thread itself; how many ran meanwhile.
static LONG queue_apc(PKAPC apc, ULONG environment) {
    const LONG before = attached.apcs;
    import_KeInitializeApc(apc, KeGetCurrentThread(), environment, count_apc, NULL, NULL, KernelMode, NULL);
    import_KeInsertQueueApc(apc, NULL, NULL, 0);
    return attached.apcs - before;
}
enum { original_environment, attached_environment, current_environment, insert_environment };

static void attach_apcs(void) {
    static KAPC waits, runs;
    KAPC_STATE state, inner;
    KeStackAttachProcess((PVOID)attached.process, &state);
    attached.original = queue_apc(&waits, original_environment);
    attached.current = queue_apc(&runs, current_environment);
    attached.inserted = queue_apc(&runs, insert_environment);
    KeStackAttachProcess((PVOID)PsInitialSystemProcess, &inner);
    attached.nested = PsGetCurrentProcess();
    KeUnstackDetachProcess(&inner);
    attached.back = PsGetCurrentProcess();
    attached.after_nested = attached.apcs;
    KeUnstackDetachProcess(&state);
    attached.after_all = attached.apcs;
    import_KeAttachProcess(attached.process);
    attached.once = PsGetCurrentProcess();
    attached.value += *attached.user;
    import_KeDetachProcess();
    attached.after_once = PsGetCurrentProcess();
}

static void attach(PVOID unused) {
    KAPC_STATE state, inner;
    UNREFERENCED_PARAMETER(unused);
    KeStackAttachProcess((PVOID)attached.process, &state);
    attached.inside = PsGetCurrentProcess();
    KeStackAttachProcess((PVOID)attached.process, &inner);
    attached.value = *attached.user;
    KeUnstackDetachProcess(&inner);
    attached.value += *attached.user;
    KeUnstackDetachProcess(&state);
    attached.after = PsGetCurrentProcess();
    attach_apcs();
}

static void attaching(void) {
    static seen_t seen;
    PVOID base = NULL;
    SIZE_T size = 0x1000;
    if (!NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_COMMIT | MEM_RESERVE,
                                            PAGE_READWRITE)))
        return;
    *(volatile ULONG*)base = 21;
    attached.process = PsGetCurrentProcess();
    attached.user = base;
    in_thread(attach, NULL);
    CHECK(attached.value == 63, "KeStackAttachProcess: the thread reads the memory of the process");
    CHECK(attached.inside == attached.process, "which is its current process");
    CHECK(attached.after == PsInitialSystemProcess, "until KeUnstackDetachProcess");
    seen.user = base;
    CHECK(run(NtCurrentProcess(), &seen, NULL) == STATUS_SUCCESS && seen.value == 21,
          "a system thread of a process runs in its address space");
    CHECK(attached.nested == PsInitialSystemProcess && attached.back == attached.process,
          "attached again, KeUnstackDetachProcess restores the previous attach state");
    CHECK(attached.original == 0 && attached.after_nested == 2,
          "APCs for the thread's own process wait while it is attached");
    CHECK(attached.current == 1 && attached.inserted == 1, "those for the process that it is in run");
    CHECK(attached.after_all == 3, "what waited runs when the thread is back");
    CHECK(attached.once == attached.process && attached.after_once == PsInitialSystemProcess,
          "KeAttachProcess and KeDetachProcess");
    size = 0;
    ZwFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE);
}

static void checks(void) {
    creating();
    expanding();
    attaching();
}
