// The keys that exist before anybody runs, and who may what with them.
#include "kernel/cm/detail/links.h"
#include "kernel/cm/detail/security.h"
#include "kernel/cm/detail/tree.h"
#include "kernel/se/accounts.h"
#include "rtl/security.h"

namespace nt::cm::detail {

namespace {

// assumed: the lists follow what tools show on Windows 10. Everything else inherits.
constexpr const char16_t* of_root = u"O:BAG:SYD:(A;;KA;;;SY)(A;;KA;;;BA)(A;;KR;;;WD)(A;;KR;;;RC)";
constexpr const char16_t* everybody_reads =
    u"O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)(A;CI;KR;;;RC)";
constexpr const char16_t* users_read =
    u"O:BAG:SYD:P(A;CI;KR;;;BU)(A;CI;KA;;;BA)(A;CI;KA;;;SY)(A;CIIO;KA;;;CO)(A;CI;KR;;;AC)";
constexpr const char16_t* default_user =
    u"O:SYG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)(A;CI;KR;;;RC)";

Node& protected_key(std::u16string_view path, const char16_t* sddl) {
    Node& node = node_at(path);
    protect(node, sddl);
    return node;
}

// HKEY_CURRENT_USER of an account: all for the user, the system and administrators. Programs of low integrity
// write below Software\AppDataLow only.
void make_user_key(const se::SidValue& account) {
    WCHAR text[256];
    const ULONG n = rtl::sid_to_string(account.sid(), text);
    const std::u16string sid(text, n), key = u"\\Registry\\User\\" + sid;
    const std::u16string sddl =
        u"O:" + sid + u"G:SYD:P(A;CI;KA;;;" + sid + u")(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;RC)";
    protected_key(key, sddl.c_str());
    node_at(key + u"\\Environment");
    protected_key(key + u"\\Software\\AppDataLow", u"S:(ML;CI;NW;;;LW)");
}

} // namespace

void make_standard_keys(Node& root) {
    protect(root, of_root);
    protected_key(u"\\Registry\\USER", everybody_reads);
    protected_key(u"\\Registry\\USER\\.DEFAULT", default_user);
    for (const ULONG rid : {501u, rtl::user_rid})
        make_user_key(se::account(rid));
    protected_key(u"\\Registry\\Machine", everybody_reads);
    protected_key(u"\\Registry\\Machine\\SOFTWARE", users_read);
    protected_key(u"\\Registry\\Machine\\SYSTEM", users_read);
    node_at(u"\\Registry\\Machine\\SOFTWARE\\Microsoft");
    node_at(u"\\Registry\\Machine\\SOFTWARE\\Classes");
    node_at(u"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Services");
    Node& control = node_at(u"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control");
    Node& current = node_at(u"\\Registry\\Machine\\SYSTEM\\CurrentControlSet");
    current.is_volatile = true;
    make_link(current, u"\\Registry\\Machine\\SYSTEM\\ControlSet001");
    Node& select = node_at(u"\\Registry\\Machine\\SYSTEM\\Select");
    set_number(select, u"Current", 1);
    set_number(select, u"Default", 1);
    set_number(select, u"Failed", 0);
    set_number(select, u"LastKnownGood", 1);
    set_text(control, u"SystemStartOptions", u"");
    node_at(u"\\Registry\\Machine\\HARDWARE\\DESCRIPTION\\System");
    Node& version = node_at(u"\\Registry\\Machine\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion");
    set_text(version, u"CurrentBuild", u"19045");
    set_text(version, u"CurrentBuildNumber", u"19045");
    set_text(version, u"CurrentVersion", u"6.3");
    set_text(version, u"ProductName", u"Windows 10 Pro");
    set_text(version, u"SystemRoot", u"C:\\Windows");
    set_number(version, u"CurrentMajorVersionNumber", 10);
    set_number(version, u"CurrentMinorVersionNumber", 0);
}

} // namespace nt::cm::detail
