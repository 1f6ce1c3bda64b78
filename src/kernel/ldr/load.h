// From a checked file to a module in memory: lay out, relocate, bind, initialise, rewrite, then write and
// protect.
//
// All stages work on a host copy of the image (Staged); guest memory is written once, at the end. So a
// refused image has touched nothing, and the stages are the same for the kernel, for processes and for tests.
#pragma once
#include "kernel/ldr/image_file.h"
#include "kernel/ldr/image_memory.h"
#include "kernel/ldr/module.h"
#include <memory>

namespace nt::ldr {

// Where imports come from.
class Resolver {
  public:
    // Address of a symbol; 0: unknown, and `reason` may say more than "not exported" ("no module netio.sys").
    virtual std::uint64_t resolve(std::string_view dll, const SymbolRef& symbol, std::string& reason) = 0;
    // --allow-missing: the address of a stub that stops the machine with this import's name. 0: missing
    // imports are refused.
    virtual std::uint64_t missing_stub(std::string_view /*importer*/, std::string_view /*dll*/,
                                       const SymbolRef& /*symbol*/) {
        return 0;
    }

  protected:
    ~Resolver() = default;
};

struct UnknownImport {
    std::string dll;
    std::string symbol; // name or "#ordinal"
    std::string reason;
    bool stubbed; // bound to missing_stub()
};

struct LoadOptions {
    std::string name, file_name, path, host_path; // see Module
    std::uint64_t wished_base =
        0;               // 0: where the memory likes (images without relocations: their preferred base)
    bool bind = true;    // false: the import slots are left as in the file (ntdll binds in user mode)
    bool rewrite = true; // privileged and sensitive instructions (see rewrite.h); also for programs
    bool kernel = true;  // kernel-mode rewriting rules (cr8, KUSER_SHARED_DATA at 0xFFFFF780…)
    // Sections of debug information (discardable, named .debug_…) keep their place but stay empty and
    // inaccessible: they are often ten times the size of the code. true: mapped like any other.
    bool map_debug = false;
    bool hvci = false; // refuse sections that are writable and executable
    // Seed of the security cookie; with the image's name and base it gives the value. Same seed, same cookie.
    std::uint64_t seed = 0;
    // Addresses for GuardCFCheckFunctionPointer and GuardCFDispatchFunctionPointer; 0: left as in the file.
    std::uint64_t guard_check = 0, guard_dispatch = 0;
};

struct LoadError {
    // STATUS_INVALID_IMAGE_FORMAT, STATUS_DRIVER_ENTRYPOINT_NOT_FOUND / STATUS_PROCEDURE_NOT_FOUND-like for
    // imports, STATUS_CONFLICTING_ADDRESSES, STATUS_INSUFFICIENT_RESOURCES …
    NTSTATUS status = 0;
    std::string text;                   // one line
    std::vector<UnknownImport> unknown; // all of them, when imports are the reason
};

struct Loaded {
    std::unique_ptr<Module> module;
    std::vector<UnknownImport> stubbed; // imports bound to stubs
    std::vector<std::string> warnings;  // "section .text is writable and executable" …
};

// Maps, relocates, binds and protects; the module is in no list yet. On failure nothing stays allocated.
std::expected<Loaded, LoadError> load_image(std::shared_ptr<const ImageFile> file, ImageMemory& memory,
                                            Resolver* resolver, const LoadOptions& options);
// Gives back the pages of discardable sections (after DriverEntry). The relocation section stays readable in
// `file`.
void release_discardable(Module& module, ImageMemory& memory);
void unload_image(Module& module, ImageMemory& memory);

// --- the stages, for tests and tools ---

// A host copy of the image: `size` zeroed bytes plus headers and sections at their RVAs.
class Staged {
  public:
    Staged(const ImageFile& file, std::uint64_t base, ULONG stub_area, bool map_debug = true);
    std::uint8_t* data() { return data_.get(); }
    const std::uint8_t* data() const { return data_.get(); }
    ULONG size() const { return size_; }     // SizeOfImage
    ULONG extent() const { return extent_; } // with the stub area
    std::uint64_t base() const { return base_; }
    std::uint64_t get64(ULONG rva) const;
    void put64(ULONG rva, std::uint64_t value);
    void write(ULONG rva, const void* from, ULONG size);
    bool is_used(ULONG rva) const { return used_[rva >> 12]; } // the page holds file bytes or was written
    ULONG stubs_used = 0;                                      // bytes of the stub area that hold code

  private:
    struct Release {
        void operator()(std::uint8_t* p) const;
    };
    std::unique_ptr<std::uint8_t[], Release> data_;
    ULONG size_, extent_;
    std::uint64_t base_;
    std::vector<bool> used_; // by page; the others are zero
    void mark(ULONG rva, ULONG size);
};

// Adds base - preferred_base at every DIR64 relocation. An image without relocations is accepted at its
// preferred base only.
std::expected<void, LoadError> relocate(const ImageFile& file, Staged& image);
// Fills the import slots (not the delayed ones). All unknown imports are reported, stubbed or not.
std::vector<UnknownImport> bind_imports(const ImageFile& file, Staged& image, std::string_view importer,
                                        Resolver& resolver);
// Replaces a default security cookie (0x00002B992DDFA232 or 0) by one made of seed, name and base; sets the
// guard slots.
void initialise_load_config(const ImageFile& file, Staged& image, const LoadOptions& options);

} // namespace nt::ldr
