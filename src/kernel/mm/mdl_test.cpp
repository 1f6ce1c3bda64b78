#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/probe.h"
#include "kernel/mm/test_sink.h"
#include "kernel/mm/windows.h"
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>

using namespace nt;
using namespace nt::mm;

namespace {

struct Mdl : testing::Test {
    AddressSpace* space = nullptr;
    std::uint64_t buffer = 0;
    int owner = 0;
    static void SetUpTestSuite() {
        prepare_test();
        shared_user_data();
    }
    void SetUp() override {
        space = AddressSpace::create();
        space->owner = &owner;
        activate(space);
        buffer = allocate(0x8000);
    }
    void TearDown() override { AddressSpace::destroy(space); }
    std::uint64_t allocate(std::uint64_t size, ULONG protection = PAGE_READWRITE) {
        std::uint64_t base = 0;
        EXPECT_EQ(space->allocate(base, size, MEM_RESERVE | MEM_COMMIT, protection), STATUS_SUCCESS);
        return base;
    }
    // A user range whose pages are not contiguous in RAM.
    std::uint64_t scattered(std::uint64_t pages) {
        mm::Run run = allocate_run(Zone::general, pages);
        Pfn list[64];
        for (std::uint64_t i = 0; i < pages; ++i)
            list[i] = run.first + pages - 1 - i;
        std::uint64_t base = 0;
        EXPECT_EQ(space->map_pages(base, list, pages, PAGE_READWRITE), STATUS_SUCCESS);
        release_pages(run.first, pages); // the view holds them now
        return base;
    }
    void free_buffer() {
        std::uint64_t base = buffer, size = 0;
        EXPECT_EQ(space->free(base, size, MEM_RELEASE), STATUS_SUCCESS);
    }
};

TEST_F(Mdl, Layout) {
    EXPECT_EQ(size_of_mdl(0x1000, 1), 0x38u);
    EXPECT_EQ(size_of_mdl(0x1fff, 2), 0x40u);
    EXPECT_EQ(size_of_mdl(0x1000, 0), 0x30u);
    MDL* mdl = allocate_mdl(buffer + 0x123, 0x2000);
    ASSERT_NE(mdl, nullptr);
    EXPECT_EQ(mdl->StartVa, reinterpret_cast<PVOID>(buffer));
    EXPECT_EQ(mdl->ByteOffset, 0x123u);
    EXPECT_EQ(mdl->ByteCount, 0x2000u);
    EXPECT_EQ(mdl->Size, 0x30 + 3 * 8);
    EXPECT_EQ(mdl->MdlFlags, MDL_ALLOCATED_FIXED_SIZE);
    free_mdl(mdl);
    MDL* again = allocate_mdl(buffer, 1);
    EXPECT_EQ(again, mdl) << "small ones are reused";
    free_mdl(again);
    MDL* large = allocate_mdl(buffer, 100 * page_size);
    EXPECT_FALSE(large->MdlFlags & MDL_ALLOCATED_FIXED_SIZE);
    free_mdl(large);
    EXPECT_EQ(allocate_mdl(buffer, 0x1'0000'0000), nullptr);
}

TEST_F(Mdl, DirectIo) {
    MDL* mdl = allocate_mdl(buffer + 0x800, 0x1000);
    ASSERT_EQ(probe_and_lock_pages(mdl, UserMode, LockOperation::write), STATUS_SUCCESS);
    EXPECT_EQ(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_WRITE_OPERATION),
              MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
    EXPECT_EQ(mdl->Process, reinterpret_cast<KPROCESS*>(&owner));
    EXPECT_EQ(mdl_pages(mdl)[0], physical_address(buffer) >> 12);
    std::uint64_t address = system_address(mdl, NormalPagePriority | MdlMappingNoExecute);
    EXPECT_EQ(address, reinterpret_cast<std::uint64_t>(space->pointer(buffer + 0x800)))
        << "contiguous: arithmetic";
    EXPECT_TRUE(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
    EXPECT_EQ(system_address(mdl, NormalPagePriority), address);
    *reinterpret_cast<int*>(address) = 42;
    EXPECT_EQ(guest::read<int>(buffer + 0x800), 42) << "two mappings of a page are one page";
    activate(nullptr);
    *reinterpret_cast<int*>(address) = 43; // in any thread
    activate(space);
    EXPECT_EQ(guest::read<int>(buffer + 0x800), 43);
    EXPECT_TRUE(unlock_pages(mdl));
    EXPECT_FALSE(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA | MDL_WRITE_OPERATION));
    EXPECT_FALSE(unlock_pages(mdl));
    free_mdl(mdl);
}

TEST_F(Mdl, LockedPagesOutliveTheAllocation) {
    MDL* mdl = allocate_mdl(buffer, 0x2000);
    guest::fill(buffer, 9, 0x2000);
    ASSERT_EQ(probe_and_lock_pages(mdl, UserMode, LockOperation::read), STATUS_SUCCESS);
    Pfn pfn = mdl_pages(mdl)[0];
    EXPECT_EQ(frame(pfn).references, 2u);
    free_buffer();
    EXPECT_EQ(frame(pfn).references, 1u);
    EXPECT_EQ(*reinterpret_cast<std::uint8_t*>(system_address(mdl, 0)), 9);
    unlock_pages(mdl);
    EXPECT_EQ(frame(pfn).references, 0u);
    free_mdl(mdl);
}

TEST_F(Mdl, LockFailuresLeaveNothingLocked) {
    auto lock = [&](std::uint64_t address, std::uint64_t length, KPROCESSOR_MODE mode,
                    LockOperation operation) {
        MDL* mdl = allocate_mdl(address, length);
        NTSTATUS status = probe_and_lock_pages(mdl, mode, operation);
        EXPECT_EQ(bool(mdl->MdlFlags & MDL_PAGES_LOCKED), NT_SUCCESS(status));
        if (NT_SUCCESS(status)) unlock_pages(mdl);
        free_mdl(mdl);
        return status;
    };
    EXPECT_EQ(lock(buffer, 0x9000, UserMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(frame(physical_address(buffer) >> 12).references, 1u);
    EXPECT_EQ(lock(0, 0x1000, UserMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(lock(host::places::nonpaged_pool, 8, UserMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(lock(user_probe_address - 8, 16, UserMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(lock(0xffff'8000'0000'0000, 8, KernelMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    std::uint64_t read_only = allocate(0x1000, PAGE_READONLY),
                  guarded = allocate(0x1000, PAGE_READWRITE | PAGE_GUARD);
    EXPECT_EQ(lock(read_only, 8, UserMode, LockOperation::read), STATUS_SUCCESS);
    EXPECT_EQ(lock(read_only, 8, UserMode, LockOperation::write), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(lock(read_only, 8, KernelMode, LockOperation::modify), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(lock(guarded, 8, UserMode, LockOperation::write), STATUS_GUARD_PAGE_VIOLATION);
    EXPECT_EQ(lock(guarded, 8, UserMode, LockOperation::write), STATUS_SUCCESS) << "once";
    EXPECT_EQ(lock(buffer, 8, KernelMode, LockOperation::write), STATUS_SUCCESS);
    auto stack = allocate_kernel_stack();
    EXPECT_EQ(lock(stack->limit, 0x2000, KernelMode, LockOperation::write), STATUS_SUCCESS);
    EXPECT_EQ(lock(stack->limit - 8, 16, KernelMode, LockOperation::write), STATUS_ACCESS_VIOLATION);
    free_kernel_stack(*stack);
    UserStack user;
    ASSERT_EQ(space->create_stack(0x1'0000, 0x1000, user), STATUS_SUCCESS);
    EXPECT_EQ(lock(user.limit - 0x10, 0x20, UserMode, LockOperation::write), STATUS_SUCCESS)
        << "the stack grows";
    activate(nullptr);
    EXPECT_EQ(lock(buffer, 8, UserMode, LockOperation::read), STATUS_ACCESS_VIOLATION);
    activate(space);
}

TEST_F(Mdl, ScatteredPagesGoThroughTheWindow) {
    std::uint64_t base = scattered(4);
    ASSERT_TRUE(guest::write<int>(base + 0x1ffe, 0x01020304));
    MDL* mdl = allocate_mdl(base + 0x10, 0x3000);
    ASSERT_EQ(probe_and_lock_pages(mdl, UserMode, LockOperation::write), STATUS_SUCCESS);
    std::uint64_t address = system_address(mdl, 0);
    EXPECT_GE(address, host::places::mapping_window);
    EXPECT_LT(address, host::places::ram);
    int value;
    std::memcpy(&value, reinterpret_cast<void*>(address + 0x1fee), 4);
    EXPECT_EQ(value, 0x01020304);
    EXPECT_EQ(physical_address(address + 0x1000) & 0xfff, 0x10u);
    unlock_pages(mdl);
    EXPECT_FALSE(guest::read<int>(address)) << "unlocking removes the mapping";
    free_mdl(mdl);
}

TEST_F(Mdl, NoWriteMappings) {
    MDL* mdl = allocate_mdl(buffer, 0x1000);
    ASSERT_EQ(probe_and_lock_pages(mdl, UserMode, LockOperation::read), STATUS_SUCCESS);
    std::uint64_t address = system_address(mdl, NormalPagePriority | MdlMappingNoWrite);
    EXPECT_TRUE(guest::read<int>(address));
    EXPECT_FALSE(guest::write<int>(address, 1));
    unmap_locked_pages(address, mdl);
    EXPECT_FALSE(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
    address = system_address(mdl, NormalPagePriority);
    EXPECT_TRUE(guest::write<int>(address, 1));
    EXPECT_EQ(protect_system_address(mdl, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_FALSE(guest::write<int>(address, 1));
    EXPECT_EQ(protect_system_address(mdl, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION);
    unlock_pages(mdl);
    EXPECT_TRUE(guest::write<int>(address, 1)) << "the direct map is as before";
    EXPECT_EQ(protect_system_address(mdl, PAGE_READONLY), STATUS_NOT_MAPPED_VIEW);
    free_mdl(mdl);
}

TEST_F(Mdl, NonpagedPool) {
    mm::Run run = allocate_run(Zone::nonpaged_pool, 2);
    std::uint64_t address = address_of(Zone::nonpaged_pool, run.first) + 0x20;
    MDL* mdl = allocate_mdl(address, 0x1800);
    ASSERT_TRUE(build_for_nonpaged_pool(mdl));
    EXPECT_TRUE(mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
    EXPECT_EQ(mdl->MappedSystemVa, reinterpret_cast<PVOID>(address));
    EXPECT_EQ(system_address(mdl, 0), address);
    EXPECT_EQ(mdl_pages(mdl)[1], run.first + 1);
    // Into user mode: what drivers do with shared buffers.
    *reinterpret_cast<int*>(address) = 5;
    auto user = map_locked_pages(mdl, UserMode, 0, 0);
    ASSERT_TRUE(user);
    EXPECT_EQ(*user & 0xfff, 0x20u);
    EXPECT_EQ(guest::read<int>(*user), 5);
    EXPECT_TRUE(guest::write<int>(*user, 6));
    EXPECT_EQ(*reinterpret_cast<int*>(address), 6);
    std::uint64_t base = *user, size = 1;
    ULONG old;
    EXPECT_EQ(space->protect(base, size, PAGE_READONLY, old), STATUS_INVALID_PAGE_PROTECTION);
    unmap_locked_pages(*user, mdl);
    EXPECT_FALSE(guest::read<int>(*user));
    EXPECT_EQ(frame(run.first).references, 1u);
    free_mdl(mdl);
    release_pages(run.first, 2);
}

TEST_F(Mdl, Partial) {
    MDL* source = allocate_mdl(buffer + 0x100, 0x5000);
    ASSERT_EQ(probe_and_lock_pages(source, UserMode, LockOperation::write), STATUS_SUCCESS);
    MDL* target = allocate_mdl(buffer + 0x1200, 0x1000);
    ASSERT_TRUE(build_partial_mdl(source, target, buffer + 0x1200, 0x1000));
    EXPECT_EQ(target->MdlFlags, MDL_PARTIAL | MDL_ALLOCATED_FIXED_SIZE);
    EXPECT_EQ(mdl_pages(target)[0], mdl_pages(source)[1]);
    EXPECT_EQ(mdl_pages(target)[1], mdl_pages(source)[2]);
    std::uint64_t address = system_address(target, 0);
    EXPECT_EQ(address, reinterpret_cast<std::uint64_t>(space->pointer(buffer + 0x1200)));
    EXPECT_TRUE(target->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
    prepare_for_reuse(target);
    EXPECT_FALSE(target->MdlFlags & (MDL_PARTIAL_HAS_BEEN_MAPPED | MDL_MAPPED_TO_SYSTEM_VA));
    std::uint64_t whole = system_address(source, 0);
    ASSERT_TRUE(build_partial_mdl(source, target, buffer + 0x1300, 0x10));
    EXPECT_EQ(system_address(target, 0), whole + 0x1200) << "the source's mapping is used";
    EXPECT_FALSE(target->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
    EXPECT_FALSE(build_partial_mdl(source, target, buffer + 0x100, 0)) << "five pages do not fit";
    EXPECT_FALSE(build_partial_mdl(source, target, buffer, 0x10));
    EXPECT_FALSE(build_partial_mdl(source, target, buffer + 0x50f8, 0x10));
    free_mdl(target);
    EXPECT_TRUE(guest::read<int>(whole));
    unlock_pages(source);
    free_mdl(source);
}

TEST_F(Mdl, Advance) {
    MDL* mdl = allocate_mdl(buffer + 0x800, 0x3000);
    ASSERT_EQ(probe_and_lock_pages(mdl, UserMode, LockOperation::write), STATUS_SUCCESS);
    std::uint64_t address = system_address(mdl, 0);
    Pfn first = mdl_pages(mdl)[0], second = mdl_pages(mdl)[1];
    EXPECT_EQ(advance_mdl(mdl, 0x3001), STATUS_INVALID_PARAMETER_2);
    EXPECT_EQ(advance_mdl(mdl, 0x900), STATUS_SUCCESS);
    EXPECT_EQ(mdl_address(mdl), buffer + 0x1100);
    EXPECT_EQ(mdl->ByteCount, 0x2700u);
    EXPECT_EQ(mdl_pages(mdl)[0], second);
    EXPECT_EQ(frame(first).references, 1u) << "passed pages are unlocked";
    EXPECT_EQ(system_address(mdl, 0), address + 0x900);
    unlock_pages(mdl);
    EXPECT_EQ(frame(second).references, 1u);
    free_mdl(mdl);
}

TEST_F(Mdl, PagesForMdl) {
    MDL* mdl = allocate_pages_for_mdl(0, ~0ull, 0, 0x3001, 0);
    ASSERT_NE(mdl, nullptr);
    EXPECT_EQ(mdl->ByteCount, 0x4000u);
    std::uint64_t address = system_address(mdl, 0);
    for (int i = 0; i < 0x4000; ++i)
        ASSERT_EQ(reinterpret_cast<char*>(address)[i], 0);
    Pfn pfn = mdl_pages(mdl)[3];
    free_pages_from_mdl(mdl);
    EXPECT_EQ(frame(pfn).references, 0u);
    release_mdl_memory(mdl);
    mdl = allocate_pages_for_mdl(0, 0xff'ffff, 0, 0x1000, 0);
    ASSERT_NE(mdl, nullptr);
    EXPECT_LT(mdl_pages(mdl)[0], 0x1000u);
    free_pages_from_mdl(mdl);
    release_mdl_memory(mdl);
    EXPECT_EQ(allocate_pages_for_mdl(0, 0xf'ffff, 0, 0x1000, 0), nullptr) << "no RAM there";
}

TEST_F(Mdl, Speed) {
    auto start = std::chrono::steady_clock::now();
    constexpr int rounds = 200'000;
    for (int i = 0; i < rounds; ++i) {
        MDL* mdl = allocate_mdl(buffer + 0x10, 4096);
        probe_and_lock_pages(mdl, UserMode, LockOperation::write);
        *reinterpret_cast<int*>(system_address(mdl, NormalPagePriority)) = i;
        unlock_pages(mdl);
        free_mdl(mdl);
    }
    std::chrono::duration<double, std::nano> d = std::chrono::steady_clock::now() - start;
    std::printf("allocate, lock, map, unlock, free an MDL of 4 KiB: %.1f ns\n", d.count() / rounds);
    AddressSpace* other = AddressSpace::create();
    for (int i = 0; i < 40; ++i)
        allocate(0x2000, i % 2 ? PAGE_READWRITE : PAGE_READONLY);
    auto time = [&](const char* what, AddressSpace* a, AddressSpace* b) {
        auto t = std::chrono::steady_clock::now();
        for (int i = 0; i < 100; ++i) {
            activate(a);
            activate(b);
        }
        std::chrono::duration<double, std::micro> us = std::chrono::steady_clock::now() - t;
        std::printf("%s with %zu extents: %.1f us there and back\n", what, space->extents().size(),
                    us.count() / 100);
    };
    time("to a System thread", nullptr, space);
    time("to another process", other, space);
    AddressSpace::destroy(other);
}

} // namespace
