// What is told of an image: NtQuerySection, ProcessImageInformation, NtCreateUserProcess. The structure's
// members are publicly known.
#pragma once
#include "kernel/ldr/image_file.h"

namespace nt::section {

struct SECTION_IMAGE_INFORMATION {
    PVOID TransferAddress;
    ULONG ZeroBits;
    SIZE_T MaximumStackSize, CommittedStackSize;
    ULONG SubSystemType;
    USHORT SubSystemMinorVersion, SubSystemMajorVersion;
    USHORT MajorOperatingSystemVersion, MinorOperatingSystemVersion;
    USHORT ImageCharacteristics, DllCharacteristics, Machine;
    BOOLEAN ImageContainsCode;
    UCHAR ImageFlags; // image_dynamically_relocated
    ULONG LoaderFlags, ImageFileSize, CheckSum;
};
static_assert(sizeof(SECTION_IMAGE_INFORMATION) == 0x40);
inline constexpr UCHAR image_dynamically_relocated = 0x4;

// `base`: where a view of it lies; 0: none, then it is told for the preferred address.
SECTION_IMAGE_INFORMATION image_information(const ldr::ImageFile& file, std::uint64_t base);

} // namespace nt::section
