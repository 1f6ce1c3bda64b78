// RAM: one sparse memory file, the machine's physical memory. It is mapped whole at places::ram (the direct
// map); every other guest mapping is a window onto it, so two mappings of a page are one page. Only this
// header maps guest memory.
//
// Physical addresses are offsets in the file. [0, 1 MiB) and [3 GiB, 4 GiB) are left to the modelled machine
// (low memory, device registers): mm never hands them out.
#pragma once
#include "host/places.h"
#include <cstdint>

namespace host::ram {

inline constexpr std::uint64_t page_shift = 12;
inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t low_end = 0x10'0000;       // RAM begins here
inline constexpr std::uint64_t device_hole = 0xc000'0000; // 3 GiB
inline constexpr std::uint64_t device_hole_end = 0x1'0000'0000;
inline constexpr std::uint64_t default_size = 0x2'4000'0000; // 9 GiB of physical addresses, 8 GiB of memory

enum class Protection : std::uint8_t {
    none = 0,
    read = 1,
    write = 2,
    execute = 4,
    read_write = 3,
    read_execute = 5,
    all = 7
};

// Creates RAM and its direct map. Idempotent (one machine is one process); ends the process with a clear
// message when the host refuses.
void create(std::uint64_t size = default_size);
inline std::uint64_t created_size = 0; // 0: none yet; create() alone writes it
inline std::uint64_t size() { return created_size; }

// The direct-map address of a physical address: arithmetic.
inline void* direct(std::uint64_t physical) { return reinterpret_cast<void*>(places::ram + physical); }

// Maps [physical, physical + length) at `address`. `replace` allows an existing mapping to be replaced. All
// values are multiples of the page size. False: the place is taken, or the host has no more mappings
// (65,530); `last_error()` is errno.
bool map(std::uint64_t address, std::uint64_t physical, std::uint64_t length, Protection protection,
         bool replace = false);
void unmap(std::uint64_t address, std::uint64_t length);
bool protect(std::uint64_t address, std::uint64_t length, Protection protection);
// Gives the pages back to the host; they read as zero from now on.
void discard(std::uint64_t physical, std::uint64_t length);
int last_error();
// Resident bytes of RAM itself (host view, for tests and the idle-memory measure).
std::uint64_t resident_bytes();

} // namespace host::ram
