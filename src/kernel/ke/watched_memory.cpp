#include "kernel/ke/watched_memory.h"
#include "host/signals.h"

namespace nt::ke {

USHORT detail::marks[mark_count];

static USHORT& mark_of(const void* object) {
    return detail::marks[reinterpret_cast<ULONG_PTR>(object) >> 12 & (detail::mark_count - 1)];
}
void mark_memory(const void* object) { mark_of(object)++; }
void unmark_memory(const void* object) { mark_of(object)--; }

static constexpr ULONG most_observers = 8;
static FreedObserver observers[most_observers];
static ULONG observer_count = 0;

void watch_freed_memory(FreedObserver observer) {
    if (observer_count == most_observers) host::fatal("too many observers of freed memory");
    observers[observer_count++] = observer;
}

void detail::tell_freed(ULONG_PTR address, SIZE_T size) {
    for (ULONG i = 0; i < observer_count; i++)
        observers[i](address, size);
}

} // namespace nt::ke
