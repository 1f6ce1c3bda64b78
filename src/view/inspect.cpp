#include "view/inspect.h"
#include "abi/pe.h"
#include "view/detail/inspection.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace view {
namespace {

using namespace detail;
using nt::ULONG;

constexpr std::size_t columns = 80;

// Words of `text` behind `first`, continued lines indented as far.
void wrap(std::string& out, std::string first, std::string_view text) {
    const std::string indent(first.size(), ' ');
    std::string line = std::move(first);
    bool empty = true;
    while (!text.empty()) {
        const auto space = text.find(' ');
        const auto word = text.substr(0, space);
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        if (word.empty()) continue;
        if (!empty && line.size() + 1 + word.size() > columns) {
            out += line + '\n';
            line = indent;
            empty = true;
        }
        if (!empty) line += ' ';
        line += word;
        empty = false;
    }
    out += line + '\n';
}

void heading(std::string& out, std::string_view text) { out += fmt::format("\n{}\n", text); }

void field(std::string& out, std::string_view name, std::string_view value) {
    wrap(out, fmt::format("  {:<16}", name), value);
}

std::string join(const std::vector<std::string>& parts, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < parts.size() && i < most; ++i)
        text += (i ? ", " : "") + parts[i];
    if (parts.size() > most) text += fmt::format(" and {} more", parts.size() - most);
    return text;
}

std::string debug_text(const nt::ldr::ImageFile& file) {
    std::vector<std::string> facts;
    if (file.debug.has_dwarf) facts.push_back("DWARF");
    if (const auto symbols = file.coff_symbols().size())
        facts.push_back(fmt::format("{} COFF symbols", symbols));
    if (file.debug.has_codeview)
        facts.push_back(fmt::format("{} {} age {}",
                                    file.debug.pdb.empty() ? "build id" : "PDB " + printable(file.debug.pdb),
                                    guid_text(file.debug.guid), file.debug.age));
    return facts.empty() ? "none" : join(facts, 3);
}

std::string time_text(const nt::ldr::ImageFile& file) {
    if (file.timestamp == 0) return "none";
    if (file.debug.reproducible) return fmt::format("{:#010x} (a hash: reproducible build)", file.timestamp);
    return fmt::format("{:#010x} {}", file.timestamp, date_of(file.timestamp));
}

} // namespace

std::string inspect_text(const nt::ldr::ImageFile& file, const InspectOptions& options) {
    const auto facts = examine(file, options);
    std::string out = printable(options.file_name) + '\n';
    field(out, "kind", fmt::format("x64 {}, {} bytes", facts.kind, file.bytes().size()));
    field(out, "linker",
          fmt::format("{}.{:02}, for Windows {}.{}", +file.linker_major, +file.linker_minor,
                      +file.subsystem_major, +file.subsystem_minor));
    field(out, "time stamp", time_text(file));
    field(out, "checksum",
          file.checksum == 0 ? "none"
                             : fmt::format("{:#x}, {}", file.checksum,
                                           file.checksum == file.computed_checksum() ? "right" : "WRONG"));
    field(out, "base",
          file.has_relocations
              ? fmt::format("{:#x}, relocatable ({} addresses)", file.preferred_base, file.relocations.size())
              : fmt::format("{:#x}, fixed", file.preferred_base));
    field(out, "size in memory", fmt::format("{:#x}", file.image_size));
    field(out, "entry",
          file.entry ? fmt::format("{:#x} {}", file.entry,
                                   facts.entry_name.starts_with("0x") ? "" : facts.entry_name)
                     : "none");
    field(out, "functions", fmt::format("{} in the function table", facts.code.functions));
    field(out, "symbols", debug_text(file));
    if (file.tls.present)
        field(out, "thread-local",
              fmt::format("{:#x} bytes, {} callbacks", file.tls.data_size + file.tls.zero_fill,
                          file.tls.callbacks.size()));

    heading(out, "Sections");
    out += "  name              address       size  rights\n";
    for (const auto& section : file.sections) {
        std::string name = printable(section.name);
        if (name.size() > 16) name.resize(16);
        out += fmt::format("  {:<16}{:>#9x}  {:>#9x}  {}{}\n", name, section.rva, section.size,
                           rights_text(section.rights), section.discardable ? "  discardable" : "");
    }

    heading(out, "Mitigations");
    for (const auto& m : facts.mitigations)
        wrap(out, fmt::format("  {:<30}", m.title),
             std::string(m.present ? "yes" : "no") + (m.note.empty() ? "" : " (" + m.note + ")"));

    heading(out, "Instructions that need the kernel or the modelled machine");
    if (facts.instructions.empty()) out += "  none found\n";
    for (const auto& use : facts.instructions)
        wrap(out,
             fmt::format("  {:>5}  {:<18}{:<10}", use.count, use.mnemonic,
                         use.privileged ? "traps" : "replaced"),
             join(use.functions, 8));

    if (!facts.warnings.empty()) {
        heading(out, "Warnings");
        for (const auto& warning : facts.warnings)
            wrap(out, "  ", warning);
    }

    heading(out, fmt::format("Imports ({})", facts.imports.size()));
    std::string dll;
    for (const auto& import : facts.imports) {
        const auto from = import.dll + (import.delayed ? " (delayed)" : "");
        if (from != dll) out += fmt::format("  {}\n", dll = from);
        const auto note = import.note.empty() ? import.symbol : import.symbol + ": " + import.note;
        wrap(out, fmt::format("    {:<9}", import.status), note);
    }
    if (!file.exports.empty()) {
        heading(out, fmt::format("Exports ({}){}", file.exports.size(),
                                 file.export_name.empty() ? "" : " as " + printable(file.export_name)));
        for (const auto& e : file.exports)
            wrap(out, fmt::format("  {:>5}  ", e.ordinal),
                 fmt::format("{} {}", e.name.empty() ? "(no name)" : printable(e.name),
                             e.forwarder.empty() ? fmt::format("{:#x}", e.rva)
                                                 : "-> " + printable(e.forwarder)));
    }
    return out;
}

std::string inspect_json(const nt::ldr::ImageFile& file, const InspectOptions& options) {
    using nlohmann::ordered_json;
    const auto facts = examine(file, options);
    ordered_json j;
    j["file"] = options.file_name;
    j["kind"] = facts.kind;
    j["bytes"] = file.bytes().size();
    j["subsystem"] = file.subsystem;
    j["timestamp"] = file.timestamp;
    j["checksum"] = {{"header", file.checksum}, {"computed", file.computed_checksum()}};
    j["linker"] = fmt::format("{}.{}", +file.linker_major, +file.linker_minor);
    j["subsystem_version"] = fmt::format("{}.{}", +file.subsystem_major, +file.subsystem_minor);
    j["preferred_base"] = file.preferred_base;
    j["relocatable"] = file.has_relocations;
    j["relocations"] = file.relocations.size();
    j["size"] = file.image_size;
    j["entry"] = file.entry;
    j["functions"] = facts.code.functions;
    auto& debug = j["debug"];
    debug["dwarf"] = file.debug.has_dwarf;
    debug["coff_symbols"] = file.coff_symbols().size();
    if (file.debug.has_codeview)
        debug["pdb"] = {{"path", printable(file.debug.pdb)},
                        {"guid", guid_text(file.debug.guid)},
                        {"age", file.debug.age}};
    auto& sections = j["sections"] = ordered_json::array();
    for (const auto& s : file.sections)
        sections.push_back({{"name", printable(s.name)},
                            {"address", s.rva},
                            {"size", s.size},
                            {"rights", rights_text(s.rights)},
                            {"discardable", s.discardable}});
    auto& mitigations = j["mitigations"] = ordered_json::object();
    for (const auto& m : facts.mitigations)
        mitigations[m.key] = m.present;
    auto& instructions = j["instructions"] = ordered_json::array();
    for (const auto& use : facts.instructions)
        instructions.push_back({{"mnemonic", use.mnemonic},
                                {"count", use.count},
                                {"traps", use.privileged},
                                {"functions", use.functions}});
    j["warnings"] = facts.warnings;
    auto& imports = j["imports"] = ordered_json::array();
    for (const auto& i : facts.imports) {
        ordered_json row = {{"dll", i.dll}, {"symbol", i.symbol}};
        if (!i.status.empty()) row["status"] = i.status;
        if (!i.note.empty()) row["note"] = i.note;
        if (i.delayed) row["delayed"] = true;
        imports.push_back(std::move(row));
    }
    auto& exports = j["exports"] = ordered_json::array();
    for (const auto& e : file.exports) {
        ordered_json row = {{"ordinal", e.ordinal}};
        if (!e.name.empty()) row["name"] = printable(e.name);
        if (e.forwarder.empty())
            row["address"] = e.rva;
        else
            row["forwarder"] = printable(e.forwarder);
        exports.push_back(std::move(row));
    }
    return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

} // namespace view
