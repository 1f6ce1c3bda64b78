// Joins the export tables with the crossings: what runs between a thunk or a system-call stub and its gate.
#pragma once
#include "kernel/exports/table.h"

namespace nt::ke {
struct Thread;
}

namespace nt::exports {

// Fills the gate table and plugs the crossing hooks. Once, before guest code runs.
void initialize();

// Number of system services below `service_limit` are valid indexes; null for numbers without a service.
const ServiceRow* find_service(ULONG number);
// Runs a service by number with arguments in host or guest memory; used by raw `syscall` instructions too.
ULONG_PTR call_service(const ServiceRow& service, const ULONG_PTR* args);

// Row of an export by name, or null.
const Row* find_row(const char* name);

// The mode of whoever called the running service: user or kernel (ExGetPreviousMode).
KPROCESSOR_MODE previous_mode();

// Called after each system service, on the way back to user mode (APCs, thread end).
extern void (*before_user_mode)();

} // namespace nt::exports
