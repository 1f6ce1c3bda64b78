#include "kernel/section/system_view.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/ob/object.h"
#include <map>

namespace nt::section {

namespace {

struct SystemView {
    Section* section; // referenced
    std::uint64_t pages;
};
using Views = std::map<std::uint64_t, SystemView, std::less<>,
                       host::HeapAllocator<std::pair<const std::uint64_t, SystemView>>>;
Views& views() {
    static auto* all = host::make<Views>();
    return *all;
}

} // namespace

Result<std::uint64_t> map_system_view(Section& section, std::uint64_t& size) {
    if (section.file) return fail(STATUS_NOT_SUPPORTED);
    const std::uint64_t bytes = size ? mm::page_ceil(size) : section.size;
    if (size > section.size) return fail(STATUS_INVALID_VIEW_SIZE);
    const std::uint64_t count = bytes >> mm::page_shift;
    // assumed: rights as the section's; kernel memory is never executable.
    const auto rights =
        mm::is_writable(section.protection) ? mm::Protection::read_write : mm::Protection::read;
    const std::uint64_t base = mm::map_window(section.pages, count, rights);
    if (!base) return fail(STATUS_NO_MEMORY);
    ob::reference(&section);
    views()[base] = {&section, count};
    size = bytes;
    return base;
}

NTSTATUS unmap_system_view(std::uint64_t base) {
    const auto found = views().find(base);
    if (found == views().end()) return STATUS_NOT_MAPPED_VIEW;
    const SystemView view = found->second;
    views().erase(found);
    mm::unmap_window(base, view.pages);
    ob::dereference(view.section);
    return STATUS_SUCCESS;
}

} // namespace nt::section
