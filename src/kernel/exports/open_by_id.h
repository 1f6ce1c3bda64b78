// Opening what a client id names: pages nf-processthreadsapi-openprocess, -openthread.
#pragma once
#include "kernel/exports/capture.h"
#include "kernel/ob/type.h"

namespace nt::exports {

// A handle for the caller, checked against the object's descriptor unless the caller may debug.
// STATUS_ACCESS_DENIED, STATUS_ACCESS_VIOLATION.
NTSTATUS open_by_id(PVOID object, OBJECT_TYPE* type, ACCESS_MASK desired, ULONG attributes, HANDLE* to);

} // namespace nt::exports
