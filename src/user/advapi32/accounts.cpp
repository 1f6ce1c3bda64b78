// The accounts of this machine by name and SID: Win32 pages of LookupAccountSid, LookupAccountName,
// GetUserName. There is no LSA to ask.
#include "rtl/accounts.h"
#include "security.h"

namespace nt {
using namespace security;
using namespace rtl::accounts;

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
    for (const Account& a : known) {
        AnySid its;
        if (rtl::equal_sid(sid_of(a, its), sid)) return &a;
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
    for (const Account& a : known) {
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
    AnySid its;
    const SID* from = sid_of(*found, its);
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
