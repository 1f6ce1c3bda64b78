#include "kernel/se/subject.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"

namespace nt::se {

EPROCESS* process_of(const ETHREAD& thread) {
    return static_cast<EPROCESS*>(static_cast<const ke::Thread&>(thread).process);
}
EPROCESS* current_process_body() { return process_of(ke::current_thread()); }
ETHREAD& current_thread_body() { return ke::current_thread(); }

void capture_subject(const ETHREAD* thread, const EPROCESS* process, SECURITY_SUBJECT_CONTEXT& subject) {
    const Impersonation client = thread ? impersonation_of(*thread) : Impersonation{};
    subject.ClientToken = client.token;
    subject.ImpersonationLevel = client.level;
    subject.PrimaryToken = primary_token(process);
    subject.ProcessAuditId = process ? process->UniqueProcessId : nullptr;
    if (client.token) ob::reference(client.token);
    ob::reference(subject.PrimaryToken);
}

void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired, const GENERIC_MAPPING* mapping) {
    if (auxiliary)
        *static_cast<AuxiliaryAccess*>(auxiliary) = {&state.Privileges.PrivilegeSet,
                                                     mapping ? *mapping : GENERIC_MAPPING{}};
    state = {};
    capture_subject(&current_thread_body(), current_process_body(), state.SubjectSecurityContext);
    state.OperationID = allocate_luid();
    state.Flags = effective_token(state.SubjectSecurityContext)->TokenFlags;
    state.OriginalDesiredAccess = desired;
    state.RemainingDesiredAccess = mapping ? ob::map_generic(desired, *mapping) : desired;
    state.AuxData = auxiliary;
}
void end_access(ACCESS_STATE& state) {
    if (state.PrivilegesAllocated) {
        pool::release(static_cast<AuxiliaryAccess*>(state.AuxData)->PrivilegesUsed, privilege_tag);
        state.PrivilegesAllocated = FALSE;
    }
    release_subject(state.SubjectSecurityContext);
}

void release_subject(SECURITY_SUBJECT_CONTEXT& subject) {
    if (subject.ClientToken) ob::dereference(subject.ClientToken);
    if (subject.PrimaryToken) ob::dereference(subject.PrimaryToken);
    subject.ClientToken = subject.PrimaryToken = nullptr;
}

Actor current_actor() {
    // While the kernel comes into being there are no threads.
    if (reinterpret_cast<ULONG_PTR>(&ke::current_thread()) == 0) return {system_token, false};
    const Impersonation client = impersonation_of(ke::current_thread());
    if (client.token) return {client.token, client.level < SecurityImpersonation};
    return {primary_token(current_process_body()), false};
}

bool check_privileges(const TOKEN& token, LUID_AND_ATTRIBUTES* privileges, ULONG count, bool all,
                      KPROCESSOR_MODE mode) {
    ULONG held = 0;
    for (ULONG i = 0; i < count; ++i) {
        const LUID& luid = privileges[i].Luid;
        const bool known = luid.HighPart == 0 && luid.LowPart < 64;
        if (mode == KernelMode || (known && has_privilege(token, luid.LowPart))) {
            privileges[i].Attributes |= SE_PRIVILEGE_USED_FOR_ACCESS;
            ++held;
        }
    }
    return all ? held == count : held > 0;
}

bool check_privilege(ULONG luid, KPROCESSOR_MODE mode) {
    if (mode == KernelMode) return true;
    const Actor actor = current_actor();
    return !actor.cannot_act && luid < 64 && has_privilege(*actor.token, luid);
}

} // namespace nt::se
