// drvlab-bench: requests through Drvlab against Linux system calls, measured in one run.
//
// A row's cost is the difference between a run of drvlab with many requests and one with none, divided by
// their number. Of several runs the shortest counts, and what is counted is processor time of the machine's
// thread, so that what else the computer does falls out. Each ratio's unit is ioctl(2) on /dev/null, measured
// between the runs. Limits are those of the project's first milestone.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

std::string here; // the build directory

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "drvlab-bench: %s\n", why.c_str());
    std::exit(1);
}

double nanoseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

struct Child {
    pid_t pid = 0;
    int input = -1; // write end of its standard input, if it has one
};

Child start(const Words& words, bool with_input = false) {
    std::vector<char*> argv;
    for (const auto& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    Child child;
    int pipes[2];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (with_input) {
        if (pipe2(pipes, O_CLOEXEC) != 0) die("pipe");
        posix_spawn_file_actions_adddup2(&actions, pipes[0], 0);
        child.input = pipes[1];
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    const int error = posix_spawn(&child.pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (with_input) close(pipes[0]);
    if (error) die(words[0] + ": " + std::strerror(error));
    return child;
}

// Nanoseconds that the child's first thread, the machine's, has run; the child has ended but was not waited
// for. What other threads do beside it (pages of a trace file are prepared by one) is not in it.
double time_of_machine_thread(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
    double nanoseconds = 0;
    file >> nanoseconds;
    return nanoseconds;
}

double finish(const Child& child, const Words& words) {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT);
    const double used = time_of_machine_thread(child.pid);
    int status = 0;
    waitpid(child.pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return used;
    std::string line;
    for (const auto& word : words)
        line += " " + word;
    die("this run failed:" + line);
}

double run(const Words& words) { return finish(start(words), words); }

double processor_time() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double linux_ioctl() {
    static const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    constexpr int calls = 1'000'000;
    const double begin = processor_time();
    for (int i = 0; i < calls; ++i) {
        char buffer[64];
        ioctl(null, 0x5401, buffer); // TCGETS: no terminal, ENOTTY
    }
    return (processor_time() - begin) / calls;
}

Words drvlab_run(const Words& client, const std::string& trace = "") {
    Words words{here + "/drvlab", "run", "--driver", here + "/guest/bench.sys"};
    if (!trace.empty()) words.insert(words.end(), {"--trace", trace});
    words.insert(words.end(), {"--", here + "/guest/bench_client.exe"});
    words.insert(words.end(), client.begin(), client.end());
    return words;
}

struct Row {
    std::string name;
    double value = 0;
    const char* unit = "ns";
    double ratio = 0; // to Linux, or to the row's own measure
    double limit = 0; // 0: none
};

struct Kind {
    const char* name;
    unsigned count;
    double cost = 0; // ns per request, best so far
    Words more = {}; // filters and mode
    std::string trace = "";
    double none = 1e18, some = 1e18; // the shortest runs

    void measure() {
        const auto line = [&](unsigned n) {
            Words client{name, std::to_string(n)};
            client.insert(client.end(), more.begin(), more.end());
            return drvlab_run(client, trace);
        };
        none = std::min({none, run(line(0)), run(line(0))});
        some = std::min(some, run(line(count)));
        cost = std::max(0.0, some - none) / count;
        if (!trace.empty()) unlink(trace.c_str());
    }
};

double handle_cost(unsigned base, unsigned count) {
    double none = 1e18, some = 1e18;
    for (int i = 0; i < 5; ++i) {
        none = std::min(none, run(drvlab_run({"handles", std::to_string(base), "0"})));
        some = std::min(some, run(drvlab_run({"handles", std::to_string(base), std::to_string(count)})));
    }
    return std::max(0.0, some - none) / count;
}

// Milliseconds from posix_spawn to the end of a program that opens the Null device, writes three bytes and
// closes it.
double start_to_first_request() {
    const Words words{here + "/drvlab",           "run", "--driver", here + "/guest/null.sys", "--",
                      here + "/guest/write3.exe", "NUL"};
    double best = 1e18;
    for (int i = 0; i < 15; ++i) {
        const auto begin = Clock::now();
        finish(start(words), words);
        best = std::min(best, nanoseconds_since(begin) / 1e6);
    }
    return best;
}

// A machine whose client waits for input.
double idle_memory() {
    const Words words{here + "/drvlab",         "run", "--driver",
                      here + "/guest/null.sys", "--",  here + "/guest/hello.exe"};
    const Child child = start(words, true);
    usleep(500'000);
    std::ifstream status("/proc/" + std::to_string(child.pid) + "/status");
    double mb = 0;
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) mb = std::atof(line.c_str() + 6) / 1024;
    const ssize_t sent = write(child.input, "Ada 0\n", 6);
    close(child.input);
    finish(child, words);
    if (sent != 6 || mb == 0) die("the idle machine could not be measured");
    return mb;
}

void print(const std::vector<Row>& rows) {
    std::printf("%-52s %10s %7s %7s\n", "", "", "ratio", "limit");
    for (const Row& r : rows) {
        std::printf("%-52s %7.1f %-2s", r.name.c_str(), r.value, r.unit);
        if (r.ratio != 0) std::printf(" %7.2f", r.ratio);
        if (r.limit != 0) std::printf(" %7.2f%s", r.limit, r.ratio > r.limit ? "  OVER" : "");
        std::printf("\n");
    }
}

bool write_json(const std::vector<Row>& rows, const std::string& path) {
    std::FILE* out = std::fopen(path.c_str(), "w");
    if (!out) return false;
    std::fprintf(out, "[");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& r = rows[i];
        std::fprintf(
            out, "%s\n  {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"ratio\": %.3f, \"limit\": ",
            i ? "," : "", r.name.c_str(), r.value, r.unit, r.ratio);
        if (r.limit != 0)
            std::fprintf(out, "%g}", r.limit);
        else
            std::fprintf(out, "null}");
    }
    std::fprintf(out, "\n]\n");
    return std::fclose(out) == 0;
}

} // namespace

int main(int argc, char** argv) {
    std::string json;
    int rounds = 5;
    for (int i = 1; i < argc; ++i)
        if (!std::strcmp(argv[i], "--json") && i + 1 < argc)
            json = argv[++i];
        else if (!std::strcmp(argv[i], "--quick"))
            rounds = 1;
        else
            return std::fprintf(stderr, "usage: drvlab-bench [--json FILE] [--quick]\n"), 2;
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    here = std::string(path, n > 0 ? static_cast<std::size_t>(n) : 0);
    here.erase(here.rfind('/'));
    const char* tmp = std::getenv("TMPDIR");
    const std::string trace =
        std::string(tmp ? tmp : "/tmp") + "/drvlab-bench." + std::to_string(getpid()) + ".trace";

    Kind kcontrol{"kcontrol", 1'000'000}, control{"control", 1'000'000}, kdirect{"kdirect", 500'000},
        kwrite{"kwrite", 1'000'000}, write{"write", 1'000'000}, kopen{"kopen", 100'000}, open{"open", 50'000},
        filters_none{.name = "kcontrol", .count = 500'000, .more = {"0", "0"}},
        filters_skip{.name = "kcontrol", .count = 500'000, .more = {"4", "0"}},
        filters_copy{.name = "kcontrol", .count = 500'000, .more = {"4", "1"}},
        traced{.name = "kcontrol", .count = 100'000, .trace = trace};
    double unit = 1e18;
    for (int round = 0; round < rounds; ++round) {
        unit = std::min(unit, linux_ioctl());
        for (Kind* k : {&kcontrol, &control, &kdirect, &kwrite, &write, &kopen, &open, &filters_none,
                        &filters_skip, &filters_copy, &traced})
            k->measure();
        unit = std::min(unit, linux_ioctl());
    }
    const auto row = [&](const char* name, double value, double limit) {
        return Row{name, value, "ns", value / unit, limit};
    };
    const double few = handle_cost(10, 200'000), many = handle_cost(1'000'000, 200'000);
    std::vector<Row> rows{
        {"Linux ioctl(2) on /dev/null", unit, "ns", 1, 0},
        row("NtDeviceIoControlFile, 64 bytes, buffered", kcontrol.cost, 0.6),
        row("the same by DeviceIoControl from a program", control.cost, 0.9),
        row("METHOD_OUT_DIRECT, 4 KB through the MDL", kdirect.cost, 1.2),
        row("NtWriteFile of 64 bytes", kwrite.cost, 0.6),
        row("the same by WriteFile from a program", write.cost, 0),
        row("each further filter: skip", std::max(0.0, filters_skip.cost - filters_none.cost) / 4, 0.25),
        row("each further filter: copy + completion routine",
            std::max(0.0, filters_copy.cost - filters_none.cost) / 4, 0.4),
        row("open + close by name", kopen.cost, 5),
        row("the same by CreateFile from a program", open.cost, 0),
        row("tracing on, per request", std::max(0.0, traced.cost - kcontrol.cost), 1.0),
    };
    rows.push_back({"handle operation, 10 open", few, "ns", 1, 0});
    rows.push_back({"handle operation, 1 million open", many, "ns", many / few, 2});
    const double first = start_to_first_request(), idle = idle_memory();
    rows.push_back({"process start to first completed request", first, "ms", first / 25, 1});
    rows.push_back({"resident memory of an idle machine", idle, "MB", idle / 40, 1});
    print(rows);
    if (!json.empty() && !write_json(rows, json)) die("cannot write " + json);
    return 0;
}
