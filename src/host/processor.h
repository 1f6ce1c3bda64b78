// The host processor's registers that the machine uses directly. GS base is the KPCR in kernel mode and the
// TEB in user mode; Linux leaves GS to us (FS is the host's thread pointer).
#pragma once
#include <cstdint>

namespace host {

// Ends the process with a clear message when a feature that the machine needs (FSGSBASE) is missing.
void require_processor_features();

inline void set_gs_base(std::uint64_t base) { __builtin_ia32_wrgsbase64(base); }
inline std::uint64_t gs_base() { return __builtin_ia32_rdgsbase64(); }

} // namespace host
