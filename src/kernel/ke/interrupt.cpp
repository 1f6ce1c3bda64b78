#include "kernel/ke/interrupt.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "hardware/events.h"
#include "hardware/interrupts.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/account.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/detail/ipi.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/spin.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

constexpr ULONG vectors = 256;
// So often in a row may a level-triggered line stay asserted with nobody claiming it.
constexpr ULONG storm_limit = 1000;

struct VectorTable {
    LIST_ENTRY connected[vectors]; // KINTERRUPT.InterruptListEntry
    UCHAR line[vectors];           // the line that leads to the vector, plus one; 0: none
    ULONG unclaimed[vectors] = {};
    VectorTable() {
        for (auto& head : connected)
            list::initialize(head);
        for (ULONG v = 0; v < vectors; v++)
            line[v] = 0;
        for (ULONG l = 0; l < hardware::interrupt_lines; l++)
            line[vector_of_line(l)] = static_cast<UCHAR>(l + 1);
    }
} table;

KINTERRUPT& interrupt_of(LIST_ENTRY* entry) { return *NT_CONTAINER(entry, KINTERRUPT, InterruptListEntry); }
bool is_connected(ULONG vector) { return !list::empty(table.connected[vector]); }

bool line_is_asserted(ULONG vector) {
    return table.line[vector] && hardware::line_asserted(table.line[vector] - 1u);
}

// assumed: an interrupt goes to the processor that the first connected driver's affinity names.
ULONG destination(ULONG vector) {
    const ULONG number = interrupt_of(table.connected[vector].Flink).Number;
    return number < processor_count() ? number : 0;
}

bool is_level(ULONG vector) {
    return is_connected(vector) && interrupt_of(table.connected[vector].Flink).Mode == LevelSensitive;
}

class Sink final : public hardware::InterruptSink {
  public:
    void line_changed(ULONG line, bool asserted) override {
        const ULONG vector = vector_of_line(line);
        if (asserted && is_connected(vector)) request_interrupt(vector, destination(vector));
    }
    void message(ULONGLONG address, ULONG data) override {
        const ULONG number = static_cast<ULONG>(address >> 12 & 0xff);
        request_interrupt(data & 0xff, number < processor_count() ? number : 0);
    }
} sink;

bool call_service_routine(KINTERRUPT& interrupt) {
    const KIRQL base = current_irql();
    raise_irql(interrupt.SynchronizeIrql);
    acquire_spin(*interrupt.ActualLock);
    if (trace::on)
        trace::emit_isr_called(&interrupt,
                               interrupt.MessageServiceRoutine
                                   ? reinterpret_cast<ULONG_PTR>(interrupt.MessageServiceRoutine)
                                   : reinterpret_cast<ULONG_PTR>(interrupt.ServiceRoutine),
                               interrupt.Vector);
    const BOOLEAN claimed =
        interrupt.MessageServiceRoutine
            ? seh::call_out(interrupt.MessageServiceRoutine, &interrupt, interrupt.ServiceContext,
                            interrupt.MessageIndex)
            : seh::call_out(interrupt.ServiceRoutine, &interrupt, interrupt.ServiceContext);
    if (trace::on) trace::emit_isr_returned(&interrupt, claimed);
    if (current_irql() != interrupt.SynchronizeIrql)
        bug_check(IRQL_UNEXPECTED_VALUE,
                  static_cast<ULONG_PTR>(current_irql()) << 16 | interrupt.SynchronizeIrql << 8,
                  reinterpret_cast<ULONG_PTR>(interrupt.ServiceRoutine),
                  reinterpret_cast<ULONG_PTR>(interrupt.ServiceContext),
                  reinterpret_cast<ULONG_PTR>(&interrupt));
    interrupt.DispatchCount++;
    release_spin(*interrupt.ActualLock);
    irql_byte() = base;
    return claimed;
}

[[noreturn]] void report_storm(ULONG vector) {
    const KINTERRUPT& first = interrupt_of(table.connected[vector].Flink);
    stop_machine(StopKind::hang,
                 "interrupt storm: line %u stays asserted and no service routine of vector %#x "
                 "claims it (the first is at %#llx)",
                 table.line[vector] - 1u, vector,
                 static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(first.ServiceRoutine)));
}

[[noreturn]] void report_endless_chain(ULONG vector) {
    const KINTERRUPT& first = interrupt_of(table.connected[vector].Flink);
    stop_machine(StopKind::hang,
                 "interrupt storm: the latched service routines that share vector %#x go on claiming an "
                 "interrupt that is over (the first is at %#llx)",
                 vector, static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(first.ServiceRoutine)));
}

// A level-triggered chain ends at the first that claims; a latched one is walked until nobody claims any
// more, since a second device's edge could have been lost.
bool call_chain(ULONG vector) {
    bool claimed = false, again;
    ULONG rounds = 0;
    do {
        if (rounds++ > storm_limit) report_endless_chain(vector);
        again = false;
        LIST_ENTRY* const head = &table.connected[vector];
        for (LIST_ENTRY* e = head->Flink; e != head;) {
            KINTERRUPT& interrupt = interrupt_of(e);
            e = e->Flink;
            if (!call_service_routine(interrupt)) continue;
            claimed = true;
            if (interrupt.Mode == LevelSensitive) return true;
            again = head->Flink->Flink != head;
        }
    } while (again);
    return claimed;
}

} // namespace

void run_interrupt(ULONG vector) {
    Processor& p = current_processor();
    p.pending_vectors[vector / 64] &= ~(1ull << vector % 64);
    p.interrupt_count++;
    const KIRQL old = current_irql();
    const Activity before = change_activity(p, Activity::interrupt);
    p.interrupt_nesting++;
    raise_irql(static_cast<KIRQL>(vector / 16));
    charge(interrupt_cost);
    if (trace::on) trace::emit_interrupt(vector, old);
    if (vector == ipi_vector) {
        GuestFrame frame(GuestFrame::on_this_stack(), seh::Interruption::interrupt);
        take_part_in_ipi();
    } else if (is_connected(vector)) {
        bool claimed;
        {
            GuestFrame frame(GuestFrame::on_this_stack(), seh::Interruption::interrupt);
            claimed = call_chain(vector);
        }
        if (is_level(vector) && line_is_asserted(vector)) {
            table.unclaimed[vector] = claimed ? 0 : table.unclaimed[vector] + 1;
            if (table.unclaimed[vector] > storm_limit) report_storm(vector);
            request_interrupt(vector, destination(vector));
        } else
            table.unclaimed[vector] = 0;
    }
    p.interrupt_nesting--;
    change_activity(p, before);
    if (old < DISPATCH_LEVEL) note_dispatch_left();
    irql_byte() = old;
    update_pending_level(p);
}

void request_interrupt(ULONG vector, ULONG number) {
    Processor& p = processor(number);
    p.pending_vectors[vector / 64] |= 1ull << vector % 64;
    update_pending_level(p);
}

NTSTATUS connect_interrupt(KINTERRUPT& interrupt) {
    LIST_ENTRY& head = table.connected[interrupt.Vector & 0xff];
    if (!list::empty(head) && !(interrupt.ShareVector && interrupt_of(head.Flink).ShareVector &&
                                interrupt_of(head.Flink).Mode == interrupt.Mode))
        return STATUS_INVALID_PARAMETER;
    list::insert_tail(head, interrupt.InterruptListEntry);
    interrupt.Connected = 1;
    if (interrupt.Mode == LevelSensitive && line_is_asserted(interrupt.Vector))
        request_interrupt(interrupt.Vector, destination(interrupt.Vector));
    return STATUS_SUCCESS;
}

void disconnect_interrupt(KINTERRUPT& interrupt) {
    if (!interrupt.Connected) return;
    list::remove(interrupt.InterruptListEntry);
    interrupt.Connected = 0;
}

KIRQL acquire_interrupt_lock(KINTERRUPT& interrupt) {
    const KIRQL old = raise_irql(interrupt.SynchronizeIrql);
    acquire_spin(*interrupt.ActualLock);
    return old;
}

void release_interrupt_lock(KINTERRUPT& interrupt, KIRQL old) {
    release_spin(*interrupt.ActualLock);
    lower_irql(old);
}

BOOLEAN synchronize_execution(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context) {
    const KIRQL old = acquire_interrupt_lock(interrupt);
    const BOOLEAN result = seh::call_out(routine, context);
    release_interrupt_lock(interrupt, old);
    return result;
}

ULONG allocate_message_vector(KIRQL irql) {
    for (ULONG vector = irql * 16u + 15; vector >= irql * 16u + 3; vector--)
        if (!is_connected(vector)) return vector;
    return 0;
}

void listen_to_hardware() {
    hardware::set_interrupt_sink(&sink);
    hardware::events::set_earlier_hook([] { request_attention(current_processor()); });
}

void for_each_interrupt(void (*visit)(KINTERRUPT&, void*), void* context) {
    for (auto& head : table.connected)
        for (LIST_ENTRY* e = head.Flink; e != &head; e = e->Flink)
            visit(interrupt_of(e), context);
}

} // namespace nt::ke
