// Memory: MDLs, pools, lookaside lists, protections and what programs query.
#pragma once
#include "abi/dispatcher.h"

namespace nt {

inline constexpr ULONG_PTR PAGE_SIZE = 0x1000;
inline constexpr ULONG PAGE_SHIFT = 12;

// PFNs of the pages follow at + 0x30.
struct MDL {
    MDL* Next;
    CSHORT Size;     // 0x30 + 8 * pages
    CSHORT MdlFlags; // MDL_*
    USHORT AllocationProcessorNumber;
    USHORT Reserved;
    nt::KPROCESS* Process;
    PVOID MappedSystemVa;
    PVOID StartVa; // page aligned
    ULONG ByteCount;
    ULONG ByteOffset;
};
using PMDL = MDL*;

inline constexpr CSHORT MDL_MAPPED_TO_SYSTEM_VA = 0x1;
inline constexpr CSHORT MDL_PAGES_LOCKED = 0x2;
inline constexpr CSHORT MDL_SOURCE_IS_NONPAGED_POOL = 0x4;
inline constexpr CSHORT MDL_ALLOCATED_FIXED_SIZE = 0x8;
inline constexpr CSHORT MDL_PARTIAL = 0x10;
inline constexpr CSHORT MDL_PARTIAL_HAS_BEEN_MAPPED = 0x20;
inline constexpr CSHORT MDL_IO_PAGE_READ = 0x40;
inline constexpr CSHORT MDL_WRITE_OPERATION = 0x80;
inline constexpr CSHORT MDL_LOCKED_PAGE_TABLES = 0x100;
inline constexpr CSHORT MDL_PARENT_MAPPED_SYSTEM_VA = 0x100;
inline constexpr CSHORT MDL_FREE_EXTRA_PTES = 0x200;
inline constexpr CSHORT MDL_DESCRIBES_AWE = 0x400;
inline constexpr CSHORT MDL_IO_SPACE = 0x800;
inline constexpr CSHORT MDL_NETWORK_HEADER = 0x1000;
inline constexpr CSHORT MDL_MAPPING_CAN_FAIL = 0x2000;
inline constexpr CSHORT MDL_PAGE_CONTENTS_INVARIANT = 0x4000;
inline constexpr CSHORT MDL_ALLOCATED_MUST_SUCCEED = 0x4000;
inline constexpr CSHORT MDL_INTERNAL = CSHORT(0x8000);

enum LOCK_OPERATION : ULONG { IoReadAccess, IoWriteAccess, IoModifyAccess };

enum MEMORY_CACHING_TYPE : LONG {
    MmNonCached = 0,
    MmCached = 1,
    MmWriteCombined = 2,
    MmHardwareCoherentCached,
    MmNonCachedUnordered,
    MmUSWCCached,
    MmMaximumCacheType,
    MmNotMapped = -1,
};

enum MM_PAGE_PRIORITY : LONG { LowPagePriority = 0, NormalPagePriority = 16, HighPagePriority = 32 };
inline constexpr ULONG MdlMappingNoWrite = 0x80000000;
inline constexpr ULONG MdlMappingNoExecute = 0x40000000;
inline constexpr ULONG MdlMappingWithGuardPtes = 0x20000000;

enum MM_SYSTEMSIZE : ULONG { MmSmallSystem, MmMediumSystem, MmLargeSystem };

// Bits and combinations are used as numbers: values outside the enumerators are valid.
enum POOL_TYPE : LONG {
    NonPagedPool = 0,
    NonPagedPoolExecute = 0,
    PagedPool = 1,
    NonPagedPoolMustSucceed = 2,
    DontUseThisType = 3,
    NonPagedPoolCacheAligned = 4,
    PagedPoolCacheAligned = 5,
    NonPagedPoolCacheAlignedMustS = 6,
    MaxPoolType = 7,
    NonPagedPoolSession = 32,
    PagedPoolSession = 33,
    NonPagedPoolMustSucceedSession = 34,
    DontUseThisTypeSession = 35,
    NonPagedPoolCacheAlignedSession = 36,
    PagedPoolCacheAlignedSession = 37,
    NonPagedPoolCacheAlignedMustSSession = 38,
    NonPagedPoolNx = 512,
    NonPagedPoolNxCacheAligned = 516,
    NonPagedPoolSessionNx = 544,
};
inline constexpr LONG POOL_QUOTA_FAIL_INSTEAD_OF_RAISE = 8;
inline constexpr LONG POOL_RAISE_IF_ALLOCATION_FAILURE = 16;
inline constexpr LONG POOL_COLD_ALLOCATION = 256;
inline constexpr LONG POOL_NX_ALLOCATION = 512;
inline constexpr LONG POOL_ZERO_ALLOCATION = 1024;

using POOL_FLAGS = ULONG64;
inline constexpr POOL_FLAGS POOL_FLAG_USE_QUOTA = 0x1;
inline constexpr POOL_FLAGS POOL_FLAG_UNINITIALIZED = 0x2;
inline constexpr POOL_FLAGS POOL_FLAG_SESSION = 0x4;
inline constexpr POOL_FLAGS POOL_FLAG_CACHE_ALIGNED = 0x8;
inline constexpr POOL_FLAGS POOL_FLAG_RESERVED1 = 0x10;
inline constexpr POOL_FLAGS POOL_FLAG_RAISE_ON_FAILURE = 0x20;
inline constexpr POOL_FLAGS POOL_FLAG_NON_PAGED = 0x40;
inline constexpr POOL_FLAGS POOL_FLAG_NON_PAGED_EXECUTE = 0x80;
inline constexpr POOL_FLAGS POOL_FLAG_PAGED = 0x100;
inline constexpr POOL_FLAGS POOL_FLAG_RESERVED2 = 0x200;
inline constexpr POOL_FLAGS POOL_FLAG_RESERVED3 = 0x400;
inline constexpr POOL_FLAGS POOL_FLAG_REQUIRED_END = 0x80000000;
inline constexpr POOL_FLAGS POOL_FLAG_OPTIONAL_START = 0x100000000;
inline constexpr POOL_FLAGS POOL_FLAG_SPECIAL_POOL = 0x100000000;
inline constexpr POOL_FLAGS POOL_FLAG_OPTIONAL_END = 0x8000000000000000;

struct POOL_EXTENDED_PARAMETER {
    struct MS_BITS {
        ULONG64 Type : 8;
        ULONG64 Optional : 1;
        ULONG64 Reserved : 55;
    };
    union {
        ULONG64 Reserved2;
        PVOID Reserved3;
        ULONG Priority; // EX_POOL_PRIORITY
        PVOID SecurePoolParams;
        ULONG PreferredNode;
    };
};
using PPOOL_EXTENDED_PARAMETER = POOL_EXTENDED_PARAMETER*;

enum EX_POOL_PRIORITY : LONG {
    LowPoolPriority = 0,
    LowPoolPrioritySpecialPoolOverrun = 8,
    LowPoolPrioritySpecialPoolUnderrun = 9,
    NormalPoolPriority = 16,
    NormalPoolPrioritySpecialPoolOverrun = 24,
    NormalPoolPrioritySpecialPoolUnderrun = 25,
    HighPoolPriority = 32,
    HighPoolPrioritySpecialPoolOverrun = 40,
    HighPoolPrioritySpecialPoolUnderrun = 41,
};

struct LOOKASIDE_LIST_EX;
typedef PVOID NTAPI ALLOCATE_FUNCTION(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
using PALLOCATE_FUNCTION = ALLOCATE_FUNCTION*;
typedef PVOID NTAPI ALLOCATE_FUNCTION_EX(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                         LOOKASIDE_LIST_EX* Lookaside);
using PALLOCATE_FUNCTION_EX = ALLOCATE_FUNCTION_EX*;
typedef void NTAPI FREE_FUNCTION(PVOID Buffer);
using PFREE_FUNCTION = FREE_FUNCTION*;
typedef void NTAPI FREE_FUNCTION_EX(PVOID Buffer, LOOKASIDE_LIST_EX* Lookaside);
using PFREE_FUNCTION_EX = FREE_FUNCTION_EX*;

// What GENERAL_LOOKASIDE and GENERAL_LOOKASIDE_POOL share.
#define NT_LOOKASIDE_FIELDS                                                                                  \
    union {                                                                                                  \
        SLIST_HEADER ListHead;                                                                               \
        SINGLE_LIST_ENTRY SingleListHead;                                                                    \
    };                                                                                                       \
    USHORT Depth;                                                                                            \
    USHORT MaximumDepth;                                                                                     \
    ULONG TotalAllocates;                                                                                    \
    union {                                                                                                  \
        ULONG AllocateMisses;                                                                                \
        ULONG AllocateHits;                                                                                  \
    };                                                                                                       \
    ULONG TotalFrees;                                                                                        \
    union {                                                                                                  \
        ULONG FreeMisses;                                                                                    \
        ULONG FreeHits;                                                                                      \
    };                                                                                                       \
    POOL_TYPE Type;                                                                                          \
    ULONG Tag;                                                                                               \
    ULONG Size;                                                                                              \
    union {                                                                                                  \
        PALLOCATE_FUNCTION_EX AllocateEx;                                                                    \
        PALLOCATE_FUNCTION Allocate;                                                                         \
    };                                                                                                       \
    union {                                                                                                  \
        PFREE_FUNCTION_EX FreeEx;                                                                            \
        PFREE_FUNCTION Free;                                                                                 \
    };                                                                                                       \
    LIST_ENTRY ListEntry;                                                                                    \
    ULONG LastTotalAllocates;                                                                                \
    union {                                                                                                  \
        ULONG LastAllocateMisses;                                                                            \
        ULONG LastAllocateHits;                                                                              \
    };                                                                                                       \
    ULONG Future[2];

struct alignas(64) GENERAL_LOOKASIDE {
    NT_LOOKASIDE_FIELDS
};
using PGENERAL_LOOKASIDE = GENERAL_LOOKASIDE*;
struct GENERAL_LOOKASIDE_POOL {
    NT_LOOKASIDE_FIELDS
};
using PGENERAL_LOOKASIDE_POOL = GENERAL_LOOKASIDE_POOL*;
#undef NT_LOOKASIDE_FIELDS

struct NPAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
};
using PNPAGED_LOOKASIDE_LIST = NPAGED_LOOKASIDE_LIST*;
struct PAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
};
using PPAGED_LOOKASIDE_LIST = PAGED_LOOKASIDE_LIST*;
struct LOOKASIDE_LIST_EX {
    GENERAL_LOOKASIDE_POOL L;
};
using PLOOKASIDE_LIST_EX = LOOKASIDE_LIST_EX*;
inline constexpr ULONG EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL = 0x1;
inline constexpr ULONG EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE = 0x2;

inline constexpr ULONG PAGE_NOACCESS = 0x01;
inline constexpr ULONG PAGE_READONLY = 0x02;
inline constexpr ULONG PAGE_READWRITE = 0x04;
inline constexpr ULONG PAGE_WRITECOPY = 0x08;
inline constexpr ULONG PAGE_EXECUTE = 0x10;
inline constexpr ULONG PAGE_EXECUTE_READ = 0x20;
inline constexpr ULONG PAGE_EXECUTE_READWRITE = 0x40;
inline constexpr ULONG PAGE_EXECUTE_WRITECOPY = 0x80;
inline constexpr ULONG PAGE_GUARD = 0x100;
inline constexpr ULONG PAGE_NOCACHE = 0x200;
inline constexpr ULONG PAGE_WRITECOMBINE = 0x400;
inline constexpr ULONG PAGE_TARGETS_INVALID = 0x40000000;

inline constexpr ULONG MEM_COMMIT = 0x1000;
inline constexpr ULONG MEM_RESERVE = 0x2000;
inline constexpr ULONG MEM_DECOMMIT = 0x4000;
inline constexpr ULONG MEM_RELEASE = 0x8000;
inline constexpr ULONG MEM_FREE = 0x10000;
inline constexpr ULONG MEM_PRIVATE = 0x20000;
inline constexpr ULONG MEM_MAPPED = 0x40000;
inline constexpr ULONG MEM_RESET = 0x80000;
inline constexpr ULONG MEM_TOP_DOWN = 0x100000;
inline constexpr ULONG MEM_WRITE_WATCH = 0x200000;
inline constexpr ULONG MEM_PHYSICAL = 0x400000;
inline constexpr ULONG MEM_RESET_UNDO = 0x1000000;
inline constexpr ULONG MEM_IMAGE = 0x1000000;
inline constexpr ULONG MEM_LARGE_PAGES = 0x20000000;

inline constexpr ULONG SEC_FILE = 0x800000;
inline constexpr ULONG SEC_IMAGE = 0x1000000;
inline constexpr ULONG SEC_RESERVE = 0x4000000;
inline constexpr ULONG SEC_COMMIT = 0x8000000;
inline constexpr ULONG SEC_NOCACHE = 0x10000000;

enum SECTION_INHERIT : ULONG { ViewShare = 1, ViewUnmap = 2 };

struct MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    ULONG AllocationProtect;
    USHORT PartitionId;
    SIZE_T RegionSize;
    ULONG State;
    ULONG Protect;
    ULONG Type;
};
using PMEMORY_BASIC_INFORMATION = MEMORY_BASIC_INFORMATION*;

enum MEMORY_INFORMATION_CLASS : ULONG {
    MemoryBasicInformation = 0,
    MemoryWorkingSetInformation = 1,
    MemoryMappedFilenameInformation = 2,
    MemoryRegionInformation = 3,
    MemoryWorkingSetExInformation = 4,
    MemorySharedCommitInformation = 5,
    MemoryImageInformation = 6,
};

struct PHYSICAL_MEMORY_RANGE {
    PHYSICAL_ADDRESS BaseAddress;
    LARGE_INTEGER NumberOfBytes;
};
using PPHYSICAL_MEMORY_RANGE = PHYSICAL_MEMORY_RANGE*;

} // namespace nt
