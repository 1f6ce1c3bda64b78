// Interlocked lists: wdm pages nf-wdm-exinterlockedinserttaillist …, nf-wdm-interlockedpushentryslist.
#include "abi/list.h"
#include "base/list.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/interlocked.h"
#include "kernel/exports/slist.h"

using namespace nt;

extern "C" LIST_ENTRY* ExInterlockedInsertHeadList(LIST_ENTRY* head, LIST_ENTRY* entry, KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    LIST_ENTRY* first = list::empty(*head) ? nullptr : head->Flink;
    list::insert_head(*head, *entry);
    return first;
}
GATE(ExInterlockedInsertHeadList);

extern "C" LIST_ENTRY* ExInterlockedInsertTailList(LIST_ENTRY* head, LIST_ENTRY* entry, KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    LIST_ENTRY* last = list::empty(*head) ? nullptr : head->Blink;
    list::insert_tail(*head, *entry);
    return last;
}
GATE(ExInterlockedInsertTailList);

extern "C" LIST_ENTRY* ExInterlockedRemoveHeadList(LIST_ENTRY* head, KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    if (list::empty(*head)) return nullptr;
    LIST_ENTRY* first = head->Flink;
    list::remove(*first);
    return first;
}
GATE(ExInterlockedRemoveHeadList);

extern "C" void InitializeSListHead(SLIST_HEADER* head) { exports::slist_view(head) = {}; }
GATE(InitializeSListHead);

extern "C" SLIST_ENTRY* ExpInterlockedPushEntrySList(SLIST_HEADER* head, SLIST_ENTRY* entry) {
    exports::SListHeader& h = exports::slist_view(head);
    SLIST_ENTRY* old = exports::slist_first(h);
    entry->Next = old;
    exports::slist_set(h, entry, 1);
    return old;
}
GATE(ExpInterlockedPushEntrySList);

extern "C" SLIST_ENTRY* ExpInterlockedPopEntrySList(SLIST_HEADER* head) { return exports::slist_pop(head); }
GATE(ExpInterlockedPopEntrySList);

extern "C" SLIST_ENTRY* ExpInterlockedFlushSList(SLIST_HEADER* head) {
    exports::SListHeader& h = exports::slist_view(head);
    SLIST_ENTRY* entry = exports::slist_first(h);
    if (entry) exports::slist_set(h, nullptr, -static_cast<LONG>(static_cast<USHORT>(h.depth_and_sequence)));
    return entry;
}
GATE(ExpInterlockedFlushSList);

extern "C" USHORT ExQueryDepthSList(SLIST_HEADER* head) {
    return static_cast<USHORT>(exports::slist_view(head).depth_and_sequence);
}
GATE(ExQueryDepthSList);

extern "C" SLIST_ENTRY* FirstEntrySList(const SLIST_HEADER* head) {
    return exports::slist_first(exports::slist_view(const_cast<SLIST_HEADER*>(head)));
}
GATE(FirstEntrySList);
