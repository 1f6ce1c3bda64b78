// DMA: wdm page nf-wdm-iogetdmaadapter, and the operations of the adapters that it gives, which drivers call
// through DMA_OPERATIONS (pages nc-wdm-pput_dma_adapter, nc-wdm-pmap_transfer,
// nc-wdm-pget_scatter_gather_list …).
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/dma.h"

using namespace nt;
using exports::need_in;
using exports::need_out;

extern "C" DMA_ADAPTER* IoGetDmaAdapter(DEVICE_OBJECT*, const DEVICE_DESCRIPTION* device, ULONG* registers) {
    need_out(registers);
    return io::get_dma_adapter(need_in(device), *registers);
}
GATE(IoGetDmaAdapter);
extern "C" DMA_ADAPTER* HalGetAdapter(const DEVICE_DESCRIPTION* device, ULONG* registers) {
    return IoGetDmaAdapter(nullptr, device, registers);
}
GATE(HalGetAdapter);

extern "C" void HalPutDmaAdapter(DMA_ADAPTER* adapter) { io::dma::put_adapter(io::adapter_of(adapter)); }
GATE(HalPutDmaAdapter);

extern "C" PVOID HalpAllocateCommonBuffer(DMA_ADAPTER* adapter, ULONG length, PHYSICAL_ADDRESS* logical,
                                          BOOLEAN) {
    return io::dma::allocate_common_buffer(io::adapter_of(adapter), length, need_out(logical));
}
GATE(HalpAllocateCommonBuffer);

extern "C" void HalpFreeCommonBuffer(DMA_ADAPTER* adapter, ULONG length, PHYSICAL_ADDRESS logical,
                                     PVOID address, BOOLEAN) {
    io::dma::free_common_buffer(io::adapter_of(adapter), length, logical, address);
}
GATE(HalpFreeCommonBuffer);

extern "C" NTSTATUS HalpAllocateAdapterChannel(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, ULONG registers,
                                               PDRIVER_CONTROL routine, PVOID context) {
    return io::dma::allocate_channel(io::adapter_of(adapter), &need_out(device), registers, routine, context);
}
GATE(HalpAllocateAdapterChannel);

extern "C" BOOLEAN HalpFlushAdapterBuffers(DMA_ADAPTER* adapter, MDL* mdl, PVOID base, PVOID va, ULONG length,
                                           BOOLEAN write) {
    return io::dma::flush(io::adapter_of(adapter), &need_out(mdl), base, va, length, write);
}
GATE(HalpFlushAdapterBuffers);

extern "C" void HalpFreeAdapterChannel(DMA_ADAPTER* adapter) {
    io::dma::free_channel(io::adapter_of(adapter));
}
GATE(HalpFreeAdapterChannel);

extern "C" void HalpFreeMapRegisters(DMA_ADAPTER* adapter, PVOID base, ULONG count) {
    io::dma::free_map_registers(io::adapter_of(adapter), base, count);
}
GATE(HalpFreeMapRegisters);

extern "C" PHYSICAL_ADDRESS HalpMapTransfer(DMA_ADAPTER* adapter, MDL* mdl, PVOID base, PVOID va,
                                            ULONG* length, BOOLEAN write) {
    return io::dma::map_transfer(io::adapter_of(adapter), &need_out(mdl), base, va, need_out(length), write);
}
GATE(HalpMapTransfer);

// x64 keeps caches and DMA coherent.
extern "C" ULONG HalpDmaGetDmaAlignment(DMA_ADAPTER* adapter) {
    io::adapter_of(adapter);
    return 1;
}
GATE(HalpDmaGetDmaAlignment);

extern "C" ULONG HalpReadDmaCounter(DMA_ADAPTER* adapter) {
    return io::dma::read_counter(io::adapter_of(adapter));
}
GATE(HalpReadDmaCounter);

extern "C" NTSTATUS HalpBuildScatterGatherList(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, MDL* mdl,
                                               PVOID va, ULONG length, PDRIVER_LIST_CONTROL routine,
                                               PVOID context, BOOLEAN write, PVOID buffer, ULONG size) {
    exports::need_write(buffer, size);
    return io::dma::build_list(io::adapter_of(adapter), {&need_out(mdl), va, length, write != 0},
                               {device, routine, context}, buffer, size);
}
GATE(HalpBuildScatterGatherList);

extern "C" NTSTATUS HalpGetScatterGatherList(DMA_ADAPTER* adapter, DEVICE_OBJECT* device, MDL* mdl, PVOID va,
                                             ULONG length, PDRIVER_LIST_CONTROL routine, PVOID context,
                                             BOOLEAN write) {
    return io::dma::build_list(io::adapter_of(adapter), {&need_out(mdl), va, length, write != 0},
                               {device, routine, context}, nullptr, 0);
}
GATE(HalpGetScatterGatherList);

// The direction is the one that the list was built for.
extern "C" void HalpPutScatterGatherList(DMA_ADAPTER* adapter, SCATTER_GATHER_LIST* list, BOOLEAN) {
    io::dma::put_list(io::adapter_of(adapter), &need_out(list));
}
GATE(HalpPutScatterGatherList);

extern "C" NTSTATUS HalpCalculateScatterGatherListSize(DMA_ADAPTER* adapter, MDL* mdl, PVOID va, ULONG length,
                                                       ULONG* size, ULONG* registers) {
    need_out(size);
    if (registers) need_out(registers);
    io::dma::ListSize needs;
    const NTSTATUS status = io::dma::calculate_list_size(io::adapter_of(adapter), mdl, va, length, needs);
    if (!NT_SUCCESS(status)) return status;
    *size = needs.bytes;
    if (registers) *registers = needs.registers;
    return status;
}
GATE(HalpCalculateScatterGatherListSize);

extern "C" NTSTATUS HalpBuildMdlFromScatterGatherList(DMA_ADAPTER* adapter, SCATTER_GATHER_LIST* list,
                                                      MDL* original, MDL** target) {
    io::adapter_of(adapter);
    return io::dma::build_mdl_from_list(&need_out(list), original, need_out(target));
}
GATE(HalpBuildMdlFromScatterGatherList);
