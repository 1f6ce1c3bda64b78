// Tokens: objects of type Token whose body is what `dt nt!_TOKEN` shows. SIDs and their attributes lie behind
// the body, in the same block, and never move; what can change (default DACL, primary group, owner, enabled
// privileges and groups) is in the body and moves ModifiedId. The primary token of a process is
// EPROCESS.Token, the impersonation token of a thread ETHREAD.ClientSecurity with level and effective-only
// flag in its low bits: a driver that writes there changes who the program is, as on Windows.
#pragma once
#include "abi/token.h"
#include "base/result.h"
#include "kernel/se/accounts.h"
#include <vector>

namespace nt {
struct EPROCESS;
struct ETHREAD;
} // namespace nt

namespace nt::se {

extern OBJECT_TYPE* token_type;

struct TokenSid {
    SidValue sid;
    ULONG attributes;
};

// Everything a new token is made of.
struct TokenParts {
    TOKEN_TYPE type = TokenPrimary;
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    TOKEN_SOURCE source{};
    LUID authentication{}, origin{}, parent{};
    SEP_TOKEN_PRIVILEGES privileges{};
    ULONG session = 0;
    std::vector<TokenSid> sids; // the user first
    std::vector<TokenSid> restricted;
    ULONG owner = 0;         // index of sids
    SidValue primary_group;  // need not be among the groups any more
    std::vector<UCHAR> dacl; // an ACL; empty: none
    ULONG flags = 0;
    ULONG integrity = 0; // index of sids
    ULONG mandatory_policy = 0;
};
// Referenced for the caller. STATUS_INSUFFICIENT_RESOURCES.
Result<TOKEN*> create_token(const TokenParts& parts);
TokenParts parts_of(const TOKEN& token);
Result<TOKEN*> create_user_token(User user);
Result<TOKEN*> create_anonymous_token(); // for impersonation

// NtDuplicateToken's rules for types and levels: STATUS_BAD_IMPERSONATION_LEVEL.
Result<TOKEN*> duplicate_token(const TOKEN& token, TOKEN_TYPE type, SECURITY_IMPERSONATION_LEVEL level,
                               bool effective_only);
// SeFilterToken. STATUS_INVALID_PARAMETER.
struct Filter {
    ULONG flags;
    std::vector<SidValue> disable;
    ULONGLONG remove_privileges;
    bool restrict;
    std::vector<SidValue> restricting;
};
Result<TOKEN*> filter_token(const TOKEN& token, const Filter& filter);

LUID allocate_luid();

inline TOKEN* strip(PVOID slot, ULONG_PTR bits) {
    return reinterpret_cast<TOKEN*>(reinterpret_cast<ULONG_PTR>(slot) & ~bits);
}
extern TOKEN* system_token;
// Of a process; the system's while there is none.
TOKEN* primary_token(const EPROCESS* process);
// Takes the reference; the old one goes.
void set_primary_token(EPROCESS& process, TOKEN* token);
void drop_primary_token(EPROCESS& process);
// A new process runs as its parent.
NTSTATUS inherit_primary_token(EPROCESS& process, const EPROCESS* parent);

struct Impersonation {
    TOKEN* token = nullptr; // not referenced; null: none
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    bool effective_only = false;
    bool copy_on_open = false; // whoever opens it gets a copy
};
Impersonation impersonation_of(const ETHREAD& thread);
// Takes a reference of its own; null ends it.
void impersonate(ETHREAD& thread, TOKEN* token, SECURITY_IMPERSONATION_LEVEL level, bool effective_only,
                 bool copy_on_open = false);
// PsImpersonateClient: a server without SeImpersonatePrivilege may only identify others than itself.
NTSTATUS impersonate_client(ETHREAD& thread, TOKEN* token, bool effective_only,
                            SECURITY_IMPERSONATION_LEVEL level, bool copy_on_open = false);

ULONG integrity_level(const TOKEN& token); // SECURITY_MANDATORY_*_RID
// With restricting SIDs, be it none that are left after a further restriction.
inline bool is_restricted(const TOKEN& token) { return token.TokenFlags & TOKEN_IS_RESTRICTED; }
// A group or the user, enabled. `deny`: also those that only deny.
bool has_sid(const TOKEN& token, const SID* sid, bool deny = false);
bool is_in(const SID_AND_ATTRIBUTES* sids, ULONG count, const SID* sid);
inline bool has_privilege(const TOKEN& token, ULONG luid) { return token.Privileges.Enabled >> luid & 1; }
bool may_own(const TOKEN& token, const SID* sid);
// assumed: a label above the token's own level takes SeRelabelPrivilege, and is STATUS_INVALID_LABEL without.
bool may_label(const TOKEN& token, const std::vector<UCHAR>& sacl);
void modified(TOKEN& token);
// Copies the list; null takes it away.
NTSTATUS set_default_dacl(TOKEN& token, const ACL* dacl);
void remove_token(PVOID object); // the type's procedure

// Token information as NtQueryInformationToken lays it out for a buffer at `address`: fills `bytes`.
// STATUS_INVALID_INFO_CLASS, also for the impersonation level of a primary token, which has none;
// STATUS_NOT_FOUND (no logon SID).
NTSTATUS token_information(const TOKEN& token, ULONG information_class, ULONG_PTR address,
                           std::vector<UCHAR>& bytes);

} // namespace nt::se
