// Timers by due time: a hierarchical wheel of eleven levels of 64 slots, the lowest counting single 100 ns
// units. Inserting and removing touch one list; a timer moves down at most ten times before it is due. Timers
// that are due at the same instant come in the order of their insertion.
#pragma once
#include "abi/dispatcher.h"
#include <cstddef>

namespace nt::ke {

class TimerWheel {
  public:
    TimerWheel();
    // `timer.DueTime` says when, in interrupt time. It is in no wheel.
    void insert(KTIMER& timer);
    void remove(KTIMER& timer);
    // The next timer that is due by `now`, taken out; null: none is. Times must not go backwards.
    KTIMER* take_due(ULONGLONG now);
    // A time at or before which no timer is due; ~0: the wheel is empty.
    ULONGLONG next() const;
    std::size_t size() const { return size_; }
    // For views: calls f(timer) for each, by level and slot.
    template <class F> void for_each(F f) const {
        for (const auto& level : slots_)
            for (const LIST_ENTRY& head : level)
                for (LIST_ENTRY* e = head.Flink; e != &head; e = e->Flink)
                    f(*reinterpret_cast<KTIMER*>(reinterpret_cast<char*>(e) -
                                                 offsetof(KTIMER, TimerListEntry)));
    }

  private:
    static constexpr unsigned levels = 11, bits = 6, slots = 64;
    unsigned level_of(ULONGLONG due) const;
    static unsigned digit(ULONGLONG time, unsigned level) { return time >> (bits * level) & (slots - 1); }
    ULONGLONG start_of(unsigned level, unsigned slot) const;
    bool lowest(unsigned& level, unsigned& slot) const;
    void slot_empty(unsigned level, unsigned slot);

    LIST_ENTRY slots_[levels][slots];
    ULONG64 used_[levels] = {};
    ULONG used_levels_ = 0; // bit n: used_[n] is not 0
    ULONGLONG base_ = 0;    // every timer with an earlier due time is in level 0's slot of base_
    std::size_t size_ = 0;
};

} // namespace nt::ke
