// The timeout of a service that waits.
#pragma once
#include "abi/status.h"
#include "kernel/exports/capture.h"

namespace nt::exports {

// The timeout copied out of the caller's memory; null stays null.
struct Timeout {
    explicit Timeout(const LARGE_INTEGER* given) {
        if (!given) return;
        if (read_parameter(given, value_))
            use = &value_;
        else
            status = STATUS_ACCESS_VIOLATION;
    }
    NTSTATUS status = STATUS_SUCCESS;
    const LARGE_INTEGER* use = nullptr;

  private:
    LARGE_INTEGER value_{};
};

} // namespace nt::exports
