// printf for char and WCHAR without floating point, with Microsoft's sizes: h, l, ll, I64, I32, w, z; %Z and
// %wZ take a counted string. Documented result: characters written, or -1 when they do not fit (then without
// a terminator if full).
#include "internal.h"

namespace nt {

namespace {

template <class C> class Formatter {
  public:
    Formatter(C* to, std::size_t room) : to_(to), room_(room) {}

    int run(const C* format, va_list arguments) {
        for (const C* p = format; *p; p++) {
            if (*p != '%') {
                put(*p);
                continue;
            }
            p++;
            if (*p == '%') {
                put('%');
                continue;
            }
            p = flags(p, arguments);
            if (!*p) break;
            convert(*p, arguments);
        }
        if (length_ < room_) to_[length_] = 0;
        return length_ > room_ ? -1 : static_cast<int>(length_);
    }

  private:
    void put(C c) {
        if (length_ < room_) to_[length_] = c;
        length_++;
    }
    void pad(int n, C c) {
        while (n-- > 0)
            put(c);
    }

    const C* flags(const C* p, va_list& arguments) {
        left_ = plus_ = space_ = alternate_ = zero_ = false;
        width_ = 0;
        precision_ = -1;
        size_ = 4;
        wide_ = narrow_ = false;
        for (;; p++) {
            if (*p == '-')
                left_ = true;
            else if (*p == '+')
                plus_ = true;
            else if (*p == ' ')
                space_ = true;
            else if (*p == '#')
                alternate_ = true;
            else if (*p == '0')
                zero_ = true;
            else
                break;
        }
        p = number(p, width_, arguments);
        if (width_ < 0) {
            left_ = true;
            width_ = -width_;
        }
        if (*p == '.') {
            precision_ = 0;
            p = number(p + 1, precision_, arguments);
        }
        for (;; p++) {
            if (*p == 'h') {
                narrow_ = true;
                size_ = 2;
            } else if (*p == 'l') {
                if (p[1] == 'l') {
                    p++;
                    size_ = 8;
                } else {
                    wide_ = true;
                }
            } else if (*p == 'w') {
                wide_ = true;
            } else if (*p == 'I' && p[1] == '6' && p[2] == '4') {
                p += 2;
                size_ = 8;
            } else if (*p == 'I' && p[1] == '3' && p[2] == '2') {
                p += 2;
            } else if (*p == 'I' || *p == 'z' || *p == 't' || *p == 'j') {
                size_ = 8;
            } else {
                return p;
            }
        }
    }

    const C* number(const C* p, int& value, va_list& arguments) {
        if (*p == '*') {
            value = va_arg(arguments, int);
            return p + 1;
        }
        for (; *p >= '0' && *p <= '9'; p++)
            value = value * 10 + (*p - '0');
        return p;
    }

    void convert(C kind, va_list& arguments) {
        switch (kind) {
        case 'd':
        case 'i': {
            const long long value = size_ == 8   ? va_arg(arguments, long long)
                                    : size_ == 2 ? static_cast<short>(va_arg(arguments, int))
                                                 : va_arg(arguments, int);
            integer(value < 0 ? 0 - static_cast<unsigned long long>(value)
                              : static_cast<unsigned long long>(value),
                    10, false,
                    value < 0 ? '-'
                    : plus_   ? '+'
                    : space_  ? ' '
                              : 0);
            break;
        }
        case 'u':
            integer(argument(arguments), 10, false, 0);
            break;
        case 'o':
            integer(argument(arguments), 8, false, 0);
            break;
        case 'x':
            integer(argument(arguments), 16, false, 0);
            break;
        case 'X':
            integer(argument(arguments), 16, true, 0);
            break;
        case 'p':
            size_ = 8;
            precision_ = 16;
            alternate_ = false;
            integer(argument(arguments), 16, true, 0);
            break;
        case 'c':
        case 'C': {
            const auto c = static_cast<C>(va_arg(arguments, int));
            if (!left_) pad(width_ - 1, ' ');
            put(c);
            if (left_) pad(width_ - 1, ' ');
            break;
        }
        case 's':
            text(is_wide(false), arguments);
            break;
        case 'S':
            text(is_wide(true), arguments);
            break;
        case 'Z':
            counted(arguments);
            break;
        default:
            put(kind); // not ours: shown as it is
        }
    }

    bool is_wide(bool opposite) const {
        if (wide_) return true;
        if (narrow_) return false;
        return (sizeof(C) == 2) != opposite;
    }

    unsigned long long argument(va_list& arguments) {
        if (size_ == 8) return va_arg(arguments, unsigned long long);
        const auto value = va_arg(arguments, unsigned);
        return size_ == 2 ? static_cast<unsigned short>(value) : value;
    }

    void integer(unsigned long long value, unsigned base, bool upper, char sign) {
        char digits[24];
        int n = 0;
        const bool nothing = value == 0;
        for (; value; value /= base) {
            const auto d = static_cast<int>(value % base);
            digits[n++] = static_cast<char>(d < 10 ? '0' + d : (upper ? 'A' : 'a') + d - 10);
        }
        if (nothing && precision_ != 0) digits[n++] = '0';
        const bool prefix = alternate_ && base == 16 && !nothing;
        int zeros = precision_ > n ? precision_ - n : 0;
        int spaces = width_ - n - zeros - (sign ? 1 : 0) - (prefix ? 2 : 0);
        if (zero_ && !left_ && precision_ < 0 && spaces > 0) {
            zeros = spaces;
            spaces = 0;
        }
        if (!left_) pad(spaces, ' ');
        if (sign) put(static_cast<C>(sign));
        if (prefix) {
            put('0');
            put(upper ? 'X' : 'x');
        }
        pad(zeros, '0');
        while (n)
            put(static_cast<C>(digits[--n]));
        if (left_) pad(spaces, ' ');
    }

    template <class S> void characters(const S* s, std::size_t n) {
        const int spaces = width_ - static_cast<int>(n);
        if (!left_) pad(spaces, ' ');
        for (std::size_t i = 0; i < n; i++)
            put(static_cast<C>(s[i]));
        if (left_) pad(spaces, ' ');
    }

    void text(bool wide, va_list& arguments) {
        const std::size_t most = precision_ < 0 ? ~std::size_t(0) : static_cast<std::size_t>(precision_);
        if (wide) {
            const auto* s = va_arg(arguments, const WCHAR*);
            if (!s) s = u"(null)";
            characters(s, wcsnlen(s, most));
        } else {
            const auto* s = va_arg(arguments, const char*);
            if (!s) s = "(null)";
            characters(reinterpret_cast<const unsigned char*>(s), strnlen(s, most));
        }
    }

    void counted(va_list& arguments) {
        if (wide_ || sizeof(C) == 2) {
            const auto* s = va_arg(arguments, const UNICODE_STRING*);
            if (s && s->Buffer) characters(s->Buffer, s->Length / 2);
        } else {
            const auto* s = va_arg(arguments, const STRING*);
            if (s && s->Buffer) characters(reinterpret_cast<const unsigned char*>(s->Buffer), s->Length);
        }
    }

    C* to_;
    std::size_t room_, length_ = 0;
    bool left_, plus_, space_, alternate_, zero_, wide_, narrow_;
    int width_, precision_, size_;
};

} // namespace

extern "C" {

int _vsnprintf(char* to, std::size_t n, const char* format, va_list arguments) {
    return Formatter<char>(to, n).run(format, arguments);
}
int _vsnwprintf(WCHAR* to, std::size_t n, const WCHAR* format, va_list arguments) {
    return Formatter<WCHAR>(to, n).run(format, arguments);
}
int _snprintf(char* to, std::size_t n, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int result = _vsnprintf(to, n, format, arguments);
    va_end(arguments);
    return result;
}
int sprintf(char* to, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int result = _vsnprintf(to, 0x7fffffff, format, arguments);
    va_end(arguments);
    return result;
}
int _snwprintf(WCHAR* to, std::size_t n, const WCHAR* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int result = _vsnwprintf(to, n, format, arguments);
    va_end(arguments);
    return result;
}

} // extern "C"
} // namespace nt
