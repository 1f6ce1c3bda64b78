#include "kernel/ex/detail/resource_queue.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include <cstring>

namespace nt::ex::detail {

static constexpr ULONG table_tag = pool::tag("ReTa");
static constexpr ULONG table_step = 4;

ERESOURCE_THREAD current_id() { return id_of(ke::current_thread()); }

OWNER_ENTRY* find_owner(ERESOURCE& r, ERESOURCE_THREAD owner) {
    if (r.OwnerEntry.OwnerThread == owner) return &r.OwnerEntry;
    if (OWNER_ENTRY* table = r.OwnerTable)
        for (ULONG i = 1; i < table[0].TableSize; i++)
            if (table[i].OwnerThread == owner) return &table[i];
    return nullptr;
}

bool reserve_owners(ERESOURCE& r, ULONG more) {
    const ULONG size = r.OwnerTable ? r.OwnerTable[0].TableSize : 0;
    // OwnerEntry holds one, the table's entry 0 none.
    const ULONG needed = r.ActiveEntries + more;
    if (needed <= (size ? size : 1)) return true;
    const ULONG wanted = (needed + table_step) / table_step * table_step;
    auto* table = static_cast<OWNER_ENTRY*>(
        pool::allocate(pool::Kind::nonpaged, wanted * sizeof(OWNER_ENTRY), table_tag, 0, true));
    if (!table) return false;
    if (size) std::memcpy(table, r.OwnerTable, size * sizeof(OWNER_ENTRY));
    table[0].TableSize = wanted;
    if (r.OwnerTable) pool::release(r.OwnerTable, table_tag);
    r.OwnerTable = table;
    return true;
}

void add_owner(ERESOURCE& r, ERESOURCE_THREAD owner) {
    OWNER_ENTRY* entry = r.OwnerEntry.OwnerThread ? find_owner(r, 0) : &r.OwnerEntry;
    entry->TableSize = 0;
    entry->OwnerThread = owner;
    entry->OwnerCount = 1;
    r.ActiveEntries++;
    r.ActiveCount = 1;
}

void remove_owner(ERESOURCE& r, OWNER_ENTRY& entry) {
    entry = {};
    if (--r.ActiveEntries == 0) {
        r.ActiveCount = 0;
        r.Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
    }
}

void queue(PVOID& head, ResourceWaiter& waiter) {
    waiter.next = nullptr;
    auto* last = static_cast<ResourceWaiter*>(head);
    if (!last) {
        head = &waiter;
        return;
    }
    while (last->next)
        last = last->next;
    last->next = &waiter;
}

ResourceWaiter* dequeue(PVOID& head) {
    auto* first = static_cast<ResourceWaiter*>(head);
    if (first) head = first->next;
    return first;
}

} // namespace nt::ex::detail
