#include "kernel/scm/handles.h"
#include "abi/dispatcher.h"
#include "abi/win32_error.h"
#include "kernel/ps/process.h"
#include <map>

namespace nt::scm {

namespace {

std::map<ULONGLONG, Handle> handles;
ULONGLONG last_number = 0x1d'0000;

// win32 page Services/service-security-and-access-rights.
constexpr GENERIC_MAPPING manager_mapping{0x20014, 0x20022, 0x20009, SC_MANAGER_ALL_ACCESS},
    service_mapping{0x2008d, 0x20002, 0x20170, SERVICE_ALL_ACCESS};

void drop(std::map<ULONGLONG, Handle>::iterator at) {
    if (at->second.service) --at->second.service->handles;
    handles.erase(at);
}

} // namespace

ULONG open_handle(ULONG_PTR pid, Service* service, ULONG desired, ULONGLONG& number) {
    const GENERIC_MAPPING& mapping = service ? service_mapping : manager_mapping;
    ULONG access = ob::map_generic(desired, mapping) | (service ? 0 : SC_MANAGER_CONNECT);
    if (access & MAXIMUM_ALLOWED) access = (access & ~MAXIMUM_ALLOWED) | mapping.GenericAll;
    constexpr ULONG system_security = 0x01000000; // the programs' user may have it
    if (access & ~(mapping.GenericAll | system_security)) return ERROR_ACCESS_DENIED;
    number = last_number += 0x30;
    handles[number] = {pid, service, access};
    if (service) ++service->handles;
    return ERROR_SUCCESS;
}

ULONG use_handle(ULONG_PTR pid, ULONGLONG number, bool manager, ULONG access, Handle& handle) {
    const auto found = handles.find(number);
    if (found == handles.end() || found->second.pid != pid || !found->second.service != manager)
        return ERROR_INVALID_HANDLE;
    if (access & ~found->second.access) return ERROR_ACCESS_DENIED;
    handle = found->second;
    return ERROR_SUCCESS;
}

ULONG close_handle(ULONG_PTR pid, ULONGLONG number) {
    const auto found = handles.find(number);
    if (found == handles.end() || found->second.pid != pid) return ERROR_INVALID_HANDLE;
    drop(found);
    return ERROR_SUCCESS;
}

void close_handles_of_the_dead() {
    for (auto at = handles.begin(); at != handles.end();) {
        const auto next = std::next(at);
        const EPROCESS* process = ps::find_process(at->second.pid);
        if (!process || process->Pcb.Header.SignalState) drop(at);
        at = next;
    }
}

} // namespace nt::scm
