// Names of objects in the global namespace and at low integrity: Win32 pages
// TermServ/kernel-object-namespaces, SecAuthZ/mandatory-integrity-control. The argument says who runs:
// administrator, standard, low or system.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "../common/program.h"

static HANDLE section(const char* name) {
    SetLastError(0);
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name);
}

static void labels(int low) {
    PSECURITY_DESCRIPTOR d = NULL;
    char* text = NULL;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, "ConformGlobalLabel");
    CHECK(event != NULL, "everybody may name objects in the session's namespace");
    GetSecurityInfo(event, SE_KERNEL_OBJECT, LABEL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL, &d);
    ConvertSecurityDescriptorToStringSecurityDescriptorA(d, SDDL_REVISION_1, LABEL_SECURITY_INFORMATION,
                                                         &text, NULL);
    CHECK(text && strcmp(text, low ? "S:(ML;;NW;;;LW)" : "") == 0,
          "an object of low integrity's has a low label, others none");
    LocalFree(text);
    LocalFree(d);
    CloseHandle(event);
    // A label that comes with the object.
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, FALSE};
    ConvertStringSecurityDescriptorToSecurityDescriptorA("S:(ML;;NW;;;LW)", SDDL_REVISION_1,
                                                         &security.lpSecurityDescriptor, NULL);
    event = CreateEventA(&security, FALSE, FALSE, "ConformGlobalLow");
    CHECK(event != NULL, "a label of the own level or below can be given");
    CloseHandle(event);
    LocalFree(security.lpSecurityDescriptor);
    ConvertStringSecurityDescriptorToSecurityDescriptorA("S:(ML;;NW;;;SI)", SDDL_REVISION_1,
                                                         &security.lpSecurityDescriptor, NULL);
    event = CreateEventA(&security, FALSE, FALSE, "ConformGlobalHigh");
    CHECK(!event && GetLastError() == 1299, "ERROR_INVALID_LABEL: not one above it");
    LocalFree(security.lpSecurityDescriptor);
}

static void privileged(void) {
    HANDLE made = section("Global\\ConformGlobalSection");
    CHECK(made != NULL, "SeCreateGlobalPrivilege: sections may be made in Global\\");
    HANDLE again = OpenFileMappingA(FILE_MAP_READ, FALSE, "Global\\ConformGlobalSection");
    CHECK(again != NULL, "and opened");
    CloseHandle(again);
    CloseHandle(made);
    HANDLE token;
    TOKEN_PRIVILEGES one = {1, {{{30, 0}, 0}}};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
    CloseHandle(token);
    made = section("Global\\ConformGlobalSection");
    CHECK(!made && GetLastError() == ERROR_ACCESS_DENIED, "the privilege must be enabled");
    if (made) CloseHandle(made);
}

static void unprivileged(void) {
    HANDLE made = section("Global\\ConformGlobalSection");
    CHECK(!made && GetLastError() == ERROR_ACCESS_DENIED,
          "without SeCreateGlobalPrivilege no section can be made in Global\\");
    made = section("Local\\ConformGlobalSection");
    CHECK(made != NULL, "Local\\ is the session's own");
    CloseHandle(made);
    made = CreateEventA(NULL, FALSE, FALSE, "Global\\ConformGlobalEvent");
    CHECK(made != NULL, "the privilege is for sections and symbolic links only");
    CloseHandle(made);
}

int main(int argc, char** argv) {
    const char* user = argc > 1 ? argv[1] : "administrator";
    if (strcmp(user, "system") != 0) labels(strcmp(user, "low") == 0);
    if (strcmp(user, "administrator") == 0 || strcmp(user, "system") == 0)
        privileged();
    else
        unprivileged();
    return finish();
}
