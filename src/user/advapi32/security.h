// What the security functions of advapi32.dll share.
#pragma once
#include "abi/token.h"
#include "rtl/sddl.h"
#include "rtl/security.h"
#include "user/kernel32/kernel32.h"

namespace nt {
extern "C" void QuerySecurityAccessMask(DWORD information, DWORD* access);
extern "C" void SetSecurityAccessMask(DWORD information, DWORD* access);
} // namespace nt

namespace nt::security {

inline constexpr DWORD ERROR_NOT_ALL_ASSIGNED = 1300;
inline constexpr DWORD ERROR_UNKNOWN_REVISION = 1305;
inline constexpr DWORD ERROR_NO_SUCH_PRIVILEGE = 1313;
inline constexpr DWORD ERROR_NONE_MAPPED = 1332;
inline constexpr DWORD ERROR_INVALID_ACL = 1336;
inline constexpr DWORD ERROR_INVALID_SID = 1337;
inline constexpr DWORD ERROR_INVALID_SECURITY_DESCR = 1338;

struct AnySid {
    ULONGLONG room[9];
    SID* sid() { return reinterpret_cast<SID*>(room); }
};

// The account domain of the machine.
const SID* machine_sid();

// Local memory, which callers free with LocalFree: the process heap.
inline PVOID local_allocate(SIZE_T bytes) { return k32::heap_allocate(bytes); }

// BOOL functions that take a descriptor, a list or a SID answer ERROR_INVALID_PARAMETER-like statuses of
// ntdll.
using k32::answer;
using k32::fail;
using k32::fail_with;

} // namespace nt::security
