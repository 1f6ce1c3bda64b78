#include "app/ended_threads.h"
#include "kernel/ps/process_body.h"

namespace app {

using namespace nt;

static std::vector<view::ThreadTimes> ended;

void keep_ended_threads() {
    ps::on_thread_times = [](const ke::Thread& thread, const KERNEL_USER_TIMES& times) {
        ended.push_back(times_row(thread, times));
        ended.back().ended = true;
    };
}

const std::vector<view::ThreadTimes>& ended_threads() { return ended; }

view::ThreadTimes times_row(const ke::Thread& thread, const KERNEL_USER_TIMES& times) {
    view::ThreadTimes row;
    row.pid = thread.pid;
    row.tid = thread.tid;
    if (thread.process) {
        const ps::Process& process = ps::body(static_cast<EPROCESS*>(thread.process));
        row.image = process.file_name ? *process.file_name : "";
    }
    row.start = thread.start_address;
    row.user = static_cast<std::uint64_t>(times.UserTime.QuadPart);
    row.kernel = static_cast<std::uint64_t>(times.KernelTime.QuadPart);
    row.switches = thread.context_switches;
    return row;
}

} // namespace app
