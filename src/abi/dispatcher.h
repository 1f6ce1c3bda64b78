// Dispatcher objects and the other synchronization structures that live in drivers' memory.
#pragma once
#include "abi/list.h"

namespace nt {

struct KTHREAD;
struct KPROCESS;
struct KQUEUE;
struct KDPC;
struct KAPC;
using PKTHREAD = KTHREAD*;
using PKPROCESS = KPROCESS*;

enum EVENT_TYPE : ULONG { NotificationEvent = 0, SynchronizationEvent = 1 };
enum TIMER_TYPE : ULONG { NotificationTimer = 0, SynchronizationTimer = 1 };
enum WAIT_TYPE : ULONG { WaitAll = 0, WaitAny = 1, WaitNotification = 2, WaitDequeue = 3 };
enum KWAIT_REASON : ULONG {
    Executive,
    FreePage,
    PageIn,
    PoolAllocation,
    DelayExecution,
    Suspended,
    UserRequest,
    WrExecutive,
    WrFreePage,
    WrPageIn,
    WrPoolAllocation,
    WrDelayExecution,
    WrSuspended,
    WrUserRequest,
    WrEventPair,
    WrQueue,
    WrLpcReceive,
    WrLpcReply,
    WrVirtualMemory,
    WrPageOut,
    WrRendezvous,
    WrKeyedEvent,
    WrTerminated,
    WrProcessInSwap,
    WrCpuRateControl,
    WrCalloutStack,
    WrKernel,
    WrResource,
    WrPushLock,
    WrMutex,
    WrQuantumEnd,
    WrDispatchInt,
    WrPreempted,
    WrYieldExecution,
    WrFastMutex,
    WrGuardedMutex,
    WrRundown,
    WrAlertByThreadId,
    WrDeferredPreempt,
    WrPhysicalFault,
    MaximumWaitReason,
};

// DISPATCHER_HEADER.Type, and Type of the control objects that are not waited for.
enum KOBJECTS : ULONG {
    EventNotificationObject = 0,
    EventSynchronizationObject = 1,
    MutantObject = 2,
    ProcessObject = 3,
    QueueObject = 4,
    SemaphoreObject = 5,
    ThreadObject = 6,
    GateObject = 7,
    TimerNotificationObject = 8,
    TimerSynchronizationObject = 9,
    ApcObject = 18,
    DpcObject = 19,
    DeviceQueueObject = 20,
    PriQueueObject = 21,
    InterruptObject = 22,
    ProfileObject = 23,
    ThreadedDpcObject = 26,
};

struct DISPATCHER_HEADER {
    union {
        volatile LONG Lock;
        LONG LockNV;
        struct {
            UCHAR Type; // KOBJECTS
            UCHAR Signalling;
            UCHAR Size; // in units of four bytes
            UCHAR Reserved1;
        };
        struct {
            UCHAR TimerType;
            UCHAR TimerControlFlags; // bit 0 absolute, 1 wake, 2-7 tolerable delay
            UCHAR Hand;
            UCHAR TimerMiscFlags; // bits 0-5 index, 6 inserted, 7 expired
        };
        struct {
            UCHAR ThreadType;
            UCHAR ThreadReserved;
            UCHAR ThreadControlFlags;
            UCHAR DebugActive;
        };
        struct {
            UCHAR MutantType;
            UCHAR MutantSize;
            BOOLEAN DpcActive;
            UCHAR MutantReserved;
        };
    };
    LONG SignalState;
    LIST_ENTRY WaitListHead; // KWAIT_BLOCK.WaitListEntry
};
using PDISPATCHER_HEADER = DISPATCHER_HEADER*;

struct KEVENT {
    DISPATCHER_HEADER Header;
};
using PKEVENT = KEVENT*;
using PRKEVENT = KEVENT*;

struct KSEMAPHORE {
    DISPATCHER_HEADER Header;
    LONG Limit;
};
using PKSEMAPHORE = KSEMAPHORE*;
using PRKSEMAPHORE = KSEMAPHORE*;

struct KMUTANT {
    DISPATCHER_HEADER Header;
    LIST_ENTRY MutantListEntry;
    KTHREAD* OwnerThread;
    union {
        UCHAR Abandoned;
        UCHAR MutantFlags;
    };
    UCHAR ApcDisable;
};
using KMUTEX = KMUTANT;
using PKMUTANT = KMUTANT*;
using PKMUTEX = KMUTANT*;
using PRKMUTEX = KMUTANT*;

struct KGATE {
    DISPATCHER_HEADER Header;
};
using PKGATE = KGATE*;

struct KQUEUE {
    DISPATCHER_HEADER Header;
    LIST_ENTRY EntryListHead;
    volatile ULONG CurrentCount;
    ULONG MaximumCount;
    LIST_ENTRY ThreadListHead;
};
using PKQUEUE = KQUEUE*;
using PRKQUEUE = KQUEUE*;

typedef void NTAPI KDEFERRED_ROUTINE(KDPC* Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                                     PVOID SystemArgument2);
using PKDEFERRED_ROUTINE = KDEFERRED_ROUTINE*;

enum KDPC_IMPORTANCE : ULONG { LowImportance, MediumImportance, HighImportance, MediumHighImportance };

struct KDPC {
    union {
        ULONG TargetInfoAsUlong;
        struct {
            UCHAR Type; // DpcObject or ThreadedDpcObject
            UCHAR Importance;
            volatile USHORT Number; // target processor; 0 none chosen, else number + MAXIMUM_PROCESSORS
        };
    };
    SINGLE_LIST_ENTRY DpcListEntry;
    KAFFINITY ProcessorHistory;
    PKDEFERRED_ROUTINE DeferredRoutine;
    PVOID DeferredContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    PVOID DpcData; // not null while queued
};
using PKDPC = KDPC*;
using PRKDPC = KDPC*;

struct KTIMER {
    DISPATCHER_HEADER Header;
    ULARGE_INTEGER DueTime;
    LIST_ENTRY TimerListEntry;
    KDPC* Dpc;
    USHORT Processor;
    USHORT TimerType;
    ULONG Period; // milliseconds
};
using PKTIMER = KTIMER*;
using PRKTIMER = KTIMER*;

typedef void NTAPI KNORMAL_ROUTINE(PVOID NormalContext, PVOID SystemArgument1, PVOID SystemArgument2);
using PKNORMAL_ROUTINE = KNORMAL_ROUTINE*;
typedef void NTAPI KKERNEL_ROUTINE(KAPC* Apc, PKNORMAL_ROUTINE* NormalRoutine, PVOID* NormalContext,
                                   PVOID* SystemArgument1, PVOID* SystemArgument2);
using PKKERNEL_ROUTINE = KKERNEL_ROUTINE*;
typedef void NTAPI KRUNDOWN_ROUTINE(KAPC* Apc);
using PKRUNDOWN_ROUTINE = KRUNDOWN_ROUTINE*;

enum KAPC_ENVIRONMENT : ULONG {
    OriginalApcEnvironment,
    AttachedApcEnvironment,
    CurrentApcEnvironment,
    InsertApcEnvironment,
};

struct KAPC {
    UCHAR Type; // ApcObject
    UCHAR AllFlags;
    UCHAR Size;
    UCHAR SpareByte1;
    ULONG SpareLong0;
    KTHREAD* Thread;
    LIST_ENTRY ApcListEntry;
    PKKERNEL_ROUTINE KernelRoutine;
    PKRUNDOWN_ROUTINE RundownRoutine;
    PKNORMAL_ROUTINE NormalRoutine;
    PVOID NormalContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    CHAR ApcStateIndex;
    KPROCESSOR_MODE ApcMode;
    BOOLEAN Inserted;
};
using PKAPC = KAPC*;
using PRKAPC = KAPC*;

struct KAPC_STATE {
    LIST_ENTRY ApcListHead[2]; // by mode
    KPROCESS* Process;
    union {
        UCHAR InProgressFlags; // bit 0 kernel APC, bit 1 special APC
        BOOLEAN KernelApcInProgress;
    };
    BOOLEAN KernelApcPending;
    BOOLEAN UserApcPending;
};
using PKAPC_STATE = KAPC_STATE*;
using PRKAPC_STATE = KAPC_STATE*;

// Windows 8 order. A thread has four of its own; waits on more bring an array.
struct KWAIT_BLOCK {
    LIST_ENTRY WaitListEntry;
    UCHAR WaitType; // WAIT_TYPE
    volatile UCHAR BlockState;
    USHORT WaitKey;
    LONG SpareLong;
    union {
        KTHREAD* Thread;
        KQUEUE* NotificationQueue;
    };
    PVOID Object;
    PVOID SparePtr;
};
using PKWAIT_BLOCK = KWAIT_BLOCK*;
using PRKWAIT_BLOCK = KWAIT_BLOCK*;
inline constexpr ULONG THREAD_WAIT_OBJECTS = 3;
inline constexpr ULONG MAXIMUM_WAIT_OBJECTS = 64;

struct KDEVICE_QUEUE {
    CSHORT Type; // DeviceQueueObject
    CSHORT Size;
    LIST_ENTRY DeviceListHead;
    KSPIN_LOCK Lock;
    BOOLEAN Busy;
};
using PKDEVICE_QUEUE = KDEVICE_QUEUE*;
using PRKDEVICE_QUEUE = KDEVICE_QUEUE*;

struct KDEVICE_QUEUE_ENTRY {
    LIST_ENTRY DeviceListEntry;
    ULONG SortKey;
    BOOLEAN Inserted;
};
using PKDEVICE_QUEUE_ENTRY = KDEVICE_QUEUE_ENTRY*;
using PRKDEVICE_QUEUE_ENTRY = KDEVICE_QUEUE_ENTRY*;

struct FAST_MUTEX {
    LONG Count; // 1 = free
    PVOID Owner;
    ULONG Contention;
    KEVENT Event;
    ULONG OldIrql;
};
using PFAST_MUTEX = FAST_MUTEX*;

// Since Windows 8 the same as a FAST_MUTEX.
struct KGUARDED_MUTEX {
    LONG Count;
    PVOID Owner;
    ULONG Contention;
    KEVENT Event;
    union {
        struct {
            SHORT KernelApcDisable;
            SHORT SpecialApcDisable;
        };
        ULONG CombinedApcDisable;
    };
};
using PKGUARDED_MUTEX = KGUARDED_MUTEX*;

using ERESOURCE_THREAD = ULONG_PTR;
struct OWNER_ENTRY {
    ERESOURCE_THREAD OwnerThread;
    union {
        struct MS_BITS {
            ULONG IoPriorityBoosted : 1;
            ULONG OwnerReferenced : 1;
            ULONG IoQoSPriorityBoosted : 1;
            ULONG OwnerCount : 29;
        };
        ULONG TableSize;
    };
};
using POWNER_ENTRY = OWNER_ENTRY*;

struct ERESOURCE {
    LIST_ENTRY SystemResourcesList;
    OWNER_ENTRY* OwnerTable;
    SHORT ActiveCount;
    union {
        USHORT Flag;
        struct {
            UCHAR ReservedLowFlags;
            UCHAR WaiterPriority;
        };
    };
    PVOID SharedWaiters;
    PVOID ExclusiveWaiters;
    OWNER_ENTRY OwnerEntry;
    ULONG ActiveEntries;
    ULONG ContentionCount;
    ULONG NumberOfSharedWaiters;
    ULONG NumberOfExclusiveWaiters;
    PVOID Reserved2;
    union {
        PVOID Address;
        ULONG_PTR CreatorBackTraceIndex;
    };
    KSPIN_LOCK SpinLock;
};
using PERESOURCE = ERESOURCE*;

struct KSPIN_LOCK_QUEUE {
    KSPIN_LOCK_QUEUE* volatile Next;
    KSPIN_LOCK* volatile Lock;
};
using PKSPIN_LOCK_QUEUE = KSPIN_LOCK_QUEUE*;

struct KLOCK_QUEUE_HANDLE {
    KSPIN_LOCK_QUEUE LockQueue;
    KIRQL OldIrql;
};
using PKLOCK_QUEUE_HANDLE = KLOCK_QUEUE_HANDLE*;

struct EX_RUNDOWN_REF {
    union {
        ULONG_PTR Count;
        PVOID Ptr;
    };
};
using PEX_RUNDOWN_REF = EX_RUNDOWN_REF*;

struct EX_PUSH_LOCK {
    union {
        ULONG_PTR Value;
        PVOID Ptr;
    };
};
using PEX_PUSH_LOCK = EX_PUSH_LOCK*;

typedef void NTAPI KSTART_ROUTINE(PVOID StartContext);
using PKSTART_ROUTINE = KSTART_ROUTINE*;

inline constexpr KIRQL PASSIVE_LEVEL = 0;
inline constexpr KIRQL LOW_LEVEL = 0;
inline constexpr KIRQL APC_LEVEL = 1;
inline constexpr KIRQL DISPATCH_LEVEL = 2;
inline constexpr KIRQL CMCI_LEVEL = 5;
inline constexpr KIRQL SYNCH_LEVEL = 12;
inline constexpr KIRQL CLOCK_LEVEL = 13;
inline constexpr KIRQL IPI_LEVEL = 14;
inline constexpr KIRQL DRS_LEVEL = 14;
inline constexpr KIRQL POWER_LEVEL = 14;
inline constexpr KIRQL PROFILE_LEVEL = 15;
inline constexpr KIRQL HIGH_LEVEL = 15;

inline constexpr KPRIORITY LOW_PRIORITY = 0;
inline constexpr KPRIORITY LOW_REALTIME_PRIORITY = 16;
inline constexpr KPRIORITY HIGH_PRIORITY = 31;
inline constexpr KPRIORITY MAXIMUM_PRIORITY = 32;

inline constexpr CHAR IO_NO_INCREMENT = 0;
inline constexpr CHAR IO_DISK_INCREMENT = 1;
inline constexpr CHAR IO_CD_ROM_INCREMENT = 1;
inline constexpr CHAR IO_PARALLEL_INCREMENT = 1;
inline constexpr CHAR IO_MAILSLOT_INCREMENT = 2;
inline constexpr CHAR IO_NAMED_PIPE_INCREMENT = 2;
inline constexpr CHAR IO_NETWORK_INCREMENT = 2;
inline constexpr CHAR IO_SERIAL_INCREMENT = 2;
inline constexpr CHAR IO_KEYBOARD_INCREMENT = 6;
inline constexpr CHAR IO_MOUSE_INCREMENT = 6;
inline constexpr CHAR IO_SOUND_INCREMENT = 8;
inline constexpr CHAR EVENT_INCREMENT = 1;
inline constexpr CHAR SEMAPHORE_INCREMENT = 1;
inline constexpr CHAR MUTANT_INCREMENT = 1;

} // namespace nt
