#include "rtl/format.h"
#include <gtest/gtest.h>
#include <string>

namespace nt::rtl {
namespace {

template <class C>
std::basic_string<C> print(const C* text, std::initializer_list<ULONG_PTR> args, LONGLONG* length = nullptr) {
    std::basic_string<C> out;
    const FormatSink<C> sink{[](void* p, const C* s, std::size_t n) {
                                 static_cast<std::basic_string<C>*>(p)->append(s, n);
                                 return true;
                             },
                             &out};
    ULONG_PTR fault;
    const LONGLONG n = format(direct_reader(), sink, text, args.begin(), &fault);
    if (length) *length = n;
    return out;
}
ULONG_PTR at(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

TEST(Format, IntegersInAllSizes) {
    EXPECT_EQ(print("%d %u %x %X", {~0ull, ~0ull, 0xABCDEFull, 0xABCull}), "-1 4294967295 abcdef ABC");
    EXPECT_EQ(print("%I64d %lld %Id %llx", {~0ull, ~1ull, 5, 0x1122334455667788}),
              "-1 -2 5 1122334455667788");
    EXPECT_EQ(print("%hd %hhu %ld %lu", {0x1FFFF, 0x1FF, 7, 1ull << 32 | 9}), "-1 255 7 9");
    EXPECT_EQ(print("[%5d|%-5d|%05d|%+d|% d|%.3d|%5.3d]", {42, 42, 42, 42, 42, 7, 7}),
              "[   42|42   |00042|+42| 42|007|  007]");
    EXPECT_EQ(print("%#x %#o %#x [%*d] [%-*d] %%", {255, 8, 0, 4, 1, 3, 2}), "0xff 010 0 [   1] [2  ] %");
    EXPECT_EQ(print("%p", {0x3000'0001'0000}), "0000300000010000");
    EXPECT_EQ(print("%08X|%I32x|%zu", {0xC0000005, 16, 17}), "C0000005|10|17");
}

TEST(Format, StringsNarrowAndWide) {
    const ULONG_PTR narrow = at("abc"), wide = at(u"wxyz");
    EXPECT_EQ(print("%s %S %ls %ws %hs", {narrow, wide, wide, wide, narrow}), "abc wxyz wxyz wxyz abc");
    EXPECT_EQ(print(u"%s %S %hs %ls", {wide, narrow, narrow, wide}), u"wxyz abc abc wxyz");
    EXPECT_EQ(print("[%6s|%-6s|%.2s|%c%C%wc]", {narrow, narrow, narrow, 'x', u'y', u'z'}),
              "[   abc|abc   |ab|xyz]");
    EXPECT_EQ(print("%s %S", {0, 0}), "(null) (null)");
    const char unterminated[3] = {'a', 'b', 'c'};
    EXPECT_EQ(print("%.3s", {at(unterminated)}), "abc");
}

TEST(Format, CountedStrings) {
    WCHAR wide[] = u"deviceX";
    CHAR narrow[] = "ansiX";
    UNICODE_STRING u{12, 14, wide};
    STRING a{4, 5, narrow};
    EXPECT_EQ(print("<%wZ> <%Z> <%8Z> <%.3wZ>", {at(&u), at(&a), at(&a), at(&u)}),
              "<device> <ansi> <    ansi> <dev>");
    EXPECT_EQ(print(u"<%wZ>", {at(&u)}), u"<device>");
    EXPECT_EQ(print("%wZ", {0}), "(null)");
}

// What cannot be printed without the digits: signs, infinities, widths.
TEST(Format, FloatingPointAroundTheDigits) {
    const auto digits = [](const FloatText& what, TakeText take, void* context) {
        EXPECT_GE(what.value, 0);
        const char text[] = {what.kind, static_cast<char>('0' + what.precision % 10),
                             what.alternate ? '#' : '.', 'p'};
        take(context, text, 4);
    };
    const auto say = [&](const char* format_text, double value, ULONG_PTR second = 0) {
        std::string out;
        const FormatSink<CHAR> sink{[](void* p, const CHAR* s, std::size_t n) {
                                        static_cast<std::string*>(p)->append(s, n);
                                        return true;
                                    },
                                    &out};
        const ULONG_PTR args[] = {__builtin_bit_cast(ULONG_PTR, value), second};
        ULONG_PTR fault;
        const LONGLONG n = format(direct_reader(), sink, format_text, args, &fault, digits);
        EXPECT_EQ(n, static_cast<LONGLONG>(out.size()));
        return out;
    };
    EXPECT_EQ(say("[%f|%d]", 1, 7), "[f6.p|7]");
    EXPECT_EQ(say("[%Lf|%d]", -1, 7), "[-f6.p|7]");
    EXPECT_EQ(say("[%08.3e]", -1), "[-000e3.p]");
    EXPECT_EQ(say("[%-8g]", 1), "[g6.p    ]");
    EXPECT_EQ(say("[%+12A]", 1), "[     +0XA3.P]");
    EXPECT_EQ(say("[%#012a]", 1), "[0x000000a3#p]");
    EXPECT_EQ(say("[% f]", -0.0), "[-f6.p]");
    EXPECT_EQ(say("[%06f]", __builtin_inf()), "[   inf]");
    EXPECT_EQ(say("[%+E]", __builtin_inf()), "[+INF]");
    EXPECT_EQ(say("[%-6g]", -__builtin_inf()), "[-inf  ]");
    EXPECT_EQ(say("%f", __builtin_nan("")), "nan");
    EXPECT_EQ(say("%f", -__builtin_nan("")), "-nan(ind)");
    EXPECT_EQ(say("%A", __builtin_nans("1")), "NAN(SNAN)");
    EXPECT_EQ(print("%f", {0}), "f");
}

TEST(Format, CountsAndFails) {
    LONGLONG n;
    print("%300d", {1}, &n);
    EXPECT_EQ(n, 300);
    const MemoryReader nothing{[](const MemoryReader&, std::uint64_t a, void* to, std::size_t size) {
        if (a == 0x666) return false;
        __builtin_memcpy(to, reinterpret_cast<void*>(a), size);
        return true;
    }};
    const FormatSink<CHAR> sink{[](void*, const CHAR*, std::size_t) { return true; }, nullptr};
    ULONG_PTR fault = 0;
    const ULONG_PTR args[] = {0x666};
    EXPECT_EQ(format(nothing, sink, "text %s", args, &fault), -1);
    EXPECT_EQ(fault, 0x666u);
}

} // namespace
} // namespace nt::rtl
