// Threads and processes. Opaque to drivers; offsets are those of Windows 10 build 19041, which a few drivers
// read. What lies between the named fields is not interpreted.
#pragma once
#include "abi/dispatcher.h"
#include "abi/ob.h"

namespace nt {

struct TEB;
struct PEB;
struct KTRAP_FRAME;

enum KTHREAD_STATE : ULONG {
    Initialized,
    Ready,
    Running,
    Standby,
    Terminated,
    Waiting,
    Transition,
    DeferredReady,
    GateWaitObsolete,
    WaitingForProcessInSwap,
};

struct CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
};
using PCLIENT_ID = CLIENT_ID*;

struct GROUP_AFFINITY {
    KAFFINITY Mask;
    USHORT Group;
    USHORT Reserved[3];
};
using PGROUP_AFFINITY = GROUP_AFFINITY*;

struct PROCESSOR_NUMBER {
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
};
using PPROCESSOR_NUMBER = PROCESSOR_NUMBER*;

struct KTHREAD {
    DISPATCHER_HEADER Header;
    PVOID SListFaultAddress;
    ULONGLONG QuantumTarget;
    PVOID InitialStack;
    PVOID volatile StackLimit;
    PVOID StackBase;
    KSPIN_LOCK ThreadLock;
    volatile ULONGLONG CycleTime;
    ULONG CurrentRunTime;
    ULONG ExpectedRunTime;
    PVOID KernelStack;
    PVOID StateSaveArea;
    PVOID SchedulingGroup;
    UCHAR WaitRegister;
    volatile BOOLEAN Running;
    BOOLEAN Alerted[2];
    ULONG MiscFlags;
    ULONG ThreadFlags;
    UCHAR Tag;
    UCHAR SystemHeteroCpuPolicy;
    UCHAR UserHeteroCpuPolicy;
    UCHAR Spare0;
    ULONG SystemCallNumber;
    ULONG ReadyTime;
    PVOID FirstArgument;
    KTRAP_FRAME* TrapFrame;
    union {
        KAPC_STATE ApcState;
        struct {
            UCHAR ApcStateFill[43];
            CHAR Priority;
            ULONG UserIdealProcessor;
        };
    };
    LONG_PTR WaitStatus;
    KWAIT_BLOCK* WaitBlockList;
    union {
        LIST_ENTRY WaitListEntry;
        SINGLE_LIST_ENTRY SwapListEntry;
    };
    DISPATCHER_HEADER* volatile Queue;
    PVOID Teb;
    ULONGLONG RelativeTimerBias;
    KTIMER Timer;
    union {
        KWAIT_BLOCK WaitBlock[4];
        struct {
            UCHAR WaitBlockFill4[20];
            ULONG ContextSwitches;
        };
        struct {
            UCHAR WaitBlockFill5[68];
            volatile UCHAR State; // KTHREAD_STATE
            CHAR Spare13;
            UCHAR WaitIrql;
            CHAR WaitMode;
        };
        struct {
            UCHAR WaitBlockFill6[116];
            ULONG WaitTime;
        };
        struct {
            UCHAR WaitBlockFill7[164];
            union {
                struct {
                    SHORT KernelApcDisable;
                    SHORT SpecialApcDisable;
                };
                ULONG CombinedApcDisable;
            };
        };
        struct {
            UCHAR WaitBlockFill8[40];
            PVOID ThreadCounters;
        };
        struct {
            UCHAR WaitBlockFill9[88];
            PVOID XStateSave;
        };
        struct {
            UCHAR WaitBlockFill10[136];
            PVOID volatile Win32Thread;
        };
        struct {
            UCHAR WaitBlockFill11[176];
            PVOID Ucb;
        };
    };
    ULONG ThreadFlags2;
    ULONG ThreadFlags3;
    LIST_ENTRY QueueListEntry;
    volatile ULONG NextProcessor;
    LONG QueuePriority;
    KPROCESS* Process;
    union {
        GROUP_AFFINITY UserAffinity;
        struct {
            UCHAR UserAffinityFill[10];
            CHAR PreviousMode;
            CHAR BasePriority;
            CHAR PriorityDecrement;
            UCHAR Preempted;
            UCHAR AdjustReason;
            CHAR AdjustIncrement;
        };
    };
    ULONG64 AffinityVersion;
    union {
        GROUP_AFFINITY Affinity;
        struct {
            UCHAR AffinityFill[10];
            UCHAR ApcStateIndex;
            UCHAR WaitBlockCount;
            ULONG IdealProcessor;
        };
    };
    ULONG64 NpxState;
    union {
        KAPC_STATE SavedApcState;
        struct {
            UCHAR SavedApcStateFill[43];
            UCHAR WaitReason; // KWAIT_REASON
            CHAR SuspendCount;
            CHAR Saturation;
            USHORT SListFaultCount;
        };
    };
    union {
        KAPC SchedulerApc;
        struct {
            UCHAR SchedulerApcFill1[3];
            UCHAR QuantumReset;
        };
        struct {
            UCHAR SchedulerApcFill2[4];
            ULONG KernelTime;
        };
        struct {
            UCHAR SchedulerApcFill3[64];
            PVOID volatile WaitPrcb;
        };
        struct {
            UCHAR SchedulerApcFill4[72];
            PVOID LegoData;
        };
        struct {
            UCHAR SchedulerApcFill5[83];
            UCHAR CallbackNestingLevel;
            ULONG UserTime;
        };
    };
    KEVENT SuspendEvent;
    LIST_ENTRY ThreadListEntry; // KPROCESS.ThreadListHead
    LIST_ENTRY MutantListHead;
    UCHAR Opaque318[0x430 - 0x318];
};

struct ETHREAD {
    KTHREAD Tcb;
    LARGE_INTEGER CreateTime;
    union {
        LARGE_INTEGER ExitTime;
        LIST_ENTRY KeyedWaitChain;
    };
    PVOID PostBlockList;
    PVOID StartAddress;
    PVOID TerminationPort;
    KSPIN_LOCK ActiveTimerListLock;
    LIST_ENTRY ActiveTimerListHead;
    CLIENT_ID Cid;
    KSEMAPHORE KeyedWaitSemaphore;
    PVOID ClientSecurity;
    LIST_ENTRY IrpList; // IRP.ThreadListEntry
    ULONG_PTR TopLevelIrp;
    PVOID DeviceToVerify;
    PVOID Win32StartAddress;
    PVOID ChargeOnlySession;
    PVOID LegacyPowerObject;
    LIST_ENTRY ThreadListEntry; // EPROCESS.ThreadListHead
    EX_RUNDOWN_REF RundownProtect;
    EX_PUSH_LOCK ThreadLock;
    ULONG ReadClusterSize;
    volatile LONG MmLockOrdering;
    volatile ULONG CrossThreadFlags; // bit 0 terminated, 1 initialized, 4 system thread
    ULONG SameThreadPassiveFlags;
    ULONG SameThreadApcFlags;
    UCHAR Opaque51c[0x548 - 0x51c];
    NTSTATUS ExitStatus;
    UCHAR Opaque54c[0x898 - 0x54c];
    ULONG_PTR HostArea[0x2d]; // behind what Windows has: for the machine
};
using PETHREAD = ETHREAD*;

inline constexpr ULONG CT_TERMINATED = 0x1;
inline constexpr ULONG CT_THREAD_INSERTED = 0x2;
inline constexpr ULONG CT_HIDE_FROM_DEBUGGER = 0x4;
inline constexpr ULONG CT_SYSTEM_THREAD = 0x10;

struct KPROCESS {
    DISPATCHER_HEADER Header;
    LIST_ENTRY ProfileListHead;
    ULONG_PTR DirectoryTableBase;
    LIST_ENTRY ThreadListHead;
    ULONG ProcessLock;
    ULONG ProcessTimerDelay;
    ULONGLONG DeepFreezeStartTime;
    UCHAR Opaque50[0x280 - 0x50];
    CHAR BasePriority;
    CHAR QuantumReset;
    UCHAR Opaque282[0x438 - 0x282];
};

// What the pool that a process was charged for counts in; it outlives the process while some of that is not
// given back.
struct EPROCESS_QUOTA_ENTRY {
    ULONG_PTR Usage;
    ULONG_PTR Limit;
    ULONG_PTR Peak;
    ULONG_PTR Return;
};
struct EPROCESS_QUOTA_BLOCK {
    EPROCESS_QUOTA_ENTRY QuotaEntry[2]; // nonpaged pool, paged pool
    LIST_ENTRY QuotaList;
    ULONG ReferenceCount;
    ULONG ProcessCount;
};

struct EPROCESS {
    KPROCESS Pcb;
    EX_PUSH_LOCK ProcessLock;
    PVOID UniqueProcessId;
    LIST_ENTRY ActiveProcessLinks;
    EX_RUNDOWN_REF RundownProtect;
    ULONG Flags2;
    ULONG Flags;
    LARGE_INTEGER CreateTime;
    ULONG_PTR ProcessQuotaUsage[2]; // nonpaged pool, paged pool
    ULONG_PTR ProcessQuotaPeak[2];
    UCHAR Opaque490[0x4b8 - 0x490];
    EX_FAST_REF Token;
    UCHAR Opaque4c0[0x518 - 0x4c0];
    PVOID SectionObject;
    PVOID SectionBaseAddress;
    UCHAR Opaque528[0x540 - 0x528];
    PVOID InheritedFromUniqueProcessId;
    UCHAR Opaque548[0x550 - 0x548];
    nt::PEB* Peb;
    PVOID Session;
    PVOID Spare1;
    EPROCESS_QUOTA_BLOCK* QuotaBlock;
    PVOID ObjectTable;
    PVOID DebugPort;
    PVOID WoW64Process;
    PVOID DeviceMap;
    UCHAR Opaque590[0x5a0 - 0x590];
    PVOID ImageFilePointer;
    UCHAR ImageFileName[15];
    UCHAR PriorityClass;
    PVOID SecurityPort;
    PVOID SeAuditProcessCreationInfo;
    UCHAR Opaque5c8[0x5e0 - 0x5c8];
    LIST_ENTRY ThreadListHead;
    volatile ULONG ActiveThreads;
    UCHAR Opaque5f4[0x7d4 - 0x5f4];
    NTSTATUS ExitStatus;
    PVOID VadRoot;
    UCHAR Opaque7e0[0x840 - 0x7e0];
    LARGE_INTEGER ExitTime;
    UCHAR Opaque848[0x87a - 0x848];
    UCHAR Protection;
    UCHAR Opaque87b[0xa40 - 0x87b];
    ULONG_PTR HostArea[0x38]; // behind what Windows has: for the machine
};
using PEPROCESS = EPROCESS*;

inline constexpr CHAR PROCESS_NAME_LENGTH = 15;

// Information classes of processes and threads that programs and drivers ask for.
enum PROCESSINFOCLASS : ULONG {
    ProcessBasicInformation = 0,
    ProcessQuotaLimits = 1,
    ProcessIoCounters = 2,
    ProcessVmCounters = 3,
    ProcessTimes = 4,
    ProcessBasePriority = 5,
    ProcessRaisePriority = 6,
    ProcessDebugPort = 7,
    ProcessExceptionPort = 8,
    ProcessAccessToken = 9,
    ProcessDefaultHardErrorMode = 12,
    ProcessPriorityClass = 18,
    ProcessHandleCount = 20,
    ProcessAffinityMask = 21,
    ProcessPriorityBoost = 22,
    ProcessDeviceMap = 23,
    ProcessSessionInformation = 24,
    ProcessWow64Information = 26,
    ProcessImageFileName = 27,
    ProcessBreakOnTermination = 29,
    ProcessDebugObjectHandle = 30,
    ProcessDebugFlags = 31,
    ProcessExecuteFlags = 34,
    ProcessCookie = 36,
    ProcessImageInformation = 37,
    ProcessCycleTime = 38,
    ProcessImageFileNameWin32 = 43,
    ProcessCommandLineInformation = 60,
};

// Class ProcessQuotaLimits.
struct QUOTA_LIMITS {
    SIZE_T PagedPoolLimit;
    SIZE_T NonPagedPoolLimit;
    SIZE_T MinimumWorkingSetSize;
    SIZE_T MaximumWorkingSetSize;
    SIZE_T PagefileLimit;
    LARGE_INTEGER TimeLimit;
};
struct QUOTA_LIMITS_EX {
    SIZE_T PagedPoolLimit;
    SIZE_T NonPagedPoolLimit;
    SIZE_T MinimumWorkingSetSize;
    SIZE_T MaximumWorkingSetSize;
    SIZE_T PagefileLimit;
    LARGE_INTEGER TimeLimit;
    SIZE_T WorkingSetLimit;
    SIZE_T Reserved2;
    SIZE_T Reserved3;
    SIZE_T Reserved4;
    ULONG Flags; // QUOTA_LIMITS_*
    ULONG CpuRateLimit;
};
inline constexpr ULONG QUOTA_LIMITS_HARDWS_MIN_ENABLE = 0x1;
inline constexpr ULONG QUOTA_LIMITS_HARDWS_MIN_DISABLE = 0x2;
inline constexpr ULONG QUOTA_LIMITS_HARDWS_MAX_ENABLE = 0x4;
inline constexpr ULONG QUOTA_LIMITS_HARDWS_MAX_DISABLE = 0x8;

enum THREADINFOCLASS : ULONG {
    ThreadBasicInformation = 0,
    ThreadTimes = 1,
    ThreadPriority = 2,
    ThreadBasePriority = 3,
    ThreadAffinityMask = 4,
    ThreadImpersonationToken = 5,
    ThreadQuerySetWin32StartAddress = 9,
    ThreadZeroTlsCell = 10,
    ThreadIdealProcessor = 13,
    ThreadPriorityBoost = 14,
    ThreadIsIoPending = 16,
    ThreadHideFromDebugger = 17,
    ThreadBreakOnTermination = 18,
    ThreadIsTerminated = 20,
    ThreadNameInformation = 38,
};

struct PROCESS_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    nt::PEB* PebBaseAddress;
    ULONG_PTR AffinityMask;
    KPRIORITY BasePriority;
    ULONG_PTR UniqueProcessId;
    ULONG_PTR InheritedFromUniqueProcessId;
};
struct THREAD_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    PVOID TebBaseAddress;
    CLIENT_ID ClientId;
    KAFFINITY AffinityMask;
    KPRIORITY Priority;
    KPRIORITY BasePriority;
};
struct KERNEL_USER_TIMES {
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    LARGE_INTEGER KernelTime;
    LARGE_INTEGER UserTime;
};
struct IO_COUNTERS {
    ULONGLONG ReadOperationCount;
    ULONGLONG WriteOperationCount;
    ULONGLONG OtherOperationCount;
    ULONGLONG ReadTransferCount;
    ULONGLONG WriteTransferCount;
    ULONGLONG OtherTransferCount;
};

struct PS_CREATE_NOTIFY_INFO {
    SIZE_T Size;
    union {
        ULONG Flags; // bit 0 FileOpenNameAvailable, 1 IsSubsystemProcess
    };
    HANDLE ParentProcessId;
    CLIENT_ID CreatingThreadId;
    struct FILE_OBJECT* FileObject;
    const UNICODE_STRING* ImageFileName;
    const UNICODE_STRING* CommandLine;
    NTSTATUS CreationStatus;
};
using PPS_CREATE_NOTIFY_INFO = PS_CREATE_NOTIFY_INFO*;

} // namespace nt
