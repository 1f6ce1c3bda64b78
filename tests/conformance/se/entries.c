// Lists by what they are meant to say, and descriptors by the names of objects: Win32 pages of
// SetEntriesInAcl, BuildExplicitAccessWithName, BuildTrusteeWithSid, GetNamedSecurityInfo,
// SetNamedSecurityInfo; "Creating a Security Descriptor for a New Object in C++".
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "../common/program.h"

static BYTE world[SECURITY_MAX_SID_SIZE], admins[SECURITY_MAX_SID_SIZE];

static EXPLICIT_ACCESS_A entry(DWORD permissions, ACCESS_MODE mode, PSID sid) {
    EXPLICIT_ACCESS_A e = {permissions, mode, NO_INHERITANCE, {0}};
    BuildTrusteeWithSidA(&e.Trustee, sid);
    return e;
}
static int list_is(PACL acl, const char* expected) {
    SECURITY_DESCRIPTOR d;
    char* text = NULL;
    InitializeSecurityDescriptor(&d, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&d, TRUE, acl, FALSE);
    ConvertSecurityDescriptorToStringSecurityDescriptorA(&d, SDDL_REVISION_1, DACL_SECURITY_INFORMATION,
                                                         &text, NULL);
    const int good = text && strcmp(text, expected) == 0;
    if (!good) printf("  %s\n", text ? text : "(none)");
    LocalFree(text);
    return good;
}
// Applies one entry to a list, which goes.
static PACL after(PACL old, EXPLICIT_ACCESS_A e) {
    PACL made = NULL;
    const DWORD error = SetEntriesInAclA(1, &e, old, &made);
    if (error) printf("  error %lu\n", error);
    LocalFree(old);
    return made;
}

static void modes(void) {
    PACL acl = NULL;
    acl = after(acl, entry(1, GRANT_ACCESS, world));
    CHECK(list_is(acl, "D:(A;;CC;;;WD)"), "GRANT_ACCESS makes an access-allowed entry");
    acl = after(acl, entry(2, GRANT_ACCESS, world));
    CHECK(list_is(acl, "D:(A;;CCDC;;;WD)"), "and combines the rights with existing ones of the trustee");
    acl = after(acl, entry(4, GRANT_ACCESS, admins));
    CHECK(list_is(acl, "D:(A;;LC;;;BA)(A;;CCDC;;;WD)"),
          "new access-allowed entries come before existing ones");
    acl = after(acl, entry(8, DENY_ACCESS, world));
    CHECK(list_is(acl, "D:(D;;SW;;;WD)(A;;LC;;;BA)(A;;CCDC;;;WD)"),
          "DENY_ACCESS: access-denied entries come at the beginning");
    acl = after(acl, entry(1, REVOKE_ACCESS, world));
    CHECK(list_is(acl, "D:(D;;SW;;;WD)(A;;LC;;;BA)"),
          "REVOKE_ACCESS removes the access-allowed entries of the trustee");
    acl = after(acl, entry(1, SET_ACCESS, world));
    CHECK(list_is(acl, "D:(A;;CC;;;WD)(A;;LC;;;BA)"), "SET_ACCESS discards what there was about the trustee");
    EXPLICIT_ACCESS_A named;
    BuildExplicitAccessWithNameA(&named, "BUILTIN\\Users", GENERIC_READ, SET_ACCESS,
                                 SUB_CONTAINERS_AND_OBJECTS_INHERIT);
    acl = after(acl, named);
    CHECK(list_is(acl, "D:(A;OICI;GR;;;BU)(A;;CC;;;WD)(A;;LC;;;BA)"), "BuildExplicitAccessWithName");
    PACL made = (PACL)1;
    BuildExplicitAccessWithNameA(&named, "Nobody at all", GENERIC_READ, SET_ACCESS, NO_INHERITANCE);
    CHECK(SetEntriesInAclA(1, &named, acl, &made) == ERROR_NONE_MAPPED && !made, "ERROR_NONE_MAPPED");
    named = entry(1, (ACCESS_MODE)77, world);
    CHECK(SetEntriesInAclA(1, &named, acl, &made) == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: no such mode");
    CHECK(SetEntriesInAclA(0, NULL, acl, &made) == ERROR_SUCCESS && made && made != acl &&
              made->AceCount == 3,
          "without entries a copy");
    LocalFree(made);
    CHECK(SetEntriesInAclA(0, NULL, NULL, &made) == ERROR_SUCCESS && !made, "and without a list nothing");
    LocalFree(acl);
}

static void new_object(void) {
    EXPLICIT_ACCESS_A ea[2] = {entry(KEY_READ, SET_ACCESS, world), entry(KEY_ALL_ACCESS, SET_ACCESS, admins)};
    PACL acl = NULL, dacl = NULL;
    SECURITY_DESCRIPTOR d;
    SECURITY_ATTRIBUTES sa = {sizeof sa, &d, FALSE};
    HKEY key = NULL;
    DWORD disposition = 0;
    PSECURITY_DESCRIPTOR found = NULL;
    PSID owner = NULL;
    CHECK(SetEntriesInAclA(2, ea, NULL, &acl) == ERROR_SUCCESS, "SetEntriesInAcl");
    InitializeSecurityDescriptor(&d, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&d, TRUE, acl, FALSE);
    SetSecurityDescriptorControl(&d, SE_DACL_PROTECTED, SE_DACL_PROTECTED);
    CHECK(RegCreateKeyExA(HKEY_CURRENT_USER, "mykey", 0, "", 0, KEY_READ | KEY_WRITE, &sa, &key,
                          &disposition) == 0,
          "RegCreateKeyEx attaches the descriptor to the new key");
    CHECK(GetNamedSecurityInfoA("CURRENT_USER\\mykey", SE_REGISTRY_KEY,
                                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL, &dacl,
                                NULL, &found) == ERROR_SUCCESS &&
              list_is(dacl, "D:(A;;KA;;;BA)(A;;KR;;;WD)") &&
              IsWellKnownSid(owner, WinBuiltinAdministratorsSid),
          "GetNamedSecurityInfo, SE_REGISTRY_KEY");
    PACL more = NULL;
    EXPLICIT_ACCESS_A no = entry(KEY_SET_VALUE, DENY_ACCESS, world);
    SetEntriesInAclA(1, &no, dacl, &more);
    CHECK(SetNamedSecurityInfoA("CURRENT_USER\\mykey", SE_REGISTRY_KEY, DACL_SECURITY_INFORMATION, NULL, NULL,
                                more, NULL) == ERROR_SUCCESS,
          "SetNamedSecurityInfo");
    HKEY again = NULL;
    CHECK(RegOpenKeyExA(HKEY_CURRENT_USER, "mykey", 0, KEY_SET_VALUE, &again) == ERROR_ACCESS_DENIED,
          "the denial counts");
    CHECK(GetNamedSecurityInfoA("CURRENT_USER\\nokey", SE_REGISTRY_KEY, DACL_SECURITY_INFORMATION, NULL, NULL,
                                &dacl, NULL, NULL) == ERROR_FILE_NOT_FOUND,
          "ERROR_FILE_NOT_FOUND");
    LocalFree(found);
    LocalFree(more);
    LocalFree(acl);
    RegCloseKey(key);
    RegDeleteKeyA(HKEY_CURRENT_USER, "mykey");
    CHECK(GetSecurityInfo(HKEY_LOCAL_MACHINE, SE_REGISTRY_KEY, DACL_SECURITY_INFORMATION, NULL, NULL, &dacl,
                          NULL, &found) == ERROR_SUCCESS &&
              list_is(dacl, "D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)(A;CI;KR;;;RC)"),
          "GetSecurityInfo of a predefined key");
    LocalFree(found);
    CHECK(GetNamedSecurityInfoA("\\\\.\\NUL", SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &dacl,
                                NULL, &found) == ERROR_SUCCESS &&
              dacl->AceCount > 1,
          "GetNamedSecurityInfo, SE_FILE_OBJECT");
    LocalFree(found);
    CHECK(GetSecurityInfo(HKEY_LOCAL_MACHINE, SE_UNKNOWN_OBJECT_TYPE, DACL_SECURITY_INFORMATION, NULL, NULL,
                          &dacl, NULL, NULL) == ERROR_INVALID_PARAMETER &&
              SetSecurityInfo(HKEY_LOCAL_MACHINE, (SE_OBJECT_TYPE)99, DACL_SECURITY_INFORMATION, NULL, NULL,
                              NULL, NULL) == ERROR_INVALID_PARAMETER &&
              GetNamedSecurityInfoA("NUL", (SE_OBJECT_TYPE)99, DACL_SECURITY_INFORMATION, NULL, NULL, &dacl,
                                    NULL, NULL) == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: no type of object");
    found = NULL;
    CHECK(GetNamedSecurityInfoA("Null", SE_SERVICE, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                &owner, NULL, &dacl, NULL, &found) == ERROR_SUCCESS &&
              IsWellKnownSid(owner, WinLocalSystemSid) && dacl->AceCount,
          "GetNamedSecurityInfo, SE_SERVICE");
    LocalFree(found);
    CHECK(GetNamedSecurityInfoA("NoSuch", SE_SERVICE, DACL_SECURITY_INFORMATION, NULL, NULL, &dacl, NULL,
                                NULL) == ERROR_SERVICE_DOES_NOT_EXIST,
          "ERROR_SERVICE_DOES_NOT_EXIST");
}

static void trees(void) {
    HKEY key = NULL, other = NULL;
    char name[8];
    RegCreateKeyExA(HKEY_CURRENT_USER, "tree\\a\\b\\c", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &other, NULL);
    RegCloseKey(other);
    RegCreateKeyExA(HKEY_CURRENT_USER, "tree", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    RegSetValueExA(key, "value", 0, REG_SZ, (const BYTE*)"x", 2);
    CHECK(RegEnumKeyA(key, 0, name, sizeof name) == 0 && strcmp(name, "a") == 0 &&
              RegEnumKeyA(key, 1, name, sizeof name) == ERROR_NO_MORE_ITEMS &&
              RegEnumKeyA(key, 0, name, 1) == ERROR_MORE_DATA,
          "RegEnumKey");
    CHECK(RegDeleteTreeA(key, "a\\b") == 0 &&
              RegOpenKeyExA(key, "a\\b", 0, KEY_READ, &other) == ERROR_FILE_NOT_FOUND &&
              RegEnumKeyA(key, 0, name, sizeof name) == 0,
          "RegDeleteTree: a key and what is below");
    CHECK(RegDeleteTreeA(key, NULL) == 0 && RegEnumKeyA(key, 0, name, sizeof name) == ERROR_NO_MORE_ITEMS &&
              RegQueryValueExA(key, "value", NULL, NULL, NULL, NULL) == ERROR_FILE_NOT_FOUND,
          "RegDeleteTree without a name: the subkeys and values");
    CHECK(RegDeleteTreeA(key, "a") == ERROR_FILE_NOT_FOUND, "ERROR_FILE_NOT_FOUND");
    CHECK(RegOpenKeyExA(NULL, "tree", 0, KEY_READ, &other) == ERROR_INVALID_HANDLE,
          "RegOpenKeyEx without a key: ERROR_INVALID_HANDLE");
    CHECK(RegOpenKeyExA(key, "", 0x80, KEY_READ, &other) == ERROR_INVALID_PARAMETER,
          "ulOptions of no meaning: ERROR_INVALID_PARAMETER");
    RegCloseKey(key);
    RegDeleteKeyA(HKEY_CURRENT_USER, "tree");
}

static void small_ones(void) {
    ULONG list[32];
    PACL acl = (PACL)list;
    ACCESS_ALLOWED_ACE* ace = NULL;
    DWORD access = 0, size = 0;
    InitializeAcl(acl, sizeof list, ACL_REVISION);
    CHECK(AddAuditAccessAce(acl, ACL_REVISION, 7, world, TRUE, FALSE) && GetAce(acl, 0, (void**)&ace) &&
              ace->Header.AceType == SYSTEM_AUDIT_ACE_TYPE && ace->Header.AceFlags == 0x40,
          "AddAuditAccessAce");
    CHECK(AddAuditAccessAceEx(acl, ACL_REVISION, CONTAINER_INHERIT_ACE, 7, world, FALSE, TRUE) &&
              GetAce(acl, 1, (void**)&ace) && ace->Header.AceFlags == 0x82,
          "AddAuditAccessAceEx");
    QuerySecurityAccessMask(OWNER_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION, &access);
    CHECK(access == (READ_CONTROL | ACCESS_SYSTEM_SECURITY), "QuerySecurityAccessMask");
    SetSecurityAccessMask(OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &access);
    CHECK(access == (WRITE_OWNER | WRITE_DAC), "SetSecurityAccessMask");
    BYTE guest[SECURITY_MAX_SID_SIZE], domain[SECURITY_MAX_SID_SIZE];
    BOOL equal = FALSE;
    size = sizeof guest;
    CreateWellKnownSid(WinAccountGuestSid, NULL, guest, &size);
    size = 4;
    CHECK(!GetWindowsAccountDomainSid(guest, domain, &size) && GetLastError() == ERROR_INSUFFICIENT_BUFFER &&
              size == 24,
          "GetWindowsAccountDomainSid: ERROR_INSUFFICIENT_BUFFER");
    CHECK(GetWindowsAccountDomainSid(guest, domain, &size) && *GetSidSubAuthorityCount(domain) == 4 &&
              EqualDomainSid(guest, domain, &equal) && equal,
          "GetWindowsAccountDomainSid, EqualDomainSid");
    CHECK(!GetWindowsAccountDomainSid(world, domain, &size) && GetLastError() == ERROR_NON_ACCOUNT_SID,
          "ERROR_NON_ACCOUNT_SID");
    CHECK(!EqualDomainSid(world, guest, &equal) && GetLastError() == ERROR_NON_DOMAIN_SID,
          "ERROR_NON_DOMAIN_SID");
    CHECK(EqualDomainSid(admins, guest, &equal) && !equal, "BUILTIN is another domain");
}

int main(void) {
    DWORD size = sizeof world;
    CreateWellKnownSid(WinWorldSid, NULL, world, &size);
    size = sizeof admins;
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, admins, &size);
    modes();
    new_object();
    small_ones();
    trees();
    return finish();
}
