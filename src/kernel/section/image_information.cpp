#include "kernel/section/image_information.h"
#include <algorithm>

namespace nt::section {

SECTION_IMAGE_INFORMATION image_information(const ldr::ImageFile& file, std::uint64_t base) {
    constexpr ULONG contains_code = 0x20, executable = 0x2000'0000;
    constexpr USHORT machine_amd64 = 0x8664;
    const std::uint64_t at = base ? base : file.preferred_base;
    SECTION_IMAGE_INFORMATION info{};
    info.TransferAddress = reinterpret_cast<PVOID>(file.entry ? at + file.entry : 0);
    info.MaximumStackSize = file.stack_reserve;
    info.CommittedStackSize = file.stack_commit;
    info.SubSystemType = file.subsystem;
    info.SubSystemMajorVersion = file.subsystem_major;
    info.SubSystemMinorVersion = file.subsystem_minor;
    info.MajorOperatingSystemVersion = file.os_major;
    info.MinorOperatingSystemVersion = file.os_minor;
    info.ImageCharacteristics = file.characteristics;
    info.DllCharacteristics = file.dll_characteristics;
    info.Machine = machine_amd64;
    info.ImageContainsCode = std::ranges::any_of(file.sections, [](const ldr::FileSection& section) {
        return section.characteristics & (contains_code | executable);
    });
    if (at != file.preferred_base) info.ImageFlags = image_dynamically_relocated;
    info.ImageFileSize = static_cast<ULONG>(file.bytes().size());
    info.CheckSum = file.checksum;
    return info;
}

} // namespace nt::section
