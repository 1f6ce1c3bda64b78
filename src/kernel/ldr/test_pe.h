// Tiny PE32+ images for tests: sections with given bytes, directories, and imports or exports made from
// lists. Every field of the headers can be changed before bytes() puts the file together, or the file can be
// patched afterwards.
#pragma once
#include "abi/pe.h"
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace nt::ldr::test {

using Bytes = std::vector<std::uint8_t>;

class TestPe {
  public:
    struct Section {
        std::string name;
        ULONG rva;
        Bytes data;
        ULONG virtual_size;
        ULONG characteristics;
    };
    IMAGE_DOS_HEADER dos{};
    IMAGE_NT_HEADERS64 headers{};
    std::vector<Section> sections;

    static constexpr ULONG code = IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_EXECUTE;
    static constexpr ULONG read = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ;
    static constexpr ULONG write = read | IMAGE_SCN_MEM_WRITE;

    // A driver whose .text is one `ret` at the entry point.
    explicit TestPe(Bytes text = {0xC3}) {
        dos.e_magic = IMAGE_DOS_SIGNATURE;
        dos.e_lfanew = 0x80;
        headers.Signature = IMAGE_NT_SIGNATURE;
        headers.FileHeader.Machine = IMAGE_FILE_MACHINE_AMD64;
        headers.FileHeader.TimeDateStamp = 0x5E0BE100;
        headers.FileHeader.SizeOfOptionalHeader = sizeof(IMAGE_OPTIONAL_HEADER64);
        headers.FileHeader.Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_LARGE_ADDRESS_AWARE;
        auto& o = headers.OptionalHeader;
        o.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
        o.AddressOfEntryPoint = 0x1000;
        o.ImageBase = 0x1'4000'0000;
        o.SectionAlignment = 0x1000;
        o.FileAlignment = 0x200;
        o.MajorSubsystemVersion = 10;
        o.SizeOfHeaders = 0x400;
        o.Subsystem = IMAGE_SUBSYSTEM_NATIVE;
        o.DllCharacteristics = IMAGE_DLLCHARACTERISTICS_NX_COMPAT | IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE;
        o.NumberOfRvaAndSizes = 16;
        add(".text", std::move(text), code);
    }

    ULONG next_rva() const {
        if (sections.empty()) return 0x1000;
        const auto& last = sections.back();
        return (last.rva + last.virtual_size + 0xFFF) & ~0xFFFu;
    }
    // Gives the RVA.
    ULONG add(std::string name, Bytes data, ULONG characteristics, ULONG virtual_size = 0) {
        const ULONG rva = next_rva();
        const auto size = virtual_size ? virtual_size : static_cast<ULONG>(data.size());
        sections.push_back({std::move(name), rva, std::move(data), size, characteristics});
        return rva;
    }
    void directory(ULONG entry, ULONG rva, ULONG size) {
        headers.OptionalHeader.DataDirectory[entry] = {rva, size};
    }

    struct Import {
        std::string dll;
        std::vector<std::string> symbols; // "#12" by ordinal
    };
    // Section .idata (writable); gives the RVA of the first slot, the others follow with an empty one after
    // each DLL.
    ULONG imports(const std::vector<Import>& list) {
        const ULONG rva = next_rva();
        Bytes b((list.size() + 1) * sizeof(IMAGE_IMPORT_DESCRIPTOR));
        std::vector<std::uint64_t> thunks;
        std::vector<std::size_t> first(list.size());
        for (std::size_t i = 0; i < list.size(); ++i) {
            first[i] = thunks.size();
            for (const auto& symbol : list[i].symbols) {
                if (symbol[0] == '#')
                    thunks.push_back(IMAGE_ORDINAL_FLAG64 | std::stoul(symbol.substr(1)));
                else {
                    thunks.push_back(rva + b.size());
                    b.push_back(0), b.push_back(0);
                    text(b, symbol);
                    if (b.size() % 2) b.push_back(0);
                }
            }
            thunks.push_back(0);
        }
        b.resize((b.size() + 7) & ~7u);
        const auto lookup = b.size(), slots = lookup + thunks.size() * 8;
        b.resize(slots + thunks.size() * 8);
        std::memcpy(&b[lookup], thunks.data(), thunks.size() * 8);
        std::memcpy(&b[slots], thunks.data(), thunks.size() * 8);
        for (std::size_t i = 0; i < list.size(); ++i) {
            IMAGE_IMPORT_DESCRIPTOR d{};
            d.OriginalFirstThunk = static_cast<ULONG>(rva + lookup + first[i] * 8);
            d.FirstThunk = static_cast<ULONG>(rva + slots + first[i] * 8);
            d.Name = static_cast<ULONG>(rva + b.size());
            text(b, list[i].dll);
            std::memcpy(&b[i * sizeof d], &d, sizeof d);
        }
        const auto size = static_cast<ULONG>(b.size());
        add(".idata", std::move(b), write);
        directory(IMAGE_DIRECTORY_ENTRY_IMPORT, rva, size);
        return static_cast<ULONG>(rva + slots);
    }

    struct Export {
        std::string name; // "" by ordinal only
        ULONG rva;
        std::string forwarder;
    };
    // Section .edata; names must be given in ascending order, ordinals count from `base`.
    void exports(const std::string& dll, const std::vector<Export>& list, ULONG base = 1) {
        const ULONG rva = next_rva();
        Bytes b(sizeof(IMAGE_EXPORT_DIRECTORY));
        IMAGE_EXPORT_DIRECTORY d{};
        d.Base = base;
        d.NumberOfFunctions = static_cast<ULONG>(list.size());
        d.AddressOfFunctions = static_cast<ULONG>(rva + b.size());
        const auto functions = b.size();
        b.resize(b.size() + list.size() * 4);
        d.AddressOfNames = static_cast<ULONG>(rva + b.size());
        const auto names = b.size();
        b.resize(b.size() + list.size() * 4);
        d.AddressOfNameOrdinals = static_cast<ULONG>(rva + b.size());
        const auto ordinals = b.size();
        b.resize(b.size() + list.size() * 2);
        for (std::size_t i = 0; i < list.size(); ++i) {
            ULONG target = list[i].rva;
            if (!list[i].forwarder.empty()) {
                target = static_cast<ULONG>(rva + b.size());
                text(b, list[i].forwarder);
            }
            std::memcpy(&b[functions + i * 4], &target, 4);
            if (list[i].name.empty()) continue;
            const auto name = static_cast<ULONG>(rva + b.size());
            const auto ordinal = static_cast<USHORT>(i);
            std::memcpy(&b[names + d.NumberOfNames * 4], &name, 4);
            std::memcpy(&b[ordinals + d.NumberOfNames * 2], &ordinal, 2);
            ++d.NumberOfNames;
            text(b, list[i].name);
        }
        d.Name = static_cast<ULONG>(rva + b.size());
        text(b, dll);
        std::memcpy(b.data(), &d, sizeof d);
        const auto size = static_cast<ULONG>(b.size());
        add(".edata", std::move(b), read);
        directory(IMAGE_DIRECTORY_ENTRY_EXPORT, rva, size);
    }

    // Section .reloc with one block per RVA.
    void relocations(const std::vector<ULONG>& rvas, unsigned type = IMAGE_REL_BASED_DIR64) {
        Bytes b;
        for (ULONG rva : rvas) {
            put(b, rva & ~0xFFFu);
            put(b, ULONG{12});
            put(b, static_cast<USHORT>(type << 12 | (rva & 0xFFF)));
            put(b, USHORT{0});
        }
        const auto size = static_cast<ULONG>(b.size());
        const ULONG rva = add(".reloc", std::move(b), read | IMAGE_SCN_MEM_DISCARDABLE);
        directory(IMAGE_DIRECTORY_ENTRY_BASERELOC, rva, size);
    }

    struct Function {
        ULONG begin, end;
        Bytes unwind; // UNWIND_INFO
    };
    // Sections .xdata and .pdata.
    void functions(const std::vector<Function>& list) {
        Bytes xdata, pdata;
        const ULONG xrva = next_rva();
        for (const auto& f : list) {
            put(pdata, f.begin), put(pdata, f.end), put(pdata, static_cast<ULONG>(xrva + xdata.size()));
            xdata.insert(xdata.end(), f.unwind.begin(), f.unwind.end());
            xdata.resize((xdata.size() + 3) & ~3u);
        }
        add(".xdata", std::move(xdata), read);
        const auto size = static_cast<ULONG>(pdata.size());
        directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION, add(".pdata", std::move(pdata), read), size);
    }

    Bytes bytes() {
        headers.FileHeader.NumberOfSections = static_cast<USHORT>(sections.size());
        if (headers.OptionalHeader.SizeOfImage == 0) headers.OptionalHeader.SizeOfImage = next_rva();
        Bytes file(0x400);
        std::memcpy(file.data(), &dos, sizeof dos);
        std::memcpy(&file[0x80], &headers, sizeof headers);
        for (std::size_t i = 0; i < sections.size(); ++i) {
            const auto& s = sections[i];
            IMAGE_SECTION_HEADER h{};
            std::memcpy(h.Name, s.name.data(), std::min<std::size_t>(s.name.size(), 8));
            h.Misc.VirtualSize = s.virtual_size;
            h.VirtualAddress = s.rva;
            h.SizeOfRawData = static_cast<ULONG>((s.data.size() + 0x1FF) & ~0x1FFu);
            h.PointerToRawData = h.SizeOfRawData ? static_cast<ULONG>(file.size()) : 0;
            h.Characteristics = s.characteristics;
            std::memcpy(&file[section_header(i)], &h, sizeof h);
            file.insert(file.end(), s.data.begin(), s.data.end());
            file.resize((file.size() + 0x1FF) & ~std::size_t{0x1FF});
        }
        return file;
    }
    static std::size_t section_header(std::size_t i) {
        return 0x80 + sizeof(IMAGE_NT_HEADERS64) + i * sizeof(IMAGE_SECTION_HEADER);
    }

    template <class T> static void put(Bytes& b, T value) {
        const auto at = b.size();
        b.resize(at + sizeof value);
        std::memcpy(&b[at], &value, sizeof value);
    }
    static void text(Bytes& b, const std::string& s) {
        b.insert(b.end(), s.c_str(), s.c_str() + s.size() + 1);
    }
};

} // namespace nt::ldr::test
