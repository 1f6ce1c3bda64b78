// Filling the information structures of keys and values.
#pragma once
#include "kernel/cm/registry.h"

namespace nt::cm {

// Each writes at most `length` bytes into `to` (kernel memory) and sets `needed` to the whole size.
// STATUS_BUFFER_TOO_SMALL: not even the fixed part fits. STATUS_BUFFER_OVERFLOW: cut.
// STATUS_INVALID_PARAMETER: class.
NTSTATUS query_value(const Value& value, ULONG information_class, PVOID to, ULONG length, ULONG& needed);
NTSTATUS query_key(const Node& node, ULONG information_class, PVOID to, ULONG length, ULONG& needed);

} // namespace nt::cm
