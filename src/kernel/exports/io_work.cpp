// Work items of devices, and shutdown notification: wdm pages nf-wdm-ioallocateworkitem,
// nf-wdm-ioqueueworkitem, nf-wdm-ioregistershutdownnotification …
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/shutdown.h"
#include "kernel/io/work_item.h"

using namespace nt;

extern "C" IO_WORKITEM* IoAllocateWorkItem(PVOID object) {
    return io::allocate_work_item(object, static_cast<seh::EntryRecord*>(seh::innermost())->rip);
}
GATE(IoAllocateWorkItem);

extern "C" void IoFreeWorkItem(IO_WORKITEM* item) { io::free_work_item(&exports::need_out(item)); }
GATE(IoFreeWorkItem);

extern "C" void IoInitializeWorkItem(PVOID object, IO_WORKITEM* item) {
    io::initialize_work_item(&exports::need_out(item), object);
}
GATE(IoInitializeWorkItem);

extern "C" void IoUninitializeWorkItem(IO_WORKITEM* item) {
    io::uninitialize_work_item(&exports::need_out(item));
}
GATE(IoUninitializeWorkItem);

extern "C" ULONG IoSizeofWorkItem() { return sizeof(IO_WORKITEM); }
GATE(IoSizeofWorkItem);

extern "C" void IoQueueWorkItem(IO_WORKITEM* item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE queue,
                                PVOID context) {
    io::queue_work_item(&exports::need_out(item), reinterpret_cast<PVOID>(routine), false, queue, context);
}
GATE(IoQueueWorkItem);

extern "C" void IoQueueWorkItemEx(IO_WORKITEM* item, PIO_WORKITEM_ROUTINE_EX routine, WORK_QUEUE_TYPE queue,
                                  PVOID context) {
    io::queue_work_item(&exports::need_out(item), reinterpret_cast<PVOID>(routine), true, queue, context);
}
GATE(IoQueueWorkItemEx);

// The routine of every IO_WORKITEM in the system's queue.
extern "C" void IopProcessWorkItem(PVOID item) { io::process_work_item(static_cast<IO_WORKITEM*>(item)); }
GATE(IopProcessWorkItem);

extern "C" NTSTATUS IoRegisterShutdownNotification(DEVICE_OBJECT* device) {
    return io::register_shutdown(&exports::need_out(device), false);
}
GATE(IoRegisterShutdownNotification);

extern "C" NTSTATUS IoRegisterLastChanceShutdownNotification(DEVICE_OBJECT* device) {
    return io::register_shutdown(&exports::need_out(device), true);
}
GATE(IoRegisterLastChanceShutdownNotification);

extern "C" void IoUnregisterShutdownNotification(DEVICE_OBJECT* device) {
    io::unregister_shutdown(&exports::need_out(device));
}
GATE(IoUnregisterShutdownNotification);
