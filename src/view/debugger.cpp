#include "view/debugger.h"
#include "view/detail/absent_commands.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {
namespace {

void leave(Session& s, std::string_view, std::span<const std::string>) { s.quit = true; }

// "String can contain any number of spaces"; quotes around it are taken away, others stay.
void echo(Session& s, std::string_view, std::span<const std::string>) {
    std::string_view text = s.argument_text;
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    s.print("%.*s\n", static_cast<int>(text.size()), text.data());
}

constexpr Command own_commands[] = {
    {".echo", ".echo text", "prints the text", echo},
    {"help .help", "help [command]", "this list", help},
    {"q qq", "q", "leaves the debugger", leave},
};

std::vector<Command> make_commands() {
    std::vector<Command> all;
    for (const auto part : {driver_commands(),  device_commands(),    object_commands(),
                            irp_commands(),     file_commands(),      handle_commands(),
                            process_commands(), processor_commands(), scheduling_commands(),
                            value_commands(),   memory_commands(),    module_commands(),
                            stack_commands(),   lock_commands(),      list_commands(),
                            search_commands(),  register_commands(),  irp_search_commands(),
                            volume_commands(),  security_commands(),  std::span<const Command>(own_commands)})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

const std::vector<Command>& commands() {
    static const std::vector<Command> all = make_commands();
    return all;
}

template <class F> void for_each_name(const Command& command, F&& f) {
    std::string_view names = command.names;
    while (!names.empty()) {
        const auto end = std::min(names.find(' '), names.size());
        f(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
}

// Exact names first, so that a longer name is not taken for options of a shorter one.
const Command* find_command(std::string_view word) {
    const Command* found = nullptr;
    for (const bool exact : {true, false})
        for (const Command& command : commands())
            for_each_name(command, [&](std::string_view name) {
                if (found) return;
                const bool open = name.ends_with('*');
                const std::string_view stem = open ? name.substr(0, name.size() - 1) : name;
                if (exact ? word == stem : open && word.starts_with(stem) && word.size() > stem.size())
                    found = &command;
            });
    return found;
}

// Documented commands that let the target run, set breakpoints or write.
bool changes_machine(std::string_view word) {
    static constexpr std::string_view names[] = {
        "g",  "gc", "gh",     "gn",      "gN",        "gu",       "p",     "pa",   "pc", "pct", "ph", "pt",
        "t",  "ta", "tb",     "tc",      "tct",       "th",       "tt",    "wt",   "bp", "bu",  "bm", "ba",
        "bc", "bd", "be",     "bl",      "br",        "bs",       "bsc",   "a",    "e",  "ea",  "eb", "ed",
        "eD", "ef", "ep",     "eq",      "eu",        "ew",       "eza",   "ezu",  "f",  "fp",  "m",  "ob",
        "ow", "od", ".crash", ".reboot", ".writemem", ".restart", ".kill", ".call"};
    return std::ranges::find(names, word) != std::end(names);
}

// Commands of a line; ';' within quotes does not separate, and '*' makes a comment of the rest of the line.
std::vector<std::string> split_commands(std::string_view line) {
    std::vector<std::string> parts(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '*' && parts.back().find_first_not_of(" \t") == std::string::npos) break;
        const bool escaped = c == '"' && quoted && line[i - 1] == '\\';
        if (c == '"' && !escaped) quoted = !quoted;
        if (c == ';' && !quoted)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

// Two columns, 80 characters wide.
void show_help(Session& s, const Command& command) {
    constexpr std::size_t indent = 30, width = 80 - indent;
    s.print("%-29s", std::string(command.usage).c_str());
    if (command.usage.size() >= indent) s.print("\n%29s", "");
    std::string_view text = command.help;
    while (text.size() > width) {
        const auto blank = text.rfind(' ', width);
        s.print(" %s\n%29s", std::string(text.substr(0, blank)).c_str(), "");
        text.remove_prefix(blank + 1);
    }
    s.print(" %s\n", std::string(text).c_str());
}

// `?1+2`, `?? x`, `db@rsp` and `s-d`: what follows the name needs no blank where it cannot belong to it.
void split_name(std::vector<std::string>& words) {
    std::string& name = words.front();
    std::size_t end = name.size();
    if (name.starts_with("s-"))
        end = 1;
    else if (name.starts_with('?'))
        end = name.starts_with("??") ? 2 : 1;
    else if (const auto at = name.find('@'); at != name.npos && at > 0)
        end = at;
    if (end == name.size()) return;
    const std::string rest = name.substr(end);
    name.resize(end);
    words.insert(words.begin() + 1, rest);
}

// "1k", "2 r": the processor that a command is about (Multiprocessor Syntax). False: it is none of this.
bool take_processor(Session& s, std::vector<std::string>& words) {
    s.processor.reset();
    std::string& name = words.front();
    const auto digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0 || digits > 2) return true;
    s.processor = static_cast<unsigned>(std::stoul(name.substr(0, digits)));
    name.erase(0, digits);
    if (name.empty()) words.erase(words.begin());
    const std::string_view command = words.empty() ? std::string_view() : words.front();
    return !command.empty() && *s.processor < s.machine.processors() &&
           (command[0] == 'k' || command == "r" || command == "dt");
}

// Without the blanks around it.
std::string behind_name(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto name = std::min(text.find_first_not_of(blanks), text.size());
    const auto end = std::min(text.find_first_of(blanks, name), text.size());
    const auto from = std::min(text.find_first_not_of(blanks, end), text.size());
    return std::string(text.substr(from, text.find_last_not_of(blanks) + 1 - from));
}

// "$$ text", up to the next ';'. Scripts begin so, too: "$$<file", "$$>a<file".
bool is_comment(std::string_view word) {
    return word.starts_with("$$") && !word.starts_with("$$<") && !word.starts_with("$$>");
}

void run_command(Session& s, const std::string& text) {
    std::vector<std::string> words = split_words(text);
    if (words.empty() || is_comment(words[0])) return;
    const std::string first = words[0];
    s.argument_text = behind_name(text);
    if (!take_processor(s, words)) return s.error("Couldn't resolve error at '%s'\n", first.c_str());
    split_name(words);
    const std::string name = words[0];
    if (const Command* command = find_command(name))
        command->run(s, name, std::span(words).subspan(1));
    else if (changes_machine(name))
        s.error("%s: no command runs or changes the machine\n", name.c_str());
    else if (is_absent_command(name))
        s.error("%s: this debugger has no such command\n", name.c_str());
    else if (name.starts_with('!'))
        s.error("No export %s found\n", name.c_str() + 1);
    else
        s.error("Couldn't resolve error at '%s'\n", name.c_str());
}

} // namespace

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false, open = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
            word += text[++i];
        } else if (c == '"') {
            quoted = !quoted;
            open = true;
        } else if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            if (open) words.push_back(std::move(word));
            word.clear();
            open = false;
        } else {
            word += c;
            open = true;
        }
    }
    if (open) words.push_back(std::move(word));
    return words;
}

// Each command begins anew; the line has failed if one of them has.
void run_line(Session& s, std::string_view line) {
    constexpr unsigned deepest = 8;
    if (s.depth == deepest) return s.error("Commands are nested too deep\n");
    ++s.depth;
    bool failed = s.failed;
    for (const std::string& part : split_commands(line)) {
        s.failed = false;
        run_command(s, part);
        failed |= s.failed;
        if (s.quit) break;
    }
    s.failed = failed;
    --s.depth;
}

void help(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (!arguments.empty()) {
        const Command* command = find_command(arguments[0]);
        if (!command) return s.error("No command '%s'\n", arguments[0].c_str());
        return show_help(s, *command);
    }
    for (const Command& command : commands())
        show_help(s, command);
}

struct Debugger::State {
    explicit State(Machine& machine) : session(machine) {}
    Session session;
};

Debugger::Debugger(Machine& machine) : state_(std::make_unique<State>(machine)) {}
Debugger::~Debugger() = default;

std::string Debugger::execute(std::string_view line) {
    Session& s = state_->session;
    s.begin_line();
    run_line(s, line);
    return s.out;
}

std::string Debugger::abandon() {
    Session& s = state_->session;
    s.failed = true;
    s.out += "The command met a damaged structure.\n";
    return s.out;
}

std::string Debugger::prompt() {
    return std::to_string(state_->session.machine.current_processor()) + ": kd> ";
}

bool Debugger::quit_requested() const { return state_->session.quit; }
bool Debugger::failed() const { return state_->session.failed; }

std::vector<std::string> Debugger::command_names() const {
    std::vector<std::string> names;
    for (const Command& command : commands())
        for_each_name(command, [&](std::string_view name) {
            if (name.ends_with('*')) name.remove_suffix(1);
            names.emplace_back(name);
        });
    std::ranges::sort(names);
    return names;
}

} // namespace view
