#include "kernel/ex/rundown.h"
#include "abi/processor.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/stack_object.h"

namespace nt::ex {

namespace {

// What the words point to while a thread waits.
struct alignas(16) Waiter {
    LONGLONG left; // instances
    Waiter* next;  // another thread that waits for the same
    KEVENT event;
};

bool is_active(const EX_RUNDOWN_REF& ref) { return ref.Count & EX_RUNDOWN_ACTIVE; }
Waiter* waiter_of(const EX_RUNDOWN_REF& ref) {
    return is_active(ref) ? reinterpret_cast<Waiter*>(ref.Count & ~EX_RUNDOWN_ACTIVE) : nullptr;
}
LONGLONG instances(const EX_RUNDOWN_REF& ref) {
    return static_cast<LONGLONG>(ref.Count) / static_cast<LONGLONG>(EX_RUNDOWN_COUNT_INC);
}

// A set of words with one sum: a single one, or one per processor.
struct Words {
    EX_RUNDOWN_REF* first;
    ULONG count, step; // bytes
    EX_RUNDOWN_REF& operator[](ULONG i) const {
        return *reinterpret_cast<EX_RUNDOWN_REF*>(reinterpret_cast<char*>(first) + i * step);
    }
    void set_all(ULONG_PTR value) const {
        for (ULONG i = 0; i < count; i++)
            (*this)[i].Count = value;
    }
    EX_RUNDOWN_REF& own() const { return (*this)[count > 1 ? ke::current_processor_number() % count : 0]; }
};
Words words_of(EX_RUNDOWN_REF& ref) { return {&ref, 1, sizeof ref}; }
Words words_of(EX_RUNDOWN_REF_CACHE_AWARE& refs) { return {refs.RunRefs, refs.Number, refs.RunRefSize}; }

bool acquire(const Words& words, ULONG count) {
    EX_RUNDOWN_REF& word = words.own();
    if (is_active(word)) return false;
    word.Count += count * EX_RUNDOWN_COUNT_INC;
    return true;
}

void report_excess(const void* ref) {
    NT_REPORT("RundownProtection", {}, "releases the run-down protection %p more often than it was acquired",
              ref);
}

// Each waiting thread's record is gone once it runs.
void wake(Waiter* waiter) {
    while (waiter) {
        Waiter* next = waiter->next;
        ke::set_event(waiter->event);
        waiter = next;
    }
}

void release(const Words& words, ULONG count) {
    EX_RUNDOWN_REF& word = words.own();
    if (!is_active(word)) {
        if (words.count == 1 && instances(word) < count) return report_excess(words.first);
        word.Count -= count * EX_RUNDOWN_COUNT_INC;
        return;
    }
    Waiter* waiter = waiter_of(word);
    if (!waiter) return report_excess(words.first); // run down already
    waiter->left -= count;
    if (waiter->left > 0) return;
    words.set_all(EX_RUNDOWN_ACTIVE);
    wake(waiter);
}

void wait(const Words& words) {
    ke::StackObject<Waiter> waiter;
    ke::initialize_event(waiter->event, SynchronizationEvent, false);
    if (is_active(words[0])) {
        Waiter* first = waiter_of(words[0]);
        if (!first) return; // run down: "has no effect but is not treated as an error"
        waiter->next = first->next;
        first->next = &*waiter;
    } else {
        for (ULONG i = 0; i < words.count; i++)
            waiter->left += instances(words[i]);
        if (waiter->left <= 0) return words.set_all(EX_RUNDOWN_ACTIVE);
        words.set_all(reinterpret_cast<ULONG_PTR>(&*waiter) | EX_RUNDOWN_ACTIVE);
    }
    ke::wait_for_lock(words.first, ke::LockKind::rundown, &waiter->event, WrRundown);
}

constexpr ULONG cache_line = 64;
ULONG processors() { return ke::shared_data ? ke::shared_data->ActiveProcessorCount : 1; }

} // namespace

void initialize_rundown(EX_RUNDOWN_REF& ref) { ref.Count = 0; }
bool acquire_rundown(EX_RUNDOWN_REF& ref, ULONG count) { return acquire(words_of(ref), count); }
void release_rundown(EX_RUNDOWN_REF& ref, ULONG count) { release(words_of(ref), count); }
void wait_for_rundown(EX_RUNDOWN_REF& ref) { wait(words_of(ref)); }
void rundown_completed(EX_RUNDOWN_REF& ref) { ref.Count = EX_RUNDOWN_ACTIVE; }

SIZE_T size_of_rundown_cache_aware() {
    return sizeof(EX_RUNDOWN_REF_CACHE_AWARE) + (processors() + 1) * cache_line;
}

bool initialize_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, SIZE_T size) {
    if (size < size_of_rundown_cache_aware()) return false;
    refs.RunRefs = reinterpret_cast<EX_RUNDOWN_REF*>(
        (reinterpret_cast<ULONG_PTR>(&refs + 1) + cache_line - 1) & ~ULONG_PTR{cache_line - 1});
    refs.PoolToFree = nullptr;
    refs.RunRefSize = cache_line;
    refs.Number = processors();
    words_of(refs).set_all(0);
    return true;
}

bool acquire_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, ULONG count) { return acquire(words_of(refs), count); }
void release_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs, ULONG count) { release(words_of(refs), count); }
void wait_for_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs) { wait(words_of(refs)); }
void rundown_completed(EX_RUNDOWN_REF_CACHE_AWARE& refs) { words_of(refs).set_all(EX_RUNDOWN_ACTIVE); }
void reinitialize_rundown(EX_RUNDOWN_REF_CACHE_AWARE& refs) { words_of(refs).set_all(0); }

} // namespace nt::ex
