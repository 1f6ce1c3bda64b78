#include "abi/bugcheck.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/contiguous.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/image_pages.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/probe.h"
#include "kernel/mm/test_sink.h"
#include <gtest/gtest.h>

using namespace nt;
using namespace nt::mm;

namespace {

struct Space : testing::Test {
    AddressSpace* space = nullptr;
    std::uint64_t pages_before = 0;
    static void SetUpTestSuite() {
        prepare_test();
        shared_user_data();
    }
    void SetUp() override {
        pages_before = free_pages(Zone::general);
        space = AddressSpace::create();
        activate(space);
    }
    void TearDown() override {
        AddressSpace::destroy(space);
        EXPECT_EQ(current_space(), nullptr);
        EXPECT_EQ(free_pages(Zone::general), pages_before) << "every page came back";
    }
    NTSTATUS allocate(std::uint64_t base, std::uint64_t size, ULONG type, ULONG protection,
                      std::uint64_t* out = nullptr) {
        NTSTATUS status = space->allocate(base, size, type, protection);
        if (out) *out = base;
        return status;
    }
    NTSTATUS release(std::uint64_t base, std::uint64_t size, ULONG type) {
        return space->free(base, size, type);
    }
    NTSTATUS protect(std::uint64_t base, std::uint64_t size, ULONG protection, ULONG* old = nullptr) {
        ULONG before = 0;
        NTSTATUS status = space->protect(base, size, protection, before);
        if (old) *old = before;
        return status;
    }
    MEMORY_BASIC_INFORMATION query(std::uint64_t address) {
        MEMORY_BASIC_INFORMATION info;
        EXPECT_EQ(space->query(address, info), STATUS_SUCCESS);
        return info;
    }
};

TEST_F(Space, ReserveThenCommit) {
    std::uint64_t base = 0, size = 0x12345;
    ASSERT_EQ(space->allocate(base, size, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(base, host::places::user_heap);
    EXPECT_EQ(size, 0x13000u);
    EXPECT_FALSE(guest::read<int>(base)) << "reserved memory is not there";
    EXPECT_EQ(query(base).State, MEM_RESERVE);
    EXPECT_EQ(query(base).RegionSize, 0x13000u);
    EXPECT_EQ(query(base).Protect, 0u);
    std::uint64_t part = base + 0x2fff, length = 2;
    ASSERT_EQ(space->allocate(part, length, MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(part, base + 0x2000) << "a range over a page border takes both pages";
    EXPECT_EQ(length, 0x2000u);
    EXPECT_EQ(guest::read<std::uint64_t>(part), 0u);
    EXPECT_TRUE(guest::fill(part, 3, 0x2000));
    EXPECT_FALSE(guest::read<int>(part + 0x2000));
    auto info = query(part + 0x1800);
    EXPECT_EQ(info.BaseAddress, reinterpret_cast<PVOID>(part + 0x1000));
    EXPECT_EQ(info.AllocationBase, reinterpret_cast<PVOID>(base));
    EXPECT_EQ(info.RegionSize, 0x1000u);
    EXPECT_EQ(info.State, MEM_COMMIT);
    EXPECT_EQ(info.Type, MEM_PRIVATE);
    EXPECT_EQ(query(base).RegionSize, 0x2000u);
    EXPECT_EQ(allocate(part, 0x1000, MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS) << "twice is no error";
    EXPECT_EQ(guest::read<std::uint8_t>(part), 3);
}

TEST_F(Space, CommitAloneReservesToo) {
    std::uint64_t base;
    ASSERT_EQ(allocate(0, 100, MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    EXPECT_TRUE(guest::write<int>(base + 0xffc, 1));
    EXPECT_EQ(allocate(0x1900'0000'0000, 0x1000, MEM_COMMIT, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(allocate(base, 0x2000, MEM_COMMIT, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
}

TEST_F(Space, WishedAddresses) {
    std::uint64_t base = 0x1900'0001'2345, size = 0x1000;
    ASSERT_EQ(space->allocate(base, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(base, 0x1900'0001'0000u);
    EXPECT_EQ(size, 0x4000u);
    EXPECT_EQ(allocate(base + 0x3000, 0x1000, MEM_RESERVE, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(allocate(0x7ffe'0000, 0x1000, MEM_RESERVE, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(allocate(0x1'0000, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(allocate(0x100, 0x1000, MEM_RESERVE, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(allocate(0x3000'0000'0000, 0x1000, MEM_RESERVE, PAGE_READWRITE), STATUS_INVALID_PARAMETER_2);
    EXPECT_EQ(allocate(0x2fff'fffe'0000, 0x2'0000, MEM_RESERVE, PAGE_READWRITE), STATUS_INVALID_PARAMETER_4);
}

TEST_F(Space, BadArguments) {
    EXPECT_EQ(allocate(0, 0, MEM_COMMIT, PAGE_READWRITE), STATUS_INVALID_PARAMETER_4);
    EXPECT_EQ(allocate(0, 1, 0, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT | MEM_RESET, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT, 0), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT, PAGE_READWRITE | PAGE_READONLY), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT, PAGE_NOACCESS | PAGE_GUARD), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(allocate(0, 1, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE), STATUS_NOT_SUPPORTED);
    EXPECT_EQ(allocate(0, 1ull << 50, MEM_RESERVE, PAGE_READWRITE), STATUS_INVALID_PARAMETER_4);
    EXPECT_EQ(allocate(0, 0x100'0000'0000, MEM_COMMIT, PAGE_READWRITE), STATUS_COMMITMENT_LIMIT)
        << "more than RAM";
    EXPECT_TRUE(space->vads().empty());
}

TEST_F(Space, FreeRules) {
    std::uint64_t base;
    ASSERT_EQ(allocate(0, 0x8000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    EXPECT_EQ(release(base + 0x1000, 0, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
    EXPECT_EQ(release(base + 0x1000, 0, MEM_DECOMMIT), STATUS_FREE_VM_NOT_AT_BASE);
    EXPECT_EQ(release(base, 0x9000, MEM_DECOMMIT), STATUS_UNABLE_TO_FREE_VM);
    EXPECT_EQ(release(base, 0, MEM_RELEASE | MEM_DECOMMIT), STATUS_INVALID_PARAMETER_4);
    EXPECT_EQ(release(base + 0x10'0000, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED);
    EXPECT_TRUE(guest::fill(base, 1, 0x8000));
    EXPECT_EQ(release(base + 0x1fff, 2, MEM_DECOMMIT), STATUS_SUCCESS);
    EXPECT_FALSE(guest::read<int>(base + 0x1000));
    EXPECT_FALSE(guest::read<int>(base + 0x2000));
    EXPECT_EQ(guest::read<std::uint8_t>(base + 0xfff), 1);
    EXPECT_EQ(guest::read<std::uint8_t>(base + 0x3000), 1);
    EXPECT_EQ(query(base + 0x1000).State, MEM_RESERVE);
    EXPECT_EQ(query(base + 0x1000).RegionSize, 0x2000u);
    EXPECT_EQ(release(base + 0x1000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS)
        << "uncommitted pages are no error";
    EXPECT_EQ(allocate(base + 0x1000, 0x2000, MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(guest::read<std::uint8_t>(base + 0x1000), 0) << "new pages are zero";
    EXPECT_EQ(release(base, 0, MEM_RELEASE), STATUS_SUCCESS);
    EXPECT_FALSE(guest::read<int>(base));
    EXPECT_EQ(query(base).State, MEM_FREE);
    EXPECT_EQ(query(base).Protect, PAGE_NOACCESS);
    EXPECT_EQ(release(base, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED);
}

TEST_F(Space, Protect) {
    std::uint64_t base;
    ULONG old = 0;
    ASSERT_EQ(allocate(0, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    ASSERT_EQ(protect(base + 0x1000, 0x1000, PAGE_READONLY, &old), STATUS_SUCCESS);
    EXPECT_EQ(old, PAGE_READWRITE);
    EXPECT_TRUE(guest::read<int>(base + 0x1000));
    EXPECT_FALSE(guest::write<int>(base + 0x1000, 1));
    EXPECT_TRUE(guest::write<int>(base + 0x2000, 1));
    EXPECT_EQ(query(base).RegionSize, 0x1000u);
    EXPECT_EQ(query(base + 0x1000).Protect, PAGE_READONLY);
    EXPECT_EQ(query(base + 0x1000).AllocationProtect, PAGE_READWRITE);
    EXPECT_EQ(space->extents().size(), 3u);
    ASSERT_EQ(protect(base, 0x4000, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_EQ(space->extents().size(), 1u) << "extents join again";
    EXPECT_EQ(protect(base, 0x5000, PAGE_READONLY), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(protect(base, 0, PAGE_READONLY), STATUS_INVALID_PARAMETER_3);
    EXPECT_EQ(protect(base, 1, 0x3), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(protect(base, 1, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION);
    EXPECT_EQ(release(base + 0x1000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
    EXPECT_EQ(protect(base, 0x4000, PAGE_READONLY), STATUS_NOT_COMMITTED);
    EXPECT_TRUE(guest::write<int>(base, 1)) << "a failed change changed nothing";
}

TEST_F(Space, GuardPagesFireOnce) {
    std::uint64_t base, limit;
    ASSERT_EQ(allocate(0, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    ASSERT_EQ(protect(base + 0x1000, 0x1000, PAGE_READWRITE | PAGE_GUARD), STATUS_SUCCESS);
    EXPECT_FALSE(guest::write<int>(base + 0x1010, 1));
    auto exception = classify_primitive_fault();
    EXPECT_EQ(exception.code, STATUS_GUARD_PAGE_VIOLATION);
    EXPECT_EQ(exception.information[0], 1u);
    EXPECT_EQ(exception.information[1], base + 0x1010);
    EXPECT_TRUE(guest::write<int>(base + 0x1010, 1));
    EXPECT_EQ(query(base + 0x1000).Protect, PAGE_READWRITE);
    exception = classify_user_fault({base + 0x9000, false, true, 0}, limit);
    EXPECT_EQ(exception.code, STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(exception.information[0], 8u);
}

std::uint64_t told_limit = 0;

TEST_F(Space, StacksGrowAndOverflow) {
    stack_limit_changed = [](std::uint64_t limit) { told_limit = limit; };
    UserStack stack;
    ASSERT_EQ(space->create_stack(0x1'0000, 0x2000, stack), STATUS_SUCCESS);
    EXPECT_EQ(stack.base - stack.allocation, 0x1'0000u);
    EXPECT_EQ(stack.base - stack.limit, 0x2000u);
    EXPECT_TRUE(guest::write<int>(stack.limit, 1));
    const std::uint64_t lowest = stack.allocation + page_size, overflow = lowest + 3 * page_size;
    for (std::uint64_t page = stack.limit - page_size; page > overflow; page -= page_size) {
        EXPECT_TRUE(guest::write<int>(page + 0x800, 1)) << "the guard page grows the stack";
        EXPECT_EQ(told_limit, page);
    }
    EXPECT_FALSE(guest::write<int>(overflow, 1));
    // The test's sink consumed the guard: what it was told is the overflow.
    EXPECT_EQ(told_limit, lowest);
    EXPECT_TRUE(guest::write<int>(lowest, 1)) << "a handler can run on the last pages";
    EXPECT_FALSE(guest::write<int>(stack.allocation, 1)) << "the lowest page never exists";
    EXPECT_EQ(classify_primitive_fault().code, STATUS_ACCESS_VIOLATION);
    UserStack second;
    ASSERT_EQ(space->create_stack(0x1'0000, 0x1000, second), STATUS_SUCCESS);
    std::uint64_t limit;
    EXPECT_FALSE(guest::read<int>(second.limit - 0x1800)) << "jumping over the guard page is a fault";
    EXPECT_EQ(classify_user_fault({second.limit - 8, true, false, 0}, limit).code, STATUS_SUCCESS);
    EXPECT_EQ(limit, second.limit - 0x1000);
    ASSERT_EQ(space->create_stack(0x1'0000, 0x10'0000, second), STATUS_SUCCESS);
    EXPECT_EQ(second.base - second.allocation, 0x20'0000u)
        << "a large commit rounds the reservation to megabytes";
    stack_guarantee = [] { return std::uint64_t{0x4800}; };
    ASSERT_EQ(space->create_stack(0x1'0000, 0x2000, stack), STATUS_SUCCESS);
    const std::uint64_t guaranteed = stack.allocation + page_size + 6 * page_size;
    for (std::uint64_t page = stack.limit - page_size; page > guaranteed; page -= page_size)
        EXPECT_TRUE(guest::write<int>(page, 1));
    EXPECT_FALSE(guest::write<int>(guaranteed, 1)) << "the guarantee of 5 pages, and the guard's";
    stack_guarantee = nullptr;
    stack_limit_changed = nullptr;
}

TEST_F(Space, SwitchingSpaces) {
    std::uint64_t base;
    ASSERT_EQ(allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    ASSERT_TRUE(guest::write<int>(base, 1));
    AddressSpace* other = AddressSpace::create();
    activate(other);
    EXPECT_FALSE(guest::read<int>(base));
    std::uint64_t same = base, size = 0x1000;
    ASSERT_EQ(other->allocate(same, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    ASSERT_TRUE(guest::write<int>(base, 2));
    activate(space);
    EXPECT_EQ(guest::read<int>(base), 1);
    activate(nullptr);
    EXPECT_FALSE(guest::read<int>(base)) << "System threads see no user half";
    EXPECT_EQ(classify_primitive_fault().code, STATUS_ACCESS_VIOLATION);
    EXPECT_TRUE(guest::read<int>(host::places::user_shared_data));
    // Changes while inaccessible stay invisible until the space is back.
    ASSERT_EQ(protect(base + 0x1000, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_FALSE(guest::read<int>(base + 0x1000));
    ASSERT_EQ(allocate(0x1900'0000'0000, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    EXPECT_FALSE(guest::read<int>(0x1900'0000'0000));
    activate(space);
    EXPECT_TRUE(guest::read<int>(0x1900'0000'0000));
    EXPECT_FALSE(guest::write<int>(base + 0x1000, 1));
    EXPECT_EQ(guest::read<int>(base), 1);
    AddressSpace::destroy(other);
    EXPECT_EQ(guest::read<int>(base), 1) << "another space's end does not touch this one";
}

// A switch back maps what was used the last time; everything else comes with the first access.
TEST_F(Space, ManySwitches) {
    constexpr std::uint64_t apart = 0x10'0000;
    AddressSpace* other = AddressSpace::create();
    for (std::uint64_t i = 0; i < 10; ++i) {
        std::uint64_t base = 0x1900'0000'0000 + i * apart, size = 0x3000;
        ASSERT_EQ(space->allocate(base, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
        base += i % 3 * 0x1'0000; // the same place, an overlapping one, one beside it
        size = 0x1000 + i % 3 * 0x1'0000;
        base -= i % 3 == 1 ? 0x1'0000 : 0;
        ASSERT_EQ(other->allocate(base, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    }
    for (int turn = 0; turn < 300; ++turn) {
        activate(turn % 2 ? other : space);
        if (turn % 7 == 3) activate(nullptr);
        if (turn % 11 == 5) leave_space();
        activate(turn % 2 ? other : space);
        for (std::uint64_t i = turn < 150 ? 0 : 5; i < 10; ++i) {
            const std::uint64_t base = 0x1900'0000'0000 + i * apart;
            for (std::uint64_t offset = 0; offset < 0x4'0000; offset += 0x1000) {
                const bool there = current_space()->find(base + offset);
                const auto value = guest::read<int>(base + offset);
                ASSERT_EQ(value.has_value(), there) << turn << " " << i << " " << offset;
                if (!there) continue;
                if (turn > 1) {
                    ASSERT_EQ(*value, turn % 2 + 1) << turn << " " << i << " " << offset;
                }
                ASSERT_TRUE(guest::write<int>(base + offset, turn % 2 + 1));
            }
        }
    }
    AddressSpace::destroy(other);
}

// Small data at one place trades frames at a switch; a page that somebody has locked is not moved.
TEST_F(Space, SmallDataTradesFrames) {
    std::uint64_t base, locked;
    ASSERT_EQ(allocate(0, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    ASSERT_EQ(allocate(0, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &locked), STATUS_SUCCESS);
    AddressSpace* other = AddressSpace::create();
    for (std::uint64_t address : {base, locked}) {
        std::uint64_t same = address, size = address == base ? 0x3000 : 0x1000;
        ASSERT_EQ(other->allocate(same, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
    }
    const auto locked_frame = space->find(locked)->first, frame = space->find(base)->first;
    reference_page(locked_frame);
    bool traded = false;
    for (int turn = 0; turn < 200; ++turn) {
        AddressSpace& now = turn % 2 ? *other : *space;
        AddressSpace& then = turn % 2 ? *space : *other;
        activate(&now);
        for (std::uint64_t address : {base, base + 0x2ffc, locked}) {
            if (turn > 1) {
                ASSERT_EQ(guest::read<int>(address), turn - 2);
            }
            ASSERT_TRUE(guest::write<int>(address, turn));
            EXPECT_EQ(*static_cast<int*>(now.pointer(address)), turn);
            EXPECT_EQ(*static_cast<int*>(then.pointer(address)), turn ? turn - 1 : 0);
        }
        EXPECT_EQ(space->find(locked)->first, locked_frame);
        traded |= space->find(base)->first != frame;
    }
    EXPECT_TRUE(traded);
    activate(space);
    release_page(locked_frame);
    AddressSpace::destroy(other);
}

TEST_F(Space, ImagesAreShared) {
    std::uint64_t base = 0;
    ASSERT_EQ(space->map_image(base, 0x4000), STATUS_SUCCESS);
    ASSERT_TRUE(guest::write<int>(base + 0x1000, 1) && guest::write<int>(base + 0x2000, 2));
    ASSERT_EQ(space->set_protection(base, 0x2000, PAGE_EXECUTE_READ), STATUS_SUCCESS);
    const std::uint64_t before = free_pages(Zone::general);
    {
        ImagePages pages;
        ASSERT_EQ(space->share_image(base, pages), STATUS_SUCCESS);
        EXPECT_EQ(free_pages(Zone::general), before - 2) << "copies of what can be written";
        ASSERT_TRUE(guest::write<int>(base + 0x2000, 3));

        AddressSpace* other = AddressSpace::create();
        activate(other);
        ASSERT_EQ(other->map_image(pages), STATUS_SUCCESS);
        EXPECT_EQ(other->map_image(pages), STATUS_CONFLICTING_ADDRESSES);
        EXPECT_EQ(free_pages(Zone::general), before - 4);
        EXPECT_EQ(other->find(base)->first, space->find(base)->first);
        EXPECT_EQ(guest::read<int>(base + 0x1000), 1);
        EXPECT_EQ(guest::read<int>(base + 0x2000), 2) << "as it was when the image had been loaded";
        EXPECT_FALSE(guest::write<int>(base + 0x1000, 4));
        EXPECT_EQ(query(base).Type, MEM_IMAGE);

        std::uint64_t start = base + 0x1000, size = 0x1000;
        ULONG old = 0;
        ASSERT_EQ(other->protect(start, size, PAGE_EXECUTE_READWRITE, old), STATUS_SUCCESS);
        ASSERT_TRUE(guest::write<int>(base + 0x1000, 5));
        EXPECT_EQ(free_pages(Zone::general), before - 5) << "one page became its own";
        activate(space);
        EXPECT_EQ(guest::read<int>(base + 0x1000), 1);
        activate(other);
        EXPECT_EQ(guest::read<int>(base + 0x1000), 5);
        activate(space);
        AddressSpace::destroy(other);
    }
    EXPECT_EQ(free_pages(Zone::general), before);
    ImagePages none;
    EXPECT_EQ(space->share_image(host::places::user_heap, none), STATUS_NOT_MAPPED_VIEW);
}

TEST_F(Space, SharedUserDataIsOnePage) {
    *static_cast<int*>(shared_user_data()) = 77;
    EXPECT_EQ(guest::read<int>(host::places::user_shared_data), 77);
    EXPECT_FALSE(guest::write<int>(host::places::user_shared_data, 1));
    auto info = query(host::places::user_shared_data + 5);
    EXPECT_EQ(info.State, MEM_COMMIT);
    EXPECT_EQ(info.Protect, PAGE_READONLY);
    EXPECT_EQ(query(0x7ffd'0000).RegionSize, 0x1'0000u);
}

TEST_F(Space, Images) {
    std::uint64_t base = 0;
    ASSERT_EQ(space->map_image(base, 0x5000), STATUS_SUCCESS);
    EXPECT_EQ(base, host::places::user_images);
    ASSERT_EQ(space->set_protection(base, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    ASSERT_EQ(space->set_protection(base + 0x1000, 0x2000, PAGE_EXECUTE_READ), STATUS_SUCCESS);
    EXPECT_FALSE(guest::write<int>(base + 0x1000, 1));
    std::uint64_t length = 0;
    *static_cast<int*>(space->pointer(base + 0x1004, &length)) = 9;
    EXPECT_EQ(length, 0x1ffcu);
    EXPECT_EQ(guest::read<int>(base + 0x1004), 9) << "the loader writes where the program cannot";
    EXPECT_EQ(query(base).Type, MEM_IMAGE);
    EXPECT_EQ(query(base).AllocationProtect, PAGE_EXECUTE_WRITECOPY);
    EXPECT_EQ(query(base + 0x1000).RegionSize, 0x2000u);
    EXPECT_EQ(release(base, 0, MEM_RELEASE), STATUS_UNABLE_TO_DELETE_SECTION);
    EXPECT_EQ(space->map_image(base, 0x1000), STATUS_CONFLICTING_ADDRESSES);
    EXPECT_EQ(space->unmap_view(base + 0x4000), STATUS_SUCCESS);
    EXPECT_EQ(space->unmap_view(base), STATUS_NOT_MAPPED_VIEW);
    EXPECT_EQ(space->pointer(base), nullptr);
}

TEST_F(Space, Probing) {
    std::uint64_t base;
    ASSERT_EQ(allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_read(base, 8, 8), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_read(base + 1, 8, 8), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT_EQ(probe_for_read(user_probe_address - 8, 8, 1), STATUS_SUCCESS) << "reading probes touch nothing";
    EXPECT_EQ(probe_for_read(user_probe_address - 8, 9, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_read(~0ull - 8, 100, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_read(~0ull, 0, 8), STATUS_SUCCESS) << "length 0 is no check";
    EXPECT_EQ(probe_for_write(base, 0x2000, 1), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_write(base, 0x2001, 1), STATUS_ACCESS_VIOLATION);
    ASSERT_EQ(protect(base, 1, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_write(base, 1, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_TRUE(is_address_valid(base));
    EXPECT_FALSE(is_address_valid(base + 0x2000));
    EXPECT_TRUE(is_address_valid(host::places::nonpaged_pool));
    EXPECT_FALSE(is_address_valid(0x3000'0f00'0000));
    EXPECT_FALSE(is_address_valid(0xffff'8000'0000'0000));
    std::uint64_t physical = physical_address(base + 0x1234);
    EXPECT_EQ(virtual_for_physical(physical), reinterpret_cast<std::uint64_t>(space->pointer(base + 0x1234)));
    EXPECT_EQ(physical_address(base + 0x2000), 0u);
    EXPECT_EQ(physical_address(virtual_for_physical(physical)), physical);
    std::uint64_t block = allocate_contiguous(0x5000, 0, 0xffff'ffff, 0x1'0000);
    EXPECT_LT(physical_address(block), 0xffff'ffffu);
    free_contiguous(block);
}

TEST_F(Space, KernelFaults) {
    auto check = [](std::uint64_t address, bool write, bool execute, KIRQL irql, bool driver) {
        return classify_kernel_fault({address, write, execute, 0x3000'0002'0000}, irql, driver);
    };
    EXPECT_EQ(check(0x3100'7000'0000, false, false, 0, true).code, PAGE_FAULT_IN_NONPAGED_AREA);
    EXPECT_EQ(check(0x3100'7000'0000, true, false, 0, true).parameters[1], 2u);
    EXPECT_EQ(check(0x3100'7000'0000, true, false, 2, true).code, DRIVER_IRQL_NOT_LESS_OR_EQUAL);
    EXPECT_EQ(check(0x3100'7000'0000, true, false, 2, false).code, IRQL_NOT_LESS_OR_EQUAL);
    EXPECT_EQ(check(0x3100'7000'0000, true, false, 2, true).parameters[1], 2u);
    EXPECT_EQ(check(host::places::nonpaged_pool, false, true, 0, true).code,
              ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY);
    auto image = allocate_image(0x1000);
    protect_kernel(*image, 0x1000, Protection::read);
    EXPECT_EQ(check(*image, true, false, 0, true).code, ATTEMPTED_WRITE_TO_READONLY_MEMORY);
    free_image(*image, 0x1000);
    auto stack = allocate_kernel_stack();
    EXPECT_EQ(check(stack->limit - 8, true, false, 0, true).code, UNEXPECTED_KERNEL_MODE_TRAP);
    free_kernel_stack(*stack);
    EXPECT_EQ(check(0xffff'8000'0000'0000, false, false, 0, true).parameters[3], 2u);
    EXPECT_EQ(check(0x9000'0000'0000'0000, false, false, 0, true).parameters[3], 4u);
}

TEST_F(Space, ManyAllocations) {
    std::uint64_t bases[2000];
    for (auto& base : bases) {
        ASSERT_EQ(allocate(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &base), STATUS_SUCCESS);
        ASSERT_TRUE(guest::write(base, base));
    }
    for (int i = 0; i < 2000; i += 2)
        ASSERT_EQ(release(bases[i], 0, MEM_RELEASE), STATUS_SUCCESS);
    for (int i = 1; i < 2000; i += 2)
        ASSERT_EQ(guest::read<std::uint64_t>(bases[i]), bases[i]);
    for (int i = 0; i < 2000; i += 2) {
        ASSERT_EQ(allocate(0, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &bases[i]), STATUS_SUCCESS);
        ASSERT_EQ(guest::read<std::uint64_t>(bases[i]), 0u);
    }
}

} // namespace
