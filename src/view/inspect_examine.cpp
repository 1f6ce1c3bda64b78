#include "abi/pe.h"
#include "kernel/ldr/load.h"
#include "view/detail/inspection.h"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace view::detail {
namespace {

using namespace nt;
using ldr::ImageFile;

bool has(ldr::Rights rights, ldr::Rights right) {
    return (static_cast<int>(rights) & static_cast<int>(right)) != 0;
}

const char* kind_of(const ImageFile& file) {
    if (file.subsystem == IMAGE_SUBSYSTEM_NATIVE) return "driver";
    if (file.is_dll()) return "library";
    if (file.subsystem == IMAGE_SUBSYSTEM_WINDOWS_CUI) return "console program";
    if (file.subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI) return "GUI program";
    return "image of another subsystem";
}

// Names of routines, from exports and symbols.
class Names {
  public:
    explicit Names(const ImageFile& file) {
        for (const auto& symbol : file.coff_symbols())
            names_.emplace(symbol.rva, symbol.name);
        for (const auto& entry : file.exports)
            if (!entry.name.empty() && entry.rva) names_[entry.rva] = entry.name;
    }
    std::string of(ULONG rva) const {
        const auto it = names_.find(rva);
        return it == names_.end() ? fmt::format("{:#x}", rva) : printable(it->second);
    }

    // "NullRead+0x12" for a place inside a routine.
    std::string around(ULONG rva) const {
        const auto next = names_.upper_bound(rva);
        if (next == names_.begin()) return fmt::format("{:#x}", rva);
        const auto& [start, name] = *std::prev(next);
        return start == rva ? printable(name) : fmt::format("{}+{:#x}", printable(name), rva - start);
    }

  private:
    std::map<ULONG, std::string_view> names_;
};

void list_mitigations(const ImageFile& file, Inspection& result) {
    const auto flag = [&](USHORT bit) { return (file.dll_characteristics & bit) != 0; };
    auto add = [&](const char* key, const char* title, bool present, std::string note = {}) {
        result.mitigations.push_back({key, title, present, std::move(note)});
    };
    add("nx", "no-execute data (NX)", flag(IMAGE_DLLCHARACTERISTICS_NX_COMPAT));
    const bool dynamic = flag(IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE);
    add("aslr", "address randomisation (ASLR)", dynamic && file.has_relocations,
        dynamic && !file.has_relocations ? "asked for, but there are no relocations" : "");
    add("high_entropy", "64-bit randomisation", flag(IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA));
    const bool guard = flag(IMAGE_DLLCHARACTERISTICS_GUARD_CF) && file.load_config.guard_check != 0;
    add("cfg", "control flow guard (CFG)", guard,
        guard ? fmt::format("{} targets", file.load_config.guard_count) : std::string());
    add("gs", "stack cookie (GS)", file.load_config.security_cookie != 0);
    add("force_integrity", "signature demanded", flag(IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY));
    std::string why;
    for (const auto& section : file.sections)
        if (has(section.rights, ldr::Rights::write) && has(section.rights, ldr::Rights::execute))
            why += fmt::format("{}section {} is writable and executable", why.empty() ? "" : "; ",
                               printable(section.name));
    add("hvci", "HVCI-compatible", why.empty(), why);
}

void list_instructions(const Names& names, Inspection& result) {
    std::map<std::string, InstructionUse> uses;
    for (const auto& found : result.code.sensitive) {
        auto& use = uses[found.mnemonic];
        use.mnemonic = found.mnemonic;
        use.privileged = found.privileged;
        ++use.count;
        const auto name = names.of(found.function);
        if (std::find(use.functions.begin(), use.functions.end(), name) == use.functions.end())
            use.functions.push_back(name);
    }
    for (auto& [mnemonic, use] : uses)
        result.instructions.push_back(std::move(use));
}

void list_imports(const ImageFile& file, const InspectOptions& options, Inspection& result) {
    std::size_t unknown = 0;
    for (const auto& import : file.imports) {
        ImportStatus status{printable(import.dll), printable(import.symbol.to_string()), "", "",
                            import.delayed};
        if (options.status) status.status = options.status(import.dll, import.symbol, status.note);
        unknown += !import.delayed && (status.status == "unknown" || status.status == "missing");
        result.imports.push_back(std::move(status));
    }
    if (unknown)
        result.warnings.push_back(
            fmt::format("{} import{} not known here: the image loads with --allow-missing only", unknown,
                        unknown == 1 ? " is" : "s are"));
}

void list_warnings(const ImageFile& file, const Names& names, Inspection& result) {
    auto warn = [&](std::string text) { result.warnings.push_back(std::move(text)); };
    auto in = [&](const std::vector<ULONG>& functions) {
        std::string text;
        for (std::size_t i = 0; i < functions.size() && i < 8; ++i)
            text += (i ? ", " : "") + names.around(functions[i]);
        if (functions.size() > 8) text += fmt::format(" and {} more", functions.size() - 8);
        return text;
    };
    for (const auto& section : file.sections)
        if (has(section.rights, ldr::Rights::write) && has(section.rights, ldr::Rights::execute))
            warn(fmt::format("section {} is writable and executable: refused with --hvci",
                             printable(section.name)));
    if (!file.has_relocations)
        warn(fmt::format("no relocations: the image can only lie at {:#x}", file.preferred_base));
    if (file.checksum != 0 && file.checksum != file.computed_checksum())
        warn(fmt::format("the checksum in the header is {:#x}, the file's bytes give {:#x}", file.checksum,
                         file.computed_checksum()));
    if (file.pdata_count == 0 && file.entry != 0)
        warn("no function table (.pdata): exceptions cannot pass through its routines, and its code is not "
             "rewritten beyond what "
             "calls lead to");
    const auto& places = result.code.high_addresses;
    if (!places.empty() && file.subsystem == IMAGE_SUBSYSTEM_NATIVE) {
        warn(fmt::format("{} constant{} from Windows' address map (such as 0xFFFF8000'00000000), at {}: here "
                         "the kernel lies at "
                         "0x3000'00000000 and up, so comparing addresses with {} goes wrong",
                         places.size(), places.size() == 1 ? "" : "s", in(places),
                         places.size() == 1 ? "it" : "them"));
    }
    if (!result.code.undecoded.empty())
        warn(fmt::format(
            "{} function{} could not be decoded to the end, instructions there are not replaced: {}",
            result.code.undecoded.size(), result.code.undecoded.size() == 1 ? "" : "s",
            in(result.code.undecoded)));
}

} // namespace

Inspection examine(const ImageFile& file, const InspectOptions& options) {
    Inspection result;
    result.kind = kind_of(file);
    ldr::Staged image(file, file.preferred_base, 0);
    result.code = ldr::rewrite_image(file, image,
                                     {.kernel = file.subsystem == IMAGE_SUBSYSTEM_NATIVE, .change = false});
    const Names names(file);
    if (file.entry) result.entry_name = names.of(file.entry);
    list_mitigations(file, result);
    list_instructions(names, result);
    list_imports(file, options, result);
    list_warnings(file, names, result);
    return result;
}

std::string printable(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c < 0x20 || c > 0x7E) c = '?';
    return result;
}

std::string date_of(std::uint32_t timestamp) {
    using namespace std::chrono;
    const sys_seconds when{seconds{timestamp}};
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss time{when - day};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string guid_text(const GUID& g) {
    return fmt::format("{{{:08X}-{:04X}-{:04X}-{:02X}{:02X}-{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}}}", g.Data1,
                       g.Data2, g.Data3, g.Data4[0], g.Data4[1], g.Data4[2], g.Data4[3], g.Data4[4],
                       g.Data4[5], g.Data4[6], g.Data4[7]);
}

const char* rights_text(ldr::Rights rights) {
    static const char* const texts[8] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};
    return texts[static_cast<int>(rights) & 7];
}

} // namespace view::detail
