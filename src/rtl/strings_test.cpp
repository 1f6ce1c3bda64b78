#include "abi/status.h"
#include "rtl/strings.h"
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace nt::rtl {
namespace {

struct Text {
    std::u16string chars;
    UNICODE_STRING s;
    explicit Text(std::u16string t) : chars(std::move(t)) {
        s.Length = s.MaximumLength = static_cast<USHORT>(chars.size() * 2);
        s.Buffer = chars.data();
    }
    operator const UNICODE_STRING&() const { return s; }
};

template <int N> struct Buffer {
    WCHAR chars[N + 1];
    UNICODE_STRING s{0, N * 2, chars};
    Buffer() { std::fill(chars, chars + N + 1, u'#'); }
    std::u16string text() const { return {chars, s.Length / 2u}; }
};

TEST(Strings, InitCountsTheTerminatorInTheMaximumOnly) {
    UNICODE_STRING s;
    EXPECT_TRUE(init(s, u"abc"));
    EXPECT_EQ(s.Length, 6);
    EXPECT_EQ(s.MaximumLength, 8);
    EXPECT_TRUE(init(s, static_cast<const WCHAR*>(nullptr)));
    EXPECT_EQ(s.Length, 0);
    EXPECT_EQ(s.MaximumLength, 0);
    std::u16string big(40000, u'x');
    EXPECT_FALSE(init(s, big.c_str()));
    EXPECT_EQ(s.Length, 0xFFFC);
    EXPECT_EQ(s.MaximumLength, 0xFFFE);
}

TEST(Strings, CopyTakesWhatFitsAndTerminatesIfThereIsRoom) {
    Buffer<4> b;
    copy(b.s, &static_cast<const UNICODE_STRING&>(Text(u"abcdef")));
    EXPECT_EQ(b.text(), u"abcd");
    EXPECT_EQ(b.chars[4], u'#');
    copy(b.s, &static_cast<const UNICODE_STRING&>(Text(u"xy")));
    EXPECT_EQ(b.text(), u"xy");
    EXPECT_EQ(b.chars[2], 0);
    copy(b.s, nullptr);
    EXPECT_EQ(b.s.Length, 0);
}

TEST(Strings, AppendChangesNothingWhenItDoesNotFit) {
    Buffer<4> b;
    EXPECT_EQ(append(b.s, u"abc"), STATUS_SUCCESS);
    EXPECT_EQ(append(b.s, u"de"), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(b.text(), u"abc");
    EXPECT_EQ(append(b.s, Text(u"d")), STATUS_SUCCESS);
    EXPECT_EQ(b.text(), u"abcd");
    EXPECT_EQ(append(b.s, static_cast<const WCHAR*>(nullptr)), STATUS_SUCCESS);
}

TEST(Strings, CaseMappingFollowsUnicode) {
    EXPECT_EQ(upcase(u'z'), u'Z');
    EXPECT_EQ(upcase(u'é'), u'É');
    EXPECT_EQ(upcase(u'÷'), u'÷') << "between letters, not a letter";
    EXPECT_EQ(upcase(u'ÿ'), u'Ÿ');
    EXPECT_EQ(upcase(u'ß'), u'ß');
    EXPECT_EQ(upcase(u'я'), u'Я');
    EXPECT_EQ(upcase(u'ω'), u'Ω');
    EXPECT_EQ(upcase(u'ı'), u'ı') << "dotless i must not become I";
    EXPECT_EQ(upcase(u'ā'), u'Ā');
    EXPECT_EQ(upcase(u'Ā'), u'Ā');
    for (int c = 0; c < 0x10000; c++) {
        const WCHAR lower = downcase(static_cast<WCHAR>(c));
        EXPECT_TRUE(lower == c || upcase(lower) == c) << c;
    }
}

TEST(Strings, CompareAndPrefix) {
    EXPECT_EQ(compare(Text(u"Null"), Text(u"nULL"), true), 0);
    EXPECT_LT(compare(Text(u"Null"), Text(u"null"), false), 0);
    EXPECT_LT(compare(Text(u"abc"), Text(u"abcd"), true), 0);
    EXPECT_GT(compare(Text(u"_"), Text(u"A"), true), 0) << "upper case is what is compared: '_' is above 'A'";
    EXPECT_TRUE(equal(Text(u"ÄÖ"), Text(u"äö"), true));
    EXPECT_FALSE(equal(Text(u"a"), Text(u"ab"), true));
    EXPECT_TRUE(prefix(Text(u"\\de"), Text(u"\\Device"), true));
    EXPECT_FALSE(prefix(Text(u"\\de"), Text(u"\\Device"), false));
    EXPECT_FALSE(prefix(Text(u"abc"), Text(u"ab"), true));
}

TEST(Strings, Hash) {
    EXPECT_EQ(hash_x65599(Text(u"ab"), false), 97u * 65599 + 98);
    EXPECT_EQ(hash_x65599(Text(u"ab"), true), hash_x65599(Text(u"AB"), false));
    ULONG value;
    EXPECT_EQ(hash(Text(u"ab"), false, 7, &value), STATUS_INVALID_PARAMETER);
}

// The table of nf-wdm-rtlunicodestringtointeger.
TEST(Strings, ToInteger) {
    const struct {
        const char16_t* text;
        ULONG base;
        LONG value;
    } rows[] = {{u"123", 10, 123},     {u"-345", 10, -345},       {u"xyz", 10, 0},
                {u"+678abc", 10, 678}, {u"+678abc", 16, 6785724}, {u"007", 10, 7},
                {u"789", 8, 7},        {u"FGH", 16, 15},          {u" ", 10, 0},
                {u"0x1f", 0, 31},      {u"0o17", 0, 15},          {u"0b101", 0, 5},
                {u" \t 42", 0, 42}};
    for (const auto& row : rows) {
        ULONG value = 77;
        EXPECT_EQ(unicode_to_integer(Text(row.text), row.base, value), STATUS_SUCCESS);
        EXPECT_EQ(static_cast<LONG>(value), row.value);
    }
    ULONG value;
    EXPECT_EQ(unicode_to_integer(Text(u""), 10, value), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(unicode_to_integer(Text(u"1"), 7, value), STATUS_INVALID_PARAMETER);
}

TEST(Strings, FromInteger) {
    Buffer<3> b;
    EXPECT_EQ(integer_to_unicode(255, 16, b.s), STATUS_SUCCESS);
    EXPECT_EQ(b.text(), u"FF");
    EXPECT_EQ(integer_to_unicode(0, 0, b.s), STATUS_SUCCESS);
    EXPECT_EQ(b.text(), u"0");
    EXPECT_EQ(integer_to_unicode(1234, 10, b.s), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(integer_to_unicode(1, 3, b.s), STATUS_INVALID_PARAMETER);
}

TEST(CodePage, AnsiIs1252) {
    EXPECT_EQ(ansi_to_unicode('\x80'), u'€');
    EXPECT_EQ(unicode_to_ansi(u'€'), '\x80');
    EXPECT_EQ(unicode_to_ansi(u'я'), '?');
    for (int c = 0; c < 256; c++)
        EXPECT_EQ(unicode_to_ansi(ansi_to_unicode(static_cast<CHAR>(c))), static_cast<CHAR>(c));
    EXPECT_EQ(upcase_ansi('\xE9'), '\xC9');
    EXPECT_EQ(upcase_ansi('\xFF'), '\x9F') << "Ÿ is at 0x9F";
    CHAR buffer[4];
    STRING to{0, 4, buffer};
    EXPECT_EQ(unicode_to_ansi(to, Text(u"abcd")), STATUS_BUFFER_OVERFLOW) << "the terminator has to fit";
    EXPECT_EQ(unicode_to_ansi(to, Text(u"abc")), STATUS_SUCCESS);
    EXPECT_STREQ(buffer, "abc");
}

TEST(CodePage, Utf8) {
    CHAR out[16];
    ULONG n;
    const std::u16string text = u"aé€\xD83D\xDE00";
    EXPECT_EQ(unicode_to_utf8(out, sizeof out, &n, text.data(), 10), STATUS_SUCCESS);
    EXPECT_EQ(std::string(out, n), "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    EXPECT_EQ(unicode_to_utf8(nullptr, 0, &n, text.data(), 10), STATUS_SUCCESS);
    EXPECT_EQ(n, 10u);
    EXPECT_EQ(unicode_to_utf8(out, 5, &n, text.data(), 10), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(n, 3u) << "cut at a whole character";
    EXPECT_EQ(unicode_to_utf8(out, sizeof out, &n, u"\xD800", 2), STATUS_SOME_NOT_MAPPED);
    WCHAR wide[8];
    EXPECT_EQ(utf8_to_unicode(wide, sizeof wide, &n, "\xF0\x9F\x98\x80", 4), STATUS_SUCCESS);
    EXPECT_EQ(n, 4u);
    for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) {
        EXPECT_EQ(utf8_to_unicode(wide, sizeof wide, &n, bad, static_cast<ULONG>(std::strlen(bad))),
                  STATUS_SOME_NOT_MAPPED);
        EXPECT_EQ(wide[0], 0xFFFD);
    }
}

} // namespace
} // namespace nt::rtl
