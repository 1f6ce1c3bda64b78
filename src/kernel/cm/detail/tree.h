// The tree of keys, for the files of this folder.
#pragma once
#include "kernel/cm/registry.h"

namespace nt::cm::detail {

// By path ("\Registry\Machine\…"); what is missing is made, by the system.
Node& node_at(std::u16string_view path);
void set_text(Node& node, std::u16string_view name, std::u16string_view text, ULONG type = REG_SZ);
void set_number(Node& node, std::u16string_view name, ULONG number);
void make_standard_keys(Node& root);

} // namespace nt::cm::detail
