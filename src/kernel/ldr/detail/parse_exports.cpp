#include "abi/pe.h"
#include "kernel/ldr/detail/parser.h"
#include <algorithm>
#include <cstddef>

namespace nt::ldr {
namespace {

// Linkers sort what the loader searches, and a check is much quicker than sorting long names again.
template <class V, class F> void sort_unless_sorted(V& values, F before) {
    if (!std::is_sorted(values.begin(), values.end(), before))
        std::sort(values.begin(), values.end(), before);
}

} // namespace

bool Parser::export_table() {
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_EXPORT];
    if (range.rva == 0) return true;
    IMAGE_EXPORT_DIRECTORY directory;
    const auto offset = offset_of(range.rva);
    if (range.size < sizeof directory || !read_rva(range.rva, directory))
        return fail("IMAGE_EXPORT_DIRECTORY", offset,
                    "{:#x} bytes at {:#x} are not in the file or less than {:#x}", range.size, range.rva,
                    sizeof directory);
#define AT(member) "IMAGE_EXPORT_DIRECTORY." #member, offset + offsetof(IMAGE_EXPORT_DIRECTORY, member)
    if (directory.Name != 0) {
        image.export_name = name_at(directory.Name, 255);
        if (image.export_name.empty()) return fail(AT(Name), "no file name at {:#x}", +directory.Name);
    }
    const ULONG functions = directory.NumberOfFunctions, names = directory.NumberOfNames,
                base = directory.Base;
    if (functions > max_exports || base > max_exports || base + functions > max_exports)
        return fail(AT(NumberOfFunctions), "{} functions from ordinal {} are more than {}", functions, base,
                    max_exports);
    if (names > max_exports) return fail(AT(NumberOfNames), "{} names are more than {}", names, max_exports);
    const auto function_table = image.at(directory.AddressOfFunctions, functions * 4);
    if (function_table.size() < functions * 4)
        return fail(AT(AddressOfFunctions), "{} entries at {:#x} are not in the file", functions,
                    +directory.AddressOfFunctions);
    const auto name_table = image.at(directory.AddressOfNames, names * 4);
    if (name_table.size() < names * 4)
        return fail(AT(AddressOfNames), "{} entries at {:#x} are not in the file", names,
                    +directory.AddressOfNames);
    const auto ordinal_table = image.at(directory.AddressOfNameOrdinals, names * 2);
    if (ordinal_table.size() < names * 2)
        return fail(AT(AddressOfNameOrdinals), "{} entries at {:#x} are not in the file", names,
                    +directory.AddressOfNameOrdinals);
#undef AT
    auto entry = [](std::span<const std::uint8_t> table, ULONG i, auto value) {
        std::memcpy(&value, table.data() + i * sizeof value, sizeof value);
        return value;
    };

    // What each function slot holds.
    std::vector<FileExport> slots(functions);
    for (ULONG i = 0; i < functions; ++i) {
        const ULONG rva = entry(function_table, i, ULONG{});
        auto& slot = slots[i];
        slot.ordinal = base + i;
        const auto at = static_cast<std::uint64_t>(function_table.data() - bytes.data()) + i * 4;
        if (rva >= range.rva && rva - range.rva < range.size) {
            slot.forwarder = name_at(rva, 4096);
            const auto dot = slot.forwarder.rfind('.');
            if (dot == std::string_view::npos || dot == 0 || dot + 1 == slot.forwarder.size())
                return fail(fmt::format("IMAGE_EXPORT_DIRECTORY.AddressOfFunctions[{}]", i), at,
                            "the forwarder at {:#x} is not module.name", rva);
        } else if (rva >= image.image_size)
            return fail(fmt::format("IMAGE_EXPORT_DIRECTORY.AddressOfFunctions[{}]", i), at,
                        "{:#x} is outside the image", rva);
        else
            slot.rva = rva;
    }

    struct Named {
        ULONG slot;
        std::string_view name;
    };
    std::vector<Named> named(names);
    for (ULONG i = 0; i < names; ++i) {
        const ULONG rva = entry(name_table, i, ULONG{});
        const ULONG slot = entry(ordinal_table, i, USHORT{});
        if (slot >= functions)
            return fail(fmt::format("IMAGE_EXPORT_DIRECTORY.AddressOfNameOrdinals[{}]", i),
                        static_cast<std::uint64_t>(ordinal_table.data() - bytes.data()) + i * 2,
                        "{} is not below NumberOfFunctions {}", slot, functions);
        named[i] = {slot, name_at(rva, 4096)};
        if (named[i].name.empty())
            return fail(fmt::format("IMAGE_EXPORT_DIRECTORY.AddressOfNames[{}]", i),
                        static_cast<std::uint64_t>(name_table.data() - bytes.data()) + i * 4,
                        "no export name at {:#x}", rva);
    }
    const auto by_slot = [](const Named& a, const Named& b) {
        return a.slot != b.slot ? a.slot < b.slot : a.name < b.name;
    };
    sort_unless_sorted(named, by_slot);
    std::size_t next = 0;
    for (ULONG i = 0; i < functions; ++i) {
        auto slot = slots[i];
        const bool empty = slot.rva == 0 && slot.forwarder.empty(); // a gap in the ordinals
        const bool unnamed = next == named.size() || named[next].slot != i;
        if (unnamed && !empty) image.exports.push_back(slot);
        for (; next < named.size() && named[next].slot == i; ++next) {
            if (empty) continue;
            slot.name = named[next].name;
            image.exports.push_back(slot);
        }
    }
    for (std::uint32_t i = 0; i < image.exports.size(); ++i)
        if (!image.exports[i].name.empty()) image.exports_by_name.push_back(i);
    sort_unless_sorted(image.exports_by_name, [&](auto a, auto b) {
        const auto order = image.exports[a].name <=> image.exports[b].name;
        return order != 0 ? order < 0 : a < b;
    });
    return true;
}

} // namespace nt::ldr
