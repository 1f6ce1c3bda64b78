#include "host/watchdog.h"
#include "host/places.h"
#include "host/signals.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <ucontext.h>

namespace host {
namespace {

constexpr double tick = 0.05; // seconds of CPU time
timer_t timer;
bool running = false;
const std::uint64_t* const volatile* progress = nullptr;
std::uint64_t last = 0;
int ticks = 0, ticks_allowed = 0;
void (*host_hang)() = nullptr;
int host_ticks = 0, host_ticks_allowed = 0;

int watchdog_signal() { return SIGRTMIN + 3; }

void on_tick(int signal, siginfo_t* info, void* raw) {
    int saved_errno = errno;
    std::uint64_t now = *static_cast<const volatile std::uint64_t*>(*progress);
    if (now != last) {
        last = now;
        ticks = host_ticks = 0;
    } else if (++ticks >= ticks_allowed) {
        auto* context = static_cast<ucontext_t*>(raw);
        Fault fault{};
        fault.kind = FaultKind::watchdog;
        fault.signal = signal;
        fault.code = info->si_code;
        fault.address = ~0ull;
        fault.registers = reinterpret_cast<std::uint64_t*>(context->uc_mcontext.gregs);
        fault.fx = reinterpret_cast<FxArea*>(context->uc_mcontext.fpregs);
        FaultSink* sink = fault_sink();
        if (left_64_bit_code(fault) || places::is_guest(fault.rip())) {
            host_ticks = 0;
            if (sink && sink->deliver(fault)) ticks = 0;
        } else if (host_hang && ++host_ticks >= host_ticks_allowed) {
            // Below the red zone, as after a call.
            fault.registers[RSP] = ((fault.registers[RSP] - 128) & ~15ull) - 8;
            fault.registers[RIP] = reinterpret_cast<std::uint64_t>(host_hang);
            fault.registers[EFLAGS] &= ~0x40500ull; // DF, TF, AC
            host_hang = nullptr;
        }
    }
    errno = saved_errno;
}

} // namespace

extern "C" void host_tick_entry(int, siginfo_t*, void*); // signal_entry.S; calls
extern "C" void host_on_tick(int signal, siginfo_t* info, void* raw) { on_tick(signal, info, raw); }

void start_watchdog(const std::uint64_t* const* counter, double seconds) {
    stop_watchdog();
    progress = counter;
    last = **counter;
    ticks = 0;
    ticks_allowed = static_cast<int>(seconds / tick);
    if (ticks_allowed < 1) ticks_allowed = 1;
    struct sigaction action{};
    action.sa_sigaction = host_tick_entry;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(watchdog_signal(), &action, nullptr);
    struct sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = watchdog_signal();
    if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0)
        fatal("no timer for the watchdog: %s", std::strerror(errno));
    struct itimerspec when{};
    when.it_value.tv_nsec = when.it_interval.tv_nsec = static_cast<long>(tick * 1e9);
    timer_settime(timer, 0, &when, nullptr);
    running = true;
}

void set_host_hang(void (*handler)(), double seconds) {
    host_hang = handler;
    host_ticks = 0;
    host_ticks_allowed = static_cast<int>(seconds / tick) + 1;
}

void stop_watchdog() {
    if (!running) return;
    timer_delete(timer);
    running = false;
}

} // namespace host
