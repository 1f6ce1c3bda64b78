#include "abi/mm.h"
#include "hardware/physical_map.h"
#include "host/guest.h"
#include "kernel/mm/contiguous.h"
#include "kernel/mm/io_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/probe.h"
#include "kernel/mm/test_sink.h"
#include <cstring>
#include <gtest/gtest.h>

namespace nt::mm {
namespace {

int mappings_of(std::uint64_t base, std::uint64_t size) {
    struct Count {
        std::uint64_t base, size;
        int found;
    } count{base, size, 0};
    for_each_io_space(
        [](void* context, std::uint64_t, std::uint64_t, std::uint64_t owner) {
            auto& c = *static_cast<Count*>(context);
            c.found += owner - c.base < c.size;
        },
        &count);
    return count.found;
}

struct IoSpace : testing::Test {
    void SetUp() override { prepare_test(); }
    static void unmap(std::uint64_t address, std::uint64_t bytes) {
        std::uint64_t pages;
        EXPECT_EQ(unmap_io_space(address, bytes, pages), Unmapped::done);
    }
};

TEST_F(IoSpace, RamIsTheSameMemory) {
    const std::uint64_t block = allocate_contiguous(0x3000, 0, ~0ull, 0),
                        physical = physical_address(block) + 0x123;
    const std::uint64_t address = map_io_space(physical, 0x2000, PAGE_READWRITE | PAGE_NOCACHE);
    ASSERT_NE(address, 0u);
    EXPECT_EQ(address & 0xFFF, 0x123u);
    EXPECT_EQ(physical_address(address), physical);
    *reinterpret_cast<volatile UCHAR*>(address) = 0x5A;
    EXPECT_EQ(*reinterpret_cast<volatile UCHAR*>(block + 0x123), 0x5A);
    std::uint64_t pages = 0;
    EXPECT_EQ(unmap_io_space(address, 0x1000, pages), Unmapped::wrong_size);
    EXPECT_EQ(pages, 3u);
    unmap(address, 0x2000);
    EXPECT_EQ(unmap_io_space(address, 0x2000, pages), Unmapped::unknown);
    free_contiguous(block);
}

TEST_F(IoSpace, DevicesTrapAndSayWhere) {
    const std::uint64_t address = map_io_space(0xE000'0010, 0x1000, PAGE_READWRITE);
    ASSERT_NE(address, 0u);
    std::uint64_t physical = 0;
    EXPECT_TRUE(device_page(address + 4, true, physical));
    EXPECT_EQ(physical, 0xE000'0014u);
    EXPECT_TRUE(device_page(address + 0xFFF, false, physical)) << "the second page";
    EXPECT_EQ(physical_address(address), 0xE000'0010u);
    EXPECT_TRUE(is_address_valid(address));
    UCHAR byte;
    EXPECT_FALSE(guest::copy_from(&byte, address, 1)) << "the host must not reach it";
    unmap(address, 0x1000);
    EXPECT_FALSE(device_page(address, false, physical));
    const std::uint64_t readable = map_io_space(0xE000'0000, 4, PAGE_READONLY);
    EXPECT_TRUE(device_page(readable, false, physical));
    EXPECT_FALSE(device_page(readable, true, physical));
    unmap(readable, 4);
}

TEST_F(IoSpace, RomReadsAndIgnoresWrites) {
    const std::uint64_t address = map_io_space(0xE'FF00, 0x200, PAGE_READWRITE);
    UCHAR bytes[16];
    EXPECT_TRUE(guest::copy_from(bytes, address, 16));
    EXPECT_FALSE(guest::copy_to(address, bytes, 16));
    std::uint64_t physical;
    EXPECT_FALSE(device_page(address, false, physical));
    EXPECT_TRUE(device_page(address, true, physical));
    unmap(address, 0x200);
}

TEST_F(IoSpace, AMappingOverSeveralKinds) {
    const std::uint64_t address = map_io_space(0x9'F000, 0x2000, PAGE_READWRITE);
    UCHAR byte;
    EXPECT_TRUE(guest::copy_from(&byte, address, 1));
    EXPECT_FALSE(guest::copy_from(&byte, address + 0x1000, 1)) << "video memory";
    unmap(address, 0x2000);
}

TEST_F(IoSpace, WhatCannotBeMapped) {
    EXPECT_EQ(map_io_space(0xE000'0000, 0, PAGE_READWRITE), 0u);
    EXPECT_EQ(map_io_space(~0ull - 0xFFF, 0x1000, PAGE_READWRITE), 0u);
    EXPECT_EQ(map_io_space(hardware::physical_end, 1, PAGE_READWRITE), 0u);
    EXPECT_EQ(map_io_space(0, hardware::physical_end, PAGE_READWRITE), 0u);
    for (ULONG protection :
         {0u, ULONG{PAGE_NOACCESS}, ULONG{PAGE_WRITECOPY}, ULONG{PAGE_READWRITE | PAGE_READONLY},
          ULONG{PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE}, ULONG{PAGE_READWRITE | PAGE_GUARD}})
        EXPECT_EQ(map_io_space(0xE000'0000, 4, protection), 0u) << std::hex << protection;
    EXPECT_EQ(mappings_of(0, ~0ull), 0);
}

TEST_F(IoSpace, MappingsHaveOwners) {
    const std::uint64_t a = map_io_space(0xE000'0000, 4, PAGE_READWRITE, 0x3000'0004'1000);
    const std::uint64_t b = map_io_space(0xE000'0000, 4, PAGE_READWRITE, 0x3000'0005'0000);
    EXPECT_EQ(mappings_of(0x3000'0004'0000, 0x1'0000), 1);
    EXPECT_EQ(mappings_of(0x3000'0004'0000, 0x2'0000), 2);
    unmap(a, 4), unmap(b, 4);
    EXPECT_EQ(mappings_of(0, ~0ull), 0);
}

TEST_F(IoSpace, RamIsWhatIsNotForDevices) {
    const auto ranges = physical_memory_ranges();
    ASSERT_EQ(ranges.size(), 2u);
    EXPECT_EQ(ranges[0].first, 0x10'0000u);
    EXPECT_EQ(ranges[0].first + ranges[0].second, 0xC000'0000u);
    EXPECT_EQ(ranges[1].first, 0x1'0000'0000u);
    for (const auto& [first, bytes] : ranges)
        EXPECT_TRUE(is_ram(first >> 12) && is_ram((first + bytes - 1) >> 12));
}

} // namespace
} // namespace nt::mm
