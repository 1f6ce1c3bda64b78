#include "kernel/ke/detail/timer_wheel.h"
#include "base/list.h"

namespace nt::ke {

TimerWheel::TimerWheel() {
    for (auto& level : slots_)
        for (auto& slot : level)
            list::initialize(slot);
}

// The highest digit in which `due` differs from base_.
unsigned TimerWheel::level_of(ULONGLONG due) const {
    const ULONGLONG difference = due ^ base_;
    return difference ? (63 - static_cast<unsigned>(__builtin_clzll(difference))) / bits : 0;
}

void TimerWheel::insert(KTIMER& timer) {
    const ULONGLONG due = timer.DueTime.QuadPart > base_ ? timer.DueTime.QuadPart : base_;
    const unsigned level = level_of(due), slot = digit(due, level);
    list::insert_tail(slots_[level][slot], timer.TimerListEntry);
    used_[level] |= 1ull << slot;
    used_levels_ |= 1u << level;
    ++size_;
}

void TimerWheel::remove(KTIMER& timer) {
    LIST_ENTRY* const neighbour = timer.TimerListEntry.Flink;
    list::remove(timer.TimerListEntry);
    --size_;
    if (!list::empty(*neighbour)) return;
    // It was the last one: the neighbour is a slot's head.
    const auto index = static_cast<std::size_t>(neighbour - &slots_[0][0]);
    slot_empty(static_cast<unsigned>(index / slots), static_cast<unsigned>(index % slots));
}

void TimerWheel::slot_empty(unsigned level, unsigned slot) {
    used_[level] &= ~(1ull << slot);
    if (!used_[level]) used_levels_ &= ~(1u << level);
}

bool TimerWheel::lowest(unsigned& level, unsigned& slot) const {
    if (!used_levels_) return false;
    level = static_cast<unsigned>(__builtin_ctz(used_levels_));
    slot = static_cast<unsigned>(__builtin_ctzll(used_[level]));
    return true;
}

ULONGLONG TimerWheel::start_of(unsigned level, unsigned slot) const {
    const unsigned shift = bits * level;
    const ULONGLONG above = shift + bits >= 64 ? 0 : base_ >> (shift + bits) << (shift + bits);
    return above | ULONGLONG{slot} << shift;
}

ULONGLONG TimerWheel::next() const {
    unsigned level, slot;
    return lowest(level, slot) ? start_of(level, slot) : ~0ull;
}

KTIMER* TimerWheel::take_due(ULONGLONG now) {
    unsigned level, slot;
    while (lowest(level, slot)) {
        const ULONGLONG start = start_of(level, slot);
        if (start > now) return nullptr;
        base_ = start;
        LIST_ENTRY& head = slots_[level][slot];
        if (level == 0) {
            auto* timer = NT_CONTAINER(head.Flink, KTIMER, TimerListEntry);
            remove(*timer);
            return timer;
        }
        slot_empty(level, slot);
        while (!list::empty(head)) {
            auto* timer = NT_CONTAINER(head.Flink, KTIMER, TimerListEntry);
            list::remove(timer->TimerListEntry);
            --size_;
            insert(*timer);
        }
    }
    return nullptr;
}

} // namespace nt::ke
