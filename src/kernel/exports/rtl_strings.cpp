// Counted strings: nf-wdm-rtlinitunicodestring, nf-wdm-rtlcopyunicodestring, nf-wdm-rtlappendunicodetostring,
// nf-wdm-rtlcompareunicodestring, nf-wdm-rtlequalunicodestring … The work is in rtl/strings.h.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "rtl/strings.h"

using namespace nt;
using namespace nt::exports;

extern "C" void RtlInitUnicodeString(UNICODE_STRING* to, const WCHAR* from) {
    if (from) need_string(from);
    rtl::init(need_out(to), from);
}
GATE(RtlInitUnicodeString);

extern "C" NTSTATUS RtlInitUnicodeStringEx(UNICODE_STRING* to, const WCHAR* from) {
    if (from && need_string(from) > 0xFFFC) return STATUS_NAME_TOO_LONG;
    rtl::init(need_out(to), from);
    return STATUS_SUCCESS;
}
GATE(RtlInitUnicodeStringEx);

extern "C" void RtlInitAnsiString(STRING* to, const CHAR* from) {
    if (from) need_string(from);
    rtl::init(need_out(to), from);
}
GATE(RtlInitAnsiString);

extern "C" void RtlInitString(STRING* to, const CHAR* from) { RtlInitAnsiString(to, from); }
GATE(RtlInitString);

extern "C" void RtlInitUTF8String(STRING* to, const CHAR* from) { RtlInitAnsiString(to, from); }
GATE(RtlInitUTF8String);

extern "C" void RtlCopyUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from) {
    if (from) need_text(from);
    rtl::copy(need_buffer(to), from);
}
GATE(RtlCopyUnicodeString);

extern "C" void RtlCopyString(STRING* to, const STRING* from) {
    if (from) need_text(from);
    rtl::copy(need_buffer(to), from);
}
GATE(RtlCopyString);

extern "C" NTSTATUS RtlAppendUnicodeToString(UNICODE_STRING* to, const WCHAR* from) {
    if (from) need_string(from);
    return rtl::append(need_buffer(to), from);
}
GATE(RtlAppendUnicodeToString);

extern "C" NTSTATUS RtlAppendUnicodeStringToString(UNICODE_STRING* to, const UNICODE_STRING* from) {
    return rtl::append(need_buffer(to), need_text(from));
}
GATE(RtlAppendUnicodeStringToString);

extern "C" NTSTATUS RtlAppendStringToString(STRING* to, const STRING* from) {
    return rtl::append(need_buffer(to), need_text(from));
}
GATE(RtlAppendStringToString);

extern "C" LONG RtlCompareUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b,
                                        BOOLEAN ignore_case) {
    return rtl::compare(need_text(a), need_text(b), ignore_case);
}
GATE(RtlCompareUnicodeString);

// Lengths are characters here.
extern "C" LONG RtlCompareUnicodeStrings(const WCHAR* a, SIZE_T length_a, const WCHAR* b, SIZE_T length_b,
                                         BOOLEAN ignore_case) {
    need_read(a, length_a * sizeof(WCHAR));
    need_read(b, length_b * sizeof(WCHAR));
    return rtl::compare(a, length_a, b, length_b, ignore_case);
}
GATE(RtlCompareUnicodeStrings);

extern "C" LONG RtlCompareString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::compare(need_text(a), need_text(b), ignore_case);
}
GATE(RtlCompareString);

extern "C" BOOLEAN RtlEqualUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b,
                                         BOOLEAN ignore_case) {
    return rtl::equal(need_text(a), need_text(b), ignore_case);
}
GATE(RtlEqualUnicodeString);

extern "C" BOOLEAN RtlEqualString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::equal(need_text(a), need_text(b), ignore_case);
}
GATE(RtlEqualString);

extern "C" BOOLEAN RtlPrefixUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b,
                                          BOOLEAN ignore_case) {
    return rtl::prefix(need_text(a), need_text(b), ignore_case);
}
GATE(RtlPrefixUnicodeString);

extern "C" BOOLEAN RtlPrefixString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::prefix(need_text(a), need_text(b), ignore_case);
}
GATE(RtlPrefixString);

extern "C" WCHAR RtlUpcaseUnicodeChar(WCHAR c) { return rtl::upcase(c); }
GATE(RtlUpcaseUnicodeChar);

extern "C" WCHAR RtlDowncaseUnicodeChar(WCHAR c) { return rtl::downcase(c); }
GATE(RtlDowncaseUnicodeChar);

extern "C" CHAR RtlUpperChar(CHAR c) { return rtl::upcase_ansi(c); }
GATE(RtlUpperChar);

extern "C" void RtlUpperString(STRING* to, const STRING* from) {
    rtl::upper(need_buffer(to), need_text(from));
}
GATE(RtlUpperString);

extern "C" NTSTATUS RtlHashUnicodeString(const UNICODE_STRING* s, BOOLEAN ignore_case, ULONG algorithm,
                                         ULONG* value) {
    if (!s) return STATUS_INVALID_PARAMETER;
    if (value) need_out(value);
    return rtl::hash(need_text(s), ignore_case, algorithm, value);
}
GATE(RtlHashUnicodeString);

extern "C" NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING* to) {
    return rtl::integer_to_unicode(value, base, need_buffer(to));
}
GATE(RtlIntegerToUnicodeString);

extern "C" NTSTATUS RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING* to) {
    return rtl::integer_to_unicode(value, base, need_buffer(to));
}
GATE(RtlInt64ToUnicodeString);

extern "C" NTSTATUS RtlUnicodeStringToInteger(const UNICODE_STRING* s, ULONG base, ULONG* value) {
    return rtl::unicode_to_integer(need_text(s), base, need_out(value));
}
GATE(RtlUnicodeStringToInteger);

extern "C" NTSTATUS RtlCharToInteger(const CHAR* s, ULONG base, ULONG* value) {
    need_string(s);
    return rtl::char_to_integer(s, base, need_out(value));
}
GATE(RtlCharToInteger);
