#include "host/fiber.h"
#include "host/machine_heap.h"
#include "host/signals.h"
#include <cerrno>
#include <cxxabi.h>
#include <sys/mman.h>
#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" {
void host_fiber_switch(std::uint64_t* save, std::uint64_t load);
void host_fiber_start();
[[noreturn]] void host_fiber_enter(host::Fiber* fiber);
}

namespace host {
namespace {

#ifdef FIBER_ASAN
constexpr std::size_t stack_size = 1 << 20;
#else
constexpr std::size_t stack_size = 256 << 10;
#endif
constexpr std::size_t guard_size = 4096;

// What __cxa_get_globals returns (Itanium C++ ABI): one per thread, so fibers take turns.
struct ExceptionGlobals {
    void* caught;
    unsigned uncaught;
};
// The machine has one host thread: looked up once.
ExceptionGlobals* globals = nullptr;

Fiber main_fiber;
Fiber* running = &main_fiber;
Fiber* free_fibers = nullptr;
std::size_t fibers = 0;

} // namespace

// The one place that may look into a Fiber.
struct FiberSwitch {
    static bool map_stack(Fiber& fiber) {
        void* base = mmap(nullptr, stack_size + guard_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (base == MAP_FAILED) return false;
        if (mprotect(base, guard_size, PROT_NONE) != 0) {
            munmap(base, stack_size + guard_size);
            return false;
        }
        fiber.low_ = reinterpret_cast<std::uint64_t>(base) + guard_size;
        fiber.high_ = fiber.low_ + stack_size;
        return true;
    }
    // Lays out what host_fiber_switch pops: control words, r15..r12, rbx, rbp, return address.
    static void prepare(Fiber& fiber) {
        auto* top = reinterpret_cast<std::uint64_t*>(fiber.high_ - 64);
        std::uint64_t frame[8] = {0x037f'0000'1f80,
                                  0,
                                  0,
                                  0,
                                  reinterpret_cast<std::uint64_t>(&fiber),
                                  0,
                                  0,
                                  reinterpret_cast<std::uint64_t>(&host_fiber_start)};
        for (int i = 0; i < 8; ++i)
            top[i - 8] = frame[i];
        fiber.rsp_ = reinterpret_cast<std::uint64_t>(top - 8);
    }
    static void arrived(Fiber& fiber, [[maybe_unused]] void* fake_stack) {
#ifdef FIBER_ASAN
        const void* low = nullptr;
        std::size_t size = 0;
        __sanitizer_finish_switch_fiber(fake_stack, &low, &size);
        if (main_fiber.high_ == 0 && low) { // the first switch tells where the main stack is
            main_fiber.low_ = reinterpret_cast<std::uint64_t>(low);
            main_fiber.high_ = main_fiber.low_ + size;
        }
#endif
        errno = fiber.saved_errno_;
        globals->caught = fiber.caught_exceptions_;
        globals->uncaught = fiber.uncaught_exceptions_;
    }
    static void enter(Fiber& fiber) {
        arrived(fiber, nullptr);
        fiber.entry_(fiber.argument_);
    }
};

static void forget_frames([[maybe_unused]] std::uint64_t low, [[maybe_unused]] std::uint64_t high) {
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(reinterpret_cast<void*>(low), high - low);
#endif
}

Fiber& Fiber::main() { return main_fiber; }
Fiber& Fiber::current() { return *running; }
std::size_t Fiber::count() { return fibers; }

Fiber* Fiber::create(Entry entry, void* argument) {
    if (!globals) globals = reinterpret_cast<ExceptionGlobals*>(__cxxabiv1::__cxa_get_globals());
    Fiber* fiber = free_fibers;
    if (fiber) {
        free_fibers = fiber->next_free_;
    } else {
        fiber = make<Fiber>();
        if (!FiberSwitch::map_stack(*fiber)) {
            host::destroy(fiber);
            return nullptr;
        }
    }
    std::uint64_t low = fiber->low_, high = fiber->high_;
    *fiber = Fiber{};
    fiber->low_ = low;
    fiber->high_ = high;
    fiber->entry_ = entry;
    fiber->argument_ = argument;
    forget_frames(low, high); // those of the last owner, which ended somewhere deep
    FiberSwitch::prepare(*fiber);
    ++fibers;
    return fiber;
}

void Fiber::switch_to(Fiber& from, Fiber& to) {
    if (&to == &from) return;
    from.saved_errno_ = errno;
    from.caught_exceptions_ = globals->caught;
    from.uncaught_exceptions_ = globals->uncaught;
    running = &to;
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&from.asan_fake_stack_, reinterpret_cast<void*>(to.low_),
                                   to.high_ - to.low_);
#endif
    host_fiber_switch(&from.rsp_, to.rsp_);
    FiberSwitch::arrived(from, from.asan_fake_stack_);
}

void Fiber::abandon_frames_below(std::uint64_t high) {
    forget_frames(running->low_, high);
    if (frames_abandoned) frames_abandoned(high);
}

void Fiber::destroy(Fiber* fiber) {
    if (!fiber) return;
    if (fiber == running || fiber == &main_fiber) fatal("a fiber cannot destroy itself");
    fiber->next_free_ = free_fibers;
    free_fibers = fiber;
    --fibers;
}

} // namespace host

void host_fiber_enter(host::Fiber* fiber) {
    host::FiberSwitch::enter(*fiber);
    host::fatal("a fiber's entry returned");
}
