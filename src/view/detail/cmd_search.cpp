// s: debuggercmds/s--search-memory-.md.
#include "view/detail/session.h"
#include <algorithm>
#include <cctype>

namespace view {
namespace {

constexpr std::size_t page = 0x1000;
constexpr std::uint64_t most_range = 256 << 20;     // of a range without L?
constexpr std::uint64_t most_searched = 4ull << 30; // with it
constexpr std::size_t most_output = 16 << 20;

struct Search {
    std::string type = "b"; // b w d q a u sa su
    bool save = false, restrict_to_saved = false, addresses_only = false;
    std::size_t hits = 1024, length = 3;
    std::vector<unsigned char> pattern;
};

unsigned unit_of(const std::string& type) {
    return type == "w" || type == "u" || type == "su" ? 2 : type == "d" ? 4 : type == "q" ? 8 : 1;
}

// "-[swn100]d": flags in brackets, then the type.
bool take_options(Session& s, std::string_view text, Search& search) {
    text.remove_prefix(1);
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        std::string_view flags = text.substr(1, end == text.npos ? end : end - 1);
        while (!flags.empty()) {
            const char flag = flags[0];
            flags.remove_prefix(1);
            if (flag == 'n' || flag == 'l') {
                const auto blanks = std::min(flags.find_first_not_of(' '), flags.size());
                flags.remove_prefix(blanks);
                const auto digits =
                    std::min(flags.find_first_not_of(flag == 'n' ? "0123456789abcdefABCDEF" : "0123456789"),
                             flags.size());
                std::uint64_t number = 0;
                if (!s.evaluate(flags.substr(0, digits), number)) return false;
                (flag == 'n' ? search.hits : search.length) = static_cast<std::size_t>(number);
                flags.remove_prefix(digits);
            } else if (flag == 's') {
                search.save = true;
            } else if (flag == 'r') {
                search.restrict_to_saved = true;
            } else if (flag == '1') {
                search.addresses_only = true;
            } else {
                s.error(flag == 'w' ? "s: which memory is writable is not known here\n"
                                    : "Couldn't resolve error at '%.*s'\n",
                        static_cast<int>(text.size()), text.data());
                return false;
            }
        }
        text = end == text.npos ? std::string_view() : text.substr(end + 1);
        if (search.save && search.restrict_to_saved) {
            s.error("s: the flags s and r exclude each other\n");
            return false;
        }
    }
    static constexpr std::string_view types[] = {"b", "w", "d", "q", "a", "u", "sa", "su"};
    search.type = text;
    if (std::ranges::find(types, text) != std::end(types)) return true;
    s.error(text == "v" ? "s -v: no class with virtual functions is known here\n"
                        : "Couldn't resolve error at '-%.*s'\n",
            static_cast<int>(text.size()), text.data());
    return false;
}

void append(std::vector<unsigned char>& to, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        to.push_back(static_cast<unsigned char>(value >> 8 * i));
}

// Values, 'VUTS' (the first character is the most significant byte), or the text of s -a and -u.
bool take_pattern(Session& s, std::span<const std::string> words, Search& search) {
    const unsigned unit = unit_of(search.type);
    if (search.type == "a" || search.type == "u") {
        for (std::size_t i = 0; i < words.size(); ++i)
            for (const char c : (i ? " " : "") + words[i])
                append(search.pattern, static_cast<unsigned char>(c), unit);
        return !search.pattern.empty();
    }
    for (const std::string& word : words) {
        std::uint64_t value = 0;
        if (word.size() > 2 && word.front() == '\'' && word.back() == '\'' && word.size() - 2 <= unit) {
            for (std::size_t i = 1; i + 1 < word.size(); ++i)
                value = value << 8 | static_cast<unsigned char>(word[i]);
        } else if (!s.evaluate(word, value)) {
            return false;
        }
        append(search.pattern, value, unit);
    }
    return !search.pattern.empty();
}

class Finder {
  public:
    Finder(Session& s, const Search& search) : s_(s), search_(search) {}

    // Readable memory of the range, piece by piece; matches do not reach over unreadable pages.
    void run(Address from, std::uint64_t bytes) {
        std::vector<unsigned char> piece;
        Address start = from;
        constexpr std::size_t longest = 1 << 20;
        for (Address at = from; at - from < bytes && !full_;) {
            const std::size_t size =
                static_cast<std::size_t>(std::min<std::uint64_t>(page - at % page, bytes - (at - from)));
            const std::size_t old = piece.size();
            piece.resize(old + size);
            const bool good = s_.machine.read(at, piece.data() + old, size);
            at += size;
            if (!good) {
                piece.resize(old);
                look(piece, start, true);
                piece.clear();
                start = at;
            } else if (piece.size() >= longest) {
                const std::size_t done = look(piece, start, false);
                piece.erase(piece.begin(), piece.begin() + static_cast<long>(done));
                start += done;
            }
        }
        look(piece, start, true);
        finish();
    }
    void run(const std::vector<Address>& saved) {
        std::vector<unsigned char> found(search_.pattern.size());
        for (const Address at : saved)
            if (s_.machine.read(at, found.data(), found.size()) && found == search_.pattern) hit(at, 0);
        finish();
    }

  private:
    // What a match may begin at; the number of bytes that need not be looked at again.
    std::size_t look(const std::vector<unsigned char>& piece, Address start, bool last) {
        const unsigned unit = unit_of(search_.type);
        if (search_.type == "sa" || search_.type == "su") return look_for_text(piece, start, unit, last);
        const std::size_t length = search_.pattern.size();
        if (piece.size() < length) return 0;
        // "Only results that are correctly byte-aligned" for words; text may lie anywhere.
        const unsigned step = search_.type == "u" ? 1 : unit;
        std::size_t i = (step - start % step) % step;
        for (; i + length <= piece.size() && !full_; i += step)
            if (std::equal(search_.pattern.begin(), search_.pattern.end(),
                           piece.begin() + static_cast<long>(i)))
                hit(start + i, 0);
        return std::min(i, piece.size());
    }

    std::size_t look_for_text(const std::vector<unsigned char>& piece, Address start, unsigned unit,
                              bool last) {
        std::size_t begin = start % unit;
        for (std::size_t i = begin; i + unit <= piece.size() + unit && !full_; i += unit) {
            const bool inside = i + unit <= piece.size();
            if (inside && piece[i] >= 0x20 && piece[i] < 0x7f && (unit == 1 || piece[i + 1] == 0)) continue;
            if (!inside && !last) break;
            if ((i - begin) / unit >= search_.length) {
                text_.clear();
                for (std::size_t k = begin; k < i; k += unit)
                    text_ += static_cast<char>(piece[k]);
                hit(start + begin, 1);
            }
            begin = i + unit;
        }
        return std::min(begin, piece.size());
    }

    void hit(Address at, bool text) {
        if (search_.save) {
            if (s_.saved_hits.size() < search_.hits)
                s_.saved_hits.push_back(at);
            else
                overflow_ = true;
        }
        if (s_.out.size() > most_output) {
            full_ = true;
            return s_.error("More than 16 MB of matches are not displayed\n");
        }
        if (search_.addresses_only) return s_.print("0x%s\n", native_address(at).c_str());
        if (text) return s_.print("%s  \"%s\"\n", native_address(at).c_str(), text_.c_str());
        const std::string& type = search_.type;
        const char* format = type == "w" || type == "u" ? "dW"
                             : type == "d"              ? "dc"
                             : type == "q"              ? "text of s -q"
                                                        : "db";
        show_memory(s_, format, at, 16 / unit_of(type));
    }
    void finish() {
        if (overflow_) s_.error("Overflow error\n");
    }

    Session& s_;
    const Search& search_;
    std::string text_;
    bool overflow_ = false, full_ = false;
};

void search_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    Search search;
    const char* const usage = "usage: s [-[flags]type] address L bytes pattern\n";
    std::vector<std::string> words(arguments.begin(), arguments.end());
    if (!words.empty() && words[0].starts_with('-')) {
        if (words[0].find('[') != std::string::npos) // "-[n 100]d" is one word
            while (words.size() > 1 && words[0].find(']') == std::string::npos) {
                words[0] += " " + words[1];
                words.erase(words.begin() + 1);
            }
        if (!take_options(s, words[0], search)) return;
        words.erase(words.begin());
    }
    const std::size_t range =
        words.size() > 1 && (words[1] == "L" || words[1] == "l" || words[1] == "L?") ? 3 : 2;
    if (words.size() < range) return s.error("%s", usage);
    Address from = 0;
    std::uint64_t bytes = 0;
    const auto rest = std::span<const std::string>(words);
    if (!range_arguments(s, rest.subspan(0, range), 1, from, bytes)) return;
    if (bytes > most_searched || (words[1].find('?') == std::string::npos && bytes > most_range))
        return s.error("^ Range error in '%s'\n", words[1].c_str());
    const bool text = search.type == "sa" || search.type == "su";
    if (!text && !take_pattern(s, rest.subspan(range), search)) {
        if (!s.failed) s.error("%s", usage);
        return;
    }
    Finder finder(s, search);
    if (search.restrict_to_saved) return finder.run(s.saved_hits);
    if (search.save) s.saved_hits.clear();
    finder.run(from, bytes);
}

constexpr Command commands[] = {
    {"s", "s [-[flags]type] address L bytes pattern",
     "searches memory: b, w, d, q values, a, u \"text\"; sa, su any text; flags s, r, n, l, 1",
     search_command},
};

} // namespace

std::span<const Command> search_commands() { return commands; }

} // namespace view
