// Device queues, StartIo and controllers: wdm/ntddk pages nf-wdm-keinsertdevicequeue, nf-wdm-iostartpacket,
// nf-wdm-iosetstartioattributes, nf-ntddk-iocreatecontroller …
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/controller.h"
#include "kernel/io/start_io.h"
#include "kernel/ke/device_queue.h"

using namespace nt;
using exports::need_out;

extern "C" void KeInitializeDeviceQueue(KDEVICE_QUEUE* queue) {
    ke::initialize_device_queue(need_out(queue));
}
GATE(KeInitializeDeviceQueue);

extern "C" BOOLEAN KeInsertDeviceQueue(KDEVICE_QUEUE* queue, KDEVICE_QUEUE_ENTRY* entry) {
    return ke::insert_device_queue(need_out(queue), need_out(entry));
}
GATE(KeInsertDeviceQueue);

extern "C" BOOLEAN KeInsertByKeyDeviceQueue(KDEVICE_QUEUE* queue, KDEVICE_QUEUE_ENTRY* entry, ULONG key) {
    return ke::insert_by_key_device_queue(need_out(queue), need_out(entry), key);
}
GATE(KeInsertByKeyDeviceQueue);

extern "C" KDEVICE_QUEUE_ENTRY* KeRemoveDeviceQueue(KDEVICE_QUEUE* queue) {
    return ke::remove_device_queue(need_out(queue));
}
GATE(KeRemoveDeviceQueue);

extern "C" KDEVICE_QUEUE_ENTRY* KeRemoveByKeyDeviceQueue(KDEVICE_QUEUE* queue, ULONG key) {
    return ke::remove_by_key_device_queue(need_out(queue), key);
}
GATE(KeRemoveByKeyDeviceQueue);

// assumed: it has no page; as the name says, it leaves an idle queue alone.
extern "C" KDEVICE_QUEUE_ENTRY* KeRemoveByKeyDeviceQueueIfBusy(KDEVICE_QUEUE* queue, ULONG key) {
    return need_out(queue).Busy ? ke::remove_by_key_device_queue(*queue, key) : nullptr;
}
GATE(KeRemoveByKeyDeviceQueueIfBusy);

extern "C" BOOLEAN KeRemoveEntryDeviceQueue(KDEVICE_QUEUE* queue, KDEVICE_QUEUE_ENTRY* entry) {
    return ke::remove_entry_device_queue(need_out(queue), need_out(entry));
}
GATE(KeRemoveEntryDeviceQueue);

extern "C" void IoSetStartIoAttributes(DEVICE_OBJECT* device, BOOLEAN deferred, BOOLEAN non_cancelable) {
    io::set_start_io_attributes(&need_out(device), deferred, non_cancelable);
}
GATE(IoSetStartIoAttributes);

extern "C" void IoStartPacket(DEVICE_OBJECT* device, IRP* irp, ULONG* key, PDRIVER_CANCEL cancel) {
    if (key) exports::need_in(key);
    io::start_packet(&need_out(device), &need_out(irp), key, cancel);
}
GATE(IoStartPacket);

extern "C" void IoStartNextPacket(DEVICE_OBJECT* device, BOOLEAN cancelable) {
    io::start_next_packet(&need_out(device), cancelable, nullptr);
}
GATE(IoStartNextPacket);

extern "C" void IoStartNextPacketByKey(DEVICE_OBJECT* device, BOOLEAN cancelable, ULONG key) {
    io::start_next_packet(&need_out(device), cancelable, &key);
}
GATE(IoStartNextPacketByKey);

extern "C" CONTROLLER_OBJECT* IoCreateController(ULONG size) { return io::create_controller(size); }
GATE(IoCreateController);

extern "C" void IoDeleteController(CONTROLLER_OBJECT* controller) {
    io::delete_controller(&need_out(controller));
}
GATE(IoDeleteController);

extern "C" void IoAllocateController(CONTROLLER_OBJECT* controller, DEVICE_OBJECT* device,
                                     PDRIVER_CONTROL routine, PVOID context) {
    io::allocate_controller(&need_out(controller), &need_out(device), routine, context);
}
GATE(IoAllocateController);

extern "C" void IoFreeController(CONTROLLER_OBJECT* controller) {
    io::free_controller(&need_out(controller));
}
GATE(IoFreeController);
