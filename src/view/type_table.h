// Names, layouts and type texts for dt: of every structure of src/abi (generated from src/abi/layout.txt),
// and of a module whose debug information is looked at.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace view {

enum class TypeKind : std::uint8_t { struct_, union_, enum_ };

// Members of unnamed members' types follow their member, with a dotted name and an offset from the outermost
// type.
struct FieldRow {
    const char* name; // "Tail.Overlay.Thread"
    std::uint32_t offset;
    std::uint32_t size; // of the storage unit, for a bit-field
    std::uint8_t bit;
    std::uint8_t bits; // 0: not a bit-field
    const char* text; // as the debugger writes types: "Ptr64 _MDL", "[28] Ptr64     long ", "<anonymous-tag>"
};

struct EnumRow {
    const char* name;
    std::int64_t value;
};

struct TypeRow {
    const char* name; // "_IRP"
    std::uint32_t size;
    TypeKind kind;
    std::uint32_t first;
    std::uint32_t count;
};

class ModuleTypes;

// While it lives, names of types are those of a module first, then the system's; null: only the system's.
class TypeScope {
  public:
    TypeScope();
    ~TypeScope();
    TypeScope(const TypeScope&) = delete;
    void enter(const ModuleTypes* types);

  private:
    const ModuleTypes* before_;
};

// By "_IRP", "IRP", "nt!_IRP" (the module is not looked at); null if unknown.
const TypeRow* find_type(std::string_view name);
std::span<const TypeRow> all_types(); // the system's
std::span<const FieldRow> fields_of(const TypeRow& type);
std::span<const EnumRow> enumerators_of(const TypeRow& type);

} // namespace view
