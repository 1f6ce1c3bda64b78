// Interrupt objects: connecting them to vectors, synchronising with their service routines.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/passive.h"
#include "kernel/ke/detail/vectors.h"
#include "kernel/ke/spin.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::ke {

namespace {

// The IRQLs of devices. Lines take three vectors of each but the last.
constexpr ULONG first_irql = 3, last_irql = 11;

struct Table {
    Vector vectors[vector_count];
    Table() {
        for (ULONG l = 0; l < hardware::interrupt_lines; l++)
            vectors[vector_of_line(l)].line = static_cast<UCHAR>(l + 1);
    }
} table;

// A passive service routine is synchronised with by an event, which needs a thread that may wait.
KINTERRUPT& with_lock(KINTERRUPT& interrupt) {
    // assumed: the code of the bug check that the page promises.
    if (is_passive(interrupt))
        bug_check(IRQL_NOT_DISPATCH_LEVEL, reinterpret_cast<ULONG_PTR>(&interrupt), current_irql());
    return interrupt;
}

bool is_free(ULONG vector) {
    const Vector& v = table.vectors[vector];
    return !v.line && !v.message && list::empty(v.objects);
}

} // namespace

Vector& vector_at(ULONG number) { return table.vectors[number & 0xff]; }

KINTERRUPT* first_active(const Vector& vector) {
    for (LIST_ENTRY* e = vector.objects.Flink; e != &vector.objects; e = e->Flink)
        if (interrupt_of(e).Connected) return &interrupt_of(e);
    return nullptr;
}

NTSTATUS connect_interrupt(KINTERRUPT& interrupt) {
    LIST_ENTRY& head = vector_at(interrupt.Vector).objects;
    if (!list::empty(head)) {
        const KINTERRUPT& first = interrupt_of(head.Flink);
        if (!interrupt.ShareVector || !first.ShareVector || first.Mode != interrupt.Mode ||
            is_passive(first) != is_passive(interrupt))
            return STATUS_INVALID_PARAMETER;
    }
    list::insert_tail(head, interrupt.InterruptListEntry);
    if (trace::on)
        trace::emit_interrupt_connected(
            &interrupt,
            interrupt.MessageServiceRoutine ? reinterpret_cast<ULONG_PTR>(interrupt.MessageServiceRoutine)
                                            : reinterpret_cast<ULONG_PTR>(interrupt.ServiceRoutine),
            interrupt.Vector, interrupt.SynchronizeIrql, static_cast<UCHAR>(interrupt.Number));
    set_interrupt_active(interrupt, true);
    return STATUS_SUCCESS;
}

// No processor may be in the service routines when an object leaves their list: the memory goes with it.
void disconnect_interrupt(KINTERRUPT& interrupt) {
    Vector& v = vector_at(interrupt.Vector);
    if (is_passive(interrupt)) {
        list::remove(interrupt.InterruptListEntry);
    } else {
        const KIRQL old = raise_irql(std::max(current_irql(), interrupt.SynchronizeIrql));
        spin_until([&v] { return v.running == 0; }, &interrupt);
        list::remove(interrupt.InterruptListEntry);
        lower_irql(old);
    }
    interrupt.Connected = 0;
    if (trace::on) trace::emit_interrupt_disconnected(&interrupt, interrupt.Vector);
}

void set_interrupt_active(KINTERRUPT& interrupt, bool active) {
    if (interrupt.Connected == active) return;
    interrupt.Connected = active;
    if (active) request_if_asserted(interrupt.Vector);
}

KIRQL acquire_interrupt_lock(KINTERRUPT& interrupt) {
    const KIRQL old = raise_irql(with_lock(interrupt).SynchronizeIrql);
    acquire_spin(*interrupt.ActualLock);
    return old;
}

void release_interrupt_lock(KINTERRUPT& interrupt, KIRQL old) {
    release_spin(*with_lock(interrupt).ActualLock);
    lower_irql(old);
}

BOOLEAN synchronize_execution(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context) {
    if (is_passive(interrupt)) return synchronize_passively(interrupt, routine, context);
    const KIRQL old = acquire_interrupt_lock(interrupt);
    const BOOLEAN result = seh::call_out(routine, context);
    release_interrupt_lock(interrupt, old);
    return result;
}

// assumed: messages come in at the highest IRQL that has room.
ULONG allocate_message_vectors(ULONG count) {
    for (ULONG irql = last_irql; irql >= first_irql; irql--)
        for (ULONG first = irql * 16; first + count <= irql * 16 + 16; first += count) {
            ULONG n = 0;
            while (n < count && is_free(first + n))
                n++;
            if (n < count) continue;
            for (n = 0; n < count; n++)
                table.vectors[first + n].message = true;
            return first;
        }
    return 0;
}

void free_message_vectors(ULONG first, ULONG count) {
    for (ULONG n = 0; n < count; n++)
        vector_at(first + n).message = false;
}

bool is_device_vector(ULONG vector) {
    return vector < vector_count && (table.vectors[vector].line || table.vectors[vector].message);
}
bool is_message_vector(ULONG vector) { return vector < vector_count && table.vectors[vector].message; }

void for_each_interrupt(void (*visit)(KINTERRUPT&, void*), void* context) {
    for (auto& v : table.vectors)
        for (LIST_ENTRY* e = v.objects.Flink; e != &v.objects; e = e->Flink)
            visit(interrupt_of(e), context);
}

} // namespace nt::ke
