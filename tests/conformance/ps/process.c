// Processes and threads, time and previous mode: nf-ntddk-psgetcurrentprocessid, nf-ntddk-psgetprocessid,
// nf-ntddk-psgetthreadid, nf-ntddk-zwopenprocess, nf-ntddk-zwterminateprocess, nf-wdm-exgetpreviousmode, and
// the page "Using Nt and Zw Versions of the Native System Services Routines".
#define TOPIC L"PsProcess"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(PEPROCESS, PsGetCurrentProcess, void);
IMPORT(PEPROCESS, IoGetCurrentProcess, void);
IMPORT(PETHREAD, PsGetCurrentThread, void);
IMPORT(PKTHREAD, KeGetCurrentThread, void);
IMPORT(HANDLE, PsGetCurrentThreadId, void);
IMPORT(HANDLE, PsGetProcessId, PEPROCESS);
IMPORT(HANDLE, PsGetThreadId, PETHREAD);
IMPORT(HANDLE, PsGetThreadProcessId, PETHREAD);
IMPORT(const char*, PsGetProcessImageFileName, PEPROCESS);
IMPORT(NTSTATUS, ZwOpenProcess, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PCLIENT_ID);
IMPORT(NTSTATUS, ZwOpenThread, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PCLIENT_ID);
IMPORT(NTSTATUS, ZwTerminateProcess, HANDLE, NTSTATUS);
IMPORT(NTSTATUS, ZwTerminateThread, HANDLE, NTSTATUS);
IMPORT(NTSTATUS, NtOpenProcess, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PCLIENT_ID);
IMPORT(NTSTATUS, NtClose, HANDLE);
IMPORT(NTSTATUS, ZwQueryInformationProcess, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwQuerySystemInformation, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwQuerySystemTime, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwQueryPerformanceCounter, PLARGE_INTEGER, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwQueryTimerResolution, PULONG, PULONG, PULONG);
IMPORT(ULONG, ZwGetTickCount, void);
IMPORT(ULONG, ZwGetCurrentProcessorNumber, void);
IMPORT(NTSTATUS, ZwQueryDefaultLocale, BOOLEAN, PULONG);
IMPORT(NTSTATUS, ZwDisplayString, PUNICODE_STRING);
IMPORT_DATA(LIST_ENTRY, PsLoadedModuleList);
IMPORT_DATA(ULONG, NtBuildNumber);
IMPORT_DATA(BOOLEAN, KdDebuggerEnabled);
IMPORT_DATA(BOOLEAN, KdDebuggerNotPresent);
IMPORT_DATA(POBJECT_TYPE, ExSemaphoreObjectType);

#define BAD ((HANDLE)0x7ffc)

static void identities(void) {
    PEPROCESS process = import_PsGetCurrentProcess();
    PETHREAD thread = import_PsGetCurrentThread();
    KIRQL old;
    CHECK(process == import_IoGetCurrentProcess(), "IoGetCurrentProcess is PsGetCurrentProcess");
    CHECK((PVOID)thread == (PVOID)import_KeGetCurrentThread(), "KeGetCurrentThread is PsGetCurrentThread");
    CHECK(import_PsGetProcessId(process) == PsGetCurrentProcessId(), "PsGetProcessId of the current process");
    CHECK(import_PsGetThreadId(thread) == import_PsGetCurrentThreadId() &&
              import_PsGetThreadId(thread) != PsGetCurrentProcessId(),
          "PsGetThreadId of the current thread");
    CHECK(import_PsGetThreadProcessId(thread) == PsGetCurrentProcessId(), "PsGetThreadProcessId");
    CHECK(RtlCompareMemory(import_PsGetProcessImageFileName(process), "conform.exe", 12) == 12,
          "PsGetProcessImageFileName");
    CHECK(import_PsGetProcessId((PEPROCESS)TYPE_OF(PsInitialSystemProcess)) == (HANDLE)4,
          "the System process has the id 4");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(ExGetPreviousMode() == UserMode, "ExGetPreviousMode in a program's thread, at DISPATCH_LEVEL");
    KeLowerIrql(old);
}

static NTSTATUS open(HANDLE* handle, HANDLE id, BOOLEAN with_id, PCWSTR text) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    CLIENT_ID client = {id, NULL};
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&oa, text ? &name : NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    return import_ZwOpenProcess(handle, GENERIC_READ, &oa, with_id ? &client : NULL);
}

static void handles(void) {
    HANDLE handle = NULL, event = NULL;
    PVOID object = NULL;
    OBJECT_ATTRIBUTES oa;
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(open(&handle, PsGetCurrentProcessId(), TRUE, NULL) == STATUS_SUCCESS &&
              ObReferenceObjectByHandle(handle, 0, TYPE_OF(PsProcessType), KernelMode, &object, NULL) ==
                  STATUS_SUCCESS &&
              object == PsGetCurrentProcess(),
          "ZwOpenProcess by client id");
    if (object) ObDereferenceObject(object);
    ZwClose(handle);
    CHECK(open(&handle, NULL, FALSE, NULL) == STATUS_INVALID_PARAMETER_MIX,
          "STATUS_INVALID_PARAMETER_MIX: no client id");
    CHECK(open(&handle, PsGetCurrentProcessId(), TRUE, L"\\BaseNamedObjects\\x") ==
              STATUS_INVALID_PARAMETER_MIX,
          "STATUS_INVALID_PARAMETER_MIX: an object name");
    CHECK(open(&handle, (HANDLE)0x7ffc, TRUE, NULL) == STATUS_INVALID_CID, "STATUS_INVALID_CID");
    CLIENT_ID thread = {NULL, import_PsGetCurrentThreadId()}, nobody = {NULL, (HANDLE)0x7ffc},
              other = {(HANDLE)4, import_PsGetCurrentThreadId()};
    CHECK(import_ZwOpenThread(&handle, SYNCHRONIZE, &oa, &thread) == STATUS_SUCCESS &&
              ObIsKernelHandle(handle),
          "ZwOpenThread with OBJ_KERNEL_HANDLE");
    CHECK(ObReferenceObjectByHandle(handle, 0, TYPE_OF(PsThreadType), KernelMode, &object, NULL) ==
                  STATUS_SUCCESS &&
              object == PsGetCurrentThread(),
          "is the thread of the client id");
    ObDereferenceObject(object);
    ZwClose(handle);
    CHECK(import_ZwOpenThread(&handle, SYNCHRONIZE, &oa, &nobody) == STATUS_INVALID_CID &&
              import_ZwOpenThread(&handle, SYNCHRONIZE, &oa, &other) == STATUS_INVALID_CID,
          "ZwOpenThread: STATUS_INVALID_CID");
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    CHECK(import_ZwTerminateProcess(event, 0) == STATUS_OBJECT_TYPE_MISMATCH &&
              import_ZwTerminateThread(event, 0) == STATUS_OBJECT_TYPE_MISMATCH,
          "ZwTerminateProcess: STATUS_OBJECT_TYPE_MISMATCH");
    CHECK(import_ZwTerminateProcess(BAD, 0) == STATUS_INVALID_HANDLE &&
              import_ZwTerminateThread(BAD, 0) == STATUS_INVALID_HANDLE,
          "ZwTerminateProcess: STATUS_INVALID_HANDLE");
    ZwClose(event);
}

// "the Nt… version treats the parameters as the previous mode says, the Zw… version as those of kernel mode".
static void two_versions(void) {
    HANDLE handle = NULL;
    OBJECT_ATTRIBUTES oa;
    CLIENT_ID id = {PsGetCurrentProcessId(), NULL};
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(import_NtOpenProcess(&handle, GENERIC_READ, &oa, &id) == STATUS_ACCESS_VIOLATION,
          "an Nt routine does not take kernel addresses in a program's thread");
    CHECK(import_ZwOpenProcess(&handle, GENERIC_READ, &oa, &id) == STATUS_SUCCESS, "its Zw sibling does");
    CHECK(import_NtClose(handle) == STATUS_INVALID_HANDLE,
          "an Nt routine does not take kernel handles there");
    CHECK(ZwClose(handle) == STATUS_SUCCESS, "its Zw sibling does");
    CHECK(ExGetPreviousMode() == UserMode, "the previous mode is what it was");
}

static KPROCESSOR_MODE mode_in_system;
static HANDLE system_handle;
static NTSTATUS status_in_system;
static VOID NTAPI in_system(PVOID context) {
    OBJECT_ATTRIBUTES oa;
    CLIENT_ID id = {context, NULL};
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    mode_in_system = ExGetPreviousMode();
    status_in_system = import_NtOpenProcess(&system_handle, GENERIC_READ, &oa, &id);
    if (NT_SUCCESS(status_in_system)) import_NtClose(system_handle);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void system_threads(void) {
    HANDLE handle;
    PVOID thread;
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, in_system,
                                         PsGetCurrentProcessId())))
        return;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, TYPE_OF(PsThreadType), KernelMode, &thread, NULL);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    CHECK(PsIsSystemThread(thread) && !PsIsSystemThread(PsGetCurrentThread()), "PsIsSystemThread");
    CHECK(import_PsGetThreadProcessId(thread) == (HANDLE)4, "a system thread belongs to the System process");
    CHECK(mode_in_system == KernelMode, "ExGetPreviousMode is KernelMode in a system thread");
    CHECK(status_in_system == STATUS_SUCCESS, "where Nt routines take kernel addresses and handles");
    ObDereferenceObject(thread);
    ZwClose(handle);
    CHECK(PsTerminateSystemThread(STATUS_SUCCESS) == STATUS_INVALID_PARAMETER,
          "PsTerminateSystemThread in another thread: STATUS_INVALID_PARAMETER");
}

static void system_values(void) {
    LARGE_INTEGER a, b, frequency = {.QuadPart = 0}, interval = {.QuadPart = -200000};
    ULONG coarse = 0, fine = 0, current = 0, locale = 0;
    UNICODE_STRING text;
    ULONG tick = import_ZwGetTickCount();
    import_ZwQuerySystemTime(&a);
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
    import_ZwQuerySystemTime(&b);
    CHECK(b.QuadPart - a.QuadPart >= 200000, "ZwQuerySystemTime counts 100 ns");
    CHECK(import_ZwGetTickCount() - tick >= 15, "ZwGetTickCount counts milliseconds, in steps of a tick");
    CHECK(import_ZwQueryPerformanceCounter(&a, &frequency) == STATUS_SUCCESS && frequency.QuadPart > 0,
          "ZwQueryPerformanceCounter with the frequency");
    CHECK(import_ZwQueryPerformanceCounter(&b, NULL) == STATUS_SUCCESS && b.QuadPart >= a.QuadPart,
          "and without; it does not go back");
    CHECK(import_ZwQueryTimerResolution(&coarse, &fine, &current) == STATUS_SUCCESS && fine <= current &&
              current <= coarse,
          "ZwQueryTimerResolution");
    CHECK(import_ZwGetCurrentProcessorNumber() < KeQueryActiveProcessorCount(NULL),
          "ZwGetCurrentProcessorNumber");
    CHECK(import_ZwQueryDefaultLocale(FALSE, &locale) == STATUS_SUCCESS && locale == 0x409,
          "ZwQueryDefaultLocale: en-US");
    RtlInitUnicodeString(&text, L"");
    CHECK(import_ZwDisplayString(&text) == STATUS_SUCCESS, "ZwDisplayString");
    CHECK((*import_NtBuildNumber & 0xffff) == 19045, "NtBuildNumber");
    CHECK(!*import_KdDebuggerEnabled && *import_KdDebuggerNotPresent, "no kernel debugger");
    CHECK(*import_ExSemaphoreObjectType && *import_ExSemaphoreObjectType != TYPE_OF(ExEventObjectType),
          "ExSemaphoreObjectType");

    // KLDR_DATA_TABLE_ENTRY: InLoadOrderLinks, then DllBase at 0x30.
    BOOLEAN kernel_first = FALSE, ours = FALSE;
    const LIST_ENTRY* head = import_PsLoadedModuleList;
    for (PLIST_ENTRY e = head->Flink; e != head; e = e->Flink) {
        PUCHAR base = *(PUCHAR*)((PUCHAR)e + 0x30);
        ULONG size = *(PULONG)((PUCHAR)e + 0x40);
        if (e == head->Flink)
            kernel_first = base <= (PUCHAR)import_PsGetCurrentProcess &&
                           (PUCHAR)import_PsGetCurrentProcess < base + size;
        ours |= base == this_driver->DriverStart && size == this_driver->DriverSize;
    }
    CHECK(kernel_first && ours, "PsLoadedModuleList begins with the kernel and has the driver");
}

static void checks(void) {
    identities();
    handles();
    two_versions();
    system_threads();
    system_values();
}
