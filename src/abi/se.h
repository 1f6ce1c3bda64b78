// Security as data: SIDs, ACLs, descriptors, and the state of one access check.
#pragma once
#include "abi/ob.h"

namespace nt {

using SECURITY_INFORMATION = ULONG;
using PSECURITY_INFORMATION = SECURITY_INFORMATION*;
using SECURITY_DESCRIPTOR_CONTROL = USHORT;
using PSECURITY_DESCRIPTOR = PVOID;
using PSID = PVOID;
using PACCESS_TOKEN = PVOID;

struct SID_IDENTIFIER_AUTHORITY {
    UCHAR Value[6];
};
using PSID_IDENTIFIER_AUTHORITY = SID_IDENTIFIER_AUTHORITY*;

struct SID {
    UCHAR Revision; // 1
    UCHAR SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    ULONG SubAuthority[1];
};
using PISID = SID*;

struct SID_AND_ATTRIBUTES {
    PSID Sid;
    ULONG Attributes;
};
using PSID_AND_ATTRIBUTES = SID_AND_ATTRIBUTES*;

struct ACL {
    UCHAR AclRevision;
    UCHAR Sbz1;
    USHORT AclSize;
    USHORT AceCount;
    USHORT Sbz2;
};
using PACL = ACL*;

struct ACE_HEADER {
    UCHAR AceType;
    UCHAR AceFlags;
    USHORT AceSize;
};
using PACE_HEADER = ACE_HEADER*;

struct ACCESS_ALLOWED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
};
struct ACCESS_DENIED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
};
struct SYSTEM_AUDIT_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
};
// Only the GUIDs that the flags name are there, and the SID behind them.
struct ACCESS_ALLOWED_OBJECT_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG Flags;
    GUID ObjectType;
    GUID InheritedObjectType;
    ULONG SidStart;
};
struct SYSTEM_MANDATORY_LABEL_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
};

inline constexpr UCHAR ACL_REVISION = 2;
inline constexpr UCHAR ACL_REVISION_DS = 4;
inline constexpr UCHAR ACCESS_ALLOWED_ACE_TYPE = 0;
inline constexpr UCHAR ACCESS_DENIED_ACE_TYPE = 1;
inline constexpr UCHAR SYSTEM_AUDIT_ACE_TYPE = 2;
inline constexpr UCHAR ACCESS_ALLOWED_COMPOUND_ACE_TYPE = 4;
inline constexpr UCHAR ACCESS_ALLOWED_OBJECT_ACE_TYPE = 5;
inline constexpr UCHAR ACCESS_DENIED_OBJECT_ACE_TYPE = 6;
inline constexpr UCHAR SYSTEM_ALARM_OBJECT_ACE_TYPE = 8;
inline constexpr UCHAR ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE = 11;
inline constexpr UCHAR ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE = 12;
inline constexpr UCHAR SYSTEM_AUDIT_CALLBACK_OBJECT_ACE_TYPE = 15;
inline constexpr UCHAR SYSTEM_ALARM_CALLBACK_OBJECT_ACE_TYPE = 16;
inline constexpr UCHAR SYSTEM_MANDATORY_LABEL_ACE_TYPE = 0x11;
inline constexpr UCHAR SYSTEM_ACCESS_FILTER_ACE_TYPE = 0x15; // the last that is known
inline constexpr ULONG ACE_OBJECT_TYPE_PRESENT = 1;
inline constexpr ULONG ACE_INHERITED_OBJECT_TYPE_PRESENT = 2;
inline constexpr UCHAR OBJECT_INHERIT_ACE = 0x1;
inline constexpr UCHAR CONTAINER_INHERIT_ACE = 0x2;
inline constexpr UCHAR NO_PROPAGATE_INHERIT_ACE = 0x4;
inline constexpr UCHAR INHERIT_ONLY_ACE = 0x8;
inline constexpr UCHAR INHERITED_ACE = 0x10;
inline constexpr UCHAR VALID_INHERIT_FLAGS = 0x1F;

// Absolute form.
struct SECURITY_DESCRIPTOR {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    ACL* Sacl;
    ACL* Dacl;
};
using PISECURITY_DESCRIPTOR = SECURITY_DESCRIPTOR*;

// Self-relative form: offsets from the start of the descriptor, 0 = absent.
struct SECURITY_DESCRIPTOR_RELATIVE {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    ULONG Owner;
    ULONG Group;
    ULONG Sacl;
    ULONG Dacl;
};
using PISECURITY_DESCRIPTOR_RELATIVE = SECURITY_DESCRIPTOR_RELATIVE*;

inline constexpr UCHAR SECURITY_DESCRIPTOR_REVISION = 1;
inline constexpr USHORT SE_OWNER_DEFAULTED = 0x1;
inline constexpr USHORT SE_GROUP_DEFAULTED = 0x2;
inline constexpr USHORT SE_DACL_PRESENT = 0x4;
inline constexpr USHORT SE_DACL_DEFAULTED = 0x8;
inline constexpr USHORT SE_SACL_PRESENT = 0x10;
inline constexpr USHORT SE_SACL_DEFAULTED = 0x20;
inline constexpr USHORT SE_DACL_AUTO_INHERITED = 0x400;
inline constexpr USHORT SE_SACL_AUTO_INHERITED = 0x800;
inline constexpr USHORT SE_DACL_PROTECTED = 0x1000;
inline constexpr USHORT SE_SACL_PROTECTED = 0x2000;
inline constexpr USHORT SE_SELF_RELATIVE = 0x8000;

inline constexpr SECURITY_INFORMATION OWNER_SECURITY_INFORMATION = 0x1;
inline constexpr SECURITY_INFORMATION GROUP_SECURITY_INFORMATION = 0x2;
inline constexpr SECURITY_INFORMATION DACL_SECURITY_INFORMATION = 0x4;
inline constexpr SECURITY_INFORMATION SACL_SECURITY_INFORMATION = 0x8;
inline constexpr SECURITY_INFORMATION LABEL_SECURITY_INFORMATION = 0x10;
inline constexpr SECURITY_INFORMATION PROTECTED_DACL_SECURITY_INFORMATION = 0x80000000;
inline constexpr SECURITY_INFORMATION PROTECTED_SACL_SECURITY_INFORMATION = 0x40000000;
inline constexpr SECURITY_INFORMATION UNPROTECTED_DACL_SECURITY_INFORMATION = 0x20000000;
inline constexpr SECURITY_INFORMATION UNPROTECTED_SACL_SECURITY_INFORMATION = 0x10000000;

enum SECURITY_IMPERSONATION_LEVEL : ULONG {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation,
};

struct SECURITY_QUALITY_OF_SERVICE {
    ULONG Length;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    BOOLEAN ContextTrackingMode;
    BOOLEAN EffectiveOnly;
};
using PSECURITY_QUALITY_OF_SERVICE = SECURITY_QUALITY_OF_SERVICE*;

// Between ObCreateObject and ObInsertObject: what the caller's OBJECT_ATTRIBUTES said.
struct OBJECT_CREATE_INFORMATION {
    ULONG Attributes;
    PVOID RootDirectory;
    CHAR ProbeMode;
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG SecurityDescriptorCharge;
    PVOID SecurityDescriptor;
    SECURITY_QUALITY_OF_SERVICE* SecurityQos;
    SECURITY_QUALITY_OF_SERVICE SecurityQualityOfService;
};

struct SECURITY_SUBJECT_CONTEXT {
    PACCESS_TOKEN ClientToken;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    PACCESS_TOKEN PrimaryToken;
    PVOID ProcessAuditId;
};
using PSECURITY_SUBJECT_CONTEXT = SECURITY_SUBJECT_CONTEXT*;

struct LUID_AND_ATTRIBUTES {
    LUID Luid;
    ULONG Attributes;
};
using PLUID_AND_ATTRIBUTES = LUID_AND_ATTRIBUTES*;

struct PRIVILEGE_SET {
    ULONG PrivilegeCount;
    ULONG Control;
    LUID_AND_ATTRIBUTES Privilege[1];
};
using PPRIVILEGE_SET = PRIVILEGE_SET*;

struct INITIAL_PRIVILEGE_SET {
    ULONG PrivilegeCount;
    ULONG Control;
    LUID_AND_ATTRIBUTES Privilege[3];
};

struct ACCESS_STATE {
    LUID OperationID;
    BOOLEAN SecurityEvaluated;
    BOOLEAN GenerateAudit;
    BOOLEAN GenerateOnClose;
    BOOLEAN PrivilegesAllocated;
    ULONG Flags;
    ACCESS_MASK RemainingDesiredAccess;
    ACCESS_MASK PreviouslyGrantedAccess;
    ACCESS_MASK OriginalDesiredAccess;
    SECURITY_SUBJECT_CONTEXT SubjectSecurityContext;
    PSECURITY_DESCRIPTOR SecurityDescriptor;
    PVOID AuxData;
    union {
        INITIAL_PRIVILEGE_SET InitialPrivilegeSet;
        PRIVILEGE_SET PrivilegeSet;
    } Privileges;
    BOOLEAN AuditPrivileges;
    UNICODE_STRING ObjectName;
    UNICODE_STRING ObjectTypeName;
};
using PACCESS_STATE = ACCESS_STATE*;

struct IO_SECURITY_CONTEXT {
    SECURITY_QUALITY_OF_SERVICE* SecurityQos;
    ACCESS_STATE* AccessState;
    ACCESS_MASK DesiredAccess;
    ULONG FullCreateOptions;
};
using PIO_SECURITY_CONTEXT = IO_SECURITY_CONTEXT*;

struct TOKEN_SOURCE {
    CHAR SourceName[8];
    LUID SourceIdentifier;
};

inline constexpr ULONG SE_PRIVILEGE_ENABLED_BY_DEFAULT = 0x1;
inline constexpr ULONG SE_PRIVILEGE_ENABLED = 0x2;
inline constexpr ULONG SE_PRIVILEGE_REMOVED = 0x4;
inline constexpr ULONG SE_PRIVILEGE_USED_FOR_ACCESS = 0x80000000;
inline constexpr ULONG PRIVILEGE_SET_ALL_NECESSARY = 1;
inline constexpr ULONG SE_GROUP_MANDATORY = 0x1;
inline constexpr ULONG SE_GROUP_ENABLED_BY_DEFAULT = 0x2;
inline constexpr ULONG SE_GROUP_ENABLED = 0x4;
inline constexpr ULONG SE_GROUP_OWNER = 0x8;
inline constexpr ULONG SE_GROUP_USE_FOR_DENY_ONLY = 0x10;
inline constexpr ULONG SE_GROUP_INTEGRITY = 0x20;
inline constexpr ULONG SE_GROUP_INTEGRITY_ENABLED = 0x40;
inline constexpr ULONG SE_GROUP_LOGON_ID = 0xC0000000;

inline constexpr LONG SE_CREATE_TOKEN_PRIVILEGE = 2;
inline constexpr LONG SE_ASSIGNPRIMARYTOKEN_PRIVILEGE = 3;
inline constexpr LONG SE_LOCK_MEMORY_PRIVILEGE = 4;
inline constexpr LONG SE_INCREASE_QUOTA_PRIVILEGE = 5;
inline constexpr LONG SE_TCB_PRIVILEGE = 7;
inline constexpr LONG SE_SECURITY_PRIVILEGE = 8;
inline constexpr LONG SE_TAKE_OWNERSHIP_PRIVILEGE = 9;
inline constexpr LONG SE_LOAD_DRIVER_PRIVILEGE = 10;
inline constexpr LONG SE_SYSTEM_PROFILE_PRIVILEGE = 11;
inline constexpr LONG SE_SYSTEMTIME_PRIVILEGE = 12;
inline constexpr LONG SE_PROF_SINGLE_PROCESS_PRIVILEGE = 13;
inline constexpr LONG SE_INC_BASE_PRIORITY_PRIVILEGE = 14;
inline constexpr LONG SE_CREATE_PAGEFILE_PRIVILEGE = 15;
inline constexpr LONG SE_CREATE_PERMANENT_PRIVILEGE = 16;
inline constexpr LONG SE_BACKUP_PRIVILEGE = 17;
inline constexpr LONG SE_RESTORE_PRIVILEGE = 18;
inline constexpr LONG SE_SHUTDOWN_PRIVILEGE = 19;
inline constexpr LONG SE_DEBUG_PRIVILEGE = 20;
inline constexpr LONG SE_AUDIT_PRIVILEGE = 21;
inline constexpr LONG SE_SYSTEM_ENVIRONMENT_PRIVILEGE = 22;
inline constexpr LONG SE_CHANGE_NOTIFY_PRIVILEGE = 23;
inline constexpr LONG SE_REMOTE_SHUTDOWN_PRIVILEGE = 24;
inline constexpr LONG SE_UNDOCK_PRIVILEGE = 25;
inline constexpr LONG SE_MANAGE_VOLUME_PRIVILEGE = 28;
inline constexpr LONG SE_IMPERSONATE_PRIVILEGE = 29;
inline constexpr LONG SE_CREATE_GLOBAL_PRIVILEGE = 30;
inline constexpr LONG SE_RELABEL_PRIVILEGE = 32;
inline constexpr LONG SE_INC_WORKING_SET_PRIVILEGE = 33;
inline constexpr LONG SE_TIME_ZONE_PRIVILEGE = 34;
inline constexpr LONG SE_CREATE_SYMBOLIC_LINK_PRIVILEGE = 35;
inline constexpr LONG SE_DELEGATE_SESSION_USER_IMPERSONATE_PRIVILEGE = 36;

} // namespace nt
