// The rest of what drivers hold or are given: work items, queues of cancelable IRPs, remove locks,
// interrupts, DMA, controllers, error log entries, callbacks.
#pragma once
#include "abi/device.h"
#include "abi/irp.h"
#include "abi/mm.h"

namespace nt {

// Executive work items.
typedef void NTAPI WORKER_THREAD_ROUTINE(PVOID Parameter);
using PWORKER_THREAD_ROUTINE = WORKER_THREAD_ROUTINE*;

enum WORK_QUEUE_TYPE : ULONG {
    CriticalWorkQueue,
    DelayedWorkQueue,
    HyperCriticalWorkQueue,
    NormalWorkQueue,
    BackgroundWorkQueue,
    RealTimeWorkQueue,
    SuperCriticalWorkQueue,
    MaximumWorkQueue,
    CustomPriorityWorkQueue = 32,
};

struct WORK_QUEUE_ITEM {
    LIST_ENTRY List;
    PWORKER_THREAD_ROUTINE WorkerRoutine;
    PVOID Parameter;
};
using PWORK_QUEUE_ITEM = WORK_QUEUE_ITEM*;

struct IO_WORKITEM;
typedef void NTAPI IO_WORKITEM_ROUTINE(DEVICE_OBJECT* DeviceObject, PVOID Context);
using PIO_WORKITEM_ROUTINE = IO_WORKITEM_ROUTINE*;
typedef void NTAPI IO_WORKITEM_ROUTINE_EX(PVOID IoObject, PVOID Context, IO_WORKITEM* IoWorkItem);
using PIO_WORKITEM_ROUTINE_EX = IO_WORKITEM_ROUTINE_EX*;

// Opaque to drivers: IoSizeofWorkItem is the contract.
struct IO_WORKITEM {
    WORK_QUEUE_ITEM WorkItem;
    PVOID Routine;
    PVOID IoObject;
    PVOID Context;
    ULONG Type; // 0 IO_WORKITEM_ROUTINE, 1 …_EX
    GUID ActivityId;
};
using PIO_WORKITEM = IO_WORKITEM*;

// Cancel-safe queues.
struct IO_CSQ;
struct IO_CSQ_IRP_CONTEXT {
    ULONG Type;
    IRP* Irp;
    IO_CSQ* Csq;
};
using PIO_CSQ_IRP_CONTEXT = IO_CSQ_IRP_CONTEXT*;
typedef void NTAPI IO_CSQ_INSERT_IRP(IO_CSQ* Csq, IRP* Irp);
using PIO_CSQ_INSERT_IRP = IO_CSQ_INSERT_IRP*;
typedef NTSTATUS NTAPI IO_CSQ_INSERT_IRP_EX(IO_CSQ* Csq, IRP* Irp, PVOID InsertContext);
using PIO_CSQ_INSERT_IRP_EX = IO_CSQ_INSERT_IRP_EX*;
typedef void NTAPI IO_CSQ_REMOVE_IRP(IO_CSQ* Csq, IRP* Irp);
using PIO_CSQ_REMOVE_IRP = IO_CSQ_REMOVE_IRP*;
typedef IRP* NTAPI IO_CSQ_PEEK_NEXT_IRP(IO_CSQ* Csq, IRP* Irp, PVOID PeekContext);
using PIO_CSQ_PEEK_NEXT_IRP = IO_CSQ_PEEK_NEXT_IRP*;
typedef void NTAPI IO_CSQ_ACQUIRE_LOCK(IO_CSQ* Csq, KIRQL* Irql);
using PIO_CSQ_ACQUIRE_LOCK = IO_CSQ_ACQUIRE_LOCK*;
typedef void NTAPI IO_CSQ_RELEASE_LOCK(IO_CSQ* Csq, KIRQL Irql);
using PIO_CSQ_RELEASE_LOCK = IO_CSQ_RELEASE_LOCK*;
typedef void NTAPI IO_CSQ_COMPLETE_CANCELED_IRP(IO_CSQ* Csq, IRP* Irp);
using PIO_CSQ_COMPLETE_CANCELED_IRP = IO_CSQ_COMPLETE_CANCELED_IRP*;

struct IO_CSQ {
    ULONG Type;
    PIO_CSQ_INSERT_IRP CsqInsertIrp;
    PIO_CSQ_REMOVE_IRP CsqRemoveIrp;
    PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp;
    PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock;
    PIO_CSQ_RELEASE_LOCK CsqReleaseLock;
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp;
    PVOID ReservePointer;
};
using PIO_CSQ = IO_CSQ*;
inline constexpr ULONG IO_TYPE_CSQ_IRP_CONTEXT = 1;
inline constexpr ULONG IO_TYPE_CSQ = 2;
inline constexpr ULONG IO_TYPE_CSQ_EX = 3;

// Remove locks: the free form is the head of the checked one.
struct IO_REMOVE_LOCK_COMMON_BLOCK {
    BOOLEAN Removed;
    BOOLEAN Reserved[3];
    volatile LONG IoCount;
    KEVENT RemoveEvent;
};
struct IO_REMOVE_LOCK_DBG_BLOCK {
    LONG Signature;
    ULONG HighWatermark;
    LONGLONG MaxLockedTicks;
    LONG AllocateTag;
    LIST_ENTRY LockList;
    KSPIN_LOCK Spin;
    volatile LONG LowMemoryCount;
    ULONG Reserved1[4];
    PVOID Reserved2;
    PVOID Blocks;
};
struct IO_REMOVE_LOCK {
    IO_REMOVE_LOCK_COMMON_BLOCK Common;
};
using PIO_REMOVE_LOCK = IO_REMOVE_LOCK*;

// Interrupts.
struct KINTERRUPT;
typedef BOOLEAN NTAPI KSERVICE_ROUTINE(KINTERRUPT* Interrupt, PVOID ServiceContext);
using PKSERVICE_ROUTINE = KSERVICE_ROUTINE*;
typedef BOOLEAN NTAPI KMESSAGE_SERVICE_ROUTINE(KINTERRUPT* Interrupt, PVOID ServiceContext, ULONG MessageID);
using PKMESSAGE_SERVICE_ROUTINE = KMESSAGE_SERVICE_ROUTINE*;
typedef BOOLEAN NTAPI KSYNCHRONIZE_ROUTINE(PVOID SynchronizeContext);
using PKSYNCHRONIZE_ROUTINE = KSYNCHRONIZE_ROUTINE*;

enum KINTERRUPT_MODE : ULONG { LevelSensitive, Latched };
enum KINTERRUPT_POLARITY : ULONG {
    InterruptPolarityUnknown,
    InterruptActiveHigh,
    InterruptActiveLow,
    InterruptActiveBoth,
};

struct KINTERRUPT {
    SHORT Type; // InterruptObject
    SHORT Size;
    LIST_ENTRY InterruptListEntry;
    PKSERVICE_ROUTINE ServiceRoutine;
    PKMESSAGE_SERVICE_ROUTINE MessageServiceRoutine;
    ULONG MessageIndex;
    PVOID ServiceContext;
    KSPIN_LOCK SpinLock;
    ULONG TickCount;
    KSPIN_LOCK* ActualLock;
    PVOID DispatchAddress;
    ULONG Vector;
    KIRQL Irql;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
    BOOLEAN Connected;
    ULONG Number;
    BOOLEAN ShareVector;
    UCHAR EmulateActiveBoth;
    USHORT ActiveCount;
    LONG InternalState;
    KINTERRUPT_MODE Mode;
    KINTERRUPT_POLARITY Polarity;
    ULONG ServiceCount;
    ULONG DispatchCount;
    KEVENT* PassiveEvent;
    PVOID TrapFrame;
    PVOID DisconnectData;
    nt::KTHREAD* ServiceThread;
    PVOID ConnectionData;
    UCHAR Opaquea8[0x100 - 0xa8];
};
using PKINTERRUPT = KINTERRUPT*;

// Controllers.
struct CONTROLLER_OBJECT {
    CSHORT Type; // IO_TYPE_CONTROLLER
    CSHORT Size;
    PVOID ControllerExtension;
    KDEVICE_QUEUE DeviceWaitQueue;
    ULONG Spare1;
    LARGE_INTEGER Spare2;
};
using PCONTROLLER_OBJECT = CONTROLLER_OBJECT*;

struct IO_ERROR_LOG_PACKET {
    UCHAR MajorFunctionCode;
    UCHAR RetryCount;
    USHORT DumpDataSize;
    USHORT NumberOfStrings;
    USHORT StringOffset;
    USHORT EventCategory;
    NTSTATUS ErrorCode;
    ULONG UniqueErrorValue;
    NTSTATUS FinalStatus;
    ULONG SequenceNumber;
    ULONG IoControlCode;
    LARGE_INTEGER DeviceOffset;
    ULONG DumpData[1];
};
using PIO_ERROR_LOG_PACKET = IO_ERROR_LOG_PACKET*;
inline constexpr ULONG ERROR_LOG_MAXIMUM_SIZE = 240;
inline constexpr NTSTATUS IO_DRIVER_CANCEL_TIMEOUT = NTSTATUS(0x80040036);

// DMA.
struct DMA_OPERATIONS;
struct DMA_ADAPTER {
    USHORT Version;
    USHORT Size;
    nt::DMA_OPERATIONS* DmaOperations;
};
using PDMA_ADAPTER = DMA_ADAPTER*;

struct SCATTER_GATHER_ELEMENT {
    PHYSICAL_ADDRESS Address;
    ULONG Length;
    ULONG_PTR Reserved;
};
struct SCATTER_GATHER_LIST {
    ULONG NumberOfElements;
    ULONG_PTR Reserved;
    // SCATTER_GATHER_ELEMENT Elements[] at 0x10
};
using PSCATTER_GATHER_LIST = SCATTER_GATHER_LIST*;
typedef void NTAPI DRIVER_LIST_CONTROL(DEVICE_OBJECT* DeviceObject, IRP* Irp,
                                       SCATTER_GATHER_LIST* ScatterGather, PVOID Context);
using PDRIVER_LIST_CONTROL = DRIVER_LIST_CONTROL*;

enum DMA_WIDTH : ULONG { Width8Bits, Width16Bits, Width32Bits, Width64Bits, WidthNoWrap, MaximumDmaWidth };
enum DMA_SPEED : ULONG { Compatible, TypeA, TypeB, TypeC, TypeF, MaximumDmaSpeed };

struct DEVICE_DESCRIPTION {
    ULONG Version;
    BOOLEAN Master;
    BOOLEAN ScatterGather;
    BOOLEAN DemandMode;
    BOOLEAN AutoInitialize;
    BOOLEAN Dma32BitAddresses;
    BOOLEAN IgnoreCount;
    BOOLEAN Reserved1;
    BOOLEAN Dma64BitAddresses;
    ULONG BusNumber;
    ULONG DmaChannel;
    nt::INTERFACE_TYPE InterfaceType;
    DMA_WIDTH DmaWidth;
    DMA_SPEED DmaSpeed;
    ULONG MaximumLength;
    ULONG DmaPort;
};
using PDEVICE_DESCRIPTION = DEVICE_DESCRIPTION*;

typedef void NTAPI PUT_DMA_ADAPTER(DMA_ADAPTER*);
typedef PVOID NTAPI ALLOCATE_COMMON_BUFFER(DMA_ADAPTER*, ULONG Length, PHYSICAL_ADDRESS* LogicalAddress,
                                           BOOLEAN CacheEnabled);
typedef void NTAPI FREE_COMMON_BUFFER(DMA_ADAPTER*, ULONG Length, PHYSICAL_ADDRESS LogicalAddress,
                                      PVOID VirtualAddress, BOOLEAN CacheEnabled);
typedef NTSTATUS NTAPI ALLOCATE_ADAPTER_CHANNEL(DMA_ADAPTER*, DEVICE_OBJECT*, ULONG NumberOfMapRegisters,
                                                PDRIVER_CONTROL ExecutionRoutine, PVOID Context);
typedef BOOLEAN NTAPI FLUSH_ADAPTER_BUFFERS(DMA_ADAPTER*, MDL*, PVOID MapRegisterBase, PVOID CurrentVa,
                                            ULONG Length, BOOLEAN WriteToDevice);
typedef void NTAPI FREE_ADAPTER_CHANNEL(DMA_ADAPTER*);
typedef void NTAPI FREE_MAP_REGISTERS(DMA_ADAPTER*, PVOID MapRegisterBase, ULONG NumberOfMapRegisters);
typedef PHYSICAL_ADDRESS NTAPI MAP_TRANSFER(DMA_ADAPTER*, MDL*, PVOID MapRegisterBase, PVOID CurrentVa,
                                            ULONG* Length, BOOLEAN WriteToDevice);
typedef ULONG NTAPI GET_DMA_ALIGNMENT(DMA_ADAPTER*);
typedef ULONG NTAPI READ_DMA_COUNTER(DMA_ADAPTER*);
typedef NTSTATUS NTAPI GET_SCATTER_GATHER_LIST(DMA_ADAPTER*, DEVICE_OBJECT*, MDL*, PVOID CurrentVa,
                                               ULONG Length, PDRIVER_LIST_CONTROL ExecutionRoutine,
                                               PVOID Context, BOOLEAN WriteToDevice);
typedef void NTAPI PUT_SCATTER_GATHER_LIST(DMA_ADAPTER*, SCATTER_GATHER_LIST*, BOOLEAN WriteToDevice);
typedef NTSTATUS NTAPI CALCULATE_SCATTER_GATHER_LIST_SIZE(DMA_ADAPTER*, MDL*, PVOID CurrentVa, ULONG Length,
                                                          ULONG* ScatterGatherListSize,
                                                          ULONG* NumberOfMapRegisters);
typedef NTSTATUS NTAPI BUILD_SCATTER_GATHER_LIST(DMA_ADAPTER*, DEVICE_OBJECT*, MDL*, PVOID CurrentVa,
                                                 ULONG Length, PDRIVER_LIST_CONTROL ExecutionRoutine,
                                                 PVOID Context, BOOLEAN WriteToDevice,
                                                 PVOID ScatterGatherBuffer, ULONG ScatterGatherLength);
typedef NTSTATUS NTAPI BUILD_MDL_FROM_SCATTER_GATHER_LIST(DMA_ADAPTER*, SCATTER_GATHER_LIST*,
                                                          MDL* OriginalMdl, MDL** TargetMdl);

struct DMA_OPERATIONS {
    ULONG Size;
    PUT_DMA_ADAPTER* PutDmaAdapter;
    ALLOCATE_COMMON_BUFFER* AllocateCommonBuffer;
    FREE_COMMON_BUFFER* FreeCommonBuffer;
    ALLOCATE_ADAPTER_CHANNEL* AllocateAdapterChannel;
    FLUSH_ADAPTER_BUFFERS* FlushAdapterBuffers;
    FREE_ADAPTER_CHANNEL* FreeAdapterChannel;
    FREE_MAP_REGISTERS* FreeMapRegisters;
    MAP_TRANSFER* MapTransfer;
    GET_DMA_ALIGNMENT* GetDmaAlignment;
    READ_DMA_COUNTER* ReadDmaCounter;
    GET_SCATTER_GATHER_LIST* GetScatterGatherList;
    PUT_SCATTER_GATHER_LIST* PutScatterGatherList;
    CALCULATE_SCATTER_GATHER_LIST_SIZE* CalculateScatterGatherList;
    BUILD_SCATTER_GATHER_LIST* BuildScatterGatherList;
    BUILD_MDL_FROM_SCATTER_GATHER_LIST* BuildMdlFromScatterGatherList;
};
using PDMA_OPERATIONS = DMA_OPERATIONS*;

// Callback objects and bug check callbacks.
struct CALLBACK_OBJECT;
typedef void NTAPI CALLBACK_FUNCTION(PVOID CallbackContext, PVOID Argument1, PVOID Argument2);
using PCALLBACK_FUNCTION = CALLBACK_FUNCTION*;

typedef void NTAPI KBUGCHECK_CALLBACK_ROUTINE(PVOID Buffer, ULONG Length);
using PKBUGCHECK_CALLBACK_ROUTINE = KBUGCHECK_CALLBACK_ROUTINE*;
enum KBUGCHECK_BUFFER_DUMP_STATE : ULONG {
    BufferEmpty,
    BufferInserted,
    BufferStarted,
    BufferFinished,
    BufferIncomplete,
};
struct KBUGCHECK_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine;
    PVOID Buffer;
    ULONG Length;
    UCHAR* Component;
    ULONG_PTR Checksum;
    UCHAR State;
};
using PKBUGCHECK_CALLBACK_RECORD = KBUGCHECK_CALLBACK_RECORD*;

// Registry values as the configuration manager returns them.
enum KEY_INFORMATION_CLASS : ULONG {
    KeyBasicInformation = 0,
    KeyNodeInformation,
    KeyFullInformation,
    KeyNameInformation,
    KeyCachedInformation,
    KeyFlagsInformation,
    KeyVirtualizationInformation,
    KeyHandleTagsInformation,
};
enum KEY_VALUE_INFORMATION_CLASS : ULONG {
    KeyValueBasicInformation = 0,
    KeyValueFullInformation,
    KeyValuePartialInformation,
    KeyValueFullInformationAlign64,
    KeyValuePartialInformationAlign64,
};
struct KEY_BASIC_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG NameLength;
    WCHAR Name[1];
};
struct KEY_NODE_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG ClassOffset;
    ULONG ClassLength;
    ULONG NameLength;
    WCHAR Name[1];
};
struct KEY_FULL_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG ClassOffset;
    ULONG ClassLength;
    ULONG SubKeys;
    ULONG MaxNameLen;
    ULONG MaxClassLen;
    ULONG Values;
    ULONG MaxValueNameLen;
    ULONG MaxValueDataLen;
    WCHAR Class[1];
};
struct KEY_NAME_INFORMATION {
    ULONG NameLength;
    WCHAR Name[1];
};
struct KEY_VALUE_BASIC_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG NameLength;
    WCHAR Name[1];
};
struct KEY_VALUE_FULL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataOffset;
    ULONG DataLength;
    ULONG NameLength;
    WCHAR Name[1];
};
struct KEY_VALUE_PARTIAL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataLength;
    UCHAR Data[1];
};
inline constexpr ULONG REG_NONE = 0;
inline constexpr ULONG REG_SZ = 1;
inline constexpr ULONG REG_EXPAND_SZ = 2;
inline constexpr ULONG REG_BINARY = 3;
inline constexpr ULONG REG_DWORD = 4;
inline constexpr ULONG REG_DWORD_BIG_ENDIAN = 5;
inline constexpr ULONG REG_LINK = 6;
inline constexpr ULONG REG_MULTI_SZ = 7;
inline constexpr ULONG REG_RESOURCE_LIST = 8;
inline constexpr ULONG REG_FULL_RESOURCE_DESCRIPTOR = 9;
inline constexpr ULONG REG_RESOURCE_REQUIREMENTS_LIST = 10;
inline constexpr ULONG REG_QWORD = 11;
inline constexpr ULONG REG_OPTION_NON_VOLATILE = 0;
inline constexpr ULONG REG_OPTION_VOLATILE = 1;
inline constexpr ULONG REG_CREATED_NEW_KEY = 1;
inline constexpr ULONG REG_OPENED_EXISTING_KEY = 2;

} // namespace nt
