#include "host/machine_heap.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/report.h"
#include "kernel/ke/watched_memory.h"
#include <gtest/gtest.h>
#include <string>

using namespace nt;
using namespace nt::ke;

namespace {

PVOID lock_at(ULONG_PTR address) { return reinterpret_cast<PVOID>(address); }

TEST(HeldLocks, FindsTheNewestAndKeepsTheOrder) {
    HeldLocks locks{};
    for (ULONG_PTR i = 1; i <= 3; i++)
        locks.add({0x1000 * i, i, LockKind::spin, 0});
    locks.add({0x2000, 4, LockKind::push_shared, 1});
    ASSERT_NE(locks.find(lock_at(0x2000)), nullptr);
    EXPECT_EQ(locks.find(lock_at(0x2000))->caller, 4u);
    locks.remove(locks.find(lock_at(0x2000)));
    EXPECT_EQ(locks.find(lock_at(0x2000))->caller, 2u);
    locks.remove(locks.find(lock_at(0x1000)));
    ASSERT_EQ(locks.count(), 2u);
    EXPECT_EQ(locks[0].lock, 0x2000u);
    EXPECT_EQ(locks[1].lock, 0x3000u);
    EXPECT_EQ(locks.find(lock_at(0x1000)), nullptr);
}

TEST(HeldLocks, HoldsAnyNumber) {
    HeldLocks locks{};
    for (ULONG_PTR i = 0; i < 1000; i++) {
        mark_memory(lock_at(0x10000 + i));
        locks.add({0x10000 + i, i, LockKind::push_shared, 0});
    }
    for (ULONG_PTR i = 0; i < 1000; i += 2) {
        unmark_memory(lock_at(0x10000 + i));
        locks.remove(locks.find(lock_at(0x10000 + i)));
    }
    ASSERT_EQ(locks.count(), 500u);
    for (ULONG i = 0; i < 500; i++)
        EXPECT_EQ(locks[i].caller, 2 * i + 1);
    locks.release_memory();
    EXPECT_EQ(locks.count(), 0u);
    EXPECT_FALSE(is_marked(0x10000, 0x1000));
}

TEST(WatchedMemory, TellsOfMarkedMemoryOnly) {
    static int told = 0;
    watch_freed_memory([](ULONG_PTR address, SIZE_T size) { told += address <= 0x55555000 && size > 0; });
    memory_freed(0x55554000, 0x3000);
    EXPECT_EQ(told, 0);
    mark_memory(lock_at(0x55555008));
    memory_freed(0x55554000, 0x3000);
    EXPECT_EQ(told, 1);
    unmark_memory(lock_at(0x55555008));
    memory_freed(0x55554000, 0x3000);
    EXPECT_EQ(told, 1);
}

TEST(Report, TellsARuleOncePerPlace) {
    static std::string said;
    report_sink = [](const Report& r) { said += std::string(r.rule) + " " + r.text + "\n"; };
    report_at(0x1234, "SpinLock", verifier_stop(1), "number %d", 1);
    report_at(0x1234, "SpinLock", verifier_stop(1), "number %d", 2);
    report_at(0x1235, "SpinLock", verifier_stop(1), "number %d", 3);
    report_at(0x1234, "RemoveLock", verifier_stop(1), "number %d", 4);
    EXPECT_EQ(said, "SpinLock number 1\nSpinLock number 3\nRemoveLock number 4\n");
    forget_reports();
    report_at(0x1234, "SpinLock", verifier_stop(1), "number %d", 5);
    EXPECT_TRUE(said.ends_with("number 5\n"));
    report_sink = [](const Report&) {};
}

} // namespace
