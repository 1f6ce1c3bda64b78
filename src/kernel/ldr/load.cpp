#include "kernel/ldr/load.h"
#include "abi/context.h"
#include "abi/pe.h"
#include "abi/status.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

namespace nt::ldr {
namespace {

constexpr ULONG page = 0x1000;
constexpr ULONG round_up(ULONG value) { return (value + page - 1) & ~(page - 1); }

bool has(Rights rights, Rights right) { return (static_cast<int>(rights) & static_cast<int>(right)) != 0; }
bool write_and_execute(Rights rights) { return has(rights, Rights::write) && has(rights, Rights::execute); }

// "NULL.SYS" → "null"; the kernel is "nt" to everyone.
std::string module_name(const std::string& file_name) {
    std::string name = file_name.substr(0, file_name.rfind('.'));
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    return name == "ntoskrnl" ? "nt" : name;
}

NTSTATUS import_status(const UnknownImport& import, bool kernel) {
    if (import.reason.starts_with("no module"))
        return kernel ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_DLL_NOT_FOUND;
    if (import.symbol.starts_with('#'))
        return kernel ? STATUS_DRIVER_ORDINAL_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    return kernel ? STATUS_DRIVER_ENTRYPOINT_NOT_FOUND : STATUS_ENTRYPOINT_NOT_FOUND;
}

// Copies the staged image's used pages to its place and gives every page its rights.
NTSTATUS write_image(const ImageFile& file, const Staged& image, ImageMemory& memory, bool map_debug) {
    auto copy = [&](ULONG rva, ULONG size) -> NTSTATUS {
        for (ULONG at = rva, end = rva + size; at < end;) {
            if (!image.is_used(at)) {
                at += page;
                continue;
            }
            ULONG stop = at + page;
            while (stop < end && image.is_used(stop))
                stop += page;
            if (const auto status = memory.write(image.base() + at, image.data() + at, stop - at);
                !NT_SUCCESS(status))
                return status;
            at = stop;
        }
        return STATUS_SUCCESS;
    };
    ULONG at = 0; // everything below has its rights
    auto place = [&](ULONG rva, ULONG size, Rights rights) -> NTSTATUS {
        if (rva > at) // a gap between sections
            if (const auto status = memory.protect(image.base() + at, rva - at, Rights::none);
                !NT_SUCCESS(status))
                return status;
        at = rva + size;
        if (size == 0) return STATUS_SUCCESS;
        if (const auto status = copy(rva, size); !NT_SUCCESS(status)) return status;
        return memory.protect(image.base() + rva, size, rights);
    };
    auto status = place(0, round_up(file.header_size), Rights::read);
    for (const auto& section : file.sections)
        if (NT_SUCCESS(status))
            status = place(section.rva, section.mapped_size(),
                           map_debug || !section.is_debug() ? section.rights : Rights::none);
    if (NT_SUCCESS(status)) status = place(image.size(), round_up(image.stubs_used), Rights::read_execute);
    return status;
}

} // namespace

// --- Staged ---

void Staged::Release::operator()(std::uint8_t* p) const { std::free(p); }

Staged::Staged(const ImageFile& file, std::uint64_t base, ULONG stub_area, bool map_debug)
    : data_(static_cast<std::uint8_t*>(std::calloc(1, round_up(file.image_size) + stub_area))),
      size_(round_up(file.image_size)), extent_(size_ + stub_area), base_(base), used_(extent_ / page) {
    if (!data_) std::abort(); // at most 128 MiB
    const auto bytes = file.bytes();
    auto copy = [&](ULONG rva, ULONG offset, ULONG size) {
        if (size == 0) return;
        std::memcpy(data_.get() + rva, bytes.data() + offset, size);
        mark(rva, size);
    };
    copy(0, 0, file.header_size);
    for (const auto& section : file.sections)
        if (map_debug || !section.is_debug()) copy(section.rva, section.file_offset, section.file_size);
}

void Staged::mark(ULONG rva, ULONG size) {
    for (ULONG i = rva / page; i <= (rva + size - 1) / page; ++i)
        used_[i] = true;
}

std::uint64_t Staged::get64(ULONG rva) const {
    std::uint64_t value;
    std::memcpy(&value, data_.get() + rva, sizeof value);
    return value;
}

void Staged::put64(ULONG rva, std::uint64_t value) { write(rva, &value, sizeof value); }

void Staged::write(ULONG rva, const void* from, ULONG size) {
    std::memcpy(data_.get() + rva, from, size);
    mark(rva, size);
}

// --- the stages ---

std::expected<void, LoadError> relocate(const ImageFile& file, Staged& image) {
    const auto delta = image.base() - file.preferred_base;
    if (delta == 0) return {};
    if (!file.has_relocations)
        return std::unexpected(
            LoadError{STATUS_CONFLICTING_ADDRESSES,
                      fmt::format("the image has no relocations and can only lie at {:#x}, not at {:#x}",
                                  file.preferred_base, image.base()),
                      {}});
    for (const auto& relocation : file.relocations)
        image.put64(relocation.rva, image.get64(relocation.rva) + delta);
    return {};
}

std::vector<UnknownImport> bind_imports(const ImageFile& file, Staged& image, std::string_view importer,
                                        Resolver& resolver) {
    std::vector<UnknownImport> unknown;
    for (const auto& import : file.imports) {
        if (import.delayed) continue;
        std::string reason;
        auto address = resolver.resolve(import.dll, import.symbol, reason);
        if (address == 0) {
            address = resolver.missing_stub(importer, import.dll, import.symbol);
            unknown.push_back({std::string(import.dll), import.symbol.to_string(),
                               reason.empty() ? "not exported" : std::move(reason), address != 0});
        }
        if (address != 0) image.put64(import.slot, address);
    }
    return unknown;
}

void initialise_load_config(const ImageFile& file, Staged& image, const LoadOptions& options) {
    const auto& config = file.load_config;
    if (config.security_cookie != 0) {
        const auto value = image.get64(config.security_cookie);
        if (value == 0 || value == DEFAULT_SECURITY_COOKIE || value == 0xBB40E64E || value == 0xBB40) {
            std::uint64_t hash = 0xCBF2'9CE4'8422'2325; // FNV-1a over name, base and seed
            auto mix = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100'0000'01B3; };
            for (char c : options.file_name)
                mix(static_cast<std::uint8_t>(c));
            for (int i = 0; i < 64; i += 8)
                mix(static_cast<std::uint8_t>(image.base() >> i));
            for (int i = 0; i < 64; i += 8)
                mix(static_cast<std::uint8_t>(options.seed >> i));
            // The upper 16 bits of a 64-bit cookie are zero, so that it never survives a string copy.
            std::uint64_t cookie = (hash ^ hash >> 29) & 0x0000'FFFF'FFFF'FFFF;
            if (cookie == 0 || cookie == DEFAULT_SECURITY_COOKIE) ++cookie;
            image.put64(config.security_cookie, cookie);
        }
    }
    auto set = [&](ULONG slot, std::uint64_t target) {
        if (slot != 0 && target != 0) image.put64(slot, target);
    };
    set(config.guard_check, options.guard_check);
    set(config.guard_dispatch, options.guard_dispatch);
    set(config.guard_xfg_check, options.guard_check);
    set(config.guard_xfg_dispatch, options.guard_dispatch);
    set(config.guard_xfg_table_dispatch, options.guard_dispatch);
}

std::expected<Loaded, LoadError> load_image(std::shared_ptr<const ImageFile> shared, ImageMemory& memory,
                                            Resolver* resolver, const LoadOptions& options) {
    const ImageFile& file = *shared;
    Loaded loaded;
    for (const auto& section : file.sections) {
        if (!write_and_execute(section.rights)) continue;
        auto text = fmt::format("section {} is writable and executable", section.name);
        if (options.hvci)
            return std::unexpected(
                LoadError{STATUS_INVALID_IMAGE_PROTECT, text + ": refused with --hvci", {}});
        loaded.warnings.push_back(std::move(text));
    }
    if (file.checksum != 0 && options.kernel && file.computed_checksum() != file.checksum)
        loaded.warnings.push_back(
            fmt::format("IMAGE_OPTIONAL_HEADER.CheckSum is {:#x}, the file's bytes give {:#x}", file.checksum,
                        file.computed_checksum()));

    const ULONG stub_area = options.rewrite && options.kernel ? stub_area_for(file) : 0;
    const ULONG extent = round_up(file.image_size) + stub_area;
    auto wish = options.wished_base;
    if (wish == 0 && !file.has_relocations) wish = file.preferred_base;
    const auto base = memory.allocate(wish, extent);
    if (!base) {
        const bool fixed = !file.has_relocations;
        return std::unexpected(LoadError{
            base.error(),
            fixed ? fmt::format("the image has no relocations and its {:#x} bytes at {:#x} cannot be had",
                                extent, wish)
                  : fmt::format("no room for {:#x} bytes{}", extent,
                                wish ? fmt::format(" at {:#x}", wish) : ""),
            {}});
    }
    auto refuse = [&](LoadError error) {
        memory.free(*base, extent);
        return std::unexpected(std::move(error));
    };

    Staged image(file, *base, stub_area, options.map_debug);
    if (auto done = relocate(file, image); !done) return refuse(std::move(done.error()));
    auto module = std::make_unique<Module>();
    module->file_name = options.file_name;
    module->name = options.name.empty() ? module_name(options.file_name) : options.name;
    if (options.bind && resolver) {
        auto unknown = bind_imports(file, image, module->file_name, *resolver);
        const auto missing =
            std::find_if(unknown.begin(), unknown.end(), [](auto& import) { return !import.stubbed; });
        if (missing != unknown.end()) {
            const auto status = import_status(*missing, options.kernel);
            return refuse({status,
                           fmt::format("{} import{} not known here", unknown.size(),
                                       unknown.size() == 1 ? " is" : "s are"),
                           std::move(unknown)});
        }
        loaded.stubbed = std::move(unknown);
    }
    initialise_load_config(file, image, options);
    if (options.rewrite) module->rewrites = rewrite_image(file, image, {options.kernel, true, true});
    // Only a hostile image does this; the unwinder reads the table as it was checked.
    const auto functions = file.at(file.pdata, file.pdata_count * sizeof(RUNTIME_FUNCTION));
    if (std::memcmp(functions.data(), image.data() + file.pdata, functions.size()) != 0)
        return refuse(
            {STATUS_INVALID_IMAGE_FORMAT,
             "IMAGE_DIRECTORY_ENTRY_EXCEPTION: relocations or import slots lie in the function table",
             {}});
    if (const auto status = write_image(file, image, memory, options.map_debug); !NT_SUCCESS(status))
        return refuse({status, "the image could not be written to its place", {}});

    module->path = options.path;
    module->host_path = options.host_path;
    module->base = *base;
    module->size = image.size();
    module->extent = image.size() + round_up(image.stubs_used);
    if (module->extent < extent) memory.free(*base + module->extent, extent - module->extent);
    module->entry = file.entry ? *base + file.entry : 0;
    for (const auto& section : file.sections)
        module->sections.push_back({std::string(section.name), section.rva, section.mapped_size(),
                                    section.rights, section.discardable, false});
    module->file = std::move(shared);
    loaded.module = std::move(module);
    return loaded;
}

void release_discardable(Module& module, ImageMemory& memory) {
    for (auto& section : module.sections) {
        const bool unwinding =
            module.file->pdata - section.rva < section.size && module.file->pdata_count != 0;
        if (!section.discardable || section.released || section.size == 0 || unwinding) continue;
        memory.discard(module.base + section.rva, section.size);
        section.released = true;
    }
}

void unload_image(Module& module, ImageMemory& memory) {
    memory.free(module.base, module.extent);
    for (auto& section : module.sections)
        section.released = true;
}

} // namespace nt::ldr
