// Thread stacks of user mode and the meaning of faults.
//   https://learn.microsoft.com/windows/win32/memory/creating-guard-pages
//   https://learn.microsoft.com/windows/win32/procthread/thread-stack-size
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "host/guest.h"
#include "host/places.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/paging.h"
#include <algorithm>

namespace nt::mm {

void (*stack_limit_changed)(std::uint64_t limit) = nullptr;
std::uint64_t (*stack_guarantee)() = nullptr;

NTSTATUS AddressSpace::create_stack(std::uint64_t reserve, std::uint64_t commit_size, UserStack& stack) {
    constexpr std::uint64_t megabyte = 0x10'0000;
    commit_size = page_ceil(commit_size ? commit_size : page_size);
    reserve = (reserve + granularity - 1) & ~(granularity - 1);
    // A committed part as large as the reservation makes that the next megabyte (thread stack size, remarks).
    if (commit_size + 3 * page_size > reserve)
        reserve = (commit_size + 3 * page_size + megabyte - 1) & ~(megabyte - 1);
    std::uint64_t base = 0, size = reserve;
    if (NTSTATUS status = allocate(base, size, MEM_RESERVE, PAGE_READWRITE); !NT_SUCCESS(status))
        return status;
    vad_at(base)->stack = true;
    std::uint64_t limit = base + size - commit_size;
    NTSTATUS status = commit(limit, commit_size, PAGE_READWRITE);
    if (NT_SUCCESS(status)) status = commit(limit - page_size, page_size, PAGE_READWRITE | PAGE_GUARD);
    if (!NT_SUCCESS(status)) {
        std::uint64_t b = base, s = 0;
        free(b, s, MEM_RELEASE);
        return status;
    }
    stack = {base, limit, base + size};
    return STATUS_SUCCESS;
}

Resolution AddressSpace::resolve_fault(std::uint64_t address, bool, bool, std::uint64_t& new_limit) {
    new_limit = 0;
    const Extent* e = find(address);
    if (!e || !(e->protection & PAGE_GUARD)) return Resolution::access_violation;
    ULONG protection = e->protection & ~PAGE_GUARD;
    const Vad* vad = find_vad(address);
    std::uint64_t page = page_floor(address);
    if (!NT_SUCCESS(set_protection(page, page_size, protection))) return Resolution::access_violation;
    if (!vad->stack) return Resolution::guard_page;
    new_limit = page;
    if (stack_limit_changed) stack_limit_changed(page);
    // The lowest page of the reservation is never committed: below it there is always a fault. What is left
    // above it when the guard has come down that far is the room in which STATUS_STACK_OVERFLOW is handled.
    // assumed: 2 pages and the guard's, or what SetThreadStackGuarantee asked for and the guard's
    const std::uint64_t wanted = stack_guarantee ? page_ceil(stack_guarantee()) >> page_shift : 0;
    const std::uint64_t overflow_pages = 1 + std::max<std::uint64_t>(wanted, 2);
    const std::uint64_t next = page - page_size, lowest = vad->address + page_size;
    if (next < lowest + overflow_pages * page_size) {
        if (page > lowest && NT_SUCCESS(commit(lowest, page - lowest, protection))) {
            new_limit = lowest; // all of it is stack now
            if (stack_limit_changed) stack_limit_changed(lowest);
        }
        return Resolution::stack_overflow;
    }
    // After an overflow was handled the page below is committed already.
    if (!NT_SUCCESS(commit(next, page_size, protection | PAGE_GUARD)) ||
        !NT_SUCCESS(set_protection(next, page_size, protection | PAGE_GUARD)))
        return Resolution::stack_overflow;
    return Resolution::retry;
}

MemoryException classify_user_fault(const Access& access, std::uint64_t& new_stack_limit) {
    new_stack_limit = 0;
    MemoryException exception{STATUS_ACCESS_VIOLATION, 2, {access.kind(), access.address, 0}};
    AddressSpace* space = current_space();
    if (!space || !host::places::is_user(access.address)) return exception;
    switch (space->resolve_fault(access.address, access.write, access.execute, new_stack_limit)) {
    case Resolution::retry:
        return {STATUS_SUCCESS, 0, {}};
    case Resolution::guard_page:
        exception.code = STATUS_GUARD_PAGE_VIOLATION;
        break;
    case Resolution::stack_overflow:
        return {STATUS_STACK_OVERFLOW, 2, {access.kind(), access.address, 0}};
    case Resolution::access_violation:
        break;
    }
    return exception;
}

MemoryException classify_primitive_fault() {
    std::uint64_t limit;
    return classify_user_fault({guest::fault_address(), guest::fault_is_write(), false, 0}, limit);
}

BugCheck classify_kernel_fault(const Access& access, KIRQL irql, bool rip_is_driver) {
    if (is_kernel_stack_guard(access.address)) return {UNEXPECTED_KERNEL_MODE_TRAP, {8, 0, 0, access.rip}};
    constexpr KIRQL dispatch_level = 2;
    const Protection rights =
        is_paged_out(access.address, irql) ? Protection::none : kernel_protection(access.address);
    // The page tables' entry of the address is parameter 2 of the next two; there are none here.
    if (rights != Protection::none && access.execute)
        return {ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, {access.address, 0, 0, 0}};
    if (rights != Protection::none && access.write)
        return {ATTEMPTED_WRITE_TO_READONLY_MEMORY, {access.address, 0, 0, 0}};
    if (irql >= dispatch_level)
        return {rip_is_driver ? DRIVER_IRQL_NOT_LESS_OR_EQUAL : IRQL_NOT_LESS_OR_EQUAL,
                {access.address, irql, access.kind(), access.rip}};
    // Parameter 2 since Windows 10 1507: 0 read, 2 write, 0x10 execute. Parameter 4: 2 not present, 4 not
    // canonical, 0xf a user address where none is allowed.
    constexpr std::uint64_t canonical_end = 0x8000'0000'0000;
    ULONG_PTR type = access.address >= canonical_end && access.address < 0xffff'8000'0000'0000 ? 4
                     : host::places::is_user(access.address)                                   ? 0xf
                                                                                               : 2;
    return {PAGE_FAULT_IN_NONPAGED_AREA,
            {access.address,
             ULONG_PTR(access.execute ? 0x10
                       : access.write ? 2
                                      : 0),
             access.rip, type}};
}

BugCheck unloaded_driver_fault(const Access& access) {
    return {DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
            {access.address, access.execute ? unloaded_execute : access.kind(), access.rip, 0}};
}

} // namespace nt::mm
