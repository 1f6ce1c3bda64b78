// The names of all rules that can be reported, for options that take one.
#pragma once
#include <string>
#include <string_view>

namespace app {

bool is_rule_name(const std::string& name);
std::string rule_names(std::string_view between); // in alphabetical order

} // namespace app
