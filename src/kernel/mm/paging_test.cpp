#include "abi/status.h"
#include "host/guest.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/probe.h"
#include "kernel/mm/test_sink.h"
#include "kernel/mm/windows.h"
#include <gtest/gtest.h>

using namespace nt;
using namespace nt::mm;

namespace {

// As the trap handler's: pages in below DISPATCH_LEVEL.
struct PagingSink final : host::FaultSink {
    bool deliver(host::Fault&) override { return false; }
    bool resolve(host::Fault& fault) override {
        return (ke::current_irql() < 2 || host_looks) && open_paged(fault.address);
    }
};

constexpr std::uint64_t pool = host::places::paged_pool, chunk = 0x1'0000;

struct PagingTest : testing::Test {
    static inline std::uint64_t pcr[512];
    static inline PagingSink sink;
    static void SetUpTestSuite() {
        prepare_test();
        ke::pcr_address = reinterpret_cast<ULONG_PTR>(pcr);
        initialize_paging();
        grow_paged_pool(pool + 3 * chunk);
    }
    static void TearDownTestSuite() { // the next suite finds all of it open
        for (int i = 0; i < 16; i++)
            (void)open_paged(pool + static_cast<std::uint64_t>(i) * chunk);
        ke::pcr_address = 0;
    }
    void SetUp() override {
        before = host::fault_sink();
        host::set_fault_sink(&sink);
    }
    void TearDown() override {
        ke::lower_irql(0);
        host::set_fault_sink(before);
    }
    host::FaultSink* before = nullptr;

    static bool readable(std::uint64_t address) { return guest::read<char>(address).has_value(); }
    static bool readable_at_dispatch(std::uint64_t address) {
        ke::raise_irql(2);
        const bool result = readable(address);
        ke::lower_irql(0);
        return result;
    }
};

// An image of four pages: one resident, two pageable, one with the unwinder's tables.
struct Image {
    std::uint64_t base = allocate_image(4 * page_size).value();
    Image() {
        add_driver_section(base, {base, page_size, Protection::read_write, false, false});
        add_driver_section(base, {base + page_size, 2 * page_size, Protection::read_write, true, false});
        add_driver_section(base, {base + 3 * page_size, page_size, Protection::read, false, true});
    }
    ~Image() { free_image(base, 4 * page_size); }
    std::uint64_t pageable() const { return base + page_size; }
};

TEST_F(PagingTest, PoolIsClosedByRaising) {
    ASSERT_TRUE(guest::write(pool + 8, 5));
    EXPECT_TRUE(ke::paged_open);
    ke::raise_irql(1);
    EXPECT_TRUE(readable(pool));
    ke::raise_irql(2);
    EXPECT_FALSE(ke::paged_open);
    EXPECT_FALSE(readable(pool));
    EXPECT_TRUE(is_paged_out(pool, 2));
    EXPECT_FALSE(is_paged_out(pool, 1));
    EXPECT_FALSE(is_address_valid(pool));
    ke::lower_irql(1);
    EXPECT_TRUE(is_address_valid(pool));
    EXPECT_EQ(guest::read<int>(pool + 8), 5);
    EXPECT_TRUE(ke::paged_open);
}

TEST_F(PagingTest, ChunksAreOpenedOneByOne) {
    ke::raise_irql(2);
    ke::lower_irql(0);
    ASSERT_TRUE(readable(pool + chunk));
    EXPECT_FALSE(open_paged(pool + chunk + page_size)); // it is
    EXPECT_TRUE(open_paged(pool + 2 * chunk));
    EXPECT_FALSE(readable_at_dispatch(pool + chunk));
    EXPECT_FALSE(readable_at_dispatch(pool + 2 * chunk));
}

TEST_F(PagingTest, PoolThatGrowsIsPageable) {
    ke::raise_irql(2);
    ke::lower_irql(0);
    grow_paged_pool(pool + 3 * chunk + 1);
    ASSERT_TRUE(guest::write(pool + 3 * chunk, 1));
    EXPECT_FALSE(readable_at_dispatch(pool + 3 * chunk));
}

TEST_F(PagingTest, WhoLooksSeesIt) {
    ASSERT_TRUE(guest::write(pool, 7));
    ke::raise_irql(2);
    {
        const guest::Look look;
        EXPECT_EQ(guest::read<int>(pool), 7);
    }
    EXPECT_FALSE(readable(pool));
}

TEST_F(PagingTest, LockedPagesStay) {
    const mm::Run run = allocate_run(Zone::paged_pool, 3);
    const std::uint64_t address = address_of(Zone::paged_pool, run.first);
    grow_paged_pool(address + 3 * page_size);
    MDL* mdl = allocate_mdl(address + page_size, page_size);
    for (int i = 0; i < 2; ++i) { // locked while open, and while closed
        if (i) {
            EXPECT_FALSE(readable_at_dispatch(address));
        }
        ASSERT_EQ(probe_and_lock_pages(mdl, KernelMode, LockOperation::write), STATUS_SUCCESS);
        reference_page(run.first + 1); // by a second MDL
        EXPECT_TRUE(readable_at_dispatch(address + page_size));
        EXPECT_FALSE(readable_at_dispatch(address));
        EXPECT_FALSE(readable_at_dispatch(address + 2 * page_size));
        EXPECT_TRUE(unlock_pages(mdl));
        EXPECT_TRUE(readable_at_dispatch(address + page_size));
        ke::raise_irql(2);
        release_page(run.first + 1);
        settle_unlocked(run.first + 1);
        EXPECT_FALSE(readable(address + page_size));
        ke::lower_irql(0);
        EXPECT_TRUE(readable(address + page_size));
    }
    free_mdl(mdl);
    release_pages(run.first, 3);
}

TEST_F(PagingTest, MappingsForUserModeLockNothing) {
    const mm::Run run = allocate_run(Zone::paged_pool, 2);
    const std::uint64_t address = address_of(Zone::paged_pool, run.first);
    grow_paged_pool(address + 2 * page_size);
    AddressSpace* space = AddressSpace::create();
    activate(space);
    MDL* mdl = allocate_mdl(address, page_size);
    ASSERT_EQ(probe_and_lock_pages(mdl, KernelMode, LockOperation::write), STATUS_SUCCESS);
    const auto user = map_locked_pages(mdl, UserMode, 0, NormalPagePriority);
    ASSERT_TRUE(user);
    EXPECT_TRUE(readable_at_dispatch(address));
    EXPECT_TRUE(unlock_pages(mdl));
    EXPECT_FALSE(readable_at_dispatch(address));

    MDL* again = allocate_mdl(*user, page_size); // locked by its other address while it is closed
    ASSERT_EQ(probe_and_lock_pages(again, UserMode, LockOperation::write), STATUS_SUCCESS);
    EXPECT_TRUE(readable_at_dispatch(address));
    EXPECT_TRUE(unlock_pages(again));
    EXPECT_FALSE(readable_at_dispatch(address));
    unmap_locked_pages(*user, mdl);
    EXPECT_FALSE(readable_at_dispatch(address));

    // Mapped still when its owner releases it: it lives as long as the mapping.
    ASSERT_EQ(probe_and_lock_pages(mdl, KernelMode, LockOperation::write), STATUS_SUCCESS);
    ASSERT_TRUE(map_locked_pages(mdl, UserMode, 0, NormalPagePriority));
    EXPECT_TRUE(unlock_pages(mdl));
    release_pages(run.first, 2);
    EXPECT_NE(frame(run.first).references, 0u);
    AddressSpace::destroy(space);
    EXPECT_EQ(frame(run.first).references, 0u);
    free_mdl(again);
    free_mdl(mdl);
}

TEST_F(PagingTest, PagesHaveRoomForSoManyMappings) {
    const mm::Run run = allocate_run(Zone::paged_pool, 1);
    AddressSpace* space = AddressSpace::create();
    const Pfn page = run.first;
    std::uint64_t base = 0;
    unsigned mappings = 0;
    for (; mappings < 5000; ++mappings, base = 0)
        if (space->map_pages(base, &page, 1, PAGE_READWRITE, VadKind::locked_pages) != STATUS_SUCCESS) break;
    EXPECT_EQ(mappings, 4095u);
    AddressSpace::destroy(space);
    EXPECT_EQ(frame(page).references, 1u);
    release_pages(page, 1);
}

TEST_F(PagingTest, SectionsAreLockedByCount) {
    const Image image;
    EXPECT_TRUE(readable_at_dispatch(image.base));
    EXPECT_FALSE(readable_at_dispatch(image.pageable()));
    const std::uint64_t handle = lock_driver_section(image.pageable() + 5000);
    EXPECT_EQ(handle, image.pageable());
    EXPECT_TRUE(lock_driver_section_again(handle));
    EXPECT_FALSE(lock_driver_section_again(handle + 1));
    EXPECT_EQ(locked_sections(image.base), 1u);
    EXPECT_TRUE(readable_at_dispatch(image.pageable() + page_size));
    EXPECT_TRUE(unlock_driver_section(handle));
    EXPECT_TRUE(readable_at_dispatch(image.pageable()));
    EXPECT_TRUE(unlock_driver_section(handle));
    EXPECT_FALSE(unlock_driver_section(handle));
    EXPECT_FALSE(readable_at_dispatch(image.pageable()));
    EXPECT_TRUE(readable(image.pageable()));
    EXPECT_EQ(lock_driver_section(image.base + 4 * page_size), 0u);
    EXPECT_EQ(lock_driver_section(pool), 0u);
}

TEST_F(PagingTest, AWholeDriver) {
    const Image image;
    EXPECT_EQ(page_entire_driver(image.pageable()), image.base);
    EXPECT_FALSE(readable_at_dispatch(image.base));
    EXPECT_TRUE(readable_at_dispatch(image.base + 3 * page_size));
    EXPECT_EQ(reset_driver_paging(image.base), image.base);
    EXPECT_TRUE(readable_at_dispatch(image.base));
    EXPECT_FALSE(readable_at_dispatch(image.pageable()));
    EXPECT_EQ(page_entire_driver(pool), 0u);
}

TEST_F(PagingTest, AnImageThatGoesIsForgotten) {
    std::uint64_t address;
    {
        const Image image;
        address = image.pageable();
        EXPECT_TRUE(is_paged(address));
        (void)lock_driver_section(address);
    }
    EXPECT_FALSE(is_paged(address));
    EXPECT_EQ(lock_driver_section(address), 0u);
}

} // namespace
