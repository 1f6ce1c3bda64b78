// Host text (UTF-8) to and from guest text (UTF-16).
#pragma once
#include "abi/types.h"
#include <string>
#include <string_view>

namespace app {

std::u16string to_utf16(std::string_view text);
std::string to_utf8(std::u16string_view text);

// "STATUS_NO_MEMORY (0xc0000017)", or the number alone.
std::string status_text(nt::NTSTATUS status);

// As a word of a shell's command line, in quotes where it needs them.
std::string shell_word(const std::string& text);

// Breaks lines at spaces. A word that is longer than a line stays whole.
std::string wrap(const std::string& text, std::size_t width);

} // namespace app
