#include "kernel/ex/lookaside_lists.h"
#include "host/machine_heap.h"
#include "kernel/ke/report.h"
#include "kernel/ke/watched_memory.h"
#include <vector>

namespace nt::ex {

namespace {

constexpr ULONG_PTR initialized_again = 0xCA, not_initialized = 0xCB, freed_active = 0xCC;

struct List {
    ULONG_PTR address;
    ULONG_PTR caller; // who initialized it
};
std::vector<List, host::HeapAllocator<List>> lists;

ULONG_PTR address_of(const void* list) { return reinterpret_cast<ULONG_PTR>(list); }

bool forget(ULONG_PTR address) {
    return std::erase_if(lists, [address](const List& l) { return l.address == address; });
}

void check_freed(ULONG_PTR address, SIZE_T size) {
    for (std::size_t i = 0; i < lists.size();) {
        const List list = lists[i];
        if (list.address - address >= size) {
            i++;
            continue;
        }
        const ULONG_PTR caller = ke::calling_address();
        ke::report_at(
            caller ? caller : list.caller, "MiscellaneousChecks",
            ke::verifier_stop(freed_active, list.address, address, size),
            caller ? "frees memory (0x%lx, 0x%lx bytes) with the lookaside list 0x%lx in it, which was "
                     "not deleted"
                   : "memory goes (0x%lx, 0x%lx bytes) with the lookaside list 0x%lx in it, which was "
                     "initialized here and not deleted",
            address, size, list.address);
        ke::unmark_memory(reinterpret_cast<const void*>(list.address));
        forget(list.address);
    }
}

} // namespace

void note_lookaside_list(const void* list) {
    static const bool watching = (ke::watch_freed_memory(check_freed), true);
    (void)watching;
    if (forget(address_of(list)))
        NT_REPORT("MiscellaneousChecks", ke::verifier_stop(initialized_again, address_of(list)),
                  "initializes the lookaside list %p, which is initialized already", list);
    else
        ke::mark_memory(list);
    lists.push_back({address_of(list), ke::calling_address()});
}

void forget_lookaside_list(const void* list) {
    if (forget(address_of(list)))
        ke::unmark_memory(list);
    else
        NT_REPORT("MiscellaneousChecks", ke::verifier_stop(not_initialized, address_of(list)),
                  "deletes the lookaside list %p, which is not initialized", list);
}

} // namespace nt::ex
