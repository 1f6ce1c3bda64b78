// Asks the Rules driver to break one rule: rules_client NAME; without a name it lists them. Says what became
// of the request; with "wait" behind the name the request is synchronous.
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "rules.h"

int main(int argc, char** argv) {
    static const struct {
        const char* name;
        DWORD code;
        const char* what;
    } rules[] = {
#define ROW(name, function, what) {#name, RULE_CODE(function), what},
        RULES(ROW)};
    BOOL wait = argc > 2 && strcmp(argv[2], "wait") == 0;
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; ++i) {
        if (argc < 2) {
            printf("%-20s %s\n", rules[i].name, rules[i].what);
            continue;
        }
        if (strcmp(argv[1], rules[i].name) != 0) continue;
        HANDLE device = CreateFileA("\\\\.\\Rules", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                    wait ? 0 : FILE_FLAG_OVERLAPPED, NULL);
        if (device == INVALID_HANDLE_VALUE) {
            fprintf(stderr, "rules_client: CreateFile: error %lu\n", GetLastError());
            return 2;
        }
        DWORD done = 0;
        OVERLAPPED o = {0};
        o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
        BOOL ok = DeviceIoControl(device, rules[i].code, NULL, 0, NULL, 0, &done, wait ? NULL : &o);
        DWORD error = ok ? 0 : GetLastError();
        BOOL event = WaitForSingleObject(o.hEvent, 1000) == WAIT_OBJECT_0;
        printf("%s: error %lu, %s\n", ok ? "success" : "failure", error,
               event ? "the event is set" : "the event is not set");
        fflush(stdout);
        if (argc > 2 && strcmp(argv[2], "cancel") == 0) {
            ok = CancelIoEx(device, &o);
            printf("CancelIoEx: error %lu\n", ok ? 0 : GetLastError());
        }
        return 0;
    }
    return argc < 2 ? 0 : 3;
}
