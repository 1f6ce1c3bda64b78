// Recording and replaying schedules: every decision of a run as a line of text. A replay makes the same
// choices as long as the run comes to the same decisions; the first one that differs is named, and stops the
// machine.
//
//     drvlab schedule 1
//     4 processors
//     1234 countdown 0 f -> 2 17 0 0 0      time, cause, current, runnable (hexadecimal) -> processor,
//     crossings,
//                                         instructions to step, quantum ended, instructions of programs
#pragma once
#include "verify/policies.h"
#include <string>
#include <vector>

namespace verify {

// Passes decisions on to `policy` and keeps them.
class Recording final : public Policy {
  public:
    explicit Recording(Policy& policy, unsigned processors) : policy_(policy), processors_(processors) {}
    nt::ke::Choice decide(const nt::ke::Decision& decision) override;
    std::string text() const;

  private:
    Policy& policy_;
    unsigned processors_;
    std::string lines_;
};

class Replay final : public Policy {
  public:
    // False: `error` says what is wrong and in which line.
    bool parse(std::string_view text, std::string& error);
    unsigned processors() const { return processors_; }
    nt::ke::Choice decide(const nt::ke::Decision& decision) override;

    // Called with the first decision that differs; does not return (plugged by app).
    void (*mismatch)(const char* text) = nullptr;

  private:
    struct Entry {
        nt::ke::Decision decision;
        nt::ke::Choice choice;
    };
    std::vector<Entry> entries_;
    std::size_t at_ = 0;
    unsigned processors_ = 1;
};

} // namespace verify
