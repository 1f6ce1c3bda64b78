// Function, file and line of an address, from the DWARF or PDB of its image. The work is done by LLVM's
// symbolizer, which lives in libdrvlab-symbols.so beside the program and is loaded at the first call: it is
// large, and most runs never need it. Without it (or without debug information) there are names but no lines.
// LLVM is hungry for stack: call from the main stack only, never from a fiber.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

struct DrvlabTypeSink;

namespace view {

struct SourceLine {
    std::string function; // "" if unknown
    std::string file;     // "" if unknown
    unsigned line = 0;
};

// Innermost inlined function first. `rva` is relative to the image's base. Empty: nothing known.
std::vector<SourceLine> symbolize(const std::string& host_image_path, std::uint64_t rva);
// What the image's debug information says of types and global variables (symbols/interface.h); nothing
// without it.
void read_types(const std::string& host_image_path, const DrvlabTypeSink& sink);
// Whether the library is there. `why` gets the loader's message if not.
bool symbolizer_available(std::string* why = nullptr);

} // namespace view
