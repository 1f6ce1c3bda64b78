// `drvlab inspect X.sys`: what is in an image, as text of at most 80 columns or as JSON.
#pragma once
#include "kernel/ldr/image_file.h"
#include <functional>
#include <string>

namespace view {

struct InspectOptions {
    std::string file_name; // heading
    // How far an import is implemented here: "full", "partial", "stub", of programs "found"; "unknown" or
    // "missing" when the image would not
    // load. `note` is free text
    // ("ignores …"). Null: imports are listed without a status.
    std::function<std::string(std::string_view dll, const nt::ldr::SymbolRef& symbol, std::string& note)>
        status;
};

std::string inspect_text(const nt::ldr::ImageFile& file, const InspectOptions& options);
std::string inspect_json(const nt::ldr::ImageFile& file,
                         const InspectOptions& options); // one object, ends with a newline

} // namespace view
