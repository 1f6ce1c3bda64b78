// Who there is on this machine: well-known SIDs, the machine's own, and the tokens of the users that a
// program can run as (`--user`).
#pragma once
#include "abi/token.h"
#include "rtl/machine.h"
#include <cstdint>
#include <span>
#include <string_view>

namespace nt::se {

// A SID of up to 15 sub-authorities, as a value.
struct SidValue {
    UCHAR revision = 1, count = 0;
    UCHAR authority[6]{};
    ULONG sub[15]{};
    const SID* sid() const { return reinterpret_cast<const SID*>(this); }
};
template <class... Sub> constexpr SidValue make_sid(UCHAR authority, Sub... sub) {
    SidValue v;
    v.count = sizeof...(Sub);
    v.authority[5] = authority;
    int i = 0;
    ((v.sub[i++] = static_cast<ULONG>(sub)), ...);
    return v;
}

namespace sids {
inline constexpr SidValue null = make_sid(0, 0);
inline constexpr SidValue world = make_sid(1, 0);
inline constexpr SidValue local = make_sid(2, 0);
inline constexpr SidValue console_logon = make_sid(2, 1);
inline constexpr SidValue creator_owner = make_sid(3, 0);
inline constexpr SidValue creator_group = make_sid(3, 1);
inline constexpr SidValue owner_rights = make_sid(3, 4);
inline constexpr SidValue interactive = make_sid(5, 4);
inline constexpr SidValue anonymous = make_sid(5, 7);
inline constexpr SidValue authenticated_users = make_sid(5, 11);
inline constexpr SidValue restricted_code = make_sid(5, 12);
inline constexpr SidValue this_organization = make_sid(5, 15);
inline constexpr SidValue local_system = make_sid(5, 18);
inline constexpr SidValue ntlm_authentication = make_sid(5, 64, 10);
inline constexpr SidValue local_account = make_sid(5, 113);
inline constexpr SidValue local_account_admin = make_sid(5, 114);
inline constexpr SidValue administrators = make_sid(5, 32, 544);
inline constexpr SidValue users = make_sid(5, 32, 545);
inline constexpr SidValue guests = make_sid(5, 32, 546);
// The machine's account domain.
inline constexpr SidValue machine =
    make_sid(5, 21, rtl::machine_authorities[0], rtl::machine_authorities[1], rtl::machine_authorities[2]);
} // namespace sids

constexpr SidValue account(ULONG rid) {
    SidValue v = sids::machine;
    v.sub[v.count++] = rid;
    return v;
}
constexpr SidValue integrity(ULONG rid) { return make_sid(16, rid); }

inline constexpr LUID system_logon{0x3e7, 0};    // SYSTEM_LUID
inline constexpr LUID anonymous_logon{0x3e6, 0}; // ANONYMOUS_LOGON_LUID

// The users of `--user`. The administrator is an elevated one; low is the standard user at low integrity.
enum class User : std::uint8_t { administrator, standard, guest, system, low };
bool parse_user(std::string_view name, User& user);
extern const char* const user_names; // "administrator, standard, …" for messages

// What NT calls SeExports, with SIDs in pool. After pool::initialize().
const SE_EXPORTS* make_exports();

} // namespace nt::se
