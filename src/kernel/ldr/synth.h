// ntoskrnl.exe and hal.dll: images whose bytes we make, from a list of exports. They are real PE files
// (headers, sections, export directory sorted by name, .pdata), so a driver that reads them in memory finds
// what it would find on Windows. Same list, same bytes.
//
// .text holds a 16-byte thunk per function (mov eax, index; jmp [rip + gateway slot]; int3 padding) and code
// blobs as given; .data zeroed storage of data exports; .rdata, .pdata and .edata unwind data and exports.
// There are no relocations: the image is made for its base.
#pragma once
#include "kernel/ldr/image_file.h"
#include "kernel/ldr/module.h"

namespace nt::ldr {

struct SynthSymbol {
    enum class Kind : UCHAR { function, code, data } kind = Kind::function;
    std::string name;
    bool exported = true;           // false: a name for views only (nt!IopInvalidDeviceRequest)
    ULONG index = 0;                // function: what eax holds at the gateway
    ULONG size = 0;                 // data: bytes
    ULONG alignment = 16;           // data
    std::vector<std::uint8_t> code; // code: machine code, position-independent
    // code: bytes of UNWIND_INFO for it; empty: leaf (no .pdata entry).
    std::vector<std::uint8_t> unwind;
    // code: rip-relative 32-bit fields to fill: each offset gets (target - end of field); end of field =
    // offset + 4.
    struct Fixup {
        ULONG offset;
        std::uint64_t target; // absolute guest address, within 2 GiB (a gateway slot)
    };
    std::vector<Fixup> fixups;
};

struct SynthRequest {
    std::string file_name;  // "ntoskrnl.exe"
    std::uint64_t base = 0; // where it will be loaded
    std::uint64_t gate_slot =
        0; // guest address of the pointer to jump through (Gateway::gate in the gateway page)
    ULONG timestamp = 0;
    std::vector<SynthSymbol> symbols;
};

struct SynthImage {
    std::vector<std::uint8_t> bytes; // the file: parse() it with Use::any, load it at request.base
    struct Address {
        std::string name;
        ULONG rva;
        bool function, exported;
    };
    std::vector<Address> addresses;                           // ascending by name
    ULONG rva_of(std::string_view name) const;                // 0: none
    std::vector<Module::InternalName> internal_names() const; // for Module
};

// Names must be unique. Ordinals are given by name order from 1, as nothing may rely on them.
SynthImage synthesise(const SynthRequest& request);

// The code that call-outs go through: call rax; jmp [slot]. seh::Trampoline is {address, address +
// trampoline_return_offset}.
SynthSymbol trampoline_symbol(std::string name, std::uint64_t return_slot);
inline constexpr ULONG trampoline_return_offset = 2;
// _guard_check_icall (ret) and _guard_dispatch_icall (jmp rax).
SynthSymbol guard_check_symbol();
SynthSymbol guard_dispatch_symbol();

} // namespace nt::ldr
