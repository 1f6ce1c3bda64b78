// From a host fault to what Windows makes of it.
//
//   signal handler   copies the interrupted state into a TrapFrame on the thread's host stack and returns
//   into trap_entry() trap_entry       emulates the instruction, or finds the exception's name, then
//     kernel mode    raises it at the driver (seh::dispatch_fault), or stops with the bug check that no
//     handler may see user mode      builds EXCEPTION_RECORD and CONTEXT on the user stack and enters
//     ntdll!KiUserExceptionDispatcher
//
// Which mode faulted is told by GS: the KPCR in kernel mode, the TEB in user mode.
#pragma once
#include "abi/context.h"
#include "kernel/seh/crossing.h"

namespace nt::ke {
struct Thread;
}
namespace nt::hardware {
class PrivilegedOps;
}

namespace nt::ex {

struct TrapHooks {
    hardware::PrivilegedOps* privileged = nullptr;
    // Puts the exception on the user stack and makes `context` enter ntdll!KiUserExceptionDispatcher; false:
    // no room there.
    bool (*deliver_to_user)(const EXCEPTION_RECORD& record, CONTEXT& context) = nullptr;
    // Ends the program with an exception that it cannot be told. Does not return.
    void (*user_unhandled)(const EXCEPTION_RECORD& record, const CONTEXT& context) = nullptr;
    // A raw syscall instruction of user mode: runs the service, gives rax.
    ULONG_PTR (*raw_system_call)(seh::EntryRecord& entry) = nullptr;
    // The address belongs to a driver (not to ntoskrnl or hal, not to nothing).
    bool (*is_driver)(ULONG_PTR address) = nullptr;
    // What a thread does on its way to user mode: kernel APCs; its end, if it is to end (does not return
    // then).
    void (*settle)() = nullptr;
    // A driver's image was at the address and has been unloaded.
    bool (*is_unloaded)(ULONG_PTR address) = nullptr;
    // The dispatch routine that ntoskrnl's guest code at this place has just called; 0: it has called none.
    std::uint64_t (*returned)(std::uint64_t rip, std::uint64_t rsp) = nullptr;
};
void set_trap_hooks(const TrapHooks& hooks);
const TrapHooks& trap_hooks();

// Installs itself as the host's fault sink.
void initialize_traps();

} // namespace nt::ex
