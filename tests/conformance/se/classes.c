// What tokens tell, class by class, and what can be set: nf-ntifs-ntqueryinformationtoken,
// nf-ntifs-ntsetinformationtoken, ne-ntifs-_token_information_class; Win32 pages of GetTokenInformation,
// TOKEN_ACCESS_INFORMATION, TOKEN_LINKED_TOKEN, TOKEN_ELEVATION_TYPE. The argument says who runs.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include "../common/program.h"
#include <stdlib.h>

typedef LONG STATUS;
#define STATUS_IS(expression, code) ((expression) == (STATUS)(code))
STATUS NTAPI NtQueryInformationToken(HANDLE, ULONG, PVOID, ULONG, ULONG*);
STATUS NTAPI NtSetInformationToken(HANDLE, ULONG, PVOID, ULONG);

enum { AccessInformation = 22, LinkedToken = 19, UserClaims = 33, DeviceClaims = 34, DeviceGroups = 37 };

// As winnt.h has them since Windows 8.
struct hash {
    DWORD count;
    SID_AND_ATTRIBUTES* sids;
    ULONG_PTR hash[32];
};
struct access {
    struct hash *sids, *restricted;
    TOKEN_PRIVILEGES* privileges;
    LUID authentication;
    TOKEN_TYPE type;
    SECURITY_IMPERSONATION_LEVEL level;
    TOKEN_MANDATORY_POLICY policy;
    DWORD flags, container;
    PSID package;
    struct hash* capabilities;
    PSID trust;
    PVOID attributes;
};

enum { room_size = 8192 };
static void* room;
static ULONG length;

static STATUS query(HANDLE token, ULONG information_class) {
    memset(room, 0xcc, room_size);
    length = 0;
    return NtQueryInformationToken(token, information_class, room, room_size, &length);
}
static ULONG number(HANDLE token, ULONG information_class) {
    return query(token, information_class) == 0 && length == 4 ? *(ULONG*)room : 0xcccccccc;
}

static void every_class(HANDLE token) {
    static const UCHAR classes[] = {1,  2,  3,  4,  5,  6,  7,  8,  10, 11, 12, 13, 15, 17, 18, 20, 21,
                                    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 37, 40, 46, 47};
    int good = 1, sized = 1;
    for (ULONG i = 0; i < sizeof classes; ++i) {
        ULONG needed = 0;
        if (query(token, classes[i]) != 0 && classes[i] != 28) good = 0, printf("  class %d\n", classes[i]);
        const ULONG whole = length;
        if (whole &&
            (!STATUS_IS(NtQueryInformationToken(token, classes[i], room, whole - 1, &needed), 0xC0000023) ||
             needed != whole))
            sized = 0, printf("  class %d: %lu of %lu\n", classes[i], needed, whole);
    }
    CHECK(good, "every documented class is told");
    CHECK(sized, "STATUS_BUFFER_TOO_SMALL with the number of bytes required");
    CHECK(STATUS_IS(query(token, 9), 0xC0000003), "TokenImpersonationLevel fails for a primary token");
    CHECK(STATUS_IS(query(token, 14), 0xC0000003) && STATUS_IS(query(token, 16), 0xC0000003) &&
              STATUS_IS(query(token, 777), 0xC0000003),
          "STATUS_INVALID_INFO_CLASS");
    CHECK(STATUS_IS(NtQueryInformationToken((HANDLE)0x6660, 1, room, room_size, &length), 0xC0000008),
          "STATUS_INVALID_HANDLE");
    CHECK(STATUS_IS(NtQueryInformationToken(token, 1, room, room_size, NULL), 0xC0000005),
          "STATUS_ACCESS_VIOLATION: ReturnLength is not optional");
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), weak = NULL;
    CHECK(STATUS_IS(query(event, 1), 0xC0000024), "STATUS_OBJECT_TYPE_MISMATCH");
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY_SOURCE, &weak);
    CHECK(STATUS_IS(query(weak, 1), 0xC0000022) && query(weak, 7) == 0,
          "STATUS_ACCESS_DENIED: TOKEN_QUERY, and TOKEN_QUERY_SOURCE for the source");
    CloseHandle(weak);
    CloseHandle(event);
}

static void access_information(HANDLE token) {
    TOKEN_STATISTICS statistics;
    query(token, TokenStatistics);
    memcpy(&statistics, room, sizeof statistics);
    CHECK(query(token, AccessInformation) == 0, "TokenAccessInformation");
    const struct access* a = (const struct access*)room;
    CHECK(a->sids->count == statistics.GroupCount + 1 && IsValidSid(a->sids->sids[0].Sid) &&
              IsValidSid(a->sids->sids[a->sids->count - 1].Sid) && a->restricted->count == 0,
          "SidHash: the user and the groups; RestrictedSidHash");
    CHECK(a->privileges->PrivilegeCount == statistics.PrivilegeCount &&
              memcmp(&a->authentication, &statistics.AuthenticationId, sizeof(LUID)) == 0 &&
              a->type == TokenPrimary && a->policy.Policy == 3,
          "Privileges, AuthenticationId, TokenType, MandatoryPolicy");
    CHECK((a->flags & 1) && !a->container && !a->package && a->capabilities->count == 0,
          "Flags; no app container");
    CHECK(query(token, UserClaims) == 0 && length == 16 && *(USHORT*)room == 1 && ((ULONG*)room)[1] == 0 &&
              query(token, DeviceClaims) == 0 && ((ULONG*)room)[1] == 0,
          "claims: none");
    CHECK(query(token, DeviceGroups) == 0 && *(ULONG*)room == 0, "TokenDeviceGroups: none");
}

static void linked(HANDLE token) {
    HANDLE other = NULL, back = NULL;
    ULONG needed = 0;
    BYTE admins[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof admins;
    BOOL member = TRUE;
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, admins, &size);
    CHECK(number(token, TokenElevationType) == TokenElevationTypeFull, "TokenElevationTypeFull");
    CHECK(STATUS_IS(NtQueryInformationToken(token, LinkedToken, room, 4, &needed), 0xC0000023) && needed == 8,
          "TokenLinkedToken: STATUS_BUFFER_TOO_SMALL");
    CHECK(query(token, LinkedToken) == 0 && length == 8, "TokenLinkedToken: a handle");
    other = *(HANDLE*)room;
    CHECK(number(other, TokenType) == TokenImpersonation &&
              number(other, TokenImpersonationLevel) == SecurityIdentification,
          "without SeTcbPrivilege a token to identify with");
    CHECK(number(other, TokenElevationType) == TokenElevationTypeLimited &&
              number(other, TokenElevation) == 0,
          "TokenElevationTypeLimited");
    CHECK(CheckTokenMembership(other, (PSID)admins, &member) && !member,
          "the limited token's Administrators are for denials only");
    query(other, TokenIntegrityLevel);
    CHECK(*GetSidSubAuthority(((TOKEN_MANDATORY_LABEL*)room)->Label.Sid, 0) == SECURITY_MANDATORY_MEDIUM_RID,
          "its integrity level is medium");
    CHECK(query(other, LinkedToken) == 0, "the limited token's is the elevated one");
    back = *(HANDLE*)room;
    CHECK(CheckTokenMembership(back, (PSID)admins, &member) && member &&
              number(back, TokenElevationType) == TokenElevationTypeFull,
          "which is an administrator's");
    CloseHandle(back);
    CloseHandle(other);
}

static void settings(void) {
    HANDLE token = NULL, weak = NULL;
    BYTE guests[SECURITY_MAX_SID_SIZE], large[0x1100];
    DWORD size = sizeof guests;
    PSID sid = (PSID)guests;
    PACL acl = (PACL)large;
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token);
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &weak);
    CreateWellKnownSid(WinBuiltinReplicatorSid, NULL, guests, &size);
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenOwner, &sid, sizeof sid), 0xC000005A),
          "STATUS_INVALID_OWNER");
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenPrimaryGroup, &sid, sizeof sid), 0xC000005B),
          "STATUS_INVALID_PRIMARY_GROUP");
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenOwner, &sid, 4), 0xC0000004),
          "STATUS_INFO_LENGTH_MISMATCH");
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenUser, &sid, sizeof sid), 0xC0000003) &&
              STATUS_IS(NtSetInformationToken(token, TokenGroups, &sid, sizeof sid), 0xC0000003) &&
              STATUS_IS(NtSetInformationToken(token, TokenPrivileges, &sid, sizeof sid), 0xC0000003) &&
              STATUS_IS(NtSetInformationToken(token, TokenSource, &sid, sizeof sid), 0xC0000003) &&
              STATUS_IS(NtSetInformationToken(token, TokenStatistics, &sid, sizeof sid), 0xC0000003),
          "STATUS_INVALID_INFO_CLASS: these are read-only");
    CHECK(STATUS_IS(NtSetInformationToken(weak, TokenOwner, &sid, sizeof sid), 0xC0000022),
          "STATUS_ACCESS_DENIED: TOKEN_ADJUST_DEFAULT");
    CHECK(STATUS_IS(NtSetInformationToken((HANDLE)0x6660, TokenOwner, &sid, sizeof sid), 0xC0000008),
          "STATUS_INVALID_HANDLE");
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(STATUS_IS(NtSetInformationToken(event, TokenOwner, &sid, sizeof sid), 0xC0000024),
          "STATUS_OBJECT_TYPE_MISMATCH");
    CloseHandle(event);
    guests[1] = 99;
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenOwner, &sid, sizeof sid), 0xC0000078),
          "STATUS_INVALID_SID");
    InitializeAcl(acl, sizeof large, ACL_REVISION);
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenDefaultDacl, &acl, sizeof acl), 0xC0000099),
          "STATUS_ALLOTTED_SPACE_EXCEEDED: a list that is too large");
    InitializeAcl(acl, 64, ACL_REVISION);
    CHECK(NtSetInformationToken(token, TokenDefaultDacl, &acl, sizeof acl) == 0 &&
              query(token, TokenDefaultDacl) == 0 && ((TOKEN_DEFAULT_DACL*)room)->DefaultDacl->AceCount == 0,
          "TokenDefaultDacl");
    acl = NULL;
    length = 7;
    CHECK(NtSetInformationToken(token, TokenDefaultDacl, &acl, sizeof acl) == 0 &&
              NtQueryInformationToken(token, TokenDefaultDacl, room, room_size, &length) == 0 && length == 0,
          "no default DACL: ReturnLength receives zero");
    ULONG policy = 1;
    CHECK(STATUS_IS(NtSetInformationToken(token, TokenMandatoryPolicy, &policy, sizeof policy), 0xC0000061),
          "STATUS_PRIVILEGE_NOT_HELD: the mandatory policy takes SeTcbPrivilege");
    CloseHandle(weak);
    CloseHandle(token);
}

// What opening a service's database takes is what AccessCheck takes: that the caller can be identified.
static void services_database(void) {
    SC_HANDLE manager = NULL;
    CHECK(ImpersonateSelf(SecurityIdentification) &&
              (manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT)) != NULL,
          "OpenSCManager at identification level");
    CloseServiceHandle(manager);
    RevertToSelf();
    CHECK(ImpersonateSelf(SecurityAnonymous) && !OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT) &&
              GetLastError() == ERROR_BAD_IMPERSONATION_LEVEL,
          "ERROR_BAD_IMPERSONATION_LEVEL: at anonymous level");
    RevertToSelf();
}

int main(int argc, char** argv) {
    HANDLE token = NULL;
    room = malloc(room_size);
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_QUERY_SOURCE, &token);
    every_class(token);
    access_information(token);
    if (argc > 1) {
        CHECK(STATUS_IS(query(token, LinkedToken), 0xC000005F),
              "STATUS_NO_SUCH_LOGON_SESSION: no token is linked to this one");
        CHECK(number(token, TokenElevationType) == TokenElevationTypeDefault, "TokenElevationTypeDefault");
    } else {
        linked(token);
    }
    services_database();
    if (argc == 1 || strcmp(argv[1], "system") != 0) settings();
    CloseHandle(token);
    return finish();
}
