// Handles: OpenSCManager, OpenService, CreateService, DeleteService, CloseServiceHandle; the lock that has
// been none since Windows Vista.
#include "abi/computer.h"
#include "services.h"

namespace nt {
using namespace svc;

namespace {

constexpr ULONG_PTR lock_token = 0x10cc; // assumed: any value

bool is_this_computer(const WCHAR* name) { // with or without the backslashes of a UNC name
    if (name[0] == '\\' && name[1] == '\\') name += 2;
    return _wcsicmp(name, computer_name) == 0;
}

SC_HANDLE open_manager(const WCHAR* machine, const WCHAR* database, ULONG access) {
    if (machine && *machine && !is_this_computer(machine))
        return fail_with(1722); // RPC_S_SERVER_UNAVAILABLE: there is no other computer
    if (database && *database && _wcsicmp(database, u"ServicesActive") != 0)
        return fail_with(ERROR_DATABASE_DOES_NOT_EXIST);
    Request request(ScmOpenManager, 0);
    request.Access = access;
    return request.send() ? request.Handle : 0;
}

SC_HANDLE open_service(SC_HANDLE manager, const WCHAR* name, ULONG access) {
    if (!name) return fail_with(ERROR_INVALID_ADDRESS);
    Request request(ScmOpenService, manager);
    request.text(ScmName, name);
    request.Access = access;
    return request.send() ? request.Handle : 0;
}

// Dependencies are a list; the password is nobody's.
SC_HANDLE create_service(SC_HANDLE manager, const WCHAR* name, const WCHAR* display, ULONG access, ULONG type,
                         ULONG start, ULONG error_control, const WCHAR* path, const WCHAR* group, ULONG* tag,
                         const WCHAR* dependencies, const WCHAR* account) {
    if (!name || !path) return fail_with(name ? ERROR_INVALID_PARAMETER : ERROR_INVALID_ADDRESS);
    Request request(ScmCreateService, manager);
    request.Access = access;
    request.text(ScmName, name);
    return request.send_configuration(type, start, error_control, path, group, tag, dependencies, account,
                                      display)
               ? request.Handle
               : 0;
}

BOOL delete_service(SC_HANDLE service) { return Request(ScmDeleteService, service).send(); }
BOOL close(SC_HANDLE handle) { return Request(ScmClose, handle).send(); }

template <class Char> struct LockStatus {
    ULONG locked;
    Char* owner;
    ULONG seconds;
};

// "As of Windows Vista, this function is provided for application compatibility and has no effect."
template <class Char> BOOL lock_status(SC_HANDLE manager, LockStatus<Char>* to, ULONG size, ULONG* needed) {
    Request request(ScmCheckManager, manager);
    request.Access = SC_MANAGER_QUERY_LOCK_STATUS;
    if (!request.send()) return FALSE;
    *needed = sizeof *to + sizeof(Char);
    if (size < *needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    auto* owner = reinterpret_cast<Char*>(to + 1);
    *owner = 0;
    *to = {0, owner, 0};
    return TRUE;
}

} // namespace

extern "C" {

SC_HANDLE OpenSCManagerW(const WCHAR* machine, const WCHAR* database, ULONG access) {
    return traced<open_manager>("OpenSCManagerW", database, machine, database, access);
}
SC_HANDLE OpenSCManagerA(const CHAR* machine, const CHAR* database, ULONG access) {
    Wide m(machine), d(database);
    return m.ok() && d.ok() ? OpenSCManagerW(m.get(), d.get(), access) : 0;
}
SC_HANDLE OpenServiceW(SC_HANDLE manager, const WCHAR* name, ULONG access) {
    return traced<open_service>("OpenServiceW", name, manager, name, access);
}
SC_HANDLE OpenServiceA(SC_HANDLE manager, const CHAR* name, ULONG access) {
    Wide n(name);
    return n.ok() ? OpenServiceW(manager, n.get(), access) : 0;
}
SC_HANDLE CreateServiceW(SC_HANDLE manager, const WCHAR* name, const WCHAR* display, ULONG access, ULONG type,
                         ULONG start, ULONG error_control, const WCHAR* path, const WCHAR* group, ULONG* tag,
                         const WCHAR* dependencies, const WCHAR* account, const WCHAR*) {
    return traced<create_service>("CreateServiceW", name, manager, name, display, access, type, start,
                                  error_control, path, group, tag, dependencies, account);
}
SC_HANDLE CreateServiceA(SC_HANDLE manager, const CHAR* name, const CHAR* display, ULONG access, ULONG type,
                         ULONG start, ULONG error_control, const CHAR* path, const CHAR* group, ULONG* tag,
                         const CHAR* dependencies, const CHAR* account, const CHAR*) {
    Wide n(name), d(display), p(path), g(group), a(account);
    WideList list(dependencies);
    if (!n.ok() || !d.ok() || !p.ok() || !g.ok() || !a.ok() || !list.ok()) return 0;
    return CreateServiceW(manager, n.get(), d.get(), access, type, start, error_control, p.get(), g.get(),
                          tag, list.get(), a.get(), nullptr);
}
BOOL DeleteService(SC_HANDLE service) { return traced<delete_service>("DeleteService", nullptr, service); }
BOOL CloseServiceHandle(SC_HANDLE handle) { return traced<close>("CloseServiceHandle", nullptr, handle); }

ULONG_PTR LockServiceDatabase(SC_HANDLE manager) {
    Request request(ScmCheckManager, manager);
    request.Access = SC_MANAGER_LOCK;
    return request.send() ? lock_token : 0;
}
BOOL UnlockServiceDatabase(ULONG_PTR lock) {
    return lock == lock_token ? BOOL(TRUE) : fail_with(ERROR_INVALID_SERVICE_LOCK);
}
BOOL QueryServiceLockStatusW(SC_HANDLE manager, LockStatus<WCHAR>* to, ULONG size, ULONG* needed) {
    return lock_status(manager, to, size, needed);
}
BOOL QueryServiceLockStatusA(SC_HANDLE manager, LockStatus<CHAR>* to, ULONG size, ULONG* needed) {
    return lock_status(manager, to, size, needed);
}

} // extern "C"
} // namespace nt
