// Writes the seeds of corpus/pe: tiny valid images that between them use every table the loader reads.
// Argument: the folder.
#include "kernel/ldr/synth.h"
#include "kernel/ldr/test_pe.h"
#include <cstdio>
#include <fstream>

using namespace nt;
using namespace nt::ldr;
using test::Bytes;
using test::TestPe;

namespace {

std::string folder;

void write(const char* name, const Bytes& bytes) {
    std::ofstream stream(folder + "/" + name, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!stream) std::fprintf(stderr, "cannot write %s\n", name);
}

// KeGetCurrentIrql, KUSER_SHARED_DATA, cpuid, a switch with its table behind the code.
Bytes code() {
    Bytes b = {0x83, 0xF9, 1,    0x77, 0x13, 0x48, 0x8D, 0x15, 0,    0,    0,    0,
               0x48, 0x63, 0x04, 0x8A, 0x48, 0x01, 0xD0, 0xFF, 0xE0, 0x0F, 0xA2, 0xC3,
               0x44, 0x0F, 0x20, 0xC0, 0x0F, 0xB6, 0xC0, 0x48, 0xB8, 0x14, 0,    0,
               0,    0x80, 0xF7, 0xFF, 0xFF, 0x9C, 0xFA, 0x9D, 0xCD, 0x29, 0xCC, 0xCC};
    const auto table = static_cast<ULONG>(b.size());
    b[8] = static_cast<std::uint8_t>(table - 12);
    TestPe::put(b, LONG{0x15} - static_cast<LONG>(table));
    TestPe::put(b, LONG{0x18} - static_cast<LONG>(table));
    return b;
}

TestPe driver() {
    TestPe pe(code());
    pe.imports({{"ntoskrnl.exe", {"IoCreateDevice", "#7", "DbgPrint"}}, {"fuzz.sys", {"Two"}}});
    pe.exports("fuzz.sys", {{"One", 0x1000, ""}, {"Two", 0, "other.One"}, {"Zed", 0, "fuzz.#1"}});
    pe.relocations({0x2040, 0x2048});
    Bytes handler = {9, 4, 1, 0, 4, 0x42, 0, 0};
    for (ULONG value : {0x1018u, 1u, 0x1018u, 0x101Cu, 1u, 0x101Fu})
        TestPe::put(handler, value);
    Bytes chained = {0x21, 0, 0, 0};
    for (ULONG value : {0x1000u, 0x1018u, 0x5000u})
        TestPe::put(chained, value);
    pe.functions({{0x1000, 0x1018, {1, 0, 0, 0}}, {0x1018, 0x1028, handler}, {0x1028, 0x1030, chained}});
    return pe;
}

TestPe program() {
    TestPe pe(code());
    pe.headers.OptionalHeader.Subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI;
    const auto base = pe.headers.OptionalHeader.ImageBase;
    const ULONG rva = pe.next_rva();
    Bytes data;
    TestPe::put(data, IMAGE_TLS_DIRECTORY64{base + rva + 40, base + rva + 48, base + rva + 56,
                                            base + rva + 64, 8, 0x300000});
    data.resize(64);
    TestPe::put(data, base + 0x1000), TestPe::put(data, std::uint64_t{0});
    IMAGE_LOAD_CONFIG_DIRECTORY64 config{};
    config.Size = sizeof config;
    const ULONG config_rva = rva + static_cast<ULONG>(data.size());
    const auto slots = base + config_rva + sizeof config;
    config.SecurityCookie = slots, config.GuardCFCheckFunctionPointer = slots + 8,
    config.GuardCFDispatchFunctionPointer = slots + 16;
    config.GuardCFFunctionTable = slots + 24, config.GuardCFFunctionCount = 1;
    TestPe::put(data, config);
    TestPe::put(data, DEFAULT_SECURITY_COOKIE), TestPe::put(data, std::uint64_t{}),
        TestPe::put(data, std::uint64_t{});
    TestPe::put(data, ULONG{0x1000});
    const ULONG debug_rva = rva + static_cast<ULONG>(data.size());
    IMAGE_DEBUG_DIRECTORY debug{};
    debug.Type = IMAGE_DEBUG_TYPE_CODEVIEW;
    debug.SizeOfData = 32;
    debug.PointerToRawData = 0x600 + static_cast<ULONG>(data.size()) + sizeof debug;
    TestPe::put(data, debug);
    TestPe::put(data, IMAGE_DEBUG_RSDS_SIGNATURE), TestPe::put(data, GUID{1, 2, 3, {4}}),
        TestPe::put(data, ULONG{1});
    TestPe::text(data, "a.pdb");
    pe.add(".data", data, TestPe::write);
    pe.directory(IMAGE_DIRECTORY_ENTRY_TLS, rva, sizeof(IMAGE_TLS_DIRECTORY64));
    pe.directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, config_rva, sizeof config);
    pe.directory(IMAGE_DIRECTORY_ENTRY_DEBUG, debug_rva, sizeof debug);
    // Delay imports.
    const ULONG delay_rva = pe.next_rva();
    Bytes delay;
    TestPe::put(delay, IMAGE_DELAYLOAD_DESCRIPTOR{1, delay_rva + 96, delay_rva + 64, delay_rva + 72,
                                                  delay_rva + 80, 0, 0, 0});
    delay.resize(64);
    for (std::uint64_t value : {std::uint64_t{0}, base + 0x1000, IMAGE_ORDINAL_FLAG64 | 3, std::uint64_t{0}})
        TestPe::put(delay, value);
    TestPe::text(delay, "late.dll");
    pe.directory(IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, pe.add(".didat", delay, TestPe::write), 64);
    return pe;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    folder = argv[1];
    write("driver", driver().bytes());
    write("program", program().bytes());
    auto library = driver();
    library.headers.OptionalHeader.Subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI;
    library.headers.FileHeader.Characteristics |= IMAGE_FILE_DLL;
    write("library", library.bytes());
    auto fixed = TestPe();
    fixed.headers.FileHeader.Characteristics |= IMAGE_FILE_RELOCS_STRIPPED;
    write("fixed", fixed.bytes());
    auto symbols = driver();
    auto bytes = symbols.bytes();
    IMAGE_SYMBOL symbol{};
    std::memcpy(symbol.N.ShortName, "Start", 5);
    symbol.SectionNumber = 1, symbol.Type = 0x20, symbol.StorageClass = IMAGE_SYM_CLASS_EXTERNAL;
    symbols.headers.FileHeader.PointerToSymbolTable = static_cast<ULONG>(bytes.size());
    symbols.headers.FileHeader.NumberOfSymbols = 2;
    bytes = symbols.bytes();
    TestPe::put(bytes, symbol);
    symbol.N.Name = {0, 4};
    symbol.Value = 0x18;
    TestPe::put(bytes, symbol);
    TestPe::put(bytes, ULONG{24});
    TestPe::text(bytes, "a_long_symbol_name");
    write("symbols", bytes);
    SynthRequest request;
    request.file_name = "ntoskrnl.exe";
    request.base = 0x3000'0001'0000, request.gate_slot = 0x3000'0000'0000;
    SynthSymbol function, data;
    function.name = "IoCreateDevice";
    data.name = "KeTickCount", data.kind = SynthSymbol::Kind::data, data.size = 8;
    request.symbols = {function, data, trampoline_symbol("KiCallOut", 0x3000'0000'0008),
                       guard_dispatch_symbol()};
    write("synthesised", synthesise(request).bytes);
}
