// The loaded images of the kernel or of one process, found by address and by name, and where imports are
// resolved among them.
#pragma once
#include "kernel/ldr/load.h"
#include "kernel/seh/dispatch.h"

namespace nt::ldr {

// Makes and unmakes what guests see of a module (KLDR_DATA_TABLE_ENTRY in pool, PsLoadedModuleList).
class ModuleObserver {
  public:
    virtual void added(Module& module) = 0;
    virtual void removing(Module& module) = 0;

  protected:
    ~ModuleObserver() = default;
};

struct UnloadedModule {
    std::string file_name;
    std::uint64_t base;
    ULONG size;
};

class ModuleList final : public seh::FunctionTables {
  public:
    Module& add(std::unique_ptr<Module> module);
    std::unique_ptr<Module> remove(Module& module);
    void set_observer(ModuleObserver* observer) { observer_ = observer; }

    const std::vector<Module*>& in_load_order() const { return load_order_; }
    // The last 50 that went, oldest first, as Windows keeps them.
    const std::vector<UnloadedModule>& unloaded() const { return unloaded_; }
    // The last one that was at an address where none is now; null: none was.
    const UnloadedModule* unloaded_at(std::uint64_t address) const;
    Module* find(std::uint64_t address) const; // null: no image there
    // By file name ("null.sys", "NTOSKRNL.EXE"), case-insensitive; "null" finds "null.sys" or "null.dll",
    // "nt" ntoskrnl.exe.
    Module* find(std::string_view name) const;
    // "null!NullRead+0x12", "<Unloaded_null.sys>+0x1012", or the address in hexadecimal
    std::string describe(std::uint64_t address) const;

    // seh::FunctionTables: the covering RUNTIME_FUNCTION, in guest memory for kernel images (drivers see it
    // in DISPATCHER_CONTEXT), in the file's copy for programs. No allocation, safe after a fault.
    seh::FunctionTables::Entry lookup(ULONG_PTR pc) const override;

    // Address of an export by module and symbol, following forwarders (at most 16, loops detected). 0:
    // `reason` says why.
    std::uint64_t resolve(std::string_view dll, const SymbolRef& symbol, std::string& reason) const;
    std::uint64_t symbol_address(std::string_view module, std::string_view name) const;

    // The bytes at an address as the file had them: overlays what rewriting changed onto `bytes`, which were
    // read from there. True when anything differs.
    bool original_bytes(std::uint64_t address, std::span<std::uint8_t> bytes) const;
    // The replaced instruction at exactly this address; null: none. For the emulator.
    const Patch* patch_at(std::uint64_t address) const;

  private:
    std::vector<std::unique_ptr<Module>> owned_;
    std::vector<Module*> load_order_;
    std::vector<Module*> by_address_;
    std::vector<UnloadedModule> unloaded_;
    ModuleObserver* observer_ = nullptr;
};

// Imports from a module list; unknown ones may be given stubs by a derived class.
class ListResolver : public Resolver {
  public:
    explicit ListResolver(const ModuleList& modules) : modules_(modules) {}
    std::uint64_t resolve(std::string_view dll, const SymbolRef& symbol, std::string& reason) override {
        return modules_.resolve(dll, symbol, reason);
    }

  private:
    const ModuleList& modules_;
};

} // namespace nt::ldr
