// Tokens and privileges: Win32 pages of OpenProcessToken, GetTokenInformation, AdjustTokenPrivileges,
// LookupPrivilegeValue, DuplicateTokenEx, ImpersonateSelf, CheckTokenMembership, AccessCheck …
#include "rtl/privileges.h"
#include "security.h"

namespace nt {
using namespace security;

namespace {

template <class C> bool same(const C* text, const char* name) {
    const auto lower = [](unsigned c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
    for (; *text && *name; ++text, ++name)
        if (lower(static_cast<unsigned>(*text)) != lower(static_cast<unsigned char>(*name))) return false;
    return !*text && !*name;
}

template <class C> BOOL lookup_value(const C* system, const C* name, LUID* luid) {
    if (system && *system) return fail_with(ERROR_INVALID_PARAMETER); // other machines do not exist
    for (ULONG i = rtl::lowest_privilege; i <= rtl::highest_privilege; ++i)
        if (same(name, rtl::privilege_name(i))) {
            *luid = {i, 0};
            return TRUE;
        }
    return fail_with(ERROR_NO_SUCH_PRIVILEGE);
}

template <class C> BOOL lookup_name(const C* system, const LUID* luid, C* name, DWORD* size) {
    if (system && *system) return fail_with(ERROR_INVALID_PARAMETER);
    const char* found = luid->HighPart ? nullptr : rtl::privilege_name(luid->LowPart);
    if (!found) return fail_with(ERROR_NO_SUCH_PRIVILEGE);
    DWORD n = 0;
    while (found[n])
        ++n;
    if (*size < n + 1) {
        *size = n + 1;
        return fail_with(ERROR_INSUFFICIENT_BUFFER);
    }
    for (DWORD i = 0; i <= n; ++i)
        name[i] = static_cast<C>(found[i]);
    *size = n;
    return TRUE;
}

} // namespace

extern "C" {

BOOL OpenProcessToken(HANDLE process, DWORD access, HANDLE* token) {
    return answer(NtOpenProcessToken(process, access, token));
}
BOOL OpenThreadToken(HANDLE thread, DWORD access, BOOL as_self, HANDLE* token) {
    return answer(NtOpenThreadToken(thread, access, as_self != 0, token));
}
BOOL GetTokenInformation(HANDLE token, DWORD information_class, PVOID to, DWORD length, DWORD* needed) {
    ULONG size = 0;
    const NTSTATUS status = NtQueryInformationToken(token, information_class, to, length, &size);
    if (!needed) return fail_with(ERROR_NOACCESS);
    *needed = size;
    return answer(status);
}
BOOL SetTokenInformation(HANDLE token, DWORD information_class, PVOID from, DWORD length) {
    return answer(NtSetInformationToken(token, information_class, from, length));
}
// TRUE with ERROR_NOT_ALL_ASSIGNED as the last error when the token lacks one of them.
BOOL AdjustTokenPrivileges(HANDLE token, BOOL disable_all, TOKEN_PRIVILEGES* state, DWORD length,
                           TOKEN_PRIVILEGES* previous, DWORD* needed) {
    ULONG size = 0;
    const NTSTATUS status = NtAdjustPrivilegesToken(token, disable_all != 0, state, length, previous, &size);
    if (needed) *needed = size;
    if (!NT_SUCCESS(status)) return fail(status);
    RtlSetLastWin32Error(status == STATUS_NOT_ALL_ASSIGNED ? ERROR_NOT_ALL_ASSIGNED : ERROR_SUCCESS);
    return TRUE;
}
BOOL AdjustTokenGroups(HANDLE token, BOOL reset, TOKEN_GROUPS* state, DWORD length, TOKEN_GROUPS* previous,
                       DWORD* needed) {
    ULONG size = 0;
    const NTSTATUS status = NtAdjustGroupsToken(token, reset != 0, state, length, previous, &size);
    if (needed) *needed = size;
    if (!NT_SUCCESS(status)) return fail(status);
    RtlSetLastWin32Error(status == STATUS_NOT_ALL_ASSIGNED ? ERROR_NOT_ALL_ASSIGNED : ERROR_SUCCESS);
    return TRUE;
}
BOOL LookupPrivilegeValueW(const WCHAR* system, const WCHAR* name, LUID* luid) {
    return lookup_value(system, name, luid);
}
BOOL LookupPrivilegeValueA(const CHAR* system, const CHAR* name, LUID* luid) {
    return lookup_value(system, name, luid);
}
BOOL LookupPrivilegeNameW(const WCHAR* system, LUID* luid, WCHAR* name, DWORD* size) {
    return lookup_name(system, luid, name, size);
}
BOOL LookupPrivilegeNameA(const CHAR* system, LUID* luid, CHAR* name, DWORD* size) {
    return lookup_name(system, luid, name, size);
}
BOOL PrivilegeCheck(HANDLE token, PRIVILEGE_SET* required, BOOL* result) {
    BOOLEAN held = FALSE;
    const NTSTATUS status = NtPrivilegeCheck(token, required, &held);
    *result = held;
    return answer(status);
}

BOOL DuplicateTokenEx(HANDLE existing, DWORD access, SECURITY_ATTRIBUTES* security, DWORD level, DWORD type,
                      HANDLE* token) {
    SECURITY_QUALITY_OF_SERVICE qos{sizeof qos, SECURITY_IMPERSONATION_LEVEL(level), FALSE, FALSE};
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, nullptr, 0, nullptr, &qos};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    return answer(NtDuplicateToken(existing, access, &attributes, FALSE, type, token));
}
BOOL DuplicateToken(HANDLE existing, DWORD level, HANDLE* token) {
    return DuplicateTokenEx(existing, TOKEN_IMPERSONATE | TOKEN_QUERY, nullptr, level, TokenImpersonation,
                            token);
}
BOOL CreateRestrictedToken(HANDLE existing, DWORD flags, DWORD disable_count, SID_AND_ATTRIBUTES* disable,
                           DWORD delete_count, LUID_AND_ATTRIBUTES* remove, DWORD restrict_count,
                           SID_AND_ATTRIBUTES* restrict, HANDLE* token) {
    const auto groups = [](DWORD count, const SID_AND_ATTRIBUTES* from) {
        auto* to =
            static_cast<TOKEN_GROUPS*>(k32::heap_allocate(sizeof(TOKEN_GROUPS) + count * sizeof *from));
        if (!to) return to;
        to->GroupCount = count;
        for (DWORD i = 0; i < count; ++i)
            (to->Groups + i)[0] = from[i];
        return to;
    };
    auto* privileges_to_delete = static_cast<TOKEN_PRIVILEGES*>(
        k32::heap_allocate(sizeof(TOKEN_PRIVILEGES) + delete_count * sizeof(LUID_AND_ATTRIBUTES)));
    TOKEN_GROUPS* disabled = groups(disable_count, disable);
    TOKEN_GROUPS* restricting = groups(restrict_count, restrict);
    NTSTATUS status = STATUS_NO_MEMORY;
    if (privileges_to_delete && disabled && restricting) {
        privileges_to_delete->PrivilegeCount = delete_count;
        for (DWORD i = 0; i < delete_count; ++i)
            (privileges_to_delete->Privileges + i)[0] = remove[i];
        status = NtFilterToken(existing, flags, disable_count ? disabled : nullptr,
                               delete_count ? privileges_to_delete : nullptr,
                               restrict_count ? restricting : nullptr, token);
    }
    k32::heap_free(privileges_to_delete);
    k32::heap_free(disabled);
    k32::heap_free(restricting);
    return answer(status);
}
BOOL IsTokenRestricted(HANDLE token) {
    ULONG restricted = 0, size = 0;
    if (!NT_SUCCESS(NtQueryInformationToken(token, TokenIsRestricted, &restricted, sizeof restricted, &size)))
        return FALSE;
    return restricted != 0;
}

BOOL SetThreadToken(HANDLE* thread, HANDLE token) {
    return answer(NtSetInformationThread(thread ? *thread : NtCurrentThread(), ThreadImpersonationToken,
                                         &token, sizeof token));
}
BOOL RevertToSelf() { return SetThreadToken(nullptr, nullptr); }
// "The server must have read data from the pipe": the driver of named pipes knows. FSCTL_PIPE_IMPERSONATE.
BOOL ImpersonateNamedPipeClient(HANDLE pipe) {
    constexpr ULONG FSCTL_PIPE_IMPERSONATE = 0x11001c;
    IO_STATUS_BLOCK iosb;
    return answer(NtFsControlFile(pipe, nullptr, nullptr, nullptr, &iosb, FSCTL_PIPE_IMPERSONATE, nullptr, 0,
                                  nullptr, 0));
}
BOOL ImpersonateSelf(DWORD level) {
    HANDLE own, copy;
    if (!OpenProcessToken(NtCurrentProcess(), TOKEN_DUPLICATE, &own)) return FALSE;
    BOOL good = DuplicateTokenEx(own, TOKEN_IMPERSONATE, nullptr, level, TokenImpersonation, &copy);
    NtClose(own);
    if (!good) return FALSE;
    good = SetThreadToken(nullptr, copy);
    NtClose(copy);
    return good;
}
BOOL ImpersonateLoggedOnUser(HANDLE token) {
    ULONG type = 0, size = 0;
    const NTSTATUS status = NtQueryInformationToken(token, TokenType, &type, sizeof type, &size);
    if (!NT_SUCCESS(status)) return fail(status);
    if (type == TokenImpersonation) return SetThreadToken(nullptr, token);
    HANDLE copy;
    if (!DuplicateTokenEx(token, TOKEN_IMPERSONATE | TOKEN_QUERY, nullptr, SecurityImpersonation,
                          TokenImpersonation, &copy))
        return FALSE;
    const BOOL good = SetThreadToken(nullptr, copy);
    NtClose(copy);
    return good;
}
BOOL ImpersonateAnonymousToken(HANDLE thread) { return answer(NtImpersonateAnonymousToken(thread)); }

BOOL AccessCheck(PVOID descriptor, HANDLE client, DWORD desired, GENERIC_MAPPING* mapping,
                 PRIVILEGE_SET* privileges, DWORD* length, DWORD* granted, BOOL* allowed) {
    ULONG size = *length;
    ACCESS_MASK access = 0;
    NTSTATUS checked = STATUS_ACCESS_DENIED;
    const NTSTATUS status =
        NtAccessCheck(descriptor, client, desired, mapping, privileges, &size, &access, &checked);
    *length = size;
    if (!NT_SUCCESS(status)) return fail(status);
    *granted = access;
    *allowed = NT_SUCCESS(checked);
    if (!*allowed) fail(checked);
    return TRUE;
}

// "determines whether a specified SID is enabled in an access token": of an impersonation token, or of the
// caller.
BOOL CheckTokenMembership(HANDLE token, PSID sid, BOOL* member) {
    *member = FALSE;
    HANDLE own = nullptr;
    if (!token) {
        if (!NT_SUCCESS(NtOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &own))) {
            HANDLE process;
            if (!OpenProcessToken(NtCurrentProcess(), TOKEN_DUPLICATE, &process)) return FALSE;
            const BOOL good = DuplicateToken(process, SecurityIdentification, &own);
            NtClose(process);
            if (!good) return FALSE;
        }
        token = own;
    }
    // A descriptor that lets this SID in and nobody else.
    struct {
        ACL acl;
        ULONGLONG room[12];
    } list;
    SECURITY_DESCRIPTOR d;
    GENERIC_MAPPING mapping{1, 1, 1, 1};
    PRIVILEGE_SET privileges;
    DWORD length = sizeof privileges, granted = 0;
    rtl::create_descriptor(&d, SECURITY_DESCRIPTOR_REVISION);
    rtl::create_acl(&list.acl, sizeof list, ACL_REVISION);
    NTSTATUS status =
        rtl::add_ace(&list.acl, ACL_REVISION, ACCESS_ALLOWED_ACE_TYPE, 0, 1, static_cast<const SID*>(sid));
    rtl::set_dacl(&d, true, &list.acl, false);
    d.Owner = d.Group = sid;
    BOOL good = answer(status);
    if (good) good = AccessCheck(&d, token, 1, &mapping, &privileges, &length, &granted, member);
    if (own) NtClose(own);
    return good;
}

BOOL AllocateLocallyUniqueId(LUID* luid) { return answer(NtAllocateLocallyUniqueId(luid)); }

} // extern "C"
} // namespace nt
