// Device queues: entries that wait for a busy device. The first insertion into an idle queue only makes it
// busy, and the entry is the caller's to start; a removal from a busy queue without entries makes it idle.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/setting-up-and-using-device-queues
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

void initialize_device_queue(KDEVICE_QUEUE& queue);
// False: the queue was idle and is busy now; the entry is not in it.
bool insert_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry);
// Behind the last entry with a key not above `key`.
bool insert_by_key_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry, ULONG key);
// Null: there was none, and the queue is idle now.
KDEVICE_QUEUE_ENTRY* remove_device_queue(KDEVICE_QUEUE& queue);
// The first entry with a key of `key` or above, else the first.
KDEVICE_QUEUE_ENTRY* remove_by_key_device_queue(KDEVICE_QUEUE& queue, ULONG key);
// True: it was in the queue. The queue stays busy.
bool remove_entry_device_queue(KDEVICE_QUEUE& queue, KDEVICE_QUEUE_ENTRY& entry);

} // namespace nt::ke
