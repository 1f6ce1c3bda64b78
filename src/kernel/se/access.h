// Who may: the access policy of the object manager, with tokens, descriptors and the access check behind it.
//
// A handle carries what was granted when it was made; nothing is checked again when it is used, so the cost
// of security lies in opening and making objects.
#pragma once
#include "abi/token.h"
#include "base/result.h"
#include <vector>

namespace nt::se {

// The type Token, the system's token, descriptors of the objects that are there, the policy. After
// ob::initialize().
NTSTATUS initialize();

// Gives back the descriptors that are kept for the next object of each type. For who counts what is in use.
void forget_remembered_descriptors();

// What IoCreateDevice gives to a device (self-relative): wdm page of IoCreateDevice, kernel page "Controlling
// Device Access".
const void* default_device_descriptor(ULONG type, ULONG characteristics, ULONG& length);
// Everybody may do anything: IoCreateUnprotectedSymbolicLink. Everybody may read and execute: image sections.
PVOID unprotected_descriptor();
PVOID readable_descriptor();

// A descriptor from the default list of a token, as NT makes those of processes, threads and tokens: with a
// label of the token's level that keeps lower ones from writing and, for processes and threads, from reading.
NTSTATUS protect(PVOID object, const TOKEN& token, bool from_reading);
// The same as a descriptor, for what a program makes: from what it gives (null: nothing) and the default list
// of its token, with a label of the level that `level_of` has, unless one is given. STATUS_INVALID_OWNER,
// STATUS_PRIVILEGE_NOT_HELD, STATUS_INVALID_SECURITY_DESCR.
Result<std::vector<UCHAR>> protection(const TOKEN& creator, const TOKEN& level_of, const OBJECT_TYPE* type,
                                      const void* given, KPROCESSOR_MODE mode, bool from_reading = true);

// NtQuerySecurityObject and NtSetSecurityObject on an object, without a look at rights: through the type's
// procedure where it has one. `length`: of the buffer, then what is needed; STATUS_BUFFER_TOO_SMALL,
// STATUS_ACCESS_VIOLATION.
NTSTATUS query_security(PVOID object, SECURITY_INFORMATION information, PVOID to, ULONG& length,
                        KPROCESSOR_MODE mode);
NTSTATUS set_security(PVOID object, SECURITY_INFORMATION information, const void* captured,
                      KPROCESSOR_MODE mode);
// ObAssignSecurity: the descriptor of an object from one for it and one of its directory, which may be null,
// and from the token that an access state captured.
NTSTATUS assign_to(PVOID object, const void* parent, const void* given, const ACCESS_STATE& access);
// ObGetObjectSecurity: a block of pool with all parts of it.
Result<PVOID> copy_security(PVOID object);
// What is asked for of a self-relative descriptor, or of none (null), to memory of whoever asks.
NTSTATUS give_parts(const void* descriptor, SECURITY_INFORMATION information, PVOID to, ULONG& length);
// The same on the header's descriptor.
NTSTATUS query_header_security(PVOID object, SECURITY_INFORMATION information, PVOID to, ULONG& length);
NTSTATUS set_header_security(PVOID object, SECURITY_INFORMATION information, const void* captured,
                             KPROCESSOR_MODE mode);

} // namespace nt::se
