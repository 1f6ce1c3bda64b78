// Does what it is told, and all of it is wrong: one driver with the fault chosen by control code.
#include <ntddk.h>

#include "fault.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD fault_unload;
static DRIVER_DISPATCH fault_dispatch;

static volatile int zero, counter;
static UCHAR code_in_data[16] = {0xc3};

#ifdef __clang__
#define ALONE __attribute__((noinline))
#else
#define ALONE __attribute__((noipa)) // keeps its name and its arguments
#endif
#define FAULT(name) ALONE static void name(PDEVICE_OBJECT device, PIRP irp)
#define UNUSED                                                                                               \
    (void)device;                                                                                            \
    (void)irp

FAULT(null_read) {
    UNUSED;
    int* volatile nowhere = 0;
    counter = *(volatile int*)nowhere;
}
FAULT(null_write) {
    UNUSED;
    int* volatile nowhere = 0;
    *(volatile int*)nowhere = 1;
}
FAULT(divide) {
    UNUSED;
    counter = 1000 / zero;
}
FAULT(execute_data) {
    UNUSED;
    void (*volatile call)(void) = (void (*)(void))(void*)code_in_data;
    call();
}
ALONE static int recurse(int n) {
    volatile char frame[1024];
    frame[0] = (char)n;
    ++counter;
    return n < 1000000 ? recurse(n + 1) + frame[0] : 0;
}
FAULT(stack_overflow) {
    UNUSED;
    recurse(0);
}
FAULT(wild_call) {
    UNUSED;
    void (*volatile call)(void) = (void (*)(void))0x3fffdead0000;
    call();
}
FAULT(loop) {
    UNUSED;
    for (;;)
        ++counter;
}
FAULT(spin) {
    UNUSED;
    for (;;)
        __asm__ volatile("");
}
FAULT(privileged) {
    UNUSED;
    __asm__ volatile("wrmsr" : : "c"(0xdeadbeef), "a"(0), "d"(0));
}
FAULT(raw_syscall) {
    UNUSED;
    ULONG64 number = 0x27;
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
}
FAULT(illegal) {
    UNUSED;
    __asm__ volatile("ud2");
}
FAULT(raise) {
    UNUSED;
    ExRaiseStatus(STATUS_DATA_ERROR);
}
FAULT(bugcheck) {
    UNUSED;
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}
static KDEFERRED_ROUTINE write_in_dpc;
ALONE static VOID NTAPI write_in_dpc(PKDPC dpc, PVOID context, PVOID first, PVOID second) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(first);
    UNREFERENCED_PARAMETER(second);
    *(volatile int*)context = 1;
}
FAULT(dpc_fault) {
    UNUSED;
    static KDPC dpc;
    KeInitializeDpc(&dpc, write_in_dpc, NULL);
    KeInsertQueueDpc(&dpc, NULL, NULL);
}
FAULT(bugcheck_plain) {
    UNUSED;
    KeBugCheck(0xE2);
}
FAULT(complete_twice) {
    (void)device;
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
}
FAULT(free_twice) {
    UNUSED;
    void* block = ExAllocatePoolWithTag(NonPagedPool, 64, 'tluF');
    ExFreePoolWithTag(block, 'tluF');
    ExFreePoolWithTag(block, 'tluF');
}
FAULT(dispatch_fault) {
    UNUSED;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    counter = *(volatile int*)0x3fffdead0000;
    KeLowerIrql(old);
}
static KSPIN_LOCK spin_lock;
FAULT(paged_pool) {
    UNUSED;
    KIRQL old;
    volatile int* block = ExAllocatePoolWithTag(PagedPool, 64, 'tluF');
    *block = 1;
    KeAcquireSpinLock(&spin_lock, &old);
    counter = *block;
    KeReleaseSpinLock(&spin_lock, old);
    ExFreePoolWithTag((PVOID)block, 'tluF');
}
__attribute__((section("PAGE"))) FAULT(paged_code) {
    UNUSED;
    KIRQL old;
    KeAcquireSpinLock(&spin_lock, &old);
    ++counter;
    KeReleaseSpinLock(&spin_lock, old);
}
NTKERNELAPI VOID NTAPI KeAttachProcess(PVOID process);
NTKERNELAPI VOID NTAPI KeUnstackDetachProcess(PVOID state);
static PVOID program, apc_state[16];
static PVOID system_process(void) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"PsInitialSystemProcess");
    PVOID* variable = MmGetSystemRoutineAddress(&name);
    return variable ? *variable : NULL;
}
FAULT(attach_twice) {
    UNUSED;
    program = IoGetCurrentProcess();
    KeAttachProcess(system_process());
    KeAttachProcess(program);
    ++counter;
}
FAULT(detach_alone) {
    UNUSED;
    KeUnstackDetachProcess(apc_state);
    ++counter;
}
FAULT(wait_at_dispatch) {
    UNUSED;
    KEVENT event;
    KIRQL old;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    KeLowerIrql(old);
}
FAULT(recursion) {
    (void)irp;
    IO_STATUS_BLOCK iosb;
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP next =
        IoBuildDeviceIoControlRequest(FAULT_CODE(0xb12), device, NULL, 0, NULL, 0, FALSE, &event, &iosb);
    if (next) IoCallDriver(device, next);
}
FAULT(breakpoint) {
    UNUSED;
    DbgBreakPoint();
}
FAULT(return_at_dispatch) {
    UNUSED;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
}
FAULT(write_text) {
    UNUSED;
    *(volatile UCHAR*)(void*)fault_dispatch = 0x90;
}

static NTSTATUS NTAPI fault_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    NTSTATUS status = STATUS_SUCCESS;
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        switch (stack->Parameters.DeviceIoControl.IoControlCode) {
#define CASE(name, function, what)                                                                           \
    case FAULT_CODE(function):                                                                               \
        name(device, irp);                                                                                   \
        break;
            FAULTS(CASE)
        default:
            status = STATUS_INVALID_DEVICE_REQUEST;
        }
    }
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static VOID NTAPI fault_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\Fault");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    RtlInitUnicodeString(&name, L"\\Device\\Fault");
    RtlInitUnicodeString(&link, L"\\??\\Fault");
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = fault_dispatch;
    driver->MajorFunction[IRP_MJ_CLEANUP] = fault_dispatch;
    driver->MajorFunction[IRP_MJ_CLOSE] = fault_dispatch;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = fault_dispatch;
    driver->DriverUnload = fault_unload;
    return STATUS_SUCCESS;
}
