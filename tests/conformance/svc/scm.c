// The service control functions over drivers: sdk-api pages winsvc/nf-winsvc-openscmanagerw, -createservicew,
// -openservicew, -startservicew, -controlservice, -controlserviceexw, -queryservicestatus,
// -queryservicestatusex, -deleteservice, -closeservicehandle, -enumservicesstatusw, -enumservicesstatusexw,
// -enumdependentservicesw, -queryserviceconfigw, -queryserviceconfig2w, -changeserviceconfigw,
// -changeserviceconfig2w, -getservicedisplaynamew, -getservicekeynamew, -queryserviceobjectsecurity,
// -queryservicelockstatusw, -lockservicedatabase; win32 page Services/service-security-and-access-rights.
#include <windows.h>
#include <winioctl.h>

#include "../common/program.h"
#include "loadee.h"

#include "load.h"

#define FAILS(call, code) (SetLastError(0), !(call) && GetLastError() == (code))

static SC_HANDLE manager;

static SC_HANDLE create(PCWSTR name, PCWSTR display, PCWSTR path, PCWSTR dependencies) {
    return CreateServiceW(manager, name, display, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                          SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, path, NULL, NULL, dependencies, NULL,
                          NULL);
}
static DWORD state(SC_HANDLE service) {
    SERVICE_STATUS status = {0};
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}
static void finish_service(SC_HANDLE service) {
    DeleteService(service);
    CloseServiceHandle(service);
}

static void managers(void) {
    CHECK(FAILS(OpenSCManagerW(NULL, L"ServicesFailed", SC_MANAGER_CONNECT), ERROR_DATABASE_DOES_NOT_EXIST),
          "OpenSCManager: ERROR_DATABASE_DOES_NOT_EXIST");
    CHECK(FAILS(OpenSCManagerW(NULL, NULL, 0x8000), ERROR_ACCESS_DENIED),
          "ERROR_ACCESS_DENIED: a right that there is not");
    SC_HANDLE plain = OpenSCManagerA("", "ServicesActive", 0);
    CHECK(plain != NULL, "OpenSCManager: the empty string is the local computer; ServicesActive");
    WCHAR name[40] = L"\\\\";
    DWORD length = 30;
    GetComputerNameW(name + 2, &length);
    SC_HANDLE own = OpenSCManagerW(name, NULL, 0), again = OpenSCManagerW(name + 2, NULL, 0);
    CHECK(own && again && CloseServiceHandle(own) && CloseServiceHandle(again),
          "and so is the computer's own name");
    CHECK(FAILS(OpenSCManagerW(L"ELSEWHERE", NULL, 0), 1722), "another computer: RPC_S_SERVER_UNAVAILABLE");
    CHECK(FAILS(CreateServiceW(plain, L"scm1", NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                               SERVICE_DEMAND_START, 1, L"System32\\drivers\\loadee.sys", NULL, NULL, NULL,
                               NULL, NULL),
                ERROR_ACCESS_DENIED),
          "CreateService: the handle does not have SC_MANAGER_CREATE_SERVICE");
    DWORD needed = 0, count = 0;
    CHECK(FAILS(EnumServicesStatusW(plain, SERVICE_DRIVER, SERVICE_STATE_ALL, NULL, 0, &needed, &count, NULL),
                ERROR_ACCESS_DENIED),
          "EnumServicesStatus: SC_MANAGER_ENUMERATE_SERVICE");
    CHECK(FAILS(LockServiceDatabase(plain), ERROR_ACCESS_DENIED), "LockServiceDatabase: SC_MANAGER_LOCK");
    CHECK(CloseServiceHandle(plain) && FAILS(CloseServiceHandle(plain), ERROR_INVALID_HANDLE),
          "CloseServiceHandle: ERROR_INVALID_HANDLE");
    CHECK(FAILS(OpenServiceW(plain, L"null", SERVICE_START), ERROR_INVALID_HANDLE),
          "a closed handle is none");
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    CHECK(manager != NULL, "SC_MANAGER_ALL_ACCESS for an administrator");
    QUERY_SERVICE_LOCK_STATUSW lock[2];
    CHECK(FAILS(QueryServiceLockStatusW(manager, lock, 8, &needed), ERROR_INSUFFICIENT_BUFFER) &&
              needed > sizeof lock[0] && QueryServiceLockStatusW(manager, lock, sizeof lock, &needed) &&
              !lock->fIsLocked && !*lock->lpLockOwner,
          "QueryServiceLockStatus");
    SC_LOCK held = LockServiceDatabase(manager);
    CHECK(held && UnlockServiceDatabase(held), "LockServiceDatabase has no effect, but succeeds");
    CHECK(FAILS(UnlockServiceDatabase((SC_LOCK)(ULONG_PTR)4711), ERROR_INVALID_SERVICE_LOCK),
          "ERROR_INVALID_SERVICE_LOCK");
}

static void creating(void) {
    WCHAR longest[300];
    for (int i = 0; i < 299; ++i)
        longest[i] = L'x';
    longest[257] = 0;
    CHECK(FAILS(create(L"a\\b", NULL, L"x.sys", NULL), ERROR_INVALID_NAME) &&
              FAILS(create(L"a/b", NULL, L"x.sys", NULL), ERROR_INVALID_NAME) &&
              FAILS(create(L"", NULL, L"x.sys", NULL), ERROR_INVALID_NAME) &&
              FAILS(create(longest, NULL, L"x.sys", NULL), ERROR_INVALID_NAME),
          "CreateService: ERROR_INVALID_NAME");
    CHECK(FAILS(create(L"scm1", NULL, L"", NULL), ERROR_INVALID_PARAMETER), "no path");
    CHECK(FAILS(CreateServiceW(manager, L"scm1", NULL, 0, 3, 3, 1, L"x.sys", NULL, NULL, NULL, NULL, NULL),
                ERROR_INVALID_PARAMETER) &&
              FAILS(CreateServiceW(manager, L"scm1", NULL, 0, SERVICE_KERNEL_DRIVER, 5, 1, L"x.sys", NULL,
                                   NULL, NULL, NULL, NULL),
                    ERROR_INVALID_PARAMETER) &&
              FAILS(CreateServiceW(manager, L"scm1", NULL, 0, SERVICE_KERNEL_DRIVER, 3, 4, L"x.sys", NULL,
                                   NULL, NULL, NULL, NULL),
                    ERROR_INVALID_PARAMETER) &&
              FAILS(CreateServiceW(manager, L"scm1", NULL, 0, SERVICE_WIN32_OWN_PROCESS, SERVICE_BOOT_START,
                                   1, L"x.exe", NULL, NULL, NULL, NULL, NULL),
                    ERROR_INVALID_PARAMETER),
          "ERROR_INVALID_PARAMETER: type, start, error control; boot start is for drivers");
    SC_HANDLE one = create(L"scm1", L"A driver of mine", L"C:\\Windows\\System32\\drivers\\loadee.sys", NULL);
    CHECK(one != NULL, "CreateService");
    CHECK(FAILS(create(L"SCM1", NULL, L"x.sys", NULL), ERROR_SERVICE_EXISTS),
          "ERROR_SERVICE_EXISTS, without case");
    CHECK(FAILS(create(L"scm2", L"a driver OF mine", L"x.sys", NULL), ERROR_DUPLICATE_SERVICE_NAME) &&
              FAILS(create(L"scm2", L"scm1", L"x.sys", NULL), ERROR_DUPLICATE_SERVICE_NAME),
          "ERROR_DUPLICATE_SERVICE_NAME: a display name that is taken, also as a service name");
    CHECK(FAILS(create(L"scm2", NULL, L"x.sys", L"scm2\0"), ERROR_CIRCULAR_DEPENDENCY),
          "ERROR_CIRCULAR_DEPENDENCY");
    CHECK(FAILS(OpenServiceW(manager, L"nobody", SERVICE_START), ERROR_SERVICE_DOES_NOT_EXIST) &&
              FAILS(OpenServiceW(manager, L"no\\body", SERVICE_START), ERROR_INVALID_NAME) &&
              FAILS(OpenServiceW(one, L"scm1", SERVICE_START), ERROR_INVALID_HANDLE) &&
              FAILS(OpenServiceW(manager, L"scm1", 0x8000), ERROR_ACCESS_DENIED),
          "OpenService: ERROR_SERVICE_DOES_NOT_EXIST, ERROR_INVALID_NAME, ERROR_INVALID_HANDLE, "
          "ERROR_ACCESS_DENIED");
    DWORD type = 0, start = 9, n = sizeof(DWORD);
    WCHAR path[100] = L"";
    HKEY key = service_key(L"scm1");
    RegQueryValueExW(key, L"Type", NULL, NULL, (BYTE*)&type, &n);
    n = sizeof(DWORD);
    RegQueryValueExW(key, L"Start", NULL, NULL, (BYTE*)&start, &n);
    n = sizeof path;
    RegQueryValueExW(key, L"ImagePath", NULL, NULL, (BYTE*)path, &n);
    RegCloseKey(key);
    CHECK(type == SERVICE_KERNEL_DRIVER && start == SERVICE_DEMAND_START && path[0],
          "the database is HKLM\\SYSTEM\\CurrentControlSet\\Services");
    HKEY below = NULL, deeper = NULL;
    key = service_key(L"scm1");
    RegCreateKeyExW(key, L"below", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL);
    RegCreateKeyExW(below, L"deeper", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &deeper, NULL);
    finish_service(one);
    CHECK(FAILS(OpenServiceW(manager, L"scm1", SERVICE_START), ERROR_SERVICE_DOES_NOT_EXIST),
          "DeleteService, and the last handle closed");
    CHECK(RegQueryInfoKeyW(key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
              ERROR_KEY_DELETED,
          "its key is gone: ERROR_KEY_DELETED of a handle");
    RegCloseKey(key);
    CHECK(RegQueryInfoKeyW(deeper, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
                  ERROR_KEY_DELETED &&
              RegSetValueExW(below, L"value", 0, REG_SZ, (const BYTE*)L"", 2) == ERROR_KEY_DELETED,
          "and so are the keys below it");
    RegCloseKey(below);
    RegCloseKey(deeper);
}

// lpServiceStartName.
static SC_HANDLE with_account(DWORD type, const WCHAR* account) {
    return CreateServiceW(manager, L"scm1", NULL, SERVICE_ALL_ACCESS, type, SERVICE_DEMAND_START, 1,
                          type < SERVICE_WIN32_OWN_PROCESS ? L"System32\\drivers\\loadee.sys" : L"C:\\x.exe",
                          NULL, NULL, NULL, account, NULL);
}
static BOOL accepted(DWORD type, const WCHAR* account) {
    SC_HANDLE s = with_account(type, account);
    if (s) finish_service(s);
    return s != 0;
}

static void accounts(void) {
    static const WCHAR* const good[] = {NULL,
                                        L"LocalSystem",
                                        L".\\localsystem",
                                        L"DRVLAB\\LocalSystem",
                                        L"NT AUTHORITY\\LocalService",
                                        L"NT AUTHORITY\\NetworkService",
                                        L".\\drvlab",
                                        L"DRVLAB\\Administrator"};
    for (unsigned i = 0; i < sizeof good / sizeof *good; ++i)
        CHECK(accepted(SERVICE_WIN32_OWN_PROCESS, good[i]), "an account that there is");
    CHECK(FAILS(with_account(SERVICE_WIN32_OWN_PROCESS, L".\\someone"), ERROR_INVALID_SERVICE_ACCOUNT) &&
              FAILS(with_account(SERVICE_WIN32_OWN_PROCESS, L"ELSEWHERE\\drvlab"),
                    ERROR_INVALID_SERVICE_ACCOUNT),
          "ERROR_INVALID_SERVICE_ACCOUNT");
    CHECK(accepted(SERVICE_WIN32_OWN_PROCESS | SERVICE_INTERACTIVE_PROCESS, NULL) &&
              FAILS(with_account(SERVICE_WIN32_OWN_PROCESS | SERVICE_INTERACTIVE_PROCESS,
                                 L"NT AUTHORITY\\LocalService"),
                    ERROR_INVALID_PARAMETER),
          "SERVICE_INTERACTIVE_PROCESS: LocalSystem only");
    SC_HANDLE s = with_account(SERVICE_WIN32_OWN_PROCESS, NULL);
    CHECK(FAILS(ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, NULL, NULL,
                                     NULL, NULL, L".\\someone", L"", NULL),
                ERROR_INVALID_SERVICE_ACCOUNT),
          "ChangeServiceConfig: ERROR_INVALID_SERVICE_ACCOUNT");
    finish_service(s);
    SERVICE_STATUS status;
    s = with_account(SERVICE_KERNEL_DRIVER, L"\\Driver\\another");
    CHECK(s && StartServiceW(s, 0, NULL) && ControlService(s, SERVICE_CONTROL_STOP, &status),
          "a driver service: the name of the driver object");
    finish_service(s);
    s = with_account(SERVICE_KERNEL_DRIVER, L".\\someone");
    CHECK(s && !StartServiceW(s, 0, NULL) && state(s) == SERVICE_STOPPED,
          "a driver with a name that no object can have does not start");
    finish_service(s);
}

static void running(void) {
    SERVICE_STATUS status = {0};
    SERVICE_STATUS_PROCESS more;
    DWORD needed;
    SC_HANDLE s = create(L"scm1", NULL, L"System32\\drivers\\loadee.sys", NULL);
    CHECK(QueryServiceStatus(s, &status) && status.dwServiceType == SERVICE_KERNEL_DRIVER &&
              status.dwCurrentState == SERVICE_STOPPED &&
              status.dwWin32ExitCode == ERROR_SERVICE_NEVER_STARTED && !status.dwControlsAccepted,
          "QueryServiceStatus: stopped, ERROR_SERVICE_NEVER_STARTED");
    CHECK(FAILS(ControlService(s, SERVICE_CONTROL_STOP, &status), ERROR_SERVICE_NOT_ACTIVE) &&
              FAILS(ControlService(s, SERVICE_CONTROL_INTERROGATE, &status), ERROR_SERVICE_NOT_ACTIVE),
          "ControlService: ERROR_SERVICE_NOT_ACTIVE");
    CHECK(StartServiceW(s, 0, NULL) && facts_of(L"scm1") == LOADEE_ALL,
          "StartService returns after DriverEntry");
    CHECK(FAILS(StartServiceW(s, 0, NULL), ERROR_SERVICE_ALREADY_RUNNING), "ERROR_SERVICE_ALREADY_RUNNING");
    CHECK(FAILS(QueryServiceStatusEx(s, SC_STATUS_PROCESS_INFO, (BYTE*)&more, 10, &needed),
                ERROR_INSUFFICIENT_BUFFER) &&
              needed == sizeof more &&
              FAILS(QueryServiceStatusEx(s, 7, (BYTE*)&more, sizeof more, &needed), ERROR_INVALID_LEVEL),
          "QueryServiceStatusEx: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_LEVEL");
    CHECK(QueryServiceStatusEx(s, SC_STATUS_PROCESS_INFO, (BYTE*)&more, sizeof more, &needed) &&
              more.dwCurrentState == SERVICE_RUNNING && more.dwControlsAccepted == SERVICE_ACCEPT_STOP &&
              !more.dwProcessId && !more.dwWin32ExitCode,
          "running, stoppable, no process");
    CHECK(ControlService(s, SERVICE_CONTROL_INTERROGATE, &status) && status.dwCurrentState == SERVICE_RUNNING,
          "SERVICE_CONTROL_INTERROGATE");
    CHECK(FAILS(ControlService(s, SERVICE_CONTROL_PAUSE, &status), ERROR_INVALID_SERVICE_CONTROL) &&
              status.dwCurrentState == SERVICE_RUNNING &&
              FAILS(ControlService(s, 200, &status), ERROR_INVALID_SERVICE_CONTROL),
          "ERROR_INVALID_SERVICE_CONTROL: a driver cannot be paused; the status is filled in");
    CHECK(FAILS(ControlService(s, SERVICE_CONTROL_SHUTDOWN, &status), ERROR_INVALID_PARAMETER) &&
              FAILS(ControlService(s, 100, &status), ERROR_INVALID_PARAMETER),
          "ERROR_INVALID_PARAMETER: no control code");
    SC_HANDLE weak = OpenServiceW(manager, L"scm1", SERVICE_QUERY_STATUS);
    CHECK(FAILS(ControlService(weak, SERVICE_CONTROL_STOP, &status), ERROR_ACCESS_DENIED) &&
              FAILS(StartServiceA(weak, 0, NULL), ERROR_ACCESS_DENIED) &&
              FAILS(DeleteService(weak), ERROR_ACCESS_DENIED) &&
              FAILS(ChangeServiceConfigW(weak, SERVICE_NO_CHANGE, 3, SERVICE_NO_CHANGE, NULL, NULL, NULL,
                                         NULL, NULL, NULL, NULL),
                    ERROR_ACCESS_DENIED) &&
              FAILS(QueryServiceConfigW(weak, NULL, 0, &needed), ERROR_ACCESS_DENIED) &&
              state(weak) == SERVICE_RUNNING,
          "each function needs its access right");
    CHECK(ControlService(s, SERVICE_CONTROL_STOP, &status) && status.dwCurrentState == SERVICE_STOPPED &&
              state(s) == SERVICE_STOPPED,
          "SERVICE_CONTROL_STOP unloads it");
    CHECK(QueryServiceStatus(s, &status) && status.dwWin32ExitCode == NO_ERROR,
          "its exit code is NO_ERROR then");

    // With its device open.
    StartServiceW(s, 0, NULL);
    HANDLE device = open_loadee(L"scm1");
    CHECK(ControlService(s, SERVICE_CONTROL_STOP, &status) && status.dwCurrentState == SERVICE_STOP_PENDING &&
              !status.dwControlsAccepted,
          "a driver whose device is open: SERVICE_STOP_PENDING");
    CHECK(FAILS(ControlService(s, SERVICE_CONTROL_STOP, &status), ERROR_SERVICE_CANNOT_ACCEPT_CTRL) &&
              status.dwCurrentState == SERVICE_STOP_PENDING,
          "ERROR_SERVICE_CANNOT_ACCEPT_CTRL");
    CHECK(FAILS(ControlService(s, SERVICE_CONTROL_INTERROGATE, &status), ERROR_SERVICE_CANNOT_ACCEPT_CTRL) &&
              status.dwCurrentState == SERVICE_STOP_PENDING &&
              FAILS(ControlService(s, SERVICE_CONTROL_PAUSE, &status), ERROR_SERVICE_CANNOT_ACCEPT_CTRL) &&
              FAILS(ControlService(s, 200, &status), ERROR_SERVICE_CANNOT_ACCEPT_CTRL),
          "\"the SCM does not transmit further control requests\" of any kind");
    CHECK(!StartServiceW(s, 0, NULL), "it cannot be started meanwhile");
    CloseHandle(device);
    CHECK(state(s) == SERVICE_STOPPED, "stopped with the last handle");
    SERVICE_CONTROL_STATUS_REASON_PARAMSW reason = {0};
    reason.dwReason =
        SERVICE_STOP_REASON_FLAG_PLANNED | SERVICE_STOP_REASON_MAJOR_NONE | SERVICE_STOP_REASON_MINOR_NONE;
    StartServiceW(s, 0, NULL);
    CHECK(FAILS(ControlServiceExW(s, SERVICE_CONTROL_STOP, 2, &reason), ERROR_INVALID_LEVEL) &&
              FAILS(ControlServiceExW(s, SERVICE_CONTROL_STOP, 1, NULL), ERROR_INVALID_PARAMETER),
          "ControlServiceEx: ERROR_INVALID_LEVEL, ERROR_INVALID_PARAMETER");
    CHECK(ControlServiceExW(s, SERVICE_CONTROL_STOP, SERVICE_CONTROL_STATUS_REASON_INFO, &reason) &&
              reason.ServiceStatus.dwCurrentState == SERVICE_STOPPED,
          "ControlServiceEx");

    // Deleted while it runs and is open.
    StartServiceW(s, 0, NULL);
    CHECK(DeleteService(s) && FAILS(DeleteService(s), ERROR_SERVICE_MARKED_FOR_DELETE) &&
              FAILS(create(L"scm1", NULL, L"x.sys", NULL), ERROR_SERVICE_MARKED_FOR_DELETE),
          "ERROR_SERVICE_MARKED_FOR_DELETE");
    CHECK(state(s) == SERVICE_RUNNING && ControlService(s, SERVICE_CONTROL_STOP, &status) &&
              state(s) == SERVICE_STOPPED,
          "it goes on until it is stopped");
    CHECK(FAILS(StartServiceW(s, 0, NULL), ERROR_SERVICE_MARKED_FOR_DELETE), "and is not started again");
    CloseServiceHandle(s);
    CHECK(state(weak) == SERVICE_STOPPED, "a handle keeps it");
    CloseServiceHandle(weak);
    CHECK(FAILS(OpenServiceW(manager, L"scm1", SERVICE_START), ERROR_SERVICE_DOES_NOT_EXIST),
          "the last one does not");
}

static void failing(void) {
    SERVICE_STATUS status;
    SC_HANDLE s = create(L"scm1", NULL, L"System32\\drivers\\nofile.sys", NULL);
    CHECK(FAILS(StartServiceW(s, 0, NULL), ERROR_FILE_NOT_FOUND), "StartService: no file");
    CHECK(ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                               L"\\SystemRoot\\nowhere\\x.sys", NULL, NULL, NULL, NULL, NULL, NULL) &&
              FAILS(StartServiceW(s, 0, NULL), ERROR_PATH_NOT_FOUND),
          "ERROR_PATH_NOT_FOUND");
    CHECK(QueryServiceStatus(s, &status) && status.dwWin32ExitCode == ERROR_PATH_NOT_FOUND,
          "the exit code tells why");
    CHECK(ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_DISABLED, SERVICE_NO_CHANGE,
                               L"System32\\drivers\\loadee.sys", NULL, NULL, NULL, NULL, NULL, NULL) &&
              FAILS(StartServiceW(s, 0, NULL), ERROR_SERVICE_DISABLED),
          "ERROR_SERVICE_DISABLED");
    ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_DEMAND_START, SERVICE_NO_CHANGE, NULL, NULL, NULL,
                         NULL, NULL, NULL, NULL);
    parameter(L"scm1", L"Fail", 0xC0000001);
    CHECK(FAILS(StartServiceW(s, 0, NULL), ERROR_GEN_FAILURE),
          "DriverEntry's STATUS_UNSUCCESSFUL is ERROR_GEN_FAILURE");
    parameter(L"scm1", L"Fail", 0);
    parameter(L"scm1", L"Stays", 1);
    CHECK(StartServiceW(s, 0, NULL) &&
              FAILS(ControlService(s, SERVICE_CONTROL_STOP, &status), ERROR_INVALID_SERVICE_CONTROL) &&
              status.dwCurrentState == SERVICE_RUNNING,
          "a driver without DriverUnload: ERROR_INVALID_SERVICE_CONTROL");
    finish_service(s);
}

static DWORD WINAPI start_service(void* service) { return StartServiceW(service, 0, NULL) != 0; }

static void dependencies(void) {
    SERVICE_STATUS status;
    SC_HANDLE base = create(L"scmbase", NULL, L"C:\\loadee.sys", NULL);
    SC_HANDLE lost = create(L"scmlost", NULL, L"System32\\drivers\\null.sys", L"nobody\0");
    CHECK(FAILS(StartServiceW(lost, 0, NULL), ERROR_SERVICE_DEPENDENCY_DELETED),
          "ERROR_SERVICE_DEPENDENCY_DELETED");
    finish_service(lost);
    SC_HANDLE bad = create(L"scmbad", NULL, L"System32\\drivers\\nofile.sys", NULL);
    SC_HANDLE fails = create(L"scmfails", NULL, L"System32\\drivers\\echo.sys", L"scmbad\0");
    CHECK(FAILS(StartServiceW(fails, 0, NULL), ERROR_SERVICE_DEPENDENCY_FAIL),
          "ERROR_SERVICE_DEPENDENCY_FAIL");
    finish_service(fails);
    finish_service(bad);
    SC_HANDLE top = create(L"scmtop", NULL, L"System32\\drivers\\echo.sys", L"scmbase\0");
    CHECK(FAILS(ChangeServiceConfigW(base, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, NULL,
                                     NULL, NULL, L"scmtop\0", NULL, NULL, NULL),
                ERROR_CIRCULAR_DEPENDENCY),
          "ChangeServiceConfig: ERROR_CIRCULAR_DEPENDENCY");
    CHECK(StartServiceW(top, 0, NULL) && state(base) == SERVICE_RUNNING,
          "what it depends on is started before");
    CHECK(FAILS(ControlService(base, SERVICE_CONTROL_STOP, &status), ERROR_DEPENDENT_SERVICES_RUNNING),
          "ERROR_DEPENDENT_SERVICES_RUNNING");
    BYTE buffer[400];
    ENUM_SERVICE_STATUSW* list = (PVOID)buffer;
    DWORD needed = 0, count = 9;
    CHECK(FAILS(EnumDependentServicesW(base, SERVICE_ACTIVE, NULL, 0, &needed, &count), ERROR_MORE_DATA) &&
              needed && !count,
          "EnumDependentServices: ERROR_MORE_DATA and the size");
    CHECK(EnumDependentServicesW(base, SERVICE_ACTIVE, list, sizeof buffer, &needed, &count) && count == 1 &&
              !_wcsicmp(list->lpServiceName, L"scmtop") &&
              list->ServiceStatus.dwCurrentState == SERVICE_RUNNING,
          "EnumDependentServices");
    CHECK(EnumDependentServicesW(base, SERVICE_INACTIVE, list, sizeof buffer, &needed, &count) && count == 0,
          "none is stopped");
    CHECK(
        FAILS(EnumDependentServicesW(base, 8, list, sizeof buffer, &needed, &count), ERROR_INVALID_PARAMETER),
        "no state");
    CHECK(ControlService(top, SERVICE_CONTROL_STOP, &status) &&
              ControlService(base, SERVICE_CONTROL_STOP, &status),
          "stopped from the top");
    parameter(L"scmbase", L"Delay", 1000);
    HANDLE thread = CreateThread(NULL, 0, start_service, top, 0, NULL);
    Sleep(100);
    DWORD started = 0;
    CHECK(FAILS(StartServiceW(top, 0, NULL), ERROR_SERVICE_ALREADY_RUNNING) &&
              WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &started) &&
              started == 1,
          "ERROR_SERVICE_ALREADY_RUNNING: another thread starts it, with what it depends on");
    CloseHandle(thread);
    ControlService(top, SERVICE_CONTROL_STOP, &status);
    ControlService(base, SERVICE_CONTROL_STOP, &status);
    finish_service(top);
    finish_service(base);
}

static void configuring(void) {
    static BYTE buffer[2000];
    QUERY_SERVICE_CONFIGW* config = (PVOID)buffer;
    QUERY_SERVICE_CONFIGA* narrow = (PVOID)buffer;
    DWORD needed = 0, tag = 0, n;
    SC_HANDLE s = CreateServiceA(manager, "scm1", "Display", SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                                 SERVICE_SYSTEM_START, SERVICE_ERROR_IGNORE, "C:\\drivers\\x.sys", "My Group",
                                 &tag, "Null\0+Other Group\0", NULL, NULL);
    CHECK(s && tag == 1, "CreateServiceA, a tag in a group");
    CHECK(FAILS(QueryServiceConfigW(s, NULL, 0, &needed), ERROR_INSUFFICIENT_BUFFER) &&
              needed > sizeof *config,
          "QueryServiceConfig: the size");
    CHECK(QueryServiceConfigW(s, config, needed, &n) && config->dwServiceType == SERVICE_KERNEL_DRIVER &&
              config->dwStartType == SERVICE_SYSTEM_START && config->dwErrorControl == SERVICE_ERROR_IGNORE &&
              config->dwTagId == 1 && !wcscmp(config->lpBinaryPathName, L"\\??\\C:\\drivers\\x.sys") &&
              !wcscmp(config->lpLoadOrderGroup, L"My Group") &&
              !memcmp(config->lpDependencies, L"Null\0+Other Group\0", 19 * sizeof(WCHAR)) &&
              !*config->lpServiceStartName && !wcscmp(config->lpDisplayName, L"Display"),
          "everything that CreateService was told");
    CHECK(QueryServiceConfigA(s, narrow, sizeof buffer, &n) && !strcmp(narrow->lpDisplayName, "Display") &&
              !strcmp(narrow->lpLoadOrderGroup, "My Group") &&
              !memcmp(narrow->lpDependencies, "Null\0+Other Group\0", 19),
          "QueryServiceConfigA");
    CHECK(ChangeServiceConfigA(s, SERVICE_NO_CHANGE, SERVICE_AUTO_START, SERVICE_NO_CHANGE, NULL, "", NULL,
                               "", NULL, NULL, "New name") &&
              QueryServiceConfigW(s, config, sizeof buffer, &n) &&
              config->dwStartType == SERVICE_AUTO_START && config->dwErrorControl == SERVICE_ERROR_IGNORE &&
              !*config->lpLoadOrderGroup && !*config->lpDependencies &&
              !wcscmp(config->lpDisplayName, L"New name") &&
              !wcscmp(config->lpBinaryPathName, L"\\??\\C:\\drivers\\x.sys"),
          "ChangeServiceConfig changes what is given");
    CHECK(FAILS(ChangeServiceConfigW(s, SERVICE_WIN32_OWN_PROCESS, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, NULL,
                                     NULL, NULL, NULL, NULL, NULL, NULL),
                ERROR_INVALID_PARAMETER) &&
              FAILS(ChangeServiceConfigW(s, SERVICE_NO_CHANGE, 9, SERVICE_NO_CHANGE, NULL, NULL, NULL, NULL,
                                         NULL, NULL, NULL),
                    ERROR_INVALID_PARAMETER) &&
              FAILS(ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, NULL,
                                         NULL, NULL, NULL, NULL, NULL, L"null"),
                    ERROR_DUPLICATE_SERVICE_NAME),
          "ERROR_INVALID_PARAMETER, ERROR_DUPLICATE_SERVICE_NAME");
    SERVICE_DESCRIPTIONW description = {L"What it does"}, *told = (PVOID)buffer;
    SERVICE_DESCRIPTIONA* told_narrow = (PVOID)buffer;
    CHECK(QueryServiceConfig2W(s, SERVICE_CONFIG_DESCRIPTION, buffer, sizeof buffer, &n) &&
              !told->lpDescription,
          "no description");
    CHECK(ChangeServiceConfig2W(s, SERVICE_CONFIG_DESCRIPTION, &description) &&
              FAILS(QueryServiceConfig2W(s, SERVICE_CONFIG_DESCRIPTION, NULL, 0, &n),
                    ERROR_INSUFFICIENT_BUFFER) &&
              QueryServiceConfig2W(s, SERVICE_CONFIG_DESCRIPTION, buffer, n, &n) &&
              !wcscmp(told->lpDescription, L"What it does") &&
              QueryServiceConfig2A(s, SERVICE_CONFIG_DESCRIPTION, buffer, sizeof buffer, &n) &&
              !strcmp(told_narrow->lpDescription, "What it does"),
          "SERVICE_CONFIG_DESCRIPTION");
    BOOL delayed = TRUE;
    CHECK(ChangeServiceConfig2W(s, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed) &&
              QueryServiceConfig2W(s, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, buffer, sizeof buffer, &n) &&
              *(BOOL*)buffer,
          "SERVICE_CONFIG_DELAYED_AUTO_START_INFO");
    SERVICE_FAILURE_ACTIONSW actions = {0};
    CHECK(FAILS(ChangeServiceConfig2W(s, SERVICE_CONFIG_FAILURE_ACTIONS, &actions),
                ERROR_CANNOT_DETECT_DRIVER_FAILURE),
          "ERROR_CANNOT_DETECT_DRIVER_FAILURE: failure actions are for programs only");
    CHECK(FAILS(QueryServiceConfig2W(s, 99, buffer, sizeof buffer, &n), ERROR_INVALID_LEVEL),
          "ERROR_INVALID_LEVEL");
    WCHAR name[20];
    CHAR short_name[4];
    n = 20;
    CHECK(GetServiceDisplayNameW(manager, L"SCM1", name, &n) && n == 8 && !wcscmp(name, L"New name"),
          "GetServiceDisplayName");
    n = sizeof short_name;
    CHECK(FAILS(GetServiceDisplayNameA(manager, "scm1", short_name, &n), ERROR_INSUFFICIENT_BUFFER) && n == 8,
          "the length when it does not fit");
    n = 20;
    CHECK(GetServiceKeyNameW(manager, L"new NAME", name, &n) && n == 4 && !wcscmp(name, L"scm1"),
          "GetServiceKeyName");
    n = 20;
    CHECK(FAILS(GetServiceKeyNameW(manager, L"nobody", name, &n), ERROR_SERVICE_DOES_NOT_EXIST) &&
              FAILS(GetServiceDisplayNameW(manager, L"nobody", name, &n), ERROR_SERVICE_DOES_NOT_EXIST),
          "ERROR_SERVICE_DOES_NOT_EXIST");

    // Descriptors.
    CHECK(FAILS(QueryServiceObjectSecurity(s, DACL_SECURITY_INFORMATION, buffer, 0, &needed),
                ERROR_INSUFFICIENT_BUFFER) &&
              QueryServiceObjectSecurity(s, DACL_SECURITY_INFORMATION, buffer, sizeof buffer, &n) &&
              n == needed,
          "QueryServiceObjectSecurity");
    CHECK(((SECURITY_DESCRIPTOR_RELATIVE*)buffer)->Control & SE_DACL_PRESENT &&
              !((SECURITY_DESCRIPTOR_RELATIVE*)buffer)->Owner,
          "self-relative, with the parts that were asked for");
    CHECK(SetServiceObjectSecurity(s, DACL_SECURITY_INFORMATION, buffer), "SetServiceObjectSecurity");
    CHECK(QueryServiceObjectSecurity(manager, DACL_SECURITY_INFORMATION, buffer, sizeof buffer, &n),
          "the manager has one as well");
    CHECK(FAILS(QueryServiceObjectSecurity(s, 0, buffer, sizeof buffer, &n), ERROR_INVALID_PARAMETER),
          "no part");
    SC_HANDLE weak = OpenServiceW(manager, L"scm1", SERVICE_QUERY_STATUS);
    CHECK(FAILS(QueryServiceObjectSecurity(weak, DACL_SECURITY_INFORMATION, buffer, sizeof buffer, &n),
                ERROR_ACCESS_DENIED),
          "READ_CONTROL is needed");
    CloseServiceHandle(weak);
    finish_service(s);
}

static void listing(void) {
    static BYTE buffer[8000], small[160];
    ENUM_SERVICE_STATUS_PROCESSW* list = (PVOID)buffer;
    ENUM_SERVICE_STATUSW* part = (PVOID)small;
    DWORD needed, count, resume = 0;
    SC_HANDLE a = create(L"scm_a", L"First", L"System32\\drivers\\loadee.sys", NULL),
              b = create(L"scm_b", NULL, L"System32\\drivers\\echo.sys", NULL);
    StartServiceW(b, 0, NULL);
    CHECK(EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_DRIVER, SERVICE_STATE_ALL, buffer,
                                sizeof buffer, &needed, &count, NULL, NULL) &&
              !needed,
          "EnumServicesStatusEx");
    int seen = 0;
    for (DWORD i = 0; i < count; ++i) {
        seen += !wcscmp(list[i].lpServiceName, L"scm_a") && !wcscmp(list[i].lpDisplayName, L"First") &&
                list[i].ServiceStatusProcess.dwCurrentState == SERVICE_STOPPED;
        seen += !wcscmp(list[i].lpServiceName, L"scm_b") &&
                list[i].ServiceStatusProcess.dwCurrentState == SERVICE_RUNNING;
    }
    CHECK(seen == 2, "both are there, with their states");
    DWORD all = count, total = 0, rounds = 0;
    for (BOOL more = TRUE; more && rounds < 20; ++rounds) {
        more = !EnumServicesStatusW(manager, SERVICE_DRIVER, SERVICE_STATE_ALL, part, sizeof small, &needed,
                                    &count, &resume) &&
               GetLastError() == ERROR_MORE_DATA && needed && resume;
        total += count;
    }
    CHECK(total == all && rounds > 1 && resume == 0, "in parts: ERROR_MORE_DATA and the place to go on");
    CHECK(EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_DRIVER, SERVICE_INACTIVE, buffer,
                                sizeof buffer, &needed, &count, NULL, L"") &&
              count >= 1,
          "services in no group");
    CHECK(FAILS(EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_DRIVER, SERVICE_STATE_ALL,
                                      buffer, sizeof buffer, &needed, &count, NULL, L"No such group"),
                ERROR_SERVICE_DOES_NOT_EXIST),
          "ERROR_SERVICE_DOES_NOT_EXIST: no such group");
    CHECK(FAILS(EnumServicesStatusExW(manager, 5, SERVICE_DRIVER, SERVICE_STATE_ALL, buffer, sizeof buffer,
                                      &needed, &count, NULL, NULL),
                ERROR_INVALID_LEVEL) &&
              FAILS(EnumServicesStatusW(manager, 0, SERVICE_STATE_ALL, part, sizeof small, &needed, &count,
                                        NULL),
                    ERROR_INVALID_PARAMETER) &&
              FAILS(EnumServicesStatusA(manager, SERVICE_DRIVER, 0, (PVOID)part, sizeof small, &needed,
                                        &count, NULL),
                    ERROR_INVALID_PARAMETER),
          "ERROR_INVALID_LEVEL, ERROR_INVALID_PARAMETER");
    CHECK(EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL, buffer,
                                sizeof buffer, &needed, &count, NULL, NULL) &&
              count == 0,
          "no programs are services here");
    SERVICE_STATUS status;
    ControlService(b, SERVICE_CONTROL_STOP, &status);
    finish_service(a);
    finish_service(b);
    SERVICE_TABLE_ENTRYW table[2] = {{0}};
    CHECK(FAILS(StartServiceCtrlDispatcherW(table), ERROR_FAILED_SERVICE_CONTROLLER_CONNECT),
          "StartServiceCtrlDispatcher: a console program is no service");
}

// Two programs, one database: one makes a service and starts it, the other stops and deletes it.
static SC_HANDLE await_service(PCWSTR name, DWORD wanted) {
    for (int i = 0; i < 500; ++i, Sleep(20)) {
        SC_HANDLE s = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
        if (s && state(s) == wanted) return s;
        if (s) CloseServiceHandle(s);
    }
    return NULL;
}

static void shared(void) {
    SC_HANDLE s = create(L"shared", NULL, L"System32\\drivers\\loadee.sys", NULL);
    CHECK(s && StartServiceW(s, 0, NULL), "one program's service");
    for (int i = 0; i < 500 && state(s) != SERVICE_STOPPED; ++i)
        Sleep(20);
    CHECK(state(s) == SERVICE_STOPPED, "another one has stopped it");
    for (int i = 0; i < 500 && (DeleteService(s), GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE); ++i)
        Sleep(20);
    CHECK(FAILS(StartServiceW(s, 0, NULL), ERROR_SERVICE_MARKED_FOR_DELETE),
          "and deleted; this handle keeps it");
    CloseServiceHandle(s);
}

static void peer(void) {
    SC_HANDLE s = await_service(L"shared", SERVICE_RUNNING);
    SERVICE_STATUS status;
    CHECK(s && ControlService(s, SERVICE_CONTROL_STOP, &status), "another program's service");
    CHECK(DeleteService(s) || GetLastError() == ERROR_SERVICE_MARKED_FOR_DELETE, "deleted");
    // Left open: the end of the process closes it.
}

// Run as a standard user: "local authenticated users".
static void standard_user(void) {
    CHECK(FAILS(OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), ERROR_ACCESS_DENIED) &&
              FAILS(OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE), ERROR_ACCESS_DENIED),
          "only administrators create services");
    manager = OpenSCManagerW(
        NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE | SC_MANAGER_QUERY_LOCK_STATUS);
    CHECK(manager != NULL, "local users connect, enumerate and ask");
    SC_HANDLE s =
        OpenServiceW(manager, L"Null", SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG | SERVICE_INTERROGATE);
    CHECK(s && state(s) == SERVICE_RUNNING, "and look at services");
    CloseServiceHandle(s);
    CHECK(FAILS(OpenServiceW(manager, L"Null", SERVICE_STOP), ERROR_ACCESS_DENIED) &&
              FAILS(OpenServiceW(manager, L"Null", SERVICE_START), ERROR_ACCESS_DENIED) &&
              FAILS(OpenServiceW(manager, L"Null", DELETE), ERROR_ACCESS_DENIED),
          "but do not start, stop or delete them");
    CloseServiceHandle(manager);
}

// SERVICE_NOTIFY_2W; mingw's header has the first version only.
typedef struct {
    DWORD version;
    VOID(CALLBACK* callback)(PVOID);
    PVOID context;
    DWORD error;
    SERVICE_STATUS_PROCESS status;
    DWORD triggered;
    PWSTR names;
} NOTIFY;
enum { notify_stopped = 1, notify_created = 0x80, notify_deleted = 0x100, notify_delete_pending = 0x200 };

static int notified;
static DWORD ask(SC_HANDLE handle, DWORD mask, NOTIFY* buffer) {
    return NotifyServiceStatusChangeW(handle, mask, (PVOID)buffer);
}

static VOID CALLBACK note(PVOID parameter) {
    NOTIFY* buffer = parameter;
    notified = buffer->context == &notified ? notified + 1 : 99;
}

static void notifications(void) {
    NOTIFY n = {2, note, &notified, 77, {0}, 0, NULL}, m = n, bad = n;
    SC_HANDLE s = CreateServiceW(manager, L"scmprog", NULL, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                 SERVICE_DEMAND_START, 1, L"C:\\prog.exe", NULL, NULL, NULL, NULL, NULL);
    CHECK(s != NULL, "a service that is a program can be installed");
    CHECK(ask(s, notify_stopped, &n) == ERROR_SUCCESS && notified == 0,
          "NotifyServiceStatusChange: ERROR_SUCCESS; the callback comes as an APC");
    CHECK(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION && notified == 1 && n.error == ERROR_SUCCESS &&
              n.triggered == notify_stopped && n.status.dwCurrentState == SERVICE_STOPPED,
          "the service is already in the requested state: the callback function is queued immediately");
    CHECK(ask(s, notify_stopped | notify_delete_pending, &n) == ERROR_SUCCESS && SleepEx(0, TRUE) == 0 &&
              notified == 1,
          "the state has not changed by the next time: the callback function is not queued immediately");
    CHECK(ask(s, notify_stopped, &m) != ERROR_SUCCESS,
          "there can only be one outstanding notification request per service");
    CHECK(ask(manager, notify_created | notify_deleted, &m) == ERROR_SUCCESS,
          "SERVICE_NOTIFY_CREATED and _DELETED: a handle to the SCM");
    SC_HANDLE other =
        CreateServiceW(manager, L"scmother", NULL, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                       SERVICE_DEMAND_START, 1, L"C:\\prog.exe", NULL, NULL, NULL, NULL, NULL);
    CHECK(SleepEx(0, TRUE) == WAIT_IO_COMPLETION && notified == 2 && m.triggered == notify_created &&
              m.names && !wcscmp(m.names, L"/scmother") && !m.names[10] && !LocalFree(m.names),
          "the names of the created services have a '/' prefix; LocalFree frees them");
    ask(manager, notify_deleted, &m);
    finish_service(other);
    CHECK(SleepEx(0, TRUE) == WAIT_IO_COMPLETION && notified == 3 && m.triggered == notify_deleted &&
              m.names && !wcscmp(m.names, L"scmother"),
          "SERVICE_NOTIFY_DELETED");
    LocalFree(m.names);
    DeleteService(s);
    CHECK(
        SleepEx(0, TRUE) == WAIT_IO_COMPLETION && notified == 4 && n.triggered == notify_delete_pending,
        "SERVICE_NOTIFY_DELETE_PENDING: an application has specified the service in a call to DeleteService");
    CHECK(ask(s, notify_stopped, &n) == ERROR_SERVICE_MARKED_FOR_DELETE,
          "NotifyServiceStatusChange: ERROR_SERVICE_MARKED_FOR_DELETE");
    ask(manager, notify_deleted, &m);
    SC_HANDLE again = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    CHECK(ask(again, notify_created, &bad) == ERROR_ACCESS_DENIED,
          "a handle to the SCM must have SC_MANAGER_ENUMERATE_SERVICE");
    CloseServiceHandle(manager);
    CloseServiceHandle(s);
    CHECK(SleepEx(0, TRUE) == 0 && notified == 4,
          "after CloseServiceHandle no more notification APCs are queued");
    CloseServiceHandle(again);
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE driver = create(L"scmdriver", NULL, L"System32\\drivers\\loadee.sys", NULL);
    CHECK(ask(driver, notify_stopped, &bad) != ERROR_SUCCESS &&
              ask(manager, notify_stopped, &bad) != ERROR_SUCCESS && ask(manager, 0, &bad) != ERROR_SUCCESS,
          "it cannot be used to receive notifications about driver services; states are those of a service");
    finish_service(driver);
}

// Threads that run as soon as they are told, and close the handle that they have asked with.
static HANDLE asking;
static LONG closed;
static VOID CALLBACK note_and_close(PVOID parameter) {
    NOTIFY* buffer = parameter;
    LocalFree(buffer->names);
    if (CloseServiceHandle(buffer->context)) InterlockedIncrement(&closed);
}
static DWORD WINAPI asker(PVOID mask) {
    NOTIFY n = {2, note_and_close, OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), 0, {0}, 0, NULL};
    ask(n.context, (DWORD)(ULONG_PTR)mask, &n);
    ReleaseSemaphore(asking, 1, NULL);
    SleepEx(INFINITE, TRUE);
    return 0;
}
static void begin_askers(HANDLE* threads, int count, ULONG_PTR mask) {
    asking = CreateSemaphoreW(NULL, 0, count, NULL);
    closed = 0;
    for (int i = 0; i < count; ++i) {
        threads[i] = CreateThread(NULL, 0, asker, (PVOID)mask, 0, NULL);
        SetThreadPriority(threads[i], THREAD_PRIORITY_HIGHEST);
    }
    for (int i = 0; i < count; ++i)
        WaitForSingleObject(asking, INFINITE);
}
static BOOL end_askers(HANDLE* threads, int count) {
    WaitForMultipleObjects((DWORD)count, threads, TRUE, INFINITE);
    for (int i = 0; i < count; ++i)
        CloseHandle(threads[i]);
    CloseHandle(asking);
    return closed == count;
}

static void many_notifications(void) {
    enum { count = 3 };
    HANDLE threads[count];
    begin_askers(threads, count, notify_created);
    SC_HANDLE s = CreateServiceW(manager, L"scmmany", NULL, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                 SERVICE_DEMAND_START, 1, L"C:\\prog.exe", NULL, NULL, NULL, NULL, NULL);
    CHECK(s && end_askers(threads, count), "several threads hear of one service, and close their handles");
    begin_askers(threads, count, notify_deleted);
    CHECK(DeleteService(s) && CloseServiceHandle(s) && end_askers(threads, count),
          "and of its end, when the last handle to it is closed");
}

static VOID WINAPI handler(DWORD code) { (void)code; }

// A program that is not run as a service.
static void own_program(void) {
    SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, SERVICE_RUNNING, 0, 0, 0, 0, 0};
    SERVICE_TABLE_ENTRYW table[2] = {{L"scm", NULL}, {NULL, NULL}};
    CHECK(FAILS(StartServiceCtrlDispatcherW(table), ERROR_FAILED_SERVICE_CONTROLLER_CONNECT),
          "StartServiceCtrlDispatcher: the program is run as a console application");
    CHECK(FAILS(RegisterServiceCtrlHandlerW(L"scm", handler), ERROR_SERVICE_NOT_IN_EXE),
          "RegisterServiceCtrlHandler: ERROR_SERVICE_NOT_IN_EXE");
    CHECK(FAILS(SetServiceStatus(NULL, &status), ERROR_INVALID_HANDLE),
          "SetServiceStatus: ERROR_INVALID_HANDLE");
}

int main(int argc, char** argv) {
    if (argc > 1 && argv[1][0] == 'u') {
        standard_user();
        return finish();
    }
    if (argc > 1) {
        manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
        if (argv[1][0] == 'p')
            peer();
        else
            shared();
        return finish();
    }
    managers();
    creating();
    accounts();
    running();
    dependencies();
    configuring();
    listing();
    failing();
    notifications();
    many_notifications();
    own_program();
    CloseServiceHandle(manager);
    return finish();
}
