// Bodies of the string functions of Rtl. Lengths are bytes and strings need not be terminated. Nothing is
// allocated: functions that Windows lets allocate take a destination whose buffer the caller made, with the
// size that the *_size function gives.
//
// The ANSI and OEM code page is Windows-1252. // assumed: Windows uses 437 for OEM on a US system.
#pragma once
#include "abi/list.h"

namespace nt::rtl {

// Length of a zero-terminated string in bytes, without the terminator.
std::size_t length_of(const WCHAR* s);
std::size_t length_of(const CHAR* s);

// RtlInitXxx: Length without, MaximumLength with the terminator. A source of 0xFFFE bytes or more: false,
// truncated as RtlInitUnicodeString does (Length 0xFFFC).
bool init(UNICODE_STRING& to, const WCHAR* from);
bool init(STRING& to, const CHAR* from);

// Simple (one to one) case mapping by Unicode's facts; the whole BMP table is in case_map.cpp.
WCHAR upcase(WCHAR c);
WCHAR downcase(WCHAR c);
CHAR upcase_ansi(CHAR c);

// Copies at most MaximumLength bytes; terminates if there is room (Unicode). A null source gives Length 0.
void copy(UNICODE_STRING& to, const UNICODE_STRING* from);
void copy(STRING& to, const STRING* from);
// STATUS_BUFFER_TOO_SMALL when it does not fit; nothing is changed then.
NTSTATUS append(UNICODE_STRING& to, const UNICODE_STRING& from);
NTSTATUS append(UNICODE_STRING& to, const WCHAR* from);
NTSTATUS append(STRING& to, const STRING& from);
NTSTATUS append(STRING& to, const CHAR* from);

// Below, at, above 0, by code unit value (upper-cased if ignore_case), a shorter prefix first. `length`s in
// characters.
LONG compare(const WCHAR* a, std::size_t length_a, const WCHAR* b, std::size_t length_b, bool ignore_case);
LONG compare(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case);
LONG compare(const STRING& a, const STRING& b, bool ignore_case);
bool equal(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case);
bool equal(const STRING& a, const STRING& b, bool ignore_case);
// `a` is a prefix of `b`.
bool prefix(const UNICODE_STRING& a, const UNICODE_STRING& b, bool ignore_case);
bool prefix(const STRING& a, const STRING& b, bool ignore_case);

// to.MaximumLength must hold from.Length: STATUS_BUFFER_OVERFLOW otherwise. `to` may be `from`.
NTSTATUS upcase(UNICODE_STRING& to, const UNICODE_STRING& from);
NTSTATUS downcase(UNICODE_STRING& to, const UNICODE_STRING& from);
void upper(STRING& to, const STRING& from);

// HASH_STRING_ALGORITHM_X65599 over (upper-cased) characters: h = h * 65599 + c.
ULONG hash_x65599(const UNICODE_STRING& s, bool ignore_case);
// RtlHashUnicodeString; algorithm 0 (default) and 1 are x65599. STATUS_INVALID_PARAMETER otherwise.
NTSTATUS hash(const UNICODE_STRING& s, bool ignore_case, ULONG algorithm, ULONG* value);

// Integers. Base 0 means 10 on output, and "take 0x, 0o, 0b, else 10" on input; 2, 8, 10, 16; others
// STATUS_INVALID_PARAMETER. Output needs room for the digits (STATUS_BUFFER_OVERFLOW) and is terminated if
// there is room.
NTSTATUS integer_to_unicode(ULONGLONG value, ULONG base, UNICODE_STRING& to);
NTSTATUS unicode_to_integer(const UNICODE_STRING& s, ULONG base, ULONG& value);
NTSTATUS char_to_integer(const CHAR* s, ULONG base, ULONG& value);

// ANSI is code page 1252, OEM is 437, as on a US Windows. Characters without a code become '?'.
enum class CodePage { ansi, oem };
WCHAR to_unicode(CHAR c, CodePage page);
CHAR from_unicode(WCHAR c, CodePage page);
inline WCHAR ansi_to_unicode(CHAR c) { return to_unicode(c, CodePage::ansi); }
inline CHAR unicode_to_ansi(WCHAR c) { return from_unicode(c, CodePage::ansi); }
// RtlXxxN: convert what fits, *written in bytes (may be null); STATUS_SUCCESS, or STATUS_BUFFER_OVERFLOW when
// cut short, as the pages of the OEM functions say. Those of the MultiByte functions call both a success.
NTSTATUS unicode_to_multibyte(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG from_bytes,
                              CodePage page = CodePage::ansi);
NTSTATUS multibyte_to_unicode(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG from_bytes,
                              CodePage page = CodePage::ansi);
// Counted strings; the result is terminated: STATUS_BUFFER_OVERFLOW (nothing is written) when result and
// terminator do not fit.
NTSTATUS from_unicode(STRING& to, const UNICODE_STRING& from, CodePage page);
NTSTATUS to_unicode(UNICODE_STRING& to, const STRING& from, CodePage page);
inline NTSTATUS unicode_to_ansi(STRING& to, const UNICODE_STRING& from) {
    return from_unicode(to, from, CodePage::ansi);
}
inline NTSTATUS ansi_to_unicode(UNICODE_STRING& to, const STRING& from) {
    return to_unicode(to, from, CodePage::ansi);
}
// RtlUnicodeToUTF8N / RtlUTF8ToUnicodeN: with a null `to` only the size; STATUS_SOME_NOT_MAPPED when U+FFFD
// was put in; STATUS_BUFFER_TOO_SMALL when cut at a whole character.
NTSTATUS unicode_to_utf8(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG from_bytes);
NTSTATUS utf8_to_unicode(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG from_bytes);

} // namespace nt::rtl
