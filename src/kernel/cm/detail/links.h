// Symbolic links between keys: Win32 page of RegCreateKeyEx, REG_OPTION_CREATE_LINK: "The target path is
// assigned to the L"SymbolicLinkValue" value of the key. The target path must be an absolute registry path."
#pragma once
#include "kernel/cm/registry.h"

namespace nt::cm::detail {

inline constexpr ULONG option_create_link = 0x2, option_open_link = 0x8; // REG_OPTION_*

// The key that a link leads to; the key itself if it is none. Null: it leads nowhere, or through too many
// others. `links` counts them.
Node* behind(Node& node, ULONG& links);
// By path, through links.
Node* key_at(std::u16string_view path, ULONG& links);
// Makes the key a link.
void make_link(Node& node, std::u16string_view target);

} // namespace nt::cm::detail
