// The access check: what a descriptor gives to a token, by "How AccessCheck Works", "How DACLs Control Access
// to an Object", "Mandatory Integrity Control", "Restricted Tokens" of the Win32 documentation and the page
// of SeAccessCheck.
#pragma once
#include "abi/token.h"

namespace nt::se {

struct AccessQuestion {
    const void* descriptor; // null: STATUS_ACCESS_DENIED in user mode
    const TOKEN* token;     // the effective one
    ACCESS_MASK desired;    // may hold generic rights and MAXIMUM_ALLOWED
    ACCESS_MASK previously; // granted before
    const GENERIC_MAPPING& mapping;
    KPROCESSOR_MODE mode;
};
struct AccessAnswer {
    NTSTATUS status; // STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD
    ACCESS_MASK granted;
    ULONGLONG privileges; // those that were used, by bit
};
AccessAnswer check_access(const AccessQuestion& question);

} // namespace nt::se
