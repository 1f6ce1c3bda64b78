#include "abi/bugcheck.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/test_sink.h"
#include "kernel/mm/windows.h"
#include "kernel/pool/lookaside.h"
#include "kernel/pool/pool.h"
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

using namespace nt;
using namespace nt::pool;

namespace {

mm::BugCheck seen;
constexpr ULONG test_tag = pool::tag("Test");

struct Pool : testing::Test {
    static void SetUpTestSuite() {
        mm::prepare_test();
        pool::initialize();
        set_bug_check_hook([](const mm::BugCheck& bug) { seen = bug; });
    }
    void SetUp() override { seen = {}; }
    void expect_bug(ULONG code, ULONG_PTR p1) {
        EXPECT_EQ(seen.code, code);
        EXPECT_EQ(seen.parameters[0], p1);
        seen = {};
    }
};

std::uint64_t address(void* p) { return reinterpret_cast<std::uint64_t>(p); }
Header* header(void* p) { return static_cast<Header*>(p) - 1; }

TEST_F(Pool, BlocksHaveHeadersAndAlignment) {
    for (SIZE_T size : {0, 1, 16, 17, 100, 1000, 2032, 4000, 4064}) {
        void* p = allocate(Kind::nonpaged, size, test_tag, host::places::images + 0x1234);
        ASSERT_NE(p, nullptr);
        EXPECT_EQ(address(p) % 16, 0u);
        EXPECT_EQ(header(p)->tag, test_tag);
        EXPECT_GE(header(p)->block_size * 16u, size + 16);
        EXPECT_EQ(address(p) / 4096, (address(p) + (size ? size - 1 : 0)) / 4096) << "within a page";
        Block block;
        ASSERT_TRUE(find_block(address(p) + size / 2, block));
        EXPECT_EQ(block.address, address(p));
        EXPECT_EQ(block.size, size);
        EXPECT_EQ(block.caller, host::places::images + 0x1234);
        release(p, test_tag);
        EXPECT_FALSE(find_block(address(p), block));
    }
    for (SIZE_T size : {4065, 4096, 4097, 100'000}) {
        void* p = allocate(Kind::paged, size, test_tag);
        EXPECT_EQ(address(p) % 4096, 0u);
        std::memset(p, 1, size);
        Block block;
        ASSERT_TRUE(find_block(address(p) + size - 1, block));
        EXPECT_EQ(block.size, size);
        release(p, test_tag);
    }
    for (SIZE_T size : {1, 64, 1000, 4000, 5000}) {
        void* p = allocate(Kind::nonpaged, size, test_tag, 0, false, true);
        EXPECT_EQ(address(p) % 64, 0u);
        release(p);
    }
    EXPECT_FALSE(seen);
}

TEST_F(Pool, WindowsByKind) {
    void* a = allocate(Kind::nonpaged, 8, test_tag);
    void* b = allocate(Kind::nonpaged_execute, 8, test_tag);
    void* c = allocate(Kind::paged, 8, test_tag);
    EXPECT_EQ(mm::zone_of(address(a)), mm::Zone::nonpaged_pool);
    EXPECT_EQ(mm::zone_of(address(b)), mm::Zone::nonpaged_pool_execute);
    EXPECT_EQ(mm::zone_of(address(c)), mm::Zone::paged_pool);
    *static_cast<std::uint8_t*>(b) = 0xc3; // ret
    reinterpret_cast<void (*)()>(b)();
    for (void* p : {a, b, c})
        release(p);
}

TEST_F(Pool, RandomUseKeepsContentsAndGivesPagesBack) {
    struct Item {
        std::uint8_t* p;
        SIZE_T size;
        std::uint8_t value;
    };
    std::vector<Item> items;
    std::uint32_t x = 7;
    std::uint64_t free_before = mm::free_pages(mm::Zone::nonpaged_pool), bytes = bytes_in_use(Kind::nonpaged);
    for (int i = 0; i < 60'000; ++i) {
        x = x * 1664525 + 1013904223;
        if (items.size() < 500 && (x >> 28) < 9) {
            SIZE_T size = (x >> 5) % ((x >> 27) & 1 ? 200 : 9000);
            auto* p =
                static_cast<std::uint8_t*>(allocate(Kind::nonpaged, size, test_tag, 0, false, (x >> 20) & 1));
            ASSERT_NE(p, nullptr);
            std::memset(p, x >> 24, size);
            items.push_back({p, size, static_cast<std::uint8_t>(x >> 24)});
        } else if (!items.empty()) {
            std::size_t k = (x >> 8) % items.size();
            for (SIZE_T j = 0; j < items[k].size; ++j)
                ASSERT_EQ(items[k].p[j], items[k].value);
            release(items[k].p, test_tag);
            items[k] = items.back();
            items.pop_back();
        }
    }
    for (const Item& item : items)
        release(item.p);
    EXPECT_FALSE(seen);
    EXPECT_EQ(bytes_in_use(Kind::nonpaged), bytes);
    EXPECT_LT(free_before - mm::free_pages(mm::Zone::nonpaged_pool), 50u)
        << "at most one empty page per class stays";
}

TEST_F(Pool, BadFreesAreNamed) {
    void* p = allocate(Kind::nonpaged, 24, test_tag);
    release(p, pool::tag("Oops"));
    EXPECT_EQ(seen.parameters[1], address(p));
    EXPECT_EQ(seen.parameters[2], test_tag);
    EXPECT_EQ(seen.parameters[3], pool::tag("Oops"));
    expect_bug(BAD_POOL_CALLER, 0xa);
    release(p, test_tag);
    EXPECT_FALSE(seen);
    release(p, test_tag);
    EXPECT_EQ(seen.parameters[3], address(p));
    expect_bug(BAD_POOL_CALLER, 7);
    release(nullptr);
    expect_bug(BAD_POOL_CALLER, 0x46);
    release(reinterpret_cast<void*>(0x1000'0000));
    expect_bug(BAD_POOL_CALLER, 0x40);
    release(reinterpret_cast<void*>(host::places::images));
    expect_bug(BAD_POOL_CALLER, 0x42);
    p = allocate(Kind::nonpaged, 100, test_tag);
    release(static_cast<char*>(p) + 16);
    expect_bug(BAD_POOL_CALLER, 0x99);
    release(p);
    p = allocate(Kind::paged, 9000, test_tag);
    release(static_cast<char*>(p) + 4096);
    expect_bug(BAD_POOL_CALLER, 0x48);
    release(p);
    release(p);
    expect_bug(BAD_POOL_CALLER, 0x48);
}

TEST_F(Pool, OverrunsAreFound) {
    std::vector<void*> blocks;
    for (int i = 0; i < 10; ++i)
        blocks.push_back(allocate(Kind::nonpaged, 48, test_tag));
    auto* victim = static_cast<std::uint8_t*>(blocks[0]);
    std::uint8_t saved = victim[48 + 4];
    victim[48 + 4] ^= 0xff; // the tag of the next block's header
    release(blocks[0]);
    expect_bug(BAD_POOL_HEADER, 0x20);
    release(victim + 64);
    expect_bug(BAD_POOL_HEADER, 0x20);
    victim[48 + 4] = saved;
    for (void* p : blocks)
        release(p, test_tag);
    EXPECT_FALSE(seen);
}

TEST_F(Pool, VerifierFill) {
    set_fill_freed(true);
    auto* p = static_cast<std::uint8_t*>(allocate(Kind::nonpaged, 900, test_tag)); // a class of its own
    p[900] = 1;
    release(p);
    EXPECT_EQ(seen.parameters[2], 900u);
    EXPECT_EQ(seen.parameters[3], 1u);
    expect_bug(BAD_POOL_HEADER, 0x21);
    p[900] = 0x5a;
    release(p);
    EXPECT_FALSE(seen);
    EXPECT_EQ(p[0], 0xcc);
    p[5] = 0;
    EXPECT_EQ(allocate(Kind::nonpaged, 900, test_tag), nullptr);
    expect_bug(DRIVER_CAUGHT_MODIFYING_FREED_POOL, address(p));
    p[5] = 0xcc;
    set_fill_freed(false);
}

TEST_F(Pool, Types) {
    auto a = allocate_typed(NonPagedPool, 8, test_tag, 2, 0);
    EXPECT_EQ(mm::zone_of(address(a.block)), mm::Zone::nonpaged_pool_execute);
    release_checked(a.block, test_tag, 2);
    a = allocate_typed(NonPagedPoolNxCacheAligned, 8, test_tag, 0, 0);
    EXPECT_EQ(mm::zone_of(address(a.block)), mm::Zone::nonpaged_pool);
    EXPECT_EQ(address(a.block) % 64, 0u);
    release_checked(a.block, test_tag, 0);
    a = allocate_typed(PagedPool, 8, test_tag, 1, 0, true);
    EXPECT_FALSE(header(a.block)->type & 8) << "nobody is there to be charged";
    release_checked(a.block, 0, 2);
    EXPECT_EQ(seen.parameters[1], 2u);
    expect_bug(BAD_POOL_CALLER, 9);
    release_checked(a.block, 0, 0);
    EXPECT_FALSE(seen);
    allocate_typed(PagedPool, 8, test_tag, 2, 0);
    EXPECT_EQ(seen.parameters[3], 8u);
    expect_bug(BAD_POOL_CALLER, 8);
    allocate_typed(NonPagedPool, 8, test_tag, 3, 0);
    expect_bug(BAD_POOL_CALLER, 8);
    allocate_typed(NonPagedPool, 8, 0, 0, 0);
    expect_bug(BAD_POOL_CALLER, 0x9b);
    allocate_typed(NonPagedPoolMustSucceed, 8, test_tag, 0, 0);
    expect_bug(BAD_POOL_CALLER, 0x9a);
    EXPECT_EQ(allocate_typed(NonPagedPoolNx, 1ull << 40, test_tag, 0, 0).raise, 0);
    EXPECT_EQ(
        allocate_typed(NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE, 1ull << 40, test_tag, 0, 0).raise,
        STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(allocate_typed(PagedPool, 1ull << 40, test_tag, 0, 0, true).raise,
              STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(
        allocate_typed(PagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, 1ull << 40, test_tag, 0, 0, true).raise,
        0);
    a = allocate_typed(NonPagedPoolNx, 0, test_tag, 0, 0);
    EXPECT_NE(a.block, nullptr) << "zero bytes are a block";
    release(a.block);
}

SIZE_T quota_used[2], quota_limit = 10'000;
NTSTATUS charge(bool paged, SIZE_T bytes, void** charged) {
    if (quota_used[paged] + bytes > quota_limit) return STATUS_QUOTA_EXCEEDED;
    quota_used[paged] += bytes;
    *charged = quota_used;
    return STATUS_SUCCESS;
}

TEST_F(Pool, QuotaIsChargedUntilTheBlockIsReleased) {
    set_quota_hooks({charge, [](void*, bool paged, SIZE_T bytes) { quota_used[paged] -= bytes; }});
    auto a = allocate_typed(PagedPool, 8, test_tag, 0, 0, true);
    auto b = allocate_flags(POOL_FLAG_NON_PAGED | POOL_FLAG_USE_QUOTA, 5000, test_tag, 0, 0);
    EXPECT_TRUE(header(a.block)->type & 8);
    EXPECT_EQ(quota_used[1], 32u) << "with its header";
    EXPECT_EQ(quota_used[0], 8192u) << "whole pages";
    EXPECT_EQ(allocate_typed(NonPagedPool, 3000, test_tag, 0, 0, true).raise, STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(
        allocate_typed(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, 3000, test_tag, 0, 0, true).raise, 0);
    void* kept = allocate(Kind::nonpaged, 100, test_tag);
    EXPECT_EQ(charge_quota(kept), STATUS_SUCCESS);
    EXPECT_EQ(quota_used[0], 8192u + 128u);
    return_quota(kept);
    EXPECT_EQ(quota_used[0], 8192u);
    for (void* block : {a.block, b.block, kept})
        release(block);
    EXPECT_EQ(quota_used[0] + quota_used[1], 0u);
    EXPECT_FALSE(seen);
    set_quota_hooks({});
}

TEST_F(Pool, Flags) {
    auto* dirty = allocate(Kind::nonpaged, 64, test_tag);
    std::memset(dirty, 0xff, 64);
    release(dirty);
    auto a = allocate_flags(POOL_FLAG_NON_PAGED, 64, test_tag, 0, 0);
    EXPECT_EQ(a.block, dirty);
    for (int i = 0; i < 64; ++i)
        EXPECT_EQ(static_cast<std::uint8_t*>(a.block)[i], 0);
    release(a.block);
    auto null = [](ULONGLONG flags, SIZE_T size, ULONG tag) {
        return allocate_flags(flags, size, tag, 0, 0).block == nullptr;
    };
    EXPECT_TRUE(null(0, 8, test_tag));
    EXPECT_TRUE(null(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 8, test_tag));
    EXPECT_TRUE(null(POOL_FLAG_NON_PAGED | POOL_FLAG_RESERVED1, 8, test_tag));
    EXPECT_TRUE(null(POOL_FLAG_NON_PAGED, 0, test_tag));
    EXPECT_TRUE(null(POOL_FLAG_NON_PAGED, 8, 0));
    EXPECT_EQ(allocate_flags(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 1ull << 40, test_tag, 0, 0).raise,
              STATUS_INSUFFICIENT_RESOURCES);
    a = allocate_flags(POOL_FLAG_PAGED | POOL_FLAG_SPECIAL_POOL, 8, test_tag, 0, 0);
    EXPECT_NE(a.block, nullptr) << "optional flags may be unknown";
    release(a.block);
    EXPECT_FALSE(seen);
}

TEST_F(Pool, StatisticsAndLeaks) {
    constexpr ULONG leak = pool::tag("Leak");
    void* a = allocate(Kind::paged, 100, leak, host::places::images + 0x500);
    void* b = allocate(Kind::paged, 5000, leak, host::places::images + 0x600);
    TagUse use{};
    auto visit = [](void* context, const TagUse& u) {
        if (u.tag == leak) *static_cast<TagUse*>(context) = u;
    };
    for_each_tag(visit, &use);
    EXPECT_EQ(use.allocs, 2u);
    EXPECT_EQ(use.bytes, 5100u);
    std::vector<Block> blocks;
    for_each_block(
        [](void* context, const Block& block) {
            if (block.tag == leak) static_cast<std::vector<Block>*>(context)->push_back(block);
            return true;
        },
        &blocks);
    ASSERT_EQ(blocks.size(), 2u);
    EXPECT_EQ(blocks[0].caller + blocks[1].caller, 2 * host::places::images + 0xb00);
    release(a);
    release(b);
    for_each_tag(visit, &use);
    EXPECT_EQ(use.frees, 2u);
    EXPECT_EQ(use.bytes, 0u);
}

TEST_F(Pool, Lookaside) {
    GENERAL_LOOKASIDE list;
    initialize_lookaside(&list, NonPagedPoolNx, 100, test_tag, nullptr, nullptr);
    EXPECT_EQ(list.Size, 100u);
    EXPECT_EQ(lookaside_pop(&list), nullptr);
    EXPECT_EQ(list.AllocateMisses, 1u);
    std::vector<void*> entries;
    for (int i = 0; i < lookaside_depth + 1; ++i)
        entries.push_back(allocate(Kind::nonpaged, 100, test_tag));
    for (int i = 0; i < lookaside_depth; ++i)
        EXPECT_TRUE(lookaside_push(&list, entries[i]));
    EXPECT_FALSE(lookaside_push(&list, entries.back()));
    release(entries.back());
    EXPECT_EQ(list.ListHead.HeaderX64.Depth, lookaside_depth);
    EXPECT_EQ(lookaside_pop(&list), entries[lookaside_depth - 1]);
    release(entries[lookaside_depth - 1]);
    int drained = 0;
    while (void* entry = lookaside_drain(&list)) {
        release(entry);
        ++drained;
    }
    EXPECT_EQ(drained, lookaside_depth - 1);
    EXPECT_EQ(list.TotalAllocates, 2u);
    EXPECT_EQ(list.TotalFrees, lookaside_depth + 1u);
    EXPECT_FALSE(seen);
}

TEST_F(Pool, MdlsComeFromThePool) {
    MDL* mdl = mm::allocate_mdl(0x1000, 200 * 4096);
    Block block;
    EXPECT_TRUE(find_block(address(mdl), block));
    EXPECT_EQ(block.tag, pool::tag("Mdl "));
    mm::free_mdl(mdl);
}

TEST_F(Pool, Speed) {
    auto time = [](SIZE_T size) {
        auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 200'000; ++i)
            release(allocate(Kind::nonpaged, size, test_tag, host::places::images), test_tag);
        std::chrono::duration<double, std::nano> d = std::chrono::steady_clock::now() - start;
        return d.count() / 200'000;
    };
    double small = time(64), middle = time(500), big = time(4096);
    std::printf("allocate + release: 64 bytes %.1f ns, 500 bytes %.1f ns, a page %.1f ns\n", small, middle,
                big);
}

} // namespace
