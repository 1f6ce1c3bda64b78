// Spy: a filter that reports every request to a device and can change what programs read. It sits where
// anti-virus filters sit, and where rootkits do: neither the program above nor the driver below can tell.
//
//     drvlab run --driver mailbox.sys --driver spy.sys --parameter 'spy:Target=\Device\Mailbox'
//                --parameter spy:Hide=secret -- …
//
// Parameters (values of its service's Parameters key):
//   Target  REG_SZ  NT name of the device to attach to
//   Hide    REG_SZ  a word; where read data contains it, programs see asterisks
//
// Where the data is depends on the device below, whose flags the filter copies: buffered devices have it in
// the system buffer, direct ones behind the MDL, and for the rest it lies in the program's memory, which a
// completion routine must not touch, as it may run in any thread. It is in the buffer only after completion,
// so the change is made on the way back up.
#include <ntddk.h>

#define WORD_SIZE 32

typedef struct {
    PDEVICE_OBJECT lower;
    volatile LONG inside; // requests in this device, plus one while it is attached
    KEVENT empty;
} SPY;

static PDEVICE_OBJECT spy_device;
static char hidden[WORD_SIZE]; // the word as ASCII; empty: nothing to hide

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD spy_unload;
static DRIVER_DISPATCH spy_dispatch;
static IO_COMPLETION_ROUTINE spy_completed;

static const char* name_of(UCHAR major) {
    static const char* const names[] = {"CREATE",
                                        "CREATE_NAMED_PIPE",
                                        "CLOSE",
                                        "READ",
                                        "WRITE",
                                        "QUERY_INFORMATION",
                                        "SET_INFORMATION",
                                        "QUERY_EA",
                                        "SET_EA",
                                        "FLUSH_BUFFERS",
                                        "QUERY_VOLUME_INFORMATION",
                                        "SET_VOLUME_INFORMATION",
                                        "DIRECTORY_CONTROL",
                                        "FILE_SYSTEM_CONTROL",
                                        "DEVICE_CONTROL",
                                        "INTERNAL_DEVICE_CONTROL",
                                        "SHUTDOWN",
                                        "LOCK_CONTROL",
                                        "CLEANUP",
                                        "CREATE_MAILSLOT",
                                        "QUERY_SECURITY",
                                        "SET_SECURITY",
                                        "POWER",
                                        "SYSTEM_CONTROL",
                                        "DEVICE_CHANGE",
                                        "QUERY_QUOTA",
                                        "SET_QUOTA",
                                        "PNP"};
    return major <= IRP_MJ_MAXIMUM_FUNCTION ? names[major] : "?";
}

static void leave(SPY* spy) {
    if (InterlockedDecrement(&spy->inside) == 0) KeSetEvent(&spy->empty, IO_NO_INCREMENT, FALSE);
}

static ULONG length_of(const char* text) {
    ULONG n = 0;
    while (text[n])
        ++n;
    return n;
}

static void hide(char* data, SIZE_T size) {
    const ULONG length = length_of(hidden);
    for (SIZE_T i = 0; length && i + length <= size; ++i)
        if (RtlCompareMemory(data + i, hidden, length) == length) {
            RtlFillMemory(data + i, length, '*');
            i += length - 1;
        }
}

// IRQL <= DISPATCH_LEVEL, any thread.
static NTSTATUS NTAPI spy_completed(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    DbgPrint("spy: IRP_MJ_%s done: status 0x%08x, information %u\n", name_of(stack->MajorFunction),
             irp->IoStatus.Status, (ULONG)irp->IoStatus.Information);
    if (stack->MajorFunction == IRP_MJ_READ && irp->IoStatus.Information &&
        (NT_SUCCESS(irp->IoStatus.Status) || irp->IoStatus.Status == STATUS_BUFFER_OVERFLOW)) {
        char* data = NULL;
        if (device->Flags & DO_BUFFERED_IO)
            data = irp->AssociatedIrp.SystemBuffer;
        else if (device->Flags & DO_DIRECT_IO)
            data = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
        if (data) hide(data, irp->IoStatus.Information);
    }
    leave(context);
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS NTAPI spy_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    SPY* spy = device->DeviceExtension;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    switch (stack->MajorFunction) {
    case IRP_MJ_CREATE:
        DbgPrint("spy: IRP_MJ_CREATE '%wZ'\n", &stack->FileObject->FileName);
        break;
    case IRP_MJ_READ:
        DbgPrint("spy: IRP_MJ_READ of %u bytes\n", stack->Parameters.Read.Length);
        break;
    case IRP_MJ_WRITE:
        DbgPrint("spy: IRP_MJ_WRITE of %u bytes\n", stack->Parameters.Write.Length);
        break;
    case IRP_MJ_DEVICE_CONTROL:
        DbgPrint("spy: IRP_MJ_DEVICE_CONTROL 0x%x, %u bytes in, %u out\n",
                 stack->Parameters.DeviceIoControl.IoControlCode,
                 stack->Parameters.DeviceIoControl.InputBufferLength,
                 stack->Parameters.DeviceIoControl.OutputBufferLength);
        break;
    default:
        DbgPrint("spy: IRP_MJ_%s\n", name_of(stack->MajorFunction));
    }
    InterlockedIncrement(&spy->inside);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, spy_completed, spy, TRUE, TRUE, TRUE);
    return IoCallDriver(spy->lower, irp);
}

// A REG_SZ value of the Parameters key, as much as fits; empty when there is none. `path`: of the service.
static void parameter(PUNICODE_STRING path, PCWSTR value, PUNICODE_STRING to) {
    RTL_QUERY_REGISTRY_TABLE table[3];
    RtlZeroMemory(table, sizeof table);
    table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
    table[0].Name = L"Parameters";
    table[1].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[1].Name = (PWSTR)value;
    table[1].EntryContext = to;
    to->Length = 0;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, path->Buffer, table, NULL, NULL);
}

static NTSTATUS attach(PDRIVER_OBJECT driver, PUNICODE_STRING target_name) {
    PFILE_OBJECT file;
    PDEVICE_OBJECT target;
    NTSTATUS status = IoGetDeviceObjectPointer(target_name, FILE_READ_ATTRIBUTES, &file, &target);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateDevice(driver, sizeof(SPY), NULL, target->DeviceType,
                            target->Characteristics & FILE_DEVICE_SECURE_OPEN, FALSE, &spy_device);
    if (NT_SUCCESS(status)) {
        SPY* spy = spy_device->DeviceExtension;
        spy->inside = 1;
        KeInitializeEvent(&spy->empty, NotificationEvent, FALSE);
        spy_device->Flags |= target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        status = IoAttachDeviceToDeviceStackSafe(spy_device, target, &spy->lower);
        if (!NT_SUCCESS(status)) IoDeleteDevice(spy_device);
    }
    ObDereferenceObject(file);
    return status;
}

static VOID NTAPI spy_unload(PDRIVER_OBJECT driver) {
    UNREFERENCED_PARAMETER(driver);
    SPY* spy = spy_device->DeviceExtension;
    IoDetachDevice(spy->lower);
    leave(spy);
    KeWaitForSingleObject(&spy->empty, Executive, KernelMode, FALSE, NULL);
    IoDeleteDevice(spy_device);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    WCHAR path_text[256], target_text[128], word_text[WORD_SIZE];
    UNICODE_STRING path = {0, sizeof path_text, path_text}, target = {0, sizeof target_text, target_text},
                   word = {0, sizeof word_text, word_text};
    // RtlQueryRegistryValues wants a terminated path, which RegistryPath need not be.
    if (registry_path->Length + sizeof(WCHAR) > sizeof path_text) return STATUS_NAME_TOO_LONG;
    RtlCopyUnicodeString(&path, registry_path);
    path_text[path.Length / sizeof(WCHAR)] = 0;
    parameter(&path, L"Target", &target);
    parameter(&path, L"Hide", &word);
    if (target.Length == 0) {
        DbgPrint("spy: no value Target in the Parameters key\n");
        return STATUS_INVALID_PARAMETER;
    }
    for (USHORT i = 0; i < word.Length / sizeof(WCHAR) && i < WORD_SIZE - 1; ++i)
        hidden[i] = (char)word.Buffer[i];
    for (int major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; ++major)
        driver->MajorFunction[major] = spy_dispatch;
    driver->DriverUnload = spy_unload;
    return attach(driver, &target);
}
