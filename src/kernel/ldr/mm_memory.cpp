#include "kernel/ldr/mm_memory.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include <algorithm>
#include <cstring>

namespace nt::ldr {

using host::ram::Protection;

Result<std::uint64_t> KernelImageMemory::allocate(std::uint64_t wished, std::uint64_t size) {
    auto base = mm::allocate_image(size);
    if (base && wished != 0 && *base != wished) {
        mm::free_image(*base, size);
        return fail(STATUS_CONFLICTING_ADDRESSES);
    }
    return base;
}

NTSTATUS KernelImageMemory::write(std::uint64_t address, const void* from, std::size_t size) {
    std::memcpy(reinterpret_cast<void*>(address), from, size); // writable until protect(), which comes after
    return STATUS_SUCCESS;
}

NTSTATUS KernelImageMemory::protect(std::uint64_t address, std::uint64_t size, Protection rights) {
    mm::protect_kernel(address, size, rights);
    return STATUS_SUCCESS;
}

void KernelImageMemory::discard(std::uint64_t address, std::uint64_t size) {
    mm::discard_image(address, size);
}
void KernelImageMemory::free(std::uint64_t address, std::uint64_t size) { mm::free_image(address, size); }

Result<std::uint64_t> UserImageMemory::allocate(std::uint64_t wished, std::uint64_t size) {
    std::uint64_t base = wished;
    if (const auto status = space_.map_image(base, size); !NT_SUCCESS(status)) return fail(status);
    return base;
}

NTSTATUS UserImageMemory::write(std::uint64_t address, const void* from, std::size_t size) {
    auto* source = static_cast<const std::uint8_t*>(from);
    while (size != 0) {
        std::uint64_t contiguous = 0;
        void* to = space_.pointer(address, &contiguous);
        if (!to || contiguous == 0) return STATUS_ACCESS_VIOLATION;
        const auto n = std::min<std::uint64_t>(size, contiguous);
        std::memcpy(to, source, n);
        address += n, source += n, size -= n;
    }
    return STATUS_SUCCESS;
}

NTSTATUS UserImageMemory::protect(std::uint64_t address, std::uint64_t size, Protection rights) {
    ULONG protection = PAGE_NOACCESS;
    switch (static_cast<int>(rights)) {
    case 1:
        protection = PAGE_READONLY;
        break;
    case 2:
    case 3:
        protection = PAGE_READWRITE;
        break;
    case 4:
    case 5:
        protection = PAGE_EXECUTE_READ;
        break;
    case 6:
    case 7:
        protection = PAGE_EXECUTE_READWRITE;
        break;
    default:
        break;
    }
    return space_.set_protection(address, size, protection);
}

void UserImageMemory::free(std::uint64_t address, std::uint64_t) { (void)space_.unmap_view(address); }

} // namespace nt::ldr
