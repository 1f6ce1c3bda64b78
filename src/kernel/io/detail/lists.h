// Lists of entries of different sizes, linked by NextEntryOffset, that callers give: extended attributes,
// quotas.
#pragma once
#include "abi/status.h"
#include "kernel/io/detail/request.h"
#include "kernel/pool/pool.h"

namespace nt::io::detail {

// Every entry but the last must begin on a ULONG boundary behind the one before it, and lie in the buffer as
// a whole. `size_of(entry, bytes left)`: 0 if the entry is not valid. False: *at is the place of the first
// bad entry.
template <class Entry, class F> bool walk_list(const void* list, ULONG length, ULONG& at, F size_of) {
    const auto* base = static_cast<const UCHAR*>(list);
    for (at = 0;;) {
        const ULONG left = length - at;
        const auto* entry = reinterpret_cast<const Entry*>(base + at);
        const ULONG size = size_of(*entry, left);
        if (!size) return false;
        const ULONG next = entry->NextEntryOffset;
        if (!next) return true;
        if (next % 4 || next < size || next >= left) return false;
        at += next;
    }
}

// Runs `check` on a copy of what the caller gave.
template <class F> NTSTATUS check_copy(const void* buffer, ULONG length, KPROCESSOR_MODE mode, F check) {
    PVOID copy = pool::allocate(pool::Kind::paged, length ? length : 1, pool::tag("IoLs"));
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = length ? fetch(copy, buffer, length, 4, mode) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) status = check(copy);
    pool::release(copy);
    return status;
}

inline void write_iosb(IO_STATUS_BLOCK* to, NTSTATUS status, ULONG_PTR information) {
    guest::write(reinterpret_cast<ULONG_PTR>(to) + offsetof(IO_STATUS_BLOCK, Information), information);
    guest::write(reinterpret_cast<ULONG_PTR>(to), status);
}

} // namespace nt::io::detail
