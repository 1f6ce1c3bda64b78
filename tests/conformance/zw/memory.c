// Sections, views and virtual memory: nf-wdm-zwcreatesection, nf-wdm-zwopensection,
// nf-wdm-zwmapviewofsection, nf-wdm-zwunmapviewofsection, nf-ntifs-zwallocatevirtualmemory,
// nf-ntifs-zwfreevirtualmemory, nf-ntifs-zwqueryvirtualmemory; in a program's process and in the System
// process (kernel page "Security issues for section objects and views"). Views in system space:
// nf-ntddk-mmmapviewinsystemspace, nf-ntddk-mmunmapviewinsystemspace.
#define TOPIC L"ZwMemory"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwCreateSection, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG,
       HANDLE);
IMPORT(NTSTATUS, ZwOpenSection, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwMapViewOfSection, HANDLE, HANDLE, PVOID*, ULONG_PTR, SIZE_T, PLARGE_INTEGER, PSIZE_T,
       ULONG, ULONG, ULONG);
IMPORT(NTSTATUS, ZwUnmapViewOfSection, HANDLE, PVOID);
IMPORT(NTSTATUS, ZwAllocateVirtualMemory, HANDLE, PVOID*, ULONG_PTR, PSIZE_T, ULONG, ULONG);
IMPORT(NTSTATUS, ZwFreeVirtualMemory, HANDLE, PVOID*, PSIZE_T, ULONG);
IMPORT(NTSTATUS, ZwProtectVirtualMemory, HANDLE, PVOID*, PSIZE_T, ULONG, PULONG);
IMPORT(NTSTATUS, ZwQueryVirtualMemory, HANDLE, PVOID, ULONG, PVOID, SIZE_T, PSIZE_T);
IMPORT(NTSTATUS, ZwReadVirtualMemory, HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
IMPORT(NTSTATUS, ZwWriteVirtualMemory, HANDLE, PVOID, PVOID, SIZE_T, PSIZE_T);
IMPORT(NTSTATUS, ZwFlushInstructionCache, HANDLE, PVOID, SIZE_T);

IMPORT(NTSTATUS, MmMapViewInSystemSpace, PVOID, PVOID*, PSIZE_T);
IMPORT(NTSTATUS, MmUnmapViewInSystemSpace, PVOID);
IMPORT(void, KeStackAttachProcess, PKPROCESS, PKAPC_STATE);
IMPORT(void, KeUnstackDetachProcess, PKAPC_STATE);

#define SELF NtCurrentProcess()
#define GRANULARITY 0x10000

// mingw's headers have no MEMORY_BASIC_INFORMATION for drivers.
typedef struct {
    PVOID BaseAddress, AllocationBase;
    ULONG AllocationProtect;
    USHORT PartitionId;
    SIZE_T RegionSize;
    ULONG State, Protect, Type;
} REGION;

static OBJECT_ATTRIBUTES named(PUNICODE_STRING name, PCWSTR text) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(&oa, text ? name : NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    return oa;
}
static NTSTATUS make(HANDLE* section, LONGLONG size, ULONG protection, ULONG allocation) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = named(&name, NULL);
    LARGE_INTEGER maximum = {.QuadPart = size};
    return import_ZwCreateSection(section, SECTION_ALL_ACCESS, &oa, &maximum, protection, allocation, NULL);
}
static NTSTATUS map(HANDLE section, PUCHAR* base, LONGLONG offset, SIZE_T* size, ULONG protection) {
    LARGE_INTEGER from = {.QuadPart = offset};
    return import_ZwMapViewOfSection(section, SELF, (PVOID*)base, 0, 0, &from, size, ViewUnmap, 0,
                                     protection);
}

static void sections(void) {
    UNICODE_STRING name;
    HANDLE section = NULL, second = NULL;
    OBJECT_ATTRIBUTES oa = named(&name, L"\\BaseNamedObjects\\ConformSection");
    LARGE_INTEGER size = {.QuadPart = 3 * GRANULARITY + 1};
    CHECK(import_ZwCreateSection(&section, SECTION_ALL_ACCESS, &oa, &size, PAGE_READWRITE, SEC_COMMIT,
                                 NULL) == STATUS_SUCCESS,
          "ZwCreateSection backed by the paging file, with a name");
    CHECK(import_ZwCreateSection(&second, SECTION_ALL_ACCESS, &oa, &size, PAGE_READWRITE, SEC_COMMIT, NULL) ==
              STATUS_OBJECT_NAME_COLLISION,
          "a second one of the name: STATUS_OBJECT_NAME_COLLISION");
    CHECK(import_ZwOpenSection(&second, SECTION_MAP_READ, &oa) == STATUS_SUCCESS, "ZwOpenSection");
    PUCHAR a = NULL, b = NULL;
    SIZE_T length = 0;
    CHECK(map(section, &a, 0, &length, PAGE_READWRITE) == STATUS_SUCCESS &&
              length == 3 * GRANULARITY + PAGE_SIZE && (ULONG_PTR)a % GRANULARITY == 0,
          "a view of size zero reaches to the section's end, which is rounded up to pages");
    length = 100;
    CHECK(map(second, &b, GRANULARITY, &length, PAGE_READONLY) == STATUS_SUCCESS && length == PAGE_SIZE &&
              b != a,
          "a second view, at an offset; its size is rounded up");
    if (a && b) {
        a[GRANULARITY + 5] = 0x77;
        CHECK(b[5] == 0x77, "views of a section show the same memory");
    }
    CHECK(import_ZwUnmapViewOfSection(SELF, b + 50) == STATUS_SUCCESS,
          "ZwUnmapViewOfSection takes any address within the view");
    CHECK(import_ZwUnmapViewOfSection(SELF, b) != STATUS_SUCCESS, "but not after that");
    b = NULL, length = PAGE_SIZE;
    LARGE_INTEGER odd = {.QuadPart = 2 * GRANULARITY + 5};
    CHECK(import_ZwMapViewOfSection(section, SELF, (PVOID*)&b, 0, 0, &odd, &length, ViewShare, 0,
                                    PAGE_READWRITE) == STATUS_SUCCESS &&
              odd.QuadPart == 2 * GRANULARITY,
          "an offset is rounded down to the allocation granularity");
    if (b) import_ZwUnmapViewOfSection(SELF, b);
    b = a, length = PAGE_SIZE;
    CHECK(map(section, &b, 0, &length, PAGE_READWRITE) == STATUS_CONFLICTING_ADDRESSES,
          "STATUS_CONFLICTING_ADDRESSES");
    b = NULL, length = 0;
    CHECK(map(section, &b, 0, &length, 0x12345) == STATUS_INVALID_PAGE_PROTECTION,
          "ZwMapViewOfSection: STATUS_INVALID_PAGE_PROTECTION");
    CHECK(map((HANDLE)0x7ffc, &b, 0, &length, PAGE_READONLY) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    import_ZwUnmapViewOfSection(SELF, a);
    ZwClose(second);
    ZwClose(section);
    CHECK(import_ZwOpenSection(&second, SECTION_MAP_READ, &oa) == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwOpenSection: STATUS_OBJECT_NAME_NOT_FOUND");

    CHECK(make(&section, PAGE_SIZE, PAGE_READONLY, SEC_COMMIT) == STATUS_SUCCESS, "a section for reading");
    length = 0;
    CHECK(map(section, &b, 0, &length, PAGE_READWRITE) == STATUS_SECTION_PROTECTION,
          "STATUS_SECTION_PROTECTION");
    ZwClose(section);
    CHECK(make(&section, PAGE_SIZE, 0x1234, SEC_COMMIT) == STATUS_INVALID_PAGE_PROTECTION,
          "ZwCreateSection: STATUS_INVALID_PAGE_PROTECTION");
    CHECK(make(&section, 1ll << 50, PAGE_READWRITE, SEC_COMMIT) == STATUS_SECTION_TOO_BIG,
          "ZwCreateSection: STATUS_SECTION_TOO_BIG");
}

static void memory(void) {
    PUCHAR base = NULL, part;
    SIZE_T size = 3 * PAGE_SIZE - 1;
    ULONG old = 0;
    REGION region;
    CHECK(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&base, 0, &size, MEM_RESERVE, PAGE_READWRITE) ==
                  STATUS_SUCCESS &&
              size == 3 * PAGE_SIZE && (ULONG_PTR)base % GRANULARITY == 0,
          "ZwAllocateVirtualMemory reserves; the size is rounded up to pages");
    CHECK(import_ZwQueryVirtualMemory(SELF, base + 5, 0, &region, sizeof region, NULL) == STATUS_SUCCESS &&
              region.BaseAddress == base && region.State == MEM_RESERVE && region.RegionSize == 3 * PAGE_SIZE,
          "ZwQueryVirtualMemory: reserved; the address is rounded down");
    part = base + PAGE_SIZE + 1, size = 1;
    CHECK(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&part, 0, &size, MEM_COMMIT, PAGE_READWRITE) ==
                  STATUS_SUCCESS &&
              part == base + PAGE_SIZE && size == PAGE_SIZE,
          "a page of it is committed");
    part[7] = 9;
    CHECK(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&part, 0, &size, MEM_COMMIT, PAGE_READWRITE) ==
                  STATUS_SUCCESS &&
              part[7] == 9,
          "a committed page can be committed again");
    CHECK(import_ZwQueryVirtualMemory(SELF, part, 0, &region, sizeof region, NULL) == STATUS_SUCCESS &&
              region.State == MEM_COMMIT && region.Protect == PAGE_READWRITE &&
              region.RegionSize == PAGE_SIZE && region.AllocationBase == base && region.Type == MEM_PRIVATE,
          "ZwQueryVirtualMemory: up to the first page with other attributes");
    size = PAGE_SIZE;
    CHECK(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&base, 0, &size, MEM_RESERVE, PAGE_READWRITE) ==
              STATUS_CONFLICTING_ADDRESSES,
          "a reserved page cannot be reserved a second time");
    CHECK(import_ZwProtectVirtualMemory(SELF, (PVOID*)&part, &size, PAGE_READONLY, &old) == STATUS_SUCCESS &&
              old == PAGE_READWRITE,
          "ZwProtectVirtualMemory gives the former protection");
    UCHAR byte = 1;
    SIZE_T done = 99;
    CHECK(import_ZwReadVirtualMemory(SELF, part + 7, &byte, 1, &done) == STATUS_SUCCESS && byte == 9 &&
              done == 1,
          "ZwReadVirtualMemory");
    CHECK(import_ZwWriteVirtualMemory(SELF, part + 7, &byte, 1, &done) == STATUS_PARTIAL_COPY && done == 0,
          "ZwWriteVirtualMemory does not write what is read-only");
    import_ZwProtectVirtualMemory(SELF, (PVOID*)&part, &size, PAGE_READWRITE, &old);
    byte = 33;
    CHECK(import_ZwWriteVirtualMemory(SELF, part + 7, &byte, 1, &done) == STATUS_SUCCESS && part[7] == 33,
          "ZwWriteVirtualMemory");
    CHECK(import_ZwReadVirtualMemory(SELF, base, &byte, 1, &done) == STATUS_PARTIAL_COPY,
          "ZwReadVirtualMemory of what is not committed: STATUS_PARTIAL_COPY");
    CHECK(import_ZwFlushInstructionCache(SELF, part, 16) == STATUS_SUCCESS, "ZwFlushInstructionCache");
    CHECK(import_ZwFreeVirtualMemory(SELF, (PVOID*)&part, &size, MEM_DECOMMIT) == STATUS_SUCCESS &&
              import_ZwQueryVirtualMemory(SELF, part, 0, &region, sizeof region, NULL) == STATUS_SUCCESS &&
              region.State == MEM_RESERVE,
          "ZwFreeVirtualMemory, MEM_DECOMMIT: reserved again");
    size = 0;
    CHECK(import_ZwFreeVirtualMemory(SELF, (PVOID*)&part, &size, MEM_RELEASE) != STATUS_SUCCESS,
          "MEM_RELEASE wants the base address of the reservation");
    CHECK(import_ZwFreeVirtualMemory(SELF, (PVOID*)&base, &size, MEM_RELEASE) == STATUS_SUCCESS &&
              size == 3 * PAGE_SIZE,
          "and frees all of it");
    CHECK(import_ZwQueryVirtualMemory(SELF, base, 0, &region, sizeof region, NULL) == STATUS_SUCCESS &&
              region.State == MEM_FREE,
          "ZwQueryVirtualMemory: free");
    CHECK(import_ZwFreeVirtualMemory(SELF, (PVOID*)&base, &size, MEM_RELEASE) != STATUS_SUCCESS,
          "nothing is freed twice");
    CHECK(import_ZwQueryVirtualMemory(SELF, base, 77, &region, sizeof region, NULL) ==
              STATUS_INVALID_INFO_CLASS,
          "ZwQueryVirtualMemory: STATUS_INVALID_INFO_CLASS");
    CHECK(import_ZwQueryVirtualMemory(SELF, base, 0, &region, 8, NULL) == STATUS_INFO_LENGTH_MISMATCH,
          "ZwQueryVirtualMemory: STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ZwQueryVirtualMemory(SELF, this_driver, 0, &region, sizeof region, NULL) ==
              STATUS_INVALID_PARAMETER,
          "ZwQueryVirtualMemory: STATUS_INVALID_PARAMETER, an address outside the range");
    base = NULL, size = 0;
    CHECK(!NT_SUCCESS(
              import_ZwAllocateVirtualMemory(SELF, (PVOID*)&base, 0, &size, MEM_COMMIT, PAGE_READWRITE)),
          "a region of size zero");
    size = PAGE_SIZE;
    CHECK(!NT_SUCCESS(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&base, 0, &size, 0, PAGE_READWRITE)),
          "one of MEM_COMMIT, MEM_RESET, MEM_RESERVE must be set");
    CHECK(import_ZwAllocateVirtualMemory(SELF, (PVOID*)&base, 0, &size, MEM_COMMIT, 0x1234) ==
              STATUS_INVALID_PAGE_PROTECTION,
          "an invalid protection");
    CHECK(import_ZwAllocateVirtualMemory((HANDLE)0x7ffc, (PVOID*)&base, 0, &size, MEM_COMMIT,
                                         PAGE_READWRITE) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
}

static void run_in_system(void(NTAPI* routine)(PVOID)) {
    HANDLE handle;
    PVOID thread;
    OBJECT_ATTRIBUTES oa = {sizeof oa, NULL, NULL, OBJ_KERNEL_HANDLE, NULL, NULL};
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &oa, NULL, NULL, routine, NULL))) return;
    if (NT_SUCCESS(ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode, &thread, NULL))) {
        KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(thread);
    }
    ZwClose(handle);
}

static PUCHAR system_view;

static void NTAPI in_system(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    HANDLE section;
    SIZE_T length = 0;
    sections();
    memory();
    if (!NT_SUCCESS(make(&section, GRANULARITY, PAGE_READWRITE, SEC_COMMIT))) return;
    CHECK(map(section, &system_view, 0, &length, PAGE_READWRITE) == STATUS_SUCCESS &&
              system_view < (PUCHAR)MM_HIGHEST_USER_ADDRESS,
          "a view in the System process, mapped by a system thread");
    ZwClose(section);
    if (system_view) system_view[3] = 0x5a;
}
static void NTAPI unmap_in_system(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    CHECK(system_view && system_view[3] == 0x5a, "all threads of the System process have its views");
    CHECK(import_ZwUnmapViewOfSection(SELF, system_view) == STATUS_SUCCESS,
          "the view is there until it is unmapped");
}
static void system_process(void) {
    KAPC_STATE state;
    REGION region;
    run_in_system(in_system);
    CHECK(import_ZwQueryVirtualMemory(SELF, system_view, 0, &region, sizeof region, NULL) == STATUS_SUCCESS &&
              (region.State != MEM_COMMIT || system_view[3] != 0x5a),
          "a view mapped from a system thread is not accessible from another process");
    import_KeStackAttachProcess((PKPROCESS)PsInitialSystemProcess, &state);
    CHECK(system_view && system_view[3] == 0x5a, "a thread attached to the System process has its views");
    import_KeUnstackDetachProcess(&state);
    run_in_system(unmap_in_system);
}

static void system_space(void) {
    HANDLE section = NULL;
    PVOID object = NULL, view = NULL, again = NULL;
    PUCHAR user = NULL;
    SIZE_T size = 0, length = 0;
    if (!NT_SUCCESS(make(&section, GRANULARITY + 5, PAGE_READWRITE, SEC_COMMIT))) return;
    if (!NT_SUCCESS(ObReferenceObjectByHandle(section, SECTION_ALL_ACCESS, NULL, KernelMode, &object, NULL)))
        return;
    CHECK(NT_SUCCESS(import_MmMapViewInSystemSpace(object, &view, &size)) &&
              size == GRANULARITY + PAGE_SIZE && view > MM_HIGHEST_USER_ADDRESS,
          "MmMapViewInSystemSpace with a size of zero maps the whole section, and returns the actual size");
    size = PAGE_SIZE + 1;
    CHECK(NT_SUCCESS(import_MmMapViewInSystemSpace(object, &again, &size)) && size == 2 * PAGE_SIZE,
          "MmMapViewInSystemSpace maps a part");
    size = 3 * GRANULARITY;
    PVOID none = NULL;
    CHECK(!NT_SUCCESS(import_MmMapViewInSystemSpace(object, &none, &size)), "no more than there is");
    CHECK(map(section, &user, 0, &length, PAGE_READWRITE) == STATUS_SUCCESS, "a view of a process as well");
    if (user && view && again) {
        user[PAGE_SIZE + 9] = 0x42;
        CHECK(((PUCHAR)view)[PAGE_SIZE + 9] == 0x42 && ((PUCHAR)again)[PAGE_SIZE + 9] == 0x42,
              "all views show the same memory");
    }
    import_ZwUnmapViewOfSection(SELF, user);
    ZwClose(section);
    ObDereferenceObject(object);
    if (view) CHECK(((PUCHAR)view)[PAGE_SIZE + 9] == 0x42, "the section exists until its views are unmapped");
    CHECK(NT_SUCCESS(import_MmUnmapViewInSystemSpace(view)) &&
              NT_SUCCESS(import_MmUnmapViewInSystemSpace(again)),
          "MmUnmapViewInSystemSpace");
    CHECK(!NT_SUCCESS(import_MmUnmapViewInSystemSpace(view)), "but not after that");
}

static void checks(void) {
    sections();
    memory();
    system_process();
    system_space();
}
