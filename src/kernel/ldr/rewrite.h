// Changing code that cannot run as it is, before the image runs.
//
// shared_data: `mov reg, 0xFFFFF780'00000xxx` gets 0x7ffe0xxx, the user-mode address of KUSER_SHARED_DATA.
//
// read_cr8: `mov reg, cr8` becomes a jump to a stub that loads KPCR.Irql. Writes of cr8 always trap.
//
// trap: cpuid, rdtsc, rdrand, sgdt … (which do not trap by themselves, and would answer from the host), and
// pushfq and popfq beside cli and sti, become ud2 of the same length (hlt where it is one byte). The emulator
// answers from the original bytes.
//
// A change is made only to bytes that control flow proves to be an instruction (detail/code_map.h). A detour
// is made only where no branch leads into the replaced bytes, no prologue, function or __try boundary lies in
// them, every indirect jump of the function is explained, and the neighbours that move cannot fault. What is
// not changed still traps (cr8, the kernel address) and is emulated, only slower; but instructions that do
// not trap, in code that nothing known leads to, are a gap: `undecoded` says where that may be.
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

// Code in the stub area that stands for the bytes of a patch.
struct Stub {
    ULONG rva, size;
    ULONG patch; // RVA of the patched instruction
};

struct RewriteReport {
    std::vector<Patch> patches;       // ascending by RVA
    std::vector<Sensitive> sensitive; // ascending by RVA
    std::vector<ULONG> undecoded;     // functions that were not decoded to their end
    std::vector<ULONG>
        high_addresses;      // RVAs of instructions with a constant that is a bound of Windows' address map
    ULONG functions = 0;     // functions looked at
    std::vector<Stub> stubs; // ascending by RVA
};

struct RewriteOptions {
    bool kernel = true;
    bool change = true; // false: only report (inspect)
    bool pause = false; // replace pause too (a switch point in spin loops)
};

// Room that rewrite_image may need behind the image, in bytes (a multiple of the page size).
ULONG stub_area_for(const ImageFile& file);
RewriteReport rewrite_image(const ImageFile& file, Staged& image, const RewriteOptions& options);

// Lays the original bytes of patches over `bytes`, which were read from `rva` on. True when anything differs.
bool overlay_original(const RewriteReport& report, ULONG rva, std::span<std::uint8_t> bytes);

} // namespace nt::ldr
