// Drivers and devices as drivers see them.
#pragma once
#include "abi/file.h"

namespace nt {

struct DRIVER_OBJECT;
struct DEVICE_OBJECT;
struct FAST_IO_DISPATCH;

typedef NTSTATUS NTAPI DRIVER_INITIALIZE(DRIVER_OBJECT* DriverObject, UNICODE_STRING* RegistryPath);
using PDRIVER_INITIALIZE = DRIVER_INITIALIZE*;
typedef NTSTATUS NTAPI DRIVER_DISPATCH(DEVICE_OBJECT* DeviceObject, IRP* Irp);
using PDRIVER_DISPATCH = DRIVER_DISPATCH*;
typedef void NTAPI DRIVER_UNLOAD(DRIVER_OBJECT* DriverObject);
using PDRIVER_UNLOAD = DRIVER_UNLOAD*;
typedef void NTAPI DRIVER_STARTIO(DEVICE_OBJECT* DeviceObject, IRP* Irp);
using PDRIVER_STARTIO = DRIVER_STARTIO*;
typedef void NTAPI DRIVER_CANCEL(DEVICE_OBJECT* DeviceObject, IRP* Irp);
using PDRIVER_CANCEL = DRIVER_CANCEL*;
typedef NTSTATUS NTAPI DRIVER_ADD_DEVICE(DRIVER_OBJECT* DriverObject, DEVICE_OBJECT* PhysicalDeviceObject);
using PDRIVER_ADD_DEVICE = DRIVER_ADD_DEVICE*;
typedef NTSTATUS NTAPI IO_COMPLETION_ROUTINE(DEVICE_OBJECT* DeviceObject, IRP* Irp, PVOID Context);
using PIO_COMPLETION_ROUTINE = IO_COMPLETION_ROUTINE*;
typedef void NTAPI DRIVER_REINITIALIZE(DRIVER_OBJECT* DriverObject, PVOID Context, ULONG Count);
using PDRIVER_REINITIALIZE = DRIVER_REINITIALIZE*;
typedef void NTAPI DRIVER_FS_NOTIFICATION(DEVICE_OBJECT* DeviceObject, BOOLEAN FsActive);
using PDRIVER_FS_NOTIFICATION = DRIVER_FS_NOTIFICATION*;
typedef void NTAPI IO_DPC_ROUTINE(KDPC* Dpc, DEVICE_OBJECT* DeviceObject, IRP* Irp, PVOID Context);
using PIO_DPC_ROUTINE = IO_DPC_ROUTINE*;
typedef void NTAPI IO_TIMER_ROUTINE(DEVICE_OBJECT* DeviceObject, PVOID Context);
using PIO_TIMER_ROUTINE = IO_TIMER_ROUTINE*;

enum IO_ALLOCATION_ACTION : ULONG { KeepObject = 1, DeallocateObject, DeallocateObjectKeepRegisters };
using PIO_ALLOCATION_ACTION = IO_ALLOCATION_ACTION*;
typedef IO_ALLOCATION_ACTION NTAPI DRIVER_CONTROL(DEVICE_OBJECT* DeviceObject, IRP* Irp,
                                                  PVOID MapRegisterBase, PVOID Context);
using PDRIVER_CONTROL = DRIVER_CONTROL*;

// CSHORT Type of the I/O manager's structures.
inline constexpr CSHORT IO_TYPE_ADAPTER = 1;
inline constexpr CSHORT IO_TYPE_CONTROLLER = 2;
inline constexpr CSHORT IO_TYPE_DEVICE = 3;
inline constexpr CSHORT IO_TYPE_DRIVER = 4;
inline constexpr CSHORT IO_TYPE_FILE = 5;
inline constexpr CSHORT IO_TYPE_IRP = 6;
inline constexpr CSHORT IO_TYPE_MASTER_ADAPTER = 7;
inline constexpr CSHORT IO_TYPE_OPEN_PACKET = 8;
inline constexpr CSHORT IO_TYPE_TIMER = 9;
inline constexpr CSHORT IO_TYPE_VPB = 10;
inline constexpr CSHORT IO_TYPE_ERROR_LOG = 11;
inline constexpr CSHORT IO_TYPE_ERROR_MESSAGE = 12;
inline constexpr CSHORT IO_TYPE_DEVICE_OBJECT_EXTENSION = 13;

inline constexpr std::size_t IRP_MJ_COUNT = 0x1c; // IRP_MJ_MAXIMUM_FUNCTION + 1

// Context that IoAllocateDriverObjectExtension puts in front of the caller's bytes.
struct IO_CLIENT_EXTENSION {
    IO_CLIENT_EXTENSION* NextExtension;
    PVOID ClientIdentificationAddress;
};

// Stands right behind its DRIVER_OBJECT.
struct DRIVER_EXTENSION {
    nt::DRIVER_OBJECT* DriverObject;
    PDRIVER_ADD_DEVICE AddDevice;
    ULONG Count; // times the reinitialization routine was called
    UNICODE_STRING ServiceKeyName;
    IO_CLIENT_EXTENSION* ClientDriverExtension;
    PVOID FsFilterCallbacks;
    PVOID KseCallbacks;
    PVOID DvCallbacks;
    PVOID VerifierContext;
};
using PDRIVER_EXTENSION = DRIVER_EXTENSION*;

struct DRIVER_OBJECT {
    CSHORT Type;                 // IO_TYPE_DRIVER
    CSHORT Size;                 // 0x150
    DEVICE_OBJECT* DeviceObject; // newest first, linked by NextDevice
    ULONG Flags;                 // DRVO_*
    PVOID DriverStart;
    ULONG DriverSize;
    PVOID DriverSection; // KLDR_DATA_TABLE_ENTRY
    DRIVER_EXTENSION* DriverExtension;
    UNICODE_STRING DriverName;
    UNICODE_STRING* HardwareDatabase;
    FAST_IO_DISPATCH* FastIoDispatch;
    PDRIVER_INITIALIZE DriverInit;
    PDRIVER_STARTIO DriverStartIo;
    PDRIVER_UNLOAD DriverUnload;
    PDRIVER_DISPATCH MajorFunction[IRP_MJ_COUNT];
};
using PDRIVER_OBJECT = DRIVER_OBJECT*;

inline constexpr ULONG DRVO_UNLOAD_INVOKED = 0x1;
inline constexpr ULONG DRVO_LEGACY_DRIVER = 0x2;
inline constexpr ULONG DRVO_BUILTIN_DRIVER = 0x4;
inline constexpr ULONG DRVO_REINIT_REGISTERED = 0x8;
inline constexpr ULONG DRVO_INITIALIZED = 0x10;
inline constexpr ULONG DRVO_BOOTREINIT_REGISTERED = 0x20;
inline constexpr ULONG DRVO_LEGACY_RESOURCES = 0x40;

struct WAIT_CONTEXT_BLOCK {
    union {
        KDEVICE_QUEUE_ENTRY WaitQueueEntry;
        struct {
            LIST_ENTRY DmaWaitEntry;
            ULONG NumberOfChannels;
            ULONG DmaContextFlags; // bit 0 SyncCallback
        };
    };
    PDRIVER_CONTROL DeviceRoutine;
    PVOID DeviceContext;
    ULONG NumberOfMapRegisters;
    PVOID DeviceObject;
    PVOID CurrentIrp;
    KDPC* BufferChainingDpc;
};
using PWAIT_CONTEXT_BLOCK = WAIT_CONTEXT_BLOCK*;

struct IO_TIMER;

struct CONFIGURATION_INFORMATION {
    ULONG DiskCount;
    ULONG FloppyCount;
    ULONG CdRomCount;
    ULONG TapeCount;
    ULONG ScsiPortCount;
    ULONG SerialCount;
    ULONG ParallelCount;
    BOOLEAN AtDiskPrimaryAddressClaimed;
    BOOLEAN AtDiskSecondaryAddressClaimed;
    ULONG Version; // its size
    ULONG MediumChangerCount;
};

struct DEVOBJ_EXTENSION;

// The device extension follows at + 0x150, DEVOBJ_EXTENSION behind that.
struct alignas(16) DEVICE_OBJECT {
    CSHORT Type;         // IO_TYPE_DEVICE
    USHORT Size;         // 0x150 + size of the device extension
    LONG ReferenceCount; // open handles and attachments, not object references
    nt::DRIVER_OBJECT* DriverObject;
    DEVICE_OBJECT* NextDevice;
    DEVICE_OBJECT* AttachedDevice; // upward
    IRP* CurrentIrp;
    IO_TIMER* Timer;
    ULONG Flags;           // DO_*
    ULONG Characteristics; // FILE_REMOVABLE_MEDIA …
    nt::VPB* volatile Vpb;
    PVOID DeviceExtension;
    DEVICE_TYPE DeviceType;
    CHAR StackSize;
    union {
        LIST_ENTRY ListEntry;
        WAIT_CONTEXT_BLOCK Wcb;
    } Queue;
    ULONG AlignmentRequirement; // mask
    KDEVICE_QUEUE DeviceQueue;
    KDPC Dpc;
    ULONG ActiveThreadCount;
    PVOID SecurityDescriptor;
    KEVENT DeviceLock;
    USHORT SectorSize;
    USHORT Spare1;
    DEVOBJ_EXTENSION* DeviceObjectExtension;
    PVOID Reserved;
};
using PDEVICE_OBJECT = DEVICE_OBJECT*;

struct DEVOBJ_EXTENSION {
    CSHORT Type; // IO_TYPE_DEVICE_OBJECT_EXTENSION
    USHORT Size;
    nt::DEVICE_OBJECT* DeviceObject;
    ULONG PowerFlags;
    PVOID Dope;
    ULONG ExtensionFlags; // DOE_*
    PVOID DeviceNode;
    nt::DEVICE_OBJECT* AttachedTo; // downward
    LONG StartIoCount;
    LONG StartIoKey;
    ULONG StartIoFlags;
    nt::VPB* Vpb;
    PVOID DependencyNode;
    PVOID InterruptContext;
    LONG InterruptCount;
    PVOID VerifierContext;
};
using PDEVOBJ_EXTENSION = DEVOBJ_EXTENSION*;

inline constexpr ULONG DOE_UNLOAD_PENDING = 0x1;
inline constexpr ULONG DOE_DELETE_PENDING = 0x2;
inline constexpr ULONG DOE_REMOVE_PENDING = 0x4;
inline constexpr ULONG DOE_REMOVE_PROCESSED = 0x8;
inline constexpr ULONG DOE_START_PENDING = 0x10;
inline constexpr ULONG DOE_SESSION_DEVICE = 0x400;
inline constexpr ULONG DOE_DEFAULT_SD_PRESENT = 0x800;
inline constexpr ULONG DOE_RAW_FDO = 0x20000000;
inline constexpr ULONG DOE_BOTTOM_OF_FDO_STACK = 0x40000000;
inline constexpr ULONG DOE_DESIGNATED_FDO = 0x80000000;

struct VPB {
    CSHORT Type; // IO_TYPE_VPB
    CSHORT Size;
    USHORT Flags; // VPB_*
    USHORT VolumeLabelLength;
    nt::DEVICE_OBJECT* DeviceObject;
    nt::DEVICE_OBJECT* RealDevice;
    ULONG SerialNumber;
    ULONG ReferenceCount;
    WCHAR VolumeLabel[32];
};
using PVPB = VPB*;

inline constexpr USHORT VPB_MOUNTED = 0x1;
inline constexpr USHORT VPB_LOCKED = 0x2;
inline constexpr USHORT VPB_PERSISTENT = 0x4;
inline constexpr USHORT VPB_REMOVE_PENDING = 0x8;
inline constexpr USHORT VPB_RAW_MOUNT = 0x10;
inline constexpr USHORT VPB_DIRECT_WRITES_ALLOWED = 0x20;

inline constexpr ULONG DO_VERIFY_VOLUME = 0x2;
inline constexpr ULONG DO_BUFFERED_IO = 0x4;
inline constexpr ULONG DO_EXCLUSIVE = 0x8;
inline constexpr ULONG DO_DIRECT_IO = 0x10;
inline constexpr ULONG DO_MAP_IO_BUFFER = 0x20;
inline constexpr ULONG DO_DEVICE_HAS_NAME = 0x40;
inline constexpr ULONG DO_DEVICE_INITIALIZING = 0x80;
inline constexpr ULONG DO_SYSTEM_BOOT_PARTITION = 0x100;
inline constexpr ULONG DO_LONG_TERM_REQUESTS = 0x200;
inline constexpr ULONG DO_NEVER_LAST_DEVICE = 0x400;
inline constexpr ULONG DO_SHUTDOWN_REGISTERED = 0x800;
inline constexpr ULONG DO_BUS_ENUMERATED_DEVICE = 0x1000;
inline constexpr ULONG DO_POWER_PAGABLE = 0x2000;
inline constexpr ULONG DO_POWER_INRUSH = 0x4000;
inline constexpr ULONG DO_LOW_PRIORITY_FILESYSTEM = 0x10000;
inline constexpr ULONG DO_SUPPORTS_PERSISTENT_ACLS = 0x20000;
inline constexpr ULONG DO_SUPPORTS_TRANSACTIONS = 0x40000;
inline constexpr ULONG DO_FORCE_NEITHER_IO = 0x80000;
inline constexpr ULONG DO_VOLUME_DEVICE_OBJECT = 0x100000;
inline constexpr ULONG DO_SYSTEM_SYSTEM_PARTITION = 0x200000;
inline constexpr ULONG DO_SYSTEM_CRITICAL_PARTITION = 0x400000;
inline constexpr ULONG DO_DISALLOW_EXECUTE = 0x800000;
inline constexpr ULONG DO_DEVICE_TO_BE_RESET = 0x4000000;
inline constexpr ULONG DO_DAX_VOLUME = 0x10000000;

inline constexpr ULONG FILE_REMOVABLE_MEDIA = 0x1;
inline constexpr ULONG FILE_READ_ONLY_DEVICE = 0x2;
inline constexpr ULONG FILE_FLOPPY_DISKETTE = 0x4;
inline constexpr ULONG FILE_WRITE_ONCE_MEDIA = 0x8;
inline constexpr ULONG FILE_REMOTE_DEVICE = 0x10;
inline constexpr ULONG FILE_DEVICE_IS_MOUNTED = 0x20;
inline constexpr ULONG FILE_VIRTUAL_VOLUME = 0x40;
inline constexpr ULONG FILE_AUTOGENERATED_DEVICE_NAME = 0x80;
inline constexpr ULONG FILE_DEVICE_SECURE_OPEN = 0x100;
inline constexpr ULONG FILE_CHARACTERISTIC_PNP_DEVICE = 0x800;
inline constexpr ULONG FILE_CHARACTERISTIC_TS_DEVICE = 0x1000;
inline constexpr ULONG FILE_CHARACTERISTIC_WEBDAV_DEVICE = 0x2000;
inline constexpr ULONG FILE_CHARACTERISTIC_CSV = 0x10000;
inline constexpr ULONG FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL = 0x20000;
inline constexpr ULONG FILE_PORTABLE_DEVICE = 0x40000;

// AlignmentRequirement
inline constexpr ULONG FILE_BYTE_ALIGNMENT = 0x0;
inline constexpr ULONG FILE_WORD_ALIGNMENT = 0x1;
inline constexpr ULONG FILE_LONG_ALIGNMENT = 0x3;
inline constexpr ULONG FILE_QUAD_ALIGNMENT = 0x7;
inline constexpr ULONG FILE_OCTA_ALIGNMENT = 0xf;
inline constexpr ULONG FILE_32_BYTE_ALIGNMENT = 0x1f;
inline constexpr ULONG FILE_64_BYTE_ALIGNMENT = 0x3f;
inline constexpr ULONG FILE_128_BYTE_ALIGNMENT = 0x7f;
inline constexpr ULONG FILE_256_BYTE_ALIGNMENT = 0xff;
inline constexpr ULONG FILE_512_BYTE_ALIGNMENT = 0x1ff;

} // namespace nt
