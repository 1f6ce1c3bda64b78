// What stands behind "dt", taken apart.
#pragma once
#include "view/expression.h"
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
    std::string module; // "nt" of "nt!_IRP"; empty if not given
    std::string name;   // "_IRP", "ULONG", "_K*"
    std::string text;   // type text; empty for a list of types
    std::vector<FieldSelector> fields;
    std::optional<std::uint64_t> address;
    std::string link;        // -l
    unsigned recurse = 0;    // -r
    bool blocks = false;     // -b
    bool arrays = false;     // -a
    unsigned elements = ~0u; // -a<n>
    bool compact = false;    // -c
    bool offsets = true;     // -o
    bool verbose = false;    // -v
    bool indent = true;      // -i
};

// False, and the debugger's message with its newline, for what makes no sense.
bool parse_dt(std::string_view arguments, const Source& source, DtArguments& result, std::string& error);

} // namespace view
