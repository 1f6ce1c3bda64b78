// The unwinder on hand-made functions: a small address space holds code, .xdata and a stack.
#include "rtl/unwind.h"
#include <cstring>
#include <gtest/gtest.h>
#include <initializer_list>
#include <vector>

namespace nt::rtl {
namespace {

constexpr ULONG_PTR base = 0x140000000, stack_base = 0x10000;

struct Unwind : testing::Test {
    std::vector<UCHAR> image = std::vector<UCHAR>(0x4000, 0x90); // code at 0x1000, unwind data at 0x2000
    ULONGLONG stack[256];
    MemoryReader memory{&Unwind::read, this};
    RUNTIME_FUNCTION function{0x1000, 0x1100, {0x2000}};
    CONTEXT c{};

    Unwind() {
        for (int i = 0; i < 256; i++)
            stack[i] = 0xAA00 + i; // a slot tells its own number
        c.Rsp = slot(16);
        for (int r = 0; r < 16; r++)
            if (r != 4) (&c.Rax)[r] = 0x1000 + r;
    }
    static ULONG_PTR slot(int i) { return stack_base + 8 * i; }
    static bool read(const MemoryReader& self, std::uint64_t address, void* to, std::size_t n) {
        auto& t = *static_cast<Unwind*>(self.context);
        if (address >= base && address + n <= base + t.image.size())
            std::memcpy(to, &t.image[address - base], n);
        else if (address >= stack_base && address + n <= stack_base + sizeof t.stack)
            std::memcpy(to, reinterpret_cast<char*>(t.stack) + (address - stack_base), n);
        else
            return false;
        return true;
    }
    void put(ULONG rva, std::initializer_list<int> bytes) {
        for (int b : bytes)
            image[rva++] = static_cast<UCHAR>(b);
    }
    // Header and codes given as {offset, op | info << 4} bytes, operands as their bytes.
    void info(std::initializer_list<int> bytes, ULONG rva = 0x2000) { put(rva, bytes); }
    UnwindResult at(ULONG offset, ULONG type = UNW_FLAG_NHANDLER,
                    KNONVOLATILE_CONTEXT_POINTERS* p = nullptr) {
        return virtual_unwind(memory, type, base, base + 0x1000 + offset, &function, c, p);
    }
};

TEST_F(Unwind, LeafHasItsReturnAddressOnTop) {
    const auto r = virtual_unwind(memory, 0, 0, 0x1234, nullptr, c, nullptr);
    EXPECT_EQ(r.status, UnwindStatus::ok);
    EXPECT_EQ(c.Rip, 0xAA00u + 16);
    EXPECT_EQ(c.Rsp, slot(17));
    c.Rsp = 8;
    EXPECT_EQ(virtual_unwind(memory, 0, 0, 0x1234, nullptr, c, nullptr).status, UnwindStatus::bad_stack);
}

// push rbp(1); push rsi(2); sub rsp, 32(6): then body
TEST_F(Unwind, PushesAndSmallAllocationByPlaceInThePrologue) {
    info({1, 6, 3, 0, 6, UWOP_ALLOC_SMALL | 3 << 4, 2, UWOP_PUSH_NONVOL | 6 << 4, 1,
          UWOP_PUSH_NONVOL | 5 << 4});
    const CONTEXT fresh = c;
    KNONVOLATILE_CONTEXT_POINTERS p{};
    EXPECT_EQ(at(0x20, 0, &p).establisher_frame, slot(16));
    EXPECT_EQ(c.Rsi, 0xAA00u + 20); // four slots of locals
    EXPECT_EQ(c.Rbp, 0xAA00u + 21);
    EXPECT_EQ(c.Rip, 0xAA00u + 22);
    EXPECT_EQ(c.Rsp, slot(23));
    EXPECT_EQ(reinterpret_cast<ULONG_PTR>(p.Rsi), slot(20));

    c = fresh, at(2); // both pushes done, no allocation yet
    EXPECT_EQ(c.Rsi, 0xAA00u + 16);
    EXPECT_EQ(c.Rip, 0xAA00u + 18);
    c = fresh, at(1);
    EXPECT_EQ(c.Rsi, 0x1006u);
    EXPECT_EQ(c.Rbp, 0xAA00u + 16);
    c = fresh, at(0);
    EXPECT_EQ(c.Rip, 0xAA00u + 16);
}

TEST_F(Unwind, LargeAllocationsAndSaves) {
    // sub rsp, 0x88 (units of 8), mov [rsp+0x20], rbx; movaps [rsp+0x30], xmm6; far forms too
    info({1,    20,
          10,   0,
          20,   UWOP_SAVE_XMM128_FAR | 7 << 4,
          0x40, 0,
          0,    0,
          16,   UWOP_SAVE_XMM128 | 6 << 4,
          3,    0,
          12,   UWOP_SAVE_NONVOL_FAR | 7 << 4,
          0x28, 0,
          0,    0,
          8,    UWOP_SAVE_NONVOL | 3 << 4,
          4,    0});
    image[0x2002] = 10 + 2;
    put(0x2000 + 4 + 20, {4, UWOP_ALLOC_LARGE, 0x11, 0});
    EXPECT_EQ(at(0x40).status, UnwindStatus::ok);
    EXPECT_EQ(c.Rbx, 0xAA00u + 20);
    EXPECT_EQ(c.Rdi, 0xAA00u + 21);
    EXPECT_EQ(c.Xmm6.Low, 0xAA00u + 22);
    EXPECT_EQ(c.Xmm6.High, 0xAA00 + 23);
    EXPECT_EQ(c.Xmm7.Low, 0xAA00u + 24);
    EXPECT_EQ(c.Rip, 0xAA00u + 16 + 0x11);

    c.Rsp = slot(16);
    info({1, 7, 3, 0, 7, UWOP_ALLOC_LARGE | 1 << 4, 0x90, 0, 0, 0});
    EXPECT_EQ(at(0x40).status, UnwindStatus::ok);
    EXPECT_EQ(c.Rip, 0xAA00u + 16 + 0x12);
}

// push rbp; sub rsp, 0x20; lea rbp, [rsp+0x10]
TEST_F(Unwind, FrameRegisterCountsOnceItIsSet) {
    info({1, 10, 3, 5 | 1 << 4, 10, UWOP_SET_FPREG, 5, UWOP_ALLOC_SMALL | 3 << 4, 1,
          UWOP_PUSH_NONVOL | 5 << 4});
    const CONTEXT fresh = c;
    c.Rsp = slot(2); // alloca moved it
    c.Rbp = slot(18);
    EXPECT_EQ(at(0x50).establisher_frame, slot(16));
    EXPECT_EQ(c.Rbp, 0xAA00u + 20);
    EXPECT_EQ(c.Rsp, slot(22));
    c = fresh;
    EXPECT_EQ(at(5).establisher_frame, slot(16)) << "before the lea, rsp is what counts";
    EXPECT_EQ(c.Rip, 0xAA00u + 21);
}

TEST_F(Unwind, MachineFrameGivesAnInstruction) {
    for (int with_code : {0, 1}) {
        c.Rsp = slot(16);
        info({1, 0, 1, 0, 0, UWOP_PUSH_MACHFRAME | with_code << 4});
        const auto r = at(4);
        EXPECT_TRUE(r.machine_frame);
        EXPECT_EQ(c.Rip, 0xAA00u + 16 + with_code);
        EXPECT_EQ(c.Rsp, 0xAA00u + 19 + with_code);
    }
}

TEST_F(Unwind, HandlersApplyInTheBodyOnly) {
    info({1 | UNW_FLAG_EHANDLER << 3, 4, 1, 0, 4, UWOP_ALLOC_SMALL | 3 << 4, 0, 0, 0x00, 0x30, 0, 0});
    put(0x1040, {0x48, 0x83, 0xC4, 0x20, 0xC3}); // add rsp, 32; ret
    const CONTEXT fresh = c;
    auto r = at(0x20, UNW_FLAG_EHANDLER);
    EXPECT_EQ(r.handler, base + 0x3000);
    EXPECT_EQ(r.handler_data, base + 0x200C);
    c = fresh;
    EXPECT_EQ(at(0x20, UNW_FLAG_UHANDLER).handler, 0u) << "not asked for";
    c = fresh;
    EXPECT_EQ(at(2, UNW_FLAG_EHANDLER).handler, 0u) << "in the prologue";
    for (int where : {0x40, 0x44}) { // in the epilogue, before and after the add
        c = fresh;
        if (where == 0x44) c.Rsp = slot(20);
        EXPECT_EQ(at(where, UNW_FLAG_EHANDLER).handler, 0u);
        EXPECT_EQ(c.Rip, 0xAA00u + 20);
    }
}

TEST_F(Unwind, EpilogueForms) {
    info({1, 6, 3, 5, 6, UWOP_SET_FPREG, 3, UWOP_PUSH_NONVOL | 12 << 4, 1, UWOP_PUSH_NONVOL | 5 << 4});
    const struct {
        std::initializer_list<int> code;
        int rip_slot;
    } forms[] = {
        {{0x48, 0x8D, 0x65, 0x08, 0x41, 0x5C, 0x5D, 0xC3}, 33}, // lea rsp,[rbp+8]; pop r12; pop rbp; ret
        {{0x48, 0x8D, 0xA5, 8, 0, 0, 0, 0x41, 0x5C, 0x5D, 0xC2, 8, 0}, 33}, // … ret 8
        {{0x41, 0x5C, 0x5D, 0xF3, 0xC3}, 18},                               // pops; rep ret
        {{0x5D, 0xE9, 0, 1, 0, 0}, 17},                                     // pop; jmp out of the function
        {{0x5D, 0x48, 0xFF, 0x25, 0, 0, 0, 0}, 17},                         // pop; jmp [import]
        {{0x48, 0x81, 0xC4, 0x10, 0, 0, 0, 0xC3}, 18},                      // add rsp, 16; ret
    };
    for (const auto& form : forms) {
        std::fill(image.begin() + 0x1020, image.begin() + 0x1040, 0x90);
        put(0x1020, form.code);
        c.Rsp = slot(16), c.Rbp = slot(30);
        ASSERT_EQ(at(0x20).status, UnwindStatus::ok);
        EXPECT_EQ(c.Rip, 0xAA00u + form.rip_slot);
    }
    // A jump inside the function, and a pop that no return follows, are body.
    for (auto code :
         {std::initializer_list<int>{0x5D, 0xEB, 0x10}, std::initializer_list<int>{0x5D, 0x90, 0xC3}}) {
        std::fill(image.begin() + 0x1020, image.begin() + 0x1040, 0x90);
        put(0x1020, code);
        c.Rsp = slot(16), c.Rbp = slot(30);
        ASSERT_EQ(at(0x20).status, UnwindStatus::ok);
        EXPECT_EQ(c.Rip, 0xAA00u + 32) << "by the prologue: set_fpreg, pop r12, pop rbp";
    }
}

TEST_F(Unwind, VersionTwoSaysWhereEpiloguesAre) {
    // epilogues of 2 bytes: at the end, and one that starts 0x80 before it
    info({2, 1, 3, 0, 2, UWOP_EPILOG | 1 << 4, 0x80, UWOP_EPILOG, 1, UWOP_PUSH_NONVOL | 3 << 4});
    put(0x10FE, {0x5B, 0xC3}); // pop rbx; ret
    put(0x1080, {0x5B, 0xC3});
    put(0x1040, {0x5B, 0xC3}); // looks like one and is not declared
    for (int where : {0xFF, 0x81}) {
        c.Rsp = slot(16), c.Rbx = 7;
        EXPECT_EQ(at(where).status, UnwindStatus::ok);
        EXPECT_EQ(c.Rbx, 7u) << "already popped";
        EXPECT_EQ(c.Rip, 0xAA00u + 16);
    }
    c.Rsp = slot(16), c.Rbx = 7;
    at(0x41);
    EXPECT_EQ(c.Rbx, 0xAA00u + 16) << "by the prologue's codes";
}

TEST_F(Unwind, ChainGoesToThePrimaryEntryAndItsHandler) {
    // The fragment saved rdi into the parent's frame; the parent pushed rbx and allocated 32.
    info({1 | UNW_FLAG_CHAININFO << 3, 4, 2, 0, 4, UWOP_SAVE_NONVOL | 7 << 4, 2, 0});
    const RUNTIME_FUNCTION parent{0x1800, 0x1900, {0x2100}};
    std::memcpy(&image[0x2008], &parent, sizeof parent);
    info({1 | UNW_FLAG_UHANDLER << 3, 5, 2, 0, 5, UWOP_ALLOC_SMALL | 3 << 4, 1, UWOP_PUSH_NONVOL | 3 << 4,
          0x44, 0x33, 0, 0},
         0x2100);
    const auto r = at(0x20, UNW_FLAG_UHANDLER);
    EXPECT_EQ(c.Rdi, 0xAA00u + 18);
    EXPECT_EQ(c.Rbx, 0xAA00u + 20);
    EXPECT_EQ(c.Rip, 0xAA00u + 21);
    EXPECT_EQ(r.handler, base + 0x3344);
    // A chain that bites its tail ends as bad data.
    std::memcpy(&image[0x2008], &function, sizeof function);
    EXPECT_NE(at(0x20).status, UnwindStatus::ok);
}

TEST_F(Unwind, NonsenseIsAnError) {
    info({3, 0, 0, 0}); // version
    EXPECT_EQ(at(0x20).status, UnwindStatus::bad_unwind_info);
    info({1, 4, 1, 0, 4, UWOP_ALLOC_LARGE}); // operand is missing
    EXPECT_EQ(at(0x20).status, UnwindStatus::bad_unwind_info);
    info({1, 4, 1, 0, 4, 12}); // no such operation
    EXPECT_EQ(at(0x20).status, UnwindStatus::bad_unwind_info);
    function.UnwindData = 0x10000000;
    EXPECT_EQ(at(0x20).status, UnwindStatus::bad_unwind_info);
}

TEST_F(Unwind, TableSearch) {
    std::vector<RUNTIME_FUNCTION> table;
    for (ULONG i = 0; i < 7; i++)
        table.push_back({0x1000 + i * 0x100, 0x1080 + i * 0x100, {0x2000}});
    const auto find = [&](ULONG rva) { return find_function(table.data(), table.size(), base, base + rva); };
    EXPECT_EQ(find(0xFFF), nullptr);
    for (ULONG i = 0; i < 7; i++) {
        EXPECT_EQ(find(0x1000 + i * 0x100), &table[i]);
        EXPECT_EQ(find(0x107F + i * 0x100), &table[i]);
        EXPECT_EQ(find(0x1080 + i * 0x100), nullptr) << "a leaf between";
    }
}

} // namespace
} // namespace nt::rtl
