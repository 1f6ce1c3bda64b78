// Schedule policies: which virtual processor goes on at a decision (kernel/ke/schedule_policy.h). Each is a
// function of its seed and the decisions before, nothing else.
#pragma once
#include "kernel/ke/schedule_policy.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace verify {

enum class PolicyKind : std::uint8_t {
    round_robin, // every processor in turn, for as long
    random,      // any processor, for a random while; a thread's quantum may end early
    pct,  // probabilistic concurrency testing: processors have priorities, which change at a few random
          // instants; finds a race of depth d with a probability that is known
    step, // random, and now and then a few instructions are single-stepped before the next decision, so that
          // it can come between any two instructions of a driver
    step_user, // the same for programs
};

struct PolicyOptions {
    PolicyKind kind = PolicyKind::random;
    std::uint64_t seed = 1;
    unsigned processors = 1;
    unsigned depth = 3;           // pct: races of up to this many ordering constraints
    std::uint64_t length = 10000; // pct: expected number of crossings of a run
};

std::unique_ptr<class Policy> make_policy(const PolicyOptions& options);
// "round-robin", "random", "pct", "step", "step-user"; false: no such policy.
bool parse_policy(std::string_view text, PolicyKind& kind);
std::string_view policy_name(PolicyKind kind);

class Policy : public nt::ke::SchedulePolicy {
  public:
    virtual ~Policy() = default;
};

// SplitMix64: the machine's one source of chance for schedules.
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x1234567) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    // 0 to bound - 1.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    // 1 and up, `mean` on average, short ones more often.
    std::uint64_t around(std::uint64_t mean) { return 1 + below(1 + below(4 * mean)); }

  private:
    std::uint64_t state_;
};

// How many bits are set in each byte of a mask and those below it.
inline std::uint64_t bits_up_to_bytes(std::uint64_t mask) {
    mask -= mask >> 1 & 0x5555555555555555;
    mask = (mask & 0x3333333333333333) + (mask >> 2 & 0x3333333333333333);
    return ((mask + (mask >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101;
}
inline unsigned bit_count(std::uint64_t mask) { return static_cast<unsigned>(bits_up_to_bytes(mask) >> 56); }

// The n-th set bit of a mask, which has that many.
inline unsigned nth_bit(std::uint64_t mask, unsigned n) {
    constexpr std::uint64_t ones = 0x0101010101010101, tops = ones << 7;
    const std::uint64_t up_to = bits_up_to_bytes(mask);
    // The top bit stays in each byte whose number is above n; the first of them has the bit.
    const unsigned byte =
        static_cast<unsigned>(__builtin_ctzll(((up_to | tops) - (n + 1) * ones) & tops)) & ~7u;
    n -= static_cast<unsigned>((up_to << 8) >> byte & 0xff);
    for (mask >>= byte; n; n--)
        mask &= mask - 1;
    return byte + static_cast<unsigned>(__builtin_ctzll(mask));
}

} // namespace verify
