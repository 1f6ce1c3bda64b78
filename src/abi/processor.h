// Per-processor and shared data: what compiled code reads through GS and at KUSER_SHARED_DATA's fixed
// address.
#pragma once
#include "abi/dispatcher.h"
#include "abi/peb.h"

namespace nt {

// Writers store High2Time, LowPart, High1Time in that order; readers repeat until both high parts agree.
struct KSYSTEM_TIME {
    ULONG LowPart;
    LONG High1Time;
    LONG High2Time;
};

// The head only: what lies behind is different in every build. 64-aligned, so that it starts at KPCR + 0x180.
struct alignas(64) KPRCB {
    ULONG MxCsr;
    UCHAR LegacyNumber;
    UCHAR ReservedMustBeZero;
    BOOLEAN InterruptRequest;
    BOOLEAN IdleHalt;
    nt::KTHREAD* CurrentThread;
    nt::KTHREAD* NextThread;
    nt::KTHREAD* IdleThread;
    UCHAR NestingLevel;
    UCHAR ClockOwner;
    UCHAR PendingTickFlags;
    UCHAR IdleState;
    ULONG Number;
    ULONGLONG RspBase;
    KSPIN_LOCK PrcbLock;
    CHAR* PriorityState;
    CHAR CpuType;
    CHAR CpuID;
    USHORT CpuStep;
    ULONG MHz;
    ULONGLONG HalReserved[8];
    USHORT MinorVersion;
    USHORT MajorVersion;
    UCHAR BuildType;
    UCHAR CpuVendor;
    UCHAR CoresPerPhysicalProcessor;
    UCHAR LogicalProcessorsPerCore;
    UCHAR Opaque[0x700 - 0x90];
};
using PKPRCB = KPRCB*;

struct KPCR {
    union {
        nt::NT_TIB NtTib;
        struct {
            PVOID GdtBase;
            PVOID TssBase;
            ULONGLONG UserRsp;
            KPCR* Self;
            KPRCB* CurrentPrcb;
            KSPIN_LOCK_QUEUE* LockArray;
            PVOID Used_Self; // user: the TEB
        };
    };
    PVOID IdtBase;
    ULONGLONG Unused[2];
    KIRQL Irql;
    UCHAR SecondLevelCacheAssociativity;
    UCHAR ObsoleteNumber;
    UCHAR Fill0;
    ULONG Unused0[3];
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG StallScaleFactor;
    PVOID Unused1[3];
    ULONG KernelReserved[15];
    ULONG SecondLevelCacheSize;
    ULONG HalReserved[16];
    ULONG Unused2;
    PVOID KdVersionBlock;
    PVOID Unused3;
    ULONG PcrAlign1[24];
    KPRCB Prcb;
};
using PKPCR = KPCR*;

enum NT_PRODUCT_TYPE : ULONG { NtProductWinNt = 1, NtProductLanManNt, NtProductServer };
enum ALTERNATIVE_ARCHITECTURE_TYPE : ULONG { StandardDesign, NEC98x86, EndAlternatives };

struct XSTATE_FEATURE {
    ULONG Offset;
    ULONG Size;
};

struct XSTATE_CONFIGURATION {
    ULONG64 EnabledFeatures;
    ULONG64 EnabledVolatileFeatures;
    ULONG Size;
    ULONG ControlFlags; // bit 0 optimized save, 1 compaction
    XSTATE_FEATURE Features[64];
    ULONG64 EnabledSupervisorFeatures;
    ULONG64 AlignedFeatures;
    ULONG AllFeatureSize;
    ULONG AllFeatures[64];
    ULONG64 EnabledUserVisibleSupervisorFeatures;
};

struct KUSER_SHARED_DATA {
    ULONG TickCountLowDeprecated;
    ULONG TickCountMultiplier;
    volatile KSYSTEM_TIME InterruptTime;
    volatile KSYSTEM_TIME SystemTime;
    volatile KSYSTEM_TIME TimeZoneBias;
    USHORT ImageNumberLow;
    USHORT ImageNumberHigh;
    WCHAR NtSystemRoot[260];
    ULONG MaxStackTraceDepth;
    ULONG CryptoExponent;
    ULONG TimeZoneId;
    ULONG LargePageMinimum;
    ULONG AitSamplingValue;
    ULONG AppCompatFlag;
    ULONGLONG RNGSeedVersion;
    ULONG GlobalValidationRunlevel;
    volatile LONG TimeZoneBiasStamp;
    ULONG NtBuildNumber;
    NT_PRODUCT_TYPE NtProductType;
    BOOLEAN ProductTypeIsValid;
    BOOLEAN Reserved0[1];
    USHORT NativeProcessorArchitecture;
    ULONG NtMajorVersion;
    ULONG NtMinorVersion;
    BOOLEAN ProcessorFeatures[64];
    ULONG Reserved1;
    ULONG Reserved3;
    volatile ULONG TimeSlip;
    ALTERNATIVE_ARCHITECTURE_TYPE AlternativeArchitecture;
    ULONG BootId;
    LARGE_INTEGER SystemExpirationDate;
    ULONG SuiteMask;
    BOOLEAN KdDebuggerEnabled;
    UCHAR MitigationPolicies;
    USHORT CyclesPerYield;
    volatile ULONG ActiveConsoleId;
    volatile ULONG DismountCount;
    ULONG ComPlusPackage;
    ULONG LastSystemRITEventTickCount;
    ULONG NumberOfPhysicalPages;
    BOOLEAN SafeBootMode;
    UCHAR VirtualizationFlags;
    UCHAR Reserved12[2];
    ULONG SharedDataFlags;
    ULONG DataFlagsPad[1];
    ULONGLONG TestRetInstruction;
    LONGLONG QpcFrequency;
    ULONG SystemCall;
    ULONG Reserved2;
    ULONGLONG SystemCallPad[2];
    union {
        volatile KSYSTEM_TIME TickCount;
        volatile ULONG64 TickCountQuad;
        ULONG ReservedTickCountOverlay[3];
    };
    ULONG Cookie;
    ULONG CookiePad[1];
    LONGLONG ConsoleSessionForegroundProcessId;
    ULONGLONG TimeUpdateLock;
    ULONGLONG BaselineSystemTimeQpc;
    ULONGLONG BaselineInterruptTimeQpc;
    ULONGLONG QpcSystemTimeIncrement;
    ULONGLONG QpcInterruptTimeIncrement;
    UCHAR QpcSystemTimeIncrementShift;
    UCHAR QpcInterruptTimeIncrementShift;
    USHORT UnparkedProcessorCount;
    ULONG EnclaveFeatureMask[4];
    ULONG TelemetryCoverageRound;
    USHORT UserModeGlobalLogger[16];
    ULONG ImageFileExecutionOptions;
    ULONG LangGenerationCount;
    ULONGLONG Reserved4;
    volatile ULONG64 InterruptTimeBias;
    volatile ULONG64 QpcBias;
    ULONG ActiveProcessorCount;
    volatile UCHAR ActiveGroupCount;
    UCHAR Reserved9;
    union {
        USHORT QpcData;
        struct {
            volatile UCHAR QpcBypassEnabled;
            UCHAR QpcShift;
        };
    };
    LARGE_INTEGER TimeZoneBiasEffectiveStart;
    LARGE_INTEGER TimeZoneBiasEffectiveEnd;
    XSTATE_CONFIGURATION XState;
};
using PKUSER_SHARED_DATA = KUSER_SHARED_DATA*;

inline constexpr ULONG_PTR MM_SHARED_USER_DATA_VA = 0x7ffe0000;
inline constexpr ULONG_PTR KI_USER_SHARED_DATA = 0xfffff78000000000;
inline constexpr USHORT PROCESSOR_ARCHITECTURE_AMD64 = 9;

// ProcessorFeatures
inline constexpr ULONG PF_FLOATING_POINT_EMULATED = 1;
inline constexpr ULONG PF_COMPARE_EXCHANGE_DOUBLE = 2;
inline constexpr ULONG PF_MMX_INSTRUCTIONS_AVAILABLE = 3;
inline constexpr ULONG PF_XMMI_INSTRUCTIONS_AVAILABLE = 6;
inline constexpr ULONG PF_RDTSC_INSTRUCTION_AVAILABLE = 8;
inline constexpr ULONG PF_PAE_ENABLED = 9;
inline constexpr ULONG PF_XMMI64_INSTRUCTIONS_AVAILABLE = 10;
inline constexpr ULONG PF_NX_ENABLED = 12;
inline constexpr ULONG PF_SSE3_INSTRUCTIONS_AVAILABLE = 13;
inline constexpr ULONG PF_COMPARE_EXCHANGE128 = 14;
inline constexpr ULONG PF_XSAVE_ENABLED = 17;
inline constexpr ULONG PF_SECOND_LEVEL_ADDRESS_TRANSLATION = 20;
inline constexpr ULONG PF_VIRT_FIRMWARE_ENABLED = 21;
inline constexpr ULONG PF_RDWRFSGSBASE_AVAILABLE = 22;
inline constexpr ULONG PF_FASTFAIL_AVAILABLE = 23;
inline constexpr ULONG PF_RDRAND_INSTRUCTION_AVAILABLE = 28;
inline constexpr ULONG PF_RDTSCP_INSTRUCTION_AVAILABLE = 32;
inline constexpr ULONG PF_SSSE3_INSTRUCTIONS_AVAILABLE = 36;
inline constexpr ULONG PF_SSE4_1_INSTRUCTIONS_AVAILABLE = 37;
inline constexpr ULONG PF_SSE4_2_INSTRUCTIONS_AVAILABLE = 38;
inline constexpr ULONG PF_AVX_INSTRUCTIONS_AVAILABLE = 39;
inline constexpr ULONG PF_AVX2_INSTRUCTIONS_AVAILABLE = 40;
inline constexpr ULONG PF_AVX512F_INSTRUCTIONS_AVAILABLE = 41;

} // namespace nt
