// ntoskrnl.exe and hal.dll: synthesised from the export tables, mapped first, at the bottom of the images
// window.
#pragma once
#include "kernel/ldr/modules.h"

namespace app {

// Fills the gateway page, makes both images and adds them to the list. Sets the trampoline of seh. Once.
void load_kernel_images(nt::ldr::ModuleList& modules);
// Guest address of an internal routine or export of ntoskrnl ("IopInvalidDeviceRequest"); stops the process
// if there is none.
std::uint64_t kernel_symbol(const char* name);
// ntoskrnl's guest code of IofCallDriver at `rip` has just called a dispatch routine: that; 0 elsewhere.
std::uint64_t routine_that_returned(std::uint64_t rip, std::uint64_t rsp);
// A thunk that stops the machine with the import's name; for --allow-missing.
std::uint64_t missing_import_stub(std::string_view dll, std::string_view symbol);

} // namespace app
