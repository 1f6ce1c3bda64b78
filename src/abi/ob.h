// Object manager: attributes a caller names an object with, headers in front of an object's body, access
// masks.
#pragma once
#include "abi/list.h"

namespace nt {

struct EPROCESS;
struct OBJECT_TYPE;

struct OBJECT_ATTRIBUTES {
    ULONG Length; // 0x30
    HANDLE RootDirectory;
    UNICODE_STRING* ObjectName;
    ULONG Attributes; // OBJ_*
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
};
using POBJECT_ATTRIBUTES = OBJECT_ATTRIBUTES*;
using PCOBJECT_ATTRIBUTES = const OBJECT_ATTRIBUTES*;
using POBJECT_TYPE = OBJECT_TYPE*;

inline constexpr ULONG OBJ_PROTECT_CLOSE = 0x1; // attribute of a handle
inline constexpr ULONG OBJ_INHERIT = 0x2;
inline constexpr ULONG OBJ_PERMANENT = 0x10;
inline constexpr ULONG OBJ_EXCLUSIVE = 0x20;
inline constexpr ULONG OBJ_CASE_INSENSITIVE = 0x40;
inline constexpr ULONG OBJ_OPENIF = 0x80;
inline constexpr ULONG OBJ_OPENLINK = 0x100;
inline constexpr ULONG OBJ_KERNEL_HANDLE = 0x200;
inline constexpr ULONG OBJ_FORCE_ACCESS_CHECK = 0x400;
inline constexpr ULONG OBJ_IGNORE_IMPERSONATED_DEVICEMAP = 0x800;
inline constexpr ULONG OBJ_DONT_REPARSE = 0x1000;
inline constexpr ULONG OBJ_VALID_ATTRIBUTES = 0x1ff2;

struct OBJECT_NAME_INFORMATION {
    UNICODE_STRING Name;
};
using POBJECT_NAME_INFORMATION = OBJECT_NAME_INFORMATION*;

struct OBJECT_HANDLE_INFORMATION {
    ULONG HandleAttributes;
    ACCESS_MASK GrantedAccess;
};
using POBJECT_HANDLE_INFORMATION = OBJECT_HANDLE_INFORMATION*;

struct GENERIC_MAPPING {
    ACCESS_MASK GenericRead;
    ACCESS_MASK GenericWrite;
    ACCESS_MASK GenericExecute;
    ACCESS_MASK GenericAll;
};
using PGENERIC_MAPPING = GENERIC_MAPPING*;

enum OBJECT_INFORMATION_CLASS : ULONG {
    ObjectBasicInformation = 0,
    ObjectNameInformation = 1,
    ObjectTypeInformation = 2,
    ObjectTypesInformation = 3,
    ObjectHandleFlagInformation = 4,
};

struct OBJECT_BASIC_INFORMATION {
    ULONG Attributes;
    ACCESS_MASK GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG Reserved[3];
    ULONG NameInfoSize;
    ULONG TypeInfoSize;
    ULONG SecurityDescriptorSize;
    LARGE_INTEGER CreationTime;
};

// Class ObjectTypeInformation; the name's characters follow it.
struct OBJECT_TYPE_INFORMATION {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG TotalPagedPoolUsage;
    ULONG TotalNonPagedPoolUsage;
    ULONG TotalNamePoolUsage;
    ULONG TotalHandleTableUsage;
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    ULONG HighWaterPagedPoolUsage;
    ULONG HighWaterNonPagedPoolUsage;
    ULONG HighWaterNamePoolUsage;
    ULONG HighWaterHandleTableUsage;
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired;
    BOOLEAN MaintainHandleCount;
    UCHAR TypeIndex;
    CHAR ReservedByte;
    ULONG PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
};

// Class ObjectTypesInformation: an OBJECT_TYPE_INFORMATION for each type, its name behind it, each at a
// multiple of 8.
struct OBJECT_TYPES_INFORMATION {
    ULONG NumberOfTypes;
};

struct OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
};

struct OBJECT_DIRECTORY_INFORMATION {
    UNICODE_STRING Name;
    UNICODE_STRING TypeName;
};

// What a type is made of. Procedures are those of a driver's type; the kernel's own types have none here.
struct OBJECT_TYPE_INITIALIZER {
    USHORT Length; // 0x78
    UCHAR ObjectTypeFlags;
    UCHAR ObjectTypeFlags2;
    ULONG ObjectTypeCode;
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    ULONG RetainAccess;
    ULONG PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
    PVOID DumpProcedure;
    PVOID OpenProcedure;
    PVOID CloseProcedure;
    PVOID DeleteProcedure;
    PVOID ParseProcedure;
    PVOID SecurityProcedure;
    PVOID QueryNameProcedure;
    PVOID OkayToCloseProcedure;
    ULONG WaitObjectFlagMask;
    USHORT WaitObjectFlagOffset;
    USHORT WaitObjectPointerOffset;
};
using POBJECT_TYPE_INITIALIZER = OBJECT_TYPE_INITIALIZER*;

// OBJECT_TYPE_INITIALIZER.ObjectTypeFlags
inline constexpr UCHAR OB_TYPE_CASE_INSENSITIVE = 0x1;
inline constexpr UCHAR OB_TYPE_UNNAMED_OBJECTS_ONLY = 0x2;
inline constexpr UCHAR OB_TYPE_USE_DEFAULT_OBJECT = 0x4;
inline constexpr UCHAR OB_TYPE_SECURITY_REQUIRED = 0x8;
inline constexpr UCHAR OB_TYPE_MAINTAIN_HANDLE_COUNT = 0x10;
inline constexpr UCHAR OB_TYPE_MAINTAIN_TYPE_LIST = 0x20;
inline constexpr UCHAR OB_TYPE_SUPPORTS_OBJECT_CALLBACKS = 0x40;
inline constexpr UCHAR OB_TYPE_CACHE_ALIGNED = 0x80;
inline constexpr UCHAR OB_TYPE_VALID_FLAGS = 0xff;
// ObjectTypeFlags2
inline constexpr UCHAR OB_TYPE_USE_EXTENDED_PARAMETERS = 0x1; // ParseProcedure is a ParseProcedureEx

// The body of a type object: what IoFileObjectType and its kin point at.
struct OBJECT_TYPE {
    LIST_ENTRY TypeList; // of OBJECT_HEADER_CREATOR_INFO.TypeList
    UNICODE_STRING Name;
    PVOID DefaultObject;
    UCHAR Index;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    OBJECT_TYPE_INITIALIZER TypeInfo;
    ULONG_PTR TypeLock;
    ULONG Key;               // pool tag
    LIST_ENTRY CallbackList; // of CALLBACK_ENTRY_ITEM.EntryItemList
};

// ObRegisterCallbacks.
inline constexpr USHORT OB_FLT_REGISTRATION_VERSION = 0x100;
inline constexpr ULONG OB_OPERATION_HANDLE_CREATE = 0x1;
inline constexpr ULONG OB_OPERATION_HANDLE_DUPLICATE = 0x2;

struct OB_PRE_CREATE_HANDLE_INFORMATION {
    ACCESS_MASK DesiredAccess;
    ACCESS_MASK OriginalDesiredAccess;
};
struct OB_PRE_DUPLICATE_HANDLE_INFORMATION {
    ACCESS_MASK DesiredAccess;
    ACCESS_MASK OriginalDesiredAccess;
    PVOID SourceProcess;
    PVOID TargetProcess;
};
union OB_PRE_OPERATION_PARAMETERS {
    OB_PRE_CREATE_HANDLE_INFORMATION CreateHandleInformation;
    OB_PRE_DUPLICATE_HANDLE_INFORMATION DuplicateHandleInformation;
};
struct OB_PRE_OPERATION_INFORMATION {
    ULONG Operation; // OB_OPERATION_*
    ULONG Flags;     // bit 0: KernelHandle
    PVOID Object;
    OBJECT_TYPE* ObjectType;
    PVOID CallContext;
    OB_PRE_OPERATION_PARAMETERS* Parameters;
};
struct OB_POST_CREATE_HANDLE_INFORMATION {
    ACCESS_MASK GrantedAccess;
};
struct OB_POST_DUPLICATE_HANDLE_INFORMATION {
    ACCESS_MASK GrantedAccess;
};
union OB_POST_OPERATION_PARAMETERS {
    OB_POST_CREATE_HANDLE_INFORMATION CreateHandleInformation;
    OB_POST_DUPLICATE_HANDLE_INFORMATION DuplicateHandleInformation;
};
struct OB_POST_OPERATION_INFORMATION {
    ULONG Operation;
    ULONG Flags;
    PVOID Object;
    OBJECT_TYPE* ObjectType;
    PVOID CallContext;
    NTSTATUS ReturnStatus;
    OB_POST_OPERATION_PARAMETERS* Parameters;
};
enum OB_PREOP_CALLBACK_STATUS : ULONG {
    OB_PREOP_SUCCESS = 0,
};
typedef OB_PREOP_CALLBACK_STATUS(NTAPI OB_PRE_OPERATION_CALLBACK)(
    PVOID RegistrationContext, OB_PRE_OPERATION_INFORMATION* OperationInformation);
typedef void(NTAPI OB_POST_OPERATION_CALLBACK)(PVOID RegistrationContext,
                                               OB_POST_OPERATION_INFORMATION* OperationInformation);
struct OB_OPERATION_REGISTRATION {
    OBJECT_TYPE** ObjectType;
    ULONG Operations;
    OB_PRE_OPERATION_CALLBACK* PreOperation;
    OB_POST_OPERATION_CALLBACK* PostOperation;
};
struct OB_CALLBACK_REGISTRATION {
    USHORT Version;
    USHORT OperationRegistrationCount;
    UNICODE_STRING Altitude;
    PVOID RegistrationContext;
    OB_OPERATION_REGISTRATION* OperationRegistration;
};

// A registration: the handle that ObRegisterCallbacks gives, one item for each operation behind it. Not
// documented, but walked by everybody who looks for callbacks.
struct CALLBACK_ENTRY {
    USHORT Version;
    USHORT OperationRegistrationCount;
    PVOID RegistrationContext;
    UNICODE_STRING Altitude;
};
struct CALLBACK_ENTRY_ITEM {
    LIST_ENTRY EntryItemList; // in OBJECT_TYPE.CallbackList, by falling altitude
    ULONG Operations;
    ULONG Active;
    CALLBACK_ENTRY* CallbackEntry;
    OBJECT_TYPE* ObjectType;
    OB_PRE_OPERATION_CALLBACK* PreOperation;
    OB_POST_OPERATION_CALLBACK* PostOperation;
    ULONG_PTR Running; // EX_RUNDOWN_REF: operations between their two calls
};

// Procedures of a driver's type. Nothing documents them; these are the publicly known declarations.
enum OB_OPEN_REASON : ULONG {
    ObCreateHandle,
    ObOpenHandle,
    ObDuplicateHandle,
    ObInheritHandle,
};
enum SECURITY_OPERATION_CODE : ULONG {
    SetSecurityDescriptor,
    QuerySecurityDescriptor,
    DeleteSecurityDescriptor,
    AssignSecurityDescriptor,
};
struct ACCESS_STATE;
struct SECURITY_QUALITY_OF_SERVICE;
struct OB_EXTENDED_PARSE_PARAMETERS {
    USHORT Length;
    ULONG RestrictedAccessMask;
    PVOID Silo;
};
typedef NTSTATUS(NTAPI OB_OPEN_METHOD)(OB_OPEN_REASON Reason, KPROCESSOR_MODE PreviousMode, EPROCESS* Process,
                                       PVOID Object, ACCESS_MASK* GrantedAccess, ULONG ProcessHandleCount);
typedef void(NTAPI OB_CLOSE_METHOD)(EPROCESS* Process, PVOID Object, ULONG_PTR ProcessHandleCount,
                                    ULONG_PTR SystemHandleCount);
typedef void(NTAPI OB_DELETE_METHOD)(PVOID Object);
typedef NTSTATUS(NTAPI OB_PARSE_METHOD)(PVOID ParseObject, OBJECT_TYPE* ObjectType, ACCESS_STATE* AccessState,
                                        KPROCESSOR_MODE AccessMode, ULONG Attributes,
                                        UNICODE_STRING* CompleteName, UNICODE_STRING* RemainingName,
                                        PVOID Context, SECURITY_QUALITY_OF_SERVICE* SecurityQos,
                                        PVOID* Object);
typedef NTSTATUS(NTAPI OB_PARSE_METHOD_EX)(PVOID ParseObject, OBJECT_TYPE* ObjectType,
                                           ACCESS_STATE* AccessState, KPROCESSOR_MODE AccessMode,
                                           ULONG Attributes, UNICODE_STRING* CompleteName,
                                           UNICODE_STRING* RemainingName, PVOID Context,
                                           SECURITY_QUALITY_OF_SERVICE* SecurityQos,
                                           OB_EXTENDED_PARSE_PARAMETERS* ExtendedParameters, PVOID* Object);
typedef NTSTATUS(NTAPI OB_SECURITY_METHOD)(PVOID Object, SECURITY_OPERATION_CODE Operation,
                                           ULONG* SecurityInformation, PVOID SecurityDescriptor,
                                           ULONG* CapturedLength, PVOID* ObjectsSecurityDescriptor,
                                           ULONG PoolType, GENERIC_MAPPING* GenericMapping,
                                           KPROCESSOR_MODE PreviousMode);
typedef NTSTATUS(NTAPI OB_QUERYNAME_METHOD)(PVOID Object, BOOLEAN HasObjectName,
                                            OBJECT_NAME_INFORMATION* ObjectNameInfo, ULONG Length,
                                            ULONG* ReturnLength, KPROCESSOR_MODE PreviousMode);
typedef BOOLEAN(NTAPI OB_OKAYTOCLOSE_METHOD)(EPROCESS* Process, PVOID Object, HANDLE Handle,
                                             KPROCESSOR_MODE PreviousMode);

// Stands at the object's body - 0x30. What is optional precedes it, nearest first in the order of the
// InfoMask bits.
struct OBJECT_HEADER {
    LONG64 PointerCount;
    union {
        LONG64 HandleCount;
        PVOID NextToFree;
    };
    ULONG_PTR Lock;
    UCHAR TypeIndex;
    UCHAR TraceFlags;
    UCHAR InfoMask;
    UCHAR Flags;
    ULONG Reserved;
    union {
        PVOID ObjectCreateInfo;
        PVOID QuotaBlockCharged;
    };
    PVOID SecurityDescriptor;
    // Body at 0x30
};
using POBJECT_HEADER = OBJECT_HEADER*;
inline constexpr std::size_t OBJECT_HEADER_BODY = 0x30;

inline constexpr UCHAR OB_INFOMASK_CREATOR = 0x1;
inline constexpr UCHAR OB_INFOMASK_NAME = 0x2;
inline constexpr UCHAR OB_INFOMASK_HANDLE = 0x4;
inline constexpr UCHAR OB_INFOMASK_QUOTA = 0x8;
inline constexpr UCHAR OB_INFOMASK_PROCESS = 0x10;

// OBJECT_HEADER.Flags
inline constexpr UCHAR OB_FLAG_NEW_OBJECT = 0x1;
inline constexpr UCHAR OB_FLAG_KERNEL_OBJECT = 0x2;
inline constexpr UCHAR OB_FLAG_KERNEL_ONLY_ACCESS = 0x4;
inline constexpr UCHAR OB_FLAG_EXCLUSIVE_OBJECT = 0x8;
inline constexpr UCHAR OB_FLAG_PERMANENT_OBJECT = 0x10;
inline constexpr UCHAR OB_FLAG_DEFAULT_SECURITY_QUOTA = 0x20;
inline constexpr UCHAR OB_FLAG_SINGLE_HANDLE_ENTRY = 0x40;
inline constexpr UCHAR OB_FLAG_DELETED_INLINE = 0x80;

struct OBJECT_HEADER_CREATOR_INFO {
    LIST_ENTRY TypeList;
    PVOID CreatorUniqueProcess;
    USHORT CreatorBackTraceIndex;
    USHORT Reserved1;
    ULONG Reserved2;
};

struct OBJECT_DIRECTORY;

// EPROCESS.DeviceMap: the DOS devices of a logon session. Null: of the system's.
struct DEVICE_MAP {
    OBJECT_DIRECTORY* DosDevicesDirectory;
    OBJECT_DIRECTORY* GlobalDosDevicesDirectory;
    PVOID DosDevicesDirectoryHandle;
    LONG ReferenceCount;
    ULONG DriveMap;
    UCHAR DriveType[32];
};

struct OBJECT_HEADER_NAME_INFO {
    OBJECT_DIRECTORY* Directory;
    UNICODE_STRING Name;
    LONG ReferenceCount;
    ULONG Reserved;
};

struct OBJECT_HANDLE_COUNT_ENTRY {
    EPROCESS* Process;
    ULONG HandleCountAndLock; // HandleCount:24, LockCount:8
};

// What HandleCountDataBase points at when more than one process has handles to an object.
struct OBJECT_HANDLE_COUNT_DATABASE {
    ULONG CountEntries;
    OBJECT_HANDLE_COUNT_ENTRY HandleCountEntries[1];
};

struct OBJECT_HEADER_HANDLE_INFO {
    union {
        PVOID HandleCountDataBase;
        OBJECT_HANDLE_COUNT_ENTRY SingleEntry;
    };
};

struct OBJECT_HEADER_QUOTA_INFO {
    ULONG PagedPoolCharge;
    ULONG NonPagedPoolCharge;
    ULONG SecurityDescriptorCharge;
    ULONG Reserved1;
    PVOID SecurityDescriptorQuotaBlock;
    ULONGLONG Reserved2;
};

struct OBJECT_HEADER_PROCESS_INFO {
    EPROCESS* ExclusiveProcess;
    ULONGLONG Reserved;
};

// A pointer whose low four bits count cached references.
struct EX_FAST_REF {
    union {
        PVOID Object;
        ULONG_PTR Value;
    };
};

// Standard and generic rights, top of every access mask.
inline constexpr ACCESS_MASK DELETE = 0x00010000;
inline constexpr ACCESS_MASK READ_CONTROL = 0x00020000;
inline constexpr ACCESS_MASK WRITE_DAC = 0x00040000;
inline constexpr ACCESS_MASK WRITE_OWNER = 0x00080000;
inline constexpr ACCESS_MASK SYNCHRONIZE = 0x00100000;
inline constexpr ACCESS_MASK STANDARD_RIGHTS_REQUIRED = 0x000f0000;
inline constexpr ACCESS_MASK STANDARD_RIGHTS_READ = READ_CONTROL;
inline constexpr ACCESS_MASK STANDARD_RIGHTS_WRITE = READ_CONTROL;
inline constexpr ACCESS_MASK STANDARD_RIGHTS_EXECUTE = READ_CONTROL;
inline constexpr ACCESS_MASK STANDARD_RIGHTS_ALL = 0x001f0000;
inline constexpr ACCESS_MASK SPECIFIC_RIGHTS_ALL = 0x0000ffff;
inline constexpr ACCESS_MASK ACCESS_SYSTEM_SECURITY = 0x01000000;
inline constexpr ACCESS_MASK MAXIMUM_ALLOWED = 0x02000000;
inline constexpr ACCESS_MASK GENERIC_ALL = 0x10000000;
inline constexpr ACCESS_MASK GENERIC_EXECUTE = 0x20000000;
inline constexpr ACCESS_MASK GENERIC_WRITE = 0x40000000;
inline constexpr ACCESS_MASK GENERIC_READ = 0x80000000;

// Rights of object types other than files.
inline constexpr ACCESS_MASK DIRECTORY_QUERY = 0x1;
inline constexpr ACCESS_MASK DIRECTORY_TRAVERSE = 0x2;
inline constexpr ACCESS_MASK DIRECTORY_CREATE_OBJECT = 0x4;
inline constexpr ACCESS_MASK DIRECTORY_CREATE_SUBDIRECTORY = 0x8;
inline constexpr ACCESS_MASK DIRECTORY_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | 0xf;
inline constexpr ACCESS_MASK SYMBOLIC_LINK_QUERY = 0x1;
inline constexpr ACCESS_MASK SYMBOLIC_LINK_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | 0x1;
inline constexpr ACCESS_MASK EVENT_QUERY_STATE = 0x1;
inline constexpr ACCESS_MASK EVENT_MODIFY_STATE = 0x2;
inline constexpr ACCESS_MASK EVENT_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3;
inline constexpr ACCESS_MASK SEMAPHORE_QUERY_STATE = 0x1;
inline constexpr ACCESS_MASK SEMAPHORE_MODIFY_STATE = 0x2;
inline constexpr ACCESS_MASK SEMAPHORE_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3;
inline constexpr ACCESS_MASK MUTANT_QUERY_STATE = 0x1;
inline constexpr ACCESS_MASK MUTANT_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | MUTANT_QUERY_STATE;
inline constexpr ACCESS_MASK TIMER_QUERY_STATE = 0x1;
inline constexpr ACCESS_MASK TIMER_MODIFY_STATE = 0x2;
inline constexpr ACCESS_MASK TIMER_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3;
inline constexpr ACCESS_MASK PROCESS_TERMINATE = 0x0001;
inline constexpr ACCESS_MASK PROCESS_CREATE_THREAD = 0x0002;
inline constexpr ACCESS_MASK PROCESS_VM_OPERATION = 0x0008;
inline constexpr ACCESS_MASK PROCESS_VM_READ = 0x0010;
inline constexpr ACCESS_MASK PROCESS_VM_WRITE = 0x0020;
inline constexpr ACCESS_MASK PROCESS_DUP_HANDLE = 0x0040;
inline constexpr ACCESS_MASK PROCESS_CREATE_PROCESS = 0x0080;
inline constexpr ACCESS_MASK PROCESS_SET_QUOTA = 0x0100;
inline constexpr ACCESS_MASK PROCESS_SET_INFORMATION = 0x0200;
inline constexpr ACCESS_MASK PROCESS_QUERY_INFORMATION = 0x0400;
inline constexpr ACCESS_MASK PROCESS_SUSPEND_RESUME = 0x0800;
inline constexpr ACCESS_MASK PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
inline constexpr ACCESS_MASK PROCESS_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0xffff;
inline constexpr ACCESS_MASK THREAD_TERMINATE = 0x0001;
inline constexpr ACCESS_MASK THREAD_SUSPEND_RESUME = 0x0002;
inline constexpr ACCESS_MASK THREAD_ALERT = 0x0004;
inline constexpr ACCESS_MASK THREAD_GET_CONTEXT = 0x0008;
inline constexpr ACCESS_MASK THREAD_SET_CONTEXT = 0x0010;
inline constexpr ACCESS_MASK THREAD_SET_INFORMATION = 0x0020;
inline constexpr ACCESS_MASK THREAD_QUERY_INFORMATION = 0x0040;
inline constexpr ACCESS_MASK THREAD_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0xffff;
inline constexpr ACCESS_MASK SECTION_QUERY = 0x1;
inline constexpr ACCESS_MASK SECTION_MAP_WRITE = 0x2;
inline constexpr ACCESS_MASK SECTION_MAP_READ = 0x4;
inline constexpr ACCESS_MASK SECTION_MAP_EXECUTE = 0x8;
inline constexpr ACCESS_MASK SECTION_EXTEND_SIZE = 0x10;
inline constexpr ACCESS_MASK SECTION_ALL_ACCESS = STANDARD_RIGHTS_REQUIRED | 0x1f;
inline constexpr ACCESS_MASK KEY_QUERY_VALUE = 0x1;
inline constexpr ACCESS_MASK KEY_SET_VALUE = 0x2;
inline constexpr ACCESS_MASK KEY_CREATE_SUB_KEY = 0x4;
inline constexpr ACCESS_MASK KEY_ENUMERATE_SUB_KEYS = 0x8;
inline constexpr ACCESS_MASK KEY_NOTIFY = 0x10;
inline constexpr ACCESS_MASK KEY_CREATE_LINK = 0x20;
inline constexpr ACCESS_MASK KEY_READ = 0x20019;
inline constexpr ACCESS_MASK KEY_WRITE = 0x20006;
inline constexpr ACCESS_MASK KEY_EXECUTE = KEY_READ;
inline constexpr ACCESS_MASK KEY_ALL_ACCESS = 0xf003f;

inline constexpr ULONG DUPLICATE_CLOSE_SOURCE = 0x1;
inline constexpr ULONG DUPLICATE_SAME_ACCESS = 0x2;
inline constexpr ULONG DUPLICATE_SAME_ATTRIBUTES = 0x4;

} // namespace nt
