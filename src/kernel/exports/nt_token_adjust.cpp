// Changing what is enabled in a token, and acting as somebody: Win32 pages of AdjustTokenPrivileges,
// AdjustTokenGroups, ImpersonateAnonymousToken; wdm page se_impersonation.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/exports/token_handle.h"
#include "kernel/ke/thread.h"
#include "kernel/se/subject.h"
#include "rtl/security.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

constexpr ULONG most = 1024; // entries of a list

ULONG enabled_attributes(const TOKEN& token, ULONG luid) {
    return (token.Privileges.Enabled >> luid & 1 ? SE_PRIVILEGE_ENABLED : 0) |
           (token.Privileges.EnabledByDefault >> luid & 1 ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0);
}

} // namespace

// The previous state holds what has changed only. STATUS_NOT_ALL_ASSIGNED is a success.
extern "C" NTSTATUS NtAdjustPrivilegesToken(HANDLE handle, BOOLEAN disable_all,
                                            const TOKEN_PRIVILEGES* wanted, ULONG length,
                                            TOKEN_PRIVILEGES* previous, ULONG* needed) {
    std::vector<LUID_AND_ATTRIBUTES> list;
    if (!disable_all) {
        ULONG count;
        if (!wanted) return STATUS_INVALID_PARAMETER;
        if (!read_parameter(&wanted->PrivilegeCount, count)) return STATUS_ACCESS_VIOLATION;
        if (count > most) return STATUS_INVALID_PARAMETER;
        list.resize(count);
        if (!copy_in(list.data(), wanted->Privileges, count * sizeof list[0])) return STATUS_ACCESS_VIOLATION;
    }
    TokenReference of(handle, TOKEN_ADJUST_PRIVILEGES | (previous ? TOKEN_QUERY : 0));
    if (!NT_SUCCESS(of.status)) return of.status;
    TOKEN& token = *of.token;
    SEP_TOKEN_PRIVILEGES now = token.Privileges;
    bool all = true;
    if (disable_all)
        now.Enabled = 0;
    else
        for (const LUID_AND_ATTRIBUTES& one : list) {
            const ULONG luid = one.Luid.LowPart;
            if (one.Luid.HighPart || luid > 63 || !(now.Present >> luid & 1)) {
                all = false;
                continue;
            }
            const ULONGLONG bit = 1ull << luid;
            if (one.Attributes & SE_PRIVILEGE_REMOVED) {
                now.Present &= ~bit, now.Enabled &= ~bit, now.EnabledByDefault &= ~bit;
            } else if (one.Attributes & SE_PRIVILEGE_ENABLED) {
                now.Enabled |= bit;
            } else {
                now.Enabled &= ~bit;
            }
        }
    const ULONGLONG changed = now.Enabled ^ token.Privileges.Enabled;
    if (previous) {
        std::vector<LUID_AND_ATTRIBUTES> old;
        for (ULONG luid = 0; luid < 64; ++luid)
            if (changed >> luid & 1) old.push_back({{luid, 0}, enabled_attributes(token, luid)});
        const auto count = static_cast<ULONG>(old.size());
        const auto size = static_cast<ULONG>(sizeof(ULONG) + count * sizeof old[0]);
        if (!write_parameter(needed, size)) return STATUS_ACCESS_VIOLATION;
        if (length < size) return STATUS_BUFFER_TOO_SMALL;
        if (!write_parameter(&previous->PrivilegeCount, count) ||
            !copy_out(previous->Privileges, old.data(), count * sizeof old[0]))
            return STATUS_ACCESS_VIOLATION;
    }
    token.Privileges = now;
    se::modified(token);
    return all ? STATUS_SUCCESS : STATUS_NOT_ALL_ASSIGNED;
}
GATE(NtAdjustPrivilegesToken);

// Mandatory groups stay enabled (STATUS_CANT_DISABLE_MANDATORY), deny-only ones disabled
// (STATUS_CANT_ENABLE_DENY_ONLY).
extern "C" NTSTATUS NtAdjustGroupsToken(HANDLE handle, BOOLEAN reset, const TOKEN_GROUPS* wanted,
                                        ULONG length, TOKEN_GROUPS* previous, ULONG* needed) {
    struct Wish {
        se::SidValue sid;
        bool enable;
    };
    std::vector<Wish> wishes;
    if (!reset) {
        ULONG count;
        if (!wanted) return STATUS_INVALID_PARAMETER;
        if (!read_parameter(&wanted->GroupCount, count)) return STATUS_ACCESS_VIOLATION;
        if (count > most) return STATUS_INVALID_PARAMETER;
        for (ULONG i = 0; i < count; ++i) {
            SID_AND_ATTRIBUTES group;
            Wish wish{};
            if (!read_parameter(&wanted->Groups[i], group) || !copy_in(&wish.sid, group.Sid, 8))
                return STATUS_ACCESS_VIOLATION;
            if (!rtl::valid_sid(wish.sid.sid())) return STATUS_INVALID_SID;
            if (!copy_in(&wish.sid, group.Sid, rtl::length_sid(wish.sid.sid())))
                return STATUS_ACCESS_VIOLATION;
            wish.enable = group.Attributes & SE_GROUP_ENABLED;
            wishes.push_back(wish);
        }
    }
    TokenReference of(handle, TOKEN_ADJUST_GROUPS | (previous ? TOKEN_QUERY : 0));
    if (!NT_SUCCESS(of.status)) return of.status;
    TOKEN& token = *of.token;
    std::vector<ULONG> now(token.UserAndGroupCount);
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i)
        now[i] = token.UserAndGroups[i].Attributes;
    std::size_t found = 0;
    for (ULONG i = 1; i < token.UserAndGroupCount; ++i) {
        if (now[i] & SE_GROUP_INTEGRITY) continue;
        if (reset) {
            if (!(now[i] & SE_GROUP_USE_FOR_DENY_ONLY))
                now[i] = now[i] & SE_GROUP_ENABLED_BY_DEFAULT ? now[i] | SE_GROUP_ENABLED
                                                              : now[i] & ~SE_GROUP_ENABLED;
            continue;
        }
        for (const Wish& wish : wishes) {
            if (!rtl::equal_sid(static_cast<const SID*>(token.UserAndGroups[i].Sid), wish.sid.sid()))
                continue;
            ++found;
            if (!wish.enable && (now[i] & SE_GROUP_MANDATORY)) return STATUS_CANT_DISABLE_MANDATORY;
            if (wish.enable && (now[i] & SE_GROUP_USE_FOR_DENY_ONLY)) return STATUS_CANT_ENABLE_DENY_ONLY;
            now[i] = wish.enable ? now[i] | SE_GROUP_ENABLED : now[i] & ~SE_GROUP_ENABLED;
        }
    }
    if (previous) { // the groups that change, with their SIDs behind
        std::vector<ULONG> changed;
        ULONG size = 8;
        for (ULONG i = 1; i < token.UserAndGroupCount; ++i)
            if (now[i] != token.UserAndGroups[i].Attributes) {
                changed.push_back(i);
                size += static_cast<ULONG>(sizeof(SID_AND_ATTRIBUTES)) +
                        rtl::length_sid(static_cast<const SID*>(token.UserAndGroups[i].Sid));
            }
        if (!write_parameter(needed, size)) return STATUS_ACCESS_VIOLATION;
        if (length < size) return STATUS_BUFFER_TOO_SMALL;
        const auto count = static_cast<ULONG>(changed.size());
        auto* at = reinterpret_cast<UCHAR*>(previous) + 8 + count * sizeof(SID_AND_ATTRIBUTES);
        bool good = write_parameter(&previous->GroupCount, count);
        for (ULONG n = 0; n < count && good; ++n) {
            const SID_AND_ATTRIBUTES& group = token.UserAndGroups[changed[n]];
            const ULONG sid_size = rtl::length_sid(static_cast<const SID*>(group.Sid));
            good = write_parameter(&previous->Groups[n], {at, group.Attributes}) &&
                   copy_out(at, group.Sid, sid_size);
            at += sid_size;
        }
        if (!good) return STATUS_ACCESS_VIOLATION;
    }
    for (ULONG i = 0; i < token.UserAndGroupCount; ++i)
        token.UserAndGroups[i].Attributes = now[i];
    se::modified(token);
    return reset || found == wishes.size() ? STATUS_SUCCESS : STATUS_NOT_ALL_ASSIGNED;
}
GATE(NtAdjustGroupsToken);

// The server thread acts as the client thread.
extern "C" NTSTATUS NtImpersonateThread(HANDLE server, HANDLE client,
                                        const SECURITY_QUALITY_OF_SERVICE* qos_at) {
    SECURITY_QUALITY_OF_SERVICE qos;
    if (!read_parameter(qos_at, qos)) return STATUS_ACCESS_VIOLATION;
    if (qos.Length < sizeof qos || qos.ImpersonationLevel > SecurityDelegation)
        return STATUS_INVALID_PARAMETER;
    constexpr ACCESS_MASK THREAD_IMPERSONATE = 0x100, THREAD_DIRECT_IMPERSONATION = 0x200;
    TargetThread from(client, THREAD_DIRECT_IMPERSONATION);
    if (!NT_SUCCESS(from.status)) return from.status;
    TargetThread to(server, THREAD_IMPERSONATE);
    if (!NT_SUCCESS(to.status)) return to.status;
    const se::Impersonation acting = se::impersonation_of(*from);
    if (acting.token && acting.level < SecurityImpersonation) return STATUS_BAD_IMPERSONATION_LEVEL;
    const TOKEN* token = acting.token ? acting.token : se::primary_token(se::process_of(*from));
    TOKEN* copy = TRY_STATUS(
        se::duplicate_token(*token, TokenImpersonation, qos.ImpersonationLevel, qos.EffectiveOnly));
    const NTSTATUS status = se::impersonate_client(*to, copy, qos.EffectiveOnly, qos.ImpersonationLevel);
    ob::dereference(copy);
    return status;
}
GATE(NtImpersonateThread);

extern "C" NTSTATUS NtImpersonateAnonymousToken(HANDLE thread) {
    constexpr ACCESS_MASK THREAD_IMPERSONATE = 0x100;
    TargetThread to(thread, THREAD_IMPERSONATE);
    if (!NT_SUCCESS(to.status)) return to.status;
    TOKEN* token = TRY_STATUS(se::create_anonymous_token());
    const NTSTATUS status = se::impersonate_client(*to, token, false, SecurityImpersonation);
    ob::dereference(token);
    return status;
}
GATE(NtImpersonateAnonymousToken);
