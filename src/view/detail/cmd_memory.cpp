// db, dw, dd, dq, dp, dc, dW, da, du, dps/dqs, d (again)
#include "view/detail/session.h"
#include <algorithm>
#include <map>

namespace view {
namespace {

constexpr std::uint64_t most_bytes = 1 << 20;   // what is displayed at once
constexpr std::uint64_t most_range = 256 << 20; // of a range without L?

struct Format {
    unsigned element;  // bytes
    unsigned per_line; // elements
    unsigned elements; // shown by default
    bool ascii;        // text at the line's end
    bool symbols;      // one element per line with its symbol
};

const std::map<std::string_view, Format> formats = {
    {"db", {1, 16, 128, true, false}}, {"dw", {2, 8, 64, false, false}}, {"dW", {2, 8, 64, true, false}},
    {"dd", {4, 4, 32, false, false}},  {"dc", {4, 4, 32, true, false}},  {"dq", {8, 2, 16, false, false}},
    {"dp", {8, 2, 16, false, false}},  {"dps", {8, 1, 16, false, true}}, {"dqs", {8, 1, 16, false, true}},
};

char printable(unsigned char c) { return c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.'; }

// Reads what can be read byte by byte, so that one bad page shows as question marks and no more.
void read_bytes(Session& s, Address from, std::vector<unsigned char>& bytes, std::vector<bool>& good) {
    good.assign(bytes.size(), true);
    if (s.machine.read(from, bytes.data(), bytes.size())) return;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        good[i] = s.machine.read(from + i, &bytes[i], 1);
}

void show_element(Session& s, const std::vector<unsigned char>& bytes, const std::vector<bool>& good,
                  std::size_t at, unsigned size) {
    if (!std::all_of(good.begin() + static_cast<long>(at), good.begin() + static_cast<long>(at + size),
                     [](bool b) { return b; })) {
        if (size == 8) return s.print("????????`????????");
        return s.print("%s", std::string(2 * size, '?').c_str());
    }
    std::uint64_t value = 0;
    std::copy_n(&bytes[at], size, reinterpret_cast<unsigned char*>(&value));
    if (size == 8) return s.print("%s", native_address(value).c_str());
    s.print("%0*llx", static_cast<int>(2 * size), static_cast<unsigned long long>(value));
}

void dump(Session& s, const Format& format, Address from, std::uint64_t count) {
    const std::uint64_t total = std::min(count, most_bytes / format.element) * format.element;
    for (std::uint64_t at = 0; at < total; at += format.per_line * format.element) {
        const std::uint64_t left = std::min<std::uint64_t>(format.per_line * format.element, total - at);
        std::vector<unsigned char> bytes(left);
        std::vector<bool> good;
        read_bytes(s, from + at, bytes, good);
        s.print("%s ", native_address(from + at).c_str());
        const unsigned elements = static_cast<unsigned>(left / format.element);
        for (unsigned i = 0; i < format.per_line; ++i) {
            const bool middle = format.element == 1 && i == 8;
            if (i >= elements) {
                if (format.ascii) s.print("%s", std::string(2 * format.element + 1, ' ').c_str());
                continue;
            }
            s.print("%s", i == 0 ? " " : middle ? "-" : " ");
            show_element(s, bytes, good, i * format.element, format.element);
        }
        if (format.symbols && elements && good[0]) {
            std::uint64_t value = 0;
            std::copy_n(bytes.data(), 8, reinterpret_cast<unsigned char*>(&value));
            if (const std::string symbol = s.symbol(value); !symbol.empty()) s.print(" %s", symbol.c_str());
        }
        if (format.ascii) {
            s.print("  ");
            for (std::size_t i = 0; i < bytes.size(); ++i)
                s.print("%c", good[i] ? printable(bytes[i]) : '?');
        }
        s.print("\n");
    }
    if (total / format.element < count) s.error("More than 1 MB is not displayed\n");
}

// da, du: up to 48 characters a line, to the first null.
Address dump_text(Session& s, unsigned unit, Address from, std::uint64_t count) {
    constexpr unsigned per_line = 48;
    Address at = from;
    for (std::uint64_t done = 0; done < count;) {
        std::string line;
        const Address start = at;
        bool end = false, bad = false;
        for (unsigned i = 0; i < per_line && done < count && !end && !bad; ++i, ++done) {
            std::uint16_t c = 0;
            if (!s.machine.read(at, &c, unit)) {
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

// "address", "address L count", "address end". "L?count" may be larger than 256 MB, as the debugger documents
// (Address and Address Range Syntax).
bool range(Session& s, std::span<const std::string> arguments, unsigned element, Address& from,
           std::uint64_t& count) {
    if (!s.evaluate(arguments[0], from)) return false;
    if (arguments.size() < 2) return true;
    std::string_view second = arguments[1];
    std::uint64_t value = 0;
    if (second.starts_with('L') || second.starts_with('l')) {
        second.remove_prefix(1);
        const bool any_size = second.starts_with('?');
        if (any_size) second.remove_prefix(1);
        if (second.empty() && arguments.size() > 2) second = arguments[2];
        if (!s.evaluate(second, count)) return false;
        if (!any_size && count > most_range / element) return range_error(s, arguments[1]);
    } else {
        if (!s.evaluate(second, value)) return false;
        if (value < from || value - from >= most_range) return range_error(s, second);
        count = (value - from + element) / element;
    }
    return true;
}

void display(Session& s, std::string_view command, std::span<const std::string> arguments) {
    if (command == "d") command = s.last_display;
    Address from = s.next_display;
    if (command == "da" || command == "du") {
        const unsigned unit = command == "da" ? 1 : 2;
        std::uint64_t count = most_bytes;
        if (!arguments.empty() && !range(s, arguments, unit, from, count)) return;
        s.next_display = dump_text(s, unit, from, count);
        s.last_display = command;
        return;
    }
    const auto format = formats.find(command);
    if (format == formats.end())
        return s.error("Couldn't resolve error at '%s'\n", std::string(command).c_str());
    std::uint64_t count = format->second.elements;
    if (!arguments.empty() && !range(s, arguments, format->second.element, from, count)) return;
    dump(s, format->second, from, count);
    s.next_display = from + count * format->second.element;
    s.last_display = command;
}

constexpr Command commands[] = {
    {"db dw dW dd dc dq dp d", "d[b|w|W|d|c|q|p] [address [L count|end]]",
     "memory as bytes, words … (c, W: with text)", display},
    {"da du", "da|du address", "text up to its null, ASCII or UTF-16", display},
    {"dps dqs", "dps address [L count]", "pointers with the symbols they point to", display},
};

} // namespace

std::span<const Command> memory_commands() { return commands; }

} // namespace view
