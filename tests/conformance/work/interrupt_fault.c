// Two service routines share a latched vector and claim every interrupt: the chain never ends.
#include <ntddk.h>

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

DRIVER_INITIALIZE DriverEntry;

static BOOLEAN NTAPI claims_all(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    return TRUE;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    UNREFERENCED_PARAMETER(driver);
    UNREFERENCED_PARAMETER(path);
    PKINTERRUPT objects[2];
    KIRQL irql;
    KAFFINITY processors;
    ULONG vector = HalGetInterruptVector(Isa, 0, 7, 7, &irql, &processors);
    for (int i = 0; i < 2; ++i) {
        NTSTATUS status = IoConnectInterrupt(&objects[i], claims_all, NULL, NULL, vector, irql, irql, Latched,
                                             TRUE, processors, FALSE);
        if (!NT_SUCCESS(status)) return status;
    }
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 0x15); // a strobe, answered by an interrupt
    LARGE_INTEGER soon;
    soon.QuadPart = -10000;
    KeDelayExecutionThread(KernelMode, FALSE, &soon);
    return STATUS_SUCCESS;
}
