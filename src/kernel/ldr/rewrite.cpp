#include "kernel/ldr/rewrite.h"
#include "kernel/ldr/load.h"
#include <algorithm>

namespace nt::ldr {

bool overlay_original(const RewriteReport& report, ULONG rva, std::span<std::uint8_t> bytes) {
    // A patch starts at most 30 bytes before what it changes.
    bool changed = false;
    auto it =
        std::lower_bound(report.patches.begin(), report.patches.end(), rva,
                         [](const Patch& patch, ULONG value) { return patch.rva + patch.length <= value; });
    for (; it != report.patches.end() && it->rva < rva + bytes.size(); ++it)
        for (ULONG i = 0; i < it->length; ++i)
            if (it->rva + i - rva < bytes.size()) bytes[it->rva + i - rva] = it->original[i], changed = true;
    return changed;
}

ULONG stub_area_for(const ImageFile&) { return 0; }
RewriteReport rewrite_image(const ImageFile&, Staged&, const RewriteOptions&) { return {}; }

} // namespace nt::ldr
