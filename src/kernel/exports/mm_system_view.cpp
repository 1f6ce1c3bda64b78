// Views of sections in system space: ntddk pages nf-ntddk-mmmapviewinsystemspace,
// nf-ntddk-mmunmapviewinsystemspace. They name no statuses: assumed those of ZwMapViewOfSection and
// ZwUnmapViewOfSection.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ob/object.h"
#include "kernel/section/system_view.h"

using namespace nt;
using namespace nt::exports;

// The section is the object, as ObReferenceObjectByHandle gives it.
extern "C" NTSTATUS MmMapViewInSystemSpace(section::Section* section, PVOID* base, SIZE_T* size) {
    need_in(section);
    need_out(base);
    std::uint64_t bytes = need_out(size);
    if (ob::type_of(section) != section::section_type) return STATUS_OBJECT_TYPE_MISMATCH;
    *base = reinterpret_cast<PVOID>(TRY_STATUS(section::map_system_view(*section, bytes)));
    *size = bytes;
    return STATUS_SUCCESS;
}
GATE(MmMapViewInSystemSpace);

extern "C" NTSTATUS MmUnmapViewInSystemSpace(PVOID base) {
    return section::unmap_system_view(reinterpret_cast<std::uint64_t>(base));
}
GATE(MmUnmapViewInSystemSpace);
