#include "view/dt.h"
#include "view/detail/dt_arguments.h"
#include "view/detail/type_value.h"
#include "view/wildcards.h"
#include <algorithm>
#include <cstdio>
#include <set>

namespace view {
namespace {

using u64 = std::uint64_t;
using Selectors = std::vector<FieldSelector>;

constexpr std::size_t MOST_OUTPUT = 1000000;
constexpr unsigned MOST_LEVELS = 64;
constexpr unsigned NAME_WIDTH = 16;

// A structure, or a member of one whose type has no name: rows that begin with the prefix.
struct Scope {
    const TypeRow* type;
    std::string prefix;     // "", "Tail.", "ScopeRecord[0]."
    std::uint32_t base = 0; // offset of the member in the type
};

struct Child {
    const FieldRow* row;
    std::string_view name;
    std::uint32_t offset; // in the scope
};

std::vector<Child> children(const Scope& scope) {
    std::vector<Child> result;
    for (const FieldRow& row : fields_of(*scope.type)) {
        std::string_view name = row.name;
        if (!name.starts_with(scope.prefix)) continue;
        name.remove_prefix(scope.prefix.size());
        if (name.find('.') == std::string_view::npos) result.push_back({&row, name, row.offset - scope.base});
    }
    return result;
}

bool is_structure(const TypeText& type) {
    return type.kind == TypeText::anonymous ||
           (type.kind == TypeText::named && type.type->kind != TypeKind::enum_);
}

// Levels that are still to be expanded.
struct Depth {
    unsigned structures = 0;
    unsigned pointers = 0;
};
Depth below(Depth d) { return {d.structures ? d.structures - 1 : 0, d.pointers ? d.pointers - 1 : 0}; }

class Printer {
  public:
    Printer(const DtArguments& a, const Source& source) : a_(a), reader_{source, {}} {}

    // The value or layout of the type at the top.
    void top(std::optional<u64> address) {
        const TypeText type = parse_type(a_.text);
        if (a_.module.empty() && !address && type.kind == TypeText::named)
            print(a_.found_in + "!" + std::string(type.type->name) + "\n");
        if (type.kind != TypeText::named) return simple(type, address);
        if (type.type->kind == TypeKind::enum_) return enumeration(*type.type, address);
        if (a_.verbose) print(described(*type.type) + "\n");
        const Depth depth{a_.blocks ? MOST_LEVELS : a_.recurse, a_.recurse};
        fields({type.type, "", 0}, address, 0, a_.fields, depth);
        if (a_.compact) print("\n");
    }

    std::string finish(bool& failed) {
        if (reader_.unreadable) {
            char line[64];
            std::snprintf(line, sizeof line, "Memory read error %016llx\n",
                          static_cast<unsigned long long>(*reader_.unreadable));
            out_ += line;
            failed = true;
        }
        return std::move(out_);
    }
    void print(const std::string& text) {
        if (out_.size() > MOST_OUTPUT) {
            if (!full_) out_ += "... (more than a million bytes)\n";
            full_ = true;
            return;
        }
        out_ += text;
    }
    ValueReader& reader() { return reader_; }

  private:
    // ULONG, PVOID, CHAR[8]: a value, or -a elements of it.
    void simple(const TypeText& type, std::optional<u64> address) {
        if (!address) return print(a_.text + "\n");
        const unsigned count = !a_.arrays                     ? 1
                               : a_.elements != ~0u           ? a_.elements
                               : type.kind == TypeText::array ? type.elements
                                                              : 1;
        const std::string element =
            a_.arrays && type.kind == TypeText::array ? std::string(type.rest) : a_.text;
        for (unsigned i = 0; i < count && !full_; ++i)
            print((a_.arrays ? "[" + std::to_string(i) + "] " : "") +
                  value_text(reader_, element, *address + i * size_of_type(element)) + "\n");
    }

    void enumeration(const TypeRow& type, std::optional<u64> address) {
        if (address) return print(value_text(reader_, type.name, *address) + "\n");
        if (a_.verbose) print(described(type) + "\n");
        for (const EnumRow& e : enumerators_of(type))
            print("   " + std::string(e.name) + " = 0n" + std::to_string(e.value) + "\n");
    }

    // "struct _IRP, 23 elements, 0xd0 bytes"
    static std::string described(const TypeRow& type) {
        if (type.kind == TypeKind::enum_)
            return "Enum " + std::string(type.name) + ",  " + std::to_string(type.count) + " total enums";
        const Scope scope{&type, "", 0};
        return std::string(type.kind == TypeKind::union_ ? "union " : "struct ") + type.name + ", " +
               std::to_string(children(scope).size()) + " elements, " + hex_text(type.size) + " bytes";
    }

    std::string type_text(const FieldRow& row) const {
        if (row.bits)
            return "Pos " + std::to_string(row.bit) + ", " + std::to_string(row.bits) +
                   (row.bits == 1 ? " Bit" : " Bits");
        return a_.verbose ? verbose_text(row.text) : row.text;
    }
    static std::string verbose_text(std::string_view text) {
        const TypeText type = parse_type(text);
        switch (type.kind) {
        case TypeText::array:
            return "[" + std::to_string(type.elements) + "] " + verbose_text(type.rest);
        case TypeText::pointer:
            return "Ptr64 to " + verbose_text(type.rest);
        case TypeText::function:
            return "Ptr64 to     " + std::string(type.rest) + " ";
        case TypeText::named:
            return described(*type.type);
        default:
            return std::string(text);
        }
    }

    void line(unsigned level, const Child& child, std::size_t width, const std::string& value) {
        char offset[16];
        std::snprintf(offset, sizeof offset, "+0x%03x ", child.offset);
        std::string text =
            a_.compact ? "" : std::string(a_.offsets || level ? 3 * ((a_.indent ? level : 0) + 1) : 0, ' ');
        if (a_.offsets) text += offset;
        text += child.name;
        if (child.name.size() < width && !a_.compact) text.append(width - child.name.size(), ' ');
        print(text + " : " + value + (a_.compact ? " " : "\n"));
    }

    void fields(const Scope& scope, std::optional<u64> address, unsigned level, const Selectors& selectors,
                Depth depth) {
        if (level > MOST_LEVELS || full_) return;
        struct Chosen {
            Child child;
            Selectors inner;
            unsigned expand = 0;
            std::optional<unsigned> index;
        };
        std::vector<Chosen> chosen;
        for (const Child& child : children(scope)) {
            Chosen c{child, {}, 0, {}};
            bool any = selectors.empty();
            for (const FieldSelector& s : selectors) {
                if (!s.path[0].matches(child.name)) continue;
                any = true;
                c.index = s.path[0].index;
                if (s.path.size() == 1)
                    c.expand = std::max(c.expand, s.expand);
                else
                    c.inner.push_back({{s.path.begin() + 1, s.path.end()}, s.expand});
            }
            if (any) chosen.push_back(std::move(c));
        }
        std::size_t width = selectors.empty() ? NAME_WIDTH : 0;
        if (!selectors.empty() && a_.offsets)
            for (const Chosen& c : chosen)
                width = std::max(width, c.child.name.size());
        for (const Chosen& c : chosen)
            field(scope, c.child, address, level, width, c.inner, c.expand, c.index, depth);
    }

    void field(const Scope& scope, const Child& child, std::optional<u64> address, unsigned level,
               std::size_t width, const Selectors& inner, unsigned expand, std::optional<unsigned> index,
               Depth depth) {
        const FieldRow& row = *child.row;
        const TypeText type = row.bits ? TypeText{} : parse_type(row.text);
        const std::optional<u64> at = address ? std::optional(*address + child.offset) : std::nullopt;
        if (expand) depth = {std::max(depth.structures, expand), std::max(depth.pointers, expand)};

        if (type.kind == TypeText::array &&
            (index || a_.arrays || (a_.blocks && is_structure(parse_type(type.rest)))) && !a_.compact)
            return array(scope, child, type, at, level, width, inner, index, depth);

        const bool inside = !inner.empty() || expand;
        std::string value = at ? row.bits ? bits_text(reader_, row, *at) : value_text(reader_, row.text, *at)
                               : type_text(row);
        if (inside && is_structure(type) && (type.kind == TypeText::anonymous || value == row.text))
            value.clear();
        line(level, child, width, value);
        if (a_.compact) return;

        const TypeText element = type.kind == TypeText::array ? parse_type(type.rest) : type;
        if (is_structure(element)) {
            if (inside || depth.structures)
                fields(scope_of(scope, child, element, type.kind == TypeText::array), at, level + 1, inner,
                       below(depth));
        } else if (type.kind == TypeText::pointer && (inside || depth.pointers)) {
            pointee(type, at, level + 1, inner, below(depth));
        }
    }

    static Scope scope_of(const Scope& outer, const Child& child, const TypeText& type, bool array) {
        if (type.kind == TypeText::named) return {type.type, "", 0};
        return {outer.type, std::string(child.row->name) + (array ? "[0]." : "."), child.row->offset};
    }

    void array(const Scope& scope, const Child& child, const TypeText& type, std::optional<u64> at,
               unsigned level, std::size_t width, const Selectors& inner, std::optional<unsigned> index,
               Depth depth) {
        const TypeText element = parse_type(type.rest);
        line(level, child, width, "");
        const unsigned first = index.value_or(0);
        const unsigned end = index ? first + 1 : std::min(type.elements, a_.arrays ? a_.elements : ~0u);
        const u64 size = child.row->size / std::max(1u, type.elements);
        for (unsigned i = first; i < end && !full_; ++i) {
            char number[24];
            std::snprintf(number, sizeof number, "[%02u] ", i);
            const std::optional<u64> here = at ? std::optional(*at + i * size) : std::nullopt;
            const bool whole = is_structure(element) && (a_.blocks || depth.structures || !inner.empty());
            std::string text = whole && element.kind == TypeText::anonymous ? ""
                               : here ? value_text(reader_, type.rest, *here)
                                      : std::string(type.rest);
            print(std::string(3 * (a_.indent ? level : 0) + 4, ' ') + number + text + "\n");
            if (whole) fields(scope_of(scope, child, element, true), here, level + 1, inner, below(depth));
        }
    }

    // Each object once: what pointers reach is a web.
    void pointee(const TypeText& pointer, std::optional<u64> at, unsigned level, const Selectors& inner,
                 Depth depth) {
        const TypeText to = parse_type(pointer.rest);
        if (to.kind != TypeText::named || to.type->kind == TypeKind::enum_) return;
        u64 value = 0;
        if (at) {
            ValueReader quiet{reader_.source, {}};
            if (!quiet.read_number(*at, 8, value) || value == 0) return;
        }
        if (!expanded_.insert({to.type, value}).second) return;
        fields({to.type, "", 0}, at ? std::optional(value) : std::nullopt, level, inner, depth);
    }

    const DtArguments& a_;
    ValueReader reader_;
    std::string out_;
    bool full_ = false;
    std::set<std::pair<const TypeRow*, u64>> expanded_; // the order of the set decides nothing
};

struct Listed {
    std::string address; // "": a type
    std::string name;
    u64 size;
};

// Variables and types that match, variables first.
std::vector<Listed> matching(const DtArguments& a) {
    std::vector<Listed> found;
    const auto fits = [&](std::string_view name, u64 size) {
        return matches_wildcards(a.name, name, false) && (!a.size || *a.size == size);
    };
    const auto rows = a.types ? a.types->types() : all_types();
    if (a.types && !a.types_only)
        for (const auto& variable : a.types->variables())
            if (const u64 size = size_of_type(variable.text); fits(variable.name, size))
                found.push_back({pointer_text(a.base + variable.rva).substr(2), variable.name, size});
    for (const TypeRow& type : rows)
        if (fits(type.name, type.size)) found.push_back({"", type.name, type.size});
    return found;
}

std::string list_types(const DtArguments& a, const Source& source, bool& failed) {
    const std::string module = a.module.empty() ? a.found_in : a.module;
    const auto found = matching(a);
    std::string out;
    if (a.verbose && !a.each) {
        out = "Enumerating symbols matching " + module + "!" + a.name;
        if (a.size) out += ", Size = " + hex_text(*a.size);
        out += "\nAddress           Size Symbol\n";
    }
    for (const Listed& one : found) {
        char head[64];
        if (a.verbose && !a.each)
            std::snprintf(head, sizeof head, "%-17s   %03llx ", one.address.c_str(),
                          static_cast<unsigned long long>(one.size));
        else
            std::snprintf(head, sizeof head, "%-8s  ", one.address.c_str());
        out += head + module + "!" + one.name + "\n";
        if (!one.address.empty() || !(a.each || (a.first && &one == &found.front()))) continue;
        DtArguments whole = a;
        whole.text = one.name;
        whole.module = module;
        Printer printer(whole, source);
        printer.top(a.address);
        out += printer.finish(failed);
    }
    if (!found.empty()) return out;
    failed = true;
    return "Symbol " + a.name + " not found.\n";
}

// Where a link leads: its offset in the record, and how far the link lies behind what it points to. `path` is
// completed to the pointer's own name.
bool find_link(std::string_view type_text, std::string& path, u64& offset, u64& back) {
    const TypeRow* type = find_type(type_text);
    const FieldRow* best = nullptr;
    std::string_view rest = path;
    if (!type) return false;
    for (const FieldRow& f : fields_of(*type)) {
        const std::string_view name = f.name;
        if (!(rest == name || (rest.starts_with(name) && rest[name.size()] == '.'))) continue;
        if (!best || name.size() > std::string_view(best->name).size()) best = &f;
    }
    if (!best) return false;
    rest.remove_prefix(std::string_view(best->name).size());
    if (rest.starts_with(".")) rest.remove_prefix(1);
    offset = best->offset;
    back = 0;
    if (parse_type(best->text).kind == TypeText::pointer) return rest.empty();
    if (std::string_view(best->text) != "_LIST_ENTRY" && std::string_view(best->text) != "_SINGLE_LIST_ENTRY")
        return false;
    back = offset; // these links point to links
    if (rest == "Blink") offset += 8;
    if (rest.empty()) path += std::string_view(best->text) == "_LIST_ENTRY" ? ".Flink" : ".Next";
    return rest.empty() || rest == "Flink" || rest == "Blink" || rest == "Next";
}

std::string walk_list(const DtArguments& a, Printer& printer, bool& failed) {
    std::string path = a.link;
    u64 offset = 0, back = 0;
    if (!find_link(a.text, path, offset, back)) {
        failed = true;
        return "Field " + a.link + " is not a link of " + a.name + ".\n";
    }
    constexpr unsigned MOST = 10000;
    u64 address = *a.address;
    std::set<u64> seen;
    for (unsigned i = 0; i < MOST && seen.insert(address).second; ++i) {
        printer.print(path + " at " + pointer_text(address) + "\n" + std::string(45, '-') + "\n");
        printer.top(address);
        printer.print("\n");
        u64 next = 0;
        if (!printer.reader().read_number(address + offset, 8, next) || next == 0) break;
        address = next - back;
    }
    return printer.finish(failed);
}

} // namespace

constexpr const char* USAGE =
    "dt [-r[n]|-b|-a[n]|-c|-o|-v|-i|-p] [module!]Type [[-y|-n] Field]... [Address] [-l Link]\n"
    "dt [-d|-s size|-t|-e|-v] [module!]Pattern*\n"
    "dt -h\n";

std::string display_type(std::string_view arguments, const Source& given, bool* failed, std::string* last) {
    DtArguments a;
    TypeScope scope;
    std::string error;
    bool bad = false;
    std::string out;
    if (!parse_dt(arguments, given, last ? *last : "", scope, a, error)) {
        bad = true;
        out = error;
    } else if (a.help) {
        out = USAGE;
    } else {
        Source source = given;
        if (a.physical) source.read = given.read_physical;
        const std::string name = a.module.empty() ? a.name : a.module + "!" + a.name;
        if (a.repeated) out = "Using sym " + a.name + "\n";
        if (a.text.empty()) {
            out += list_types(a, source, bad);
        } else {
            Printer printer(a, source);
            if (!a.link.empty()) {
                out += walk_list(a, printer, bad);
            } else {
                printer.top(a.address);
                out += printer.finish(bad);
            }
        }
        if (last && !bad) *last = name;
    }
    if (failed) *failed = bad;
    return out;
}

bool find_list_link(const Source& source, std::string_view type, std::string_view field, u64& offset,
                    u64& back) {
    DtArguments a;
    TypeScope scope;
    std::string path(field);
    return take_type(type, source, scope, a) && find_link(a.text, path, offset, back);
}

std::string variable_text(const Source& source, std::string_view module, std::string_view name) {
    DtArguments a;
    TypeScope scope;
    ValueReader reader{source, {}};
    const std::string whole = std::string(module) + "!" + std::string(name);
    return take_type(whole, source, scope, a) && a.address ? value_text(reader, a.text, *a.address) : "";
}

} // namespace view
