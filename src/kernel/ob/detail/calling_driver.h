// Who asks for an object or a handle, for the reports of what a driver leaves behind.
#pragma once
#include "kernel/ke/processor.h"
#include "kernel/seh/crossing.h"

namespace nt::ob::detail {

// Return address of the gate that the running code serves; 0: a system call, or the kernel's own work.
inline ULONG_PTR calling_driver() {
    if (!ke::pcr_address) return 0;
    const auto* record = *reinterpret_cast<seh::Record**>(ke::pcr_address + KPCR_CROSSING);
    if (!record || record->kind != seh::RecordKind::gate) return 0;
    return static_cast<const seh::EntryRecord*>(record)->rip;
}

} // namespace nt::ob::detail
