// SystemModuleInformation: the kernel's images, as AuxKlibQueryModuleInformation and older tools ask for
// them.
#pragma once
#include "abi/types.h"

namespace nt::ldr {
class ModuleList;
}

namespace nt::exports {

// The kernel's list of images; plugged by app/machine. Null: the class is refused (STATUS_NOT_SUPPORTED).
extern const ldr::ModuleList* kernel_modules;

// "The image that contains the callback routine pointer did not have IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY
// set in its image header" (nf-ntddk-pssetcreateprocessnotifyroutineex) when not.
bool has_force_integrity(const void* routine);

NTSTATUS query_modules(PVOID information, ULONG length, ULONG* needed);

} // namespace nt::exports
