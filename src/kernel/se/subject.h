// Who acts: the tokens in force for a thread, and the privileges in them.
#pragma once
#include "abi/thread.h"
#include "kernel/se/token.h"

namespace nt::se {

EPROCESS* process_of(const ETHREAD& thread); // null before there are processes
EPROCESS* current_process_body();
ETHREAD& current_thread_body();

// SeCaptureSubjectContextEx: references of both tokens until release_subject(). Without a thread no
// impersonation token.
void capture_subject(const ETHREAD* thread, const EPROCESS* process, SECURITY_SUBJECT_CONTEXT& subject);
void release_subject(SECURITY_SUBJECT_CONTEXT& subject);
// As SeQuerySubjectContextToken, a macro of the headers.
inline TOKEN* effective_token(const SECURITY_SUBJECT_CONTEXT& subject) {
    return static_cast<TOKEN*>(subject.ClientToken ? subject.ClientToken : subject.PrimaryToken);
}
// What of AUX_ACCESS_DATA is known by its public symbols. assumed: this is where a set that outgrew the
// access state hangs.
struct AuxiliaryAccess {
    PRIVILEGE_SET* PrivilegesUsed;
    GENERIC_MAPPING GenericMapping;
};
inline constexpr ULONG privilege_tag = 'S' | 'e' << 8 | 'P' << 16 | 's' << 24;
// SeCreateAccessState for the running thread, and SeDeleteAccessState. `auxiliary` and `mapping` may be null.
void end_access(ACCESS_STATE& state);
void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired, const GENERIC_MAPPING* mapping);
// Of the running thread, not referenced: for checks that end before it goes on.
struct Actor {
    TOKEN* token;
    bool cannot_act; // impersonates at a level that only lets it look
};
Actor current_actor();
inline TOKEN* current_token() { return current_actor().token; }

// SePrivilegeCheck's rules; marks those that are enabled. Kernel mode holds all.
bool check_privileges(const TOKEN& token, LUID_AND_ATTRIBUTES* privileges, ULONG count, bool all,
                      KPROCESSOR_MODE mode);
// SeSinglePrivilegeCheck for the running thread.
bool check_privilege(ULONG luid, KPROCESSOR_MODE mode);

} // namespace nt::se
