// System addresses that a driver reserves for later mappings, so that it can go on when memory is short:
// MmAllocateMappingAddress, MmMapLockedPagesWithReservedMapping and kin.
#pragma once
#include "abi/mm.h"
#include <cstdint>

namespace nt::mm {

struct ReservedMapping {
    std::uint64_t address, pages;
    ULONG tag;
    std::uint64_t owner;  // the code that asked
    std::uint64_t mapped; // pages mapped now, from `address` on
};

// A range for `bytes` (not 0), inaccessible until it is mapped; 0: the window is full.
std::uint64_t reserve_mapping(std::uint64_t bytes, ULONG tag, std::uint64_t owner);
const ReservedMapping* find_reserved(std::uint64_t address); // begins there
void free_reserved(std::uint64_t address);                   // with nothing mapped

// Maps the MDL's pages at a range with nothing mapped. The address of the MDL's first byte; 0: the range is
// too small, the MDL's pages are not locked, or the host has no more mappings.
std::uint64_t map_reserved(std::uint64_t address, MDL* mdl);
void unmap_reserved(std::uint64_t address);

// A driver's reserved range is there. The question is cheap where there is none.
bool is_reserved_mapping(std::uint64_t address);

// Calls `f` for each range, in address order.
void for_each_reserved(void (*f)(void* context, const ReservedMapping& range), void* context);

} // namespace nt::mm
