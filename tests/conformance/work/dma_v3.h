// Version 3 of the DMA operations, which mingw's headers lack.
#pragma once

typedef struct {
    DEVICE_DESCRIPTION Description;
    ULONG DmaAddressWidth;
    ULONG DmaControllerInstance;
    ULONG DmaRequestLine;
    PHYSICAL_ADDRESS DeviceAddress;
} DESCRIPTION_3;
typedef struct {
    ULONG Version, ReadDmaCounterAvailable, ScatterGatherLimit, DmaAddressWidth, Flags, MinimumTransferUnit;
} ADAPTER_INFO;
typedef struct {
    ULONG Version, MapRegisterCount, ScatterGatherElementCount, ScatterGatherListSize, LogicalPageCount;
} TRANSFER_INFO;
typedef struct {
    DMA_OPERATIONS Old;
    NTSTATUS(NTAPI* GetDmaAdapterInfo)(PDMA_ADAPTER, ADAPTER_INFO*);
    NTSTATUS(NTAPI* GetDmaTransferInfo)(PDMA_ADAPTER, PMDL, ULONGLONG, ULONG, BOOLEAN, TRANSFER_INFO*);
    NTSTATUS(NTAPI* InitializeDmaTransferContext)(PDMA_ADAPTER, PVOID);
    PVOID(NTAPI* AllocateCommonBufferEx)(PDMA_ADAPTER, PPHYSICAL_ADDRESS, ULONG, PPHYSICAL_ADDRESS, BOOLEAN,
                                         ULONG);
    NTSTATUS(NTAPI* AllocateAdapterChannelEx)(PDMA_ADAPTER, PDEVICE_OBJECT, PVOID, ULONG, ULONG,
                                              PDRIVER_CONTROL, PVOID, PVOID*);
    NTSTATUS(NTAPI* ConfigureAdapterChannel)(PDMA_ADAPTER, ULONG, PVOID);
    BOOLEAN(NTAPI* CancelAdapterChannel)(PDMA_ADAPTER, PDEVICE_OBJECT, PVOID);
    NTSTATUS(NTAPI* MapTransferEx)(PDMA_ADAPTER, PMDL, PVOID, ULONGLONG, ULONG, PULONG, BOOLEAN,
                                   PSCATTER_GATHER_LIST, ULONG, PVOID, PVOID);
    NTSTATUS(NTAPI* GetScatterGatherListEx)(PDMA_ADAPTER, PDEVICE_OBJECT, PVOID, PMDL, ULONGLONG, ULONG,
                                            ULONG, PDRIVER_LIST_CONTROL, PVOID, BOOLEAN, PVOID, PVOID,
                                            PSCATTER_GATHER_LIST*);
    NTSTATUS(NTAPI* BuildScatterGatherListEx)(PDMA_ADAPTER, PDEVICE_OBJECT, PVOID, PMDL, ULONGLONG, ULONG,
                                              ULONG, PDRIVER_LIST_CONTROL, PVOID, BOOLEAN, PVOID, ULONG,
                                              PVOID, PVOID, PSCATTER_GATHER_LIST*);
    NTSTATUS(NTAPI* FlushAdapterBuffersEx)(PDMA_ADAPTER, PMDL, PVOID, ULONGLONG, ULONG, BOOLEAN);
    VOID(NTAPI* FreeAdapterObject)(PDMA_ADAPTER, IO_ALLOCATION_ACTION);
    NTSTATUS(NTAPI* CancelMappedTransfer)(PDMA_ADAPTER, PVOID);
} OPERATIONS_3;

#define SYNCHRONOUS 1
#define CONTEXT_SIZE 128
