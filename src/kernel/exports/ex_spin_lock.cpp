// Reader/writer spin locks: kernel page "Reader/Writer Spin Locks", wdm pages nf-wdm-exacquirespinlockshared
// …
#include "kernel/exports/gate.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/spin_use.h"

using namespace nt;
using ke::EX_SPIN_LOCK;

extern "C" KIRQL ExAcquireSpinLockShared(EX_SPIN_LOCK* lock) {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    ke::acquire_spin_shared(*lock, old);
    return old;
}
GATE(ExAcquireSpinLockShared);

extern "C" KIRQL ExAcquireSpinLockExclusive(EX_SPIN_LOCK* lock) {
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    ke::acquire_spin_exclusive(*lock, old);
    return old;
}
GATE(ExAcquireSpinLockExclusive);

extern "C" void ExAcquireSpinLockSharedAtDpcLevel(EX_SPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    ke::acquire_spin_shared(*lock, ke::current_irql());
}
GATE(ExAcquireSpinLockSharedAtDpcLevel);

extern "C" void ExAcquireSpinLockExclusiveAtDpcLevel(EX_SPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    ke::acquire_spin_exclusive(*lock, ke::current_irql());
}
GATE(ExAcquireSpinLockExclusiveAtDpcLevel);

extern "C" BOOLEAN ExTryAcquireSpinLockSharedAtDpcLevel(EX_SPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    return ke::try_acquire_spin_shared(*lock);
}
GATE(ExTryAcquireSpinLockSharedAtDpcLevel);

extern "C" BOOLEAN ExTryAcquireSpinLockExclusiveAtDpcLevel(EX_SPIN_LOCK* lock) {
    ke::check_at_dispatch(lock);
    return ke::try_acquire_spin_exclusive(*lock);
}
GATE(ExTryAcquireSpinLockExclusiveAtDpcLevel);

extern "C" LONG ExTryConvertSharedSpinLockExclusive(EX_SPIN_LOCK* lock) {
    return ke::try_convert_spin_to_exclusive(*lock);
}
GATE(ExTryConvertSharedSpinLockExclusive);

extern "C" void ExReleaseSpinLockShared(EX_SPIN_LOCK* lock, KIRQL old) {
    ke::check_spin_release(lock, ke::LockKind::spin_shared, old);
    ke::release_spin_shared(*lock);
    ke::lower_irql(old);
}
GATE(ExReleaseSpinLockShared);

extern "C" void ExReleaseSpinLockExclusive(EX_SPIN_LOCK* lock, KIRQL old) {
    ke::check_spin_release(lock, ke::LockKind::spin_exclusive, old);
    ke::release_spin_exclusive(*lock);
    ke::lower_irql(old);
}
GATE(ExReleaseSpinLockExclusive);

extern "C" void ExReleaseSpinLockSharedFromDpcLevel(EX_SPIN_LOCK* lock) { ke::release_spin_shared(*lock); }
GATE(ExReleaseSpinLockSharedFromDpcLevel);

extern "C" void ExReleaseSpinLockExclusiveFromDpcLevel(EX_SPIN_LOCK* lock) {
    ke::release_spin_exclusive(*lock);
}
GATE(ExReleaseSpinLockExclusiveFromDpcLevel);
