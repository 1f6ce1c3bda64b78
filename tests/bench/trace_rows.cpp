// How long a trace row takes: 10 million small rows into a file, nothing lost. Prints a JSON array as `./dev
// bench` collects it.
#include "trace/reader.h"
#include "trace/recorder.h"
#include "trace/trace.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

namespace {
pthread_t thread;
struct Start {
    void (*body)(void*);
    void* argument;
} to_start;
bool start_thread(void (*body)(void*), void* argument) {
    to_start = {body, argument};
    return pthread_create(
               &thread, nullptr,
               [](void*) -> void* {
                   to_start.body(to_start.argument);
                   return nullptr;
               },
               nullptr) == 0;
}
void join_thread() { pthread_join(thread, nullptr); }
} // namespace

int main(int argc, char** argv) {
    const std::string path = argc > 1 ? argv[1] : "/tmp/drvlab_trace_rows.trace";
    constexpr std::size_t rows = 10'000'000;
    trace::use_helper_thread({start_thread, join_thread});
    if (!trace::start(path)) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), trace::describe(trace::recorder_status()).c_str());
        return 1;
    }
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rows; ++i)
        if (trace::on) [[unlikely]]
            trace::emit_irp_returned(0x310000001000 + i, 1, 0x310000000300, 0x310000000100, 0);
    const auto end = std::chrono::steady_clock::now();
    trace::stop();

    std::size_t found = 0;
    {
        trace::Reader reader;
        trace::Record record;
        if (reader.open(path))
            while (reader.next(record))
                ++found;
        if (reader.damaged()) std::fprintf(stderr, "%s\n", reader.error().c_str());
    }
    unlink(path.c_str());
    const double ns =
        std::chrono::duration<double, std::nano>(end - begin).count() / static_cast<double>(rows);
    std::printf("[{\"name\":\"trace row\",\"value\":%.1f,\"unit\":\"ns\"},{\"name\":\"trace rows read "
                "back\",\"value\":%zu,"
                "\"unit\":\"rows\"}]\n",
                ns, found);
    return found == rows ? 0 : 1;
}
