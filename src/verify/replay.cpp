#include "verify/replay.h"
#include <cstdio>
#include <sstream>

namespace verify {

using nt::ke::Cause;
using nt::ke::Choice;
using nt::ke::Decision;

namespace {

constexpr const char* causes[] = {"countdown", "step", "spin", "pause", "idle"};
constexpr const char* head = "drvlab schedule 1";

const char* cause_name(Cause cause) { return causes[static_cast<unsigned>(cause)]; }

bool parse_cause(const std::string& text, Cause& cause) {
    for (unsigned i = 0; i < std::size(causes); i++)
        if (text == causes[i]) {
            cause = static_cast<Cause>(i);
            return true;
        }
    return false;
}

std::string describe(const Decision& d) {
    char text[120];
    std::snprintf(text, sizeof text, "at %.4f ms, %s, on processor %u, of %llx",
                  static_cast<double>(d.time) / 10000, cause_name(d.cause), d.current,
                  static_cast<unsigned long long>(d.runnable));
    return text;
}

bool same(const Decision& a, const Decision& b) {
    return a.time == b.time && a.cause == b.cause && a.current == b.current && a.runnable == b.runnable;
}

} // namespace

Choice Recording::decide(const Decision& d) {
    const Choice c = policy_.decide(d);
    char line[160];
    std::snprintf(
        line, sizeof line, "%llu %s %u %llx -> %u %llu %u %d %u\n", static_cast<unsigned long long>(d.time),
        cause_name(d.cause), d.current, static_cast<unsigned long long>(d.runnable), c.processor,
        static_cast<unsigned long long>(c.crossings), c.instructions, c.end_quantum, c.user_instructions);
    lines_ += line;
    return c;
}

std::string Recording::text() const {
    return std::string(head) + "\n" + std::to_string(processors_) + " processors\n" + lines_;
}

bool Replay::parse(std::string_view text, std::string& error) {
    std::istringstream in{std::string(text)};
    std::string line;
    unsigned number = 1;
    const auto fail = [&](const char* what) {
        error = "line " + std::to_string(number) + ": " + what;
        return false;
    };
    if (!std::getline(in, line) || line != head)
        return fail("this is no schedule ('drvlab schedule 1' is expected)");
    number = 2;
    std::string word;
    if (!std::getline(in, line) || !(std::istringstream(line) >> processors_ >> word) ||
        word != "processors" || processors_ < 1 || processors_ > 64)
        return fail("'N processors' is expected");
    while (std::getline(in, line)) {
        ++number;
        Entry e{};
        std::string cause, arrow;
        int ended;
        std::istringstream words(line);
        if (!(words >> e.decision.time >> cause >> e.decision.current >> std::hex >> e.decision.runnable >>
              std::dec >> arrow >> e.choice.processor >> e.choice.crossings >> e.choice.instructions >>
              ended >> e.choice.user_instructions) ||
            arrow != "->" || !parse_cause(cause, e.decision.cause) || e.choice.processor > 63)
            return fail("this is no decision");
        e.choice.end_quantum = ended;
        entries_.push_back(e);
    }
    return true;
}

Choice Replay::decide(const Decision& d) {
    if (at_ < entries_.size() && same(entries_[at_].decision, d) &&
        d.runnable >> entries_[at_].choice.processor & 1)
        return entries_[at_++].choice;
    const std::string text =
        "decision " + std::to_string(at_ + 1) + " differs from the recorded schedule: " + describe(d) +
        "; recorded: " + (at_ < entries_.size() ? describe(entries_[at_].decision) : "the end");
    mismatch(text.c_str());
    return {.processor = static_cast<unsigned>(__builtin_ctzll(d.runnable))};
}

} // namespace verify
