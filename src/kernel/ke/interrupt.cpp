#include "kernel/ke/interrupt.h"
#include "abi/bugcheck.h"
#include "hardware/events.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/account.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/detail/ipi.h"
#include "kernel/ke/detail/passive.h"
#include "kernel/ke/detail/retire.h"
#include "kernel/ke/detail/vectors.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spin.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

// assumed: so often in a row may a level-triggered line stay asserted with nobody claiming it, or with
// somebody who does; Windows does not say when it calls that a storm.
constexpr ULONG storm_limit = 1000, claimed_storm_limit = 100'000;

// assumed: an interrupt goes to the processor that the first connected driver's affinity names.
void request_at_destination(ULONG number, const KINTERRUPT& interrupt) {
    request_interrupt(number, interrupt.Number < processor_count() ? interrupt.Number : 0);
}

// A line that nobody has connected is masked in the interrupt controller: nothing happens.
class Sink final : public hardware::InterruptSink {
  public:
    void line_changed(ULONG line, bool asserted) override {
        const ULONG number = vector_of_line(line);
        Vector& v = vector_at(number);
        v.held = 0;
        if (!asserted || v.masked) return;
        if (const KINTERRUPT* first = first_active(v)) request_at_destination(number, *first);
    }
    void message(ULONGLONG address, ULONG data) override {
        const ULONG number = static_cast<ULONG>(address >> 12 & 0xff);
        request_interrupt(data & 0xff, number < processor_count() ? number : 0);
    }
} sink;

bool call_at_device_level(KINTERRUPT& interrupt) {
    const KIRQL base = current_irql();
    raise_irql(interrupt.SynchronizeIrql);
    acquire_spin(*interrupt.ActualLock);
    const bool claimed = call_service_routine(interrupt);
    release_spin(*interrupt.ActualLock);
    irql_byte() = base;
    return claimed;
}

// https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-0xf2--hardware-interrupt-storm
[[noreturn]] void report_storm(const Vector& v, bool claimed) {
    KINTERRUPT& first = *first_active(v);
    const auto routine = reinterpret_cast<ULONG_PTR>(first.ServiceRoutine);
    const bool chained = v.objects.Flink != v.objects.Blink;
    bug_check_at(routine,
                 {HARDWARE_INTERRUPT_STORM,
                  {routine, reinterpret_cast<ULONG_PTR>(first.ServiceContext),
                   reinterpret_cast<ULONG_PTR>(&first), chained ? 2u : 1u}},
                 "line %u stays asserted, and %s service routine of vector %#x %s", v.line - 1u,
                 claimed ? "a" : "no", first.Vector,
                 claimed ? "goes on claiming the interrupt" : "claims the interrupt");
}

[[noreturn]] void report_endless_chain(const Vector& v) {
    const KINTERRUPT& first = *first_active(v);
    stop_machine(StopKind::hang,
                 "interrupt storm: the latched service routines that share vector %#x go on claiming an "
                 "interrupt that is over (the first is at %#llx)",
                 first.Vector,
                 static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(first.ServiceRoutine)));
}

void serve(ULONG number) {
    Vector& v = vector_at(number);
    const KINTERRUPT* first = first_active(v);
    if (!first) return;
    if (is_passive(*first)) return serve_passively(number, *first);
    bool claimed;
    {
        GuestFrame frame(GuestFrame::on_this_stack(), seh::Interruption::interrupt);
        v.running++;
        claimed = call_chain(number, call_at_device_level);
        v.running--;
    }
    end_service(number, claimed);
}

} // namespace

bool call_service_routine(KINTERRUPT& interrupt) {
    const KIRQL level = current_irql();
    if (current_processor().is_idle()) before_idle_runs_code();
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
    if (current_irql() != level)
        bug_check(IRQL_UNEXPECTED_VALUE, static_cast<ULONG_PTR>(current_irql()) << 16 | level << 8,
                  reinterpret_cast<ULONG_PTR>(interrupt.ServiceRoutine),
                  reinterpret_cast<ULONG_PTR>(interrupt.ServiceContext),
                  reinterpret_cast<ULONG_PTR>(&interrupt));
    interrupt.DispatchCount++;
    if (claimed) interrupt.ServiceCount++;
    return claimed;
}

// A level-triggered chain ends at the first that claims; a latched one is walked until nobody claims any
// more, since a second device's edge could have been lost.
bool call_chain(ULONG number, bool (*call)(KINTERRUPT&)) {
    Vector& v = vector_at(number);
    bool claimed = false, again;
    ULONG rounds = 0;
    do {
        if (rounds++ > storm_limit) report_endless_chain(v);
        again = false;
        LIST_ENTRY* const head = &v.objects;
        for (LIST_ENTRY* e = head->Flink; e != head;) {
            KINTERRUPT& interrupt = interrupt_of(e);
            e = e->Flink;
            if (!interrupt.Connected || !call(interrupt)) continue;
            claimed = true;
            if (interrupt.Mode == LevelSensitive) return true;
            again = head->Flink != head->Blink;
        }
    } while (again);
    return claimed;
}

void end_service(ULONG number, bool claimed) {
    Vector& v = vector_at(number);
    const KINTERRUPT* first = first_active(v);
    if (!first || first->Mode != LevelSensitive || !line_is_asserted(v)) {
        v.unclaimed = 0;
        return;
    }
    v.unclaimed = claimed ? 0 : v.unclaimed + 1;
    if (v.unclaimed > storm_limit || ++v.held > claimed_storm_limit) report_storm(v, claimed);
    request_at_destination(number, *first);
}

void request_if_asserted(ULONG number) {
    const Vector& v = vector_at(number);
    const KINTERRUPT* first = first_active(v);
    if (first && first->Mode == LevelSensitive && !v.masked && line_is_asserted(v))
        request_at_destination(number, *first);
}

void run_interrupt(ULONG vector) {
    Processor& p = current_processor();
    p.pending_vectors[vector / 64] &= ~(1ull << vector % 64);
    p.interrupt_count++;
    const KIRQL old = current_irql();
    const Activity before = change_activity(p, Activity::interrupt);
    if (!p.interrupt_nesting++) p.interrupt_since = interrupt_time();
    raise_irql(static_cast<KIRQL>(vector / 16));
    charge(interrupt_cost);
    if (trace::on) {
        const auto* entry = static_cast<const seh::EntryRecord*>(seh::innermost());
        const bool idle = p.is_idle() || entry->kind == seh::RecordKind::call_out;
        trace::emit_interrupt(vector, old, idle ? 0 : entry->rip, idle ? 0 : entry->rsp);
    }
    if (vector == ipi_vector) {
        GuestFrame frame(GuestFrame::on_this_stack(), seh::Interruption::interrupt);
        take_part_in_ipi();
    } else
        serve(vector);
    p.interrupt_nesting--;
    change_activity(p, before);
    if (old < DISPATCH_LEVEL) note_dispatch_left();
    irql_byte() = old;
    if (trace::on) trace::emit_interrupt_over(vector, p.current->quantum_used);
    update_pending_level(p);
}

void request_interrupt(ULONG vector, ULONG number) {
    Processor& p = processor(number);
    p.pending_vectors[vector / 64] |= 1ull << vector % 64;
    update_pending_level(p);
}

void listen_to_hardware() {
    hardware::set_interrupt_sink(&sink);
    hardware::events::set_earlier_hook([] { request_attention(current_processor()); });
}

} // namespace nt::ke
