#include "kernel/io/interrupt.h"
#include "abi/status.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <bit>

namespace nt::io {

ULONG (*interrupt_resources)(DEVICE_OBJECT*, InterruptResource (&)[most_interrupts]) =
    [](DEVICE_OBJECT*, InterruptResource (&)[most_interrupts]) { return 0u; };

namespace {

constexpr ULONG interrupt_tag = pool::tag("Inte"), table_tag = pool::tag("IntM");

// Lines first, messages behind them.
struct Resources {
    InterruptResource all[most_interrupts];
    ULONG lines = 0, messages = 0;
    KIRQL highest = 0;

    explicit Resources(DEVICE_OBJECT* device) {
        InterruptResource given[most_interrupts];
        const ULONG n = std::min(interrupt_resources(device, given), most_interrupts);
        take(given, n, false, lines);
        take(given, n, true, messages);
    }

  private:
    void take(const InterruptResource* given, ULONG n, bool message, ULONG& count) {
        for (ULONG i = 0; i < n; ++i) {
            if (given[i].message != message) continue;
            all[lines + messages] = given[i];
            ++count;
            highest = std::max(highest, given[i].irql);
        }
    }
};

NTSTATUS connect_lines(const Resources& resources, InterruptRequest request, KIRQL least,
                       KINTERRUPT** interrupt) {
    const InterruptResource& r = resources.all[0];
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
    const SIZE_T size =
        sizeof(IO_INTERRUPT_MESSAGE_INFO) + resources.messages * sizeof(IO_INTERRUPT_MESSAGE_INFO_ENTRY);
    auto* table = static_cast<IO_INTERRUPT_MESSAGE_INFO*>(
        pool::allocate(pool::Kind::nonpaged, size, table_tag, 0, true));
    if (!table) return STATUS_INSUFFICIENT_RESOURCES;
    table->UnifiedIrql = std::max(least, resources.highest);
    for (ULONG i = 0; i < resources.messages; ++i) {
        const InterruptResource& r = resources.all[resources.lines + i];
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
    request.processors = p.ProcessorEnableMask;
    *p.InterruptObject = TRY_STATUS(connect_interrupt(request));
    return STATUS_SUCCESS;
}

NTSTATUS connect_line_based(IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS& p) {
    if (!p.PhysicalDeviceObject || !p.InterruptObject || !p.ServiceRoutine) return STATUS_INVALID_PARAMETER;
    const Resources resources(p.PhysicalDeviceObject);
    if (resources.messages) return STATUS_INVALID_DEVICE_REQUEST;
    if (!resources.lines) return STATUS_NOT_FOUND;
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
    if (resources.messages) {
        request.message_routine = p.MessageServiceRoutine;
        return connect_messages(resources, request, p.SynchronizeIrql,
                                p.ConnectionContext.InterruptMessageTable);
    }
    if (!resources.lines || !p.FallBackServiceRoutine) return STATUS_NOT_FOUND;
    request.routine = p.FallBackServiceRoutine;
    const NTSTATUS status =
        connect_lines(resources, request, p.SynchronizeIrql, p.ConnectionContext.InterruptObject);
    if (NT_SUCCESS(status)) parameters.Version = CONNECT_LINE_BASED;
    return status;
}

void set_active(KINTERRUPT* interrupt, bool active) {
    if (active && !interrupt->Connected)
        ke::connect_interrupt(*interrupt);
    else if (!active)
        ke::disconnect_interrupt(*interrupt);
}

} // namespace

Result<KINTERRUPT*> connect_interrupt(const InterruptRequest& request) {
    const KAFFINITY processors = request.processors & ke::all_processors();
    // assumed: an IRQL that does not belong to the vector is an invalid parameter, and so is PASSIVE_LEVEL:
    // the machine has no interrupt that can be served there.
    if (!processors || request.vector > 0xff || request.irql != request.vector / 16 ||
        request.irql <= DISPATCH_LEVEL || request.synchronize_irql < request.irql ||
        request.synchronize_irql > HIGH_LEVEL)
        return fail(STATUS_INVALID_PARAMETER);
    auto* interrupt = static_cast<KINTERRUPT*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(KINTERRUPT), interrupt_tag, 0, true));
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
    interrupt->Number = static_cast<ULONG>(std::countr_zero(processors));
    interrupt->ShareVector = request.shared;
    interrupt->Mode = request.mode;
    if (const NTSTATUS status = ke::connect_interrupt(*interrupt); !NT_SUCCESS(status)) {
        pool::release(interrupt, interrupt_tag);
        return fail(status);
    }
    return interrupt;
}

void disconnect_interrupt(KINTERRUPT* interrupt) {
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
        set_active(parameters.ConnectionContext.InterruptObject, active);
        return;
    }
    const IO_INTERRUPT_MESSAGE_INFO* table = parameters.ConnectionContext.InterruptMessageTable;
    for (ULONG i = 0; i < table->MessageCount; ++i)
        set_active(table->MessageInfo[i].InterruptObject, active);
}

} // namespace nt::io
