// Sequenced singly linked lists: depth and sequence in the first word, the first entry's address in the
// second.
#include "internal.h"

namespace nt {

namespace {

struct alignas(16) Pair {
    ULONGLONG low, high;
};

bool exchange(SLIST_HEADER* head, Pair& expected, const Pair& value) {
    bool done;
    asm volatile("lock cmpxchg16b %1"
                 : "=@ccz"(done), "+m"(*head), "+a"(expected.low), "+d"(expected.high)
                 : "b"(value.low), "c"(value.high)
                 : "memory");
    return done;
}

Pair load(const SLIST_HEADER* head) { return {head->Alignment, head->Region}; }
SLIST_ENTRY* first_of(const Pair& p) { return reinterpret_cast<SLIST_ENTRY*>(p.high & ~15ull); }

// Depth counts in the low 16 bits; every change of the list takes one more of the 48-bit sequence.
Pair changed(const Pair& old, SLIST_ENTRY* first, int depth) {
    const auto count = static_cast<USHORT>(old.low + static_cast<ULONGLONG>(depth));
    return {((old.low & ~0xffffull) + 0x10000) | count, reinterpret_cast<ULONGLONG>(first) | (old.high & 15)};
}

} // namespace

extern "C" {

void NTAPI RtlInitializeSListHead(SLIST_HEADER* head) {
    head->Alignment = 0;
    head->Region = 0;
}

SLIST_ENTRY* NTAPI RtlFirstEntrySList(const SLIST_HEADER* head) { return first_of(load(head)); }
USHORT NTAPI RtlQueryDepthSList(SLIST_HEADER* head) { return static_cast<USHORT>(head->Alignment); }

SLIST_ENTRY* NTAPI RtlInterlockedPushListSListEx(SLIST_HEADER* head, SLIST_ENTRY* first, SLIST_ENTRY* last,
                                                 ULONG count) {
    Pair old = load(head);
    do
        last->Next = first_of(old);
    while (!exchange(head, old, changed(old, first, static_cast<int>(count))));
    return first_of(old);
}

SLIST_ENTRY* NTAPI RtlInterlockedPushEntrySList(SLIST_HEADER* head, SLIST_ENTRY* entry) {
    return RtlInterlockedPushListSListEx(head, entry, entry, 1);
}

SLIST_ENTRY* NTAPI RtlInterlockedPopEntrySList(SLIST_HEADER* head) {
    Pair old = load(head);
    do
        if (!first_of(old)) return nullptr;
    while (!exchange(head, old, changed(old, first_of(old)->Next, -1)));
    return first_of(old);
}

SLIST_ENTRY* NTAPI RtlInterlockedFlushSList(SLIST_HEADER* head) {
    Pair old = load(head);
    do
        if (!first_of(old)) return nullptr;
    while (!exchange(head, old, changed(old, nullptr, -static_cast<int>(old.low & 0xffff))));
    return first_of(old);
}

} // extern "C"
} // namespace nt
