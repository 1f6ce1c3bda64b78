#include "view/expression.h"
#include <cstring>
#include <gtest/gtest.h>

namespace view {
namespace {

Source machine() {
    Source s;
    s.read = [](std::uint64_t from, void* to, std::size_t bytes) {
        static const unsigned char memory[16] = {0x09, 0x04, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xff};
        if (from < 0x1000 || from + bytes > 0x1010) return false;
        std::memcpy(to, memory + (from - 0x1000), bytes);
        return true;
    };
    s.find = [](std::string_view name, std::uint64_t& value) {
        if (name == "n\u00e4mes!gr\u00f6\u00dfe") return value = 0x300000500000, true;
        if (name == "null!NullWrite") return value = 0x300000401000, true;
        if (name == "@rip") return value = 0x1234, true;
        return false;
    };
    return s;
}

std::uint64_t eval(std::string_view text) {
    std::uint64_t value = 0xdeaddead;
    std::string error;
    EXPECT_TRUE(evaluate_expression(text, machine(), value, error)) << text << ": " << error;
    return value;
}

std::string error_of(std::string_view text) {
    std::uint64_t value = 0;
    std::string error;
    EXPECT_FALSE(evaluate_expression(text, machine(), value, error)) << text;
    return error;
}

TEST(Expression, NumbersAreHexadecimalUnlessPrefixed) {
    EXPECT_EQ(eval("10"), 0x10u);
    EXPECT_EQ(eval("0x10 + 0t10 + 0y10 + 0n10"), 16u + 8 + 2 + 10);
    EXPECT_EQ(eval("4ab3H"), 0x4ab3u);
    EXPECT_EQ(eval("0x"), 0u);
    EXPECT_EQ(eval("fffff800`0b51410"), 0xfffff8000b51410u) << "the accent is only ignored";
    EXPECT_EQ(eval("0000008e`ed57b108"), 0x8eed57b108u);
}

TEST(Expression, NumbersDoNotWrap) {
    EXPECT_EQ(eval("0n18446744073709551615"), ~0ull);
    EXPECT_EQ(error_of("1+0n18446744073709551616"), "Overflow error at '0n18446744073709551616'");
    EXPECT_EQ(error_of("11111111`111111111"), "Overflow error at '11111111`111111111'");
}

TEST(Expression, SignExtendsAsInKernelMode) {
    EXPECT_EQ(eval("EEAA1122"), 0xffffffffeeaa1122u);
    EXPECT_EQ(eval("00000000EEAA1122"), 0xffffffffeeaa1122u);
    EXPECT_EQ(eval("00000000`EEAA1122"), 0xeeaa1122u);
    EXPECT_EQ(eval("0`EEAA1122"), 0xeeaa1122u);
    EXPECT_EQ(eval("0x0`FFFFFFFF & EEAA1122"), 0xeeaa1122u);
    EXPECT_EQ(eval("12345678"), 0x12345678u);
}

TEST(Expression, Precedence) {
    EXPECT_EQ(eval("2+3*4"), 14u);
    EXPECT_EQ(eval("(2+3)*4"), 20u);
    EXPECT_EQ(eval("1<<4+1"), 32u) << "addition binds tighter than shifts";
    EXPECT_EQ(eval("1|2^3&1"), 1u | (2u ^ (3u & 1u)));
    EXPECT_EQ(eval("7 mod 4"), 3u);
    EXPECT_EQ(eval("6 and 3"), 2u);
    EXPECT_EQ(eval("-1 >>> 4"), ~0ull);
    EXPECT_EQ(eval("-1 >> 3c"), 15u);
    EXPECT_EQ(eval("3 == 3"), 1u);
    EXPECT_EQ(eval("3 <= 2"), 0u);
    EXPECT_EQ(eval("not 0"), 1u);
    EXPECT_EQ(eval("low(12345678)"), 0x5678u);
    EXPECT_EQ(eval("hi 12345678"), 0x1234u);
}

TEST(Expression, ReadsMemorySymbolsAndRegisters) {
    EXPECT_EQ(eval("poi(1000)"), 0x7060504030200409u);
    EXPECT_EQ(eval("qwo(1000)"), 0x7060504030200409u);
    EXPECT_EQ(eval("dwo(0xff0+10)"), 0x30200409u);
    EXPECT_EQ(eval("wo(1000)==0x409"), 1u);
    EXPECT_EQ(eval("by 1008"), 0xffu);
    EXPECT_EQ(eval("null!NullWrite+0x10"), 0x300000401010u);
    EXPECT_EQ(eval("n\u00e4mes!gr\u00f6\u00dfe+10"), 0x300000500010u);
    EXPECT_EQ(eval("@rip + 8"), 0x123cu);
    EXPECT_EQ(eval("$vvalid(1000, 10)"), 1u);
    EXPECT_EQ(eval("$vvalid(1000, 2000)"), 0u);
    EXPECT_EQ(eval("$vvalid(-8, 10)"), 0u) << "a range that ends at 0";
    EXPECT_EQ(eval("$vvalid(-100, 1000)"), 0u);
    EXPECT_EQ(eval("$scmp(\"a\", \"b\")"), ~0ull);
    EXPECT_EQ(eval("$scmp(b, a)"), 1u);
    EXPECT_EQ(eval("$sicmp(\"A\",\"a\") + 5"), 5u);
    EXPECT_EQ(eval("$spat(\"Null.sys\", \"n[tu]+l#*\")"), 1u);
    EXPECT_EQ(eval("$spat(null, x*)"), 0u);
}

TEST(Expression, SaysWhatIsWrong) {
    EXPECT_EQ(error_of("nosuch+1"), "Couldn't resolve error at 'nosuch+1'");
    EXPECT_EQ(error_of("1+"), "Numeric expression missing from '<EOL>'");
    EXPECT_EQ(error_of(""), "Numeric expression missing from '<EOL>'");
    EXPECT_EQ(error_of("(1"), "Syntax error at ''");
    EXPECT_EQ(error_of("1 2"), "Syntax error at '2'");
    EXPECT_EQ(error_of("poi(0)"), "Memory access error at ')'");
    EXPECT_EQ(error_of("1/0"), "Operand error at '/0'");
    error_of(std::string(100000, '('));
    error_of(std::string(100000, '-'));
}

TEST(Evaluate, ShowsDecimalAndHexadecimal) {
    EXPECT_EQ(show_evaluated(300000), "Evaluate expression: 300000 = 00000000`000493e0\n");
    EXPECT_EQ(show_evaluated(~0ull), "Evaluate expression: -1 = ffffffff`ffffffff\n");
}

// Values of the example in -formats--show-number-formats-.md, in the width of a 64-bit machine and in UTC.
TEST(Formats, DocumentedExample) {
    EXPECT_EQ(show_formats(0x1c407e62),
              "Evaluate expression:\n"
              "  Hex:     00000000`1c407e62\n"
              "  Decimal: 473988706\n"
              "  Octal:   0000000000003420077142\n"
              "  Binary:  00000000 00000000 00000000 00000000 00011100 01000000 01111110 "
              "01100010\n"
              "  Chars:   .....@~b\n"
              "  Time:    Mon Jan 07 23:31:46 1985\n"
              "  Float:   low 6.36908e-022 high 0\n"
              "  Double:  2.34182e-315\n");
}

TEST(Formats, FileTimeHasMilliseconds) {
    EXPECT_NE(show_formats(0x01d2f3a5c4b3a290).find("  Time:    Mon Jul 03 02:40:44.242 2017 (UTC + 0:00)\n"),
              std::string::npos)
        << show_formats(0x01d2f3a5c4b3a290);
    EXPECT_NE(show_formats(~0ull).find("Invalid FILETIME"), std::string::npos);
}

} // namespace
} // namespace view
