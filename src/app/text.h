// Host text (UTF-8) to and from guest text (UTF-16).
#pragma once
#include <string>
#include <string_view>

namespace app {

std::u16string to_utf16(std::string_view text);
std::string to_utf8(std::u16string_view text);

} // namespace app
