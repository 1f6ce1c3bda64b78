// How the run-time library looks at memory that may be damaged: the unwinder must fail, not fault, on a
// corrupt stack.
#pragma once
#include <cstddef>
#include <cstdint>

namespace nt::rtl {

// read() copies `length` bytes at guest address `address` and tells whether all of them were there. The
// kernel plugs in the guest:: primitives, ntdll.dll a range check against the thread's stack, tests a map.
struct MemoryReader {
    bool (*read)(const MemoryReader& self, std::uint64_t address, void* to, std::size_t length);
    void* context = nullptr;

    template <class T> bool get(std::uint64_t address, T& value) const {
        return read(*this, address, &value, sizeof(T));
    }
};

// Reads anything and takes the fault. For callers that know the memory is there.
const MemoryReader& direct_reader();

} // namespace nt::rtl
