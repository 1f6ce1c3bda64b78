// The state of ImageFile::parse. Each step checks one part of the file and fills the facts; the first failure
// ends parsing.
#pragma once
#include "kernel/ldr/image_file.h"
#include <cstring>
#include <fmt/format.h>

namespace nt::ldr {

struct Parser {
    ImageFile& image;
    std::span<const std::uint8_t> bytes;
    Problem problem;

    // --- reading ---
    template <class T> bool read(std::uint64_t offset, T& value) const {
        if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
        std::memcpy(&value, bytes.data() + offset, sizeof(T));
        return true;
    }
    // A structure at an RVA, all of it from the file.
    template <class T> bool read_rva(ULONG rva, T& value) const {
        const auto at = image.at(rva, sizeof(T));
        if (at.size() < sizeof(T)) return false;
        std::memcpy(&value, at.data(), sizeof(T));
        return true;
    }
    // File offset of an RVA for messages; 0 where there is none.
    std::uint64_t offset_of(ULONG rva) const {
        const auto at = image.at(rva, 1);
        return at.empty() ? 0 : static_cast<std::uint64_t>(at.data() - bytes.data());
    }
    // A zero-terminated name of printable ASCII, 1 to `most` characters. Empty: none there.
    std::string_view name_at(ULONG rva, std::size_t most) const;
    // [rva, rva + size) lies inside the image.
    bool in_image(std::uint64_t rva, std::uint64_t size) const {
        return rva <= image.image_size && size <= image.image_size - rva;
    }
    // [rva, rva + size) lies inside one section's memory (zero fill included).
    bool in_section(ULONG rva, ULONG size) const;
    bool is_executable(ULONG rva) const;
    // A virtual address of the preferred base as an RVA; false when outside.
    bool to_rva(std::uint64_t address, std::uint64_t size, ULONG& rva) const;

    // --- failing ---
    template <class... A>
    bool fail(std::string field, std::uint64_t offset, fmt::format_string<A...> text, A&&... args) {
        problem = {std::move(field), offset, fmt::format(text, std::forward<A>(args)...)};
        return false;
    }

    // --- the steps, in this order ---
    struct Directory {
        ULONG rva = 0, size = 0;
    };
    Directory directories[16];

    bool headers(Use use); // parse_headers.cpp
    bool optional_header(Use use, std::uint64_t offset, ULONG size);
    bool section_table(std::uint64_t offset, ULONG count);
    bool entry_point(Use use);
    bool directory_ranges(Use use);
    bool import_table(); // parse_imports.cpp
    bool import_thunks(const std::string& field, std::string_view dll, ULONG lookup, ULONG slots,
                       bool delayed);
    bool delay_table();
    bool export_table();     // parse_exports.cpp
    bool relocation_table(); // parse_tables.cpp
    bool function_table(Use use);
    bool unwind_info(const std::string& field, ULONG rva);
    bool tls_table();
    bool load_config_table();
    bool debug_table();
};

} // namespace nt::ldr
