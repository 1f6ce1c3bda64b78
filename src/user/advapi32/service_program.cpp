// What only a service's own program calls. Programs run from a command line here: "the program is being run
// as a console application rather than as a service", so nothing of a service is theirs.
#include "services.h"

namespace nt {
using namespace svc;

extern "C" {

BOOL StartServiceCtrlDispatcherW(const void*) { return fail_with(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT); }
BOOL StartServiceCtrlDispatcherA(const void*) { return fail_with(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT); }

// "The service entry was specified incorrectly when the process called the StartServiceCtrlDispatcher
// function."
SC_HANDLE RegisterServiceCtrlHandlerW(const WCHAR*, PVOID) { return fail_with(ERROR_SERVICE_NOT_IN_EXE); }
SC_HANDLE RegisterServiceCtrlHandlerA(const CHAR*, PVOID) { return fail_with(ERROR_SERVICE_NOT_IN_EXE); }
SC_HANDLE RegisterServiceCtrlHandlerExW(const WCHAR*, PVOID, PVOID) {
    return fail_with(ERROR_SERVICE_NOT_IN_EXE);
}
SC_HANDLE RegisterServiceCtrlHandlerExA(const CHAR*, PVOID, PVOID) {
    return fail_with(ERROR_SERVICE_NOT_IN_EXE);
}

// No handle that RegisterServiceCtrlHandler has returned can be given.
BOOL SetServiceStatus(SC_HANDLE, const SERVICE_STATUS*) { return fail_with(ERROR_INVALID_HANDLE); }
BOOL SetServiceBits(SC_HANDLE, ULONG, BOOL, BOOL) { return fail_with(ERROR_INVALID_HANDLE); }
BOOL QueryServiceDynamicInformation(SC_HANDLE, ULONG level, PVOID*) {
    return fail_with(level == 1 ? ERROR_INVALID_HANDLE : error_invalid_level); // …_LEVEL_START_REASON
}

BOOL NotifyBootConfigStatus(BOOL) { stop("NotifyBootConfigStatus"); }

} // extern "C"
} // namespace nt
