// Initializing and deleting resources, and the list of all.
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/ex/detail/lock_rules.h"
#include "kernel/ex/detail/resource_queue.h"
#include "kernel/pool/pool.h"
#include <cstring>

namespace nt::ex {

namespace {

ULONG_PTR address_of(const ERESOURCE& r) { return reinterpret_cast<ULONG_PTR>(&r); }

bool is_listed(const ERESOURCE& wanted) {
    LIST_ENTRY& all = system_resources();
    for (const LIST_ENTRY* e = all.Flink; e != &all; e = e->Flink)
        if (e == &wanted.SystemResourcesList) return true;
    return false;
}

} // namespace

LIST_ENTRY& system_resources() {
    static LIST_ENTRY& head = []() -> LIST_ENTRY& {
        auto* entry = host::make<LIST_ENTRY>();
        list::initialize(*entry);
        return *entry;
    }();
    return head;
}

void unlist_resource(ERESOURCE& r) {
    list::remove(r.SystemResourcesList);
    ke::unmark_memory(&r);
}

void initialize_resource(ERESOURCE& r) {
    if (ke::is_marked(address_of(r), sizeof r) && is_listed(r)) {
        NT_REPORT("MiscellaneousChecks", ke::verifier_stop(0xD0, address_of(r)),
                  "initializes the ERESOURCE %p, which is initialized already", static_cast<void*>(&r));
        unlist_resource(r);
    }
    std::memset(&r, 0, sizeof r);
    list::insert_tail(system_resources(), r.SystemResourcesList);
    ke::mark_memory(&r);
}

// "retains and zeros this previously allocated memory"
void reinitialize_resource(ERESOURCE& r) {
    const LIST_ENTRY links = r.SystemResourcesList;
    OWNER_ENTRY* table = r.OwnerTable;
    const ULONG size = table ? table[0].TableSize : 0;
    std::memset(&r, 0, sizeof r);
    r.SystemResourcesList = links;
    if (!table) return;
    std::memset(table, 0, size * sizeof *table);
    table[0].TableSize = size;
    r.OwnerTable = table;
}

void delete_resource(ERESOURCE& r) {
    if (!is_listed(r))
        return NT_REPORT("MiscellaneousChecks", ke::verifier_stop(0xD1, address_of(r)),
                         "deletes the ERESOURCE %p, which is not initialized", static_cast<void*>(&r));
    if (!detail::is_free(r)) {
        ERESOURCE_THREAD owner = 0;
        for_each_owner(r, [&](const OWNER_ENTRY& entry) { owner = owner ? owner : entry.OwnerThread; });
        NT_REPORT("DeadlockDetection", ke::verifier_stop(0x100B, address_of(r), owner),
                  "deletes the ERESOURCE %p while it is owned by %lx", static_cast<void*>(&r), owner);
    }
    unlist_resource(r);
    if (r.OwnerTable) pool::release(r.OwnerTable);
    r.OwnerTable = nullptr;
}

} // namespace nt::ex
