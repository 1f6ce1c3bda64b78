#include "kernel/ex/work.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "host/places.h"
#include "kernel/ex/detail/work_queue.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"

namespace nt::ex {

namespace detail {

WorkQueue* work_queue;

int highest_priority() { return work_queue->summary ? 31 - __builtin_clz(work_queue->summary) : -1; }

WORK_QUEUE_ITEM& take_item(KPRIORITY& priority) {
    priority = highest_priority();
    LIST_ENTRY& head = work_queue->lists[priority];
    auto& item = *NT_CONTAINER(head.Flink, WORK_QUEUE_ITEM, List);
    // A routine that freed or initialised its item while it was queued left this behind.
    if (!item.List.Flink || !item.List.Blink)
        ke::bug_check(INVALID_WORK_QUEUE_ITEM, reinterpret_cast<ULONG_PTR>(&item.List),
                      reinterpret_cast<ULONG_PTR>(&head), reinterpret_cast<ULONG_PTR>(work_queue->lists),
                      reinterpret_cast<ULONG_PTR>(item.WorkerRoutine));
    if (item.List.Blink != &head || item.List.Flink->Blink != &item.List)
        ke::bug_check(KERNEL_SECURITY_CHECK_FAILURE, 3); // a corrupted list
    list::remove(item.List);
    item.List.Flink = nullptr; // it may be queued again from now on
    --work_queue->count;
    if (list::empty(head)) work_queue->summary &= ~(1u << priority);
    return item;
}

} // namespace detail

namespace {

using detail::work_queue;

// The levels of ne-wdm-_work_queue_type; -1: no such queue.
int priority_of(ULONG type) {
    constexpr int levels[] = {13, 12, 15, 8, 7, 18, 14};
    static_assert(std::size(levels) == MaximumWorkQueue);
    if (type < MaximumWorkQueue) return levels[type];
    if (type >= CustomPriorityWorkQueue && type < CustomPriorityWorkQueue + detail::work_priorities)
        return static_cast<int>(type - CustomPriorityWorkQueue);
    return -1;
}

// Walks what is queued; visit answers true to stop.
template <class Visit> WORK_QUEUE_ITEM* find_queued(Visit visit) {
    if (!work_queue || !work_queue->count) return nullptr;
    for (LIST_ENTRY& head : work_queue->lists)
        for (LIST_ENTRY* e = head.Flink; e && e != &head; e = e->Flink)
            if (auto* item = NT_CONTAINER(e, WORK_QUEUE_ITEM, List); visit(*item)) return item;
    return nullptr;
}

} // namespace

NTSTATUS start_work_queues(SpawnThread spawn) {
    work_queue = host::make<detail::WorkQueue>();
    for (LIST_ENTRY& head : work_queue->lists)
        list::initialize(head);
    return detail::start_workers(spawn);
}

void queue_work_item(WORK_QUEUE_ITEM& item, ULONG type) {
    const auto address = reinterpret_cast<ULONG_PTR>(&item);
    const int priority = priority_of(type);
    if (priority < 0) ke::bug_check(WORKER_INVALID, 6, address, type);
    if (is_queued(item)) ke::bug_check(WORKER_INVALID, 1, address, type);
    if (host::places::is_user(reinterpret_cast<ULONG_PTR>(item.WorkerRoutine)))
        ke::bug_check(WORKER_INVALID, 7, address, type);
    if (trace::on) [[unlikely]]
        trace::emit_work_item_queued(&item, item.WorkerRoutine, reinterpret_cast<ULONG_PTR>(item.Parameter),
                                     static_cast<std::uint8_t>(priority));
    list::insert_tail(work_queue->lists[priority], item.List);
    work_queue->summary |= 1u << priority;
    ++work_queue->count;
    detail::wake_worker(priority);
}

void check_released_block(ULONG_PTR address) {
    if (!work_queue || !work_queue->count) return;
    pool::Block block;
    if (!pool::find_block(address, block)) return;
    const auto* item = find_queued([&](const WORK_QUEUE_ITEM& i) {
        return reinterpret_cast<ULONG_PTR>(&i) - block.address < block.size;
    });
    if (item)
        ke::bug_check(WORKER_INVALID, 0, reinterpret_cast<ULONG_PTR>(item), block.address,
                      block.address + block.size);
}

ULONG_PTR work_in(ULONG_PTR base, ULONG_PTR size) {
    const auto* queued = find_queued([&](const WORK_QUEUE_ITEM& item) {
        return reinterpret_cast<ULONG_PTR>(item.WorkerRoutine) - base < size;
    });
    if (queued) return reinterpret_cast<ULONG_PTR>(queued->WorkerRoutine);
    struct Search {
        ULONG_PTR base, size, found;
    } search{base, size, 0};
    detail::for_each_running(
        [](void* context, ULONG_PTR routine) {
            auto& s = *static_cast<Search*>(context);
            if (routine - s.base < s.size) s.found = routine;
        },
        &search);
    return search.found;
}

} // namespace nt::ex
