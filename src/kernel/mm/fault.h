// What a memory fault is called on Windows.
#pragma once
#include "abi/types.h"
#include "base/result.h"
#include <cstdint>

namespace nt::mm {

struct Access {
    std::uint64_t address;
    bool write;
    bool execute;
    std::uint64_t rip;
    // Parameter 0 of STATUS_ACCESS_VIOLATION: 0 read, 1 write, 8 execute.
    ULONG_PTR kind() const { return execute ? 8 : write ? 1 : 0; }
};

struct BugCheck {
    ULONG code = 0;
    ULONG_PTR parameters[4] = {};
    explicit operator bool() const { return code != 0; }
};

// An exception for the code at rip: code 0 means "memory is there now, go on".
struct MemoryException {
    NTSTATUS code = 0;
    ULONG count = 0;
    ULONG_PTR information[3] = {};
};

// A fault on a user address (from user or kernel code): STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION
// or STATUS_STACK_OVERFLOW, or success after growing a stack (then `new_stack_limit` != 0 goes to the TEB).
MemoryException classify_user_fault(const Access& access, std::uint64_t& new_stack_limit);

// The exception to raise after a guest:: primitive failed.
MemoryException classify_primitive_fault();

// A fault on a kernel address by kernel code, at this IRQL. Kernel addresses do not raise: the bug check to
// stop with.
//   DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1) / IRQL_NOT_LESS_OR_EQUAL (0xA)  at DISPATCH_LEVEL or above (0xA when
//   rip is not a driver's) ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY (0xFC)                        fetch from
//   memory that is there but not executable ATTEMPTED_WRITE_TO_READONLY_MEMORY (0xBE) write to memory that is
//   there but read only UNEXPECTED_KERNEL_MODE_TRAP (0x7F, 8)                               guard page of a
//   kernel stack PAGE_FAULT_IN_NONPAGED_AREA (0x50)                                  the rest
BugCheck classify_kernel_fault(const Access& access, KIRQL irql, bool rip_is_driver);

// The same where the image of an unloaded driver was: bug check 0xCE. assumed: a fetch is 0x10, as in 0x50.
inline constexpr ULONG_PTR unloaded_execute = 0x10;
BugCheck unloaded_driver_fault(const Access& access);

} // namespace nt::mm
