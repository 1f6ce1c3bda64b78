// System DMA: adapters of subordinate devices, what the pages of IoGetDmaAdapter, DEVICE_DESCRIPTION,
// AllocateAdapterChannel, MapTransfer, FlushAdapterBuffers, ReadDmaCounter and the guides "Using Packet-Based
// System DMA", "Using Common-Buffer System DMA" promise. The device is a sampler on channel 1, line 5, port
// 0x220, which plays what it gets and records it again (--hardware sampler).
#define TOPIC L"DmaSystem"
#include "../common/driver.h"
#include "dma_v3.h"

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);

enum { SIZE = 3 * PAGE_SIZE + 100, STOP = 0, PLAY = 1, RECORD = 2, AT_END = 1, UNDERRUN = 4 };
#define PORT ((PUCHAR)0x220)

static PDEVICE_OBJECT device;
static PDMA_ADAPTER adapter;
static ULONG registers;
static PKINTERRUPT interrupt;
static KDPC dpc;
static KEVENT finished;
static volatile UCHAR status_seen;
static volatile LONG ends;

static BOOLEAN NTAPI isr(PKINTERRUPT object, PVOID context) {
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(context);
    UCHAR status = READ_PORT_UCHAR(PORT);
    if (!(status & (AT_END | UNDERRUN))) return FALSE;
    status_seen |= status;
    KeInsertQueueDpc(&dpc, NULL, NULL);
    return TRUE;
}
static VOID NTAPI dpc_routine(PKDPC d, PVOID context, PVOID a, PVOID b) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    InterlockedIncrement(&ends);
    KeSetEvent(&finished, IO_NO_INCREMENT, FALSE);
}

static PDMA_ADAPTER get_adapter(ULONG version, ULONG channel, DMA_WIDTH width, BOOLEAN again, ULONG* count) {
    DEVICE_DESCRIPTION d;
    RtlZeroMemory(&d, sizeof d);
    d.Version = version;
    d.AutoInitialize = again;
    d.DmaChannel = channel;
    d.InterfaceType = Isa;
    d.DmaWidth = width;
    d.DmaSpeed = Compatible;
    d.MaximumLength = 0x10000;
    return IoGetDmaAdapter(NULL, &d, count);
}

static KIRQL to_dispatch(void) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    return old;
}
static void sleep(LONG milliseconds) {
    LARGE_INTEGER t;
    t.QuadPart = -10000LL * milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &t);
}
static BOOLEAN wait(void) {
    LARGE_INTEGER second;
    second.QuadPart = -10000000;
    return KeWaitForSingleObject(&finished, Executive, KernelMode, FALSE, &second) == STATUS_SUCCESS;
}

typedef struct {
    PMDL mdl;
    PVOID base;
    ULONG length;
    UCHAR command;
    LONG calls;
    KIRQL irql;
} TRANSFER;

static IO_ALLOCATION_ACTION NTAPI control(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context) {
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(irp);
    TRANSFER* t = context;
    t->base = base;
    t->irql = KeGetCurrentIrql();
    InterlockedIncrement(&t->calls);
    if (t->mdl) {
        ULONG length = t->length;
        adapter->DmaOperations->MapTransfer(adapter, t->mdl, base, MmGetMdlVirtualAddress(t->mdl), &length,
                                            t->command == PLAY);
        CHECK(length == t->length, "MapTransfer leaves the length as it is");
        WRITE_PORT_UCHAR(PORT + 1, t->command);
    }
    return KeepObject;
}

static NTSTATUS begin(PDMA_ADAPTER a, TRANSFER* t, ULONG count) {
    KIRQL old = to_dispatch();
    NTSTATUS status = a->DmaOperations->AllocateAdapterChannel(a, device, count, control, t);
    KeLowerIrql(old);
    return status;
}
static void end(PDMA_ADAPTER a, TRANSFER* t) {
    KIRQL old = to_dispatch();
    if (t->mdl)
        CHECK(a->DmaOperations->FlushAdapterBuffers(a, t->mdl, t->base, MmGetMdlVirtualAddress(t->mdl),
                                                    t->length, t->command == PLAY),
              "FlushAdapterBuffers ends the transfer");
    a->DmaOperations->FreeAdapterChannel(a);
    KeLowerIrql(old);
}
static PMDL lock(PVOID buffer, ULONG length) {
    PMDL mdl = IoAllocateMdl(buffer, length, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    return mdl;
}

static void adapters(void) {
    ULONG count = 0;
    CHECK(!get_adapter(DEVICE_DESCRIPTION_VERSION2, 4, Width8Bits, FALSE, &count) &&
              !get_adapter(DEVICE_DESCRIPTION_VERSION2, 8, Width8Bits, FALSE, &count),
          "there is no adapter for a channel that there is not");
    PDMA_ADAPTER wide = get_adapter(DEVICE_DESCRIPTION_VERSION, 5, Width16Bits, FALSE, &count);
    CHECK(wide && count >= 1, "channel 5 moves words");
    if (wide) wide->DmaOperations->PutDmaAdapter(wide);
    adapter = get_adapter(DEVICE_DESCRIPTION_VERSION, 1, Width8Bits, FALSE, &registers);
    CHECK(adapter && adapter->Version == 1 && registers >= 4,
          "IoGetDmaAdapter gives an adapter for a subordinate device, and its map registers");
}

static void packets(void) {
    UCHAR* out = (UCHAR*)ExAllocatePoolWithTag(NonPagedPool, SIZE + 64, 'sdmT') + 40;
    UCHAR* in = (UCHAR*)ExAllocatePoolWithTag(NonPagedPool, SIZE + 64, 'sdmT') + 8;
    for (ULONG i = 0; i < SIZE; ++i)
        out[i] = (UCHAR)(i * 7 + i / 256), in[i] = 0;
    TRANSFER play = {lock(out, SIZE), NULL, SIZE, PLAY, 0, 0},
             record = {lock(in, SIZE), NULL, SIZE, RECORD, 0, 0};
    CHECK(begin(adapter, &play, ADDRESS_AND_SIZE_TO_SPAN_PAGES(out, SIZE)) == STATUS_SUCCESS &&
              play.calls == 1 && play.irql == DISPATCH_LEVEL,
          "AllocateAdapterChannel calls AdapterControl at DISPATCH_LEVEL");
    KeStallExecutionProcessor(500);
    ULONG left = adapter->DmaOperations->ReadDmaCounter(adapter);
    CHECK(left > 0 && left < SIZE, "ReadDmaCounter gives the bytes that remain");
    CHECK(wait() && (status_seen & AT_END), "the transfer ends with the device's interrupt");
    CHECK(adapter->DmaOperations->ReadDmaCounter(adapter) == 0, "then nothing remains");
    end(adapter, &play);
    CHECK(READ_PORT_USHORT((PUSHORT)(PORT + 2)) == SIZE, "the device has got every byte");
    sleep(1); // the device asks once more, and nobody has set the channel up
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    KeClearEvent(&finished);
    CHECK(begin(adapter, &record, ADDRESS_AND_SIZE_TO_SPAN_PAGES(in, SIZE)) == STATUS_SUCCESS,
          "the other way");
    CHECK(wait(), "too, it ends");
    end(adapter, &record);
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    CHECK(RtlCompareMemory(in, out, SIZE) == SIZE, "after FlushAdapterBuffers the data is in the buffer");
    IoFreeMdl(play.mdl);
    IoFreeMdl(record.mdl);
    ExFreePoolWithTag(out - 40, 'sdmT');
    ExFreePoolWithTag(in - 8, 'sdmT');
}

// Memory that the controller does not reach goes through map registers.
static void far_memory(void) {
    PHYSICAL_ADDRESS low, high, skip;
    low.QuadPart = 0x1000000;
    high.QuadPart = -1;
    skip.QuadPart = 0;
    PMDL mdl = MmAllocatePagesForMdl(low, high, skip, 2 * PAGE_SIZE);
    CHECK(mdl && MmGetMdlByteCount(mdl) == 2 * PAGE_SIZE, "there is memory above 16 MiB");
    if (!mdl) return;
    UCHAR* data = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    BOOLEAN same = TRUE;
    for (ULONG i = 0; i < 2 * PAGE_SIZE; ++i)
        data[i] = (UCHAR)(i * 13);
    TRANSFER t = {mdl, NULL, 2 * PAGE_SIZE, PLAY, 0, 0};
    KeClearEvent(&finished);
    begin(adapter, &t, 2);
    CHECK(wait(), "it can be played");
    end(adapter, &t);
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    RtlZeroMemory(data, 2 * PAGE_SIZE);
    t.command = RECORD;
    KeClearEvent(&finished);
    begin(adapter, &t, 2);
    CHECK(wait() && data[1] == 0, "what is recorded is not there before FlushAdapterBuffers");
    end(adapter, &t);
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    for (ULONG i = 0; i < 2 * PAGE_SIZE; ++i)
        same &= data[i] == (UCHAR)(i * 13);
    CHECK(same, "but then");
    MmUnmapLockedPages(data, mdl);
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}

// A list for the controller: it is set up when the routine is called.
static PSCATTER_GATHER_LIST list_seen;
static volatile LONG list_calls;
static VOID NTAPI list_control(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context) {
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(irp);
    list_seen = list;
    InterlockedIncrement(&list_calls);
    if (context) WRITE_PORT_UCHAR(PORT + 1, PLAY);
}
static void lists(void) {
    UCHAR* out = ExAllocatePoolWithTag(NonPagedPool, SIZE, 'sdmT');
    PMDL mdl = lock(out, SIZE);
    TRANSFER other = {0};
    for (ULONG i = 0; i < SIZE; ++i)
        out[i] = (UCHAR)i;
    KeClearEvent(&finished);
    begin(adapter, &other, 1);
    KIRQL old = to_dispatch();
    NTSTATUS status = adapter->DmaOperations->GetScatterGatherList(
        adapter, device, mdl, MmGetMdlVirtualAddress(mdl), SIZE, list_control, device, TRUE);
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS && list_calls == 0,
          "GetScatterGatherList waits for the controller's channel");
    end(adapter, &other);
    CHECK(list_calls == 1 && list_seen->NumberOfElements == 1 && list_seen->Elements[0].Length == SIZE,
          "then its routine gets a list of one element");
    CHECK(wait() && READ_PORT_USHORT((PUSHORT)(PORT + 2)) == SIZE, "and the device can play it");
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    old = to_dispatch();
    adapter->DmaOperations->PutScatterGatherList(adapter, list_seen, TRUE);
    KeLowerIrql(old);
    other.calls = 0;
    CHECK(begin(adapter, &other, 1) == STATUS_SUCCESS && other.calls == 1,
          "PutScatterGatherList gives the channel back");
    end(adapter, &other);
    IoFreeMdl(mdl);
    ExFreePoolWithTag(out, 'sdmT');
}

// Two drivers of one channel: the second waits until the first gives it back.
static void turns(void) {
    ULONG count;
    PDMA_ADAPTER other = get_adapter(DEVICE_DESCRIPTION_VERSION2, 1, Width8Bits, FALSE, &count);
    TRANSFER first = {0}, second = {0};
    CHECK(begin(adapter, &first, 1) == STATUS_SUCCESS && first.calls == 1, "the channel is free");
    CHECK(begin(other, &second, 1) == STATUS_SUCCESS && second.calls == 0,
          "another adapter of the same channel waits while it is in use");
    end(adapter, &first);
    CHECK(second.calls == 1, "FreeAdapterChannel lets it go on");
    end(other, &second);
    CHECK(begin(adapter, &first, registers + 1) == STATUS_INSUFFICIENT_RESOURCES,
          "more registers than there are: STATUS_INSUFFICIENT_RESOURCES");
    other->DmaOperations->PutDmaAdapter(other);
}

static void common_buffer(void) {
    ULONG count, length = PAGE_SIZE;
    PHYSICAL_ADDRESS logical;
    PDMA_ADAPTER packet = adapter;
    adapter = get_adapter(DEVICE_DESCRIPTION_VERSION2, 1, Width8Bits, TRUE, &count);
    UCHAR* buffer = adapter->DmaOperations->AllocateCommonBuffer(adapter, length, &logical, FALSE);
    CHECK(buffer && (ULONGLONG)logical.QuadPart < 0x1000000,
          "AllocateCommonBuffer gives memory that the controller reaches");
    for (ULONG i = 0; i < length; ++i)
        buffer[i] = (UCHAR)i;
    TRANSFER t = {lock(buffer, length), NULL, length, PLAY, 0, 0};
    KeClearEvent(&finished);
    ends = 0;
    begin(adapter, &t, 1);
    CHECK(wait() && wait() && wait(), "with autoinitialize the transfer begins again at its end");
    sleep(1);
    ULONG left = adapter->DmaOperations->ReadDmaCounter(adapter);
    CHECK(left > 0 && left < length, "ReadDmaCounter follows it round the buffer");
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    end(adapter, &t);
    IoFreeMdl(t.mdl);
    adapter->DmaOperations->FreeCommonBuffer(adapter, length, logical, buffer, FALSE);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    adapter = packet;
}

// Version 3 of the operations.
static volatile LONG completions;
static ULONG completion_status;
static KIRQL completion_irql;
static PVOID completion_context;
static VOID NTAPI completion(PDMA_ADAPTER a, PDEVICE_OBJECT object, PVOID context, ULONG status) {
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(object);
    completion_context = context;
    completion_status = status;
    completion_irql = KeGetCurrentIrql();
    InterlockedIncrement(&completions);
}
static IO_ALLOCATION_ACTION NTAPI keep(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context) {
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(irp);
    *(PVOID*)context = base;
    return KeepObject;
}

static void version_3(void) {
    static DECLSPEC_ALIGN(16) UCHAR transfer[CONTEXT_SIZE];
    DESCRIPTION_3 d;
    ADAPTER_INFO info = {.Version = 1};
    ULONG count, length = SIZE - 100;
    PVOID base = NULL;
    RtlZeroMemory(&d, sizeof d);
    d.Description.Version = 3;
    d.Description.DmaChannel = 1;
    d.Description.InterfaceType = Isa;
    d.Description.DmaWidth = Width8Bits;
    d.Description.MaximumLength = 0x10000;
    PDMA_ADAPTER a = IoGetDmaAdapter(NULL, &d.Description, &count);
    CHECK(a != NULL, "version 3 is served");
    if (!a) return;
    OPERATIONS_3* ops = (OPERATIONS_3*)a->DmaOperations;
    CHECK(ops->GetDmaAdapterInfo(a, &info) == STATUS_SUCCESS && info.ReadDmaCounterAvailable &&
              info.ScatterGatherLimit == 1 && info.DmaAddressWidth == 24,
          "GetDmaAdapterInfo describes the controller");
    CHECK(ops->ConfigureAdapterChannel(a, 1, NULL) == STATUS_NOT_IMPLEMENTED,
          "a custom function that there is not is STATUS_NOT_IMPLEMENTED");
    UCHAR* out = ExAllocatePoolWithTag(NonPagedPool, SIZE, 'sdmT');
    for (ULONG i = 0; i < SIZE; ++i)
        out[i] = (UCHAR)(i * 3);
    PMDL mdl = lock(out, SIZE);
    ops->InitializeDmaTransferContext(a, transfer);
    KeClearEvent(&finished);
    KIRQL old = to_dispatch();
    NTSTATUS status = ops->AllocateAdapterChannelEx(a, device, transfer, 4, 0, keep, &base, NULL);
    CHECK(status == STATUS_SUCCESS && base, "AllocateAdapterChannelEx allocates the channel");
    status = ops->MapTransferEx(a, mdl, base, 100, 0, &length, TRUE, NULL, 0, completion, &base);
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS && length == SIZE - 100,
          "MapTransferEx sets the controller up, without a list");
    WRITE_PORT_UCHAR(PORT + 1, PLAY);
    CHECK(wait() && READ_PORT_USHORT((PUSHORT)(PORT + 2)) == SIZE - 100,
          "and the device plays from the offset");
    WRITE_PORT_UCHAR(PORT + 1, STOP);
    CHECK(completions == 0, "a controller that does not interrupt does not call DmaCompletionRoutine");
    old = to_dispatch();
    ops->FlushAdapterBuffersEx(a, mdl, base, 100, length, TRUE);
    ops->MapTransferEx(a, mdl, base, 0, 0, &length, TRUE, NULL, 0, completion, &base);
    status = ops->CancelMappedTransfer(a, transfer);
    KeLowerIrql(old);
    CHECK(status == STATUS_SUCCESS && completions == 1 && completion_status == 3 &&
              completion_irql == DISPATCH_LEVEL && completion_context == &base,
          "CancelMappedTransfer calls it with DmaCancelled");
    old = to_dispatch();
    ops->FlushAdapterBuffersEx(a, mdl, base, 0, length, TRUE);
    status = ops->MapTransferEx(a, mdl, base, 0, 0, &length, TRUE, NULL, 0, NULL, NULL);
    ops->FreeAdapterObject(a, DeallocateObject);
    KeLowerIrql(old);
    CHECK(status == STATUS_CANCELLED, "then the context transfers nothing more");
    CHECK(ops->CancelMappedTransfer(a, transfer) == STATUS_INVALID_PARAMETER,
          "nothing mapped, nothing to cancel");
    IoFreeMdl(mdl);
    ExFreePoolWithTag(out, 'sdmT');
    a->DmaOperations->PutDmaAdapter(a);
}

static void checks(void) {
    KIRQL irql;
    KAFFINITY processors;
    device = this_driver->DeviceObject;
    KeInitializeDpc(&dpc, dpc_routine, NULL);
    KeInitializeEvent(&finished, SynchronizationEvent, FALSE);
    ULONG vector = HalGetInterruptVector(Isa, 0, 5, 5, &irql, &processors);
    NTSTATUS status = IoConnectInterrupt(&interrupt, isr, NULL, NULL, vector, irql, irql, Latched, FALSE,
                                         processors, FALSE);
    CHECK(status == STATUS_SUCCESS, "the sampler's interrupt is connected");
    adapters();
    if (!adapter || !NT_SUCCESS(status)) return;
    packets();
    far_memory();
    turns();
    lists();
    common_buffer();
    version_3();
    IoDisconnectInterrupt(interrupt);
    adapter->DmaOperations->PutDmaAdapter(adapter);
}
