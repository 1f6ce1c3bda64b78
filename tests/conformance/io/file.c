// Files from drivers: nf-wdm-iocheckshareaccess, nf-wdm-iosetshareaccess, nf-wdm-ioremoveshareaccess,
// nf-ntifs-iocheckeabuffervalidity, nf-ntddk-iogetfileobjectgenericmapping,
// nf-wdm-iocreatesynchronizationevent, and the variables that hold object types.
#define TOPIC L"IoFile"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoCheckEaBufferValidity, PVOID, ULONG, PULONG);
IMPORT(POBJECT_TYPE, ObGetObjectType, PVOID);
IMPORT_DATA(POBJECT_TYPE, IoDeviceObjectType);
IMPORT_DATA(POBJECT_TYPE, IoDriverObjectType);
IMPORT(PGENERIC_MAPPING, IoGetFileObjectGenericMapping, void);

enum {
    read_it = FILE_READ_DATA,
    write_it = FILE_WRITE_DATA,
    all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE
};

static NTSTATUS after(ACCESS_MASK first, ULONG first_share, ACCESS_MASK second, ULONG second_share) {
    FILE_OBJECT a = {0}, b = {0};
    SHARE_ACCESS state;
    IoSetShareAccess(first, first_share, &a, &state);
    return IoCheckShareAccess(second, second_share, &b, &state, FALSE);
}

static void sharing(void) {
    FILE_OBJECT a = {0}, b = {0}, c = {0};
    SHARE_ACCESS state;
    CHECK(after(read_it, FILE_SHARE_READ, read_it, FILE_SHARE_READ) == STATUS_SUCCESS,
          "two readers that share reading");
    CHECK(after(read_it, 0, read_it, FILE_SHARE_READ) == STATUS_SHARING_VIOLATION,
          "the first does not share reading");
    CHECK(after(read_it, FILE_SHARE_READ, read_it, 0) == STATUS_SHARING_VIOLATION,
          "the second does not share what the first does");
    CHECK(after(read_it, FILE_SHARE_READ, write_it, all) == STATUS_SHARING_VIOLATION,
          "a writer where only reading is shared");
    CHECK(after(write_it, all, write_it, FILE_SHARE_WRITE) == STATUS_SUCCESS,
          "two writers that share writing");
    CHECK(after(DELETE, FILE_SHARE_READ, read_it, FILE_SHARE_READ) == STATUS_SHARING_VIOLATION,
          "deleting is shared only by FILE_SHARE_DELETE");
    CHECK(after(read_it, FILE_SHARE_READ, DELETE, all) == STATUS_SHARING_VIOLATION, "in both directions");
    CHECK(after(read_it, 0, FILE_READ_ATTRIBUTES, 0) == STATUS_SUCCESS,
          "an open without read, write or delete access is compatible with everything");

    IoSetShareAccess(read_it, FILE_SHARE_READ, &a, &state);
    CHECK(a.ReadAccess && !a.WriteAccess && a.SharedRead && !a.SharedWrite && !a.SharedDelete &&
              state.OpenCount == 1,
          "IoSetShareAccess describes the first open");
    CHECK(IoCheckShareAccess(read_it, FILE_SHARE_READ, &b, &state, FALSE) == STATUS_SUCCESS &&
              state.OpenCount == 1,
          "IoCheckShareAccess without Update counts nothing");
    IoUpdateShareAccess(&b, &state);
    CHECK(state.OpenCount == 2 && state.Readers == 2, "IoUpdateShareAccess does");
    CHECK(IoCheckShareAccess(read_it, FILE_SHARE_READ, &c, &state, TRUE) == STATUS_SUCCESS &&
              state.OpenCount == 3,
          "IoCheckShareAccess with Update");
    CHECK(IoCheckShareAccess(write_it, all, &c, &state, TRUE) == STATUS_SHARING_VIOLATION &&
              state.OpenCount == 3,
          "which changes nothing when it refuses");
    IoCheckShareAccess(read_it, FILE_SHARE_READ, &c, &state, FALSE);
    IoRemoveShareAccess(&c, &state);
    IoRemoveShareAccess(&b, &state);
    IoRemoveShareAccess(&a, &state);
    CHECK(state.OpenCount == 0 && state.Readers == 0 && state.SharedRead == 0,
          "IoRemoveShareAccess is the reciprocal");
    CHECK(IoCheckShareAccess(write_it, 0, &c, &state, TRUE) == STATUS_SUCCESS,
          "and the next open may do as it likes");
}

static void extended_attributes(void) {
    static union {
        FILE_FULL_EA_INFORMATION head;
        UCHAR bytes[64];
    } ea;
    ULONG offset = 99;
    PFILE_FULL_EA_INFORMATION second = (PVOID)(ea.bytes + 16);
    ea.head.NextEntryOffset = 16, ea.head.EaNameLength = 3, ea.head.EaValueLength = 2;
    RtlCopyMemory(ea.head.EaName, "ABC\0xy", 6);
    second->NextEntryOffset = 0, second->EaNameLength = 1, second->EaValueLength = 0;
    RtlCopyMemory(second->EaName, "D", 2);
    ULONG size = 16 + 10;
    CHECK(import_IoCheckEaBufferValidity(&ea, size, &offset) == STATUS_SUCCESS,
          "IoCheckEaBufferValidity: a valid list");
    CHECK(import_IoCheckEaBufferValidity(&ea, size - 1, &offset) == STATUS_EA_LIST_INCONSISTENT &&
              offset == 16,
          "an entry must fall within the buffer; ErrorOffset is its place");
    second->EaName[1] = 'x';
    CHECK(import_IoCheckEaBufferValidity(&ea, size, &offset) == STATUS_EA_LIST_INCONSISTENT && offset == 16,
          "a name must be null-terminated");
    second->EaName[1] = 0;
    ea.head.EaNameLength = 2;
    CHECK(import_IoCheckEaBufferValidity(&ea, size, &offset) == STATUS_EA_LIST_INCONSISTENT && offset == 0,
          "EaNameLength must match");
    ea.head.EaNameLength = 3, ea.head.NextEntryOffset = 18;
    CHECK(import_IoCheckEaBufferValidity(&ea, sizeof ea, &offset) == STATUS_EA_LIST_INCONSISTENT &&
              offset == 0,
          "NextEntryOffset must fall on a ULONG boundary");
    ea.head.NextEntryOffset = 16;
    CHECK(import_IoCheckEaBufferValidity(&ea, (ULONG)-8, &offset) == STATUS_EA_LIST_INCONSISTENT,
          "the length must not be negative");
    RtlMoveMemory(ea.bytes + 24, second, 10);
    ea.head.NextEntryOffset = 24;
    CHECK(import_IoCheckEaBufferValidity(&ea, 34, &offset) == STATUS_SUCCESS,
          "there may be room between entries");
}

static void events(void) {
    UNICODE_STRING name;
    HANDLE handle = NULL, second = NULL;
    LARGE_INTEGER none = {.QuadPart = 0};
    RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\ConformSynchronization");
    PKEVENT event = IoCreateSynchronizationEvent(&name, &handle);
    CHECK(event && handle && KeReadStateEvent(event),
          "IoCreateSynchronizationEvent sets a new event to Signaled");
    if (!event) return;
    CHECK(KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &none) == STATUS_SUCCESS &&
              !KeReadStateEvent(event),
          "a wait resets it automatically");
    CHECK(IoCreateSynchronizationEvent(&name, &second) == event && !KeReadStateEvent(event),
          "if it exists already it is simply opened");
    CHECK(import_ObGetObjectType(event) == TYPE_OF(ExEventObjectType), "it is an Event object");
    ZwClose(second);
    ZwClose(handle);
    event = IoCreateNotificationEvent(&name, &handle);
    if (event) {
        KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &none);
        CHECK(KeReadStateEvent(event),
              "closed by both, the name is free again: a notification event stays signaled");
        ZwClose(handle);
    }
    RtlInitUnicodeString(&name, L"\\NoSuchDirectory\\Event");
    CHECK(!IoCreateSynchronizationEvent(&name, &handle), "NULL if it could not be created");
}

static void types(void) {
    PGENERIC_MAPPING mapping = import_IoGetFileObjectGenericMapping();
    CHECK(mapping->GenericRead == FILE_GENERIC_READ && mapping->GenericWrite == FILE_GENERIC_WRITE &&
              mapping->GenericExecute == FILE_GENERIC_EXECUTE && mapping->GenericAll == FILE_ALL_ACCESS,
          "IoGetFileObjectGenericMapping");
    CHECK(import_ObGetObjectType(this_driver->DeviceObject) == *import_IoDeviceObjectType,
          "IoDeviceObjectType");
    CHECK(import_ObGetObjectType(this_driver) == *import_IoDriverObjectType, "IoDriverObjectType");
    CHECK(import_ObGetObjectType(IoGetCurrentIrpStackLocation(running_irp)->FileObject) ==
              TYPE_OF(IoFileObjectType),
          "IoFileObjectType");
    CHECK(import_ObGetObjectType(PsGetCurrentThread()) == TYPE_OF(PsThreadType) &&
              import_ObGetObjectType(PsGetCurrentProcess()) == TYPE_OF(PsProcessType),
          "PsThreadType, PsProcessType");
}

static void checks(void) {
    sharing();
    extended_attributes();
    events();
    types();
}
