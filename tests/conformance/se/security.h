// SIDs, descriptors and privileges for the drivers of this folder.
#pragma once

// What mingw's kernel headers lack.
#ifndef SE_GROUP_MANDATORY
#define SE_GROUP_MANDATORY 0x1
#define SE_GROUP_ENABLED_BY_DEFAULT 0x2
#define SE_GROUP_ENABLED 0x4
#define SE_GROUP_OWNER 0x8
#endif
#ifndef DISABLE_MAX_PRIVILEGE
#define DISABLE_MAX_PRIVILEGE 0x1
#endif
#ifndef SEF_DACL_AUTO_INHERIT
#define SEF_DACL_AUTO_INHERIT 0x1
#define SEF_AVOID_OWNER_CHECK 0x10
#define SEF_DEFAULT_OWNER_FROM_PARENT 0x20
#endif

enum { sid_ulongs = 17 };
static ULONG sid_rooms[8][sid_ulongs];
#define SID_WORLD ((PSID)sid_rooms[0])
#define SID_SYSTEM ((PSID)sid_rooms[1])
#define SID_ADMINS ((PSID)sid_rooms[2])
#define SID_GUESTS ((PSID)sid_rooms[3])
#define SID_OWNER_RIGHTS ((PSID)sid_rooms[4])
#define SID_LABEL ((PSID)sid_rooms[5])
#define SID_CREATOR ((PSID)sid_rooms[6])

static void make_sid(PSID sid, UCHAR authority, UCHAR count, ULONG a, ULONG b) {
    SID_IDENTIFIER_AUTHORITY id = {{0, 0, 0, 0, 0, authority}};
    RtlInitializeSid(sid, &id, count);
    *RtlSubAuthoritySid(sid, 0) = a;
    if (count > 1) *RtlSubAuthoritySid(sid, 1) = b;
}
static inline void make_sids(void) {
    make_sid(SID_WORLD, 1, 1, 0, 0);
    make_sid(SID_SYSTEM, 5, 1, 18, 0);
    make_sid(SID_ADMINS, 5, 2, 32, 544);
    make_sid(SID_GUESTS, 5, 2, 32, 546);
    make_sid(SID_OWNER_RIGHTS, 3, 1, 4, 0);
    make_sid(SID_CREATOR, 3, 1, 0, 0);
}

// An absolute descriptor with room for its lists.
struct sd {
    SECURITY_DESCRIPTOR sd;
    ULONG dacl[64], sacl[16];
};
static inline void begin(struct sd* d, PSID owner) {
    RtlCreateSecurityDescriptor(&d->sd, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl((PACL)d->dacl, sizeof d->dacl, ACL_REVISION);
    RtlSetDaclSecurityDescriptor(&d->sd, TRUE, (PACL)d->dacl, FALSE);
    d->sd.Owner = owner, d->sd.Group = owner;
}
static inline void allow(struct sd* d, ACCESS_MASK mask, PSID sid) {
    RtlAddAccessAllowedAce((PACL)d->dacl, ACL_REVISION, mask, sid);
}
static inline void allow_flags(struct sd* d, ACCESS_MASK mask, PSID sid, ULONG flags) {
    RtlAddAccessAllowedAceEx((PACL)d->dacl, ACL_REVISION, flags, mask, sid);
}
static inline void deny(struct sd* d, ACCESS_MASK mask, PSID sid) {
    RtlAddAccessAllowedAce((PACL)d->dacl, ACL_REVISION, mask, sid);
    PACCESS_ALLOWED_ACE ace = NULL;
    RtlGetAce((PACL)d->dacl, ((PACL)d->dacl)->AceCount - 1u, (PVOID*)&ace);
    ace->Header.AceType = ACCESS_DENIED_ACE_TYPE;
}
static inline void label(struct sd* d, ULONG level, ACCESS_MASK policy) {
    make_sid(SID_LABEL, 16, 1, level, 0);
    RtlCreateAcl((PACL)d->sacl, sizeof d->sacl, ACL_REVISION);
    RtlAddAccessAllowedAce((PACL)d->sacl, ACL_REVISION, policy, SID_LABEL);
    PACCESS_ALLOWED_ACE ace = NULL;
    RtlGetAce((PACL)d->sacl, 0, (PVOID*)&ace);
    ace->Header.AceType = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
    d->sd.Sacl = (PACL)d->sacl;
    d->sd.Control |= SE_SACL_PRESENT;
}

NTSYSAPI NTSTATUS NTAPI ZwOpenProcessTokenEx(HANDLE, ACCESS_MASK, ULONG, PHANDLE);
IMPORT(NTSTATUS, ZwAdjustPrivilegesToken, HANDLE, BOOLEAN, PTOKEN_PRIVILEGES, ULONG, PTOKEN_PRIVILEGES,
       PULONG);

// A privilege of the calling process.
static inline NTSTATUS adjust(ULONG privilege, ULONG attributes) {
    HANDLE token;
    TOKEN_PRIVILEGES one = {1, {{{privilege, 0}, attributes}}};
    NTSTATUS result =
        ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, OBJ_KERNEL_HANDLE, &token);
    if (!NT_SUCCESS(result)) return result;
    result = import_ZwAdjustPrivilegesToken(token, FALSE, &one, 0, NULL, NULL);
    ZwClose(token);
    return result;
}
static inline void enable(ULONG privilege) { adjust(privilege, SE_PRIVILEGE_ENABLED); }
static inline void disable(ULONG privilege) { adjust(privilege, 0); }
