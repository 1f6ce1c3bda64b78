// Devices, their stacks and their drivers: nf-wdm-iocreatedevice, nf-wdm-ioattachdevice,
// nf-ntddk-ioqueryfulldriverpath, nf-wdm-ioopendriverregistrykey, nf-ntddk-iogetinitiatorprocess,
// nf-ntddk-iotransferactivityid, nf-ntddk-ioattachdevicetodevicestacksafe, nf-ntifs-iogetlowerdeviceobject,
// nf-ntifs-ioenumeratedeviceobjectlist, nf-wdm-ioallocatedriverobjectextension …
#define TOPIC L"IoDevice"
#define OWN_DISPATCH
#define OWN_ENTRY
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoAttachDeviceToDeviceStackSafe, PDEVICE_OBJECT, PDEVICE_OBJECT, PDEVICE_OBJECT*);
IMPORT(NTSTATUS, IoAttachDeviceByPointer, PDEVICE_OBJECT, PDEVICE_OBJECT);
IMPORT(PDEVICE_OBJECT, IoGetLowerDeviceObject, PDEVICE_OBJECT);
IMPORT(PDEVICE_OBJECT, IoGetDeviceAttachmentBaseRef, PDEVICE_OBJECT);
IMPORT(PDEVICE_OBJECT, IoGetAttachedDeviceReference, PDEVICE_OBJECT);
IMPORT(NTSTATUS, IoEnumerateDeviceObjectList, PDRIVER_OBJECT, PDEVICE_OBJECT*, ULONG, PULONG);
IMPORT(void, IoSetStartIoAttributes, PDEVICE_OBJECT, BOOLEAN, BOOLEAN);
IMPORT(NTSTATUS, IoCreateUnprotectedSymbolicLink, PUNICODE_STRING, PUNICODE_STRING);

IMPORT(NTSTATUS, IoQueryFullDriverPath, PDRIVER_OBJECT, PUNICODE_STRING);
IMPORT(NTSTATUS, IoOpenDriverRegistryKey, PDRIVER_OBJECT, ULONG, ACCESS_MASK, ULONG, PHANDLE);
IMPORT(PEPROCESS, IoGetInitiatorProcess, PFILE_OBJECT);
IMPORT(void, IoTransferActivityId, const GUID*, const GUID*);

typedef struct {
    PDEVICE_OBJECT below;
} FILTER;

static ULONG cleanups_seen, closes_seen; // by filters

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    FILTER* filter = device->DeviceExtension;
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    if (filter && filter->below) {
        cleanups_seen += major == IRP_MJ_CLEANUP, closes_seen += major == IRP_MJ_CLOSE;
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(filter->below, irp);
    }
    return complete(irp,
                    major == IRP_MJ_CREATE || major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE
                        ? STATUS_SUCCESS
                        : STATUS_INVALID_DEVICE_REQUEST,
                    0);
}

static PDEVICE_OBJECT make(PCWSTR name, ULONG extension) {
    UNICODE_STRING text;
    PDEVICE_OBJECT device = NULL;
    if (name) RtlInitUnicodeString(&text, name);
    return NT_SUCCESS(IoCreateDevice(this_driver, extension, name ? &text : NULL, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device))
               ? device
               : NULL;
}

static void creating(void) {
    UNICODE_STRING name;
    PDEVICE_OBJECT device = NULL;
    KIRQL old;
    RtlInitUnicodeString(&name, L"\\Device\\ConformIoDisk");
    KeRaiseIrql(APC_LEVEL, &old);
    NTSTATUS status =
        IoCreateDevice(this_driver, 100, NULL, FILE_DEVICE_NULL, FILE_REMOVABLE_MEDIA, FALSE, &device);
    if (NT_SUCCESS(status)) {
        CHECK(device->Characteristics == FILE_REMOVABLE_MEDIA && device->DeviceType == FILE_DEVICE_NULL,
              "IoCreateDevice at APC_LEVEL, with type and characteristics");
        BOOLEAN zero = TRUE;
        for (ULONG i = 0; i < 100; ++i)
            zero &= ((PUCHAR)device->DeviceExtension)[i] == 0;
        CHECK(zero && device->Vpb == NULL, "the extension is zeroed; only volumes have a VPB");
        IoDeleteDevice(device);
    }
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS, "the highest IRQL is APC_LEVEL");
    status = IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_DISK, 0, TRUE, &device);
    if (NT_SUCCESS(status)) {
        CHECK(device->Vpb && !(device->Vpb->Flags & VPB_MOUNTED) && device->Vpb->RealDevice == device,
              "a disk has a VPB that was never mounted");
        CHECK((device->Flags & DO_EXCLUSIVE) != 0, "DO_EXCLUSIVE");
        CHECK(device->DeviceExtension == NULL, "no extension was asked for");
        IoDeleteDevice(device);
    }
    RtlInitUnicodeString(&name, L"\\NoSuchDirectory\\Disk");
    CHECK(!NT_SUCCESS(IoCreateDevice(this_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device)),
          "a name in a directory that is not there");
}

static void stacks(void) {
    PDEVICE_OBJECT base = make(L"\\Device\\ConformIoBase", 0), middle = make(NULL, sizeof(FILTER)),
                   top = make(NULL, sizeof(FILTER));
    if (!base || !middle || !top) {
        CHECK(FALSE, "three devices");
        return;
    }
    base->Flags &= ~DO_DEVICE_INITIALIZING, middle->Flags &= ~DO_DEVICE_INITIALIZING,
        top->Flags &= ~DO_DEVICE_INITIALIZING;
    base->AlignmentRequirement = FILE_LONG_ALIGNMENT;
    base->StackSize = 3;
    FILTER *low = middle->DeviceExtension, *high = top->DeviceExtension;
    CHECK(import_IoGetAttachedDeviceReference(base) == base,
          "IoGetAttachedDeviceReference: nothing attached, the device itself");
    ObDereferenceObject(base);
    CHECK(import_IoGetLowerDeviceObject(base) == NULL, "IoGetLowerDeviceObject: NULL for the lowest");
    CHECK(import_IoGetDeviceAttachmentBaseRef(base) == base,
          "IoGetDeviceAttachmentBaseRef: not attached, the device itself");
    ObDereferenceObject(base);
    CHECK(import_IoAttachDeviceToDeviceStackSafe(middle, base, &low->below) == STATUS_SUCCESS &&
              low->below == base,
          "IoAttachDeviceToDeviceStackSafe");
    CHECK(middle->AlignmentRequirement == FILE_LONG_ALIGNMENT && middle->StackSize == 4,
          "it sets AlignmentRequirement and StackSize");

    // By name: the open file is closed through the new top.
    UNICODE_STRING name, missing;
    RtlInitUnicodeString(&name, L"\\Device\\ConformIoBase");
    RtlInitUnicodeString(&missing, L"\\Device\\ConformIoNobody");
    CHECK(IoAttachDevice(top, &missing, &high->below) == STATUS_OBJECT_NAME_NOT_FOUND,
          "IoAttachDevice: no such device");
    cleanups_seen = closes_seen = 0;
    CHECK(IoAttachDevice(top, &name, &high->below) == STATUS_SUCCESS && high->below == middle,
          "IoAttachDevice attaches to the highest device layered over the target");
    CHECK(cleanups_seen == 2 && closes_seen == 2,
          "the source device receives IRP_MJ_CLEANUP and IRP_MJ_CLOSE of the file before it returns");
    CHECK(top->StackSize == 5, "one more stack location than below");
    CHECK(import_IoGetAttachedDeviceReference(base) == top, "IoGetAttachedDeviceReference: the top");
    ObDereferenceObject(top);
    CHECK(import_IoGetLowerDeviceObject(top) == middle, "IoGetLowerDeviceObject: the next lower");
    ObDereferenceObject(middle);
    CHECK(import_IoGetDeviceAttachmentBaseRef(top) == base, "IoGetDeviceAttachmentBaseRef: the bottom");
    ObDereferenceObject(base);

    PFILE_OBJECT file = NULL;
    PDEVICE_OBJECT found = NULL;
    CHECK(IoGetDeviceObjectPointer(&name, FILE_READ_ATTRIBUTES, &file, &found) == STATUS_SUCCESS &&
              found == top && file->DeviceObject == base,
          "IoGetDeviceObjectPointer gives the top of the stack and a file of the named device");
    if (file) {
        CHECK(IoGetRelatedDeviceObject(file) == top,
              "IoGetRelatedDeviceObject: the highest device in the file's stack");
        ObDereferenceObject(file);
    }
    IoDetachDevice(middle);
    high->below = NULL;
    CHECK(import_IoAttachDeviceByPointer(top, base) == STATUS_SUCCESS && middle->AttachedDevice == top,
          "IoAttachDeviceByPointer");
    IoDetachDevice(middle);
    IoDetachDevice(base);
    low->below = NULL;
    IoDeleteDevice(top);
    IoDeleteDevice(middle);
    IoDeleteDevice(base);
}

// nf-wdm-iogetdeviceobjectpointer.
static NTSTATUS pointer_to(PCWSTR text) {
    UNICODE_STRING name;
    PFILE_OBJECT file = NULL;
    PDEVICE_OBJECT device = NULL;
    RtlInitUnicodeString(&name, text);
    NTSTATUS status = IoGetDeviceObjectPointer(&name, FILE_READ_ATTRIBUTES, &file, &device);
    if (NT_SUCCESS(status)) ObDereferenceObject(file);
    return status;
}

static void pointers(void) {
    CHECK(pointer_to(L"\\Device\\ConformIoDevice") == STATUS_SUCCESS &&
              pointer_to(L"\\device\\conformIODEVICE") == STATUS_SUCCESS,
          "IoGetDeviceObjectPointer");
    CHECK(pointer_to(L"\\BaseNamedObjects") == STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH: the name of another object");
    CHECK(pointer_to(L"\\Device\\ConformNobody") == STATUS_OBJECT_NAME_NOT_FOUND, "no such object");
    CHECK(pointer_to(L"\\Device\\\\x") == STATUS_OBJECT_NAME_INVALID, "STATUS_OBJECT_NAME_INVALID");
}

static void listing(void) {
    PDEVICE_OBJECT list[8] = {0}, one = make(NULL, 0), two = make(NULL, 0);
    ULONG count = 0, again = 0;
    CHECK(import_IoEnumerateDeviceObjectList(this_driver, NULL, 0, &count) == STATUS_BUFFER_TOO_SMALL &&
              count == 3,
          "IoEnumerateDeviceObjectList: the number of devices, with STATUS_BUFFER_TOO_SMALL");
    CHECK(import_IoEnumerateDeviceObjectList(this_driver, list, 2 * sizeof list[0], &again) ==
                  STATUS_BUFFER_TOO_SMALL &&
              again == 3 && list[0] == two && list[1] == one && !list[2],
          "it copies as many as possible");
    for (ULONG i = 0; i < 2 && list[i]; ++i)
        ObDereferenceObject(list[i]);
    CHECK(import_IoEnumerateDeviceObjectList(this_driver, list, sizeof list, &again) == STATUS_SUCCESS &&
              again == 3 && list[2],
          "and all with STATUS_SUCCESS");
    for (ULONG i = 0; i < again && list[i]; ++i)
        ObDereferenceObject(list[i]);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    import_IoSetStartIoAttributes(one, TRUE, TRUE);
    import_IoSetStartIoAttributes(one, FALSE, FALSE);
    KeLowerIrql(old);
    CHECK(TRUE, "IoSetStartIoAttributes can be called at any IRQL");
    IoDeleteDevice(two);
    IoDeleteDevice(one);
}

static void links(void) {
    UNICODE_STRING link, target;
    PFILE_OBJECT file;
    PDEVICE_OBJECT device;
    RtlInitUnicodeString(&link, L"\\DosDevices\\ConformIoUnprotected");
    RtlInitUnicodeString(&target, L"\\Device\\ConformIoDevice");
    CHECK(import_IoCreateUnprotectedSymbolicLink(&link, &target) == STATUS_SUCCESS &&
              import_IoCreateUnprotectedSymbolicLink(&link, &target) == STATUS_OBJECT_NAME_COLLISION,
          "IoCreateUnprotectedSymbolicLink, once");
    CHECK(IoGetDeviceObjectPointer(&link, FILE_READ_ATTRIBUTES, &file, &device) == STATUS_SUCCESS &&
              device->DriverObject == this_driver,
          "it leads to the device");
    ObDereferenceObject(file);
    CHECK(IoDeleteSymbolicLink(&link) == STATUS_SUCCESS &&
              IoDeleteSymbolicLink(&link) == STATUS_OBJECT_NAME_NOT_FOUND,
          "IoDeleteSymbolicLink");
}

static void extensions(void) {
    static int first, second;
    PVOID context = NULL, other = NULL;
    CHECK(IoGetDriverObjectExtension(this_driver, &first) == NULL,
          "IoGetDriverObjectExtension: NULL if there is none");
    CHECK(IoAllocateDriverObjectExtension(this_driver, &first, 64, &context) == STATUS_SUCCESS && context,
          "IoAllocateDriverObjectExtension");
    CHECK(IoAllocateDriverObjectExtension(this_driver, &first, 64, &other) == STATUS_OBJECT_NAME_COLLISION,
          "STATUS_OBJECT_NAME_COLLISION: the identifier exists already");
    CHECK(IoAllocateDriverObjectExtension(this_driver, &second, 8, &other) == STATUS_SUCCESS &&
              other != context,
          "another identifier");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(IoGetDriverObjectExtension(this_driver, &first) == context &&
              IoGetDriverObjectExtension(this_driver, &second) == other,
          "IoGetDriverObjectExtension at DISPATCH_LEVEL");
    KeLowerIrql(old);
    CHECK(IoAllocateDriverObjectExtension(this_driver, &context, (ULONG)0xffffff00, &other) ==
              STATUS_INSUFFICIENT_RESOURCES,
          "STATUS_INSUFFICIENT_RESOURCES");
    CHECK(IoIsWdmVersionAvailable(1, 0) && IoIsWdmVersionAvailable(1, 0x30) &&
              IoIsWdmVersionAvailable(6, 0) && !IoIsWdmVersionAvailable(7, 0),
          "IoIsWdmVersionAvailable: WDM 6.00 and earlier");
}

// nf-ntddk-ioregisterdriverreinitialization, nf-ntddk-ioregisterbootdriverreinitialization.
static ULONG late_count[3], late_calls, boot_calls, late_good;

static VOID NTAPI late(PDRIVER_OBJECT driver, PVOID context, ULONG count) {
    late_good += driver == this_driver && context == &late_calls && KeGetCurrentIrql() == PASSIVE_LEVEL;
    if (late_calls < 3) late_count[late_calls] = count;
    if (++late_calls < 3) IoRegisterDriverReinitialization(driver, late, context);
}

static VOID NTAPI boot(PDRIVER_OBJECT driver, PVOID context, ULONG count) {
    late_good += driver == this_driver && context == &boot_calls && count == 1 &&
                 PsIsSystemThread(PsGetCurrentThread());
    ++boot_calls;
}

// nf-wdm-ioopendriverregistrykey, "in the context of a system thread".
static struct {
    NTSTATUS parameters, state, flags, type, set;
} keys;

static void open_keys(void) {
    enum { PARAMETERS, PERSISTENT_STATE };
    HANDLE key = NULL;
    UNICODE_STRING name;
    ULONG value = 5;
    RtlInitUnicodeString(&name, L"Seen");
    keys.parameters = import_IoOpenDriverRegistryKey(this_driver, PARAMETERS, KEY_READ, 0, &key);
    if (NT_SUCCESS(keys.parameters)) ZwClose(key);
    keys.state = import_IoOpenDriverRegistryKey(this_driver, PERSISTENT_STATE, KEY_ALL_ACCESS, 0, &key);
    if (NT_SUCCESS(keys.state)) {
        keys.set = ZwSetValueKey(key, &name, 0, REG_DWORD, &value, sizeof value);
        ZwClose(key);
    }
    keys.flags = import_IoOpenDriverRegistryKey(this_driver, PARAMETERS, KEY_READ, 1, &key);
    keys.type = import_IoOpenDriverRegistryKey(this_driver, 77, KEY_READ, 0, &key);
}

static void own_entry(void) {
    open_keys();
    IoRegisterDriverReinitialization(this_driver, late, &late_calls);
    IoRegisterBootDriverReinitialization(this_driver, boot, &boot_calls);
}

static void reinitialization(void) {
    CHECK(late_calls == 3 && late_count[0] == 1 && late_count[1] == 2 && late_count[2] == 3,
          "a Reinitialize routine runs again when it registers again; Count includes the current call");
    CHECK(boot_calls == 1 && late_good == 4,
          "IoRegisterBootDriverReinitialization: its routine runs in a system thread");
}

static void facts(void) {
    UNICODE_STRING path;
    CHECK(keys.parameters == STATUS_SUCCESS, "IoOpenDriverRegistryKey opens the parameters key");
    CHECK(keys.state == STATUS_SUCCESS && keys.set == STATUS_SUCCESS,
          "and the key for mutable state, which can be written");
    CHECK(!NT_SUCCESS(keys.flags) && !NT_SUCCESS(keys.type),
          "Flags must be zero, the type one of the enumeration");
    RtlFillMemory(&path, sizeof path, 0xcc);
    NTSTATUS status = import_IoQueryFullDriverPath(this_driver, &path);
    CHECK(status == STATUS_SUCCESS && path.Length > 4 * sizeof(WCHAR) && path.MaximumLength >= path.Length,
          "IoQueryFullDriverPath overwrites the string's original contents");
    if (NT_SUCCESS(status)) {
        UNICODE_STRING end, wanted;
        RtlInitUnicodeString(&wanted, L"\\conform_io_device.sys");
        end.Buffer = path.Buffer + (path.Length - wanted.Length) / sizeof(WCHAR);
        end.Length = end.MaximumLength = wanted.Length;
        CHECK(path.Length > wanted.Length && RtlEqualUnicodeString(&end, &wanted, TRUE),
              "IoQueryFullDriverPath gives the full path name of the driver's file");
        ExFreePool(path.Buffer);
    }
    CHECK(import_IoGetInitiatorProcess(IoGetCurrentIrpStackLocation(running_irp)->FileObject) == NULL,
          "IoGetInitiatorProcess: NULL, the process that opened the file did so for itself");
    const GUID from = {0x11223344, 0x5566, 0x7788, {1, 2, 3, 4, 5, 6, 7, 8}};
    const GUID to = {0x99aabbcc, 0xddee, 0xff00, {8, 7, 6, 5, 4, 3, 2, 1}};
    import_IoTransferActivityId(&from, &to);
}

static void checks(void) {
    reinitialization();
    facts();
    creating();
    stacks();
    pointers();
    listing();
    links();
    extensions();
}
