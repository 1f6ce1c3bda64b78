// lm, x, ln
#include "view/detail/session.h"
#include "view/detail/sort_by.h"
#include "view/dt.h"
#include "view/module_types.h"
#include "view/symbols.h"
#include "view/wildcards.h"
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>

namespace view {
namespace {

bool fits(std::string_view pattern, std::string_view name) { return matches_wildcards(pattern, name, true); }

// "(no symbols)" where not even exports are known.
const char* symbol_state(Session& s, const Module& module) {
    if (module.has_symbols) return "(private pdb symbols)";
    return s.symbols(module).empty() ? "(no symbols)" : "(export symbols)";
}

std::string time_text(const Module& module) {
    char date[64] = "";
    const std::time_t time = module.timestamp;
    std::tm parts{};
    if (module.timestamp && gmtime_r(&time, &parts))
        std::strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y ", &parts);
    char text[80];
    std::snprintf(text, sizeof text, "%s(%08X)", date, module.timestamp);
    return text;
}

struct ListOptions {
    bool verbose = false, user = true, kernel = true, bare = false, by_name = false;
    bool with_symbols = false, with_problem = false, checksum = false, loaded = false, times = false;
    char name = 0; // i, f, n, p: which name instead of the symbols' state
    std::string pattern = "*";
    std::string path_pattern = "*"; // M
    std::string address;            // "": any
};

void show_module(Session& s, const Module& module, const ListOptions& options) {
    s.print("%s %s   ", native_address(module.base).c_str(),
            native_address(module.base + module.size).c_str());
    if (options.name || options.times) {
        s.print("%-8s", module.name.c_str());
        if (options.name) s.print(" %s", (options.name == 'f' ? module.path : module.file_name).c_str());
        if (options.times) s.print(" %s", time_text(module).c_str());
    } else {
        s.print("%-10s %s  %s", module.name.c_str(), symbol_state(s, module),
                module.has_symbols ? module.file_name.c_str() : "         ");
    }
    if (options.checksum) s.print(" %08X", module.checksum);
    s.print("\n");
    if (!options.verbose) return;
    s.print("    Image path: %s\n    Image name: %s\n", module.path.c_str(), module.file_name.c_str());
    s.print("    Timestamp:        %s\n", time_text(module).c_str());
    s.print("    CheckSum:         %08X\n    ImageSize:        %08llX\n", module.checksum,
            static_cast<unsigned long long>(module.size));
}

// "v", "kv", "m n*", "mn*", "a address", "1m", "sm"; the command's own letters come first ("lmvm null"). A
// word that is none of these is taken for a pattern.
bool list_options(Session& s, std::vector<std::string> words, ListOptions& options) {
    static constexpr std::string_view letters = "vuklecoifnpt1smaM";
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i];
        if (i && (word.find_first_not_of(letters) != word.npos || s.module_named(word)) && word[0] != 'm' &&
            word[0] != 'M') {
            options.pattern = word;
            continue;
        }
        while (!word.empty()) {
            const char option = word[0];
            const bool paired = word.starts_with("1m") || word.starts_with("sm");
            word.remove_prefix(paired ? 2 : 1);
            if (option == 'm' || option == 'M' || option == 'a') { // the rest, or the next word
                std::string& value = option == 'm'   ? options.pattern
                                     : option == 'M' ? options.path_pattern
                                                     : options.address;
                if (word.empty() && i + 1 == words.size()) {
                    s.error("usage: lm [u|k|v|l|e|c|o|i|f|n|p|t|1m|sm] [a address] [m|M pattern]\n");
                    return false;
                }
                value = word.empty() ? words[++i] : std::string(word);
                break;
            }
            if (letters.find(option) == std::string_view::npos) {
                s.error("lm: no option '%c'\n", option);
                return false;
            }
            if (option == 'v') options.verbose = true;
            if (option == 'u') options.kernel = false;
            if (option == 'k') options.user = false;
            if (option == '1') options.bare = true;
            if (option == 's') options.by_name = true;
            if (option == 'l') options.with_symbols = true;
            if (option == 'e') options.with_problem = true;
            if (option == 'c') options.checksum = true;
            if (option == 'o') options.loaded = true;
            if (option == 't') options.times = true;
            if (option == 'i' || option == 'f' || option == 'n' || option == 'p') options.name = option;
        }
    }
    return true;
}

void list_modules(Session& s, std::string_view name, std::span<const std::string> arguments) {
    std::vector<std::string> words{std::string(name.substr(2))};
    words.insert(words.end(), arguments.begin(), arguments.end());
    ListOptions options;
    if (!list_options(s, std::move(words), options)) return;
    Address inside = 0;
    const bool only_inside = !options.address.empty();
    if (only_inside && !s.evaluate(options.address, inside)) return;
    if (!options.bare) s.print("start             end                 module name\n");
    std::vector<Module> sorted = s.modules();
    std::ranges::sort(sorted, {}, [&](const Module& module) {
        return std::pair(options.by_name ? std::string_view(module.name) : std::string_view(), module.base);
    });
    bool found = false;
    for (const Module& module : sorted) {
        if (!(module.user ? options.user : options.kernel) || !fits(options.pattern, module.name) ||
            !fits(options.path_pattern, module.path))
            continue;
        if (only_inside && (inside < module.base || inside - module.base >= module.size)) continue;
        if ((options.with_symbols && !module.has_symbols) || (options.with_problem && module.has_symbols))
            continue;
        found = true;
        if (options.bare)
            s.print("%s\n", module.name.c_str());
        else
            show_module(s, module, options);
    }
    auto unloaded =
        options.loaded || options.with_symbols || options.with_problem || options.path_pattern != "*"
            ? std::vector<Module>()
            : s.machine.unloaded_modules();
    std::erase_if(unloaded, [&](const Module& module) {
        return !fits(options.pattern, module.file_name.substr(0, module.file_name.rfind('.')));
    });
    if (!found && (only_inside || unloaded.empty())) {
        if (only_inside) return s.error("No module contains %s\n", native_address(inside).c_str());
        return s.error("No module matches '%s'\n", options.pattern.c_str());
    }
    if (options.bare || only_inside || unloaded.empty()) return;
    s.print("\nUnloaded modules:\n");
    for (const Module& module : unloaded)
        s.print("%s %s   %s\n", native_address(module.base).c_str(),
                native_address(module.base + module.size).c_str(), module.file_name.c_str());
}

// "Obsolete in Windows XP and later": debuggercmds/-drivers.md.
void drivers_command(Session& s, std::string_view, std::span<const std::string>) {
    s.print("!drivers is obsolete: lm t n lists loaded modules\n");
}

struct ExamineOptions {
    char form = ' ';  // 0, 1, 2
    char order = ' '; // a, A, n, N, z, Z
    bool verbose = false, types = false, quoted = false, functions = false, data = false;
    std::uint64_t size = 0; // only these; those of unknown size always
    std::string pattern;
};

bool examine_options(Session& s, std::span<const std::string> arguments, ExamineOptions& options) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument[0] != '/') {
            options.pattern += (options.pattern.empty() ? "" : " ") + argument;
            continue;
        }
        for (const char option : argument.substr(1)) {
            if (std::string_view("012").find(option) != std::string_view::npos)
                options.form = option;
            else if (std::string_view("aAnNzZ").find(option) != std::string_view::npos)
                options.order = option;
            else if (option == 'v')
                options.verbose = true;
            else if (option == 't')
                options.types = true;
            else if (option == 'q')
                options.quoted = true;
            else if (option == 'f')
                options.functions = true;
            else if (option == 'd')
                options.data = true;
            else if (option == 's') {
                if (i + 1 == arguments.size() || !s.evaluate(arguments[++i], options.size)) {
                    if (!s.failed) s.error("x: /s needs a size\n");
                    return false;
                }
            } else if (option != 'D' &&
                       option != 'p') { // markup, and arguments of functions, which are not shown
                s.error("x: no option '/%c'\n", option);
                return false;
            }
        }
    }
    return true;
}

// "A single leading underscore represents any quantity of leading underscores."
bool symbol_matches(std::string_view pattern, std::string_view name) {
    if (pattern.starts_with('_') && !pattern.starts_with("__")) {
        pattern.remove_prefix(1);
        name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
    }
    return fits(pattern, name);
}

struct Examined {
    std::string module, name, type; // type: of a variable whose type is known
    Address address = 0;
    std::uint64_t size = 0;
};

void show_examined(Session& s, const Examined& one, const ExamineOptions& options) {
    const std::string address = native_address(one.address);
    const std::string plain = one.module + "!" + one.name;
    const std::string name = options.quoted ? "@!\"" + plain + "\"" : plain;
    if (options.form == '0') return s.print("%s\n", address.c_str());
    if (options.form == '1') return s.print("%s\n", name.c_str());
    if (options.verbose)
        s.print("pub %s %s %4llx ", one.type.empty() ? "global" : "data  ", address.c_str(),
                static_cast<unsigned long long>(one.size));
    else
        s.print("%s          ", address.c_str());
    if (options.types && options.form != '2')
        s.print("%s ", one.type.empty() ? "<NoType>" : one.type.c_str());
    s.print("%s", name.c_str());
    if (!one.type.empty() && options.form != '2') { // "If the symbol is a global variable, its current value"
        const Source source = s.source();
        s.print(" = %s", variable_text(source, one.module, one.name).c_str());
    }
    s.print("\n");
}

void examine(Session& s, std::string_view, std::span<const std::string> arguments) {
    ExamineOptions options;
    if (!examine_options(s, arguments, options)) return;
    const std::string_view pattern = options.pattern;
    const auto bang = pattern.find('!');
    if (pattern == "*") return s.error("x *: local variables are not known here\n");
    if (bang == pattern.npos)
        return s.error("usage: x [/0|/1|/2|/v|/t|/q|/f|/d|/s size|/a|/A|/n|/N|/z|/Z] module!pattern\n");
    const std::string_view wanted_module = pattern.substr(0, bang), wanted = pattern.substr(bang + 1);
    bool any_module = false;
    std::vector<Examined> found;
    for (const Module& module : s.modules()) {
        if (!fits(wanted_module, module.name)) continue;
        any_module = true;
        const ModuleTypes* types = module.has_symbols && !module.host_path.empty()
                                       ? &ModuleTypes::of_image(module.host_path)
                                       : nullptr;
        for (const Symbol& symbol : s.symbols(module)) {
            if (!symbol_matches(wanted, symbol.name)) continue;
            const auto* variable = types ? types->variable(symbol.name) : nullptr;
            if (variable && variable->rva != symbol.address - module.base) variable = nullptr;
            if ((options.functions && variable) || (options.data && !variable)) continue;
            const std::uint64_t size = variable ? variable->size : symbol.size;
            if (options.size && size && size != options.size) continue;
            found.push_back({module.name, symbol.name, variable ? variable->text : "", symbol.address, size});
        }
    }
    if (!any_module) return s.error("Couldn't resolve '%s'\n", options.pattern.c_str());
    switch (options.order) {
    case 'a':
        sort_by(found, &Examined::address);
        break;
    case 'A':
        sort_by(found, &Examined::address, std::greater<>());
        break;
    case 'n':
        sort_by(found, &Examined::name);
        break;
    case 'N':
        sort_by(found, &Examined::name, std::greater<>());
        break;
    case 'z':
        sort_by(found, &Examined::size);
        break;
    case 'Z':
        sort_by(found, &Examined::size, std::greater<>());
        break;
    }
    for (const Examined& one : found)
        show_examined(s, one, options);
}

std::string displaced(const std::string& name, std::uint64_t displacement) {
    char text[32] = "";
    if (displacement)
        std::snprintf(text, sizeof text, "+0x%llx", static_cast<unsigned long long>(displacement));
    return name + text;
}

void nearest_symbols(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.empty()) return s.error("usage: ln <address>\n");
    std::uint64_t address = 0;
    if (!s.evaluate(arguments.back(), address)) return;
    const Module* module = s.module_at(address);
    if (!module) return s.error("No symbols found near %s\n", native_address(address).c_str());
    if (!module->host_path.empty())
        for (const SourceLine& line : symbolize(module->host_path, address - module->base)) {
            if (line.file.empty()) continue;
            s.print("%s(%u)", std::filesystem::path(line.file).lexically_normal().c_str(), line.line);
            if (!line.function.empty()) s.print(" %s", line.function.c_str());
            s.print("\n");
        }
    const Symbol* next = nullptr;
    const Symbol* found = s.nearest(address, &next);
    if (!found) {
        s.print("(%s)   %s\n", native_address(module->base).c_str(),
                displaced(module->name, address - module->base).c_str());
        return;
    }
    const std::string name = module->name + "!" + found->name;
    s.print("(%s)   %s", native_address(found->address).c_str(),
            displaced(name, address - found->address).c_str());
    if (next)
        s.print("   |  (%s)   %s!%s", native_address(next->address).c_str(), module->name.c_str(),
                next->name.c_str());
    s.print("\n");
    if (address == found->address) s.print("Exact matches:\n    %s\n", name.c_str());
}

constexpr Command commands[] = {
    {"lm*", "lm [u|k|v|l|e|c|o|i|f|n|p|t|1m|sm] [a address] [m|M pattern]",
     "loaded images: all, user, kernel; v: in detail, t n: times and file names, 1m: names only, sm: by name",
     list_modules},
    {"!drivers", "!drivers", "obsolete: says that lm t n takes its place", drivers_command},
    {"x", "x [/0|/1|/2|/v|/t|/q|/f|/d|/s size] [/a|/A|/n|/N|/z|/Z] module!pattern",
     "symbols by name, variables with their values; wildcards as documented; sorted by address, name, size",
     examine},
    {"ln", "ln <address>", "nearest symbols, source file and line", nearest_symbols},
};

} // namespace

std::span<const Command> module_commands() { return commands; }

} // namespace view
