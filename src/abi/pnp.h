// Plug and Play and power: what drivers exchange about devices, resources and power states.
#pragma once
#include "abi/ob.h"

namespace nt {

struct DEVICE_OBJECT;

enum DEVICE_POWER_STATE : ULONG {
    PowerDeviceUnspecified = 0,
    PowerDeviceD0,
    PowerDeviceD1,
    PowerDeviceD2,
    PowerDeviceD3,
    PowerDeviceMaximum,
};
using PDEVICE_POWER_STATE = DEVICE_POWER_STATE*;

enum SYSTEM_POWER_STATE : ULONG {
    PowerSystemUnspecified = 0,
    PowerSystemWorking,
    PowerSystemSleeping1,
    PowerSystemSleeping2,
    PowerSystemSleeping3,
    PowerSystemHibernate,
    PowerSystemShutdown,
    PowerSystemMaximum,
};
using PSYSTEM_POWER_STATE = SYSTEM_POWER_STATE*;

enum POWER_ACTION : ULONG {
    PowerActionNone = 0,
    PowerActionReserved,
    PowerActionSleep,
    PowerActionHibernate,
    PowerActionShutdown,
    PowerActionShutdownReset,
    PowerActionShutdownOff,
    PowerActionWarmEject,
    PowerActionDisplayOff,
};
using PPOWER_ACTION = POWER_ACTION*;

enum POWER_STATE_TYPE : ULONG { SystemPowerState = 0, DevicePowerState };
using PPOWER_STATE_TYPE = POWER_STATE_TYPE*;

union POWER_STATE {
    SYSTEM_POWER_STATE SystemState;
    DEVICE_POWER_STATE DeviceState;
};
using PPOWER_STATE = POWER_STATE*;

struct POWER_SEQUENCE {
    ULONG SequenceD1;
    ULONG SequenceD2;
    ULONG SequenceD3;
};
using PPOWER_SEQUENCE = POWER_SEQUENCE*;

struct SYSTEM_POWER_STATE_CONTEXT {
    union {
        struct MS_BITS {
            ULONG Reserved1 : 8;
            ULONG TargetSystemState : 4;
            ULONG EffectiveSystemState : 4;
            ULONG CurrentSystemState : 4;
            ULONG IgnoreHibernationPath : 1;
            ULONG PseudoTransition : 1;
            ULONG KernelSoftReboot : 1;
            ULONG DirectedDripsTransition : 1;
            ULONG Reserved2 : 8;
        };
        ULONG ContextAsUlong;
    };
};

enum DEVICE_RELATION_TYPE : ULONG {
    BusRelations,
    EjectionRelations,
    PowerRelations,
    RemovalRelations,
    TargetDeviceRelation,
    SingleBusRelations,
    TransportRelations,
};
using PDEVICE_RELATION_TYPE = DEVICE_RELATION_TYPE*;

struct DEVICE_RELATIONS {
    ULONG Count;
    DEVICE_OBJECT* Objects[1];
};
using PDEVICE_RELATIONS = DEVICE_RELATIONS*;

enum BUS_QUERY_ID_TYPE : ULONG {
    BusQueryDeviceID = 0,
    BusQueryHardwareIDs = 1,
    BusQueryCompatibleIDs = 2,
    BusQueryInstanceID = 3,
    BusQueryDeviceSerialNumber = 4,
    BusQueryContainerID = 5,
};
using PBUS_QUERY_ID_TYPE = BUS_QUERY_ID_TYPE*;

enum DEVICE_TEXT_TYPE : ULONG { DeviceTextDescription = 0, DeviceTextLocationInformation = 1 };
using PDEVICE_TEXT_TYPE = DEVICE_TEXT_TYPE*;

enum DEVICE_USAGE_NOTIFICATION_TYPE : ULONG {
    DeviceUsageTypeUndefined,
    DeviceUsageTypePaging,
    DeviceUsageTypeHibernation,
    DeviceUsageTypeDumpFile,
    DeviceUsageTypeBoot,
    DeviceUsageTypePostDisplay,
    DeviceUsageTypeGuestAssigned,
};

enum DEVICE_REGISTRY_PROPERTY : ULONG {
    DevicePropertyDeviceDescription = 0x0,
    DevicePropertyHardwareID = 0x1,
    DevicePropertyCompatibleIDs = 0x2,
    DevicePropertyBootConfiguration = 0x3,
    DevicePropertyBootConfigurationTranslated = 0x4,
    DevicePropertyClassName = 0x5,
    DevicePropertyClassGuid = 0x6,
    DevicePropertyDriverKeyName = 0x7,
    DevicePropertyManufacturer = 0x8,
    DevicePropertyFriendlyName = 0x9,
    DevicePropertyLocationInformation = 0xa,
    DevicePropertyPhysicalDeviceObjectName = 0xb,
    DevicePropertyBusTypeGuid = 0xc,
    DevicePropertyLegacyBusType = 0xd,
    DevicePropertyBusNumber = 0xe,
    DevicePropertyEnumeratorName = 0xf,
    DevicePropertyAddress = 0x10,
    DevicePropertyUINumber = 0x11,
    DevicePropertyInstallState = 0x12,
    DevicePropertyRemovalPolicy = 0x13,
    DevicePropertyResourceRequirements = 0x14,
    DevicePropertyAllocatedResources = 0x15,
    DevicePropertyContainerID = 0x16,
};

using PNP_DEVICE_STATE = ULONG;
using PPNP_DEVICE_STATE = PNP_DEVICE_STATE*;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_DISABLED = 0x1;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_DONT_DISPLAY_IN_UI = 0x2;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_FAILED = 0x4;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_REMOVED = 0x8;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED = 0x10;
inline constexpr PNP_DEVICE_STATE PNP_DEVICE_NOT_DISABLEABLE = 0x20;

struct MS_BITS DEVICE_CAPABILITIES {
    USHORT Size;
    USHORT Version;
    ULONG DeviceD1 : 1;
    ULONG DeviceD2 : 1;
    ULONG LockSupported : 1;
    ULONG EjectSupported : 1;
    ULONG Removable : 1;
    ULONG DockDevice : 1;
    ULONG UniqueID : 1;
    ULONG SilentInstall : 1;
    ULONG RawDeviceOK : 1;
    ULONG SurpriseRemovalOK : 1;
    ULONG WakeFromD0 : 1;
    ULONG WakeFromD1 : 1;
    ULONG WakeFromD2 : 1;
    ULONG WakeFromD3 : 1;
    ULONG HardwareDisabled : 1;
    ULONG NonDynamic : 1;
    ULONG WarmEjectSupported : 1;
    ULONG NoDisplayInUI : 1;
    ULONG Reserved1 : 1;
    ULONG WakeFromInterrupt : 1;
    ULONG SecureDevice : 1;
    ULONG ChildOfVgaEnabledBridge : 1;
    ULONG DecodeIoOnBoot : 1;
    ULONG Reserved : 9;
    ULONG Address;
    ULONG UINumber;
    DEVICE_POWER_STATE DeviceState[7];
    SYSTEM_POWER_STATE SystemWake;
    DEVICE_POWER_STATE DeviceWake;
    ULONG D1Latency;
    ULONG D2Latency;
    ULONG D3Latency;
};
using PDEVICE_CAPABILITIES = DEVICE_CAPABILITIES*;

typedef void NTAPI INTERFACE_REFERENCE(PVOID Context);
using PINTERFACE_REFERENCE = INTERFACE_REFERENCE*;
typedef void NTAPI INTERFACE_DEREFERENCE(PVOID Context);
using PINTERFACE_DEREFERENCE = INTERFACE_DEREFERENCE*;

struct INTERFACE {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
};
using PINTERFACE = INTERFACE*;

enum INTERFACE_TYPE : LONG {
    InterfaceTypeUndefined = -1,
    Internal,
    Isa,
    Eisa,
    MicroChannel,
    TurboChannel,
    PCIBus,
    VMEBus,
    NuBus,
    PCMCIABus,
    CBus,
    MPIBus,
    MPSABus,
    ProcessorInternal,
    InternalPowerBus,
    PNPISABus,
    PNPBus,
    Vmcs,
    ACPIBus,
    MaximumInterfaceType,
};
using PINTERFACE_TYPE = INTERFACE_TYPE*;

#pragma pack(push, 4)
struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    UCHAR Type; // CmResourceType*
    UCHAR ShareDisposition;
    USHORT Flags;
    union {
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Generic;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Port;
        struct {
            USHORT Level;
            USHORT Group;
            ULONG Vector;
            KAFFINITY Affinity;
        } Interrupt;
        struct {
            union {
                struct {
                    USHORT Group;
                    USHORT MessageCount;
                    ULONG Vector;
                    KAFFINITY Affinity;
                } Raw;
                struct {
                    USHORT Level;
                    USHORT Group;
                    ULONG Vector;
                    KAFFINITY Affinity;
                } Translated;
            };
        } MessageInterrupt;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Memory;
        struct {
            ULONG Channel;
            ULONG Port;
            ULONG Reserved1;
        } Dma;
        struct {
            ULONG Data[3];
        } DevicePrivate;
        struct {
            ULONG Start;
            ULONG Length;
            ULONG Reserved;
        } BusNumber;
        struct {
            ULONG DataSize;
            ULONG Reserved1;
            ULONG Reserved2;
        } DeviceSpecificData;
    } u;
};
#pragma pack(pop)
using PCM_PARTIAL_RESOURCE_DESCRIPTOR = CM_PARTIAL_RESOURCE_DESCRIPTOR*;

struct CM_PARTIAL_RESOURCE_LIST {
    USHORT Version;
    USHORT Revision;
    ULONG Count;
    CM_PARTIAL_RESOURCE_DESCRIPTOR PartialDescriptors[1];
};
using PCM_PARTIAL_RESOURCE_LIST = CM_PARTIAL_RESOURCE_LIST*;

struct CM_FULL_RESOURCE_DESCRIPTOR {
    INTERFACE_TYPE InterfaceType;
    ULONG BusNumber;
    CM_PARTIAL_RESOURCE_LIST PartialResourceList;
};
using PCM_FULL_RESOURCE_DESCRIPTOR = CM_FULL_RESOURCE_DESCRIPTOR*;

struct CM_RESOURCE_LIST {
    ULONG Count;
    CM_FULL_RESOURCE_DESCRIPTOR List[1];
};
using PCM_RESOURCE_LIST = CM_RESOURCE_LIST*;

struct IO_RESOURCE_DESCRIPTOR {
    UCHAR Option;
    UCHAR Type;
    UCHAR ShareDisposition;
    UCHAR Spare1;
    USHORT Flags;
    USHORT Spare2;
    union {
        struct {
            ULONG Length;
            ULONG Alignment;
            PHYSICAL_ADDRESS MinimumAddress;
            PHYSICAL_ADDRESS MaximumAddress;
        } Port;
        struct {
            ULONG Length;
            ULONG Alignment;
            PHYSICAL_ADDRESS MinimumAddress;
            PHYSICAL_ADDRESS MaximumAddress;
        } Memory;
        struct {
            ULONG MinimumVector;
            ULONG MaximumVector;
            ULONG AffinityPolicy;
            ULONG PriorityPolicy;
            KAFFINITY TargetedProcessors;
        } Interrupt;
        struct {
            ULONG MinimumChannel;
            ULONG MaximumChannel;
        } Dma;
        struct {
            ULONG Length;
            ULONG Alignment;
            PHYSICAL_ADDRESS MinimumAddress;
            PHYSICAL_ADDRESS MaximumAddress;
        } Generic;
        struct {
            ULONG Data[3];
        } DevicePrivate;
        struct {
            ULONG Length;
            ULONG MinBusNumber;
            ULONG MaxBusNumber;
            ULONG Reserved;
        } BusNumber;
        struct {
            ULONG Priority;
            ULONG Reserved1;
            ULONG Reserved2;
        } ConfigData;
    } u;
};
using PIO_RESOURCE_DESCRIPTOR = IO_RESOURCE_DESCRIPTOR*;

struct IO_RESOURCE_LIST {
    USHORT Version;
    USHORT Revision;
    ULONG Count;
    IO_RESOURCE_DESCRIPTOR Descriptors[1];
};
using PIO_RESOURCE_LIST = IO_RESOURCE_LIST*;

struct IO_RESOURCE_REQUIREMENTS_LIST {
    ULONG ListSize;
    INTERFACE_TYPE InterfaceType;
    ULONG BusNumber;
    ULONG SlotNumber;
    ULONG Reserved[3];
    ULONG AlternativeLists;
    IO_RESOURCE_LIST List[1];
};
using PIO_RESOURCE_REQUIREMENTS_LIST = IO_RESOURCE_REQUIREMENTS_LIST*;

struct PNP_BUS_INFORMATION {
    GUID BusTypeGuid;
    INTERFACE_TYPE LegacyBusType;
    ULONG BusNumber;
};
using PPNP_BUS_INFORMATION = PNP_BUS_INFORMATION*;

struct PLUGPLAY_NOTIFICATION_HEADER {
    USHORT Version;
    USHORT Size;
    GUID Event;
};
using PPLUGPLAY_NOTIFICATION_HEADER = PLUGPLAY_NOTIFICATION_HEADER*;

struct DEVICE_INTERFACE_CHANGE_NOTIFICATION {
    USHORT Version;
    USHORT Size;
    GUID Event;
    GUID InterfaceClassGuid;
    UNICODE_STRING* SymbolicLinkName;
};
using PDEVICE_INTERFACE_CHANGE_NOTIFICATION = DEVICE_INTERFACE_CHANGE_NOTIFICATION*;

inline constexpr UCHAR CmResourceTypeNull = 0;
inline constexpr UCHAR CmResourceTypePort = 1;
inline constexpr UCHAR CmResourceTypeInterrupt = 2;
inline constexpr UCHAR CmResourceTypeMemory = 3;
inline constexpr UCHAR CmResourceTypeDma = 4;
inline constexpr UCHAR CmResourceTypeDeviceSpecific = 5;
inline constexpr UCHAR CmResourceTypeBusNumber = 6;
inline constexpr UCHAR CmResourceTypeMemoryLarge = 7;
inline constexpr UCHAR CmResourceTypeConfigData = 128;
inline constexpr UCHAR CmResourceTypeDevicePrivate = 129;

enum CM_SHARE_DISPOSITION : ULONG {
    CmResourceShareUndetermined = 0,
    CmResourceShareDeviceExclusive,
    CmResourceShareDriverExclusive,
    CmResourceShareShared,
};

inline constexpr UCHAR IO_RESOURCE_PREFERRED = 0x1;
inline constexpr UCHAR IO_RESOURCE_DEFAULT = 0x2;
inline constexpr UCHAR IO_RESOURCE_ALTERNATIVE = 0x8;
inline constexpr USHORT CM_RESOURCE_PORT_MEMORY = 0;
inline constexpr USHORT CM_RESOURCE_PORT_IO = 1;
inline constexpr USHORT CM_RESOURCE_MEMORY_READ_WRITE = 0;
inline constexpr USHORT CM_RESOURCE_MEMORY_READ_ONLY = 1;
inline constexpr USHORT CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE = 0;
inline constexpr USHORT CM_RESOURCE_INTERRUPT_LATCHED = 1;
inline constexpr USHORT CM_RESOURCE_INTERRUPT_MESSAGE = 2;

} // namespace nt
