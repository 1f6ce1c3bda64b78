// Services as Win32 numbers them, and what advapi32.dll and the service control manager say to each other
// (NtDrvlabServices).
#pragma once
#include "abi/types.h"

namespace nt {

inline constexpr ULONG SERVICE_KERNEL_DRIVER = 0x1, SERVICE_FILE_SYSTEM_DRIVER = 0x2, SERVICE_ADAPTER = 0x4,
                       SERVICE_RECOGNIZER_DRIVER = 0x8, SERVICE_DRIVER = 0xb, SERVICE_WIN32 = 0x30,
                       SERVICE_INTERACTIVE_PROCESS = 0x100;
inline constexpr ULONG SERVICE_BOOT_START = 0, SERVICE_SYSTEM_START = 1, SERVICE_AUTO_START = 2,
                       SERVICE_DEMAND_START = 3, SERVICE_DISABLED = 4;
inline constexpr ULONG SERVICE_NO_CHANGE = 0xffffffff;
inline constexpr ULONG SERVICE_ACTIVE = 1, SERVICE_INACTIVE = 2, SERVICE_STATE_ALL = 3;
inline constexpr ULONG SERVICE_STOPPED = 1, SERVICE_STOP_PENDING = 3, SERVICE_RUNNING = 4;
inline constexpr ULONG SERVICE_ACCEPT_STOP = 1;
inline constexpr ULONG SERVICE_CONTROL_STOP = 1, SERVICE_CONTROL_PAUSE = 2, SERVICE_CONTROL_CONTINUE = 3,
                       SERVICE_CONTROL_INTERROGATE = 4, SERVICE_CONTROL_PARAMCHANGE = 6,
                       SERVICE_CONTROL_NETBINDDISABLE = 10;
inline constexpr ULONG SC_MANAGER_CONNECT = 0x1, SC_MANAGER_CREATE_SERVICE = 0x2,
                       SC_MANAGER_ENUMERATE_SERVICE = 0x4, SC_MANAGER_LOCK = 0x8,
                       SC_MANAGER_QUERY_LOCK_STATUS = 0x10, SC_MANAGER_ALL_ACCESS = 0xf003f;
inline constexpr ULONG SERVICE_QUERY_CONFIG = 0x1, SERVICE_CHANGE_CONFIG = 0x2, SERVICE_QUERY_STATUS = 0x4,
                       SERVICE_ENUMERATE_DEPENDENTS = 0x8, SERVICE_START = 0x10, SERVICE_STOP = 0x20,
                       SERVICE_PAUSE_CONTINUE = 0x40, SERVICE_INTERROGATE = 0x80,
                       SERVICE_USER_DEFINED_CONTROL = 0x100, SERVICE_ALL_ACCESS = 0xf01ff;

struct SERVICE_STATUS {
    ULONG dwServiceType;
    ULONG dwCurrentState;
    ULONG dwControlsAccepted;
    ULONG dwWin32ExitCode;
    ULONG dwServiceSpecificExitCode;
    ULONG dwCheckPoint;
    ULONG dwWaitHint;
};
struct SERVICE_STATUS_PROCESS {
    SERVICE_STATUS Status; // the same members
    ULONG dwProcessId;
    ULONG dwServiceFlags;
};

enum SCM_CALL : ULONG {
    ScmOpenManager,    // Access
    ScmClose,          // Handle
    ScmCreateService,  // Text, Numbers as below; Access
    ScmOpenService,    // Text[0]; Access
    ScmDeleteService,  //
    ScmStartService,   //
    ScmControlService, // Numbers[0] the control
    ScmQueryStatus,    //
    ScmQueryConfig, // data: type, start, error control, tag; path, group, dependencies, account, display name
    ScmChangeConfig,     // as ScmCreateService, SERVICE_NO_CHANGE and null for what stays
    ScmQueryDescription, // data: text
    ScmSetDescription,   // Text[0]
    ScmQueryDelayed,     // Numbers[0]
    ScmSetDelayed,       // Numbers[0]
    ScmEnumerate, // Numbers: types, states; Text[0] a group or null; data: per service name, display name,
                  // status
    ScmEnumerateDependents, // Numbers[0] states
    ScmDisplayName,         // Text[0] the key's name; data: text
    ScmKeyName,             // Text[0] the display name; data: text
    ScmQuerySecurity,       // Numbers[0] which parts; data: a self-relative descriptor
    ScmSetSecurity,         // Numbers[0]; In: a self-relative descriptor
    ScmCheckManager,        // Access that the handle of the manager must have
    ScmCheckService,        // the same for a service; Numbers[0]: its type
    ScmNotify,              // Numbers[0] SERVICE_NOTIFY_…; In: an APC's routine and first argument
    ScmNotification,        // Handle: the APC's third argument; Status; data: names, each with its terminator
    ScmCalls
};
// Text of ScmCreateService and ScmChangeConfig; dependencies are a list of strings with their terminators.
enum { ScmName, ScmDisplay, ScmPath, ScmGroup, ScmDependencies, ScmAccount, ScmTexts };
// Their numbers. ScmTag: a tag is wanted, and the one that was given.
enum { ScmType, ScmStart, ScmErrorControl, ScmTag, ScmNumbers };

struct SCM_TEXT {
    const WCHAR* Buffer; // null: not given
    ULONG Length;        // characters
};
struct SCM_REQUEST {
    ULONG Call;
    ULONG Error; // the answer, a Win32 error
    ULONGLONG Handle;
    ULONG Access;
    ULONG Numbers[ScmNumbers];
    SCM_TEXT Text[ScmTexts];
    const void* In;
    ULONG InLength;
    ULONG DataLength; // of Data; the whole length comes back
    PVOID Data;
    ULONG Count; // of services in Data
    SERVICE_STATUS_PROCESS Status;
};
inline constexpr ULONG SCM_PROGRAM =
    0xffffffff; // Error: the service is a program, which cannot be started here

} // namespace nt
