// Processes and threads by id and what is read of them: nf-ntifs-pslookupprocessbyprocessid,
// nf-ntddk-psgetthreadexitstatus, -psgetcurrentthreadteb, -psgetprocessstartkey,
// nf-ntifs-psisthreadterminating …
#define TOPIC L"PsProcesses"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, PsLookupProcessByProcessId, HANDLE, PEPROCESS*);
IMPORT(NTSTATUS, PsLookupProcessThreadByCid, PCLIENT_ID, PEPROCESS*, PETHREAD*);
IMPORT(NTSTATUS, PsSetCreateProcessNotifyRoutineEx, PVOID, BOOLEAN);
IMPORT(LONGLONG, PsGetProcessCreateTimeQuadPart, PEPROCESS);
IMPORT(NTSTATUS, PsGetProcessExitStatus, PEPROCESS);
IMPORT(LARGE_INTEGER, PsGetProcessExitTime, void);
IMPORT(HANDLE, PsGetProcessInheritedFromUniqueProcessId, PEPROCESS);
IMPORT(PUCHAR, PsGetProcessPeb, PEPROCESS);
IMPORT(PVOID, PsGetProcessSectionBaseAddress, PEPROCESS);
IMPORT(ULONG, PsGetProcessSessionId, PEPROCESS);
IMPORT(ULONG, PsGetProcessSessionIdEx, PEPROCESS);
IMPORT(PVOID, PsGetProcessWow64Process, PEPROCESS);
IMPORT(PVOID, PsGetCurrentProcessWow64Process, void);
IMPORT(ULONG, PsGetCurrentProcessSessionId, void);
IMPORT(ULONGLONG, PsGetProcessStartKey, PEPROCESS);
IMPORT(ULONGLONG, PsQueryTotalCycleTimeProcess, PEPROCESS, PULONGLONG);
IMPORT(PUCHAR, PsGetCurrentThreadTeb, void);
IMPORT(PVOID, PsGetThreadTeb, PETHREAD);
IMPORT(PEPROCESS, PsGetThreadProcess, PETHREAD);
IMPORT(NTSTATUS, PsGetThreadExitStatus, PETHREAD);
IMPORT(LONGLONG, PsGetThreadCreateTime, PETHREAD);
IMPORT(BOOLEAN, PsIsThreadTerminating, PETHREAD);
IMPORT(BOOLEAN, PsIsProtectedProcess, PEPROCESS);
IMPORT(BOOLEAN, PsIsSystemProcess, PEPROCESS);
IMPORT(HANDLE, PsGetCurrentThreadId, void);
IMPORT(PVOID, PsGetProcessWin32Process, PEPROCESS);
IMPORT(PVOID, PsGetThreadWin32Thread, PETHREAD);
IMPORT(PVOID, PsGetProcessJob, PEPROCESS);
IMPORT(BOOLEAN, PsGetThreadHardErrorsAreDisabled, PETHREAD);
IMPORT(void, PsSetThreadHardErrorsAreDisabled, PETHREAD, BOOLEAN);
IMPORT(NTSTATUS, PsWrapApcWow64Thread, PVOID*, PVOID*);
IMPORT(NTSTATUS, MmCopyVirtualMemory, PEPROCESS, PVOID, PEPROCESS, PVOID, SIZE_T, CHAR, PSIZE_T);
IMPORT(void, KeStackAttachProcess, PVOID, PVOID);
IMPORT(void, KeUnstackDetachProcess, PVOID);

IMPORT(NTSTATUS, ZwQuerySystemInformation, ULONG, PVOID, ULONG, PULONG);

#define SYSTEM ((PEPROCESS)TYPE_OF(PsInitialSystemProcess))

static void lookup(void) {
    PEPROCESS self = PsGetCurrentProcess(), found = NULL, owner = NULL;
    PETHREAD thread = NULL;
    CLIENT_ID id = {PsGetCurrentProcessId(), import_PsGetCurrentThreadId()},
              other = {(HANDLE)4, import_PsGetCurrentThreadId()};
    CHECK(import_PsLookupProcessByProcessId(PsGetCurrentProcessId(), &found) == STATUS_SUCCESS &&
              found == self,
          "PsLookupProcessByProcessId");
    ObDereferenceObject(found);
    CHECK(import_PsLookupProcessByProcessId((HANDLE)4, &found) == STATUS_SUCCESS && found == SYSTEM,
          "the System process");
    ObDereferenceObject(found);
    CHECK(import_PsLookupProcessByProcessId((HANDLE)0x7ffc, &found) == STATUS_INVALID_CID,
          "no such process: STATUS_INVALID_CID");
    CHECK(import_PsLookupProcessByProcessId(import_PsGetCurrentThreadId(), &found) == STATUS_INVALID_CID,
          "the id of a thread: STATUS_INVALID_CID");
    CHECK(import_PsLookupProcessThreadByCid(&id, &owner, &thread) == STATUS_SUCCESS && owner == self &&
              thread == (PETHREAD)KeGetCurrentThread(),
          "PsLookupProcessThreadByCid");
    ObDereferenceObject(owner);
    ObDereferenceObject(thread);
    CHECK(import_PsLookupProcessThreadByCid(&id, NULL, &thread) == STATUS_SUCCESS,
          "the process may be left out");
    ObDereferenceObject(thread);
    CHECK(import_PsLookupProcessThreadByCid(&other, &owner, &thread) == STATUS_INVALID_CID,
          "another process's thread: STATUS_INVALID_CID");
}

static void process_values(void) {
    PEPROCESS self = PsGetCurrentProcess();
    LARGE_INTEGER now;
    ULONGLONG cycles = 0;
    PUCHAR peb = import_PsGetProcessPeb(self), teb = import_PsGetCurrentThreadTeb();
    KeQuerySystemTime(&now);
    LONGLONG created = import_PsGetProcessCreateTimeQuadPart(self);
    CHECK(created > 0 && created <= now.QuadPart, "PsGetProcessCreateTimeQuadPart");
    CHECK(import_PsGetProcessExitStatus(self) == STATUS_PENDING,
          "PsGetProcessExitStatus of a process that runs");
    CHECK(import_PsGetProcessExitTime().QuadPart == 0, "PsGetProcessExitTime before the end");
    CHECK(import_PsGetProcessInheritedFromUniqueProcessId(self) == (HANDLE)4, "the parent's id");
    CHECK(peb && teb && *(PUCHAR*)(teb + 0x60) == peb, "PsGetProcessPeb: what the TEB says");
    CHECK(import_PsGetProcessSectionBaseAddress(self) == *(PVOID*)(peb + 0x10),
          "PsGetProcessSectionBaseAddress: the PEB's ImageBaseAddress");
    CHECK(!import_PsGetProcessPeb(SYSTEM), "the System process has no PEB");
    CHECK(import_PsGetProcessSessionId(self) == 1 && import_PsGetCurrentProcessSessionId() == 1 &&
              import_PsGetProcessSessionIdEx(self) == 1,
          "programs run in session 1");
    CHECK(import_PsGetProcessSessionId(SYSTEM) == 0, "the System process in session 0");
    CHECK(!import_PsGetProcessWow64Process(self) && !import_PsGetCurrentProcessWow64Process(),
          "a 64-bit program has no WOW64 process");
    CHECK(import_PsGetProcessStartKey(self) == import_PsGetProcessStartKey(self) &&
              import_PsGetProcessStartKey(self) != import_PsGetProcessStartKey(SYSTEM),
          "PsGetProcessStartKey is unique");
    CHECK(import_PsQueryTotalCycleTimeProcess(self, &cycles) > 0 && cycles > 0,
          "PsQueryTotalCycleTimeProcess");
    CHECK(!import_PsIsProtectedProcess(self), "PsIsProtectedProcess");
    CHECK(import_PsIsSystemProcess(SYSTEM) && !import_PsIsSystemProcess(self), "PsIsSystemProcess");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx(lookup, FALSE) == STATUS_ACCESS_DENIED,
          "PsSetCreateProcessNotifyRoutineEx without IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY: "
          "STATUS_ACCESS_DENIED");
}

static KEVENT go;
static VOID NTAPI wait_and_end(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    KeWaitForSingleObject(&go, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(STATUS_TIMEOUT);
}

static void thread_values(void) {
    PETHREAD self = (PETHREAD)KeGetCurrentThread();
    HANDLE handle;
    PETHREAD other;
    CHECK(import_PsGetThreadTeb(self) == import_PsGetCurrentThreadTeb() && import_PsGetThreadTeb(self),
          "PsGetThreadTeb");
    CHECK(import_PsGetThreadProcess(self) == PsGetCurrentProcess(), "PsGetThreadProcess");
    CHECK(import_PsGetThreadExitStatus(self) == STATUS_PENDING && !import_PsIsThreadTerminating(self),
          "PsGetThreadExitStatus of a thread that is active: STATUS_PENDING");
    CHECK(import_PsGetThreadCreateTime(self) >= import_PsGetProcessCreateTimeQuadPart(PsGetCurrentProcess()),
          "PsGetThreadCreateTime");
    CHECK(!import_PsGetThreadWin32Thread(self) && !import_PsGetProcessWin32Process(PsGetCurrentProcess()),
          "a console program has nothing of win32k");
    CHECK(!import_PsGetProcessJob(PsGetCurrentProcess()), "nor a job");
    CHECK(!import_PsGetThreadHardErrorsAreDisabled(self), "hard errors are enabled");
    import_PsSetThreadHardErrorsAreDisabled(self, TRUE);
    CHECK(import_PsGetThreadHardErrorsAreDisabled(self) && !IoSetThreadHardErrorMode(TRUE),
          "PsSetThreadHardErrorsAreDisabled: as IoSetThreadHardErrorMode has it");
    PVOID context = NULL, routine = (PVOID)thread_values;
    CHECK(import_PsWrapApcWow64Thread(&context, &routine) == STATUS_SUCCESS &&
              routine == (PVOID)thread_values,
          "PsWrapApcWow64Thread in a 64-bit thread");
    KeInitializeEvent(&go, NotificationEvent, FALSE);
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, wait_and_end, NULL)))
        return;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, TYPE_OF(PsThreadType), KernelMode, (PVOID*)&other, NULL);
    CHECK(import_PsGetThreadProcess(other) == SYSTEM && !import_PsGetThreadTeb(other), "a system thread");
    KeSetEvent(&go, 0, FALSE);
    KeWaitForSingleObject(other, Executive, KernelMode, FALSE, NULL);
    CHECK(import_PsGetThreadExitStatus(other) == STATUS_TIMEOUT && import_PsIsThreadTerminating(other),
          "PsGetThreadExitStatus after the end");
    ObDereferenceObject(other);
    ZwClose(handle);

    UCHAR state[64];
    import_KeStackAttachProcess(SYSTEM, state);
    CHECK(!import_PsGetCurrentThreadTeb(), "PsGetCurrentThreadTeb is NULL while attached to another process");
    CHECK(import_PsGetThreadProcess(self) != SYSTEM && PsGetCurrentProcess() == SYSTEM,
          "PsGetThreadProcess is the thread's own process");
    import_KeUnstackDetachProcess(state);
}

static void memory(void) {
    PEPROCESS self = PsGetCurrentProcess();
    PUCHAR peb = import_PsGetProcessPeb(self);
    PVOID base = NULL;
    SIZE_T done = 0;
    CHECK(import_MmCopyVirtualMemory(self, peb + 0x10, SYSTEM, &base, sizeof base, KernelMode, &done) ==
                  STATUS_SUCCESS &&
              done == sizeof base && base == import_PsGetProcessSectionBaseAddress(self),
          "MmCopyVirtualMemory from a process");
    CHECK(!NT_SUCCESS(import_MmCopyVirtualMemory(self, (PVOID)0x10000, SYSTEM, &base, 8, KernelMode, &done)),
          "memory that is not there is an error, not a fault");
}

// Known structures: SYSTEM_PROCESS_INFORMATION, SYSTEM_HANDLE_INFORMATION and its extended form.
static void listings(void) {
    static UCHAR buffer[0x10000];
    ULONG needed = 0;
    BOOLEAN there = FALSE, handle_there = FALSE;
    HANDLE event;
    PVOID object;
    OBJECT_ATTRIBUTES oa;
    CHECK(import_ZwQuerySystemInformation(5, buffer, 16, &needed) == STATUS_INFO_LENGTH_MISMATCH &&
              needed > 0x300,
          "SystemProcessInformation, too small a buffer: STATUS_INFO_LENGTH_MISMATCH, and the size");
    CHECK(import_ZwQuerySystemInformation(5, buffer, sizeof buffer, &needed) == STATUS_SUCCESS, "with room");
    for (PUCHAR at = buffer;; at += *(PULONG)at) {
        ULONG threads = *(PULONG)(at + 4);
        if (*(HANDLE*)(at + 0x50) == PsGetCurrentProcessId())
            for (ULONG i = 0; i < threads; ++i)
                there |= *(HANDLE*)(at + 0x100 + i * 0x50 + 0x30) == import_PsGetCurrentThreadId();
        if (!*(PULONG)at) break;
    }
    CHECK(there, "has the current process with the current thread");
    InitializeObjectAttributes(&oa, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(event, 0, TYPE_OF(ExEventObjectType), KernelMode, &object, NULL);
    CHECK(import_ZwQuerySystemInformation(16, buffer, sizeof buffer, &needed) == STATUS_SUCCESS,
          "SystemHandleInformation");
    for (ULONG i = 0; i < *(PULONG)buffer; ++i)
        handle_there |= *(PUSHORT)(buffer + 8 + i * 24) == 4 && *(PVOID*)(buffer + 8 + i * 24 + 8) == object;
    CHECK(handle_there, "has a kernel handle, as the System process's");
    handle_there = FALSE;
    CHECK(import_ZwQuerySystemInformation(64, buffer, sizeof buffer, &needed) == STATUS_SUCCESS,
          "SystemExtendedHandleInformation");
    for (ULONG i = 0; i < *(PULONG)buffer; ++i)
        handle_there |=
            *(HANDLE*)(buffer + 16 + i * 40 + 8) == (HANDLE)4 && *(PVOID*)(buffer + 16 + i * 40) == object;
    CHECK(handle_there, "has it too");
    ObDereferenceObject(object);
    ZwClose(event);
}

static void checks(void) {
    listings();
    lookup();
    process_values();
    thread_values();
    memory();
}
