// Conversions between ANSI, OEM, UTF-8 and Unicode, and the strings that Rtl allocates:
// nf-wdm-rtlunicodestringtoansistring, nf-wdm-rtlansistringtounicodestring, nf-wdm-rtlfreeunicodestring …
// ANSI is code page 1252, OEM 437, see rtl/strings.h.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include "rtl/strings.h"

using namespace nt;
using namespace nt::exports;

namespace {

constexpr ULONG string_tag = pool::tag("Strg"); // assumed: Windows' own tag is not documented
constexpr ULONG most_bytes = 0xFFFF;

ULONG_PTR caller() { return static_cast<seh::EntryRecord*>(seh::innermost())->rip; }

// Runs convert(to) with a buffer of `size` bytes: a new one from paged pool, or the caller's.
template <class S, class F> NTSTATUS into(S* to, ULONG size, BOOLEAN allocate, F convert) {
    if (size > most_bytes) return STATUS_INVALID_PARAMETER_2;
    if (!allocate) return convert(need_buffer(to));
    need_out(to);
    S made{0, static_cast<USHORT>(size), nullptr};
    made.Buffer = static_cast<decltype(made.Buffer)>(
        pool::allocate(pool::Kind::paged, size ? size : 1, string_tag, caller()));
    if (!made.Buffer) return STATUS_NO_MEMORY;
    const NTSTATUS status = convert(made);
    if (!NT_SUCCESS(status)) {
        pool::release(made.Buffer, string_tag);
        return status;
    }
    *to = made;
    return STATUS_SUCCESS;
}

ULONG ansi_size(const UNICODE_STRING& s) { return s.Length / sizeof(WCHAR) + 1; }
ULONG unicode_size(const STRING& s) { return (s.Length + 1u) * sizeof(WCHAR); }

template <class S> void free_string(S* s) {
    need_out(s);
    if (!s->Buffer) return;
    // Drivers also free by this what they allocated with a tag of their own, so no tag is compared.
    pool::release(s->Buffer);
    *s = {};
}

} // namespace

extern "C" NTSTATUS RtlUnicodeStringToAnsiString(STRING* to, const UNICODE_STRING* from, BOOLEAN allocate) {
    const UNICODE_STRING& text = need_text(from);
    return into(to, ansi_size(text), allocate, [&](STRING& s) { return rtl::unicode_to_ansi(s, text); });
}
GATE(RtlUnicodeStringToAnsiString);

extern "C" NTSTATUS RtlAnsiStringToUnicodeString(UNICODE_STRING* to, const STRING* from, BOOLEAN allocate) {
    const STRING& text = need_text(from);
    return into(to, unicode_size(text), allocate,
                [&](UNICODE_STRING& s) { return rtl::ansi_to_unicode(s, text); });
}
GATE(RtlAnsiStringToUnicodeString);

extern "C" NTSTATUS RtlUnicodeStringToOemString(STRING* to, const UNICODE_STRING* from, BOOLEAN allocate) {
    const UNICODE_STRING& text = need_text(from);
    return into(to, ansi_size(text), allocate,
                [&](STRING& s) { return rtl::from_unicode(s, text, rtl::CodePage::oem); });
}
GATE(RtlUnicodeStringToOemString);

extern "C" NTSTATUS RtlOemStringToUnicodeString(UNICODE_STRING* to, const STRING* from, BOOLEAN allocate) {
    const STRING& text = need_text(from);
    return into(to, unicode_size(text), allocate,
                [&](UNICODE_STRING& s) { return rtl::to_unicode(s, text, rtl::CodePage::oem); });
}
GATE(RtlOemStringToUnicodeString);

extern "C" NTSTATUS RtlUpcaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from, BOOLEAN allocate) {
    const UNICODE_STRING& text = need_text(from);
    return into(to, text.Length, allocate, [&](UNICODE_STRING& s) { return rtl::upcase(s, text); });
}
GATE(RtlUpcaseUnicodeString);

extern "C" NTSTATUS RtlDowncaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from,
                                             BOOLEAN allocate) {
    const UNICODE_STRING& text = need_text(from);
    return into(to, text.Length, allocate, [&](UNICODE_STRING& s) { return rtl::downcase(s, text); });
}
GATE(RtlDowncaseUnicodeString);

extern "C" BOOLEAN RtlCreateUnicodeString(UNICODE_STRING* to, const WCHAR* from) {
    const SIZE_T length = need_string(from);
    if (length + sizeof(WCHAR) > most_bytes) return FALSE;
    UNICODE_STRING text;
    rtl::init(text, from);
    return NT_SUCCESS(into(to, text.MaximumLength, TRUE, [&](UNICODE_STRING& s) {
        rtl::copy(s, &text);
        return STATUS_SUCCESS;
    }));
}
GATE(RtlCreateUnicodeString);

// ntifs: RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE (1), RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING
// (2).
extern "C" NTSTATUS RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING* from, UNICODE_STRING* to) {
    const UNICODE_STRING& text = need_text(from);
    if (flags & ~3u || flags == 2) return STATUS_INVALID_PARAMETER;
    if (text.Length == 0 && flags != 3) {
        need_out(to) = {};
        return STATUS_SUCCESS;
    }
    const ULONG size = text.Length + (flags & 1 ? sizeof(WCHAR) : 0);
    if (size > most_bytes) return STATUS_NAME_TOO_LONG;
    return into(to, size, TRUE, [&](UNICODE_STRING& s) {
        rtl::copy(s, &text);
        return STATUS_SUCCESS;
    });
}
GATE(RtlDuplicateUnicodeString);

extern "C" void RtlFreeUnicodeString(UNICODE_STRING* s) { free_string(s); }
GATE(RtlFreeUnicodeString);

extern "C" void RtlFreeAnsiString(STRING* s) { free_string(s); }
GATE(RtlFreeAnsiString);

extern "C" void RtlFreeOemString(STRING* s) { free_string(s); }
GATE(RtlFreeOemString);

extern "C" void RtlFreeUTF8String(STRING* s) { free_string(s); }
GATE(RtlFreeUTF8String);

extern "C" ULONG RtlxAnsiStringToUnicodeSize(const STRING* s) { return unicode_size(need_in(s)); }
GATE(RtlxAnsiStringToUnicodeSize);

extern "C" ULONG RtlxOemStringToUnicodeSize(const STRING* s) { return unicode_size(need_in(s)); }
GATE(RtlxOemStringToUnicodeSize);

extern "C" ULONG RtlxUnicodeStringToAnsiSize(const UNICODE_STRING* s) { return ansi_size(need_in(s)); }
GATE(RtlxUnicodeStringToAnsiSize);

extern "C" ULONG RtlxUnicodeStringToOemSize(const UNICODE_STRING* s) { return ansi_size(need_in(s)); }
GATE(RtlxUnicodeStringToOemSize);

// Takes one character and moves the pointer on.
extern "C" WCHAR RtlAnsiCharToUnicodeChar(CHAR** at) {
    need_out(at);
    const CHAR c = need_in(*at);
    ++*at;
    return rtl::ansi_to_unicode(c);
}
GATE(RtlAnsiCharToUnicodeChar);

static NTSTATUS narrow(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes,
                       rtl::CodePage page) {
    need_read(from, bytes);
    need_write(to, size < bytes / sizeof(WCHAR) ? size : bytes / sizeof(WCHAR));
    if (written) need_out(written);
    return rtl::unicode_to_multibyte(to, size, written, from, bytes, page);
}

extern "C" NTSTATUS RtlUnicodeToOemN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes) {
    return narrow(to, size, written, from, bytes, rtl::CodePage::oem);
}
GATE(RtlUnicodeToOemN);

// "If this value causes the translated string to be truncated, RtlUnicodeToMultiByteN does not return an
// error status": unlike its OEM sibling it calls that a success.
extern "C" NTSTATUS RtlUnicodeToMultiByteN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from,
                                           ULONG bytes) {
    narrow(to, size, written, from, bytes, rtl::CodePage::ansi);
    return STATUS_SUCCESS;
}
GATE(RtlUnicodeToMultiByteN);

extern "C" NTSTATUS RtlUpcaseUnicodeToMultiByteN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from,
                                                 ULONG bytes) {
    narrow(to, size, written, from, bytes, rtl::CodePage::ansi);
    const ULONG n = size < bytes / sizeof(WCHAR) ? size : bytes / sizeof(WCHAR);
    for (ULONG i = 0; i < n; i++)
        to[i] = rtl::unicode_to_ansi(rtl::upcase(from[i]));
    return STATUS_SUCCESS;
}
GATE(RtlUpcaseUnicodeToMultiByteN);

static NTSTATUS widen(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes,
                      rtl::CodePage page) {
    need_read(from, bytes);
    need_write(to, size / sizeof(WCHAR) < bytes ? size : bytes * sizeof(WCHAR));
    if (written) need_out(written);
    return rtl::multibyte_to_unicode(to, size, written, from, bytes, page);
}

extern "C" NTSTATUS RtlOemToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes) {
    return widen(to, size, written, from, bytes, rtl::CodePage::oem);
}
GATE(RtlOemToUnicodeN);

extern "C" NTSTATUS RtlMultiByteToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from,
                                           ULONG bytes) {
    widen(to, size, written, from, bytes, rtl::CodePage::ansi);
    return STATUS_SUCCESS;
}
GATE(RtlMultiByteToUnicodeN);

extern "C" NTSTATUS RtlMultiByteToUnicodeSize(ULONG* size, const CHAR*, ULONG bytes) {
    need_out(size) = bytes * sizeof(WCHAR);
    return STATUS_SUCCESS;
}
GATE(RtlMultiByteToUnicodeSize);

extern "C" NTSTATUS RtlUnicodeToMultiByteSize(ULONG* size, const WCHAR*, ULONG bytes) {
    need_out(size) = bytes / sizeof(WCHAR);
    return STATUS_SUCCESS;
}
GATE(RtlUnicodeToMultiByteSize);

extern "C" NTSTATUS RtlUnicodeToUTF8N(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes) {
    if (from) need_read(from, bytes);
    if (to) need_write(to, size);
    if (written) need_out(written);
    return rtl::unicode_to_utf8(to, size, written, from, bytes);
}
GATE(RtlUnicodeToUTF8N);

extern "C" NTSTATUS RtlUTF8ToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes) {
    if (from) need_read(from, bytes);
    if (to) need_write(to, size);
    if (written) need_out(written);
    return rtl::utf8_to_unicode(to, size, written, from, bytes);
}
GATE(RtlUTF8ToUnicodeN);

// The two for whole strings: what does not fit is cut off with the warning STATUS_BUFFER_OVERFLOW. The output
// is terminated if there is room; the page wants that only of a terminated source.
extern "C" NTSTATUS RtlUnicodeStringToUTF8String(STRING* to, const UNICODE_STRING* from, BOOLEAN allocate) {
    const UNICODE_STRING& text = need_text(from);
    const WCHAR* source = text.Buffer ? text.Buffer : u"";
    ULONG bytes = 0;
    rtl::unicode_to_utf8(nullptr, 0, &bytes, source, text.Length);
    return into(to, bytes + 1, allocate, [&](STRING& s) {
        const NTSTATUS status = rtl::unicode_to_utf8(s.Buffer, s.MaximumLength, &bytes, source, text.Length);
        if (bytes < s.MaximumLength) s.Buffer[bytes] = 0;
        s.Length = static_cast<USHORT>(bytes);
        return status == STATUS_BUFFER_TOO_SMALL ? STATUS_BUFFER_OVERFLOW : status;
    });
}
GATE(RtlUnicodeStringToUTF8String);

extern "C" NTSTATUS RtlUTF8StringToUnicodeString(UNICODE_STRING* to, const STRING* from, BOOLEAN allocate) {
    const STRING& text = need_text(from);
    const CHAR* source = text.Buffer ? text.Buffer : "";
    ULONG bytes = 0;
    rtl::utf8_to_unicode(nullptr, 0, &bytes, source, text.Length);
    return into(to, bytes + sizeof(WCHAR), allocate, [&](UNICODE_STRING& s) {
        const NTSTATUS status = rtl::utf8_to_unicode(s.Buffer, s.MaximumLength, &bytes, source, text.Length);
        if (bytes + sizeof(WCHAR) <= s.MaximumLength) s.Buffer[bytes / sizeof(WCHAR)] = 0;
        s.Length = static_cast<USHORT>(bytes);
        return status == STATUS_BUFFER_TOO_SMALL ? STATUS_BUFFER_OVERFLOW : status;
    });
}
GATE(RtlUTF8StringToUnicodeString);
