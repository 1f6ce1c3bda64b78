#include "kernel/ex/host_hang.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/report.h"
#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace nt::ex {

namespace {

// The structures that hold the kernel up may hold its report up as well.
constexpr unsigned seconds_for_report = 10;
constexpr int exit_hang = 126;

void give_up(int) {
    static const char text[] = "drvlab: the kernel's lists are damaged; the report ends here\n";
    (void)!write(2, text, sizeof text - 1);
    _exit(exit_hang);
}

} // namespace

void host_code_hangs() {
    std::signal(SIGALRM, give_up);
    alarm(seconds_for_report);
    ke::Stop stop;
    stop.kind = ke::StopKind::hang;
    stop.repeatable = false;
    stop.caller = ke::calling_address();
    std::snprintf(
        stop.text, sizeof stop.text,
        "the kernel does not come back from a call: what it was given is damaged, or leads in a ring");
    ke::stop_machine(stop);
}

} // namespace nt::ex
