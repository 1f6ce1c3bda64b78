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
// Access with generic rights; SC_MANAGER_CONNECT comes by itself. ERROR_ACCESS_DENIED for rights that there
// are not. // assumed: every program is an administrator's.
ULONG open_handle(ULONG_PTR pid, Service* service, ULONG desired, ULONGLONG& number);
// ERROR_INVALID_HANDLE also for a handle of the other kind, ERROR_ACCESS_DENIED.
ULONG use_handle(ULONG_PTR pid, ULONGLONG number, bool manager, ULONG access, Handle& handle);
ULONG close_handle(ULONG_PTR pid, ULONGLONG number);
void close_handles_of_the_dead();

} // namespace nt::scm
