// Security from a program: Win32 pages of GetTokenInformation, AdjustTokenPrivileges, LookupPrivilegeValue,
// CheckTokenMembership, DuplicateTokenEx, ImpersonateSelf, AccessCheck, CreateRestrictedToken,
// ConvertStringSecurityDescriptorToSecurityDescriptor, ConvertSidToStringSid, GetKernelObjectSecurity,
// MakeAbsoluteSD.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "../common/program.h"

static int sddl_is(const char* given, const char* expected) {
    PSECURITY_DESCRIPTOR d;
    char* text = NULL;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(given, SDDL_REVISION_1, &d, NULL)) return 0;
    const SECURITY_INFORMATION all = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                     DACL_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION |
                                     LABEL_SECURITY_INFORMATION;
    int good = ConvertSecurityDescriptorToStringSecurityDescriptorA(d, SDDL_REVISION_1, all, &text, NULL) &&
               strcmp(text, expected) == 0;
    if (!good) printf("  %s\n", text ? text : "(no text)");
    LocalFree(text);
    LocalFree(d);
    return good;
}
static DWORD sddl_error(const char* given) {
    PSECURITY_DESCRIPTOR d;
    SetLastError(0);
    return ConvertStringSecurityDescriptorToSecurityDescriptorA(given, SDDL_REVISION_1, &d, NULL)
               ? 0
               : GetLastError();
}

static void text(void) {
    CHECK(sddl_is("D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)",
                  "D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)"),
          "SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R");
    CHECK(sddl_is("O:BAG:SYD:(D;OICI;0x1f01ff;;;BG)(A;CIIO;FR;;;S-1-5-11)S:(ML;;NWNR;;;HI)",
                  "O:BAG:SYD:(D;OICI;FA;;;BG)(A;CIIO;FR;;;AU)S:(ML;;NWNR;;;HI)"),
          "owner, group, flags, hexadecimal rights, labels");
    CHECK(sddl_is("D:(A;;CCLCSWRPWPDTLOCRRC;;;S-1-5-32-556)", "D:(A;;CCLCSWRPWPDTLOCRRC;;;NO)"),
          "rights by letters");
    CHECK(sddl_is("D:(A;;0x1200a9;;;BU)", "D:(A;;0x1200a9;;;BU)"),
          "a mask that has no letters stays a number");
    CHECK(sddl_is("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"), "a NULL DACL");
    CHECK(sddl_error("D:(A;;GA;;;XX)") == ERROR_INVALID_SID, "ERROR_INVALID_SID");
    CHECK(sddl_error("D:(A;;ZZ;;;SY)") == ERROR_INVALID_ACL, "ERROR_INVALID_ACL");
    CHECK(sddl_error("X:") == ERROR_INVALID_PARAMETER, "ERROR_INVALID_PARAMETER");
    PSECURITY_DESCRIPTOR d;
    CHECK(!ConvertStringSecurityDescriptorToSecurityDescriptorA("D:", 7, &d, NULL) &&
              GetLastError() == ERROR_UNKNOWN_REVISION,
          "ERROR_UNKNOWN_REVISION");
    PSID sid;
    char* back;
    CHECK(ConvertStringSidToSidA("S-1-5-32-544", &sid) && IsWellKnownSid(sid, WinBuiltinAdministratorsSid),
          "ConvertStringSidToSid");
    CHECK(ConvertSidToStringSidA(sid, &back) && strcmp(back, "S-1-5-32-544") == 0, "ConvertSidToStringSid");
    LocalFree(back);
    LocalFree(sid);
    CHECK(!ConvertStringSidToSidA("S-1", &sid) && GetLastError() == ERROR_INVALID_SID, "ERROR_INVALID_SID");
}

static void tokens(void) {
    HANDLE token, copy;
    DWORD size = 0;
    BYTE room[1024];
    LUID luid;
    TOKEN_PRIVILEGES one = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}}, before;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token), "OpenProcessToken");
    CHECK(!GetTokenInformation(token, TokenUser, NULL, 0, &size) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && size,
          "GetTokenInformation: ERROR_INSUFFICIENT_BUFFER with the size");
    CHECK(GetTokenInformation(token, TokenUser, room, sizeof room, &size) &&
              IsValidSid(((TOKEN_USER*)room)->User.Sid),
          "TokenUser");
    TOKEN_ELEVATION elevation = {0};
    CHECK(GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size) &&
              elevation.TokenIsElevated,
          "TokenElevation: the administrator is elevated");
    CHECK(GetTokenInformation(token, TokenIntegrityLevel, room, sizeof room, &size) &&
              *GetSidSubAuthority(((TOKEN_MANDATORY_LABEL*)room)->Label.Sid, 0) ==
                  SECURITY_MANDATORY_HIGH_RID,
          "TokenIntegrityLevel: high");
    CHECK(!GetTokenInformation(token, (TOKEN_INFORMATION_CLASS)777, room, sizeof room, &size) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: no such class");
    CHECK(LookupPrivilegeValueA(NULL, "SeLoadDriverPrivilege", &luid) && luid.LowPart == 10,
          "LookupPrivilegeValue");
    CHECK(!LookupPrivilegeValueA(NULL, "SeNoSuch", &luid) && GetLastError() == ERROR_NO_SUCH_PRIVILEGE,
          "ERROR_NO_SUCH_PRIVILEGE");
    char name[40];
    size = 4;
    luid.LowPart = 10, luid.HighPart = 0;
    CHECK(!LookupPrivilegeNameA(NULL, &luid, name, &size) && GetLastError() == ERROR_INSUFFICIENT_BUFFER &&
              size == 22,
          "LookupPrivilegeName: ERROR_INSUFFICIENT_BUFFER");
    CHECK(LookupPrivilegeNameA(NULL, &luid, name, &size) && size == 21 &&
              strcmp(name, SE_LOAD_DRIVER_NAME) == 0,
          "LookupPrivilegeName");
    one.Privileges[0].Luid = luid;
    CHECK(AdjustTokenPrivileges(token, FALSE, &one, sizeof before, &before, &size) &&
              GetLastError() == ERROR_SUCCESS && before.PrivilegeCount == 1 &&
              before.Privileges[0].Attributes == 0,
          "AdjustTokenPrivileges: the previous state");
    PRIVILEGE_SET set = {1, PRIVILEGE_SET_ALL_NECESSARY, {{luid, 0}}};
    BOOL held = FALSE;
    CHECK(PrivilegeCheck(token, &set, &held) && held, "PrivilegeCheck");
    one.Privileges[0].Luid.LowPart = 2;
    CHECK(AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL) &&
              GetLastError() == ERROR_NOT_ALL_ASSIGNED,
          "ERROR_NOT_ALL_ASSIGNED");
    BYTE admins[SECURITY_MAX_SID_SIZE], guests[SECURITY_MAX_SID_SIZE];
    size = sizeof admins;
    CHECK(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, admins, &size) && size == 16,
          "CreateWellKnownSid");
    size = sizeof guests;
    CreateWellKnownSid(WinBuiltinGuestsSid, NULL, guests, &size);
    BOOL member = FALSE;
    CHECK(CheckTokenMembership(NULL, admins, &member) && member, "CheckTokenMembership: an administrator");
    CHECK(CheckTokenMembership(NULL, guests, &member) && !member, "and no guest");
    CHECK(!AdjustTokenGroups(token, FALSE, &(TOKEN_GROUPS){1, {{admins, 0}}}, 0, NULL, NULL),
          "AdjustTokenGroups: mandatory groups cannot be disabled");
    CHECK(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &copy) && GetLastError() == ERROR_NO_TOKEN,
          "OpenThreadToken: ERROR_NO_TOKEN");
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, "ConformSecurity");
    CHECK(event != NULL, "an event");
    CHECK(ImpersonateSelf(SecurityIdentification) &&
              OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &copy),
          "ImpersonateSelf");
    CloseHandle(copy);
    CHECK(!OpenEventA(SYNCHRONIZE, FALSE, "ConformSecurity") &&
              GetLastError() == ERROR_BAD_IMPERSONATION_LEVEL,
          "at identification level nothing can be opened: ERROR_BAD_IMPERSONATION_LEVEL");
    CHECK(RevertToSelf(), "RevertToSelf");
    HANDLE again = OpenEventA(SYNCHRONIZE, FALSE, "ConformSecurity");
    CHECK(again != NULL, "and then it can");
    CloseHandle(again);
    CloseHandle(event);
    CHECK(DuplicateTokenEx(token, 0, NULL, SecurityImpersonation, TokenImpersonation, &copy),
          "DuplicateTokenEx");
    CloseHandle(copy);
    SID_AND_ATTRIBUTES disable = {admins, 0};
    CHECK(CreateRestrictedToken(token, DISABLE_MAX_PRIVILEGE, 1, &disable, 0, NULL, 0, NULL, &copy),
          "CreateRestrictedToken");
    CHECK(!IsTokenRestricted(copy), "IsTokenRestricted: no restricting SIDs");
    CHECK(ImpersonateLoggedOnUser(copy) && CheckTokenMembership(NULL, admins, &member) && !member,
          "a deny-only group is not enabled");
    RevertToSelf();
    CloseHandle(copy);
    CloseHandle(token);
}

static void objects(void) {
    PSECURITY_DESCRIPTOR d = NULL;
    BYTE room[512];
    DWORD needed = 0;
    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;;0x100002;;;WD)", SDDL_REVISION_1, &d, NULL);
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, d, FALSE};
    HANDLE event = CreateEventA(&attributes, FALSE, FALSE, "ConformSecurityObject");
    CHECK(event && SetEvent(event), "the creator has what it asks for, whatever the descriptor says");
    CHECK(!OpenEventA(EVENT_ALL_ACCESS, FALSE, "ConformSecurityObject") &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "ERROR_ACCESS_DENIED");
    HANDLE second = OpenEventA(EVENT_MODIFY_STATE | SYNCHRONIZE, FALSE, "ConformSecurityObject");
    CHECK(second != NULL, "what is granted can be opened");
    CHECK(!GetKernelObjectSecurity(second, DACL_SECURITY_INFORMATION, room, sizeof room, &needed) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "GetKernelObjectSecurity needs READ_CONTROL");
    CloseHandle(second);
    CHECK(!GetKernelObjectSecurity(event, DACL_SECURITY_INFORMATION, NULL, 0, &needed) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "ERROR_INSUFFICIENT_BUFFER");
    CHECK(GetKernelObjectSecurity(event, DACL_SECURITY_INFORMATION, room, sizeof room, &needed) &&
              IsValidSecurityDescriptor(room),
          "GetKernelObjectSecurity");
    CHECK(!GetKernelObjectSecurity(event, SACL_SECURITY_INFORMATION, room, sizeof room, &needed) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "a SACL needs ACCESS_SYSTEM_SECURITY");
    PACL dacl = NULL;
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR whole = NULL;
    CHECK(GetSecurityInfo(event, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                          &owner, NULL, &dacl, NULL, &whole) == ERROR_SUCCESS &&
              IsWellKnownSid(owner, WinBuiltinAdministratorsSid) && dacl->AceCount == 1,
          "GetSecurityInfo: the owner of an administrator's object is Administrators");
    CHECK(SetSecurityInfo(event, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL) ==
              ERROR_SUCCESS,
          "SetSecurityInfo");
    second = OpenEventA(EVENT_ALL_ACCESS, FALSE, "ConformSecurityObject");
    CHECK(second != NULL, "a NULL DACL lets everybody in");
    CloseHandle(second);
    PSECURITY_DESCRIPTOR named = NULL;
    PSID its_owner = NULL;
    PACL list = NULL;
    CHECK(GetNamedSecurityInfoA("Local\\ConformSecurityObject", SE_KERNEL_OBJECT,
                                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &its_owner, NULL,
                                &list, NULL, &named) == ERROR_SUCCESS &&
              !list && IsWellKnownSid(its_owner, WinBuiltinAdministratorsSid),
          "GetNamedSecurityInfo, SE_KERNEL_OBJECT");
    LocalFree(named);
    CHECK(SetNamedSecurityInfoA("ConformSecurityObject", SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL,
                                NULL, dacl, NULL) == ERROR_SUCCESS &&
              GetSecurityInfo(event, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL,
                              &named) == ERROR_SUCCESS &&
              list && list->AceCount == dacl->AceCount,
          "SetNamedSecurityInfo");
    LocalFree(named);
    CHECK(GetNamedSecurityInfoA("ConformNothing", SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                &list, NULL, &named) == ERROR_FILE_NOT_FOUND,
          "ERROR_FILE_NOT_FOUND");
    HANDLE mutex = CreateMutexA(NULL, FALSE, "ConformSecurityMutex");
    CHECK(GetNamedSecurityInfoA("ConformSecurityMutex", SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL,
                                NULL, &list, NULL, &named) == ERROR_SUCCESS,
          "of a mutex");
    LocalFree(named), CloseHandle(mutex);
    SetSecurityInfo(event, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL);
    SECURITY_DESCRIPTOR absolute;
    BYTE lists[512], sid[68], group[68];
    DWORD a = sizeof absolute, l = sizeof lists, s = 0, o = sizeof sid, g = sizeof group;
    CHECK(MakeAbsoluteSD(whole, &absolute, &a, (PACL)lists, &l, NULL, &s, sid, &o, group, &g) &&
              EqualSid(sid, owner) && absolute.Dacl == (PACL)lists,
          "MakeAbsoluteSD");
    needed = sizeof room;
    CHECK(MakeSelfRelativeSD(&absolute, room, &needed) && GetSecurityDescriptorLength(room) == needed,
          "MakeSelfRelativeSD");
    PACL edited = (PACL)lists;
    PVOID ace = NULL;
    CHECK(GetAce(edited, 0, &ace) && DeleteAce(edited, 0) && edited->AceCount == 0, "DeleteAce");
    CHECK(InitializeAcl(edited, sizeof lists, ACL_REVISION) &&
              AddAccessDeniedAceEx(edited, ACL_REVISION, OBJECT_INHERIT_ACE, 1, owner) &&
              FindFirstFreeAce(edited, &ace) && (BYTE*)ace == lists + sizeof(ACL) + 24,
          "FindFirstFreeAce");
    LocalFree(whole);
    LocalFree(d);
    CloseHandle(event);
}

// The services beneath, by their statuses.
typedef LONG STATUS;
STATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR, HANDLE, ACCESS_MASK, GENERIC_MAPPING*, PRIVILEGE_SET*,
                           ULONG*, ULONG*, STATUS*);
STATUS NTAPI NtPrivilegeCheck(HANDLE, PRIVILEGE_SET*, BOOLEAN*);
STATUS NTAPI NtFilterToken(HANDLE, ULONG, TOKEN_GROUPS*, TOKEN_PRIVILEGES*, TOKEN_GROUPS*, HANDLE*);
STATUS NTAPI NtAdjustGroupsToken(HANDLE, BOOLEAN, TOKEN_GROUPS*, ULONG, TOKEN_GROUPS*, ULONG*);
STATUS NTAPI NtImpersonateThread(HANDLE, HANDLE, SECURITY_QUALITY_OF_SERVICE*);
STATUS NTAPI NtImpersonateAnonymousToken(HANDLE);

static void services(void) {
    HANDLE token = NULL, client = NULL, made = NULL;
    PSECURITY_DESCRIPTOR d = NULL;
    GENERIC_MAPPING mapping = {1, 2, 4, 7};
    BYTE room[256], admins[SECURITY_MAX_SID_SIZE];
    ULONG length = sizeof room, granted = 0;
    DWORD size = sizeof admins;
    STATUS checked = 0;
    BOOLEAN held = FALSE;
    PRIVILEGE_SET set = {1, 0, {{{23, 0}, 0}}};
    SECURITY_QUALITY_OF_SERVICE qos = {sizeof qos, SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token);
    DuplicateTokenEx(token, 0, NULL, SecurityIdentification, TokenImpersonation, &client);
    ConvertStringSecurityDescriptorToSecurityDescriptorA("O:BAG:BAD:(A;;0x5;;;BA)", SDDL_REVISION_1, &d,
                                                         NULL);
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, admins, &size);
    PRIVILEGE_SET* used = (PRIVILEGE_SET*)room;
    CHECK(NtAccessCheck(d, client, 5, &mapping, used, &length, &granted, &checked) == 0 && checked == 0 &&
              granted == 5,
          "NtAccessCheck");
    CHECK(NtAccessCheck(d, client, 2, &mapping, used, &length, &granted, &checked) == 0 &&
              checked == (STATUS)0xC0000022,
          "NtAccessCheck: STATUS_ACCESS_DENIED is its answer, not its status");
    length = sizeof room;
    CHECK(NtAccessCheck(d, client, GENERIC_READ, &mapping, used, &length, &granted, &checked) ==
              (STATUS)0xC00000E6,
          "STATUS_GENERIC_NOT_MAPPED");
    CHECK(NtAccessCheck(d, token, 1, &mapping, used, &length, &granted, &checked) == (STATUS)0xC000005C,
          "STATUS_NO_IMPERSONATION_TOKEN: a primary token");
    length = 4;
    CHECK(NtAccessCheck(d, client, 1, &mapping, used, &length, &granted, &checked) == (STATUS)0xC0000023 &&
              length == sizeof(PRIVILEGE_SET),
          "STATUS_BUFFER_TOO_SMALL");
    CHECK(NtPrivilegeCheck(token, &set, &held) == 0 && held &&
              set.Privilege[0].Attributes == SE_PRIVILEGE_USED_FOR_ACCESS,
          "NtPrivilegeCheck");
    CHECK(NtPrivilegeCheck((HANDLE)0x6660, &set, &held) == (STATUS)0xC0000008, "STATUS_INVALID_HANDLE");
    CHECK(NtFilterToken(token, 0x100, NULL, NULL, NULL, &made) == (STATUS)0xC000000D,
          "NtFilterToken: STATUS_INVALID_PARAMETER");
    CHECK(NtFilterToken(token, DISABLE_MAX_PRIVILEGE, NULL, NULL, NULL, &made) == 0, "NtFilterToken");
    CloseHandle(made);
    TOKEN_GROUPS groups = {1, {{admins, 0}}};
    CHECK(NtAdjustGroupsToken(token, FALSE, &groups, 0, NULL, NULL) == (STATUS)0xC000005D,
          "NtAdjustGroupsToken: STATUS_CANT_DISABLE_MANDATORY");
    groups.Groups[0].Attributes = SE_GROUP_ENABLED;
    CHECK(NtAdjustGroupsToken(token, FALSE, &groups, 0, NULL, NULL) == 0, "NtAdjustGroupsToken");
    CHECK(NtImpersonateThread(GetCurrentThread(), GetCurrentThread(), &qos) == 0 &&
              OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &made),
          "NtImpersonateThread");
    CloseHandle(made);
    RevertToSelf();
    qos.Length = 4;
    CHECK(NtImpersonateThread(GetCurrentThread(), GetCurrentThread(), &qos) == (STATUS)0xC000000D,
          "NtImpersonateThread: STATUS_INVALID_PARAMETER");
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, "ConformSecurity");
    CHECK(NtImpersonateAnonymousToken(GetCurrentThread()) == 0 &&
              !OpenEventA(SYNCHRONIZE, FALSE, "ConformSecurity") && GetLastError() == ERROR_ACCESS_DENIED,
          "NtImpersonateAnonymousToken: whoever is not logged on may open little");
    RevertToSelf();
    CloseHandle(event);
    LocalFree(d);
    CloseHandle(client);
    CloseHandle(token);
}

int main(void) {
    text();
    services();
    tokens();
    objects();
    return finish();
}
