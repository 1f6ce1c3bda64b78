// A place for gdb to stop at: tools/gdb/drvlab.py sets breakpoints on these functions, which do nothing, and
// loads the debug information of the image. Call them after an image with debug information was mapped, or
// before it is unmapped.
#pragma once
#include <cstdint>

extern "C" {
void drvlab_module_loaded(const char* host_path, std::uint64_t base);
void drvlab_module_unloaded(const char* host_path, std::uint64_t base);
}
