// Whose token is in force: of processes, of threads that impersonate.
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/object.h"
#include "kernel/se/subject.h"
#include "kernel/se/token.h"
#include "rtl/security.h"

namespace nt::se {

namespace {

constexpr ULONG_PTR reference_bits = 0xf; // of an EX_FAST_REF
constexpr ULONG_PTR level_bits = 0x3, effective_bit = 0x4, client_bits = 0x7;
constexpr ULONG impersonates = 0x8, copied_on_open = 0x100; // ETHREAD.CrossThreadFlags

} // namespace

TOKEN* primary_token(const EPROCESS* process) {
    TOKEN* token = process ? strip(process->Token.Object, reference_bits) : nullptr;
    return token ? token : system_token;
}

void set_primary_token(EPROCESS& process, TOKEN* token) {
    TOKEN* old = strip(process.Token.Object, reference_bits);
    token->TokenInUse = TRUE;
    process.Token.Object = token;
    if (old) ob::dereference(old);
}

void drop_primary_token(EPROCESS& process) {
    TOKEN* old = strip(process.Token.Object, reference_bits);
    process.Token.Object = nullptr;
    if (old) ob::dereference(old);
}

NTSTATUS inherit_primary_token(EPROCESS& process, const EPROCESS* parent) {
    TOKEN* token =
        TRY_STATUS(duplicate_token(*primary_token(parent), TokenPrimary, SecurityAnonymous, false));
    set_primary_token(process, token);
    return STATUS_SUCCESS;
}

Impersonation impersonation_of(const ETHREAD& thread) {
    const auto slot = reinterpret_cast<ULONG_PTR>(thread.ClientSecurity);
    if (slot == 0) return {};
    return {strip(thread.ClientSecurity, client_bits),
            static_cast<SECURITY_IMPERSONATION_LEVEL>(slot & level_bits), (slot & effective_bit) != 0,
            (thread.CrossThreadFlags & copied_on_open) != 0};
}

void impersonate(ETHREAD& thread, TOKEN* token, SECURITY_IMPERSONATION_LEVEL level, bool effective_only,
                 bool copy_on_open) {
    TOKEN* old = impersonation_of(thread).token;
    thread.ClientSecurity = nullptr;
    thread.CrossThreadFlags = thread.CrossThreadFlags & ~(impersonates | copied_on_open);
    if (token) {
        ob::reference(token);
        thread.ClientSecurity = reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(token) | level |
                                                        (effective_only ? effective_bit : 0));
        thread.CrossThreadFlags =
            thread.CrossThreadFlags | impersonates | (copy_on_open ? copied_on_open : 0);
    }
    if (old) ob::dereference(old);
}

// nf-ntifs-psimpersonateclient, "The routine ensures whether client impersonation can actually occur".
NTSTATUS impersonate_client(ETHREAD& thread, TOKEN* token, bool effective_only,
                            SECURITY_IMPERSONATION_LEVEL level, bool copy_on_open) {
    if (!token) {
        impersonate(thread, nullptr, level, false);
        return STATUS_SUCCESS;
    }
    // assumed: an ended thread can impersonate nobody any more.
    if (ke::state_of(reinterpret_cast<const ke::Thread&>(thread)) == ke::ThreadState::terminated)
        return STATUS_THREAD_IS_TERMINATING;
    const TOKEN& own = *primary_token(process_of(thread));
    const bool is_anonymous =
        token->AuthenticationId.LowPart == anonymous_logon.LowPart && token->AuthenticationId.HighPart == 0;
    const auto user = [](const TOKEN& t) { return static_cast<const SID*>(t.UserAndGroups[0].Sid); };
    const bool allowed =
        level < SecurityImpersonation || is_anonymous || has_privilege(own, SE_IMPERSONATE_PRIVILEGE) ||
        (rtl::equal_sid(user(own), user(*token)) && is_restricted(own) == is_restricted(*token) &&
         integrity_level(*token) <= integrity_level(own));
    if (allowed) {
        impersonate(thread, token, level, effective_only, copy_on_open);
        return STATUS_SUCCESS;
    }
    // "makes a copy of the existing token … with limited security impersonation level"
    TOKEN* copy =
        TRY_STATUS(duplicate_token(*token, TokenImpersonation, SecurityIdentification, effective_only));
    impersonate(thread, copy, SecurityIdentification, effective_only, copy_on_open);
    ob::dereference(copy);
    return STATUS_SUCCESS;
}

} // namespace nt::se
