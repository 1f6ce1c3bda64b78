// Descriptors to SDDL.
#include "rtl/detail/sddl_tables.h"
#include "rtl/sddl.h"
#include "rtl/security.h"

namespace nt::rtl {

namespace {

using namespace sddl;

struct Output {
    WCHAR* to;
    ULONG room, count = 0;
    void put(WCHAR c) {
        if (count < room) to[count] = c;
        ++count;
    }
    void put(const char* text) {
        while (*text)
            put(static_cast<WCHAR>(*text++));
    }
    void hex(ULONG value) {
        put("0x");
        int shift = 28;
        while (shift && !(value >> shift))
            shift -= 4;
        for (; shift >= 0; shift -= 4)
            put(static_cast<WCHAR>("0123456789abcdef"[value >> shift & 15]));
    }
};

bool is(const SID* sid, const SidWord& word, const SID* machine) {
    if (word.count == 0) {
        const UCHAR count = machine ? machine->SubAuthorityCount : 0;
        return machine && sid->SubAuthorityCount == count + 1 && sid->SubAuthority[count] == word.second &&
               __builtin_memcmp(sid->IdentifierAuthority.Value, machine->IdentifierAuthority.Value, 6) == 0 &&
               __builtin_memcmp(sid->SubAuthority, machine->SubAuthority, 4 * count) == 0;
    }
    for (int i = 0; i < 5; ++i)
        if (sid->IdentifierAuthority.Value[i]) return false;
    return sid->SubAuthorityCount == word.count && sid->IdentifierAuthority.Value[5] == word.authority &&
           sid->SubAuthority[0] == word.first && (word.count < 2 || sid->SubAuthority[1] == word.second);
}

void put_sid(Output& out, const SID* sid, const SID* machine) {
    for (const SidWord& word : sid_words)
        if (is(sid, word, machine)) return out.put(word.text);
    WCHAR text[256];
    const ULONG n = sid_to_string(sid, text);
    for (ULONG i = 0; i < n; ++i)
        out.put(text[i]);
}

template <std::size_t N> bool put_words(Output& out, ULONG value, const Word (&words)[N]) {
    ULONG covered = 0;
    for (const Word& word : words)
        covered |= word.value;
    if (value & ~covered) return false;
    for (const Word& word : words)
        if (value & word.value) out.put(word.text);
    return true;
}

void put_rights(Output& out, ULONG mask, bool label) {
    if (!label)
        for (const Word& word : right_masks)
            if (mask == word.value) return out.put(word.text);
    if (label ? !put_words(out, mask, label_rights) : !put_words(out, mask, right_bits)) out.hex(mask);
}

const char* type_word(UCHAR type, bool dacl) {
    if (dacl) return type == ACCESS_ALLOWED_ACE_TYPE ? "A" : type == ACCESS_DENIED_ACE_TYPE ? "D" : nullptr;
    return type == SYSTEM_AUDIT_ACE_TYPE ? "AU" : type == SYSTEM_MANDATORY_LABEL_ACE_TYPE ? "ML" : nullptr;
}

bool put_acl(Output& out, const ACL* acl, USHORT control, bool dacl, bool audits, bool labels,
             const SID* machine) {
    out.put(dacl ? "D:" : "S:");
    if (control & (dacl ? SE_DACL_PROTECTED : SE_SACL_PROTECTED)) out.put("P");
    if (control & (dacl ? 0x100 : 0x200)) out.put("AR");
    if (control & (dacl ? SE_DACL_AUTO_INHERITED : SE_SACL_AUTO_INHERITED)) out.put("AI");
    if (!acl) return out.put("NO_ACCESS_CONTROL"), true;
    for (ULONG i = 0; i < acl->AceCount; ++i) {
        void* at;
        if (get_ace(acl, i, &at)) return false;
        const auto& ace = *static_cast<const ACCESS_ALLOWED_ACE*>(at);
        const bool label = ace.Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE;
        if (!dacl && !(label ? labels : audits)) continue;
        const char* type = type_word(ace.Header.AceType, dacl);
        if (!type) return false;
        out.put("(");
        out.put(type);
        out.put(";");
        put_words(out, ace.Header.AceFlags, ace_flags);
        out.put(";");
        put_rights(out, ace.Mask, label);
        out.put(";;;");
        put_sid(out, reinterpret_cast<const SID*>(&ace.SidStart), machine);
        out.put(")");
    }
    return true;
}

} // namespace

ULONG descriptor_to_sddl(const void* d, ULONG information, const SID* machine, WCHAR* to, ULONG room) {
    if (!valid_descriptor(d)) return 0;
    Output out{to, room};
    SID* sid;
    ACL* acl;
    BOOLEAN present, defaulted;
    const USHORT control = static_cast<const SECURITY_DESCRIPTOR*>(d)->Control;
    if (information & OWNER_SECURITY_INFORMATION && get_owner(d, &sid, &defaulted) == 0 && sid) {
        out.put("O:");
        put_sid(out, sid, machine);
    }
    if (information & GROUP_SECURITY_INFORMATION && get_group(d, &sid, &defaulted) == 0 && sid) {
        out.put("G:");
        put_sid(out, sid, machine);
    }
    if (information & DACL_SECURITY_INFORMATION && get_dacl(d, &present, &acl, &defaulted) == 0 && present)
        if (!put_acl(out, acl, control, true, false, false, machine)) return 0;
    const bool audits = information & SACL_SECURITY_INFORMATION;
    const bool labels = information & LABEL_SECURITY_INFORMATION;
    if ((audits || labels) && get_sacl(d, &present, &acl, &defaulted) == 0 && present)
        if (!put_acl(out, acl, control, false, audits, labels, machine)) return 0;
    return out.count;
}

} // namespace nt::rtl
