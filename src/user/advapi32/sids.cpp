// SIDs: Win32 pages of AllocateAndInitializeSid, ConvertSidToStringSid, CreateWellKnownSid …
#include "security.h"

namespace nt {
using namespace security;

const SID* security::machine_sid() {
    static bool asked;
    static struct {
        ULONGLONG bytes[9];
        SID* sid() { return reinterpret_cast<SID*>(bytes); }
    } machine;
    if (!asked) {
        asked = true;
        HANDLE token;
        ULONGLONG room[16];
        ULONG length;
        if (NT_SUCCESS(NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token))) {
            const auto& user = *reinterpret_cast<const SID_AND_ATTRIBUTES*>(room);
            if (NT_SUCCESS(NtQueryInformationToken(token, TokenUser, room, sizeof room, &length))) {
                const auto* sid = static_cast<const SID*>(user.Sid);
                if (sid->SubAuthorityCount == 5 && sid->SubAuthority[0] == 21) {
                    rtl::copy_sid(sizeof machine.bytes, machine.sid(), sid);
                    machine.sid()->SubAuthorityCount = 4;
                }
            }
            NtClose(token);
        }
    }
    return machine.sid()->SubAuthorityCount ? machine.sid() : nullptr;
}

namespace {

struct WellKnown {
    UCHAR type; // WELL_KNOWN_SID_TYPE
    UCHAR authority, count;
    ULONG first, second;
};
constexpr WellKnown well_known[] = {
    {0, 0, 1, 0, 0},       {1, 1, 1, 0, 0},       {2, 2, 1, 0, 0},      {3, 3, 1, 0, 0},
    {4, 3, 1, 1, 0},       {5, 3, 1, 2, 0},       {6, 3, 1, 3, 0},      {7, 5, 0, 0, 0},
    {8, 5, 1, 1, 0},       {9, 5, 1, 2, 0},       {10, 5, 1, 3, 0},     {11, 5, 1, 4, 0},
    {12, 5, 1, 6, 0},      {13, 5, 1, 7, 0},      {14, 5, 1, 8, 0},     {15, 5, 1, 9, 0},
    {16, 5, 1, 10, 0},     {17, 5, 1, 11, 0},     {18, 5, 1, 12, 0},    {19, 5, 1, 13, 0},
    {20, 5, 1, 14, 0},     {22, 5, 1, 18, 0},     {23, 5, 1, 19, 0},    {24, 5, 1, 20, 0},
    {25, 5, 1, 32, 0},     {26, 5, 2, 32, 544},   {27, 5, 2, 32, 545},  {28, 5, 2, 32, 546},
    {29, 5, 2, 32, 547},   {30, 5, 2, 32, 548},   {31, 5, 2, 32, 549},  {32, 5, 2, 32, 550},
    {33, 5, 2, 32, 551},   {34, 5, 2, 32, 552},   {35, 5, 2, 32, 554},  {36, 5, 2, 32, 555},
    {37, 5, 2, 32, 556},   {65, 16, 1, 0, 0},     {66, 16, 1, 4096, 0}, {67, 16, 1, 8192, 0},
    {68, 16, 1, 12288, 0}, {69, 16, 1, 16384, 0}, {71, 3, 1, 4, 0},     {84, 15, 2, 2, 1},
};

void build(SID* to, UCHAR authority, UCHAR count, ULONG first, ULONG second) {
    to->Revision = 1;
    to->SubAuthorityCount = count;
    to->IdentifierAuthority = {{0, 0, 0, 0, 0, authority}};
    if (count > 0) to->SubAuthority[0] = first;
    if (count > 1) to->SubAuthority[1] = second;
}

template <class C> BOOL to_string(const SID* sid, C** text) {
    WCHAR wide[256];
    const ULONG n = sid && text ? rtl::sid_to_string(sid, wide) : 0;
    if (!n) return fail_with(text ? ERROR_INVALID_SID : ERROR_INVALID_PARAMETER);
    auto* made = static_cast<C*>(local_allocate((n + 1) * sizeof(C)));
    if (!made) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    for (ULONG i = 0; i < n; ++i)
        made[i] = static_cast<C>(wide[i]);
    made[n] = 0;
    *text = made;
    return TRUE;
}

} // namespace

extern "C" {

BOOL AllocateAndInitializeSid(const SID_IDENTIFIER_AUTHORITY* authority, UCHAR count, DWORD s0, DWORD s1,
                              DWORD s2, DWORD s3, DWORD s4, DWORD s5, DWORD s6, DWORD s7, PSID* sid) {
    if (count > 8) return fail_with(ERROR_INVALID_SID);
    auto* made = static_cast<SID*>(k32::heap_allocate(rtl::length_required_sid(count)));
    if (!made) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    const DWORD all[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
    build(made, 0, count, 0, 0);
    made->IdentifierAuthority = *authority;
    for (UCHAR i = 0; i < count; ++i)
        made->SubAuthority[i] = all[i];
    *sid = made;
    return TRUE;
}
PVOID FreeSid(PSID sid) {
    k32::heap_free(sid);
    return nullptr;
}
BOOL IsValidSid(const SID* sid) { return rtl::valid_sid(sid) ? BOOL(TRUE) : fail_with(ERROR_INVALID_SID); }
BOOL EqualSid(const SID* a, const SID* b) { return rtl::equal_sid(a, b); }
BOOL EqualPrefixSid(const SID* a, const SID* b) { return rtl::equal_prefix_sid(a, b); }
DWORD GetLengthSid(const SID* sid) { return rtl::length_sid(sid); }
DWORD GetSidLengthRequired(UCHAR count) { return rtl::length_required_sid(count); }
BOOL InitializeSid(SID* sid, const SID_IDENTIFIER_AUTHORITY* authority, UCHAR count) {
    if (count > 15) return fail_with(ERROR_INVALID_PARAMETER);
    sid->Revision = 1;
    sid->SubAuthorityCount = count;
    sid->IdentifierAuthority = *authority;
    return TRUE;
}
SID_IDENTIFIER_AUTHORITY* GetSidIdentifierAuthority(SID* sid) { return &sid->IdentifierAuthority; }
DWORD* GetSidSubAuthority(SID* sid, DWORD index) {
    return reinterpret_cast<DWORD*>(&sid->SubAuthority[index]);
}
UCHAR* GetSidSubAuthorityCount(SID* sid) { return &sid->SubAuthorityCount; }
BOOL CopySid(DWORD size, SID* to, const SID* from) { return answer(rtl::copy_sid(size, to, from)); }

BOOL CreateWellKnownSid(DWORD type, const SID* domain, SID* to, DWORD* size) {
    for (const WellKnown& known : well_known) {
        if (known.type != type) continue;
        const DWORD needed = rtl::length_required_sid(known.count), room = *size;
        *size = needed;
        if (room < needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        build(to, known.authority, known.count, known.first, known.second);
        return TRUE;
    }
    // Accounts and groups of a domain: WinAccountAdministratorSid … WinAccountGuestSid,
    // WinAccountDomainAdminsSid …
    constexpr ULONG rids[] = {500, 501, 502, 512, 513, 514, 515, 516, 517, 518, 519, 520, 553};
    if (type < 38 || type > 50) return fail_with(ERROR_INVALID_PARAMETER);
    if (!domain) domain = machine_sid();
    if (!domain) return fail_with(ERROR_INVALID_PARAMETER);
    const DWORD needed = rtl::length_sid(domain) + 4, room = *size;
    *size = needed;
    if (room < needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    rtl::copy_sid(room, to, domain);
    to->SubAuthority[to->SubAuthorityCount++] = rids[type - 38];
    return TRUE;
}
BOOL IsWellKnownSid(const SID* sid, DWORD type) {
    ULONGLONG room[9];
    auto* known = reinterpret_cast<SID*>(room);
    for (const WellKnown& w : well_known)
        if (w.type == type) {
            build(known, w.authority, w.count, w.first, w.second);
            return rtl::equal_sid(sid, known);
        }
    return FALSE;
}

BOOL ConvertSidToStringSidW(const SID* sid, WCHAR** text) { return to_string(sid, text); }
BOOL ConvertSidToStringSidA(const SID* sid, CHAR** text) { return to_string(sid, text); }
BOOL ConvertStringSidToSidW(const WCHAR* text, PSID* sid) {
    if (!text || !sid) return fail_with(ERROR_INVALID_PARAMETER);
    ULONGLONG room[9];
    auto* parsed = reinterpret_cast<SID*>(room);
    const auto count = ULONG(wcslen(text));
    ULONG used;
    if (!rtl::string_to_sid(text, count, machine_sid(), parsed, used) || used != count)
        return fail_with(ERROR_INVALID_SID);
    *sid = local_allocate(rtl::length_sid(parsed));
    if (!*sid) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    return answer(rtl::copy_sid(rtl::largest_sid, static_cast<SID*>(*sid), parsed));
}
BOOL ConvertStringSidToSidA(const CHAR* text, PSID* sid) {
    if (!text) return fail_with(ERROR_INVALID_PARAMETER);
    const k32::Wide wide(text);
    return wide.ok() ? ConvertStringSidToSidW(wide.get(), sid) : BOOL(FALSE);
}

} // extern "C"
} // namespace nt
