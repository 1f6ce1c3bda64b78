#include "rtl/time.h"

namespace nt::rtl {

namespace {

constexpr LONGLONG per_millisecond = 10'000, per_second = 10'000'000, per_day = 86'400 * per_second;
constexpr LONGLONG days_to_1970 = 134'774, days_to_1980 = 138'426; // from 1601-01-01

// Days from 1601-01-01 to the first of a month, by the Gregorian calendar with years that begin in March.
LONGLONG days_before(LONG year, LONG month) {
    const LONGLONG y = month <= 2 ? year - 1 : year;
    const LONGLONG m = month <= 2 ? month + 9 : month - 3;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 584'694;
}

bool leap(LONG year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
LONG days_in_month(LONG year, LONG month) {
    constexpr UCHAR days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

bool to_seconds(LONGLONG time, LONGLONG days, ULONG& seconds) {
    const LONGLONG s = time / per_second - days * 86'400;
    if (time < 0 || s < 0 || s > 0xFFFFFFFFll) return false;
    seconds = static_cast<ULONG>(s);
    return true;
}

} // namespace

void time_to_fields(LONGLONG time, TIME_FIELDS& fields) {
    const LONGLONG days = time / per_day;
    LONGLONG rest = time % per_day / per_millisecond;
    fields.Milliseconds = static_cast<CSHORT>(rest % 1000);
    rest /= 1000;
    fields.Second = static_cast<CSHORT>(rest % 60);
    fields.Minute = static_cast<CSHORT>(rest / 60 % 60);
    fields.Hour = static_cast<CSHORT>(rest / 3600);
    fields.Weekday = static_cast<CSHORT>((days + 1) % 7); // 1601-01-01 was a Monday
    // 400 years have 146,097 days; refine by at most one year and then by months.
    LONG year = static_cast<LONG>(1601 + days * 400 / 146'097);
    while (days_before(year, 1) > days)
        year--;
    while (days_before(year + 1, 1) <= days)
        year++;
    LONG month = 1;
    while (month < 12 && days_before(year, month + 1) <= days)
        month++;
    fields.Year = static_cast<CSHORT>(year);
    fields.Month = static_cast<CSHORT>(month);
    fields.Day = static_cast<CSHORT>(days - days_before(year, month) + 1);
}

bool fields_to_time(const TIME_FIELDS& f, LONGLONG& time) {
    if (f.Year < 1601 || f.Year > 30827 || f.Month < 1 || f.Month > 12) return false;
    if (f.Day < 1 || f.Day > days_in_month(f.Year, f.Month)) return false;
    if (f.Hour < 0 || f.Hour > 23 || f.Minute < 0 || f.Minute > 59 || f.Second < 0 || f.Second > 59)
        return false;
    if (f.Milliseconds < 0 || f.Milliseconds > 999) return false;
    time = (days_before(f.Year, f.Month) + f.Day - 1) * per_day +
           ((f.Hour * 60ll + f.Minute) * 60 + f.Second) * per_second + f.Milliseconds * per_millisecond;
    return true;
}

bool time_to_seconds_since_1970(LONGLONG time, ULONG& seconds) {
    return to_seconds(time, days_to_1970, seconds);
}
bool time_to_seconds_since_1980(LONGLONG time, ULONG& seconds) {
    return to_seconds(time, days_to_1980, seconds);
}
LONGLONG seconds_since_1970_to_time(ULONG seconds) { return days_to_1970 * per_day + seconds * per_second; }
LONGLONG seconds_since_1980_to_time(ULONG seconds) { return days_to_1980 * per_day + seconds * per_second; }

} // namespace nt::rtl
