// Going on in user mode with a given state, by way of user APCs.
#pragma once
#include "abi/context.h"
#include "kernel/seh/crossing.h"

namespace nt::ps {

// Fills the parts that ContextFlags does not name from the caller of the running service.
void complete_context(CONTEXT& context, const seh::EntryRecord& service);
// Pages of the user stack that a frame needs, growing the stack; false: there is no room left.
bool make_stack_room(std::uint64_t from, std::uint64_t to, std::uint64_t rip);

// What comes first on the way to user mode: kernel APCs, and the end of a thread that is to end.
void settle_for_user_mode();
// The way to user mode: kernel APCs, the end of a thread that is to end, a user APC (the thread then goes on
// in ntdll!KiUserApcDispatcher, which comes back to `context` by NtContinue).
[[noreturn]] void go_to_user(CONTEXT& context);
// The same for the running service, which would return `result`. Returns when there is no user APC.
void before_user_mode(NTSTATUS result);

} // namespace nt::ps
