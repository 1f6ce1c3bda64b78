// The I/O request packet and its stack locations.
#pragma once
#include "abi/device.h"
#include "abi/pnp.h"
#include "abi/se.h"

namespace nt {

struct ETHREAD;
struct MDL;
struct IO_STACK_LOCATION;
struct SCSI_REQUEST_BLOCK;

struct IRP {
    CSHORT Type; // IO_TYPE_IRP
    USHORT Size; // 0xd0 + 0x48 * StackCount
    USHORT AllocationProcessorNumber;
    USHORT Reserved;
    MDL* MdlAddress;
    ULONG Flags; // IRP_*
    union {
        IRP* MasterIrp;
        volatile LONG IrpCount;
        PVOID SystemBuffer;
    } AssociatedIrp;
    LIST_ENTRY ThreadListEntry;
    IO_STATUS_BLOCK IoStatus;
    KPROCESSOR_MODE RequestorMode;
    BOOLEAN PendingReturned;
    CHAR StackCount;
    CHAR CurrentLocation;
    BOOLEAN Cancel;
    KIRQL CancelIrql;
    CHAR ApcEnvironment;
    UCHAR AllocationFlags; // IRP_QUOTA_CHARGED …
    IO_STATUS_BLOCK* UserIosb;
    KEVENT* UserEvent;
    union {
        struct {
            union {
                PIO_APC_ROUTINE UserApcRoutine;
                PVOID IssuingProcess;
            };
            PVOID UserApcContext;
        } AsynchronousParameters;
        LARGE_INTEGER AllocationSize;
    } Overlay;
    volatile PDRIVER_CANCEL CancelRoutine;
    PVOID UserBuffer;
    union {
        struct {
            union {
                KDEVICE_QUEUE_ENTRY DeviceQueueEntry;
                PVOID DriverContext[4];
            };
            ETHREAD* Thread;
            CHAR* AuxiliaryBuffer;
            struct {
                LIST_ENTRY ListEntry;
                union {
                    IO_STACK_LOCATION* CurrentStackLocation;
                    ULONG PacketType;
                };
            };
            FILE_OBJECT* OriginalFileObject;
            PVOID IrpExtension;
        } Overlay;
        KAPC Apc;
        PVOID CompletionKey;
    } Tail;
};
using PIRP = IRP*;

#define NT_POINTER_ALIGNED alignas(8)

struct IO_STACK_LOCATION {
    UCHAR MajorFunction;
    UCHAR MinorFunction;
    UCHAR Flags;   // SL_*, by major function
    UCHAR Control; // SL_PENDING_RETURNED …
    union {
        struct {
            IO_SECURITY_CONTEXT* SecurityContext;
            ULONG Options; // disposition in the top 8 bits, create options below
            NT_POINTER_ALIGNED USHORT FileAttributes;
            USHORT ShareAccess;
            NT_POINTER_ALIGNED ULONG EaLength;
        } Create;
        struct {
            IO_SECURITY_CONTEXT* SecurityContext;
            ULONG Options;
            NT_POINTER_ALIGNED USHORT Reserved;
            USHORT ShareAccess;
            NAMED_PIPE_CREATE_PARAMETERS* Parameters;
        } CreatePipe;
        struct {
            IO_SECURITY_CONTEXT* SecurityContext;
            ULONG Options;
            NT_POINTER_ALIGNED USHORT Reserved;
            USHORT ShareAccess;
            MAILSLOT_CREATE_PARAMETERS* Parameters;
        } CreateMailslot;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED ULONG Key;
            ULONG Flags;
            LARGE_INTEGER ByteOffset;
        } Read;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED ULONG Key;
            ULONG Flags;
            LARGE_INTEGER ByteOffset;
        } Write;
        struct {
            ULONG Length;
            UNICODE_STRING* FileName;
            nt::FILE_INFORMATION_CLASS FileInformationClass;
            NT_POINTER_ALIGNED ULONG FileIndex;
        } QueryDirectory;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED ULONG CompletionFilter;
        } NotifyDirectory;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED ULONG CompletionFilter;
            NT_POINTER_ALIGNED nt::DIRECTORY_NOTIFY_INFORMATION_CLASS DirectoryNotifyInformationClass;
        } NotifyDirectoryEx;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED nt::FILE_INFORMATION_CLASS FileInformationClass;
        } QueryFile;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED nt::FILE_INFORMATION_CLASS FileInformationClass;
            FILE_OBJECT* FileObject;
            union {
                struct {
                    BOOLEAN ReplaceIfExists;
                    BOOLEAN AdvanceOnly;
                };
                ULONG ClusterCount;
                HANDLE DeleteHandle;
            };
        } SetFile;
        struct {
            ULONG Length;
            PVOID EaList;
            ULONG EaListLength;
            NT_POINTER_ALIGNED ULONG EaIndex;
        } QueryEa;
        struct {
            ULONG Length;
        } SetEa;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED nt::FS_INFORMATION_CLASS FsInformationClass;
        } QueryVolume;
        struct {
            ULONG Length;
            NT_POINTER_ALIGNED nt::FS_INFORMATION_CLASS FsInformationClass;
        } SetVolume;
        struct {
            ULONG OutputBufferLength;
            NT_POINTER_ALIGNED ULONG InputBufferLength;
            NT_POINTER_ALIGNED ULONG FsControlCode;
            PVOID Type3InputBuffer;
        } FileSystemControl;
        struct {
            LARGE_INTEGER* Length;
            ULONG Key;
            LARGE_INTEGER ByteOffset;
        } LockControl;
        struct {
            ULONG OutputBufferLength;
            NT_POINTER_ALIGNED ULONG InputBufferLength;
            NT_POINTER_ALIGNED ULONG IoControlCode;
            PVOID Type3InputBuffer;
        } DeviceIoControl;
        struct {
            SECURITY_INFORMATION SecurityInformation;
            NT_POINTER_ALIGNED ULONG Length;
        } QuerySecurity;
        struct {
            SECURITY_INFORMATION SecurityInformation;
            PSECURITY_DESCRIPTOR SecurityDescriptor;
        } SetSecurity;
        struct {
            nt::VPB* Vpb;
            nt::DEVICE_OBJECT* DeviceObject;
        } MountVolume;
        struct {
            nt::VPB* Vpb;
            nt::DEVICE_OBJECT* DeviceObject;
        } VerifyVolume;
        struct {
            SCSI_REQUEST_BLOCK* Srb;
        } Scsi;
        struct {
            ULONG Length;
            PSID StartSid;
            PVOID SidList;
            ULONG SidListLength;
        } QueryQuota;
        struct {
            ULONG Length;
        } SetQuota;
        struct {
            DEVICE_RELATION_TYPE Type;
        } QueryDeviceRelations;
        struct {
            const GUID* InterfaceType;
            USHORT Size;
            USHORT Version;
            INTERFACE* Interface;
            PVOID InterfaceSpecificData;
        } QueryInterface;
        struct {
            DEVICE_CAPABILITIES* Capabilities;
        } DeviceCapabilities;
        struct {
            IO_RESOURCE_REQUIREMENTS_LIST* IoResourceRequirementList;
        } FilterResourceRequirements;
        struct {
            ULONG WhichSpace;
            PVOID Buffer;
            ULONG Offset;
            NT_POINTER_ALIGNED ULONG Length;
        } ReadWriteConfig;
        struct {
            BOOLEAN Lock;
        } SetLock;
        struct {
            BUS_QUERY_ID_TYPE IdType;
        } QueryId;
        struct {
            DEVICE_TEXT_TYPE DeviceTextType;
            NT_POINTER_ALIGNED LCID LocaleId;
        } QueryDeviceText;
        struct {
            BOOLEAN InPath;
            BOOLEAN Reserved[3];
            NT_POINTER_ALIGNED DEVICE_USAGE_NOTIFICATION_TYPE Type;
        } UsageNotification;
        struct {
            SYSTEM_POWER_STATE PowerState;
        } WaitWake;
        struct {
            POWER_SEQUENCE* PowerSequence;
        } PowerSequence;
        struct {
            union {
                ULONG SystemContext;
                nt::SYSTEM_POWER_STATE_CONTEXT SystemPowerStateContext;
            };
            NT_POINTER_ALIGNED POWER_STATE_TYPE Type;
            NT_POINTER_ALIGNED POWER_STATE State;
            NT_POINTER_ALIGNED POWER_ACTION ShutdownType;
        } Power;
        struct {
            CM_RESOURCE_LIST* AllocatedResources;
            CM_RESOURCE_LIST* AllocatedResourcesTranslated;
        } StartDevice;
        struct {
            ULONG_PTR ProviderId;
            PVOID DataPath;
            ULONG BufferSize;
            PVOID Buffer;
        } WMI;
        struct {
            PVOID Argument1;
            PVOID Argument2;
            PVOID Argument3;
            PVOID Argument4;
        } Others;
    } Parameters;
    nt::DEVICE_OBJECT* DeviceObject;
    FILE_OBJECT* FileObject;
    PIO_COMPLETION_ROUTINE CompletionRoutine;
    PVOID Context;
};
using PIO_STACK_LOCATION = IO_STACK_LOCATION*;

#undef NT_POINTER_ALIGNED

// Major functions.
inline constexpr UCHAR IRP_MJ_CREATE = 0x00;
inline constexpr UCHAR IRP_MJ_CREATE_NAMED_PIPE = 0x01;
inline constexpr UCHAR IRP_MJ_CLOSE = 0x02;
inline constexpr UCHAR IRP_MJ_READ = 0x03;
inline constexpr UCHAR IRP_MJ_WRITE = 0x04;
inline constexpr UCHAR IRP_MJ_QUERY_INFORMATION = 0x05;
inline constexpr UCHAR IRP_MJ_SET_INFORMATION = 0x06;
inline constexpr UCHAR IRP_MJ_QUERY_EA = 0x07;
inline constexpr UCHAR IRP_MJ_SET_EA = 0x08;
inline constexpr UCHAR IRP_MJ_FLUSH_BUFFERS = 0x09;
inline constexpr UCHAR IRP_MJ_QUERY_VOLUME_INFORMATION = 0x0a;
inline constexpr UCHAR IRP_MJ_SET_VOLUME_INFORMATION = 0x0b;
inline constexpr UCHAR IRP_MJ_DIRECTORY_CONTROL = 0x0c;
inline constexpr UCHAR IRP_MJ_FILE_SYSTEM_CONTROL = 0x0d;
inline constexpr UCHAR IRP_MJ_DEVICE_CONTROL = 0x0e;
inline constexpr UCHAR IRP_MJ_INTERNAL_DEVICE_CONTROL = 0x0f;
inline constexpr UCHAR IRP_MJ_SCSI = 0x0f;
inline constexpr UCHAR IRP_MJ_SHUTDOWN = 0x10;
inline constexpr UCHAR IRP_MJ_LOCK_CONTROL = 0x11;
inline constexpr UCHAR IRP_MJ_CLEANUP = 0x12;
inline constexpr UCHAR IRP_MJ_CREATE_MAILSLOT = 0x13;
inline constexpr UCHAR IRP_MJ_QUERY_SECURITY = 0x14;
inline constexpr UCHAR IRP_MJ_SET_SECURITY = 0x15;
inline constexpr UCHAR IRP_MJ_POWER = 0x16;
inline constexpr UCHAR IRP_MJ_SYSTEM_CONTROL = 0x17;
inline constexpr UCHAR IRP_MJ_DEVICE_CHANGE = 0x18;
inline constexpr UCHAR IRP_MJ_QUERY_QUOTA = 0x19;
inline constexpr UCHAR IRP_MJ_SET_QUOTA = 0x1a;
inline constexpr UCHAR IRP_MJ_PNP = 0x1b;
inline constexpr UCHAR IRP_MJ_PNP_POWER = IRP_MJ_PNP; // obsolete alias
inline constexpr UCHAR IRP_MJ_MAXIMUM_FUNCTION = 0x1b;

// Minor functions: PnP.
inline constexpr UCHAR IRP_MN_START_DEVICE = 0x00;
inline constexpr UCHAR IRP_MN_QUERY_REMOVE_DEVICE = 0x01;
inline constexpr UCHAR IRP_MN_REMOVE_DEVICE = 0x02;
inline constexpr UCHAR IRP_MN_CANCEL_REMOVE_DEVICE = 0x03;
inline constexpr UCHAR IRP_MN_STOP_DEVICE = 0x04;
inline constexpr UCHAR IRP_MN_QUERY_STOP_DEVICE = 0x05;
inline constexpr UCHAR IRP_MN_CANCEL_STOP_DEVICE = 0x06;
inline constexpr UCHAR IRP_MN_QUERY_DEVICE_RELATIONS = 0x07;
inline constexpr UCHAR IRP_MN_QUERY_INTERFACE = 0x08;
inline constexpr UCHAR IRP_MN_QUERY_CAPABILITIES = 0x09;
inline constexpr UCHAR IRP_MN_QUERY_RESOURCES = 0x0a;
inline constexpr UCHAR IRP_MN_QUERY_RESOURCE_REQUIREMENTS = 0x0b;
inline constexpr UCHAR IRP_MN_QUERY_DEVICE_TEXT = 0x0c;
inline constexpr UCHAR IRP_MN_FILTER_RESOURCE_REQUIREMENTS = 0x0d;
inline constexpr UCHAR IRP_MN_READ_CONFIG = 0x0f;
inline constexpr UCHAR IRP_MN_WRITE_CONFIG = 0x10;
inline constexpr UCHAR IRP_MN_EJECT = 0x11;
inline constexpr UCHAR IRP_MN_SET_LOCK = 0x12;
inline constexpr UCHAR IRP_MN_QUERY_ID = 0x13;
inline constexpr UCHAR IRP_MN_QUERY_PNP_DEVICE_STATE = 0x14;
inline constexpr UCHAR IRP_MN_QUERY_BUS_INFORMATION = 0x15;
inline constexpr UCHAR IRP_MN_DEVICE_USAGE_NOTIFICATION = 0x16;
inline constexpr UCHAR IRP_MN_SURPRISE_REMOVAL = 0x17;
inline constexpr UCHAR IRP_MN_QUERY_LEGACY_BUS_INFORMATION = 0x18;
inline constexpr UCHAR IRP_MN_DEVICE_ENUMERATED = 0x19;
// Power.
inline constexpr UCHAR IRP_MN_WAIT_WAKE = 0x00;
inline constexpr UCHAR IRP_MN_POWER_SEQUENCE = 0x01;
inline constexpr UCHAR IRP_MN_SET_POWER = 0x02;
inline constexpr UCHAR IRP_MN_QUERY_POWER = 0x03;
// System control (WMI).
inline constexpr UCHAR IRP_MN_QUERY_ALL_DATA = 0x00;
inline constexpr UCHAR IRP_MN_QUERY_SINGLE_INSTANCE = 0x01;
inline constexpr UCHAR IRP_MN_CHANGE_SINGLE_INSTANCE = 0x02;
inline constexpr UCHAR IRP_MN_CHANGE_SINGLE_ITEM = 0x03;
inline constexpr UCHAR IRP_MN_ENABLE_EVENTS = 0x04;
inline constexpr UCHAR IRP_MN_DISABLE_EVENTS = 0x05;
inline constexpr UCHAR IRP_MN_ENABLE_COLLECTION = 0x06;
inline constexpr UCHAR IRP_MN_DISABLE_COLLECTION = 0x07;
inline constexpr UCHAR IRP_MN_REGINFO = 0x08;
inline constexpr UCHAR IRP_MN_EXECUTE_METHOD = 0x09;
inline constexpr UCHAR IRP_MN_REGINFO_EX = 0x0b;
// File system control.
inline constexpr UCHAR IRP_MN_USER_FS_REQUEST = 0x00;
inline constexpr UCHAR IRP_MN_MOUNT_VOLUME = 0x01;
inline constexpr UCHAR IRP_MN_VERIFY_VOLUME = 0x02;
inline constexpr UCHAR IRP_MN_LOAD_FILE_SYSTEM = 0x03;
inline constexpr UCHAR IRP_MN_TRACK_LINK = 0x04;
inline constexpr UCHAR IRP_MN_KERNEL_CALL = 0x04;
// Directory control.
inline constexpr UCHAR IRP_MN_QUERY_DIRECTORY = 0x01;
inline constexpr UCHAR IRP_MN_NOTIFY_CHANGE_DIRECTORY = 0x02;
inline constexpr UCHAR IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX = 0x03;
// Lock control.
inline constexpr UCHAR IRP_MN_LOCK = 0x01;
inline constexpr UCHAR IRP_MN_UNLOCK_SINGLE = 0x02;
inline constexpr UCHAR IRP_MN_UNLOCK_ALL = 0x03;
inline constexpr UCHAR IRP_MN_UNLOCK_ALL_BY_KEY = 0x04;
// Flush buffers.
inline constexpr UCHAR IRP_MN_FLUSH_AND_PURGE = 0x01;
inline constexpr UCHAR IRP_MN_FLUSH_DATA_ONLY = 0x02;
inline constexpr UCHAR IRP_MN_FLUSH_NO_SYNC = 0x03;
inline constexpr UCHAR IRP_MN_FLUSH_DATA_SYNC_ONLY = 0x04;
// Read and write: bits.
inline constexpr UCHAR IRP_MN_NORMAL = 0x00;
inline constexpr UCHAR IRP_MN_DPC = 0x01;
inline constexpr UCHAR IRP_MN_MDL = 0x02;
inline constexpr UCHAR IRP_MN_MDL_DPC = 0x03;
inline constexpr UCHAR IRP_MN_COMPLETE = 0x04;
inline constexpr UCHAR IRP_MN_COMPLETE_MDL = 0x06;
inline constexpr UCHAR IRP_MN_COMPLETE_MDL_DPC = 0x07;
inline constexpr UCHAR IRP_MN_COMPRESSED = 0x08;
inline constexpr UCHAR IRP_MN_SCSI_CLASS = 0x01;

// IRP.Flags. Bits 17-19 carry the I/O priority hint + 1.
inline constexpr ULONG IRP_NOCACHE = 0x1;
inline constexpr ULONG IRP_PAGING_IO = 0x2;
inline constexpr ULONG IRP_MOUNT_COMPLETION = 0x2;
inline constexpr ULONG IRP_SYNCHRONOUS_API = 0x4;
inline constexpr ULONG IRP_ASSOCIATED_IRP = 0x8;
inline constexpr ULONG IRP_BUFFERED_IO = 0x10;
inline constexpr ULONG IRP_DEALLOCATE_BUFFER = 0x20;
inline constexpr ULONG IRP_INPUT_OPERATION = 0x40;
inline constexpr ULONG IRP_SYNCHRONOUS_PAGING_IO = 0x40;
inline constexpr ULONG IRP_CREATE_OPERATION = 0x80;
inline constexpr ULONG IRP_READ_OPERATION = 0x100;
inline constexpr ULONG IRP_WRITE_OPERATION = 0x200;
inline constexpr ULONG IRP_CLOSE_OPERATION = 0x400;
inline constexpr ULONG IRP_DEFER_IO_COMPLETION = 0x800;
inline constexpr ULONG IRP_OB_QUERY_NAME = 0x1000;
inline constexpr ULONG IRP_HOLD_DEVICE_QUEUE = 0x2000;
inline constexpr ULONG IRP_RETRY_IO_COMPLETION = 0x4000;
inline constexpr ULONG IRP_UM_DRIVER_INITIATED_IO = 0x400000;

// IRP.AllocationFlags
inline constexpr UCHAR IRP_QUOTA_CHARGED = 0x1;
inline constexpr UCHAR IRP_ALLOCATED_MUST_SUCCEED = 0x2;
inline constexpr UCHAR IRP_ALLOCATED_FIXED_SIZE = 0x4;
inline constexpr UCHAR IRP_LOOKASIDE_ALLOCATION = 0x8;

// IO_STACK_LOCATION.Control
inline constexpr UCHAR SL_PENDING_RETURNED = 0x01;
inline constexpr UCHAR SL_ERROR_RETURNED = 0x02;
inline constexpr UCHAR SL_INVOKE_ON_CANCEL = 0x20;
inline constexpr UCHAR SL_INVOKE_ON_SUCCESS = 0x40;
inline constexpr UCHAR SL_INVOKE_ON_ERROR = 0x80;

// IO_STACK_LOCATION.Flags
inline constexpr UCHAR SL_KEY_SPECIFIED = 0x01;
inline constexpr UCHAR SL_OVERRIDE_VERIFY_VOLUME = 0x02;
inline constexpr UCHAR SL_WRITE_THROUGH = 0x04;
inline constexpr UCHAR SL_FT_SEQUENTIAL_WRITE = 0x08;
inline constexpr UCHAR SL_FORCE_DIRECT_WRITE = 0x10;
inline constexpr UCHAR SL_REALTIME_STREAM = 0x20;
inline constexpr UCHAR SL_FORCE_ACCESS_CHECK = 0x01;    // create
inline constexpr UCHAR SL_OPEN_PAGING_FILE = 0x02;      // create
inline constexpr UCHAR SL_OPEN_TARGET_DIRECTORY = 0x04; // create
inline constexpr UCHAR SL_STOP_ON_SYMLINK = 0x08;       // create
inline constexpr UCHAR SL_CASE_SENSITIVE = 0x80;        // create
inline constexpr UCHAR SL_RESTART_SCAN = 0x01;          // query directory
inline constexpr UCHAR SL_RETURN_SINGLE_ENTRY = 0x02;
inline constexpr UCHAR SL_INDEX_SPECIFIED = 0x04;
inline constexpr UCHAR SL_RETURN_ON_DISK_ENTRIES_ONLY = 0x08;
inline constexpr UCHAR SL_NO_CURSOR_UPDATE_QUERY = 0x10;
inline constexpr UCHAR SL_QUERY_DIRECTORY_MASK = 0x1b;
inline constexpr UCHAR SL_WATCH_TREE = 0x01;       // notify directory
inline constexpr UCHAR SL_FAIL_IMMEDIATELY = 0x01; // lock
inline constexpr UCHAR SL_EXCLUSIVE_LOCK = 0x02;
inline constexpr UCHAR SL_READ_ACCESS_GRANTED = 0x01; // device control
inline constexpr UCHAR SL_WRITE_ACCESS_GRANTED = 0x04;
inline constexpr UCHAR SL_ALLOW_RAW_MOUNT = 0x01; // mount

inline constexpr LONG IO_TYPE_APC = 18;

} // namespace nt
