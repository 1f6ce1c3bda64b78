#include "kernel/io/start_io.h"
#include "base/list.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/ke/device_queue.h"
#include "kernel/ke/processor.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

// DEVOBJ_EXTENSION.StartIoFlags. The upper three remember a next packet that was asked for inside StartIo.
constexpr ULONG deferred_start = 0x1, non_cancelable_start = 0x2;
constexpr ULONG next_wanted = 0x4, next_cancelable = 0x8, next_by_key = 0x10;

IRP* irp_of(KDEVICE_QUEUE_ENTRY* entry) { return NT_CONTAINER(entry, IRP, Tail.Overlay.DeviceQueueEntry); }

void call_start_io(DEVICE_OBJECT* device, IRP* irp) {
    const PDRIVER_STARTIO routine = device->DriverObject->DriverStartIo;
    if (trace::on) [[unlikely]]
        trace::emit_start_io(device, irp, routine);
    seh::call_out(routine, device, irp);
}

// Takes the next IRP out of the queue for StartIo; null: the device is idle.
IRP* take_next(DEVICE_OBJECT* device, bool cancelable, const ULONG* key) {
    const KIRQL old = cancelable ? acquire_cancel_lock() : ke::current_irql();
    device->CurrentIrp = nullptr;
    KDEVICE_QUEUE_ENTRY* entry = key ? ke::remove_by_key_device_queue(device->DeviceQueue, *key)
                                     : ke::remove_device_queue(device->DeviceQueue);
    IRP* irp = entry ? irp_of(entry) : nullptr;
    if (irp) {
        device->CurrentIrp = irp;
        if (cancelable && extension_of(device)->StartIoFlags & non_cancelable_start)
            irp->CancelRoutine = nullptr;
    }
    if (cancelable) release_cancel_lock(old);
    return irp;
}

// Calls StartIo, then, with deferred starting, whatever was asked for while it ran.
void run_start_io(DEVICE_OBJECT* device, IRP* irp) {
    DEVOBJ_EXTENSION* extension = extension_of(device);
    if (!(extension->StartIoFlags & deferred_start)) {
        call_start_io(device, irp);
        return;
    }
    extension->StartIoCount = 1;
    while (irp) {
        call_start_io(device, irp);
        const ULONG flags = extension->StartIoFlags;
        extension->StartIoFlags &= ~(next_wanted | next_cancelable | next_by_key);
        const auto key = static_cast<ULONG>(extension->StartIoKey);
        irp = flags & next_wanted
                  ? take_next(device, flags & next_cancelable, flags & next_by_key ? &key : nullptr)
                  : nullptr;
    }
    extension->StartIoCount = 0;
}

// Called with the cancel lock held; the routine releases it, to `irql`.
void call_cancel_routine(DEVICE_OBJECT* device, IRP* irp, KIRQL irql) {
    PDRIVER_CANCEL routine = irp->CancelRoutine;
    irp->CancelRoutine = nullptr;
    irp->CancelIrql = irql;
    seh::call_out(routine, device, irp);
}

} // namespace

// StartIoRecursion, by a call from StartIo itself; IrqlDispatch.
void detail::check_next_packet(const DEVICE_OBJECT* device) {
    const ULONG_PTR caller = ke::calling_address();
    if (ke::current_irql() < DISPATCH_LEVEL)
        ke::report_at(caller, "IrqlDispatch", ke::verifier_stop(0x20003, 0, ke::current_irql()),
                      "calls IoStartNextPacket at IRQL %u, below DISPATCH_LEVEL", ke::current_irql());
    const seh::Record* gate = seh::innermost();
    const seh::Record* around = gate ? gate->previous : nullptr;
    if (!around || around->kind != seh::RecordKind::call_out ||
        static_cast<const seh::CalloutRecord*>(around)->function !=
            number(device->DriverObject->DriverStartIo) ||
        (extension_of(device)->StartIoFlags & deferred_start))
        return;
    ke::report_at(caller, "StartIoRecursion", {},
                  "calls IoStartNextPacket in the StartIo routine of %s without DeferredStartIo "
                  "(IoSetStartIoAttributes): each request may be started within the one before",
                  name_of(device->DriverObject).text);
}

void set_start_io_attributes(DEVICE_OBJECT* device, bool deferred, bool non_cancelable) {
    ULONG& flags = extension_of(device)->StartIoFlags;
    flags &= ~(deferred_start | non_cancelable_start); // StartIo may call it: what it has asked for stays
    flags |= (deferred ? deferred_start : 0) | (non_cancelable ? non_cancelable_start : 0);
}

void start_packet(DEVICE_OBJECT* device, IRP* irp, const ULONG* key, PDRIVER_CANCEL cancel) {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    if (cancel) {
        acquire_cancel_lock();
        irp->CancelRoutine = cancel;
    }
    KDEVICE_QUEUE_ENTRY& entry = irp->Tail.Overlay.DeviceQueueEntry;
    const bool waits = key ? ke::insert_by_key_device_queue(device->DeviceQueue, entry, *key)
                           : ke::insert_device_queue(device->DeviceQueue, entry);
    if (!waits) {
        device->CurrentIrp = irp;
        if (cancel) {
            if (extension_of(device)->StartIoFlags & non_cancelable_start) irp->CancelRoutine = nullptr;
            release_cancel_lock(DISPATCH_LEVEL);
        }
        run_start_io(device, irp);
    } else if (cancel) {
        // Cancelled before it had a cancel routine: nobody else would call it.
        if (irp->Cancel)
            call_cancel_routine(device, irp, DISPATCH_LEVEL);
        else
            release_cancel_lock(DISPATCH_LEVEL);
    }
    ke::lower_irql(old);
}

void start_next_packet(DEVICE_OBJECT* device, bool cancelable, const ULONG* key) {
    if (verifying) [[unlikely]]
        detail::check_next_packet(device);
    DEVOBJ_EXTENSION* extension = extension_of(device);
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    if (extension->StartIoCount) {
        extension->StartIoFlags |= next_wanted | (cancelable ? next_cancelable : 0) | (key ? next_by_key : 0);
        if (key) extension->StartIoKey = static_cast<LONG>(*key);
    } else if (IRP* irp = take_next(device, cancelable, key))
        run_start_io(device, irp);
    ke::lower_irql(old);
}

} // namespace nt::io
