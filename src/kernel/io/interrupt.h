// Drivers' interrupts: making the interrupt objects that ke connects to vectors.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/iointex/nf-iointex-wdmlibioconnectinterruptex
#pragma once
#include "abi/interrupt.h"
#include "base/result.h"
#include <span>

namespace nt::io {

struct InterruptRequest {
    PKSERVICE_ROUTINE routine = nullptr;
    PKMESSAGE_SERVICE_ROUTINE message_routine = nullptr; // instead, with message_index
    ULONG message_index = 0;
    PVOID context = nullptr;
    KSPIN_LOCK* lock = nullptr; // null: the object's own
    ULONG vector = 0;
    KIRQL irql = 0, synchronize_irql = 0;
    KINTERRUPT_MODE mode = LevelSensitive;
    bool shared = false, floating_save = false;
    bool passive = false; // the routine may run at PASSIVE_LEVEL
    KAFFINITY processors = 0;
};
// STATUS_INVALID_PARAMETER: no processor, an IRQL that is not the vector's, or a vector that is taken and not
// shared; passive and with a lock, or for a message. STATUS_INSUFFICIENT_RESOURCES.
Result<KINTERRUPT*> connect_interrupt(const InterruptRequest& request);
void disconnect_interrupt(KINTERRUPT* interrupt);

// IoConnectInterruptEx. STATUS_INVALID_PARAMETER_1 (version), …_10 (no processors), STATUS_NOT_FOUND (the
// device has no such interrupts, the vector is no device's), STATUS_INVALID_DEVICE_REQUEST (messages where a
// line was asked for).
NTSTATUS connect_interrupt_ex(IO_CONNECT_INTERRUPT_PARAMETERS& parameters);
void disconnect_interrupt_ex(const IO_DISCONNECT_INTERRUPT_PARAMETERS& parameters);
// IoReportInterruptActive, …Inactive: the service routine stays registered but is not called while inactive.
void set_interrupt_active(const IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS& parameters, bool active);

// An interrupt that a device has been given; plugged in by who knows (device_node.h).
struct InterruptResource {
    bool message;
    ULONG vector;
    KIRQL irql;
    KINTERRUPT_MODE mode;
    bool shared;
    KAFFINITY processors;
    ULONGLONG message_address; // message: what the device writes where
    ULONG message_data;
};
extern std::span<const InterruptResource> (*interrupt_resources)(DEVICE_OBJECT* device);

} // namespace nt::io
