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

// Gets the types and global variables of an image's DWARF. Fields and enumerators belong to the last type;
// texts of types are those of view/type_table.h.
struct DrvlabTypeSink {
    void* context;
    void (*type)(void* context, const char* name, std::uint64_t size, int kind); // 0 struct, 1 union, 2 enum
    void (*field)(void* context, const char* name, std::uint64_t offset, std::uint64_t size, unsigned bit,
                  unsigned bits, const char* text);
    void (*enumerator)(void* context, const char* name, std::int64_t value);
    void (*alias)(void* context, const char* name, const char* text); // a typedef
    void (*variable)(void* context, const char* name, std::uint64_t rva, const char* text);
};
using DrvlabTypes = void (*)(const char* image_path, const DrvlabTypeSink* sink);
