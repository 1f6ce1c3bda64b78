// What IoConnectInterruptEx and its kin take.
#pragma once
#include "abi/misc.h"

namespace nt {

inline constexpr ULONG CONNECT_FULLY_SPECIFIED = 0x1;
inline constexpr ULONG CONNECT_LINE_BASED = 0x2;
inline constexpr ULONG CONNECT_MESSAGE_BASED = 0x3;
inline constexpr ULONG CONNECT_FULLY_SPECIFIED_GROUP = 0x4;
inline constexpr ULONG CONNECT_MESSAGE_BASED_PASSIVE = 0x5;

struct IO_INTERRUPT_MESSAGE_INFO_ENTRY {
    PHYSICAL_ADDRESS MessageAddress;
    KAFFINITY TargetProcessorSet;
    KINTERRUPT* InterruptObject;
    ULONG MessageData;
    ULONG Vector;
    KIRQL Irql;
    KINTERRUPT_MODE Mode;
    KINTERRUPT_POLARITY Polarity;
};
static_assert(sizeof(IO_INTERRUPT_MESSAGE_INFO_ENTRY) == 0x30);

struct IO_INTERRUPT_MESSAGE_INFO {
    KIRQL UnifiedIrql;
    ULONG MessageCount;
    IO_INTERRUPT_MESSAGE_INFO_ENTRY MessageInfo[1];
};
static_assert(sizeof(IO_INTERRUPT_MESSAGE_INFO) == 0x38);

struct IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS {
    DEVICE_OBJECT* PhysicalDeviceObject;
    KINTERRUPT** InterruptObject;
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    KSPIN_LOCK* SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
    BOOLEAN ShareVector;
    ULONG Vector;
    KIRQL Irql;
    KINTERRUPT_MODE InterruptMode;
    KAFFINITY ProcessorEnableMask;
    USHORT Group;
};
static_assert(sizeof(IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS) == 0x48);

struct IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS {
    DEVICE_OBJECT* PhysicalDeviceObject;
    KINTERRUPT** InterruptObject;
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    KSPIN_LOCK* SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
};

struct IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS {
    DEVICE_OBJECT* PhysicalDeviceObject;
    union {
        PVOID* Generic;
        IO_INTERRUPT_MESSAGE_INFO** InterruptMessageTable;
        KINTERRUPT** InterruptObject;
    } ConnectionContext;
    PKMESSAGE_SERVICE_ROUTINE MessageServiceRoutine;
    PVOID ServiceContext;
    KSPIN_LOCK* SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
    PKSERVICE_ROUTINE FallBackServiceRoutine;
};

struct IO_CONNECT_INTERRUPT_PARAMETERS {
    ULONG Version;
    union {
        IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS FullySpecified;
        IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS LineBased;
        IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS MessageBased;
    };
};
static_assert(sizeof(IO_CONNECT_INTERRUPT_PARAMETERS) == 0x50);

// Of IoDisconnectInterruptEx, IoReportInterruptActive and IoReportInterruptInactive.
struct IO_DISCONNECT_INTERRUPT_PARAMETERS {
    ULONG Version;
    union {
        PVOID Generic;
        KINTERRUPT* InterruptObject;
        IO_INTERRUPT_MESSAGE_INFO* InterruptMessageTable;
    } ConnectionContext;
};
using IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS = IO_DISCONNECT_INTERRUPT_PARAMETERS;

} // namespace nt
