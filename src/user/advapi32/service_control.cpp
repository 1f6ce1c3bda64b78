// Starting, controlling and asking for the status of services.
#include "services.h"

namespace nt {
using namespace svc;

namespace {

BOOL start(SC_HANDLE service) { return Request(ScmStartService, service).send(); } // drivers get no arguments

// "If the function fails with" another error than these, "the structure is not filled in".
bool tells_status(ULONG error) {
    return error == ERROR_SUCCESS || error == ERROR_INVALID_SERVICE_CONTROL ||
           error == ERROR_SERVICE_CANNOT_ACCEPT_CTRL || error == ERROR_SERVICE_NOT_ACTIVE;
}

BOOL control(SC_HANDLE service, ULONG code, SERVICE_STATUS_PROCESS* status) {
    Request request(ScmControlService, service);
    request.Numbers[0] = code;
    const BOOL done = request.send();
    if (tells_status(request.Error)) *status = request.Status;
    return done;
}

BOOL control_service(SC_HANDLE service, ULONG code, SERVICE_STATUS* status) {
    if (!status) return fail_with(ERROR_INVALID_ADDRESS);
    SERVICE_STATUS_PROCESS whole{*status, 0, 0};
    const BOOL done = control(service, code, &whole);
    *status = whole.Status;
    return done;
}

struct ReasonParameters {
    ULONG reason;
    const void* comment; // of at most 128 characters
    SERVICE_STATUS_PROCESS status;
};

// One of the general flags; a major and a minor reason.
bool is_reason(ULONG reason) {
    const ULONG flag = reason & 0xf0000000;
    const bool one = flag == 0x10000000 || flag == 0x20000000 || flag == 0x40000000;
    return one && (reason & 0x0fff0000) && (reason & 0xffff);
}

BOOL control_ex(SC_HANDLE service, ULONG code, ULONG level, ReasonParameters* parameters) {
    if (level != 1) return fail_with(error_invalid_level); // SERVICE_CONTROL_STATUS_REASON_INFO
    if (!parameters) return fail_with(ERROR_INVALID_PARAMETER);
    if (code == SERVICE_CONTROL_STOP && !is_reason(parameters->reason))
        return fail_with(ERROR_INVALID_PARAMETER);
    return control(service, code, &parameters->status);
}

} // namespace

extern "C" {

BOOL StartServiceW(SC_HANDLE service, ULONG, const WCHAR**) {
    return traced<start>("StartServiceW", nullptr, service);
}
BOOL StartServiceA(SC_HANDLE service, ULONG, const CHAR**) {
    return traced<start>("StartServiceA", nullptr, service);
}

BOOL ControlService(SC_HANDLE service, ULONG code, SERVICE_STATUS* status) {
    return traced<control_service>("ControlService", nullptr, service, code, status);
}
BOOL ControlServiceExW(SC_HANDLE service, ULONG code, ULONG level, ReasonParameters* parameters) {
    return traced<control_ex>("ControlServiceExW", nullptr, service, code, level, parameters);
}
BOOL ControlServiceExA(SC_HANDLE service, ULONG code, ULONG level, ReasonParameters* parameters) {
    return traced<control_ex>("ControlServiceExA", nullptr, service, code, level, parameters);
}

BOOL QueryServiceStatus(SC_HANDLE service, SERVICE_STATUS* status) {
    if (!status) return fail_with(ERROR_INVALID_ADDRESS);
    Request request(ScmQueryStatus, service);
    if (!request.send()) return FALSE;
    *status = request.Status.Status;
    return TRUE;
}
BOOL QueryServiceStatusEx(SC_HANDLE service, ULONG level, UCHAR* to, ULONG size, ULONG* needed) {
    if (level != 0) return fail_with(error_invalid_level); // SC_STATUS_PROCESS_INFO
    if (!needed) return fail_with(ERROR_INVALID_ADDRESS);
    Request request(ScmQueryStatus, service);
    if (!request.send()) return FALSE;
    *needed = sizeof request.Status;
    if (size < *needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    RtlMoveMemory(to, &request.Status, *needed);
    return TRUE;
}

} // extern "C"
} // namespace nt
