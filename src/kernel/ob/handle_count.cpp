// Handles of an object by process: OBJECT_HEADER_HANDLE_INFO of types that keep them. One entry in the
// header, and with a second process a database: an open-addressed table by the address of the process, so
// that what a process has is known without looking at its handles or at the other processes. An entry without
// handles is free.
#include "abi/status.h"
#include "kernel/ob/handle.h"
#include "kernel/pool/pool.h"

namespace nt::ob {

namespace {

constexpr ULONG database_tag = pool::tag("ObHd");
constexpr ULONG count_mask = 0xff'ffff; // the upper byte is a lock count
constexpr ULONG first_size = 4;         // a power of two, like all sizes

using Entry = OBJECT_HANDLE_COUNT_ENTRY;
using Database = OBJECT_HANDLE_COUNT_DATABASE;

ULONG count_of(const Entry& entry) { return entry.HandleCountAndLock & count_mask; }
bool is_single(const OBJECT_HEADER* header) { return header->Flags & OB_FLAG_SINGLE_HANDLE_ENTRY; }
Database* database_of(const OBJECT_HEADER_HANDLE_INFO* info) {
    return static_cast<Database*>(info->HandleCountDataBase);
}
ULONG place_of(const Database& in, const EPROCESS* process) {
    const auto key = reinterpret_cast<ULONG_PTR>(process) * 0x9e37'79b9'7f4a'7c15u;
    return static_cast<ULONG>(key >> 40) & (in.CountEntries - 1);
}

// The entry of the process, or the free one that would be its.
Entry& entry_in(Database& database, const EPROCESS* process) {
    for (ULONG i = place_of(database, process);; i = (i + 1) & (database.CountEntries - 1))
        if (Entry& entry = database.HandleCountEntries[i]; !count_of(entry) || entry.Process == process)
            return entry;
}

Database* new_database(ULONG entries) {
    auto* made = static_cast<Database*>(
        pool::allocate(pool::Kind::paged, offsetof(Database, HandleCountEntries) + entries * sizeof(Entry),
                       database_tag, 0, true));
    if (made) made->CountEntries = entries;
    return made;
}

// Entries of the database in use, in the half of the header's info that the pointer leaves.
ULONG& used(OBJECT_HEADER_HANDLE_INFO* info) { return info->SingleEntry.HandleCountAndLock; }

// Null: no memory.
Database* larger(const Database& old) {
    Database* made = new_database(old.CountEntries * 2);
    if (!made) return nullptr;
    for (ULONG i = 0; i < old.CountEntries; ++i)
        if (const Entry& entry = old.HandleCountEntries[i]; count_of(entry))
            entry_in(*made, entry.Process) = entry;
    return made;
}

// What stands behind a freed entry and could not be put there moves up.
void close_gap(Database& database, ULONG gap) {
    const ULONG mask = database.CountEntries - 1;
    Entry* entries = database.HandleCountEntries;
    for (ULONG i = (gap + 1) & mask; count_of(entries[i]); i = (i + 1) & mask) {
        const ULONG home = place_of(database, entries[i].Process);
        if (((i - home) & mask) < ((i - gap) & mask)) continue;
        entries[gap] = entries[i];
        entries[i] = {};
        gap = i;
    }
}

// The entry to count a new handle in; null: no memory.
Entry* entry_for(OBJECT_HEADER* header, OBJECT_HEADER_HANDLE_INFO* info, EPROCESS* process) {
    if (is_single(header)) {
        Entry& single = info->SingleEntry;
        if (!count_of(single) || single.Process == process) return &single;
        Database* made = new_database(first_size);
        if (!made) return nullptr;
        entry_in(*made, single.Process) = single;
        info->HandleCountDataBase = made;
        used(info) = 1;
        header->Flags &= static_cast<UCHAR>(~OB_FLAG_SINGLE_HANDLE_ENTRY);
    }
    Database* database = database_of(info);
    Entry* entry = &entry_in(*database, process);
    if (count_of(*entry)) return entry;
    if (++used(info) * 4 <= database->CountEntries * 3) return entry;
    Database* bigger = larger(*database);
    if (!bigger) return --used(info), nullptr;
    pool::release(database, database_tag);
    info->HandleCountDataBase = bigger;
    return &entry_in(*bigger, process);
}

} // namespace

NTSTATUS count_handle(PVOID object, EPROCESS* process) {
    OBJECT_HEADER_HANDLE_INFO* info = handle_info(object);
    if (!info) return STATUS_SUCCESS;
    Entry* entry = entry_for(header_of(object), info, process);
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    entry->Process = process;
    ++entry->HandleCountAndLock;
    return STATUS_SUCCESS;
}

void uncount_handle(PVOID object, EPROCESS* process) {
    OBJECT_HEADER_HANDLE_INFO* info = handle_info(object);
    if (!info) return;
    Database* database = is_single(header_of(object)) ? nullptr : database_of(info);
    Entry& entry = database ? entry_in(*database, process) : info->SingleEntry;
    if (count_of(entry) == 0 || --entry.HandleCountAndLock & count_mask) return;
    entry = {};
    if (!database) return;
    --used(info);
    close_gap(*database, static_cast<ULONG>(&entry - database->HandleCountEntries));
}

ULONG handles_of(PVOID object, EPROCESS* process) {
    OBJECT_HEADER_HANDLE_INFO* info = handle_info(object);
    if (!info) return 0;
    if (!process) process = system_process();
    const Entry& entry =
        is_single(header_of(object)) ? info->SingleEntry : entry_in(*database_of(info), process);
    return entry.Process == process ? count_of(entry) : 0;
}

void forget_handle_counts(PVOID object) {
    OBJECT_HEADER_HANDLE_INFO* info = handle_info(object);
    if (info && !is_single(header_of(object))) pool::release(database_of(info), database_tag);
}

} // namespace nt::ob
