// The cancel spin lock and IoCancelIrp: wdm nf-wdm-iocancelirp, nc-wdm-driver_cancel.
#include "host/machine_heap.h"
#include "kernel/io/detail/cancel_requests.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

KSPIN_LOCK& cancel_lock = *static_cast<KSPIN_LOCK*>(host::heap_allocate(sizeof(KSPIN_LOCK)));

bool is_lock_mine() { return cancel_lock == (reinterpret_cast<ULONG_PTR>(&ke::current_thread()) | 1); }

} // namespace

KIRQL acquire_cancel_lock() {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    ke::acquire_spin_lock(cancel_lock, old);
    return old;
}
bool owns_cancel_lock(ULONG processor) {
    return ke::processor_locks_of(processor).find(&cancel_lock) != nullptr;
}
void release_cancel_lock(KIRQL irql) {
    ke::release_spin_lock(cancel_lock);
    ke::lower_irql(irql);
}

bool cancel_irp(IRP* irp) { return detail::cancel_locked(irp, acquire_cancel_lock()); }

bool detail::cancel_locked(IRP* irp, KIRQL old) {
    irp->Cancel = TRUE;
    PDRIVER_CANCEL routine = irp->CancelRoutine;
    irp->CancelRoutine = nullptr;
    detail::note(Happened::cancelled, irp, 0, reinterpret_cast<ULONG_PTR>(routine));
    if (verifying && routine) [[unlikely]]
        check_cancel_routine(irp, reinterpret_cast<ULONG_PTR>(routine));
    if (trace::on) [[unlikely]]
        trace::emit_irp_cancel(irp, routine);
    if (!routine) {
        release_cancel_lock(old);
        return false;
    }
    if (level_of(irp) > irp->StackCount + 1)
        ke::bug_check(0x48, reinterpret_cast<ULONG_PTR>(irp), reinterpret_cast<ULONG_PTR>(routine));
    irp->CancelIrql = old;
    // The routine releases the lock. It belongs to the driver that holds the IRP now.
    DEVICE_OBJECT* device = current_location(irp)->DeviceObject;
    const auto level = static_cast<UCHAR>(irp->CurrentLocation);
    if (trace::on) [[unlikely]]
        trace::emit_cancel_routine_called(irp, level, device, routine, old);
    seh::call_out(routine, device, irp);
    if (trace::on) [[unlikely]]
        trace::emit_cancel_routine_returned(irp, level, routine);
    if (is_lock_mine())
        ke::bug_check(0x11B, reinterpret_cast<ULONG_PTR>(irp), reinterpret_cast<ULONG_PTR>(routine));
    return true;
}

} // namespace nt::io
