// drvlab-bench: Drvlab against Linux system calls, measured in one run.
//
// A row's cost is the difference between a run of drvlab that does something many times and one that does not
// do it, divided by their number (run.h). Of several runs the shortest counts, and what is counted is
// processor time of the machine's thread, so that what else the computer does falls out. Requests have
// ioctl(2) on /dev/null as their unit, measured between the runs. A limit without a ratio is in the value's
// own unit.
#include "kernel_rows.h"
#include "linux_costs.h"
#include "run.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace {

using namespace bench;

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

    const auto requests = [](const char* kind, unsigned count, Words more = {}, Words options = {}) {
        return Measure{{kind}, count, std::move(more), std::move(options)};
    };
    Measure kcontrol = requests("kcontrol", 1'000'000), kbuild = requests("kbuild", 500'000),
            control = requests("control", 1'000'000), kdirect = requests("kdirect", 500'000),
            kwrite = requests("kwrite", 1'000'000), write = requests("write", 1'000'000),
            kopen = requests("kopen", 100'000), open = requests("open", 50'000),
            filters_none = requests("kcontrol", 500'000, {"0", "0"}),
            filters_skip = requests("kcontrol", 500'000, {"4", "0"}),
            filters_copy = requests("kcontrol", 500'000, {"4", "1"}),
            filters_100 = requests("kcontrol", 100'000, {"100", "0"}),
            traced = requests("kcontrol", 100'000, {}, {"--trace", trace});
    KernelRows kernel(trace);
    double unit = 1e18;
    for (int round = 0; round < rounds; ++round) {
        unit = std::min(unit, linux_ioctl());
        for (Measure* m : {&kcontrol, &control, &kbuild, &kdirect, &kwrite, &write, &kopen, &open,
                           &filters_none, &filters_skip, &filters_copy, &filters_100, &traced})
            m->take();
        unlink(trace.c_str());
        unit = std::min(unit, linux_ioctl());
        kernel.take();
    }
    const auto row = [&](const char* name, double value, double limit) {
        return Row{name, value, "ns", value / unit, limit};
    };
    const double few = handle_cost(10, 200'000), many = handle_cost(1'000'000, 200'000);
    const double filter = std::max(0.1, filters_skip.cost() - filters_none.cost()) / 4,
                 one_of_100 = std::max(0.0, filters_100.cost() - filters_none.cost()) / 100;
    std::vector<Row> rows{
        {"Linux ioctl(2) on /dev/null", unit, "ns", 1, 0},
        row("NtDeviceIoControlFile, 64 bytes, buffered", kcontrol.cost(), 0.6),
        row("the same by DeviceIoControl from a program", control.cost(), 0.9),
        row("METHOD_OUT_DIRECT, 4 KB through the MDL", kdirect.cost(), 1.2),
        row("NtWriteFile of 64 bytes", kwrite.cost(), 0.6),
        row("the same by WriteFile from a program", write.cost(), 0),
        row("each further filter: skip", filter, 0.25),
        {"each of 100 filters, to each of four", one_of_100, "ns", one_of_100 / filter, 2},
        row("each further filter: copy + completion routine",
            std::max(0.0, filters_copy.cost() - filters_none.cost()) / 4, 0.4),
        row("open + close by name", kopen.cost(), 5),
        row("the same by CreateFile from a program", open.cost(), 0),
        row("tracing on, per request", std::max(0.0, traced.cost() - kcontrol.cost()), 1.0),
    };
    rows.push_back({"IoBuildDeviceIoControlRequest, sent and waited for", kbuild.cost(), "ns",
                    kbuild.cost() / control.cost(), 1.2});
    rows.push_back({"handle operation, 10 open", few, "ns", 1, 0});
    rows.push_back({"handle operation, 1 million open", many, "ns", many / few, 2});
    for (const Row& r : kernel.rows())
        rows.push_back(r);
    rows.push_back({"process start to first completed request", start_to_first_request(), "ms", 0, 25});
    rows.push_back({"resident memory of an idle machine", idle_memory(), "MB", 0, 40});
    print(rows);
    if (!json.empty() && !write_json(rows, json)) die("cannot write " + json);
    return 0;
}
