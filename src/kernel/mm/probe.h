// Rules about addresses that come from elsewhere.
#pragma once
#include "abi/types.h"
#include "host/places.h"
#include "kernel/mm/physical.h"

namespace nt::mm {

// The last 64 KB of the user half are never given out, and end above what may be probed.
inline constexpr std::uint64_t user_probe_address = host::places::user_high - 0x1'0000; // MmUserProbeAddress
inline constexpr std::uint64_t highest_user_address = user_probe_address - 1; // MmHighestUserAddress

// ProbeForRead: STATUS_SUCCESS, or the exception to raise: STATUS_DATATYPE_MISALIGNMENT,
// STATUS_ACCESS_VIOLATION. Touches nothing. Length 0 is no check at all. Alignment is 1, 2, 4, 8 or 16.
NTSTATUS probe_for_read(std::uint64_t address, std::uint64_t length, ULONG alignment);
// ProbeForWrite: also touches every page (reads and writes back one byte).
NTSTATUS probe_for_write(std::uint64_t address, std::uint64_t length, ULONG alignment);
// MmIsAddressValid: no fault would happen on a read.
bool is_address_valid(std::uint64_t address);
// MmGetPhysicalAddress; 0 when the address is not mapped.
std::uint64_t physical_address(std::uint64_t address);
// MmGetVirtualForPhysical: the direct-map address; 0 when it is not RAM.
std::uint64_t virtual_for_physical(std::uint64_t physical);

} // namespace nt::mm
