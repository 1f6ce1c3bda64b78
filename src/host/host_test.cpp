#include "host/containment.h"
#include "host/fiber.h"
#include "host/file.h"
#include "host/guest.h"
#include "host/machine_heap.h"
#include "host/processor.h"
#include "host/ram.h"
#include "host/signals.h"
#include "host/watchdog.h"
#include <cerrno>
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace host;
using host::ram::Protection;

namespace {

constexpr std::uint64_t window = 0x3500'0100'0000;
constexpr std::uint64_t text = 0x3500'0200'0000;

std::uint8_t* bytes(std::uint64_t address) { return reinterpret_cast<std::uint8_t*>(address); }

// Ends a guest function that faulted by returning 0x1234 from it (its return address is on top of the stack).
struct TestSink final : FaultSink {
    Fault last{};
    std::uint64_t rax = 0, rip = 0;
    int delivered = 0, resolved = 0;
    std::uint64_t grow = 0;
    bool deliver(Fault& fault) override {
        last = fault;
        rip = fault.rip();
        rax = fault.registers[RAX];
        ++delivered;
        fault.registers[RAX] = 0x1234;
        auto* stack = reinterpret_cast<std::uint64_t*>(fault.rsp());
        fault.rip() = stack[0];
        fault.rsp() += 8;
        return true;
    }
    bool resolve(Fault& fault) override {
        if (!grow || fault.address - grow >= 4096) return false;
        ++resolved;
        grow = 0;
        return ram::protect(fault.address & ~0xfffull, 4096, Protection::read_write);
    }
};
TestSink sink;

struct Host : testing::Test {
    static void SetUpTestSuite() {
        ram::create();
        install_signals(&sink);
        ram::map(window, 0x20'0000, 0x10'0000, Protection::read_write, true);
        ram::map(text, 0x40'0000, 0x1000, Protection::all, true);
    }
    void SetUp() override { sink = TestSink{}; }
    static std::uint64_t run(std::initializer_list<std::uint8_t> code, std::uint64_t argument = 0) {
        std::copy(code.begin(), code.end(), bytes(text));
        return reinterpret_cast<std::uint64_t (*)(std::uint64_t)>(text)(argument);
    }
};

TEST_F(Host, TwoMappingsOfAPageAreOnePage) {
    ASSERT_TRUE(ram::map(0x3500'0800'0000, 0x20'1000, 0x1000, Protection::read_write));
    bytes(window)[0x1005] = 77;
    EXPECT_EQ(bytes(0x3500'0800'0000)[5], 77);
    EXPECT_EQ(static_cast<std::uint8_t*>(ram::direct(0x20'1005))[0], 77);
    EXPECT_FALSE(ram::map(0x3500'0800'0000, 0, 0x1000, Protection::read)) << "an occupied place is refused";
    EXPECT_EQ(ram::last_error(), EEXIST);
    ram::discard(0x20'1000, 0x1000);
    EXPECT_EQ(bytes(window)[0x1005], 0) << "discarded pages read zero";
    ram::unmap(0x3500'0800'0000, 0x1000);
}

TEST_F(Host, PrimitivesCopyEverySize) {
    std::uint8_t source[1200], target[1200];
    for (int i = 0; i < 1200; ++i)
        source[i] = static_cast<std::uint8_t>(i * 7 + 1);
    for (std::size_t n = 0; n <= 1100; ++n) {
        std::memset(bytes(window), 0xee, 1200);
        ASSERT_TRUE(guest::copy_to(window + 3, source, n));
        ASSERT_EQ(std::memcmp(bytes(window + 3), source, n), 0) << n;
        ASSERT_EQ(bytes(window)[3 + n], 0xee) << n;
        ASSERT_EQ(bytes(window)[2], 0xee) << n;
        std::memset(target, 0, sizeof target);
        ASSERT_TRUE(guest::copy_from(target, window + 3, n));
        ASSERT_EQ(std::memcmp(target, source, n), 0) << n;
        ASSERT_EQ(target[n], 0) << n;
    }
}

TEST_F(Host, PrimitivesReportFaultsInsteadOfTakingThem) {
    std::uint64_t end = window + 0x10'0000;
    for (std::size_t n : {1, 2, 3, 4, 7, 8, 12, 16, 20, 32, 40, 64, 65, 200, 512, 513, 5000}) {
        std::uint8_t buffer[5000] = {};
        EXPECT_TRUE(guest::copy_from(buffer, end - n, n)) << n;
        EXPECT_FALSE(guest::copy_from(buffer, end - n + 1, n)) << n;
        EXPECT_GE(guest::fault_address() + 64, end);
        EXPECT_FALSE(guest::fault_is_write());
        EXPECT_FALSE(guest::copy_to(end - n + 1, buffer, n)) << n;
        EXPECT_TRUE(guest::fault_is_write());
    }
    EXPECT_FALSE(guest::read<int>(0));
    EXPECT_EQ(guest::fault_address(), 0u);
    EXPECT_FALSE(guest::read<int>(0x8000'0000'0000'0000)) << "not canonical";
    EXPECT_FALSE(guest::read<int>(reinterpret_cast<std::uint64_t>(&sink))) << "host memory is out of reach";
    EXPECT_FALSE(guest::copy_from(&sink, places::guest_end - 4, 8));
    EXPECT_FALSE(guest::fill(end - 8, 1, 9));
    EXPECT_TRUE(guest::touch_write(window + 10, 0x10'0000 - 10));
    EXPECT_FALSE(guest::touch_read(window + 10, 0x10'0000 - 9));
    ram::protect(window, 0x1000, Protection::read);
    EXPECT_TRUE(guest::touch_read(window, 0x2000));
    EXPECT_FALSE(guest::touch_write(window + 0xfff, 2));
    EXPECT_EQ(guest::fault_address(), window + 0xfff);
    ram::protect(window, 0x1000, Protection::read_write);
    EXPECT_EQ(sink.delivered, 0);
}

TEST_F(Host, ResolvedFaultsAreRetried) {
    ram::protect(window + 0x2000, 0x1000, Protection::none);
    sink.grow = window + 0x2000;
    EXPECT_TRUE(guest::write<int>(window + 0x2010, 5));
    EXPECT_EQ(sink.resolved, 1);
    EXPECT_EQ(guest::read<int>(window + 0x2010), 5);
}

TEST_F(Host, GuestFaultsReachTheSink) {
    // mov eax,[rdi]; ret
    EXPECT_EQ(run({0x8b, 0x07, 0xc3}, 0x10), 0x1234u);
    EXPECT_EQ(sink.last.kind, FaultKind::page);
    EXPECT_EQ(sink.last.address, 0x10u);
    EXPECT_FALSE(sink.last.is_write);
    EXPECT_EQ(sink.rip, text);
    EXPECT_EQ(run({0x89, 0x07, 0xc3}, 0x20), 0x1234u); // mov [rdi],eax
    EXPECT_TRUE(sink.last.is_write);
    EXPECT_EQ(run({0xff, 0xe7}, window), 0x1234u); // jmp rdi: not executable
    EXPECT_TRUE(sink.last.is_execute);
    EXPECT_EQ(sink.last.address, window);
    EXPECT_EQ(run({0x8b, 0x07, 0xc3}, 0x8000'0000'0000'0000), 0x1234u);
    EXPECT_EQ(sink.last.kind, FaultKind::protection);
    EXPECT_EQ(sink.last.address, ~0ull);
    EXPECT_EQ(run({0xf4, 0xc3}), 0x1234u); // hlt
    EXPECT_EQ(sink.last.kind, FaultKind::protection);
    EXPECT_EQ(run({0x31, 0xd2, 0x31, 0xc9, 0xf7, 0xf1, 0xc3}), 0x1234u); // div ecx
    EXPECT_EQ(sink.last.kind, FaultKind::divide);
    EXPECT_EQ(run({0x0f, 0x0b}), 0x1234u); // ud2
    EXPECT_EQ(sink.last.kind, FaultKind::illegal);
    EXPECT_EQ(run({0xcc, 0xc3}), 0x1234u); // int3
    EXPECT_EQ(sink.last.kind, FaultKind::breakpoint);
    EXPECT_EQ(sink.rip, text + 1);
    EXPECT_EQ(sink.delivered, 8);
}

TEST_F(Host, RawSystemCallsOfGuestTextAreTrapped) {
    if (!enable_containment()) GTEST_SKIP() << "no Syscall User Dispatch: " << containment_error();
    EXPECT_EQ(run({0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0xc3}), 0x1234u); // getpid
    EXPECT_EQ(sink.last.kind, FaultKind::system_call);
    EXPECT_EQ(sink.rax, 0x27u);
    EXPECT_EQ(sink.rip, text + 7);
    EXPECT_EQ(syscall(SYS_getpid), getpid());
    disable_containment();
    EXPECT_EQ(run({0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0xc3}), static_cast<std::uint64_t>(getpid()));
}

TEST_F(Host, WatchdogInterruptsAGuestLoop) {
    const std::uint64_t progress = 0;
    const std::uint64_t* counter = &progress;
    start_watchdog(&counter, 0.1);
    EXPECT_EQ(run({0xeb, 0xfe}), 0x1234u); // jmp $
    stop_watchdog();
    EXPECT_EQ(sink.last.kind, FaultKind::watchdog);
    EXPECT_EQ(sink.rip, text);
}

TEST_F(Host, HostFaultIsAnInternalError) {
    EXPECT_DEATH(
        {
            set_last_words([](void*) { (void)!::write(2, "last words\n", 11); }, nullptr);
            asm volatile("movl $1, 8");
        },
        "internal error: signal 11.*address 0x8\nlast words");
    EXPECT_DEATH(fatal("no %s left", "thing"), "drvlab: internal error: no thing left\n");
}

TEST_F(Host, GsBase) {
    require_processor_features();
    set_gs_base(window);
    bytes(window)[0x30] = 9;
    std::uint8_t value;
    asm volatile("movb %%gs:0x30, %0" : "=r"(value));
    EXPECT_EQ(value, 9);
    EXPECT_EQ(gs_base(), window);
    set_gs_base(0);
}

struct PingPong {
    Fiber* other;
    int count = 0;
    unsigned mxcsr = 0;
};

void ping(void* argument) {
    auto* p = static_cast<PingPong*>(argument);
    errno = 5;
    __builtin_ia32_ldmxcsr(0x1f80 | 0x6000);
    for (;;) {
        ++p->count;
        Fiber::switch_to(*p->other);
        if (errno != 5) p->count = -1000;
        p->mxcsr = __builtin_ia32_stmxcsr();
    }
}

TEST_F(Host, FibersKeepTheirState) {
    PingPong p{&Fiber::current()};
    Fiber* fiber = Fiber::create(ping, &p);
    ASSERT_NE(fiber, nullptr);
    EXPECT_GE(fiber->stack_low(), places::guest_end);
    errno = 7;
    for (int i = 1; i <= 3; ++i) {
        Fiber::switch_to(*fiber);
        EXPECT_EQ(p.count, i);
        EXPECT_EQ(errno, 7);
    }
    EXPECT_EQ(p.mxcsr & 0x6000, 0x6000u);
    EXPECT_EQ(__builtin_ia32_stmxcsr() & 0x6000, 0u);
    auto low = fiber->stack_low();
    Fiber::destroy(fiber);
    EXPECT_EQ(Fiber::count(), 0u);
    fiber = Fiber::create(ping, &p);
    EXPECT_EQ(fiber->stack_low(), low) << "stacks are reused";
    Fiber::destroy(fiber);
}

[[gnu::noinline]] int deep(int depth) {
    volatile char room[512];
    room[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : deep(depth + 1) + room[0];
}

TEST_F(Host, HostStackOverflowIsNamed) {
    EXPECT_DEATH(Fiber::switch_to(*Fiber::create([](void*) { deep(0); }, nullptr)),
                 "a host stack overflowed");
}

void thrower(void* argument) {
    auto* p = static_cast<PingPong*>(argument);
    try {
        throw 1;
    } catch (int) {
        p->count = std::uncaught_exceptions();
    }
    try {
        throw 2;
    } catch (int value) {
        p->count += value;
    }
    for (;;)
        Fiber::switch_to(*p->other);
}

TEST_F(Host, ExceptionsInsideAFiber) {
    PingPong p{&Fiber::current()};
    Fiber* fiber = Fiber::create(thrower, &p);
    Fiber::switch_to(*fiber);
    EXPECT_EQ(p.count, 2);
    Fiber::destroy(fiber);
}

TEST_F(Host, MachineHeap) {
    void* a = heap_allocate(100);
    EXPECT_GE(reinterpret_cast<std::uint64_t>(a), places::machine_heap);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(a) % 64, 0u);
    std::memset(a, 1, 100);
    heap_release(a, 100);
    auto* b = static_cast<std::uint8_t*>(heap_allocate(120));
    EXPECT_EQ(b, a);
    EXPECT_EQ(b[50], 0);
    heap_release(b, 120);
    std::size_t before = heap_bytes_in_use();
    std::vector<void*> blocks;
    for (std::size_t n = 1; n < 200'000; n = n * 5 / 4 + 1) {
        auto* block = static_cast<std::uint8_t*>(heap_allocate(n));
        block[0] = block[n - 1] = 1;
        blocks.push_back(block);
    }
    std::size_t i = 0;
    for (std::size_t n = 1; n < 200'000; n = n * 5 / 4 + 1)
        heap_release(blocks[i++], n);
    EXPECT_EQ(heap_bytes_in_use(), before);
}

TEST_F(Host, Files) {
    auto missing = read_file("/nowhere/at/all");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), "cannot read '/nowhere/at/all': No such file or directory");
    EXPECT_FALSE(read_file("/tmp"));
    std::string path = testing::TempDir() + "drvlab_file_test";
    ASSERT_TRUE(write_file(path, "hello"));
    auto text = read_file(path);
    ASSERT_TRUE(text);
    EXPECT_EQ(std::string(text->begin(), text->end()), "hello");
    ::unlink(path.c_str());
    auto full = write_file("/dev/full", "x");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error(), "cannot write '/dev/full': No space left on device");
}

template <class F> double nanoseconds(int n, F f) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < n; ++i)
        f();
    std::chrono::duration<double, std::nano> d = std::chrono::steady_clock::now() - start;
    return d.count() / n;
}

void pong(void* argument) {
    for (;;)
        Fiber::switch_to(*static_cast<PingPong*>(argument)->other);
}

TEST_F(Host, Speed) {
    PingPong p{&Fiber::current()};
    Fiber* fiber = Fiber::create(pong, &p);
    double round = nanoseconds(200'000, [&] { Fiber::switch_to(*fiber); });
    Fiber::destroy(fiber);
    std::uint8_t buffer[64];
    double copy = nanoseconds(1'000'000, [&] { guest::copy_from(buffer, window, 64); });
    RecordProperty("fiber_switch_ns", std::to_string(round / 2));
    RecordProperty("copy64_ns", std::to_string(copy));
    std::printf("fiber switch %.1f ns, copy of 64 bytes %.1f ns\n", round / 2, copy);
}

} // namespace
