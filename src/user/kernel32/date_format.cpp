// Dates and times as text, by the pictures of "Day, Month, Year, and Era Format Pictures" and "Hour, Minute,
// and Second Format Pictures", in en-US.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" {
INT GetLocaleInfoW(LCID locale, DWORD type, WCHAR* to, INT size);
void GetLocalTime(SYSTEMTIME* to);
BOOL SystemTimeToFileTime(const SYSTEMTIME* from, FILETIME* to);
BOOL FileTimeToSystemTime(const FILETIME* from, SYSTEMTIME* to);
}

namespace {

constexpr DWORD DATE_SHORTDATE = 1, DATE_LONGDATE = 2, DATE_YEARMONTH = 8;
constexpr DWORD TIME_NOMINUTESORSECONDS = 1, TIME_NOSECONDS = 2, TIME_NOTIMEMARKER = 4,
                TIME_FORCE24HOURFORMAT = 8;
constexpr DWORD LOCALE_SSHORTDATE = 0x1F, LOCALE_SLONGDATE = 0x20, LOCALE_SDAYNAME1 = 0x2A,
                LOCALE_SABBREVDAYNAME1 = 0x31, LOCALE_SMONTHNAME1 = 0x38, LOCALE_SABBREVMONTHNAME1 = 0x44,
                LOCALE_S1159 = 0x28, LOCALE_S2359 = 0x29, LOCALE_STIMEFORMAT = 0x1003,
                LOCALE_SYEARMONTH = 0x1006;

struct Line {
    WCHAR text[256];
    ULONG size = 0;
    void add(WCHAR c) {
        if (size < 255) text[size++] = c;
    }
    void add(const WCHAR* s) {
        while (*s)
            add(*s++);
    }
    void number(ULONG value, ULONG digits) {
        for (ULONG unit = 1000, left = 4; left; unit /= 10, --left)
            if (left <= digits || value >= unit) add(WCHAR('0' + value / unit % 10));
    }
    void name(DWORD type) {
        WCHAR word[40];
        if (GetLocaleInfoW(0x409, type, word, 40)) add(word);
    }
    void drop_spaces() {
        while (size && text[size - 1] == ' ')
            --size;
    }
};

// One run of a picture letter.
void date_part(Line& out, WCHAR letter, ULONG count, const SYSTEMTIME& t) {
    switch (letter) {
    case 'd':
        if (count < 3) return out.number(t.wDay, count);
        return out.name((count == 3 ? LOCALE_SABBREVDAYNAME1 : LOCALE_SDAYNAME1) + (t.wDayOfWeek + 6) % 7);
    case 'M':
        if (count < 3) return out.number(t.wMonth, count);
        return out.name((count == 3 ? LOCALE_SABBREVMONTHNAME1 : LOCALE_SMONTHNAME1) + t.wMonth - 1);
    case 'y':
        return count < 3 ? out.number(t.wYear % 100, count) : out.number(t.wYear, 4);
    case 'g':
        return out.add(u"A.D.");
    default:
        for (; count; --count)
            out.add(letter);
    }
}
void time_part(Line& out, WCHAR letter, ULONG count, const SYSTEMTIME& t, DWORD flags) {
    ULONG digits = count < 2 ? 1 : 2;
    // What a flag leaves out takes the separator before it along.
    auto omit = [&] {
        while (out.size && (out.text[out.size - 1] == ':' || out.text[out.size - 1] == '.'))
            --out.size;
    };
    switch (letter) {
    case 'h':
        if (!(flags & TIME_FORCE24HOURFORMAT)) return out.number(t.wHour % 12 ? t.wHour % 12 : 12, digits);
        [[fallthrough]];
    case 'H':
        return out.number(t.wHour, digits);
    case 'm':
        return flags & TIME_NOMINUTESORSECONDS ? omit() : out.number(t.wMinute, digits);
    case 's':
        return flags & (TIME_NOMINUTESORSECONDS | TIME_NOSECONDS) ? omit() : out.number(t.wSecond, digits);
    case 't': {
        if (flags & TIME_NOTIMEMARKER) return out.drop_spaces();
        const DWORD marker = t.wHour < 12 ? LOCALE_S1159 : LOCALE_S2359;
        WCHAR word[8];
        if (GetLocaleInfoW(0x409, marker, word, 8)) count == 1 ? out.add(word[0]) : out.add(word);
        return;
    }
    default:
        for (; count; --count)
            out.add(letter);
    }
}

template <class Part> void picture(Line& out, const WCHAR* format, Part part) {
    while (*format) {
        if (*format == '\'') {
            for (++format; *format && !(*format == '\'' && format[1] != '\''); ++format) {
                if (*format == '\'') ++format;
                out.add(*format);
            }
            if (*format) ++format;
            continue;
        }
        ULONG count = 1;
        while (format[count] == *format)
            ++count;
        part(*format, count);
        format += count;
    }
}

bool take(const SYSTEMTIME* given, SYSTEMTIME* t, bool date) {
    if (!given) return GetLocalTime(t), true;
    *t = *given;
    if (!date) return t->wHour < 24 && t->wMinute < 60 && t->wSecond < 60;
    FILETIME file; // checks the date and finds its day of the week
    SYSTEMTIME day{t->wYear, t->wMonth, 0, t->wDay, 0, 0, 0, 0};
    if (!SystemTimeToFileTime(&day, &file) || !FileTimeToSystemTime(&file, &day)) return false;
    t->wDayOfWeek = day.wDayOfWeek;
    return true;
}

template <class Char> INT give(const Line& line, Char* to, INT size) {
    if (size < 0) return fail_with(ERROR_INVALID_PARAMETER);
    if (!size) return INT(line.size + 1);
    DWORD n = return_string(to, DWORD(size), line.text, line.size);
    return n < DWORD(size) ? INT(n + 1) : fail_with(ERROR_INSUFFICIENT_BUFFER);
}

template <class Char>
INT format_date(DWORD flags, const SYSTEMTIME* given, const WCHAR* format, Char* to, INT size) {
    SYSTEMTIME t;
    WCHAR own[64];
    Line line;
    if (!take(given, &t, true)) return fail_with(ERROR_INVALID_PARAMETER);
    if (!format) {
        GetLocaleInfoW(0x409,
                       flags & DATE_LONGDATE    ? LOCALE_SLONGDATE
                       : flags & DATE_YEARMONTH ? LOCALE_SYEARMONTH
                                                : LOCALE_SSHORTDATE,
                       own, 64);
        format = own;
    } else if (flags & (DATE_SHORTDATE | DATE_LONGDATE | DATE_YEARMONTH))
        return fail_with(ERROR_INVALID_FLAGS);
    picture(line, format, [&](WCHAR letter, ULONG count) { date_part(line, letter, count, t); });
    return give(line, to, size);
}
template <class Char>
INT format_time(DWORD flags, const SYSTEMTIME* given, const WCHAR* format, Char* to, INT size) {
    SYSTEMTIME t;
    WCHAR own[64];
    Line line;
    if (!take(given, &t, false)) return fail_with(ERROR_INVALID_PARAMETER);
    if (!format) {
        GetLocaleInfoW(0x409, LOCALE_STIMEFORMAT, own, 64);
        format = own;
    }
    picture(line, format, [&](WCHAR letter, ULONG count) { time_part(line, letter, count, t, flags); });
    return give(line, to, size);
}

} // namespace

extern "C" {

INT GetDateFormatW(LCID, DWORD flags, const SYSTEMTIME* t, const WCHAR* format, WCHAR* to, INT size) {
    return format_date(flags, t, format, to, size);
}
INT GetDateFormatA(LCID, DWORD flags, const SYSTEMTIME* t, const CHAR* format, CHAR* to, INT size) {
    Wide wide(format);
    return wide.ok() ? format_date(flags, t, wide.get(), to, size) : 0;
}
INT GetDateFormatEx(const WCHAR*, DWORD flags, const SYSTEMTIME* t, const WCHAR* format, WCHAR* to, INT size,
                    const WCHAR*) {
    return format_date(flags, t, format, to, size);
}
INT GetTimeFormatW(LCID, DWORD flags, const SYSTEMTIME* t, const WCHAR* format, WCHAR* to, INT size) {
    return format_time(flags, t, format, to, size);
}
INT GetTimeFormatA(LCID, DWORD flags, const SYSTEMTIME* t, const CHAR* format, CHAR* to, INT size) {
    Wide wide(format);
    return wide.ok() ? format_time(flags, t, wide.get(), to, size) : 0;
}
INT GetTimeFormatEx(const WCHAR*, DWORD flags, const SYSTEMTIME* t, const WCHAR* format, WCHAR* to,
                    INT size) {
    return format_time(flags, t, format, to, size);
}

} // extern "C"
} // namespace nt
