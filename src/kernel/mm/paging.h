// Pageable memory: paged pool, and the sections of drivers that are pageable. At DISPATCH_LEVEL and above it
// is really inaccessible, as after Driver Verifier's Force IRQL Checking has trimmed it: touching it there is
// DRIVER_IRQL_NOT_LESS_OR_EQUAL.
//   https://learn.microsoft.com/windows-hardware/drivers/kernel/making-drivers-pageable
//   https://learn.microsoft.com/windows-hardware/drivers/devtest/force-irql-checking
//
// Host protection is the process's, so a piece (a section, or 64 KiB of the pool) is open or closed for all
// processors. It is opened by the first touch below DISPATCH_LEVEL (open_paged, from the fault handler), and
// all that are open are closed when an IRQL reaches DISPATCH_LEVEL (ke::close_paged_memory). Who touches no
// pageable memory pays the test of one byte where the IRQL is raised; who touches some and raises in turn, a
// few microseconds each time. What a driver can see follows from IRQLs alone.
//
// Locked stays accessible: sections by MmLockPagable…Section, single pages by MmProbeAndLockPages (a page is
// locked while it has more references than its owner's; mappings for user mode do not count).
#pragma once
#include "base/result.h"
#include "host/ram.h"
#include "kernel/mm/kernel_memory.h"
#include <cstdint>

namespace nt::mm {

// Plugs itself into ke and host; after it paged pool is closed and opened.
void initialize_paging();

// A section of a driver. `pageable`: as it was linked. `tables`: the unwinder's, which
// MmPageEntireDriver leaves alone. free_image() forgets what it takes away.
struct DriverSection {
    std::uint64_t address, size;
    Protection rights;
    bool pageable;
    bool tables;
};
void add_driver_section(std::uint64_t image, const DriverSection& section);
void forget_driver_sections(std::uint64_t address, std::uint64_t size);
// The pool uses pages below `end` from now on.
void grow_paged_pool(std::uint64_t end);

// Paged out at DISPATCH_LEVEL: pageable, and not locked.
bool is_paged(std::uint64_t address);
// Reading or writing the address at this IRQL is a page fault that nobody can serve.
inline bool is_paged_out(std::uint64_t address, KIRQL irql) { return irql >= 2 && is_paged(address); }
// The address is accessible now and was not: try again. For the fault handler.
bool open_paged(std::uint64_t address);

// MmLockPagableDataSection: the handle of the section with the address; 0: no section of a driver.
std::uint64_t lock_driver_section(std::uint64_t address);
// By handle. False: no such section.
bool lock_driver_section_again(std::uint64_t handle);
// False: not locked, or no such section.
bool unlock_driver_section(std::uint64_t handle);
// MmPageEntireDriver, MmResetDriverPaging: the image's base; 0: no driver there.
std::uint64_t page_entire_driver(std::uint64_t address);
std::uint64_t reset_driver_paging(std::uint64_t address);
// Sections of the image that are locked.
unsigned locked_sections(std::uint64_t image);

// What is around a page of kernel memory is inaccessible; the page itself too, unless it is locked.
bool is_closed(Pfn pfn);
// After an MDL has let go of a page where is_closed(): it goes the way of what is around it.
void settle_unlocked(Pfn pfn);

} // namespace nt::mm
