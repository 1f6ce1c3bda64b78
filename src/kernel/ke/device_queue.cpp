#include "kernel/ke/device_queue.h"
#include "base/list.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

KDEVICE_QUEUE_ENTRY& entry_of(LIST_ENTRY* link) {
    return *NT_CONTAINER(link, KDEVICE_QUEUE_ENTRY, DeviceListEntry);
}

// Puts the entry in front of `before`, unless the queue is idle.
bool insert(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry, LIST_ENTRY& before, bool by_key) {
    entry.Inserted = queue.Busy;
    queue.Busy = TRUE;
    if (entry.Inserted) list::insert_tail(before, entry.DeviceListEntry);
    if (trace::on) [[unlikely]]
        trace::emit_device_queue_insert(&queue, &entry, by_key ? entry.SortKey : 0, by_key, entry.Inserted);
    return entry.Inserted;
}

KDEVICE_QUEUE_ENTRY* take(KDEVICE_QUEUE& queue, LIST_ENTRY* link) {
    KDEVICE_QUEUE_ENTRY* entry = nullptr;
    if (link == &queue.DeviceListHead)
        queue.Busy = FALSE;
    else {
        entry = &entry_of(link);
        list::remove(*link);
        entry->Inserted = FALSE;
    }
    if (trace::on) [[unlikely]]
        trace::emit_device_queue_remove(&queue, entry);
    return entry;
}

} // namespace

void initialize_device_queue(KDEVICE_QUEUE& queue) {
    queue = {};
    queue.Type = DeviceQueueObject;
    queue.Size = sizeof(KDEVICE_QUEUE);
    list::initialize(queue.DeviceListHead);
}

bool insert_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry) {
    return insert(queue, entry, queue.DeviceListHead, false);
}

bool insert_by_key_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry, ULONG key) {
    entry.SortKey = key;
    LIST_ENTRY* at = queue.DeviceListHead.Flink;
    while (at != &queue.DeviceListHead && entry_of(at).SortKey <= key)
        at = at->Flink;
    return insert(queue, entry, *at, true);
}

KDEVICE_QUEUE_ENTRY* remove_device_queue(KDEVICE_QUEUE& queue) {
    return take(queue, queue.DeviceListHead.Flink);
}

KDEVICE_QUEUE_ENTRY* remove_by_key_device_queue(KDEVICE_QUEUE& queue, ULONG key) {
    LIST_ENTRY* at = queue.DeviceListHead.Flink;
    while (at != &queue.DeviceListHead && entry_of(at).SortKey < key)
        at = at->Flink;
    return take(queue, at == &queue.DeviceListHead ? at->Flink : at);
}

bool remove_entry_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry) {
    if (!entry.Inserted) return false;
    take(queue, &entry.DeviceListEntry);
    return true;
}

} // namespace nt::ke
