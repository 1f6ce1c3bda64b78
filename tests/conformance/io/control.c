// Device control requests: nf-wdm-iobuilddeviceiocontrolrequest, the page "Buffer Descriptions for I/O
// Control Codes", nf-wdmsec-wdmlibiovalidatedeviceiocontrolaccess.
#define TOPIC L"IoControl"
#define OWN_DISPATCH
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, IoValidateDeviceIoControlAccess, PIRP, ULONG);

static struct {
    UCHAR major;
    PVOID system, type3, user;
    PMDL mdl;
    ULONG in, out, code, mdl_bytes;
    UCHAR first_in, first_mdl;
    KPROCESSOR_MODE mode;
    PFILE_OBJECT file;
} seen;
static NTSTATUS answer;
static ULONG_PTR information;

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL &&
        stack->MajorFunction != IRP_MJ_INTERNAL_DEVICE_CONTROL)
        return complete(irp,
                        stack->MajorFunction == IRP_MJ_CREATE || stack->MajorFunction == IRP_MJ_CLEANUP ||
                                stack->MajorFunction == IRP_MJ_CLOSE
                            ? STATUS_SUCCESS
                            : STATUS_INVALID_DEVICE_REQUEST,
                        0);
    ULONG method = stack->Parameters.DeviceIoControl.IoControlCode & 3;
    seen.major = stack->MajorFunction;
    seen.system = irp->AssociatedIrp.SystemBuffer, seen.mdl = irp->MdlAddress, seen.user = irp->UserBuffer,
    seen.type3 = stack->Parameters.DeviceIoControl.Type3InputBuffer;
    seen.in = stack->Parameters.DeviceIoControl.InputBufferLength,
    seen.out = stack->Parameters.DeviceIoControl.OutputBufferLength,
    seen.code = stack->Parameters.DeviceIoControl.IoControlCode;
    seen.mode = irp->RequestorMode, seen.file = stack->FileObject;
    PUCHAR in = method == METHOD_NEITHER ? seen.type3 : seen.system;
    seen.first_in = in ? in[0] : 0;
    PUCHAR direct = seen.mdl ? MmGetSystemAddressForMdlSafe(seen.mdl, NormalPagePriority) : NULL;
    seen.mdl_bytes = seen.mdl ? MmGetMdlByteCount(seen.mdl) : 0;
    seen.first_mdl = direct ? direct[0] : 0;
    PUCHAR out = method == METHOD_BUFFERED     ? seen.system
                 : method == METHOD_OUT_DIRECT ? direct
                 : method == METHOD_NEITHER    ? seen.user
                                               : NULL;
    if (out) RtlFillMemory(out, seen.out, 0x6b);
    return complete(irp, answer, information);
}

static PDEVICE_OBJECT device;
static KEVENT event;
static IO_STATUS_BLOCK iosb;
static UCHAR in[8], out[16];

static PIRP build(ULONG method, BOOLEAN internal) {
    RtlFillMemory(in, sizeof in, 0x31);
    RtlFillMemory(out, sizeof out, 0x32);
    KeClearEvent(&event);
    iosb.Status = 1, iosb.Information = 99;
    return IoBuildDeviceIoControlRequest(CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, method, FILE_ANY_ACCESS),
                                         device, in, sizeof in, out, 12, internal, &event, &iosb);
}
static NTSTATUS send(PIRP irp) {
    NTSTATUS status = IoCallDriver(device, irp);
    if (status == STATUS_PENDING) KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return status;
}

static void methods(void) {
    answer = STATUS_SUCCESS, information = 12;
    PIRP irp = build(METHOD_BUFFERED, FALSE);
    if (!irp) {
        CHECK(FALSE, "a request");
        return;
    }
    CHECK(irp->RequestorMode == KernelMode, "RequestorMode is KernelMode");
    CHECK(send(irp) == STATUS_SUCCESS && seen.major == IRP_MJ_DEVICE_CONTROL && seen.in == sizeof in &&
              seen.out == 12 && seen.mode == KernelMode && !seen.file,
          "METHOD_BUFFERED: lengths, no file object");
    CHECK(seen.system && seen.system != in && !seen.mdl && seen.first_in == 0x31,
          "one system buffer with the input");
    CHECK(out[0] == 0x6b && out[11] == 0x6b && out[12] == 0x32 && iosb.Information == 12 &&
              KeReadStateEvent(&event),
          "Information bytes come back, the event is set");
    information = 3;
    CHECK(send(build(METHOD_BUFFERED, FALSE)) == STATUS_SUCCESS && out[2] == 0x6b && out[3] == 0x32,
          "and no more than that");
    information = 12;
    CHECK(send(build(METHOD_OUT_DIRECT, FALSE)) == STATUS_SUCCESS && seen.system && seen.first_in == 0x31 &&
              seen.mdl && seen.mdl_bytes == 12 && out[11] == 0x6b && out[12] == 0x32,
          "METHOD_OUT_DIRECT: the input buffered, an MDL for the output");
    CHECK(send(build(METHOD_IN_DIRECT, FALSE)) == STATUS_SUCCESS && seen.system && seen.mdl &&
              seen.mdl_bytes == 12 && seen.first_mdl == 0x32,
          "METHOD_IN_DIRECT: an MDL through which the second buffer is read");
    CHECK(send(build(METHOD_NEITHER, FALSE)) == STATUS_SUCCESS && !seen.system && !seen.mdl &&
              seen.type3 == in && seen.user == out && out[0] == 0x6b,
          "METHOD_NEITHER: both addresses as they are");
    CHECK(send(build(METHOD_BUFFERED, TRUE)) == STATUS_SUCCESS &&
              seen.major == IRP_MJ_INTERNAL_DEVICE_CONTROL,
          "InternalDeviceIoControl: IRP_MJ_INTERNAL_DEVICE_CONTROL");
    irp = IoBuildDeviceIoControlRequest(0x222000, device, NULL, 0, NULL, 0, FALSE, &event, &iosb);
    CHECK(irp && send(irp) == STATUS_SUCCESS && !seen.system && !seen.in && !seen.out, "without buffers");
    answer = STATUS_BUFFER_OVERFLOW, information = 12;
    CHECK(send(build(METHOD_BUFFERED, FALSE)) == STATUS_BUFFER_OVERFLOW && out[11] == 0x6b,
          "a warning brings data back");
    answer = STATUS_UNSUCCESSFUL;
    CHECK(send(build(METHOD_BUFFERED, FALSE)) == STATUS_UNSUCCESSFUL && out[0] == 0x32, "an error does not");
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    irp = build(METHOD_BUFFERED, FALSE);
    KeLowerIrql(old);
    answer = STATUS_SUCCESS;
    CHECK(irp && send(irp) == STATUS_SUCCESS, "it can be called at APC_LEVEL");
}

static void access(void) {
    PIRP irp = IoAllocateIrp(1, FALSE);
    if (!irp) return;
    IoSetNextIrpStackLocation(irp);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    stack->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    irp->RequestorMode = UserMode;
    CHECK(import_IoValidateDeviceIoControlAccess(irp, FILE_READ_ACCESS) == STATUS_ACCESS_DENIED &&
              import_IoValidateDeviceIoControlAccess(irp, FILE_WRITE_ACCESS) == STATUS_ACCESS_DENIED,
          "STATUS_ACCESS_DENIED: the sender has no such access");
    irp->RequestorMode = KernelMode;
    CHECK(import_IoValidateDeviceIoControlAccess(irp, FILE_READ_ACCESS | FILE_WRITE_ACCESS) == STATUS_SUCCESS,
          "a sender in kernel mode has every access");
    irp->RequestorMode = UserMode;
    stack->MajorFunction = IRP_MJ_READ;
    CHECK(import_IoValidateDeviceIoControlAccess(irp, FILE_READ_ACCESS) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: another request");
    IoFreeIrp(irp);
    CHECK(import_IoValidateDeviceIoControlAccess(running_irp, FILE_READ_ACCESS | FILE_WRITE_ACCESS) ==
              STATUS_SUCCESS,
          "STATUS_SUCCESS: the program opened the device for both");
    KIRQL old;
    KeRaiseIrql(HIGH_LEVEL, &old);
    NTSTATUS status = import_IoValidateDeviceIoControlAccess(running_irp, FILE_READ_ACCESS);
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS, "at any level");
}

static void checks(void) {
    device = this_driver->DeviceObject;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    methods();
    access();
}
