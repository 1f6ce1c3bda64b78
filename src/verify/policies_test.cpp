#include "verify/policies.h"
#include "verify/replay.h"
#include <gtest/gtest.h>

using namespace verify;
using nt::ke::Cause;
using nt::ke::Choice;
using nt::ke::Decision;

namespace {

// A run of decisions with every processor runnable, as text.
std::string choices(Policy& policy, unsigned count, std::uint64_t runnable = 0xf) {
    std::string out;
    std::uint64_t time = 0;
    unsigned current = 0;
    for (unsigned i = 0; i < count; i++) {
        const Choice c = policy.decide({i, time, Cause::countdown, current, runnable});
        EXPECT_TRUE(runnable >> c.processor & 1);
        out += std::to_string(c.processor) + "/" + std::to_string(c.crossings) + " ";
        current = c.processor;
        time += c.crossings < 1000 ? c.crossings : 1000;
    }
    return out;
}

TEST(Policies, OneSeedOneSchedule) {
    for (const auto kind : {PolicyKind::round_robin, PolicyKind::random, PolicyKind::pct, PolicyKind::step,
                            PolicyKind::step_user}) {
        const PolicyOptions one{kind, 7, 4, 3, 10000}, other{kind, 8, 4, 3, 10000};
        EXPECT_EQ(choices(*make_policy(one), 500), choices(*make_policy(one), 500));
        if (kind == PolicyKind::round_robin) continue;
        EXPECT_NE(choices(*make_policy(one), 500), choices(*make_policy(other), 500)) << policy_name(kind);
    }
}

TEST(Policies, RoundRobinGoesAround) {
    auto policy = make_policy({PolicyKind::round_robin});
    EXPECT_EQ(choices(*policy, 5, 0b1011), "1/6 3/6 0/6 1/6 3/6 ");
}

TEST(Policies, RandomReachesEveryProcessor) {
    auto policy = make_policy({PolicyKind::random, 3, 64});
    std::uint64_t seen = 0;
    for (unsigned i = 0; i < 2000; i++)
        seen |= 1ull << policy->decide({i, i, Cause::countdown, 0, ~0ull}).processor;
    EXPECT_EQ(seen, ~0ull);
}

TEST(Policies, PctStaysWithTheHighestUntilAChange) {
    auto policy = make_policy({PolicyKind::pct, 5, 4, 1, 1000}); // depth 1: no changes
    unsigned first = policy->decide({0, 0, Cause::countdown, 0, 0xf}).processor;
    for (unsigned i = 1; i < 20; i++)
        EXPECT_EQ(policy->decide({i, i * 20, Cause::countdown, first, 0xf}).processor, first);
    // It spins: another one goes on.
    EXPECT_NE(policy->decide({100, 400, Cause::spin, first, 0xfull & ~(1ull << first)}).processor, first);
    EXPECT_NE(policy->decide({101, 401, Cause::countdown, first, 0xf}).processor, first);
}

TEST(Policies, PctLetsNobodyStarve) {
    for (std::uint64_t seed = 1; seed <= 50; seed++) {
        auto policy = make_policy({PolicyKind::pct, seed, 2, 3, 1000});
        unsigned ran[2] = {}, current = 0;
        for (std::uint64_t i = 0; i < 2000; i++) {
            current = policy->decide({i, i * 6, Cause::countdown, current, 3}).processor;
            ran[current]++;
        }
        EXPECT_GT(ran[0], 500u) << seed;
        EXPECT_GT(ran[1], 500u) << seed;
    }
}

TEST(Policies, NamesAreParsed) {
    PolicyKind kind;
    EXPECT_TRUE(parse_policy("round-robin", kind));
    EXPECT_EQ(kind, PolicyKind::round_robin);
    EXPECT_FALSE(parse_policy("roundrobin", kind));
}

[[noreturn]] void throw_mismatch(const char* text) { throw std::string(text); }

TEST(Replay, MakesTheRecordedChoices) {
    auto policy = make_policy({PolicyKind::random, 9, 4});
    Recording recording(*policy, 4);
    const std::string first = choices(recording, 200);
    Replay replay;
    std::string error;
    ASSERT_TRUE(replay.parse(recording.text(), error)) << error;
    EXPECT_EQ(replay.processors(), 4u);
    replay.mismatch = throw_mismatch;
    EXPECT_EQ(choices(replay, 200), first);
}

TEST(Replay, NamesTheFirstDecisionThatDiffers) {
    Replay replay;
    std::string error;
    ASSERT_TRUE(replay.parse("drvlab schedule 1\n2 processors\n0 countdown 0 3 -> 0 20 0 0 0\n"
                             "20 countdown 0 3 -> 1 20 0 0 0\n",
                             error));
    replay.mismatch = throw_mismatch;
    EXPECT_EQ(replay.decide({0, 0, Cause::countdown, 0, 3}).processor, 0u);
    try {
        replay.decide({1, 21, Cause::idle, 0, 2});
        FAIL();
    } catch (const std::string& text) {
        EXPECT_EQ(text,
                  "decision 2 differs from the recorded schedule: at 0.0021 ms, idle, on processor 0, of 2; "
                  "recorded: at 0.0020 ms, countdown, on processor 0, of 3");
    }
}

TEST(Replay, RefusesWhatIsNoSchedule) {
    std::string error;
    EXPECT_FALSE(Replay().parse("", error));
    EXPECT_EQ(error, "line 1: this is no schedule ('drvlab schedule 1' is expected)");
    EXPECT_FALSE(Replay().parse("drvlab schedule 1\n65 processors\n", error));
    EXPECT_FALSE(Replay().parse("drvlab schedule 1\n2 processors\n0 countdown\n", error));
    EXPECT_EQ(error, "line 3: this is no decision");
}

} // namespace
