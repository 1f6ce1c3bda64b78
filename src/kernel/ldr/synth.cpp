#include "kernel/ldr/synth.h"
#include "abi/context.h"
#include "abi/pe.h"
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace nt::ldr {
namespace {

constexpr ULONG page = 0x1000, file_alignment = 0x200, thunk_size = 16;
constexpr ULONG round_up(std::size_t value, ULONG to) {
    return static_cast<ULONG>((value + to - 1) & ~std::size_t{to - 1});
}

using Bytes = std::vector<std::uint8_t>;

template <class T> void append(Bytes& to, const T& value) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
    to.insert(to.end(), from, from + sizeof value);
}
template <class T> void put(Bytes& to, std::size_t at, const T& value) {
    std::memcpy(to.data() + at, &value, sizeof value);
}

struct OutputSection {
    const char* name;
    Bytes bytes;    // empty: zero fill of `size`
    ULONG size = 0; // in memory
    ULONG characteristics = 0;
    ULONG rva = 0;
    int directory = -1; // that it is the whole of
};

// rel32 of a rip-relative field; the places of the address map are less than 2 GiB apart.
LONG displacement(std::uint64_t target, std::uint64_t end_of_field) {
    const auto distance = static_cast<LONGLONG>(target - end_of_field);
    if (distance != static_cast<LONG>(distance)) std::abort();
    return static_cast<LONG>(distance);
}

struct Builder {
    const SynthRequest& request;
    SynthImage result;
    OutputSection text{".text", {}, 0, IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ, page};
    OutputSection rdata{".rdata", {}, 0, IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ};
    OutputSection data{
        ".data", {}, 0, IMAGE_SCN_CNT_UNINITIALIZED_DATA | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE};
    OutputSection pdata{".pdata", {},
                        0,        IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ,
                        0,        IMAGE_DIRECTORY_ENTRY_EXCEPTION};
    OutputSection edata{".edata", {},
                        0,        IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ,
                        0,        IMAGE_DIRECTORY_ENTRY_EXPORT};
    std::vector<RUNTIME_FUNCTION> functions{}; // UnwindData relative to .rdata until that has its place

    void add_text(const SynthSymbol& symbol) {
        text.bytes.resize(round_up(text.bytes.size(), 16), 0xCC);
        const auto start = static_cast<ULONG>(text.bytes.size());
        const auto address = request.base + text.rva + start;
        result.addresses.push_back({symbol.name, text.rva + start, true, symbol.exported});
        if (symbol.kind == SynthSymbol::Kind::function) {
            text.bytes.push_back(0xB8); // mov eax, index
            append(text.bytes, symbol.index);
            text.bytes.push_back(0xFF); // jmp [rip + slot]
            text.bytes.push_back(0x25);
            append(text.bytes, displacement(request.gate_slot, address + 11));
            text.bytes.resize(start + thunk_size, 0xCC);
            return;
        }
        text.bytes.insert(text.bytes.end(), symbol.code.begin(), symbol.code.end());
        for (const auto& fixup : symbol.fixups)
            put(text.bytes, start + fixup.offset, displacement(fixup.target, address + fixup.offset + 4));
        if (symbol.unwind.empty()) return;
        rdata.bytes.resize(round_up(rdata.bytes.size(), 4));
        const auto end = static_cast<ULONG>(text.bytes.size());
        functions.push_back({text.rva + start, text.rva + end, {static_cast<ULONG>(rdata.bytes.size())}});
        rdata.bytes.insert(rdata.bytes.end(), symbol.unwind.begin(), symbol.unwind.end());
    }

    // Sections follow each other; each call closes the one before.
    ULONG place(OutputSection& section, ULONG rva) {
        section.rva = rva;
        if (!section.bytes.empty()) section.size = static_cast<ULONG>(section.bytes.size());
        return rva + round_up(section.size, page);
    }

    void build_exports() {
        std::vector<const SynthImage::Address*> exported;
        for (const auto& address : result.addresses) // by name already
            if (address.exported) exported.push_back(&address);
        if (exported.empty()) return;
        const auto count = static_cast<ULONG>(exported.size());
        IMAGE_EXPORT_DIRECTORY directory{};
        directory.TimeDateStamp = request.timestamp;
        directory.Base = 1;
        directory.NumberOfFunctions = directory.NumberOfNames = count;
        directory.AddressOfFunctions = edata.rva + sizeof directory;
        directory.AddressOfNames = directory.AddressOfFunctions + 4 * count;
        directory.AddressOfNameOrdinals = directory.AddressOfNames + 4 * count;
        ULONG name = directory.AddressOfNameOrdinals + 2 * count;
        directory.Name = name;
        name += static_cast<ULONG>(request.file_name.size()) + 1;
        append(edata.bytes, directory);
        for (const auto* e : exported)
            append(edata.bytes, e->rva);
        for (const auto* e : exported) {
            append(edata.bytes, name);
            name += static_cast<ULONG>(e->name.size()) + 1;
        }
        for (ULONG i = 0; i < count; ++i)
            append(edata.bytes, static_cast<USHORT>(i));
        auto text_of = [&](const std::string& s) {
            edata.bytes.insert(edata.bytes.end(), s.c_str(), s.c_str() + s.size() + 1);
        };
        text_of(request.file_name);
        for (const auto* e : exported)
            text_of(e->name);
    }

    void write_file(const std::vector<OutputSection*>& sections, ULONG image_size) {
        constexpr ULONG nt_offset = 0x80;
        IMAGE_DOS_HEADER dos{};
        dos.e_magic = IMAGE_DOS_SIGNATURE;
        dos.e_lfanew = nt_offset;
        IMAGE_NT_HEADERS64 headers{};
        headers.Signature = IMAGE_NT_SIGNATURE;
        headers.FileHeader = {IMAGE_FILE_MACHINE_AMD64,
                              static_cast<USHORT>(sections.size()),
                              request.timestamp,
                              0,
                              0,
                              sizeof(IMAGE_OPTIONAL_HEADER64),
                              IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_LARGE_ADDRESS_AWARE |
                                  IMAGE_FILE_RELOCS_STRIPPED};
        auto& optional = headers.OptionalHeader;
        optional.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
        optional.ImageBase = request.base;
        optional.SectionAlignment = page;
        optional.FileAlignment = file_alignment;
        optional.MajorOperatingSystemVersion = optional.MajorSubsystemVersion = optional.MajorImageVersion =
            10;
        optional.SizeOfImage = image_size;
        optional.SizeOfHeaders = round_up(
            nt_offset + sizeof headers + sections.size() * sizeof(IMAGE_SECTION_HEADER), file_alignment);
        optional.Subsystem = IMAGE_SUBSYSTEM_NATIVE;
        optional.DllCharacteristics = IMAGE_DLLCHARACTERISTICS_NX_COMPAT;
        optional.NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
        optional.BaseOfCode = text.rva;
        optional.SizeOfCode = round_up(text.bytes.size(), file_alignment);
        auto& file = result.bytes;
        file.assign(optional.SizeOfHeaders, 0);
        std::size_t header = nt_offset + sizeof headers;
        for (const auto* section : sections) {
            IMAGE_SECTION_HEADER out{};
            std::memcpy(out.Name, section->name, std::strlen(section->name));
            out.Misc.VirtualSize = section->size;
            out.VirtualAddress = section->rva;
            out.Characteristics = section->characteristics;
            if (!section->bytes.empty()) {
                out.PointerToRawData = static_cast<ULONG>(file.size());
                out.SizeOfRawData = round_up(section->bytes.size(), file_alignment);
                file.insert(file.end(), section->bytes.begin(), section->bytes.end());
                file.resize(out.PointerToRawData + out.SizeOfRawData);
            }
            put(file, header, out);
            header += sizeof out;
            if (section->directory >= 0)
                optional.DataDirectory[section->directory] = {section->rva, section->size};
        }
        put(file, 0, dos);
        put(file, nt_offset, headers);
        std::uint64_t sum = 0; // see ImageFile::computed_checksum; the field is still zero
        for (std::size_t i = 0; i < file.size(); i += 2)
            sum += file[i] | ULONG{file[i + 1]} << 8;
        while (sum >> 16)
            sum = (sum & 0xFFFF) + (sum >> 16);
        optional.CheckSum = static_cast<ULONG>(sum + file.size());
        put(file, nt_offset, headers);
    }

    void build() {
        ULONG data_size = 0;
        std::vector<std::pair<const SynthSymbol*, ULONG>> storage; // and its offset in .data
        for (const auto& symbol : request.symbols) {
            if (symbol.kind != SynthSymbol::Kind::data) {
                add_text(symbol);
                continue;
            }
            data_size = round_up(data_size, std::max<ULONG>(symbol.alignment, 1));
            storage.push_back({&symbol, data_size});
            data_size += std::max<ULONG>(symbol.size, 1);
        }
        ULONG rva = place(text, page);
        rva = place(rdata, rva);
        data.size = data_size;
        rva = place(data, rva);
        for (const auto& [symbol, offset] : storage)
            result.addresses.push_back({symbol->name, data.rva + offset, false, symbol->exported});
        for (auto& function : functions) {
            function.UnwindData += rdata.rva;
            append(pdata.bytes, function);
        }
        rva = place(pdata, rva);
        std::sort(result.addresses.begin(), result.addresses.end(),
                  [](auto& a, auto& b) { return a.name < b.name; });
        edata.rva = rva;
        build_exports();
        rva = place(edata, rva);
        std::vector<OutputSection*> sections;
        for (auto* section : {&text, &rdata, &data, &pdata, &edata})
            if (section->size != 0) sections.push_back(section);
        write_file(sections, rva);
    }
};

} // namespace

ULONG SynthImage::rva_of(std::string_view name) const {
    const auto it =
        std::lower_bound(addresses.begin(), addresses.end(), name,
                         [](const Address& address, std::string_view value) { return address.name < value; });
    return it != addresses.end() && it->name == name ? it->rva : 0;
}

std::vector<Module::InternalName> SynthImage::internal_names() const {
    std::vector<Module::InternalName> names;
    for (const auto& address : addresses)
        if (!address.exported) names.push_back({address.name, address.rva, address.function});
    std::sort(names.begin(), names.end(), [](auto& a, auto& b) { return a.rva < b.rva; });
    return names;
}

SynthImage synthesise(const SynthRequest& request) {
    Builder builder{.request = request, .result = {}};
    builder.build();
    return std::move(builder.result);
}

SynthSymbol trampoline_symbol(std::string name, std::uint64_t return_slot) {
    SynthSymbol symbol;
    symbol.kind = SynthSymbol::Kind::code;
    symbol.name = std::move(name);
    symbol.exported = false;
    symbol.code = {0xFF, 0xD0,                          // call rax
                   0xFF, 0x25, 0x00, 0x00, 0x00, 0x00}; // jmp [rip + return_slot]
    symbol.fixups = {{4, return_slot}};
    // No prologue: the frame's stack pointer is the call-out's. Walkers that know of call-outs stop here and
    // go on at the record.
    symbol.unwind = {0x01, 0x00, 0x00, 0x00};
    return symbol;
}

SynthSymbol guard_check_symbol() {
    SynthSymbol symbol;
    symbol.kind = SynthSymbol::Kind::code;
    symbol.name = "_guard_check_icall";
    symbol.exported = false;
    symbol.code = {0xC3}; // ret
    return symbol;
}

SynthSymbol guard_dispatch_symbol() {
    SynthSymbol symbol;
    symbol.kind = SynthSymbol::Kind::code;
    symbol.name = "_guard_dispatch_icall";
    symbol.exported = false;
    symbol.code = {0xFF, 0xE0}; // jmp rax
    return symbol;
}

} // namespace nt::ldr
