// The operations of DMA adapters that came with version 3 (pages nc-wdm-pallocate_adapter_channel_ex,
// nc-wdm-pmap_transfer_ex, nc-wdm-pget_scatter_gather_list_ex …).
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/dma.h"
#include "kernel/io/dma_v3.h"
#include "kernel/ke/bugcheck.h"

using namespace nt;
using exports::need_in;
using exports::need_out;
using exports::need_write;

extern "C" NTSTATUS HalpGetDmaAdapterInfo(DMA_ADAPTER* adapter, DMA_ADAPTER_INFO* info) {
    io::DmaAdapter& a = io::adapter_of(adapter);
    if (need_out(info).Version != 1) return STATUS_NOT_SUPPORTED;
    *info = {.Version = 1,
             .ReadDmaCounterAvailable = io::dma::is_subordinate(a),
             .ScatterGatherLimit = io::dma::is_subordinate(a) ? 1 : ~0u,
             .DmaAddressWidth = io::dma::address_width(a),
             .Flags = 0,
             .MinimumTransferUnit = 1};
    return STATUS_SUCCESS;
}
GATE(HalpGetDmaAdapterInfo);

extern "C" NTSTATUS HalpGetDmaTransferInfo(DMA_ADAPTER* adapter, MDL* mdl, ULONGLONG offset, ULONG length,
                                           BOOLEAN write, DMA_TRANSFER_INFO* info) {
    io::DmaAdapter& a = io::adapter_of(adapter);
    need_write(info, offsetof(DMA_TRANSFER_INFO, LogicalPageCount));
    if (info->Version != 1 && info->Version != 2) return STATUS_NOT_SUPPORTED;
    const io::dma::Transfer t = io::dma::transfer_at(&need_out(mdl), offset, length, write != 0);
    io::dma::ListSize needs;
    const NTSTATUS status = io::dma::calculate_list_size(a, t.mdl, t.va, length, needs);
    if (!NT_SUCCESS(status)) return status;
    info->MapRegisterCount = needs.registers;
    info->ScatterGatherElementCount = needs.elements;
    info->ScatterGatherListSize = needs.bytes;
    if (info->Version == 2) need_out(info).LogicalPageCount = needs.elements;
    return status;
}
GATE(HalpGetDmaTransferInfo);

extern "C" NTSTATUS HalpInitializeDmaTransferContext(DMA_ADAPTER* adapter, PVOID context) {
    io::adapter_of(adapter);
    if (!context) return STATUS_INVALID_PARAMETER;
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    io::dma::initialize_transfer(context);
    return STATUS_SUCCESS;
}
GATE(HalpInitializeDmaTransferContext);

extern "C" PVOID HalpAllocateCommonBufferEx(DMA_ADAPTER* adapter, PHYSICAL_ADDRESS* highest, ULONG length,
                                            PHYSICAL_ADDRESS* logical, BOOLEAN, ULONG) {
    const ULONGLONG high = highest ? static_cast<ULONGLONG>(need_in(highest).QuadPart) : ~0ull;
    return io::dma::allocate_common_buffer(io::adapter_of(adapter), length, need_out(logical), 0, high);
}
GATE(HalpAllocateCommonBufferEx);

extern "C" PVOID HalpAllocateCommonBufferWithBounds(DMA_ADAPTER* adapter, PHYSICAL_ADDRESS* lowest,
                                                    PHYSICAL_ADDRESS* highest, ULONG length, ULONG,
                                                    MEMORY_CACHING_TYPE*, ULONG, PHYSICAL_ADDRESS* logical) {
    const ULONGLONG low = lowest ? static_cast<ULONGLONG>(need_in(lowest).QuadPart) : 0;
    const ULONGLONG high = highest ? static_cast<ULONGLONG>(need_in(highest).QuadPart) : ~0ull;
    return io::dma::allocate_common_buffer(io::adapter_of(adapter), length, need_out(logical), low, high);
}
GATE(HalpAllocateCommonBufferWithBounds);

extern "C" NTSTATUS HalpAllocateAdapterChannelEx(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, PVOID context,
                                                 ULONG registers, ULONG flags, PDRIVER_CONTROL routine,
                                                 PVOID routine_context, PVOID* base) {
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    if (base) need_out(base);
    return io::dma::allocate_channel_ex(io::adapter_of(adapter), &need_out(device), context, registers, flags,
                                        routine, routine_context, base);
}
GATE(HalpAllocateAdapterChannelEx);

// Custom functions belong to system DMA controllers.
extern "C" NTSTATUS HalpConfigureAdapterChannel(DMA_ADAPTER* adapter, ULONG, PVOID) {
    io::adapter_of(adapter);
    return STATUS_NOT_IMPLEMENTED;
}
GATE(HalpConfigureAdapterChannel);

extern "C" BOOLEAN HalpCancelAdapterChannel(DMA_ADAPTER* adapter, DEVICE_OBJECT*, PVOID context) {
    io::adapter_of(adapter);
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    return io::dma::cancel_channel(context);
}
GATE(HalpCancelAdapterChannel);

extern "C" NTSTATUS HalpMapTransferEx(DMA_ADAPTER* adapter, MDL* mdl, PVOID base, ULONGLONG offset, ULONG,
                                      ULONG* length, BOOLEAN write, SCATTER_GATHER_LIST* list,
                                      ULONG list_size, PVOID completion, PVOID context) {
    io::DmaAdapter& a = io::adapter_of(adapter);
    if (completion && !io::dma::is_subordinate(a)) return STATUS_INVALID_PARAMETER;
    if (list) need_write(list, list_size);
    const io::dma::Transfer t = io::dma::transfer_at(&need_out(mdl), offset, need_out(length), write != 0);
    const NTSTATUS status = io::dma::map_transfer_ex(a, t, base, *length, list, list_size);
    if (NT_SUCCESS(status)) io::dma::set_completion(a, base, completion, context);
    return status;
}
GATE(HalpMapTransferEx);

extern "C" NTSTATUS HalpFlushAdapterBuffersEx(DMA_ADAPTER* adapter, MDL* mdl, PVOID base, ULONGLONG offset,
                                              ULONG length, BOOLEAN write) {
    const io::dma::Transfer t = io::dma::transfer_at(&need_out(mdl), offset, length, write != 0);
    io::dma::flush_ex(io::adapter_of(adapter), t, base);
    return STATUS_SUCCESS;
}
GATE(HalpFlushAdapterBuffersEx);

// Who gets a list without a routine must ask for it at once and take it from `list`.
static bool valid(ULONG flags, PDRIVER_LIST_CONTROL routine, SCATTER_GATHER_LIST** list) {
    return routine || ((flags & DMA_SYNCHRONOUS_CALLBACK) && list);
}

extern "C" NTSTATUS HalpGetScatterGatherListEx(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, PVOID context,
                                               MDL* mdl, ULONGLONG offset, ULONG length, ULONG flags,
                                               PDRIVER_LIST_CONTROL routine, PVOID routine_context,
                                               BOOLEAN write, PVOID, PVOID, SCATTER_GATHER_LIST** list) {
    if (!valid(flags, routine, list)) return STATUS_INVALID_PARAMETER;
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    if (list) need_out(list);
    const io::dma::Transfer t = io::dma::transfer_at(&need_out(mdl), offset, length, write != 0);
    return io::dma::build_list(io::adapter_of(adapter), t, {device, routine, routine_context}, nullptr, 0,
                               {context, (flags & DMA_SYNCHRONOUS_CALLBACK) != 0, list});
}
GATE(HalpGetScatterGatherListEx);

extern "C" NTSTATUS HalpBuildScatterGatherListEx(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, PVOID context,
                                                 MDL* mdl, ULONGLONG offset, ULONG length, ULONG flags,
                                                 PDRIVER_LIST_CONTROL routine, PVOID routine_context,
                                                 BOOLEAN write, PVOID buffer, ULONG size, PVOID, PVOID,
                                                 SCATTER_GATHER_LIST** list) {
    if (!valid(flags, routine, list) || !buffer) return STATUS_INVALID_PARAMETER;
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    need_write(buffer, size);
    if (list) need_out(list);
    const io::dma::Transfer t = io::dma::transfer_at(&need_out(mdl), offset, length, write != 0);
    return io::dma::build_list(io::adapter_of(adapter), t, {device, routine, routine_context}, buffer, size,
                               {context, (flags & DMA_SYNCHRONOUS_CALLBACK) != 0, list});
}
GATE(HalpBuildScatterGatherListEx);

extern "C" void HalpFreeAdapterObject(DMA_ADAPTER* adapter, IO_ALLOCATION_ACTION action) {
    io::dma::free_object(io::adapter_of(adapter), action);
}
GATE(HalpFreeAdapterObject);

// assumed: for a bus master there is no such transfer.
extern "C" NTSTATUS HalpCancelMappedTransfer(DMA_ADAPTER* adapter, PVOID context) {
    io::DmaAdapter& a = io::adapter_of(adapter);
    if (!io::dma::is_subordinate(a)) return STATUS_NOT_SUPPORTED;
    need_write(context, DMA_TRANSFER_CONTEXT_SIZE_V1);
    return io::dma::cancel_mapped(a, context);
}
GATE(HalpCancelMappedTransfer);

// x64 keeps caches and DMA coherent.
extern "C" NTSTATUS HalpFlushDmaBuffer(DMA_ADAPTER* adapter, MDL*, BOOLEAN) {
    io::adapter_of(adapter);
    return STATUS_SUCCESS;
}
GATE(HalpFlushDmaBuffer);

// Not there: they stop the machine with their names.
#define MISSING(gate, name)                                                                                  \
    extern "C" void gate(DMA_ADAPTER*) { ke::stub_called("DMA_OPERATIONS." name); }                          \
    GATE(gate)
MISSING(HalpAllocateDomainCommonBuffer, "AllocateDomainCommonBuffer");
MISSING(HalpJoinDmaDomain, "JoinDmaDomain");
MISSING(HalpLeaveDmaDomain, "LeaveDmaDomain");
MISSING(HalpGetDmaDomain, "GetDmaDomain");
MISSING(HalpAllocateCommonBufferVector, "AllocateCommonBufferVector");
MISSING(HalpGetCommonBufferFromVectorByIndex, "GetCommonBufferFromVectorByIndex");
MISSING(HalpFreeCommonBufferFromVector, "FreeCommonBufferFromVector");
MISSING(HalpFreeCommonBufferVector, "FreeCommonBufferVector");
