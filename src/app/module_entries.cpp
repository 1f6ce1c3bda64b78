// What guests see of loaded kernel modules: KLDR_DATA_TABLE_ENTRY in nonpaged pool, linked in
// PsLoadedModuleList.
#include "app/module_entries.h"
#include "abi/pe.h"
#include "abi/peb.h"
#include "app/kernel_images.h"
#include "app/text.h"
#include "base/list.h"
#include "kernel/mm/paging.h"
#include "kernel/pool/pool.h"
#include <cstring>

namespace app {

using namespace nt;

namespace {

constexpr ULONG tag = pool::tag("MmLd");

void set_text(UNICODE_STRING& to, const std::string& text) {
    const std::u16string wide = to_utf16(text);
    const auto size = static_cast<USHORT>(wide.size() * sizeof(WCHAR));
    to.Buffer = static_cast<WCHAR*>(pool::allocate(pool::Kind::nonpaged, size + sizeof(WCHAR), tag));
    if (!to.Buffer) return;
    std::memcpy(to.Buffer, wide.c_str(), size + sizeof(WCHAR));
    to.Length = size;
    to.MaximumLength = static_cast<USHORT>(size + sizeof(WCHAR));
}

// "If a section name begins with PAGE, the I/O manager makes the section pageable." The linker can forbid it
// (/SECTION:…,!P).
void add_sections(const ldr::Module& module) {
    if (module.name == "nt" || module.name == "hal") return;
    const ULONG tables = module.file->pdata;
    for (const ldr::FileSection& s : module.file->sections) {
        if (s.is_debug()) continue;
        const bool pageable = s.name.starts_with("PAGE") && !(s.characteristics & IMAGE_SCN_MEM_NOT_PAGED);
        mm::add_driver_section(module.base, {module.base + s.rva, s.mapped_size(), s.rights, pageable,
                                             module.file->pdata_count != 0 && s.contains(tables)});
    }
}

class Entries final : public ldr::ModuleObserver {
  public:
    void added(ldr::Module& module) override {
        add_sections(module);
        auto* entry = static_cast<KLDR_DATA_TABLE_ENTRY*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(KLDR_DATA_TABLE_ENTRY), tag, 0, true));
        if (!entry) return;
        entry->DllBase = reinterpret_cast<PVOID>(module.base);
        entry->EntryPoint = reinterpret_cast<PVOID>(module.entry);
        entry->SizeOfImage = module.size;
        entry->CheckSum = module.file->checksum;
        entry->TimeDateStamp = module.file->timestamp;
        entry->LoadCount = 1;
        set_text(entry->FullDllName, module.path);
        set_text(entry->BaseDllName, module.file_name);
        list::insert_tail(head(), entry->InLoadOrderLinks);
        module.list_entry = reinterpret_cast<std::uint64_t>(entry);
    }
    void removing(ldr::Module& module) override {
        auto* entry = reinterpret_cast<KLDR_DATA_TABLE_ENTRY*>(module.list_entry);
        if (!entry) return;
        list::remove(entry->InLoadOrderLinks);
        pool::release(entry->FullDllName.Buffer, tag);
        pool::release(entry->BaseDllName.Buffer, tag);
        pool::release(entry, tag);
        module.list_entry = 0;
    }

  private:
    static LIST_ENTRY& head() { return *reinterpret_cast<LIST_ENTRY*>(kernel_symbol("PsLoadedModuleList")); }
} entries;

} // namespace

void publish_modules(ldr::ModuleList& modules) {
    list::initialize(*reinterpret_cast<LIST_ENTRY*>(kernel_symbol("PsLoadedModuleList")));
    for (ldr::Module* module : modules.in_load_order())
        static_cast<ldr::ModuleObserver&>(entries).added(*module);
    modules.set_observer(&entries);
}

} // namespace app
