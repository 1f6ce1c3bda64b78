// SIDs: Win32 pages of AllocateAndInitializeSid, ConvertSidToStringSid, CreateWellKnownSid …
#include "security.h"

namespace nt {
using namespace security;

namespace {

// win32 page SecAuthZ/well-known-sids; the types are those of WELL_KNOWN_SID_TYPE.
struct WellKnown {
    UCHAR type, authority, count;
    USHORT first, second; // any further ones are 0
};
constexpr WellKnown well_known[] = {
    {0, 0, 1, 0, 0},      {1, 1, 1, 0, 0},      {2, 2, 1, 0, 0},       {3, 3, 1, 0, 0},
    {4, 3, 1, 1, 0},      {5, 3, 1, 2, 0},      {6, 3, 1, 3, 0},       {7, 5, 0, 0, 0},
    {8, 5, 1, 1, 0},      {9, 5, 1, 2, 0},      {10, 5, 1, 3, 0},      {11, 5, 1, 4, 0},
    {12, 5, 1, 6, 0},     {13, 5, 1, 7, 0},     {14, 5, 1, 8, 0},      {15, 5, 1, 9, 0},
    {16, 5, 1, 10, 0},    {17, 5, 1, 11, 0},    {18, 5, 1, 12, 0},     {19, 5, 1, 13, 0},
    {20, 5, 1, 14, 0},    {22, 5, 1, 18, 0},    {23, 5, 1, 19, 0},     {24, 5, 1, 20, 0},
    {25, 5, 1, 32, 0},    {26, 5, 2, 32, 544},  {27, 5, 2, 32, 545},   {28, 5, 2, 32, 546},
    {29, 5, 2, 32, 547},  {30, 5, 2, 32, 548},  {31, 5, 2, 32, 549},   {32, 5, 2, 32, 550},
    {33, 5, 2, 32, 551},  {34, 5, 2, 32, 552},  {35, 5, 2, 32, 554},   {36, 5, 2, 32, 555},
    {37, 5, 2, 32, 556},  {51, 5, 2, 64, 10},   {52, 5, 2, 64, 21},    {53, 5, 2, 64, 14},
    {54, 5, 1, 15, 0},    {55, 5, 1, 1000, 0},  {56, 5, 2, 32, 557},   {57, 5, 2, 32, 558},
    {58, 5, 2, 32, 559},  {59, 5, 2, 32, 560},  {60, 5, 2, 32, 561},   {61, 5, 2, 32, 562},
    {62, 5, 2, 32, 568},  {63, 5, 1, 17, 0},    {64, 5, 2, 32, 569},   {65, 16, 1, 0, 0},
    {66, 16, 1, 4096, 0}, {67, 16, 1, 8192, 0}, {68, 16, 1, 12288, 0}, {69, 16, 1, 16384, 0},
    {70, 5, 1, 33, 0},    {71, 3, 1, 4, 0},     {76, 5, 2, 32, 573},   {78, 5, 2, 32, 574},
    {79, 16, 1, 8448, 0}, {80, 2, 1, 1, 0},     {81, 2, 1, 1, 0},      {82, 5, 2, 65, 1},
    {83, 15, 0, 0, 0},    {84, 15, 2, 2, 1},    {85, 15, 2, 3, 1},     {86, 15, 2, 3, 2},
    {87, 15, 2, 3, 3},    {88, 15, 2, 3, 4},    {89, 15, 2, 3, 5},     {90, 15, 2, 3, 6},
    {91, 15, 2, 3, 7},    {92, 15, 2, 3, 9},    {93, 15, 2, 3, 8},     {94, 15, 2, 3, 10},
    {95, 5, 2, 32, 575},  {96, 5, 2, 32, 576},  {97, 5, 2, 32, 577},   {98, 5, 6, 84, 0},
    {99, 5, 2, 32, 578},  {101, 5, 2, 32, 579}, {102, 5, 2, 32, 580},  {103, 18, 1, 1, 0},
    {104, 18, 1, 2, 0},   {105, 5, 1, 113, 0},  {106, 5, 1, 114, 0},   {108, 15, 2, 3, 11},
    {109, 15, 2, 3, 12},  {111, 5, 2, 32, 581}, {112, 5, 2, 32, 582},  {115, 18, 1, 4, 0},
    {116, 18, 1, 5, 0},   {117, 18, 1, 6, 0},   {118, 18, 1, 3, 0},    {119, 5, 2, 32, 583},
};
// Accounts and groups of a domain, by their RIDs.
struct OfDomain {
    UCHAR type;
    USHORT rid;
};
constexpr OfDomain of_domain[] = {{38, 500},  {39, 501},  {40, 502},  {41, 512},  {42, 513}, {43, 514},
                                  {44, 515},  {45, 516},  {46, 517},  {47, 518},  {48, 519}, {49, 520},
                                  {50, 553},  {72, 571},  {73, 572},  {74, 498},  {75, 521}, {77, 498},
                                  {100, 522}, {107, 525}, {110, 503}, {113, 526}, {114, 527}};
constexpr UCHAR logon_ids = 21; // S-1-5-5-X-Y: any of them

void build(SID* to, UCHAR authority, UCHAR count, ULONG first, ULONG second) {
    to->Revision = 1;
    to->SubAuthorityCount = count;
    to->IdentifierAuthority = {{0, 0, 0, 0, 0, authority}};
    if (count > 0) to->SubAuthority[0] = first;
    if (count > 1) to->SubAuthority[1] = second;
    for (UCHAR i = 2; i < count; ++i)
        to->SubAuthority[i] = 0;
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
    for (const OfDomain& known : of_domain) {
        if (known.type != type) continue;
        if (!domain) domain = machine_sid(); // "use NULL for the local computer"
        if (domain->SubAuthorityCount > 14) return fail_with(ERROR_INVALID_PARAMETER);
        const DWORD needed = rtl::length_sid(domain) + 4, room = *size;
        *size = needed;
        if (room < needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        rtl::copy_sid(room, to, domain);
        to->SubAuthority[to->SubAuthorityCount++] = known.rid;
        return TRUE;
    }
    return fail_with(ERROR_INVALID_PARAMETER);
}
BOOL IsWellKnownSid(const SID* sid, DWORD type) {
    if (!rtl::valid_sid(sid)) return FALSE;
    ULONGLONG room[9];
    auto* known = reinterpret_cast<SID*>(room);
    for (const WellKnown& w : well_known)
        if (w.type == type) {
            build(known, w.authority, w.count, w.first, w.second);
            return rtl::equal_sid(sid, known);
        }
    const auto under = [sid](UCHAR count, ULONG first) {
        return sid->IdentifierAuthority.Value[5] == 5 && sid->SubAuthorityCount == count &&
               sid->SubAuthority[0] == first;
    };
    if (type == logon_ids) return under(3, 5);
    for (const OfDomain& w : of_domain) // of whatever domain: S-1-5-21-X-Y-Z-RID
        if (w.type == type) return under(5, 21) && sid->SubAuthority[4] == w.rid;
    return FALSE;
}

namespace {
// S-1-5-21-X-Y-Z, alone or before a RID.
bool is_of_domain(const SID* sid) {
    return sid->IdentifierAuthority.Value[5] == 5 && sid->SubAuthorityCount >= 4 &&
           sid->SubAuthorityCount <= 5 && sid->SubAuthority[0] == 21;
}
} // namespace
BOOL GetWindowsAccountDomainSid(const SID* sid, SID* domain, DWORD* size) {
    constexpr DWORD ERROR_NON_ACCOUNT_SID = 1257;
    if (!rtl::valid_sid(sid)) return fail_with(ERROR_INVALID_SID);
    if (!is_of_domain(sid)) return fail_with(ERROR_NON_ACCOUNT_SID);
    const DWORD needed = rtl::length_required_sid(4), room = *size;
    *size = needed;
    if (!domain || room < needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    ULONGLONG whole[9];
    rtl::copy_sid(sizeof whole, reinterpret_cast<SID*>(whole), sid);
    reinterpret_cast<SID*>(whole)->SubAuthorityCount = 4;
    return answer(rtl::copy_sid(room, domain, reinterpret_cast<SID*>(whole)));
}
BOOL EqualDomainSid(const SID* a, const SID* b, BOOL* equal) {
    constexpr DWORD ERROR_NON_DOMAIN_SID = 1258;
    if (!rtl::valid_sid(a) || !rtl::valid_sid(b)) return fail_with(ERROR_INVALID_SID);
    const auto is_builtin = [](const SID* sid) {
        return sid->IdentifierAuthority.Value[5] == 5 && sid->SubAuthorityCount && sid->SubAuthority[0] == 32;
    };
    const auto fits = [&](const SID* sid) { return is_of_domain(sid) || is_builtin(sid); };
    if (!fits(a) || !fits(b)) return fail_with(ERROR_NON_DOMAIN_SID);
    *equal = is_builtin(a) == is_builtin(b);
    for (UCHAR i = 1; *equal && is_of_domain(a) && i < 4; ++i)
        *equal = a->SubAuthority[i] == b->SubAuthority[i];
    return TRUE;
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
