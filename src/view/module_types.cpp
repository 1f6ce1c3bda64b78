#include "view/module_types.h"
#include "view/detail/sort_by.h"
#include "view/detail/type_value.h"
#include "view/symbols.h"
#include "view/symbols/interface.h"
#include <algorithm>

namespace view {

const char* ModuleTypes::keep(const char* text) { return texts_.emplace_back(text).c_str(); }

void ModuleTypes::load(const std::string& host_path) {
    DrvlabTypeSink sink{};
    sink.context = this;
    sink.type = [](void* self, const char* name, std::uint64_t size, int kind) {
        auto& m = *static_cast<ModuleTypes*>(self);
        const auto first = kind == 2 ? m.enumerators_.size() : m.fields_.size();
        m.types_.push_back({m.keep(name), static_cast<std::uint32_t>(size), static_cast<TypeKind>(kind),
                            static_cast<std::uint32_t>(first), 0});
    };
    sink.field = [](void* self, const char* name, std::uint64_t offset, std::uint64_t size, unsigned bit,
                    unsigned bits, const char* text) {
        auto& m = *static_cast<ModuleTypes*>(self);
        m.fields_.push_back({m.keep(name), static_cast<std::uint32_t>(offset),
                             static_cast<std::uint32_t>(size), static_cast<std::uint8_t>(bit),
                             static_cast<std::uint8_t>(bits), m.keep(text)});
        ++m.types_.back().count;
    };
    sink.enumerator = [](void* self, const char* name, std::int64_t value) {
        auto& m = *static_cast<ModuleTypes*>(self);
        m.enumerators_.push_back({m.keep(name), value});
        ++m.types_.back().count;
    };
    sink.alias = [](void* self, const char* name, const char* text) {
        static_cast<ModuleTypes*>(self)->aliases_.emplace(name, text);
    };
    sink.variable = [](void* self, const char* name, std::uint64_t rva, const char* text) {
        static_cast<ModuleTypes*>(self)->variables_.push_back({name, rva, text, 0});
    };
    read_types(host_path, sink);
    // Each source file has its own copy.
    const auto name_of = [](const TypeRow& type) { return std::string_view(type.name); };
    sort_by(types_, name_of);
    const auto same = std::ranges::unique(types_, {}, name_of);
    types_.erase(same.begin(), same.end());
    sort_by(variables_, &Variable::name);
    TypeScope scope;
    scope.enter(this);
    for (Variable& variable : variables_)
        variable.size = size_of_type(variable.text);
}

const TypeRow* ModuleTypes::exact(std::string_view name) const {
    const auto found =
        std::ranges::lower_bound(types_, name, {}, [](const TypeRow& t) { return std::string_view(t.name); });
    return found != types_.end() && found->name == name ? &*found : nullptr;
}

const TypeRow* ModuleTypes::find(std::string_view name) const {
    if (const TypeRow* type = exact(name)) return type;
    if (const std::string other = alias(name); !other.empty()) return exact(other);
    return exact("_" + std::string(name));
}

std::string ModuleTypes::alias(std::string_view name) const {
    const auto found = aliases_.find(name);
    return found == aliases_.end() ? std::string() : found->second;
}

const ModuleTypes::Variable* ModuleTypes::variable(std::string_view name) const {
    const auto found = std::ranges::lower_bound(variables_, name, {}, &Variable::name);
    return found != variables_.end() && found->name == name ? &*found : nullptr;
}

bool ModuleTypes::owns(const TypeRow& type) const {
    return !types_.empty() && &type >= types_.data() && &type < types_.data() + types_.size();
}

std::span<const FieldRow> ModuleTypes::fields_of(const TypeRow& type) const {
    return type.kind == TypeKind::enum_ ? std::span<const FieldRow>()
                                        : std::span(fields_).subspan(type.first, type.count);
}

std::span<const EnumRow> ModuleTypes::enumerators_of(const TypeRow& type) const {
    return type.kind == TypeKind::enum_ ? std::span(enumerators_).subspan(type.first, type.count)
                                        : std::span<const EnumRow>();
}

const ModuleTypes& ModuleTypes::of_image(const std::string& host_path) {
    static std::map<std::string, ModuleTypes> known;
    const auto [at, made] = known.try_emplace(host_path);
    if (made) at->second.load(host_path);
    return at->second;
}

} // namespace view
