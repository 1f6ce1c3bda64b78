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

// Called on the way back to user mode when APCs are pending or the thread is to end; `result` is the
// service's. User APCs are delivered by not returning: the thread goes on in ntdll's dispatcher.
extern void (*before_user_mode)(NTSTATUS result);

} // namespace nt::exports
