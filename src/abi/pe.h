// PE32+ images.
#pragma once
#include "abi/types.h"

namespace nt {

struct IMAGE_DOS_HEADER {
    USHORT e_magic;
    USHORT e_cblp;
    USHORT e_cp;
    USHORT e_crlc;
    USHORT e_cparhdr;
    USHORT e_minalloc;
    USHORT e_maxalloc;
    USHORT e_ss;
    USHORT e_sp;
    USHORT e_csum;
    USHORT e_ip;
    USHORT e_cs;
    USHORT e_lfarlc;
    USHORT e_ovno;
    USHORT e_res[4];
    USHORT e_oemid;
    USHORT e_oeminfo;
    USHORT e_res2[10];
    LONG e_lfanew;
};
using PIMAGE_DOS_HEADER = IMAGE_DOS_HEADER*;

struct IMAGE_FILE_HEADER {
    USHORT Machine;
    USHORT NumberOfSections;
    ULONG TimeDateStamp;
    ULONG PointerToSymbolTable;
    ULONG NumberOfSymbols;
    USHORT SizeOfOptionalHeader;
    USHORT Characteristics;
};
using PIMAGE_FILE_HEADER = IMAGE_FILE_HEADER*;

struct IMAGE_DATA_DIRECTORY {
    ULONG VirtualAddress;
    ULONG Size;
};
using PIMAGE_DATA_DIRECTORY = IMAGE_DATA_DIRECTORY*;

inline constexpr ULONG IMAGE_NUMBEROF_DIRECTORY_ENTRIES = 16;

struct IMAGE_OPTIONAL_HEADER64 {
    USHORT Magic;
    UCHAR MajorLinkerVersion;
    UCHAR MinorLinkerVersion;
    ULONG SizeOfCode;
    ULONG SizeOfInitializedData;
    ULONG SizeOfUninitializedData;
    ULONG AddressOfEntryPoint;
    ULONG BaseOfCode;
    ULONGLONG ImageBase;
    ULONG SectionAlignment;
    ULONG FileAlignment;
    USHORT MajorOperatingSystemVersion;
    USHORT MinorOperatingSystemVersion;
    USHORT MajorImageVersion;
    USHORT MinorImageVersion;
    USHORT MajorSubsystemVersion;
    USHORT MinorSubsystemVersion;
    ULONG Win32VersionValue;
    ULONG SizeOfImage;
    ULONG SizeOfHeaders;
    ULONG CheckSum;
    USHORT Subsystem;
    USHORT DllCharacteristics;
    ULONGLONG SizeOfStackReserve;
    ULONGLONG SizeOfStackCommit;
    ULONGLONG SizeOfHeapReserve;
    ULONGLONG SizeOfHeapCommit;
    ULONG LoaderFlags;
    ULONG NumberOfRvaAndSizes;
    IMAGE_DATA_DIRECTORY DataDirectory[IMAGE_NUMBEROF_DIRECTORY_ENTRIES];
};
using PIMAGE_OPTIONAL_HEADER64 = IMAGE_OPTIONAL_HEADER64*;

struct IMAGE_NT_HEADERS64 {
    ULONG Signature;
    IMAGE_FILE_HEADER FileHeader;
    IMAGE_OPTIONAL_HEADER64 OptionalHeader;
};
using IMAGE_NT_HEADERS = IMAGE_NT_HEADERS64;
using PIMAGE_NT_HEADERS64 = IMAGE_NT_HEADERS64*;
using PIMAGE_NT_HEADERS = IMAGE_NT_HEADERS64*;

struct IMAGE_SECTION_HEADER {
    UCHAR Name[8];
    union {
        ULONG PhysicalAddress;
        ULONG VirtualSize;
    } Misc;
    ULONG VirtualAddress;
    ULONG SizeOfRawData;
    ULONG PointerToRawData;
    ULONG PointerToRelocations;
    ULONG PointerToLinenumbers;
    USHORT NumberOfRelocations;
    USHORT NumberOfLinenumbers;
    ULONG Characteristics;
};
using PIMAGE_SECTION_HEADER = IMAGE_SECTION_HEADER*;

inline constexpr USHORT IMAGE_DOS_SIGNATURE = 0x5a4d;
inline constexpr ULONG IMAGE_NT_SIGNATURE = 0x00004550;
inline constexpr USHORT IMAGE_NT_OPTIONAL_HDR32_MAGIC = 0x10b;
inline constexpr USHORT IMAGE_NT_OPTIONAL_HDR64_MAGIC = 0x20b;
inline constexpr USHORT IMAGE_FILE_MACHINE_UNKNOWN = 0;
inline constexpr USHORT IMAGE_FILE_MACHINE_I386 = 0x14c;
inline constexpr USHORT IMAGE_FILE_MACHINE_ARMNT = 0x1c4;
inline constexpr USHORT IMAGE_FILE_MACHINE_IA64 = 0x200;
inline constexpr USHORT IMAGE_FILE_MACHINE_AMD64 = 0x8664;
inline constexpr USHORT IMAGE_FILE_MACHINE_ARM64 = 0xaa64;
inline constexpr USHORT IMAGE_FILE_RELOCS_STRIPPED = 0x1;
inline constexpr USHORT IMAGE_FILE_EXECUTABLE_IMAGE = 0x2;
inline constexpr USHORT IMAGE_FILE_LINE_NUMS_STRIPPED = 0x4;
inline constexpr USHORT IMAGE_FILE_LOCAL_SYMS_STRIPPED = 0x8;
inline constexpr USHORT IMAGE_FILE_LARGE_ADDRESS_AWARE = 0x20;
inline constexpr USHORT IMAGE_FILE_32BIT_MACHINE = 0x100;
inline constexpr USHORT IMAGE_FILE_DEBUG_STRIPPED = 0x200;
inline constexpr USHORT IMAGE_FILE_SYSTEM = 0x1000;
inline constexpr USHORT IMAGE_FILE_DLL = 0x2000;
inline constexpr USHORT IMAGE_SUBSYSTEM_UNKNOWN = 0;
inline constexpr USHORT IMAGE_SUBSYSTEM_NATIVE = 1;
inline constexpr USHORT IMAGE_SUBSYSTEM_WINDOWS_GUI = 2;
inline constexpr USHORT IMAGE_SUBSYSTEM_WINDOWS_CUI = 3;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA = 0x20;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE = 0x40;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY = 0x80;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_NX_COMPAT = 0x100;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_NO_ISOLATION = 0x200;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_NO_SEH = 0x400;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_NO_BIND = 0x800;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_APPCONTAINER = 0x1000;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_WDM_DRIVER = 0x2000;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_GUARD_CF = 0x4000;
inline constexpr USHORT IMAGE_DLLCHARACTERISTICS_TERMINAL_SERVER_AWARE = 0x8000;

inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_EXPORT = 0;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_IMPORT = 1;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_RESOURCE = 2;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_EXCEPTION = 3;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_SECURITY = 4;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_BASERELOC = 5;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_DEBUG = 6;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_ARCHITECTURE = 7;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_GLOBALPTR = 8;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_TLS = 9;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG = 10;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT = 11;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_IAT = 12;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT = 13;
inline constexpr ULONG IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR = 14;

inline constexpr ULONG IMAGE_SCN_CNT_CODE = 0x20;
inline constexpr ULONG IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40;
inline constexpr ULONG IMAGE_SCN_CNT_UNINITIALIZED_DATA = 0x80;
inline constexpr ULONG IMAGE_SCN_LNK_NRELOC_OVFL = 0x01000000;
inline constexpr ULONG IMAGE_SCN_MEM_DISCARDABLE = 0x02000000;
inline constexpr ULONG IMAGE_SCN_MEM_NOT_CACHED = 0x04000000;
inline constexpr ULONG IMAGE_SCN_MEM_NOT_PAGED = 0x08000000;
inline constexpr ULONG IMAGE_SCN_MEM_SHARED = 0x10000000;
inline constexpr ULONG IMAGE_SCN_MEM_EXECUTE = 0x20000000;
inline constexpr ULONG IMAGE_SCN_MEM_READ = 0x40000000;
inline constexpr ULONG IMAGE_SCN_MEM_WRITE = 0x80000000;

struct IMAGE_EXPORT_DIRECTORY {
    ULONG Characteristics;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG Name;
    ULONG Base;
    ULONG NumberOfFunctions;
    ULONG NumberOfNames;
    ULONG AddressOfFunctions;
    ULONG AddressOfNames;
    ULONG AddressOfNameOrdinals;
};
using PIMAGE_EXPORT_DIRECTORY = IMAGE_EXPORT_DIRECTORY*;

struct IMAGE_IMPORT_DESCRIPTOR {
    union {
        ULONG Characteristics;
        ULONG OriginalFirstThunk;
    };
    ULONG TimeDateStamp;
    ULONG ForwarderChain;
    ULONG Name;
    ULONG FirstThunk;
};
using PIMAGE_IMPORT_DESCRIPTOR = IMAGE_IMPORT_DESCRIPTOR*;

struct IMAGE_IMPORT_BY_NAME {
    USHORT Hint;
    CHAR Name[1];
};
using PIMAGE_IMPORT_BY_NAME = IMAGE_IMPORT_BY_NAME*;

union IMAGE_THUNK_DATA64 {
    ULONGLONG ForwarderString;
    ULONGLONG Function;
    ULONGLONG Ordinal;
    ULONGLONG AddressOfData;
};
using PIMAGE_THUNK_DATA64 = IMAGE_THUNK_DATA64*;
inline constexpr ULONGLONG IMAGE_ORDINAL_FLAG64 = 0x8000000000000000;

struct IMAGE_BOUND_IMPORT_DESCRIPTOR {
    ULONG TimeDateStamp;
    USHORT OffsetModuleName;
    USHORT NumberOfModuleForwarderRefs;
};

struct IMAGE_DELAYLOAD_DESCRIPTOR {
    ULONG Attributes; // bit 0: the rest are RVAs
    ULONG DllNameRVA;
    ULONG ModuleHandleRVA;
    ULONG ImportAddressTableRVA;
    ULONG ImportNameTableRVA;
    ULONG BoundImportAddressTableRVA;
    ULONG UnloadInformationTableRVA;
    ULONG TimeDateStamp;
};
using PIMAGE_DELAYLOAD_DESCRIPTOR = IMAGE_DELAYLOAD_DESCRIPTOR*;

struct IMAGE_BASE_RELOCATION {
    ULONG VirtualAddress;
    ULONG SizeOfBlock; // with this header; entries are type << 12 | offset
};
using PIMAGE_BASE_RELOCATION = IMAGE_BASE_RELOCATION*;
inline constexpr USHORT IMAGE_REL_BASED_ABSOLUTE = 0;
inline constexpr USHORT IMAGE_REL_BASED_HIGH = 1;
inline constexpr USHORT IMAGE_REL_BASED_LOW = 2;
inline constexpr USHORT IMAGE_REL_BASED_HIGHLOW = 3;
inline constexpr USHORT IMAGE_REL_BASED_HIGHADJ = 4;
inline constexpr USHORT IMAGE_REL_BASED_DIR64 = 10;

struct IMAGE_TLS_DIRECTORY64 {
    ULONGLONG StartAddressOfRawData;
    ULONGLONG EndAddressOfRawData;
    ULONGLONG AddressOfIndex;
    ULONGLONG AddressOfCallBacks;
    ULONG SizeOfZeroFill;
    ULONG Characteristics;
};
using PIMAGE_TLS_DIRECTORY64 = IMAGE_TLS_DIRECTORY64*;
typedef void NTAPI IMAGE_TLS_CALLBACK(PVOID DllHandle, ULONG Reason, PVOID Reserved);
using PIMAGE_TLS_CALLBACK = IMAGE_TLS_CALLBACK*;

inline constexpr ULONG DLL_PROCESS_DETACH = 0;
inline constexpr ULONG DLL_PROCESS_ATTACH = 1;
inline constexpr ULONG DLL_THREAD_ATTACH = 2;
inline constexpr ULONG DLL_THREAD_DETACH = 3;

struct IMAGE_LOAD_CONFIG_CODE_INTEGRITY {
    USHORT Flags;
    USHORT Catalog;
    ULONG CatalogOffset;
    ULONG Reserved;
};

// Size in the image says how much of it is there.
struct IMAGE_LOAD_CONFIG_DIRECTORY64 {
    ULONG Size;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG GlobalFlagsClear;
    ULONG GlobalFlagsSet;
    ULONG CriticalSectionDefaultTimeout;
    ULONGLONG DeCommitFreeBlockThreshold;
    ULONGLONG DeCommitTotalFreeThreshold;
    ULONGLONG LockPrefixTable;
    ULONGLONG MaximumAllocationSize;
    ULONGLONG VirtualMemoryThreshold;
    ULONGLONG ProcessAffinityMask;
    ULONG ProcessHeapFlags;
    USHORT CSDVersion;
    USHORT DependentLoadFlags;
    ULONGLONG EditList;
    ULONGLONG SecurityCookie; // VA
    ULONGLONG SEHandlerTable;
    ULONGLONG SEHandlerCount;
    ULONGLONG GuardCFCheckFunctionPointer; // VA of the pointer
    ULONGLONG GuardCFDispatchFunctionPointer;
    ULONGLONG GuardCFFunctionTable;
    ULONGLONG GuardCFFunctionCount;
    ULONG GuardFlags;
    IMAGE_LOAD_CONFIG_CODE_INTEGRITY CodeIntegrity;
    ULONGLONG GuardAddressTakenIatEntryTable;
    ULONGLONG GuardAddressTakenIatEntryCount;
    ULONGLONG GuardLongJumpTargetTable;
    ULONGLONG GuardLongJumpTargetCount;
    ULONGLONG DynamicValueRelocTable;
    ULONGLONG CHPEMetadataPointer;
    ULONGLONG GuardRFFailureRoutine;
    ULONGLONG GuardRFFailureRoutineFunctionPointer;
    ULONG DynamicValueRelocTableOffset;
    USHORT DynamicValueRelocTableSection;
    USHORT Reserved2;
    ULONGLONG GuardRFVerifyStackPointerFunctionPointer;
    ULONG HotPatchTableOffset;
    ULONG Reserved3;
    ULONGLONG EnclaveConfigurationPointer;
    ULONGLONG VolatileMetadataPointer;
    ULONGLONG GuardEHContinuationTable;
    ULONGLONG GuardEHContinuationCount;
    ULONGLONG GuardXFGCheckFunctionPointer;
    ULONGLONG GuardXFGDispatchFunctionPointer;
    ULONGLONG GuardXFGTableDispatchFunctionPointer;
    ULONGLONG CastGuardOsDeterminedFailureMode;
    ULONGLONG GuardMemcpyFunctionPointer;
};
using PIMAGE_LOAD_CONFIG_DIRECTORY64 = IMAGE_LOAD_CONFIG_DIRECTORY64*;
inline constexpr ULONG IMAGE_GUARD_CF_INSTRUMENTED = 0x100;
inline constexpr ULONG IMAGE_GUARD_CFW_INSTRUMENTED = 0x200;
inline constexpr ULONG IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT = 0x400;
inline constexpr ULONG IMAGE_GUARD_SECURITY_COOKIE_UNUSED = 0x800;
inline constexpr ULONG IMAGE_GUARD_PROTECT_DELAYLOAD_IAT = 0x1000;
// The cookie an image is linked with on x64; the loader replaces it.
inline constexpr ULONGLONG DEFAULT_SECURITY_COOKIE = 0x00002b992ddfa232;

struct IMAGE_DEBUG_DIRECTORY {
    ULONG Characteristics;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    ULONG Type;
    ULONG SizeOfData;
    ULONG AddressOfRawData;
    ULONG PointerToRawData;
};
using PIMAGE_DEBUG_DIRECTORY = IMAGE_DEBUG_DIRECTORY*;
inline constexpr ULONG IMAGE_DEBUG_TYPE_CODEVIEW = 2;

// CodeView record 'RSDS' of a PDB; a zero-terminated path follows.
struct IMAGE_DEBUG_RSDS {
    ULONG Signature;
    GUID Guid;
    ULONG Age;
    CHAR PdbFileName[1];
};
inline constexpr ULONG IMAGE_DEBUG_RSDS_SIGNATURE = 0x53445352;

struct IMAGE_RESOURCE_DIRECTORY {
    ULONG Characteristics;
    ULONG TimeDateStamp;
    USHORT MajorVersion;
    USHORT MinorVersion;
    USHORT NumberOfNamedEntries;
    USHORT NumberOfIdEntries;
};
struct IMAGE_RESOURCE_DIRECTORY_ENTRY {
    ULONG Name;         // bit 31: offset of a string
    ULONG OffsetToData; // bit 31: a directory
};
struct IMAGE_RESOURCE_DATA_ENTRY {
    ULONG OffsetToData;
    ULONG Size;
    ULONG CodePage;
    ULONG Reserved;
};

#pragma pack(push, 2)
struct IMAGE_SYMBOL {
    union {
        UCHAR ShortName[8];
        struct {
            ULONG Short;
            ULONG Long;
        } Name;
    } N;
    ULONG Value;
    SHORT SectionNumber;
    USHORT Type;
    UCHAR StorageClass;
    UCHAR NumberOfAuxSymbols;
};
#pragma pack(pop)
using PIMAGE_SYMBOL = IMAGE_SYMBOL*;
inline constexpr UCHAR IMAGE_SYM_CLASS_EXTERNAL = 2;
inline constexpr UCHAR IMAGE_SYM_CLASS_STATIC = 3;
inline constexpr UCHAR IMAGE_SYM_CLASS_FUNCTION = 101;
inline constexpr UCHAR IMAGE_SYM_CLASS_FILE = 103;

} // namespace nt
