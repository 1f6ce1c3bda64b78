// What inspect says about an image, gathered once for both its forms.
#pragma once
#include "kernel/ldr/rewrite.h"
#include "view/inspect.h"
#include <map>

namespace view::detail {

struct Mitigation {
    const char* key;   // in JSON
    const char* title; // in text
    bool present;
    std::string note; // why not; "" when there is nothing to say
};

struct InstructionUse { // one kind of sensitive instruction
    std::string mnemonic;
    unsigned count = 0;
    bool privileged = false;            // traps by itself
    std::vector<std::string> functions; // names, each once, by address
};

struct ImportStatus {
    std::string dll, symbol, status, note;
    bool delayed;
};

struct Inspection {
    nt::ldr::RewriteReport code;
    std::vector<Mitigation> mitigations;
    std::vector<InstructionUse> instructions; // by mnemonic
    std::vector<ImportStatus> imports;        // in file order
    std::vector<std::string> warnings;
    std::string kind; // "driver", "library", "console program" …
    std::string entry_name;
};

Inspection examine(const nt::ldr::ImageFile& file, const InspectOptions& options);

std::string printable(std::string_view text);    // bytes that are not printable ASCII as '?'
std::string date_of(std::uint32_t timestamp);    // "2020-01-01 00:00:00 UTC"
std::string guid_text(const nt::GUID& guid);     // "{00000000-0000-…}"
const char* rights_text(nt::ldr::Rights rights); // "r-x"

} // namespace view::detail
