// Command lines: "Parsing C command-line arguments" in Microsoft's C documentation.
#include "kernel/ps/process.h"
#include <gtest/gtest.h>

using nt::ps::command_line;
using nt::ps::split_command_line;

namespace {

std::u16string line(const std::vector<std::string>& arguments) {
    return command_line("p.exe", arguments).substr(7);
}

// The documented rules, to take a line apart again.
std::vector<std::u16string> parse(const std::u16string& text) {
    std::vector<std::u16string> out;
    for (std::size_t i = 0; i < text.size();) {
        while (i < text.size() && (text[i] == u' ' || text[i] == u'\t'))
            i++;
        if (i >= text.size()) break;
        std::u16string argument;
        bool quoted = false;
        for (; i < text.size() && (quoted || (text[i] != u' ' && text[i] != u'\t'));) {
            std::size_t backslashes = 0;
            while (i < text.size() && text[i] == u'\\')
                backslashes++, i++;
            if (i < text.size() && text[i] == u'"') {
                argument.append(backslashes / 2, u'\\');
                if (backslashes % 2)
                    argument += u'"';
                else
                    quoted = !quoted;
                i++;
                continue;
            }
            argument.append(backslashes, u'\\');
            if (i < text.size() && (quoted || (text[i] != u' ' && text[i] != u'\t'))) argument += text[i++];
        }
        out.push_back(argument);
    }
    return out;
}

TEST(CommandLine, TheProgramIsQuoted) {
    EXPECT_EQ(command_line("C:\\Program Files\\Drvlab\\a.exe", {}), u"\"C:\\Program Files\\Drvlab\\a.exe\"");
}

TEST(CommandLine, PlainArgumentsStayPlain) {
    EXPECT_EQ(line({"a", "-b", "c:\\d\\", "\\\\.\\Null"}), u" a -b c:\\d\\ \\\\.\\Null");
}

TEST(CommandLine, QuotesWhereNeeded) {
    EXPECT_EQ(line({"a b"}), u" \"a b\"");
    EXPECT_EQ(line({""}), u" \"\"");
    EXPECT_EQ(line({"say \"hi\""}), u" \"say \\\"hi\\\"\"");
    EXPECT_EQ(line({"a b\\"}), u" \"a b\\\\\"");
    EXPECT_EQ(line({"a\\\"b"}), u" \"a\\\\\\\"b\"");
}

TEST(CommandLine, ComesApartAgain) {
    const std::vector<std::string> all{"",    " ",  "a",    "a b",           "\\",        "\\\\",
                                       "a\\", "\"", "\\\"", "a\\\\\" b\\\\", "tab\there", "x\"y\\z \\"};
    std::vector<std::u16string> expected;
    for (const auto& a : all)
        expected.emplace_back(a.begin(), a.end());
    EXPECT_EQ(parse(line(all)), expected);
}

TEST(CommandLine, Utf8) { EXPECT_EQ(line({"\xc3\xbc\xe2\x82\xac"}), u" \u00fc\u20ac"); }

TEST(CommandLine, SplitsWhatItMakes) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(split_command_line("  "), Words{});
    EXPECT_EQ(split_command_line("B.exe"), Words{"B.exe"});
    EXPECT_EQ(split_command_line("\"C:\\my dir\\b.exe\" x"), (Words{"C:\\my dir\\b.exe", "x"}));
    EXPECT_EQ(split_command_line("b a\\\\b d\"e f\"g h"), (Words{"b", "a\\\\b", "de fg", "h"}));
    EXPECT_EQ(split_command_line("b a\\\\\\\"b c \"\" \"a\"\"b\""), (Words{"b", "a\\\"b", "c", "", "a\"b"}));
    for (const Words& words : {Words{"p.exe", "", "a b", "\\", "\\\"", "a\\\\", "a b\\", "\"\"", "\t"},
                               Words{"p.exe", "plain", "C:\\x y\\"}}) {
        const std::u16string line = command_line(words.front(), {words.begin() + 1, words.end()});
        EXPECT_EQ(split_command_line(std::string(line.begin(), line.end())), words);
    }
}

} // namespace
