// A loaded image: where it lies and what is known about it. Host object; the guest-visible list entry is made
// by ModuleObserver.
#pragma once
#include "kernel/ldr/image_file.h"
#include "kernel/ldr/rewrite.h"
#include <memory>

namespace nt::ldr {

struct Section {
    std::string name;
    ULONG rva, size; // size is rounded up to pages
    Rights rights;
    bool discardable;
    bool released; // its pages are gone
};

struct Symbol {
    std::string_view name;
    std::uint64_t address = 0;
    bool function = false;
    bool exported = false;
};

struct NearestSymbol {
    std::string_view name; // "" if nothing is known below the address
    std::uint64_t displacement = 0;
};

// The insides of the system's own DLLs are C++ of namespace nt: the function's own name, without scopes,
// parameters and template arguments. Every other name stays.
std::string_view plain_name(std::string_view name);

class Module {
  public:
    std::string name;      // as in mod!symbol: "null"; ntoskrnl.exe is "nt"
    std::string file_name; // "null.sys", case as given
    std::string path;      // as guests see it: "\SystemRoot\System32\drivers\null.sys"
    std::string host_path; // file for symbolizers, "" if synthesised
    std::uint64_t base = 0;
    ULONG size = 0;          // SizeOfImage: what guests see
    ULONG extent = 0;        // bytes allocated: size plus the stub area of rewritten code
    std::uint64_t entry = 0; // address, 0: none
    std::shared_ptr<const ImageFile> file;
    std::vector<Section> sections;
    RewriteReport rewrites;
    std::uint64_t list_entry = 0; // guest address of the KLDR_DATA_TABLE_ENTRY, set by the observer
    // Routines that have a name but no export (synthesised images). Ascending by RVA.
    struct InternalName {
        std::string name;
        ULONG rva;
        bool function;
    };
    std::vector<InternalName> internal_names;

    bool contains(std::uint64_t address) const { return address - base < extent; }
    std::uint64_t address_of(ULONG rva) const { return base + rva; }
    const Section* section_at(std::uint64_t address) const;

    // Address of an export that is not a forwarder; 0: none. `forwarder` (may be null) gets the text of one.
    std::uint64_t export_address(const SymbolRef& symbol, std::string_view* forwarder = nullptr) const;
    // An export, an internal name or a COFF symbol by name; 0: none.
    std::uint64_t symbol_address(std::string_view symbol) const;
    // Every known name, ascending by address.
    const std::vector<Symbol>& symbols() const;
    // The last symbol at or below the address, in the same section; functions win over data at one address.
    NearestSymbol nearest(std::uint64_t address) const;
    // "null!NullRead+0x12"; "null+0x1012" where no symbol is known.
    std::string describe(std::uint64_t address) const;
    bool has_symbols() const; // more than exports

  private:
    mutable std::vector<Symbol> symbols_; // made at the first question
    mutable bool symbols_made_ = false;
};

} // namespace nt::ldr
