// What the files of process creation share.
#pragma once
#include "kernel/ps/process.h"

namespace nt::mm {
class AddressSpace;
}

namespace nt::ps::detail {

ULONG_PTR id_of(const EPROCESS& process);
// A process object without memory, in the list of processes, with its parent's token and the descriptor
// given.
struct Birth {
    const EPROCESS* parent = nullptr;          // null: the running process
    const void* security_descriptor = nullptr; // null: the default one
    KPROCESSOR_MODE mode = KernelMode;         // of who gives it
};
Result<Process*> new_process(ULONG_PTR id, std::string_view image, const Birth& birth);

// Copies into committed memory of a space that need not be active.
NTSTATUS write_user(mm::AddressSpace& space, std::uint64_t to, const void* from, std::size_t size);
template <class T> NTSTATUS write_user(mm::AddressSpace& space, std::uint64_t to, const T& value) {
    return write_user(space, to, &value, sizeof(T));
}

// What a program gets that nobody says anything else about.
StartParameters default_parameters(const Process& process, const NewProcess& what);
// RTL_USER_PROCESS_PARAMETERS and environment, in memory of their own; sets process.parameters.
NTSTATUS build_parameters(Process& process, const StartParameters& what);

// The PEB and room for the first TEBs; sets process.Peb.
NTSTATUS build_peb(Process& process, const ldr::ImageFile& file);
// Gives back stack and TEB of a thread that ends.
void free_thread_memory(Process& process, ke::Thread& thread);
// Rundown of a user thread; of the process with its last one.
void run_down(ke::Thread& thread);

} // namespace nt::ps::detail
