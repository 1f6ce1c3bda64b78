// !token, !sd, !acl, !sid: debuggercmds/-token.md, -sd.md, -acl.md, -sid.md.
#include "abi/thread.h"
#include "abi/token.h"
#include "kernel/se/accounts.h"
#include "rtl/privileges.h"
#include "rtl/security.h"
#include "view/detail/session.h"
#include <cstring>

namespace view {
namespace {

using nt::PVOID;
using nt::UCHAR;
using nt::ULONG;
using nt::USHORT;

struct Name {
    const char* sid;
    const char* text;
};
constexpr Name names[] = {
    {"S-1-1-0", "Well Known Group: localhost\\Everyone"},
    {"S-1-2-0", "Well Known Group: localhost\\LOCAL"},
    {"S-1-2-1", "Well Known Group: localhost\\CONSOLE LOGON"},
    {"S-1-3-0", "Well Known Group: localhost\\CREATOR OWNER"},
    {"S-1-3-1", "Well Known Group: localhost\\CREATOR GROUP"},
    {"S-1-3-4", "Well Known Group: localhost\\OWNER RIGHTS"},
    {"S-1-5-4", "Well Known Group: NT AUTHORITY\\INTERACTIVE"},
    {"S-1-5-7", "Well Known Group: NT AUTHORITY\\ANONYMOUS LOGON"},
    {"S-1-5-11", "Well Known Group: NT AUTHORITY\\Authenticated Users"},
    {"S-1-5-12", "Well Known Group: NT AUTHORITY\\RESTRICTED"},
    {"S-1-5-15", "Well Known Group: NT AUTHORITY\\This Organization"},
    {"S-1-5-18", "Well Known Group: NT AUTHORITY\\SYSTEM"},
    {"S-1-5-64-10", "Well Known Group: NT AUTHORITY\\NTLM Authentication"},
    {"S-1-5-113", "Well Known Group: NT AUTHORITY\\Local account"},
    {"S-1-5-114", "Well Known Group: NT AUTHORITY\\Local account and member of Administrators group"},
    {"S-1-5-32-544", "Alias: BUILTIN\\Administrators"},
    {"S-1-5-32-545", "Alias: BUILTIN\\Users"},
    {"S-1-5-32-546", "Alias: BUILTIN\\Guests"},
    {"S-1-16-0", "Label: Mandatory Label\\Untrusted Mandatory Level"},
    {"S-1-16-4096", "Label: Mandatory Label\\Low Mandatory Level"},
    {"S-1-16-8192", "Label: Mandatory Label\\Medium Mandatory Level"},
    {"S-1-16-12288", "Label: Mandatory Label\\High Mandatory Level"},
    {"S-1-16-16384", "Label: Mandatory Label\\System Mandatory Level"},
};

// "S-1-5-18", with its name if that is wanted; "" when there is no SID.
std::string sid_text(Session& s, Address at, bool friendly) {
    UCHAR bytes[68]{};
    if (!s.machine.read(at, bytes, 8) || bytes[0] != 1 || bytes[1] > 15) return "";
    if (!s.machine.read(at, bytes, 8 + 4u * bytes[1])) return "";
    nt::WCHAR wide[256];
    const nt::ULONG n = nt::rtl::sid_to_string(reinterpret_cast<const nt::SID*>(bytes), wide);
    std::string text(wide, wide + n);
    if (!friendly) return text;
    for (const Name& name : names)
        if (text == name.sid) return text + " (" + name.text + ")";
    return text + " (no name mapped)";
}

const char* ace_type(UCHAR type) {
    constexpr const char* types[] = {"ACCESS_ALLOWED_ACE_TYPE", "ACCESS_DENIED_ACE_TYPE",
                                     "SYSTEM_AUDIT_ACE_TYPE", "SYSTEM_ALARM_ACE_TYPE"};
    if (type < 4) return types[type];
    return type == nt::SYSTEM_MANDATORY_LABEL_ACE_TYPE ? "SYSTEM_MANDATORY_LABEL_ACE_TYPE" : nullptr;
}

void print_acl(Session& s, const char* head, Address at, bool friendly) {
    nt::ACL acl;
    if (!s.read(at, acl)) return s.error("%s: unable to read the ACL\n", head);
    s.print("%s\n%s ->AclRevision: 0x%x\n%s ->Sbz1       : 0x%x\n%s ->AclSize    : 0x%x\n", head, head,
            acl.AclRevision, head, acl.Sbz1, head, acl.AclSize);
    s.print("%s ->AceCount   : 0x%x\n%s ->Sbz2       : 0x%x\n", head, acl.AceCount, head, acl.Sbz2);
    at += sizeof acl;
    for (unsigned i = 0; i < acl.AceCount; ++i) {
        nt::ACCESS_ALLOWED_ACE ace;
        if (!s.read(at, ace) || ace.Header.AceSize < sizeof(nt::ACE_HEADER)) return;
        const char* type = ace_type(ace.Header.AceType);
        s.print("%s ->Ace[%u]: ->AceType: ", head, i);
        if (type)
            s.print("%s\n", type);
        else
            s.print("0x%x\n", ace.Header.AceType);
        s.print("%s ->Ace[%u]: ->AceFlags: 0x%x\n", head, i, ace.Header.AceFlags);
        struct Flag {
            UCHAR bit;
            const char* text;
        };
        constexpr Flag flags[] = {{nt::OBJECT_INHERIT_ACE, "OBJECT_INHERIT_ACE"},
                                  {nt::CONTAINER_INHERIT_ACE, "CONTAINER_INHERIT_ACE"},
                                  {nt::NO_PROPAGATE_INHERIT_ACE, "NO_PROPAGATE_INHERIT_ACE"},
                                  {nt::INHERIT_ONLY_ACE, "INHERIT_ONLY_ACE"},
                                  {nt::INHERITED_ACE, "INHERITED_ACE"}};
        for (const Flag& flag : flags)
            if (ace.Header.AceFlags & flag.bit) s.print("%s ->Ace[%u]:             %s\n", head, i, flag.text);
        s.print("%s ->Ace[%u]: ->AceSize: 0x%x\n%s ->Ace[%u]: ->Mask : 0x%08x\n", head, i, ace.Header.AceSize,
                head, i, static_cast<unsigned>(ace.Mask));
        s.print("%s ->Ace[%u]: ->SID: %s\n", head, i,
                sid_text(s, at + offsetof(nt::ACCESS_ALLOWED_ACE, SidStart), friendly).c_str());
        at += ace.Header.AceSize;
    }
}

bool parse(Session& s, std::span<const std::string> arguments, const char* usage, Address& at,
           bool& friendly) {
    std::uint64_t flags = 0;
    if (arguments.empty()) return s.error("usage: %s\n", usage), false;
    if (!s.evaluate(arguments[0], at)) return false;
    if (arguments.size() > 1 && !s.evaluate(arguments[1], flags)) return false;
    friendly = flags & 1;
    return true;
}

void sid_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    Address at = 0;
    bool friendly;
    if (!parse(s, arguments, "!sid <address> [flags]", at, friendly)) return;
    const std::string text = sid_text(s, at, friendly);
    if (text.empty()) return s.error("%s: no SID there\n", extension_address(at).c_str());
    s.print("SID is: %s\n", text.c_str());
}

void acl_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    Address at = 0;
    bool friendly;
    if (parse(s, arguments, "!acl <address> [flags]", at, friendly)) print_acl(s, "ACL is:", at, friendly);
}

void sd_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    Address at = 0;
    bool friendly;
    if (!parse(s, arguments, "!sd <address> [flags]", at, friendly)) return;
    nt::SECURITY_DESCRIPTOR d{};
    nt::SECURITY_DESCRIPTOR_RELATIVE r;
    if (!s.read(at, r) || r.Revision != 1)
        return s.error("%s: no security descriptor there\n", extension_address(at).c_str());
    const bool relative = r.Control & nt::SE_SELF_RELATIVE;
    if (!relative && !s.read(at, d)) return s.error("%s: unreadable\n", extension_address(at).c_str());
    s.print("->Revision: 0x%x\n->Sbz1    : 0x%x\n->Control : 0x%x\n", r.Revision, r.Sbz1, r.Control);
    struct Flag {
        USHORT bit;
        const char* text;
    };
    constexpr Flag flags[] = {{nt::SE_OWNER_DEFAULTED, "SE_OWNER_DEFAULTED"},
                              {nt::SE_GROUP_DEFAULTED, "SE_GROUP_DEFAULTED"},
                              {nt::SE_DACL_PRESENT, "SE_DACL_PRESENT"},
                              {nt::SE_DACL_DEFAULTED, "SE_DACL_DEFAULTED"},
                              {nt::SE_SACL_PRESENT, "SE_SACL_PRESENT"},
                              {nt::SE_SACL_DEFAULTED, "SE_SACL_DEFAULTED"},
                              {nt::SE_DACL_AUTO_INHERITED, "SE_DACL_AUTO_INHERITED"},
                              {nt::SE_SACL_AUTO_INHERITED, "SE_SACL_AUTO_INHERITED"},
                              {nt::SE_DACL_PROTECTED, "SE_DACL_PROTECTED"},
                              {nt::SE_SACL_PROTECTED, "SE_SACL_PROTECTED"},
                              {nt::SE_SELF_RELATIVE, "SE_SELF_RELATIVE"}};
    for (const Flag& flag : flags)
        if (r.Control & flag.bit) s.print("            %s\n", flag.text);
    const auto part = [&](ULONG offset, PVOID pointer) -> Address {
        return relative ? (offset ? at + offset : 0) : s.address_of(pointer);
    };
    const auto sid = [&](const char* head, Address where) {
        s.print("%s%s\n", head, where ? sid_text(s, where, friendly).c_str() : " is NULL");
    };
    sid("->Owner   : ", part(r.Owner, d.Owner));
    sid("->Group   : ", part(r.Group, d.Group));
    const auto list = [&](const char* head, bool present, Address where) {
        if (present && where)
            print_acl(s, head, where, friendly);
        else
            s.print("%s  is NULL\n", head);
    };
    list("->Dacl    :", r.Control & nt::SE_DACL_PRESENT, part(r.Dacl, d.Dacl));
    list("->Sacl    :", r.Control & nt::SE_SACL_PRESENT, part(r.Sacl, d.Sacl));
}

void print_groups(Session& s, Address array, unsigned first, unsigned count, bool friendly) {
    struct Flag {
        ULONG bit;
        const char* text;
    };
    constexpr Flag flags[] = {{nt::SE_GROUP_MANDATORY, "Mandatory"},
                              {nt::SE_GROUP_ENABLED_BY_DEFAULT, "Default"},
                              {nt::SE_GROUP_ENABLED, "Enabled"},
                              {nt::SE_GROUP_OWNER, "Owner"},
                              {nt::SE_GROUP_USE_FOR_DENY_ONLY, "DenyOnly"},
                              {nt::SE_GROUP_INTEGRITY, "GroupIntegrity"},
                              {nt::SE_GROUP_INTEGRITY_ENABLED, "GroupIntegrityEnabled"}};
    for (unsigned i = first; i < count; ++i) {
        nt::SID_AND_ATTRIBUTES group;
        if (!s.read(array + i * sizeof group, group)) return;
        s.print(" %02u %s\n    Attributes -", i - first,
                sid_text(s, s.address_of(group.Sid), friendly).c_str());
        for (const Flag& flag : flags)
            if (group.Attributes & flag.bit) s.print(" %s", flag.text);
        s.print("%s\n",
                (group.Attributes & nt::SE_GROUP_LOGON_ID) == nt::SE_GROUP_LOGON_ID ? " LogonId" : "");
    }
}

void token_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    bool friendly = false;
    Address at = 0;
    if (!arguments.empty() && arguments[0] == "-?")
        return s.print("usage: !token [-n] [address]\n-n: with names; without an address, or with 0, that of "
                       "the thread's client or of its process\n");
    for (const std::string& argument : arguments)
        if (argument == "-n")
            friendly = true;
        else if (!s.evaluate(argument, at))
            return;
    if (!at) {
        constexpr Address client_bits = 0x7, reference_bits = 0xf; // of what stands beside the pointers
        PVOID slot = nullptr;
        if (const Address thread = s.machine.current_thread())
            s.read(thread + offsetof(nt::ETHREAD, ClientSecurity), slot);
        at = s.address_of(slot) & ~client_bits;
        if (!at) {
            s.read(s.machine.current_process() + offsetof(nt::EPROCESS, Token), slot);
            at = s.address_of(slot) & ~reference_bits;
            s.print("Thread is not impersonating. Using process token...\n");
        }
    }
    nt::TOKEN t;
    if (!s.read(at, t) || !t.UserAndGroupCount || t.UserAndGroupCount > 1024)
        return s.error("%s: no token there\n", extension_address(at).c_str());
    const Address groups = s.address_of(t.UserAndGroups);
    nt::SID_AND_ATTRIBUTES user{};
    s.read(groups, user);
    s.print("_TOKEN 0x%s\nTS Session ID: 0x%x\nUser: %s\nUser Groups: \n", extension_address(at).c_str(),
            static_cast<unsigned>(t.SessionId), sid_text(s, s.address_of(user.Sid), friendly).c_str());
    print_groups(s, groups, 1, t.UserAndGroupCount, friendly);
    s.print("Primary Group: %s\nPrivs: \n", sid_text(s, s.address_of(t.PrimaryGroup), friendly).c_str());
    for (unsigned luid = 0; luid < 64; ++luid) {
        if (!(t.Privileges.Present >> luid & 1)) continue;
        const char* name = nt::rtl::privilege_name(luid);
        s.print(" %02u 0x%09x %-33s Attributes - %s%s\n", luid, luid, name ? name : "Unknown Privilege",
                t.Privileges.Enabled >> luid & 1 ? "Enabled " : "",
                t.Privileges.EnabledByDefault >> luid & 1 ? "Default " : "");
    }
    constexpr const char* levels[] = {"Anonymous", "Identification", "Impersonation", "Delegation"};
    s.print(
        "Authentication ID:         (%x,%x)\nImpersonation Level:       %s\nTokenType:                 %s\n",
        static_cast<unsigned>(t.AuthenticationId.HighPart), static_cast<unsigned>(t.AuthenticationId.LowPart),
        levels[t.ImpersonationLevel & 3], t.TokenType == nt::TokenPrimary ? "Primary" : "Impersonation");
    char source[9]{};
    std::memcpy(source, t.TokenSource.SourceName, 8);
    s.print("Source: %-8s           TokenFlags: 0x%x%s\n", source, static_cast<unsigned>(t.TokenFlags),
            t.TokenInUse ? " ( Token in use )" : "");
    s.print("Token ID: %-16x ParentToken ID: %x\nModified ID:               (%x, %x)\n",
            static_cast<unsigned>(t.TokenId.LowPart), static_cast<unsigned>(t.ParentTokenId.LowPart),
            static_cast<unsigned>(t.ModifiedId.HighPart), static_cast<unsigned>(t.ModifiedId.LowPart));
    s.print("RestrictedSidCount: %-6u RestrictedSids: 0x%s\n", static_cast<unsigned>(t.RestrictedSidCount),
            extension_address(s.address_of(t.RestrictedSids)).c_str());
    print_groups(s, s.address_of(t.RestrictedSids), 0, t.RestrictedSidCount, friendly);
    s.print("OriginatingLogonSession: %x\n", static_cast<unsigned>(t.OriginatingLogonSession.LowPart));
}

constexpr Command commands[] = {
    {"!token", "!token [-n] [address]",
     "access token; without an address that of the thread's client, or of its process", token_command},
    {"!sd", "!sd <address> [flags]", "security descriptor; flags 1: with names", sd_command},
    {"!acl", "!acl <address> [flags]", "access control list", acl_command},
    {"!sid", "!sid <address> [flags]", "security identifier", sid_command},
};

} // namespace

std::span<const Command> security_commands() { return commands; }

} // namespace view
