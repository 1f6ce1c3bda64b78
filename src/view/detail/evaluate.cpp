// Arguments of commands as MASM expressions: hexadecimal by default, 0n decimal, 0x, 0y binary, ` within
// addresses; @register, symbols, poi(), + - * / & | ^ << >> and parentheses.
#include "view/detail/session.h"
#include <cctype>
#include <cstring>

namespace view {
namespace {

class Parser {
  public:
    Parser(Session& session, std::string_view text) : s_(session), text_(text) {}

    bool parse(std::uint64_t& value) {
        value = binary(0);
        skip();
        if (good_ && at_ != text_.size()) fail(at_);
        return good_;
    }
    bool memory_error() const { return memory_error_; }
    std::string_view bad() const { return text_.substr(bad_); }

  private:
    struct Operator {
        std::string_view text;
        int level;
    };
    static constexpr Operator operators[] = {{"|", 0}, {"^", 1}, {"&", 2}, {"<<", 3}, {">>", 3},
                                             {"+", 4}, {"-", 4}, {"*", 5}, {"/", 5},  {"%", 5}};

    void skip() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])))
            ++at_;
    }
    std::uint64_t fail(std::size_t where) {
        if (good_) bad_ = where;
        good_ = false;
        at_ = text_.size();
        return 0;
    }
    const Operator* next_operator(int level) {
        skip();
        for (const Operator& op : operators)
            if (op.level == level && text_.substr(at_).starts_with(op.text)) return &op;
        return nullptr;
    }
    std::uint64_t binary(int level) {
        if (level == 6) return unary();
        std::uint64_t value = binary(level + 1);
        while (const Operator* op = good_ ? next_operator(level) : nullptr) {
            const std::size_t where = at_;
            at_ += op->text.size();
            const std::uint64_t right = binary(level + 1);
            switch (op->text[0]) {
            case '|':
                value |= right;
                break;
            case '^':
                value ^= right;
                break;
            case '&':
                value &= right;
                break;
            case '<':
                value = right < 64 ? value << right : 0;
                break;
            case '>':
                value = right < 64 ? value >> right : 0;
                break;
            case '+':
                value += right;
                break;
            case '-':
                value -= right;
                break;
            case '*':
                value *= right;
                break;
            default:
                if (right == 0) return fail(where);
                value = op->text[0] == '/' ? value / right : value % right;
            }
        }
        return value;
    }
    std::uint64_t unary() {
        skip();
        if (at_ >= text_.size() || ++depth_ > 64) return fail(at_);
        const char c = text_[at_];
        std::uint64_t value;
        if (c == '-' || c == '+' || c == '~') {
            ++at_;
            value = unary();
            value = c == '-' ? -value : c == '~' ? ~value : value;
        } else if (c == '(') {
            value = parentheses();
        } else if (c == '@') {
            value = named_register();
        } else {
            value = word();
        }
        --depth_;
        return value;
    }
    std::uint64_t parentheses() {
        const std::size_t where = at_++;
        const std::uint64_t value = binary(0);
        skip();
        if (at_ >= text_.size() || text_[at_] != ')') return fail(where);
        ++at_;
        return value;
    }
    std::uint64_t named_register() {
        const std::size_t where = at_++;
        const std::string_view name = take_word();
        const Registers r = s_.machine.registers();
        const struct {
            std::string_view name;
            std::uint64_t value;
        } known[] = {{"rax", r.rax},
                     {"rbx", r.rbx},
                     {"rcx", r.rcx},
                     {"rdx", r.rdx},
                     {"rsi", r.rsi},
                     {"rdi", r.rdi},
                     {"rbp", r.rbp},
                     {"rsp", r.rsp},
                     {"r8", r.r8},
                     {"r9", r.r9},
                     {"r10", r.r10},
                     {"r11", r.r11},
                     {"r12", r.r12},
                     {"r13", r.r13},
                     {"r14", r.r14},
                     {"r15", r.r15},
                     {"rip", r.rip},
                     {"$ip", r.rip},
                     {"$csp", r.rsp},
                     {"efl", r.eflags},
                     {"eax", r.rax & 0xffffffff},
                     {"ecx", r.rcx & 0xffffffff},
                     {"edx", r.rdx & 0xffffffff}};
        for (const auto& one : known)
            if (equal_ignoring_case(one.name, name)) return one.value;
        if (equal_ignoring_case(name, "$thread")) return s_.machine.current_thread();
        if (equal_ignoring_case(name, "$proc")) return s_.machine.current_process();
        if (equal_ignoring_case(name, "$pcr")) return s_.machine.pcr(s_.machine.current_processor());
        return fail(where);
    }
    std::string_view take_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) || std::strchr("_$!`.:?@", text_[at_])))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }
    std::uint64_t word() {
        const std::size_t where = at_;
        const std::string_view text = take_word();
        if (text.empty()) return fail(where);
        std::uint64_t value = 0;
        skip();
        if (at_ < text_.size() && text_[at_] == '(') {
            const unsigned size = equal_ignoring_case(text, "poi") || equal_ignoring_case(text, "qwo") ? 8
                                  : equal_ignoring_case(text, "dwo")                                   ? 4
                                  : equal_ignoring_case(text, "wo")                                    ? 2
                                  : equal_ignoring_case(text, "by")                                    ? 1
                                                                                                       : 0;
            if (!size) return fail(where);
            const std::uint64_t address = parentheses();
            if (good_ && !s_.machine.read(address, &value, size)) {
                memory_error_ = true;
                return fail(where);
            }
            return value;
        }
        if (number(text, value)) return value;
        if (s_.find_symbol(text, value)) return value;
        return fail(where);
    }
    static bool number(std::string_view text, std::uint64_t& value) {
        unsigned base = 16;
        if (text.size() > 2 && text[0] == '0') {
            const char prefix = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
            if (prefix == 'n' || prefix == 'x' || prefix == 'y' || prefix == 't') {
                base = prefix == 'n' ? 10 : prefix == 'x' ? 16 : prefix == 'y' ? 2 : 8;
                text.remove_prefix(2);
            }
        }
        bool any = false;
        value = 0;
        for (const char c : text) {
            if (c == '`') continue;
            const int digit = std::isdigit(static_cast<unsigned char>(c))    ? c - '0'
                              : std::isxdigit(static_cast<unsigned char>(c)) ? std::tolower(c) - 'a' + 10
                                                                             : 99;
            if (digit >= static_cast<int>(base)) return false;
            value = value * base + static_cast<unsigned>(digit);
            any = true;
        }
        return any;
    }

    Session& s_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t bad_ = 0;
    int depth_ = 0;
    bool good_ = true;
    bool memory_error_ = false;
};

} // namespace

bool Session::evaluate(std::string_view text, std::uint64_t& value) {
    Parser parser(*this, text);
    std::uint64_t result = 0;
    if (parser.parse(result)) {
        value = result;
        return true;
    }
    if (parser.memory_error())
        error("Memory access error at '%s'\n", std::string(parser.bad()).c_str());
    else
        error("Couldn't resolve error at '%s'\n", std::string(parser.bad()).c_str());
    return false;
}

} // namespace view
