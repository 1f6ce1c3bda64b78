// A disk and a timer that work by interrupts while others interrupt at random on their lines: no interrupt is
// lost, none is taken for one's own, and connecting and disconnecting goes well at any time. Needs the models
// timer and disk; noise disturbs them. Each run takes what it gets: messages, or the line.
#define TOPIC L"Disturbed"
#include "../common/driver.h"

#include "noise.h"

enum { D_CONTROL = 6, D_STATUS = 7, D_SUBMIT = 16, D_SEEN = 17, D_INTERRUPT = 18, ENTRIES = 8, ROUNDS = 60 };

typedef struct {
    UCHAR operation, flags;
    USHORT id;
    ULONG blocks;
    ULONGLONG first, address;
    ULONG pieces, reserved;
} COMMAND;
typedef struct {
    USHORT id, status;
    ULONG blocks, head, phase;
} COMPLETION;

typedef struct {
    PDEVICE_OBJECT pdo;
    volatile ULONG* registers;
    IO_DISCONNECT_INTERRUPT_PARAMETERS connection;
    KDPC dpc;
    KEVENT done;
    volatile LONG mine, strays;
} DEVICE;

static DEVICE timer, disk;
static UCHAR *queues, *data;
static ULONG tail, seen, phase = 1;
static volatile ULONG last_status;

// At DIRQL: is it ours? Both devices say so in a register, which is cleared there.
static BOOLEAN serve(DEVICE* device, ULONG index) {
    ULONG bits = device->registers[index];
    if (!bits) {
        InterlockedIncrement(&device->strays);
        return FALSE;
    }
    device->registers[index] = bits;
    InterlockedIncrement(&device->mine);
    KeInsertQueueDpc(&device->dpc, NULL, NULL);
    return TRUE;
}
static BOOLEAN NTAPI device_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    return serve(context, context == &disk ? D_INTERRUPT : 2);
}
static BOOLEAN NTAPI device_message(PKINTERRUPT interrupt, PVOID context, ULONG message) {
    UNREFERENCED_PARAMETER(message);
    return device_isr(interrupt, context);
}

static VOID NTAPI timer_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    KeSetEvent(&timer.done, IO_NO_INCREMENT, FALSE);
}
static VOID NTAPI disk_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b) {
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    volatile COMPLETION* completions = (COMPLETION*)(queues + 2048);
    while (completions[seen].phase == phase) {
        last_status = completions[seen].status;
        if (++seen == ENTRIES) seen = 0, phase ^= 1;
        disk.registers[D_SEEN] = seen;
        KeSetEvent(&disk.done, IO_NO_INCREMENT, FALSE);
    }
}

static BOOLEAN open_device(DEVICE* device, ULONG ids, PKDEFERRED_ROUTINE routine) {
    ULONG slot = find_slot(ids, 0);
    if (slot == (ULONG)-1) return FALSE;
    KeInitializeDpc(&device->dpc, routine, NULL);
    KeInitializeEvent(&device->done, SynchronizationEvent, FALSE);
    device->registers = map_registers(slot);
    return IoReportDetectedDevice(this_driver, PCIBus, 0, slot, NULL, NULL, FALSE, &device->pdo) ==
           STATUS_SUCCESS;
}
static BOOLEAN connect(DEVICE* device) {
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = device->pdo;
    p.MessageBased.ConnectionContext.Generic = &device->connection.ConnectionContext.Generic;
    p.MessageBased.MessageServiceRoutine = device_message;
    p.MessageBased.FallBackServiceRoutine = device_isr;
    p.MessageBased.ServiceContext = device;
    NTSTATUS status = IoConnectInterruptEx(&p);
    device->connection.Version = p.Version;
    return NT_SUCCESS(status);
}
static BOOLEAN wait(DEVICE* device) {
    LARGE_INTEGER second = {.QuadPart = -10000000};
    return KeWaitForSingleObject(&device->done, Executive, KernelMode, FALSE, &second) == STATUS_SUCCESS;
}

static BOOLEAN transfer(UCHAR operation, ULONG block, PVOID buffer) {
    COMMAND* commands = (COMMAND*)queues;
    COMMAND c = {operation, 0, (USHORT)block, 1, block, (ULONGLONG)MmGetPhysicalAddress(buffer).QuadPart,
                 0,         0};
    commands[tail] = c;
    tail = (tail + 1) % ENTRIES;
    disk.registers[D_SUBMIT] = tail;
    return wait(&disk) && last_status == 0;
}

static void use_disk(void) {
    *(volatile ULONGLONG*)&disk.registers[8] = MmGetPhysicalAddress(queues).QuadPart;
    disk.registers[10] = ENTRIES;
    *(volatile ULONGLONG*)&disk.registers[12] = MmGetPhysicalAddress(queues).QuadPart + 2048;
    disk.registers[14] = ENTRIES;
    disk.registers[D_CONTROL] = 3;
    BOOLEAN written = TRUE, same = TRUE;
    for (ULONG i = 0; i < ROUNDS; ++i) {
        for (ULONG k = 0; k < 512; ++k)
            data[k] = (UCHAR)(i * 31 + k);
        written &= transfer(2, i, data);
    }
    for (ULONG i = 0; i < ROUNDS; ++i) {
        written &= transfer(1, i, data + 1024);
        for (ULONG k = 0; k < 512; ++k)
            same &= data[1024 + k] == (UCHAR)(i * 31 + k);
    }
    CHECK(written, "every transfer ends with its interrupt");
    CHECK(same, "and what was written is read");
    CHECK(disk.mine == 2 * ROUNDS, "one interrupt for each was the disk's own");
    disk.registers[D_CONTROL] = 0;
}

static void use_timer(void) {
    timer.registers[6] = 2000; // 200 us
    timer.registers[7] = 0;
    timer.registers[1] = 7;
    BOOLEAN all = TRUE;
    for (ULONG i = 0; i < ROUNDS; ++i)
        all &= wait(&timer);
    timer.registers[1] = 0;
    timer.registers[2] = 1;
    CHECK(all && timer.mine >= ROUNDS, "the timer's interrupts come");
}

static void come_and_go(void) {
    BOOLEAN good = TRUE;
    for (ULONG i = 0; i < ROUNDS; ++i) {
        IoDisconnectInterruptEx(&timer.connection);
        good &= connect(&timer);
        timer.registers[6] = 500;
        timer.registers[1] = 5; // once
        good &= wait(&timer);
        timer.registers[1] = 0;
    }
    CHECK(good, "the interrupt can be disconnected and connected again between others'");
}

static void checks(void) {
    queues = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'dhmT');
    data = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'dhmT');
    RtlZeroMemory(queues, PAGE_SIZE);
    BOOLEAN there = open_device(&timer, 0x00011db5, timer_dpc) && open_device(&disk, 0x00021db5, disk_dpc);
    CHECK(there && connect(&timer) && connect(&disk), "timer and disk are there and connected");
    use_disk();
    use_timer();
    come_and_go();
    CHECK(find_slot(0x00031db5, 0) == (ULONG)-1 || disk.connection.Version == CONNECT_MESSAGE_BASED ||
              disk.strays + timer.strays != 0,
          "others have interrupted on the lines, and were not taken for them");
    IoDisconnectInterruptEx(&timer.connection);
    IoDisconnectInterruptEx(&disk.connection);
    KeFlushQueuedDpcs();
    MmUnmapIoSpace((PVOID)timer.registers, PAGE_SIZE);
    MmUnmapIoSpace((PVOID)disk.registers, PAGE_SIZE);
    ExFreePoolWithTag(queues, 'dhmT');
    ExFreePoolWithTag(data, 'dhmT');
}
