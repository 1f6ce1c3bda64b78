// Image memory for tests: host arrays that pretend to lie at guest addresses, with the rights of every page.
#pragma once
#include "abi/status.h"
#include "kernel/ldr/image_memory.h"
#include <cstring>
#include <map>
#include <vector>

namespace nt::ldr::test {

class FakeMemory final : public ImageMemory {
  public:
    using Rights = host::ram::Protection;
    struct Page {
        std::uint8_t bytes[0x1000] = {};
        Rights rights = Rights::read_write;
        bool sealed = false; // protect() was called
    };
    std::map<std::uint64_t, Page> pages; // by address
    std::uint64_t next = 0x3000'0010'0000;
    int violations = 0;

    Result<std::uint64_t> allocate(std::uint64_t wished, std::uint64_t size) override {
        const auto base = wished ? wished : next;
        for (std::uint64_t at = base; at < base + size; at += 0x1000)
            if (pages.count(at)) return fail(STATUS_CONFLICTING_ADDRESSES);
        if (size > 0x0900'0000 || size % 0x1000 || base % 0x1000) ++violations;
        for (std::uint64_t at = base; at < base + size; at += 0x1000)
            pages[at];
        if (!wished) next = (base + size + 0xFFFF) & ~std::uint64_t{0xFFFF};
        return base;
    }
    NTSTATUS write(std::uint64_t address, const void* from, std::size_t size) override {
        for (std::size_t i = 0; i < size;) {
            auto it = pages.find((address + i) & ~std::uint64_t{0xFFF});
            if (it == pages.end() || it->second.sealed) {
                ++violations;
                return STATUS_ACCESS_VIOLATION;
            }
            const auto inside = (address + i) & 0xFFF, n = std::min<std::uint64_t>(size - i, 0x1000 - inside);
            std::memcpy(it->second.bytes + inside, static_cast<const std::uint8_t*>(from) + i, n);
            i += n;
        }
        return STATUS_SUCCESS;
    }
    NTSTATUS protect(std::uint64_t address, std::uint64_t size, Rights rights) override {
        for (std::uint64_t at = address; at < address + size; at += 0x1000) {
            auto it = pages.find(at);
            if (it == pages.end() || at % 0x1000)
                ++violations;
            else
                it->second.rights = rights, it->second.sealed = true;
        }
        return STATUS_SUCCESS;
    }
    void discard(std::uint64_t address, std::uint64_t size) override {
        for (std::uint64_t at = address; at < address + size; at += 0x1000)
            if (const auto it = pages.find(at); it == pages.end())
                ++violations;
            else
                it->second.rights = Rights::none;
    }
    void free(std::uint64_t address, std::uint64_t size) override {
        for (std::uint64_t at = address; at < address + size; at += 0x1000)
            if (pages.erase(at) == 0) ++violations;
    }

    template <class T> T get(std::uint64_t address) const {
        T value{};
        for (std::size_t i = 0; i < sizeof value; ++i) {
            auto it = pages.find((address + i) & ~std::uint64_t{0xFFF});
            if (it != pages.end())
                reinterpret_cast<std::uint8_t*>(&value)[i] = it->second.bytes[(address + i) & 0xFFF];
        }
        return value;
    }
    int rights(std::uint64_t address) const {
        auto it = pages.find(address & ~std::uint64_t{0xFFF});
        return it == pages.end() ? -1 : static_cast<int>(it->second.rights);
    }
};

} // namespace nt::ldr::test
