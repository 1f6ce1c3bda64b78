#include "view/detail/dt_arguments.h"
#include "view/detail/type_value.h"
#include <algorithm>
#include <cctype>

namespace view {
namespace {

// Types that programs name and that are no structures.
struct Alias {
    std::string_view name, text;
};
constexpr Alias ALIASES[] = {
    {"CHAR", "Char"},           {"UCHAR", "UChar"},     {"BYTE", "UChar"},        {"BOOLEAN", "UChar"},
    {"SHORT", "Int2B"},         {"USHORT", "Uint2B"},   {"WORD", "Uint2B"},       {"WCHAR", "Wchar"},
    {"LONG", "Int4B"},          {"ULONG", "Uint4B"},    {"DWORD", "Uint4B"},      {"NTSTATUS", "Int4B"},
    {"LONGLONG", "Int8B"},      {"LONG64", "Int8B"},    {"ULONGLONG", "Uint8B"},  {"ULONG64", "Uint8B"},
    {"ULONG_PTR", "Uint8B"},    {"SIZE_T", "Uint8B"},   {"PVOID", "Ptr64 Void"},  {"HANDLE", "Ptr64 Void"},
    {"ANSI_STRING", "_STRING"}, {"KMUTEX", "_KMUTANT"}, {"KSPIN_LOCK", "Uint8B"}, {"ACCESS_MASK", "Uint4B"}};

// Text of "_IRP", "ULONG", "CHAR[8]"; empty if there is no such type.
std::string text_of(std::string_view name) {
    if (const std::size_t bracket = name.find('[');
        bracket != std::string_view::npos && name.ends_with("]")) {
        const std::string element = text_of(name.substr(0, bracket));
        return element.empty() ? "" : std::string(name.substr(bracket)) + " " + element;
    }
    for (const Alias& a : ALIASES)
        if (a.name == name) return std::string(a.text);
    const TypeRow* type = find_type(name);
    return type ? type->name : "";
}

// Words at blanks that stand in no parentheses.
std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> result;
    int depth = 0;
    bool open = false;
    for (const char c : text) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (std::isspace(static_cast<unsigned char>(c)) && depth <= 0) {
            open = false;
            continue;
        }
        if (!open) result.emplace_back();
        open = true;
        result.back() += c;
    }
    return result;
}

FieldSelector selector(std::string_view text, bool prefix) {
    FieldSelector s;
    while (text.ends_with(".")) {
        text.remove_suffix(1);
        ++s.expand;
    }
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t dot = std::min(text.find('.', at), text.size());
        FieldSelector::Component c;
        c.name = text.substr(at, dot - at);
        const bool last = dot == text.size();
        c.prefix = !last || s.expand > 0 || prefix;
        if (c.name.ends_with("*")) c.name.pop_back(), c.prefix = true;
        if (const std::size_t bracket = c.name.find('['); bracket != std::string::npos) {
            unsigned index = 0;
            for (std::size_t i = bracket + 1;
                 i < c.name.size() && std::isdigit(static_cast<unsigned char>(c.name[i])); ++i)
                index = index * 10 + unsigned(c.name[i] - '0');
            c.index = index;
            c.name.resize(bracket);
            c.prefix = false;
        }
        s.path.push_back(std::move(c));
        at = dot + 1;
    }
    return s;
}

bool names_a_field(const DtArguments& a, const FieldSelector& s, bool exactly) {
    const TypeText type = parse_type(a.text);
    if (type.kind != TypeText::named) return false;
    FieldSelector::Component first = s.path[0];
    if (exactly && s.path.size() == 1 && s.expand == 0) first.prefix = false;
    for (const FieldRow& f : fields_of(*type.type))
        if (first.matches(std::string_view(f.name).substr(0, std::string_view(f.name).find('.'))))
            return true;
    return false;
}

struct Pending {
    bool prefix = false; // -y
    bool name = false;   // -n
    bool link = false;   // -l: the next word
    bool size = false;   // -s: the next word
};

bool option(std::string_view letters, DtArguments& a, Pending& pending) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const auto number = [&](unsigned otherwise) {
            if (i + 1 >= letters.size() || !std::isdigit(static_cast<unsigned char>(letters[i + 1])))
                return otherwise;
            unsigned n = 0;
            while (i + 1 < letters.size() && std::isdigit(static_cast<unsigned char>(letters[i + 1])))
                n = std::min(n * 10 + unsigned(letters[++i] - '0'), 1000000u);
            return n;
        };
        switch (letters[i]) {
        case 'r':
            a.recurse = number(~0u);
            break;
        case 'a':
            a.arrays = true;
            a.elements = number(~0u);
            break;
        case 'b':
            a.blocks = true;
            break;
        case 'c':
            a.compact = true;
            break;
        case 'o':
            a.offsets = false;
            break;
        case 'd':
            a.each = true;
            [[fallthrough]];
        case 'v':
            a.verbose = true;
            break;
        case 'p':
            a.physical = true;
            break;
        case 'h':
            a.help = true;
            break;
        case 's':
            pending.size = true;
            a.types_only = false;
            break;
        case 'i':
            a.indent = false;
            break;
        case 'e':
        case 't':
            a.types_only = true;
            break;
        case 'y':
            pending.prefix = true;
            break;
        case 'n':
            pending.name = true;
            break;
        case 'l':
            pending.link = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

// Names of modules compare without case.
bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// In one module, whose scope is entered.
bool take_from(const TypeModule& module, std::string_view name, bool pattern, TypeScope& scope,
               DtArguments& a) {
    const ModuleTypes& types = ModuleTypes::of_image(module.host_path);
    scope.enter(&types);
    a.types = &types;
    a.base = module.base;
    a.found_in = module.name;
    if (pattern) return !types.types().empty() || !types.variables().empty();
    const auto* variable = a.types_only ? nullptr : types.variable(name);
    if (const TypeRow* type = types.find(name); type && !variable) return a.text = type->name, true;
    if (variable) {
        a.text = variable->text;
        if (!a.address) a.address = module.base + variable->rva;
        return true;
    }
    return !(a.text = types.alias(name)).empty();
}

} // namespace

bool take_type(std::string_view word, const Source& source, TypeScope& scope, DtArguments& a) {
    std::string_view name = word;
    const std::size_t bang = name.find('!');
    if (bang != std::string_view::npos) name.remove_prefix(bang + 1);
    const bool pattern = name.find_first_of("*?#+") != std::string_view::npos;
    const std::string_view module = bang == std::string_view::npos ? "" : word.substr(0, bang);
    const auto found = [&] {
        a.module = module;
        a.name = name;
        return true;
    };
    const auto modules = source.type_modules ? source.type_modules() : std::vector<TypeModule>();
    for (const TypeModule& one : modules)
        if (!module.empty() && same_name(one.name, module) && take_from(one, name, pattern, scope, a))
            return found();
    scope.enter(nullptr);
    a.types = nullptr;
    a.found_in = "nt";
    if (pattern || !(a.text = text_of(name)).empty()) return found();
    for (const TypeModule& one : modules)
        if (module.empty() && take_from(one, name, false, scope, a)) return found();
    scope.enter(nullptr);
    a.types = nullptr;
    a.text.clear();
    return false;
}

bool FieldSelector::Component::matches(std::string_view field) const {
    return name.empty() || (prefix ? field.starts_with(name) : field == name);
}

bool parse_dt(std::string_view arguments, const Source& source, std::string_view last, TypeScope& scope,
              DtArguments& a, std::string& error) {
    Pending pending;
    std::string first;                  // a word before the type: its address
    std::optional<std::uint64_t> given; // an address stands there, not only that of a variable
    for (const std::string& word : words(arguments)) {
        if (pending.link) {
            a.link = word;
            pending.link = false;
            continue;
        }
        if (pending.size) {
            std::uint64_t size = 0;
            if (!evaluate_expression(word, source, size, error)) return error += "\n", false;
            a.size = size;
            pending.size = false;
            continue;
        }
        if (word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1]))) {
            if (option(std::string_view(word).substr(1), a, pending)) continue;
            return error = "Unknown option '" + word + "'\n", false;
        }
        const bool prefix = pending.prefix, name = pending.name;
        pending = {};
        if (a.name.empty()) {
            a.first = prefix;
            a.repeated = word == "." && !last.empty();
            if (take_type(a.repeated ? std::string(last) : prefix ? word + "*" : word, source, scope, a))
                continue;
            if (!first.empty() || name || word.find('!') != std::string::npos)
                return error = "Symbol " + word + " not found.\n", false;
            first = word;
            continue;
        }
        FieldSelector s = selector(word, prefix);
        std::uint64_t value;
        std::string why;
        if (prefix || name || names_a_field(a, s, true))
            a.fields.push_back(std::move(s));
        else if (!given && word.find_first_not_of('.') != word.npos &&
                 evaluate_expression(word, source, value, why))
            given = a.address = value;
        else if (names_a_field(a, s, false))
            a.fields.push_back(std::move(s));
        else
            return error = (why.empty() ? "Couldn't resolve error at '" + word + "'" : why) + "\n", false;
    }
    if (a.help) return true;
    if (a.name.empty() && first.empty())
        return error = "Usage: dt [options] [module!]Type [Field]... [Address]\n", false;
    if (!first.empty()) {
        std::uint64_t value;
        std::string why;
        if (!evaluate_expression(first, source, value, why))
            return error = "Symbol " + first + " not found.\n", false;
        if (a.name.empty())
            return error =
                       "Symbol  not found at address " + pointer_text(value).substr(2).erase(8, 1) + ".\n",
                   false;
        a.address = value;
    }
    if (!a.link.empty() && !a.address) return error = "-l needs the address of the first element\n", false;
    return true;
}

} // namespace view
