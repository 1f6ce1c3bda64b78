// What came with version 3 of the DMA operations (Windows 8 and later); views show the shorter structures.
#pragma once
#include "abi/misc.h"
#include "abi/mm.h"

namespace nt {

// DEVICE_DESCRIPTION of version 3 is longer.
struct DEVICE_DESCRIPTION_V3 : DEVICE_DESCRIPTION {
    ULONG DmaAddressWidth;
    ULONG DmaControllerInstance;
    ULONG DmaRequestLine;
    PHYSICAL_ADDRESS DeviceAddress;
};
static_assert(sizeof(DEVICE_DESCRIPTION_V3) == 0x40);

enum DMA_COMPLETION_STATUS { DmaComplete, DmaAborted, DmaError, DmaCancelled };
typedef void NTAPI DMA_COMPLETION_ROUTINE(DMA_ADAPTER*, DEVICE_OBJECT*, PVOID CompletionContext,
                                          DMA_COMPLETION_STATUS Status);
using PDMA_COMPLETION_ROUTINE = DMA_COMPLETION_ROUTINE*;

inline constexpr ULONG DMA_SYNCHRONOUS_CALLBACK = 0x1;
inline constexpr ULONG DMA_TRANSFER_CONTEXT_SIZE_V1 = 128;

struct DMA_ADAPTER_INFO {
    ULONG Version; // 1
    ULONG ReadDmaCounterAvailable;
    ULONG ScatterGatherLimit;
    ULONG DmaAddressWidth;
    ULONG Flags;
    ULONG MinimumTransferUnit;
};

struct DMA_TRANSFER_INFO {
    ULONG Version; // 1 or 2
    ULONG MapRegisterCount;
    ULONG ScatterGatherElementCount;
    ULONG ScatterGatherListSize;
    ULONG LogicalPageCount; // version 2
};

// Behind DMA_OPERATIONS, in its order.
struct DMA_OPERATIONS_V3 : DMA_OPERATIONS {
    PVOID GetDmaAdapterInfo;
    PVOID GetDmaTransferInfo;
    PVOID InitializeDmaTransferContext;
    PVOID AllocateCommonBufferEx;
    PVOID AllocateAdapterChannelEx;
    PVOID ConfigureAdapterChannel;
    PVOID CancelAdapterChannel;
    PVOID MapTransferEx;
    PVOID GetScatterGatherListEx;
    PVOID BuildScatterGatherListEx;
    PVOID FlushAdapterBuffersEx;
    PVOID FreeAdapterObject;
    PVOID CancelMappedTransfer;
    PVOID AllocateDomainCommonBuffer;
    PVOID FlushDmaBuffer;
    PVOID JoinDmaDomain;
    PVOID LeaveDmaDomain;
    PVOID GetDmaDomain;
    PVOID AllocateCommonBufferWithBounds;
    PVOID AllocateCommonBufferVector;
    PVOID GetCommonBufferFromVectorByIndex;
    PVOID FreeCommonBufferFromVector;
    PVOID FreeCommonBufferVector;
};
static_assert(sizeof(DMA_OPERATIONS_V3) == 0x138);

} // namespace nt
