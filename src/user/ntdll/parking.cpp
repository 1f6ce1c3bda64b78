#include "parking.h"

namespace nt {
namespace parking {

namespace {

constexpr ULONG buckets = 64;
LIST_ENTRY queues[buckets];
LONG lock_word;

class Lock {
  public:
    Lock() {
        while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
            NtYieldExecution();
    }
    ~Lock() { __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE); }
};

LIST_ENTRY& queue_of(const volatile void* address) {
    const auto a = reinterpret_cast<ULONG_PTR>(address);
    LIST_ENTRY& queue = queues[(a >> 4 ^ a >> 12) % buckets];
    if (!queue.Flink) initialize_list(queue);
    return queue;
}

// In a slot of the TEB that the system reserves.
Waiter*& slot() { return reinterpret_cast<Waiter*&>(NtCurrentTeb()->SystemReserved1[0]); }

} // namespace

Waiter& own_waiter() {
    if (slot()) return *slot();
    auto* waiter = static_cast<Waiter*>(allocate(sizeof(Waiter)));
    constexpr ULONG synchronization_event = 1;
    const NTSTATUS status =
        waiter ? NtCreateEvent(&waiter->event, EVENT_ALL_ACCESS, nullptr, synchronization_event, 0)
               : STATUS_NO_MEMORY;
    if (!NT_SUCCESS(status)) {
        release(waiter);
        RtlRaiseStatus(status);
    }
    return *(slot() = waiter);
}

bool enqueue(Waiter& waiter, const volatile void* address, bool (*still_wait)(void*), void* context) {
    waiter.address = address;
    Lock lock;
    waiter.queued = still_wait(context);
    if (waiter.queued) insert_tail(queue_of(address), waiter.link);
    return waiter.queued;
}

NTSTATUS wait(Waiter& waiter, const LARGE_INTEGER* timeout) {
    LARGE_INTEGER due;
    if (timeout) due = *timeout;
    if (NtWaitForSingleObject(waiter.event, 0, timeout ? &due : nullptr) != STATUS_TIMEOUT)
        return STATUS_SUCCESS;
    {
        Lock lock;
        if (waiter.queued) {
            waiter.queued = false;
            remove_entry(waiter.link);
            return STATUS_TIMEOUT;
        }
    }
    NtWaitForSingleObject(waiter.event, 0, nullptr); // woken at the same moment: take the event
    return STATUS_SUCCESS;
}

ULONG wake(const volatile void* address, ULONG count) {
    ULONG woken = 0;
    while (woken < count) {
        HANDLE event = nullptr;
        {
            Lock lock;
            LIST_ENTRY& queue = queue_of(address);
            for (LIST_ENTRY* e = queue.Flink; e != &queue; e = e->Flink) {
                Waiter* waiter = container(e, &Waiter::link);
                if (waiter->address != address) continue;
                remove_entry(waiter->link);
                waiter->queued = false;
                event = waiter->event;
                break;
            }
        }
        if (!event) break;
        NtSetEvent(event, nullptr);
        woken++;
    }
    return woken;
}

} // namespace parking

void release_thread_wait_event() {
    parking::Waiter*& waiter = parking::slot();
    if (waiter) NtClose(waiter->event);
    release(waiter);
    waiter = nullptr;
}

} // namespace nt
