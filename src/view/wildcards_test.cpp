#include "view/wildcards.h"
#include <gtest/gtest.h>

namespace view {
namespace {

bool fits(std::string_view pattern, std::string_view text) { return matches_wildcards(pattern, text, true); }

// The examples of debuggercmds/string-wildcard-syntax.md.
TEST(Wildcards, AsDocumented) {
    for (const char* text : {"Progeam", "Program", "Progsam", "Progtam", "Prog7am"})
        EXPECT_TRUE(fits("Prog[er-t7]am", text)) << text;
    EXPECT_FALSE(fits("Prog[er-t7]am", "Proguam"));
    for (const char* text : {"Lp", "Lop", "Loop", "Looop"})
        EXPECT_TRUE(fits("Lo#p", text)) << text;
    EXPECT_FALSE(fits("Lo+p", "Lp"));
    EXPECT_TRUE(fits("Lo+p", "Loop"));
    for (const char* text : {"mn", "min", "man", "maan", "main", "mian", "miin", "miain"})
        EXPECT_TRUE(fits("m[ia]#n", text)) << text;
    EXPECT_FALSE(fits("m[ia]+n", "mn"));
    EXPECT_TRUE(fits("m[ia]+n", "miain"));
    EXPECT_TRUE(fits("a?+b", "axyb"));
    EXPECT_FALSE(fits("a?+b", "ab"));
    EXPECT_TRUE(fits("a\\+\\[b\\*", "a+[b*"));
    EXPECT_FALSE(fits("a\\*", "ab"));
}

TEST(Wildcards, OddPatterns) {
    EXPECT_TRUE(fits("", ""));
    EXPECT_TRUE(fits("**", ""));
    EXPECT_FALSE(fits("?", ""));
    EXPECT_TRUE(fits("+", "+"));
    EXPECT_TRUE(fits("a[b", "a[b"));
    EXPECT_TRUE(fits("[]x", "x") == false);
    EXPECT_TRUE(fits("a\\", "a\\"));
    EXPECT_TRUE(fits("[a-]b", "-b"));
    EXPECT_FALSE(matches_wildcards("A*", "ab", false));
    std::string many;
    for (int i = 0; i < 200; ++i)
        many += "*a?#";
    EXPECT_FALSE(fits(many + "z", std::string(400, 'a')));
}

} // namespace
} // namespace view
