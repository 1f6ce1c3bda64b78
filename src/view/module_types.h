// Types and global variables of a loaded image, read from its debug information at the first question.
#pragma once
#include "view/type_table.h"
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace view {

class ModuleTypes {
  public:
    struct Variable {
        std::string name;
        std::uint64_t rva = 0;
        std::string text; // its type's
        std::uint64_t size = 0;
    };

    // "_BOX", "BOX" (a typedef of it, or with '_' in front); null: none.
    const TypeRow* find(std::string_view name) const;
    // The type text of a typedef; empty: none.
    std::string alias(std::string_view name) const;
    const Variable* variable(std::string_view name) const;
    std::span<const TypeRow> types() const { return types_; }
    const std::vector<Variable>& variables() const { return variables_; } // by name
    bool owns(const TypeRow& type) const;
    std::span<const FieldRow> fields_of(const TypeRow& type) const;
    std::span<const EnumRow> enumerators_of(const TypeRow& type) const;

    // Of the image in a file of the host. Without the symbols library or debug information: empty.
    static const ModuleTypes& of_image(const std::string& host_path);

  private:
    void load(const std::string& host_path);
    const TypeRow* exact(std::string_view name) const;
    const char* keep(const char* text);

    std::deque<std::string> texts_;
    std::vector<TypeRow> types_; // by name
    std::vector<FieldRow> fields_;
    std::vector<EnumRow> enumerators_;
    std::map<std::string, std::string, std::less<>> aliases_;
    std::vector<Variable> variables_;
};

} // namespace view
