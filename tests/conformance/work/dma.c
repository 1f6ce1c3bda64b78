// DMA adapters of bus masters: what IoGetDmaAdapter and the pages of its operations promise. The device is
// played by hand, through the physical addresses that it would be given.
#define TOPIC L"Dma"
#include "../common/driver.h"

#define SIZE (3 * PAGE_SIZE + 100)

static PDEVICE_OBJECT device;
static ULONG limit; // map registers

static PDMA_ADAPTER get_adapter(ULONG version, BOOLEAN scatter_gather, int bits, ULONG length) {
    DEVICE_DESCRIPTION d;
    RtlZeroMemory(&d, sizeof d);
    d.Version = version;
    d.Master = TRUE;
    d.ScatterGather = scatter_gather;
    d.Dma32BitAddresses = bits == 32;
    d.Dma64BitAddresses = bits == 64;
    d.InterfaceType = bits == 24 ? Isa : PCIBus;
    d.MaximumLength = length;
    limit = 0;
    return IoGetDmaAdapter(NULL, &d, &limit);
}
static void put_adapter(PDMA_ADAPTER adapter) { adapter->DmaOperations->PutDmaAdapter(adapter); }

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
static void device_reads(UCHAR* to, ULONGLONG address, ULONG length) {
    for (ULONG i = 0; i < length; ++i)
        to[i] = *at_physical(address + i);
}
static void device_writes(ULONGLONG address, UCHAR value, ULONG length) {
    for (ULONG i = 0; i < length; ++i)
        *at_physical(address + i) = value;
}
static BOOLEAN all(const UCHAR* p, UCHAR value, ULONG length) {
    for (ULONG i = 0; i < length; ++i)
        if (p[i] != value) return FALSE;
    return TRUE;
}

static UCHAR* buffer;
static PMDL buffer_mdl;
static UCHAR seen[SIZE];

static void make_buffer(void) {
    buffer = (UCHAR*)ExAllocatePoolWithTag(NonPagedPool, SIZE + 64, 'tamd') + 40;
    buffer_mdl = IoAllocateMdl(buffer, SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(buffer_mdl);
    for (ULONG i = 0; i < SIZE; ++i)
        buffer[i] = (UCHAR)(i * 7 + i / 256);
}
static void free_buffer(void) {
    IoFreeMdl(buffer_mdl);
    ExFreePoolWithTag(buffer - 40, 'tamd');
}

static void versions(void) {
    PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION, TRUE, 64, SIZE);
    CHECK(a && a->Version == 1, "IoGetDmaAdapter gives an adapter of version 1");
    CHECK(limit >= 1, "and the number of map registers");
    CHECK(a->DmaOperations->Size >= FIELD_OFFSET(DMA_OPERATIONS, CalculateScatterGatherList),
          "version 1 of its operations ends with PutScatterGatherList");
    put_adapter(a);
    a = get_adapter(DEVICE_DESCRIPTION_VERSION1, TRUE, 32, SIZE);
    CHECK(a != NULL, "DEVICE_DESCRIPTION_VERSION1 is served");
    CHECK(a->DmaOperations->GetDmaAlignment(a) >= 1, "GetDmaAlignment gives an alignment in bytes");
    put_adapter(a);
    a = get_adapter(DEVICE_DESCRIPTION_VERSION2, TRUE, 64, SIZE);
    CHECK(a && a->Version == 1 && a->DmaOperations->Size >= sizeof(DMA_OPERATIONS),
          "DEVICE_DESCRIPTION_VERSION2 gives the operations of version 2");
    put_adapter(a);
    CHECK(!get_adapter(77, TRUE, 64, SIZE), "a version that is not supported gives NULL");
}

static void common_buffers(void) {
    static const int widths[] = {64, 32, 24};
    for (int w = 0; w < 3; ++w) {
        PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION2, FALSE, widths[w], SIZE);
        PHYSICAL_ADDRESS logical;
        UCHAR* p = a->DmaOperations->AllocateCommonBuffer(a, SIZE, &logical, TRUE);
        CHECK(p != NULL, "AllocateCommonBuffer gives memory");
        BOOLEAN contiguous = TRUE;
        for (ULONG i = 0; i < SIZE; i += 100) {
            p[i] = (UCHAR)i;
            if (*at_physical((ULONGLONG)logical.QuadPart + i) != (UCHAR)i) contiguous = FALSE;
        }
        CHECK(contiguous, "that is contiguous for the device");
        if (widths[w] < 64)
            CHECK((ULONGLONG)logical.QuadPart + SIZE <= 1ull << widths[w], "and within its reach");
        a->DmaOperations->FreeCommonBuffer(a, SIZE, logical, p, TRUE);
        put_adapter(a);
    }
}

static ULONG control_calls;
static PVOID register_base, control_context;
static PIRP control_irp;
static PDEVICE_OBJECT control_device;
static KIRQL control_irql;
static IO_ALLOCATION_ACTION control_answer;
static IO_ALLOCATION_ACTION NTAPI control(PDEVICE_OBJECT d, PIRP irp, PVOID base, PVOID context) {
    ++control_calls;
    control_device = d;
    control_irp = irp;
    register_base = base;
    control_context = context;
    control_irql = KeGetCurrentIrql();
    return control_answer;
}

static void channels(void) {
    PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION, FALSE, 32, SIZE);
    PDEVICE_OBJECT other;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &other);
    PIRP irp = IoAllocateIrp(1, FALSE);
    KIRQL old = to_dispatch();
    device->CurrentIrp = irp;
    control_calls = 0;
    CHECK(a->DmaOperations->AllocateAdapterChannel(a, device, limit + 1, control, NULL) ==
                  STATUS_INSUFFICIENT_RESOURCES &&
              !control_calls,
          "more map registers than IoGetDmaAdapter returned are STATUS_INSUFFICIENT_RESOURCES");
    control_answer = KeepObject;
    CHECK(a->DmaOperations->AllocateAdapterChannel(a, device, 2, control, &limit) == STATUS_SUCCESS &&
              control_calls == 1,
          "AllocateAdapterChannel calls AdapterControl when the channel is free");
    CHECK(control_irql == DISPATCH_LEVEL && control_device == device && control_irp == irp &&
              control_context == &limit,
          "at DISPATCH_LEVEL, with the device, its CurrentIrp and the context");
    CHECK(a->DmaOperations->AllocateAdapterChannel(a, other, 2, control, NULL) == STATUS_SUCCESS &&
              control_calls == 1,
          "while the channel is in use the next one is queued");
    control_answer = DeallocateObject;
    a->DmaOperations->FreeAdapterChannel(a);
    CHECK(control_calls == 2 && control_device == other, "until FreeAdapterChannel");
    control_answer = DeallocateObjectKeepRegisters;
    a->DmaOperations->AllocateAdapterChannel(a, device, 1, control, NULL);
    PVOID first = register_base;
    a->DmaOperations->AllocateAdapterChannel(a, other, 1, control, NULL);
    CHECK(control_calls == 4 && register_base != first,
          "with DeallocateObjectKeepRegisters the channel is free at once, the registers are kept");
    a->DmaOperations->FreeMapRegisters(a, first, 1);
    a->DmaOperations->FreeMapRegisters(a, register_base, 1);
    device->CurrentIrp = NULL;
    KeLowerIrql(old);
    IoFreeIrp(irp);
    IoDeleteDevice(other);
    put_adapter(a);
}

static void waiting(void) {
    static PDMA_ADAPTER adapters[64];
    static PDEVICE_OBJECT devices[64];
    static PVOID bases[64];
    ULONG n = 0, registers = 0;
    control_answer = DeallocateObjectKeepRegisters;
    control_calls = 0;
    for (; n < 64; ++n) {
        adapters[n] = get_adapter(DEVICE_DESCRIPTION_VERSION, FALSE, 24, 1024 * 1024);
        if (!adapters[n]) break;
        IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &devices[n]);
        registers = limit;
        KIRQL old = to_dispatch();
        NTSTATUS status = adapters[n]->DmaOperations->AllocateAdapterChannel(adapters[n], devices[n],
                                                                             registers, control, NULL);
        KeLowerIrql(old);
        if (!NT_SUCCESS(status) || control_calls == n) break;
        bases[n] = register_base;
    }
    CHECK(n > 0 && n < 64 && control_calls == n, "when map registers run out, AdapterControl is queued");
    KIRQL old = to_dispatch();
    adapters[0]->DmaOperations->FreeMapRegisters(adapters[0], bases[0], registers);
    CHECK(control_calls == n + 1 && control_device == devices[n], "until others are freed");
    adapters[n]->DmaOperations->FreeMapRegisters(adapters[n], register_base, registers);
    for (ULONG i = 1; i < n; ++i)
        adapters[i]->DmaOperations->FreeMapRegisters(adapters[i], bases[i], registers);
    KeLowerIrql(old);
    for (ULONG i = 0; i <= n; ++i) {
        put_adapter(adapters[i]);
        IoDeleteDevice(devices[i]);
    }
}

static void packet(BOOLEAN scatter_gather, int bits) {
    make_buffer();
    PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION, scatter_gather, bits, SIZE);
    ULONG registers = ADDRESS_AND_SIZE_TO_SPAN_PAGES(buffer, SIZE);
    CHECK(registers <= limit, "there are map registers for a transfer of MaximumLength");
    control_answer = DeallocateObjectKeepRegisters;
    KIRQL old = to_dispatch();
    a->DmaOperations->AllocateAdapterChannel(a, device, registers, control, NULL);
    for (int write = 1; write >= 0; --write) {
        BOOLEAN in_reach = TRUE, whole = TRUE;
        UCHAR* va = MmGetMdlVirtualAddress(buffer_mdl);
        for (ULONG done = 0; done < SIZE;) {
            ULONG length = SIZE - done;
            PHYSICAL_ADDRESS p = a->DmaOperations->MapTransfer(a, buffer_mdl, register_base, va + done,
                                                               &length, (BOOLEAN)write);
            if (length != SIZE - done) whole = FALSE;
            if (bits < 64 && (ULONGLONG)p.QuadPart + length > 1ull << bits) in_reach = FALSE;
            if (write)
                device_reads(seen + done, (ULONGLONG)p.QuadPart, length);
            else
                device_writes((ULONGLONG)p.QuadPart, (UCHAR)0xd5, length);
            CHECK(a->DmaOperations->FlushAdapterBuffers(a, buffer_mdl, register_base, va + done, length,
                                                        (BOOLEAN)write),
                  "FlushAdapterBuffers succeeds");
            done += length;
        }
        CHECK(in_reach, "MapTransfer gives addresses within the reach of the device");
        if (!scatter_gather) CHECK(whole, "without scatter/gather it maps the whole length");
        if (write)
            CHECK(RtlCompareMemory(seen, buffer, SIZE) == SIZE, "the device reads what the buffer holds");
        else
            CHECK(all(buffer, 0xd5, SIZE), "after the flush the buffer holds what the device wrote");
    }
    a->DmaOperations->FreeMapRegisters(a, register_base, registers);
    KeLowerIrql(old);
    put_adapter(a);
    free_buffer();
}

static PSCATTER_GATHER_LIST list;
static ULONG list_calls;
static VOID NTAPI list_control(PDEVICE_OBJECT d, PIRP irp, PSCATTER_GATHER_LIST l, PVOID context) {
    ++list_calls;
    control_device = d;
    control_irp = irp;
    control_context = context;
    control_irql = KeGetCurrentIrql();
    list = l;
}
// The device's part: reads all of it into `seen`, or fills it. Gives the length, 0 beyond its reach.
static ULONG play(int write, int bits) {
    ULONG done = 0;
    for (ULONG i = 0; i < list->NumberOfElements; ++i) {
        ULONGLONG at = (ULONGLONG)list->Elements[i].Address.QuadPart;
        ULONG length = list->Elements[i].Length;
        if ((bits < 64 && at + length > 1ull << bits) || done + length > SIZE) return 0;
        if (write)
            device_reads(seen + done, at, length);
        else
            device_writes(at, 0x3c, length);
        done += length;
    }
    return done;
}

static void lists(BOOLEAN scatter_gather, int bits) {
    make_buffer();
    PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION2, scatter_gather, bits, SIZE);
    for (int write = 1; write >= 0; --write) {
        KIRQL old = to_dispatch();
        list_calls = 0;
        CHECK(a->DmaOperations->GetScatterGatherList(a, device, buffer_mdl, buffer, SIZE, list_control, &list,
                                                     (BOOLEAN)write) == STATUS_SUCCESS &&
                  list_calls == 1,
              "GetScatterGatherList calls AdapterListControl");
        CHECK(control_irql == DISPATCH_LEVEL && control_device == device && control_context == &list,
              "at DISPATCH_LEVEL, with device and context");
        CHECK(play(write, bits) == SIZE, "its list describes the transfer within the reach of the device");
        if (!scatter_gather)
            CHECK(list->NumberOfElements == 1, "in one piece for a device without scatter/gather");
        a->DmaOperations->PutScatterGatherList(a, list, (BOOLEAN)write);
        if (write)
            CHECK(RtlCompareMemory(seen, buffer, SIZE) == SIZE, "the device reads what the buffer holds");
        else
            CHECK(all(buffer, 0x3c, SIZE), "after PutScatterGatherList the buffer holds what it wrote");
        KeLowerIrql(old);
    }
    CHECK(a->DmaOperations->GetScatterGatherList(a, device, buffer_mdl, buffer, SIZE + 1, list_control, NULL,
                                                 TRUE) == STATUS_BUFFER_TOO_SMALL,
          "a length beyond the buffer is STATUS_BUFFER_TOO_SMALL");
    put_adapter(a);
    a = get_adapter(DEVICE_DESCRIPTION_VERSION2, scatter_gather, bits, SIZE);
    ULONG size = 0, most = 0, registers = 0;
    CHECK(a->DmaOperations->CalculateScatterGatherList(a, buffer_mdl, buffer, SIZE, &size, &registers) ==
                  STATUS_SUCCESS &&
              size >= sizeof(SCATTER_GATHER_LIST),
          "CalculateScatterGatherList gives the size of the list");
    CHECK(a->DmaOperations->CalculateScatterGatherList(a, NULL, buffer, SIZE, &most, NULL) ==
                  STATUS_SUCCESS &&
              most >= size,
          "and without an MDL the largest possible");
    CHECK(a->DmaOperations->CalculateScatterGatherList(a, buffer_mdl, buffer, SIZE + 1, &most, NULL) ==
              STATUS_BUFFER_TOO_SMALL,
          "or STATUS_BUFFER_TOO_SMALL");
    UCHAR* memory = ExAllocatePoolWithTag(NonPagedPool, size, 'tamd');
    KIRQL old = to_dispatch();
    list_calls = 0;
    CHECK(a->DmaOperations->BuildScatterGatherList(a, device, buffer_mdl, buffer, SIZE, list_control, NULL,
                                                   TRUE, memory, size - 1) == STATUS_BUFFER_TOO_SMALL &&
              !list_calls,
          "BuildScatterGatherList refuses a buffer that is too small");
    CHECK(a->DmaOperations->BuildScatterGatherList(a, device, buffer_mdl, buffer, SIZE, list_control, NULL,
                                                   TRUE, memory, size) == STATUS_SUCCESS &&
              list_calls == 1 && (UCHAR*)list == memory && play(1, bits) == SIZE,
          "and builds the list in one that is large enough");
    PMDL target = NULL;
    CHECK(a->DmaOperations->BuildMdlFromScatterGatherList(a, list, NULL, &target) == STATUS_INVALID_PARAMETER,
          "BuildMdlFromScatterGatherList needs the original MDL");
    CHECK(a->DmaOperations->BuildMdlFromScatterGatherList(a, list, buffer_mdl, &target) == STATUS_SUCCESS &&
              target && MmGetMdlByteCount(target) == SIZE,
          "and gives one for the memory that the device uses");
    if (target != buffer_mdl) {
        ULONGLONG page = MmGetMdlPfnArray(target)[0];
        CHECK(page == (ULONGLONG)list->Elements[0].Address.QuadPart >> PAGE_SHIFT,
              "whose pages are the list's");
        CHECK(a->DmaOperations->BuildMdlFromScatterGatherList(a, list, buffer_mdl, &target) ==
                  STATUS_NONE_MAPPED,
              "but only once");
    }
    a->DmaOperations->PutScatterGatherList(a, list, TRUE);
    KeLowerIrql(old);
    ExFreePoolWithTag(memory, 'tamd');
    put_adapter(a);
    free_buffer();
}

static void chains(int bits) {
    UCHAR* parts[2];
    PMDL mdls[2];
    static const ULONG lengths[2] = {5000, 300};
    for (int i = 0; i < 2; ++i) {
        parts[i] = ExAllocatePoolWithTag(NonPagedPool, lengths[i], 'tamd');
        mdls[i] = IoAllocateMdl(parts[i], lengths[i], FALSE, FALSE, NULL);
        MmBuildMdlForNonPagedPool(mdls[i]);
        RtlFillMemory(parts[i], lengths[i], 0x11 + i);
    }
    mdls[0]->Next = mdls[1];
    PDMA_ADAPTER a = get_adapter(DEVICE_DESCRIPTION_VERSION2, TRUE, bits, SIZE);
    KIRQL old = to_dispatch();
    a->DmaOperations->GetScatterGatherList(a, device, mdls[0], parts[0], 5300, list_control, NULL, TRUE);
    CHECK(play(1, bits) == 5300 && all(seen, 0x11, 5000) && all(seen + 5000, 0x12, 300),
          "chained MDLs are one transfer");
    a->DmaOperations->PutScatterGatherList(a, list, TRUE);
    a->DmaOperations->GetScatterGatherList(a, device, mdls[0], parts[0], 5300, list_control, NULL, FALSE);
    play(0, bits);
    a->DmaOperations->PutScatterGatherList(a, list, FALSE);
    CHECK(all(parts[0], 0x3c, 5000) && all(parts[1], 0x3c, 300), "in both directions");
    KeLowerIrql(old);
    put_adapter(a);
    for (int i = 0; i < 2; ++i) {
        IoFreeMdl(mdls[i]);
        ExFreePoolWithTag(parts[i], 'tamd');
    }
}

static void checks(void) {
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    versions();
    common_buffers();
    channels();
    waiting();
    packet(TRUE, 64);
    packet(TRUE, 32);
    packet(FALSE, 64);
    packet(FALSE, 32);
    packet(FALSE, 24);
    lists(TRUE, 64);
    lists(TRUE, 32);
    lists(FALSE, 32);
    chains(64);
    chains(32);
    IoDeleteDevice(device);
}
