#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/system_modules.h"
#include "kernel/ldr/modules.h"
#include <cstring>

namespace nt::exports {

const ldr::ModuleList* kernel_modules = nullptr;

namespace {

struct RTL_PROCESS_MODULE_INFORMATION {
    HANDLE Section;
    PVOID MappedBase, ImageBase;
    ULONG ImageSize, Flags;
    USHORT LoadOrderIndex, InitOrderIndex, LoadCount, OffsetToFileName;
    UCHAR FullPathName[256];
};
static_assert(sizeof(RTL_PROCESS_MODULE_INFORMATION) == 0x128);

RTL_PROCESS_MODULE_INFORMATION describe(const ldr::Module& module, USHORT index) {
    RTL_PROCESS_MODULE_INFORMATION info{};
    info.ImageBase = reinterpret_cast<PVOID>(module.base);
    info.ImageSize = module.size;
    info.LoadOrderIndex = index;
    info.LoadCount = 1;
    const std::size_t n = std::min(module.path.size(), sizeof info.FullPathName - 1);
    std::memcpy(info.FullPathName, module.path.data(), n);
    const auto slash = module.path.rfind('\\');
    info.OffsetToFileName = static_cast<USHORT>(slash == std::string::npos ? 0 : slash + 1);
    return info;
}

} // namespace

bool has_force_integrity(const void* routine) {
    constexpr USHORT force_integrity = 0x80; // IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY
    const ldr::Module* module = kernel_modules->find(reinterpret_cast<std::uint64_t>(routine));
    return module && module->file && (module->file->dll_characteristics & force_integrity);
}

// A count (8-aligned), then one entry per image.
NTSTATUS query_modules(PVOID information, ULONG length, ULONG* needed) {
    if (!kernel_modules) return STATUS_NOT_SUPPORTED;
    const auto& modules = kernel_modules->in_load_order();
    const ULONG total = static_cast<ULONG>(8 + modules.size() * sizeof(RTL_PROCESS_MODULE_INFORMATION));
    if (needed && !write_parameter(needed, total)) return STATUS_ACCESS_VIOLATION;
    if (length < total) return STATUS_INFO_LENGTH_MISMATCH;
    auto* to = static_cast<UCHAR*>(information);
    const ULONGLONG count = modules.size();
    if (!copy_out(to, &count, sizeof count)) return STATUS_ACCESS_VIOLATION;
    to += sizeof count;
    USHORT index = 0;
    for (const ldr::Module* module : modules) {
        const auto info = describe(*module, index++);
        if (!copy_out(to, &info, sizeof info)) return STATUS_ACCESS_VIOLATION;
        to += sizeof info;
    }
    return STATUS_SUCCESS;
}

} // namespace nt::exports
