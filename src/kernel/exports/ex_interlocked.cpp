// Arithmetic and singly linked lists under a spin lock: wdm pages nf-wdm-exinterlockedaddlargeinteger,
// nf-wdm-exinterlockedaddulong, nf-wdm-exinterlockedpushentrylist …
#include "kernel/exports/gate.h"
#include "kernel/exports/interlocked.h"

using namespace nt;

extern "C" LARGE_INTEGER ExInterlockedAddLargeInteger(LARGE_INTEGER* addend, LARGE_INTEGER increment,
                                                      KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    const LARGE_INTEGER before = *addend;
    addend->QuadPart = static_cast<LONGLONG>(static_cast<ULONGLONG>(before.QuadPart) +
                                             static_cast<ULONGLONG>(increment.QuadPart));
    return before;
}
GATE(ExInterlockedAddLargeInteger);

extern "C" ULONG ExInterlockedAddUlong(ULONG* addend, ULONG increment, KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    const ULONG before = *addend;
    *addend = before + increment;
    return before;
}
GATE(ExInterlockedAddUlong);

extern "C" SINGLE_LIST_ENTRY* ExInterlockedPushEntryList(SINGLE_LIST_ENTRY* head, SINGLE_LIST_ENTRY* entry,
                                                         KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    SINGLE_LIST_ENTRY* first = head->Next;
    entry->Next = first;
    head->Next = entry;
    return first;
}
GATE(ExInterlockedPushEntryList);

extern "C" SINGLE_LIST_ENTRY* ExInterlockedPopEntryList(SINGLE_LIST_ENTRY* head, KSPIN_LOCK* lock) {
    exports::pass_spin_lock(lock);
    SINGLE_LIST_ENTRY* first = head->Next;
    if (first) head->Next = first->Next;
    return first;
}
GATE(ExInterlockedPopEntryList);
