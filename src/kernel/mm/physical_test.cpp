#include "host/guest.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/mm/test_sink.h"
#include "kernel/mm/windows.h"
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

using namespace nt::mm;

namespace {

struct Physical : testing::Test {
    static void SetUpTestSuite() { prepare_test(); }
};

TEST_F(Physical, RunsAreContiguousAndCoalesce) {
    std::uint64_t before = free_pages(Zone::general);
    auto a = allocate_run(Zone::general, 3), b = allocate_run(Zone::general, 5),
         c = allocate_run(Zone::general, 1);
    EXPECT_EQ(b.first, a.first + 3);
    EXPECT_EQ(c.first, b.first + 5);
    EXPECT_EQ(free_pages(Zone::general), before - 9);
    release_pages(b.first, 5);
    auto d = allocate_run(Zone::general, 4);
    EXPECT_EQ(d.first, b.first) << "a hole that fits is used first";
    release_pages(a.first, 3);
    release_pages(c.first, 1);
    release_pages(d.first, 4);
    EXPECT_EQ(free_pages(Zone::general), before);
    auto again = allocate_run(Zone::general, 9);
    EXPECT_EQ(again.first, a.first) << "everything grew together again";
    release_pages(again.first, 9);
}

TEST_F(Physical, ManyRunsInRandomOrder) {
    std::uint64_t before = free_pages(Zone::general);
    std::vector<nt::mm::Run> runs;
    std::uint32_t x = 1;
    for (int i = 0; i < 20000; ++i) {
        x = x * 1664525 + 1013904223;
        if (runs.size() < 200 && (x >> 28) < 10) {
            auto run = allocate_run(Zone::general, 1 + (x >> 8) % 40, 1ull << ((x >> 16) % 4));
            ASSERT_TRUE(run);
            for (std::uint64_t p = 0; p < run.count; ++p) {
                ASSERT_EQ(frame(run.first + p).references, 1u);
                frame(run.first + p).tag = 99;
            }
            runs.push_back(run);
        } else if (!runs.empty()) {
            std::size_t k = (x >> 4) % runs.size();
            for (std::uint64_t p = 0; p < runs[k].count; ++p)
                ASSERT_EQ(frame(runs[k].first + p).tag, 99u);
            release_pages(runs[k].first, runs[k].count);
            runs[k] = runs.back();
            runs.pop_back();
        }
    }
    for (auto run : runs)
        release_pages(run.first, run.count);
    EXPECT_EQ(free_pages(Zone::general), before);
}

TEST_F(Physical, LockedPagesOutliveTheirOwnerAndFreedPagesReadZero) {
    auto run = allocate_run(Zone::general, 3);
    std::memset(direct(run.first), 7, 3 * page_size);
    reference_page(run.first + 1);
    release_pages(run.first, 3);
    EXPECT_EQ(static_cast<char*>(direct(run.first + 1))[0], 7);
    auto other = allocate_run(Zone::general, 1);
    EXPECT_EQ(other.first, run.first);
    EXPECT_EQ(static_cast<char*>(direct(other.first))[5], 0);
    release_page(run.first + 1);
    release_page(other.first);
    EXPECT_EQ(frame(run.first + 1).references, 0u);
}

TEST_F(Physical, BoundsAndBoundary) {
    auto low = allocate_run_between(Zone::general, 10, 1, 0, 0xfff);
    ASSERT_TRUE(low);
    EXPECT_LT(low.first + 10, 0x1000u);
    auto within = allocate_run_between(Zone::general, 12, 1, 0, highest_page(), 16);
    ASSERT_TRUE(within);
    EXPECT_EQ(within.first / 16, (within.first + 11) / 16);
    EXPECT_FALSE(allocate_run_between(Zone::general, 17, 1, 0, highest_page(), 16));
    EXPECT_FALSE(allocate_run_between(Zone::general, 1, 1, 0, 0xff)) << "below 1 MiB is no RAM";
    release_pages(low.first, 10);
    release_pages(within.first, 12);
    EXPECT_TRUE(is_ram(0x100));
    EXPECT_FALSE(is_ram(0xff));
    EXPECT_FALSE(is_ram(0xc'0000));
    EXPECT_FALSE(is_ram(highest_page() + 1));
}

TEST_F(Physical, WindowsAreArithmetic) {
    auto run = allocate_run(Zone::paged_pool, 2);
    std::uint64_t address = address_of(Zone::paged_pool, run.first);
    EXPECT_EQ(address, host::places::paged_pool);
    *reinterpret_cast<int*>(address + 8) = 42;
    EXPECT_EQ(*static_cast<int*>(direct(run.first, 8)), 42);
    Pfn pfn;
    EXPECT_TRUE(kernel_page(address + 0x1234, pfn));
    EXPECT_EQ(pfn, run.first + 1);
    EXPECT_FALSE(kernel_page(address + 0x2000, pfn));
    EXPECT_TRUE(kernel_page(reinterpret_cast<std::uint64_t>(direct(5000)), pfn));
    EXPECT_EQ(pfn, 5000u);
    release_pages(run.first, 2);
}

TEST_F(Physical, ImagesHaveSectionRights) {
    auto image = allocate_image(0x2800);
    ASSERT_TRUE(image);
    EXPECT_EQ(*image % granularity, 0u);
    EXPECT_TRUE(guest::write<int>(*image + 0x2ffc, 1));
    protect_kernel(*image, 0x1000, Protection::read_execute);
    EXPECT_FALSE(guest::write<int>(*image, 1));
    EXPECT_TRUE(guest::read<int>(*image));
    EXPECT_EQ(kernel_protection(*image), Protection::read_execute);
    EXPECT_EQ(kernel_protection(*image + 0x1000), Protection::read_write);
    EXPECT_EQ(kernel_protection(*image + 0x3000), Protection::none);
    discard_image(*image + 0x2000, 0x1000);
    EXPECT_FALSE(guest::read<int>(*image + 0x2ffc));
    free_image(*image, 0x3000);
    EXPECT_FALSE(guest::read<int>(*image));
    EXPECT_EQ(*allocate_image(0x1000), *image);
    EXPECT_EQ(guest::read<int>(*image), 0);
    free_image(*image, 0x1000);
    EXPECT_FALSE(allocate_image(1ull << 40));
}

TEST_F(Physical, KernelStacksHaveGuards) {
    auto a = allocate_kernel_stack(), b = allocate_kernel_stack();
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->base - a->limit, kernel_stack_size);
    EXPECT_TRUE(guest::write<int>(a->limit, 1) && guest::write<int>(a->base - 4, 1));
    EXPECT_FALSE(guest::write<int>(a->limit - 4, 1));
    EXPECT_FALSE(guest::write<int>(a->base, 1));
    EXPECT_TRUE(is_kernel_stack_guard(a->limit - 1));
    EXPECT_FALSE(is_kernel_stack_guard(a->limit));
    free_kernel_stack(*a);
    auto c = allocate_kernel_stack();
    EXPECT_EQ(c->base, a->base);
    free_kernel_stack(*c);
    free_kernel_stack(*b);
    EXPECT_EQ(kernel_stacks_in_use(), 0u);
}

TEST_F(Physical, KernelStacksRunOutByName) {
    std::vector<KernelStack> stacks;
    for (;;) {
        auto stack = allocate_kernel_stack();
        if (!stack) break;
        stacks.push_back(*stack);
    }
    EXPECT_EQ(stacks.size(), 0x2000'0000u / 0x8000);
    for (const KernelStack& stack : stacks)
        free_kernel_stack(stack);
}

TEST_F(Physical, MappingWindow) {
    auto run = allocate_run(Zone::general, 4);
    Pfn pages[] = {run.first + 2, run.first, run.first + 1};
    std::uint64_t address = map_window(pages, 3, Protection::read_write);
    ASSERT_NE(address, 0u);
    *reinterpret_cast<int*>(address) = 5;
    EXPECT_EQ(*static_cast<int*>(direct(run.first + 2)), 5);
    Pfn pfn;
    EXPECT_TRUE(kernel_page(address + 0x1000, pfn));
    EXPECT_EQ(pfn, run.first);
    unmap_window(address, 3);
    EXPECT_FALSE(guest::read<int>(address));
    EXPECT_EQ(map_window(pages, 1, Protection::read), address);
    EXPECT_FALSE(guest::write<int>(address, 1));
    unmap_window(address, 1);
    release_pages(run.first, 4);
}

TEST_F(Physical, GatewayAndProcessors) {
    EXPECT_EQ(gateway_page(), reinterpret_cast<void*>(host::places::gateway));
    EXPECT_TRUE(guest::write<int>(host::places::gateway, 1));
    auto* kpcr = static_cast<char*>(processor_area(0x2000, 0x3000));
    kpcr[0x2fff] = 1;
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(kpcr), host::places::processors + 0x2000);
}

} // namespace
