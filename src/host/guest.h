// Touching guest memory that may not be there. Each primitive is a leaf function in assembly; a fault inside
// one ends it with failure instead of a signal's default action. Gates use these for every pointer that came
// from user mode, and for pointers of drivers where the export's row says that it may raise.
//
// Addresses from guest_end up are refused: no guest can make the host read or write its own memory. Range
// rules (MmUserProbeAddress, alignment) are mm/probe.h's matter. install_signals() must have been called.
#pragma once
#include "host/places.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

extern "C" {
// Non-zero on success. Detail of the inline functions below.
std::uint64_t host_guest_copy(void* destination, const void* source, std::size_t length);
std::uint64_t host_guest_fill(void* destination, int value, std::size_t length);
std::uint64_t host_guest_touch_read(const void* first, std::size_t length); // one byte in every page
std::uint64_t host_guest_touch_write(void* first, std::size_t length);      // reads and writes back
extern std::uint64_t host_guest_fault_address;
extern bool host_guest_fault_is_write;
}
// How many Looks live, and what the last one's end does.
extern int host_looks;
extern void (*host_looked)();

namespace guest {

// Address and kind of the access that made the last primitive fail.
inline std::uint64_t fault_address() { return host_guest_fault_address; }
inline bool fault_is_write() { return host_guest_fault_is_write; }

inline bool in_guest(std::uint64_t address, std::size_t n, bool write) {
    if (address < host::places::guest_end && n <= host::places::guest_end - address) [[likely]]
        return true;
    host_guest_fault_address = address;
    host_guest_fault_is_write = write;
    return false;
}

// Copies; overlapping ranges are not allowed. On failure a prefix may have been copied.
inline bool copy_from(void* destination, std::uint64_t source, std::size_t n) {
    return in_guest(source, n, false) &&
           host_guest_copy(destination, reinterpret_cast<const void*>(source), n);
}
inline bool copy_to(std::uint64_t destination, const void* source, std::size_t n) {
    return in_guest(destination, n, true) && host_guest_copy(reinterpret_cast<void*>(destination), source, n);
}
inline bool copy(std::uint64_t destination, std::uint64_t source, std::size_t n) {
    return in_guest(source, n, false) && in_guest(destination, n, true) &&
           host_guest_copy(reinterpret_cast<void*>(destination), reinterpret_cast<const void*>(source), n);
}
inline bool fill(std::uint64_t destination, int value, std::size_t n) {
    return in_guest(destination, n, true) && host_guest_fill(reinterpret_cast<void*>(destination), value, n);
}

template <class T> bool read(std::uint64_t address, T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return copy_from(&value, address, sizeof(T));
}
template <class T> std::optional<T> read(std::uint64_t address) {
    T value;
    if (!read(address, value)) return std::nullopt;
    return value;
}
template <class T> bool write(std::uint64_t address, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return copy_to(address, &value, sizeof(T));
}

// One access per page of [address, address + n): readable, or readable and writable (contents unchanged).
inline bool touch_read(std::uint64_t address, std::size_t n) {
    return n == 0 ||
           (in_guest(address, n, false) && host_guest_touch_read(reinterpret_cast<void*>(address), n));
}
inline bool touch_write(std::uint64_t address, std::size_t n) {
    return n == 0 ||
           (in_guest(address, n, true) && host_guest_touch_write(reinterpret_cast<void*>(address), n));
}

// While one lives, our own code may touch what is closed to guests at their IRQL (kernel/mm/paging.h): it
// looks for a view or the unwinder, not on a driver's behalf. Not to be held across a call-out.
class Look {
  public:
    Look() { host_looks++; }
    ~Look() {
        if (--host_looks == 0 && host_looked) host_looked();
    }
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;
};

} // namespace guest
