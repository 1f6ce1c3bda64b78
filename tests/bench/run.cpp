#include "run.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bench {

std::string here;

void die(const std::string& why) {
    std::fprintf(stderr, "drvlab-bench: %s\n", why.c_str());
    std::exit(1);
}

double nanoseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

double processor_time() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

Child start(const Words& words, bool with_input) {
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

// The child has ended but was not waited for.
static double time_of_machine_thread(pid_t pid) {
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

Words drvlab_run(const Words& client, const Words& options) {
    Words words{here + "/drvlab", "run", "--driver", here + "/guest/bench.sys"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", here + "/guest/bench_client.exe"});
    words.insert(words.end(), client.begin(), client.end());
    return words;
}

void Measure::take() {
    const auto line = [&](unsigned n) {
        Words words = client;
        words.push_back(std::to_string(n));
        words.insert(words.end(), more.begin(), more.end());
        return drvlab_run(words, options);
    };
    none = std::min({none, run(line(none_count)), run(line(none_count))});
    some = std::min(some, run(line(count)));
}

} // namespace bench
