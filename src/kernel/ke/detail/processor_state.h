// The state of a virtual processor that is not in its KPCR.
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ke/accounting.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/thread.h"

namespace nt {
struct CONTEXT;
}

namespace nt::ke {

inline constexpr int priorities = 32;

// Ready threads by priority, first in, first out within one.
struct ReadyQueues {
    LIST_ENTRY queue[priorities];
    ULONG summary = 0; // bit n: queue n is not empty
    ULONG count = 0;
    ReadyQueues();
    int highest() const { return summary ? 31 - __builtin_clz(summary) : -1; }
    void insert(Thread& thread, bool at_head);
    void remove(Thread& thread);
    Thread& first(int priority) const;
};
inline ReadyPlace& place_of(const LIST_ENTRY* link) {
    return *reinterpret_cast<ReadyPlace*>(const_cast<LIST_ENTRY*>(link));
}

// KDPCs by their DpcListEntry; each one's DpcData points at the queue that it is in.
struct DpcQueue {
    SINGLE_LIST_ENTRY head{};
    SINGLE_LIST_ENTRY* last = &head;
    ULONG depth = 0;
};

// A processor that can do nothing until a condition holds (spin.h).
struct SpinWait {
    bool (*ready)(void*);
    void* context;
    const void* what; // guest address of the lock, for reports
    ULONGLONG since;
    // Guest code that polls memory (polling.h), null: a lock of the kernel's.
    const CONTEXT* code = nullptr;
    bool user = false;
    bool sees_time = false; // it reads what clock ticks change
    bool hopeless = false;  // nothing is left that could end it: it is to say so
};

struct Processor {
    ULONG number = 0;
    ULONG_PTR pcr = 0;
    Thread* current = nullptr; // also gs:[0x188]
    Thread* idle = nullptr;
    Thread* next = nullptr; // standby: runs at the next switch
    ReadyQueues ready;      // of threads whose ideal processor this is

    bool dispatch_requested = false; // a thread switch is due below DISPATCH_LEVEL
    bool quantum_ended = false;
    bool timers_expired = false; // expiration runs below DISPATCH_LEVEL on this processor
    bool dpc_active = false;
    bool interrupts_off = false; // cli
    bool dpc_requested = false;
    ULONG interrupt_nesting = 0;
    ULONGLONG dpc_since = 0;       // when the running DPC routine began; 0: none runs
    ULONGLONG interrupt_since = 0; // when the outermost running service routine began
    ULONGLONG ticks_seen = 0;      // clock ticks whose quantum accounting is done

    DpcQueue dpcs, threaded_dpcs;
    ULONGLONG dpc_count = 0, interrupt_count = 0; // since the start
    ULONG_PTR dpc_stack = 0, dpc_stack_limit = 0;
    Thread* dpc_thread = nullptr; // runs threaded DPCs; made with the first of them

    ULONG64 pending_vectors[4] = {}; // by vector; its IRQL is vector / 16
    SpinWait* spinning = nullptr;    // spinning_processors says it, too
    Account account;
    ULONGLONG policy_deadline = 0; // the policy wants to decide then

    bool is_idle() const { return current == idle; }
    KIRQL& irql() const { return *reinterpret_cast<KIRQL*>(pcr + KPCR_IRQL); }
    ULONGLONG& deadline() const { return *reinterpret_cast<ULONGLONG*>(pcr + KPCR_DEADLINE); }
    ULONG_PTR& slot(ULONG offset) const { return *reinterpret_cast<ULONG_PTR*>(pcr + offset); }
    // Highest vector that is pending, or -1; its IRQL is vector / 16.
    int highest_vector() const;
};

extern Processor* running; // the processor that runs
extern Processor* all_of_them[most_processors];
inline Processor& processor(ULONG number) { return *all_of_them[number]; }

// By bit: whose idle thread has found nothing to do; who spins; for whom something waits (a next thread,
// or what pending_level() says). Kept so that finding who can go on needs no look at each.
extern ULONG64 resting_processors, spinning_processors, called_processors;
inline ULONG64 bit_of(const Processor& p) { return 1ull << p.number; }
void note_called(Processor& p);

inline Processor& current_processor() { return *running; }

// Recomputes what pending_level() of `p` says. Without attention: for callers that deliver it themselves.
void update_pending_level(Processor& p);
void update_pending_level_without_attention(Processor& p);
// The next gate or system call on `p` comes to its switch point, whatever the time.
void request_attention(Processor& p);

} // namespace nt::ke
