// Routines that drivers have registered for an event. They are called at PASSIVE_LEVEL in a critical region,
// in the order of their places; one that is being removed is called no more, and removed when the calls under
// way have returned.
#pragma once
#include "kernel/ke/apc.h"
#include "kernel/ke/calls.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/unfinished.h"

namespace nt::ps::detail {

template <ULONG most> class NotifyList {
  public:
    bool add(PVOID routine, bool extended) {
        for (Entry& e : entries_)
            if (!e.routine) {
                e = {routine, extended, false, 0};
                count_++;
                return true;
            }
        return false;
    }
    bool find(PVOID routine, bool extended) { return entry_of(routine, extended); }
    bool remove(PVOID routine, bool extended) {
        Entry* e = entry_of(routine, extended);
        if (!e) return false;
        e->going = true;
        ke::wait_for_calls(e->running);
        e->routine = nullptr;
        count_--;
        return true;
    }
    bool empty() const { return count_ == 0; }
    template <class Call> void call(Call call) {
        --ke::current_thread().Tcb.KernelApcDisable;
        {
            const seh::Unfinished raised(leave_region, nullptr);
            for (Entry& e : entries_) {
                if (!e.routine || e.going) continue;
                e.running++;
                {
                    const seh::Unfinished call_raised(end_call, &e);
                    call(e.routine, e.extended);
                }
                end_call(&e);
            }
        }
        leave_region(nullptr);
    }
    void for_each(void (*visit)(void*, ULONG_PTR), void* context) const {
        for (const Entry& e : entries_)
            if (e.routine) visit(context, reinterpret_cast<ULONG_PTR>(e.routine));
    }

  private:
    struct Entry {
        PVOID routine; // null: the place is free
        bool extended;
        bool going; // somebody removes it
        ULONG_PTR running;
    };
    static void end_call(void* entry) { ke::call_ended(static_cast<Entry*>(entry)->running); }
    static void leave_region(void*) {
        if (++ke::current_thread().Tcb.KernelApcDisable == 0) ke::apcs_enabled();
    }
    Entry* entry_of(PVOID routine, bool extended) {
        for (Entry& e : entries_)
            if (e.routine == routine && e.extended == extended && !e.going) return &e;
        return nullptr;
    }
    Entry entries_[most]{};
    ULONG count_ = 0;
};

} // namespace nt::ps::detail
