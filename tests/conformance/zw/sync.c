// Events, mutants, semaphores and waits by handle: nf-ntifs-zwcreateevent, nf-ntifs-zwsetevent,
// nf-wdm-zwopenevent, nf-ntifs-zwwaitforsingleobject, and what the Win32 functions of the same names say of
// mutexes and semaphores.
#define TOPIC L"ZwSync"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwSetEvent, HANDLE, PLONG);
IMPORT(NTSTATUS, ZwResetEvent, HANDLE, PLONG);
IMPORT(NTSTATUS, ZwClearEvent, HANDLE);
IMPORT(NTSTATUS, ZwPulseEvent, HANDLE, PLONG);
IMPORT(NTSTATUS, ZwQueryEvent, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwCreateMutant, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenMutant, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwReleaseMutant, HANDLE, PLONG);
IMPORT(NTSTATUS, ZwCreateSemaphore, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, LONG, LONG);
IMPORT(NTSTATUS, ZwOpenSemaphore, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwReleaseSemaphore, HANDLE, LONG, PLONG);
IMPORT(NTSTATUS, ZwWaitForSingleObject, HANDLE, BOOLEAN, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwWaitForMultipleObjects, ULONG, PHANDLE, ULONG, BOOLEAN, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwSignalAndWaitForSingleObject, HANDLE, HANDLE, BOOLEAN, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwDelayExecution, BOOLEAN, PLARGE_INTEGER);
IMPORT(NTSTATUS, ZwYieldExecution, void);
IMPORT(NTSTATUS, ZwQuerySystemTime, PLARGE_INTEGER);

#define BAD ((HANDLE)0x7ffc)
#define MUTANT_ALL_ACCESS 0x1f0001

static OBJECT_ATTRIBUTES named(PUNICODE_STRING name, PCWSTR text) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(&oa, text ? name : NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    return oa;
}
static NTSTATUS now(HANDLE handle) {
    LARGE_INTEGER none = {.QuadPart = 0};
    return import_ZwWaitForSingleObject(handle, FALSE, &none);
}

static void events(void) {
    UNICODE_STRING name;
    HANDLE event = NULL, second = NULL;
    LONG before = 9;
    struct {
        ULONG type;
        LONG state;
    } info;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\BaseNamedObjects\\ConformZwEvent");
    CHECK(import_ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE) == STATUS_SUCCESS &&
              now(event) == STATUS_TIMEOUT,
          "ZwCreateEvent; not signaled: STATUS_TIMEOUT");
    CHECK(import_ZwSetEvent(event, &before) == STATUS_SUCCESS && before == 0 &&
              now(event) == STATUS_SUCCESS && now(event) == STATUS_SUCCESS,
          "ZwSetEvent gives the previous state; a notification event stays signaled");
    CHECK(import_ZwQueryEvent(event, 0, &info, sizeof info, NULL) == STATUS_SUCCESS &&
              info.type == NotificationEvent && info.state == 1,
          "ZwQueryEvent");
    CHECK(import_ZwQueryEvent(event, 5, &info, sizeof info, NULL) == STATUS_INVALID_INFO_CLASS &&
              import_ZwQueryEvent(event, 0, &info, 4, NULL) == STATUS_INFO_LENGTH_MISMATCH,
          "ZwQueryEvent: class and length");
    CHECK(import_ZwResetEvent(event, &before) == STATUS_SUCCESS && before == 1 &&
              now(event) == STATUS_TIMEOUT,
          "ZwResetEvent");
    import_ZwSetEvent(event, NULL);
    CHECK(import_ZwClearEvent(event) == STATUS_SUCCESS && now(event) == STATUS_TIMEOUT,
          "ZwClearEvent; the previous state is optional");
    CHECK(import_ZwPulseEvent(event, &before) == STATUS_SUCCESS && before == 0 &&
              now(event) == STATUS_TIMEOUT,
          "ZwPulseEvent leaves it not signaled");
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_SUCCESS, "ZwOpenEvent");
    ZwClose(second);
    ZwClose(event);
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwOpenEvent: STATUS_OBJECT_NAME_NOT_FOUND");
    oa = named(&name, L"\\NoSuchDirectory\\Event");
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_OBJECT_PATH_NOT_FOUND,
          "STATUS_OBJECT_PATH_NOT_FOUND");
    oa = named(&name, L"Event");
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_OBJECT_PATH_SYNTAX_BAD,
          "STATUS_OBJECT_PATH_SYNTAX_BAD");
    oa = named(&name, NULL);
    CHECK(import_ZwCreateEvent(&event, EVENT_ALL_ACCESS, &oa, SynchronizationEvent, TRUE) == STATUS_SUCCESS &&
              now(event) == STATUS_SUCCESS && now(event) == STATUS_TIMEOUT,
          "a synchronization event satisfies one wait");
    CHECK(import_ZwCreateEvent(&second, EVENT_ALL_ACCESS, &oa, (EVENT_TYPE)7, TRUE) ==
              STATUS_INVALID_PARAMETER_4,
          "ZwCreateEvent: STATUS_INVALID_PARAMETER_4");
    ZwClose(event);
    CHECK(import_ZwSetEvent(BAD, NULL) == STATUS_INVALID_HANDLE &&
              import_ZwResetEvent(BAD, NULL) == STATUS_INVALID_HANDLE &&
              import_ZwClearEvent(BAD) == STATUS_INVALID_HANDLE &&
              import_ZwPulseEvent(BAD, NULL) == STATUS_INVALID_HANDLE && now(BAD) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
}

static void mutants(void) {
    UNICODE_STRING name;
    HANDLE mutant = NULL, second = NULL;
    LONG before = 9;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\BaseNamedObjects\\ConformMutant");
    CHECK(import_ZwCreateMutant(&mutant, MUTANT_ALL_ACCESS, &oa, TRUE) == STATUS_SUCCESS,
          "ZwCreateMutant, owned");
    CHECK(import_ZwOpenMutant(&second, SYNCHRONIZE, &oa) == STATUS_SUCCESS && now(second) == STATUS_SUCCESS,
          "ZwOpenMutant; its owner may wait again");
    CHECK(import_ZwReleaseMutant(mutant, &before) == STATUS_SUCCESS && before == -1 &&
              import_ZwReleaseMutant(mutant, &before) == STATUS_SUCCESS && before == 0,
          "ZwReleaseMutant once per acquisition");
    CHECK(import_ZwReleaseMutant(mutant, NULL) == STATUS_MUTANT_NOT_OWNED, "STATUS_MUTANT_NOT_OWNED");
    ZwClose(second);
    ZwClose(mutant);
    CHECK(import_ZwOpenMutant(&second, SYNCHRONIZE, &oa) == STATUS_OBJECT_NAME_NOT_FOUND &&
              import_ZwReleaseMutant(BAD, NULL) == STATUS_INVALID_HANDLE,
          "ZwOpenMutant: STATUS_OBJECT_NAME_NOT_FOUND");
}

static void semaphores(void) {
    UNICODE_STRING name;
    HANDLE semaphore = NULL, second = NULL;
    LONG before = 9;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\BaseNamedObjects\\ConformSemaphore");
    CHECK(import_ZwCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, &oa, 1, 2) == STATUS_SUCCESS &&
              now(semaphore) == STATUS_SUCCESS && now(semaphore) == STATUS_TIMEOUT,
          "ZwCreateSemaphore: a wait takes one");
    CHECK(import_ZwReleaseSemaphore(semaphore, 2, &before) == STATUS_SUCCESS && before == 0,
          "ZwReleaseSemaphore gives the previous count");
    CHECK(import_ZwReleaseSemaphore(semaphore, 1, &before) == STATUS_SEMAPHORE_LIMIT_EXCEEDED,
          "STATUS_SEMAPHORE_LIMIT_EXCEEDED");
    CHECK(import_ZwReleaseSemaphore(semaphore, 0, &before) == STATUS_INVALID_PARAMETER,
          "a count of zero: STATUS_INVALID_PARAMETER");
    CHECK(import_ZwOpenSemaphore(&second, SEMAPHORE_ALL_ACCESS, &oa) == STATUS_SUCCESS &&
              now(second) == STATUS_SUCCESS,
          "ZwOpenSemaphore");
    ZwClose(second);
    ZwClose(semaphore);
    CHECK(import_ZwOpenSemaphore(&second, SEMAPHORE_ALL_ACCESS, &oa) == STATUS_OBJECT_NAME_NOT_FOUND &&
              import_ZwReleaseSemaphore(BAD, 1, NULL) == STATUS_INVALID_HANDLE,
          "ZwOpenSemaphore: STATUS_OBJECT_NAME_NOT_FOUND");
    oa = named(&name, NULL);
    CHECK(import_ZwCreateSemaphore(&second, SEMAPHORE_ALL_ACCESS, &oa, 3, 2) == STATUS_INVALID_PARAMETER &&
              import_ZwCreateSemaphore(&second, SEMAPHORE_ALL_ACCESS, &oa, 0, 0) == STATUS_INVALID_PARAMETER,
          "counts that cannot be: STATUS_INVALID_PARAMETER");
}

static void waits(void) {
    UNICODE_STRING name;
    HANDLE two[2] = {NULL, NULL};
    LARGE_INTEGER none = {.QuadPart = 0}, a_while = {.QuadPart = -30000}, start, end;
    OBJECT_ATTRIBUTES oa = named(&name, NULL);
    import_ZwCreateEvent(&two[0], EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    import_ZwCreateEvent(&two[1], EVENT_ALL_ACCESS, &oa, NotificationEvent, TRUE);
    CHECK(import_ZwWaitForMultipleObjects(2, two, WaitAny, FALSE, &none) == STATUS_WAIT_1,
          "ZwWaitForMultipleObjects, any: the index");
    CHECK(import_ZwWaitForMultipleObjects(2, two, WaitAll, FALSE, &none) == STATUS_TIMEOUT,
          "all: STATUS_TIMEOUT");
    CHECK(import_ZwSignalAndWaitForSingleObject(two[0], two[1], FALSE, &none) == STATUS_SUCCESS &&
              import_ZwWaitForMultipleObjects(2, two, WaitAll, FALSE, &none) == STATUS_SUCCESS,
          "ZwSignalAndWaitForSingleObject signals the first");
    CHECK(import_ZwWaitForMultipleObjects(0, two, WaitAny, FALSE, &none) != STATUS_SUCCESS &&
              import_ZwWaitForMultipleObjects(65, two, WaitAny, FALSE, &none) != STATUS_SUCCESS,
          "one to MAXIMUM_WAIT_OBJECTS handles");
    import_ZwResetEvent(two[0], NULL);
    import_ZwQuerySystemTime(&start);
    CHECK(import_ZwWaitForSingleObject(two[0], FALSE, &a_while) == STATUS_TIMEOUT,
          "a time-out that is relative");
    import_ZwQuerySystemTime(&end);
    CHECK(end.QuadPart - start.QuadPart >= 30000, "takes at least its time");
    LARGE_INTEGER until = {.QuadPart = end.QuadPart + 50000};
    CHECK(import_ZwWaitForSingleObject(two[0], FALSE, &until) == STATUS_TIMEOUT, "an absolute one");
    import_ZwQuerySystemTime(&end);
    CHECK(end.QuadPart >= until.QuadPart, "ends at that time");
    start = end;
    CHECK(import_ZwDelayExecution(FALSE, &a_while) == STATUS_SUCCESS &&
              import_ZwQuerySystemTime(&end) == STATUS_SUCCESS && end.QuadPart - start.QuadPart >= 30000,
          "ZwDelayExecution");
    CHECK(import_ZwYieldExecution() == STATUS_NO_YIELD_PERFORMED, "ZwYieldExecution with nobody else ready");
    ZwClose(two[0]);
    ZwClose(two[1]);
}

static void checks(void) {
    events();
    mutants();
    semaphores();
    waits();
}
