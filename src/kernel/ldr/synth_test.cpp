#include "abi/pe.h"
#include "kernel/ldr/modules.h"
#include "kernel/ldr/synth.h"
#include "kernel/ldr/test_memory.h"
#include <gtest/gtest.h>

namespace nt::ldr {
namespace {

constexpr std::uint64_t base = 0x3000'0001'0000, slot = 0x3000'0000'0000;

SynthRequest request() {
    SynthRequest r;
    r.file_name = "ntoskrnl.exe";
    r.base = base;
    r.gate_slot = slot;
    auto add = [&](SynthSymbol::Kind kind, const char* name, ULONG number, bool exported) {
        SynthSymbol s;
        s.kind = kind;
        s.name = name;
        s.index = s.size = number;
        s.exported = exported;
        r.symbols.push_back(s);
    };
    add(SynthSymbol::Kind::function, "ZwClose", 0x1234, true);
    add(SynthSymbol::Kind::function, "IoCreateDevice", 7, true);
    add(SynthSymbol::Kind::function, "IopInvalidDeviceRequest", 8, false);
    add(SynthSymbol::Kind::data, "KeTickCount", 24, true);
    add(SynthSymbol::Kind::data, "MmBadPointer", 8, true);
    r.symbols.push_back(trampoline_symbol("KiCallDriver", slot + 8));
    r.symbols.push_back(guard_check_symbol());
    r.symbols.push_back(guard_dispatch_symbol());
    return r;
}

struct SynthTest : testing::Test {
    SynthImage made = synthesise(request());
    test::FakeMemory memory;
    ModuleList modules;
    Module* nt = nullptr;
    void SetUp() override {
        auto file = ImageFile::parse(made.bytes, Use::any);
        ASSERT_TRUE(file.has_value()) << file.error().to_string();
        LoadOptions options;
        options.file_name = "ntoskrnl.exe";
        options.wished_base = base;
        auto loaded =
            load_image(std::make_shared<const ImageFile>(std::move(*file)), memory, nullptr, options);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
        EXPECT_TRUE(loaded->warnings.empty());
        loaded->module->internal_names = made.internal_names();
        nt = &modules.add(std::move(loaded->module));
    }
    template <class T> T at(std::uint64_t address) { return memory.get<T>(address); }
};

TEST_F(SynthTest, ThunksJumpThroughTheGatewayWithTheirIndex) {
    EXPECT_EQ(nt->base, base);
    std::string reason;
    const auto thunk = modules.resolve("ntoskrnl.exe", {"IoCreateDevice", 0, false}, reason);
    ASSERT_NE(thunk, 0u);
    EXPECT_EQ(thunk % 16, 0u);
    EXPECT_EQ(at<UCHAR>(thunk), 0xB8);
    EXPECT_EQ(at<ULONG>(thunk + 1), 7u);
    EXPECT_EQ(at<USHORT>(thunk + 5), 0x25FF);
    EXPECT_EQ(thunk + 11 + at<LONG>(thunk + 7), slot);
    EXPECT_EQ(at<UCHAR>(thunk + 11), 0xCC);
    EXPECT_EQ(memory.rights(thunk), 5);
}

TEST_F(SynthTest, DataIsZeroedAndWritable) {
    const auto data = base + made.rva_of("KeTickCount");
    EXPECT_EQ(memory.rights(data), 3);
    EXPECT_EQ(data % 16, 0u);
    const auto other = base + made.rva_of("MmBadPointer");
    EXPECT_TRUE(other >= data + 24 || data >= other + 8);
}

TEST_F(SynthTest, InternalNamesAreForViewsOnly) {
    std::string reason;
    EXPECT_EQ(modules.resolve("ntoskrnl.exe", {"IopInvalidDeviceRequest", 0, false}, reason), 0u);
    EXPECT_EQ(modules.describe(base + made.rva_of("IopInvalidDeviceRequest") + 5),
              "nt!IopInvalidDeviceRequest+0x5");
    EXPECT_EQ(nt->symbol_address("KiCallDriver"), base + made.rva_of("KiCallDriver"));
    EXPECT_TRUE(nt->has_symbols());
}

TEST_F(SynthTest, TrampolineCallsAndReturnsThroughItsSlot) {
    const auto code = base + made.rva_of("KiCallDriver");
    EXPECT_EQ(at<USHORT>(code), 0xD0FF);
    EXPECT_EQ(at<USHORT>(code + trampoline_return_offset), 0x25FF);
    EXPECT_EQ(code + 8 + at<LONG>(code + 4), slot + 8);
    ASSERT_EQ(nt->file->pdata_count, 1u);
    EXPECT_EQ(at<ULONG>(base + nt->file->pdata), made.rva_of("KiCallDriver"));
}

TEST_F(SynthTest, ExportsAreSortedAsWindowsSearchesThem) {
    ASSERT_EQ(nt->file->exports_by_name.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(nt->file->exports_by_name[i], i); // names ascend with their ordinals
    EXPECT_EQ(nt->file->export_name, "ntoskrnl.exe");
    EXPECT_EQ(nt->file->checksum, nt->file->computed_checksum());
}

TEST_F(SynthTest, SameListSameBytes) { EXPECT_EQ(synthesise(request()).bytes, made.bytes); }

} // namespace
} // namespace nt::ldr
