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

static Processor* processors[most_processors];
static ULONG count = 0;

Processor& processor(ULONG number) { return *processors[number]; }
ULONG processor_count() { return count; }
ULONG current_processor_number() { return running->number; }
ULONG64 all_processors() { return count == 64 ? ~0ull : (1ull << count) - 1; }
KPCR& pcr() { return *reinterpret_cast<KPCR*>(pcr_address); }
ULONG_PTR pcr_address_of(ULONG number) { return processors[number]->pcr; }
Thread& running_thread_of(ULONG number) { return *processors[number]->current; }
Thread& idle_thread_of(ULONG number) { return *processors[number]->idle; }

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
    processors[count++] = p;
    KPCR& kpcr = *static_cast<KPCR*>(area);
    kpcr.Self = &kpcr;
    kpcr.CurrentPrcb = &kpcr.Prcb;
    kpcr.MajorVersion = 1;
    kpcr.MinorVersion = 1;
    kpcr.Prcb.Number = p->number;
    kpcr.Prcb.LegacyNumber = static_cast<UCHAR>(p->number);
    p->deadline() = ~0ull;
    if (p->number) return;
    running = p;
    pcr_address = p->pcr;
    seh::nt_kernel_gs = p->pcr;
    host::set_gs_base(p->pcr);
    trace::current.time = reinterpret_cast<const std::uint64_t*>(&virtual_time());
    trace::current.irql = &irql_byte();
}

void update_pending_level(Processor& p) {
    KIRQL level = 0;
    if (p.current && p.current->Tcb.ApcState.KernelApcPending && !p.current->Tcb.SpecialApcDisable)
        level = APC_LEVEL;
    if (p.dispatch_requested || p.quantum_ended || p.timers_expired || p.dpc_requested)
        level = DISPATCH_LEVEL;
    if (const int vector = p.highest_vector(); vector >= 0 && vector / 16 > level)
        level = static_cast<KIRQL>(vector / 16);
    *reinterpret_cast<KIRQL*>(p.pcr + KPCR_PENDING_LEVEL) = level;
    if (level > p.irql()) request_attention(p);
}

void request_attention(Processor& p) { p.deadline() = 0; }

} // namespace nt::ke
