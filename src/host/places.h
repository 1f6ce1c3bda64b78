// Where everything in the guest lives. The numbers are part of the machine: they repeat from run to run and
// appear in traces.
#pragma once
#include <cstdint>

namespace host::places {

inline constexpr std::uint64_t user_low = 0x1'0000;
inline constexpr std::uint64_t user_high = 0x3000'0000'0000; // first address that is not a user address
inline constexpr std::uint64_t user_shared_data = 0x7ffe'0000;
inline constexpr std::uint64_t user_images = 0x1100'0000'0000;
inline constexpr std::uint64_t user_heap =
    0x1800'0000'0000; // allocations without a wished address, above every ASan shadow

inline constexpr std::uint64_t gateway =
    0x3000'0000'0000; // one page of host entry points, read only to guests
inline constexpr std::uint64_t images = 0x3000'0001'0000;
inline constexpr std::uint64_t images_end = 0x3000'1000'0000;
inline constexpr std::uint64_t nonpaged_pool = 0x3100'0000'0000;
inline constexpr std::uint64_t paged_pool = 0x3200'0000'0000;
inline constexpr std::uint64_t special_pool = 0x3300'0000'0000;
inline constexpr std::uint64_t kernel_stacks = 0x3400'0000'0000;
inline constexpr std::uint64_t mapping_window = 0x3500'0000'0000;
inline constexpr std::uint64_t ram = 0x3600'0000'0000;
inline constexpr std::uint64_t processors = 0x3700'0000'0000;
inline constexpr std::uint64_t machine_heap = 0x3710'0000'0000;
inline constexpr std::uint64_t page_frames = 0x3720'0000'0000; // mm's page frame array
inline constexpr std::uint64_t guest_end = 0x4000'0000'0000; // the host's own text, heap and stacks are above

constexpr bool is_user(std::uint64_t address) { return address < user_high; }
constexpr bool is_guest(std::uint64_t address) { return address < guest_end; }

} // namespace host::places
