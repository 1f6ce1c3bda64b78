// Where locks must not be held any more: a thread's end, the return to user mode, memory that is freed.
#pragma once
#include "abi/types.h"

namespace nt {
struct KTIMER;
namespace ke {
struct Thread;
}
} // namespace nt

namespace nt::ex {

// A timer that is in its queue would lose its place there.
void check_timer_to_initialize(KTIMER& timer);
// Registers for freed memory. Once.
void initialize_lock_rules();
// Reports what the ending thread holds. A mutex, or APCs that stayed disabled, is a bug check as on Windows.
void check_thread_end(ke::Thread& thread);
// Reports what the running thread and its processor hold when a system service returns.
void check_return_to_user();

} // namespace nt::ex
