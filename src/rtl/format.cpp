#include "rtl/format.h"
#include "rtl/strings.h"

namespace nt::rtl {

namespace {

constexpr std::size_t chunk = 64;
constexpr LONG most = 0x7fffffff;

template <class C> class Formatter {
  public:
    Formatter(const MemoryReader& memory, const FormatSink<C>& sink, const ULONG_PTR* args,
              PrintFloat print_float)
        : memory_(memory), sink_(sink), args_(args), print_float_(print_float) {}

    LONGLONG run(const C* text, ULONG_PTR* fault) {
        at_ = reinterpret_cast<ULONG_PTR>(text);
        C c;
        while (!failed_ && (c = take())) {
            if (c != '%')
                put(c);
            else if (!specification())
                break;
        }
        flush();
        *fault = fault_;
        return failed_ ? -1 : static_cast<LONGLONG>(length_);
    }

  private:
    // The format's next character; 0 at the end.
    C take() {
        C c = 0;
        if (!get(at_, c)) return 0;
        at_ += sizeof(C);
        return c;
    }
    C peek(int ahead = 0) {
        C c = 0;
        if (!get(at_ + static_cast<ULONG_PTR>(ahead) * sizeof(C), c)) return 0;
        return c;
    }
    template <class T> bool get(ULONG_PTR address, T& value) {
        if (memory_.get(address, value)) return true;
        if (!failed_) fault_ = address;
        failed_ = true;
        return false;
    }
    void put(C c) {
        if (length_++ >= sink_.most) return;
        buffer_[used_++] = c;
        if (used_ == chunk) flush();
    }
    void flush() {
        if (used_ && !failed_ && !sink_.put(sink_.context, buffer_, used_)) failed_ = true;
        used_ = 0;
    }
    void pad(LONGLONG n, C c) {
        for (; n > 0 && !failed_ && length_ < sink_.most; n--)
            put(c);
        if (n > 0) length_ += static_cast<ULONGLONG>(n);
    }
    ULONG_PTR next() { return *args_++; }

    LONG number() {
        if (peek() == '*') {
            take();
            return static_cast<LONG>(next());
        }
        LONG n = 0;
        while (peek() >= '0' && peek() <= '9' && n < 0x1000000)
            n = n * 10 + (take() - '0');
        return n;
    }

    bool specification() {
        left_ = plus_ = space_ = alternate_ = zero_ = wide_ = narrow_ = false;
        bits_ = 32;
        for (bool more = true; more;) {
            switch (peek()) {
            case '-':
                left_ = true;
                break;
            case '+':
                plus_ = true;
                break;
            case ' ':
                space_ = true;
                break;
            case '#':
                alternate_ = true;
                break;
            case '0':
                zero_ = true;
                break;
            default:
                more = false;
                continue;
            }
            take();
        }
        width_ = number();
        if (width_ < 0) left_ = true, width_ = width_ < -most ? most : -width_;
        precision_ = -1;
        if (peek() == '.') {
            take();
            precision_ = number();
        }
        for (;;) {
            switch (const C c = take()) {
            case 'h':
                narrow_ = true, bits_ = bits_ == 16 ? 8 : 16;
                continue;
            case 'l':
                if (wide_) bits_ = 64;
                wide_ = true;
                continue;
            case 'w':
                wide_ = true;
                continue;
            case 'I':
                if (peek() == '6' && peek(1) == '4')
                    take(), take(), bits_ = 64;
                else if (peek() == '3' && peek(1) == '2')
                    take(), take(), bits_ = 32;
                else
                    bits_ = 64;
                continue;
            case 'L':
                continue; // a long double is a double
            case 'z':
            case 't':
            case 'j':
                bits_ = 64;
                continue;
            default:
                return convert(c);
            }
        }
    }

    bool convert(C kind) {
        switch (kind) {
        case 0:
            return false;
        case 'd':
        case 'i': {
            const ULONG shift = 64 - bits_;
            const auto value = static_cast<LONGLONG>(next() << shift) >> shift;
            const auto magnitude = static_cast<ULONGLONG>(value);
            integer(value < 0 ? 0 - magnitude : magnitude, 10, false,
                    value < 0 ? '-'
                    : plus_   ? '+'
                    : space_  ? ' '
                              : 0);
            break;
        }
        case 'u':
            integer(argument(), 10, false, 0);
            break;
        case 'o':
            integer(argument(), 8, false, 0);
            break;
        case 'x':
            integer(argument(), 16, false, 0);
            break;
        case 'X':
            integer(argument(), 16, true, 0);
            break;
        case 'p':
            bits_ = 64, precision_ = 16, alternate_ = false;
            integer(argument(), 16, true, 0);
            break;
        case 'c':
            character(is_wide(false));
            break;
        case 'C':
            character(is_wide(true));
            break;
        case 's':
        case 'S':
            if (is_wide(kind == 'S'))
                text<WCHAR>(next());
            else
                text<CHAR>(next());
            break;
        case 'Z':
            counted(next());
            break;
        case 'n':
            next();
            break;
        case 'a':
        case 'e':
        case 'f':
        case 'g':
        case 'A':
        case 'E':
        case 'F':
        case 'G':
            if (print_float_)
                floating(static_cast<char>(kind));
            else
                put(kind);
            break;
        default:
            put(kind);
        }
        return true;
    }

    bool is_wide(bool opposite) const { return wide_ || (!narrow_ && (sizeof(C) == 2) != opposite); }
    ULONGLONG argument() {
        const ULONGLONG value = next();
        return bits_ == 64 ? value : value & ((1ull << bits_) - 1);
    }

    static C converted(WCHAR c) {
        if constexpr (sizeof(C) == 2)
            return c;
        else
            return unicode_to_ansi(c);
    }
    static C converted(CHAR c) {
        if constexpr (sizeof(C) == 2)
            return ansi_to_unicode(c);
        else
            return c;
    }

    void character(bool wide) {
        const auto value = next();
        if (!left_) pad(width_ - 1, zero_ ? '0' : ' ');
        put(wide ? converted(static_cast<WCHAR>(value)) : converted(static_cast<CHAR>(value)));
        if (left_) pad(width_ - 1, ' ');
    }

    void integer(ULONGLONG value, ULONG base, bool upper, char sign) {
        char digits[24];
        int n = 0;
        const bool prefix = alternate_ && base == 16 && value;
        for (; value; value /= base)
            digits[n++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
        if (n == 0 && precision_ != 0) digits[n++] = '0';
        if (alternate_ && base == 8 && (n == 0 || digits[n - 1] != '0')) digits[n++] = '0';
        LONGLONG zeros = precision_ > n ? precision_ - n : 0;
        LONGLONG spaces = width_ - n - zeros - (sign ? 1 : 0) - (prefix ? 2 : 0);
        if (zero_ && !left_ && precision_ < 0 && spaces > 0) zeros = spaces, spaces = 0;
        if (!left_) pad(spaces, ' ');
        if (sign) put(sign);
        if (prefix) put('0'), put(upper ? 'X' : 'x');
        pad(zeros, '0');
        while (n)
            put(digits[--n]);
        if (left_) pad(spaces, ' ');
    }

    void floating(char letter) {
        constexpr ULONGLONG sign_bit = 1ull << 63, exponent = 0x7ffull << 52, quiet = 1ull << 51;
        const ULONGLONG bits = next(), magnitude = bits & ~sign_bit, fraction = bits & ((1ull << 52) - 1);
        const bool upper = letter < 'a', hexadecimal = (letter | 0x20) == 'a';
        const char sign = bits & sign_bit ? '-' : plus_ ? '+' : space_ ? ' ' : 0;
        if ((bits & exponent) == exponent) {
            const char* text = fraction == 0                          ? "inf"
                               : !(fraction & quiet)                  ? "nan(snan)"
                               : bits & sign_bit && fraction == quiet ? "nan(ind)"
                                                                      : "nan";
            return number_text(sign, text, __builtin_strlen(text), 0, upper, false, false);
        }
        const char kind = static_cast<char>(letter | 0x20);
        const LONG precision = precision_ >= 0 ? precision_ : hexadecimal ? 13 : 6;
        const LONG printed = precision < most_precision ? precision : most_precision;
        struct Context {
            Formatter& self;
            LONG more; // digits, which are zeros
            char sign;
            bool upper, hexadecimal;
        } context{*this, kind != 'g' || alternate_ ? precision - printed : 0, sign, upper, hexadecimal};
        print_float_(
            {__builtin_bit_cast(double, magnitude), kind, printed, alternate_},
            [](void* c, const char* text, std::size_t n) {
                const auto& [self, more, sign, upper, hexadecimal] = *static_cast<Context*>(c);
                self.number_text(sign, text, n, more, upper, hexadecimal, self.zero_);
                return !self.failed_;
            },
            &context);
    }

    // `more` zeros come before the exponent.
    void number_text(char sign, const char* text, std::size_t n, LONG more, bool upper, bool hexadecimal,
                     bool zeros) {
        const LONGLONG room =
            width_ - static_cast<LONGLONG>(n) - more - (sign ? 1 : 0) - (hexadecimal ? 2 : 0);
        const bool filled = zeros && !left_;
        if (!left_ && !filled) pad(room, ' ');
        if (sign) put(sign);
        if (hexadecimal) put('0'), put(upper ? 'X' : 'x');
        if (filled) pad(room, '0');
        for (std::size_t i = 0; i < n && !failed_; i++) {
            if (text[i] == (hexadecimal ? 'p' : 'e')) pad(more, '0'), more = 0;
            put(upper && text[i] >= 'a' && text[i] <= 'z' ? static_cast<C>(text[i] - 0x20) : text[i]);
        }
        pad(more, '0');
        if (left_) pad(room, ' ');
    }

    // `count` characters at `address`, in the width.
    template <class S> void characters(ULONG_PTR address, ULONGLONG count) {
        const LONGLONG spaces = width_ - static_cast<LONGLONG>(count);
        if (!left_) pad(spaces, zero_ ? '0' : ' ');
        for (ULONGLONG i = 0; i < count && !failed_; i++) {
            S c;
            if (get(address + i * sizeof(S), c)) put(converted(c));
        }
        if (left_) pad(spaces, ' ');
    }

    template <class S> void text(ULONG_PTR address) {
        if (!address) {
            null_text();
            return;
        }
        ULONGLONG n = 0;
        for (S c; (precision_ < 0 || n < static_cast<ULONGLONG>(precision_)); n++)
            if (!get(address + n * sizeof(S), c) || !c) break;
        if (!failed_) characters<S>(address, n);
    }

    void null_text() {
        const char* s = "(null)";
        LONG n = precision_ >= 0 && precision_ < 6 ? precision_ : 6;
        if (!left_) pad(width_ - n, ' ');
        for (LONG i = 0; i < n; i++)
            put(s[i]);
        if (left_) pad(width_ - n, ' ');
    }

    void counted(ULONG_PTR address) {
        UNICODE_STRING s; // STRING has the same layout
        if (!address) {
            null_text();
            return;
        }
        if (!get(address, s)) return;
        if (!s.Buffer) {
            null_text();
            return;
        }
        const auto buffer = reinterpret_cast<ULONG_PTR>(s.Buffer);
        ULONGLONG n = wide_ ? s.Length / sizeof(WCHAR) : s.Length;
        if (precision_ >= 0 && n > static_cast<ULONGLONG>(precision_)) n = static_cast<ULONGLONG>(precision_);
        if (wide_)
            characters<WCHAR>(buffer, n);
        else
            characters<CHAR>(buffer, n);
    }

    const MemoryReader& memory_;
    const FormatSink<C>& sink_;
    const ULONG_PTR* args_;
    PrintFloat print_float_;
    ULONG_PTR at_ = 0, fault_ = 0;
    C buffer_[chunk];
    std::size_t used_ = 0;
    ULONGLONG length_ = 0;
    LONG width_ = 0, precision_ = -1;
    ULONG bits_ = 32;
    bool failed_ = false;
    bool left_ = false, plus_ = false, space_ = false, alternate_ = false, zero_ = false, wide_ = false,
         narrow_ = false;
};

} // namespace

LONGLONG format(const MemoryReader& memory, const FormatSink<CHAR>& sink, const CHAR* text,
                const ULONG_PTR* args, ULONG_PTR* fault, PrintFloat print_float) {
    return Formatter<CHAR>(memory, sink, args, print_float).run(text, fault);
}

LONGLONG format(const MemoryReader& memory, const FormatSink<WCHAR>& sink, const WCHAR* text,
                const ULONG_PTR* args, ULONG_PTR* fault, PrintFloat print_float) {
    return Formatter<WCHAR>(memory, sink, args, print_float).run(text, fault);
}

} // namespace nt::rtl
