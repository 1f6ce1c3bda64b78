#include "abi/pe.h"
#include "kernel/ldr/detail/parser.h"

namespace nt::ldr {
namespace {

constexpr ULONG max_dlls = 1024;
constexpr std::size_t max_name = 4096; // decorated C++ names are long
constexpr std::size_t max_dll_name = 255;

} // namespace

bool Parser::import_table() {
    const ULONG table = directories[IMAGE_DIRECTORY_ENTRY_IMPORT].rva;
    if (table == 0) return true;
    // The list ends at an empty descriptor; linkers disagree on what the directory's size means, as the
    // Windows loader knows.
    for (ULONG i = 0;; ++i) {
        const std::string element = fmt::format("IMAGE_IMPORT_DESCRIPTOR[{}]", i);
        const auto rva = std::uint64_t{table} + i * sizeof(IMAGE_IMPORT_DESCRIPTOR);
        IMAGE_IMPORT_DESCRIPTOR descriptor;
        if (i == max_dlls) return fail(element, offset_of(table), "more than {} descriptors", max_dlls);
        if (!in_image(rva, sizeof descriptor) || !read_rva(static_cast<ULONG>(rva), descriptor))
            return fail(element, offset_of(table),
                        "the list at {:#x} runs out of its section without an empty descriptor", table);
        if (descriptor.Name == 0 || descriptor.FirstThunk == 0) return true;
        const auto offset = offset_of(static_cast<ULONG>(rva));
        const auto dll = name_at(descriptor.Name, max_dll_name);
        if (dll.empty())
            return fail(element + ".Name", offset + 12, "no file name at {:#x}", +descriptor.Name);
        image.import_dlls.push_back(dll);
        const ULONG lookup =
            descriptor.OriginalFirstThunk ? descriptor.OriginalFirstThunk : descriptor.FirstThunk;
        if (!import_thunks(element, dll, lookup, descriptor.FirstThunk, false)) return false;
    }
}

bool Parser::import_thunks(const std::string& element, std::string_view dll, ULONG lookup, ULONG slots,
                           bool delayed) {
    const auto where = fmt::format("{} ({})", element, dll);
    for (std::uint64_t i = 0;; ++i) {
        const auto thunk_rva = lookup + i * 8, slot = slots + i * 8;
        std::uint64_t thunk = 0;
        if (!in_image(thunk_rva, 8) || !read_rva(static_cast<ULONG>(thunk_rva), thunk))
            return fail(where + ".OriginalFirstThunk", offset_of(lookup),
                        "the list at {:#x} runs out of its section without an empty entry", lookup);
        if (thunk == 0) return true;
        if (image.imports.size() == max_imports)
            return fail(where, offset_of(lookup), "more than {} imports in all", max_imports);
        if (!in_image(slot, 8) || !in_section(static_cast<ULONG>(slot), 8))
            return fail(where + ".FirstThunk", offset_of(lookup), "slot {} at {:#x} is in no section", i,
                        slot);
        FileImport import{dll, {}, static_cast<ULONG>(slot), delayed};
        const auto thunk_offset = offset_of(static_cast<ULONG>(thunk_rva));
        if (thunk & IMAGE_ORDINAL_FLAG64) {
            if (thunk & ~(IMAGE_ORDINAL_FLAG64 | 0xFFFF))
                return fail(fmt::format("{}[{}]", where, i), thunk_offset,
                            "{:#x} is no ordinal: reserved bits are set", thunk);
            import.symbol = {{}, static_cast<USHORT>(thunk), true};
        } else {
            if (thunk >= image.image_size)
                return fail(fmt::format("{}[{}]", where, i), thunk_offset, "{:#x} is outside the image",
                            thunk);
            import.symbol.name = name_at(static_cast<ULONG>(thunk) + 2, max_name);
            if (import.symbol.name.empty())
                return fail(fmt::format("{}[{}]", where, i), thunk_offset, "no import name at {:#x}",
                            thunk + 2);
        }
        image.imports.push_back(import);
    }
}

bool Parser::delay_table() {
    const ULONG table = directories[IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT].rva;
    if (table == 0) return true;
    for (ULONG i = 0;; ++i) {
        const std::string element = fmt::format("IMAGE_DELAYLOAD_DESCRIPTOR[{}]", i);
        const auto rva = std::uint64_t{table} + i * sizeof(IMAGE_DELAYLOAD_DESCRIPTOR);
        IMAGE_DELAYLOAD_DESCRIPTOR descriptor;
        if (i == max_dlls) return fail(element, offset_of(table), "more than {} descriptors", max_dlls);
        if (!in_image(rva, sizeof descriptor) || !read_rva(static_cast<ULONG>(rva), descriptor))
            return fail(element, offset_of(table),
                        "the list at {:#x} runs out of its section without an empty descriptor", table);
        if (descriptor.DllNameRVA == 0) return true;
        const auto offset = offset_of(static_cast<ULONG>(rva));
        if (!(descriptor.Attributes & 1))
            return fail(element + ".Attributes", offset,
                        "{:#x}: addresses instead of RVAs are for 32-bit images", +descriptor.Attributes);
        const auto dll = name_at(descriptor.DllNameRVA, max_dll_name);
        if (dll.empty())
            return fail(element + ".DllNameRVA", offset + 4, "no file name at {:#x}", +descriptor.DllNameRVA);
        if (!in_section(descriptor.ModuleHandleRVA, 8))
            return fail(element + ".ModuleHandleRVA", offset + 8, "{:#x} is in no section",
                        +descriptor.ModuleHandleRVA);
        if (!import_thunks(element, dll, descriptor.ImportNameTableRVA, descriptor.ImportAddressTableRVA,
                           true))
            return false;
    }
}

} // namespace nt::ldr
