#include "host/signals.h"
#include "host/fiber.h"
#include "host/guest.h"
#include "host/places.h"
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

extern "C" const char host_guest_begin[], host_guest_end[], host_guest_fail[];
std::uint64_t host_guest_fault_address = 0;
bool host_guest_fault_is_write = false;
int host_looks = 0;
void (*host_looked)() = nullptr;
extern "C" { // signal_entry.S
std::uint64_t host_signal_stack = ~0ull, host_thread_pointer = 0;
}

static_assert(host::R8 == static_cast<int>(REG_R8) && host::RIP == static_cast<int>(REG_RIP) &&
              host::EFLAGS == static_cast<int>(REG_EFL) && host::RSP == static_cast<int>(REG_RSP) &&
              host::RAX == static_cast<int>(REG_RAX) && host::RDI == static_cast<int>(REG_RDI));

namespace host {
namespace {

constexpr std::size_t handler_stack_size = 256 << 10; // signal_entry.S knows it
constexpr int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

FaultSink* sink = nullptr;
void (*last_words)(void*) = nullptr;
void* last_words_context = nullptr;
bool installed = false;
bool ending = false;

// Guest code runs on guest stacks, ours on host stacks: a guest that jumped to a host address is recognised
// by its rsp.
bool default_filter(const Fault& fault) {
    return places::is_guest(fault.registers[RIP]) || places::is_guest(fault.registers[RSP]);
}
bool (*guest_filter)(const Fault&) = default_filter;

// Linux says in the unused end of the legacy area what follows it (asm/sigcontext.h, _fpx_sw_bytes).
std::uint32_t xsave_size(const FxArea& fx) {
    constexpr std::uint32_t magic = 0x46505853;
    struct {
        std::uint32_t magic1, extended_size;
        std::uint64_t features;
        std::uint32_t xstate_size;
    } words;
    std::memcpy(&words, reinterpret_cast<const char*>(&fx) + 464, sizeof words);
    return words.magic1 == magic ? words.xstate_size : 0;
}

FaultKind classify(int signal, int code, std::uint32_t trap) {
    if (signal == SIGSYS) return FaultKind::system_call;
    switch (trap) {
    case 0:
        return FaultKind::divide;
    case 1:
        return FaultKind::single_step;
    case 3:
        return FaultKind::breakpoint;
    case 6:
        return FaultKind::illegal;
    case 12:
    case 13:
        return FaultKind::protection;
    case 14:
        return FaultKind::page;
    case 16:
    case 19:
        return FaultKind::floating;
    case 17:
        return FaultKind::alignment;
    }
    return signal == SIGBUS && code == BUS_ADRERR ? FaultKind::page : FaultKind::other;
}

void say(const char* text, std::size_t length) {
    while (length > 0) {
        ssize_t n = ::write(STDERR_FILENO, text, length);
        if (n <= 0) return;
        text += n;
        length -= static_cast<std::size_t>(n);
    }
}

[[noreturn]] void end_process() {
    for (int signal : handled)
        std::signal(signal, SIG_DFL);
    if (!ending) {
        ending = true;
        if (last_words) last_words(last_words_context);
    }
    std::abort();
}

sigjmp_buf guard;
bool guarded_now = false;

[[noreturn]] void die(const Fault& fault) {
    if (guarded_now && &Fiber::current() == &Fiber::main()) siglongjmp(guard, 1);
    char line[256];
    int n = std::snprintf(
        line, sizeof line,
        "drvlab: internal error: signal %d (%s), trap %u, error %#x, rip %#llx, rsp %#llx, address %#llx\n",
        fault.signal, strsignal(fault.signal), fault.trap, fault.error,
        static_cast<unsigned long long>(fault.rip()), static_cast<unsigned long long>(fault.rsp()),
        static_cast<unsigned long long>(fault.address));
    constexpr std::uint64_t guard = 4096;
    if (fault.address < Fiber::current().stack_low() &&
        Fiber::current().stack_low() - fault.address <= guard) {
        constexpr char overflow[] = "drvlab: internal error: a host stack overflowed\n";
        say(overflow, sizeof overflow - 1);
    }
    say(line, static_cast<std::size_t>(n) < sizeof line ? static_cast<std::size_t>(n) : sizeof line - 1);
    end_process();
}

// The host never unmasks a floating-point exception: one in its code is what guest code left pending, or the
// guest's control bits. It is ended here.
void mask_floating_point(FxArea& fx) {
    fx.fcw |= 0x3f;
    fx.fsw &= 0x7f00;
    fx.mxcsr = (fx.mxcsr | 0x1f80) & ~0x3fu;
}

void on_signal(int signal, siginfo_t* info, void* raw, bool fs_was_wrong) {
    int saved_errno = errno;
    auto* context = static_cast<ucontext_t*>(raw);
    auto* registers = reinterpret_cast<std::uint64_t*>(context->uc_mcontext.gregs);
    Fault fault{};
    fault.signal = signal;
    fault.code = info->si_code;
    fault.trap = static_cast<std::uint32_t>(registers[REG_TRAPNO]);
    fault.error = static_cast<std::uint32_t>(registers[REG_ERR]);
    fault.registers = registers;
    fault.fx = reinterpret_cast<FxArea*>(context->uc_mcontext.fpregs);
    fault.xsave_size = xsave_size(*fault.fx);
    if (info->si_code <= 0) { // sent by somebody, not a fault of ours
        fault.kind = FaultKind::other;
        die(fault);
    }
    fault.kind = classify(signal, info->si_code, fault.trap);
    fault.address = ~0ull;
    if (left_64_bit_code(fault)) {
        if (!sink || !sink->deliver(fault)) die(fault);
        errno = saved_errno;
        return;
    }
    if (!places::is_guest(fault.rip())) {
        // With FS put right, the access to thread-local data succeeds.
        const bool access = fault.kind == FaultKind::page || fault.kind == FaultKind::protection;
        if (fs_was_wrong && access) return;
        if (fault.kind == FaultKind::floating) return mask_floating_point(*fault.fx);
    }
    if (fault.kind == FaultKind::alignment && !places::is_guest(fault.rip())) {
        registers[REG_EFL] &= ~0x40000ll;
        return;
    }
    if (fault.kind == FaultKind::page) {
        fault.address = reinterpret_cast<std::uint64_t>(info->si_addr);
        fault.is_write = fault.error & 2;
        fault.is_execute = fault.error & 16;
    }
    std::uint64_t rip = fault.rip();
    fault.in_primitive = rip >= reinterpret_cast<std::uint64_t>(host_guest_begin) &&
                         rip < reinterpret_cast<std::uint64_t>(host_guest_end);
    bool resolvable = sink && fault.kind == FaultKind::page;
    if (resolvable && sink->resolve(fault)) {
        errno = saved_errno;
        return;
    }
    if (fault.in_primitive && !(resolvable && sink->is_fatal(fault))) {
        host_guest_fault_address = fault.address;
        host_guest_fault_is_write = fault.is_write;
        registers[RIP] = reinterpret_cast<std::uint64_t>(host_guest_fail);
    } else if (!sink || !guest_filter(fault) || !sink->deliver(fault)) {
        die(fault);
    }
    errno = saved_errno;
}

} // namespace

extern "C" void host_signal_entry(int, siginfo_t*, void*); // signal_entry.S; calls
extern "C" void host_on_signal(int signal, siginfo_t* info, void* raw, bool fs_was_wrong) {
    on_signal(signal, info, raw, fs_was_wrong);
}

bool left_64_bit_code(Fault& fault) {
    std::uint16_t own;
    asm("mov %%cs, %0" : "=r"(own));
    std::uint64_t& segments = fault.registers[REG_CSGSFS];
    if (static_cast<std::uint16_t>(segments) == own) return false;
    fault.kind = FaultKind::code_segment;
    fault.error = static_cast<std::uint16_t>(segments);
    segments = (segments & ~0xffffull) | own; // the handler's way out is 64-bit code
    return true;
}

void install_signals(FaultSink* new_sink) {
    sink = new_sink;
    if (installed) return;
    installed = true;
    void* stack =
        mmap(nullptr, handler_stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) fatal("no memory for the signal stack: %s", std::strerror(errno));
    stack_t alternate{};
    alternate.ss_sp = stack;
    alternate.ss_size = handler_stack_size;
    asm volatile("rdfsbase %0" : "=r"(host_thread_pointer));
    host_signal_stack = reinterpret_cast<std::uint64_t>(stack);
    if (sigaltstack(&alternate, nullptr) != 0) fatal("sigaltstack: %s", std::strerror(errno));
    struct sigaction action{};
    action.sa_sigaction = host_signal_entry;
    // NODEFER: a sink may use guest:: primitives, which may fault.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (int signal : handled)
        if (sigaction(signal, &action, nullptr) != 0)
            fatal("sigaction(%d): %s", signal, std::strerror(errno));
}

bool guarded(void (*function)(void*), void* argument) {
    if (sigsetjmp(guard, 0) != 0) {
        guarded_now = false;
        return false;
    }
    guarded_now = true;
    function(argument);
    guarded_now = false;
    return true;
}

void set_fault_sink(FaultSink* new_sink) { sink = new_sink; }
FaultSink* fault_sink() { return sink; }
void set_guest_rip_filter(bool (*is_guest)(const Fault& fault)) {
    guest_filter = is_guest ? is_guest : default_filter;
}

void set_last_words(void (*hook)(void*), void* context) {
    last_words = hook;
    last_words_context = context;
}

void fatal(const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int n = std::snprintf(line, sizeof line, "drvlab: internal error: ");
    int m = std::vsnprintf(line + n, sizeof line - static_cast<std::size_t>(n) - 1, format, arguments);
    va_end(arguments);
    std::size_t length = std::strlen(line);
    if (m >= 0) line[length++] = '\n';
    say(line, length);
    end_process();
}

} // namespace host
