#include "view/wildcards.h"
#include <cctype>
#include <string>
#include <vector>

namespace view {
namespace {

// One character of the text, or any number of such.
struct Piece {
    bool any = false; // else those of `list`
    bool repeated = false;
    std::string list;
};

// The characters of "er-t7]…"; `at` ends behind the bracket.
std::string list_of(std::string_view pattern, std::size_t& at) {
    std::string list;
    for (; at < pattern.size() && pattern[at] != ']'; ++at) {
        if (pattern[at] != '-' || list.empty() || at + 1 == pattern.size() || pattern[at + 1] == ']') {
            list += pattern[at];
            continue;
        }
        const auto last = static_cast<unsigned char>(pattern[++at]);
        for (unsigned c = static_cast<unsigned char>(list.back()) + 1u; c <= last; ++c)
            list += static_cast<char>(c);
    }
    ++at;
    return list;
}

std::vector<Piece> pieces_of(std::string_view pattern) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at++];
        if ((c == '#' || c == '+') && !pieces.empty()) {
            if (c == '+') pieces.push_back(pieces.back()); // one, then any number
            pieces.back().repeated = true;
        } else if (c == '*' || c == '?') {
            pieces.push_back({true, c == '*', {}});
        } else if (c == '[' && pattern.find(']', at) != pattern.npos) {
            pieces.push_back({false, false, list_of(pattern, at)});
        } else {
            const bool escaped = c == '\\' && at < pattern.size();
            pieces.push_back({false, false, std::string(1, escaped ? pattern[at++] : c)});
        }
    }
    return pieces;
}

bool takes(const Piece& piece, char c, bool ignore_case) {
    if (piece.any) return true;
    const auto lower = [](char x) { return std::tolower(static_cast<unsigned char>(x)); };
    for (const char one : piece.list)
        if (one == c || (ignore_case && lower(one) == lower(c))) return true;
    return false;
}

} // namespace

// All the places of the pattern that the text may have come to are followed side by side, so that no pattern
// costs more than its length times that of the text.
bool matches_wildcards(std::string_view pattern, std::string_view text, bool ignore_case) {
    const std::vector<Piece> pieces = pieces_of(pattern);
    std::vector<bool> here(pieces.size() + 1), next(pieces.size() + 1);
    const auto skip_repeated = [&](std::vector<bool>& places) {
        for (std::size_t i = 0; i < pieces.size(); ++i)
            if (places[i] && pieces[i].repeated) places[i + 1] = true;
    };
    here[0] = true;
    skip_repeated(here);
    for (const char c : text) {
        next.assign(next.size(), false);
        for (std::size_t i = 0; i < pieces.size(); ++i)
            if (here[i] && takes(pieces[i], c, ignore_case)) next[pieces[i].repeated ? i : i + 1] = true;
        skip_repeated(next);
        here.swap(next);
    }
    return here[pieces.size()];
}

} // namespace view
