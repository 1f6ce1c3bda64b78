// Relocations, function table, thread-local storage, load configuration, debug directory.
#include "abi/context.h"
#include "abi/pe.h"
#include "kernel/ldr/detail/parser.h"
#include <algorithm>
#include <cstddef>

namespace nt::ldr {
namespace {

constexpr ULONG debug_type_repro = 16; // IMAGE_DEBUG_TYPE_REPRO

const char* relocation_name(unsigned type) {
    switch (type) {
    case 1:
        return "IMAGE_REL_BASED_HIGH";
    case 2:
        return "IMAGE_REL_BASED_LOW";
    case 3:
        return "IMAGE_REL_BASED_HIGHLOW";
    case 4:
        return "IMAGE_REL_BASED_HIGHADJ";
    case 5:
        return "IMAGE_REL_BASED_MACHINE_SPECIFIC_5";
    case 7:
        return "IMAGE_REL_BASED_MACHINE_SPECIFIC_7";
    case 8:
        return "IMAGE_REL_BASED_MACHINE_SPECIFIC_8";
    case 9:
        return "IMAGE_REL_BASED_MACHINE_SPECIFIC_9";
    default:
        return "undefined";
    }
}

} // namespace

bool Parser::relocation_table() {
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_BASERELOC];
    // An image without a single absolute address has an empty table or none; RELOCS_STRIPPED tells that it
    // must not be moved.
    image.has_relocations = !(image.characteristics & IMAGE_FILE_RELOCS_STRIPPED);
    if (range.rva == 0) return true;
    const auto table = image.at(range.rva, range.size);
    if (table.size() < range.size)
        return fail("IMAGE_DIRECTORY_ENTRY_BASERELOC", offset_of(range.rva),
                    "{:#x} bytes at {:#x} are not in the file", range.size, range.rva);
    const auto start = static_cast<std::uint64_t>(table.data() - bytes.data());
    for (ULONG at = 0, block_index = 0; at < range.size; ++block_index) {
        const std::string element = fmt::format("IMAGE_BASE_RELOCATION[{}]", block_index);
        IMAGE_BASE_RELOCATION block;
        if (range.size - at < sizeof block)
            return fail(element, start + at, "truncated: {} bytes are left of the directory",
                        range.size - at);
        std::memcpy(&block, table.data() + at, sizeof block);
        if (block.SizeOfBlock < sizeof block || block.SizeOfBlock % 2 != 0 ||
            block.SizeOfBlock > range.size - at)
            return fail(element + ".SizeOfBlock", start + at + 4, "{:#x} is not an even number in 8..{:#x}",
                        +block.SizeOfBlock, range.size - at);
        if (block.VirtualAddress >= image.image_size)
            return fail(element + ".VirtualAddress", start + at, "{:#x} is outside the image",
                        +block.VirtualAddress);
        for (ULONG i = sizeof block; i < block.SizeOfBlock; i += 2) {
            const unsigned entry = table[at + i] | table[at + i + 1] << 8, type = entry >> 12;
            if (type == IMAGE_REL_BASED_ABSOLUTE) continue; // padding
            const auto field = [&] {
                return fmt::format("{}.TypeOffset[{}]", element, (i - sizeof block) / 2);
            };
            if (type != IMAGE_REL_BASED_DIR64)
                return fail(field(), start + at + i, "type {} ({}) does not occur on x64", type,
                            relocation_name(type));
            const ULONG rva = block.VirtualAddress + (entry & 0xFFF);
            if (!in_section(rva, 8))
                return fail(field(), start + at + i, "8 bytes at {:#x} are not inside a section", rva);
            if (image.relocations.size() == max_relocations)
                return fail(field(), start + at + i, "more than {} relocations", max_relocations);
            image.relocations.push_back({rva, static_cast<UCHAR>(type)});
        }
        at += block.SizeOfBlock;
    }
    return true;
}

// "The entries must be sorted" (PE format); Windows does not look when it loads a program, and there are some
// whose linker appends entries. A search then finds what it finds.
bool Parser::function_table(Use use) {
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_EXCEPTION];
    if (range.rva == 0) return true;
    constexpr ULONG entry_size = sizeof(RUNTIME_FUNCTION);
    const auto table = image.at(range.rva, range.size);
    if (range.size % entry_size != 0 || table.size() < range.size || range.rva % 4 != 0)
        return fail("IMAGE_DIRECTORY_ENTRY_EXCEPTION", offset_of(range.rva),
                    "{:#x} bytes at {:#x} are not whole, aligned RUNTIME_FUNCTIONs in the file", range.size,
                    range.rva);
    const auto start = static_cast<std::uint64_t>(table.data() - bytes.data());
    ULONG previous_end = 0;
    for (ULONG i = 0; i < range.size / entry_size; ++i) {
        RUNTIME_FUNCTION entry;
        std::memcpy(&entry, table.data() + i * entry_size, entry_size);
        const auto offset = start + i * entry_size;
        auto field = [&](const char* member) { return fmt::format("RUNTIME_FUNCTION[{}].{}", i, member); };
        if (entry.BeginAddress == 0 && entry.EndAddress == 0) { // padding: only at the end
            const auto rest = table.subspan(i * entry_size);
            if (std::all_of(rest.begin(), rest.end(), [](auto b) { return b == 0; })) break;
            return fail(field("BeginAddress"), offset, "an empty entry before the end of the table");
        }
        if (entry.BeginAddress >= entry.EndAddress || entry.EndAddress > image.image_size)
            return fail(field("EndAddress"), offset + 4, "[{:#x}, {:#x}) is not a range of the image",
                        +entry.BeginAddress, +entry.EndAddress);
        if (use == Use::driver && entry.BeginAddress < previous_end)
            return fail(field("BeginAddress"), offset,
                        "{:#x} is below the end of the entry before, {:#x}: the table is not sorted",
                        +entry.BeginAddress, previous_end);
        previous_end = entry.EndAddress;
        const ULONG unwind = entry.UnwindData;
        if (unwind & RUNTIME_FUNCTION_INDIRECT) { // points to another entry of the table
            const ULONG target = unwind & ~RUNTIME_FUNCTION_INDIRECT;
            if (target < range.rva || target - range.rva >= range.size ||
                (target - range.rva) % entry_size != 0)
                return fail(field("UnwindData"), offset + 8, "{:#x} is no entry of the table", target);
        } else if (!unwind_info(field("UnwindData"), unwind))
            return false;
        ++image.pdata_count;
    }
    image.pdata = range.rva;
    return true;
}

bool Parser::unwind_info(const std::string& field, ULONG rva) {
    UCHAR head[4]; // version and flags, prologue size, count of codes, frame register
    const auto offset = offset_of(rva);
    if (rva % 4 != 0 || !read_rva(rva, head)) return fail(field, offset, "no UNWIND_INFO at {:#x}", rva);
    const unsigned version = head[0] & 7, flags = head[0] >> 3;
    if (version != 1 && version != 2)
        return fail(field + " → UNWIND_INFO.Version", offset, "{} is not 1 or 2", version);
    const ULONG codes = (head[2] + 1u) & ~1u, size = 4 + codes * 2;
    const bool chained = flags & 4, handler = flags & 3;
    if (chained && handler)
        return fail(field + " → UNWIND_INFO.Flags", offset, "{:#x} has a chain and a handler", flags);
    const ULONG tail = chained ? sizeof(RUNTIME_FUNCTION) : handler ? 4 : 0;
    if (image.at(rva, size + tail).size() < size + tail)
        return fail(field + " → UNWIND_INFO.CountOfCodes", offset + 2,
                    "{} codes at {:#x} run out of the section", +head[2], rva);
    if (chained) {
        RUNTIME_FUNCTION parent;
        read_rva(rva + size, parent);
        if (parent.BeginAddress >= parent.EndAddress || parent.EndAddress > image.image_size ||
            parent.UnwindData == rva)
            return fail(field + " → UNWIND_INFO chained entry", offset + size,
                        "[{:#x}, {:#x}) is not a range of the image", +parent.BeginAddress,
                        +parent.EndAddress);
    } else if (handler) {
        ULONG routine = 0;
        read_rva(rva + size, routine);
        if (!is_executable(routine))
            return fail(field + " → UNWIND_INFO.ExceptionHandler", offset + size,
                        "{:#x} is in no executable section", routine);
    }
    return true;
}

bool Parser::tls_table() {
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_TLS];
    if (range.rva == 0) return true;
    IMAGE_TLS_DIRECTORY64 directory;
    const auto offset = offset_of(range.rva);
    if (range.size < sizeof directory || !read_rva(range.rva, directory))
        return fail("IMAGE_TLS_DIRECTORY64", offset,
                    "{:#x} bytes at {:#x} are not in the file or less than {:#x}", range.size, range.rva,
                    sizeof directory);
    auto& tls = image.tls;
#define AT(member) "IMAGE_TLS_DIRECTORY64." #member, offset + offsetof(IMAGE_TLS_DIRECTORY64, member)
    const auto size = directory.EndAddressOfRawData - directory.StartAddressOfRawData;
    if (directory.EndAddressOfRawData < directory.StartAddressOfRawData || size > image.image_size ||
        (size != 0 && !to_rva(directory.StartAddressOfRawData, size, tls.data)))
        return fail(AT(StartAddressOfRawData), "[{:#x}, {:#x}) is not in the image at its preferred base",
                    +directory.StartAddressOfRawData, +directory.EndAddressOfRawData);
    if (size != 0 && !in_section(tls.data, static_cast<ULONG>(size)))
        return fail(AT(StartAddressOfRawData), "{:#x} bytes at {:#x} are not inside a section", size,
                    tls.data);
    if (!to_rva(directory.AddressOfIndex, 4, tls.index) || !in_section(tls.index, 4))
        return fail(AT(AddressOfIndex), "{:#x} is in no section", +directory.AddressOfIndex);
    if (directory.SizeOfZeroFill > 0x100'0000)
        return fail(AT(SizeOfZeroFill), "{:#x} is more than 16 MiB", +directory.SizeOfZeroFill);
    if (directory.AddressOfCallBacks != 0) {
        ULONG list = 0;
        if (!to_rva(directory.AddressOfCallBacks, 8, list))
            return fail(AT(AddressOfCallBacks), "{:#x} is outside the image", +directory.AddressOfCallBacks);
        for (ULONG i = 0;; ++i) {
            std::uint64_t address = 0;
            ULONG rva = 0;
            if (i == 1024 || list > image.image_size - 8 || !read_rva(list, address))
                return fail(AT(AddressOfCallBacks), "the list of callbacks has no end");
            if (address == 0) break;
            if (!to_rva(address, 1, rva) || !is_executable(rva))
                return fail(AT(AddressOfCallBacks), "callback {} at {:#x} is in no executable section", i,
                            address);
            tls.callbacks.push_back(rva);
            list += 8;
        }
    }
    tls.data_size = static_cast<ULONG>(size);
    tls.zero_fill = directory.SizeOfZeroFill;
    const ULONG alignment = (directory.Characteristics >> 20) & 0xF;
    tls.alignment = alignment ? 1u << (alignment - 1) : 0;
    tls.directory = range.rva;
    tls.present = true;
#undef AT
    return true;
}

bool Parser::load_config_table() {
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG];
    if (range.rva == 0) return true;
    IMAGE_LOAD_CONFIG_DIRECTORY64 directory{};
    ULONG size = 0;
    const auto offset = offset_of(range.rva);
    if (!read_rva(range.rva, size) || size < 4)
        return fail("IMAGE_LOAD_CONFIG_DIRECTORY64.Size", offset, "no directory at {:#x}", range.rva);
    const auto present = image.at(range.rva, std::min<std::size_t>(size, sizeof directory));
    if (present.size() < std::min<std::size_t>(size, sizeof directory))
        return fail("IMAGE_LOAD_CONFIG_DIRECTORY64.Size", offset,
                    "{:#x} bytes at {:#x} run out of the section", size, range.rva);
    std::memcpy(&directory, present.data(), present.size());
    auto& facts = image.load_config;
    struct Slot {
        const char* field;
        std::size_t offset;
        std::uint64_t address;
        ULONG& rva;
    };
#define SLOT(member, to)                                                                                     \
    {"IMAGE_LOAD_CONFIG_DIRECTORY64." #member, offsetof(IMAGE_LOAD_CONFIG_DIRECTORY64, member),              \
     directory.member, to}
    const Slot slots[] = {SLOT(SecurityCookie, facts.security_cookie),
                          SLOT(GuardCFCheckFunctionPointer, facts.guard_check),
                          SLOT(GuardCFDispatchFunctionPointer, facts.guard_dispatch),
                          SLOT(GuardXFGCheckFunctionPointer, facts.guard_xfg_check),
                          SLOT(GuardXFGDispatchFunctionPointer, facts.guard_xfg_dispatch),
                          SLOT(GuardXFGTableDispatchFunctionPointer, facts.guard_xfg_table_dispatch)};
#undef SLOT
    for (const auto& slot : slots)
        if (slot.address != 0 && (!to_rva(slot.address, 8, slot.rva) || !in_section(slot.rva, 8)))
            return fail(slot.field, offset + slot.offset, "{:#x} is in no section", slot.address);
    if (directory.GuardCFFunctionTable != 0 && directory.GuardCFFunctionCount != 0) {
        const std::uint64_t stride = 4 + (directory.GuardFlags >> 28), count = directory.GuardCFFunctionCount;
        const auto at = offset + offsetof(IMAGE_LOAD_CONFIG_DIRECTORY64, GuardCFFunctionTable);
        const char* field = "IMAGE_LOAD_CONFIG_DIRECTORY64.GuardCFFunctionTable";
        ULONG table = 0;
        if (count > image.image_size || !to_rva(directory.GuardCFFunctionTable, count * stride, table) ||
            image.at(table, count * stride).size() < count * stride)
            return fail(field, at, "{} entries at {:#x} are not in the file", count,
                        +directory.GuardCFFunctionTable);
        for (std::uint64_t i = 0; i < count; ++i) {
            ULONG target = 0;
            read_rva(static_cast<ULONG>(table + i * stride), target);
            if (!is_executable(target))
                return fail(fmt::format("{}[{}]", field, i), at, "{:#x} is in no executable section", target);
        }
        facts.guard_table = table;
        facts.guard_count = static_cast<ULONG>(count);
    }
    facts.guard_flags = directory.GuardFlags;
    facts.size = size;
    facts.present = true;
    return true;
}

bool Parser::debug_table() {
    auto& facts = image.debug;
    for (const auto& section : image.sections)
        facts.has_dwarf = facts.has_dwarf || section.name == ".debug_info";
    const auto range = directories[IMAGE_DIRECTORY_ENTRY_DEBUG];
    if (range.rva == 0) return true;
    constexpr ULONG entry_size = sizeof(IMAGE_DEBUG_DIRECTORY);
    const auto table = image.at(range.rva, range.size);
    if (range.size % entry_size != 0 || range.size / entry_size > 64 || table.size() < range.size)
        return fail("IMAGE_DIRECTORY_ENTRY_DEBUG", offset_of(range.rva),
                    "{:#x} bytes at {:#x} are not up to 64 whole IMAGE_DEBUG_DIRECTORYs in the file",
                    range.size, range.rva);
    const auto start = static_cast<std::uint64_t>(table.data() - bytes.data());
    for (ULONG i = 0; i < range.size / entry_size; ++i) {
        IMAGE_DEBUG_DIRECTORY entry;
        std::memcpy(&entry, table.data() + i * entry_size, entry_size);
        const auto offset = start + i * entry_size;
        if (entry.SizeOfData != 0 && (entry.PointerToRawData > bytes.size() ||
                                      bytes.size() - entry.PointerToRawData < entry.SizeOfData))
            return fail(fmt::format("IMAGE_DEBUG_DIRECTORY[{}].PointerToRawData", i),
                        offset + offsetof(IMAGE_DEBUG_DIRECTORY, PointerToRawData),
                        "{:#x} bytes at {:#x} are not in the file", +entry.SizeOfData,
                        +entry.PointerToRawData);
        facts.types.push_back(entry.Type);
        facts.reproducible = facts.reproducible || entry.Type == debug_type_repro;
        constexpr ULONG name_offset = offsetof(IMAGE_DEBUG_RSDS, PdbFileName);
        ULONG signature = 0;
        if (entry.Type != IMAGE_DEBUG_TYPE_CODEVIEW || entry.SizeOfData < 4 ||
            !read(entry.PointerToRawData, signature) || signature != IMAGE_DEBUG_RSDS_SIGNATURE)
            continue;
        if (entry.SizeOfData <= name_offset)
            return fail(fmt::format("IMAGE_DEBUG_DIRECTORY[{}].SizeOfData", i),
                        offset + offsetof(IMAGE_DEBUG_DIRECTORY, SizeOfData),
                        "{:#x} is too small for an RSDS record", +entry.SizeOfData);
        const auto* record = bytes.data() + entry.PointerToRawData;
        std::memcpy(&facts.guid, record + offsetof(IMAGE_DEBUG_RSDS, Guid), sizeof facts.guid);
        std::memcpy(&facts.age, record + offsetof(IMAGE_DEBUG_RSDS, Age), 4);
        const char* name = reinterpret_cast<const char*>(record + name_offset);
        facts.pdb = {name, strnlen(name, entry.SizeOfData - name_offset)};
        facts.has_codeview = true;
    }
    return true;
}

} // namespace nt::ldr
