// The classic driver loader: a driver as a service, by the service control functions.
//
//     drvload install NAME [PATH] | start NAME | stop NAME | query NAME | remove NAME     [, …]
//
// Several commands are separated by commas that stand alone; the first that fails ends the program. What it
// prints looks as sc.exe prints it. Without PATH the driver is System32\drivers\NAME.sys; a path without a
// drive is taken from the current directory.
#include <windows.h>

#include <stdio.h>
#include <string.h>

static int failed(const char* what) {
    DWORD error = GetLastError();
    char text[512] = "";
    FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text,
                   sizeof text, NULL);
    text[strcspn(text, "\r\n")] = 0;
    printf("[SC] %s FAILED %lu:\n\n%s\n\n", what, error, text);
    return 1;
}

static const char* type_name(DWORD type) {
    switch (type) {
    case SERVICE_KERNEL_DRIVER:
        return "KERNEL_DRIVER";
    case SERVICE_FILE_SYSTEM_DRIVER:
        return "FILE_SYSTEM_DRIVER";
    case SERVICE_WIN32_OWN_PROCESS:
        return "WIN32_OWN_PROCESS";
    case SERVICE_WIN32_SHARE_PROCESS:
        return "WIN32_SHARE_PROCESS";
    default:
        return "";
    }
}

static void print(const char* name, const SERVICE_STATUS* s) {
    static const char* states[] = {"",        "STOPPED",          "START_PENDING", "STOP_PENDING",
                                   "RUNNING", "CONTINUE_PENDING", "PAUSE_PENDING", "PAUSED"};
    printf("\nSERVICE_NAME: %s \n", name);
    printf("        TYPE               : %lx  %s  \n", s->dwServiceType, type_name(s->dwServiceType));
    printf("        STATE              : %lx  %s \n", s->dwCurrentState, states[s->dwCurrentState & 7]);
    if (s->dwCurrentState != SERVICE_STOPPED)
        printf("                                (%s, %s, %s)\n",
               s->dwControlsAccepted & SERVICE_ACCEPT_STOP ? "STOPPABLE" : "NOT_STOPPABLE",
               s->dwControlsAccepted & SERVICE_ACCEPT_PAUSE_CONTINUE ? "PAUSABLE" : "NOT_PAUSABLE",
               s->dwControlsAccepted & SERVICE_ACCEPT_SHUTDOWN ? "ACCEPTS_SHUTDOWN" : "IGNORES_SHUTDOWN");
    printf("        WIN32_EXIT_CODE    : %lu  (0x%lx)\n", s->dwWin32ExitCode, s->dwWin32ExitCode);
    printf("        SERVICE_EXIT_CODE  : %lu  (0x%lx)\n", s->dwServiceSpecificExitCode,
           s->dwServiceSpecificExitCode);
    printf("        CHECKPOINT         : 0x%lx\n", s->dwCheckPoint);
    printf("        WAIT_HINT          : 0x%lx\n", s->dwWaitHint);
}

static int install(SC_HANDLE manager, const char* name, const char* path) {
    char whole[MAX_PATH];
    if (!path)
        snprintf(whole, sizeof whole, "System32\\drivers\\%s.sys", name);
    else if (path[0] == '\\' || !GetFullPathNameA(path, sizeof whole, whole, NULL))
        snprintf(whole, sizeof whole, "%s", path);
    SC_HANDLE service =
        CreateServiceA(manager, name, name, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
                       SERVICE_ERROR_NORMAL, whole, NULL, NULL, NULL, NULL, NULL);
    if (!service) return failed("CreateService");
    CloseServiceHandle(service);
    puts("[SC] CreateService SUCCESS");
    return 0;
}

static int act(SC_HANDLE service, const char* verb, const char* name) {
    SERVICE_STATUS status;
    if (!strcmp(verb, "start")) {
        if (!StartServiceA(service, 0, NULL)) return failed("StartService");
        if (!QueryServiceStatus(service, &status)) return failed("QueryServiceStatus");
    } else if (!strcmp(verb, "stop")) {
        if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) return failed("ControlService");
    } else if (!strcmp(verb, "query")) {
        if (!QueryServiceStatus(service, &status)) return failed("QueryServiceStatus");
    } else {
        if (!DeleteService(service)) return failed("DeleteService");
        puts("[SC] DeleteService SUCCESS");
        return 0;
    }
    print(name, &status);
    return 0;
}

static int run(SC_HANDLE manager, int argc, char** argv) {
    static const char* verbs[] = {"install", "start", "stop", "query", "remove"};
    int known = 0;
    for (int i = 0; argc >= 2 && i < 5; ++i)
        known |= !strcmp(argv[0], verbs[i]);
    if (!known || argc > (strcmp(argv[0], "install") ? 2 : 3)) {
        puts("usage: drvload install NAME [PATH] | start NAME | stop NAME | query NAME | remove NAME  [, "
             "...]");
        return 2;
    }
    if (!strcmp(argv[0], "install")) return install(manager, argv[1], argc > 2 ? argv[2] : NULL);
    SC_HANDLE service = OpenServiceA(manager, argv[1], SERVICE_ALL_ACCESS);
    if (!service) return failed("OpenService");
    int result = act(service, argv[0], argv[1]);
    CloseServiceHandle(service);
    return result;
}

int main(int argc, char** argv) {
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    if (!manager) return failed("OpenSCManager");
    int result = 0, at = 1;
    do {
        int end = at;
        while (end < argc && strcmp(argv[end], ","))
            ++end;
        result = run(manager, end - at, argv + at);
        at = end + 1;
    } while (!result && at < argc);
    CloseServiceHandle(manager);
    return result;
}
