#include "kernel/ke/spin.h"
#include "abi/bugcheck.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/processor_state.h"

namespace nt::ke {

void spin_for(bool (*ready)(void*), void* context, const void* what) {
    SpinWait wait{ready, context, what, 0};
    spin(wait);
}

void spin_lock_already_owned(KSPIN_LOCK& lock) {
    bug_check(SPIN_LOCK_ALREADY_OWNED, reinterpret_cast<ULONG_PTR>(&lock));
}

void spin_lock_not_owned(KSPIN_LOCK& lock) {
    bug_check(SPIN_LOCK_NOT_OWNED, reinterpret_cast<ULONG_PTR>(&lock));
}

} // namespace nt::ke
