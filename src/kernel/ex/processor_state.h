// Processor state that kernel-mode code must leave as it found it: GS base, direction and other flags, the
// control bits of mxcsr and the x87 control word. Crossings notice (seh/crossing.S), and the machine stops
// where the driver calls the kernel or returns to it: on Windows the same driver corrupts what comes next.
#pragma once
#include "kernel/seh/crossing.h"

namespace nt::ex {

// seh::Hooks::state_changed.
[[noreturn]] void state_changed(const seh::Record& record, ULONG what);
// The driver's code at `caller` changed GS base. Patch protection calls that CRITICAL_STRUCTURE_CORRUPTION
// with type 7, a critical MSR. `context`: its registers, or null.
[[noreturn]] void gs_changed(ULONG_PTR caller, const char* how, const CONTEXT* context);

// Kernel code touched memory that is not aligned while AC was set: ring 0 has no such exception, so the flag
// is the finding.
[[noreturn]] void ran_with_alignment_check(const CONTEXT& context);

} // namespace nt::ex
