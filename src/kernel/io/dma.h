// DMA adapters: what IoGetDmaAdapter gives out, for bus masters with the operations of versions 1 to 3, for
// subordinate devices (system DMA), which take turns with the controller's channels.
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

// Null: no memory, an unknown version, or a subordinate device with a channel that there is not or a width
// that is not the channel's.
DMA_ADAPTER* get_dma_adapter(const DEVICE_DESCRIPTION& device, ULONG& map_registers);
// Null for something that is no adapter (any more): DRIVER_VERIFIER_DMA_VIOLATION 0x18.
DmaAdapter& adapter_of(DMA_ADAPTER* adapter);

namespace dma {

void put_adapter(DmaAdapter& adapter);
ULONG address_width(const DmaAdapter& adapter); // bits
// `low` and `high`: bounds for the logical address, on top of the adapter's own.
PVOID allocate_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS& logical, ULONGLONG low = 0,
                             ULONGLONG high = ~0ull);
void free_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS logical, PVOID address);

NTSTATUS allocate_channel(DmaAdapter& adapter, DEVICE_OBJECT* device, ULONG registers,
                          PDRIVER_CONTROL routine, PVOID context);
void free_channel(DmaAdapter& adapter);
// AllocateAdapterChannelEx: `transfer` is what InitializeDmaTransferContext prepared.
NTSTATUS allocate_channel_ex(DmaAdapter& adapter, DEVICE_OBJECT* device, PVOID transfer, ULONG registers,
                             ULONG flags, PDRIVER_CONTROL routine, PVOID context, PVOID* base);
void initialize_transfer(PVOID transfer);
bool cancel_channel(PVOID transfer);
void free_object(DmaAdapter& adapter, IO_ALLOCATION_ACTION action);
void free_map_registers(DmaAdapter& adapter, PVOID base, ULONG count);
PHYSICAL_ADDRESS map_transfer(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG& length, bool write);
// Bytes that a subordinate device's transfer still has to move.
ULONG read_counter(const DmaAdapter& adapter);
bool is_subordinate(const DmaAdapter& adapter);
bool flush(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG length, bool write);

// The part of a chain from byte `offset` on. DRIVER_VERIFIER_DMA_VIOLATION 0x1B beyond its end.
struct Transfer;
Transfer transfer_at(MDL* mdl, ULONGLONG offset, ULONG length, bool write);
// MapTransferEx: as much as registers and list have room for; `length` gives how much that was. For a
// subordinate device the list may be null, and the controller is set up. STATUS_CANCELLED.
NTSTATUS map_transfer_ex(DmaAdapter& adapter, const Transfer& transfer, PVOID base, ULONG& length,
                         SCATTER_GATHER_LIST* list, ULONG list_size);
// What CancelMappedTransfer calls. The controller of a PC does not interrupt at the end of a transfer, so
// nothing else calls it.
void set_completion(DmaAdapter& adapter, PVOID base, PVOID routine, PVOID context);
// STATUS_NOT_SUPPORTED (bus masters), STATUS_INVALID_PARAMETER (nothing of the context is mapped).
NTSTATUS cancel_mapped(DmaAdapter& adapter, PVOID transfer);
void flush_ex(DmaAdapter& adapter, const Transfer& transfer, PVOID base);

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
// What a list of the transfer takes.
struct ListSize {
    ULONG elements, registers, bytes;
};
NTSTATUS calculate_list_size(DmaAdapter& adapter, MDL* mdl, PVOID va, ULONG length, ListSize& size);
struct ListOptions {
    PVOID transfer = nullptr;             // context of the Ex forms
    bool now = false;                     // do not wait for registers
    SCATTER_GATHER_LIST** list = nullptr; // gets the list before the routine is called
};
// `buffer` null: allocated. call.routine may be null with options.list.
NTSTATUS build_list(DmaAdapter& adapter, const Transfer& transfer, const ListCall& call, PVOID buffer,
                    ULONG buffer_size, const ListOptions& options = {});
void put_list(DmaAdapter& adapter, SCATTER_GATHER_LIST* list);
NTSTATUS build_mdl_from_list(SCATTER_GATHER_LIST* list, MDL* original, MDL*& target);

} // namespace dma
} // namespace nt::io
