// Control codes of the Fault driver: each makes it do one thing that a driver must not do. Include after
// <ntddk.h> or <windows.h> and <winioctl.h>. X(name, function, what Windows does).
#pragma once

#define FAULTS(X)                                                                                            \
    X(null_read, 0xb01, "reads through a null pointer at PASSIVE_LEVEL")                                     \
    X(null_write, 0xb02, "writes through a null pointer at PASSIVE_LEVEL")                                   \
    X(divide, 0xb03, "divides by zero")                                                                      \
    X(execute_data, 0xb04, "executes data")                                                                  \
    X(stack_overflow, 0xb05, "overflows the kernel stack")                                                   \
    X(wild_call, 0xb06, "calls a wild pointer")                                                              \
    X(loop, 0xb07, "loops for ever, writing memory")                                                         \
    X(spin, 0xb08, "loops for ever without touching memory")                                                 \
    X(privileged, 0xb09, "writes a model-specific register that does not exist")                             \
    X(raw_syscall, 0xb0a, "issues a raw system call")                                                        \
    X(illegal, 0xb0b, "executes an instruction that does not exist")                                         \
    X(raise, 0xb0c, "raises a status that nobody handles")                                                   \
    X(bugcheck, 0xb0d, "calls KeBugCheckEx")                                                                 \
    X(complete_twice, 0xb0e, "completes a request twice")                                                    \
    X(free_twice, 0xb0f, "frees a pool block twice")                                                         \
    X(dispatch_fault, 0xb10, "touches unmapped memory at DISPATCH_LEVEL")                                    \
    X(wait_at_dispatch, 0xb11, "waits at DISPATCH_LEVEL")                                                    \
    X(recursion, 0xb12, "sends a request to itself for ever")                                                \
    X(breakpoint, 0xb13, "runs into a breakpoint")                                                           \
    X(return_at_dispatch, 0xb14, "returns from its dispatch routine at DISPATCH_LEVEL")                      \
    X(write_text, 0xb15, "writes to its own code")                                                           \
    X(bugcheck_plain, 0xb16, "calls KeBugCheck")                                                             \
    X(dpc_fault, 0xb17, "writes through a null pointer in a DPC routine")                                    \
    X(paged_pool, 0xb18, "reads paged pool with a spin lock held")                                           \
    X(paged_code, 0xb19, "runs pageable code with a spin lock held")                                         \
    X(attach_twice, 0xb1a, "attaches to a process by KeAttachProcess while it is attached")                  \
    X(detach_alone, 0xb1c, "detaches from a process that it is not attached to")

#define FAULT_CODE(function) CTL_CODE(FILE_DEVICE_UNKNOWN, function, METHOD_BUFFERED, FILE_ANY_ACCESS)
