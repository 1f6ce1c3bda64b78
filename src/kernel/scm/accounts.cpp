#include "kernel/scm/accounts.h"
#include "abi/computer.h"
#include "kernel/scm/database.h"
#include <algorithm>
#include <array>

namespace nt::scm {

namespace {

struct Account {
    std::u16string_view domain, user;
    explicit Account(std::u16string_view name) : user(name) {
        if (const auto slash = name.find(u'\\'); slash != name.npos)
            domain = name.substr(0, slash), user = name.substr(slash + 1);
    }
    // "If the account belongs to the built-in domain, you can specify .\UserName."
    bool is_of_computer() const { return domain == u"." || same(domain, computer_name); }
};

} // namespace

bool is_local_system(std::u16string_view name) {
    const Account account(name);
    return same(account.user, u"LocalSystem") && (name == account.user || account.is_of_computer());
}

bool account_exists(std::u16string_view name, std::u16string_view service) {
    if (is_local_system(name)) return true;
    const Account account(name);
    // Those that LookupAccountName knows.
    constexpr std::array<std::u16string_view, 4> users = {u"drvlab", u"Administrator", u"Guest",
                                                          u"DefaultAccount"};
    if (account.is_of_computer())
        return std::ranges::any_of(users, [&](std::u16string_view a) { return same(account.user, a); });
    if (same(account.domain, u"NT SERVICE")) return same(account.user, service);
    // The accounts' own names have a space.
    constexpr std::array<std::u16string_view, 5> authority = {u"LocalService", u"NetworkService", u"System",
                                                              u"Local Service", u"Network Service"};
    return same(account.domain, u"NT AUTHORITY") &&
           std::ranges::any_of(authority, [&](std::u16string_view a) { return same(account.user, a); });
}

} // namespace nt::scm
