// ExEnumHandleTable has no page. assumed: what drivers that import it expect since Windows 8: the routine
// gets a table, an entry, the handle and its context; it unlocks the entry, and TRUE ends the enumeration.
// The entry is a copy: of what the routine changes in it, the granted access goes back into the table.
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/stack_object.h"
#include "kernel/ob/handle.h"

using namespace nt;

namespace {

// LowValue: bit 0 unlocked, 1-16 references, 17-19 attributes, from 20 on the address of the object's header
// without its low four bits.
struct HANDLE_TABLE_ENTRY {
    LONG64 LowValue;
    ULONG GrantedAccessBits; // of 25 bits
    ULONG Spare;
};

} // namespace

typedef BOOLEAN(NTAPI ENUMERATE_HANDLE_ROUTINE)(PVOID Table, HANDLE_TABLE_ENTRY* Entry, HANDLE Handle,
                                                PVOID Context);

namespace {

constexpr ULONG access_bits = 0x1ffffff;

struct Shown {
    UCHAR table[0x80]; // HandleContentionEvent and all else: zero
    HANDLE_TABLE_ENTRY entry;
};

HANDLE_TABLE_ENTRY entry_of(const ob::HandleEntry& e) {
    const auto header = reinterpret_cast<ULONG_PTR>(e.object);
    return {static_cast<LONG64>(header >> 4 << 20 | ULONG_PTR(e.attributes & 7) << 17),
            e.access & access_bits, 0};
}

} // namespace

extern "C" BOOLEAN ExEnumHandleTable(ob::HandleTable* table, ENUMERATE_HANDLE_ROUTINE* routine, PVOID context,
                                     HANDLE* handle) {
    exports::need_read(table, sizeof(ob::HandleTable));
    ke::StackObject<Shown> shown;
    ULONG left = table->count();
    for (ULONG_PTR value = 4; left && value >> 2 < ob::max_handles; value += 4) {
        const ob::HandleEntry* present = table->find(value);
        if (!present) continue;
        --left;
        shown->entry = entry_of(*present);
        const BOOLEAN enough = seh::call_out(routine, static_cast<PVOID>(shown->table), &shown->entry,
                                             reinterpret_cast<HANDLE>(value), context);
        if (ob::HandleEntry* entry = table->find(value))
            entry->access = (entry->access & ~access_bits) | (shown->entry.GrantedAccessBits & access_bits);
        if (!enough) continue;
        if (handle) *handle = reinterpret_cast<HANDLE>(value);
        return TRUE;
    }
    return FALSE;
}
GATE(ExEnumHandleTable);
