// Where an image is put: the kernel's image window, the user half of a process, or a test's array.
// mm_memory.h has the first two.
#pragma once
#include "base/result.h"
#include "host/ram.h"

namespace nt::ldr {

class ImageMemory {
  public:
    // `size` bytes (a multiple of the page size), zeroed, readable and writable through write(). `wished` 0:
    // anywhere, on a 64 KiB boundary. With a wish: exactly there or STATUS_CONFLICTING_ADDRESSES.
    virtual Result<std::uint64_t> allocate(std::uint64_t wished, std::uint64_t size) = 0;
    // Copies into allocated memory that protect() has not been called for yet.
    virtual NTSTATUS write(std::uint64_t address, const void* from, std::size_t size) = 0;
    virtual NTSTATUS protect(std::uint64_t address, std::uint64_t size, host::ram::Protection rights) = 0;
    // The pages of a range go, its addresses stay taken: another image there would be mistaken for this one.
    virtual void discard(std::uint64_t address, std::uint64_t size) = 0;
    // The whole allocation, or a page range of it.
    virtual void free(std::uint64_t address, std::uint64_t size) = 0;

  protected:
    ~ImageMemory() = default;
};

} // namespace nt::ldr
