#include "hardware/events.h"
#include <algorithm>
#include <vector>

namespace nt::hardware::events {

namespace {

struct Event {
    ULONGLONG due;
    ULONGLONG order; // of scheduling: first in, first out among equals
    Function function;
    void* context;
    ULONG position;   // in the heap
    ULONG generation; // of the slot: an old id does not find a new event
};

// A binary heap of slot numbers. Slots stay where they are, so an id finds its event without a search.
struct Queue {
    std::vector<Event> slots;
    std::vector<ULONG> heap, free;
    ULONGLONG next_order = 1;
    bool running = false;
    ULONGLONG running_at = 0;

    bool earlier(ULONG a, ULONG b) const {
        return slots[a].due != slots[b].due ? slots[a].due < slots[b].due : slots[a].order < slots[b].order;
    }
    void place(ULONG position, ULONG slot) {
        heap[position] = slot;
        slots[slot].position = position;
    }
    void sift_up(ULONG position) {
        const ULONG slot = heap[position];
        for (; position > 0 && earlier(slot, heap[(position - 1) / 2]); position = (position - 1) / 2)
            place(position, heap[(position - 1) / 2]);
        place(position, slot);
    }
    void sift_down(ULONG position) {
        const ULONG slot = heap[position];
        const auto size = static_cast<ULONG>(heap.size());
        for (ULONG child; (child = 2 * position + 1) < size; position = child) {
            if (child + 1 < size && earlier(heap[child + 1], heap[child])) child++;
            if (!earlier(heap[child], slot)) break;
            place(position, heap[child]);
        }
        place(position, slot);
    }
    void remove(ULONG position) {
        const ULONG slot = heap[position], last = heap.back();
        heap.pop_back();
        if (last != slot) {
            place(position, last);
            sift_up(position);
            sift_down(slots[last].position);
        }
        slots[slot].generation++;
        free.push_back(slot);
    }
} queue;

void (*earlier_hook)() = nullptr;

Id id_of(ULONG slot) { return static_cast<Id>(queue.slots[slot].generation) << 32 | slot; }

} // namespace

Id schedule(ULONGLONG due, Function function, void* context) {
    ULONG slot = static_cast<ULONG>(queue.slots.size());
    if (queue.free.empty()) {
        queue.slots.push_back({});
        queue.slots[slot].generation = 1;
    } else {
        slot = queue.free.back();
        queue.free.pop_back();
    }
    Event& event = queue.slots[slot];
    event.due = queue.running ? std::max(due, queue.running_at + 1) : due;
    event.order = queue.next_order++;
    event.function = function;
    event.context = context;
    queue.heap.push_back(slot);
    queue.sift_up(static_cast<ULONG>(queue.heap.size() - 1));
    if (earlier_hook && queue.heap.front() == slot) earlier_hook();
    return id_of(slot);
}

bool cancel(Id id) {
    const auto slot = static_cast<ULONG>(id);
    if (slot >= queue.slots.size() || id_of(slot) != id) return false;
    queue.remove(queue.slots[slot].position);
    return true;
}

ULONGLONG next_due() { return queue.heap.empty() ? never : queue.slots[queue.heap.front()].due; }

void run_due(ULONGLONG now) {
    if (next_due() > now || queue.running) return;
    queue.running = true;
    while (!queue.heap.empty() && next_due() <= now) {
        const ULONG slot = queue.heap.front();
        const Event event = queue.slots[slot];
        queue.remove(0);
        queue.running_at = event.due;
        event.function(event.context);
    }
    queue.running = false;
}

ULONGLONG time_of_running(ULONGLONG otherwise) { return queue.running ? queue.running_at : otherwise; }

void set_earlier_hook(void (*hook)()) { earlier_hook = hook; }

ULONG pending() { return static_cast<ULONG>(queue.heap.size()); }

void clear() {
    while (!queue.heap.empty())
        queue.remove(0);
}

} // namespace nt::hardware::events
