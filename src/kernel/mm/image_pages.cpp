#include "kernel/mm/image_pages.h"
#include "abi/status.h"
#include <cstring>

namespace nt::mm {

namespace {

// Pages with the contents of others; empty when there is no memory.
Run copy_of(Pfn first, std::uint64_t count) {
    const Run run = allocate_run(Zone::general, count);
    if (run) std::memcpy(direct(run.first), direct(first), count << page_shift);
    return run;
}

} // namespace

ImagePages::~ImagePages() {
    for (const Piece& piece : pieces)
        release_pages(piece.first, piece.pages);
}

bool is_writable(ULONG protection) {
    constexpr ULONG writable =
        PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    return protection & writable;
}

NTSTATUS AddressSpace::share_image(std::uint64_t base, ImagePages& pages) const {
    const Vad* vad = find_vad(base);
    if (!vad || vad->kind != VadKind::image) return STATUS_NOT_MAPPED_VIEW;
    pages.base = vad->address;
    pages.size = vad->size;
    for (std::size_t i = first_at_or_after(base); i < extents_.size() && extents_[i].address < vad->end();
         ++i) {
        const Extent& e = extents_[i];
        const bool shared = !is_writable(e.protection);
        std::uint32_t first = e.first;
        if (shared) {
            for (std::uint32_t k = 0; k < e.pages; ++k)
                reference_page(first + k);
        } else {
            const Run run = copy_of(first, e.pages);
            if (!run) return STATUS_NO_MEMORY;
            first = static_cast<std::uint32_t>(run.first);
        }
        pages.pieces.push_back({e.address - vad->address, e.pages, first, e.protection, shared});
    }
    return STATUS_SUCCESS;
}

NTSTATUS AddressSpace::map_image(const ImagePages& pages) {
    if (!is_free(pages.base, pages.size) || reserve_failed_on_host(pages.base, pages.size))
        return STATUS_CONFLICTING_ADDRESSES;
    insert_vad({pages.base, pages.size, PAGE_EXECUTE_WRITECOPY, VadKind::image, false});
    for (const ImagePages::Piece& piece : pages.pieces) {
        const Run run = piece.shared ? Run{piece.first, piece.pages} : copy_of(piece.first, piece.pages);
        Extent e{pages.base + piece.offset, piece.pages, static_cast<std::uint32_t>(run.first),
                 piece.protection};
        if (!run || !show(e)) {
            if (run && !piece.shared) release_pages(run.first, run.count);
            return unmap_view(pages.base), STATUS_NO_MEMORY;
        }
        for (std::uint32_t k = 0; piece.shared && k < piece.pages; ++k)
            reference_page(piece.first + k);
        insert_extent(e);
    }
    return STATUS_SUCCESS;
}

// What Windows does page by page at the first write, here when the right to write is given.
NTSTATUS AddressSpace::make_private(Extent& e) {
    bool shared = false;
    for (std::uint32_t k = 0; k < e.pages && !shared; ++k)
        shared = frame(e.first + k).references > 1;
    if (!shared) return STATUS_SUCCESS;
    const Run run = copy_of(e.first, e.pages);
    if (!run) return STATUS_NO_MEMORY;
    hide(e.address, e.end() - e.address);
    e.present = false;
    release_pages(e.first, e.pages);
    e.first = static_cast<std::uint32_t>(run.first);
    return show(e) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

} // namespace nt::mm
