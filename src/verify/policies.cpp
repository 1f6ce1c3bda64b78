#include "verify/policies.h"
#include <algorithm>
#include <vector>

namespace verify {

using nt::ke::Cause;
using nt::ke::Choice;
using nt::ke::Decision;

namespace {

// Crossings that a processor has, on average, before another may go on; with one processor, before its
// thread's quantum may end early.
constexpr std::uint64_t turn = 6, turn_alone = 2000;

class RoundRobin final : public Policy {
  public:
    Choice decide(const Decision& d) override {
        // The next one above the present, around the end.
        const std::uint64_t above = d.current == 63 ? 0 : d.runnable & ~0ull << (d.current + 1);
        return {.processor = static_cast<unsigned>(__builtin_ctzll(above ? above : d.runnable)),
                .crossings = turn};
    }
};

class Random : public Policy {
  public:
    explicit Random(const PolicyOptions& o) : chance_(o.seed), alone_(o.processors == 1) {}
    Choice decide(const Decision& d) override {
        Choice choice{.processor = pick(d.runnable),
                      .crossings = alone_ ? chance_.around(turn_alone) : chance_.around(turn)};
        // A quantum may be used up at any instant: on a real machine other work has shared it.
        choice.end_quantum =
            d.cause == Cause::countdown && (alone_ ? chance_.one_in(4) : chance_.one_in(200));
        return choice;
    }

  protected:
    unsigned pick(std::uint64_t runnable) {
        return nth_bit(runnable, static_cast<unsigned>(chance_.below(bit_count(runnable))));
    }
    Chance chance_;
    bool alone_;
};

class Step final : public Random {
  public:
    explicit Step(const PolicyOptions& o) : Random(o), user_(o.kind == PolicyKind::step_user) {}
    Choice decide(const Decision& d) override {
        Choice choice = Random::decide(d);
        choice.crossings = chance_.around(turn);
        if (chance_.one_in(2)) {
            // A program's own code lies some way behind the DLLs through which its calls return.
            const unsigned steps =
                1 + static_cast<unsigned>(chance_.below(1 + chance_.below(user_ ? 256 : 32)));
            (user_ ? choice.user_instructions : choice.instructions) = steps;
        }
        return choice;
    }

  private:
    bool user_;
};

// "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (Burckhardt, Kothari, Musuvathi,
// Nagarakatte, ASPLOS 2010), with processors in the place of threads: always the one of highest priority that
// can go on; at depth - 1 random instants the running one falls below all others.
class Pct final : public Policy {
  public:
    Pct(const PolicyOptions& o) : chance_(o.seed) {
        for (unsigned i = 0; i < 64; i++)
            priority_[i] = o.depth + i;
        for (unsigned i = std::min(o.processors, 64u); i > 1; i--)
            std::swap(priority_[i - 1], priority_[chance_.below(i)]);
        for (unsigned i = 1; i < o.depth; i++)
            changes_.push_back(chance_.below(o.length));
        std::sort(changes_.begin(), changes_.end());
    }
    Choice decide(const Decision& d) override {
        std::size_t due = 0;
        while (due < changes_.size() && changes_[due] <= d.time) {
            lower(d.current);
            due++;
        }
        changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(due));
        // Who pauses or spins waits for others, and so does who goes on for long: let it fall, or they never
        // run.
        if (d.current != last_) since_ = d.time;
        if (d.cause == Cause::pause || d.cause == Cause::spin || d.time - since_ > patience) {
            lower(d.current);
            since_ = d.time;
        }
        unsigned best = static_cast<unsigned>(__builtin_ctzll(d.runnable));
        for (std::uint64_t left = d.runnable; left; left &= left - 1)
            if (const auto i = static_cast<unsigned>(__builtin_ctzll(left)); priority_[i] > priority_[best])
                best = i;
        last_ = best;
        const std::uint64_t until = changes_.empty() ? ~0ull : changes_.front() - d.time;
        return {.processor = best, .crossings = std::min<std::uint64_t>(until, turn)};
    }

  private:
    // Below all others: no two are ever equal.
    void lower(unsigned processor) {
        const unsigned old = priority_[processor];
        for (unsigned& p : priority_)
            if (p < old) ++p;
        priority_[processor] = 0;
    }
    static constexpr std::uint64_t patience = 500; // crossings
    Chance chance_;
    unsigned priority_[64];
    unsigned last_ = 0; // who was chosen, and since when it has gone on
    std::uint64_t since_ = 0;
    std::vector<std::uint64_t> changes_; // times at which the running processor falls
};

struct Name {
    PolicyKind kind;
    std::string_view text;
};
constexpr Name names[] = {{PolicyKind::round_robin, "round-robin"},
                          {PolicyKind::random, "random"},
                          {PolicyKind::pct, "pct"},
                          {PolicyKind::step, "step"},
                          {PolicyKind::step_user, "step-user"}};

} // namespace

std::unique_ptr<Policy> make_policy(const PolicyOptions& options) {
    switch (options.kind) {
    case PolicyKind::round_robin:
        return std::make_unique<RoundRobin>();
    case PolicyKind::random:
        return std::make_unique<Random>(options);
    case PolicyKind::step:
    case PolicyKind::step_user:
        return std::make_unique<Step>(options);
    case PolicyKind::pct:
        return std::make_unique<Pct>(options);
    }
    return nullptr;
}

bool parse_policy(std::string_view text, PolicyKind& kind) {
    for (const Name& name : names)
        if (name.text == text) {
            kind = name.kind;
            return true;
        }
    return false;
}

std::string_view policy_name(PolicyKind kind) {
    for (const Name& name : names)
        if (name.kind == kind) return name.text;
    return "?";
}

} // namespace verify
