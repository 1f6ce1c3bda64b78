#include "kernel/ldr/image_file.h"
#include "abi/pe.h"
#include "kernel/ldr/detail/parser.h"
#include <algorithm>
#include <cstddef>

namespace nt::ldr {

std::string Problem::to_string() const { return fmt::format("{} (offset {:#x}): {}", field, offset, text); }

std::string SymbolRef::to_string() const {
    return by_ordinal ? fmt::format("#{}", ordinal) : std::string(name);
}

std::expected<ImageFile, Problem> ImageFile::parse(std::vector<std::uint8_t> bytes, Use use) {
    ImageFile image;
    image.bytes_ = std::move(bytes);
    Parser parser{image, image.bytes_, {}, {}};
    const bool ok = parser.headers(use) && parser.import_table() && parser.delay_table() &&
                    parser.export_table() && parser.relocation_table() && parser.function_table(use) &&
                    parser.tls_table() && parser.load_config_table() && parser.debug_table();
    if (!ok) return std::unexpected(std::move(parser.problem));
    return image;
}

bool ImageFile::is_dll() const { return characteristics & IMAGE_FILE_DLL; }

const FileSection* ImageFile::section_at(ULONG rva) const {
    auto next = std::upper_bound(sections.begin(), sections.end(), rva,
                                 [](ULONG value, const FileSection& section) { return value < section.rva; });
    if (next == sections.begin()) return nullptr;
    const auto& section = *std::prev(next);
    return section.contains(rva) ? &section : nullptr;
}

std::span<const std::uint8_t> ImageFile::at(ULONG rva, std::size_t size) const {
    const std::span<const std::uint8_t> all = bytes_;
    if (rva < header_size) return all.subspan(rva, std::min<std::size_t>(size, header_size - rva));
    const auto* section = section_at(rva);
    if (!section) return {};
    const ULONG inside = rva - section->rva, there = std::min(section->size, section->file_size);
    if (inside >= there) return {};
    return all.subspan(section->file_offset + inside, std::min<std::size_t>(size, there - inside));
}

const FileExport* ImageFile::find_export(const SymbolRef& symbol) const {
    if (symbol.by_ordinal) {
        auto it = std::lower_bound(exports.begin(), exports.end(), ULONG{symbol.ordinal},
                                   [](const FileExport& e, ULONG ordinal) { return e.ordinal < ordinal; });
        return it != exports.end() && it->ordinal == symbol.ordinal ? &*it : nullptr;
    }
    auto it =
        std::lower_bound(exports_by_name.begin(), exports_by_name.end(), symbol.name,
                         [&](std::uint32_t i, std::string_view name) { return exports[i].name < name; });
    return it != exports_by_name.end() && exports[*it].name == symbol.name ? &exports[*it] : nullptr;
}

ULONG ImageFile::computed_checksum() const {
    // The sum of all 16-bit words with end-around carry, the CheckSum field as zero, plus the length.
    const std::size_t field = headers_offset + 24 + offsetof(IMAGE_OPTIONAL_HEADER64, CheckSum);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes_.size(); i += 2) {
        if (i == field || i == field + 2) continue;
        sum += bytes_[i] | (i + 1 < bytes_.size() ? ULONG{bytes_[i + 1]} << 8 : 0);
    }
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<ULONG>(sum + bytes_.size());
}

std::vector<FileSymbol> ImageFile::coff_symbols() const {
    std::vector<FileSymbol> symbols;
    constexpr std::size_t record = 18;
    const auto table = std::uint64_t{symbol_offset_}, strings = table + std::uint64_t{symbol_count_} * record;
    if (symbol_offset_ == 0 || strings > bytes_.size()) return symbols;
    const std::span<const std::uint8_t> all = bytes_, string_table = all.subspan(strings);
    auto word = [&](std::uint64_t at) { return static_cast<USHORT>(all[at] | all[at + 1] << 8); };
    auto dword = [&](std::uint64_t at) { return word(at) | ULONG{word(at + 2)} << 16; };
    for (ULONG i = 0; i < symbol_count_; ++i) {
        const auto at = table + std::uint64_t{i} * record;
        const auto auxiliary = all[at + 17];
        const auto section_number = static_cast<SHORT>(word(at + 12));
        const auto storage = all[at + 16];
        const bool named = storage == IMAGE_SYM_CLASS_EXTERNAL || storage == IMAGE_SYM_CLASS_STATIC;
        if (named && section_number > 0 && static_cast<std::size_t>(section_number) <= sections.size()) {
            const auto& section = sections[section_number - 1];
            const auto value = dword(at + 8);
            std::string_view name;
            if (dword(at) != 0) {
                const char* text = reinterpret_cast<const char*>(&all[at]);
                name = {text, strnlen(text, 8)};
            } else if (const auto offset = dword(at + 4); offset >= 4 && offset < string_table.size()) {
                const char* text = reinterpret_cast<const char*>(&string_table[offset]);
                name = {text, strnlen(text, std::min<std::size_t>(string_table.size() - offset, 4096))};
            }
            // Section symbols (".text"), compiler labels and import bookkeeping are no names a person wants
            // to read.
            const bool noise =
                name.empty() || name[0] == '.' || name.starts_with("__imp_") || name.starts_with("$") ||
                std::any_of(name.begin(), name.end(), [](char c) { return c < 0x21 || c > 0x7E; });
            if (!noise && value < section.size)
                symbols.push_back({name, section.rva + value, (word(at + 14) & 0x30) == 0x20});
        }
        i += auxiliary;
    }
    std::sort(symbols.begin(), symbols.end(),
              [](auto& a, auto& b) { return a.rva != b.rva ? a.rva < b.rva : a.name < b.name; });
    return symbols;
}

// --- Parser's helpers ---

std::string_view Parser::name_at(ULONG rva, std::size_t most) const {
    const auto at = image.at(rva, most + 1);
    const char* text = reinterpret_cast<const char*>(at.data());
    const auto length = at.empty() ? 0 : strnlen(text, at.size());
    if (length == 0 || length == at.size()) return {};
    const std::string_view name{text, length};
    return std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; })
               ? name
               : std::string_view{};
}

bool Parser::in_section(ULONG rva, ULONG size) const {
    const auto* section = image.section_at(rva);
    return section && size <= section->size - (rva - section->rva);
}

bool Parser::is_executable(ULONG rva) const {
    const auto* section = image.section_at(rva);
    return section && (static_cast<int>(section->rights) & static_cast<int>(Rights::execute));
}

bool Parser::to_rva(std::uint64_t address, std::uint64_t size, ULONG& rva) const {
    const auto relative = address - image.preferred_base;
    if (address < image.preferred_base || !in_image(relative, size)) return false;
    rva = static_cast<ULONG>(relative);
    return true;
}

} // namespace nt::ldr
