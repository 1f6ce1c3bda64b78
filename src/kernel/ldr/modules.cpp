#include "kernel/ldr/modules.h"
#include "abi/context.h"
#include "host/places.h"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace nt::ldr {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

constexpr int max_forwarders = 16;
constexpr std::size_t most_unloaded = 50; // MI_UNLOADED_DRIVERS

} // namespace

Module& ModuleList::add(std::unique_ptr<Module> module) {
    Module& added = *module;
    owned_.push_back(std::move(module));
    load_order_.push_back(&added);
    by_address_.insert(std::upper_bound(by_address_.begin(), by_address_.end(), added.base,
                                        [](std::uint64_t base, const Module* m) { return base < m->base; }),
                       &added);
    if (observer_) observer_->added(added);
    return added;
}

std::unique_ptr<Module> ModuleList::remove(Module& module) {
    if (observer_) observer_->removing(module);
    std::erase(load_order_, &module);
    std::erase(by_address_, &module);
    if (unloaded_.size() == most_unloaded) unloaded_.erase(unloaded_.begin());
    unloaded_.push_back({module.file_name, module.base, module.size});
    const auto it =
        std::find_if(owned_.begin(), owned_.end(), [&](auto& owned) { return owned.get() == &module; });
    if (it == owned_.end()) return nullptr;
    auto removed = std::move(*it);
    owned_.erase(it);
    return removed;
}

Module* ModuleList::find(std::uint64_t address) const {
    auto next = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                 [](std::uint64_t value, const Module* m) { return value < m->base; });
    if (next == by_address_.begin()) return nullptr;
    Module* module = *std::prev(next);
    return module->contains(address) ? module : nullptr;
}

Module* ModuleList::find(std::string_view name) const {
    for (Module* module : load_order_)
        if (same_name(module->file_name, name)) return module;
    for (Module* module : load_order_)
        if (same_name(module->name, name) ||
            same_name(std::string_view(module->file_name).substr(0, module->file_name.rfind('.')), name))
            return module;
    return nullptr;
}

std::string ModuleList::describe(std::uint64_t address) const {
    const auto* module = find(address);
    if (module) return module->describe(address);
    if (const UnloadedModule* gone = unloaded_at(address))
        return fmt::format("<Unloaded_{}>+{:#x}", gone->file_name, address - gone->base);
    return fmt::format("{:#x}", address);
}

const UnloadedModule* ModuleList::unloaded_at(std::uint64_t address) const {
    if (find(address)) return nullptr;
    for (auto m = unloaded_.rbegin(); m != unloaded_.rend(); ++m)
        if (address - m->base < m->size) return &*m;
    return nullptr;
}

seh::FunctionTables::Entry ModuleList::lookup(ULONG_PTR pc) const {
    const auto* module = find(pc);
    if (!module) return {};
    // Code in a stub belongs to the function that jumped there: the frame is that one's.
    for (const auto& stub : module->rewrites.stubs)
        if (pc - module->base - stub.rva < stub.size) pc = module->base + stub.patch;
    const ImageFile& file = *module->file;
    const std::size_t count = file.pdata_count;
    if (count == 0) return {module->base, nullptr};
    // The search reads the file's copy, which load_image() has found equal: a program may have made its own
    // table unreadable.
    const auto bytes = file.at(file.pdata, count * sizeof(RUNTIME_FUNCTION));
    const auto* table = reinterpret_cast<const RUNTIME_FUNCTION*>(bytes.data());
    const auto rva = pc - module->base;
    const auto* next =
        std::upper_bound(table, table + count, rva, [](ULONG_PTR value, const RUNTIME_FUNCTION& entry) {
            return value < entry.BeginAddress;
        });
    if (next == table || rva >= (next - 1)->EndAddress) return {module->base, nullptr};
    auto index = static_cast<std::size_t>(next - 1 - table);
    for (int depth = 0; depth < 32 && (table[index].UnwindData & RUNTIME_FUNCTION_INDIRECT); ++depth)
        index = (table[index].UnwindData - RUNTIME_FUNCTION_INDIRECT - file.pdata) / sizeof(RUNTIME_FUNCTION);
    if (host::places::is_user(module->base)) return {module->base, table + index};
    return {module->base, reinterpret_cast<const RUNTIME_FUNCTION*>(module->base + file.pdata) + index};
}

std::uint64_t ModuleList::resolve(std::string_view dll, const SymbolRef& symbol, std::string& reason) const {
    SymbolRef wanted = symbol;
    std::string_view from = dll;
    for (int hops = 0; hops < max_forwarders; ++hops) {
        const Module* module = find(from);
        if (!module) {
            reason = fmt::format("no module {}", from);
            return 0;
        }
        std::string_view forwarder;
        if (const auto address = module->export_address(wanted, &forwarder)) return address;
        if (forwarder.empty()) {
            reason = hops == 0
                         ? "not exported"
                         : fmt::format("forwarded to {}!{}, which is not exported", from, wanted.to_string());
            return 0;
        }
        const auto dot = forwarder.rfind('.'); // parse() has seen to it that there is one inside
        from = forwarder.substr(0, dot);
        const auto target = forwarder.substr(dot + 1);
        wanted = {target, 0, false};
        if (target.starts_with('#')) {
            unsigned ordinal = 0;
            const auto [end, error] =
                std::from_chars(target.data() + 1, target.data() + target.size(), ordinal);
            if (error != std::errc() || end != target.data() + target.size() || ordinal > 0xFFFF) {
                reason = fmt::format("forwarder {} is damaged", forwarder);
                return 0;
            }
            wanted = {{}, static_cast<USHORT>(ordinal), true};
        }
    }
    reason = "its forwarders lead in a circle";
    return 0;
}

std::uint64_t ModuleList::symbol_address(std::string_view module, std::string_view name) const {
    const auto* found = find(module);
    return found ? found->symbol_address(name) : 0;
}

bool ModuleList::original_bytes(std::uint64_t address, std::span<std::uint8_t> bytes) const {
    const auto* module = find(address);
    return module && overlay_original(module->rewrites, static_cast<ULONG>(address - module->base), bytes);
}

const Patch* ModuleList::patch_at(std::uint64_t address) const {
    const auto* module = find(address);
    if (!module) return nullptr;
    const auto& patches = module->rewrites.patches;
    const auto rva = address - module->base;
    const auto it =
        std::lower_bound(patches.begin(), patches.end(), rva,
                         [](const Patch& patch, std::uint64_t value) { return patch.rva < value; });
    return it != patches.end() && it->rva == rva ? &*it : nullptr;
}

} // namespace nt::ldr
