// What stands behind "dt", taken apart.
#pragma once
#include "view/expression.h"
#include "view/module_types.h"
#include "view/type_table.h"
#include <optional>
#include <string>
#include <vector>

namespace view {

// One field asked for: the components of "Tail.Overlay.Thread", and how far "Tail.." is expanded.
struct FieldSelector {
    struct Component {
        std::string name; // empty: any
        bool prefix = false;
        std::optional<unsigned> index; // of an array
        bool matches(std::string_view field) const;
    };
    std::vector<Component> path;
    unsigned expand = 0; // trailing periods
};

struct DtArguments {
    std::string module;                 // "nt" of "nt!_IRP"; empty if not given
    std::string found_in;               // where the name was found
    const ModuleTypes* types = nullptr; // of that module; null: the system's
    std::uint64_t base = 0;             // of that module
    std::string name;                   // "_IRP", "ULONG", "_K*"
    std::string text;                   // type text; empty for a list of types
    std::vector<FieldSelector> fields;
    std::optional<std::uint64_t> address;
    std::string link;                  // -l
    unsigned recurse = 0;              // -r
    bool blocks = false;               // -b
    bool arrays = false;               // -a
    unsigned elements = ~0u;           // -a<n>
    bool compact = false;              // -c
    bool offsets = true;               // -o
    bool verbose = false;              // -v
    bool indent = true;                // -i
    bool physical = false;             // -p
    bool types_only = false;           // -e, -t: no variables in lists
    bool each = false;                 // -d with a pattern: every type in full
    bool first = false;                // -y before the name: the first match in full
    bool repeated = false;             // the name is "."
    bool help = false;                 // -h
    std::optional<std::uint64_t> size; // -s
};

// False, and the debugger's message with its newline, for what makes no sense.
// `last`: what "." stands for. The scope becomes that of the module that has the type.
bool parse_dt(std::string_view arguments, const Source& source, std::string_view last, TypeScope& scope,
              DtArguments& result, std::string& error);

// "mod!Name", "Name": a type, or a variable, whose address becomes that of the instance.
bool take_type(std::string_view word, const Source& source, TypeScope& scope, DtArguments& result);

} // namespace view
