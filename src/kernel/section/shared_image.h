// Images that processes share. A file that was mapped as an image keeps its place in every process that maps
// it later, as long as that place is free there, and its pages with it (mm/image_pages.h): as on Windows,
// where a section has one base per start of the system. Kept until the machine ends.
#pragma once
#include "kernel/mm/image_pages.h"
#include "kernel/section/section.h"

namespace nt::section {

struct SharedImage {
    std::shared_ptr<const ldr::ImageFile> file;
    mm::ImagePages pages;
    std::unique_ptr<ldr::Module> module; // of any view
    std::uint64_t seed;                  // of the stack cookie in the pages
};

// Null: not mapped before.
const SharedImage* find_shared(const std::string& host_path);
// After `module` was loaded into `space`, before anything runs there. Does nothing if there is one, or no
// memory.
void share(mm::AddressSpace& space, const ldr::Module& module, std::uint64_t seed);
// A place for an image that has none yet: free in this space and no other image's.
std::uint64_t new_base(const mm::AddressSpace& space, std::uint64_t size);

} // namespace nt::section
