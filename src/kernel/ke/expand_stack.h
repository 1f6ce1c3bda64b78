// Calling a driver's routine with room on the kernel stack: on this one, or on a further segment that is the
// thread's stack for the length of the call. Page: nf-ntddk-keexpandkernelstackandcalloutex.
#pragma once
#include "abi/types.h"

namespace nt::ke {

typedef void NTAPI EXPAND_STACK_CALLOUT(PVOID Parameter);
// MAXIMUM_EXPANSION_SIZE: KERNEL_LARGE_STACK_SIZE less a page.
inline constexpr SIZE_T most_expansion = 0x12000 - 0x1000;

// STATUS_NO_MEMORY: there is no segment of that size.
NTSTATUS call_with_stack(EXPAND_STACK_CALLOUT* callout, PVOID parameter, SIZE_T size);

} // namespace nt::ke
