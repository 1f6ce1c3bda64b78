// SIDs, ACLs and security descriptors as data: nf-ntifs-rtlinitializesid, nf-ntifs-rtlcreateacl,
// nf-ntifs-rtladdaccessallowedaceex, nf-wdm-rtlcreatesecuritydescriptor, nf-ntifs-rtlabsolutetoselfrelativesd
// …
#define TOPIC L"RtlSecurity"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(BOOLEAN, RtlValidSid, PSID);
IMPORT(ULONG, RtlLengthSid, PSID);
IMPORT(ULONG, RtlLengthRequiredSid, ULONG);
IMPORT(BOOLEAN, RtlEqualSid, PSID, PSID);
IMPORT(NTSTATUS, RtlCopySid, ULONG, PSID, PSID);
IMPORT(NTSTATUS, RtlInitializeSid, PSID, PSID_IDENTIFIER_AUTHORITY, UCHAR);
IMPORT(PULONG, RtlSubAuthoritySid, PSID, ULONG);
IMPORT(PUCHAR, RtlSubAuthorityCountSid, PSID);
IMPORT(NTSTATUS, RtlConvertSidToUnicodeString, PUNICODE_STRING, PSID, BOOLEAN);
IMPORT(NTSTATUS, RtlCreateAcl, PACL, ULONG, ULONG);
IMPORT(BOOLEAN, RtlValidAcl, PACL);
IMPORT(NTSTATUS, RtlAddAccessAllowedAce, PACL, ULONG, ACCESS_MASK, PSID);
IMPORT(NTSTATUS, RtlAddAccessAllowedAceEx, PACL, ULONG, ULONG, ACCESS_MASK, PSID);
IMPORT(NTSTATUS, RtlAddAccessDeniedAce, PACL, ULONG, ACCESS_MASK, PSID);
IMPORT(NTSTATUS, RtlGetAce, PACL, ULONG, PVOID*);
IMPORT(NTSTATUS, RtlCreateSecurityDescriptor, PVOID, ULONG);
IMPORT(BOOLEAN, RtlValidSecurityDescriptor, PVOID);
IMPORT(BOOLEAN, RtlValidRelativeSecurityDescriptor, PVOID, ULONG, ULONG);
IMPORT(ULONG, RtlLengthSecurityDescriptor, PVOID);
IMPORT(NTSTATUS, RtlSetDaclSecurityDescriptor, PVOID, BOOLEAN, PACL, BOOLEAN);
IMPORT(NTSTATUS, RtlSetSaclSecurityDescriptor, PVOID, BOOLEAN, PACL, BOOLEAN);
IMPORT(NTSTATUS, RtlSetOwnerSecurityDescriptor, PVOID, PSID, BOOLEAN);
IMPORT(NTSTATUS, RtlSetGroupSecurityDescriptor, PVOID, PSID, BOOLEAN);
IMPORT(NTSTATUS, RtlGetDaclSecurityDescriptor, PVOID, PBOOLEAN, PACL*, PBOOLEAN);
IMPORT(NTSTATUS, RtlGetSaclSecurityDescriptor, PVOID, PBOOLEAN, PACL*, PBOOLEAN);
IMPORT(NTSTATUS, RtlGetOwnerSecurityDescriptor, PVOID, PSID*, PBOOLEAN);
IMPORT(NTSTATUS, RtlGetGroupSecurityDescriptor, PVOID, PSID*, PBOOLEAN);
IMPORT(NTSTATUS, RtlAbsoluteToSelfRelativeSD, PVOID, PVOID, PULONG);

enum { aligned_size = 17 };
static ULONG admins_room[aligned_size], world_room[aligned_size];
#define ADMINS ((PSID)admins_room) // S-1-5-32-544
#define WORLD ((PSID)world_room)   // S-1-1-0

static BOOLEAN prints(PSID sid, PCWSTR expected) {
    UNICODE_STRING text = {0, 0, NULL}, wanted;
    RtlInitUnicodeString(&wanted, expected);
    if (import_RtlConvertSidToUnicodeString(&text, sid, TRUE) != STATUS_SUCCESS) return FALSE;
    BOOLEAN same = RtlEqualUnicodeString(&text, &wanted, FALSE) && text.MaximumLength >= text.Length;
    RtlFreeUnicodeString(&text);
    return same;
}

static void sids(void) {
    SID_IDENTIFIER_AUTHORITY nt = {{0, 0, 0, 0, 0, 5}}, world = {{0, 0, 0, 0, 0, 1}},
                             small = {{0, 0, 0, 4, 0x4c, 0x88}}, large = {{0, 0x28, 0x65, 0x1f, 0xe8, 0x48}};
    ULONG copy[aligned_size], other[aligned_size];
    WCHAR room[8];
    UNICODE_STRING text = {0, sizeof room, room};
    CHECK(import_RtlLengthRequiredSid(2) == 16 && import_RtlLengthRequiredSid(0) == 8,
          "RtlLengthRequiredSid");
    CHECK(import_RtlInitializeSid(ADMINS, &nt, 2) == STATUS_SUCCESS, "RtlInitializeSid");
    *import_RtlSubAuthoritySid(ADMINS, 0) = 32, *import_RtlSubAuthoritySid(ADMINS, 1) = 544;
    CHECK(admins_room[2] == 32 && admins_room[3] == 544, "RtlSubAuthoritySid points into the SID");
    CHECK(*import_RtlSubAuthorityCountSid(ADMINS) == 2, "RtlSubAuthorityCountSid points to the count");
    import_RtlInitializeSid(WORLD, &world, 1);
    *import_RtlSubAuthoritySid(WORLD, 0) = 0;
    CHECK(import_RtlInitializeSid((PSID)copy, &nt, SID_MAX_SUB_AUTHORITIES + 1) == STATUS_INVALID_PARAMETER,
          "RtlInitializeSid: STATUS_INVALID_PARAMETER, too many subauthorities");
    CHECK(import_RtlLengthSid(ADMINS) == 16 && import_RtlLengthSid(WORLD) == 12, "RtlLengthSid");
    CHECK(import_RtlCopySid(15, (PSID)copy, ADMINS) == STATUS_BUFFER_TOO_SMALL,
          "RtlCopySid: STATUS_BUFFER_TOO_SMALL");
    CHECK(import_RtlCopySid(16, (PSID)copy, ADMINS) == STATUS_SUCCESS &&
              import_RtlEqualSid((PSID)copy, ADMINS),
          "RtlCopySid, RtlEqualSid");
    copy[3] = 545;
    CHECK(!import_RtlEqualSid((PSID)copy, ADMINS) && !import_RtlEqualSid(WORLD, ADMINS),
          "SIDs must match exactly to be equal");
    CHECK(import_RtlValidSid(ADMINS), "RtlValidSid");
    RtlCopyMemory(other, admins_room, 16);
    ((PUCHAR)other)[0] = 2;
    CHECK(!import_RtlValidSid((PSID)other), "not of another revision");
    CHECK(import_RtlConvertSidToUnicodeString(&text, (PSID)other, TRUE) == STATUS_INVALID_SID,
          "RtlConvertSidToUnicodeString: STATUS_INVALID_SID");
    ((PUCHAR)other)[0] = 1, ((PUCHAR)other)[1] = 16;
    CHECK(!import_RtlValidSid((PSID)other), "nor with more than the maximum of subauthorities");
    CHECK(prints(ADMINS, L"S-1-5-32-544") && prints(WORLD, L"S-1-1-0"), "RtlConvertSidToUnicodeString");
    import_RtlInitializeSid((PSID)copy, &small, 4);
    copy[2] = 12, copy[3] = 72, copy[4] = 9, copy[5] = 110;
    CHECK(prints((PSID)copy, L"S-1-281736-12-72-9-110"), "an authority up to 2^32 is decimal");
    import_RtlInitializeSid((PSID)copy, &large, 4);
    CHECK(prints((PSID)copy, L"S-1-0x28651FE848-12-72-9-110"), "a larger one hexadecimal");
    CHECK(import_RtlConvertSidToUnicodeString(&text, ADMINS, FALSE) == STATUS_BUFFER_OVERFLOW,
          "STATUS_BUFFER_OVERFLOW: the caller's buffer is too small");
    CHECK(import_RtlConvertSidToUnicodeString(&text, WORLD, FALSE) == STATUS_SUCCESS && text.Length == 14 &&
              text.MaximumLength == sizeof room && text.Buffer == room,
          "MaximumLength is set only with allocation");
}

static ULONG dacl_room[32], sacl_room[8];
#define DACL ((PACL)dacl_room)
#define SACL ((PACL)sacl_room)

static void acls(void) {
    PVOID ace = NULL;
    ULONG size = sizeof(ACL) + 2 * (8 + 16), odd[8];
    CHECK(import_RtlCreateAcl(DACL, sizeof(ACL) - 1, ACL_REVISION) == STATUS_BUFFER_TOO_SMALL,
          "RtlCreateAcl: STATUS_BUFFER_TOO_SMALL");
    CHECK(import_RtlCreateAcl(DACL, size, 1) == STATUS_INVALID_PARAMETER &&
              import_RtlCreateAcl(DACL, size, 5) == STATUS_INVALID_PARAMETER &&
              import_RtlCreateAcl(DACL, 0x10000, ACL_REVISION) == STATUS_INVALID_PARAMETER,
          "RtlCreateAcl: STATUS_INVALID_PARAMETER, the revision or the length");
    CHECK(import_RtlCreateAcl(DACL, size, ACL_REVISION) == STATUS_SUCCESS && DACL->AceCount == 0 &&
              DACL->AclSize == size && import_RtlValidAcl(DACL),
          "a new ACL is empty");
    CHECK(import_RtlGetAce(DACL, 0, &ace) == STATUS_INVALID_PARAMETER, "RtlGetAce: no such entry");
    CHECK(import_RtlAddAccessAllowedAce(DACL, ACL_REVISION, GENERIC_READ, ADMINS) == STATUS_SUCCESS &&
              DACL->AceCount == 1,
          "RtlAddAccessAllowedAce");
    CHECK(import_RtlAddAccessDeniedAce(DACL, ACL_REVISION, DELETE, WORLD) == STATUS_SUCCESS &&
              DACL->AceCount == 2,
          "RtlAddAccessDeniedAce");
    CHECK(import_RtlGetAce(DACL, 1, &ace) == STATUS_SUCCESS, "RtlGetAce: a value of 1 is the second entry");
    PACCESS_ALLOWED_ACE entry = ace;
    CHECK(entry->Header.AceType == ACCESS_DENIED_ACE_TYPE && entry->Header.AceFlags == 0 &&
              entry->Header.AceSize == 20 && entry->Mask == DELETE &&
              import_RtlEqualSid((PSID)&entry->SidStart, WORLD),
          "entries are added at the end");
    CHECK(import_RtlAddAccessAllowedAce(DACL, ACL_REVISION, 1, WORLD) == STATUS_ALLOTTED_SPACE_EXCEEDED &&
              DACL->AceCount == 2,
          "STATUS_ALLOTTED_SPACE_EXCEEDED: a larger ACL is required");
    CHECK(import_RtlCreateAcl(DACL, sizeof dacl_room, ACL_REVISION) == STATUS_SUCCESS,
          "an ACL can be made anew");
    CHECK(import_RtlAddAccessAllowedAceEx(DACL, ACL_REVISION_DS, CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE,
                                          GENERIC_ALL, WORLD) == STATUS_SUCCESS,
          "RtlAddAccessAllowedAceEx");
    import_RtlGetAce(DACL, 0, &ace);
    entry = ace;
    CHECK(entry->Header.AceFlags == (CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE) &&
              entry->Header.AceType == ACCESS_ALLOWED_ACE_TYPE,
          "it sets the inheritance flags");
    CHECK(import_RtlAddAccessAllowedAceEx(DACL, ACL_REVISION, 0xff, GENERIC_ALL, WORLD) ==
              STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: the flags");
    CHECK(import_RtlAddAccessAllowedAce(DACL, 9, 1, WORLD) == STATUS_REVISION_MISMATCH &&
              import_RtlAddAccessDeniedAce(DACL, 9, 1, WORLD) == STATUS_REVISION_MISMATCH,
          "STATUS_REVISION_MISMATCH: the revision is not known");
    RtlCopyMemory(odd, world_room, 12);
    ((PUCHAR)odd)[0] = 7;
    CHECK(import_RtlAddAccessAllowedAce(DACL, ACL_REVISION, 1, (PSID)odd) == STATUS_INVALID_SID &&
              import_RtlAddAccessAllowedAceEx(DACL, ACL_REVISION, 0, 1, (PSID)odd) == STATUS_INVALID_SID &&
              import_RtlAddAccessDeniedAce(DACL, ACL_REVISION, 1, (PSID)odd) == STATUS_INVALID_SID,
          "STATUS_INVALID_SID");
    import_RtlCreateAcl((PACL)odd, sizeof odd, ACL_REVISION);
    ((PACL)odd)->AceCount = 40;
    odd[2] = 0;
    CHECK(!import_RtlValidAcl((PACL)odd) &&
              import_RtlAddAccessAllowedAce((PACL)odd, ACL_REVISION, 1, WORLD) == STATUS_INVALID_ACL,
          "STATUS_INVALID_ACL: the ACL is not properly formed");
}

static SECURITY_DESCRIPTOR absolute;
static ULONG relative[64];

static void descriptors(void) {
    PACL acl = SACL;
    PSID sid = ADMINS;
    BOOLEAN present = TRUE, defaulted = TRUE;
    import_RtlCreateAcl(SACL, sizeof sacl_room, ACL_REVISION);
    RtlFillMemory(&absolute, sizeof absolute, 0xff);
    CHECK(import_RtlCreateSecurityDescriptor(&absolute, 2) == STATUS_UNKNOWN_REVISION,
          "RtlCreateSecurityDescriptor: STATUS_UNKNOWN_REVISION");
    CHECK(import_RtlCreateSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION) == STATUS_SUCCESS &&
              absolute.Control == 0 && !absolute.Owner && !absolute.Group && !absolute.Dacl &&
              !absolute.Sacl && import_RtlValidSecurityDescriptor(&absolute),
          "a new descriptor has no ACL, no owner, no group and no flags");
    CHECK(import_RtlGetDaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              !present && acl == SACL,
          "RtlGetDaclSecurityDescriptor: without a DACL the variable receives no value");
    present = TRUE;
    CHECK(import_RtlGetSaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              !present && acl == SACL,
          "RtlGetSaclSecurityDescriptor too");
    CHECK(import_RtlGetOwnerSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_SUCCESS && !sid,
          "no owner: the variable receives NULL");
    sid = ADMINS;
    CHECK(import_RtlGetGroupSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_SUCCESS && !sid,
          "no group: the same");

    CHECK(import_RtlSetDaclSecurityDescriptor(&absolute, TRUE, DACL, TRUE) == STATUS_SUCCESS &&
              absolute.Dacl == DACL && absolute.Control == (SE_DACL_PRESENT | SE_DACL_DEFAULTED),
          "RtlSetDaclSecurityDescriptor refers to the ACL and copies DaclDefaulted");
    CHECK(import_RtlGetDaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              present && acl == DACL && defaulted,
          "RtlGetDaclSecurityDescriptor gives it back");
    CHECK(import_RtlSetDaclSecurityDescriptor(&absolute, TRUE, NULL, FALSE) == STATUS_SUCCESS &&
              import_RtlGetDaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              present && !acl && !defaulted,
          "a NULL DACL is present");
    CHECK(import_RtlSetDaclSecurityDescriptor(&absolute, FALSE, DACL, TRUE) == STATUS_SUCCESS &&
              !(absolute.Control & SE_DACL_PRESENT),
          "DaclPresent FALSE clears SE_DACL_PRESENT");
    CHECK(import_RtlSetSaclSecurityDescriptor(&absolute, TRUE, SACL, FALSE) == STATUS_SUCCESS &&
              import_RtlGetSaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              present && acl == SACL && !defaulted,
          "RtlSetSaclSecurityDescriptor");
    CHECK(import_RtlSetOwnerSecurityDescriptor(&absolute, ADMINS, TRUE) == STATUS_SUCCESS &&
              absolute.Owner == ADMINS && (absolute.Control & SE_OWNER_DEFAULTED),
          "RtlSetOwnerSecurityDescriptor copies the pointer and sets SE_OWNER_DEFAULTED");
    CHECK(import_RtlGetOwnerSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_SUCCESS &&
              sid == ADMINS && defaulted,
          "RtlGetOwnerSecurityDescriptor");
    CHECK(import_RtlSetOwnerSecurityDescriptor(&absolute, ADMINS, FALSE) == STATUS_SUCCESS &&
              !(absolute.Control & SE_OWNER_DEFAULTED),
          "or clears it");
    CHECK(import_RtlSetGroupSecurityDescriptor(&absolute, WORLD, TRUE) == STATUS_SUCCESS &&
              absolute.Group == WORLD && (absolute.Control & SE_GROUP_DEFAULTED),
          "RtlSetGroupSecurityDescriptor");
    CHECK(import_RtlGetGroupSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_SUCCESS &&
              sid == WORLD && defaulted,
          "RtlGetGroupSecurityDescriptor");
    CHECK(import_RtlSetGroupSecurityDescriptor(&absolute, NULL, FALSE) == STATUS_SUCCESS && !absolute.Group,
          "NULL clears the group");
    import_RtlSetGroupSecurityDescriptor(&absolute, WORLD, FALSE);
    import_RtlSetDaclSecurityDescriptor(&absolute, TRUE, DACL, FALSE);
    CHECK(import_RtlValidSecurityDescriptor(&absolute), "RtlValidSecurityDescriptor");
}

static void other_forms(void) {
    ULONG size = 0;
    PSID sid;
    PACL acl;
    BOOLEAN present, defaulted;
    ULONG needed = 20 + DACL->AclSize + SACL->AclSize + 16 + 12;
    CHECK(import_RtlLengthSecurityDescriptor(&absolute) == sizeof absolute + needed - 20,
          "RtlLengthSecurityDescriptor counts header and parts");
    CHECK(import_RtlAbsoluteToSelfRelativeSD(&absolute, NULL, &size) == STATUS_BUFFER_TOO_SMALL &&
              size == needed,
          "RtlAbsoluteToSelfRelativeSD: STATUS_BUFFER_TOO_SMALL with the minimum size");
    size = sizeof relative;
    CHECK(import_RtlAbsoluteToSelfRelativeSD(&absolute, relative, &size) == STATUS_SUCCESS,
          "RtlAbsoluteToSelfRelativeSD");
    CHECK((((SECURITY_DESCRIPTOR*)relative)->Control & SE_SELF_RELATIVE) &&
              import_RtlLengthSecurityDescriptor(relative) == needed,
          "makes one block of that size");
    CHECK(import_RtlValidRelativeSecurityDescriptor(relative, needed,
                                                    OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION),
          "RtlValidRelativeSecurityDescriptor");
    CHECK(!import_RtlValidRelativeSecurityDescriptor(relative, needed - 4, 0),
          "FALSE if a part reaches beyond its size");
    CHECK(import_RtlGetOwnerSecurityDescriptor(relative, &sid, &defaulted) == STATUS_SUCCESS &&
              sid != ADMINS && import_RtlEqualSid(sid, ADMINS),
          "its owner is inside");
    CHECK(import_RtlGetDaclSecurityDescriptor(relative, &present, &acl, &defaulted) == STATUS_SUCCESS &&
              present && acl != DACL && RtlCompareMemory(acl, DACL, DACL->AclSize) == DACL->AclSize,
          "its DACL too");
    CHECK(import_RtlAbsoluteToSelfRelativeSD(relative, &absolute, &size) == STATUS_BAD_DESCRIPTOR_FORMAT,
          "STATUS_BAD_DESCRIPTOR_FORMAT: the source is not in absolute format");
    CHECK(import_RtlSetOwnerSecurityDescriptor(relative, WORLD, FALSE) == STATUS_INVALID_SECURITY_DESCR &&
              import_RtlSetGroupSecurityDescriptor(relative, WORLD, FALSE) == STATUS_INVALID_SECURITY_DESCR &&
              import_RtlSetDaclSecurityDescriptor(relative, TRUE, NULL, FALSE) ==
                  STATUS_INVALID_SECURITY_DESCR &&
              import_RtlSetSaclSecurityDescriptor(relative, TRUE, NULL, FALSE) ==
                  STATUS_INVALID_SECURITY_DESCR,
          "the setters want the absolute format: STATUS_INVALID_SECURITY_DESCR");
    import_RtlSetGroupSecurityDescriptor(&absolute, NULL, FALSE);
    size = sizeof relative;
    import_RtlAbsoluteToSelfRelativeSD(&absolute, relative, &size);
    CHECK(!import_RtlValidRelativeSecurityDescriptor(relative, size, GROUP_SECURITY_INFORMATION),
          "FALSE if required information is missing");

    absolute.Revision = 9;
    CHECK(!import_RtlValidSecurityDescriptor(&absolute), "another revision is not valid");
    CHECK(import_RtlSetOwnerSecurityDescriptor(&absolute, WORLD, FALSE) == STATUS_UNKNOWN_REVISION &&
              import_RtlSetGroupSecurityDescriptor(&absolute, WORLD, FALSE) == STATUS_UNKNOWN_REVISION &&
              import_RtlSetDaclSecurityDescriptor(&absolute, TRUE, NULL, FALSE) == STATUS_UNKNOWN_REVISION &&
              import_RtlSetSaclSecurityDescriptor(&absolute, TRUE, NULL, FALSE) == STATUS_UNKNOWN_REVISION,
          "STATUS_UNKNOWN_REVISION from the setters");
    CHECK(import_RtlGetOwnerSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_UNKNOWN_REVISION &&
              import_RtlGetGroupSecurityDescriptor(&absolute, &sid, &defaulted) == STATUS_UNKNOWN_REVISION &&
              import_RtlGetDaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) ==
                  STATUS_UNKNOWN_REVISION &&
              import_RtlGetSaclSecurityDescriptor(&absolute, &present, &acl, &defaulted) ==
                  STATUS_UNKNOWN_REVISION,
          "and from the getters");
}

static void checks(void) {
    sids();
    acls();
    descriptors();
    other_forms();
}
