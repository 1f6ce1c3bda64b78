// Version 3 of the DMA operations.
#define TOPIC L"DmaEx"
#include "../common/driver.h"

#include "dma_v3.h"

#define SIZE (3 * PAGE_SIZE + 100)

static PDEVICE_OBJECT device;
static ULONG limit;
static PDMA_ADAPTER adapter;
static OPERATIONS_3* ops;
static DECLSPEC_ALIGN(16) UCHAR transfer[CONTEXT_SIZE], transfer_2[CONTEXT_SIZE];
static UCHAR* parts[2];
static PMDL mdls[2];
static UCHAR seen[SIZE];

static BOOLEAN open_adapter(BOOLEAN scatter_gather, ULONG width) {
    DESCRIPTION_3 d;
    RtlZeroMemory(&d, sizeof d);
    d.Description.Version = 3;
    d.Description.Master = TRUE;
    d.Description.ScatterGather = scatter_gather;
    d.Description.InterfaceType = PCIBus;
    d.Description.MaximumLength = 2 * SIZE;
    d.DmaAddressWidth = width;
    adapter = IoGetDmaAdapter(NULL, &d.Description, &limit);
    ops = adapter ? (OPERATIONS_3*)adapter->DmaOperations : NULL;
    return adapter != NULL;
}
static void close_adapter(void) { ops->Old.PutDmaAdapter(adapter); }

static KIRQL to_dispatch(void) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    return old;
}
static UCHAR* at_physical(ULONGLONG address) {
    PHYSICAL_ADDRESS p;
    p.QuadPart = (LONGLONG)address;
    return MmGetVirtualForPhysical(p);
}
// Reads what the list describes; gives its length, 0 when it leaves the device's reach.
static ULONG read_list(PSCATTER_GATHER_LIST list, ULONG width) {
    ULONG done = 0;
    for (ULONG i = 0; i < list->NumberOfElements; ++i) {
        ULONGLONG at = (ULONGLONG)list->Elements[i].Address.QuadPart;
        if (width < 64 && at + list->Elements[i].Length > 1ull << width) return 0;
        for (ULONG j = 0; j < list->Elements[i].Length && done < SIZE; ++j)
            seen[done++] = *at_physical(at + j);
    }
    return done;
}
static UCHAR pattern(ULONG i) { return (UCHAR)(i * 3 + i / 251); }
static BOOLEAN right(ULONG offset, ULONG length) {
    for (ULONG i = 0; i < length; ++i)
        if (seen[i] != pattern(offset + i)) return FALSE;
    return TRUE;
}

static ULONG control_calls, list_calls;
static PVOID register_base;
static PSCATTER_GATHER_LIST the_list;
static IO_ALLOCATION_ACTION control_answer;
static IO_ALLOCATION_ACTION NTAPI control(PDEVICE_OBJECT d, PIRP irp, PVOID base, PVOID context) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(irp);
    UNREFERENCED_PARAMETER(context);
    ++control_calls;
    register_base = base;
    return control_answer;
}
static VOID NTAPI list_control(PDEVICE_OBJECT d, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context) {
    UNREFERENCED_PARAMETER(d);
    UNREFERENCED_PARAMETER(irp);
    UNREFERENCED_PARAMETER(context);
    ++list_calls;
    the_list = list;
}

static void information(void) {
    ADAPTER_INFO info = {1, 0, 0, 0, 0, 0};
    CHECK(ops->GetDmaAdapterInfo(adapter, &info) == STATUS_SUCCESS && info.DmaAddressWidth == 32,
          "GetDmaAdapterInfo gives the width of an address");
    info.Version = 9;
    CHECK(ops->GetDmaAdapterInfo(adapter, &info) == STATUS_NOT_SUPPORTED,
          "or STATUS_NOT_SUPPORTED for an unknown version");
    TRANSFER_INFO t = {1, 0, 0, 0, 0};
    CHECK(ops->GetDmaTransferInfo(adapter, mdls[0], 0, SIZE, TRUE, &t) == STATUS_SUCCESS &&
              t.ScatterGatherElementCount >= 1 &&
              t.ScatterGatherListSize >= sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT) *
                                                                           (t.ScatterGatherElementCount - 1),
          "GetDmaTransferInfo gives elements and size of a list");
    t.Version = 9;
    CHECK(ops->GetDmaTransferInfo(adapter, mdls[0], 0, SIZE, TRUE, &t) == STATUS_NOT_SUPPORTED,
          "or STATUS_NOT_SUPPORTED for an unknown version");
    CHECK(ops->ConfigureAdapterChannel(adapter, 1, NULL) == STATUS_NOT_IMPLEMENTED,
          "a function that the controller does not have is STATUS_NOT_IMPLEMENTED");
    PHYSICAL_ADDRESS highest, logical;
    highest.QuadPart = 0xffffff;
    PVOID buffer = ops->AllocateCommonBufferEx(adapter, &highest, SIZE, &logical, TRUE, 0);
    CHECK(buffer && logical.QuadPart + SIZE <= 0x1000000,
          "AllocateCommonBufferEx keeps below the maximum address");
    ops->Old.FreeCommonBuffer(adapter, SIZE, logical, buffer, TRUE);
}

static void channels(void) {
    PVOID base = NULL;
    ops->InitializeDmaTransferContext(adapter, transfer);
    ops->InitializeDmaTransferContext(adapter, transfer_2);
    KIRQL old = to_dispatch();
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer, 1, 0, NULL, NULL, NULL) ==
              STATUS_INVALID_PARAMETER,
          "a channel needs a routine or a place for the map registers");
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer, 1, 0, control, NULL, &base) ==
              STATUS_INVALID_PARAMETER,
          "the place is for synchronous calls only");
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer, 2, SYNCHRONOUS, NULL, NULL, &base) ==
                  STATUS_SUCCESS &&
              base,
          "a synchronous call gives the registers at once");
    PVOID other;
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer_2, 2, SYNCHRONOUS, NULL, NULL, &other) ==
              STATUS_INSUFFICIENT_RESOURCES,
          "or STATUS_INSUFFICIENT_RESOURCES while another has the channel");
    control_answer = DeallocateObject;
    control_calls = 0;
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer_2, 1, 0, control, NULL, NULL) ==
                  STATUS_SUCCESS &&
              control_calls == 0,
          "an asynchronous call waits");
    CHECK(ops->CancelAdapterChannel(adapter, device, transfer_2), "CancelAdapterChannel ends the waiting");
    ops->FreeAdapterObject(adapter, DeallocateObject);
    CHECK(control_calls == 0, "then the routine is not called");
    ops->InitializeDmaTransferContext(adapter, transfer);
    CHECK(ops->AllocateAdapterChannelEx(adapter, device, transfer, 1, 0, control, NULL, NULL) ==
                  STATUS_SUCCESS &&
              control_calls == 1,
          "FreeAdapterObject frees the channel for the next");
    CHECK(!ops->CancelAdapterChannel(adapter, device, transfer),
          "CancelAdapterChannel is FALSE when the routine has been called");
    KeLowerIrql(old);
}

static void map(void) {
    static UCHAR memory[sizeof(SCATTER_GATHER_LIST) + 16 * sizeof(SCATTER_GATHER_ELEMENT)];
    PSCATTER_GATHER_LIST list = (PSCATTER_GATHER_LIST)memory;
    PVOID base = NULL;
    ops->InitializeDmaTransferContext(adapter, transfer);
    KIRQL old = to_dispatch();
    ops->AllocateAdapterChannelEx(adapter, device, transfer, 8, SYNCHRONOUS, NULL, NULL, &base);
    ULONG length = 4800;
    CHECK(ops->MapTransferEx(adapter, mdls[0], base, 500, 0, &length, TRUE, list, sizeof memory, NULL,
                             NULL) == STATUS_SUCCESS &&
              length == 4800,
          "MapTransferEx maps across a chain of MDLs, from an offset");
    CHECK(read_list(list, 32) == 4800 && right(500, 4800), "the list describes exactly that");
    CHECK(ops->FlushAdapterBuffersEx(adapter, mdls[0], base, 500, 4800, TRUE) == STATUS_SUCCESS,
          "FlushAdapterBuffersEx succeeds");
    length = SIZE;
    CHECK(ops->MapTransferEx(adapter, mdls[0], base, 0, 0, &length, TRUE, list,
                             sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT), NULL,
                             NULL) == STATUS_SUCCESS &&
              length > 0 && read_list(list, 32) == length && right(0, length),
          "with a short list it says how much it mapped");
    ops->FlushAdapterBuffersEx(adapter, mdls[0], base, 0, length, TRUE);
    length = SIZE;
    CHECK(ops->MapTransferEx(adapter, mdls[0], base, 0, 0, &length, TRUE, list, 8, NULL, NULL) ==
              STATUS_INVALID_PARAMETER,
          "a list without room for an element is STATUS_INVALID_PARAMETER");
    length = 300;
    ops->MapTransferEx(adapter, mdls[0], base, 100, 0, &length, FALSE, list, sizeof memory, NULL, NULL);
    *at_physical((ULONGLONG)list->Elements[0].Address.QuadPart + 7) = 0xee;
    ops->FlushAdapterBuffersEx(adapter, mdls[0], base, 100, 300, FALSE);
    CHECK(parts[0][107] == 0xee, "what the device wrote is in the buffer after the flush");
    parts[0][107] = pattern(107);
    ops->FreeAdapterObject(adapter, DeallocateObjectKeepRegisters);
    ops->Old.FreeMapRegisters(adapter, base, 8);
    KeLowerIrql(old);
}

static void lists(void) {
    PSCATTER_GATHER_LIST list = NULL;
    KIRQL old = to_dispatch();
    ops->InitializeDmaTransferContext(adapter, transfer);
    CHECK(ops->GetScatterGatherListEx(adapter, device, transfer, mdls[0], 0, SIZE, 0, NULL, NULL, TRUE, NULL,
                                      NULL, &list) == STATUS_INVALID_PARAMETER,
          "a list needs a routine unless it is asked for synchronously");
    CHECK(ops->GetScatterGatherListEx(adapter, device, transfer, mdls[0], 200, 6000, SYNCHRONOUS, NULL, NULL,
                                      TRUE, NULL, NULL, &list) == STATUS_SUCCESS &&
              list && read_list(list, 32) == 6000 && right(200, 6000),
          "GetScatterGatherListEx gives a list without a routine");
    ops->Old.PutScatterGatherList(adapter, list, TRUE);
    ops->InitializeDmaTransferContext(adapter, transfer);
    list_calls = 0;
    list = NULL;
    CHECK(ops->GetScatterGatherListEx(adapter, device, transfer, mdls[0], 0, 700, 0, list_control, NULL, TRUE,
                                      NULL, NULL, &list) == STATUS_SUCCESS &&
              list_calls == 1 && list == the_list && read_list(list, 32) == 700 && right(0, 700),
          "or with one");
    ops->Old.PutScatterGatherList(adapter, list, TRUE);
    TRANSFER_INFO t = {1, 0, 0, 0, 0};
    ops->GetDmaTransferInfo(adapter, mdls[0], 10, 7000, TRUE, &t);
    KeLowerIrql(old);
    UCHAR* memory = ExAllocatePoolWithTag(NonPagedPool, t.ScatterGatherListSize, 'tamd');
    old = to_dispatch();
    ops->InitializeDmaTransferContext(adapter, transfer);
    CHECK(ops->BuildScatterGatherListEx(adapter, device, transfer, mdls[0], 10, 7000, 0, list_control, NULL,
                                        TRUE, memory, t.ScatterGatherListSize - 1, NULL, NULL,
                                        NULL) == STATUS_BUFFER_TOO_SMALL,
          "BuildScatterGatherListEx refuses a buffer that is too small");
    CHECK(ops->BuildScatterGatherListEx(adapter, device, transfer, mdls[0], 10, 7000, 0, list_control, NULL,
                                        TRUE, memory, t.ScatterGatherListSize, NULL, NULL,
                                        &list) == STATUS_SUCCESS &&
              (UCHAR*)list == memory && the_list == list && read_list(list, 32) == 7000 && right(10, 7000),
          "and builds the list in one of the size that GetDmaTransferInfo gave");
    ops->Old.PutScatterGatherList(adapter, list, TRUE);
    KeLowerIrql(old);
    ExFreePoolWithTag(memory, 'tamd');
}

static void checks(void) {
    static const ULONG lengths[2] = {5000, SIZE - 5000};
    ULONG n = 0;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    CHECK(!open_adapter(TRUE, 0) && !open_adapter(TRUE, 65), "DmaAddressWidth is 1 to 64");
    for (int i = 0; i < 2; ++i) {
        parts[i] = ExAllocatePoolWithTag(NonPagedPool, lengths[i], 'tamd');
        mdls[i] = IoAllocateMdl(parts[i], lengths[i], FALSE, FALSE, NULL);
        MmBuildMdlForNonPagedPool(mdls[i]);
        for (ULONG j = 0; j < lengths[i]; ++j)
            parts[i][j] = pattern(n++);
    }
    mdls[0]->Next = mdls[1];
    for (int scatter_gather = 0; scatter_gather < 2; ++scatter_gather) {
        CHECK(open_adapter((BOOLEAN)scatter_gather, 32) && adapter->Version == 1,
              "DEVICE_DESCRIPTION_VERSION3 gives an adapter with version 3 of the operations");
        information();
        channels();
        map();
        lists();
        close_adapter();
    }
    for (int i = 0; i < 2; ++i) {
        IoFreeMdl(mdls[i]);
        ExFreePoolWithTag(parts[i], 'tamd');
    }
    IoDeleteDevice(device);
}
