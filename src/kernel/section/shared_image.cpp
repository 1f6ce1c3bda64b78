#include "kernel/section/shared_image.h"
#include "abi/status.h"
#include <map>

namespace nt::section {

namespace {

// By host path. Only looked up and added to, so its order decides nothing but which place comes next.
std::map<std::string, std::unique_ptr<SharedImage>>& images() {
    static auto& all = *new std::map<std::string, std::unique_ptr<SharedImage>>;
    return all;
}

} // namespace

const SharedImage* find_shared(const std::string& host_path) {
    const auto found = images().find(host_path);
    return found == images().end() ? nullptr : found->second.get();
}

void share(mm::AddressSpace& space, const ldr::Module& module, std::uint64_t seed) {
    if (find_shared(module.host_path)) return;
    auto image = std::make_unique<SharedImage>();
    if (!NT_SUCCESS(space.share_image(module.base, image->pages))) return;
    image->file = module.file;
    image->module = std::make_unique<ldr::Module>(module);
    image->seed = seed;
    images().emplace(module.host_path, std::move(image));
}

std::uint64_t new_base(const mm::AddressSpace& space, std::uint64_t size) {
    std::uint64_t from = host::places::user_images;
    for (;;) {
        const std::uint64_t base = space.free_place(size, from);
        const SharedImage* there = nullptr;
        for (const auto& [path, image] : images())
            if (base < image->pages.base + image->pages.size && image->pages.base < base + size)
                there = image.get();
        if (!base || !there) return base;
        from = (there->pages.base + there->pages.size + mm::granularity - 1) & ~(mm::granularity - 1);
    }
}

} // namespace nt::section
