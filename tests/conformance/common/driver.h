// The frame of a conformance driver: device, link, RUN. The driver defines TOPIC (a wide string literal)
// before it includes this, `static void checks(void)`, which runs in the caller's thread at PASSIVE_LEVEL,
// and may define OWN_DISPATCH with a function `static NTSTATUS own_dispatch(PDEVICE_OBJECT, PIRP)` that gets
// everything but RUN, and OWN_ENTRY with `static void own_entry(void)`, which DriverEntry calls in the end.
#pragma once
#include <ntddk.h>

#include <stdarg.h>

#include "conform.h"

// The variables that hold object types. mingw's headers import them with one level of indirection more than
// the WDK's, so its `*PsThreadType` reads the object type itself.
#ifdef __MINGW32__
#define TYPE_OF(variable) ((POBJECT_TYPE)(variable))
#else
#define TYPE_OF(variable) (*(variable))
#endif

NTSYSAPI int __cdecl _vsnprintf(char*, size_t, const char*, va_list);

static char* report_at;
static ULONG report_left;
static PDRIVER_OBJECT this_driver;
__attribute__((unused)) static PIRP running_irp; // the request for RUN

static void report(BOOLEAN pass, const char* what, const char* file, int line) {
    const char* parts[] = {pass ? "PASS " : "FAIL ", what, 0};
    for (int i = 0; parts[i]; ++i)
        for (const char* p = parts[i]; *p && report_left > 40; ++p, --report_left)
            *report_at++ = *p;
    if (!pass) {
        char digits[12];
        int n = 0;
        for (; line; line /= 10)
            digits[n++] = (char)('0' + line % 10);
        *report_at++ = ' ', *report_at++ = '(', report_left -= 2;
        const char* base = file;
        for (const char* p = file; *p; ++p)
            if (*p == '/' || *p == '\\') base = p + 1;
        for (; *base && report_left > 20; ++base, --report_left)
            *report_at++ = *base;
        *report_at++ = ':', --report_left;
        while (n && report_left > 4)
            *report_at++ = digits[--n], --report_left;
        *report_at++ = ')', --report_left;
    }
    *report_at++ = '\n';
    --report_left;
}

// The text says what the documentation promises.
#define CHECK(condition, what) report((condition) ? TRUE : FALSE, what, __FILE__, __LINE__)

static void checks(void);
#ifdef OWN_DISPATCH
static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp);
#endif
#ifdef OWN_ENTRY
static void own_entry(void);
#endif

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD conform_unload;
static DRIVER_DISPATCH conform_dispatch;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI conform_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL &&
        stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_CONFORM_RUN) {
        report_at = irp->AssociatedIrp.SystemBuffer;
        report_left = stack->Parameters.DeviceIoControl.OutputBufferLength;
        if (report_left < CONFORM_REPORT_SIZE) return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        running_irp = irp;
        checks();
        if (report_left <= 40) return complete(irp, STATUS_BUFFER_OVERFLOW, 0); // lines are missing
        return complete(irp, STATUS_SUCCESS, (ULONG_PTR)(report_at - (char*)irp->AssociatedIrp.SystemBuffer));
    }
#ifdef OWN_DISPATCH
    return own_dispatch(device, irp);
#else
    UNREFERENCED_PARAMETER(device);
    UCHAR major = stack->MajorFunction;
    BOOLEAN known = major == IRP_MJ_CREATE || major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE;
    return complete(irp, known ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST, 0);
#endif
}

static VOID NTAPI conform_unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\Conform" TOPIC);
    IoDeleteSymbolicLink(&link);
    while (driver->DeviceObject)
        IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(registry_path);
    UNICODE_STRING name, link;
    PDEVICE_OBJECT device;
    this_driver = driver;
    RtlInitUnicodeString(&name, L"\\Device\\Conform" TOPIC);
    RtlInitUnicodeString(&link, L"\\??\\Conform" TOPIC);
    NTSTATUS status =
        IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
#ifdef DEVICE_FLAGS
    device->Flags |= DEVICE_FLAGS;
#endif
    for (int major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; ++major)
        driver->MajorFunction[major] = conform_dispatch;
    driver->DriverUnload = conform_unload;
#ifdef OWN_ENTRY
    own_entry();
#endif
    return STATUS_SUCCESS;
}
