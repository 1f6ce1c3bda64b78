#include "kernel/scm/requests.h"
#include "abi/win32_error.h"
#include "kernel/scm/configure.h"
#include "kernel/scm/handles.h"
#include "kernel/scm/notify.h"
#include <algorithm>

namespace nt::scm {

namespace {

constexpr ULONG DELETE_ACCESS = 0x10000, READ_CONTROL_ACCESS = 0x20000, WRITE_DAC_ACCESS = 0x40000,
                WRITE_OWNER_ACCESS = 0x80000, SYSTEM_SECURITY_ACCESS = 0x01000000;

// What a call needs of its handle.
struct Need {
    HandleKind kind;
    ULONG access;
};

ULONG control_access(ULONG control) {
    if (control == SERVICE_CONTROL_STOP) return SERVICE_STOP;
    if (control == SERVICE_CONTROL_INTERROGATE) return SERVICE_INTERROGATE;
    if (control == SERVICE_CONTROL_PAUSE || control == SERVICE_CONTROL_CONTINUE ||
        (control >= SERVICE_CONTROL_PARAMCHANGE && control <= SERVICE_CONTROL_NETBINDDISABLE))
        return SERVICE_PAUSE_CONTINUE;
    return control >= 128 && control <= 255 ? SERVICE_USER_DEFINED_CONTROL : 0;
}

// OWNER, GROUP, DACL, SACL of SECURITY_INFORMATION.
ULONG security_access(ULONG parts, bool set) {
    ULONG access = parts & 8 ? SYSTEM_SECURITY_ACCESS : 0;
    if (!set) return access | (parts & 7 ? READ_CONTROL_ACCESS : 0);
    return access | (parts & 3 ? WRITE_OWNER_ACCESS : 0) | (parts & 4 ? WRITE_DAC_ACCESS : 0);
}

Need need_of(const Request& r) {
    switch (r.head.Call) {
    case ScmCreateService:
        return {HandleKind::manager, SC_MANAGER_CREATE_SERVICE};
    case ScmOpenService:
    case ScmDisplayName:
    case ScmKeyName:
        return {HandleKind::manager, SC_MANAGER_CONNECT};
    case ScmEnumerate:
        return {HandleKind::manager, SC_MANAGER_ENUMERATE_SERVICE};
    case ScmCheckManager:
        return {HandleKind::manager, r.head.Access};
    case ScmDeleteService:
        return {HandleKind::service, DELETE_ACCESS};
    case ScmStartService:
        return {HandleKind::service, SERVICE_START};
    case ScmControlService:
        return {HandleKind::service, control_access(r.head.Numbers[0])};
    case ScmQueryStatus:
        return {HandleKind::service, SERVICE_QUERY_STATUS};
    case ScmQueryConfig:
    case ScmQueryDescription:
    case ScmQueryDelayed:
        return {HandleKind::service, SERVICE_QUERY_CONFIG};
    case ScmChangeConfig:
    case ScmSetDescription:
    case ScmSetDelayed:
        return {HandleKind::service, SERVICE_CHANGE_CONFIG};
    case ScmEnumerateDependents:
        return {HandleKind::service, SERVICE_ENUMERATE_DEPENDENTS};
    case ScmQuerySecurity:
        return {HandleKind::any, security_access(r.head.Numbers[0], false)};
    case ScmSetSecurity:
        return {HandleKind::any, security_access(r.head.Numbers[0], true)};
    case ScmNotify:
        return {HandleKind::any, 0};
    default:
        return {HandleKind::service, r.head.Access};
    }
}

// A service's own codes are its program's matter; drivers know how to stop and to tell their state.
ULONG control(Service& service, Request& r) {
    const ULONG code = r.head.Numbers[0];
    if (control_access(code) == 0) return ERROR_INVALID_PARAMETER;
    r.head.Status = status_of(service);
    const ULONG state = r.head.Status.Status.dwCurrentState;
    if (state == SERVICE_STOPPED) return ERROR_SERVICE_NOT_ACTIVE;
    // "Service State Transitions": "the SCM does not transmit further control requests" of any kind.
    if (state == SERVICE_STOP_PENDING) return ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
    if (code == SERVICE_CONTROL_INTERROGATE) return ERROR_SUCCESS;
    if (code != SERVICE_CONTROL_STOP) return ERROR_INVALID_SERVICE_CONTROL;
    const ULONG error = stop(service);
    r.head.Status = status_of(service);
    return error;
}

ULONG open_service(Request& r, ULONG_PTR pid) {
    if (!is_valid_name(r.text[ScmName])) return ERROR_INVALID_NAME;
    Service* service = find(r.text[ScmName]);
    return service ? open_handle(pid, service, r.head.Access, r.head.Handle) : ERROR_SERVICE_DOES_NOT_EXIST;
}

ULONG create_service(Request& r, ULONG_PTR pid) {
    Service* service = nullptr;
    if (const ULONG error = create(r, service); error != ERROR_SUCCESS) return error;
    const ULONG error = open_handle(pid, service, r.head.Access, r.head.Handle);
    if (error != ERROR_SUCCESS) { // nothing stays of a call that fails
        mark_for_deletion(*service);
        settle();
    } else
        note_created(*service);
    return error;
}

ULONG name_of_display(Request& r, bool key_wanted) {
    const std::u16string& name = r.text[ScmName];
    if (!key_wanted && !is_valid_name(name)) return ERROR_INVALID_NAME;
    if (key_wanted && (name.empty() || name.size() > 256)) return ERROR_INVALID_NAME;
    const Service* service = key_wanted ? with_display_name(name) : find(name);
    if (!service) return ERROR_SERVICE_DOES_NOT_EXIST;
    put(r.data, key_wanted ? service->name : display_name(*service, config_of(*service)));
    return ERROR_SUCCESS;
}

void put_service(Request& r, Service& service, ULONG states) {
    const SERVICE_STATUS_PROCESS status = status_of(service);
    const bool active = status.Status.dwCurrentState != SERVICE_STOPPED;
    if (!(states & (active ? SERVICE_ACTIVE : SERVICE_INACTIVE))) return;
    put(r.data, service.name);
    put(r.data, display_name(service, config_of(service)));
    const auto* bytes = reinterpret_cast<const UCHAR*>(&status);
    r.data.insert(r.data.end(), bytes, bytes + sizeof status);
    ++r.head.Count;
}

ULONG enumerate(Request& r) {
    constexpr ULONG known_types =
        SERVICE_DRIVER | SERVICE_ADAPTER | SERVICE_WIN32 | SERVICE_INTERACTIVE_PROCESS;
    const ULONG types = r.head.Numbers[0], states = r.head.Numbers[1];
    if (!types || types & ~known_types || !states || states & ~SERVICE_STATE_ALL)
        return ERROR_INVALID_PARAMETER;
    const bool by_group = r.head.Text[0].Buffer;
    bool group_exists = !by_group || r.text[0].empty();
    for (Service* service : all()) {
        const Config config = config_of(*service);
        const bool of_group = !by_group || same(config.group, r.text[0]);
        group_exists |= of_group;
        if (of_group && config.type & types) put_service(r, *service, states);
    }
    return group_exists ? ERROR_SUCCESS : ERROR_SERVICE_DOES_NOT_EXIST;
}

ULONG enumerate_dependents(Service& service, Request& r) {
    const ULONG states = r.head.Numbers[0];
    if (!states || states & ~SERVICE_STATE_ALL) return ERROR_INVALID_PARAMETER;
    for (Service* other : dependents(service))
        put_service(r, *other, states);
    return ERROR_SUCCESS;
}

ULONG serve_service(Service& service, Request& r) {
    switch (r.head.Call) {
    case ScmDeleteService:
        if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
        mark_for_deletion(service);
        return ERROR_SUCCESS;
    case ScmStartService:
        return start_by_request(service);
    case ScmControlService:
        return control(service, r);
    case ScmQueryStatus:
        r.head.Status = status_of(service);
        return ERROR_SUCCESS;
    case ScmEnumerateDependents:
        return enumerate_dependents(service, r);
    case ScmCheckService:
        r.head.Numbers[0] = config_of(service).type;
        return ERROR_SUCCESS;
    default:
        return configure(service, r);
    }
}

ULONG serve_manager(Request& r, ULONG_PTR pid) {
    switch (r.head.Call) {
    case ScmCreateService:
        return create_service(r, pid);
    case ScmOpenService:
        return open_service(r, pid);
    case ScmEnumerate:
        return enumerate(r);
    case ScmDisplayName:
    case ScmKeyName:
        return name_of_display(r, r.head.Call == ScmKeyName);
    default:
        return ERROR_SUCCESS; // ScmCheckManager
    }
}

ULONG answer(Request& r, ULONG_PTR pid) {
    if (r.head.Call >= ScmCalls) return ERROR_INVALID_PARAMETER;
    if (r.head.Call == ScmOpenManager) return open_handle(pid, nullptr, r.head.Access, r.head.Handle);
    if (r.head.Call == ScmClose) return close_handle(pid, r.head.Handle);
    if (r.head.Call == ScmNotification) return tell_notification(pid, r);
    const Need need = need_of(r);
    Handle handle;
    if (const ULONG error = use_handle(pid, r.head.Handle, need.kind, need.access, handle);
        error != ERROR_SUCCESS)
        return error;
    if (r.head.Call == ScmNotify) return notify(handle, r.head.Handle, r);
    if (r.head.Call == ScmQuerySecurity) return query_security(handle.service, r);
    if (r.head.Call == ScmSetSecurity) return set_security(handle.service, r);
    return handle.service ? serve_service(*handle.service, r) : serve_manager(r, pid);
}

} // namespace

void put(std::vector<UCHAR>& data, ULONG number) {
    const auto* bytes = reinterpret_cast<const UCHAR*>(&number);
    data.insert(data.end(), bytes, bytes + sizeof number);
}
void put(std::vector<UCHAR>& data, std::u16string_view text) {
    put(data, static_cast<ULONG>(text.size()));
    const auto* bytes = reinterpret_cast<const UCHAR*>(text.data());
    data.insert(data.end(), bytes, bytes + text.size() * sizeof(WCHAR));
    data.resize((data.size() + 3) & ~std::size_t(3));
}

void serve(Request& request, ULONG_PTR pid) {
    close_handles_of_the_dead();
    forget_told_to_the_dead();
    settle();
    request.head.Count = 0;
    request.head.Error = answer(request, pid);
    settle();
}

} // namespace nt::scm
