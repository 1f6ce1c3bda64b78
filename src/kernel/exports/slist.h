// SLIST_HEADER on x64: Depth 16 and Sequence 48 bits, then the next entry's address in the upper 60 bits.
#pragma once
#include "abi/list.h"

namespace nt::exports {

struct SListHeader {
    ULONGLONG depth_and_sequence;
    ULONGLONG next;
};
inline SListHeader& slist_view(SLIST_HEADER* head) { return *reinterpret_cast<SListHeader*>(head); }
inline SLIST_ENTRY* slist_first(const SListHeader& h) {
    return reinterpret_cast<SLIST_ENTRY*>(h.next & ~0xFull);
}
inline void slist_set(SListHeader& h, SLIST_ENTRY* entry, LONG depth_change) {
    const auto depth = static_cast<USHORT>(static_cast<USHORT>(h.depth_and_sequence) + depth_change);
    h.depth_and_sequence = ((h.depth_and_sequence & ~0xFFFFull) + 0x10000) | depth;
    h.next = reinterpret_cast<ULONGLONG>(entry) | (h.next & 0xF);
}
inline SLIST_ENTRY* slist_pop(SLIST_HEADER* head) {
    SListHeader& h = slist_view(head);
    SLIST_ENTRY* entry = slist_first(h);
    if (entry) slist_set(h, entry->Next, -1);
    return entry;
}
inline void slist_push(SLIST_HEADER* head, SLIST_ENTRY* entry) {
    SListHeader& h = slist_view(head);
    entry->Next = slist_first(h);
    slist_set(h, entry, 1);
}
inline USHORT slist_depth(SLIST_HEADER* head) {
    return static_cast<USHORT>(slist_view(head).depth_and_sequence);
}

} // namespace nt::exports
