// `--verifier io`: the checks of requests that are not cheap, and what became of each IRP, kept for reports.
// The rules are those of Driver Verifier's I/O verification (bug check 0xC9 and parts of 0xC4) and the rules
// about requests that its documentation names; docs/rules-about-requests.md lists them. Nothing here changes
// what a driver gets.
#pragma once
#include "abi/irp.h"

namespace nt::io {

extern bool verifying;

// Every thread waits for ever: which of them because of a rule that a driver has broken.
void report_endless_waits();
// KeSetEvent by a driver, while verifying.
void check_set_event(const KEVENT* event);
// ExFreePool of an IRP. `block`: any pool block.
void check_pool_free(const void* block);

} // namespace nt::io
