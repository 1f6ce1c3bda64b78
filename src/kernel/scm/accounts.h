// The accounts that lpServiceStartName of CreateService and ChangeServiceConfig can name. Nobody logs on, so
// only whether there is such an account matters. Pages "Service User Accounts", "LocalSystem Account" ….
#pragma once
#include <string_view>

namespace nt::scm {

// "LocalSystem, .\LocalSystem or ComputerName\LocalSystem".
bool is_local_system(std::u16string_view account);
// DomainName\UserName of an account of this computer; also the virtual account of the service itself.
bool account_exists(std::u16string_view account, std::u16string_view service);

} // namespace nt::scm
