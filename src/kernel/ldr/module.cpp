#include "kernel/ldr/module.h"
#include <algorithm>
#include <fmt/format.h>

namespace nt::ldr {

const Section* Module::section_at(std::uint64_t address) const {
    const auto rva = address - base;
    for (const auto& section : sections)
        if (rva >= section.rva && rva - section.rva < section.size) return &section;
    return nullptr;
}

std::uint64_t Module::export_address(const SymbolRef& symbol, std::string_view* forwarder) const {
    if (forwarder) *forwarder = {};
    const auto* found = file->find_export(symbol);
    if (!found) return 0;
    if (!found->forwarder.empty()) {
        if (forwarder) *forwarder = found->forwarder;
        return 0;
    }
    return base + found->rva;
}

std::uint64_t Module::symbol_address(std::string_view symbol) const {
    if (const auto address = export_address({symbol, 0, false})) return address;
    for (const auto& known : symbols())
        if (known.name == symbol) return known.address;
    return 0;
}

bool Module::has_symbols() const {
    return !internal_names.empty() || file->debug.has_dwarf || !file->coff_symbols().empty();
}

const std::vector<Symbol>& Module::symbols() const {
    if (symbols_made_) return symbols_;
    for (const auto& entry : file->exports)
        if (!entry.name.empty() && entry.rva != 0) {
            const auto* section = file->section_at(entry.rva);
            const bool code =
                section && (static_cast<int>(section->rights) & static_cast<int>(Rights::execute));
            symbols_.push_back({entry.name, base + entry.rva, code, true});
        }
    for (const auto& internal : internal_names)
        symbols_.push_back({internal.name, base + internal.rva, internal.function, false});
    for (const auto& symbol : file->coff_symbols()) // an export usually is a COFF symbol too
        if (!file->find_export({symbol.name, 0, false}))
            symbols_.push_back({symbol.name, base + symbol.rva, symbol.function, false});
    // At one address: functions first, then exports, then by name.
    auto before = [](const Symbol& a, const Symbol& b) {
        if (a.address != b.address) return a.address < b.address;
        if (a.function != b.function) return a.function;
        if (a.exported != b.exported) return a.exported;
        return a.name < b.name;
    };
    std::sort(symbols_.begin(), symbols_.end(), before);
    symbols_made_ = true;
    return symbols_;
}

NearestSymbol Module::nearest(std::uint64_t address) const {
    const auto& all = symbols();
    auto next =
        std::upper_bound(all.begin(), all.end(), address,
                         [](std::uint64_t value, const Symbol& symbol) { return value < symbol.address; });
    if (next == all.begin()) return {};
    const auto found = std::prev(next)->address;
    if (section_at(found) != section_at(address)) return {};
    // The first of those at this address is the best one.
    const auto best =
        std::lower_bound(all.begin(), next, found,
                         [](const Symbol& symbol, std::uint64_t value) { return symbol.address < value; });
    return {best->name, address - found};
}

std::string_view plain_name(std::string_view name) {
    if (!name.starts_with("_ZN2nt") && !name.starts_with("_ZNK2nt") && !name.starts_with("_ZZN2nt"))
        return name;
    std::size_t at = name.find('2');
    std::string_view last = name;
    while (at < name.size() && name[at] >= '0' && name[at] <= '9') { // each part behind its length
        std::size_t length = 0;
        for (; at < name.size() && name[at] >= '0' && name[at] <= '9'; ++at)
            length =
                std::min<std::size_t>(length * 10 + static_cast<std::size_t>(name[at] - '0'), name.size());
        if (length == 0 || length > name.size() - at) return name;
        last = name.substr(at, length);
        at += length;
    }
    return last;
}

std::string Module::describe(std::uint64_t address) const {
    const auto symbol = nearest(address);
    const std::string_view function = plain_name(symbol.name);
    if (function.empty()) return fmt::format("{}+{:#x}", name, address - base);
    if (symbol.displacement == 0) return fmt::format("{}!{}", name, function);
    return fmt::format("{}!{}+{:#x}", name, function, symbol.displacement);
}

} // namespace nt::ldr
