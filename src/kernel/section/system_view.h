// Views in system space: kernel addresses, the same in every process, of a section of memory. Each keeps its
// section. ntddk pages nf-ntddk-mmmapviewinsystemspace, nf-ntddk-mmunmapviewinsystemspace.
#pragma once
#include "kernel/section/section.h"

namespace nt::section {

// From the section's beginning; `size` 0: all of it, then what is mapped. STATUS_INVALID_VIEW_SIZE,
// STATUS_NO_MEMORY (the mapping window is full), STATUS_NOT_SUPPORTED (an image).
Result<std::uint64_t> map_system_view(Section& section, std::uint64_t& size);
// STATUS_NOT_MAPPED_VIEW: no view begins there.
NTSTATUS unmap_system_view(std::uint64_t base);

} // namespace nt::section
