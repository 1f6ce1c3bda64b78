// Descriptors of objects: nf-wdm-seassignsecurity, nf-wdm-seassignsecurityex, nf-wdm-sedeassignsecurity,
// nf-ntifs-sequerysecuritydescriptorinfo, nf-ntifs-sesetsecuritydescriptorinfo(ex),
// nf-wdm-sevalidsecuritydescriptor, nf-ntifs-zwquerysecurityobject, nf-ntifs-zwsetsecurityobject,
// nf-wdm-obgetobjectsecurity; Win32 pages "DACL for a New Object", "Owner of a New Object", "ACE Inheritance
// Rules"; kernel page "Controlling Device Access".
#define TOPIC L"SeDescriptors"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "security.h"

IMPORT(NTSTATUS, SeAssignSecurity, PVOID, PVOID, PVOID*, BOOLEAN, PSECURITY_SUBJECT_CONTEXT, PGENERIC_MAPPING,
       POOL_TYPE);
IMPORT(NTSTATUS, SeAssignSecurityEx, PVOID, PVOID, PVOID*, GUID*, BOOLEAN, ULONG, PSECURITY_SUBJECT_CONTEXT,
       PGENERIC_MAPPING, POOL_TYPE);
IMPORT(NTSTATUS, SeDeassignSecurity, PVOID*);
IMPORT(NTSTATUS, SeQuerySecurityDescriptorInfo, PSECURITY_INFORMATION, PVOID, PULONG, PVOID*);
IMPORT(NTSTATUS, SeSetSecurityDescriptorInfo, PVOID, PSECURITY_INFORMATION, PVOID, PVOID*, POOL_TYPE,
       PGENERIC_MAPPING);
IMPORT(NTSTATUS, SeSetSecurityDescriptorInfoEx, PVOID, PSECURITY_INFORMATION, PVOID, PVOID*, ULONG, POOL_TYPE,
       PGENERIC_MAPPING);
IMPORT(BOOLEAN, SeValidSecurityDescriptor, ULONG, PVOID);
IMPORT(NTSTATUS, SeCaptureSecurityDescriptor, PVOID, KPROCESSOR_MODE, POOL_TYPE, BOOLEAN, PVOID*);
IMPORT(NTSTATUS, SeReleaseSecurityDescriptor, PVOID, KPROCESSOR_MODE, BOOLEAN);
IMPORT(void, SeCaptureSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeReleaseSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(NTSTATUS, ObGetObjectSecurity, PVOID, PVOID*, PBOOLEAN);
IMPORT(void, ObReleaseObjectSecurity, PVOID, BOOLEAN);
IMPORT(NTSTATUS, ObSetSecurityObjectByPointer, PVOID, SECURITY_INFORMATION, PVOID);
NTSYSAPI BOOLEAN NTAPI RtlValidAcl(PACL);
IMPORT(NTSTATUS, RtlDeleteAce, PACL, ULONG);
IMPORT(BOOLEAN, RtlEqualPrefixSid, PSID, PSID);
IMPORT(PSID_IDENTIFIER_AUTHORITY, RtlIdentifierAuthoritySid, PSID);
IMPORT(NTSTATUS, ZwQuerySecurityObject, HANDLE, SECURITY_INFORMATION, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwSetSecurityObject, HANDLE, SECURITY_INFORMATION, PVOID);
IMPORT(NTSTATUS, ZwCreateEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE, BOOLEAN);
IMPORT(NTSTATUS, ZwOpenEvent, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
IMPORT(NTSTATUS, ZwCreateDirectoryObject, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

static GENERIC_MAPPING mapping = {0x20001, 0x20002, 0x20004, 0x1f0007};
static SECURITY_SUBJECT_CONTEXT subject;
enum {
    all_information = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION
};

static PACL dacl_of(PVOID sd) {
    PACL acl = NULL;
    BOOLEAN present = FALSE, defaulted;
    RtlGetDaclSecurityDescriptor(sd, &present, &acl, &defaulted);
    return present ? acl : NULL;
}
static PSID owner_of(PVOID sd) {
    PSID sid = NULL;
    BOOLEAN defaulted;
    RtlGetOwnerSecurityDescriptor(sd, &sid, &defaulted);
    return sid;
}
// The entry of a list is this one.
static BOOLEAN is_ace(PACL acl, ULONG index, ACCESS_MASK mask, PSID sid, UCHAR flags) {
    PACCESS_ALLOWED_ACE ace = NULL;
    return acl && NT_SUCCESS(RtlGetAce(acl, index, (PVOID*)&ace)) && ace->Mask == mask &&
           ace->Header.AceFlags == flags && (!sid || RtlEqualSid((PSID)&ace->SidStart, sid));
}

static void assignment(void) {
    struct sd parent, given;
    PVOID made = NULL;
    CHECK(import_SeAssignSecurity(NULL, NULL, &made, FALSE, &subject, &mapping, PagedPool) == STATUS_SUCCESS,
          "SeAssignSecurity");
    CHECK(RtlEqualSid(owner_of(made), SID_ADMINS), "no owner given: the default owner of the token");
    CHECK(dacl_of(made)->AceCount == 3 && is_ace(dacl_of(made), 0, mapping.GenericAll, SID_ADMINS, 0),
          "neither given nor inherited: the token's default DACL, mapped");
    CHECK(import_SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(made), made),
          "SeValidSecurityDescriptor");
    CHECK(!import_SeValidSecurityDescriptor(20, made), "not when its parts lie behind the length");
    CHECK(import_SeDeassignSecurity(&made) == STATUS_SUCCESS && !made, "SeDeassignSecurity");

    begin(&parent, SID_SYSTEM);
    allow_flags(&parent, GENERIC_READ, SID_WORLD, OBJECT_INHERIT_ACE);
    allow_flags(&parent, 2, SID_ADMINS, CONTAINER_INHERIT_ACE);
    allow_flags(&parent, GENERIC_ALL, SID_CREATOR,
                OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | INHERIT_ONLY_ACE);
    allow(&parent, 4, SID_GUESTS);
    import_SeAssignSecurity(&parent.sd, NULL, &made, FALSE, &subject, &mapping, PagedPool);
    CHECK(dacl_of(made)->AceCount == 2 && is_ace(dacl_of(made), 0, mapping.GenericRead, SID_WORLD, 0) &&
              is_ace(dacl_of(made), 1, mapping.GenericAll, SID_ADMINS, 0),
          "an object inherits OBJECT_INHERIT_ACE entries; CREATOR OWNER becomes its owner");
    import_SeDeassignSecurity(&made);
    import_SeAssignSecurity(&parent.sd, NULL, &made, TRUE, &subject, &mapping, PagedPool);
    CHECK(dacl_of(made)->AceCount == 4 &&
              is_ace(dacl_of(made), 0, GENERIC_READ, SID_WORLD, OBJECT_INHERIT_ACE | INHERIT_ONLY_ACE) &&
              is_ace(dacl_of(made), 1, 2, SID_ADMINS, CONTAINER_INHERIT_ACE),
          "a directory inherits container entries, and passes object entries on");
    CHECK(is_ace(dacl_of(made), 2, mapping.GenericAll, SID_ADMINS, 0) &&
              is_ace(dacl_of(made), 3, GENERIC_ALL, SID_CREATOR,
                     OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | INHERIT_ONLY_ACE),
          "a generic entry becomes two: an effective one, mapped, and an inherit-only one that is still "
          "generic");
    import_SeDeassignSecurity(&made);
    begin(&given, SID_ADMINS);
    allow(&given, GENERIC_EXECUTE, SID_GUESTS);
    import_SeAssignSecurity(&parent.sd, &given.sd, &made, FALSE, &subject, &mapping, PagedPool);
    CHECK(dacl_of(made)->AceCount == 1 && is_ace(dacl_of(made), 0, mapping.GenericExecute, SID_GUESTS, 0),
          "an explicit DACL is assigned");
    import_SeDeassignSecurity(&made);
    RtlSetDaclSecurityDescriptor(&given.sd, TRUE, (PACL)given.dacl, TRUE);
    import_SeAssignSecurity(&parent.sd, &given.sd, &made, FALSE, &subject, &mapping, PagedPool);
    CHECK(dacl_of(made)->AceCount == 2, "an explicit default DACL gives way to inherited entries");
    import_SeDeassignSecurity(&made);
    import_SeAssignSecurity(NULL, &given.sd, &made, FALSE, &subject, &mapping, PagedPool);
    CHECK(dacl_of(made)->AceCount == 1, "and is assigned when there are none");
    import_SeDeassignSecurity(&made);
    RtlSetDaclSecurityDescriptor(&given.sd, TRUE, (PACL)given.dacl, FALSE);
    CHECK(import_SeAssignSecurityEx(&parent.sd, &given.sd, &made, NULL, FALSE, SEF_DACL_AUTO_INHERIT,
                                    &subject, &mapping, PagedPool) == STATUS_SUCCESS &&
              dacl_of(made)->AceCount == 3 &&
              is_ace(dacl_of(made), 1, mapping.GenericRead, SID_WORLD, INHERITED_ACE),
          "SEF_DACL_AUTO_INHERIT: explicit and inherited entries, these marked as such");
    import_SeDeassignSecurity(&made);
    given.sd.Owner = SID_GUESTS;
    CHECK(import_SeAssignSecurity(NULL, &given.sd, &made, FALSE, &subject, &mapping, PagedPool) ==
              STATUS_INVALID_OWNER,
          "STATUS_INVALID_OWNER: not a SID that the caller may assign");
    CHECK(import_SeAssignSecurityEx(NULL, &given.sd, &made, NULL, FALSE, SEF_AVOID_OWNER_CHECK, &subject,
                                    &mapping, PagedPool) == STATUS_SUCCESS &&
              RtlEqualSid(owner_of(made), SID_GUESTS),
          "SEF_AVOID_OWNER_CHECK");
    import_SeDeassignSecurity(&made);
    CHECK(import_SeAssignSecurityEx(&parent.sd, NULL, &made, NULL, FALSE,
                                    SEF_DEFAULT_OWNER_FROM_PARENT | SEF_AVOID_OWNER_CHECK, &subject, &mapping,
                                    PagedPool) == STATUS_SUCCESS &&
              RtlEqualSid(owner_of(made), SID_SYSTEM),
          "SEF_DEFAULT_OWNER_FROM_PARENT");
    import_SeDeassignSecurity(&made);
    given.sd.Owner = SID_ADMINS;
    label(&given, 0x2000, 1);
    CHECK(import_SeAssignSecurity(NULL, &given.sd, &made, FALSE, &subject, &mapping, PagedPool) ==
              STATUS_SUCCESS,
          "a mandatory label needs no privilege");
    import_SeDeassignSecurity(&made);
    ((PACE_HEADER)((PACL)given.sacl + 1))->AceType = SYSTEM_AUDIT_ACE_TYPE;
    CHECK(import_SeAssignSecurity(NULL, &given.sd, &made, FALSE, &subject, &mapping, PagedPool) ==
              STATUS_PRIVILEGE_NOT_HELD,
          "STATUS_PRIVILEGE_NOT_HELD: an explicit SACL needs SeSecurityPrivilege");
}

// An object-specific entry: who inherits it is named by a GUID.
struct object_ace {
    ACE_HEADER header;
    ACCESS_MASK mask;
    ULONG flags;
    GUID inherited_type;
    ULONG sid[3];
};

static void object_types(void) {
    static GUID type = {1, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}}, other = {2, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};
    struct sd parent;
    PVOID made = NULL;
    struct object_ace ace = {{5, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE, sizeof ace}, 1, 2, type, {0}};
    RtlCopySid(sizeof ace.sid, (PSID)ace.sid, SID_WORLD);
    begin(&parent, SID_SYSTEM);
    allow_flags(&parent, 2, SID_ADMINS, OBJECT_INHERIT_ACE);
    CHECK(RtlAddAce((PACL)parent.dacl, 4, MAXULONG, &ace, sizeof ace) == STATUS_SUCCESS,
          "RtlAddAce: an object-specific entry");
    import_SeAssignSecurityEx(&parent.sd, NULL, &made, &type, FALSE, 0, &subject, &mapping, PagedPool);
    CHECK(made && dacl_of(made)->AceCount == 2,
          "InheritedObjectType: objects that match the GUID inherit the entry");
    import_SeDeassignSecurity(&made);
    import_SeAssignSecurityEx(&parent.sd, NULL, &made, &other, FALSE, 0, &subject, &mapping, PagedPool);
    CHECK(made && dacl_of(made)->AceCount == 1, "others do not");
    import_SeDeassignSecurity(&made);
    import_SeAssignSecurityEx(&parent.sd, NULL, &made, NULL, TRUE, 0, &subject, &mapping, PagedPool);
    PACE_HEADER passed = NULL;
    CHECK(made && dacl_of(made)->AceCount == 2 && NT_SUCCESS(RtlGetAce(dacl_of(made), 1, (PVOID*)&passed)) &&
              passed->AceFlags == (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | INHERIT_ONLY_ACE),
          "a container without the type passes it on");
    import_SeDeassignSecurity(&made);
    // The entry ends before its flags.
    begin(&parent, SID_SYSTEM);
    RtlAddAce((PACL)parent.dacl, 4, MAXULONG, &ace, sizeof ace);
    ((PACE_HEADER)((PACL)parent.dacl + 1))->AceSize = 8;
    import_SeAssignSecurityEx(&parent.sd, NULL, &made, &type, FALSE, 0, &subject, &mapping, PagedPool);
    CHECK(made && dacl_of(made)->AceCount == 3, "an entry that is too short for its type is not inherited");
    import_SeDeassignSecurity(&made);
}

// CREATOR OWNER becomes a SID that is longer.
static void long_entries(void) {
    static struct {
        ACL acl;
        ACCESS_DENIED_ACE ace;
        UCHAR more[0xfffc - sizeof(ACL) - sizeof(ACCESS_DENIED_ACE)];
    } list = {{ACL_REVISION, 0, sizeof list, 1, 0},
              {{ACCESS_DENIED_ACE_TYPE, 0, sizeof list - sizeof(ACL)}, 1, 0},
              {0}};
    static ULONG owner[sid_ulongs];
    PVOID made = NULL;
    struct sd given;
    make_sid((PSID)owner, 5, 15, 21, 1);
    RtlCopySid(12, (PSID)&list.ace.SidStart, SID_CREATOR);
    begin(&given, (PSID)owner);
    RtlSetDaclSecurityDescriptor(&given.sd, TRUE, &list.acl, FALSE);
    CHECK(import_SeAssignSecurityEx(NULL, &given.sd, &made, NULL, FALSE, SEF_AVOID_OWNER_CHECK, &subject,
                                    &mapping, PagedPool) == STATUS_BAD_INHERITANCE_ACL,
          "an entry for CREATOR OWNER that outgrows AceSize is refused");
    if (made) import_SeDeassignSecurity(&made);
}

static void automatic(void) {
    struct sd d;
    PVOID made = NULL, old;
    SECURITY_INFORMATION information = DACL_SECURITY_INFORMATION;
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_WORLD);
    allow_flags(&d, 2, SID_WORLD, INHERITED_ACE);
    import_SeAssignSecurity(NULL, &d.sd, &made, FALSE, &subject, &mapping, PagedPool);
    begin(&d, SID_ADMINS);
    allow(&d, 4, SID_GUESTS);
    allow_flags(&d, 7, SID_GUESTS, INHERITED_ACE);
    old = made;
    CHECK(
        import_SeSetSecurityDescriptorInfoEx(NULL, &information, &d.sd, &made, SEF_DACL_AUTO_INHERIT,
                                             PagedPool, &mapping) == STATUS_SUCCESS &&
            dacl_of(made)->AceCount == 2 && is_ace(dacl_of(made), 0, 4, SID_GUESTS, 0) &&
            is_ace(dacl_of(made), 1, 2, SID_WORLD, INHERITED_ACE),
        "SEF_DACL_AUTO_INHERIT: inherited entries of the current, non-inherited ones of the new descriptor");
    CHECK(((PISECURITY_DESCRIPTOR)made)->Control & SE_DACL_AUTO_INHERITED, "the list is marked");
    ExFreePool(old);
    old = made;
    d.sd.Control |= SE_DACL_PROTECTED;
    import_SeSetSecurityDescriptorInfoEx(NULL, &information, &d.sd, &made, SEF_DACL_AUTO_INHERIT, PagedPool,
                                         &mapping);
    CHECK(dacl_of(made)->AceCount == 2 && is_ace(dacl_of(made), 0, 4, SID_GUESTS, 0) &&
              is_ace(dacl_of(made), 1, 7, SID_GUESTS, 0) &&
              (((PISECURITY_DESCRIPTOR)made)->Control & SE_DACL_PROTECTED),
          "a protected new list is copied, with the INHERITED_ACE bits off");
    ExFreePool(old);
    old = made;
    d.sd.Control &= ~SE_DACL_PROTECTED;
    import_SeSetSecurityDescriptorInfoEx(NULL, &information, &d.sd, &made, SEF_DACL_AUTO_INHERIT, PagedPool,
                                         &mapping);
    CHECK(dacl_of(made)->AceCount == 2 && is_ace(dacl_of(made), 1, 7, SID_GUESTS, INHERITED_ACE),
          "after a protected one the new list is copied as it is");
    ExFreePool(old);
    old = made;
    information = OWNER_SECURITY_INFORMATION;
    import_SeSetSecurityDescriptorInfoEx(NULL, &information, &d.sd, &made, SEF_DACL_AUTO_INHERIT, PagedPool,
                                         &mapping);
    CHECK(is_ace(dacl_of(made), 1, 7, SID_GUESTS, INHERITED_ACE),
          "the flag is ignored without DACL_SECURITY_INFORMATION");
    ExFreePool(old);
    ExFreePool(made);
}

static NTSTATUS capture(struct sd* d) {
    PVOID captured = NULL;
    const NTSTATUS status =
        import_SeCaptureSecurityDescriptor(&d->sd, KernelMode, NonPagedPool, TRUE, &captured);
    if (captured) import_SeReleaseSecurityDescriptor(captured, KernelMode, TRUE);
    return status;
}

// Lists and labels that must not come in.
static void malformed(void) {
    struct sd d;
    PACCESS_ALLOWED_ACE ace = NULL;
    PVOID made = NULL;
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_ADMINS);
    CHECK(capture(&d) == STATUS_SUCCESS && RtlValidAcl((PACL)d.dacl), "a list that is well formed");
    RtlGetAce((PACL)d.dacl, 0, (PVOID*)&ace);
    ace->Header.AceSize = 22;
    CHECK(capture(&d) == STATUS_INVALID_ACL, "STATUS_INVALID_ACL: an entry's size is no multiple of four");
    ace->Header.AceSize = 0;
    CHECK(capture(&d) == STATUS_INVALID_ACL && !RtlValidAcl((PACL)d.dacl), "an entry without a size");
    ace->Header.AceSize = 20;
    CHECK(capture(&d) == STATUS_INVALID_ACL && !RtlValidAcl((PACL)d.dacl),
          "an entry that is too small for its SID");
    ace->Header.AceSize = 24;
    ((PUCHAR)&ace->SidStart)[0] = 2;
    CHECK(capture(&d) == STATUS_INVALID_ACL && !RtlValidAcl((PACL)d.dacl), "a SID of an unknown revision");
    ((PUCHAR)&ace->SidStart)[0] = 1;
    ((PUCHAR)&ace->SidStart)[1] = 16;
    CHECK(capture(&d) == STATUS_INVALID_ACL && !RtlValidSecurityDescriptor(&d.sd),
          "a SID of more than fifteen subauthorities");
    CHECK(RtlAddAccessAllowedAce((PACL)d.dacl, ACL_REVISION, 1, SID_WORLD) == STATUS_INVALID_ACL,
          "RtlAddAccessAllowedAce: STATUS_INVALID_ACL");
    CHECK(import_SeAssignSecurity(NULL, &d.sd, &made, FALSE, &subject, &mapping, PagedPool) ==
              STATUS_INVALID_SECURITY_DESCR,
          "SeAssignSecurity: STATUS_INVALID_SECURITY_DESCR");
    ace->Header.AceSize = 0xfffc;
    CHECK(capture(&d) == STATUS_INVALID_ACL, "an entry that is larger than its list");

    begin(&d, SID_ADMINS);
    label(&d, 0x4000, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
    CHECK(import_SeAssignSecurity(NULL, &d.sd, &made, FALSE, &subject, &mapping, PagedPool) ==
              (NTSTATUS)0xC0000446,
          "STATUS_INVALID_LABEL: a label above the creator's level");

    // Two lists that fit alone, and do not fit together.
    const ULONG most = 0xfffc;
    PACL large = ExAllocatePoolWithTag(PagedPool, most, 'tseT');
    RtlCreateAcl(large, most, ACL_REVISION);
    CHECK(RtlCreateAcl(large, most + 4, ACL_REVISION) == STATUS_INVALID_PARAMETER,
          "RtlCreateAcl: STATUS_INVALID_PARAMETER, the length is too large");
    while (NT_SUCCESS(RtlAddAccessAllowedAceEx(large, ACL_REVISION, OBJECT_INHERIT_ACE, 1, SID_ADMINS)))
        ;
    struct sd parent;
    begin(&parent, SID_ADMINS);
    parent.sd.Dacl = large;
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_ADMINS);
    CHECK(import_SeAssignSecurityEx(&parent.sd, NULL, &made, NULL, FALSE, 0, &subject, &mapping, PagedPool) ==
              STATUS_SUCCESS,
          "the largest list there is can be inherited");
    import_SeDeassignSecurity(&made);
    CHECK(import_SeAssignSecurityEx(&parent.sd, &d.sd, &made, NULL, FALSE, SEF_DACL_AUTO_INHERIT, &subject,
                                    &mapping, PagedPool) == STATUS_BAD_INHERITANCE_ACL,
          "STATUS_BAD_INHERITANCE_ACL: with another entry it is too large");
    ExFreePoolWithTag(large, 'tseT');
}

static void changes(void) {
    struct sd d;
    PVOID made = NULL, old, none = NULL;
    ULONG room[64], length = 0;
    SECURITY_INFORMATION information = all_information;
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_WORLD);
    import_SeAssignSecurity(NULL, &d.sd, &made, FALSE, &subject, &mapping, PagedPool);
    CHECK(import_SeQuerySecurityDescriptorInfo(&information, room, &length, &made) ==
                  STATUS_BUFFER_TOO_SMALL &&
              length > 60,
          "SeQuerySecurityDescriptorInfo: STATUS_BUFFER_TOO_SMALL with the length");
    length = sizeof room;
    CHECK(import_SeQuerySecurityDescriptorInfo(&information, room, &length, &made) == STATUS_SUCCESS &&
              RtlValidRelativeSecurityDescriptor(room, length, all_information),
          "SeQuerySecurityDescriptorInfo: a self-relative copy");
    information = OWNER_SECURITY_INFORMATION, length = sizeof room;
    import_SeQuerySecurityDescriptorInfo(&information, room, &length, &made);
    CHECK(RtlEqualSid(owner_of(room), SID_ADMINS) && !dacl_of(room), "only what is asked for");
    begin(&d, SID_SYSTEM);
    allow(&d, GENERIC_READ, SID_GUESTS);
    information = DACL_SECURITY_INFORMATION, old = made;
    CHECK(import_SeSetSecurityDescriptorInfo(NULL, &information, &d.sd, &made, PagedPool, &mapping) ==
                  STATUS_SUCCESS &&
              made != old,
          "SeSetSecurityDescriptorInfo");
    CHECK(is_ace(dacl_of(made), 0, mapping.GenericRead, SID_GUESTS, 0) &&
              RtlEqualSid(owner_of(made), SID_ADMINS),
          "the DACL is new and mapped, the owner as it was");
    ExFreePool(old);
    old = made;
    CHECK(import_SeSetSecurityDescriptorInfoEx(NULL, &information, &d.sd, &made, 0, NonPagedPool, &mapping) ==
              STATUS_SUCCESS,
          "SeSetSecurityDescriptorInfoEx");
    ExFreePool(old);
    ExFreePool(made);
    CHECK(import_SeSetSecurityDescriptorInfo(NULL, &information, &d.sd, &none, PagedPool, &mapping) ==
              STATUS_NO_SECURITY_ON_OBJECT,
          "STATUS_NO_SECURITY_ON_OBJECT");
    PVOID absolute = &d.sd;
    CHECK(import_SeSetSecurityDescriptorInfo(NULL, &information, &d.sd, &absolute, PagedPool, &mapping) ==
              STATUS_BAD_DESCRIPTOR_FORMAT,
          "STATUS_BAD_DESCRIPTOR_FORMAT: the object's is not self-relative");
    PVOID captured = NULL;
    CHECK(import_SeCaptureSecurityDescriptor(&d.sd, KernelMode, PagedPool, TRUE, &captured) ==
                  STATUS_SUCCESS &&
              captured != &d.sd && is_ace(dacl_of(captured), 0, GENERIC_READ, SID_GUESTS, 0),
          "SeCaptureSecurityDescriptor: a copy");
    CHECK(import_SeReleaseSecurityDescriptor(captured, KernelMode, TRUE) == STATUS_SUCCESS,
          "SeReleaseSecurityDescriptor");
    d.sd.Revision = 7;
    CHECK(import_SeCaptureSecurityDescriptor(&d.sd, KernelMode, PagedPool, TRUE, &captured) ==
              STATUS_UNKNOWN_REVISION,
          "STATUS_UNKNOWN_REVISION");
}

static HANDLE event(PCWSTR name, ULONG attributes, PVOID sd, NTSTATUS* status) {
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES oa;
    HANDLE handle = NULL;
    RtlInitUnicodeString(&text, name);
    InitializeObjectAttributes(&oa, name ? &text : NULL, attributes | OBJ_KERNEL_HANDLE, NULL, sd);
    *status = import_ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &oa, NotificationEvent, FALSE);
    return handle;
}

static void objects(void) {
    struct sd d;
    NTSTATUS status;
    ULONG room[64], needed = 0;
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES oa;
    HANDLE second = NULL;
    begin(&d, SID_ADMINS);
    allow(&d, EVENT_MODIFY_STATE | SYNCHRONIZE, SID_WORLD);
    HANDLE handle = event(L"\\BaseNamedObjects\\ConformDescriptors", 0, &d.sd, &status);
    CHECK(status == STATUS_SUCCESS, "ZwCreateEvent with a descriptor");
    CHECK(import_ZwQuerySecurityObject(handle, all_information, NULL, 0, &needed) ==
                  STATUS_BUFFER_TOO_SMALL &&
              needed > 60,
          "ZwQuerySecurityObject: STATUS_BUFFER_TOO_SMALL with the length");
    CHECK(import_ZwQuerySecurityObject(handle, all_information, room, sizeof room, &needed) ==
                  STATUS_SUCCESS &&
              is_ace(dacl_of(room), 0, EVENT_MODIFY_STATE | SYNCHRONIZE, SID_WORLD, 0),
          "the descriptor of the object attributes is kept");
    CHECK(import_ZwQuerySecurityObject((HANDLE)0x6660, all_information, room, sizeof room, &needed) ==
              STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    RtlInitUnicodeString(&text, L"\\BaseNamedObjects\\ConformDescriptors");
    InitializeObjectAttributes(&oa, &text, OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    CHECK(import_ZwOpenEvent(&second, EVENT_MODIFY_STATE, &oa) == STATUS_SUCCESS,
          "OBJ_FORCE_ACCESS_CHECK: what the descriptor grants");
    ZwClose(second);
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_ACCESS_DENIED,
          "OBJ_FORCE_ACCESS_CHECK: STATUS_ACCESS_DENIED");
    oa.Attributes = OBJ_KERNEL_HANDLE;
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_SUCCESS,
          "kernel mode is not checked");
    ZwClose(second);
    begin(&d, SID_ADMINS);
    allow(&d, EVENT_QUERY_STATE, SID_WORLD);
    CHECK(import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_SUCCESS,
          "ZwSetSecurityObject");
    oa.Attributes |= OBJ_FORCE_ACCESS_CHECK;
    CHECK(import_ZwOpenEvent(&second, EVENT_QUERY_STATE, &oa) == STATUS_SUCCESS, "the new DACL counts");
    ZwClose(second);
    CHECK(import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, NULL) == STATUS_ACCESS_VIOLATION,
          "STATUS_ACCESS_VIOLATION: a NULL descriptor");
    d.sd.Owner = NULL;
    CHECK(import_ZwSetSecurityObject(handle, OWNER_SECURITY_INFORMATION, &d.sd) ==
              STATUS_INVALID_SECURITY_DESCR,
          "STATUS_INVALID_SECURITY_DESCR: no owner in it");
    d.sd.Revision = 3;
    CHECK(import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_UNKNOWN_REVISION,
          "STATUS_UNKNOWN_REVISION");
    PVOID object = NULL, descriptor = NULL;
    BOOLEAN allocated = TRUE;
    ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL);
    CHECK(import_ObGetObjectSecurity(object, &descriptor, &allocated) == STATUS_SUCCESS &&
              is_ace(dacl_of(descriptor), 0, EVENT_QUERY_STATE, SID_WORLD, 0),
          "ObGetObjectSecurity");
    begin(&d, SID_ADMINS);
    CHECK(import_ObSetSecurityObjectByPointer(object, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_SUCCESS,
          "ObSetSecurityObjectByPointer");
    CHECK(is_ace(dacl_of(descriptor), 0, EVENT_QUERY_STATE, SID_WORLD, 0),
          "a descriptor that ObGetObjectSecurity gave stays as it is until it is released");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    ObDereferenceObject(object);
    ZwClose(handle);
    handle = event(NULL, 0, NULL, &status);
    CHECK(import_ZwQuerySecurityObject(handle, all_information, room, sizeof room, &needed) ==
                  STATUS_SUCCESS &&
              !owner_of(room),
          "an event without a name has no security");
    ZwClose(handle);
}

static void devices(void) {
    PVOID descriptor = NULL;
    BOOLEAN allocated = FALSE;
    PDEVICE_OBJECT device = this_driver->DeviceObject;
    struct sd d;
    HANDLE handle = NULL;
    import_ObGetObjectSecurity(device, &descriptor, &allocated);
    PACL acl = dacl_of(descriptor);
    BOOLEAN admins = FALSE, world = FALSE;
    for (ULONG i = 0; acl && i < acl->AceCount; ++i) {
        admins |= is_ace(acl, i, FILE_ALL_ACCESS, SID_ADMINS, 0);
        world |= is_ace(acl, i, FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE, SID_WORLD, 0);
    }
    CHECK(admins && world, "the default descriptor of a device: full access for administrators, read, write "
                           "and execute for everyone");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    begin(&d, SID_ADMINS);
    allow(&d, GENERIC_READ, SID_WORLD);
    CHECK(ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle) ==
              STATUS_SUCCESS,
          "a handle to a device object");
    CHECK(import_ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_SUCCESS,
          "ZwSetSecurityObject on a device object");
    ZwClose(handle);
    CHECK(is_ace(dacl_of(device->SecurityDescriptor), 0, FILE_GENERIC_READ, SID_WORLD, 0),
          "DEVICE_OBJECT.SecurityDescriptor follows, with the rights of files");
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    IO_STATUS_BLOCK iosb;
    RtlInitUnicodeString(&name, L"\\Device\\Conform" TOPIC);
    InitializeObjectAttributes(&oa, &name, OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    CHECK(ZwOpenFile(&handle, FILE_WRITE_DATA | SYNCHRONIZE, &oa, &iosb, 7, 0) == STATUS_ACCESS_DENIED,
          "opens of the device are checked against it");
    CHECK(ZwOpenFile(&handle, FILE_READ_DATA, &oa, &iosb, 7, 0) == STATUS_SUCCESS,
          "what it grants is granted");
    ZwClose(handle);
    RtlInitUnicodeString(&name, L"\\Device\\Conform" TOPIC L"\\behind");
    CHECK(ZwOpenFile(&handle, FILE_WRITE_DATA, &oa, &iosb, 7, 0) == STATUS_ACCESS_DENIED,
          "FILE_DEVICE_SECURE_OPEN: so are opens in the device's namespace");
    device->Characteristics &= ~FILE_DEVICE_SECURE_OPEN;
    CHECK(ZwOpenFile(&handle, FILE_WRITE_DATA, &oa, &iosb, 7, 0) == STATUS_SUCCESS,
          "without it they are left to the driver");
    ZwClose(handle);
    disable(23);
    CHECK(ZwOpenFile(&handle, FILE_WRITE_DATA, &oa, &iosb, 7, 0) == STATUS_ACCESS_DENIED,
          "but without SeChangeNotifyPrivilege the device must grant FILE_TRAVERSE");
    enable(23);
    device->Characteristics |= FILE_DEVICE_SECURE_OPEN;
}

static void editing(void) {
    struct sd d;
    ULONG list[24], room[128], size = sizeof room;
    SECURITY_DESCRIPTOR absolute;
    ULONG a = 0, l = 0, s = 0, o = 0, g = 0, owner[17], group[17];
    PACL acl = (PACL)list;
    PACCESS_ALLOWED_ACE ace = NULL;
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_WORLD);
    allow(&d, 2, SID_ADMINS);
    RtlGetAce((PACL)d.dacl, 1, (PVOID*)&ace);
    RtlCreateAcl(acl, sizeof(ACL) + 44, ACL_REVISION);
    RtlAddAccessAllowedAce(acl, ACL_REVISION, 4, SID_WORLD);
    CHECK(RtlAddAce(acl, ACL_REVISION, 0, ace, ace->Header.AceSize) == STATUS_SUCCESS && acl->AceCount == 2 &&
              is_ace(acl, 0, 2, SID_ADMINS, 0) && is_ace(acl, 1, 4, SID_WORLD, 0),
          "RtlAddAce: zero inserts at the beginning");
    CHECK(RtlAddAce(acl, ACL_REVISION, MAXULONG, ace, ace->Header.AceSize) == STATUS_BUFFER_TOO_SMALL,
          "RtlAddAce: STATUS_BUFFER_TOO_SMALL");
    CHECK(RtlAddAce(acl, 9, 0, ace, ace->Header.AceSize) == STATUS_INVALID_PARAMETER,
          "RtlAddAce: STATUS_INVALID_PARAMETER, the revision");
    CHECK(import_RtlDeleteAce(acl, 2) == STATUS_INVALID_PARAMETER, "RtlDeleteAce: STATUS_INVALID_PARAMETER");
    CHECK(import_RtlDeleteAce(acl, 0) == STATUS_SUCCESS && acl->AceCount == 1 &&
              is_ace(acl, 0, 4, SID_WORLD, 0),
          "RtlDeleteAce");
    CHECK(import_RtlEqualPrefixSid(SID_ADMINS, SID_GUESTS) &&
              !import_RtlEqualPrefixSid(SID_ADMINS, SID_SYSTEM),
          "RtlEqualPrefixSid: all but the last subauthority");
    CHECK(import_RtlIdentifierAuthoritySid(SID_ADMINS)->Value[5] == 5, "RtlIdentifierAuthoritySid");
    RtlAbsoluteToSelfRelativeSD(&d.sd, room, &size);
    CHECK(RtlSelfRelativeToAbsoluteSD(room, &absolute, &a, (PACL)list, &l, NULL, &s, owner, &o, group, &g) ==
                  STATUS_BUFFER_TOO_SMALL &&
              a == sizeof absolute && l == ((PACL)d.dacl)->AclSize && s == 0 && o == 16,
          "RtlSelfRelativeToAbsoluteSD: STATUS_BUFFER_TOO_SMALL with the sizes");
    ULONG big[64];
    CHECK(RtlSelfRelativeToAbsoluteSD(room, &absolute, &a, (PACL)big, &l, NULL, &s, owner, &o, group, &g) ==
                  STATUS_SUCCESS &&
              RtlEqualSid(absolute.Owner, SID_ADMINS) && absolute.Dacl == (PACL)big,
          "RtlSelfRelativeToAbsoluteSD");
    CHECK(RtlSelfRelativeToAbsoluteSD(&d.sd, &absolute, &a, (PACL)big, &l, NULL, &s, owner, &o, group, &g) ==
              STATUS_BAD_DESCRIPTOR_FORMAT,
          "STATUS_BAD_DESCRIPTOR_FORMAT: not self-relative");
}

// nf-wdm-zwcreatekey: "The security attributes specified by ObjectAttributes when a key is created determine
// whether the specified DesiredAccess is granted on subsequent calls".
static void keys(void) {
    struct sd d;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    HANDLE key = NULL, second = NULL;
    ULONG room[64], needed = 0;
    begin(&d, SID_SYSTEM);
    allow(&d, KEY_READ, SID_ADMINS);
    RtlInitUnicodeString(&name, L"\\Registry\\Machine\\Software\\ConformDescriptors");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, &d.sd);
    CHECK(ZwCreateKey(&key, KEY_ALL_ACCESS, &oa, 0, NULL, REG_OPTION_VOLATILE, NULL) == STATUS_SUCCESS &&
              import_ZwQuerySecurityObject(key, all_information, room, sizeof room, &needed) ==
                  STATUS_SUCCESS &&
              is_ace(dacl_of(room), 0, KEY_READ, SID_ADMINS, 0) && dacl_of(room)->AceCount > 1,
          "inheritable entries are merged into the list that is given, behind its own");
    ZwDeleteKey(key);
    ZwClose(key);
    d.sd.Control |= SE_DACL_PROTECTED;
    CHECK(ZwCreateKey(&key, KEY_ALL_ACCESS, &oa, 0, NULL, REG_OPTION_VOLATILE, NULL) == STATUS_SUCCESS,
          "ZwCreateKey with a descriptor: the call itself is granted what it asks for");
    oa.SecurityDescriptor = NULL;
    CHECK(ZwOpenKey(&second, KEY_ALL_ACCESS, &oa) == STATUS_SUCCESS, "kernel mode is not checked");
    ZwClose(second);
    oa.Attributes |= OBJ_FORCE_ACCESS_CHECK;
    CHECK(ZwOpenKey(&second, KEY_SET_VALUE, &oa) == STATUS_ACCESS_DENIED,
          "but with OBJ_FORCE_ACCESS_CHECK: STATUS_ACCESS_DENIED");
    CHECK(ZwCreateKey(&second, KEY_SET_VALUE, &oa, 0, NULL, REG_OPTION_VOLATILE, NULL) ==
              STATUS_ACCESS_DENIED,
          "ZwCreateKey of a key that exists is checked in the same way");
    CHECK(ZwOpenKey(&second, GENERIC_READ, &oa) == STATUS_SUCCESS, "GENERIC_READ is KEY_READ");
    ZwClose(second);
    CHECK(import_ZwQuerySecurityObject(key, all_information, NULL, 0, &needed) == STATUS_BUFFER_TOO_SMALL &&
              import_ZwQuerySecurityObject(key, all_information, room, sizeof room, &needed) ==
                  STATUS_SUCCESS &&
              RtlEqualSid(owner_of(room), SID_SYSTEM) && is_ace(dacl_of(room), 0, KEY_READ, SID_ADMINS, 0),
          "ZwQuerySecurityObject on a key");
    begin(&d, SID_SYSTEM);
    allow(&d, GENERIC_ALL, SID_ADMINS);
    d.sd.Control |= SE_DACL_PROTECTED;
    CHECK(import_ZwSetSecurityObject(key, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_SUCCESS &&
              ZwOpenKey(&second, KEY_SET_VALUE, &oa) == STATUS_SUCCESS,
          "ZwSetSecurityObject on a key");
    ZwClose(second);
    PVOID object = NULL, descriptor = NULL;
    BOOLEAN allocated = FALSE;
    ObReferenceObjectByHandle(key, 0, NULL, KernelMode, &object, NULL);
    CHECK(import_ObGetObjectSecurity(object, &descriptor, &allocated) == STATUS_SUCCESS &&
              is_ace(dacl_of(descriptor), 0, KEY_ALL_ACCESS, SID_ADMINS, 0),
          "ObGetObjectSecurity of a key");
    import_ObReleaseObjectSecurity(descriptor, allocated);
    ObDereferenceObject(object);
    ZwDeleteKey(key);
    CHECK(import_ZwSetSecurityObject(key, DACL_SECURITY_INFORMATION, &d.sd) == STATUS_KEY_DELETED,
          "STATUS_KEY_DELETED");
    ZwClose(key);
}

static void checks(void) {
    make_sids();
    import_SeCaptureSubjectContext(&subject);
    assignment();
    object_types();
    long_entries();
    automatic();
    malformed();
    changes();
    editing();
    objects();
    devices();
    keys();
    import_SeReleaseSubjectContext(&subject);
}
