// Where gdb learns of images: tools/gdb/drvlab.py sets breakpoints in here and loads the debug information of
// the image.
#pragma once
#include <cstdint>

extern "C" {
// Call after an image with debug information was mapped and protected, and before any of its code runs.
// Without gdb this does nothing. Under gdb the image's code is made writable: ptrace cannot place breakpoints
// in a read-only shared mapping.
void drvlab_module_loaded(const char* host_path, std::uint64_t base);
// Call before it is unmapped.
void drvlab_module_unloaded(const char* host_path, std::uint64_t base);
}
