// Digits of a floating-point number, which need more of a library than rtl has: who formats them plugs it in.
#pragma once
#include <cstddef>

namespace nt::rtl {

// No double has more digits behind the point: there are zeros only.
inline constexpr int most_precision = 1100;

// A finite number without its sign, as `kind` (e, f, g or a) prints it in the C locale: with this precision
// (most_precision at most), with a decimal point in any case if `alternate`, without "0x".
struct FloatText {
    double value;
    char kind;
    int precision;
    bool alternate;
};
// False: the receiver wants no more.
using TakeText = bool (*)(void* context, const char* text, std::size_t count);
using PrintFloat = void (*)(const FloatText& what, TakeText take, void* context);

} // namespace nt::rtl
