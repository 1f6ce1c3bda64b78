#include "kernel/exports/copy_between.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/probe.h"
#include "kernel/ps/process_body.h"
#include <algorithm>
#include <cstring>

namespace nt::exports {

namespace {

constexpr ULONG writable = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
constexpr ULONG unreadable = PAGE_NOACCESS | PAGE_EXECUTE | PAGE_GUARD;

// What can be reached at once of a process's memory; null: nothing.
void* reach(EPROCESS& process, std::uint64_t address, bool write, SIZE_T& length) {
    const mm::AddressSpace* space = ps::body(&process).space;
    const mm::Extent* extent = space ? space->find(address) : nullptr;
    if (!extent || extent->protection & unreadable || (write && !(extent->protection & writable)))
        return nullptr;
    std::uint64_t contiguous = 0;
    void* memory = space->pointer(address, &contiguous);
    length = std::min<SIZE_T>(length, contiguous);
    return memory;
}

bool is_user(std::uint64_t address) { return address < mm::user_probe_address; }

// One piece, through a buffer of ours, as one side may be kernel memory that is not there.
bool copy_piece(EPROCESS& from, std::uint64_t source, EPROCESS& to, std::uint64_t target, SIZE_T& length) {
    UCHAR buffer[512];
    length = std::min(length, sizeof buffer);
    void* in = nullptr;
    void* out = nullptr;
    if (is_user(source) && !(in = reach(from, source, false, length))) return false;
    if (is_user(target) && !(out = reach(to, target, true, length))) return false;
    if (in)
        std::memcpy(buffer, in, length);
    else if (!guest::copy_from(buffer, source, length))
        return false;
    if (!out) return guest::copy_to(target, buffer, length);
    std::memcpy(out, buffer, length);
    return true;
}

} // namespace

NTSTATUS copy_between(EPROCESS& from, std::uint64_t source, EPROCESS& to, std::uint64_t target, SIZE_T length,
                      KPROCESSOR_MODE mode, SIZE_T& done) {
    done = 0;
    if (source + length < source || target + length < target) return STATUS_ACCESS_VIOLATION;
    if (mode != KernelMode && !(is_user(source + length) && is_user(target + length)))
        return STATUS_ACCESS_VIOLATION;
    while (done < length) {
        SIZE_T piece = length - done;
        if (!copy_piece(from, source + done, to, target + done, piece)) return STATUS_PARTIAL_COPY;
        done += piece;
    }
    return STATUS_SUCCESS;
}

} // namespace nt::exports
