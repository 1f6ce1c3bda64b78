// Names of the host are UTF-8, those of guests UTF-16. What is no UTF-8 becomes U+FFFD.
#pragma once
#include "rtl/strings.h"
#include <string>
#include <string_view>

namespace host {

inline std::u16string utf16(std::string_view utf8) {
    std::u16string text(utf8.size(), u'\0');
    nt::ULONG bytes = 0;
    nt::rtl::utf8_to_unicode(text.data(), static_cast<nt::ULONG>(text.size() * sizeof(nt::WCHAR)), &bytes,
                             utf8.data(), static_cast<nt::ULONG>(utf8.size()));
    text.resize(bytes / sizeof(nt::WCHAR));
    return text;
}

} // namespace host
