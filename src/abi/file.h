// Files: the FILE_OBJECT, what a create asks for, and the information structures that programs read and set.
#pragma once
#include "abi/dispatcher.h"
#include "abi/ob.h"
#include "abi/se.h"

namespace nt {

struct DEVICE_OBJECT;
struct VPB;
struct IRP;

struct IO_STATUS_BLOCK {
    union {
        NTSTATUS Status;
        PVOID Pointer;
    };
    ULONG_PTR Information;
};
using PIO_STATUS_BLOCK = IO_STATUS_BLOCK*;

typedef void NTAPI IO_APC_ROUTINE(PVOID ApcContext, IO_STATUS_BLOCK* IoStatusBlock, ULONG Reserved);
using PIO_APC_ROUTINE = IO_APC_ROUTINE*;

struct SECTION_OBJECT_POINTERS {
    PVOID DataSectionObject;
    PVOID SharedCacheMap;
    PVOID ImageSectionObject;
};
using PSECTION_OBJECT_POINTERS = SECTION_OBJECT_POINTERS*;

struct IO_COMPLETION_CONTEXT {
    PVOID Port;
    PVOID Key;
};
using PIO_COMPLETION_CONTEXT = IO_COMPLETION_CONTEXT*;

struct FILE_OBJECT {
    CSHORT Type; // IO_TYPE_FILE
    CSHORT Size; // 0xd8
    DEVICE_OBJECT* DeviceObject;
    nt::VPB* Vpb;
    PVOID FsContext;
    PVOID FsContext2;
    SECTION_OBJECT_POINTERS* SectionObjectPointer;
    PVOID PrivateCacheMap;
    NTSTATUS FinalStatus;
    FILE_OBJECT* RelatedFileObject;
    BOOLEAN LockOperation;
    BOOLEAN DeletePending;
    BOOLEAN ReadAccess;
    BOOLEAN WriteAccess;
    BOOLEAN DeleteAccess;
    BOOLEAN SharedRead;
    BOOLEAN SharedWrite;
    BOOLEAN SharedDelete;
    ULONG Flags; // FO_*
    UNICODE_STRING FileName;
    LARGE_INTEGER CurrentByteOffset;
    volatile ULONG Waiters;
    volatile ULONG Busy;
    PVOID LastLock;
    KEVENT Lock;
    KEVENT Event;
    IO_COMPLETION_CONTEXT* volatile CompletionContext;
    KSPIN_LOCK IrpListLock;
    LIST_ENTRY IrpList;
    PVOID volatile FileObjectExtension;
};
using PFILE_OBJECT = FILE_OBJECT*;

inline constexpr ULONG FO_FILE_OPEN = 0x1;
inline constexpr ULONG FO_SYNCHRONOUS_IO = 0x2;
inline constexpr ULONG FO_ALERTABLE_IO = 0x4;
inline constexpr ULONG FO_NO_INTERMEDIATE_BUFFERING = 0x8;
inline constexpr ULONG FO_WRITE_THROUGH = 0x10;
inline constexpr ULONG FO_SEQUENTIAL_ONLY = 0x20;
inline constexpr ULONG FO_CACHE_SUPPORTED = 0x40;
inline constexpr ULONG FO_NAMED_PIPE = 0x80;
inline constexpr ULONG FO_STREAM_FILE = 0x100;
inline constexpr ULONG FO_MAILSLOT = 0x200;
inline constexpr ULONG FO_GENERATE_AUDIT_ON_CLOSE = 0x400;
inline constexpr ULONG FO_QUEUE_IRP_TO_THREAD = 0x400;
inline constexpr ULONG FO_DIRECT_DEVICE_OPEN = 0x800;
inline constexpr ULONG FO_FILE_MODIFIED = 0x1000;
inline constexpr ULONG FO_FILE_SIZE_CHANGED = 0x2000;
inline constexpr ULONG FO_CLEANUP_COMPLETE = 0x4000;
inline constexpr ULONG FO_TEMPORARY_FILE = 0x8000;
inline constexpr ULONG FO_DELETE_ON_CLOSE = 0x10000;
inline constexpr ULONG FO_OPENED_CASE_SENSITIVE = 0x20000;
inline constexpr ULONG FO_HANDLE_CREATED = 0x40000;
inline constexpr ULONG FO_FILE_FAST_IO_READ = 0x80000;
inline constexpr ULONG FO_RANDOM_ACCESS = 0x100000;
inline constexpr ULONG FO_FILE_OPEN_CANCELLED = 0x200000;
inline constexpr ULONG FO_VOLUME_OPEN = 0x400000;
inline constexpr ULONG FO_REMOTE_ORIGIN = 0x1000000;
inline constexpr ULONG FO_DISALLOW_EXCLUSIVE = 0x2000000;
inline constexpr ULONG FO_SKIP_COMPLETION_PORT = 0x2000000;
inline constexpr ULONG FO_SKIP_SET_EVENT = 0x4000000;
inline constexpr ULONG FO_SKIP_SET_FAST_IO = 0x8000000;

// Access rights of files and devices.
inline constexpr ACCESS_MASK FILE_READ_DATA = 0x1;
inline constexpr ACCESS_MASK FILE_LIST_DIRECTORY = 0x1;
inline constexpr ACCESS_MASK FILE_WRITE_DATA = 0x2;
inline constexpr ACCESS_MASK FILE_ADD_FILE = 0x2;
inline constexpr ACCESS_MASK FILE_APPEND_DATA = 0x4;
inline constexpr ACCESS_MASK FILE_ADD_SUBDIRECTORY = 0x4;
inline constexpr ACCESS_MASK FILE_CREATE_PIPE_INSTANCE = 0x4;
inline constexpr ACCESS_MASK FILE_READ_EA = 0x8;
inline constexpr ACCESS_MASK FILE_WRITE_EA = 0x10;
inline constexpr ACCESS_MASK FILE_EXECUTE = 0x20;
inline constexpr ACCESS_MASK FILE_TRAVERSE = 0x20;
inline constexpr ACCESS_MASK FILE_DELETE_CHILD = 0x40;
inline constexpr ACCESS_MASK FILE_READ_ATTRIBUTES = 0x80;
inline constexpr ACCESS_MASK FILE_WRITE_ATTRIBUTES = 0x100;
inline constexpr ACCESS_MASK FILE_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x1ff;
inline constexpr ACCESS_MASK FILE_GENERIC_READ =
    STANDARD_RIGHTS_READ | FILE_READ_DATA | FILE_READ_ATTRIBUTES | FILE_READ_EA | SYNCHRONIZE;
inline constexpr ACCESS_MASK FILE_GENERIC_WRITE = STANDARD_RIGHTS_WRITE | FILE_WRITE_DATA |
                                                  FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA | FILE_APPEND_DATA |
                                                  SYNCHRONIZE;
inline constexpr ACCESS_MASK FILE_GENERIC_EXECUTE =
    STANDARD_RIGHTS_EXECUTE | FILE_READ_ATTRIBUTES | FILE_EXECUTE | SYNCHRONIZE;

inline constexpr ULONG FILE_SHARE_READ = 0x1;
inline constexpr ULONG FILE_SHARE_WRITE = 0x2;
inline constexpr ULONG FILE_SHARE_DELETE = 0x4;
inline constexpr ULONG FILE_SHARE_VALID_FLAGS = 0x7;

// Create disposition.
inline constexpr ULONG FILE_SUPERSEDE = 0;
inline constexpr ULONG FILE_OPEN = 1;
inline constexpr ULONG FILE_CREATE = 2;
inline constexpr ULONG FILE_OPEN_IF = 3;
inline constexpr ULONG FILE_OVERWRITE = 4;
inline constexpr ULONG FILE_OVERWRITE_IF = 5;
inline constexpr ULONG FILE_MAXIMUM_DISPOSITION = 5;

// IoStatus.Information after a create.
inline constexpr ULONG_PTR FILE_SUPERSEDED = 0;
inline constexpr ULONG_PTR FILE_OPENED = 1;
inline constexpr ULONG_PTR FILE_CREATED = 2;
inline constexpr ULONG_PTR FILE_OVERWRITTEN = 3;
inline constexpr ULONG_PTR FILE_EXISTS = 4;
inline constexpr ULONG_PTR FILE_DOES_NOT_EXIST = 5;

// Create options.
inline constexpr ULONG FILE_DIRECTORY_FILE = 0x1;
inline constexpr ULONG FILE_WRITE_THROUGH = 0x2;
inline constexpr ULONG FILE_SEQUENTIAL_ONLY = 0x4;
inline constexpr ULONG FILE_NO_INTERMEDIATE_BUFFERING = 0x8;
inline constexpr ULONG FILE_SYNCHRONOUS_IO_ALERT = 0x10;
inline constexpr ULONG FILE_SYNCHRONOUS_IO_NONALERT = 0x20;
inline constexpr ULONG FILE_NON_DIRECTORY_FILE = 0x40;
inline constexpr ULONG FILE_CREATE_TREE_CONNECTION = 0x80;
inline constexpr ULONG FILE_COMPLETE_IF_OPLOCKED = 0x100;
inline constexpr ULONG FILE_NO_EA_KNOWLEDGE = 0x200;
inline constexpr ULONG FILE_OPEN_REMOTE_INSTANCE = 0x400;
inline constexpr ULONG FILE_RANDOM_ACCESS = 0x800;
inline constexpr ULONG FILE_DELETE_ON_CLOSE = 0x1000;
inline constexpr ULONG FILE_OPEN_BY_FILE_ID = 0x2000;
inline constexpr ULONG FILE_OPEN_FOR_BACKUP_INTENT = 0x4000;
inline constexpr ULONG FILE_NO_COMPRESSION = 0x8000;
inline constexpr ULONG FILE_OPEN_REQUIRING_OPLOCK = 0x10000;
inline constexpr ULONG FILE_DISALLOW_EXCLUSIVE = 0x20000;
inline constexpr ULONG FILE_SESSION_AWARE = 0x40000;
inline constexpr ULONG FILE_RESERVE_OPFILTER = 0x100000;
inline constexpr ULONG FILE_OPEN_REPARSE_POINT = 0x200000;
inline constexpr ULONG FILE_OPEN_NO_RECALL = 0x400000;
inline constexpr ULONG FILE_OPEN_FOR_FREE_SPACE_QUERY = 0x800000;
inline constexpr ULONG FILE_VALID_OPTION_FLAGS = 0x00ffffff;
inline constexpr ULONG FILE_VALID_PIPE_OPTION_FLAGS = 0x32;
inline constexpr ULONG FILE_VALID_MAILSLOT_OPTION_FLAGS = 0x32;
inline constexpr ULONG FILE_VALID_SET_FLAGS = 0x36;

inline constexpr ULONG FILE_ATTRIBUTE_READONLY = 0x1;
inline constexpr ULONG FILE_ATTRIBUTE_HIDDEN = 0x2;
inline constexpr ULONG FILE_ATTRIBUTE_SYSTEM = 0x4;
inline constexpr ULONG FILE_ATTRIBUTE_DIRECTORY = 0x10;
inline constexpr ULONG FILE_ATTRIBUTE_ARCHIVE = 0x20;
inline constexpr ULONG FILE_ATTRIBUTE_DEVICE = 0x40;
inline constexpr ULONG FILE_ATTRIBUTE_NORMAL = 0x80;
inline constexpr ULONG FILE_ATTRIBUTE_TEMPORARY = 0x100;
inline constexpr ULONG FILE_ATTRIBUTE_SPARSE_FILE = 0x200;
inline constexpr ULONG FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
inline constexpr ULONG FILE_ATTRIBUTE_COMPRESSED = 0x800;
inline constexpr ULONG FILE_ATTRIBUTE_OFFLINE = 0x1000;
inline constexpr ULONG FILE_ATTRIBUTE_NOT_CONTENT_INDEXED = 0x2000;
inline constexpr ULONG FILE_ATTRIBUTE_ENCRYPTED = 0x4000;
inline constexpr ULONG FILE_ATTRIBUTE_VALID_FLAGS = 0x7fb7;
inline constexpr ULONG FILE_ATTRIBUTE_VALID_SET_FLAGS = 0x31a7;

inline constexpr LONG FILE_WRITE_TO_END_OF_FILE = -1;      // LowPart, with HighPart -1
inline constexpr LONG FILE_USE_FILE_POINTER_POSITION = -2; // LowPart, with HighPart -1

enum FILE_INFORMATION_CLASS : ULONG {
    FileDirectoryInformation = 1,
    FileFullDirectoryInformation,
    FileBothDirectoryInformation,
    FileBasicInformation,
    FileStandardInformation,
    FileInternalInformation,
    FileEaInformation,
    FileAccessInformation,
    FileNameInformation,
    FileRenameInformation,
    FileLinkInformation,
    FileNamesInformation,
    FileDispositionInformation,
    FilePositionInformation,
    FileFullEaInformation,
    FileModeInformation,
    FileAlignmentInformation,
    FileAllInformation,
    FileAllocationInformation,
    FileEndOfFileInformation,
    FileAlternateNameInformation,
    FileStreamInformation,
    FilePipeInformation,
    FilePipeLocalInformation,
    FilePipeRemoteInformation,
    FileMailslotQueryInformation,
    FileMailslotSetInformation,
    FileCompressionInformation,
    FileObjectIdInformation,
    FileCompletionInformation,
    FileMoveClusterInformation,
    FileQuotaInformation,
    FileReparsePointInformation,
    FileNetworkOpenInformation,
    FileAttributeTagInformation,
    FileTrackingInformation,
    FileIdBothDirectoryInformation,
    FileIdFullDirectoryInformation,
    FileValidDataLengthInformation,
    FileShortNameInformation,
    FileIoCompletionNotificationInformation,
    FileIoStatusBlockRangeInformation,
    FileIoPriorityHintInformation,
    FileSfioReserveInformation,
    FileSfioVolumeInformation,
    FileHardLinkInformation,
    FileProcessIdsUsingFileInformation,
    FileNormalizedNameInformation,
    FileNetworkPhysicalNameInformation,
    FileIdGlobalTxDirectoryInformation,
    FileIsRemoteDeviceInformation,
    FileUnusedInformation,
    FileNumaNodeInformation,
    FileStandardLinkInformation,
    FileRemoteProtocolInformation,
    FileRenameInformationBypassAccessCheck,
    FileLinkInformationBypassAccessCheck,
    FileVolumeNameInformation,
    FileIdInformation,
    FileIdExtdDirectoryInformation,
    FileReplaceCompletionInformation,
    FileHardLinkFullIdInformation,
    FileIdExtdBothDirectoryInformation,
    FileDispositionInformationEx,
    FileRenameInformationEx,
    FileRenameInformationExBypassAccessCheck,
    FileDesiredStorageClassInformation,
    FileStatInformation,
    FileMemoryPartitionInformation,
    FileStatLxInformation,
    FileCaseSensitiveInformation,
    FileLinkInformationEx,
    FileLinkInformationExBypassAccessCheck,
    FileStorageReserveIdInformation,
    FileCaseSensitiveInformationForceAccessCheck,
    FileKnownFolderInformation,
    FileMaximumInformation,
};
using PFILE_INFORMATION_CLASS = FILE_INFORMATION_CLASS*;

struct FILE_BASIC_INFORMATION {
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    ULONG FileAttributes;
};
using PFILE_BASIC_INFORMATION = FILE_BASIC_INFORMATION*;

struct FILE_STANDARD_INFORMATION {
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG NumberOfLinks;
    BOOLEAN DeletePending;
    BOOLEAN Directory;
};
using PFILE_STANDARD_INFORMATION = FILE_STANDARD_INFORMATION*;

struct FILE_INTERNAL_INFORMATION {
    LARGE_INTEGER IndexNumber;
};
struct FILE_EA_INFORMATION {
    ULONG EaSize;
};
struct FILE_ACCESS_INFORMATION {
    ACCESS_MASK AccessFlags;
};
struct FILE_POSITION_INFORMATION {
    LARGE_INTEGER CurrentByteOffset;
};
using PFILE_POSITION_INFORMATION = FILE_POSITION_INFORMATION*;
struct FILE_MODE_INFORMATION {
    ULONG Mode;
};
struct FILE_ALIGNMENT_INFORMATION {
    ULONG AlignmentRequirement;
};
struct FILE_NAME_INFORMATION {
    ULONG FileNameLength;
    WCHAR FileName[1];
};
using PFILE_NAME_INFORMATION = FILE_NAME_INFORMATION*;

struct FILE_ALL_INFORMATION {
    FILE_BASIC_INFORMATION BasicInformation;
    FILE_STANDARD_INFORMATION StandardInformation;
    FILE_INTERNAL_INFORMATION InternalInformation;
    FILE_EA_INFORMATION EaInformation;
    FILE_ACCESS_INFORMATION AccessInformation;
    FILE_POSITION_INFORMATION PositionInformation;
    FILE_MODE_INFORMATION ModeInformation;
    FILE_ALIGNMENT_INFORMATION AlignmentInformation;
    FILE_NAME_INFORMATION NameInformation;
};

struct FILE_NETWORK_OPEN_INFORMATION {
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
};
using PFILE_NETWORK_OPEN_INFORMATION = FILE_NETWORK_OPEN_INFORMATION*;

struct FILE_ATTRIBUTE_TAG_INFORMATION {
    ULONG FileAttributes;
    ULONG ReparseTag;
};
struct FILE_DISPOSITION_INFORMATION {
    BOOLEAN DeleteFile;
};
struct FILE_DISPOSITION_INFORMATION_EX {
    ULONG Flags;
};
struct FILE_END_OF_FILE_INFORMATION {
    LARGE_INTEGER EndOfFile;
};
struct FILE_ALLOCATION_INFORMATION {
    LARGE_INTEGER AllocationSize;
};
struct FILE_VALID_DATA_LENGTH_INFORMATION {
    LARGE_INTEGER ValidDataLength;
};
struct FILE_RENAME_INFORMATION {
    union {
        BOOLEAN ReplaceIfExists;
        ULONG Flags;
    };
    HANDLE RootDirectory;
    ULONG FileNameLength;
    WCHAR FileName[1];
};
struct FILE_LINK_INFORMATION {
    union {
        BOOLEAN ReplaceIfExists;
        ULONG Flags;
    };
    HANDLE RootDirectory;
    ULONG FileNameLength;
    WCHAR FileName[1];
};
struct FILE_COMPLETION_INFORMATION {
    HANDLE Port;
    PVOID Key;
};
struct FILE_IO_COMPLETION_NOTIFICATION_INFORMATION {
    ULONG Flags;
};
struct FILE_IO_PRIORITY_HINT_INFORMATION {
    LONG PriorityHint;
};
struct FILE_IS_REMOTE_DEVICE_INFORMATION {
    BOOLEAN IsRemote;
};
inline constexpr ULONG FILE_SKIP_COMPLETION_PORT_ON_SUCCESS = 0x1;
inline constexpr ULONG FILE_SKIP_SET_EVENT_ON_HANDLE = 0x2;
inline constexpr ULONG FILE_SKIP_SET_USER_EVENT_ON_FAST_IO = 0x4;

struct FILE_PIPE_INFORMATION {
    ULONG ReadMode;
    ULONG CompletionMode;
};
struct FILE_PIPE_LOCAL_INFORMATION {
    ULONG NamedPipeType;
    ULONG NamedPipeConfiguration;
    ULONG MaximumInstances;
    ULONG CurrentInstances;
    ULONG InboundQuota;
    ULONG ReadDataAvailable;
    ULONG OutboundQuota;
    ULONG WriteQuotaAvailable;
    ULONG NamedPipeState;
    ULONG NamedPipeEnd;
};
struct FILE_STREAM_INFORMATION {
    ULONG NextEntryOffset;
    ULONG StreamNameLength;
    LARGE_INTEGER StreamSize;
    LARGE_INTEGER StreamAllocationSize;
    WCHAR StreamName[1];
};
struct FILE_FULL_EA_INFORMATION {
    ULONG NextEntryOffset;
    UCHAR Flags;
    UCHAR EaNameLength;
    USHORT EaValueLength;
    CHAR EaName[1];
};
using PFILE_FULL_EA_INFORMATION = FILE_FULL_EA_INFORMATION*;

struct FILE_DIRECTORY_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER EndOfFile;
    LARGE_INTEGER AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    WCHAR FileName[1];
};
struct FILE_FULL_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER EndOfFile;
    LARGE_INTEGER AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    WCHAR FileName[1];
};
struct FILE_BOTH_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER EndOfFile;
    LARGE_INTEGER AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    CHAR ShortNameLength;
    WCHAR ShortName[12];
    WCHAR FileName[1];
};
struct FILE_ID_BOTH_DIR_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER EndOfFile;
    LARGE_INTEGER AllocationSize;
    ULONG FileAttributes;
    ULONG FileNameLength;
    ULONG EaSize;
    CHAR ShortNameLength;
    WCHAR ShortName[12];
    LARGE_INTEGER FileId;
    WCHAR FileName[1];
};
struct FILE_NAMES_INFORMATION {
    ULONG NextEntryOffset;
    ULONG FileIndex;
    ULONG FileNameLength;
    WCHAR FileName[1];
};

enum FS_INFORMATION_CLASS : ULONG {
    FileFsVolumeInformation = 1,
    FileFsLabelInformation,
    FileFsSizeInformation,
    FileFsDeviceInformation,
    FileFsAttributeInformation,
    FileFsControlInformation,
    FileFsFullSizeInformation,
    FileFsObjectIdInformation,
    FileFsDriverPathInformation,
    FileFsVolumeFlagsInformation,
    FileFsSectorSizeInformation,
    FileFsDataCopyInformation,
    FileFsMetadataSizeInformation,
    FileFsFullSizeInformationEx,
    FileFsMaximumInformation,
};
using PFS_INFORMATION_CLASS = FS_INFORMATION_CLASS*;

struct FILE_FS_DEVICE_INFORMATION {
    ULONG DeviceType;
    ULONG Characteristics;
};
using PFILE_FS_DEVICE_INFORMATION = FILE_FS_DEVICE_INFORMATION*;
struct FILE_FS_DRIVER_PATH_INFORMATION {
    BOOLEAN DriverInPath;
    ULONG DriverNameLength; // bytes
    WCHAR DriverName[1];
};
static_assert(sizeof(FILE_FS_DRIVER_PATH_INFORMATION) == 12);
struct FILE_FS_VOLUME_INFORMATION {
    LARGE_INTEGER VolumeCreationTime;
    ULONG VolumeSerialNumber;
    ULONG VolumeLabelLength;
    BOOLEAN SupportsObjects;
    WCHAR VolumeLabel[1];
};
struct FILE_FS_SIZE_INFORMATION {
    LARGE_INTEGER TotalAllocationUnits;
    LARGE_INTEGER AvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
};
struct FILE_FS_FULL_SIZE_INFORMATION {
    LARGE_INTEGER TotalAllocationUnits;
    LARGE_INTEGER CallerAvailableAllocationUnits;
    LARGE_INTEGER ActualAvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
};
struct FILE_FS_ATTRIBUTE_INFORMATION {
    ULONG FileSystemAttributes;
    LONG MaximumComponentNameLength;
    ULONG FileSystemNameLength;
    WCHAR FileSystemName[1];
};
struct FILE_FS_LABEL_INFORMATION {
    ULONG VolumeLabelLength;
    WCHAR VolumeLabel[1];
};

// What NtNotifyChangeDirectoryFile watches, and what its Ex form tells.
inline constexpr ULONG FILE_NOTIFY_VALID_MASK = 0xfff;
enum DIRECTORY_NOTIFY_INFORMATION_CLASS : ULONG {
    DirectoryNotifyInformation = 1,
    DirectoryNotifyExtendedInformation,
    DirectoryNotifyFullInformation,
    DirectoryNotifyMaximumInformation,
};
using PDIRECTORY_NOTIFY_INFORMATION_CLASS = DIRECTORY_NOTIFY_INFORMATION_CLASS*;

inline constexpr ULONG FILE_PIPE_MESSAGE_TYPE = 0x1;
inline constexpr ULONG FILE_PIPE_REJECT_REMOTE_CLIENTS = 0x2;
inline constexpr ULONG FILE_PIPE_MESSAGE_MODE = 0x1;
inline constexpr ULONG FILE_PIPE_COMPLETE_OPERATION = 0x1;

// Parameters of IRP_MJ_CREATE_NAMED_PIPE and IRP_MJ_CREATE_MAILSLOT.
struct NAMED_PIPE_CREATE_PARAMETERS {
    ULONG NamedPipeType;
    ULONG ReadMode;
    ULONG CompletionMode;
    ULONG MaximumInstances;
    ULONG InboundQuota;
    ULONG OutboundQuota;
    LARGE_INTEGER DefaultTimeout;
    BOOLEAN TimeoutSpecified;
};
using PNAMED_PIPE_CREATE_PARAMETERS = NAMED_PIPE_CREATE_PARAMETERS*;
struct MAILSLOT_CREATE_PARAMETERS {
    ULONG MailslotQuota;
    ULONG MaximumMessageSize;
    LARGE_INTEGER ReadTimeout;
    BOOLEAN TimeoutSpecified;
};
using PMAILSLOT_CREATE_PARAMETERS = MAILSLOT_CREATE_PARAMETERS*;

// Lists that quota and extended-attribute services take and give.
struct FILE_GET_EA_INFORMATION {
    ULONG NextEntryOffset;
    UCHAR EaNameLength;
    CHAR EaName[1];
};
using PFILE_GET_EA_INFORMATION = FILE_GET_EA_INFORMATION*;
struct FILE_QUOTA_INFORMATION {
    ULONG NextEntryOffset;
    ULONG SidLength;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER QuotaUsed;
    LARGE_INTEGER QuotaThreshold;
    LARGE_INTEGER QuotaLimit;
    SID Sid;
};
using PFILE_QUOTA_INFORMATION = FILE_QUOTA_INFORMATION*;
struct FILE_GET_QUOTA_INFORMATION {
    ULONG NextEntryOffset;
    ULONG SidLength;
    SID Sid;
};
using PFILE_GET_QUOTA_INFORMATION = FILE_GET_QUOTA_INFORMATION*;

// IoCreateFileEx.
struct IO_DRIVER_CREATE_CONTEXT {
    CSHORT Size;
    PVOID ExtraCreateParameter;
    PVOID DeviceObjectHint;
    PVOID TxnParameters;
    PVOID SiloContext;
};
using PIO_DRIVER_CREATE_CONTEXT = IO_DRIVER_CREATE_CONTEXT*;

union FILE_SEGMENT_ELEMENT {
    PVOID Buffer;
    ULONGLONG Alignment;
};
using PFILE_SEGMENT_ELEMENT = FILE_SEGMENT_ELEMENT*;

struct LINK_SHARE_ACCESS {
    ULONG OpenCount;
    ULONG Deleters;
    ULONG SharedDelete;
};
using PLINK_SHARE_ACCESS = LINK_SHARE_ACCESS*;

struct SHARE_ACCESS {
    ULONG OpenCount;
    ULONG Readers;
    ULONG Writers;
    ULONG Deleters;
    ULONG SharedRead;
    ULONG SharedWrite;
    ULONG SharedDelete;
};
using PSHARE_ACCESS = SHARE_ACCESS*;

} // namespace nt
