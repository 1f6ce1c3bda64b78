#include "view/gdb_hook.h"
#include "abi/pe.h"
#include <sys/mman.h>

// The empty assembly keeps the functions and their arguments in every build.
#define GDB_STOPS_HERE(name)                                                                                 \
    extern "C" [[gnu::noinline, gnu::used]] void name(const char* host_path, std::uint64_t base) {           \
        asm volatile("" : : "r"(host_path), "r"(base) : "memory");                                           \
    }

GDB_STOPS_HERE(drvlab_gdb_attach) // gdb says that it is there: it sets drvlab_gdb_attached
GDB_STOPS_HERE(drvlab_gdb_load)   // gdb loads the debug information
GDB_STOPS_HERE(drvlab_gdb_unload)

extern "C" {
volatile int drvlab_gdb_attached = 0;
}

namespace {

constexpr std::uint64_t page = 0x1000;

void make_code_writable(std::uint64_t base) {
    const auto* dos = reinterpret_cast<const nt::IMAGE_DOS_HEADER*>(base);
    const auto* headers =
        reinterpret_cast<const nt::IMAGE_NT_HEADERS64*>(base + static_cast<std::uint32_t>(dos->e_lfanew));
    const auto* section = reinterpret_cast<const nt::IMAGE_SECTION_HEADER*>(
        reinterpret_cast<const char*>(&headers->OptionalHeader) + headers->FileHeader.SizeOfOptionalHeader);
    for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; ++i, ++section)
        if (section->Characteristics & nt::IMAGE_SCN_MEM_EXECUTE)
            mprotect(reinterpret_cast<void*>(base + section->VirtualAddress),
                     (section->Misc.VirtualSize + page - 1) & ~(page - 1),
                     PROT_READ | PROT_WRITE | PROT_EXEC);
}

} // namespace

void drvlab_module_loaded(const char* host_path, std::uint64_t base) {
    drvlab_gdb_attach(host_path, base);
    if (!drvlab_gdb_attached) return;
    make_code_writable(base);
    drvlab_gdb_load(host_path, base);
}

void drvlab_module_unloaded(const char* host_path, std::uint64_t base) { drvlab_gdb_unload(host_path, base); }
