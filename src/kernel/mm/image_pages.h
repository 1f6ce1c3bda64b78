// The pages of an image as they were after loading, for processes that map it later at the same place: they
// share what cannot be written and get copies of the rest, so neither the file is read nor anything relocated
// again. Taken from the first process's view before that process runs.
#pragma once
#include "kernel/mm/address_space.h"

namespace nt::mm {

struct ImagePages {
    // Of pages with one protection and consecutive numbers; each has a reference of ours.
    struct Piece {
        std::uint64_t offset; // from the image's base
        std::uint32_t pages;
        std::uint32_t first; // page number
        ULONG protection;
        bool shared; // else copied for each view
    };
    std::uint64_t base = 0, size = 0; // bytes
    std::vector<Piece, host::HeapAllocator<Piece>> pieces;

    ImagePages() = default;
    ImagePages(const ImagePages&) = delete;
    ImagePages& operator=(const ImagePages&) = delete;
    ~ImagePages();
};

} // namespace nt::mm
