// The body of a Process object. Drivers treat EPROCESS as opaque but some read well-known offsets of it: these are the ones of
// Windows 10 19041 (shared reference, section 3). What only we see follows.
#pragma once
#include "abi/dispatcher.h"
#include <string>

namespace nt {

namespace mm {
class AddressSpace;
}
namespace ob {
class HandleTable;
}
namespace ldr {
class ModuleList;
}
struct PEB;

struct EPROCESS {
    DISPATCHER_HEADER Header; // +0x000: signalled at exit
    LIST_ENTRY ProfileListHead;
    ULONG_PTR DirectoryTableBase; // +0x028
    LIST_ENTRY ThreadListHead;    // +0x030 KPROCESS.ThreadListHead
    UCHAR pcb[0x438 - 0x40];
    ULONG_PTR ProcessLock;      // +0x438
    ULONG_PTR UniqueProcessId;  // +0x440
    LIST_ENTRY ActiveProcessLinks;
    ULONG_PTR RundownProtect;
    ULONG Flags2; // +0x460
    ULONG Flags;
    LARGE_INTEGER CreateTime; // +0x468
    UCHAR filler1[0x4b8 - 0x470];
    ULONG_PTR Token; // +0x4b8
    UCHAR filler2[0x518 - 0x4c0];
    PVOID SectionObject; // +0x518
    PVOID SectionBaseAddress;
    UCHAR filler3[0x540 - 0x528];
    ULONG_PTR InheritedFromUniqueProcessId; // +0x540
    ULONG_PTR filler4;
    PEB* Peb; // +0x550
    PVOID Session;
    UCHAR filler5[0x570 - 0x560];
    ob::HandleTable* ObjectTable; // +0x570
    PVOID DebugPort;
    UCHAR filler6[0x5a8 - 0x580];
    UCHAR ImageFileName[15]; // +0x5a8
    UCHAR PriorityClass;
    PVOID SecurityPort;
    PVOID SeAuditProcessCreationInfo; // +0x5c0
    UCHAR filler7[0x5f0 - 0x5c8];
    ULONG ActiveThreads; // +0x5f0
    UCHAR filler8[0x7d4 - 0x5f4];
    NTSTATUS ExitStatus; // +0x7d4
    UCHAR filler9[0x840 - 0x7d8];
    LARGE_INTEGER ExitTime; // +0x840
    UCHAR filler10[0xa40 - 0x848];

    // Ours.
    mm::AddressSpace* space; // null: System
    ldr::ModuleList* modules;
    LIST_ENTRY all_link;
    std::string* file_name; // "client.exe"
    std::string* path;      // "C:\Program Files\Drvlab\client.exe"
    std::string* failure;   // what ntdll reported about loading, "" if nothing
    ULONG_PTR parameters;   // RTL_USER_PROCESS_PARAMETERS
    ULONG_PTR ntdll, gate_slot;
    ULONG_PTR thread_start, loader_start, exception_dispatcher, apc_dispatcher; // entries of ntdll
    ULONG_PTR stack_reserve, stack_commit;                                      // of new threads
    ULONG_PTR free_teb; // list of TEBs of ended threads, linked through their first word
    ULONG cookie;       // ProcessCookie
    bool terminating;
};
static_assert(offsetof(EPROCESS, UniqueProcessId) == 0x440 && offsetof(EPROCESS, Peb) == 0x550);
static_assert(offsetof(EPROCESS, ObjectTable) == 0x570 && offsetof(EPROCESS, ImageFileName) == 0x5a8);
static_assert(offsetof(EPROCESS, ActiveThreads) == 0x5f0 && offsetof(EPROCESS, ExitStatus) == 0x7d4);
static_assert(offsetof(EPROCESS, ExitTime) == 0x840 && offsetof(EPROCESS, space) == 0xa40);

} // namespace nt
