// Names of accounts: Win32 pages of LookupAccountSid, LookupAccountName, GetUserName,
// SecAuthZ/well-known-sids. The argument says who runs.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <sddl.h>

#include "../common/program.h"

static char name[64], domain[64];
static SID_NAME_USE use;

static int sid_is(const char* text, const char* expected_domain, const char* expected, SID_NAME_USE kind) {
    PSID sid = NULL;
    DWORD n = sizeof name, d = sizeof domain;
    if (!ConvertStringSidToSidA(text, &sid)) return 0;
    const BOOL good = LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use);
    const int right = good && strcmp(name, expected) == 0 && strcmp(domain, expected_domain) == 0 &&
                      use == kind && n == strlen(expected) && d == strlen(expected_domain);
    if (!right) printf("  %s\\%s %d error %lu\n", domain, name, use, good ? 0 : GetLastError());
    LocalFree(sid);
    return right;
}
static int name_is(const char* account, const char* expected_domain, const char* text, SID_NAME_USE kind) {
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD n = sizeof sid, d = sizeof domain;
    char* found = NULL;
    if (!LookupAccountNameA(NULL, account, sid, &n, domain, &d, &use)) {
        printf("  error %lu\n", GetLastError());
        return 0;
    }
    ConvertSidToStringSidA(sid, &found);
    const int right = strcmp(found, text) == 0 && strcmp(domain, expected_domain) == 0 && use == kind;
    if (!right) printf("  %s %s %d\n", found, domain, use);
    LocalFree(found);
    return right;
}

static void by_sid(void) {
    CHECK(sid_is("S-1-1-0", "", "Everyone", SidTypeWellKnownGroup), "Everyone is of no domain");
    CHECK(sid_is("S-1-5-18", "NT AUTHORITY", "SYSTEM", SidTypeWellKnownGroup), "NT AUTHORITY\\SYSTEM");
    CHECK(sid_is("S-1-5-11", "NT AUTHORITY", "Authenticated Users", SidTypeWellKnownGroup),
          "NT AUTHORITY\\Authenticated Users");
    CHECK(sid_is("S-1-5-32-544", "BUILTIN", "Administrators", SidTypeAlias), "BUILTIN\\Administrators");
    CHECK(sid_is("S-1-5-32", "BUILTIN", "BUILTIN", SidTypeDomain), "BUILTIN is a domain");
    CHECK(sid_is("S-1-16-12288", "Mandatory Label", "High Mandatory Level", SidTypeLabel),
          "Mandatory Label\\High Mandatory Level");
    CHECK(sid_is("S-1-5-80-0", "NT SERVICE", "ALL SERVICES", SidTypeWellKnownGroup),
          "NT SERVICE\\ALL SERVICES");
    CHECK(sid_is("S-1-15-2-2", "APPLICATION PACKAGE AUTHORITY", "ALL RESTRICTED APPLICATION PACKAGES",
                 SidTypeWellKnownGroup),
          "ALL RESTRICTED APPLICATION PACKAGES");
    CHECK(sid_is("S-1-5-90-0", "Window Manager", "Window Manager Group", SidTypeWellKnownGroup),
          "Window Manager\\Window Manager Group");
    CHECK(sid_is("S-1-5-19", "NT AUTHORITY", "LOCAL SERVICE", SidTypeWellKnownGroup), "LOCAL SERVICE");
    CHECK(name_is("NT AUTHORITY\\LocalService", "NT AUTHORITY", "S-1-5-19", SidTypeWellKnownGroup) &&
              name_is("NT AUTHORITY\\NetworkService", "NT AUTHORITY", "S-1-5-20", SidTypeWellKnownGroup),
          "the names of CreateService's lpServiceStartName");
    PSID sid = NULL;
    DWORD n = sizeof name, d = sizeof domain;
    ConvertStringSidToSidA("S-1-5-5-0-12345", &sid);
    CHECK(!LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use) && GetLastError() == ERROR_NONE_MAPPED,
          "ERROR_NONE_MAPPED: a logon SID has no account name");
    LocalFree(sid);
    ConvertStringSidToSidA("S-1-5-32-545", &sid);
    n = d = 0;
    CHECK(!LookupAccountSidA(NULL, sid, NULL, &n, NULL, &d, &use) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && n == 6 && d == 8,
          "ERROR_INSUFFICIENT_BUFFER: the sizes with their nulls");
    n = 6, d = 7;
    CHECK(!LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && d == 8,
          "one character too few");
    n = 6, d = 8;
    WCHAR wide[8], wide_domain[8];
    CHECK(LookupAccountSidW(L"", sid, wide, &n, wide_domain, &d, &use) && wcscmp(wide, L"Users") == 0 &&
              wcscmp(wide_domain, L"BUILTIN") == 0 && n == 5 && d == 7,
          "LookupAccountSidW");
    char computer[32];
    DWORD size = sizeof computer;
    GetComputerNameA(computer, &size);
    n = sizeof name, d = sizeof domain;
    CHECK(LookupAccountSidA(computer, sid, name, &n, domain, &d, &use), "lpSystemName: this computer");
    n = sizeof name, d = sizeof domain;
    CHECK(!LookupAccountSidA("\\\\ELSEWHERE", sid, name, &n, domain, &d, &use) &&
              GetLastError() == RPC_S_SERVER_UNAVAILABLE,
          "no other computer can be asked");
    *GetSidSubAuthorityCount(sid) = 16;
    n = sizeof name, d = sizeof domain;
    CHECK(!LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use) && GetLastError() == ERROR_INVALID_SID,
          "ERROR_INVALID_SID");
    *GetSidSubAuthorityCount(sid) = 2;
    LocalFree(sid);
}

static void by_name(void) {
    CHECK(name_is("Everyone", "", "S-1-1-0", SidTypeWellKnownGroup), "Everyone");
    CHECK(name_is("everyONE", "", "S-1-1-0", SidTypeWellKnownGroup), "names have no case");
    CHECK(name_is("Administrators", "BUILTIN", "S-1-5-32-544", SidTypeAlias), "Administrators");
    CHECK(name_is("BUILTIN\\Users", "BUILTIN", "S-1-5-32-545", SidTypeAlias), "BUILTIN\\Users");
    CHECK(name_is("NT AUTHORITY\\SYSTEM", "NT AUTHORITY", "S-1-5-18", SidTypeWellKnownGroup),
          "NT AUTHORITY\\SYSTEM");
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD n = sizeof sid, d = sizeof domain;
    CHECK(!LookupAccountNameA(NULL, "Nobody at all", sid, &n, domain, &d, &use) &&
              GetLastError() == ERROR_NONE_MAPPED,
          "ERROR_NONE_MAPPED");
    CHECK(!LookupAccountNameA(NULL, "BUILTIN\\SYSTEM", sid, &n, domain, &d, &use) &&
              GetLastError() == ERROR_NONE_MAPPED,
          "ERROR_NONE_MAPPED: not in this domain");
    n = d = 0;
    CHECK(!LookupAccountNameA(NULL, "Users", NULL, &n, NULL, &d, &use) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && n == 16 && d == 8,
          "ERROR_INSUFFICIENT_BUFFER: the sizes");
    n = 16, d = 8;
    WCHAR wide[8];
    CHECK(LookupAccountNameW(NULL, L"Users", sid, &n, wide, &d, &use) && n == 16 && d == 7 &&
              IsWellKnownSid(sid, WinBuiltinUsersSid),
          "LookupAccountNameW");
}

static void own(const char* user) {
    BYTE room[256], sid[SECURITY_MAX_SID_SIZE];
    char computer[32], mine[32];
    HANDLE token;
    DWORD size = 0, n = sizeof name, d = sizeof domain;
    const int system = strcmp(user, "system") == 0;
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token);
    GetTokenInformation(token, TokenUser, room, sizeof room, &size);
    size = sizeof computer;
    GetComputerNameA(computer, &size);
    PSID own_sid = ((TOKEN_USER*)room)->User.Sid;
    CHECK(LookupAccountSidA(NULL, own_sid, name, &n, domain, &d, &use) &&
              use == (system ? SidTypeWellKnownGroup : SidTypeUser) &&
              strcmp(domain, system ? "NT AUTHORITY" : computer) == 0,
          "who runs has a name; the domain of local accounts is the computer's name");
    size = 1;
    CHECK(!GetUserNameA(mine, &size) && GetLastError() == ERROR_INSUFFICIENT_BUFFER && size == n + 1,
          "GetUserName: ERROR_INSUFFICIENT_BUFFER with the size");
    CHECK(GetUserNameA(mine, &size) && strcmp(mine, name) == 0 && size == n + 1,
          "GetUserName: the name of that account, its length with the null");
    char qualified[96];
    snprintf(qualified, sizeof qualified, "%s\\%s", domain, name);
    size = sizeof sid, d = sizeof domain;
    CHECK(LookupAccountNameA(NULL, qualified, sid, &size, domain, &d, &use) && EqualSid(sid, own_sid),
          "LookupAccountName: the way back");
    DWORD bytes = sizeof sid;
    n = sizeof name, d = sizeof domain;
    CHECK(CreateWellKnownSid(WinAccountGuestSid, NULL, sid, &bytes) &&
              LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use) && strcmp(name, "Guest") == 0 &&
              use == SidTypeUser,
          "the Guest account");
    *GetSidSubAuthorityCount(sid) = 4;
    n = sizeof name, d = sizeof domain;
    CHECK(LookupAccountSidA(NULL, sid, name, &n, domain, &d, &use) && use == SidTypeDomain &&
              strcmp(domain, computer) == 0 && !*name,
          "the machine's own domain");
    snprintf(qualified, sizeof qualified, "%s\\", computer);
    if (!system && ImpersonateAnonymousToken(GetCurrentThread())) {
        size = sizeof mine;
        CHECK(GetUserNameA(mine, &size) && strcmp(mine, "ANONYMOUS LOGON") == 0,
              "GetUserName: of the client, when the thread impersonates one");
        RevertToSelf();
    }
    CloseHandle(token);
}

int main(int argc, char** argv) {
    by_sid();
    by_name();
    own(argc > 1 ? argv[1] : "administrator");
    return finish();
}
