#include "kernel/io/interrupt.h"
#include "abi/status.h"
#include "kernel/io/detail/passive_interrupt.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <bit>
#include <vector>

namespace nt::io {

std::span<const InterruptResource> (*interrupt_resources)(DEVICE_OBJECT*) = [](DEVICE_OBJECT*) {
    return std::span<const InterruptResource>();
};

namespace {

constexpr ULONG interrupt_tag = pool::tag("Inte"), table_tag = pool::tag("IntM");

struct Resources {
    std::vector<InterruptResource> lines, messages;
    KIRQL highest = 0;

    explicit Resources(DEVICE_OBJECT* device) {
        for (const InterruptResource& r : interrupt_resources(device)) {
            (r.message ? messages : lines).push_back(r);
            highest = std::max(highest, r.irql);
        }
    }
};

NTSTATUS connect_lines(const Resources& resources, InterruptRequest request, KIRQL least,
                       KINTERRUPT** interrupt) {
    const InterruptResource& r = resources.lines[0];
    request.vector = r.vector;
    request.irql = r.irql;
    request.synchronize_irql = std::max(least, resources.highest);
    request.mode = r.mode;
    request.shared = r.shared;
    request.processors = r.processors;
    *interrupt = TRY_STATUS(connect_interrupt(request));
    return STATUS_SUCCESS;
}

void disconnect_messages(IO_INTERRUPT_MESSAGE_INFO* table) {
    for (ULONG i = 0; i < table->MessageCount; ++i)
        disconnect_interrupt(table->MessageInfo[i].InterruptObject);
    pool::release(table, table_tag);
}

NTSTATUS connect_messages(const Resources& resources, InterruptRequest request, KIRQL least,
                          IO_INTERRUPT_MESSAGE_INFO** result) {
    const SIZE_T size = sizeof(IO_INTERRUPT_MESSAGE_INFO) +
                        resources.messages.size() * sizeof(IO_INTERRUPT_MESSAGE_INFO_ENTRY);
    auto* table = static_cast<IO_INTERRUPT_MESSAGE_INFO*>(
        pool::allocate(pool::Kind::nonpaged, size, table_tag, 0, true));
    if (!table) return STATUS_INSUFFICIENT_RESOURCES;
    table->UnifiedIrql = std::max(least, resources.highest);
    for (ULONG i = 0; i < resources.messages.size(); ++i) {
        const InterruptResource& r = resources.messages[i];
        request.message_index = i;
        request.vector = r.vector;
        request.irql = r.irql;
        request.synchronize_irql = table->UnifiedIrql;
        request.mode = r.mode;
        request.shared = r.shared;
        request.processors = r.processors;
        const Result<KINTERRUPT*> made = connect_interrupt(request);
        if (!made) {
            disconnect_messages(table);
            return made.error();
        }
        IO_INTERRUPT_MESSAGE_INFO_ENTRY& entry = table->MessageInfo[table->MessageCount++];
        entry = {.MessageAddress = {},
                 .TargetProcessorSet = r.processors,
                 .InterruptObject = *made,
                 .MessageData = r.message_data,
                 .Vector = r.vector,
                 .Irql = r.irql,
                 .Mode = r.mode,
                 .Polarity = InterruptPolarityUnknown};
        entry.MessageAddress.QuadPart = static_cast<LONGLONG>(r.message_address);
    }
    *result = table;
    return STATUS_SUCCESS;
}

NTSTATUS connect_fully_specified(IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS& p, USHORT group) {
    if (!p.PhysicalDeviceObject || !p.InterruptObject || !p.ServiceRoutine || group)
        return STATUS_INVALID_PARAMETER;
    if (!(p.ProcessorEnableMask & ke::all_processors())) return STATUS_INVALID_PARAMETER_10;
    if (!ke::is_device_vector(p.Vector)) return STATUS_NOT_FOUND;
    InterruptRequest request;
    request.routine = p.ServiceRoutine;
    request.context = p.ServiceContext;
    request.lock = p.SpinLock;
    request.vector = p.Vector;
    request.irql = p.Irql;
    request.synchronize_irql = p.SynchronizeIrql;
    request.mode = p.InterruptMode;
    request.shared = p.ShareVector;
    request.floating_save = p.FloatingSave;
    request.passive = p.Irql == PASSIVE_LEVEL && p.SynchronizeIrql == PASSIVE_LEVEL;
    request.processors = p.ProcessorEnableMask;
    *p.InterruptObject = TRY_STATUS(connect_interrupt(request));
    return STATUS_SUCCESS;
}

NTSTATUS connect_line_based(IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS& p) {
    if (!p.PhysicalDeviceObject || !p.InterruptObject || !p.ServiceRoutine) return STATUS_INVALID_PARAMETER;
    const Resources resources(p.PhysicalDeviceObject);
    if (!resources.messages.empty()) return STATUS_INVALID_DEVICE_REQUEST;
    if (resources.lines.empty()) return STATUS_NOT_FOUND;
    InterruptRequest request;
    request.routine = p.ServiceRoutine;
    request.context = p.ServiceContext;
    request.lock = p.SpinLock;
    request.floating_save = p.FloatingSave;
    return connect_lines(resources, request, p.SynchronizeIrql, p.InterruptObject);
}

NTSTATUS connect_message_based(IO_CONNECT_INTERRUPT_PARAMETERS& parameters) {
    IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS& p = parameters.MessageBased;
    if (!p.PhysicalDeviceObject || !p.ConnectionContext.Generic || !p.MessageServiceRoutine)
        return STATUS_INVALID_PARAMETER;
    const Resources resources(p.PhysicalDeviceObject);
    InterruptRequest request;
    request.context = p.ServiceContext;
    request.lock = p.SpinLock;
    request.floating_save = p.FloatingSave;
    if (!resources.messages.empty()) {
        request.message_routine = p.MessageServiceRoutine;
        return connect_messages(resources, request, p.SynchronizeIrql,
                                p.ConnectionContext.InterruptMessageTable);
    }
    if (resources.lines.empty() || !p.FallBackServiceRoutine) return STATUS_NOT_FOUND;
    request.routine = p.FallBackServiceRoutine;
    const NTSTATUS status =
        connect_lines(resources, request, p.SynchronizeIrql, p.ConnectionContext.InterruptObject);
    if (NT_SUCCESS(status)) parameters.Version = CONNECT_LINE_BASED;
    return status;
}

// assumed: an IRQL that does not belong to the vector is an invalid parameter; only lines can be served at
// PASSIVE_LEVEL.
bool is_valid(const InterruptRequest& request) {
    if (!(request.processors & ke::all_processors()) || request.vector > 0xff) return false;
    if (request.passive) return !request.lock && !ke::is_message_vector(request.vector);
    return request.irql == request.vector / 16 && request.irql > DISPATCH_LEVEL &&
           request.synchronize_irql >= request.irql && request.synchronize_irql <= HIGH_LEVEL;
}

// What a passive service routine is synchronised with lies behind its object.
struct PassiveInterrupt : KINTERRUPT {
    KEVENT event;
};

} // namespace

Result<KINTERRUPT*> connect_interrupt(const InterruptRequest& request) {
    if (!is_valid(request)) return fail(STATUS_INVALID_PARAMETER);
    auto* interrupt = static_cast<PassiveInterrupt*>(
        pool::allocate(pool::Kind::nonpaged, request.passive ? sizeof(PassiveInterrupt) : sizeof(KINTERRUPT),
                       interrupt_tag, 0, true));
    if (!interrupt) return fail(STATUS_INSUFFICIENT_RESOURCES);
    interrupt->Type = InterruptObject;
    interrupt->Size = sizeof(KINTERRUPT);
    interrupt->ServiceRoutine = request.routine;
    interrupt->MessageServiceRoutine = request.message_routine;
    interrupt->MessageIndex = request.message_index;
    interrupt->ServiceContext = request.context;
    interrupt->ActualLock = request.lock ? request.lock : &interrupt->SpinLock;
    interrupt->Vector = request.vector;
    interrupt->Irql = request.irql;
    interrupt->SynchronizeIrql = request.synchronize_irql;
    interrupt->FloatingSave = request.floating_save;
    interrupt->Number = static_cast<ULONG>(std::countr_zero(request.processors & ke::all_processors()));
    interrupt->ShareVector = request.shared;
    interrupt->Mode = request.mode;
    if (request.passive) {
        ke::initialize_event(interrupt->event, SynchronizationEvent, true);
        interrupt->PassiveEvent = &interrupt->event;
    }
    const NTSTATUS status =
        request.passive ? connect_passively(*interrupt) : ke::connect_interrupt(*interrupt);
    if (!NT_SUCCESS(status)) {
        pool::release(interrupt, interrupt_tag);
        return fail(status);
    }
    return interrupt;
}

void disconnect_interrupt(KINTERRUPT* interrupt) {
    if (interrupt->PassiveEvent)
        disconnect_passively(*interrupt);
    else
        ke::disconnect_interrupt(*interrupt);
    pool::release(interrupt, interrupt_tag);
}

NTSTATUS connect_interrupt_ex(IO_CONNECT_INTERRUPT_PARAMETERS& parameters) {
    switch (parameters.Version) {
    case CONNECT_FULLY_SPECIFIED:
        return connect_fully_specified(parameters.FullySpecified, 0);
    case CONNECT_FULLY_SPECIFIED_GROUP:
        return connect_fully_specified(parameters.FullySpecified, parameters.FullySpecified.Group);
    case CONNECT_LINE_BASED:
        return connect_line_based(parameters.LineBased);
    case CONNECT_MESSAGE_BASED:
        return connect_message_based(parameters);
    default:
        return STATUS_INVALID_PARAMETER_1;
    }
}

void disconnect_interrupt_ex(const IO_DISCONNECT_INTERRUPT_PARAMETERS& parameters) {
    if (parameters.Version == CONNECT_MESSAGE_BASED)
        disconnect_messages(parameters.ConnectionContext.InterruptMessageTable);
    else
        disconnect_interrupt(parameters.ConnectionContext.InterruptObject);
}

void set_interrupt_active(const IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS& parameters, bool active) {
    if (parameters.Version != CONNECT_MESSAGE_BASED) {
        ke::set_interrupt_active(*parameters.ConnectionContext.InterruptObject, active);
        return;
    }
    const IO_INTERRUPT_MESSAGE_INFO* table = parameters.ConnectionContext.InterruptMessageTable;
    for (ULONG i = 0; i < table->MessageCount; ++i)
        ke::set_interrupt_active(*table->MessageInfo[i].InterruptObject, active);
}

} // namespace nt::io
