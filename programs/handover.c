// A parent that opens a device and gives the handle to a child: heir.exe, which never learns the device's
// name.
//     drvlab run --driver mailbox.sys -- handover.exe 'a message'
#define _WIN32_WINNT 0x0600
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int failed(const char* what) {
    fprintf(stderr, "handover: %s: error %lu\n", what, GetLastError());
    return 1;
}

// The child inherits this handle and no other: PROC_THREAD_ATTRIBUTE_HANDLE_LIST.
static BOOL start_heir(HANDLE device, PROCESS_INFORMATION* child) {
    SIZE_T size = 0;
    char line[64];
    STARTUPINFOEXA startup = {.StartupInfo.cb = sizeof startup};
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    startup.lpAttributeList = malloc(size);
    sprintf(line, "heir %#llx", (unsigned long long)(ULONG_PTR)device);
    BOOL good = startup.lpAttributeList &&
                InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size) &&
                UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                          &device, sizeof device, NULL, NULL) &&
                CreateProcessA(NULL, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                               &startup.StartupInfo, child);
    DWORD error = GetLastError();
    if (startup.lpAttributeList) DeleteProcThreadAttributeList(startup.lpAttributeList);
    free(startup.lpAttributeList);
    SetLastError(error);
    return good;
}

int main(int argc, char** argv) {
    const char* message = argc > 1 ? argv[1] : "hello";
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE device = CreateFileA("\\\\.\\Mailbox\\heir", GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, &inheritable, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE) return failed("\\\\.\\Mailbox\\heir");
    PROCESS_INFORMATION child;
    if (!start_heir(device, &child)) return failed("heir.exe");
    DWORD bytes, code;
    if (!WriteFile(device, message, (DWORD)strlen(message), &bytes, NULL)) return failed("write");
    printf("parent: %lu bytes posted\n", bytes);
    fflush(stdout);
    CloseHandle(device); // the child's handle keeps the file open
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    printf("parent: the child ended with %lu\n", code);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
    return 0;
}
