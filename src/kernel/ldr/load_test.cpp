#include "kernel/ldr/load.h"
#include "kernel/ldr/modules.h"
#include "kernel/ldr/test_memory.h"
#include "kernel/ldr/test_pe.h"
#include <gtest/gtest.h>

namespace nt::ldr {
namespace {

using test::Bytes;
using test::FakeMemory;
using test::TestPe;

std::shared_ptr<const ImageFile> parse(Bytes bytes, Use use = Use::driver) {
    auto image = ImageFile::parse(std::move(bytes), use);
    if (!image) {
        ADD_FAILURE() << image.error().to_string();
        std::abort();
    }
    return std::make_shared<const ImageFile>(std::move(*image));
}

LoadOptions named(std::string file_name) {
    LoadOptions options;
    options.file_name = std::move(file_name);
    return options;
}

struct Machine {
    FakeMemory memory;
    ModuleList modules;
    ListResolver resolver{modules};
    Module& load(TestPe pe, const char* name) {
        auto loaded = load_image(parse(pe.bytes(), Use::any), memory, &resolver, named(name));
        if (!loaded) {
            ADD_FAILURE() << loaded.error().text;
            std::abort();
        }
        return modules.add(std::move(loaded->module));
    }
};

TEST(Load, MapsSectionsWithTheirRights) {
    Machine m;
    TestPe pe;
    pe.add(".data", {1, 2, 3}, TestPe::write, 0x1800);
    pe.add("INIT", {0xC3}, TestPe::code | IMAGE_SCN_MEM_DISCARDABLE);
    pe.add(".rdata", {9}, TestPe::read);
    auto& module = m.load(pe, "Tiny.SYS");
    EXPECT_EQ(module.name, "tiny");
    EXPECT_EQ(module.entry, module.base + 0x1000);
    EXPECT_EQ(m.memory.rights(module.base), 1);
    EXPECT_EQ(m.memory.rights(module.base + 0x1000), 5);
    EXPECT_EQ(m.memory.rights(module.base + 0x2000), 3);
    EXPECT_EQ(m.memory.rights(module.base + 0x3000), 3); // zero fill of .data
    EXPECT_EQ(m.memory.rights(module.base + 0x4000), 5);
    EXPECT_EQ(m.memory.rights(module.base + 0x5000), 1);
    EXPECT_EQ(m.memory.get<USHORT>(module.base), IMAGE_DOS_SIGNATURE);
    EXPECT_EQ(m.memory.get<UCHAR>(module.base + 0x2002), 3);
    EXPECT_EQ(m.memory.get<UCHAR>(module.base + 0x2003), 0);
    release_discardable(module, m.memory);
    EXPECT_EQ(m.memory.rights(module.base + 0x4000), 0);
    EXPECT_TRUE(module.section_at(module.base + 0x4000)->released);
    unload_image(module, m.memory);
    EXPECT_TRUE(m.memory.pages.empty());
    EXPECT_EQ(m.memory.violations, 0);
}

TEST(Load, Relocates) {
    Machine m;
    TestPe pe;
    Bytes data;
    TestPe::put(data, pe.headers.OptionalHeader.ImageBase + 0x1000);
    data.resize(0x1100);
    const auto crossing = pe.headers.OptionalHeader.ImageBase + 0x2000; // lies across a page boundary
    std::memcpy(&data[0xFFC], &crossing, 8);
    pe.add(".data", data, TestPe::write);
    pe.relocations({0x2000, 0x2FFC});
    auto& module = m.load(pe, "a.sys");
    EXPECT_EQ(m.memory.get<std::uint64_t>(module.base + 0x2000), module.base + 0x1000);
    EXPECT_EQ(m.memory.get<std::uint64_t>(module.base + 0x2FFC), module.base + 0x2000);
}

TEST(Load, WithoutRelocationsOnlyAtItsBase) {
    Machine m;
    TestPe pe;
    pe.headers.FileHeader.Characteristics |= IMAGE_FILE_RELOCS_STRIPPED;
    const auto file = parse(pe.bytes());
    auto loaded = load_image(file, m.memory, &m.resolver, named("fixed.sys"));
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->module->base, 0x1'4000'0000u);
    auto again = load_image(file, m.memory, &m.resolver, named("fixed.sys"));
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().status, STATUS_CONFLICTING_ADDRESSES);
    EXPECT_NE(again.error().text.find("no relocations"), std::string::npos);
    auto options = named("fixed.sys");
    options.wished_base = 0x3000'0020'0000;
    auto elsewhere = load_image(file, m.memory, &m.resolver, options);
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_EQ(m.memory.pages.size(), 2u); // nothing of the refused ones stayed
}

TEST(Load, BindsByNameOrdinalAndThroughForwarders) {
    Machine m;
    TestPe hal;
    hal.exports("hal.dll", {{"Stall", 0x1000, ""}});
    auto& hal_module = m.load(hal, "HAL.dll");
    TestPe kernel;
    kernel.add(".data", {}, TestPe::write, 16);
    kernel.exports("ntoskrnl.exe",
                   {{"Data", 0x2000, ""}, {"KeStall", 0, "hal.Stall"}, {"KeStall2", 0, "HAL.#1"}}, 10);
    auto& kernel_module = m.load(kernel, "ntoskrnl.exe");
    EXPECT_EQ(kernel_module.name, "nt");
    TestPe driver;
    const ULONG slots = driver.imports({{"NTOSKRNL.EXE", {"Data", "#10", "KeStall", "KeStall2"}}});
    auto& module = m.load(driver, "d.sys");
    auto slot = [&](int i) { return m.memory.get<std::uint64_t>(module.base + slots + 8 * i); };
    EXPECT_EQ(slot(0), kernel_module.base + 0x2000);
    EXPECT_EQ(slot(1), slot(0));
    EXPECT_EQ(slot(2), hal_module.base + 0x1000);
    EXPECT_EQ(slot(3), hal_module.base + 0x1000);
}

TEST(Load, OneDriverImportsFromAnother) {
    Machine m;
    TestPe library;
    library.exports("class.sys", {{"ClassInitialize", 0x1000, ""}});
    auto& exporter = m.load(library, "class.sys");
    TestPe driver;
    const ULONG slot = driver.imports({{"class.sys", {"ClassInitialize"}}});
    auto& module = m.load(driver, "disk.sys");
    EXPECT_EQ(m.memory.get<std::uint64_t>(module.base + slot), exporter.base + 0x1000);
}

TEST(Load, ReportsAllUnknownImports) {
    Machine m;
    TestPe loop;
    loop.exports("loop.sys",
                 {{"A", 0, "loop.B"}, {"B", 0, "loop.A"}, {"C", 0, "gone.C"}, {"D", 0, "loop.E"}});
    m.load(loop, "loop.sys");
    TestPe driver;
    driver.imports({{"loop.sys", {"A", "C", "D", "Missing", "#99"}}, {"netio.sys", {"NetThing"}}});
    const auto pages = m.memory.pages.size();
    auto loaded = load_image(parse(driver.bytes()), m.memory, &m.resolver, named("d.sys"));
    ASSERT_FALSE(loaded.has_value());
    const auto& unknown = loaded.error().unknown;
    ASSERT_EQ(unknown.size(), 6u);
    EXPECT_NE(unknown[0].reason.find("circle"), std::string::npos);
    EXPECT_NE(unknown[1].reason.find("no module gone"), std::string::npos);
    EXPECT_NE(unknown[2].reason.find("loop!E"), std::string::npos);
    EXPECT_EQ(unknown[3].reason, "not exported");
    EXPECT_EQ(unknown[4].symbol, "#99");
    EXPECT_EQ(unknown[5].reason, "no module netio.sys");
    EXPECT_EQ(m.memory.pages.size(), pages);
    EXPECT_EQ(loaded.error().text, "6 imports are not known here");
}

TEST(Load, BindsMissingImportsToStubsWhenAllowed) {
    struct Stubs : ListResolver {
        using ListResolver::ListResolver;
        std::vector<std::string> made;
        std::uint64_t missing_stub(std::string_view importer, std::string_view dll,
                                   const SymbolRef& symbol) override {
            made.push_back(std::string(importer) + " " + std::string(dll) + "!" + symbol.to_string());
            return 0x3000'0005'0000 + made.size();
        }
    };
    Machine m;
    Stubs stubs(m.modules);
    TestPe driver;
    const ULONG slot = driver.imports({{"x.sys", {"One", "#2"}}});
    auto loaded = load_image(parse(driver.bytes()), m.memory, &stubs, named("d.sys"));
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(stubs.made, (std::vector<std::string>{"d.sys x.sys!One", "d.sys x.sys!#2"}));
    EXPECT_EQ(loaded->stubbed.size(), 2u);
    EXPECT_EQ(m.memory.get<std::uint64_t>(loaded->module->base + slot + 8), 0x3000'0005'0002u);
}

TestPe with_load_config(std::uint64_t cookie) {
    TestPe pe;
    IMAGE_LOAD_CONFIG_DIRECTORY64 config{};
    const auto data = pe.headers.OptionalHeader.ImageBase + pe.next_rva() + sizeof config;
    config.Size = sizeof config;
    config.SecurityCookie = data;
    config.GuardCFCheckFunctionPointer = data + 8;
    config.GuardCFDispatchFunctionPointer = data + 16;
    Bytes bytes;
    TestPe::put(bytes, config);
    TestPe::put(bytes, cookie);
    TestPe::put(bytes, std::uint64_t{0x1111}), TestPe::put(bytes, std::uint64_t{0x2222});
    pe.directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, pe.add(".data", bytes, TestPe::write), sizeof config);
    return pe;
}

TEST(Load, InitialisesTheSecurityCookieAndGuardPointers) {
    const ULONG at = 0x2000 + sizeof(IMAGE_LOAD_CONFIG_DIRECTORY64);
    auto load = [&](std::uint64_t cookie, std::uint64_t seed) {
        FakeMemory memory;
        auto options = named("gs.sys");
        options.seed = seed;
        options.guard_check = 0x3000'0001'1000;
        options.guard_dispatch = 0x3000'0001'1010;
        auto loaded = load_image(parse(with_load_config(cookie).bytes()), memory, nullptr, options);
        if (!loaded) std::abort();
        const auto base = loaded->module->base;
        EXPECT_EQ(memory.get<std::uint64_t>(base + at + 8), options.guard_check);
        EXPECT_EQ(memory.get<std::uint64_t>(base + at + 16), options.guard_dispatch);
        return memory.get<std::uint64_t>(base + at);
    };
    const auto cookie = load(DEFAULT_SECURITY_COOKIE, 1);
    EXPECT_NE(cookie, DEFAULT_SECURITY_COOKIE);
    EXPECT_NE(cookie, 0u);
    EXPECT_EQ(cookie >> 48, 0u);
    EXPECT_EQ(load(DEFAULT_SECURITY_COOKIE, 1), cookie); // deterministic
    EXPECT_NE(load(DEFAULT_SECURITY_COOKIE, 2), cookie);
    EXPECT_EQ(load(0x1234, 1), 0x1234u); // not a default: kept
}

TEST(Load, HvciRefusesWritableCode) {
    Machine m;
    TestPe pe;
    pe.add("rwx", {0xC3}, TestPe::code | IMAGE_SCN_MEM_WRITE);
    const auto file = parse(pe.bytes());
    auto options = named("w.sys");
    auto loaded = load_image(file, m.memory, &m.resolver, options);
    ASSERT_TRUE(loaded.has_value());
    ASSERT_EQ(loaded->warnings.size(), 1u);
    EXPECT_EQ(loaded->warnings[0], "section rwx is writable and executable");
    options.hvci = true;
    EXPECT_FALSE(load_image(file, m.memory, &m.resolver, options).has_value());
}

TEST(Load, RefusesRelocationsOfTheFunctionTable) {
    Machine m;
    TestPe pe(Bytes(0x40, 0xC3));
    pe.functions({{0x1000, 0x1010, {1, 0, 0, 0}}, {0x1020, 0x1040, {1, 0, 0, 0}}}); // .pdata at 0x3000
    pe.relocations({0x3008});
    auto loaded = load_image(parse(pe.bytes()), m.memory, &m.resolver, named("bad.sys"));
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().status, STATUS_INVALID_IMAGE_FORMAT);
    EXPECT_TRUE(m.memory.pages.empty());
}

TEST(Load, DebugSectionsStayEmpty) {
    Machine m;
    TestPe pe;
    pe.add(".debug_x", {1, 2, 3}, TestPe::read | IMAGE_SCN_MEM_DISCARDABLE);
    auto& module = m.load(pe, "a.sys");
    EXPECT_EQ(m.memory.rights(module.base + 0x2000), 0);
    EXPECT_EQ(m.memory.get<UCHAR>(module.base + 0x2000), 0);
}

TEST(Modules, FindsByAddressAndName) {
    Machine m;
    auto& a = m.load(TestPe(), "alpha.sys");
    auto& b = m.load(TestPe(), "Beta.dll");
    EXPECT_EQ(m.modules.find(a.base), &a);
    EXPECT_EQ(m.modules.find(b.base + b.size - 1), &b);
    EXPECT_EQ(m.modules.find(b.base + b.size), nullptr);
    EXPECT_EQ(m.modules.find(a.base - 1), nullptr);
    EXPECT_EQ(m.modules.find("ALPHA.SYS"), &a);
    EXPECT_EQ(m.modules.find("beta"), &b);
    EXPECT_EQ(m.modules.find("gamma"), nullptr);
    auto removed = m.modules.remove(a);
    EXPECT_EQ(m.modules.find("alpha.sys"), nullptr);
    ASSERT_EQ(m.modules.unloaded().size(), 1u);
    EXPECT_EQ(m.modules.unloaded()[0].file_name, "alpha.sys");
}

TEST(Names, InsidesOfOurDllsArePlain) {
    EXPECT_EQ(plain_name("_ZN2nt3k3212_GLOBAL__N_111create_fileEPKwj"), "create_file");
    EXPECT_EQ(plain_name("_ZN2nt3k3213traced_slowlyIXadL_ZNS0_4readEvEEiJPvEEET0_PKcDpT1_"), "traced_slowly");
    EXPECT_EQ(plain_name("_ZZN2nt3k325startEvENKUlvE_clEv"), "start");
    EXPECT_EQ(plain_name("_ZN2nt99"), "_ZN2nt99");
    for (const char* other : {"CreateFileW", "_ZN5Class6methodEv", "_Z1fv", ""})
        EXPECT_EQ(plain_name(other), other);
}

TEST(Modules, NamesTheNearestSymbol) {
    Machine m;
    TestPe pe(Bytes(0x100, 0xC3));
    pe.exports("n.sys", {{"First", 0x1010, ""}, {"Second", 0x1040, ""}});
    auto& module = m.load(pe, "n.sys");
    EXPECT_EQ(m.modules.describe(module.base + 0x1040), "n!Second");
    EXPECT_EQ(m.modules.describe(module.base + 0x103F), "n!First+0x2f");
    EXPECT_EQ(m.modules.describe(module.base + 0x1008), "n+0x1008");
    EXPECT_EQ(m.modules.describe(module.base + 0x2008), "n+0x2008"); // another section
    EXPECT_EQ(m.modules.describe(0x1234), "0x1234");
    EXPECT_EQ(m.modules.symbol_address("n", "Second"), module.base + 0x1040);
}

TEST(Modules, LooksUpFunctionEntries) {
    TestPe pe(Bytes(0x100, 0xC3));
    pe.functions({{0x1000, 0x1010, {1, 0, 0, 0}}, {0x1020, 0x1040, {1, 0, 0, 0}}});
    const auto file = parse(pe.bytes());
    Staged image(*file, 0, 0);
    auto module = std::make_unique<Module>();
    module->file = file;
    module->base = reinterpret_cast<std::uint64_t>(image.data()); // the table is read where the image lies
    module->size = module->extent = image.size();
    const auto base = module->base;
    ModuleList modules;
    modules.add(std::move(module));
    const auto entry = modules.lookup(base + 0x1025);
    EXPECT_EQ(entry.image_base, base);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(entry.function), base + file->pdata + 12);
    EXPECT_EQ(modules.lookup(base + 0x1015).image_base, base);
    EXPECT_EQ(modules.lookup(base + 0x1015).function, nullptr); // leaf
    EXPECT_EQ(modules.lookup(base - 1).image_base, 0u);
}

} // namespace
} // namespace nt::ldr
