// The global spin lock of volume parameter blocks: nf-ntifs-ioacquirevpbspinlock.
#include "host/machine_heap.h"
#include "kernel/io/file.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/spin_use.h"

namespace nt::io {

static KSPIN_LOCK& vpb_lock = *static_cast<KSPIN_LOCK*>(host::heap_allocate(sizeof(KSPIN_LOCK)));

KIRQL acquire_vpb_lock() {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    ke::acquire_spin_lock(vpb_lock, old);
    return old;
}
void release_vpb_lock(KIRQL irql) {
    ke::release_spin_lock(vpb_lock);
    ke::lower_irql(irql);
}

} // namespace nt::io
