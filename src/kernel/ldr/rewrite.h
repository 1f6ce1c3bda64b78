// Changing code that cannot run as it is: decoding the functions that .pdata bounds, before the image runs.
//
//   shared_data  mov reg, 0xFFFFF780'00000xxx   → 0x7ffe0xxx (KUSER_SHARED_DATA's user address; the kernel's
//   is not canonical here) read_cr8     mov reg, cr8                   → a jump to a stub that loads
//   KPCR.Irql, or the load itself where it fits trap         cpuid, rdtsc, rdrand, sgdt …   → ud2 of the same
//   length; the emulator answers from the original bytes
//
// A change is made only where decoding the whole function proves it safe: the function decodes without a gap,
// no branch leads into the replaced bytes, no prologue, epilogue or __try boundary lies in them, and moved
// neighbours are position-independent. What is not changed still traps (cr8, the non-canonical address) and
// is emulated, only slower. Instructions that do not trap and lie in code that .pdata does not cover (leaf
// functions are found by the calls and addresses that lead to them) are a documented gap.
#pragma once
#include "abi/types.h"
#include <span>
#include <string>
#include <vector>

namespace nt::ldr {

class ImageFile;
class Staged;

enum class PatchKind : UCHAR { shared_data, read_cr8, trap };

struct Patch {
    ULONG rva;
    UCHAR length; // bytes replaced
    PatchKind kind;
    UCHAR original[30];
};

// One instruction that drivers need the kernel or the modelled machine for.
struct Sensitive {
    ULONG rva;
    ULONG function;       // RVA of the function that it is in
    const char* mnemonic; // "rdmsr"; with operands for cr moves: "mov cr8"
    bool privileged;      // traps in user mode (emulated); false: does not trap, must be replaced
    bool replaced;
};

struct RewriteReport {
    std::vector<Patch> patches;        // ascending by RVA
    std::vector<Sensitive> sensitive;  // ascending by RVA
    std::vector<ULONG> undecoded;      // functions that were not decoded to their end
    std::vector<ULONG> high_addresses; // RVAs of instructions with an immediate of 0xFFFF8000'00000000 and up
                                       // (not KUSER_SHARED_DATA)
    ULONG functions = 0;               // functions looked at
    ULONG stub_bytes = 0;              // used in the stub area
};

struct RewriteOptions {
    bool kernel = true;
    bool change = true; // false: only report (inspect)
};

// Room that rewrite_image may need behind the image, in bytes (a multiple of the page size).
ULONG stub_area_for(const ImageFile& file);
RewriteReport rewrite_image(const ImageFile& file, Staged& image, const RewriteOptions& options);

// Lays the original bytes of patches over `bytes`, which were read from `rva` on. True when anything differs.
bool overlay_original(const RewriteReport& report, ULONG rva, std::span<std::uint8_t> bytes);

} // namespace nt::ldr
