// System services called by a program itself: access that the handle does not have, addresses that are none,
// handles that are none. The statuses are those of the pages nf-wdm-zwqueryvaluekey, nf-ntifs-ntsetevent,
// nf-ntifs-ntreadfile, nf-wdm-zwmapviewofsection, nf-ntddk-zwterminateprocess … and of "PreviousMode":
// parameters from user mode are probed.
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS

#include <ntstatus.h>
#include <winternl.h>

#include "../common/program.h"

#define SERVICE(name, ...) NTSTATUS NTAPI name(__VA_ARGS__)
SERVICE(NtCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, BOOLEAN);
SERVICE(NtOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
SERVICE(NtSetEvent, HANDLE, PLONG);
SERVICE(NtResetEvent, HANDLE, PLONG);
SERVICE(NtPulseEvent, HANDLE, PLONG);
SERVICE(NtQueryEvent, HANDLE, ULONG, PVOID, ULONG, PULONG);
SERVICE(NtCreateSemaphore, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, LONG, LONG);
SERVICE(NtReleaseSemaphore, HANDLE, LONG, PLONG);
SERVICE(NtCreateKey, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, PUNICODE_STRING, ULONG, PULONG);
SERVICE(NtOpenKey, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
SERVICE(NtQueryValueKey, HANDLE, PUNICODE_STRING, ULONG, PVOID, ULONG, PULONG);
SERVICE(NtSetValueKey, HANDLE, PUNICODE_STRING, ULONG, ULONG, PVOID, ULONG);
SERVICE(NtDeleteValueKey, HANDLE, PUNICODE_STRING);
SERVICE(NtEnumerateKey, HANDLE, ULONG, ULONG, PVOID, ULONG, PULONG);
SERVICE(NtEnumerateValueKey, HANDLE, ULONG, ULONG, PVOID, ULONG, PULONG);
SERVICE(NtQueryKey, HANDLE, ULONG, PVOID, ULONG, PULONG);
SERVICE(NtDeleteKey, HANDLE);
SERVICE(NtCreateSection, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG, HANDLE);
SERVICE(NtMapViewOfSection, HANDLE, HANDLE, PVOID*, ULONG_PTR, SIZE_T, PLARGE_INTEGER, PSIZE_T, ULONG, ULONG,
        ULONG);
SERVICE(NtQuerySection, HANDLE, ULONG, PVOID, SIZE_T, PSIZE_T);
SERVICE(NtReadFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER, PULONG);
SERVICE(NtWriteFile, HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER, PULONG);
SERVICE(NtDuplicateObject, HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
SERVICE(NtTerminateProcess, HANDLE, NTSTATUS);
SERVICE(NtTerminateThread, HANDLE, NTSTATUS);
SERVICE(NtAllocateVirtualMemory, HANDLE, PVOID*, ULONG_PTR, PSIZE_T, ULONG, ULONG);
SERVICE(NtFreeVirtualMemory, HANDLE, PVOID*, PSIZE_T, ULONG);
SERVICE(NtQueryVirtualMemory, HANDLE, PVOID, ULONG, PVOID, SIZE_T, PSIZE_T);
SERVICE(NtUnmapViewOfSection, HANDLE, PVOID);
SERVICE(NtReadVirtualMemory, HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
SERVICE(NtOpenDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
SERVICE(NtQueryDirectoryObject, HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
SERVICE(NtQuerySystemTime, PLARGE_INTEGER);

#define BAD ((HANDLE)0x7ffc)
#define NOWHERE ((PVOID)0x10)          // no memory
#define KERNEL ((PVOID)0x310000001000) // the kernel's half
#define KERNEL_HANDLE ((HANDLE)(LONG_PTR)0xffffffff80000004)
#define NOTHING(call) ((call) == STATUS_ACCESS_VIOLATION)
#define DENIED(call) ((call) == STATUS_ACCESS_DENIED)

#define EVENT_QUERY_STATE 0x1
#define NtCurrentProcess() ((HANDLE)(LONG_PTR) - 1)

static OBJECT_ATTRIBUTES unnamed = {.Length = sizeof(OBJECT_ATTRIBUTES)};
static OBJECT_ATTRIBUTES at(UNICODE_STRING* name, PCWSTR text) {
    OBJECT_ATTRIBUTES oa = {.Length = sizeof oa, .ObjectName = name, .Attributes = OBJ_CASE_INSENSITIVE};
    RtlInitUnicodeString(name, text);
    return oa;
}

static void access(void) {
    HANDLE event, semaphore, key, section, file, copy;
    ULONG info[2], needed, number = 1;
    UNICODE_STRING name, value;
    IO_STATUS_BLOCK iosb;
    LARGE_INTEGER zero = {.QuadPart = 0}, size = {.QuadPart = 4096};
    RtlInitUnicodeString(&value, L"Value");

    NtCreateEvent(&event, EVENT_MODIFY_STATE, &unnamed, 0, FALSE);
    CHECK(NtSetEvent(event, NULL) == STATUS_SUCCESS &&
              DENIED(NtQueryEvent(event, 0, info, sizeof info, NULL)),
          "a handle that may modify an event may not query it: STATUS_ACCESS_DENIED");
    CHECK(DENIED(NtWaitForSingleObject(event, FALSE, &zero)), "nor wait for it");
    NtDuplicateObject(NtCurrentProcess(), event, NtCurrentProcess(), &copy, EVENT_QUERY_STATE | SYNCHRONIZE,
                      0, 0);
    CHECK(DENIED(NtSetEvent(copy, NULL)) || NtQueryEvent(copy, 0, info, sizeof info, NULL) == STATUS_SUCCESS,
          "a duplicate has the access that it was made with");
    NtClose(copy);
    NtClose(event);
    NtCreateEvent(&event, EVENT_QUERY_STATE | SYNCHRONIZE, &unnamed, 0, FALSE);
    CHECK(DENIED(NtSetEvent(event, NULL)) && DENIED(NtResetEvent(event, NULL)) &&
              DENIED(NtPulseEvent(event, NULL)),
          "NtSetEvent, NtResetEvent, NtPulseEvent: STATUS_ACCESS_DENIED");
    CHECK(NtWaitForSingleObject(event, FALSE, &zero) == STATUS_TIMEOUT &&
              NtQueryEvent(event, 0, info, sizeof info, NULL) == STATUS_SUCCESS,
          "what it may, it can");
    NtClose(event);
    NtCreateSemaphore(&semaphore, SYNCHRONIZE, &unnamed, 1, 2);
    CHECK(DENIED(NtReleaseSemaphore(semaphore, 1, NULL)), "NtReleaseSemaphore: STATUS_ACCESS_DENIED");
    NtClose(semaphore);

    OBJECT_ATTRIBUTES oa = at(&name, L"\\Registry\\Machine\\Software\\ConformServices");
    CHECK(NtCreateKey(&key, KEY_SET_VALUE, &oa, 0, NULL, 0, NULL) == STATUS_SUCCESS, "NtCreateKey");
    CHECK(NtSetValueKey(key, &value, 0, REG_DWORD, &number, 4) == STATUS_SUCCESS &&
              DENIED(NtQueryValueKey(key, &value, 2, info, sizeof info, &needed)),
          "NtQueryValueKey needs KEY_QUERY_VALUE: STATUS_ACCESS_DENIED");
    CHECK(DENIED(NtEnumerateValueKey(key, 0, 0, info, sizeof info, &needed)) &&
              DENIED(NtQueryKey(key, 0, info, sizeof info, &needed)) &&
              DENIED(NtEnumerateKey(key, 0, 0, info, sizeof info, &needed)),
          "NtEnumerateValueKey, NtQueryKey, NtEnumerateKey: STATUS_ACCESS_DENIED");
    CHECK(DENIED(NtDeleteKey(key)), "NtDeleteKey needs DELETE: STATUS_ACCESS_DENIED");
    NtClose(key);
    NtCreateKey(&key, KEY_QUERY_VALUE | DELETE, &oa, 0, NULL, 0, NULL);
    CHECK(DENIED(NtSetValueKey(key, &value, 0, REG_DWORD, &number, 4)) &&
              DENIED(NtDeleteValueKey(key, &value)),
          "NtSetValueKey, NtDeleteValueKey need KEY_SET_VALUE: STATUS_ACCESS_DENIED");
    CHECK(NtDeleteKey(key) == STATUS_SUCCESS, "NtDeleteKey");
    NtClose(key);
    CHECK(!NT_SUCCESS(NtOpenFile(&file, FILE_READ_DATA, &oa, &iosb, 7, 0)) &&
              NtOpenKey(&key, KEY_QUERY_VALUE, &oa) == STATUS_OBJECT_NAME_NOT_FOUND,
          "NtOpenFile makes no key");
    oa = at(&name, L"\\Registry\\Machine\\Software");
    CHECK(!NT_SUCCESS(NtOpenFile(&file, FILE_READ_DATA, &oa, &iosb, 7, 0)), "nor does it open one");

    NtCreateSection(&section, SECTION_MAP_READ, &unnamed, &size, PAGE_READWRITE, SEC_COMMIT, NULL);
    PVOID base = NULL;
    SIZE_T length = 0;
    CHECK(DENIED(NtMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, NULL, &length, 2, 0,
                                    PAGE_READWRITE)),
          "NtMapViewOfSection for writing needs SECTION_MAP_WRITE: STATUS_ACCESS_DENIED");
    CHECK(NtMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, NULL, &length, 2, 0, PAGE_READONLY) ==
                  STATUS_SUCCESS &&
              length == 4096,
          "for reading it does not");
    CHECK(DENIED(NtQuerySection(section, 0, info, 24, NULL)), "NtQuerySection needs SECTION_QUERY");
    NtClose(section);

    oa = at(&name, L"\\??\\NUL");
    CHECK(NtOpenFile(&file, FILE_WRITE_DATA | SYNCHRONIZE, &oa, &iosb, 7, FILE_SYNCHRONOUS_IO_NONALERT) ==
                  STATUS_SUCCESS &&
              DENIED(NtReadFile(file, NULL, NULL, NULL, &iosb, info, 4, NULL, NULL)),
          "NtReadFile needs FILE_READ_DATA: STATUS_ACCESS_DENIED");
    NtClose(file);
    NtOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &oa, &iosb, 7, FILE_SYNCHRONOUS_IO_NONALERT);
    CHECK(DENIED(NtWriteFile(file, NULL, NULL, NULL, &iosb, info, 4, NULL, NULL)),
          "NtWriteFile needs FILE_WRITE_DATA: STATUS_ACCESS_DENIED");
    NtClose(file);
    HANDLE self = OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId());
    CHECK(self && DENIED(NtTerminateProcess(self, 1)) &&
              DENIED(NtReadVirtualMemory(self, info, &needed, 4, NULL)),
          "NtTerminateProcess, NtReadVirtualMemory: STATUS_ACCESS_DENIED");
    MEMORY_BASIC_INFORMATION region;
    PVOID here = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE), mapped = base;
    length = 0;
    CHECK(DENIED(NtFreeVirtualMemory(self, &here, &length, MEM_RELEASE)) &&
              DENIED(NtQueryVirtualMemory(self, here, 0, &region, sizeof region, NULL)) &&
              DENIED(NtUnmapViewOfSection(self, mapped)),
          "NtFreeVirtualMemory, NtQueryVirtualMemory, NtUnmapViewOfSection: STATUS_ACCESS_DENIED");
    NtCreateEvent(&event, EVENT_ALL_ACCESS, &unnamed, 0, FALSE);
    CHECK(NtFreeVirtualMemory(event, &here, &length, MEM_RELEASE) == STATUS_OBJECT_TYPE_MISMATCH,
          "NtFreeVirtualMemory: STATUS_OBJECT_TYPE_MISMATCH");
    NtClose(event);
    PVOID fresh = NULL;
    length = 4096;
    CHECK(DENIED(NtAllocateVirtualMemory(self, &fresh, 0, &length, MEM_COMMIT, PAGE_READWRITE)),
          "NtAllocateVirtualMemory: STATUS_ACCESS_DENIED");
    NtCreateEvent(&event, EVENT_ALL_ACCESS, &unnamed, 0, FALSE);
    CHECK(NtAllocateVirtualMemory(event, &fresh, 0, &length, MEM_COMMIT, PAGE_READWRITE) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH");
    NtClose(event);
    length = (SIZE_T)1 << 40;
    CHECK(NtAllocateVirtualMemory(NtCurrentProcess(), &fresh, 0, &length, MEM_COMMIT, PAGE_READWRITE) ==
              STATUS_COMMITMENT_LIMIT,
          "STATUS_COMMITMENT_LIMIT: more than there is");
    VirtualFree(here, 0, MEM_RELEASE);
    CloseHandle(self);
}

static void addresses(void) {
    HANDLE event, key;
    ULONG info[8], needed;
    UNICODE_STRING name, bad_text = {8, 8, NOWHERE};
    OBJECT_ATTRIBUTES oa = at(&name, L"\\Registry\\Machine\\Software"),
                      bad_name = {.Length = sizeof oa, .ObjectName = &bad_text};
    IO_STATUS_BLOCK iosb;
    CHECK(NOTHING(NtCreateEvent(NOWHERE, EVENT_ALL_ACCESS, &unnamed, 0, FALSE)) &&
              NOTHING(NtCreateEvent(KERNEL, EVENT_ALL_ACCESS, &unnamed, 0, FALSE)),
          "a place for the handle that is no memory, or the kernel's: STATUS_ACCESS_VIOLATION");
    CHECK(NOTHING(NtCreateEvent(&event, EVENT_ALL_ACCESS, NOWHERE, 0, FALSE)) &&
              NOTHING(NtCreateEvent(&event, EVENT_ALL_ACCESS, KERNEL, 0, FALSE)),
          "attributes");
    CHECK(NOTHING(NtOpenEvent(&event, EVENT_ALL_ACCESS, &bad_name)), "a name");
    NtCreateEvent(&event, EVENT_ALL_ACCESS, &unnamed, 0, FALSE);
    CHECK(NOTHING(NtSetEvent(event, NOWHERE)) && NOTHING(NtSetEvent(event, KERNEL)), "the previous state");
    CHECK(NOTHING(NtWaitForSingleObject(event, FALSE, NOWHERE)), "a time-out");
    CHECK(NOTHING(NtQueryEvent(event, 0, KERNEL, 8, NULL)), "a buffer");
    NtClose(event);
    CHECK(NOTHING(NtQuerySystemTime(KERNEL)), "a time");
    NtCreateKey(&key, KEY_READ, &oa, 0, NULL, 0, NULL);
    CHECK(NOTHING(NtQueryKey(key, 0, info, sizeof info, NOWHERE)) &&
              NOTHING(NtQueryKey(key, 0, KERNEL, 64, &needed)),
          "a length and a buffer of NtQueryKey");
    CHECK(NOTHING(NtQueryValueKey(key, &bad_text, 2, info, sizeof info, &needed)), "the name of a value");
    NtClose(key);
    oa = at(&name, L"\\??\\NUL");
    HANDLE file;
    CHECK(NOTHING(
              NtOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &oa, NOWHERE, 7, FILE_SYNCHRONOUS_IO_NONALERT)),
          "a status block");
    NtOpenFile(&file, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &oa, &iosb, 7,
               FILE_SYNCHRONOUS_IO_NONALERT);
    CHECK(NOTHING(NtReadFile(file, NULL, NULL, NULL, &iosb, KERNEL, 4, NULL, NULL)) &&
              NOTHING(NtWriteFile(file, NULL, NULL, NULL, &iosb, KERNEL, 4, NULL, NULL)),
          "a transfer buffer in the kernel's half");
    NtClose(file);
}

static void handles(void) {
    LARGE_INTEGER zero = {.QuadPart = 0};
    HANDLE event, copy;
    NtCreateEvent(&event, EVENT_ALL_ACCESS, &unnamed, 0, FALSE);
    CHECK(NtClose(BAD) == STATUS_INVALID_HANDLE && NtClose(KERNEL_HANDLE) == STATUS_INVALID_HANDLE,
          "NtClose: STATUS_INVALID_HANDLE, also for a kernel handle");
    CHECK(NtSetEvent(KERNEL_HANDLE, NULL) == STATUS_INVALID_HANDLE &&
              NtWaitForSingleObject(KERNEL_HANDLE, FALSE, &zero) == STATUS_INVALID_HANDLE,
          "kernel handles are of no use to a program");
    CHECK(NtReleaseSemaphore(event, 1, NULL) == STATUS_OBJECT_TYPE_MISMATCH &&
              NtDeleteKey(event) == STATUS_OBJECT_TYPE_MISMATCH &&
              NtTerminateThread(event, 0) == STATUS_OBJECT_TYPE_MISMATCH,
          "a handle of another type: STATUS_OBJECT_TYPE_MISMATCH");
    OBJECT_ATTRIBUTES kernel = unnamed;
    kernel.Attributes = 0x200; // OBJ_KERNEL_HANDLE
    HANDLE ours = NULL;
    CHECK(NtCreateEvent(&ours, EVENT_ALL_ACCESS, &kernel, 0, FALSE) == STATUS_SUCCESS && (LONG_PTR)ours > 0 &&
              NtClose(ours) == STATUS_SUCCESS,
          "a program that asks for a kernel handle gets one of its own");
    CHECK(NtDuplicateObject(NtCurrentProcess(), event, NtCurrentProcess(), &copy, 0, 0,
                            DUPLICATE_SAME_ACCESS) == STATUS_SUCCESS &&
              NtClose(copy) == STATUS_SUCCESS,
          "NtDuplicateObject");
    CHECK(NtDuplicateObject(NtCurrentProcess(), BAD, NtCurrentProcess(), &copy, 0, 0,
                            DUPLICATE_SAME_ACCESS) == STATUS_INVALID_HANDLE &&
              NtDuplicateObject(event, event, NtCurrentProcess(), &copy, 0, 0, 0) ==
                  STATUS_OBJECT_TYPE_MISMATCH,
          "its source and its process");
    NtClose(event);
}

// The page devnotes/ntquerydirectoryobject.
static void directories(void) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = at(&name, L"\\");
    HANDLE root;
    UCHAR list[2048];
    ULONG context = 0, returned = 0, count = 0;
    BOOLEAN device = FALSE;
    CHECK(NtOpenDirectoryObject(&root, 1 /* DIRECTORY_QUERY */, &oa) == STATUS_SUCCESS,
          "NtOpenDirectoryObject of the root");
    while (NtQueryDirectoryObject(root, list, sizeof list, TRUE, count == 0, &context, &returned) ==
               STATUS_SUCCESS &&
           count < 100) {
        UNICODE_STRING* entry = (UNICODE_STRING*)list;
        device |= entry[0].Length == 12 && !memcmp(entry[0].Buffer, L"Device", 12) && entry[1].Length == 18 &&
                  !memcmp(entry[1].Buffer, L"Directory", 18);
        ++count;
    }
    CHECK(device && count > 3, "NtQueryDirectoryObject goes through it");
    NtClose(root);
}

int main(void) {
    access();
    addresses();
    handles();
    directories();
    return finish();
}
