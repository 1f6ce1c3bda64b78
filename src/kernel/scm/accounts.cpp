#include "kernel/scm/accounts.h"
#include "kernel/scm/database.h"
#include "rtl/accounts.h"
#include <algorithm>
#include <string>

namespace nt::scm {

namespace {

namespace directory = rtl::accounts;

struct Account {
    std::u16string_view domain, user;
    explicit Account(std::u16string_view name) : user(name) {
        if (const auto slash = name.find(u'\\'); slash != name.npos)
            domain = name.substr(0, slash), user = name.substr(slash + 1);
    }
    // "If the account belongs to the built-in domain, you can specify .\UserName."
    bool is_of_computer() const { return domain == u"." || same(domain, computer_name); }
};

// LocalSystem, LocalService and NetworkService, S-1-5-18 to 20. Their names in the directory have a space.
bool is_service_account(const directory::Account& a) {
    return a.authority == 5 && a.count == 1 && a.first >= 18 && a.first <= 20;
}
bool same_but_for_spaces(std::u16string_view name, std::u16string spaced) {
    std::erase(spaced, u' ');
    return same(name, spaced);
}

} // namespace

bool is_local_system(std::u16string_view name) {
    const Account account(name);
    return same(account.user, u"LocalSystem") && (name == account.user || account.is_of_computer());
}

bool account_exists(std::u16string_view name, std::u16string_view service) {
    if (is_local_system(name)) return true;
    const Account account(name);
    const bool here = account.is_of_computer();
    if (!here && same(account.domain, directory::domains[directory::Service]))
        return same(account.user, service);
    if (!here && !same(account.domain, directory::domains[directory::NtAuthority])) return false;
    return std::ranges::any_of(directory::known, [&](const directory::Account& a) {
        if (here)
            return a.domain == directory::Machine && a.use == directory::User && same(account.user, a.name);
        return is_service_account(a) &&
               (same(account.user, a.name) || same_but_for_spaces(account.user, a.name));
    });
}

} // namespace nt::scm
