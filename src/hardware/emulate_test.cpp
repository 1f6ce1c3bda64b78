// Each test writes machine code to guest memory and lets the emulator carry it out on a CONTEXT.
#include "abi/context.h"
#include "abi/status.h"
#include "hardware/bus.h"
#include "hardware/cpuid.h"
#include "hardware/emulate.h"
#include "host/signals.h"
#include <cstring>
#include <gtest/gtest.h>
#include <initializer_list>
#include <map>
#include <sys/mman.h>

namespace nt::hardware {
namespace {

struct Ops final : PrivilegedOps {
    UCHAR level = 2;
    ULONGLONG tsc = 0x1'2345'6789;
    std::map<ULONG, ULONGLONG> msrs;
    std::map<ULONG_PTR, std::string> replaced;
    bool interrupts = true;
    ULONG_PTR shared = 0;

    UCHAR irql() override { return level; }
    void set_irql(UCHAR irql) override { level = irql; }
    ULONGLONG time_stamp() override { return tsc; }
    ULONGLONG random() override { return 0xFEED; }
    bool set_interrupts(bool on) override { return interrupts = on, true; }
    bool interrupts_enabled() override { return interrupts; }
    ULONG_PTR shared_user_data() override { return shared; }
    bool read_msr(ULONG n, ULONGLONG& v) override { return msrs.count(n) && (v = msrs[n], true); }
    bool write_msr(ULONG n, ULONGLONG v) override { return msrs[n] = v, n != 0xBAD; }
    bool original_bytes(ULONG_PTR rip, UCHAR (&bytes)[16]) override {
        if (!replaced.count(rip)) return false;
        std::memset(bytes, 0x90, 16);
        std::memcpy(bytes, replaced[rip].data(), replaced[rip].size());
        return true;
    }
};

// A device that remembers what is written and gives it back.
struct Latch final : RangeHandler {
    std::map<ULONGLONG, ULONGLONG> values;
    ULONGLONG read(ULONGLONG offset, ULONG) override { return values[offset]; }
    void write(ULONGLONG offset, ULONG, ULONGLONG value) override { values[offset] = value; }
};

struct Emulate : testing::Test {
    static inline UCHAR* page = nullptr;
    Ops ops;
    CONTEXT c{};

    static void SetUpTestSuite() {
        host::install_signals(nullptr);
        page = static_cast<UCHAR*>(mmap(reinterpret_cast<void*>(0x2000'0000), 0x2000, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
        ASSERT_NE(page, MAP_FAILED);
    }
    static void TearDownTestSuite() { munmap(page, 0x2000); }
    void SetUp() override {
        std::memset(page, 0, 0x2000);
        c.Rip = reinterpret_cast<ULONG_PTR>(page);
        c.Rsp = c.Rip + 0xF00;
        c.EFlags = 0x8D7;
        ops.shared = c.Rip + 0x1000;
    }
    void code(std::initializer_list<int> bytes) {
        UCHAR* p = page;
        for (int b : bytes)
            *p++ = static_cast<UCHAR>(b);
    }
    Emulation kernel(Trap trap = {Trap::protection}) { return emulate_kernel(c, trap, ops); }
    ULONG_PTR moved() const { return c.Rip - reinterpret_cast<ULONG_PTR>(page); }
};

TEST_F(Emulate, Cr8MovesTheIrqlAndNothingElse) {
    code({0x44, 0x0F, 0x20, 0xC0}); // mov rax, cr8
    c.Rax = ~0ull;
    CONTEXT before = c;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 2u);
    EXPECT_EQ(moved(), 4u);
    before.Rax = c.Rax, before.Rip = c.Rip;
    EXPECT_EQ(std::memcmp(&before, &c, sizeof c), 0) << "flags and the other registers stay";

    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x45, 0x0F, 0x22, 0xC1}); // mov cr8, r9
    c.R9 = 13;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(ops.level, 13);

    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    c.R9 = 16;
    EXPECT_EQ(kernel().outcome, Outcome::exception) << "reserved bits fault";
}

TEST_F(Emulate, ModelSpecificRegisters) {
    code({0x0F, 0x32}); // rdmsr
    c.Rcx = 0x10;
    auto e = kernel();
    EXPECT_EQ(e.outcome, Outcome::not_modelled);
    EXPECT_STREQ(e.name, "rdmsr 0x00000010");
    EXPECT_EQ(moved(), 0u);
    ops.msrs[0x10] = 0x1122334455667788;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0x55667788u);
    EXPECT_EQ(c.Rdx, 0x11223344u);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x0F, 0x30}); // wrmsr
    c.Rax = 0xFFFFFFFF00000001, c.Rdx = 2;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(ops.msrs[0x10], 0x200000001u);
}

TEST_F(Emulate, PortsKeepTheUnusedPartOfTheRegister) {
    Latch latch;
    ports().add({0x60, 2, &latch, "latch"});
    code({0xE4, 0x60}); // in al, 0x60
    latch.values[0] = 0x1C;
    c.Rax = 0x1111111111111111;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0x111111111111111Cu);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x66, 0xEF}); // out dx, ax
    c.Rdx = 0xABCD0060;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(latch.values[0], 0x111Cu);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0xED}); // in eax, dx: nobody there
    c.Rdx = 0x3F8;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0xFFFFFFFFu);
    ports().clear();
}

TEST_F(Emulate, RepeatedStringInput) {
    Latch latch;
    ports().add({0x1F0, 2, &latch, "latch"});
    code({0xF3, 0x66, 0x6D}); // rep insw
    latch.values[0] = 0xBEEF;
    c.Rdx = 0x1F0, c.Rcx = 3, c.Rdi = c.Rip + 0x100, c.EFlags = 0x202;
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_EQ(c.Rcx, 0u);
    EXPECT_EQ(page[0x104], 0xEF);
    EXPECT_EQ(page[0x106], 0);
    ports().clear();
}

TEST_F(Emulate, SharedUserDataAtItsKernelAddress) {
    const ULONGLONG tick = 0xFFEE;
    std::memcpy(page + 0x1320, &tick, 8);
    c.Rcx = 0xFFFFF78000000000;
    const Trap trap{Trap::page, 0xFFFFF78000000320, false};
    code({0x48, 0x8B, 0x81, 0x20, 0x03, 0x00, 0x00}); // mov rax, [rcx+320h]
    EXPECT_EQ(kernel(trap).outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0xFFEEu);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    c.Rax = ~0ull;
    code({0x0F, 0xB6, 0x81, 0x20, 0x03, 0x00, 0x00}); // movzx eax, byte ptr [rcx+320h]
    EXPECT_EQ(kernel(trap).outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0xEEu);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x48, 0xA1, 0x20, 0x03, 0, 0, 0x80, 0xF7, 0xFF, 0xFF}); // mov rax, [0FFFFF78000000320h]
    EXPECT_EQ(kernel(trap).outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0xFFEEu);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x80, 0xB9, 0x20, 0x03, 0, 0, 0xEE}); // cmp byte ptr [rcx+320h], 0EEh
    EXPECT_EQ(kernel(trap).outcome, Outcome::done);
    EXPECT_EQ(c.EFlags & 0x8D5, 0x44u) << "equal: ZF and PF";

    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    code({0x88, 0x81, 0x20, 0x03, 0, 0}); // mov [rcx+320h], al: read-only
    auto e = kernel({Trap::page, 0xFFFFF78000000320, true});
    EXPECT_EQ(e.outcome, Outcome::exception);
    EXPECT_EQ(e.status, STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(e.parameters[0], 1u);
}

// The flag formulas against the processor itself.
TEST_F(Emulate, ArithmeticFlagsAreTheProcessors) {
    const ULONG values[] = {0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x12345678};
    c.Rcx = 0xFFFFF78000000000;
    const Trap trap{Trap::page, 0xFFFFF78000000000, false};
    for (ULONG a : values)
        for (ULONG b : values)
            for (int op :
                 {0x03, 0x2B, 0x3B, 0x13, 0x1B, 0x23, 0x33}) { // add sub cmp adc sbb and xor eax, [rcx]
                c.Rip = reinterpret_cast<ULONG_PTR>(page);
                code({op, 0x01});
                std::memcpy(page + 0x1000, &b, 4);
                c.Rax = a;
                c.EFlags = 0x203;
                ASSERT_EQ(kernel(trap).outcome, Outcome::done);
                ULONG r = a;
                unsigned char sf = 0, zf = 0, cf = 0, of = 0, pf = 0;
#define HOST(insn)                                                                                           \
    asm("stc; " insn " %6, %0"                                                                               \
        : "+r"(r), "=@ccs"(sf), "=@ccz"(zf), "=@ccc"(cf), "=@cco"(of), "=@ccp"(pf)                           \
        : "r"(b))
                switch (op) {
                case 0x03:
                    HOST("addl");
                    break;
                case 0x2B:
                    HOST("subl");
                    break;
                case 0x3B:
                    HOST("cmpl");
                    break;
                case 0x13:
                    HOST("adcl");
                    break;
                case 0x1B:
                    HOST("sbbl");
                    break;
                case 0x23:
                    HOST("andl");
                    break;
                case 0x33:
                    HOST("xorl");
                    break;
                }
                const ULONG expected = cf | pf << 2 | zf << 6 | sf << 7 | of << 11;
                ASSERT_EQ(c.EFlags & 0x8C5, expected) << std::hex << op << " " << a << " " << b;
                ASSERT_EQ(c.Rax, r) << std::hex << op << " " << a << " " << b;
            }
}

TEST_F(Emulate, ReplacedInstructionsAnswerFromTheMachine) {
    code({0x0F, 0x0B});               // ud2 over …
    ops.replaced[c.Rip] = "\x0F\x31"; // … rdtsc
    EXPECT_EQ(kernel({Trap::undefined}).outcome, Outcome::done);
    EXPECT_EQ(c.Rax, 0x23456789u);
    EXPECT_EQ(c.Rdx, 1u);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    ops.replaced[c.Rip] = "\x0F\xA2"; // cpuid
    c.Rax = 0;
    EXPECT_EQ(emulate_user(c, {Trap::undefined}, ops).outcome, Outcome::done);
    EXPECT_EQ(std::memcmp(&c.Rbx, "Genu", 4), 0);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    ops.replaced.clear();
    EXPECT_EQ(kernel({Trap::undefined}).status, STATUS_ILLEGAL_INSTRUCTION) << "a ud2 of its own";
}

TEST_F(Emulate, InterruptFlagIsTheMachines) {
    code({0xFA}); // cli
    EXPECT_EQ(kernel().outcome, Outcome::done);
    EXPECT_FALSE(ops.interrupts);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    ops.replaced[c.Rip] = "\x9C"; // pushfq
    EXPECT_EQ(kernel({Trap::undefined}).outcome, Outcome::done);
    ULONGLONG pushed;
    std::memcpy(&pushed, reinterpret_cast<void*>(c.Rsp), 8);
    EXPECT_EQ(pushed & 0x200, 0u);
    c.Rip = reinterpret_cast<ULONG_PTR>(page);
    pushed |= 0x200;
    std::memcpy(reinterpret_cast<void*>(c.Rsp), &pushed, 8);
    ops.replaced[c.Rip] = "\x9D"; // popfq
    EXPECT_EQ(kernel({Trap::undefined}).outcome, Outcome::done);
    EXPECT_TRUE(ops.interrupts);
}

TEST_F(Emulate, UserModeMayNotAndIsTold) {
    code({0xF4}); // hlt
    EXPECT_EQ(emulate_user(c, {Trap::protection}, ops).status, STATUS_PRIVILEGED_INSTRUCTION);
    code({0x0F, 0x22, 0xD8}); // mov cr3, rax
    EXPECT_EQ(emulate_user(c, {Trap::protection}, ops).status, STATUS_PRIVILEGED_INSTRUCTION);
    code({0x48, 0x8B, 0x00}); // mov rax, [rax], not canonical
    const auto e = emulate_user(c, {Trap::protection}, ops);
    EXPECT_EQ(e.status, STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(e.parameters[1], ~0ull);
    code({0xCD, 0x29}); // int 29h
    c.Rcx = 2;
    const auto f = emulate_user(c, {Trap::protection}, ops);
    EXPECT_EQ(f.outcome, Outcome::fast_fail);
    EXPECT_EQ(f.parameters[0], 2u);
    EXPECT_EQ(moved(), 0u);
}

TEST(Cpuid, SaysNoMoreThanAContextCanHold) {
    EXPECT_EQ(cpuid(1, 0).ecx & (1u << 26 | 1u << 27 | 1u << 28), 0u) << "XSAVE, OSXSAVE, AVX";
    EXPECT_EQ(cpuid(0x12345, 0).eax, 0u);
}

} // namespace
} // namespace nt::hardware
