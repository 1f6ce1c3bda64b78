// SDDL to descriptors.
#include "abi/status.h"
#include "rtl/detail/sddl_tables.h"
#include "rtl/sddl.h"
#include "rtl/security.h"

namespace nt::rtl {

namespace {

using namespace sddl;

WCHAR upper(WCHAR c) { return c >= u'a' && c <= u'z' ? static_cast<WCHAR>(c - 32) : c; }

// What is left of the text.
struct Text {
    const WCHAR* at;
    const WCHAR* end;

    bool empty() const { return at == end; }
    bool skip(char c) {
        if (empty() || upper(*at) != static_cast<WCHAR>(c)) return false;
        ++at;
        return true;
    }
    bool skip_word(const char* word) {
        const WCHAR* p = at;
        for (; *word; ++word, ++p)
            if (p == end || upper(*p) != static_cast<WCHAR>(*word)) return false;
        at = p;
        return true;
    }
    void skip_spaces() {
        while (!empty() && (*at == u' ' || *at == u'\t'))
            ++at;
    }
    // Decimal, octal (0…) or hexadecimal (0x…), as strtoul takes it.
    bool number(ULONGLONG& value) {
        const bool hex = end - at > 2 && at[0] == u'0' && upper(at[1]) == u'X';
        const unsigned base = hex ? 16 : at != end && *at == u'0' ? 8 : 10;
        if (hex) at += 2;
        const WCHAR* const from = at;
        for (value = 0; at != end; ++at) {
            const WCHAR c = upper(*at);
            const unsigned digit = c >= u'0' && c <= u'9'   ? c - u'0'
                                   : c >= u'A' && c <= u'F' ? c - u'A' + 10u
                                                            : 99u;
            if (digit >= base) break;
            if (value >> 60) return false;
            value = value * base + digit;
        }
        return at != from;
    }
    bool decimal(ULONGLONG& value) {
        const WCHAR* const from = at;
        for (value = 0; at != end && *at >= u'0' && *at <= u'9'; ++at)
            if ((value = value * 10 + (*at - u'0')) >> 56) return false;
        return at != from;
    }
};

// Bytes that are counted where they no longer fit.
struct Output {
    UCHAR* to;
    ULONG room, at = 0;
    void put(const void* data, ULONG size) {
        if (at <= room && size <= room - at) __builtin_memcpy(to + at, data, size);
        at += size;
    }
    void patch(ULONG offset, const void* data, ULONG size) {
        if (offset <= room && size <= room - offset) __builtin_memcpy(to + offset, data, size);
    }
};

struct SidRoom {
    alignas(8) UCHAR bytes[largest_sid];
    SID* sid() { return reinterpret_cast<SID*>(bytes); }
};

void make_sid(const SidWord& word, const SID* machine, SID* to) {
    if (word.count == 0) {
        copy_sid(largest_sid, to, machine);
        to->SubAuthority[to->SubAuthorityCount++] = word.second;
        return;
    }
    to->Revision = 1;
    to->SubAuthorityCount = word.count;
    to->IdentifierAuthority = {{0, 0, 0, 0, 0, word.authority}};
    to->SubAuthority[0] = word.first;
    if (word.count > 1) to->SubAuthority[1] = word.second;
}

// S-1-<authority>-<sub>…
bool parse_numeric_sid(Text& text, SID* to) {
    ULONGLONG value;
    if (!text.skip_word("S-") || !text.decimal(value) || value != 1 || !text.skip('-')) return false;
    const bool hex = text.end - text.at > 2 && text.at[0] == u'0' && upper(text.at[1]) == u'X';
    if (!(hex ? text.number(value) : text.decimal(value)) || value >> 48) return false;
    to->Revision = 1;
    to->SubAuthorityCount = 0;
    for (int i = 5; i >= 0; --i, value >>= 8)
        to->IdentifierAuthority.Value[i] = static_cast<UCHAR>(value);
    while (text.skip('-')) {
        if (!text.decimal(value) || value >> 32 || to->SubAuthorityCount == 15) return false;
        to->SubAuthority[to->SubAuthorityCount++] = static_cast<ULONG>(value);
    }
    return to->SubAuthorityCount > 0;
}

bool parse_sid(Text& text, const SID* machine, SID* to) {
    if (text.end - text.at >= 2 && upper(text.at[0]) == u'S' && text.at[1] == u'-')
        return parse_numeric_sid(text, to);
    if (text.skip_word("UD")) { // SECURITY_USERMODEDRIVERHOST_ID_BASE_RID
        static constexpr struct {
            UCHAR head[8];
            ULONG sub[6];
        } driver_host{{1, 6, 0, 0, 0, 0, 0, 5}, {84, 0, 0, 0, 0, 0}};
        __builtin_memcpy(to, &driver_host, sizeof driver_host);
        return true;
    }
    for (const SidWord& word : sid_words)
        if ((word.count || machine) && text.skip_word(word.text)) {
            make_sid(word, machine, to);
            return true;
        }
    return false;
}

template <std::size_t N> bool parse_word(Text& text, const Word (&words)[N], ULONG& mask) {
    for (const Word& word : words)
        if (text.skip_word(word.text)) {
            mask |= word.value;
            return true;
        }
    return false;
}

bool parse_rights(Text& text, bool label, ULONG& mask) {
    mask = 0;
    text.skip_spaces();
    if (!text.empty() && *text.at >= u'0' && *text.at <= u'9') {
        ULONGLONG value;
        if (!text.number(value) || value >> 32) return false;
        mask = static_cast<ULONG>(value);
    } else {
        while (!text.empty() && *text.at != u';') {
            const bool known = label ? parse_word(text, label_rights, mask)
                                     : parse_word(text, right_bits, mask) ||
                                           parse_word(text, right_masks, mask) ||
                                           parse_word(text, right_aliases, mask);
            if (!known) return false;
            text.skip_spaces();
        }
    }
    text.skip_spaces();
    return text.skip(';');
}

// One ACE behind its opening parenthesis.
NTSTATUS parse_ace(Text& text, bool dacl, const SID* machine, Output& out) {
    struct Type {
        const char* word;
        UCHAR type;
        bool dacl;
    };
    // Object and callback ACEs are for directory services and claims, which do not exist here.
    static constexpr Type types[] = {{"AU;", SYSTEM_AUDIT_ACE_TYPE, false},
                                     {"ML;", SYSTEM_MANDATORY_LABEL_ACE_TYPE, false},
                                     {"A;", ACCESS_ALLOWED_ACE_TYPE, true},
                                     {"D;", ACCESS_DENIED_ACE_TYPE, true}};
    const Type* type = nullptr;
    text.skip_spaces();
    for (const Type& t : types)
        if (t.dacl == dacl && text.skip_word(t.word)) {
            type = &t;
            break;
        }
    if (!type) return STATUS_INVALID_ACL;
    ULONG flags = 0, mask;
    for (text.skip_spaces(); !text.skip(';'); text.skip_spaces())
        if (!parse_word(text, ace_flags, flags)) return STATUS_INVALID_ACL;
    if (dacl && (flags & 0xC0)) return STATUS_INVALID_ACL; // audit flags
    if (!parse_rights(text, type->type == SYSTEM_MANDATORY_LABEL_ACE_TYPE, mask)) return STATUS_INVALID_ACL;
    text.skip_spaces();
    if (!text.skip(';')) return STATUS_INVALID_ACL; // object_guid
    text.skip_spaces();
    if (!text.skip(';')) return STATUS_INVALID_ACL; // inherit_object_guid
    text.skip_spaces();
    SidRoom sid;
    if (!parse_sid(text, machine, sid.sid())) return STATUS_INVALID_SID;
    text.skip_spaces();
    if (!text.skip(')')) return STATUS_INVALID_ACL;
    const ULONG sid_size = length_sid(sid.sid());
    const ACE_HEADER head{type->type, static_cast<UCHAR>(flags), static_cast<USHORT>(8 + sid_size)};
    out.put(&head, sizeof head);
    out.put(&mask, sizeof mask);
    out.put(sid.bytes, sid_size);
    return STATUS_SUCCESS;
}

// Flags and ACEs behind "D:" or "S:". `offset` stays 0 for a null list.
NTSTATUS parse_acl(Text& text, bool dacl, const SID* machine, USHORT& control, Output& out, ULONG& offset) {
    control |= dacl ? SE_DACL_PRESENT : SE_SACL_PRESENT;
    bool null_list = false;
    for (;;) {
        text.skip_spaces();
        if (text.skip_word("NO_ACCESS_CONTROL"))
            null_list = true;
        else if (text.skip_word("AR"))
            control |= dacl ? 0x100 : 0x200; // SE_DACL_AUTO_INHERIT_REQ, SE_SACL_AUTO_INHERIT_REQ
        else if (text.skip_word("AI"))
            control |= dacl ? SE_DACL_AUTO_INHERITED : SE_SACL_AUTO_INHERITED;
        else if (text.skip('P'))
            control |= dacl ? SE_DACL_PROTECTED : SE_SACL_PROTECTED;
        else
            break;
    }
    if (null_list) return STATUS_SUCCESS;
    offset = out.at;
    ACL acl{ACL_REVISION, 0, 0, 0, 0};
    out.put(&acl, sizeof acl);
    for (text.skip_spaces(); text.skip('('); text.skip_spaces()) {
        if (const NTSTATUS status = parse_ace(text, dacl, machine, out)) return status;
        acl.AceCount++;
    }
    if (out.at - offset > 0xFFFC) return STATUS_INVALID_ACL;
    acl.AclSize = static_cast<USHORT>(out.at - offset);
    out.patch(offset, &acl, sizeof acl);
    return STATUS_SUCCESS;
}

} // namespace

bool string_to_sid(const WCHAR* text, ULONG count, const SID* machine, SID* to, ULONG& used) {
    Text left{text, text + count};
    if (!parse_sid(left, machine, to)) return false;
    used = static_cast<ULONG>(left.at - text);
    return true;
}

NTSTATUS sddl_to_descriptor(const WCHAR* string, ULONG count, const SID* machine, void* to, ULONG* size) {
    Text text{string, string + count};
    Output out{static_cast<UCHAR*>(to), to ? *size : 0};
    SECURITY_DESCRIPTOR_RELATIVE head{SECURITY_DESCRIPTOR_REVISION, 0, SE_SELF_RELATIVE, 0, 0, 0, 0};
    out.put(&head, sizeof head);
    for (text.skip_spaces(); !text.empty(); text.skip_spaces()) {
        const bool owner = text.skip_word("O:"), group = !owner && text.skip_word("G:");
        if (owner || group) {
            ULONG& offset = owner ? head.Owner : head.Group;
            SidRoom sid;
            if (offset) return STATUS_INVALID_PARAMETER;
            text.skip_spaces();
            if (!parse_sid(text, machine, sid.sid())) return STATUS_INVALID_SID;
            offset = out.at;
            out.put(sid.bytes, length_sid(sid.sid()));
            continue;
        }
        const bool dacl = text.skip_word("D:");
        if (!dacl && !text.skip_word("S:")) return STATUS_INVALID_PARAMETER;
        if (head.Control & (dacl ? SE_DACL_PRESENT : SE_SACL_PRESENT)) return STATUS_INVALID_ACL;
        USHORT control = head.Control;
        const NTSTATUS status = parse_acl(text, dacl, machine, control, out, dacl ? head.Dacl : head.Sacl);
        if (status) return status;
        head.Control = control;
    }
    out.patch(0, &head, sizeof head);
    const bool fits = to && out.at <= *size;
    *size = out.at;
    return fits ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}

} // namespace nt::rtl
