#include "hardware/events.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace nt::hardware::events {
namespace {

struct Events : testing::Test {
    void SetUp() override { clear(); }
    void TearDown() override { clear(); }
};

std::vector<int> seen;
struct Mark {
    int number;
};
void mark(void* m) { seen.push_back(static_cast<Mark*>(m)->number); }

TEST_F(Events, ByTimeThenByOrderOfScheduling) {
    seen.clear();
    Mark marks[4] = {{0}, {1}, {2}, {3}};
    schedule(20, mark, &marks[0]);
    schedule(10, mark, &marks[1]);
    schedule(20, mark, &marks[2]);
    schedule(10, mark, &marks[3]);
    EXPECT_EQ(next_due(), 10u);
    run_due(9);
    EXPECT_TRUE(seen.empty());
    run_due(30);
    EXPECT_EQ(seen, (std::vector{1, 3, 0, 2}));
    EXPECT_EQ(next_due(), never);
}

TEST_F(Events, CancelFindsOnlyItsOwn) {
    seen.clear();
    Mark a{1}, b{2};
    const Id first = schedule(5, mark, &a);
    EXPECT_TRUE(cancel(first));
    EXPECT_FALSE(cancel(first));
    const Id second = schedule(5, mark, &b); // takes the same slot
    EXPECT_FALSE(cancel(first));
    run_due(5);
    EXPECT_EQ(seen, (std::vector{2}));
    EXPECT_FALSE(cancel(second)) << "it has run";
    EXPECT_FALSE(cancel(0));
}

TEST_F(Events, WhatACallbackSchedulesComesAfterIt) {
    static std::vector<ULONGLONG> times;
    times.clear();
    struct Again {
        static void run(void*) {
            times.push_back(time_of_running(0));
            schedule(0, run, nullptr); // long due
            run_due(1000);             // and this does nothing
        }
    };
    schedule(10, Again::run, nullptr);
    run_due(13);
    EXPECT_EQ(times, (std::vector<ULONGLONG>{10, 11, 12, 13}));
    EXPECT_EQ(next_due(), 14u);
    EXPECT_EQ(time_of_running(5), 5u);
}

TEST_F(Events, ManyInRandomOrder) {
    std::mt19937 random(1);
    struct Item {
        ULONGLONG due;
        int order;
        Id id;
        bool cancelled;
    };
    static std::vector<std::pair<ULONGLONG, int>> ran;
    ran.clear();
    std::vector<Item> items(2000);
    const auto run = [](void* p) {
        const auto& item = *static_cast<Item*>(p);
        EXPECT_FALSE(item.cancelled);
        ran.push_back({item.due, item.order});
    };
    int order = 0;
    for (Item& item : items) {
        item = {random() % 100, order++, 0, false};
        item.id = schedule(item.due, run, &item);
    }
    std::size_t left = items.size();
    for (int i = 0; i < 700; i++) {
        Item& item = items[random() % items.size()];
        EXPECT_EQ(cancel(item.id), !item.cancelled);
        left -= !item.cancelled;
        item.cancelled = true;
    }
    EXPECT_EQ(pending(), left);
    for (ULONGLONG now = 0; now < 100; now += 7)
        run_due(now);
    run_due(100);
    EXPECT_EQ(ran.size(), left);
    EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

} // namespace
} // namespace nt::hardware::events
