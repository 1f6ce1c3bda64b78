// Tokens for drivers: ntifs pages nf-ntifs-psreferenceprimarytoken, nf-ntifs-sequeryinformationtoken,
// nf-ntifs-sefiltertoken, nf-ntifs-psimpersonateclient, nf-ntifs-secreateclientsecurity …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/handle.h"
#include "kernel/pool/pool.h"
#include "kernel/se/linked.h"
#include "kernel/se/subject.h"
#include "rtl/security.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

se::SidValue value_of(const void* p) {
    const auto* sid = static_cast<const SID*>(p);
    need_read(sid, 8);
    se::SidValue value;
    if (!rtl::valid_sid(sid)) return value;
    need_read(sid, rtl::length_sid(sid));
    std::memcpy(static_cast<void*>(&value), sid, rtl::length_sid(sid));
    return value;
}

} // namespace

extern "C" PACCESS_TOKEN PsReferencePrimaryToken(const EPROCESS* process) {
    TOKEN* token = se::primary_token(process);
    ob::reference(token);
    return token;
}
GATE(PsReferencePrimaryToken);
extern "C" void PsDereferencePrimaryToken(PACCESS_TOKEN token) { ob::dereference(token); }
GATE(PsDereferencePrimaryToken);

extern "C" PACCESS_TOKEN PsReferenceImpersonationToken(const ETHREAD* thread, BOOLEAN* copy_on_open,
                                                       BOOLEAN* effective_only,
                                                       SECURITY_IMPERSONATION_LEVEL* level) {
    need_out(copy_on_open), need_out(effective_only), need_out(level);
    const se::Impersonation client = se::impersonation_of(*thread);
    if (!client.token) return nullptr;
    ob::reference(client.token);
    *copy_on_open = client.copy_on_open;
    *effective_only = client.effective_only;
    *level = client.level;
    return client.token;
}
GATE(PsReferenceImpersonationToken);
extern "C" void PsDereferenceImpersonationToken(PACCESS_TOKEN token) {
    if (token) ob::dereference(token);
}
GATE(PsDereferenceImpersonationToken);

extern "C" NTSTATUS PsImpersonateClient(ETHREAD* thread, PACCESS_TOKEN token, BOOLEAN copy_on_open,
                                        BOOLEAN effective_only, SECURITY_IMPERSONATION_LEVEL level) {
    return se::impersonate_client(*thread, static_cast<TOKEN*>(token), effective_only, level, copy_on_open);
}
GATE(PsImpersonateClient);
extern "C" void PsRevertToSelf() {
    se::impersonate(se::current_thread_body(), nullptr, SecurityAnonymous, false);
}
GATE(PsRevertToSelf);
// assumed: as NtSetInformationThread with ThreadImpersonationToken, for a handle of the caller's.
extern "C" NTSTATUS PsAssignImpersonationToken(ETHREAD* thread, HANDLE handle) {
    if (!handle) {
        se::impersonate(*thread, nullptr, SecurityAnonymous, false);
        return STATUS_SUCCESS;
    }
    PVOID object;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, TOKEN_IMPERSONATE, se::token_type, KernelMode, &object, nullptr);
        !NT_SUCCESS(status))
        return status;
    auto* token = static_cast<TOKEN*>(object);
    const NTSTATUS status = token->TokenType == TokenImpersonation
                                ? se::impersonate_client(*thread, token, false, token->ImpersonationLevel)
                                : STATUS_BAD_TOKEN_TYPE;
    ob::dereference(token);
    return status;
}
GATE(PsAssignImpersonationToken);

extern "C" BOOLEAN SeTokenIsAdmin(const TOKEN* token) {
    need_in(token);
    return se::has_sid(*token, se::sids::administrators.sid());
}
GATE(SeTokenIsAdmin);
extern "C" BOOLEAN SeTokenIsRestricted(const TOKEN* token) { return se::is_restricted(need_in(token)); }
GATE(SeTokenIsRestricted);
extern "C" TOKEN_TYPE SeTokenType(const TOKEN* token) { return need_in(token).TokenType; }
GATE(SeTokenType);
extern "C" SECURITY_IMPERSONATION_LEVEL SeTokenImpersonationLevel(const TOKEN* token) {
    return need_in(token).ImpersonationLevel;
}
GATE(SeTokenImpersonationLevel);
extern "C" NTSTATUS SeQueryAuthenticationIdToken(const TOKEN* token, LUID* id) {
    need_out(id) = need_in(token).AuthenticationId;
    return STATUS_SUCCESS;
}
GATE(SeQueryAuthenticationIdToken);
extern "C" NTSTATUS SeQuerySessionIdToken(const TOKEN* token, ULONG* session) {
    need_out(session) = need_in(token).SessionId;
    return STATUS_SUCCESS;
}
GATE(SeQuerySessionIdToken);

// Session and integrity level come as numbers in place of the pointer.
extern "C" NTSTATUS SeQueryInformationToken(const TOKEN* token, ULONG information_class, PVOID* information) {
    need_in(token), need_out(information);
    if (information_class == TokenSessionId || information_class == TokenIntegrityLevel) {
        const ULONG value =
            information_class == TokenSessionId ? token->SessionId : se::integrity_level(*token);
        std::memcpy(information, &value, sizeof value);
        return STATUS_SUCCESS;
    }
    std::vector<UCHAR> bytes;
    HANDLE linked = nullptr;
    NTSTATUS status = STATUS_SUCCESS;
    if (information_class == TokenLinkedToken) { // a handle, the kernel's
        TOKEN* other = TRY_STATUS(se::create_linked_token(*token, true));
        const auto made = ob::create_handle(other, TOKEN_ALL_ACCESS, OBJ_KERNEL_HANDLE);
        ob::dereference(other);
        if (!made) return made.error();
        linked = *made;
        bytes.resize(sizeof linked);
    } else if (status = se::token_information(*token, information_class, 0, bytes); !NT_SUCCESS(status))
        return status;
    PVOID block = pool::allocate(pool::Kind::paged, bytes.size(), pool::tag("SeTi"),
                                 static_cast<seh::EntryRecord*>(seh::innermost())->rip);
    if (!block) {
        if (linked) ob::close_handle(linked, KernelMode);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (linked)
        std::memcpy(bytes.data(), &linked, sizeof linked);
    else {
        bytes.clear(); // once more, for where it lies
        status = se::token_information(*token, information_class, reinterpret_cast<ULONG_PTR>(block), bytes);
    }
    std::memcpy(block, bytes.data(), bytes.size());
    *information = block;
    return status;
}
GATE(SeQueryInformationToken);

extern "C" NTSTATUS SeFilterToken(const TOKEN* token, ULONG flags, const TOKEN_GROUPS* disable,
                                  const TOKEN_PRIVILEGES* remove, const TOKEN_GROUPS* restricting,
                                  PVOID* filtered) {
    need_in(token), need_out(filtered);
    se::Filter filter{flags, {}, 0, restricting != nullptr, {}};
    for (ULONG i = 0; disable && i < need_in(disable).GroupCount; ++i)
        filter.disable.push_back(value_of(need_in(&disable->Groups[i]).Sid));
    for (ULONG i = 0; remove && i < need_in(remove).PrivilegeCount; ++i)
        if (const ULONG luid = need_in(&remove->Privileges[i]).Luid.LowPart; luid < 64)
            filter.remove_privileges |= 1ull << luid;
    for (ULONG i = 0; restricting && i < need_in(restricting).GroupCount; ++i) {
        if (need_in(&restricting->Groups[i]).Attributes) return STATUS_INVALID_PARAMETER;
        filter.restricting.push_back(value_of(restricting->Groups[i].Sid));
    }
    const auto made = se::filter_token(*token, filter);
    if (!made) return made.error();
    *filtered = *made;
    return STATUS_SUCCESS;
}
GATE(SeFilterToken);

namespace {

constexpr BOOLEAN dynamic_tracking = 1; // SECURITY_DYNAMIC_TRACKING

NTSTATUS create_client(const SECURITY_SUBJECT_CONTEXT& subject, const SECURITY_QUALITY_OF_SERVICE& qos,
                       bool remote, SECURITY_CLIENT_CONTEXT& context) {
    auto* token = se::effective_token(subject);
    if (subject.ClientToken) {
        if (subject.ImpersonationLevel < SecurityImpersonation ||
            (remote && subject.ImpersonationLevel != SecurityDelegation))
            return STATUS_BAD_IMPERSONATION_LEVEL;
    }
    context = {};
    if (qos.ContextTrackingMode == dynamic_tracking && !remote) {
        ob::reference(token);
        context.DirectlyAccessClientToken = TRUE;
        context.DirectAccessEffectiveOnly = qos.EffectiveOnly;
    } else {
        token = TRY_STATUS(
            se::duplicate_token(*token, TokenImpersonation, qos.ImpersonationLevel, qos.EffectiveOnly));
        context.ClientTokenControl = {token->TokenId, token->AuthenticationId, token->ModifiedId,
                                      token->TokenSource};
    }
    context.SecurityQos = qos;
    context.ClientToken = token;
    context.ServerIsRemote = remote;
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS SeCreateClientSecurityFromSubjectContext(const SECURITY_SUBJECT_CONTEXT* subject,
                                                             const SECURITY_QUALITY_OF_SERVICE* qos,
                                                             BOOLEAN remote,
                                                             SECURITY_CLIENT_CONTEXT* context) {
    return create_client(need_in(subject), need_in(qos), remote, need_out(context));
}
GATE(SeCreateClientSecurityFromSubjectContext);
extern "C" NTSTATUS SeCreateClientSecurity(const ETHREAD* thread, const SECURITY_QUALITY_OF_SERVICE* qos,
                                           BOOLEAN remote, SECURITY_CLIENT_CONTEXT* context) {
    SECURITY_SUBJECT_CONTEXT subject;
    need_in(qos), need_out(context);
    se::capture_subject(thread, se::process_of(*thread), subject);
    const NTSTATUS status = create_client(subject, *qos, remote, *context);
    se::release_subject(subject);
    return status;
}
GATE(SeCreateClientSecurity);

extern "C" NTSTATUS SeImpersonateClientEx(const SECURITY_CLIENT_CONTEXT* context, ETHREAD* thread) {
    need_in(context);
    const bool effective = context->DirectlyAccessClientToken ? context->DirectAccessEffectiveOnly
                                                              : context->SecurityQos.EffectiveOnly;
    return se::impersonate_client(thread ? *thread : se::current_thread_body(),
                                  static_cast<TOKEN*>(context->ClientToken), effective,
                                  context->SecurityQos.ImpersonationLevel);
}
GATE(SeImpersonateClientEx);
extern "C" void SeImpersonateClient(const SECURITY_CLIENT_CONTEXT* context, ETHREAD* thread) {
    (void)SeImpersonateClientEx(context, thread);
}
GATE(SeImpersonateClient);
