// DMA adapters of bus masters: what IoGetDmaAdapter gives out, with the operations of versions 1 and 2.
//
// There is no IOMMU: a logical address is a physical one. A page that the device cannot address (above 16 MiB
// or 4 GiB), or that does not continue the page before for a device without scatter/gather, goes through a
// map register: a page below the limit that the data is copied to or from, as on a PC. Map registers of each
// limit are a fixed number; who finds too few free waits, in order.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-adapter-objects
#pragma once
#include "abi/misc.h"
#include "abi/mm.h"

namespace nt::io {

struct DmaAdapter; // starts with a DMA_ADAPTER

// Null: no memory, an unknown version, or a subordinate device (the machine has no system DMA controller).
DMA_ADAPTER* get_dma_adapter(const DEVICE_DESCRIPTION& device, ULONG& map_registers);
// Null for something that is no adapter (any more): DRIVER_VERIFIER_DMA_VIOLATION 0x18.
DmaAdapter& adapter_of(DMA_ADAPTER* adapter);

namespace dma {

void put_adapter(DmaAdapter& adapter);
PVOID allocate_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS& logical);
void free_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS logical, PVOID address);

NTSTATUS allocate_channel(DmaAdapter& adapter, DEVICE_OBJECT* device, ULONG registers,
                          PDRIVER_CONTROL routine, PVOID context);
void free_channel(DmaAdapter& adapter);
void free_map_registers(DmaAdapter& adapter, PVOID base, ULONG count);
PHYSICAL_ADDRESS map_transfer(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG& length, bool write);
bool flush(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG length, bool write);

// Part of a (chained) MDL to transfer.
struct Transfer {
    MDL* mdl;
    PVOID va;
    ULONG length;
    bool write; // to the device
};
struct ListCall {
    DEVICE_OBJECT* device;
    PDRIVER_LIST_CONTROL routine;
    PVOID context;
};
NTSTATUS calculate_list_size(DmaAdapter& adapter, MDL* mdl, PVOID va, ULONG length, ULONG& size,
                             ULONG* registers);
// `buffer` null: allocated.
NTSTATUS build_list(DmaAdapter& adapter, const Transfer& transfer, const ListCall& call, PVOID buffer,
                    ULONG buffer_size);
void put_list(DmaAdapter& adapter, SCATTER_GATHER_LIST* list);
NTSTATUS build_mdl_from_list(SCATTER_GATHER_LIST* list, MDL* original, MDL*& target);

} // namespace dma
} // namespace nt::io
