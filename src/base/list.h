// LIST_ENTRY operations: doubly linked, circular, the head is an entry too. The lists are guest-visible where
// Windows' are.
#pragma once
#include "abi/list.h"
#include <cstddef>
#include <cstdint>

namespace nt::list {

inline void initialize(LIST_ENTRY& head) { head.Flink = head.Blink = &head; }
inline bool empty(const LIST_ENTRY& head) { return head.Flink == &head; }
inline void insert_tail(LIST_ENTRY& head, LIST_ENTRY& entry) {
    entry.Flink = &head;
    entry.Blink = head.Blink;
    head.Blink->Flink = &entry;
    head.Blink = &entry;
}
inline void insert_head(LIST_ENTRY& head, LIST_ENTRY& entry) {
    entry.Blink = &head;
    entry.Flink = head.Flink;
    head.Flink->Blink = &entry;
    head.Flink = &entry;
}
inline void remove(LIST_ENTRY& entry) {
    entry.Blink->Flink = entry.Flink;
    entry.Flink->Blink = entry.Blink;
}
// Removes and leaves the entry pointing at itself, so that it can be removed again.
inline void remove_and_reset(LIST_ENTRY& entry) {
    remove(entry);
    initialize(entry);
}

} // namespace nt::list

// The structure that contains a list entry.
#define NT_CONTAINER(entry, type, field)                                                                     \
    (reinterpret_cast<type*>(reinterpret_cast<std::uintptr_t>(entry) - __builtin_offsetof(type, field)))
