// Access and privilege checks for drivers: wdm/ntifs pages nf-wdm-seaccesscheck, nf-ntifs-seprivilegecheck,
// nf-ntddk-sesingleprivilegecheck, nf-wdm-secapturesubjectcontext, nf-ntifs-seappendprivileges …
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access_check.h"
#include "kernel/se/subject.h"
#include <bit>
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

using se::privilege_tag;

// The privileges that an access check used, in pool; null when none.
PRIVILEGE_SET* privilege_set(ULONGLONG used) {
    if (!used) return nullptr;
    const auto count = static_cast<ULONG>(std::popcount(used));
    auto* set = static_cast<PRIVILEGE_SET*>(pool::allocate(
        pool::Kind::paged, offsetof(PRIVILEGE_SET, Privilege) + count * sizeof(LUID_AND_ATTRIBUTES),
        privilege_tag));
    if (!set) return nullptr;
    set->PrivilegeCount = 0;
    set->Control = 0;
    for (ULONG luid = 0; luid < 64; ++luid)
        if (used >> luid & 1)
            set->Privilege[set->PrivilegeCount++] = {{luid, 0}, SE_PRIVILEGE_USED_FOR_ACCESS};
    return set;
}

} // namespace

extern "C" BOOLEAN SeAccessCheck(const void* descriptor, const SECURITY_SUBJECT_CONTEXT* subject, BOOLEAN,
                                 ACCESS_MASK desired, ACCESS_MASK previously, PRIVILEGE_SET** privileges,
                                 const GENERIC_MAPPING* mapping, KPROCESSOR_MODE mode, ACCESS_MASK* granted,
                                 NTSTATUS* status) {
    need_in(mapping), need_out(granted), need_out(status);
    if (privileges) need_out(privileges) = nullptr;
    const bool looks_only =
        mode != KernelMode && subject->ClientToken && subject->ImpersonationLevel < SecurityImpersonation;
    const se::AccessAnswer answer =
        looks_only
            ? se::AccessAnswer{STATUS_BAD_IMPERSONATION_LEVEL, 0, 0}
            : se::check_access({descriptor, mode == KernelMode ? nullptr : se::effective_token(*subject),
                                desired, previously, *mapping, mode});
    *granted = answer.granted;
    *status = answer.status;
    if (privileges && NT_SUCCESS(answer.status)) *privileges = privilege_set(answer.privileges);
    return NT_SUCCESS(answer.status);
}
GATE(SeAccessCheck);

extern "C" void SeFreePrivileges(PRIVILEGE_SET* privileges) { pool::release(privileges); }
GATE(SeFreePrivileges);

// "Initially, an access state structure can hold up to three privileges … If more than three privileges need
// to be stored, SeAppendPrivileges allocates a new privilege set from the paged pool".
extern "C" NTSTATUS SeAppendPrivileges(ACCESS_STATE* state, const PRIVILEGE_SET* more) {
    need_out(state), need_in(more);
    need_read(more->Privilege, more->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
    constexpr ULONG room = 3;
    auto* auxiliary = static_cast<se::AuxiliaryAccess*>(state->AuxData);
    PRIVILEGE_SET* set = &state->Privileges.PrivilegeSet;
    if (state->PrivilegesAllocated) set = need_in(auxiliary).PrivilegesUsed;
    const ULONG count = set->PrivilegeCount + more->PrivilegeCount;
    if (state->PrivilegesAllocated || count > room) {
        need_out(auxiliary);
        auto* larger = static_cast<PRIVILEGE_SET*>(pool::allocate(
            pool::Kind::paged, offsetof(PRIVILEGE_SET, Privilege) + count * sizeof(LUID_AND_ATTRIBUTES),
            privilege_tag));
        if (!larger) return STATUS_INSUFFICIENT_RESOURCES;
        std::memcpy(larger, set,
                    offsetof(PRIVILEGE_SET, Privilege) + set->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
        if (state->PrivilegesAllocated) pool::release(set, privilege_tag);
        auxiliary->PrivilegesUsed = set = larger;
        state->PrivilegesAllocated = TRUE;
    }
    LUID_AND_ATTRIBUTES* to = set->Privilege + set->PrivilegeCount;
    for (ULONG i = 0; i < more->PrivilegeCount; ++i)
        to[i] = more->Privilege[i];
    set->PrivilegeCount = count;
    return STATUS_SUCCESS;
}
GATE(SeAppendPrivileges);

extern "C" BOOLEAN SeSinglePrivilegeCheck(LUID luid, KPROCESSOR_MODE mode) {
    return se::check_privilege(luid.HighPart ? 64 : luid.LowPart, mode);
}
GATE(SeSinglePrivilegeCheck);

extern "C" BOOLEAN SePrivilegeCheck(PRIVILEGE_SET* required, const SECURITY_SUBJECT_CONTEXT* subject,
                                    KPROCESSOR_MODE mode) {
    need_out(required);
    need_write(required->Privilege, required->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
    if (mode != KernelMode && subject->ClientToken && subject->ImpersonationLevel < SecurityImpersonation)
        return FALSE;
    return se::check_privileges(*se::effective_token(*subject), required->Privilege, required->PrivilegeCount,
                                required->Control & PRIVILEGE_SET_ALL_NECESSARY, mode);
}
GATE(SePrivilegeCheck);

extern "C" void SeCaptureSubjectContextEx(const ETHREAD* thread, const EPROCESS* process,
                                          SECURITY_SUBJECT_CONTEXT* subject) {
    need_out(subject);
    se::capture_subject(thread, process, *subject);
}
GATE(SeCaptureSubjectContextEx);
extern "C" void SeCaptureSubjectContext(SECURITY_SUBJECT_CONTEXT* subject) {
    need_out(subject);
    se::capture_subject(&se::current_thread_body(), se::current_process_body(), *subject);
}
GATE(SeCaptureSubjectContext);
// Tokens here do not change while host code reads them, so the locks have nothing to do.
extern "C" void SeLockSubjectContext(SECURITY_SUBJECT_CONTEXT* subject) { need_in(subject); }
GATE(SeLockSubjectContext);
extern "C" void SeUnlockSubjectContext(SECURITY_SUBJECT_CONTEXT* subject) { need_in(subject); }
GATE(SeUnlockSubjectContext);
extern "C" void SeReleaseSubjectContext(SECURITY_SUBJECT_CONTEXT* subject) {
    need_out(subject);
    se::release_subject(*subject);
}
GATE(SeReleaseSubjectContext);
// assumed: these two, which have no pages, fill an access state as ACCESS_STATE's page describes it.
extern "C" NTSTATUS SeCreateAccessState(ACCESS_STATE* state, void* auxiliary, ACCESS_MASK desired,
                                        const GENERIC_MAPPING* mapping) {
    need_out(state);
    if (auxiliary) need_out(static_cast<se::AuxiliaryAccess*>(auxiliary));
    if (mapping) need_in(mapping);
    se::begin_access(*state, auxiliary, desired, mapping);
    return STATUS_SUCCESS;
}
GATE(SeCreateAccessState);
extern "C" void SeDeleteAccessState(ACCESS_STATE* state) {
    need_out(state);
    if (state->PrivilegesAllocated) need_in(static_cast<se::AuxiliaryAccess*>(state->AuxData));
    se::end_access(*state);
}
GATE(SeDeleteAccessState);
extern "C" void SeSetAccessStateGenericMapping(ACCESS_STATE* state, const GENERIC_MAPPING* mapping) {
    need_out(state);
    state->RemainingDesiredAccess = ob::map_generic(state->RemainingDesiredAccess, need_in(mapping));
}
GATE(SeSetAccessStateGenericMapping);
