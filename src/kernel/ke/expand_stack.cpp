#include "kernel/ke/expand_stack.h"
#include "abi/status.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

NTSTATUS call_with_stack(EXPAND_STACK_CALLOUT* callout, PVOID parameter, SIZE_T size) {
    constexpr ULONG_PTR reserve = 0x200; // above the first frame, as on every kernel stack
    ULONG_PTR low, high;
    current_stack(low, high);
    const ULONG_PTR here = static_cast<seh::EntryRecord*>(seh::innermost())->rsp;
    if (here >= low + size) {
        seh::call_out(callout, parameter);
        return STATUS_SUCCESS;
    }
    ULONG_PTR base, limit;
    if (!memory_hooks.allocate_kernel_stack(base, limit)) return STATUS_NO_MEMORY;
    if (base - limit - reserve < size) {
        memory_hooks.free_kernel_stack(base, limit);
        return STATUS_NO_MEMORY;
    }
    Thread& self = current_thread();
    const PVOID old_base = self.Tcb.StackBase, old_limit = self.Tcb.StackLimit;
    self.Tcb.StackBase = reinterpret_cast<PVOID>(base);
    self.Tcb.StackLimit = reinterpret_cast<PVOID>(limit);
    {
        GuestFrame frame(base - reserve, seh::Interruption::callout);
        seh::call_out(callout, parameter);
    }
    self.Tcb.StackBase = old_base;
    self.Tcb.StackLimit = old_limit;
    memory_hooks.free_kernel_stack(base, limit);
    return STATUS_SUCCESS;
}

} // namespace nt::ke
