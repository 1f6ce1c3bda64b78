// Calls of drivers' routines that must leave two things as they found them: the IRQL and the thread's count
// of disabled APCs. Windows notices when the thread returns from its system service or its work item; here
// the routine that changed them is known at once, so the bug check is made there and names it.
#pragma once
#include "kernel/io/verifier.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/crossing.h"

namespace nt::io::detail {

struct Level {
    ULONG irql;
    ULONG apc_disable; // KTHREAD.CombinedApcDisable
    bool operator==(const Level&) const = default;
};
inline Level current_level() { return {ke::current_irql(), ke::current_thread().Tcb.CombinedApcDisable}; }

// `what` says in words what the routine is: "a dispatch routine".
[[noreturn]] void level_changed(const char* what, ULONG_PTR routine, const Level& before);

// Fast I/O routines, while verifying.
inline constexpr char fast_io_routine_words[] = "a fast I/O routine";
[[gnu::cold]] void check_before_fast_io(ULONG_PTR routine);
[[gnu::cold]] void check_after_fast_io(ULONG_PTR routine);

template <class R, class... P, class... A>
R checked_call(const char* what, NTAPI R (*routine)(P...), A... args) {
    const Level before = current_level();
    const auto verify = [&] {
        if (current_level() != before) [[unlikely]]
            level_changed(what, reinterpret_cast<ULONG_PTR>(routine), before);
    };
    if constexpr (std::is_void_v<R>) {
        seh::call_out(routine, args...);
        verify();
    } else {
        const R result = seh::call_out(routine, args...);
        verify();
        return result;
    }
}

template <class R, class... P, class... A> R call_fast_io(NTAPI R (*routine)(P...), A... args) {
    const auto address = reinterpret_cast<ULONG_PTR>(routine);
    if (verifying) [[unlikely]]
        check_before_fast_io(address);
    const R result = checked_call(fast_io_routine_words, routine, args...);
    if (verifying) [[unlikely]]
        check_after_fast_io(address);
    return result;
}

} // namespace nt::io::detail
