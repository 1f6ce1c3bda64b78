// dl, !list: debuggercmds/dl--display-linked-list-.md, -list.md.
#include "view/detail/session.h"
#include "view/dt.h"
#include <set>

namespace view {
namespace {

constexpr std::size_t most_elements = 0x10000; // a damaged list must end
constexpr std::size_t most_output = 16 << 20;

// "dl[b] Address MaxCount Size"; assumed: 16 elements of two pointers where the counts are left out.
void linked_list(Session& s, std::string_view name, std::span<const std::string> arguments) {
    if (arguments.empty() || arguments.size() > 3) return s.error("usage: dl[b] address [count [size]]\n");
    Address head = 0;
    if (!s.evaluate(arguments[0], head)) return;
    const std::uint64_t count = number_argument(s, arguments, 1, 0x10),
                        size = number_argument(s, arguments, 2, 2);
    if (s.failed) return;
    if (size == 0 || size > 0x1000) return s.error("^ Range error in '%s'\n", arguments[2].c_str());
    std::set<Address> seen;
    Address at = head;
    for (std::uint64_t i = 0; i < count && i < most_elements && at; ++i) {
        if (!seen.insert(at).second) return; // "If the list loops back on itself, the dump will stop."
        show_memory(s, "dq", at, size);
        Address next = 0;
        if (!s.read(at + (name == "dlb" ? 8 : 0), next))
            return s.error("Memory read error %s\n", extension_address(at).c_str());
        at = next;
    }
}

struct ListArguments {
    std::string type, field, commands = "dp", arguments, start;
    bool echo = false, help = false;
    std::uint64_t most = most_elements;
};

bool take(Session& s, const std::vector<std::string>& words, ListArguments& list) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        const bool valued = word == "-t" || word == "-x" || word == "-a" || word == "-m";
        if (valued && i + 1 == words.size()) {
            s.error("!list: %s needs a value\n", word.c_str());
            return false;
        }
        if (word == "-t") {
            std::string text = words[++i];
            const auto bang = text.find('!');
            const auto dot = text.find('.', bang == text.npos ? 0 : bang);
            if (dot == text.npos) {
                s.error("!list: -t names a type and its link: Type.Field\n");
                return false;
            }
            list.type = text.substr(0, dot);
            list.field = text.substr(dot + 1);
        } else if (word == "-x") {
            list.commands = words[++i];
        } else if (word == "-a") {
            list.arguments = words[++i];
        } else if (word == "-m") {
            if (!s.evaluate(words[++i], list.most)) return false;
        } else if (word == "-e") {
            list.echo = true;
        } else if (word == "-h") {
            list.help = true;
        } else if (word.starts_with('-') && word.size() > 1 &&
                   !std::isdigit(static_cast<unsigned char>(word[1]))) {
            s.error("!list: unknown option %s\n", word.c_str());
            return false;
        } else {
            list.start += (list.start.empty() ? "" : " ") + word;
        }
    }
    return true;
}

void list_extension(Session& s, std::string_view, std::span<const std::string> arguments) {
    static constexpr const char* usage =
        "usage: !list -t [mod!]Type.Field -x \"commands\" [-a \"arguments\"] [-e] [-m max] address\n";
    std::vector<std::string> words(arguments.begin(), arguments.end());
    if (words.size() == 1 && words[0].find(' ') != std::string::npos)
        words = split_words(words[0]); // all quoted
    ListArguments list;
    if (!take(s, words, list)) return;
    if (list.help) return s.print("%s", usage);
    if (list.type.empty() || list.start.empty()) return s.error("%s", usage);
    std::uint64_t offset = 0, back = 0;
    const Source source = s.source();
    if (!find_list_link(source, list.type, list.field, offset, back))
        return s.error("Field %s is not a link of %s.\n", list.field.c_str(), list.type.c_str());
    Address first = 0;
    if (!s.evaluate(list.start, first)) return;
    const bool named = list.commands.find("$extret") != std::string::npos;
    const std::uint64_t outer = s.extension_result;
    std::uint64_t count = 0;
    for (Address at = first; at && count < list.most; ++count) {
        if (s.out.size() > most_output || count == most_elements) {
            s.error("The list does not end\n");
            break;
        }
        s.extension_result = s.next_display = at;
        std::string line = list.commands;
        if (!named) line += " " + native_address(at);
        if (!list.arguments.empty()) line += " " + list.arguments;
        if (list.echo) s.print("%s\n", line.c_str());
        run_line(s, line);
        s.print("\n");
        Address next = 0;
        if (s.quit) break;
        if (!s.read(at + offset, next)) {
            s.error("Memory read error %s\n", extension_address(at + offset).c_str());
            break;
        }
        if (next == 0) break;
        at = next - back;
        if (at == first) break;
    }
    s.extension_result = outer;
}

constexpr Command commands[] = {
    {"dl dlb", "dl|dlb address [count [size]]", "linked list, size pointers of each element; dlb: backwards",
     linked_list},
    {"!list", "!list -t Type.Field -x \"commands\" [-a \"arguments\"] [-e] [-m max] address",
     "commands for each element of a list; @$extret is its address", list_extension},
};

} // namespace

std::span<const Command> list_commands() { return commands; }

} // namespace view
