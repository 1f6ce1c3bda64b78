// Between the program and libdrvlab-symbols.so: plain C, so neither needs the other's C++ types.
#pragma once
#include <cstdint>

inline constexpr const char* symbols_library_name = "libdrvlab-symbols.so";

// Gets one frame, innermost inlined first; unknown parts are "" and 0.
using DrvlabSymbolFound = void (*)(void* context, const char* function, const char* file, unsigned line);
// Looks an address up in the image's own debug information (DWARF in its sections, or a PDB it names). Says
// nothing if none.
using DrvlabSymbolize = void (*)(const char* image_path, std::uint64_t rva, DrvlabSymbolFound found,
                                 void* context);
