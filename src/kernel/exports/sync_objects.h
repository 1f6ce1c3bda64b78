// The object types of synchronization handles: Event, Mutant, Semaphore. Bodies are the dispatcher objects
// themselves.
#pragma once
#include "kernel/ob/type.h"

namespace nt::exports {

extern OBJECT_TYPE* event_type;
extern OBJECT_TYPE* mutant_type;
extern OBJECT_TYPE* semaphore_type;

// After ob::initialize().
NTSTATUS initialize_sync_types();

} // namespace nt::exports
