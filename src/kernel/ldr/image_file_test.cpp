#include "abi/context.h"
#include "kernel/ldr/image_file.h"
#include "kernel/ldr/test_pe.h"
#include <cstddef>
#include <functional>
#include <gtest/gtest.h>

namespace nt::ldr {
namespace {

using test::Bytes;
using test::TestPe;

ImageFile accept(Bytes bytes, Use use = Use::driver) {
    auto image = ImageFile::parse(std::move(bytes), use);
    if (!image) ADD_FAILURE() << image.error().to_string();
    return std::move(*image);
}

TEST(ImageFile, AcceptsATinyDriver) {
    TestPe pe;
    pe.add("DATA", {}, TestPe::write, 0x2345);
    const auto image = accept(pe.bytes());
    EXPECT_EQ(image.entry, 0x1000u);
    EXPECT_EQ(image.preferred_base, 0x1'4000'0000u);
    ASSERT_EQ(image.sections.size(), 2u);
    EXPECT_EQ(image.sections[0].name, ".text");
    EXPECT_EQ(image.sections[0].rights, Rights::read_execute);
    EXPECT_EQ(image.sections[1].rights, Rights::read_write);
    EXPECT_EQ(image.sections[1].mapped_size(), 0x3000u);
    EXPECT_EQ(image.at(0x1000, 1)[0], 0xC3);
    EXPECT_TRUE(image.at(0x2000, 16).empty()); // zero fill
    EXPECT_EQ(image.section_at(0x2000 + 0x2345), nullptr);
    EXPECT_TRUE(image.has_relocations);
}

// Each row breaks one thing in an image that has everything; the message must name the field.
struct Broken {
    const char* what;
    const char* field; // the Problem's field starts with this
    std::function<void(TestPe&)> before;
    std::function<void(Bytes&)> after;
    Use use = Use::driver;
};

TestPe everything() {
    TestPe pe(Bytes(0x100, 0xC3));
    pe.imports({{"ntoskrnl.exe", {"IoCreateDevice", "#7"}}});              // 0x2000
    pe.exports("whole.sys", {{"A", 0x1000, ""}, {"B", 0, "hal.KeStall"}}); // 0x3000
    pe.relocations({0x2040});                                              // 0x4000
    pe.functions(
        {{0x1000, 0x1010, {1, 0, 0, 0}}, {0x1010, 0x1020, {9, 0, 0, 0, 0x20, 0x10, 0, 0}}}); // 0x5000, 0x6000
    return pe;
}

template <class T> void poke(Bytes& b, std::size_t at, T value) {
    std::memcpy(&b.at(at), &value, sizeof value);
}
// File offset of an RVA in everything(): sections follow each other in 0x200 steps or more.
std::size_t file_at(const Bytes& b, ULONG rva) {
    IMAGE_NT_HEADERS64 h;
    std::memcpy(&h, &b[0x80], sizeof h);
    for (int i = 0; i < h.FileHeader.NumberOfSections; ++i) {
        IMAGE_SECTION_HEADER s;
        std::memcpy(&s, &b[TestPe::section_header(i)], sizeof s);
        if (rva >= s.VirtualAddress && rva - s.VirtualAddress < s.SizeOfRawData)
            return s.PointerToRawData + rva - s.VirtualAddress;
    }
    return 0;
}

const std::size_t optional = 0x80 + 24;
#define OPTIONAL(member) (optional + offsetof(IMAGE_OPTIONAL_HEADER64, member))

const Broken broken[] = {
    {"empty file", "IMAGE_DOS_HEADER.e_magic", {}, [](Bytes& b) { b.clear(); }},
    {"not MZ", "IMAGE_DOS_HEADER.e_magic", {}, [](Bytes& b) { b[0] = 0x7F; }},
    {"only a DOS stub", "IMAGE_DOS_HEADER", {}, [](Bytes& b) { b.resize(40); }},
    {"e_lfanew outside", "IMAGE_DOS_HEADER.e_lfanew", {}, [](Bytes& b) { poke(b, 0x3C, 0x7FFF'FFF0u); }},
    {"e_lfanew negative", "IMAGE_DOS_HEADER.e_lfanew", {}, [](Bytes& b) { poke(b, 0x3C, 0xFFFF'FFFCu); }},
    {"NE", "IMAGE_NT_HEADERS64.Signature", {}, [](Bytes& b) { poke(b, 0x80, 0x454Eu); }},
    {"x86", "IMAGE_FILE_HEADER.Machine", [](TestPe& p) { p.headers.FileHeader.Machine = 0x14C; }, {}},
    {"ARM64", "IMAGE_FILE_HEADER.Machine", [](TestPe& p) { p.headers.FileHeader.Machine = 0xAA64; }, {}},
    {"no sections", "IMAGE_FILE_HEADER.NumberOfSections", {}, [](Bytes& b) { poke(b, 0x86, USHORT{0}); }},
    {"too many sections",
     "IMAGE_FILE_HEADER.NumberOfSections",
     {},
     [](Bytes& b) { poke(b, 0x86, USHORT{0xFFFF}); }},
    {"object file",
     "IMAGE_FILE_HEADER.Characteristics",
     [](TestPe& p) { p.headers.FileHeader.Characteristics = 0; },
     {}},
    {"PE32", "IMAGE_OPTIONAL_HEADER.Magic", [](TestPe& p) { p.headers.OptionalHeader.Magic = 0x10B; }, {}},
    {"optional header cut",
     "IMAGE_FILE_HEADER.SizeOfOptionalHeader",
     [](TestPe& p) { p.headers.FileHeader.SizeOfOptionalHeader = 64; },
     {}},
    {"17 directories",
     "IMAGE_OPTIONAL_HEADER.NumberOfRvaAndSizes",
     [](TestPe& p) { p.headers.OptionalHeader.NumberOfRvaAndSizes = 17; },
     {}},
    {"odd file alignment",
     "IMAGE_OPTIONAL_HEADER.FileAlignment",
     [](TestPe& p) { p.headers.OptionalHeader.FileAlignment = 0x300; },
     {}},
    {"small section alignment",
     "IMAGE_OPTIONAL_HEADER.SectionAlignment",
     [](TestPe& p) { p.headers.OptionalHeader.SectionAlignment = 0x200; },
     {}},
    {"huge section alignment",
     "IMAGE_OPTIONAL_HEADER.SectionAlignment",
     [](TestPe& p) { p.headers.OptionalHeader.SectionAlignment = 0x8000'0000; },
     {}},
    {"odd base",
     "IMAGE_OPTIONAL_HEADER.ImageBase",
     [](TestPe& p) { p.headers.OptionalHeader.ImageBase = 0x1'4000'1000; },
     {}},
    {"base at the end",
     "IMAGE_OPTIONAL_HEADER.ImageBase",
     [](TestPe& p) { p.headers.OptionalHeader.ImageBase = 0xFFFF'FFFF'FFFF'0000; },
     {}},
    {"no size",
     "IMAGE_OPTIONAL_HEADER.SizeOfImage",
     {},
     [](Bytes& b) { poke(b, OPTIONAL(SizeOfImage), 0u); }},
    {"absurd size",
     "IMAGE_OPTIONAL_HEADER.SizeOfImage",
     {},
     [](Bytes& b) { poke(b, OPTIONAL(SizeOfImage), 0xFFFF'F000u); }},
    {"headers beyond the file",
     "IMAGE_OPTIONAL_HEADER.SizeOfHeaders",
     [](TestPe& p) { p.headers.OptionalHeader.SizeOfHeaders = 0x10'0000; },
     {}},
    {"headers too small",
     "IMAGE_OPTIONAL_HEADER.SizeOfHeaders",
     [](TestPe& p) { p.headers.OptionalHeader.SizeOfHeaders = 0x100; },
     {}},
    {"console driver",
     "IMAGE_OPTIONAL_HEADER.Subsystem",
     [](TestPe& p) { p.headers.OptionalHeader.Subsystem = 3; },
     {}},
    {"native program", "IMAGE_OPTIONAL_HEADER.Subsystem", {}, {}, Use::program},
    {"program as library", "IMAGE_FILE_HEADER.Characteristics", {}, {}, Use::library},
    {"library as program",
     "IMAGE_FILE_HEADER.Characteristics",
     [](TestPe& p) { p.headers.FileHeader.Characteristics |= IMAGE_FILE_DLL; },
     {},
     Use::program},
    {"no entry",
     "IMAGE_OPTIONAL_HEADER.AddressOfEntryPoint",
     [](TestPe& p) { p.headers.OptionalHeader.AddressOfEntryPoint = 0; },
     {}},
    {"entry outside",
     "IMAGE_OPTIONAL_HEADER.AddressOfEntryPoint",
     [](TestPe& p) { p.headers.OptionalHeader.AddressOfEntryPoint = 0x8000'0000; },
     {}},
    {"entry in data",
     "IMAGE_OPTIONAL_HEADER.AddressOfEntryPoint",
     [](TestPe& p) { p.headers.OptionalHeader.AddressOfEntryPoint = 0x2000; },
     {}},
    {"sections overlap",
     "IMAGE_SECTION_HEADER[1] \".idata\".VirtualAddress",
     [](TestPe& p) { p.sections[1].rva = 0x1000; },
     {}},
    {"section over the headers",
     "IMAGE_SECTION_HEADER[0] \".text\".VirtualAddress",
     [](TestPe& p) { p.sections[0].rva = 0; },
     {}},
    {"section unaligned",
     "IMAGE_SECTION_HEADER[1] \".idata\".VirtualAddress",
     [](TestPe& p) { p.sections[1].rva += 0x10; },
     {}},
    {"section beyond the image",
     "IMAGE_SECTION_HEADER[5] \".pdata\".Misc.VirtualSize",
     [](TestPe& p) {
         p.sections.back().virtual_size = 0xFFFF'0000;
         p.headers.OptionalHeader.SizeOfImage = 0x8000;
     },
     {}},
    {"file cut", "IMAGE_SECTION_HEADER[", {}, [](Bytes& b) { b.resize(0x500); }},
    {"section table cut", "IMAGE_", {}, [](Bytes& b) { b.resize(0x190); }},
    {"raw data beyond the file",
     "IMAGE_SECTION_HEADER[0] \".text\".SizeOfRawData",
     {},
     [](Bytes& b) { poke(b, TestPe::section_header(0) + 16, 0x7FFF'FE00u); }},
    {"import directory outside",
     "IMAGE_OPTIONAL_HEADER.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT]",
     [](TestPe& p) { p.directory(1, 0x7FFF'0000, 40); },
     {}},
    {"import name outside",
     "IMAGE_IMPORT_DESCRIPTOR[0].Name",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x2000) + 12, 0x7FFF'FFFFu); }},
    {"import slots outside",
     "IMAGE_IMPORT_DESCRIPTOR[0] (ntoskrnl.exe).FirstThunk",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x2000) + 16, 0x7FFF'0000u); }},
    {"import list outside",
     "IMAGE_IMPORT_DESCRIPTOR[0] (ntoskrnl.exe).OriginalFirstThunk",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x2000), 0x7FFF'0000u); }},
    {"import name without end",
     "IMAGE_IMPORT_DESCRIPTOR[0] (ntoskrnl.exe)[0]",
     {},
     [](Bytes& b) {
         const auto at = file_at(b, 0x2000);
         ULONG lookup;
         std::memcpy(&lookup, &b[at], 4);
         poke(b, file_at(b, lookup), std::uint64_t{0x3FFFFFF0});
     }},
    {"import ordinal with a name",
     "IMAGE_IMPORT_DESCRIPTOR[0] (ntoskrnl.exe)[1]",
     {},
     [](Bytes& b) {
         const auto at = file_at(b, 0x2000);
         ULONG lookup;
         std::memcpy(&lookup, &b[at], 4);
         poke(b, file_at(b, lookup) + 8, std::uint64_t{0x8000'0001'0000'0007});
     }},
    {"export count absurd",
     "IMAGE_EXPORT_DIRECTORY.NumberOfFunctions",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x3000) + 20, 0xFFFF'FFFFu); }},
    {"export names absurd",
     "IMAGE_EXPORT_DIRECTORY.NumberOfNames",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x3000) + 24, 0x4000'0001u); }},
    {"export table outside",
     "IMAGE_EXPORT_DIRECTORY.AddressOfFunctions",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x3000) + 28, 0x9000'0000u); }},
    {"export address outside",
     "IMAGE_EXPORT_DIRECTORY.AddressOfFunctions[0]",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x3000) + 40, 0x9000'0000u); }},
    {"export ordinal outside",
     "IMAGE_EXPORT_DIRECTORY.AddressOfNameOrdinals[0]",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x3000) + 56, USHORT{99}); }},
    {"forwarder without dot",
     "IMAGE_EXPORT_DIRECTORY.AddressOfFunctions[1]",
     {},
     [](Bytes& b) {
         const auto at = file_at(b, 0x3000);
         for (std::size_t i = at; i < at + 0x100; ++i)
             if (b[i] == '.') {
                 b[i] = '_';
                 break;
             }
     }},
    {"32-bit relocation",
     "IMAGE_BASE_RELOCATION[0].TypeOffset[0]",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x4000) + 8, USHORT{0x3040}); }},
    {"relocation outside",
     "IMAGE_BASE_RELOCATION[0].VirtualAddress",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x4000), 0x7FFF'0000u); }},
    {"relocation in the headers",
     "IMAGE_BASE_RELOCATION[0].TypeOffset[0]",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x4000), 0u); }},
    {"relocation block of no size",
     "IMAGE_BASE_RELOCATION[0].SizeOfBlock",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x4000) + 4, 0u); }},
    {"function outside",
     "RUNTIME_FUNCTION[1].EndAddress",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x6000) + 16, 0x7FFF'0000u); }},
    {"functions not sorted",
     "RUNTIME_FUNCTION[1].BeginAddress",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x6000) + 12, 0x1008u); }},
    {"unwind data outside",
     "RUNTIME_FUNCTION[0].UnwindData",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x6000) + 8, 0x7FFF'0000u); }},
    {"unwind version",
     "RUNTIME_FUNCTION[0].UnwindData → UNWIND_INFO.Version",
     {},
     [](Bytes& b) { b[file_at(b, 0x5000)] = 7; }},
    {"unwind handler in data",
     "RUNTIME_FUNCTION[1].UnwindData → UNWIND_INFO.ExceptionHandler",
     {},
     [](Bytes& b) { poke(b, file_at(b, 0x5000) + 8, 0x2000u); }},
};

TEST(ImageFile, RefusesWithTheFieldNamed) {
    accept(everything().bytes());
    for (const auto& row : broken) {
        auto pe = everything();
        if (row.before) row.before(pe);
        auto bytes = pe.bytes();
        if (row.after) row.after(bytes);
        const auto image = ImageFile::parse(std::move(bytes), row.use);
        ASSERT_FALSE(image.has_value()) << row.what << " was accepted";
        EXPECT_TRUE(image.error().field.starts_with(row.field))
            << row.what << ": " << image.error().to_string();
    }
}

TEST(ImageFile, FunctionsOfProgramsStandInAnyOrder) {
    auto bytes = everything().bytes();
    poke(bytes, file_at(bytes, 0x6000) + 12, 0x1008u);
    EXPECT_EQ(accept(bytes, Use::any).pdata_count, 2u);
}

TEST(ImageFile, EveryPrefixIsRefusedOrSafe) {
    const auto whole = everything().bytes();
    for (std::size_t n = 0; n < whole.size(); n += 7)
        EXPECT_FALSE(ImageFile::parse(Bytes(whole.begin(), whole.begin() + n), Use::driver).has_value()) << n;
}

TEST(ImageFile, TakesTheSubsystemAsInspectWants) {
    auto pe = everything();
    pe.headers.OptionalHeader.Subsystem = 10; // EFI
    EXPECT_TRUE(ImageFile::parse(pe.bytes(), Use::any).has_value());
    EXPECT_FALSE(ImageFile::parse(pe.bytes(), Use::driver).has_value());
}

TEST(ImageFile, ReadsImports) {
    TestPe pe;
    const ULONG slots =
        pe.imports({{"ntoskrnl.exe", {"IoCreateDevice", "#7"}}, {"HAL.dll", {"KeStallExecutionProcessor"}}});
    const auto image = accept(pe.bytes());
    ASSERT_EQ(image.imports.size(), 3u);
    EXPECT_EQ(image.imports[0].dll, "ntoskrnl.exe");
    EXPECT_EQ(image.imports[0].symbol.to_string(), "IoCreateDevice");
    EXPECT_EQ(image.imports[0].slot, slots);
    EXPECT_EQ(image.imports[1].symbol.to_string(), "#7");
    EXPECT_EQ(image.imports[2].dll, "HAL.dll");
    EXPECT_EQ(image.imports[2].slot, slots + 24);
    EXPECT_EQ(image.import_dlls, (std::vector<std::string_view>{"ntoskrnl.exe", "HAL.dll"}));
}

TEST(ImageFile, ReadsExports) {
    TestPe pe;
    pe.exports("exp.sys", {{"Alpha", 0x1000, ""}, {"", 0x1000, ""}, {"Gamma", 0, "hal.Delta"}, {"", 0, ""}},
               5);
    const auto image = accept(pe.bytes());
    EXPECT_EQ(image.export_name, "exp.sys");
    ASSERT_EQ(image.exports.size(), 3u); // the last slot is a gap
    EXPECT_EQ(image.find_export({"Alpha", 0, false})->ordinal, 5u);
    EXPECT_EQ(image.find_export({{}, 6, true})->rva, 0x1000u);
    EXPECT_EQ(image.find_export({"Gamma", 0, false})->forwarder, "hal.Delta");
    EXPECT_EQ(image.find_export({"Beta", 0, false}), nullptr);
    EXPECT_EQ(image.find_export({{}, 8, true}), nullptr);
    EXPECT_EQ(image.find_export({{}, 4, true}), nullptr);
}

TEST(ImageFile, ReadsCodeViewAndLoadConfig) {
    TestPe pe;
    Bytes record;
    TestPe::put(record, IMAGE_DEBUG_RSDS_SIGNATURE);
    TestPe::put(record, GUID{0x01020304, 5, 6, {7}});
    TestPe::put(record, ULONG{3});
    TestPe::text(record, "C:\\build\\null.pdb");
    // The file offset is known: .text takes 0x400..0x600, this section starts at 0x600.
    IMAGE_DEBUG_DIRECTORY debug{};
    debug.Type = IMAGE_DEBUG_TYPE_CODEVIEW;
    debug.SizeOfData = static_cast<ULONG>(record.size());
    debug.PointerToRawData = 0x600 + sizeof debug;
    Bytes data;
    TestPe::put(data, debug);
    data.insert(data.end(), record.begin(), record.end());
    pe.directory(IMAGE_DIRECTORY_ENTRY_DEBUG, pe.add(".rdata", data, TestPe::read), sizeof debug);
    IMAGE_LOAD_CONFIG_DIRECTORY64 config{};
    config.Size = sizeof config;
    config.SecurityCookie = pe.headers.OptionalHeader.ImageBase + pe.next_rva() + sizeof config;
    Bytes configuration;
    TestPe::put(configuration, config);
    TestPe::put(configuration, DEFAULT_SECURITY_COOKIE);
    const ULONG rva = pe.add(".data", configuration, TestPe::write);
    pe.directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, rva, sizeof config);
    const auto image = accept(pe.bytes());
    EXPECT_TRUE(image.debug.has_codeview);
    EXPECT_EQ(image.debug.pdb, "C:\\build\\null.pdb");
    EXPECT_EQ(image.debug.age, 3u);
    EXPECT_EQ(image.debug.guid.Data1, 0x01020304u);
    EXPECT_EQ(image.load_config.security_cookie, rva + sizeof config);
}

TEST(ImageFile, ChecksumFollowsTheBytes) {
    auto bytes = everything().bytes();
    const auto sum = accept(bytes).computed_checksum();
    poke(bytes, OPTIONAL(CheckSum), sum);
    const auto image = accept(bytes);
    EXPECT_EQ(image.checksum, image.computed_checksum());
    bytes[bytes.size() - 1] ^= 1;
    EXPECT_NE(accept(bytes).computed_checksum(), sum);
}

} // namespace
} // namespace nt::ldr
