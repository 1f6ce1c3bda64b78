// Runs of drvlab and how long they take.
#pragma once
#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

extern std::string here; // the build directory

[[noreturn]] void die(const std::string& why);
double nanoseconds_since(Clock::time_point start);
// Of this process, all threads.
double processor_time();

struct Child {
    pid_t pid = 0;
    int input = -1; // write end of its standard input, if it has one
};
Child start(const Words& words, bool with_input = false);
// Waits for its end, which must be a success; gives the nanoseconds that its first thread, the machine's, has
// run. What other threads do beside it (one prepares the pages of a trace file) is not in it.
double finish(const Child& child, const Words& words);
double run(const Words& words);

// `drvlab run` with the bench driver and its client.
Words drvlab_run(const Words& client, const Words& options = {});

// The cost of doing something once, from runs that do it many times and not at all; the shortest of either
// kind count.
struct Measure {
    Words client; // what to do
    unsigned count;
    Words more = {}; // words of the client after the count
    Words options = {};
    unsigned none_count = 0;         // that counts as not at all
    double none = 1e18, some = 1e18; // the shortest runs

    void take();
    double cost() const { return some > none ? (some - none) / (count - none_count) : 0; } // nanoseconds
};

} // namespace bench
