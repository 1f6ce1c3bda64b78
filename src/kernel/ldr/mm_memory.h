// Image memory over mm: the kernel's image window and the user half of a process.
#pragma once
#include "kernel/ldr/image_memory.h"

namespace nt::mm {
class AddressSpace;
}

namespace nt::ldr {

// places::images. A wish is granted only when it is what the window would give next (ntoskrnl, hal).
class KernelImageMemory final : public ImageMemory {
  public:
    Result<std::uint64_t> allocate(std::uint64_t wished, std::uint64_t size) override;
    NTSTATUS write(std::uint64_t address, const void* from, std::size_t size) override;
    NTSTATUS protect(std::uint64_t address, std::uint64_t size, host::ram::Protection rights) override;
    void discard(std::uint64_t address, std::uint64_t size) override;
    void free(std::uint64_t address, std::uint64_t size) override;
};

// A view of an image in a process; the space need not be the active one.
class UserImageMemory final : public ImageMemory {
  public:
    explicit UserImageMemory(mm::AddressSpace& space) : space_(space) {}
    Result<std::uint64_t> allocate(std::uint64_t wished, std::uint64_t size) override;
    NTSTATUS write(std::uint64_t address, const void* from, std::size_t size) override;
    NTSTATUS protect(std::uint64_t address, std::uint64_t size, host::ram::Protection rights) override;
    void discard(std::uint64_t, std::uint64_t) override {}         // programs keep theirs
    void free(std::uint64_t address, std::uint64_t size) override; // the whole view

  private:
    mm::AddressSpace& space_;
};

} // namespace nt::ldr
