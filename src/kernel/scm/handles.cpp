#include "kernel/scm/handles.h"
#include "abi/dispatcher.h"
#include "abi/win32_error.h"
#include "kernel/ps/process.h"
#include "kernel/scm/configure.h"
#include "kernel/scm/notify.h"
#include "kernel/se/access_check.h"
#include "kernel/se/subject.h"
#include "rtl/status.h"
#include <map>

namespace nt::scm {

namespace {

std::map<ULONGLONG, Handle> handles;
ULONGLONG last_number = 0x1d'0000;

// win32 page Services/service-security-and-access-rights.
constexpr GENERIC_MAPPING manager_mapping{0x20014, 0x20022, 0x20009, SC_MANAGER_ALL_ACCESS},
    service_mapping{0x2008d, 0x20002, 0x20170, SERVICE_ALL_ACCESS};

void drop(std::map<ULONGLONG, Handle>::iterator at) {
    forget_notifications(at->first);
    if (at->second.service) --at->second.service->handles;
    handles.erase(at);
}

} // namespace

ULONG open_handle(ULONG_PTR pid, Service* service, ULONG desired, ULONGLONG& number) {
    const GENERIC_MAPPING& mapping = service ? service_mapping : manager_mapping;
    const std::vector<UCHAR> descriptor = descriptor_of(service);
    const ULONG wanted = desired | (service ? 0 : SC_MANAGER_CONNECT);
    constexpr ULONG elsewhere =
        ACCESS_SYSTEM_SECURITY | MAXIMUM_ALLOWED | 0xf0000000; // not of the object's own
    if (wanted & ~(mapping.GenericAll | elsewhere)) return ERROR_ACCESS_DENIED;
    // As AccessCheck, which the service control manager uses on Windows: who can be identified may open; that
    // is less than what opening an object of the kernel takes.
    const se::Impersonation client = se::impersonation_of(se::current_thread_body());
    if (client.token && client.level < SecurityIdentification) return ERROR_BAD_IMPERSONATION_LEVEL;
    const se::AccessAnswer answer =
        se::check_access({descriptor.data(), se::current_token(), wanted, 0, mapping, UserMode});
    if (!NT_SUCCESS(answer.status)) return rtl::status_to_dos_error(answer.status);
    number = last_number += 0x30;
    handles[number] = {pid, service, answer.granted};
    if (service) ++service->handles;
    return ERROR_SUCCESS;
}

Service* service_of(ULONGLONG number) {
    const auto found = handles.find(number);
    return found == handles.end() ? nullptr : found->second.service;
}

ULONG use_handle(ULONG_PTR pid, ULONGLONG number, HandleKind kind, ULONG access, Handle& handle) {
    const auto found = handles.find(number);
    if (found == handles.end() || found->second.pid != pid) return ERROR_INVALID_HANDLE;
    if (kind != HandleKind::any && !found->second.service != (kind == HandleKind::manager))
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

bool is_dead(ULONG_PTR pid) {
    const EPROCESS* process = ps::find_process(pid);
    return !process || process->Pcb.Header.SignalState;
}

void close_handles_of_the_dead() {
    for (auto at = handles.begin(); at != handles.end();) {
        const auto next = std::next(at);
        if (is_dead(at->second.pid)) drop(at);
        at = next;
    }
}

} // namespace nt::scm
