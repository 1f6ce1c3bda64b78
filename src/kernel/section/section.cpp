#include "kernel/section/section.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "host/file.h"
#include "host/machine_heap.h"
#include "host/utf16.h"
#include "kernel/ldr/mm_memory.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/namespace.h"
#include "kernel/section/shared_image.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::section {

OBJECT_TYPE* section_type = nullptr;

namespace {

constexpr ULONG section_tag = 0x74636553; // "Sect"

void remove_section(PVOID body) {
    auto& section = *static_cast<Section*>(body);
    host::destroy(section.file_name);
    host::destroy(section.path);
    host::destroy(section.host_path);
    host::destroy(section.file);
    if (!section.pages) return;
    const ULONGLONG count = section.size >> mm::page_shift;
    for (ULONGLONG i = 0; i < count; i++)
        mm::release_page(section.pages[i]);
    host::heap_release(section.pages, count * sizeof(ULONGLONG));
}

ULONGLONG hash_of(std::span<const std::uint8_t> bytes) { // FNV-1a
    ULONGLONG h = 0xcbf29ce484222325;
    for (const std::uint8_t b : bytes)
        h = (h ^ b) * 0x100000001b3;
    return h;
}

// The module of a new view; null: this image must be loaded afresh.
std::unique_ptr<ldr::Module> map_shared(const std::string& host_path, mm::AddressSpace& space,
                                        const View& view) {
    const SharedImage* image = find_shared(host_path);
    if (!image || image->seed != view.seed || (view.base && view.base != image->pages.base) ||
        !NT_SUCCESS(space.map_image(image->pages)))
        return nullptr;
    return std::make_unique<ldr::Module>(*image->module);
}

Result<std::unique_ptr<ldr::Module>> load(Section& section, mm::AddressSpace& space, const View& view,
                                          const std::shared_ptr<const ldr::ImageFile>& file) {
    ldr::UserImageMemory memory(space);
    ldr::LoadOptions options;
    options.file_name = *section.file_name;
    options.name = section.file_name->substr(0, section.file_name->rfind('.'));
    options.path = *section.path;
    options.host_path = *section.host_path;
    options.wished_base = view.base;
    if (!view.base && file->has_relocations) options.wished_base = new_base(space, file->image_size);
    options.bind = false;
    options.kernel = false;
    options.seed = view.seed;
    auto loaded = ldr::load_image(file, memory, nullptr, options);
    if (!loaded) return fail(loaded.error().status);
    share(space, *loaded->module, view.seed);
    return std::move(loaded->module);
}

NTSTATUS map_image(Section& section, mm::AddressSpace& space, View& view,
                   std::unique_ptr<ldr::Module>* result) {
    std::string text;
    const auto file = image_of(section, text);
    if (!file) return file.error();
    std::unique_ptr<ldr::Module> module = map_shared(*section.host_path, space, view);
    if (!module) {
        auto loaded = load(section, space, view, *file);
        if (!loaded) return loaded.error();
        module = std::move(*loaded);
    }
    view.base = module->base;
    view.size = module->size;
    if (trace::on)
        trace::emit_module_loaded(view.base, static_cast<ULONG>(view.size), 1, hash_of((*file)->bytes()),
                                  std::u16string_view(host::utf16(*section.path)));
    const bool moved = view.base != (*file)->preferred_base;
    if (result) *result = std::move(module);
    return moved ? STATUS_IMAGE_NOT_AT_BASE : STATUS_SUCCESS;
}

// A copy-on-write view: Windows copies a page at its first write, here all are copied now. assumed: who maps
// such a view does not look for what others write later
NTSTATUS map_copy(mm::AddressSpace& space, View& view, const mm::Pfn* pages) {
    const std::uint64_t count = view.size >> mm::page_shift;
    std::vector<mm::Pfn> own;
    own.reserve(count);
    while (own.size() < count) {
        const mm::Run run = mm::allocate_up_to(mm::Zone::general, count - own.size());
        if (!run) break;
        for (std::uint64_t k = 0; k < run.count; ++k) {
            const auto pfn = static_cast<mm::Pfn>(run.first + k);
            std::memcpy(mm::direct(pfn), mm::direct(pages[own.size()]), mm::page_size);
            own.push_back(pfn);
        }
    }
    NTSTATUS status = STATUS_NO_MEMORY;
    if (own.size() == count) status = space.map_pages(view.base, own.data(), count, view.protection);
    for (const mm::Pfn pfn : own)
        mm::release_page(pfn);
    return status;
}

NTSTATUS map_memory(Section& section, mm::AddressSpace& space, View& view) {
    if (view.offset % mm::granularity) return STATUS_MAPPED_ALIGNMENT;
    if (view.offset >= section.size) return STATUS_INVALID_VIEW_SIZE;
    if (!view.size) view.size = section.size - view.offset;
    view.size = mm::page_ceil(view.size);
    if (view.size > section.size - view.offset) return STATUS_INVALID_VIEW_SIZE;
    const mm::Pfn* pages = section.pages + (view.offset >> mm::page_shift);
    if (view.protection & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)) return map_copy(space, view, pages);
    return space.map_pages(view.base, pages, view.size >> mm::page_shift, view.protection);
}

} // namespace

NTSTATUS initialize() {
    auto type = ob::create_type({.name = u"Section",
                                 .tag = section_tag,
                                 .mapping = {0x20005, 0x20002, 0x20008, SECTION_ALL_ACCESS},
                                 .valid_access = SECTION_ALL_ACCESS,
                                 .global_privilege = true},
                                {.remove = remove_section});
    if (!type) return type.error();
    section_type = *type;
    for (const std::u16string_view path : {u"\\KnownDlls", u"\\DrvlabApp"}) {
        auto directory = ob::create_directory(path);
        if (!directory && directory.error() != STATUS_OBJECT_NAME_COLLISION) return directory.error();
        if (directory) ob::share_security(*directory, ob::security_of(ob::root_directory));
    }
    return STATUS_SUCCESS;
}

Result<std::shared_ptr<const ldr::ImageFile>> image_of(Section& section, std::string& text) {
    if (!section.file) return fail(STATUS_SECTION_NOT_IMAGE);
    if (const SharedImage* image = *section.file ? nullptr : find_shared(*section.host_path)) {
        *section.file = image->file;
        section.size = section.maximum_size = image->file->image_size;
    } else if (!*section.file) {
        auto bytes = host::read_file(*section.host_path);
        if (!bytes) {
            text = bytes.error();
            return fail(STATUS_OBJECT_NAME_NOT_FOUND);
        }
        auto parsed = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::any);
        if (!parsed) {
            text = *section.file_name + ": " + parsed.error().to_string();
            return fail(STATUS_INVALID_IMAGE_FORMAT);
        }
        *section.file = std::make_shared<const ldr::ImageFile>(std::move(*parsed));
        section.size = section.maximum_size = (*section.file)->image_size;
    }
    return *section.file;
}

Result<Section*> create_image(const std::string& file_name, const std::string& path,
                              const std::string& host_path, std::u16string_view name) {
    auto* section =
        static_cast<Section*>(TRY(ob::create_object({.type = section_type,
                                                     .body_size = sizeof(Section),
                                                     .name = name,
                                                     .attributes = name.empty() ? 0 : OBJ_PERMANENT})));
    section->file_name = host::make<std::string>(file_name);
    section->path = host::make<std::string>(path);
    section->host_path = host::make<std::string>(host_path);
    section->file = host::make<std::shared_ptr<const ldr::ImageFile>>();
    section->protection = PAGE_EXECUTE_WRITECOPY;
    section->attributes = SEC_IMAGE | SEC_FILE;
    return section;
}

Result<Section*> create_memory(ULONGLONG size, ULONG protection, ULONG attributes, std::u16string_view name,
                               ULONG object_attributes) {
    const ULONGLONG count = mm::page_ceil(size) >> mm::page_shift;
    if (!count || count > mm::free_pages(mm::Zone::general)) return fail(STATUS_SECTION_TOO_BIG);
    auto* section = static_cast<Section*>(TRY(ob::create_object({.type = section_type,
                                                                 .body_size = sizeof(Section),
                                                                 .name = name,
                                                                 .attributes = object_attributes})));
    section->pages = static_cast<ULONGLONG*>(host::heap_allocate(count * sizeof(ULONGLONG)));
    section->size = count << mm::page_shift;
    section->maximum_size = size;
    section->protection = protection;
    section->attributes = attributes;
    for (ULONGLONG done = 0; done < count;) {
        const mm::Run run = mm::allocate_up_to(mm::Zone::general, count - done);
        if (!run) { // release what there is: the rest of the array is not pages
            for (ULONGLONG i = 0; i < done; i++)
                mm::release_page(section->pages[i]);
            host::heap_release(section->pages, count * sizeof(ULONGLONG));
            section->pages = nullptr;
            ob::dereference(section);
            return fail(STATUS_COMMITMENT_LIMIT);
        }
        for (ULONGLONG i = 0; i < run.count; i++)
            section->pages[done++] = run.first + i;
    }
    return section;
}

NTSTATUS map_view(Section& section, mm::AddressSpace& space, View& view,
                  std::unique_ptr<ldr::Module>* module) {
    return section.file ? map_image(section, space, view, module) : map_memory(section, space, view);
}

} // namespace nt::section
