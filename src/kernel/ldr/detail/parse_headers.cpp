#include "abi/pe.h"
#include "kernel/ldr/detail/parser.h"
#include <cstddef>

namespace nt::ldr {
namespace {

bool is_power_of_two(ULONG value) { return value != 0 && (value & (value - 1)) == 0; }

const char* machine_name(USHORT machine) {
    switch (machine) {
    case 0x014C:
        return "32-bit x86";
    case 0x0200:
        return "Itanium";
    case 0x01C0:
    case 0x01C4:
        return "32-bit ARM";
    case 0xAA64:
        return "ARM64";
    case 0xA641:
        return "ARM64EC";
    case 0x5064:
        return "RISC-V";
    default:
        return "unknown";
    }
}

const char* subsystem_name(USHORT subsystem) {
    switch (subsystem) {
    case 0:
        return "unknown";
    case 1:
        return "native";
    case 2:
        return "Windows GUI";
    case 3:
        return "Windows console";
    case 5:
        return "OS/2";
    case 7:
        return "POSIX";
    case 9:
        return "Windows CE";
    case 10:
        return "EFI application";
    case 11:
        return "EFI boot-service driver";
    case 12:
        return "EFI run-time driver";
    case 13:
        return "EFI ROM";
    case 14:
        return "Xbox";
    case 16:
        return "boot application";
    default:
        return "undefined";
    }
}

const char* const directory_names[16] = {"EXPORT",    "IMPORT",       "RESOURCE",       "EXCEPTION",
                                         "SECURITY",  "BASERELOC",    "DEBUG",          "ARCHITECTURE",
                                         "GLOBALPTR", "TLS",          "LOAD_CONFIG",    "BOUND_IMPORT",
                                         "IAT",       "DELAY_IMPORT", "COM_DESCRIPTOR", "RESERVED"};

std::string directory_field(int i, const char* member) {
    return fmt::format("IMAGE_OPTIONAL_HEADER.DataDirectory[IMAGE_DIRECTORY_ENTRY_{}].{}", directory_names[i],
                       member);
}

} // namespace

bool Parser::headers(Use use) {
    if (bytes.size() > max_file_size)
        return fail("file", 0, "{} bytes are more than the {} accepted", bytes.size(), max_file_size);
    IMAGE_DOS_HEADER dos;
    if (!read(0, dos)) {
        if (bytes.size() < 2 || bytes[0] != 'M' || bytes[1] != 'Z')
            return fail("IMAGE_DOS_HEADER.e_magic", 0, "not MZ: this is no Windows image");
        return fail("IMAGE_DOS_HEADER", 0, "truncated: the file has {} bytes", bytes.size());
    }
    if (dos.e_magic != IMAGE_DOS_SIGNATURE)
        return fail("IMAGE_DOS_HEADER.e_magic", 0, "{:#06x} is not MZ: this is no Windows image",
                    +dos.e_magic);
    const auto nt_offset = static_cast<std::uint64_t>(static_cast<ULONG>(dos.e_lfanew));
    const auto lfanew_offset = offsetof(IMAGE_DOS_HEADER, e_lfanew);
    ULONG signature = 0;
    if (nt_offset % 4 != 0 || !read(nt_offset, signature))
        return fail("IMAGE_DOS_HEADER.e_lfanew", lfanew_offset,
                    "{:#x} is not an aligned offset inside the file's {:#x} bytes", nt_offset, bytes.size());
    if (signature != IMAGE_NT_SIGNATURE) {
        const bool old = (signature & 0xFFFF) == 0x454E || (signature & 0xFFFF) == 0x454C; // NE, LE
        return fail("IMAGE_NT_HEADERS64.Signature", nt_offset, "{:#010x} is not PE{}", signature,
                    old ? ": a 16-bit image" : "");
    }
    image.headers_offset = static_cast<ULONG>(nt_offset);

    const auto file_offset = nt_offset + 4;
    IMAGE_FILE_HEADER header;
    if (!read(file_offset, header))
        return fail("IMAGE_FILE_HEADER", file_offset, "truncated: the file has {:#x} bytes", bytes.size());
    auto at = [&](std::size_t member) { return file_offset + member; };
    if (header.Machine != IMAGE_FILE_MACHINE_AMD64)
        return fail("IMAGE_FILE_HEADER.Machine", at(offsetof(IMAGE_FILE_HEADER, Machine)),
                    "{:#06x} is {}, not x64 (0x8664)", +header.Machine, machine_name(header.Machine));
    if (header.NumberOfSections == 0 || header.NumberOfSections > max_sections)
        return fail("IMAGE_FILE_HEADER.NumberOfSections", at(offsetof(IMAGE_FILE_HEADER, NumberOfSections)),
                    "{} is not in 1..{}", +header.NumberOfSections, max_sections);
    if (!(header.Characteristics & IMAGE_FILE_EXECUTABLE_IMAGE))
        return fail("IMAGE_FILE_HEADER.Characteristics", at(offsetof(IMAGE_FILE_HEADER, Characteristics)),
                    "{:#06x} lacks IMAGE_FILE_EXECUTABLE_IMAGE: an object file or a failed link",
                    +header.Characteristics);
    image.timestamp = header.TimeDateStamp;
    image.characteristics = header.Characteristics;
    image.symbol_offset_ = header.PointerToSymbolTable;
    image.symbol_count_ = header.NumberOfSymbols;
    if (use == Use::program && image.is_dll())
        return fail("IMAGE_FILE_HEADER.Characteristics", at(offsetof(IMAGE_FILE_HEADER, Characteristics)),
                    "{:#06x} has IMAGE_FILE_DLL: a library is not a program", +header.Characteristics);
    if (use == Use::library && !image.is_dll())
        return fail("IMAGE_FILE_HEADER.Characteristics", at(offsetof(IMAGE_FILE_HEADER, Characteristics)),
                    "{:#06x} lacks IMAGE_FILE_DLL: not a library", +header.Characteristics);

    const auto optional_offset = file_offset + sizeof(IMAGE_FILE_HEADER);
    if (!optional_header(use, optional_offset, header.SizeOfOptionalHeader)) return false;
    return section_table(optional_offset + header.SizeOfOptionalHeader, header.NumberOfSections) &&
           entry_point(use) && directory_ranges(use);
}

bool Parser::optional_header(Use use, std::uint64_t offset, ULONG size) {
    auto field = [](const char* member) { return std::string("IMAGE_OPTIONAL_HEADER.") + member; };
    USHORT magic = 0;
    if (!read(offset, magic))
        return fail("IMAGE_OPTIONAL_HEADER", offset, "truncated: the file has {:#x} bytes", bytes.size());
    if (magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return fail(field("Magic"), offset, "{:#06x} is {}, not PE32+ (0x20b)", magic,
                    magic == 0x10B ? "PE32 (32-bit)" : "unknown");
    constexpr ULONG fixed = offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory);
    if (size < fixed)
        return fail("IMAGE_FILE_HEADER.SizeOfOptionalHeader", offset - 4,
                    "{:#x} is less than the {:#x} of PE32+", size, fixed);
    IMAGE_OPTIONAL_HEADER64 header{};
    if (offset + size > bytes.size())
        return fail("IMAGE_OPTIONAL_HEADER", offset, "truncated: the file has {:#x} bytes", bytes.size());
    std::memcpy(&header, bytes.data() + offset, std::min<std::size_t>(size, sizeof header));

#define AT(member) field(#member), offset + offsetof(IMAGE_OPTIONAL_HEADER64, member)
    const ULONG count = header.NumberOfRvaAndSizes;
    if (count > 16) return fail(AT(NumberOfRvaAndSizes), "{} is more than 16", count);
    if (fixed + count * sizeof(IMAGE_DATA_DIRECTORY) > size)
        return fail(AT(NumberOfRvaAndSizes), "{} directories do not fit SizeOfOptionalHeader {:#x}", count,
                    size);
    for (ULONG i = 0; i < count; ++i)
        directories[i] = {header.DataDirectory[i].VirtualAddress, header.DataDirectory[i].Size};

    if (!is_power_of_two(header.FileAlignment) || header.FileAlignment < 512 ||
        header.FileAlignment > 0x10000)
        return fail(AT(FileAlignment), "{:#x} is not a power of two in 0x200..0x10000",
                    +header.FileAlignment);
    if (!is_power_of_two(header.SectionAlignment) || header.SectionAlignment < header.FileAlignment)
        return fail(AT(SectionAlignment), "{:#x} is not a power of two of at least FileAlignment {:#x}",
                    +header.SectionAlignment, +header.FileAlignment);
    if (header.SectionAlignment < 0x1000 || header.SectionAlignment > 0x20'0000)
        return fail(AT(SectionAlignment),
                    "{:#x} is not in 0x1000..0x200000: sections could not have their own protection",
                    +header.SectionAlignment);
    if (header.ImageBase % 0x10000 != 0)
        return fail(AT(ImageBase), "{:#x} is not a multiple of 64 KiB", +header.ImageBase);
    if (header.ImageBase > ~std::uint64_t{0} - max_image_size)
        return fail(AT(ImageBase), "{:#x} leaves no room for the image", +header.ImageBase);
    if (header.SizeOfImage == 0 || header.SizeOfImage % header.SectionAlignment != 0)
        return fail(AT(SizeOfImage), "{:#x} is not a multiple of SectionAlignment {:#x}", +header.SizeOfImage,
                    +header.SectionAlignment);
    if (header.SizeOfImage > max_image_size)
        return fail(AT(SizeOfImage), "{:#x} is more than the {:#x} accepted", +header.SizeOfImage,
                    max_image_size);
    if (header.SizeOfHeaders > bytes.size() || header.SizeOfHeaders > header.SizeOfImage)
        return fail(AT(SizeOfHeaders), "{:#x} is more than the file's {:#x} bytes or SizeOfImage {:#x}",
                    +header.SizeOfHeaders, bytes.size(), +header.SizeOfImage);
    const USHORT subsystem = header.Subsystem;
    const bool windows = subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI || subsystem == IMAGE_SUBSYSTEM_WINDOWS_CUI;
    if (use == Use::driver && subsystem != IMAGE_SUBSYSTEM_NATIVE)
        return fail(AT(Subsystem), "{} is {}: a driver is native (1)", subsystem, subsystem_name(subsystem));
    if (use == Use::program && !windows)
        return fail(AT(Subsystem), "{} is {}: a program is Windows console (3) or GUI (2)", subsystem,
                    subsystem_name(subsystem));
    if (use == Use::library && !windows && subsystem != IMAGE_SUBSYSTEM_NATIVE)
        return fail(AT(Subsystem), "{} is {}: a library is console (3), GUI (2) or native (1)", subsystem,
                    subsystem_name(subsystem));
#undef AT
    image.checksum = header.CheckSum;
    image.dll_characteristics = header.DllCharacteristics;
    image.subsystem = subsystem;
    image.linker_major = header.MajorLinkerVersion, image.linker_minor = header.MinorLinkerVersion;
    image.os_major = header.MajorOperatingSystemVersion, image.os_minor = header.MinorOperatingSystemVersion;
    image.subsystem_major = header.MajorSubsystemVersion,
    image.subsystem_minor = header.MinorSubsystemVersion;
    image.preferred_base = header.ImageBase;
    image.image_size = header.SizeOfImage;
    image.header_size = header.SizeOfHeaders;
    image.section_alignment = header.SectionAlignment;
    image.file_alignment = header.FileAlignment;
    image.entry = header.AddressOfEntryPoint;
    image.stack_reserve = header.SizeOfStackReserve, image.stack_commit = header.SizeOfStackCommit;
    image.heap_reserve = header.SizeOfHeapReserve, image.heap_commit = header.SizeOfHeapCommit;
    return true;
}

bool Parser::section_table(std::uint64_t offset, ULONG count) {
    const auto table_end = offset + std::uint64_t{count} * sizeof(IMAGE_SECTION_HEADER);
    if (table_end > bytes.size())
        return fail("IMAGE_SECTION_HEADER", offset,
                    "truncated: {} sections end at {:#x}, the file has {:#x} bytes", count, table_end,
                    bytes.size());
    if (image.header_size < table_end)
        return fail("IMAGE_OPTIONAL_HEADER.SizeOfHeaders",
                    image.headers_offset + 24 + offsetof(IMAGE_OPTIONAL_HEADER64, SizeOfHeaders),
                    "{:#x} is less than the end of the section table, {:#x}", image.header_size, table_end);
    std::uint64_t free = image.header_size; // lowest RVA that the next section may have
    image.sections.reserve(count);
    for (ULONG i = 0; i < count; ++i, offset += sizeof(IMAGE_SECTION_HEADER)) {
        IMAGE_SECTION_HEADER header;
        if (!read(offset, header)) return fail("IMAGE_SECTION_HEADER", offset, "truncated");
        FileSection section{};
        const char* text = reinterpret_cast<const char*>(bytes.data() + offset);
        section.name = {text, strnlen(text, 8)};
        for (char c : section.name)
            if (c < 0x20 || c > 0x7E)
                return fail(fmt::format("IMAGE_SECTION_HEADER[{}].Name", i), offset,
                            "contains the byte {:#04x}", static_cast<unsigned>(static_cast<UCHAR>(c)));
        auto field = [&](const char* member) {
            return fmt::format("IMAGE_SECTION_HEADER[{}] \"{}\".{}", i, section.name, member);
        };
#define AT(member) field(#member), offset + offsetof(IMAGE_SECTION_HEADER, member)
        section.rva = header.VirtualAddress;
        section.size = header.Misc.VirtualSize ? header.Misc.VirtualSize : header.SizeOfRawData;
        section.characteristics = header.Characteristics;
        section.file_offset = header.PointerToRawData;
        if (section.rva % image.section_alignment != 0)
            return fail(AT(VirtualAddress), "{:#x} is not a multiple of SectionAlignment {:#x}", section.rva,
                        image.section_alignment);
        if (section.rva < free)
            return fail(AT(VirtualAddress), "{:#x} overlaps {}, which ends at {:#x}", section.rva,
                        i ? "the section before" : "the headers", free);
        if (!in_image(section.rva, section.size))
            return fail(AT(Misc.VirtualSize), "{:#x} bytes at {:#x} end beyond SizeOfImage {:#x}",
                        section.size, section.rva, image.image_size);
        const bool from_file = header.PointerToRawData != 0 && header.SizeOfRawData != 0;
        if (from_file) {
            if (header.PointerToRawData % 512 != 0)
                return fail(AT(PointerToRawData), "{:#x} is not a multiple of 512", +header.PointerToRawData);
            if (header.PointerToRawData > bytes.size() ||
                bytes.size() - header.PointerToRawData < header.SizeOfRawData)
                return fail(AT(SizeOfRawData),
                            "{:#x} bytes at {:#x} end beyond the file's {:#x} bytes: truncated",
                            +header.SizeOfRawData, +header.PointerToRawData, bytes.size());
            section.file_size = std::min<ULONG>(header.SizeOfRawData, section.mapped_size());
        }
#undef AT
        free = std::uint64_t{section.rva} + section.mapped_size();
        int rights = 0;
        if (section.characteristics & (IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_EXECUTE)) rights |= 1;
        if (section.characteristics & IMAGE_SCN_MEM_WRITE) rights |= 3;
        if (section.characteristics & IMAGE_SCN_MEM_EXECUTE) rights |= 4;
        section.rights = static_cast<Rights>(rights);
        section.discardable = section.characteristics & IMAGE_SCN_MEM_DISCARDABLE;
        image.sections.push_back(section);
    }
    // Names longer than 8 characters ("/17") lie in the string table behind the symbols; only toolchains for
    // DWARF use them.
    const auto strings = std::uint64_t{image.symbol_offset_} + std::uint64_t{image.symbol_count_} * 18;
    ULONG strings_size = 0;
    if (image.symbol_offset_ != 0 && read(strings, strings_size) && strings_size >= 4 &&
        strings_size <= bytes.size() - strings)
        for (auto& section : image.sections) {
            if (section.name.size() < 2 || section.name[0] != '/') continue;
            ULONG at = 0;
            for (char c : section.name.substr(1))
                at = c >= '0' && c <= '9' ? at * 10 + (c - '0') : strings_size;
            if (at < 4 || at >= strings_size) continue;
            const char* text = reinterpret_cast<const char*>(bytes.data() + strings + at);
            const std::string_view name{text, strnlen(text, std::min<ULONG>(strings_size - at, 64))};
            bool printable = !name.empty();
            for (char c : name)
                printable = printable && c >= 0x20 && c <= 0x7E;
            if (printable) section.name = name;
        }
    return true;
}

bool Parser::entry_point(Use use) {
    const auto offset = image.headers_offset + 24 + offsetof(IMAGE_OPTIONAL_HEADER64, AddressOfEntryPoint);
    const char* field = "IMAGE_OPTIONAL_HEADER.AddressOfEntryPoint";
    if (image.entry == 0)
        return use == Use::any || use == Use::library ||
               fail(field, offset, "0: a {} needs one", use == Use::driver ? "driver" : "program");
    if (image.entry >= image.image_size)
        return fail(field, offset, "{:#x} is outside the image's {:#x} bytes", image.entry, image.image_size);
    if (!is_executable(image.entry))
        return fail(field, offset, "{:#x} is in no executable section", image.entry);
    return true;
}

bool Parser::directory_ranges(Use use) {
    const auto offset = image.headers_offset + 24 + offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory);
    for (int i = 0; i < 16; ++i) {
        auto& directory = directories[i];
        if (directory.rva == 0 || (directory.size == 0 && i != IMAGE_DIRECTORY_ENTRY_IMPORT)) {
            directory = {};
            continue;
        }
        // Signatures are the exception: a file offset, and never mapped.
        const bool ok = i == IMAGE_DIRECTORY_ENTRY_SECURITY
                            ? directory.rva <= bytes.size() && directory.size <= bytes.size() - directory.rva
                            : in_image(directory.rva, directory.size);
        if (!ok)
            return fail(directory_field(i, "VirtualAddress"), offset + i * 8,
                        "{:#x} bytes at {:#x} end outside the {}", directory.size, directory.rva,
                        i == IMAGE_DIRECTORY_ENTRY_SECURITY ? "file" : "image");
    }
    if (use != Use::any && directories[IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR].rva != 0)
        return fail(directory_field(IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, "VirtualAddress"),
                    offset + IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR * 8,
                    "a .NET assembly needs the common language runtime");
    return true;
}

} // namespace nt::ldr
