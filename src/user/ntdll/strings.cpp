// The string exports: bodies are in src/rtl, allocation is here.
#include "rtl/strings.h"
#include "internal.h"
#include "rtl/misc.h"

namespace nt {

namespace {

template <class S> bool allocate_buffer(S& s, SIZE_T bytes) {
    if (bytes > 0xfffe) return false;
    s.Buffer = static_cast<decltype(s.Buffer)>(RtlAllocateHeap(process_heap(), 0, bytes));
    s.MaximumLength = static_cast<USHORT>(bytes);
    s.Length = 0;
    return s.Buffer != nullptr;
}

template <class S> void free_buffer(S* s) {
    if (!s->Buffer) return;
    release(s->Buffer);
    *s = {};
}

// Runs a conversion whose destination may be ours to make.
template <class To, class F> NTSTATUS convert(To* to, bool make, SIZE_T bytes, F body) {
    if (make && !allocate_buffer(*to, bytes))
        return bytes > 0xfffe ? STATUS_INVALID_PARAMETER_2 : STATUS_NO_MEMORY;
    const NTSTATUS status = body();
    if (!NT_SUCCESS(status) && make) free_buffer(to);
    return status;
}

} // namespace

extern "C" {

void NTAPI RtlInitUnicodeString(UNICODE_STRING* to, const WCHAR* from) { rtl::init(*to, from); }
NTSTATUS NTAPI RtlInitUnicodeStringEx(UNICODE_STRING* to, const WCHAR* from) {
    return rtl::init(*to, from) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
}
void NTAPI RtlInitString(STRING* to, const CHAR* from) { rtl::init(*to, from); }
void NTAPI RtlInitAnsiString(ANSI_STRING* to, const CHAR* from) { rtl::init(*to, from); }
NTSTATUS NTAPI RtlInitAnsiStringEx(ANSI_STRING* to, const CHAR* from) {
    return rtl::init(*to, from) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
}
void NTAPI RtlFreeUnicodeString(UNICODE_STRING* s) { free_buffer(s); }
void NTAPI RtlFreeAnsiString(ANSI_STRING* s) { free_buffer(s); }
void NTAPI RtlFreeOemString(OEM_STRING* s) { free_buffer(s); }

void NTAPI RtlCopyUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from) { rtl::copy(*to, from); }
void NTAPI RtlCopyString(STRING* to, const STRING* from) { rtl::copy(*to, from); }
NTSTATUS NTAPI RtlAppendUnicodeStringToString(UNICODE_STRING* to, const UNICODE_STRING* from) {
    return rtl::append(*to, *from);
}
NTSTATUS NTAPI RtlAppendUnicodeToString(UNICODE_STRING* to, const WCHAR* from) {
    return rtl::append(*to, from);
}
NTSTATUS NTAPI RtlAppendStringToString(STRING* to, const STRING* from) { return rtl::append(*to, *from); }
NTSTATUS NTAPI RtlAppendAsciizToString(STRING* to, const CHAR* from) { return rtl::append(*to, from); }

LONG NTAPI RtlCompareUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case) {
    return rtl::compare(*a, *b, ignore_case);
}
LONG NTAPI RtlCompareUnicodeStrings(const WCHAR* a, SIZE_T a_length, const WCHAR* b, SIZE_T b_length,
                                    BOOLEAN ignore_case) {
    return rtl::compare(a, a_length, b, b_length, ignore_case);
}
LONG NTAPI RtlCompareString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::compare(*a, *b, ignore_case);
}
BOOLEAN NTAPI RtlEqualUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case) {
    return rtl::equal(*a, *b, ignore_case);
}
BOOLEAN NTAPI RtlEqualString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::equal(*a, *b, ignore_case);
}
BOOLEAN NTAPI RtlPrefixUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case) {
    return rtl::prefix(*a, *b, ignore_case);
}
BOOLEAN NTAPI RtlPrefixString(const STRING* a, const STRING* b, BOOLEAN ignore_case) {
    return rtl::prefix(*a, *b, ignore_case);
}

// flags: 1 terminate the copy, 2 allocate even for an empty string (with 1).
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING* from, UNICODE_STRING* to) {
    if (!from || !to || flags > 3 || flags == 2) return STATUS_INVALID_PARAMETER;
    if (!from->Length && !(flags & 2)) {
        *to = {};
        return STATUS_SUCCESS;
    }
    if (!allocate_buffer(*to, from->Length + (flags & 1 ? sizeof(WCHAR) : 0))) return STATUS_NO_MEMORY;
    memcpy(to->Buffer, from->Buffer, from->Length);
    to->Length = from->Length;
    if (flags & 1) to->Buffer[from->Length / 2] = 0;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlCreateUnicodeString(UNICODE_STRING* to, const WCHAR* from) {
    UNICODE_STRING source;
    if (!rtl::init(source, from) || !allocate_buffer(*to, source.Length + sizeof(WCHAR))) return FALSE;
    rtl::copy(*to, &source);
    return TRUE;
}

BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING* to, const CHAR* from) {
    STRING source;
    return rtl::init(source, from) && NT_SUCCESS(RtlAnsiStringToUnicodeString(to, &source, 1));
}

NTSTATUS NTAPI RtlUpcaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from, BOOLEAN make) {
    return convert(to, make, from->Length ? from->Length : 2, [&] { return rtl::upcase(*to, *from); });
}
NTSTATUS NTAPI RtlDowncaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from, BOOLEAN make) {
    return convert(to, make, from->Length ? from->Length : 2, [&] { return rtl::downcase(*to, *from); });
}
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR c) { return rtl::upcase(c); }
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR c) { return rtl::downcase(c); }
CHAR NTAPI RtlUpperChar(CHAR c) { return rtl::upcase_ansi(c); }
void NTAPI RtlUpperString(STRING* to, const STRING* from) { rtl::upper(*to, *from); }

ULONG NTAPI RtlxAnsiStringToUnicodeSize(const ANSI_STRING* s) { return (s->Length + 1u) * sizeof(WCHAR); }
ULONG NTAPI RtlxUnicodeStringToAnsiSize(const UNICODE_STRING* s) { return s->Length / 2u + 1; }

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(UNICODE_STRING* to, const ANSI_STRING* from, BOOLEAN make) {
    return convert(to, make, RtlxAnsiStringToUnicodeSize(from),
                   [&] { return rtl::ansi_to_unicode(*to, *from); });
}
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(ANSI_STRING* to, const UNICODE_STRING* from, BOOLEAN make) {
    return convert(to, make, RtlxUnicodeStringToAnsiSize(from),
                   [&] { return rtl::unicode_to_ansi(*to, *from); });
}
NTSTATUS NTAPI RtlOemStringToUnicodeString(UNICODE_STRING* to, const OEM_STRING* from, BOOLEAN make) {
    return convert(to, make, RtlxAnsiStringToUnicodeSize(from),
                   [&] { return rtl::to_unicode(*to, *from, rtl::CodePage::oem); });
}
NTSTATUS NTAPI RtlUnicodeStringToOemString(OEM_STRING* to, const UNICODE_STRING* from, BOOLEAN make) {
    return convert(to, make, RtlxUnicodeStringToAnsiSize(from),
                   [&] { return rtl::from_unicode(*to, *from, rtl::CodePage::oem); });
}

NTSTATUS NTAPI RtlMultiByteToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes) {
    rtl::multibyte_to_unicode(to, size, written, from, bytes);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlMultiByteToUnicodeSize(ULONG* size, const CHAR*, ULONG bytes) {
    *size = bytes * sizeof(WCHAR);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlUnicodeToMultiByteN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes) {
    rtl::unicode_to_multibyte(to, size, written, from, bytes);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlUnicodeToMultiByteSize(ULONG* size, const WCHAR*, ULONG bytes) {
    *size = bytes / sizeof(WCHAR);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlOemToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes) {
    return rtl::multibyte_to_unicode(to, size, written, from, bytes, rtl::CodePage::oem);
}
NTSTATUS NTAPI RtlUnicodeToOemN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes) {
    return rtl::unicode_to_multibyte(to, size, written, from, bytes, rtl::CodePage::oem);
}
NTSTATUS NTAPI RtlUnicodeToUTF8N(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes) {
    return rtl::unicode_to_utf8(to, size, written, from, bytes);
}
NTSTATUS NTAPI RtlUTF8ToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes) {
    return rtl::utf8_to_unicode(to, size, written, from, bytes);
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING* to) {
    return rtl::integer_to_unicode(value, base, *to);
}
NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING* to) {
    return rtl::integer_to_unicode(value, base, *to);
}
NTSTATUS NTAPI RtlUnicodeStringToInteger(const UNICODE_STRING* s, ULONG base, ULONG* value) {
    return rtl::unicode_to_integer(*s, base, *value);
}
NTSTATUS NTAPI RtlCharToInteger(const CHAR* s, ULONG base, ULONG* value) {
    return rtl::char_to_integer(s, base, *value);
}
NTSTATUS NTAPI RtlHashUnicodeString(const UNICODE_STRING* s, BOOLEAN ignore_case, ULONG algorithm,
                                    ULONG* hash) {
    return rtl::hash(*s, ignore_case, algorithm, hash);
}

NTSTATUS NTAPI RtlGUIDFromString(const UNICODE_STRING* text, GUID* guid) {
    return rtl::guid_from_string(*text, *guid);
}
NTSTATUS NTAPI RtlStringFromGUID(const GUID* guid, UNICODE_STRING* text) {
    if (!allocate_buffer(*text, (rtl::guid_characters + 1) * sizeof(WCHAR))) return STATUS_NO_MEMORY;
    rtl::guid_to_string(*guid, *reinterpret_cast<WCHAR(*)[rtl::guid_characters]>(text->Buffer));
    text->Length = rtl::guid_characters * sizeof(WCHAR);
    text->Buffer[rtl::guid_characters] = 0;
    return STATUS_SUCCESS;
}

} // extern "C"
} // namespace nt
