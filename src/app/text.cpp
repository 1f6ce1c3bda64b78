#include "app/text.h"
#include "rtl/status.h"
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace app {

static void put(std::u16string& out, char32_t c) {
    if (c < 0x10000) {
        out += static_cast<char16_t>(c);
    } else {
        out += static_cast<char16_t>(0xd7c0 + (c >> 10));
        out += static_cast<char16_t>(0xdc00 + (c & 0x3ff));
    }
}

// Bytes that are not UTF-8 become U+FFFD.
std::u16string to_utf16(std::string_view text) {
    std::u16string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                   : lead >= 0xe0                ? 3
                                   : lead >= 0xc2                ? 2
                                                                 : 0;
        char32_t c = length == 1 ? lead : length == 2 ? lead & 0x1f : length == 3 ? lead & 0x0f : lead & 0x07;
        bool good = length && i + length <= text.size();
        for (std::size_t k = 1; good && k < length; k++) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            good = (next & 0xc0) == 0x80;
            c = c << 6 | (next & 0x3f);
        }
        if (good && length == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) good = false;
        if (good && length == 4 && (c < 0x10000 || c > 0x10ffff)) good = false;
        put(out, good ? c : 0xfffd);
        i += good ? length : 1;
    }
    return out;
}

std::string to_utf8(std::u16string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); i++) {
        char32_t c = text[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (text[++i] - 0xdc00);
        else if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        if (c < 0x80)
            out += static_cast<char>(c);
        else if (c < 0x800)
            (out += static_cast<char>(0xc0 | c >> 6)) += static_cast<char>(0x80 | (c & 0x3f));
        else if (c < 0x10000)
            ((out += static_cast<char>(0xe0 | c >> 12)) += static_cast<char>(0x80 | (c >> 6 & 0x3f))) +=
                static_cast<char>(0x80 | (c & 0x3f));
        else
            (((out += static_cast<char>(0xf0 | c >> 18)) += static_cast<char>(0x80 | (c >> 12 & 0x3f))) +=
             static_cast<char>(0x80 | (c >> 6 & 0x3f))) += static_cast<char>(0x80 | (c & 0x3f));
    }
    return out;
}

std::string status_text(nt::NTSTATUS status) {
    char number[16];
    std::snprintf(number, sizeof number, "0x%08x", static_cast<unsigned>(status));
    const char* name = nt::rtl::status_name(status);
    return name ? std::string(name) + " (" + number + ")" : number;
}

// Characters of UTF-8, one column each.
static std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string wrap(const std::string& text, std::size_t width) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line, word; std::getline(lines, line);) {
        if (!out.empty()) out += '\n';
        std::size_t used = 0;
        for (std::istringstream words(line); words >> word;) {
            const std::size_t size = width_of(word);
            if (used && used + 1 + size > width) {
                out += '\n';
                used = 0;
            } else if (used) {
                out += ' ';
                used++;
            }
            out += word;
            used += size;
        }
    }
    return out;
}

std::string shell_word(const std::string& text) {
    const auto plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_-./:,+@%=", c);
    };
    if (!text.empty() && std::ranges::all_of(text, plain)) return text;
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

} // namespace app
