// Which unwind data covers an address: .pdata of loaded images, then what programs registered themselves.
#include "internal.h"
#include "rtl/unwind.h"

namespace nt {

namespace {

struct Dynamic {
    LIST_ENTRY link;
    RUNTIME_FUNCTION* table; // or the callback's identifier
    ULONG count;
    ULONG_PTR base, end;
    GET_RUNTIME_FUNCTION_CALLBACK callback;
    PVOID context;
};

LIST_ENTRY dynamic{&dynamic, &dynamic};
RTL_CRITICAL_SECTION dynamic_lock = unlocked_section;

bool covers(const Dynamic& d, ULONG_PTR pc) { return pc >= d.base && pc < d.end; }

// Entries need not be sorted in a table that is registered at run time.
RUNTIME_FUNCTION* search(const Dynamic& d, ULONG_PTR pc) {
    const ULONG_PTR rva = pc - d.base;
    for (ULONG i = 0; i < d.count; i++)
        if (rva >= d.table[i].BeginAddress && rva < d.table[i].EndAddress) return &d.table[i];
    return nullptr;
}

} // namespace

extern "C" {

PVOID NTAPI RtlLookupFunctionTable(ULONG_PTR pc, ULONG_PTR* image_base, ULONG* length) {
    PVOID base = nullptr;
    if (!RtlPcToFileHeader(reinterpret_cast<PVOID>(pc), &base)) return nullptr;
    *image_base = reinterpret_cast<ULONG_PTR>(base);
    ULONG size = 0;
    PVOID table = RtlImageDirectoryEntryToData(base, 1, IMAGE_DIRECTORY_ENTRY_EXCEPTION, &size);
    *length = table ? size : 0;
    return table;
}

RUNTIME_FUNCTION* NTAPI RtlLookupFunctionEntry(ULONG_PTR pc, ULONG_PTR* image_base, UNWIND_HISTORY_TABLE*) {
    ULONG size = 0;
    ULONG_PTR base = 0;
    PVOID table = RtlLookupFunctionTable(pc, &base, &size);
    if (base) {
        *image_base = base;
        return const_cast<RUNTIME_FUNCTION*>(rtl::find_function(static_cast<RUNTIME_FUNCTION*>(table),
                                                                size / sizeof(RUNTIME_FUNCTION), base, pc));
    }
    if (is_empty(dynamic)) return nullptr;
    Guard guard(dynamic_lock);
    for (LIST_ENTRY* e = dynamic.Flink; e != &dynamic; e = e->Flink) {
        Dynamic& d = *container(e, &Dynamic::link);
        if (!covers(d, pc)) continue;
        *image_base = d.base;
        return d.callback ? d.callback(pc, d.context) : search(d, pc);
    }
    return nullptr;
}

BOOLEAN NTAPI RtlAddFunctionTable(RUNTIME_FUNCTION* table, ULONG count, ULONG_PTR base) {
    auto* d = static_cast<Dynamic*>(allocate(sizeof(Dynamic)));
    if (!d) return FALSE;
    d->table = table;
    d->count = count;
    ULONG_PTR low = ~ULONG_PTR(0), high = 0;
    for (ULONG i = 0; i < count; i++) {
        if (table[i].BeginAddress < low) low = table[i].BeginAddress;
        if (table[i].EndAddress > high) high = table[i].EndAddress;
    }
    d->base = base;
    d->end = base + high;
    Guard guard(dynamic_lock);
    insert_tail(dynamic, d->link);
    return TRUE;
}

// "Identifier: the two low-order bits must be set."
BOOLEAN NTAPI RtlInstallFunctionTableCallback(ULONG_PTR id, ULONG_PTR base, ULONG length,
                                              GET_RUNTIME_FUNCTION_CALLBACK callback, PVOID context,
                                              const WCHAR*) {
    if ((id & 3) != 3) return FALSE;
    auto* d = static_cast<Dynamic*>(allocate(sizeof(Dynamic)));
    if (!d) return FALSE;
    d->table = reinterpret_cast<RUNTIME_FUNCTION*>(id);
    d->base = base;
    d->end = base + length;
    d->callback = callback;
    d->context = context;
    Guard guard(dynamic_lock);
    insert_tail(dynamic, d->link);
    return TRUE;
}

BOOLEAN NTAPI RtlDeleteFunctionTable(RUNTIME_FUNCTION* table) {
    Guard guard(dynamic_lock);
    for (LIST_ENTRY* e = dynamic.Flink; e != &dynamic; e = e->Flink) {
        Dynamic* d = container(e, &Dynamic::link);
        if (d->table != table) continue;
        remove_entry(d->link);
        release(d);
        return TRUE;
    }
    return FALSE;
}

} // extern "C"
} // namespace nt
