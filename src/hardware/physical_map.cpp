#include "hardware/physical_map.h"
#include <cstring>

namespace nt::hardware {

namespace {

bool all_memory(ULONGLONG physical, ULONGLONG bytes, bool write) {
    if (bytes == 0) return true;
    const ULONGLONG end = physical + bytes;
    if (end < physical || end > physical_end) return false;
    for (ULONGLONG page = physical & ~0xFFFull; page < end; page += 0x1000)
        if (!is_memory(page) || (write && is_rom(page))) return false;
    return true;
}

} // namespace

bool read_physical(ULONGLONG physical, void* to, ULONGLONG bytes) {
    if (!all_memory(physical, bytes, false)) return false;
    std::memcpy(to, host::ram::direct(physical), bytes);
    return true;
}

bool write_physical(ULONGLONG physical, const void* from, ULONGLONG bytes) {
    if (!all_memory(physical, bytes, true)) return false;
    std::memcpy(host::ram::direct(physical), from, bytes);
    return true;
}

} // namespace nt::hardware
