// Instructions on device memory. The processor is the judge: the same instruction runs on ordinary memory
// with the same content, and registers, flags and memory must come out equal.
#include "abi/context.h"
#include "hardware/bus.h"
#include "hardware/detail/execute.h"
#include "hardware/emulate.h"
#include "host/scratch_code.h"
#include "host/signals.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>

extern "C" void hardware_execute(nt::CONTEXT* context, const void* code);
extern "C" const char hardware_executed[];

namespace nt::hardware {
namespace {

constexpr ULONG_PTR code_at = 0x2100'0000, memory_at = 0x2200'0000, size = 0x2000;
constexpr ULONGLONG physical_at = 0xD000'0000;

// Device registers that behave like memory, and count.
struct Registers final : RangeHandler {
    UCHAR bytes[size] = {};
    unsigned reads = 0, writes = 0;
    ULONGLONG read(ULONGLONG offset, ULONG n) override {
        ULONGLONG value = 0;
        std::memcpy(&value, bytes + offset, n);
        reads++;
        return value;
    }
    void write(ULONGLONG offset, ULONG n, ULONGLONG value) override {
        std::memcpy(bytes + offset, &value, n);
        writes++;
    }
};

struct Ops final : PrivilegedOps {
    bool read_only = false;
    UCHAR irql() override { return 0; }
    void set_irql(UCHAR) override {}
    ULONGLONG time_stamp() override { return 0; }
    ULONGLONG random() override { return 0; }
    bool device_memory(ULONG_PTR address, bool write, ULONGLONG& physical) override {
        if (address - memory_at >= size || (write && read_only)) return false;
        physical = physical_at + (address - memory_at);
        return true;
    }
};

struct DeviceAccess : testing::Test {
    static inline UCHAR *code = nullptr, *memory = nullptr;
    Registers device;
    Ops ops;
    CONTEXT c{};

    static UCHAR* map(ULONG_PTR at) {
        void* p = mmap(reinterpret_cast<void*>(at), size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        return p == MAP_FAILED ? nullptr : static_cast<UCHAR*>(p);
    }
    static void SetUpTestSuite() {
        host::install_signals(nullptr);
        code = map(code_at), memory = map(memory_at);
        ASSERT_TRUE(code && memory);
    }
    static void TearDownTestSuite() { munmap(code, size), munmap(memory, size); }
    void SetUp() override {
        device_memory().clear();
        device_memory().add({physical_at, size, &device, "registers"});
        mprotect(memory, size, PROT_NONE); // nothing must touch it directly
        c.Rip = code_at;
        c.EFlags = 0x202;
        c.Rcx = memory_at;
    }
    void TearDown() override { mprotect(memory, size, PROT_READ | PROT_WRITE), device_memory().clear(); }
    Emulation run(std::initializer_list<int> bytes, bool write = false, ULONG_PTR address = memory_at) {
        UCHAR* p = code;
        for (int b : bytes)
            *p++ = static_cast<UCHAR>(b);
        c.Rip = code_at;
        return emulate_kernel(c, {Trap::page, address, write}, ops);
    }
    ULONG at(ULONG offset) const {
        ULONG value;
        std::memcpy(&value, device.bytes + offset, 4);
        return value;
    }
};

TEST_F(DeviceAccess, AWriteDoesNotReadAndAReadDoesNotWrite) {
    c.Rax = 0x11223344;
    EXPECT_EQ(run({0x89, 0x41, 0x04}, true, memory_at + 4).outcome, Outcome::done); // mov [rcx+4], eax
    EXPECT_EQ(at(4), 0x11223344u);
    EXPECT_EQ(device.reads, 0u);
    EXPECT_EQ(run({0x8B, 0x51, 0x04}).outcome, Outcome::done); // mov edx, [rcx+4]
    EXPECT_EQ(c.Rdx, 0x11223344u);
    EXPECT_EQ(device.reads, 1u);
    EXPECT_EQ(device.writes, 1u);
    EXPECT_EQ(run({0xC7, 0x01, 0x78, 0x56, 0x34, 0x12}, true).outcome, Outcome::done); // mov dword [rcx], imm
    EXPECT_EQ(at(0), 0x12345678u);
    EXPECT_EQ(c.Rip, code_at + 6);
    EXPECT_EQ(run({0xF0, 0x83, 0x09, 0x01}, true).outcome, Outcome::done); // lock or dword [rcx], 1
    EXPECT_EQ(at(0), 0x12345679u);
}

TEST_F(DeviceAccess, AbsoluteAddresses) {
    device.bytes[8] = 0x5A;
    // mov al, [absolute]; mov [absolute], rax
    EXPECT_EQ(run({0xA0, 0x08, 0, 0, 0x22, 0, 0, 0, 0}).outcome, Outcome::done);
    EXPECT_EQ(c.Rax & 0xFF, 0x5Au);
    c.Rax = 0x1020304050607080;
    EXPECT_EQ(run({0x48, 0xA3, 0x10, 0, 0, 0x22, 0, 0, 0, 0}, true).outcome, Outcome::done);
    EXPECT_EQ(at(0x10), 0x50607080u);
    EXPECT_EQ(at(0x14), 0x10203040u);
    EXPECT_EQ(c.Rip, code_at + 10);
}

TEST_F(DeviceAccess, BitsBeyondTheOperand) {
    c.Rdx = 35;
    EXPECT_EQ(run({0x0F, 0xAB, 0x11}, true).outcome, Outcome::done); // bts [rcx], edx
    EXPECT_EQ(at(4), 8u);
    EXPECT_EQ(c.Rdx, 35u);
    EXPECT_EQ(c.EFlags & 1, 0u);
    EXPECT_EQ(run({0x0F, 0xA3, 0x11}).outcome, Outcome::done); // bt [rcx], edx
    EXPECT_EQ(c.EFlags & 1, 1u);
}

TEST_F(DeviceAccess, StringsBetweenDeviceAndMemory) {
    UCHAR* ram = code + 0x800;
    for (int i = 0; i < 16; i++)
        ram[i] = static_cast<UCHAR>(i + 1);
    c.Rsi = reinterpret_cast<ULONG_PTR>(ram), c.Rdi = memory_at + 0x20, c.Rcx = 4;
    EXPECT_EQ(run({0xF3, 0xA5}, true, memory_at + 0x20).outcome, Outcome::done); // rep movsd
    EXPECT_EQ(at(0x2C), 0x100F0E0Du);
    EXPECT_EQ(device.writes, 4u);
    EXPECT_EQ(c.Rcx, 0u);
    EXPECT_EQ(c.Rdi, memory_at + 0x30);
    c.Rsi = memory_at + 0x20, c.Rdi = reinterpret_cast<ULONG_PTR>(ram + 0x40), c.Rcx = 2;
    EXPECT_EQ(run({0xF3, 0x48, 0xA5}, false, memory_at + 0x20).outcome, Outcome::done); // rep movsq
    EXPECT_EQ(std::memcmp(ram, ram + 0x40, 16), 0);
    c.Rax = 0xAB, c.Rdi = memory_at + 0x3F, c.Rcx = 3, c.EFlags |= 0x400;
    EXPECT_EQ(run({0xF3, 0xAA}, true, memory_at + 0x3F).outcome, Outcome::done); // rep stosb, downwards
    EXPECT_EQ(at(0x3C), 0xABABAB00u);
    EXPECT_EQ(c.Rdi, memory_at + 0x3C);
    c.EFlags &= ~0x400u;
    c.Rax = 5, c.Rdi = memory_at + 0x20, c.Rcx = 100;
    EXPECT_EQ(run({0xF2, 0xAE}, false, memory_at + 0x20).outcome, Outcome::done); // repne scasb
    EXPECT_EQ(c.Rdi, memory_at + 0x25);
    EXPECT_EQ(c.Rcx, 95u);
    EXPECT_TRUE(c.EFlags & 0x40);
    c.Rsi = memory_at + 0x20, c.Rdi = reinterpret_cast<ULONG_PTR>(ram), ram[7] = 0, c.Rcx = 16;
    EXPECT_EQ(run({0xF3, 0xA6}, false, memory_at + 0x20).outcome, Outcome::done); // repe cmpsb
    EXPECT_EQ(c.Rcx, 8u);
    EXPECT_FALSE(c.EFlags & 0x40);
}

TEST_F(DeviceAccess, AFaultOfTheOtherOperandIsThatAddresss) {
    c.Rsi = memory_at, c.Rdi = 0x10, c.Rcx = 4;
    const auto e = run({0xF3, 0xA4}); // rep movsb to a bad address
    EXPECT_EQ(e.outcome, Outcome::exception);
    EXPECT_EQ(e.parameters[0], 1u);
    EXPECT_EQ(e.parameters[1], 0x10u);
    EXPECT_EQ(c.Rip, code_at);
    EXPECT_EQ(c.Rcx, 4u);
}

TEST_F(DeviceAccess, WhatCannotBeAndWhatIsForbidden) {
    EXPECT_EQ(run({0xDD, 0x01}).outcome, Outcome::not_modelled); // fld qword [rcx]
    EXPECT_STREQ(run({0xFF, 0x11}).name, "call on device memory");
    EXPECT_EQ(run({0xF7, 0x31}).outcome, Outcome::not_modelled);             // div dword [rcx]
    EXPECT_EQ(run({0x48, 0x89, 0x21}, true).outcome, Outcome::not_modelled); // mov [rcx], rsp
    EXPECT_EQ(run({0x0F, 0x28, 0x41, 0x01}).parameters[1], ~0ull) << "movaps needs its alignment";
    EXPECT_EQ(device.reads + device.writes, 0u);
    ops.read_only = true;
    EXPECT_EQ(run({0x89, 0x01}, true).outcome, Outcome::exception); // mov [rcx], eax
    EXPECT_EQ(run({0xFF, 0x01}).outcome, Outcome::exception) << "inc dword [rcx] reads, but must not write";
    EXPECT_EQ(device.writes, 0u);
}

// Random instructions, as many as there are forms: prefixes, opcodes of both maps, every addressing.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}
    ULONG below(ULONG n) { return static_cast<ULONG>(random_() % n); }

    ULONG instruction(UCHAR (&bytes)[16]) {
        ULONG n = 0;
        if (below(4) == 0) bytes[n++] = 0x66;
        if (below(8) == 0) bytes[n++] = 0xF0;
        if (below(6) == 0) bytes[n++] = below(2) ? 0xF2 : 0xF3;
        if (below(16) == 0) bytes[n++] = 0x67;
        if (below(2)) bytes[n++] = static_cast<UCHAR>(0x40 | below(16));
        if (below(2)) bytes[n++] = 0x0F;
        bytes[n++] = static_cast<UCHAR>(below(256));
        while (n < 16)
            bytes[n++] = static_cast<UCHAR>(below(256));
        return n;
    }
    void registers(CONTEXT& c) {
        for (int r = 0; r < 16; r++) {
            ULONG64& value = (&c.Rax)[r];
            switch (below(4)) {
            case 0:
                value = below(64);
                break;
            case 1:
                value = (static_cast<ULONG64>(random_()) << 32) | random_();
                break;
            default:
                value = memory_at + 0x1000 + 16 * below(8);
            }
        }
        for (int x = 0; x < 16; x++)
            (&c.Xmm0)[x] = {random_() * 0x1'0000'0001ull, static_cast<LONGLONG>(random_())};
        c.EFlags = 0x202 | (below(2) ? 0x8D5 & random_() : 0);
    }

  private:
    std::mt19937 random_;
};

TEST_F(DeviceAccess, RandomInstructionsDoWhatTheProcessorDoes) {
    Generator generator(7);
    unsigned done = 0;
    std::map<ZydisMnemonic, unsigned> kinds;
    UCHAR* scratch = host::scratch_code().code;
    for (int round = 0; round < 300'000; round++) {
        UCHAR bytes[16];
        generator.instruction(bytes);
        generator.registers(c);
        c.Rip = code_at;
        Decoded insn(c);
        if (!insn.decode(bytes, 15) || insn.instruction().meta.category == ZYDIS_CATEGORY_STRINGOP) continue;
        const ZydisDecodedOperand* operand = nullptr;
        for (int i = 0; i < insn.operand_count(); i++)
            if (insn.operand(i).type == ZYDIS_OPERAND_TYPE_MEMORY) operand = &insn.operand(i);
        if (!operand || operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
            operand->mem.segment != ZYDIS_REGISTER_DS)
            continue;
        // The judge runs on the host's own stack.
        if (operand->mem.base == ZYDIS_REGISTER_RSP || operand->mem.base == ZYDIS_REGISTER_ESP) continue;
        const ULONG_PTR address = insn.address_of(*operand);
        if (address < memory_at + 0x800 || address > memory_at + 0x1800) continue;
        if (is_bit_string(insn)) continue; // may lead anywhere; tested above

        for (ULONG i = 0; i < size; i++)
            device.bytes[i] = static_cast<UCHAR>(i * 37 + static_cast<ULONG>(round));
        UCHAR before[size];
        std::memcpy(before, device.bytes, size);
        const CONTEXT start = c;
        std::memcpy(code, bytes, 16);
        const auto e = emulate_kernel(c, {Trap::page, address, false}, ops);
        if (e.outcome != Outcome::done) {
            ASSERT_EQ(std::memcmp(before, device.bytes, size), 0);
            continue;
        }
        done++;
        kinds[insn.mnemonic()]++;
        // The same on memory. rip-relative forms cannot be moved: their address is never in range.
        mprotect(memory, size, PROT_READ | PROT_WRITE);
        std::memcpy(memory, before, size);
        const ULONG length = insn.length();
        const char* back = hardware_executed;
        std::memcpy(scratch, bytes, length);
        std::memcpy(scratch + length, "\xFF\x25\0\0\0", 6);
        std::memcpy(scratch + length + 6, &back, 8);
        CONTEXT real = start;
        hardware_execute(&real, scratch);
        real.Rip += length;
        std::string digits;
        for (ULONG i = 0; i < length; i++) {
            char text[4];
            std::snprintf(text, sizeof text, "%02x ", bytes[i]);
            digits += text;
        }
        ASSERT_EQ(std::memcmp(memory, device.bytes, size), 0) << digits << std::hex << address;
        mprotect(memory, size, PROT_NONE);
        ASSERT_EQ(std::memcmp(&real, &c, sizeof c), 0)
            << digits << std::hex << " flags " << real.EFlags << " " << c.EFlags;
    }
    EXPECT_GT(done, 2000u);
    EXPECT_GT(kinds.size(), 60u);
}

} // namespace
} // namespace nt::hardware
