// What goes wrong with interrupts, chosen by the value Fault of the Parameters key. Needs the model noise.
#include <ntddk.h>

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);
#include "noise.h"

DRIVER_INITIALIZE DriverEntry;

enum { NOBODY_CLAIMS = 1, CLAIMED_FOR_EVER, PASSIVE_LOCK, PASSIVE_STORM, NOBODY_CONNECTED, LOOK_AT_MESSAGES };

static BOOLEAN NTAPI not_mine(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    return FALSE;
}
static BOOLEAN NTAPI mine(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    return TRUE;
}

static BOOLEAN NTAPI message(PKINTERRUPT interrupt, PVOID context, ULONG number) {
    UNREFERENCED_PARAMETER(number);
    return mine(interrupt, context);
}

// Connects its messages and stops the machine, for a debugger to look at.
static void stop_with_messages(PDRIVER_OBJECT driver, ULONG slot) {
    PDEVICE_OBJECT pdo = NULL;
    PVOID table;
    IoReportDetectedDevice(driver, PCIBus, 0, slot, NULL, NULL, FALSE, &pdo);
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = pdo;
    p.MessageBased.ConnectionContext.Generic = &table;
    p.MessageBased.MessageServiceRoutine = message;
    if (NT_SUCCESS(IoConnectInterruptEx(&p))) KeBugCheck(MANUALLY_INITIATED_CRASH);
}

static ULONG fault_of(PUNICODE_STRING path) {
    WCHAR text[200];
    ULONG fault = 0, none = 0;
    UNICODE_STRING key = {0, sizeof text, text};
    RtlAppendUnicodeStringToString(&key, path);
    RtlAppendUnicodeToString(&key, L"\\Parameters");
    text[key.Length / sizeof(WCHAR)] = 0;
    RTL_QUERY_REGISTRY_TABLE table[2];
    RtlZeroMemory(table, sizeof table);
    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[0].Name = (PWSTR)L"Fault";
    table[0].EntryContext = &fault;
    table[0].DefaultType = REG_DWORD;
    table[0].DefaultData = &none;
    table[0].DefaultLength = sizeof none;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, text, table, NULL, NULL);
    return fault;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    ULONG slot = find_slot(0x00031db5, 0), line = config(slot, 0x3C) & 0xff, fault = fault_of(path);
    volatile ULONG* registers = map_registers(slot);
    PKINTERRUPT objects[2] = {0};
    PDEVICE_OBJECT device;
    KIRQL irql;
    KAFFINITY processors;
    ULONG vector = HalGetInterruptVector(PCIBus, 0, line, line, &irql, &processors);
    IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (fault == LOOK_AT_MESSAGES) stop_with_messages(driver, slot);
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_FULLY_SPECIFIED;
    p.FullySpecified.PhysicalDeviceObject = device;
    p.FullySpecified.InterruptObject = &objects[0];
    p.FullySpecified.ServiceRoutine = fault == CLAIMED_FOR_EVER ? mine : not_mine;
    p.FullySpecified.Vector = vector;
    p.FullySpecified.Irql = p.FullySpecified.SynchronizeIrql =
        fault == PASSIVE_LOCK || fault == PASSIVE_STORM ? PASSIVE_LEVEL : irql;
    p.FullySpecified.InterruptMode = LevelSensitive;
    p.FullySpecified.ShareVector = TRUE;
    p.FullySpecified.ProcessorEnableMask = processors;
    if (fault != NOBODY_CONNECTED && !NT_SUCCESS(IoConnectInterruptEx(&p))) return STATUS_UNSUCCESSFUL;
    p.FullySpecified.InterruptObject = &objects[1];
    if (fault == NOBODY_CLAIMS) IoConnectInterruptEx(&p);
    if (fault == PASSIVE_LOCK) KeAcquireInterruptSpinLock(objects[0]);
    registers[CONTROL] = STUCK;
    LARGE_INTEGER second = {.QuadPart = -10000000};
    KeDelayExecutionThread(KernelMode, FALSE, &second);
    DbgPrint("the machine goes on\n");
    return STATUS_DEVICE_NOT_READY;
}
