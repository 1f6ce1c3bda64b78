#include "kernel/ke/detail/prefetch.h"
#include "kernel/ke/detail/processor_state.h"
#include <algorithm>
#include <cstddef>

namespace nt::ke {

namespace {

constexpr std::size_t line = 64;
// What host code has on its stack below note_stacks()'s caller, and a driver at a call that waits.
constexpr std::size_t switch_frames = 3 * line, guest_frame = 3 * line;

// For writing, since a plain prefetch gives up where the page's translation is not cached either.
void fetch(ULONG_PTR from, std::size_t bytes) {
    for (ULONG_PTR at = from; at < from + bytes; at += line)
        asm volatile("prefetchw %0" : : "m"(*reinterpret_cast<const char*>(at)));
}
ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

void fetch_thread(const ReadyPlace& place) {
    const Thread& t = *place.thread;
    fetch(number(&t.Tcb.ApcState), offsetof(KTHREAD, Affinity) + line - offsetof(KTHREAD, ApcState));
    fetch(number(&t.fiber), offsetof(Thread, base) + 2 * line - offsetof(Thread, fiber));
    fetch(place.host_stack, place.host_bytes);
    fetch(place.kernel_stack, place.host_bytes ? guest_frame : 0);
}

} // namespace

// A driver that damages its KPCR could make any number of the record's address.
void note_stacks(Thread& thread) {
    ReadyPlace& place = *thread.ready;
    place.host_stack = number(__builtin_frame_address(0)) - switch_frames;
    const ULONG_PTR record = number(thread.crossing);
    const bool sound =
        record > place.host_stack && record <= thread.fiber->stack_high() - sizeof(seh::EntryRecord);
    place.host_bytes =
        sound ? std::min<ULONG_PTR>(record + sizeof(seh::EntryRecord) - place.host_stack, 1024) : 0;
    if (sound) place.kernel_stack = static_cast<const seh::EntryRecord*>(thread.crossing)->rsp;
}

// One processor's turn is short, so it looks further ahead than many that take turns.
void fetch_after(const LIST_ENTRY* place, const LIST_ENTRY* head) {
    const LIST_ENTRY* e = place->Flink;
    for (ULONG left = 3 / processor_count(); left && e != head; left--)
        e = e->Flink;
    if (e == head) return;
    fetch_thread(place_of(e));
    fetch(number(e->Flink), sizeof(ReadyPlace));
}

} // namespace nt::ke
