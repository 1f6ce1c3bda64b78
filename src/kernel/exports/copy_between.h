// Copying between two processes, neither of which need be the running one.
#pragma once
#include "abi/thread.h"

namespace nt::exports {

// STATUS_PARTIAL_COPY when a page on either side is missing or lacks the right; `done` counts what was
// copied. Kernel addresses for KernelMode only: STATUS_ACCESS_VIOLATION.
NTSTATUS copy_between(EPROCESS& from, std::uint64_t source, EPROCESS& to, std::uint64_t target, SIZE_T length,
                      KPROCESSOR_MODE mode, SIZE_T& done);

} // namespace nt::exports
