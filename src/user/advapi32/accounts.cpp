// The accounts of this machine by name and SID: Win32 pages of LookupAccountSid, LookupAccountName,
// GetUserName, SecAuthZ/well-known-sids. There is no LSA to ask: the table is what one says on an English
// Windows 10 that has nobody but the users of `--user`.
#include "rtl/machine.h"
#include "security.h"

namespace nt {
using namespace security;

const SID* security::machine_sid() {
    static const struct {
        UCHAR revision, count;
        SID_IDENTIFIER_AUTHORITY authority;
        ULONG sub[4];
    } machine{1,
              4,
              {{0, 0, 0, 0, 0, 5}},
              {21, rtl::machine_authorities[0], rtl::machine_authorities[1], rtl::machine_authorities[2]}};
    return reinterpret_cast<const SID*>(&machine);
}

namespace {

constexpr DWORD RPC_S_SERVER_UNAVAILABLE = 1722;

enum Use : UCHAR { User = 1, Group, Domain, Alias, WellKnownGroup, Label = 10 };

enum Authority : UCHAR { Nobody, NtAuthority, Builtin, MandatoryLabel, Packages, Service, Machine };
constexpr const WCHAR* domains[] = {
    u"",           u"NT AUTHORITY", u"BUILTIN", u"Mandatory Label", u"APPLICATION PACKAGE AUTHORITY",
    u"NT SERVICE", u"DRVLAB"}; // the computer's name

struct Account {
    UCHAR authority, count; // S-1-authority-sub…; of Machine: the RID behind the machine's SID
    ULONG first, second;
    Authority domain;
    Use use;
    const WCHAR* name;
};
constexpr Account accounts[] = {
    {0, 1, 0, 0, Nobody, WellKnownGroup, u"NULL SID"},
    {1, 1, 0, 0, Nobody, WellKnownGroup, u"Everyone"},
    {2, 1, 0, 0, Nobody, WellKnownGroup, u"LOCAL"},
    {2, 1, 1, 0, Nobody, WellKnownGroup, u"CONSOLE LOGON"},
    {3, 1, 0, 0, Nobody, WellKnownGroup, u"CREATOR OWNER"},
    {3, 1, 1, 0, Nobody, WellKnownGroup, u"CREATOR GROUP"},
    {3, 1, 2, 0, Nobody, WellKnownGroup, u"CREATOR OWNER SERVER"},
    {3, 1, 3, 0, Nobody, WellKnownGroup, u"CREATOR GROUP SERVER"},
    {3, 1, 4, 0, Nobody, WellKnownGroup, u"OWNER RIGHTS"},
    {5, 1, 1, 0, NtAuthority, WellKnownGroup, u"DIALUP"},
    {5, 1, 2, 0, NtAuthority, WellKnownGroup, u"NETWORK"},
    {5, 1, 3, 0, NtAuthority, WellKnownGroup, u"BATCH"},
    {5, 1, 4, 0, NtAuthority, WellKnownGroup, u"INTERACTIVE"},
    {5, 1, 6, 0, NtAuthority, WellKnownGroup, u"SERVICE"},
    {5, 1, 7, 0, NtAuthority, WellKnownGroup, u"ANONYMOUS LOGON"},
    {5, 1, 8, 0, NtAuthority, WellKnownGroup, u"PROXY"},
    {5, 1, 9, 0, NtAuthority, WellKnownGroup, u"ENTERPRISE DOMAIN CONTROLLERS"},
    {5, 1, 10, 0, NtAuthority, WellKnownGroup, u"SELF"},
    {5, 1, 11, 0, NtAuthority, WellKnownGroup, u"Authenticated Users"},
    {5, 1, 12, 0, NtAuthority, WellKnownGroup, u"RESTRICTED"},
    {5, 1, 13, 0, NtAuthority, WellKnownGroup, u"TERMINAL SERVER USER"},
    {5, 1, 14, 0, NtAuthority, WellKnownGroup, u"REMOTE INTERACTIVE LOGON"},
    {5, 1, 15, 0, NtAuthority, WellKnownGroup, u"This Organization"},
    {5, 1, 17, 0, NtAuthority, WellKnownGroup, u"IUSR"},
    {5, 1, 18, 0, NtAuthority, WellKnownGroup, u"SYSTEM"},
    {5, 1, 19, 0, NtAuthority, WellKnownGroup, u"LOCAL SERVICE"},
    {5, 1, 20, 0, NtAuthority, WellKnownGroup, u"NETWORK SERVICE"},
    {5, 1, 33, 0, NtAuthority, WellKnownGroup, u"WRITE RESTRICTED"},
    {5, 1, 113, 0, NtAuthority, WellKnownGroup, u"Local account"},
    {5, 1, 114, 0, NtAuthority, WellKnownGroup, u"Local account and member of Administrators group"},
    {5, 1, 1000, 0, NtAuthority, WellKnownGroup, u"Other Organization"},
    {5, 2, 64, 10, NtAuthority, WellKnownGroup, u"NTLM Authentication"},
    {5, 2, 64, 14, NtAuthority, WellKnownGroup, u"SChannel Authentication"},
    {5, 2, 64, 21, NtAuthority, WellKnownGroup, u"Digest Authentication"},
    {5, 0, 0, 0, NtAuthority, Domain, u""},
    {5, 1, 32, 0, Builtin, Domain, u"BUILTIN"},
    {5, 2, 32, 544, Builtin, Alias, u"Administrators"},
    {5, 2, 32, 545, Builtin, Alias, u"Users"},
    {5, 2, 32, 546, Builtin, Alias, u"Guests"},
    {5, 2, 32, 547, Builtin, Alias, u"Power Users"},
    {5, 2, 32, 551, Builtin, Alias, u"Backup Operators"},
    {5, 2, 32, 552, Builtin, Alias, u"Replicator"},
    {5, 2, 32, 555, Builtin, Alias, u"Remote Desktop Users"},
    {5, 2, 32, 556, Builtin, Alias, u"Network Configuration Operators"},
    {5, 2, 32, 558, Builtin, Alias, u"Performance Monitor Users"},
    {5, 2, 32, 559, Builtin, Alias, u"Performance Log Users"},
    {5, 2, 32, 562, Builtin, Alias, u"Distributed COM Users"},
    {5, 2, 32, 568, Builtin, Alias, u"IIS_IUSRS"},
    {5, 2, 32, 569, Builtin, Alias, u"Cryptographic Operators"},
    {5, 2, 32, 573, Builtin, Alias, u"Event Log Readers"},
    {5, 2, 32, 578, Builtin, Alias, u"Hyper-V Administrators"},
    {5, 2, 32, 579, Builtin, Alias, u"Access Control Assistance Operators"},
    {5, 2, 32, 580, Builtin, Alias, u"Remote Management Users"},
    {5, 2, 32, 581, Builtin, Alias, u"System Managed Accounts Group"},
    {5, 2, 32, 583, Builtin, Alias, u"Device Owners"},
    {16, 1, 0, 0, MandatoryLabel, Label, u"Untrusted Mandatory Level"},
    {16, 1, 4096, 0, MandatoryLabel, Label, u"Low Mandatory Level"},
    {16, 1, 8192, 0, MandatoryLabel, Label, u"Medium Mandatory Level"},
    {16, 1, 8448, 0, MandatoryLabel, Label, u"Medium Plus Mandatory Level"},
    {16, 1, 12288, 0, MandatoryLabel, Label, u"High Mandatory Level"},
    {16, 1, 16384, 0, MandatoryLabel, Label, u"System Mandatory Level"},
    {15, 2, 2, 1, Packages, WellKnownGroup, u"ALL APPLICATION PACKAGES"},
    {18, 1, 1, 0, Nobody, WellKnownGroup, u"Authentication authority asserted identity"},
    {18, 1, 2, 0, Nobody, WellKnownGroup, u"Service asserted identity"},
    {5, 5, 500, 0, Machine, User, u"Administrator"},
    {5, 5, 501, 0, Machine, User, u"Guest"},
    {5, 5, 503, 0, Machine, User, u"DefaultAccount"},
    {5, 5, 513, 0, Machine, Group, u"None"},
    {5, 5, rtl::user_rid, 0, Machine, User, u"drvlab"},
    {5, 4, 0, 0, Machine, Domain, u"DRVLAB"},
};

struct AnySid {
    ULONGLONG room[9];
    SID* sid() { return reinterpret_cast<SID*>(room); }
};
SID* sid_of(const Account& a, AnySid& to) {
    SID* sid = to.sid();
    if (a.domain == Machine) {
        rtl::copy_sid(sizeof to, sid, machine_sid());
        if (a.use != Domain) sid->SubAuthority[sid->SubAuthorityCount++] = a.first;
        return sid;
    }
    sid->Revision = 1;
    sid->SubAuthorityCount = a.count;
    sid->IdentifierAuthority = {{0, 0, 0, 0, 0, a.authority}};
    sid->SubAuthority[0] = a.first, sid->SubAuthority[1] = a.second;
    return sid;
}

const Account* find(const SID* sid) {
    for (const Account& a : accounts) {
        AnySid known;
        if (rtl::equal_sid(sid_of(a, known), sid)) return &a;
    }
    return nullptr;
}

struct Text {
    const WCHAR* at;
    SIZE_T length;
};
bool same(Text text, const WCHAR* name) {
    const auto lower = [](WCHAR c) { return c >= 'A' && c <= 'Z' ? WCHAR(c + 32) : c; };
    SIZE_T i = 0;
    for (; i < text.length && name[i]; ++i)
        if (lower(text.at[i]) != lower(name[i])) return false;
    return i == text.length && !name[i];
}

// "DOMAIN\name", "name@DOMAIN" or a name alone, which may be a domain's.
const Account* find(const WCHAR* name) {
    const SIZE_T length = wcslen(name);
    Text account{name, length}, domain{nullptr, 0};
    for (SIZE_T i = 0; i < length; ++i) {
        if (name[i] == '\\') domain = {name, i}, account = {name + i + 1, length - i - 1};
        if (name[i] == '@') account = {name, i}, domain = {name + i + 1, length - i - 1};
    }
    const bool here = domain.length == 1 && domain.at[0] == '.'; // the machine's own
    for (const Account& a : accounts) {
        const bool right_domain =
            !domain.at || (here ? a.domain == Machine : same(domain, domains[a.domain]));
        if (right_domain && a.name[0] && same(account, a.name)) return &a;
    }
    return nullptr;
}

template <class C> bool is_here(const C* system) {
    if (!system || !*system) return true;
    if (system[0] == '\\' && system[1] == '\\') system += 2;
    WCHAR name[32];
    SIZE_T n = 0;
    while (system[n] && n < 31)
        name[n] = WCHAR(system[n]), ++n;
    return same({name, n}, domains[Machine]);
}

// Puts a name into a buffer of `size` characters; `size` becomes the length, or what is needed with the null.
template <class C> bool give(const WCHAR* name, C* to, DWORD& size) {
    const DWORD length = DWORD(wcslen(name));
    if (size <= length || !to) {
        size = length + 1;
        return false;
    }
    for (DWORD i = 0; i <= length; ++i)
        to[i] = static_cast<C>(name[i]);
    size = length;
    return true;
}
bool has_room(const WCHAR* name, const void* to, DWORD size) { return to && size > wcslen(name); }

template <class C>
BOOL lookup_sid(const C* system, const SID* sid, C* name, DWORD* name_size, C* domain, DWORD* domain_size,
                DWORD* use) {
    if (!name_size || !domain_size || !use) return fail_with(ERROR_INVALID_PARAMETER);
    if (!rtl::valid_sid(sid)) return fail_with(ERROR_INVALID_SID);
    if (!is_here(system)) return fail_with(RPC_S_SERVER_UNAVAILABLE);
    const Account* found = find(sid);
    if (!found) return fail_with(ERROR_NONE_MAPPED);
    // A domain has its name in both places, but for the machine and NT AUTHORITY, which have it in one.
    const WCHAR* account = found->use == Domain && found->domain == Machine ? u"" : found->name;
    const WCHAR* authority = domains[found->domain];
    if (!has_room(account, name, *name_size) || !has_room(authority, domain, *domain_size)) {
        *name_size = DWORD(wcslen(account)) + 1, *domain_size = DWORD(wcslen(authority)) + 1;
        return fail_with(ERROR_INSUFFICIENT_BUFFER);
    }
    give(account, name, *name_size);
    give(authority, domain, *domain_size);
    *use = found->use;
    return TRUE;
}

template <class C>
BOOL lookup_name(const C* system, const WCHAR* name, SID* sid, DWORD* sid_size, C* domain, DWORD* domain_size,
                 DWORD* use) {
    if (!sid_size || !domain_size || !use) return fail_with(ERROR_INVALID_PARAMETER);
    if (!is_here(system)) return fail_with(RPC_S_SERVER_UNAVAILABLE);
    const Account* found = name ? find(name) : nullptr;
    if (!found) return fail_with(ERROR_NONE_MAPPED);
    AnySid known;
    const SID* from = sid_of(*found, known);
    const DWORD needed = rtl::length_sid(from);
    const WCHAR* authority = domains[found->domain];
    if (!sid || *sid_size < needed || !has_room(authority, domain, *domain_size)) {
        *sid_size = needed, *domain_size = DWORD(wcslen(authority)) + 1;
        return fail_with(ERROR_INSUFFICIENT_BUFFER);
    }
    rtl::copy_sid(*sid_size, sid, from);
    *sid_size = needed;
    give(authority, domain, *domain_size);
    *use = found->use;
    return TRUE;
}

// Whoever the thread acts for, or the process.
const WCHAR* current_user_name() {
    HANDLE token;
    if (!NT_SUCCESS(NtOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &token)) &&
        !NT_SUCCESS(NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token)))
        return nullptr;
    ULONGLONG room[16];
    ULONG length;
    const NTSTATUS status = NtQueryInformationToken(token, TokenUser, room, sizeof room, &length);
    NtClose(token);
    if (!NT_SUCCESS(status)) return nullptr;
    const auto& user = *reinterpret_cast<const SID_AND_ATTRIBUTES*>(room);
    const Account* found = find(static_cast<const SID*>(user.Sid));
    return found ? found->name : nullptr;
}

template <class C> BOOL user_name(C* to, DWORD* size) {
    const WCHAR* name = current_user_name();
    if (!name) return fail_with(ERROR_NONE_MAPPED);
    const bool good = give(name, to, *size);
    if (!good) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    ++*size; // "including the terminating null character"
    return TRUE;
}

} // namespace

extern "C" {

BOOL LookupAccountSidW(const WCHAR* system, const SID* sid, WCHAR* name, DWORD* name_size, WCHAR* domain,
                       DWORD* domain_size, DWORD* use) {
    return lookup_sid(system, sid, name, name_size, domain, domain_size, use);
}
BOOL LookupAccountSidA(const CHAR* system, const SID* sid, CHAR* name, DWORD* name_size, CHAR* domain,
                       DWORD* domain_size, DWORD* use) {
    return lookup_sid(system, sid, name, name_size, domain, domain_size, use);
}
BOOL LookupAccountNameW(const WCHAR* system, const WCHAR* name, SID* sid, DWORD* sid_size, WCHAR* domain,
                        DWORD* domain_size, DWORD* use) {
    return lookup_name(system, name, sid, sid_size, domain, domain_size, use);
}
BOOL LookupAccountNameA(const CHAR* system, const CHAR* name, SID* sid, DWORD* sid_size, CHAR* domain,
                        DWORD* domain_size, DWORD* use) {
    if (!name) return fail_with(ERROR_NONE_MAPPED);
    const k32::Wide wide(name);
    return wide.ok() ? lookup_name(system, wide.get(), sid, sid_size, domain, domain_size, use) : BOOL(FALSE);
}
BOOL GetUserNameW(WCHAR* to, DWORD* size) { return user_name(to, size); }
BOOL GetUserNameA(CHAR* to, DWORD* size) { return user_name(to, size); }

} // extern "C"
} // namespace nt
