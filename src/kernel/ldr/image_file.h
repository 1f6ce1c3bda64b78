// A PE32+ file for x64, checked field by field. What parse() accepts can be mapped, relocated, bound and
// rewritten without any further check: every offset, count and string in it lies inside the file and every
// RVA inside the image.
//
// Works on a byte vector only: no guest memory, no allocation limits beyond those below. Hostile input gives
// a Problem that names the field, never undefined behaviour (tests/fuzz/pe_loader.cpp).
#pragma once
#include "abi/types.h"
#include "host/ram.h"
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nt::ldr {

using Rights = host::ram::Protection;

// What the caller means to do with the file: decides about subsystem and characteristics.
enum class Use : UCHAR {
    any,     // inspect: only the structure must be right
    driver,  // IMAGE_SUBSYSTEM_NATIVE, not a DLL of user mode
    program, // console or GUI, an entry point, not IMAGE_FILE_DLL
    library  // IMAGE_FILE_DLL, any subsystem but native drivers
};

struct Problem {
    std::string field;        // "IMAGE_OPTIONAL_HEADER.SizeOfImage"
    std::uint64_t offset = 0; // in the file
    std::string text;         // "0x0 is less than the headers' 0x400 bytes"
    // "IMAGE_FILE_HEADER.Machine (offset 0x84): 0x14c is x86, …"
    std::string to_string() const;
};

struct FileSection {
    std::string_view name; // without padding; a long name ("/4") is looked up in the string table
    ULONG rva;
    ULONG size; // in memory, not rounded (VirtualSize, or SizeOfRawData where that is 0)
    ULONG file_offset;
    ULONG file_size; // bytes that come from the file, at most `size` rounded up to a page
    ULONG characteristics;
    Rights rights;
    bool discardable;                                                            // IMAGE_SCN_MEM_DISCARDABLE
    bool is_debug() const { return discardable && name.starts_with(".debug_"); } // DWARF
    ULONG mapped_size() const { return (size + 0xFFF) & ~ULONG{0xFFF}; }
    bool contains(ULONG address) const { return address - rva < size; }
};

// An import or export is named by name or by ordinal.
struct SymbolRef {
    std::string_view name; // "" when by_ordinal
    USHORT ordinal = 0;
    bool by_ordinal = false;
    // "IoCreateDevice" or "#17".
    std::string to_string() const;
};

struct FileImport {
    std::string_view dll;
    SymbolRef symbol;
    ULONG slot; // RVA of the pointer that the image calls or reads through
    bool delayed;
};

struct FileExport {
    std::string_view name;      // "" when exported by ordinal only
    ULONG ordinal;              // with the directory's base
    ULONG rva;                  // 0 for a forwarder
    std::string_view forwarder; // "hal.KeStallExecutionProcessor", "" for an address
};

struct FileRelocation {
    ULONG rva;
    UCHAR type; // IMAGE_REL_BASED_DIR64; ABSOLUTE entries are dropped, others refused
};

struct TlsFacts { // RVAs; the user-mode loader runs it
    bool present = false;
    ULONG data = 0, data_size = 0, zero_fill = 0, alignment = 0;
    ULONG index = 0; // RVA of the ULONG that receives the index
    std::vector<ULONG> callbacks;
    ULONG directory = 0;
};

struct LoadConfigFacts { // RVAs, 0: absent
    bool present = false;
    ULONG size = 0;
    ULONG security_cookie = 0;
    ULONG guard_check = 0, guard_dispatch = 0; // pointer slots
    ULONG guard_xfg_check = 0, guard_xfg_dispatch = 0, guard_xfg_table_dispatch = 0;
    ULONG guard_table = 0, guard_count = 0;
    ULONG guard_flags = 0;
};

struct DebugFacts {
    bool has_codeview = false; // RSDS
    GUID guid{};
    ULONG age = 0;
    std::string_view pdb;      // path as the linker wrote it
    bool has_dwarf = false;    // .debug_info section
    bool reproducible = false; // IMAGE_DEBUG_TYPE_REPRO: TimeDateStamp is a hash
    std::vector<ULONG> types;  // IMAGE_DEBUG_TYPE_* present
};

struct FileSymbol {
    std::string_view name;
    ULONG rva;
    bool function;
};

class ImageFile {
  public:
    // The file's bytes; the views of all facts point into them. A moved-from ImageFile must not be used.
    static std::expected<ImageFile, Problem> parse(std::vector<std::uint8_t> bytes, Use use);

    ImageFile(ImageFile&&) = default;
    ImageFile& operator=(ImageFile&&) = default;
    ImageFile(const ImageFile&) = delete;

    std::span<const std::uint8_t> bytes() const { return bytes_; }

    // Headers.
    ULONG timestamp = 0, checksum = 0;
    USHORT characteristics = 0, dll_characteristics = 0, subsystem = 0;
    USHORT linker_major = 0, linker_minor = 0, os_major = 0, os_minor = 0, subsystem_major = 0,
           subsystem_minor = 0;
    std::uint64_t preferred_base = 0;
    ULONG image_size = 0, header_size = 0; // SizeOfImage (a multiple of the page size), SizeOfHeaders
    ULONG section_alignment = 0, file_alignment = 0;
    ULONG entry = 0; // RVA, 0: none
    std::uint64_t stack_reserve = 0, stack_commit = 0, heap_reserve = 0, heap_commit = 0;
    ULONG headers_offset = 0; // of IMAGE_NT_HEADERS64, in file and image

    std::vector<FileSection> sections;         // ascending by RVA
    std::vector<FileImport> imports;           // in file order, delayed ones last
    std::vector<std::string_view> import_dlls; // in file order, without delayed ones
    std::string_view export_name;              // the name the export directory gives the image, "" if none
    std::vector<FileExport>
        exports; // by ordinal, a name each; several names of one address are several entries
    std::vector<std::uint32_t> exports_by_name; // indexes of named exports, ascending by strcmp
    std::vector<FileRelocation> relocations;    // ascending
    bool has_relocations =
        false; // a relocation directory exists (it may be empty) and RELOCS_STRIPPED is not set
    ULONG pdata = 0, pdata_count = 0; // RUNTIME_FUNCTION table: RVA and entries
    TlsFacts tls;
    LoadConfigFacts load_config;
    DebugFacts debug;

    bool is_dll() const;
    const FileSection* section_at(ULONG rva) const;
    const FileExport* find_export(const SymbolRef& symbol) const;
    // The checksum that the file's bytes give; equal to `checksum` in an unchanged file (0 there: the linker
    // made none).
    ULONG computed_checksum() const;
    // COFF symbol table, names of sections and files left out; empty when there is none or it is damaged.
    // Ascending by RVA.
    std::vector<FileSymbol> coff_symbols() const;
    // File bytes that lie at an RVA; shorter than `size` (possibly empty) where the rest is zero fill or
    // outside.
    std::span<const std::uint8_t> at(ULONG rva, std::size_t size) const;

  private:
    ImageFile() = default;
    friend struct Parser;
    std::vector<std::uint8_t> bytes_;
    ULONG symbol_offset_ = 0, symbol_count_ = 0;
};

// Limits that keep hostile files from using up the host. Real images stay far below.
inline constexpr ULONG max_image_size = 0x0800'0000;      // 128 MiB
inline constexpr std::size_t max_file_size = 0x1000'0000; // 256 MiB
inline constexpr ULONG max_sections = 96;                 // the Windows loader's limit
inline constexpr ULONG max_exports = 65536;
inline constexpr ULONG max_imports = 65536;
inline constexpr ULONG max_relocations = 0x40'0000;

} // namespace nt::ldr
