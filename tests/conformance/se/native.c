// The run-time library's security functions as ntdll.dll has them, which native programs import:
// nf-ntifs-rtlcreateacl, nf-ntifs-rtladdaccessallowedace(ex), nf-ntifs-rtlgetace, nf-ntifs-rtldeleteace,
// nf-wdm-rtlcreatesecuritydescriptor, nf-wdm-rtlsetdaclsecuritydescriptor,
// nf-ntifs-rtlgetdaclsecuritydescriptor, nf-wdm-rtllengthsecuritydescriptor,
// nf-wdm-rtlvalidrelativesecuritydescriptor, nf-ntifs-rtlconvertsidtounicodestring, nf-ntifs-rtlcopysid,
// nf-ntifs-rtlinitializesid …; Win32 pages of CreateWellKnownSid and IsWellKnownSid.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <winternl.h>

#include "../common/program.h"

#define API(result, name, ...) result NTAPI name(__VA_ARGS__)
API(NTSTATUS, RtlCreateAcl, PACL, ULONG, ULONG);
API(BOOLEAN, RtlValidAcl, PACL);
API(NTSTATUS, RtlAddAccessAllowedAce, PACL, ULONG, ACCESS_MASK, PSID);
API(NTSTATUS, RtlAddAccessAllowedAceEx, PACL, ULONG, ULONG, ACCESS_MASK, PSID);
API(NTSTATUS, RtlAddAccessDeniedAce, PACL, ULONG, ACCESS_MASK, PSID);
API(NTSTATUS, RtlAddAce, PACL, ULONG, ULONG, PVOID, ULONG);
API(NTSTATUS, RtlDeleteAce, PACL, ULONG);
API(NTSTATUS, RtlGetAce, PACL, ULONG, PVOID*);
API(BOOLEAN, RtlFirstFreeAce, PACL, PVOID*);
API(ULONG, RtlLengthSid, PSID);
API(ULONG, RtlLengthRequiredSid, ULONG);
API(BOOLEAN, RtlEqualSid, PSID, PSID);
API(BOOLEAN, RtlEqualPrefixSid, PSID, PSID);
API(BOOLEAN, RtlValidSid, PSID);
API(NTSTATUS, RtlCopySid, ULONG, PSID, PSID);
API(NTSTATUS, RtlInitializeSid, PSID, PSID_IDENTIFIER_AUTHORITY, UCHAR);
API(PULONG, RtlSubAuthoritySid, PSID, ULONG);
API(PUCHAR, RtlSubAuthorityCountSid, PSID);
API(PSID_IDENTIFIER_AUTHORITY, RtlIdentifierAuthoritySid, PSID);
API(NTSTATUS, RtlAllocateAndInitializeSid, PSID_IDENTIFIER_AUTHORITY, UCHAR, ULONG, ULONG, ULONG, ULONG,
    ULONG, ULONG, ULONG, ULONG, PSID*);
API(PVOID, RtlFreeSid, PSID);
API(NTSTATUS, RtlConvertSidToUnicodeString, PUNICODE_STRING, PSID, BOOLEAN);
API(NTSTATUS, RtlCreateSecurityDescriptor, PSECURITY_DESCRIPTOR, ULONG);
API(BOOLEAN, RtlValidSecurityDescriptor, PSECURITY_DESCRIPTOR);
API(BOOLEAN, RtlValidRelativeSecurityDescriptor, PSECURITY_DESCRIPTOR, ULONG, SECURITY_INFORMATION);
API(ULONG, RtlLengthSecurityDescriptor, PSECURITY_DESCRIPTOR);
API(NTSTATUS, RtlGetControlSecurityDescriptor, PSECURITY_DESCRIPTOR, USHORT*, ULONG*);
API(NTSTATUS, RtlSetDaclSecurityDescriptor, PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);
API(NTSTATUS, RtlSetSaclSecurityDescriptor, PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);
API(NTSTATUS, RtlSetOwnerSecurityDescriptor, PSECURITY_DESCRIPTOR, PSID, BOOLEAN);
API(NTSTATUS, RtlSetGroupSecurityDescriptor, PSECURITY_DESCRIPTOR, PSID, BOOLEAN);
API(NTSTATUS, RtlGetDaclSecurityDescriptor, PSECURITY_DESCRIPTOR, PBOOLEAN, PACL*, PBOOLEAN);
API(NTSTATUS, RtlGetSaclSecurityDescriptor, PSECURITY_DESCRIPTOR, PBOOLEAN, PACL*, PBOOLEAN);
API(NTSTATUS, RtlGetOwnerSecurityDescriptor, PSECURITY_DESCRIPTOR, PSID*, PBOOLEAN);
API(NTSTATUS, RtlGetGroupSecurityDescriptor, PSECURITY_DESCRIPTOR, PSID*, PBOOLEAN);
API(NTSTATUS, RtlAbsoluteToSelfRelativeSD, PSECURITY_DESCRIPTOR, PSECURITY_DESCRIPTOR, PULONG);
API(void, RtlMapGenericMask, PACCESS_MASK, PGENERIC_MAPPING);
API(BOOLEAN, RtlAreAllAccessesGranted, ACCESS_MASK, ACCESS_MASK);
API(BOOLEAN, RtlAreAnyAccessesGranted, ACCESS_MASK, ACCESS_MASK);

enum { revision = ACL_REVISION };
#define STATUS(code) ((NTSTATUS)(code))
static SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
static ULONG rooms[2][17];
#define admins ((PSID)rooms[0])
#define users ((PSID)rooms[1])

static void sids(void) {
    PSID made = NULL;
    WCHAR text[64];
    UNICODE_STRING string = {0, sizeof text, text};
    CHECK(RtlLengthRequiredSid(2) == 16, "RtlLengthRequiredSid");
    CHECK(RtlInitializeSid(admins, &nt, 2) == 0 && RtlInitializeSid(users, &nt, 2) == 0, "RtlInitializeSid");
    *RtlSubAuthoritySid(admins, 0) = *RtlSubAuthoritySid(users, 0) = 32;
    *RtlSubAuthoritySid(admins, 1) = 544, *RtlSubAuthoritySid(users, 1) = 545;
    CHECK(RtlInitializeSid(rooms[0], &nt, 16) == STATUS(0xC000000D),
          "STATUS_INVALID_PARAMETER: more than SID_MAX_SUB_AUTHORITIES");
    CHECK(RtlValidSid(admins) && RtlLengthSid(admins) == 16 && *RtlSubAuthorityCountSid(admins) == 2 &&
              RtlIdentifierAuthoritySid(admins)->Value[5] == 5,
          "RtlValidSid, RtlLengthSid, RtlSubAuthorityCountSid, RtlIdentifierAuthoritySid");
    CHECK(!RtlEqualSid(admins, users) && RtlEqualPrefixSid(admins, users), "RtlEqualSid, RtlEqualPrefixSid");
    CHECK(RtlAllocateAndInitializeSid(&nt, 2, 32, 544, 0, 0, 0, 0, 0, 0, &made) == 0 &&
              RtlEqualSid(made, admins) && RtlFreeSid(made) == NULL,
          "RtlAllocateAndInitializeSid, RtlFreeSid");
    ULONG copy[17];
    CHECK(RtlCopySid(15, copy, admins) == STATUS(0xC0000023), "RtlCopySid: STATUS_BUFFER_TOO_SMALL");
    CHECK(RtlCopySid(16, copy, admins) == 0 && RtlEqualSid(copy, admins), "RtlCopySid");
    CHECK(RtlConvertSidToUnicodeString(&string, admins, FALSE) == 0 && wcscmp(text, L"S-1-5-32-544") == 0 &&
              string.Length == 24,
          "RtlConvertSidToUnicodeString");
    string.MaximumLength = 8;
    CHECK(RtlConvertSidToUnicodeString(&string, admins, FALSE) == STATUS(0x80000005),
          "STATUS_BUFFER_OVERFLOW");
    CHECK(RtlConvertSidToUnicodeString(&string, admins, TRUE) == 0 &&
              wcscmp(string.Buffer, L"S-1-5-32-544") == 0,
          "AllocateDestinationString");
    RtlFreeUnicodeString(&string);
    *RtlSubAuthorityCountSid(copy) = 16;
    CHECK(!RtlValidSid(copy) && RtlConvertSidToUnicodeString(&string, copy, TRUE) == STATUS(0xC0000078),
          "STATUS_INVALID_SID");
}

static void lists(void) {
    ULONG room[32];
    PACL acl = (PACL)room;
    ACCESS_ALLOWED_ACE* ace = NULL;
    PVOID end = NULL;
    CHECK(RtlCreateAcl(acl, 4, revision) == STATUS(0xC0000023), "RtlCreateAcl: STATUS_BUFFER_TOO_SMALL");
    CHECK(RtlCreateAcl(acl, sizeof room, 9) == STATUS(0xC000000D), "RtlCreateAcl: STATUS_INVALID_PARAMETER");
    CHECK(RtlCreateAcl(acl, sizeof room, revision) == 0 && RtlValidAcl(acl), "RtlCreateAcl");
    CHECK(RtlAddAccessAllowedAce(acl, revision, 1, admins) == 0 &&
              RtlAddAccessDeniedAce(acl, revision, 2, users) == 0 &&
              RtlAddAccessAllowedAceEx(acl, revision, OBJECT_INHERIT_ACE, 4, users) == 0,
          "RtlAddAccessAllowedAce, RtlAddAccessDeniedAce, RtlAddAccessAllowedAceEx");
    CHECK(RtlAddAccessAllowedAceEx(acl, revision, 0x100, 4, users) == STATUS(0xC000000D),
          "STATUS_INVALID_PARAMETER: AceFlags");
    CHECK(RtlAddAccessAllowedAce(acl, 77, 4, users) == STATUS(0xC0000059), "STATUS_REVISION_MISMATCH");
    CHECK(RtlGetAce(acl, 1, (PVOID*)&ace) == 0 && ace->Header.AceType == ACCESS_DENIED_ACE_TYPE &&
              ace->Mask == 2 && RtlEqualSid(&ace->SidStart, users),
          "RtlGetAce");
    CHECK(RtlGetAce(acl, 3, (PVOID*)&ace) == STATUS(0xC000000D), "RtlGetAce: STATUS_INVALID_PARAMETER");
    CHECK(RtlFirstFreeAce(acl, &end) && (PUCHAR)end == (PUCHAR)acl + sizeof(ACL) + 3 * 24, "RtlFirstFreeAce");
    RtlGetAce(acl, 0, (PVOID*)&ace);
    ULONG copy[6];
    memcpy(copy, ace, sizeof copy);
    CHECK(RtlDeleteAce(acl, 0) == 0 && acl->AceCount == 2, "RtlDeleteAce");
    CHECK(RtlAddAce(acl, revision, 1, copy, sizeof copy) == 0 && acl->AceCount == 3, "RtlAddAce");
    RtlGetAce(acl, 1, (PVOID*)&ace);
    CHECK(ace->Mask == 1, "RtlAddAce: where it was asked for");
    RtlAddAccessAllowedAce(acl, revision, 1, admins);
    CHECK(RtlAddAccessAllowedAce(acl, revision, 1, admins) == 0 &&
              RtlAddAccessAllowedAce(acl, revision, 1, admins) == STATUS(0xC0000099),
          "STATUS_ALLOTTED_SPACE_EXCEEDED");
    ((PUCHAR)&ace->SidStart)[1] = 5;
    CHECK(!RtlValidAcl(acl) && RtlAddAccessAllowedAce(acl, revision, 1, admins) == STATUS(0xC0000077),
          "STATUS_INVALID_ACL: a SID that is longer than its entry");
}

static void descriptors(void) {
    SECURITY_DESCRIPTOR d;
    ULONG list[32], room[64], size = 0, known = 0;
    PACL acl = NULL;
    PSID sid = NULL;
    BOOLEAN present = FALSE, defaulted = TRUE;
    USHORT control = 0;
    CHECK(RtlCreateSecurityDescriptor(&d, 2) == STATUS(0xC0000058), "STATUS_UNKNOWN_REVISION");
    CHECK(RtlCreateSecurityDescriptor(&d, SECURITY_DESCRIPTOR_REVISION) == 0 &&
              RtlLengthSecurityDescriptor(&d) == sizeof d,
          "RtlCreateSecurityDescriptor");
    RtlCreateAcl((PACL)list, sizeof list, revision);
    RtlAddAccessAllowedAce((PACL)list, revision, 1, admins);
    CHECK(RtlSetDaclSecurityDescriptor(&d, TRUE, (PACL)list, FALSE) == 0 &&
              RtlSetSaclSecurityDescriptor(&d, FALSE, NULL, FALSE) == 0 &&
              RtlSetOwnerSecurityDescriptor(&d, admins, FALSE) == 0 &&
              RtlSetGroupSecurityDescriptor(&d, users, TRUE) == 0 && RtlValidSecurityDescriptor(&d),
          "RtlSetDaclSecurityDescriptor, …Sacl…, …Owner…, …Group…");
    CHECK(RtlGetDaclSecurityDescriptor(&d, &present, &acl, &defaulted) == 0 && present && acl == (PACL)list &&
              !defaulted,
          "RtlGetDaclSecurityDescriptor");
    CHECK(RtlGetSaclSecurityDescriptor(&d, &present, &acl, &defaulted) == 0 && !present,
          "RtlGetSaclSecurityDescriptor: there is none");
    CHECK(RtlGetOwnerSecurityDescriptor(&d, &sid, &defaulted) == 0 && sid == admins && !defaulted &&
              RtlGetGroupSecurityDescriptor(&d, &sid, &defaulted) == 0 && sid == users && defaulted,
          "RtlGetOwnerSecurityDescriptor, RtlGetGroupSecurityDescriptor");
    CHECK(RtlGetControlSecurityDescriptor(&d, &control, &known) == 0 &&
              control == (SE_DACL_PRESENT | SE_GROUP_DEFAULTED) && known == 1,
          "RtlGetControlSecurityDescriptor");
    CHECK(RtlAbsoluteToSelfRelativeSD(&d, NULL, &size) == STATUS(0xC0000023) && size <= sizeof room,
          "RtlAbsoluteToSelfRelativeSD: STATUS_BUFFER_TOO_SMALL");
    CHECK(RtlAbsoluteToSelfRelativeSD(&d, room, &size) == 0 &&
              RtlValidRelativeSecurityDescriptor(room, size, OWNER_SECURITY_INFORMATION) &&
              !RtlValidRelativeSecurityDescriptor(room, size, SACL_SECURITY_INFORMATION) &&
              !RtlValidRelativeSecurityDescriptor(room, size - 4, 0),
          "RtlValidRelativeSecurityDescriptor");
    CHECK(RtlSetOwnerSecurityDescriptor(room, admins, FALSE) == STATUS(0xC0000079),
          "STATUS_INVALID_SECURITY_DESCR: not absolute");
}

static void masks(void) {
    GENERIC_MAPPING mapping = {0x20001, 0x20002, 0x20004, 0x1f0007};
    ACCESS_MASK mask = GENERIC_READ | GENERIC_EXECUTE | 8;
    RtlMapGenericMask(&mask, &mapping);
    CHECK(mask == 0x2000d, "RtlMapGenericMask");
    CHECK(RtlAreAllAccessesGranted(7, 3) && !RtlAreAllAccessesGranted(1, 3) &&
              RtlAreAnyAccessesGranted(1, 3) && !RtlAreAnyAccessesGranted(4, 3),
          "RtlAreAllAccessesGranted, RtlAreAnyAccessesGranted");
}

static void well_known(void) {
    ULONGLONG room[9], domain[9];
    PSID sid = (PSID)room;
    DWORD size = sizeof room;
    int known = 0;
    for (int type = 0; type < 120; ++type) {
        size = sizeof room;
        if (!CreateWellKnownSid((WELL_KNOWN_SID_TYPE)type, NULL, sid, &size)) {
            if (type != 21 && type != 110) printf("  type %d: error %lu\n", type, GetLastError());
            continue;
        }
        if (!IsWellKnownSid(sid, (WELL_KNOWN_SID_TYPE)type)) printf("  type %d is not itself\n", type);
        ++known;
    }
    CHECK(known >= 118, "CreateWellKnownSid and IsWellKnownSid know the same types");
    size = sizeof room;
    CHECK(CreateWellKnownSid(WinAccountGuestSid, NULL, sid, &size) && size == 28 &&
              *GetSidSubAuthority(sid, 4) == DOMAIN_USER_RID_GUEST,
          "WinAccountGuestSid: with the machine's domain");
    CHECK(!IsWellKnownSid(sid, WinAccountAdministratorSid) && !IsWellKnownSid(sid, WinBuiltinGuestsSid),
          "and no other");
    memcpy(domain, room, sizeof domain);
    *GetSidSubAuthorityCount((PSID)domain) = 4;
    *GetSidSubAuthority((PSID)domain, 3) = 7;
    size = sizeof room;
    CHECK(CreateWellKnownSid(WinAccountDomainAdminsSid, (PSID)domain, sid, &size) &&
              *GetSidSubAuthority(sid, 3) == 7 && *GetSidSubAuthority(sid, 4) == 512 &&
              IsWellKnownSid(sid, WinAccountDomainAdminsSid),
          "the domain that is given");
    size = 12;
    CHECK(!CreateWellKnownSid(WinUserModeDriversSid, NULL, sid, &size) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER && size == 32,
          "ERROR_INSUFFICIENT_BUFFER with the size");
    size = sizeof room;
    CHECK(!CreateWellKnownSid((WELL_KNOWN_SID_TYPE)250, NULL, sid, &size) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: no such type");
}

int main(void) {
    sids();
    lists();
    descriptors();
    masks();
    well_known();
    return finish();
}
