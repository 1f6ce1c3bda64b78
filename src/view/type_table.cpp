#include "view/type_table.h"
#include "view/module_types.h"
#include <algorithm>

namespace view {
namespace {

#include "abi/generated/type_table.inc"

const TypeRow* exact(std::string_view name) {
    const TypeRow* found =
        std::ranges::lower_bound(TYPES, name, {}, [](const TypeRow& t) { return std::string_view(t.name); });
    return found != std::end(TYPES) && found->name == name ? found : nullptr;
}

const ModuleTypes* scope = nullptr;

} // namespace

TypeScope::TypeScope() : before_(scope) {}
TypeScope::~TypeScope() { scope = before_; }
void TypeScope::enter(const ModuleTypes* types) { scope = types; }

const TypeRow* find_type(std::string_view name) {
    if (const std::size_t bang = name.find('!'); bang != std::string_view::npos) name.remove_prefix(bang + 1);
    if (const TypeRow* type = scope ? scope->find(name) : nullptr) return type;
    if (const TypeRow* type = exact(name)) return type;
    return exact("_" + std::string(name));
}

std::span<const TypeRow> all_types() { return TYPES; }

std::span<const FieldRow> fields_of(const TypeRow& type) {
    if (scope && scope->owns(type)) return scope->fields_of(type);
    return type.kind == TypeKind::enum_ ? std::span<const FieldRow>()
                                        : std::span(FIELDS).subspan(type.first, type.count);
}

std::span<const EnumRow> enumerators_of(const TypeRow& type) {
    if (scope && scope->owns(type)) return scope->enumerators_of(type);
    return type.kind == TypeKind::enum_ ? std::span(ENUMERATORS).subspan(type.first, type.count)
                                        : std::span<const EnumRow>();
}

} // namespace view
