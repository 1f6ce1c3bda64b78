// Memory that must not be freed yet: a lock that is held, a resource on the system's list, a timer in its
// queue. Whoever keeps such objects marks their addresses; freeing memory with marks calls the observers,
// which know what lies there. Freeing other memory costs one look at a table.
#pragma once
#include "abi/types.h"

namespace nt::ke {

void mark_memory(const void* object);
void unmark_memory(const void* object);

namespace detail {
inline constexpr ULONG mark_count = 4096;
extern USHORT marks[mark_count]; // by page, hashed: how many marks
void tell_freed(ULONG_PTR address, SIZE_T size);
} // namespace detail

inline bool is_marked(ULONG_PTR address, SIZE_T size) {
    for (ULONG_PTR page = address >> 12, last = (address + size - 1) >> 12; page <= last; page++)
        if (detail::marks[page & (detail::mark_count - 1)]) return true;
    return false;
}

// A pool block, or the memory of an image, is about to go.
inline void memory_freed(ULONG_PTR address, SIZE_T size) {
    if (is_marked(address, size)) [[unlikely]]
        detail::tell_freed(address, size);
}
// The observer forgets what it has there, and reports what may not have been there.
using FreedObserver = void (*)(ULONG_PTR address, SIZE_T size);
void watch_freed_memory(FreedObserver observer);

} // namespace nt::ke
