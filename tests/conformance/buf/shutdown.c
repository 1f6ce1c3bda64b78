// NtShutdownSystem: refused without the privilege; with it drivers get IRP_MJ_SHUTDOWN and nothing follows.
#include "user.h"

NTSTATUS NTAPI NtShutdownSystem(ULONG);

static BOOL enable(const char* name) {
    HANDLE token;
    TOKEN_PRIVILEGES wanted = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    return OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token) &&
           LookupPrivilegeValueA(NULL, name, &wanted.Privileges[0].Luid) &&
           AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL) && GetLastError() == ERROR_SUCCESS;
}

int main(void) {
    CHECK(NtShutdownSystem(7) == STATUS_INVALID_PARAMETER, "an action that is none");
    CHECK(NtShutdownSystem(2) == STATUS_PRIVILEGE_NOT_HELD, "without SeShutdownPrivilege");
    CHECK(enable("SeShutdownPrivilege"), "the privilege is enabled");
    finish();
    NtShutdownSystem(2);
    puts("there is something after the end");
    return 1;
}
