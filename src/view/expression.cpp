#include "view/expression.h"
#include "view/wildcards.h"
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

namespace view {
namespace {

using u64 = std::uint64_t;

bool is_word(char c) {
    const bool in_utf8 = static_cast<unsigned char>(c) >= 0x80; // modules may have any name
    return in_utf8 || std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_$!`.@?:~", c) != nullptr;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

// Recursive descent; the first failure sticks in error_ and makes everything above return 0.
class Parser {
  public:
    Parser(std::string_view text, const Source& source) : text_(text), source_(source) {}

    bool run(u64& value, std::string& error) {
        value = binary(0);
        skip();
        if (error_.empty() && at_ < text_.size()) fail("Syntax error");
        error = error_;
        return error_.empty();
    }

  private:
    static constexpr int LEVELS = 7;

    void skip() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])))
            ++at_;
    }

    u64 fail(const char* what) {
        if (error_.empty()) error_ = std::string(what) + " at '" + std::string(text_.substr(at_)) + "'";
        at_ = text_.size();
        return 0;
    }
    u64 fail_at(std::size_t where, const char* what) {
        at_ = where;
        return fail(what);
    }

    // Takes an operator of the level, longest spelling first; its one-letter code, or 0.
    char take_operator(int level) {
        struct Spelling {
            const char* text;
            int level;
            char code;
        };
        static constexpr Spelling spellings[] = {
            {">>>", 4, 'A'}, {"<<", 4, 'L'}, {">>", 4, 'R'},  {"<=", 3, 'l'}, {">=", 3, 'g'},
            {"==", 3, '='},  {"!=", 3, '!'}, {"*", 6, '*'},   {"/", 6, '/'},  {"%", 6, '%'},
            {"mod", 6, '%'}, {"+", 5, '+'},  {"-", 5, '-'},   {"=", 3, '='},  {"<", 3, '<'},
            {">", 3, '>'},   {"&", 2, '&'},  {"and", 2, '&'}, {"^", 1, '^'},  {"xor", 1, '^'},
            {"|", 0, '|'},   {"or", 0, '|'}};
        skip();
        const std::string_view rest = text_.substr(at_);
        for (const Spelling& s : spellings) {
            const std::size_t n = std::strlen(s.text);
            if (lower(rest.substr(0, n)) != s.text) continue;
            if (std::isalpha(static_cast<unsigned char>(s.text[0])) && rest.size() > n && is_word(rest[n]))
                continue;
            if (s.level != level) return 0; // a longer spelling of another level must not be split
            at_ += n;
            return s.code;
        }
        return 0;
    }

    u64 binary(int level) {
        if (level == LEVELS) return unary();
        u64 left = binary(level + 1);
        while (error_.empty()) {
            const std::size_t where = at_;
            const char code = take_operator(level);
            if (!code) break;
            const u64 right = binary(level + 1);
            if (!error_.empty()) break;
            if ((code == '/' || code == '%') && right == 0) return fail_at(where, "Operand error");
            left = apply(code, left, right);
        }
        return left;
    }

    static u64 apply(char code, u64 a, u64 b) {
        switch (code) {
        case '*':
            return a * b;
        case '/':
            return a / b;
        case '%':
            return a % b;
        case '+':
            return a + b;
        case '-':
            return a - b;
        case 'L':
            return b < 64 ? a << b : 0;
        case 'R':
            return b < 64 ? a >> b : 0;
        case 'A':
            return static_cast<u64>(static_cast<std::int64_t>(a) >> (b < 64 ? b : 63));
        case '=':
            return a == b;
        case '!':
            return a != b;
        case '<':
            return a < b;
        case '>':
            return a > b;
        case 'l':
            return a <= b;
        case 'g':
            return a >= b;
        case '&':
            return a & b;
        case '^':
            return a ^ b;
        default:
            return a | b;
        }
    }

    u64 unary() {
        skip();
        if (++depth_ > 100) return fail("Syntax error");
        u64 value = 0;
        if (at_ == text_.size())
            error_ = error_.empty() ? "Numeric expression missing from '<EOL>'" : error_;
        else if (text_[at_] == '+' || text_[at_] == '-' || text_[at_] == '~') {
            const char c = text_[at_++];
            value = unary();
            value = c == '-' ? -value : c == '~' ? ~value : value;
        } else if (text_[at_] == '(')
            value = parentheses();
        else
            value = word();
        --depth_;
        return value;
    }

    u64 parentheses() {
        ++at_;
        const u64 value = binary(0);
        skip();
        if (!error_.empty()) return 0;
        if (at_ == text_.size() || text_[at_] != ')') return fail("Syntax error");
        ++at_;
        return value;
    }

    u64 required_parentheses() {
        skip();
        return at_ < text_.size() && text_[at_] == '(' ? parentheses() : fail("Syntax error");
    }

    u64 word() {
        const std::size_t where = at_;
        while (at_ < text_.size() && is_word(text_[at_]))
            ++at_;
        const std::string_view name = text_.substr(where, at_ - where);
        if (name.empty()) return fail("Syntax error");
        u64 value = 0;
        if (operation(lower(name), value)) return value;
        if (!error_.empty()) return 0;
        bool overflow = false;
        if ((number(name, value, overflow) && !overflow) || (source_.find && source_.find(name, value)))
            return value;
        if (overflow) return fail_at(where, "Overflow error");
        return fail_at(where, "Couldn't resolve error");
    }

    // Operators that are words: they take what follows, in parentheses or not.
    bool operation(const std::string& name, u64& value) {
        const bool physical = name.starts_with("$p");
        const std::string_view plain = std::string_view(name).substr(physical ? 2 : 0);
        const std::size_t bytes = plain == "poi" || plain == "qwo" ? 8
                                  : plain == "dwo"                 ? 4
                                  : plain == "wo"                  ? 2
                                  : plain == "by"                  ? 1
                                                                   : 0;
        if (bytes) {
            const u64 address = unary();
            if (!error_.empty()) return false;
            const auto& read = physical ? source_.read_physical : source_.read;
            if (read && read(address, &value, bytes)) return true;
            const std::size_t shown = at_ > 0 ? at_ - 1 : 0;
            error_ = "Memory access error at '" + std::string(text_.substr(shown)) + "'";
            return false;
        }
        if (name == "$vvalid") return valid(value);
        if (name == "$iment") return entry_point(value);
        if (name == "$scmp" || name == "$sicmp" || name == "$spat") return compare(name, value);
        if (name == "@@masm") return value = required_parentheses(), error_.empty();
        if (name == "@@" || name.starts_with("@@c")) {
            error_ = "C++ expressions are not evaluated here";
            at_ = text_.size();
            return false;
        }
        if (name != "not" && name != "hi" && name != "low") return false;
        const u64 operand = unary();
        value = name == "not" ? operand == 0 : name == "hi" ? operand >> 16 & 0xffff : operand & 0xffff;
        return error_.empty();
    }

    // $iment(address): of an image, by its headers; debuggercmds/masm-numbers-and-operators.md.
    bool entry_point(u64& value) {
        constexpr u64 new_header_at = 0x3c, entry_at = 0x28;
        const u64 base = required_parentheses();
        if (!error_.empty()) return false;
        std::uint32_t header = 0, entry = 0;
        if (!source_.read || !source_.read(base + new_header_at, &header, sizeof header) ||
            !source_.read(base + header + entry_at, &entry, sizeof entry))
            return error_ = "Memory access error at '" + std::string(text_) + "'", false;
        value = base + entry;
        return true;
    }

    // $scmp("a","b"), $sicmp, and $spat("text","pattern"). Whoever split the line has taken the quotes away.
    bool compare(std::string_view name, u64& value) {
        skip();
        const auto comma = text_.find(',', at_), end = text_.find(')', at_);
        if (at_ == text_.size() || text_[at_] != '(' || end == text_.npos || comma > end)
            return fail("Syntax error"), false;
        const auto plain = [](std::string_view one) {
            while (!one.empty() && one.front() == ' ')
                one.remove_prefix(1);
            while (!one.empty() && one.back() == ' ')
                one.remove_suffix(1);
            if (one.size() > 1 && one.front() == '"' && one.back() == '"')
                one = one.substr(1, one.size() - 2);
            return std::string(one);
        };
        std::string first = plain(text_.substr(at_ + 1, comma - at_ - 1)),
                    second = plain(text_.substr(comma + 1, end - comma - 1));
        at_ = end + 1;
        if (name == "$spat") return value = matches_wildcards(second, first, true), true;
        if (name == "$sicmp") first = lower(first), second = lower(second);
        const int order = first.compare(second);
        value = order < 0 ? ~u64{0} : order > 0;
        return true;
    }

    // $vvalid(address, length)
    bool valid(u64& value) {
        skip();
        if (at_ == text_.size() || text_[at_] != '(') return fail("Syntax error"), false;
        ++at_;
        u64 address = binary(0);
        skip();
        if (at_ == text_.size() || text_[at_] != ',') return fail("Syntax error"), false;
        ++at_;
        const u64 length = binary(0);
        skip();
        if (at_ == text_.size() || text_[at_] != ')') return fail("Syntax error"), false;
        ++at_;
        value = 1;
        char byte;
        for (u64 left = length; value && left;) {
            const u64 to_next_page = 0x1000 - (address & 0xfff);
            value = source_.read && source_.read(address, &byte, 1);
            left -= std::min(left, to_next_page);
            address += to_next_page;
        }
        return error_.empty();
    }

    static bool number(std::string_view text, u64& value, bool& overflow) {
        unsigned base = 16;
        if (text.size() >= 2 && text[0] == '0') {
            const char prefix = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
            const unsigned other = prefix == 'x'   ? 16
                                   : prefix == 'n' ? 10
                                   : prefix == 't' ? 8
                                   : prefix == 'y' ? 2
                                                   : 0;
            if (other) {
                base = other;
                text.remove_prefix(2);
                if (text.empty()) return value = 0, true; // "0x" alone is zero
            }
        }
        if (base == 16 && text.size() > 1 && (text.back() == 'h' || text.back() == 'H'))
            text.remove_suffix(1);
        bool any = false, accent = false;
        value = 0;
        for (const char c : text) {
            if (c == '`') {
                accent = true;
                continue;
            }
            const unsigned digit = std::isdigit(static_cast<unsigned char>(c)) ? unsigned(c - '0')
                                   : std::isxdigit(static_cast<unsigned char>(c))
                                       ? unsigned(std::tolower(c) - 'a' + 10)
                                       : 99;
            if (digit >= base) return overflow = false;
            overflow |= value > (~u64{0} - digit) / base;
            value = value * base + digit;
            any = true;
        }
        if (!accent && value >= 0x80000000 && value <= 0xffffffff) value |= 0xffffffff00000000;
        return any;
    }

    std::string_view text_;
    const Source& source_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string error_;
};

template <class... Args> std::string text(const char* format, Args... args) {
    char line[256];
    std::snprintf(line, sizeof line, format, args...);
    return line;
}

// %g with at least three digits of exponent, as the debugger prints floating-point numbers.
std::string general(double value) {
    std::string result = text("%g", value);
    const std::size_t e = result.find('e');
    if (e != std::string::npos && result.size() - e - 2 < 3)
        result.insert(e + 2, 3 - (result.size() - e - 2), '0');
    return result;
}

struct CivilTime {
    std::int64_t year;
    unsigned month, day, weekday, hour, minute, second;
};

// Proleptic Gregorian calendar, from days since 1970-01-01.
CivilTime civil(std::int64_t seconds) {
    std::int64_t days = seconds / 86400;
    std::int64_t rest = seconds % 86400;
    if (rest < 0) rest += 86400, --days;
    CivilTime t{};
    t.weekday = static_cast<unsigned>(((days + 4) % 7 + 7) % 7);
    t.hour = unsigned(rest / 3600), t.minute = unsigned(rest / 60 % 60), t.second = unsigned(rest % 60);
    std::int64_t z = days + 719468;
    const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const auto doe = static_cast<std::uint64_t>(z - era * 146097);
    const std::uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const std::uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::uint64_t mp = (5 * doy + 2) / 153;
    t.day = unsigned(doy - (153 * mp + 2) / 5 + 1);
    t.month = unsigned(mp < 10 ? mp + 3 : mp - 9);
    t.year = static_cast<std::int64_t>(yoe) + era * 400 + (t.month <= 2);
    return t;
}

constexpr const char* DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string time_text(u64 value) {
    constexpr u64 LAST_FILETIME = 0x7fffffffffffffff;
    if (value <= 0xffffffff) {
        const CivilTime t = civil(static_cast<std::int64_t>(value));
        return text("%s %s %02u %02u:%02u:%02u %lld", DAYS[t.weekday], MONTHS[t.month - 1], t.day, t.hour,
                    t.minute, t.second, static_cast<long long>(t.year));
    }
    if (value > LAST_FILETIME) return "***** Invalid FILETIME";
    const CivilTime t = civil(static_cast<std::int64_t>(value / 10000000) - 11644473600);
    return text("%s %s %02u %02u:%02u:%02u.%03u %lld (UTC + 0:00)", DAYS[t.weekday], MONTHS[t.month - 1],
                t.day, t.hour, t.minute, t.second, unsigned(value / 10000 % 1000),
                static_cast<long long>(t.year));
}

} // namespace

bool evaluate_expression(std::string_view text, const Source& source, u64& value, std::string& error) {
    u64 result = 0;
    if (!Parser(text, source).run(result, error)) return false;
    value = result;
    return true;
}

std::string show_evaluated(u64 value) {
    return text("Evaluate expression: %lld = %08x`%08x\n", static_cast<long long>(value),
                unsigned(value >> 32), unsigned(value));
}

std::string show_formats(u64 value) {
    std::string binary, chars;
    for (int byte = 7; byte >= 0; --byte) {
        const auto b = static_cast<unsigned char>(value >> byte * 8);
        for (int bit = 7; bit >= 0; --bit)
            binary += b >> bit & 1 ? '1' : '0';
        if (byte) binary += ' ';
        chars += b >= 0x20 && b < 0x7f ? static_cast<char>(b) : '.';
    }
    float low, high;
    double whole;
    const auto low_bits = static_cast<std::uint32_t>(value),
               high_bits = static_cast<std::uint32_t>(value >> 32);
    std::memcpy(&low, &low_bits, 4);
    std::memcpy(&high, &high_bits, 4);
    std::memcpy(&whole, &value, 8);
    return "Evaluate expression:\n" + text("  Hex:     %08x`%08x\n", high_bits, low_bits) +
           text("  Decimal: %lld\n", static_cast<long long>(value)) +
           text("  Octal:   %022llo\n", static_cast<unsigned long long>(value)) + "  Binary:  " + binary +
           "\n" + "  Chars:   " + chars + "\n" + "  Time:    " + time_text(value) + "\n" + "  Float:   low " +
           general(low) + " high " + general(high) + "\n" + "  Double:  " + general(whole) + "\n";
}

} // namespace view
