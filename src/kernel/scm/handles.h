// Handles of the service control manager: numbers, as those that remote procedure calls give their clients,
// and no objects. Each has the access that it was opened with and belongs to a process.
#pragma once
#include "kernel/scm/database.h"

namespace nt::scm {

struct Handle {
    ULONG_PTR pid;
    Service* service; // null: the manager's
    ULONG access;
};
// "The system checks the requested access rights against the security descriptor": of the service, or of the
// manager, whose SC_MANAGER_CONNECT comes by itself. ERROR_ACCESS_DENIED.
ULONG open_handle(ULONG_PTR pid, Service* service, ULONG desired, ULONGLONG& number);
enum class HandleKind { manager, service, any };
// ERROR_INVALID_HANDLE also for a handle of the other kind, ERROR_ACCESS_DENIED.
ULONG use_handle(ULONG_PTR pid, ULONGLONG number, HandleKind kind, ULONG access, Handle& handle);
Service* service_of(ULONGLONG number); // null: of the manager, or no handle
ULONG close_handle(ULONG_PTR pid, ULONGLONG number);
bool is_dead(ULONG_PTR pid); // a process that has ended
void close_handles_of_the_dead();

} // namespace nt::scm
