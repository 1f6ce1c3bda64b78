// Routines that drivers have registered for an event. They are called at PASSIVE_LEVEL in a critical region,
// in the order of their places; one that is running is removed when it has returned.
#pragma once
#include "kernel/ke/apc.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"

namespace nt::ps::detail {

template <ULONG most> class NotifyList {
  public:
    bool add(PVOID routine, bool extended) {
        for (Entry& e : entries_)
            if (!e.routine) {
                e = {routine, extended, 0};
                count_++;
                return true;
            }
        return false;
    }
    bool find(PVOID routine, bool extended) { return entry_of(routine, extended); }
    bool remove(PVOID routine, bool extended) {
        Entry* e = entry_of(routine, extended);
        if (!e) return false;
        const LARGE_INTEGER a_tick{.QuadPart = -static_cast<LONGLONG>(ke::tick_length)};
        while (e->running)
            ke::delay_execution(KernelMode, false, a_tick);
        e->routine = nullptr;
        count_--;
        return true;
    }
    bool empty() const { return count_ == 0; }
    template <class Call> void call(Call call) {
        ke::Thread& self = ke::current_thread();
        --self.Tcb.KernelApcDisable;
        for (Entry& e : entries_) {
            if (!e.routine) continue;
            e.running++;
            call(e.routine, e.extended);
            e.running--;
        }
        if (++self.Tcb.KernelApcDisable == 0) ke::apcs_enabled();
    }
    void for_each(void (*visit)(void*, ULONG_PTR), void* context) const {
        for (const Entry& e : entries_)
            if (e.routine) visit(context, reinterpret_cast<ULONG_PTR>(e.routine));
    }

  private:
    struct Entry {
        PVOID routine; // null: the place is free
        bool extended;
        ULONG running;
    };
    Entry* entry_of(PVOID routine, bool extended) {
        for (Entry& e : entries_)
            if (e.routine == routine && e.extended == extended) return &e;
        return nullptr;
    }
    Entry entries_[most]{};
    ULONG count_ = 0;
};

} // namespace nt::ps::detail
