// Critical sections. LockCount is -1 when free, else the number of waiters and owners minus one; a contended
// one waits on an event made at the first contention. Leaving wakes one waiter, which is then the owner: no
// barging.
#include "internal.h"

namespace nt {

RTL_CRITICAL_SECTION loader_lock = unlocked_section;
RTL_CRITICAL_SECTION peb_lock = unlocked_section;

namespace {

constexpr ULONG no_debug_info = 0x1000000; // RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO
RTL_CRITICAL_SECTION_DEBUG* const no_debug = reinterpret_cast<RTL_CRITICAL_SECTION_DEBUG*>(~ULONG_PTR(0));

HANDLE self() { return NtCurrentTeb()->ClientId.UniqueThread; }

HANDLE semaphore_of(RTL_CRITICAL_SECTION* section) {
    if (!section->LockSemaphore) {
        constexpr ULONG synchronization_event = 1;
        HANDLE event = nullptr;
        const NTSTATUS status = NtCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, synchronization_event, 0);
        if (!NT_SUCCESS(status)) RtlRaiseStatus(status);
        HANDLE expected = nullptr;
        if (!__atomic_compare_exchange_n(&section->LockSemaphore, &expected, event, false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
            NtClose(event);
    }
    return section->LockSemaphore;
}

void own(RTL_CRITICAL_SECTION* section) {
    section->OwningThread = self();
    section->RecursionCount = 1;
}

// By TerminateThread, or by an exception in the middle of a heap.
bool has_ended(HANDLE thread_id) {
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, nullptr, 0, nullptr, nullptr};
    CLIENT_ID id{nullptr, thread_id};
    HANDLE thread;
    constexpr ACCESS_MASK query_limited = 0x800;
    if (!NT_SUCCESS(NtOpenThread(&thread, query_limited, &attributes, &id))) return true;
    ULONG ended = 0;
    NtQueryInformationThread(thread, ThreadIsTerminated, &ended, sizeof ended, nullptr);
    NtClose(thread);
    return ended != 0;
}

} // namespace

// In line with other waiters, since between two that hand it to each other it is never free.
bool enter_at_end(RTL_CRITICAL_SECTION& section, Patience patience) {
    constexpr ULONG most_ownerless = 3, most = 100; // looks, one every 10 ms
    if (RtlTryEnterCriticalSection(&section)) return true;
    if (__atomic_add_fetch(&section.LockCount, 1, __ATOMIC_ACQUIRE) != 0) {
        ULONG ownerless = 0;
        for (ULONG looks = 1;; looks++) {
            LARGE_INTEGER interval;
            interval.QuadPart = -100'000;
            if (NtWaitForSingleObject(semaphore_of(&section), 0, &interval) != STATUS_TIMEOUT) break;
            const HANDLE owner = section.OwningThread;
            ownerless = owner ? 0 : ownerless + 1;
            if (ownerless == most_ownerless) break;
            if (owner && has_ended(owner)) return false;
            if (patience == Patience::limited && looks >= most) return false;
        }
    }
    own(&section);
    return true;
}

extern "C" {

NTSTATUS NTAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION* section, ULONG spin, ULONG flags) {
    *section = unlocked_section;
    section->SpinCount = spin & 0xffffff; // one processor: kept, not used
    section->DebugInfo = no_debug;
    if (flags & no_debug_info || !process_heap()) return STATUS_SUCCESS;
    auto* debug = static_cast<RTL_CRITICAL_SECTION_DEBUG*>(allocate(sizeof(RTL_CRITICAL_SECTION_DEBUG)));
    if (!debug) return STATUS_NO_MEMORY;
    debug->CriticalSection = section;
    initialize_list(debug->ProcessLocksList);
    section->DebugInfo = debug;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION* section, ULONG spin) {
    return RtlInitializeCriticalSectionEx(section, spin, 0);
}

NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION* section) {
    return RtlInitializeCriticalSectionEx(section, 0, 0);
}

NTSTATUS NTAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION* section) {
    if (section->LockSemaphore) NtClose(section->LockSemaphore);
    if (section->DebugInfo && section->DebugInfo != no_debug) release(section->DebugInfo);
    *section = {};
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION* section) {
    if (__atomic_add_fetch(&section->LockCount, 1, __ATOMIC_ACQUIRE) == 0) {
        own(section);
        return STATUS_SUCCESS;
    }
    if (section->OwningThread == self()) {
        section->RecursionCount++;
        return STATUS_SUCCESS;
    }
    if (is_end_of_process()) { // whoever waits was ended
        if (section->OwningThread) end_at_orphaned_lock();
        own(section);
        return STATUS_SUCCESS;
    }
    if (section->DebugInfo && section->DebugInfo != no_debug) section->DebugInfo->ContentionCount++;
    NtWaitForSingleObject(semaphore_of(section), 0, nullptr);
    own(section);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION* section) {
    LONG free = -1;
    if (__atomic_compare_exchange_n(&section->LockCount, &free, 0, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        own(section);
        return TRUE;
    }
    if (section->OwningThread != self()) return FALSE;
    __atomic_add_fetch(&section->LockCount, 1, __ATOMIC_RELAXED);
    section->RecursionCount++;
    return TRUE;
}

NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION* section) {
    if (--section->RecursionCount > 0) {
        __atomic_sub_fetch(&section->LockCount, 1, __ATOMIC_RELAXED);
        return STATUS_SUCCESS;
    }
    section->OwningThread = nullptr;
    if (__atomic_sub_fetch(&section->LockCount, 1, __ATOMIC_RELEASE) >= 0)
        NtSetEvent(semaphore_of(section), nullptr);
    return STATUS_SUCCESS;
}

ULONG NTAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION* section, ULONG spin) {
    const auto old = static_cast<ULONG>(section->SpinCount);
    section->SpinCount = spin & 0xffffff;
    return old;
}

ULONG NTAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION* section) { return section->RecursionCount != 0; }
ULONG NTAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION* section) {
    return section->OwningThread == self() && section->RecursionCount != 0;
}

void NTAPI RtlAcquirePebLock() { RtlEnterCriticalSection(&peb_lock); }
void NTAPI RtlReleasePebLock() { RtlLeaveCriticalSection(&peb_lock); }

} // extern "C"
} // namespace nt
