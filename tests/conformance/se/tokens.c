// Tokens in drivers: nf-ntifs-sequeryinformationtoken, nf-ntifs-setokenisadmin, nf-ntifs-setokentype,
// nf-ntifs-sefiltertoken, nf-ntifs-psimpersonateclient, nf-ntifs-psreferenceimpersonationtoken,
// nf-ntifs-secreateclientsecurity, nf-ntifs-seimpersonateclientex, nf-ntifs-zwopenprocesstokenex,
// nf-ntifs-zwopenthreadtokenex, nf-ntifs-zwqueryinformationtoken, nf-ntifs-zwduplicatetoken,
// ns-ntifs-_se_exports.
#define TOPIC L"SeTokens"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "security.h"

IMPORT(NTSTATUS, SeQueryInformationToken, PACCESS_TOKEN, TOKEN_INFORMATION_CLASS, PVOID*);
IMPORT(NTSTATUS, SeQueryAuthenticationIdToken, PACCESS_TOKEN, PLUID);
IMPORT(NTSTATUS, SeQuerySessionIdToken, PACCESS_TOKEN, PULONG);
IMPORT(BOOLEAN, SeTokenIsAdmin, PACCESS_TOKEN);
IMPORT(BOOLEAN, SeTokenIsRestricted, PACCESS_TOKEN);
IMPORT(TOKEN_TYPE, SeTokenType, PACCESS_TOKEN);
IMPORT(SECURITY_IMPERSONATION_LEVEL, SeTokenImpersonationLevel, PACCESS_TOKEN);
IMPORT(NTSTATUS, SeFilterToken, PACCESS_TOKEN, ULONG, PTOKEN_GROUPS, PTOKEN_PRIVILEGES, PTOKEN_GROUPS,
       PVOID*);
IMPORT(NTSTATUS, SeCreateClientSecurity, PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN,
       PSECURITY_CLIENT_CONTEXT);
IMPORT(NTSTATUS, SeCreateClientSecurityFromSubjectContext, PSECURITY_SUBJECT_CONTEXT,
       PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT);
IMPORT(NTSTATUS, SeImpersonateClientEx, PSECURITY_CLIENT_CONTEXT, PETHREAD);
IMPORT(void, SeImpersonateClient, PSECURITY_CLIENT_CONTEXT, PETHREAD);
IMPORT(PACCESS_TOKEN, PsReferencePrimaryToken, PEPROCESS);
IMPORT(void, PsDereferencePrimaryToken, PACCESS_TOKEN);
IMPORT(PACCESS_TOKEN, PsReferenceImpersonationToken, PETHREAD, PBOOLEAN, PBOOLEAN,
       PSECURITY_IMPERSONATION_LEVEL);
IMPORT(void, PsDereferenceImpersonationToken, PACCESS_TOKEN);
IMPORT(NTSTATUS, PsImpersonateClient, PETHREAD, PACCESS_TOKEN, BOOLEAN, BOOLEAN,
       SECURITY_IMPERSONATION_LEVEL);
IMPORT(void, PsRevertToSelf, void);
IMPORT(NTSTATUS, PsAssignImpersonationToken, PETHREAD, HANDLE);
IMPORT(void, SeCaptureSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(void, SeReleaseSubjectContext, PSECURITY_SUBJECT_CONTEXT);
IMPORT(NTSTATUS, ZwOpenProcessToken, HANDLE, ACCESS_MASK, PHANDLE);
IMPORT(NTSTATUS, ZwOpenThreadToken, HANDLE, ACCESS_MASK, BOOLEAN, PHANDLE);
IMPORT(NTSTATUS, ZwOpenThreadTokenEx, HANDLE, ACCESS_MASK, BOOLEAN, ULONG, PHANDLE);
IMPORT(NTSTATUS, ZwQueryInformationToken, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT(NTSTATUS, ZwSetInformationToken, HANDLE, ULONG, PVOID, ULONG);
IMPORT(NTSTATUS, ZwDuplicateToken, HANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN, ULONG, PHANDLE);
IMPORT(NTSTATUS, ZwAllocateLocallyUniqueId, PLUID);
IMPORT_DATA(PSE_EXPORTS, SeExports);
IMPORT_DATA(POBJECT_TYPE, SeTokenObjectType);

static PACCESS_TOKEN own;

static void queries(void) {
    PVOID p = NULL;
    ULONG session = 0;
    LUID id = {0, 0};
    CHECK(import_SeTokenIsAdmin(own) && import_SeTokenType(own) == TokenPrimary &&
              !import_SeTokenIsRestricted(own),
          "the caller's token: an administrator's primary token without restrictions");
    CHECK(import_SeQueryInformationToken(own, TokenUser, &p) == STATUS_SUCCESS,
          "SeQueryInformationToken, TokenUser");
    PTOKEN_USER user = p;
    CHECK(RtlValidSid(user->User.Sid) && user->User.Attributes == 0 && RtlLengthSid(user->User.Sid) == 28,
          "an account of the machine");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenGroups, &p) == STATUS_SUCCESS, "TokenGroups");
    PTOKEN_GROUPS groups = p;
    BOOLEAN admins = FALSE;
    for (ULONG i = 0; i < groups->GroupCount; ++i)
        admins |= RtlEqualSid(groups->Groups[i].Sid, SID_ADMINS) &&
                  groups->Groups[i].Attributes ==
                      (SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED | SE_GROUP_OWNER);
    CHECK(admins, "Administrators: mandatory, default, enabled, owner");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenOwner, &p) == STATUS_SUCCESS &&
              RtlEqualSid(((PTOKEN_OWNER)p)->Owner, SID_ADMINS),
          "TokenOwner: objects of an elevated administrator belong to Administrators");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenPrivileges, &p) == STATUS_SUCCESS, "TokenPrivileges");
    PTOKEN_PRIVILEGES privileges = p;
    BOOLEAN notify = FALSE, load = FALSE;
    for (ULONG i = 0; i < privileges->PrivilegeCount; ++i) {
        const LUID_AND_ATTRIBUTES* one = &privileges->Privileges[i];
        if (one->Luid.LowPart == 23)
            notify = one->Attributes == (SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT);
        if (one->Luid.LowPart == 10) load = one->Attributes == 0;
    }
    CHECK(notify && load,
          "SeChangeNotifyPrivilege is enabled by default, SeLoadDriverPrivilege held and disabled");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenPrimaryGroup, &p) == STATUS_SUCCESS &&
              RtlValidSid(((PTOKEN_PRIMARY_GROUP)p)->PrimaryGroup),
          "TokenPrimaryGroup");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenDefaultDacl, &p) == STATUS_SUCCESS &&
              ((PTOKEN_DEFAULT_DACL)p)->DefaultDacl->AceCount == 3,
          "TokenDefaultDacl");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenSource, &p) == STATUS_SUCCESS, "TokenSource");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenStatistics, &p) == STATUS_SUCCESS, "TokenStatistics");
    PTOKEN_STATISTICS statistics = p;
    CHECK(import_SeQueryAuthenticationIdToken(own, &id) == STATUS_SUCCESS &&
              RtlEqualLuid(&id, &statistics->AuthenticationId) && statistics->TokenType == TokenPrimary,
          "SeQueryAuthenticationIdToken");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, TokenType, &p) == STATUS_SUCCESS &&
              *(TOKEN_TYPE*)p == TokenPrimary,
          "TokenType");
    ExFreePool(p);
    p = NULL;
    CHECK(import_SeQueryInformationToken(own, TokenSessionId, &p) == STATUS_SUCCESS && (ULONG_PTR)p == 1,
          "TokenSessionId: the buffer receives the value, not a pointer");
    CHECK(import_SeQuerySessionIdToken(own, &session) == STATUS_SUCCESS && session == 1,
          "SeQuerySessionIdToken");
    p = NULL;
    CHECK(import_SeQueryInformationToken(own, TokenIntegrityLevel, &p) == STATUS_SUCCESS &&
              (ULONG_PTR)p == SECURITY_MANDATORY_HIGH_RID,
          "TokenIntegrityLevel: the level as a value");
    p = NULL;
    CHECK(import_SeQueryInformationToken(own, (TOKEN_INFORMATION_CLASS)22, &p) == STATUS_SUCCESS &&
              *(ULONG_PTR*)p > (ULONG_PTR)p,
          "TokenAccessInformation");
    ExFreePool(p);
    CHECK(import_SeQueryInformationToken(own, (TOKEN_INFORMATION_CLASS)19, &p) == STATUS_SUCCESS,
          "TokenLinkedToken");
    PVOID linked = NULL;
    CHECK(ObReferenceObjectByHandle(*(HANDLE*)p, TOKEN_QUERY, NULL, KernelMode, &linked, NULL) ==
                  STATUS_SUCCESS &&
              import_SeTokenType(linked) == TokenPrimary && !import_SeTokenIsAdmin(linked),
          "a handle to the limited token of the administrator");
    ObDereferenceObject(linked);
    ZwClose(*(HANDLE*)p);
    ExFreePool(p);
    CHECK(!NT_SUCCESS(import_SeQueryInformationToken(own, TokenImpersonationLevel, &p)),
          "TokenImpersonationLevel fails for a primary token");
    CHECK(import_SeQueryInformationToken(own, (TOKEN_INFORMATION_CLASS)999, &p) == STATUS_INVALID_INFO_CLASS,
          "STATUS_INVALID_INFO_CLASS");
    PACCESS_TOKEN system = import_PsReferencePrimaryToken(PsInitialSystemProcess);
    CHECK(import_SeTokenIsAdmin(system), "the System process: Administrators are among its groups");
    import_SeQueryAuthenticationIdToken(system, &id);
    CHECK(id.LowPart == 0x3e7 && id.HighPart == 0, "its logon is SYSTEM_LUID");
    import_PsDereferencePrimaryToken(system);
}

static void known_sids(void) {
    PSE_EXPORTS e = *import_SeExports;
    CHECK(e->SeCreateTokenPrivilege.LowPart == 2 && e->SeChangeNotifyPrivilege.LowPart == 23 &&
              e->SeLoadDriverPrivilege.LowPart == 10 && e->SeCreateSymbolicLinkPrivilege.LowPart == 35,
          "SeExports: privileges");
    CHECK(RtlEqualSid(e->SeWorldSid, SID_WORLD) && RtlEqualSid(e->SeLocalSystemSid, SID_SYSTEM) &&
              RtlEqualSid(e->SeAliasAdminsSid, SID_ADMINS) &&
              RtlEqualSid(e->SeOwnerRightsSid, SID_OWNER_RIGHTS),
          "SeExports: SIDs");
    CHECK(RtlValidSid(e->SeNullSid) && RtlValidSid(e->SeHighMandatorySid) &&
              RtlValidSid(e->SeNetworkServiceSid),
          "all of them");
}

static void impersonation(void) {
    PETHREAD self = PsGetCurrentThread();
    BOOLEAN copy = TRUE, effective = TRUE;
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    PVOID filtered = NULL;
    HANDLE handle = NULL;
    SECURITY_QUALITY_OF_SERVICE qos = {sizeof qos, SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE};
    SECURITY_CLIENT_CONTEXT client;
    SECURITY_SUBJECT_CONTEXT subject;
    CHECK(!import_PsReferenceImpersonationToken(self, &copy, &effective, &level),
          "PsReferenceImpersonationToken: NULL, the thread is not impersonating");
    CHECK(import_ZwOpenThreadTokenEx(NtCurrentThread(), TOKEN_QUERY, TRUE, OBJ_KERNEL_HANDLE, &handle) ==
              STATUS_NO_TOKEN,
          "ZwOpenThreadTokenEx: STATUS_NO_TOKEN");
    CHECK(import_SeCreateClientSecurity(self, &qos, FALSE, &client) == STATUS_SUCCESS &&
              client.ClientToken != own && import_SeTokenType(client.ClientToken) == TokenImpersonation,
          "SeCreateClientSecurity, static tracking: a copy of the token");
    CHECK(import_SeTokenImpersonationLevel(client.ClientToken) == SecurityImpersonation,
          "at the level asked for");
    CHECK(import_SeImpersonateClientEx(&client, NULL) == STATUS_SUCCESS, "SeImpersonateClientEx");
    PACCESS_TOKEN now = import_PsReferenceImpersonationToken(self, &copy, &effective, &level);
    CHECK(now == client.ClientToken && !effective && level == SecurityImpersonation,
          "PsReferenceImpersonationToken");
    import_PsDereferenceImpersonationToken(now);
    CHECK(import_ZwOpenThreadTokenEx(NtCurrentThread(), TOKEN_QUERY, TRUE, OBJ_KERNEL_HANDLE, &handle) ==
              STATUS_SUCCESS,
          "ZwOpenThreadTokenEx");
    CHECK(import_PsAssignImpersonationToken(self, NULL) == STATUS_SUCCESS &&
              !import_PsReferenceImpersonationToken(self, &copy, &effective, &level),
          "PsAssignImpersonationToken without a handle ends it");
    ZwClose(handle);
    CHECK(import_PsImpersonateClient(self, client.ClientToken, TRUE, TRUE, SecurityIdentification) ==
                  STATUS_SUCCESS &&
              import_PsReferenceImpersonationToken(self, &copy, &effective, &level) == client.ClientToken &&
              copy && effective && level == SecurityIdentification,
          "PsImpersonateClient, CopyOnOpen: the token cannot be opened directly");
    import_PsDereferenceImpersonationToken(client.ClientToken);
    PVOID opened = NULL;
    CHECK(import_ZwOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &handle) == STATUS_SUCCESS &&
              ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &opened, NULL) == STATUS_SUCCESS &&
              opened != client.ClientToken &&
              import_SeTokenImpersonationLevel(opened) == SecurityIdentification,
          "ZwOpenThreadToken: a duplicate, at the thread's level");
    ObDereferenceObject(opened);
    ZwClose(handle);
    CHECK(import_PsImpersonateClient(self, NULL, FALSE, FALSE, SecurityAnonymous) == STATUS_SUCCESS,
          "NULL ends the impersonation");
    import_SeImpersonateClient(&client, self);
    import_SeCaptureSubjectContext(&subject);
    CHECK(subject.ClientToken == client.ClientToken &&
              SeQuerySubjectContextToken(&subject) == client.ClientToken,
          "the subject context has the impersonation token");
    import_PsRevertToSelf();
    SECURITY_CLIENT_CONTEXT second;
    subject.ImpersonationLevel = SecurityIdentification;
    CHECK(import_SeCreateClientSecurityFromSubjectContext(&subject, &qos, FALSE, &second) ==
              STATUS_BAD_IMPERSONATION_LEVEL,
          "a client that only identifies cannot be passed on");
    subject.ImpersonationLevel = SecurityImpersonation;
    CHECK(import_SeCreateClientSecurityFromSubjectContext(&subject, &qos, TRUE, &second) ==
              STATUS_BAD_IMPERSONATION_LEVEL,
          "nor one below delegation to a remote server");
    qos.ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
    CHECK(import_SeCreateClientSecurityFromSubjectContext(&subject, &qos, FALSE, &second) == STATUS_SUCCESS &&
              second.ClientToken == subject.ClientToken && second.DirectlyAccessClientToken,
          "dynamic tracking uses the client's token itself");
    ObDereferenceObject(second.ClientToken);
    import_SeReleaseSubjectContext(&subject);
    ObDereferenceObject(client.ClientToken);

    CHECK(import_SeFilterToken(own, DISABLE_MAX_PRIVILEGE, NULL, NULL, NULL, &filtered) == STATUS_SUCCESS,
          "SeFilterToken, DISABLE_MAX_PRIVILEGE");
    PVOID p = NULL;
    import_SeQueryInformationToken(filtered, TokenPrivileges, &p);
    CHECK(((PTOKEN_PRIVILEGES)p)->PrivilegeCount == 1 &&
              ((PTOKEN_PRIVILEGES)p)->Privileges[0].Luid.LowPart == 23,
          "all privileges but SeChangeNotifyPrivilege are gone");
    ExFreePool(p);
    CHECK(import_PsImpersonateClient(self, filtered, FALSE, TRUE, SecurityIdentification) == STATUS_SUCCESS,
          "PsImpersonateClient");
    now = import_PsReferenceImpersonationToken(self, &copy, &effective, &level);
    CHECK(now == filtered && effective && level == SecurityIdentification,
          "with its level and EffectiveOnly");
    import_PsDereferenceImpersonationToken(now);
    CHECK(import_PsImpersonateClient(self, NULL, FALSE, FALSE, SecurityAnonymous) == STATUS_SUCCESS &&
              !import_PsReferenceImpersonationToken(self, &copy, &effective, &level),
          "a NULL token ends the impersonation");
    ObDereferenceObject(filtered);
}

static void handles(void) {
    HANDLE token = NULL, copy = NULL;
    ULONG needed = 0, room[64];
    OBJECT_ATTRIBUTES attributes;
    SECURITY_QUALITY_OF_SERVICE qos = {sizeof qos, SecurityIdentification, SECURITY_STATIC_TRACKING, FALSE};
    CHECK(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ALL_ACCESS, OBJ_KERNEL_HANDLE, &token) ==
              STATUS_SUCCESS,
          "ZwOpenProcessTokenEx");
    CHECK(ZwOpenProcessTokenEx((HANDLE)0x6660, TOKEN_QUERY, OBJ_KERNEL_HANDLE, &copy) ==
              STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    CHECK(ZwOpenProcessTokenEx(token, TOKEN_QUERY, OBJ_KERNEL_HANDLE, &copy) == STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH: not a process");
    CHECK(import_ZwQueryInformationToken(token, TokenUser, NULL, 0, &needed) == STATUS_BUFFER_TOO_SMALL &&
              needed == sizeof(TOKEN_USER) + 28,
          "ZwQueryInformationToken: STATUS_BUFFER_TOO_SMALL with the size");
    CHECK(import_ZwQueryInformationToken(token, TokenUser, room, sizeof room, &needed) == STATUS_SUCCESS &&
              (PUCHAR)((PTOKEN_USER)room)->User.Sid == (PUCHAR)room + sizeof(TOKEN_USER),
          "ZwQueryInformationToken: the SID lies behind the structure");
    CHECK(import_ZwQueryInformationToken(token, 999, room, sizeof room, &needed) == STATUS_INVALID_INFO_CLASS,
          "STATUS_INVALID_INFO_CLASS");
    CHECK(import_ZwQueryInformationToken(NtCurrentProcess(), TokenUser, room, sizeof room, &needed) ==
              STATUS_OBJECT_TYPE_MISMATCH,
          "STATUS_OBJECT_TYPE_MISMATCH: not a token");
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    attributes.SecurityQualityOfService = &qos;
    CHECK(import_ZwDuplicateToken(token, 0, &attributes, FALSE, TokenImpersonation, &copy) == STATUS_SUCCESS,
          "ZwDuplicateToken");
    CHECK(import_ZwQueryInformationToken(copy, TokenImpersonationLevel, room, sizeof room, &needed) ==
                  STATUS_SUCCESS &&
              room[0] == SecurityIdentification,
          "the level comes from SecurityQualityOfService");
    HANDLE third = NULL;
    CHECK(import_ZwDuplicateToken(copy, 0, NULL, FALSE, TokenPrimary, &third) ==
              STATUS_BAD_IMPERSONATION_LEVEL,
          "no primary token of one that only identifies: STATUS_BAD_IMPERSONATION_LEVEL");
    qos.ImpersonationLevel = SecurityImpersonation;
    CHECK(import_ZwDuplicateToken(copy, 0, &attributes, FALSE, TokenImpersonation, &third) ==
              STATUS_BAD_IMPERSONATION_LEVEL,
          "nor a higher level: STATUS_BAD_IMPERSONATION_LEVEL");
    CHECK(import_ZwDuplicateToken(copy, 0, NULL, FALSE, 7, &third) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no such type");
    ZwClose(copy);
    TOKEN_OWNER owner = {SID_GUESTS};
    TOKEN_PRIMARY_GROUP group = {SID_GUESTS};
    CHECK(import_ZwSetInformationToken(token, TokenOwner, &owner, sizeof owner) == STATUS_INVALID_OWNER,
          "ZwSetInformationToken: STATUS_INVALID_OWNER");
    CHECK(import_ZwSetInformationToken(token, TokenPrimaryGroup, &group, sizeof group) ==
              STATUS_INVALID_PRIMARY_GROUP,
          "STATUS_INVALID_PRIMARY_GROUP");
    CHECK(import_ZwSetInformationToken(token, TokenOwner, &owner, 4) == STATUS_INFO_LENGTH_MISMATCH,
          "STATUS_INFO_LENGTH_MISMATCH");
    CHECK(import_ZwSetInformationToken(token, 999, &owner, sizeof owner) == STATUS_INVALID_INFO_CLASS,
          "STATUS_INVALID_INFO_CLASS");
    owner.Owner = SID_ADMINS, group.PrimaryGroup = SID_ADMINS;
    CHECK(import_ZwSetInformationToken(token, TokenOwner, &owner, sizeof owner) == STATUS_SUCCESS &&
              import_ZwSetInformationToken(token, TokenPrimaryGroup, &group, sizeof group) == STATUS_SUCCESS,
          "owner and primary group of new objects");
    ZwClose(token);
    PVOID object = NULL;
    CHECK(import_ZwOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token) == STATUS_SUCCESS &&
              ObReferenceObjectByHandle(token, TOKEN_QUERY, *import_SeTokenObjectType, KernelMode, &object,
                                        NULL) == STATUS_SUCCESS &&
              object == own,
          "the handle leads to the process's token, of type SeTokenObjectType");
    ObDereferenceObject(object);
    ZwClose(token);
    CHECK(import_ZwOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &token) == STATUS_NO_TOKEN,
          "ZwOpenThreadToken: STATUS_NO_TOKEN");
    LUID a = {0, 0}, b = {0, 0};
    CHECK(import_ZwAllocateLocallyUniqueId(&a) == STATUS_SUCCESS &&
              import_ZwAllocateLocallyUniqueId(&b) == STATUS_SUCCESS && !RtlEqualLuid(&a, &b),
          "ZwAllocateLocallyUniqueId");
    CHECK(adjust(23, SE_PRIVILEGE_ENABLED) == STATUS_SUCCESS, "ZwAdjustPrivilegesToken");
    CHECK(adjust(2, SE_PRIVILEGE_ENABLED) == STATUS_NOT_ALL_ASSIGNED,
          "ZwAdjustPrivilegesToken: STATUS_NOT_ALL_ASSIGNED, the token does not hold it");
}

static void checks(void) {
    make_sids();
    own = import_PsReferencePrimaryToken(PsGetCurrentProcess());
    queries();
    known_sids();
    impersonation();
    handles();
    import_PsDereferencePrimaryToken(own);
}
