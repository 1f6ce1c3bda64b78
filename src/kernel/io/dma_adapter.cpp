#include "kernel/io/detail/dma_adapter.h"
#include "abi/bugcheck.h"
#include "base/list.h"
#include "hardware/dma_controller.h"
#include "kernel/io/driver.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <bit>
#include <cstddef>

namespace nt::io {

namespace system_dma = hardware::dma_controller;

namespace {

constexpr ULONG adapter_tag = pool::tag("DmaA"), buffer_tag = pool::tag("DmaB");
// assumed: what Windows gives is the platform's matter; 64 was the PC's classic limit.
constexpr ULONG most_registers = 64;
constexpr ULONG most_unlimited = 0x10'0000;

struct CommonBuffer {
    LIST_ENTRY link;
    mm::Run run;
    ULONG length;
};

// The tables that adapters point at: the same routines, cut where the version ends.
struct Tables {
    DMA_OPERATIONS version1, version2;
    DMA_OPERATIONS_V3 version3;
};

Tables* tables() {
    static Tables* made = [] {
        auto* t =
            static_cast<Tables*>(pool::allocate(pool::Kind::nonpaged, sizeof(Tables), adapter_tag, 0, true));
        if (!t) return t;
        const char* const names[] = {"HalPutDmaAdapter",
                                     "HalpAllocateCommonBuffer",
                                     "HalpFreeCommonBuffer",
                                     "HalpAllocateAdapterChannel",
                                     "HalpFlushAdapterBuffers",
                                     "HalpFreeAdapterChannel",
                                     "HalpFreeMapRegisters",
                                     "HalpMapTransfer",
                                     "HalpDmaGetDmaAlignment",
                                     "HalpReadDmaCounter",
                                     "HalpGetScatterGatherList",
                                     "HalpPutScatterGatherList",
                                     "HalpCalculateScatterGatherListSize",
                                     "HalpBuildScatterGatherList",
                                     "HalpBuildMdlFromScatterGatherList",
                                     "HalpGetDmaAdapterInfo",
                                     "HalpGetDmaTransferInfo",
                                     "HalpInitializeDmaTransferContext",
                                     "HalpAllocateCommonBufferEx",
                                     "HalpAllocateAdapterChannelEx",
                                     "HalpConfigureAdapterChannel",
                                     "HalpCancelAdapterChannel",
                                     "HalpMapTransferEx",
                                     "HalpGetScatterGatherListEx",
                                     "HalpBuildScatterGatherListEx",
                                     "HalpFlushAdapterBuffersEx",
                                     "HalpFreeAdapterObject",
                                     "HalpCancelMappedTransfer",
                                     "HalpAllocateDomainCommonBuffer",
                                     "HalpFlushDmaBuffer",
                                     "HalpJoinDmaDomain",
                                     "HalpLeaveDmaDomain",
                                     "HalpGetDmaDomain",
                                     "HalpAllocateCommonBufferWithBounds",
                                     "HalpAllocateCommonBufferVector",
                                     "HalpGetCommonBufferFromVectorByIndex",
                                     "HalpFreeCommonBufferFromVector",
                                     "HalpFreeCommonBufferVector"};
        auto* slots = reinterpret_cast<ULONG_PTR*>(&t->version3.PutDmaAdapter);
        static_assert(sizeof(DMA_OPERATIONS_V3) == 8 + sizeof names);
        for (const char* name : names)
            *slots++ = internal_address(name);
        t->version3.Size = sizeof(DMA_OPERATIONS_V3);
        t->version2 = t->version3;
        t->version2.Size = sizeof(DMA_OPERATIONS);
        t->version1 = t->version2;
        t->version1.Size = offsetof(DMA_OPERATIONS, CalculateScatterGatherList);
        t->version1.CalculateScatterGatherList = nullptr;
        t->version1.BuildScatterGatherList = nullptr;
        t->version1.BuildMdlFromScatterGatherList = nullptr;
        return t;
    }();
    return made;
}

// The last address that a bus master can give, by its description; 0: none that is valid.
// assumed: one that claims neither width has the ISA bus's 24 address lines.
ULONGLONG highest_of(const DEVICE_DESCRIPTION& device) {
    if (device.Version == 3) {
        const ULONG width = static_cast<const DEVICE_DESCRIPTION_V3&>(device).DmaAddressWidth;
        return width == 0 || width > 64 ? 0 : ~0ull >> (64 - width);
    }
    if (device.Dma64BitAddresses) return ~0ull;
    if (device.Dma32BitAddresses || (device.ScatterGather && device.InterfaceType == PCIBus))
        return 0xffff'ffff;
    return 0xff'ffff;
}

// assumed: the bus does not matter, the channel's width does.
bool is_possible(const DEVICE_DESCRIPTION& device) {
    if (device.Version > 3 || !tables()) return false;
    if (device.Master) return highest_of(device) != 0;
    return system_dma::exists(device.DmaChannel) &&
           device.DmaWidth == (device.DmaChannel < 4 ? Width8Bits : Width16Bits);
}

void make_subordinate(DmaAdapter& adapter, const DEVICE_DESCRIPTION& device) {
    static dma::Channel channels[system_dma::channels];
    adapter.subordinate = true;
    adapter.scatter_gather = false;
    adapter.auto_initialize = device.AutoInitialize;
    adapter.highest = 0xff'ffff;
    adapter.number = device.DmaChannel;
    adapter.boundary = static_cast<ULONG>(system_dma::boundary_of(device.DmaChannel) / mm::page_size);
    adapter.limit = std::min(adapter.limit, adapter.boundary);
    adapter.channel = &channels[device.DmaChannel];
    if (!adapter.channel->waiting.Flink) list::initialize(adapter.channel->waiting);
}

} // namespace

void dma::dma_violation(ULONG_PTR what, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    ke::bug_check(DRIVER_VERIFIER_DMA_VIOLATION, what, p2, p3, p4);
}

DMA_ADAPTER* get_dma_adapter(const DEVICE_DESCRIPTION& device, ULONG& map_registers) {
    if (!is_possible(device)) return nullptr;
    auto* adapter = static_cast<DmaAdapter*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(DmaAdapter), adapter_tag, 0, true));
    if (!adapter) return nullptr;
    adapter->Version = 1;
    adapter->Size = sizeof(DMA_ADAPTER);
    adapter->DmaOperations = device.Version == 3   ? &tables()->version3
                             : device.Version == 2 ? &tables()->version2
                                                   : &tables()->version1;
    adapter->signature = dma::adapter_signature;
    adapter->scatter_gather = device.ScatterGather;
    adapter->highest = device.Master ? highest_of(device) : 0xff'ffff;
    const ULONGLONG pages = (ULONGLONG(device.MaximumLength) + mm::page_size - 1) / mm::page_size + 1;
    adapter->limit = static_cast<ULONG>(
        std::min<ULONGLONG>(pages, adapter->needs_registers() ? most_registers : most_unlimited));
    adapter->channel = &adapter->own;
    list::initialize(adapter->own.waiting);
    list::initialize(adapter->common_buffers);
    if (!device.Master) make_subordinate(*adapter, device);
    map_registers = adapter->limit;
    return adapter;
}

DmaAdapter& adapter_of(DMA_ADAPTER* adapter) {
    auto* a = static_cast<DmaAdapter*>(adapter);
    if (!a) dma::dma_violation(0x19);
    if (a->signature != dma::adapter_signature) dma::dma_violation(0x18, reinterpret_cast<ULONG_PTR>(a));
    return *a;
}

void dma::put_adapter(DmaAdapter& adapter) {
    adapter.signature = 0;
    pool::release(&adapter, adapter_tag);
}

bool dma::is_subordinate(const DmaAdapter& adapter) { return adapter.subordinate; }

ULONG dma::address_width(const DmaAdapter& adapter) {
    return static_cast<ULONG>(64 - std::countl_zero(adapter.highest));
}

PVOID dma::allocate_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS& logical, ULONGLONG low,
                                  ULONGLONG high) {
    const std::uint64_t pages = std::max<std::uint64_t>(mm::pages_of(0, length), 1);
    auto* buffer =
        static_cast<CommonBuffer*>(pool::allocate(pool::Kind::nonpaged, sizeof(CommonBuffer), buffer_tag));
    if (!buffer) return nullptr;
    const mm::Pfn last =
        std::min<mm::Pfn>(std::min(adapter.highest, high) >> mm::page_shift, mm::highest_page());
    buffer->run = mm::allocate_run_between(mm::Zone::general, pages, 1, mm::page_ceil(low) >> mm::page_shift,
                                           last, adapter.boundary);
    if (!buffer->run) {
        pool::release(buffer, buffer_tag);
        return nullptr;
    }
    buffer->length = length;
    list::insert_tail(adapter.common_buffers, buffer->link);
    logical.QuadPart = static_cast<LONGLONG>(buffer->run.first << mm::page_shift);
    return mm::direct(buffer->run.first);
}

void dma::free_common_buffer(DmaAdapter& adapter, ULONG length, PHYSICAL_ADDRESS logical, PVOID address) {
    for (LIST_ENTRY* e = adapter.common_buffers.Flink; e != &adapter.common_buffers; e = e->Flink) {
        auto* buffer = NT_CONTAINER(e, CommonBuffer, link);
        if (mm::direct(buffer->run.first) != address) continue;
        if (buffer->length != length || static_cast<ULONGLONG>(logical.QuadPart) != buffer->run.first
                                                                                        << mm::page_shift)
            break;
        list::remove(buffer->link);
        mm::release_pages(buffer->run.first, buffer->run.count);
        pool::release(buffer, buffer_tag);
        return;
    }
    // assumed: what was never allocated like this is named as what was freed twice.
    dma_violation(0x3, 1);
}

} // namespace nt::io
