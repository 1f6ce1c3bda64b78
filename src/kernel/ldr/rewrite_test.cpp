#include "kernel/ldr/modules.h"
#include "kernel/ldr/rewrite.h"
#include "kernel/ldr/test_memory.h"
#include "kernel/ldr/test_pe.h"
#include <gtest/gtest.h>

namespace nt::ldr {
namespace {

using test::Bytes;
using test::TestPe;

const Bytes leaf = {1, 0, 0, 0}; // UNWIND_INFO without a prologue

struct Rewritten {
    std::shared_ptr<const ImageFile> file;
    std::unique_ptr<Staged> image;
    RewriteReport report;

    explicit Rewritten(TestPe pe, RewriteOptions options = {}) {
        auto parsed = ImageFile::parse(pe.bytes(), Use::any);
        if (!parsed) {
            ADD_FAILURE() << parsed.error().to_string();
            std::abort();
        }
        file = std::make_shared<const ImageFile>(std::move(*parsed));
        image = std::make_unique<Staged>(*file, file->preferred_base, stub_area_for(*file));
        report = rewrite_image(*file, *image, options);
    }
    Bytes at(ULONG rva, ULONG n) const { return Bytes(image->data() + rva, image->data() + rva + n); }
    int count(std::string_view mnemonic) const {
        int n = 0;
        for (const auto& s : report.sensitive)
            n += s.mnemonic == mnemonic;
        return n;
    }
};

// One function over the whole of `code`.
TestPe function(Bytes code, Bytes unwind = leaf) {
    const auto size = static_cast<ULONG>(code.size());
    TestPe pe(std::move(code));
    pe.functions({{0x1000, 0x1000 + size, std::move(unwind)}});
    return pe;
}

TEST(Rewrite, SharedDataGetsItsUserAddress) {
    // mov rax, 0xFFFFF78000000014; mov rcx, 0xFFFFF78000000320; mov rax, [0xFFFFF78000000008]; ret
    Rewritten r(
        function({0x48, 0xB8, 0x14, 0,    0,    0,    0x80, 0xF7, 0xFF, 0xFF, 0x48, 0xB9, 0x20, 3,    0,   0,
                  0x80, 0xF7, 0xFF, 0xFF, 0x48, 0xA1, 8,    0,    0,    0,    0x80, 0xF7, 0xFF, 0xFF, 0xC3}));
    EXPECT_EQ(r.image->get64(0x1002), 0x7FFE'0014u);
    EXPECT_EQ(r.image->get64(0x100C), 0x7FFE'0320u);
    EXPECT_EQ(r.image->get64(0x1016), 0x7FFE'0008u);
    ASSERT_EQ(r.report.patches.size(), 3u);
    EXPECT_EQ(r.report.patches[0].kind, PatchKind::shared_data);
    EXPECT_EQ(r.report.patches[0].length, 10);
}

TEST(Rewrite, TrapsOfTheSameLength) {
    // cpuid; rdtscp; rdrand r10d; sidt [rsp+8]; rdtsc; ret
    Rewritten r(function(
        {0x0F, 0xA2, 0x0F, 0x01, 0xF9, 0x41, 0x0F, 0xC7, 0xF2, 0x0F, 0x01, 0x4C, 0x24, 8, 0x0F, 0x31, 0xC3}));
    EXPECT_EQ(r.at(0x1000, 17), (Bytes{0x0F, 0x0B, 0x0F, 0x0B, 0x90, 0x0F, 0x0B, 0x90, 0x90, 0x0F, 0x0B, 0x90,
                                       0x90, 0x90, 0x0F, 0x0B, 0xC3}));
    EXPECT_EQ(r.report.sensitive.size(), 5u);
    Bytes view = r.at(0x1004, 12); // begins inside a patch, ends inside another
    EXPECT_TRUE(overlay_original(r.report, 0x1004, view));
    EXPECT_EQ(view, (Bytes{0xF9, 0x41, 0x0F, 0xC7, 0xF2, 0x0F, 0x01, 0x4C, 0x24, 8, 0x0F, 0x31}));
    Bytes other = {0xC3};
    EXPECT_FALSE(overlay_original(r.report, 0x1010, other));
}

TEST(Rewrite, FlagsOnlyBesideTheInterruptFlag) {
    Rewritten plain(function({0x9C, 0x58, 0x9D, 0xC3})); // pushfq; pop rax; popfq; ret
    EXPECT_TRUE(plain.report.patches.empty());
    EXPECT_TRUE(plain.report.sensitive.empty());
    Rewritten locked(function({0x9C, 0xFA, 0x9D, 0xC3})); // pushfq; cli; popfq; ret
    EXPECT_EQ(locked.at(0x1000, 4), (Bytes{0xF4, 0xFA, 0xF4, 0xC3}));
    EXPECT_EQ(locked.count("cli"), 1);
}

TEST(Rewrite, DataAmongTheCodeStays) {
    // jmp over; two bytes of data that read as cpuid; over: ret
    TestPe pe(Bytes{0xEB, 0x02, 0x0F, 0xA2, 0xC3});
    pe.functions({{0x1000, 0x1002, leaf}});
    Rewritten r(std::move(pe));
    EXPECT_EQ(r.at(0x1002, 2), (Bytes{0x0F, 0xA2}));
    EXPECT_TRUE(r.report.patches.empty());
}

TEST(Rewrite, LeafRoutinesAreFoundByTheirCallers) {
    // call +1; ret; routine without an entry in the function table: rdtsc; ret
    TestPe pe(Bytes{0xE8, 1, 0, 0, 0, 0xC3, 0x0F, 0x31, 0xC3});
    pe.functions({{0x1000, 0x1006, leaf}});
    Rewritten r(std::move(pe));
    EXPECT_EQ(r.at(0x1006, 2), (Bytes{0x0F, 0x0B}));
    ASSERT_EQ(r.report.sensitive.size(), 1u);
    EXPECT_EQ(r.report.sensitive[0].function, 0x1006u);
}

TEST(Rewrite, ProgramsAreDecodedWhereNeeded) {
    TestPe pe(Bytes{0xC3, 0xCC, 0xCC, 0xCC, 0x0F, 0xA2, 0xC3});
    pe.functions({{0x1000, 0x1001, leaf}, {0x1004, 0x1007, leaf}});
    Rewritten r(std::move(pe), {.kernel = false});
    EXPECT_EQ(r.at(0x1004, 2), (Bytes{0x0F, 0x0B}));
    // cr8 is left to its trap, and so is the kernel's address of KUSER_SHARED_DATA.
    Rewritten cr8(function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0xC3}), {.kernel = false});
    EXPECT_TRUE(cr8.report.patches.empty());
}

// Code the stub must hold, up to its jump.
Bytes stub_of(const Rewritten& r) {
    if (r.report.stubs.empty()) return {};
    return r.at(r.report.stubs[0].rva, r.report.stubs[0].size - 5);
}

TEST(Rewrite, ReadOfCr8BecomesADetour) {
    // mov rax, cr8; movzx eax, al; ret
    Rewritten r(function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0xC3}));
    ASSERT_EQ(r.report.stubs.size(), 1u);
    const auto stub = r.report.stubs[0];
    EXPECT_EQ(stub.rva, r.image->size());
    EXPECT_EQ(stub.patch, 0x1000u);
    // movzx eax, byte ptr gs:[0x50]; movzx eax, al
    EXPECT_EQ(stub_of(r), (Bytes{0x65, 0x0F, 0xB6, 0x04, 0x25, 0x50, 0, 0, 0, 0x0F, 0xB6, 0xC0}));
    LONG distance;
    std::memcpy(&distance, r.image->data() + 0x1001, 4);
    EXPECT_EQ(r.image->data()[0x1000], 0xE9);
    EXPECT_EQ(0x1005 + distance, static_cast<LONG>(stub.rva));
    std::memcpy(&distance, r.image->data() + stub.rva + stub.size - 4, 4);
    EXPECT_EQ(static_cast<LONG>(stub.rva + stub.size) + distance, 0x1007);
    EXPECT_EQ(r.at(0x1005, 3), (Bytes{0xCC, 0xCC, 0xC3}));
    EXPECT_TRUE(r.report.sensitive[0].replaced);
    // mov r9, cr8; lea rdx, [rip+0x100]; ret: the moved address keeps its target
    Rewritten lea(function({0x45, 0x0F, 0x20, 0xC1, 0x48, 0x8D, 0x15, 0, 1, 0, 0, 0xC3}));
    ASSERT_EQ(lea.report.stubs.size(), 1u);
    const auto code = stub_of(lea);
    EXPECT_EQ(Bytes(code.begin(), code.begin() + 10),
              (Bytes{0x65, 0x44, 0x0F, 0xB6, 0x0C, 0x25, 0x50, 0, 0, 0}));
    std::memcpy(&distance, &code[13], 4);
    EXPECT_EQ(lea.report.stubs[0].rva + 17 + distance, 0x100B + 0x100u);
}

TEST(Rewrite, DetoursOnlyWhereItIsSafe) {
    const auto refused = [](TestPe pe) {
        Rewritten r(std::move(pe));
        EXPECT_TRUE(r.report.patches.empty());
        EXPECT_EQ(r.count("mov r, cr8"), 1);
        return r.report.patches.empty();
    };
    // The next instruction returns.
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0xC3})));
    // A branch leads to the next instruction: L: movzx eax, al; jne L
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0x75, 0xFB, 0xC3})));
    // The next instruction reads memory.
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x48, 0x8B, 0x01, 0xC3})));
    // The next instruction moves the stack pointer.
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3})));
    // Inside the prologue (sub rsp, 28h; mov rax, cr8 …).
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x48, 0x83, 0xEC, 0x28, 0x90, 0x90, 0xC3},
                                 {1, 8, 1, 0, 8, 0x42, 0, 0})));
    // An indirect jump that nothing explains.
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0xFF, 0xE1})));
    // A __try range begins between the two.
    Bytes handler = {9, 0, 0, 0};
    for (ULONG value : {0x1008u, 1u, 0x1004u, 0x1008u, 1u, 0x1008u})
        TestPe::put(handler, value);
    EXPECT_TRUE(refused(function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0x90, 0xC3}, handler)));
    // Writes always trap.
    Rewritten write(function({0x44, 0x0F, 0x22, 0xC0, 0x0F, 0xB6, 0xC0, 0xC3}));
    EXPECT_TRUE(write.report.patches.empty());
    EXPECT_EQ(write.count("mov cr8, r"), 1);
}

TEST(Rewrite, CaseLabelsAreReachedThroughJumpTables) {
    // cmp ecx, 1; ja B; lea rdx, [rip+table]; movsxd rax, [rdx+rcx*4]; add rax, rdx; jmp rax; A: cpuid; ret;
    // B: rdtsc; ret
    Bytes code = {0x83, 0xF9, 1,    0x77, 0x13, 0x48, 0x8D, 0x15, 0,    0,    0,    0,    0x48, 0x63,
                  0x04, 0x8A, 0x48, 0x01, 0xD0, 0xFF, 0xE0, 0x0F, 0xA2, 0xC3, 0x0F, 0x31, 0xC3, 0xCC};
    const auto table = static_cast<ULONG>(code.size());
    code[8] = static_cast<std::uint8_t>(table - 12);
    TestPe::put(code, LONG{0x15} - static_cast<LONG>(table));
    TestPe::put(code, LONG{0x18} - static_cast<LONG>(table));
    TestPe::put(code, LONG{0x16} - static_cast<LONG>(table)); // the next table; not ours
    TestPe pe(code);
    pe.functions({{0x1000, 0x1000 + table, leaf}});
    Rewritten r(std::move(pe));
    EXPECT_EQ(r.at(0x1015, 2), (Bytes{0x0F, 0x0B}));
    EXPECT_EQ(r.at(0x1018, 2), (Bytes{0x0F, 0x0B}));
    EXPECT_TRUE(r.report.undecoded.empty());
}

TEST(Rewrite, WhatIsNotExplainedIsReported) {
    // jmp rax (no table); then code that nothing leads to: rdtsc; ret
    Rewritten r(function({0xFF, 0xE0, 0x0F, 0x31, 0xC3}));
    EXPECT_EQ(r.report.undecoded, (std::vector<ULONG>{0x1000}));
    EXPECT_EQ(r.at(0x1002, 2), (Bytes{0x0F, 0x31}));
    // The same after a call that does not return is a landing pad or dead code, and decodes.
    Rewritten pad(function({0xC3, 0x0F, 0x31, 0xC3}));
    EXPECT_TRUE(pad.report.undecoded.empty());
    EXPECT_EQ(pad.at(0x1001, 2), (Bytes{0x0F, 0x0B}));
}

TEST(Rewrite, ReportsBoundsOfTheAddressMap) {
    // mov rax, 0xFFFF800000000000; mov rax, -10000000000 (a relative time); ret
    Rewritten r(function({0x48, 0xB8, 0,    0,    0,    0,    0,    0x80, 0xFF, 0xFF, 0x48,
                          0xB8, 0,    0x1C, 0xF4, 0xAB, 0xFD, 0xFF, 0xFF, 0xFF, 0xC3}));
    EXPECT_EQ(r.report.high_addresses, (std::vector<ULONG>{0x1000}));
    EXPECT_TRUE(r.report.patches.empty());
}

TEST(Rewrite, OnlyReportsWhenAskedTo) {
    Rewritten r(function({0x0F, 0xA2, 0xC3}), {.kernel = true, .change = false});
    EXPECT_EQ(r.at(0x1000, 2), (Bytes{0x0F, 0xA2}));
    EXPECT_EQ(r.count("cpuid"), 1);
}

TEST(Rewrite, ModulesKnowThePatchesAndTheStubs) {
    auto pe = function({0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0x0F, 0xA2, 0xC3});
    auto file = ImageFile::parse(pe.bytes(), Use::driver);
    ASSERT_TRUE(file.has_value());
    test::FakeMemory memory;
    LoadOptions options;
    options.file_name = "p.sys";
    auto loaded = load_image(std::make_shared<const ImageFile>(std::move(*file)), memory, nullptr, options);
    ASSERT_TRUE(loaded.has_value());
    ModuleList modules;
    auto& module = modules.add(std::move(loaded->module));
    EXPECT_EQ(module.extent, module.size + 0x1000);
    EXPECT_EQ(memory.rights(module.base + module.size), 5);
    const auto* patch = modules.patch_at(module.base + 0x1007);
    ASSERT_NE(patch, nullptr);
    EXPECT_EQ(patch->kind, PatchKind::trap);
    EXPECT_EQ(modules.patch_at(module.base + 0x1008), nullptr);
    std::uint8_t bytes[10];
    for (int i = 0; i < 10; ++i)
        bytes[i] = memory.get<UCHAR>(module.base + 0x1000 + i);
    EXPECT_TRUE(modules.original_bytes(module.base + 0x1000, bytes));
    EXPECT_EQ(bytes[0], 0x44);
    EXPECT_EQ(bytes[8], 0xA2);
    EXPECT_EQ(memory.violations, 0);
}

} // namespace
} // namespace nt::ldr
