// The compiler agrees with layout.txt: offsets and sizes while it compiles, bit-fields when this runs.
#include "abi/bugcheck.h"
#include "abi/generated/layout_asserts.h"
#include "abi/ioctl.h"
#include "abi/status.h"
#include "abi/win32_error.h"
#include <cstring>
#include <gtest/gtest.h>

namespace {

// The unit of 'size' bytes at 'offset' of an object in which only the bit-field is set, all ones.
template <class T, class Set> std::uint64_t unit(std::size_t offset, std::size_t size, Set set) {
    alignas(64) unsigned char bytes[sizeof(T)] = {};
    set(*reinterpret_cast<T*>(bytes));
    std::uint64_t value = 0;
    std::memcpy(&value, bytes + offset, size);
    std::memset(bytes + offset, 0, size);
    for (unsigned char b : bytes)
        EXPECT_EQ(b, 0) << "the field lies outside of its unit";
    return value;
}

TEST(Layout, BitFields) {
#define BITS(type, field, offset, size, bit, bits)                                                           \
    EXPECT_EQ((unit<nt::type>(offset, size, [](nt::type& t) { t.field = ~t.field; })),                       \
              (~0ull >> (64 - bits)) << bit)                                                                 \
        << #type "." #field;
#include "abi/generated/layout_bits.inc"
#undef BITS
}

TEST(CtlCode, TakesApartWhatItBuilds) {
    constexpr nt::ULONG code =
        nt::CTL_CODE(nt::FILE_DEVICE_UNKNOWN, 0x801, nt::METHOD_BUFFERED, nt::FILE_ANY_ACCESS);
    static_assert(code == 0x222004);
    static_assert(nt::DEVICE_TYPE_FROM_CTL_CODE(0x1280ce) == 0x12 && nt::ACCESS_FROM_CTL_CODE(0x1280ce) == 2);
    static_assert(nt::FUNCTION_FROM_CTL_CODE(0x1280ce) == 0x33 && nt::METHOD_FROM_CTL_CODE(0x1280ce) == 2);
    EXPECT_EQ(nt::METHOD_FROM_CTL_CODE(code), nt::METHOD_BUFFERED);
}

} // namespace
