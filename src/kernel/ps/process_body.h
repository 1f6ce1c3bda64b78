// The body of a Process object: what drivers may read of EPROCESS, followed by what only we see.
#pragma once
#include "abi/peb.h"
#include "abi/thread.h"
#include "host/machine_heap.h"
#include <string>
#include <vector>

namespace nt::mm {
class AddressSpace;
}
namespace nt::ldr {
class ModuleList;
}

namespace nt::ps {

using TebList = std::vector<ULONG_PTR, host::HeapAllocator<ULONG_PTR>>;

struct Process : EPROCESS {
    mm::AddressSpace* space; // null: one that is not whole yet
    ldr::ModuleList* modules;
    LIST_ENTRY all_link;
    std::string* file_name; // "client.exe"
    std::string* path;      // "C:\Program Files\Drvlab\client.exe"
    std::string* failure;   // what ntdll reported about loading, "" if nothing
    ULONG_PTR parameters;   // RTL_USER_PROCESS_PARAMETERS
    ULONG_PTR ntdll;
    ULONG_PTR thread_start, loader_start, exception_dispatcher, apc_dispatcher; // entries of ntdll
    ULONG_PTR stack_reserve, stack_commit;                                      // of new threads
    TebList* free_tebs;                           // of no thread yet, or of ended ones
    ULONG cookie;                                 // ProcessCookie
    ULONGLONG ended_kernel_time, ended_user_time; // of threads that have ended, 100 ns units
    ULONG timer_resolution;                       // what it asked for, 100 ns; 0: nothing
    ULONG error_mode;                             // ProcessDefaultHardErrorMode
    ULONG_PTR affinity;                           // processors that its threads may use
    std::uint64_t seed;                           // of security cookies
    // Requests on files, and bytes that they moved: reads, writes, others (IO_COUNTERS).
    ULONGLONG io_operations[3], io_transfers[3];
    SIZE_T working_set_minimum, working_set_maximum; // ProcessQuotaLimits; nothing acts on them
    ULONG throttling_control, throttling;            // PROCESS_POWER_THROTTLING_STATE; nothing comes of it
    UCHAR lower_page_priority;                       // below the normal one
    bool critical;                                   // its end is bug check CRITICAL_PROCESS_DIED
    bool boosts_disabled;                            // of its threads (SetProcessPriorityBoost)
    bool terminating;
    bool allow_missing;    // missing imports of its images are bound to stubs
    bool of_program;       // a program has created it (not the app)
    bool announced;        // drivers have been told of it
    bool images_announced; // and of the images that it begins with
};

inline Process& body(EPROCESS* process) { return *static_cast<Process*>(process); }

} // namespace nt::ps
