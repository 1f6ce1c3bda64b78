// Echo: gives back what it is given, by every transfer method there is. What it promises is in echo.h.
//
// METHOD_NEITHER hands over raw user pointers: they are probed and touched inside __try, in the context of
// the caller (this is a top-level driver and the dispatch routine runs in the requesting thread). mingw-gcc
// has no __try in C; its build of the driver has no protection there, so a bad pointer ends in a bug check
// instead of STATUS_ACCESS_VIOLATION. All else is equal.
#include <ntddk.h>

#include "echo.h"

#if defined(__clang__) || defined(_MSC_VER)
#define TRY __try
#define EXCEPT __except (EXCEPTION_EXECUTE_HANDLER)
#define CAUGHT GetExceptionCode()
#else
#define TRY
#define EXCEPT if (0)
#define CAUGHT STATUS_UNHANDLED_EXCEPTION
#endif

typedef struct {
    FAST_MUTEX lock; // protects length and block; taken at PASSIVE_LEVEL only
    ULONG length;
    UCHAR block[ECHO_CAPACITY];
} ECHO_EXTENSION;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD echo_unload;
static DRIVER_DISPATCH echo_open_close;
static DRIVER_DISPATCH echo_read;
static DRIVER_DISPATCH echo_write;
static DRIVER_DISPATCH echo_control;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI echo_open_close(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI echo_read(PDEVICE_OBJECT device, PIRP irp) {
    ECHO_EXTENSION* echo = device->DeviceExtension;
    ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    if (room == 0) return complete(irp, STATUS_SUCCESS, 0);
    ExAcquireFastMutex(&echo->lock);
    ULONG length = echo->length < room ? echo->length : room;
    RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, echo->block, length);
    ExReleaseFastMutex(&echo->lock);
    return complete(irp, length ? STATUS_SUCCESS : STATUS_END_OF_FILE, length);
}

// Replaces the block by two pieces; the second may be absent. Returns FALSE if they do not fit.
static BOOLEAN store(ECHO_EXTENSION* echo, const void* first, ULONG first_length, const void* second,
                     ULONG second_length) {
    if (first_length > ECHO_CAPACITY || second_length > ECHO_CAPACITY - first_length) return FALSE;
    ExAcquireFastMutex(&echo->lock);
    if (first_length) RtlCopyMemory(echo->block, first, first_length);
    if (second_length) RtlCopyMemory(echo->block + first_length, second, second_length);
    echo->length = first_length + second_length;
    ExReleaseFastMutex(&echo->lock);
    return TRUE;
}

static NTSTATUS NTAPI echo_write(PDEVICE_OBJECT device, PIRP irp) {
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Write.Length;
    if (!store(device->DeviceExtension, irp->AssociatedIrp.SystemBuffer, length, NULL, 0))
        return complete(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    return complete(irp, STATUS_SUCCESS, length);
}

// One buffer serves for both directions: the input is where the output has to be.
static NTSTATUS control_buffered(PIRP irp, ULONG in, ULONG out) {
    if (out < in) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    return complete(irp, STATUS_SUCCESS, in);
}

// The second buffer is locked for reading and described by an MDL, which does not exist when the buffer is
// empty.
static NTSTATUS control_in_direct(ECHO_EXTENSION* echo, PIRP irp, ULONG in, ULONG out) {
    const void* more = NULL;
    if (out) {
        more = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
        if (!more) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    if (!store(echo, irp->AssociatedIrp.SystemBuffer, in, more, out))
        return complete(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    return complete(irp, STATUS_SUCCESS, in + out);
}

static NTSTATUS control_out_direct(PIRP irp, ULONG in, ULONG out) {
    if (out < in) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    if (in) {
        void* to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
        if (!to) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        RtlCopyMemory(to, irp->AssociatedIrp.SystemBuffer, in);
    }
    return complete(irp, STATUS_SUCCESS, in);
}

static NTSTATUS control_neither(PIRP irp, PIO_STACK_LOCATION stack, ULONG in, ULONG out) {
    NTSTATUS status = STATUS_SUCCESS;
    if (out < in) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    TRY {
        if (irp->RequestorMode != KernelMode) {
            ProbeForRead(stack->Parameters.DeviceIoControl.Type3InputBuffer, in, 1);
            ProbeForWrite(irp->UserBuffer, in, 1);
        }
        RtlMoveMemory(irp->UserBuffer, stack->Parameters.DeviceIoControl.Type3InputBuffer, in);
    }
    EXCEPT { status = CAUGHT; }
    return complete(irp, status, NT_SUCCESS(status) ? in : 0);
}

static NTSTATUS NTAPI echo_control(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_ECHO_BUFFERED:
        return control_buffered(irp, in, out);
    case IOCTL_ECHO_IN_DIRECT:
        return control_in_direct(device->DeviceExtension, irp, in, out);
    case IOCTL_ECHO_OUT_DIRECT:
        return control_out_direct(irp, in, out);
    case IOCTL_ECHO_NEITHER:
        return control_neither(irp, stack, in, out);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static VOID NTAPI echo_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\Echo");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, L"\\Device\\Echo");
    RtlInitUnicodeString(&link, L"\\??\\Echo");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, sizeof(ECHO_EXTENSION), &name, FILE_DEVICE_UNKNOWN,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    ECHO_EXTENSION* echo = device->DeviceExtension; // comes zeroed
    ExInitializeFastMutex(&echo->lock);
    device->Flags |= DO_BUFFERED_IO;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = echo_open_close;
    driver->MajorFunction[IRP_MJ_CLEANUP] = echo_open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = echo_open_close;
    driver->MajorFunction[IRP_MJ_READ] = echo_read;
    driver->MajorFunction[IRP_MJ_WRITE] = echo_write;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = echo_control;
    driver->DriverUnload = echo_unload;
    return STATUS_SUCCESS;
}
