#include "kernel/ke/processor.h"
#include "abi/processor.h"
#include "host/machine_heap.h"
#include "host/processor.h"
#include "host/signals.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/thread.h"
#include "trace/trace.h"

namespace nt::ke {

ULONG_PTR pcr_address = 0;
Processor* running = nullptr;
bool paged_open = false;
void (*close_paged_memory)() = nullptr;

Processor* all_of_them[most_processors];
ULONG64 resting_processors = ~0ull, spinning_processors = 0, called_processors = 0;
static ULONG count = 0;

ULONG processor_count() { return count; }
ULONG current_processor_number() { return running->number; }
ULONG64 all_processors() { return count == 64 ? ~0ull : (1ull << count) - 1; }
KPCR& pcr() { return *reinterpret_cast<KPCR*>(pcr_address); }
ULONG_PTR pcr_address_of(ULONG number) { return processor(number).pcr; }
Thread& running_thread_of(ULONG number) { return *processor(number).current; }
Thread& idle_thread_of(ULONG number) { return *processor(number).idle; }

static void show_paged_open(const Processor& p) {
    *reinterpret_cast<UCHAR*>(p.pcr + KPCR_PAGED_OPEN) = paged_open;
}
void set_paged_open(bool open) {
    if (open == paged_open) return;
    paged_open = open;
    for (ULONG i = 0; i < count; i++)
        show_paged_open(processor(i));
}

int Processor::highest_vector() const {
    for (int word = 3; word >= 0; word--)
        if (pending_vectors[word]) return word * 64 + 63 - __builtin_clzll(pending_vectors[word]);
    return -1;
}

void initialize_processor(PVOID area) {
    if (count == most_processors) host::fatal("more than %u processors", most_processors);
    auto* p = host::make<Processor>();
    p->number = count;
    p->pcr = reinterpret_cast<ULONG_PTR>(area);
    all_of_them[count++] = p;
    KPCR& kpcr = *static_cast<KPCR*>(area);
    kpcr.Self = &kpcr;
    kpcr.CurrentPrcb = &kpcr.Prcb;
    kpcr.MajorVersion = 1;
    kpcr.MinorVersion = 1;
    kpcr.Prcb.Number = p->number;
    kpcr.Prcb.LegacyNumber = static_cast<UCHAR>(p->number);
    p->deadline() = ~0ull;
    show_paged_open(*p);
    if (p->number) return;
    running = p;
    pcr_address = p->pcr;
    seh::nt_kernel_gs = p->pcr;
    host::set_gs_base(p->pcr);
    trace::current.time = reinterpret_cast<const std::uint64_t*>(&virtual_time());
    trace::current.irql = &irql_byte();
}

void note_called(Processor& p) {
    const ULONG64 bit = bit_of(p);
    const bool called = p.next || *reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL);
    called_processors = called ? called_processors | bit : called_processors & ~bit;
}

void update_pending_level(Processor& p) {
    update_pending_level_without_attention(p);
    if (*reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL) > p.irql()) request_attention(p);
}

void update_pending_level_without_attention(Processor& p) {
    KIRQL level = 0;
    if (p.current && p.current->Tcb.ApcState.KernelApcPending && !p.current->Tcb.SpecialApcDisable)
        level = APC_LEVEL;
    if (p.dispatch_requested || p.quantum_ended || p.timers_expired || p.dpc_requested)
        level = DISPATCH_LEVEL;
    if (const int vector = p.highest_vector(); vector >= 0 && vector / 16 > level)
        level = static_cast<KIRQL>(vector / 16);
    if (p.interrupts_off) level = 0; // nothing comes, whatever the IRQL
    *reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL) = level;
    note_called(p);
}

ULONG processors_without_interrupts = 0;

bool interrupts_enabled() { return !current_processor().interrupts_off; }

void set_interrupts(bool enabled) {
    Processor& p = current_processor();
    if (p.interrupts_off == !enabled) return;
    p.interrupts_off = !enabled;
    processors_without_interrupts += enabled ? -1 : 1;
    update_pending_level(p);
    if (enabled && pending_level() > current_irql()) deliver_pending();
}

void request_attention(Processor& p) { p.deadline() = 0; }

} // namespace nt::ke
