// What travels with a request besides its parameters: priority hints (kernel page "Using IRP Priority Hints")
// and activity ids. The hint stands in bits of IRP.Flags that no IRP_ flag has; the activity id in a pool
// block that IRP.Tail.Overlay.IrpExtension leads to.
#pragma once
#include "abi/irp.h"

namespace nt::ke {
struct Thread;
}

namespace nt::io {

// IO_PRIORITY_HINT.
inline constexpr ULONG IoPriorityVeryLow = 0, IoPriorityLow = 1, IoPriorityNormal = 2, IoPriorityHigh = 3,
                       IoPriorityCritical = 4, MaxIoPriorityTypes = 5;
struct IO_PRIORITY_INFO {
    ULONG Size;
    ULONG ThreadPriority; // 0xffff: to stay as it is
    ULONG PagePriority;
    ULONG IoPriority;
};

ULONG priority_hint(const IRP* irp);
// STATUS_INVALID_PARAMETER.
NTSTATUS set_priority_hint(IRP* irp, ULONG hint);
// Requests of the file carry it from then on.
NTSTATUS set_priority_hint(FILE_OBJECT* file, ULONG hint);
NTSTATUS set_priority_hint(ke::Thread& thread, ULONG hint);
void retrieve_priorities(const IRP* irp, FILE_OBJECT* file, ke::Thread* thread, IO_PRIORITY_INFO& to);
// STATUS_INVALID_PARAMETER_1: a value cannot be.
NTSTATUS apply_priorities(const IO_PRIORITY_INFO& info, IO_PRIORITY_INFO* before, ke::Thread& thread);

// Null: it has none.
const GUID* activity_of(const IRP* irp);
// STATUS_INSUFFICIENT_RESOURCES. Any IRQL that pool has.
NTSTATUS set_activity(IRP* irp, const GUID& id);

// IoSetMasterIrpStatus: the status of several requests that stand for one.
NTSTATUS merged_status(NTSTATUS master, NTSTATUS part);

} // namespace nt::io
