// Access and privilege checks of drivers: nf-wdm-seaccesscheck, nf-ntifs-seprivilegecheck,
// nf-ntddk-sesingleprivilegecheck, nf-wdm-secapturesubjectcontext, nf-ntifs-secapturesubjectcontextex,
// nf-ntifs-seappendprivileges; Win32 pages "How DACLs Control Access to an Object", "Order of ACEs in a
// DACL", "Mandatory Integrity Control", "Null DACLs and Empty DACLs", "Restricted Tokens". The caller is the
// elevated administrator.
#define TOPIC L"SeAccess"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "security.h"

IMPORT(BOOLEAN, SeAccessCheck, PSECURITY_DESCRIPTOR, PSECURITY_SUBJECT_CONTEXT, BOOLEAN, ACCESS_MASK,
       ACCESS_MASK, PPRIVILEGE_SET*, PGENERIC_MAPPING, KPROCESSOR_MODE, PACCESS_MASK, PNTSTATUS);
IMPORT(BOOLEAN, SePrivilegeCheck, PPRIVILEGE_SET, PSECURITY_SUBJECT_CONTEXT, KPROCESSOR_MODE);
IMPORT(BOOLEAN, SeSinglePrivilegeCheck, LUID, KPROCESSOR_MODE);
IMPORT(void, SeFreePrivileges, PPRIVILEGE_SET);
IMPORT(NTSTATUS, SeAppendPrivileges, PACCESS_STATE, PPRIVILEGE_SET);
IMPORT(void, SeCaptureSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeCaptureSubjectContextEx, PETHREAD, PEPROCESS, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeLockSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeUnlockSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeReleaseSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(NTSTATUS, SeCreateAccessState, PACCESS_STATE, PVOID, ACCESS_MASK, PGENERIC_MAPPING);
IMPORT(void, SeDeleteAccessState, PACCESS_STATE);
IMPORT(void, SeSetAccessStateGenericMapping, PACCESS_STATE, PGENERIC_MAPPING);
IMPORT(NTSTATUS, SeFilterToken, PACCESS_TOKEN, ULONG, PTOKEN_GROUPS, PTOKEN_PRIVILEGES, PTOKEN_GROUPS,
       PVOID*);
IMPORT(BOOLEAN, SeTokenIsRestricted, PACCESS_TOKEN);
IMPORT(PACCESS_TOKEN, PsReferencePrimaryToken, PEPROCESS);
IMPORT(void, PsDereferencePrimaryToken, PACCESS_TOKEN);

static GENERIC_MAPPING mapping = {0x20001, 0x20002, 0x20004, 0x1f0007};
static SECURITY_SUBJECT_CONTEXT subject;
static NTSTATUS status;
static ACCESS_MASK granted;

static BOOLEAN check(PVOID sd, ACCESS_MASK desired) {
    return import_SeAccessCheck(sd, &subject, FALSE, desired, 0, NULL, &mapping, UserMode, &granted, &status);
}
static BOOLEAN denies(PVOID sd, ACCESS_MASK desired) {
    return !check(sd, desired) && status == STATUS_ACCESS_DENIED;
}

static void lists(void) {
    struct sd d;
    begin(&d, SID_SYSTEM);
    allow(&d, 1, SID_ADMINS);
    CHECK(check(&d.sd, 1) && granted == 1 && status == STATUS_SUCCESS,
          "an access-allowed entry for a group grants");
    CHECK(denies(&d.sd, 2), "what no entry grants is denied: STATUS_ACCESS_DENIED");
    CHECK(denies(&d.sd, 3), "all requested rights must be granted");
    CHECK(denies(&d.sd, GENERIC_READ), "generic rights are mapped: GENERIC_READ has READ_CONTROL here");
    allow(&d, READ_CONTROL, SID_WORLD);
    CHECK(check(&d.sd, GENERIC_READ) && granted == 0x20001, "rights may come from several entries");

    begin(&d, SID_SYSTEM);
    deny(&d, 2, SID_WORLD);
    allow(&d, 7, SID_ADMINS);
    CHECK(denies(&d.sd, 2) && check(&d.sd, 5), "an access-denied entry before the grant denies");
    begin(&d, SID_SYSTEM);
    allow(&d, 7, SID_ADMINS);
    deny(&d, 2, SID_WORLD);
    CHECK(check(&d.sd, 2), "the check stops when all rights are granted: a later denial does not count");
    begin(&d, SID_SYSTEM);
    allow_flags(&d, 7, SID_ADMINS, INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE);
    CHECK(denies(&d.sd, 1), "an inherit-only entry does not control the object");
    begin(&d, SID_SYSTEM);
    allow(&d, 7, SID_GUESTS);
    CHECK(denies(&d.sd, 1), "an entry for somebody else grants nothing");

    begin(&d, SID_SYSTEM);
    CHECK(denies(&d.sd, 1), "an empty DACL grants nothing");
    CHECK(denies(&d.sd, MAXIMUM_ALLOWED), "nor is there a maximum to give");
    RtlSetDaclSecurityDescriptor(&d.sd, TRUE, NULL, FALSE);
    CHECK(check(&d.sd, 7) && granted == 7, "a NULL DACL grants everything");
    CHECK(check(&d.sd, MAXIMUM_ALLOWED) && (granted & mapping.GenericAll) == mapping.GenericAll,
          "MAXIMUM_ALLOWED with a NULL DACL: all rights");
    RtlSetDaclSecurityDescriptor(&d.sd, FALSE, NULL, FALSE);
    CHECK(check(&d.sd, 7), "so does no DACL at all");
    CHECK(!check(NULL, 1) && status == STATUS_ACCESS_DENIED, "no descriptor: access is denied");
}

static void maximum_and_owner(void) {
    struct sd d;
    begin(&d, SID_SYSTEM);
    deny(&d, 4, SID_WORLD);
    allow(&d, 5, SID_ADMINS);
    allow(&d, 2, SID_WORLD);
    allow(&d, DELETE, SID_GUESTS);
    CHECK(check(&d.sd, MAXIMUM_ALLOWED) && granted == 3, "MAXIMUM_ALLOWED: every right that the list grants");
    CHECK(denies(&d.sd, MAXIMUM_ALLOWED | 4), "with another right that must be granted as well");
    begin(&d, SID_ADMINS);
    CHECK(check(&d.sd, READ_CONTROL | WRITE_DAC) && granted == (READ_CONTROL | WRITE_DAC),
          "the owner has READ_CONTROL and WRITE_DAC");
    CHECK(denies(&d.sd, WRITE_OWNER) && denies(&d.sd, 1), "and nothing else");
    deny(&d, READ_CONTROL, SID_WORLD);
    CHECK(check(&d.sd, READ_CONTROL), "whatever the list denies");
    begin(&d, SID_ADMINS);
    allow(&d, 1, SID_OWNER_RIGHTS);
    CHECK(check(&d.sd, 1) && denies(&d.sd, WRITE_DAC),
          "an entry for OWNER RIGHTS replaces the implicit rights");
    begin(&d, SID_SYSTEM);
    allow(&d, 1, SID_OWNER_RIGHTS);
    CHECK(denies(&d.sd, 1), "for the owner only");
    CHECK(!import_SeAccessCheck(&d.sd, &subject, FALSE, 3, 1, NULL, &mapping, UserMode, &granted, &status),
          "PreviouslyGrantedAccess is no grant of the rest");
    CHECK(import_SeAccessCheck(&d.sd, &subject, FALSE, 1, 1, NULL, &mapping, UserMode, &granted, &status) &&
              granted == 1,
          "what was granted before is granted");
    begin(&d, SID_SYSTEM);
    CHECK(import_SeAccessCheck(&d.sd, &subject, FALSE, GENERIC_WRITE | 1, DELETE, NULL, &mapping, KernelMode,
                               &granted, &status) &&
              granted == (0x20003 | DELETE),
          "KernelMode: everything is granted");
    CHECK(import_SeAccessCheck(&d.sd, &subject, FALSE, MAXIMUM_ALLOWED, 0, NULL, &mapping, KernelMode,
                               &granted, &status) &&
              granted == mapping.GenericAll,
          "KernelMode, MAXIMUM_ALLOWED");
}

static void labels(void) {
    struct sd d;
    begin(&d, SID_SYSTEM);
    allow(&d, 0x1f0007, SID_WORLD);
    label(&d, 0x4000, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
    CHECK(check(&d.sd, GENERIC_READ) && check(&d.sd, GENERIC_EXECUTE),
          "an object of a higher integrity level: reading is allowed");
    CHECK(denies(&d.sd, 2) && denies(&d.sd, WRITE_DAC), "SYSTEM_MANDATORY_LABEL_NO_WRITE_UP: writing is not");
    CHECK(check(&d.sd, MAXIMUM_ALLOWED) && granted == 0x20005, "MAXIMUM_ALLOWED: as far as the label lets");
    begin(&d, SID_SYSTEM);
    allow(&d, 0x1f0007, SID_WORLD);
    label(&d, 0x4000, SYSTEM_MANDATORY_LABEL_NO_READ_UP | SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
    CHECK(denies(&d.sd, 1) && check(&d.sd, 4), "SYSTEM_MANDATORY_LABEL_NO_READ_UP");
    begin(&d, SID_SYSTEM);
    allow(&d, 0x1f0007, SID_WORLD);
    label(&d, 0x3000, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
    CHECK(check(&d.sd, 7), "an object of the same level");
    begin(&d, SID_ADMINS);
    allow(&d, 0x1f0007, SID_WORLD);
    label(&d, 0x4000, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
    CHECK(denies(&d.sd, WRITE_DAC) && check(&d.sd, MAXIMUM_ALLOWED) && granted == 0x20005,
          "the label comes before the rights of the owner, WRITE_DAC among them");
}

static LUID luid(ULONG low) {
    LUID l = {low, 0};
    return l;
}

static void privileges(void) {
    struct sd d;
    PPRIVILEGE_SET used = (PPRIVILEGE_SET)1;
    begin(&d, SID_SYSTEM);
    allow(&d, 1, SID_ADMINS);
    CHECK(!check(&d.sd, ACCESS_SYSTEM_SECURITY) && status == STATUS_PRIVILEGE_NOT_HELD,
          "ACCESS_SYSTEM_SECURITY needs SeSecurityPrivilege: STATUS_PRIVILEGE_NOT_HELD");
    CHECK(denies(&d.sd, WRITE_OWNER), "WRITE_OWNER needs a grant or SeTakeOwnershipPrivilege");
    CHECK(import_SeAccessCheck(&d.sd, &subject, FALSE, 1, 0, &used, &mapping, UserMode, &granted, &status) &&
              !used,
          "no privilege was used: no set");
    enable(8), enable(9);
    CHECK(import_SeAccessCheck(&d.sd, &subject, FALSE, ACCESS_SYSTEM_SECURITY | WRITE_OWNER | 1, 0, &used,
                               &mapping, UserMode, &granted, &status) &&
              granted == (ACCESS_SYSTEM_SECURITY | WRITE_OWNER | 1),
          "both privileges enabled");
    CHECK(used && used->PrivilegeCount == 2 && used->Privilege[0].Luid.LowPart == 8 &&
              (used->Privilege + 1)->Luid.LowPart == 9 &&
              used->Privilege[0].Attributes == SE_PRIVILEGE_USED_FOR_ACCESS,
          "the privileges that were used");
    ACCESS_STATE state;
    ULONG_PTR auxiliary[64];
    CHECK(import_SeCreateAccessState(&state, auxiliary, GENERIC_READ, NULL) == STATUS_SUCCESS &&
              state.RemainingDesiredAccess == GENERIC_READ && state.OriginalDesiredAccess == GENERIC_READ,
          "SeCreateAccessState");
    CHECK(state.Flags & TOKEN_HAS_TRAVERSE_PRIVILEGE, "ACCESS_STATE.Flags has the flags of the token");
    import_SeSetAccessStateGenericMapping(&state, &mapping);
    CHECK(state.RemainingDesiredAccess == 0x20001,
          "SeSetAccessStateGenericMapping maps the remaining access");
    CHECK(import_SeAppendPrivileges(&state, used) == STATUS_SUCCESS &&
              state.Privileges.PrivilegeSet.PrivilegeCount == 2,
          "SeAppendPrivileges");
    CHECK(import_SeAppendPrivileges(&state, used) == STATUS_SUCCESS && state.PrivilegesAllocated,
          "SeAppendPrivileges: a fourth privilege, and more, go to a set in paged pool");
    PPRIVILEGE_SET all = (PPRIVILEGE_SET)auxiliary[0];
    CHECK(import_SeAppendPrivileges(&state, used) == STATUS_SUCCESS &&
              (all = (PPRIVILEGE_SET)auxiliary[0])->PrivilegeCount == 6 &&
              all->Privilege[0].Luid.LowPart == 8 && (all->Privilege + 5)->Luid.LowPart == 9,
          "with the current and the new ones");
    import_SeDeleteAccessState(&state);
    import_SeFreePrivileges(used);
    CHECK(import_SeSinglePrivilegeCheck(luid(8), UserMode), "SeSinglePrivilegeCheck: enabled");
    disable(8), disable(9);
    CHECK(!import_SeSinglePrivilegeCheck(luid(8), UserMode), "SeSinglePrivilegeCheck: held but not enabled");
    CHECK(!import_SeSinglePrivilegeCheck(luid(2), UserMode) &&
              !import_SeSinglePrivilegeCheck(luid(700), UserMode),
          "SeSinglePrivilegeCheck: not held");
    CHECK(import_SeSinglePrivilegeCheck(luid(2), KernelMode), "SeSinglePrivilegeCheck: KernelMode holds all");

    struct {
        ULONG count, control;
        LUID_AND_ATTRIBUTES privilege[2];
    } set = {2, PRIVILEGE_SET_ALL_NECESSARY, {{{23, 0}, 0}, {{8, 0}, 0}}};
    CHECK(!import_SePrivilegeCheck((PPRIVILEGE_SET)&set, &subject, UserMode),
          "SePrivilegeCheck: all necessary, one is not enabled");
    CHECK(set.privilege[0].Attributes == SE_PRIVILEGE_USED_FOR_ACCESS && set.privilege[1].Attributes == 0,
          "those that are enabled are marked");
    set.control = 0;
    CHECK(import_SePrivilegeCheck((PPRIVILEGE_SET)&set, &subject, UserMode),
          "SePrivilegeCheck: any one suffices");
    set.control = PRIVILEGE_SET_ALL_NECESSARY;
    CHECK(import_SePrivilegeCheck((PPRIVILEGE_SET)&set, &subject, KernelMode) && set.privilege[1].Attributes,
          "SePrivilegeCheck: KernelMode possesses all");
}

static void restricted(void) {
    struct sd d;
    TOKEN_GROUPS disable_admins = {1, {{SID_ADMINS, 0}}}, only_world = {1, {{SID_WORLD, 0}}};
    PVOID filtered = NULL;
    PACCESS_TOKEN own = subject.PrimaryToken;
    begin(&d, SID_SYSTEM);
    deny(&d, 2, SID_ADMINS);
    allow(&d, 7, SID_WORLD);
    allow(&d, DELETE, SID_ADMINS);
    CHECK(import_SeFilterToken(own, 0, &disable_admins, NULL, NULL, &filtered) == STATUS_SUCCESS,
          "SeFilterToken");
    SECURITY_SUBJECT_CONTEXT kept = subject;
    subject.PrimaryToken = filtered;
    CHECK(check(&d.sd, 5) && denies(&d.sd, 2), "a deny-only group still denies");
    CHECK(denies(&d.sd, DELETE), "and no longer grants");
    ObDereferenceObject(filtered);
    begin(&d, SID_SYSTEM);
    allow(&d, 1, SID_WORLD);
    allow(&d, 2, SID_ADMINS);
    subject = kept;
    CHECK(import_SeFilterToken(own, 0, NULL, NULL, &only_world, &filtered) == STATUS_SUCCESS,
          "SeFilterToken, restricting SIDs");
    PVOID twice = NULL;
    TOKEN_GROUPS only_guests = {1, {{SID_GUESTS, 0}}};
    CHECK(import_SeFilterToken(filtered, 0, NULL, NULL, &only_guests, &twice) == STATUS_SUCCESS &&
              import_SeTokenIsRestricted(twice),
          "restricting SIDs of both lists: without any the token is still restricted");
    subject.PrimaryToken = twice;
    CHECK(denies(&d.sd, 1), "and is allowed nothing");
    ObDereferenceObject(twice);
    subject.PrimaryToken = filtered;
    CHECK(check(&d.sd, 1), "access that both lists of SIDs allow");
    CHECK(denies(&d.sd, 2), "a restricted token is denied what the restricting SIDs are not allowed");
    CHECK(check(&d.sd, MAXIMUM_ALLOWED) && granted == 1, "MAXIMUM_ALLOWED of a restricted token");
    subject = kept;
    ObDereferenceObject(filtered);
    only_world.Groups[0].Attributes = SE_GROUP_ENABLED;
    CHECK(import_SeFilterToken(own, 0, NULL, NULL, &only_world, &filtered) == STATUS_INVALID_PARAMETER,
          "SeFilterToken: attributes of restricting SIDs must be zero");
}

static void checks(void) {
    make_sids();
    import_SeCaptureSubjectContext(&subject);
    import_SeLockSubjectContext(&subject);
    CHECK(subject.PrimaryToken && !subject.ClientToken, "SeCaptureSubjectContext: nobody is impersonated");
    lists();
    maximum_and_owner();
    labels();
    import_SeUnlockSubjectContext(&subject);
    privileges();
    restricted();
    PACCESS_TOKEN token = import_PsReferencePrimaryToken(PsGetCurrentProcess());
    CHECK(token == subject.PrimaryToken, "PsReferencePrimaryToken: the token of the subject");
    import_PsDereferencePrimaryToken(token);
    import_SeReleaseSubjectContext(&subject);
    import_SeCaptureSubjectContextEx(NULL, PsGetCurrentProcess(), &subject);
    CHECK(subject.PrimaryToken == token && !subject.ClientToken,
          "SeCaptureSubjectContextEx without a thread: no impersonation token");
    import_SeReleaseSubjectContext(&subject);
}
