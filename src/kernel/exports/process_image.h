// The image that a process runs.
#pragma once
#include "kernel/ldr/modules.h"
#include "kernel/ps/process_body.h"
#include "kernel/section/image_information.h"

namespace nt::exports {

// Zeroes: System has none.
inline section::SECTION_IMAGE_INFORMATION image_information_of(const ps::Process& process) {
    const auto base = reinterpret_cast<std::uint64_t>(process.SectionBaseAddress);
    const ldr::Module* module = process.modules && base ? process.modules->find(base) : nullptr;
    return module && module->file ? section::image_information(*module->file, base)
                                  : section::SECTION_IMAGE_INFORMATION{};
}

} // namespace nt::exports
