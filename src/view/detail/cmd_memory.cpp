// db, dw, dd, dq, dp, dc, dW, df, dD, dyb, dyd, da, du, dds/dps/dqs, dpp and its kin, d (again):
// debuggercmds/d--da--db--… .md, dds--dps--dqs--….md, dda--ddp--ddu--….md.
#include "view/detail/session.h"
#include <algorithm>
#include <map>

namespace view {
namespace {

constexpr std::uint64_t most_bytes = 1 << 20;   // what is displayed at once
constexpr std::uint64_t most_range = 256 << 20; // of a range without L?

enum class Look { numbers, text, symbols, reals, bits };

struct Format {
    unsigned element;  // bytes
    unsigned per_line; // elements
    unsigned elements; // shown by default
    Look look;
};

const std::map<std::string_view, Format> formats = {
    {"db", {1, 16, 128, Look::text}},       {"dw", {2, 8, 64, Look::numbers}},
    {"dW", {2, 8, 64, Look::text}},         {"dd", {4, 4, 32, Look::numbers}},
    {"dc", {4, 4, 32, Look::text}},         {"dq", {8, 2, 16, Look::numbers}},
    {"dp", {8, 2, 16, Look::numbers}},      {"dds", {4, 1, 32, Look::symbols}},
    {"dps", {8, 1, 16, Look::symbols}},     {"dqs", {8, 1, 16, Look::symbols}},
    {"df", {4, 4, 16, Look::reals}},        {"dD", {8, 3, 15, Look::reals}},
    {"dyb", {1, 4, 32, Look::bits}},        {"dyd", {4, 1, 8, Look::bits}},
    {"text of s -q", {8, 2, 2, Look::text}}};

char printable(unsigned char c) { return c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.'; }

struct Options {
    unsigned columns = 0; // /c
    bool physical = false;
};

bool read_any(Session& s, const Options& options, Address from, void* to, std::size_t bytes) {
    return options.physical ? s.machine.read_physical(from, to, bytes) : s.machine.read(from, to, bytes);
}

// Reads what can be read byte by byte, so that one bad page shows as question marks and no more.
void read_bytes(Session& s, const Options& options, Address from, std::vector<unsigned char>& bytes,
                std::vector<bool>& good) {
    good.assign(bytes.size(), true);
    if (read_any(s, options, from, bytes.data(), bytes.size())) return;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        good[i] = read_any(s, options, from + i, &bytes[i], 1);
}

std::string binary_text(std::uint64_t value, unsigned bits) {
    std::string text;
    for (unsigned bit = bits; bit-- > 0;) {
        text += value >> bit & 1 ? '1' : '0';
        if (bit && bit % 8 == 0) text += ' ';
    }
    return text;
}

// assumed: how df and dD lay numbers out; the page has no sample.
std::string real_text(std::uint64_t value, unsigned size) {
    char text[48];
    if (size == 4) {
        float number;
        std::copy_n(reinterpret_cast<const char*>(&value), 4, reinterpret_cast<char*>(&number));
        std::snprintf(text, sizeof text, "%16.8g", static_cast<double>(number));
    } else {
        double number;
        std::copy_n(reinterpret_cast<const char*>(&value), 8, reinterpret_cast<char*>(&number));
        std::snprintf(text, sizeof text, "%22.17g", number);
    }
    return text;
}

void show_element(Session& s, const Format& format, const std::vector<unsigned char>& bytes,
                  const std::vector<bool>& good, std::size_t at) {
    const unsigned size = format.element;
    if (!std::all_of(good.begin() + static_cast<long>(at), good.begin() + static_cast<long>(at + size),
                     [](bool b) { return b; })) {
        if (size == 8) return s.print("????????`????????");
        return s.print("%s", std::string((format.look == Look::bits ? 8 : 2) * size, '?').c_str());
    }
    std::uint64_t value = 0;
    std::copy_n(&bytes[at], size, reinterpret_cast<unsigned char*>(&value));
    if (format.look == Look::reals) return s.print("%s", real_text(value, size).c_str());
    if (format.look == Look::bits) return s.print("%s", binary_text(value, 8 * size).c_str());
    if (size == 8) return s.print("%s", native_address(value).c_str());
    s.print("%0*llx", static_cast<int>(2 * size), static_cast<unsigned long long>(value));
}

void show_line(Session& s, const Format& format, unsigned per_line, Address at,
               const std::vector<unsigned char>& bytes, const std::vector<bool>& good) {
    const std::size_t elements = bytes.size() / format.element;
    s.print("%s ", native_address(at).c_str());
    for (std::size_t i = 0; i < per_line; ++i) {
        const bool middle = format.element == 1 && format.look == Look::text && i > 0 && i % 8 == 0;
        if (i >= elements) {
            if (format.look == Look::text) s.print("%s", std::string(2 * format.element + 1, ' ').c_str());
            continue;
        }
        s.print("%s", middle ? "-" : " ");
        show_element(s, format, bytes, good, i * format.element);
    }
    if (format.look == Look::symbols && elements == 1 && good[0]) {
        std::uint64_t value = 0;
        std::copy_n(bytes.data(), format.element, reinterpret_cast<unsigned char*>(&value));
        if (const std::string symbol = s.symbol(value); !symbol.empty()) s.print(" %s", symbol.c_str());
    }
    if (format.look == Look::bits) { // the same as numbers
        s.print(" ");
        for (std::size_t i = 0; i < elements; ++i) {
            s.print(" ");
            show_element(s, {format.element, 1, 1, Look::numbers}, bytes, good, i * format.element);
        }
    }
    if (format.look == Look::text) {
        s.print("  ");
        for (std::size_t i = 0; i < bytes.size(); ++i)
            s.print("%c", good[i] ? printable(bytes[i]) : '?');
    }
    s.print("\n");
}

// assumed: the heads of dyb and dyd; the page has no sample.
void show_bit_numbers(Session& s, const Format& format, unsigned per_line) {
    const auto row = [&](const char* byte, const char* word) {
        s.print("%18s", "");
        for (unsigned i = 0; i < per_line; ++i)
            s.print(" %s", format.element == 1 ? byte : word);
        s.print("\n");
    };
    if (format.element == 4) row("", "3          2          1          0  ");
    row("76543210", "10987654 32109876 54321098 76543210");
    row("--------", "-------- -------- -------- --------");
}

void dump(Session& s, const Format& format, const Options& options, Address from, std::uint64_t count) {
    const unsigned per_line = options.columns ? options.columns : format.per_line;
    const std::uint64_t total = std::min(count, most_bytes / format.element) * format.element;
    if (format.look == Look::bits && total) show_bit_numbers(s, format, per_line);
    for (std::uint64_t at = 0; at < total; at += per_line * format.element) {
        std::vector<unsigned char> bytes(std::min<std::uint64_t>(per_line * format.element, total - at));
        std::vector<bool> good;
        read_bytes(s, options, from + at, bytes, good);
        show_line(s, format, per_line, from + at, bytes, good);
    }
    if (total / format.element < count) s.error("More than 1 MB is not displayed\n");
}

// da, du: up to 48 characters a line, to the first null.
Address dump_text(Session& s, const Options& options, unsigned unit, Address from, std::uint64_t count) {
    constexpr unsigned per_line = 48;
    Address at = from;
    for (std::uint64_t done = 0; done < count;) {
        std::string line;
        const Address start = at;
        bool end = false, bad = false;
        for (unsigned i = 0; i < per_line && done < count && !end && !bad; ++i, ++done) {
            std::uint16_t c = 0;
            if (!read_any(s, options, at, &c, unit)) {
                bad = true;
                break;
            }
            at += unit;
            if (c == 0)
                end = true;
            else
                line += c < 0x100 ? printable(static_cast<unsigned char>(c)) : '.';
        }
        if (bad && line.empty()) {
            s.print("%s  \"%s\"\n", native_address(start).c_str(), unit == 1 ? "????????????" : "????");
            return at;
        }
        if (!line.empty() || start == from)
            s.print("%s  \"%s\"\n", native_address(start).c_str(), line.c_str());
        if (end || bad) return at;
    }
    return at;
}

bool range_error(Session& s, std::string_view text) {
    s.error("^ Range error in '%s'\n", std::string(text).c_str());
    return false;
}

// dpp, dqa, ddu …: what pointers point to. The third letter says how.
void dump_referenced(Session& s, std::string_view command, const Options& options, Address from,
                     std::uint64_t count) {
    constexpr std::uint64_t most = 0x10000;
    const unsigned size = command[1] == 'd' ? 4 : 8;
    for (std::uint64_t i = 0; i < std::min(count, most); ++i) {
        const Address at = from + i * size;
        std::uint64_t pointer = 0;
        s.print("%s  ", native_address(at).c_str());
        if (!read_any(s, options, at, &pointer, size)) {
            s.print("%s\n", size == 8 ? "????????`????????" : "????????");
            continue;
        }
        const std::string shown = native_address(pointer);
        s.print("%s", shown.substr(size == 8 ? 0 : 9).c_str());
        if (command[2] == 'p') {
            std::uint64_t value = 0;
            if (s.machine.read(pointer, &value, size)) {
                const std::string symbol = s.symbol(value);
                s.print(" %s%s%s", native_address(value).substr(size == 8 ? 0 : 9).c_str(),
                        symbol.empty() ? "" : " ", symbol.c_str());
            } else {
                s.print(" %s", size == 8 ? "????????`????????" : "????????");
            }
        } else {
            std::string text;
            constexpr unsigned longest = 48;
            const unsigned unit = command[2] == 'a' ? 1 : 2;
            bool bad = false;
            for (unsigned n = 0; n < longest; ++n) {
                std::uint16_t c = 0;
                bad = !s.machine.read(pointer + n * unit, &c, unit);
                if (bad || c == 0) break;
                text += c < 0x100 ? printable(static_cast<unsigned char>(c)) : '.';
            }
            if (!bad || !text.empty()) s.print(" \"%s\"", text.c_str());
        }
        s.print("\n");
    }
    if (count > most)
        s.error("More than %llu pointers are not displayed\n", static_cast<unsigned long long>(most));
}

// "/c4", "/c 4", "/p", "/p[c]" before the range. False after a message.
bool take_options(Session& s, std::string_view command, std::span<const std::string>& arguments,
                  Options& options) {
    while (!arguments.empty() && arguments[0].starts_with('/')) {
        std::string_view option = arguments[0];
        arguments = arguments.subspan(1);
        if (option == "/p" || option == "/p[c]" || option == "/p[uc]" || option == "/p[wc]") {
            options.physical = true; // all memory is cached alike here
            continue;
        }
        std::uint64_t columns = 0;
        const bool known = option.starts_with("/c");
        option.remove_prefix(std::min<std::size_t>(2, option.size()));
        if (known && option.empty() && !arguments.empty()) {
            option = arguments[0];
            arguments = arguments.subspan(1);
        }
        if (known && !option.empty() && !s.evaluate(option, columns)) return false;
        if (columns == 0 || columns > 0x100) {
            s.error("Couldn't resolve error at '%s'\n", std::string(command).c_str());
            return false;
        }
        options.columns = static_cast<unsigned>(columns);
    }
    return true;
}

void display(Session& s, std::string_view command, std::span<const std::string> arguments) {
    if (command == "d") command = s.last_display;
    Options options;
    if (!take_options(s, command, arguments, options)) return;
    Address from = s.next_display;
    // "If there's no previous display command, the display begins at the current instruction pointer."
    if (from == 0 && arguments.empty()) from = s.machine.registers().rip;
    const bool referenced = command.size() == 3 && std::string_view("dpq").find(command[1]) != command.npos &&
                            std::string_view("pau").find(command[2]) != command.npos;
    if (command == "da" || command == "du") {
        const unsigned unit = command == "da" ? 1 : 2;
        std::uint64_t count = most_bytes;
        if (!arguments.empty() && !range_arguments(s, arguments, unit, from, count)) return;
        s.next_display = dump_text(s, options, unit, from, count);
    } else if (referenced) {
        const unsigned size = command[1] == 'd' ? 4 : 8;
        std::uint64_t count = 128 / size;
        if (!arguments.empty() && !range_arguments(s, arguments, size, from, count)) return;
        dump_referenced(s, command, options, from, count);
        s.next_display = from + count * size;
    } else {
        const auto format = formats.find(command);
        if (format == formats.end())
            return s.error("Couldn't resolve error at '%s'\n", std::string(command).c_str());
        std::uint64_t count = format->second.elements;
        if (!arguments.empty() && !range_arguments(s, arguments, format->second.element, from, count)) return;
        dump(s, format->second, options, from, count);
        s.next_display = from + count * format->second.element;
    }
    s.last_display = command;
}

constexpr Command commands[] = {
    {"db dw dW dd dc dq dp df dD dyb dyd d", "d[b|w|W|d|c|q|p|f|D|yb|yd] [/c n] [/p] [address [L count|end]]",
     "memory as bytes, words … (c, W: with text; f, D: real numbers; yb, yd: bits; /p: physical)", display},
    {"da du", "da|du [address [L count|end]]", "text up to its null, ASCII or UTF-16", display},
    {"dps dqs dds", "dps|dqs|dds [address [L count]]", "pointers with the symbols they point to", display},
    {"dpp dpa dpu dqp dqa dqu ddp dda ddu", "d[p|q|d][p|a|u] [address [L count]]",
     "pointers and what they point to: a pointer with its symbol, ASCII, UTF-16", display},
};

} // namespace

bool range_arguments(Session& s, std::span<const std::string> arguments, unsigned element, Address& from,
                     std::uint64_t& count) {
    if (!s.evaluate(arguments[0], from)) return false;
    if (arguments.size() < 2) return true;
    std::string_view second = arguments[1];
    std::uint64_t value = 0;
    if (second.starts_with('L') || second.starts_with('l')) {
        second.remove_prefix(1);
        const bool any_size = second.starts_with('?');
        if (any_size) second.remove_prefix(1);
        const bool before = second.starts_with('-'); // "L-": the range ends at the address
        if (before) second.remove_prefix(1);
        if (second.empty() && arguments.size() > 2) second = arguments[2];
        if (!s.evaluate(second, count)) return false;
        if (!any_size && count > most_range / element) return range_error(s, arguments[1]);
        if (before) from -= count * element;
    } else {
        if (!s.evaluate(second, value)) return false;
        if (value < from || value - from >= most_range) return range_error(s, second);
        count = (value - from + element) / element;
    }
    return true;
}

void show_memory(Session& s, std::string_view format, Address from, std::uint64_t count) {
    if (const auto found = formats.find(format); found != formats.end())
        dump(s, found->second, {}, from, count);
}

std::span<const Command> memory_commands() { return commands; }

} // namespace view
