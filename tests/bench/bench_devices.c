// Named devices of one driver, deleted and made again while `many` others stand: always the same few of them,
// so that the processor's caches hold these and what the number costs is the search for them.
#include "bench_driver.h"

#define TAG 'hcnB'

static NTSTATUS make_device(PDRIVER_OBJECT driver, ULONG number, PDEVICE_OBJECT* device) {
    WCHAR text[40] = L"\\Device\\BenchDevice000000";
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    for (ULONG digit = name.Length / sizeof(WCHAR); number; number /= 10)
        text[--digit] = (WCHAR)(L'0' + number % 10);
    return IoCreateDevice(driver, 64, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, device);
}

NTSTATUS make_devices(PDRIVER_OBJECT driver, ULONG count, ULONG many) {
    PDEVICE_OBJECT* devices = ExAllocatePoolWithTag(NonPagedPoolNx, many * sizeof *devices, TAG);
    if (!devices) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG made = 0;
    while (NT_SUCCESS(status) && made < many)
        if (NT_SUCCESS(status = make_device(driver, made, &devices[made]))) ++made;
    for (ULONG i = 0; NT_SUCCESS(status) && i < count; ++i) {
        const ULONG number = i % 10 * (many / 10);
        IoDeleteDevice(devices[number]);
        status = make_device(driver, number, &devices[number]);
        if (!NT_SUCCESS(status)) devices[number] = NULL;
    }
    while (made--)
        if (devices[made]) IoDeleteDevice(devices[made]);
    ExFreePoolWithTag(devices, TAG);
    return status;
}
