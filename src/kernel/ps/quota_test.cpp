#include "abi/status.h"
#include "kernel/ob/test_boot.h"
#include "kernel/ps/quota.h"

using namespace nt;

namespace {

void boot() { test::boot_base(); }

// Also when a driver has returned quota that others are charged for.
KERNEL_TEST(Quota, BlockStaysForWhatIsChargedToIt) {
    static EPROCESS system, process;
    static EPROCESS* system_process = &system;
    ob::set_process_hooks({.system_process = &system_process});
    ps::initialize_quotas();
    ASSERT_EQ(ps::create_quota_block(process, nullptr), STATUS_SUCCESS);
    EPROCESS_QUOTA_BLOCK* block = process.QuotaBlock;
    ke::current_thread().process = &process;
    void* memory = pool::allocate(pool::Kind::paged, 100, pool::tag("Test"));
    ASSERT_EQ(pool::charge_quota(memory), STATUS_SUCCESS);
    PVOID charged = nullptr;
    ASSERT_EQ(ps::charge_object(16, 32, &charged), STATUS_SUCCESS);
    EXPECT_EQ(charged, block);
    for (const ps::QuotaPool pool : {ps::nonpaged_quota, ps::paged_quota})
        EXPECT_TRUE(ps::return_quota(block, pool, block->QuotaEntry[pool].Usage));
    ke::current_thread().process = nullptr;
    ps::leave_quota_block(process);

    const auto there = [&] {
        pool::Block found;
        return pool::find_block(reinterpret_cast<std::uint64_t>(block), found);
    };
    EXPECT_TRUE(there());
    pool::release(memory);
    EXPECT_TRUE(there());
    ps::give_back_object(charged, 16, 32);
    EXPECT_FALSE(there());
    pool::set_quota_hooks({});
    ob::set_process_hooks({});
}

} // namespace
