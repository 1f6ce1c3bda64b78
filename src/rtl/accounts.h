// The accounts of this machine by name and SID, what an LSA says on an English Windows 10 that has nobody but
// the users of `--user`: Win32 page SecAuthZ/well-known-sids. Their tokens are se's.
#pragma once
#include "abi/computer.h"
#include "rtl/machine.h"

namespace nt::rtl::accounts {

enum Use : UCHAR { User = 1, Group, Domain, Alias, WellKnownGroup, Label = 10 };

enum Authority : UCHAR {
    Nobody,
    NtAuthority,
    Builtin,
    MandatoryLabel,
    Packages,
    Service,
    WindowManager,
    Machine
};
inline constexpr const WCHAR* domains[] = {
    u"",           u"NT AUTHORITY",   u"BUILTIN",   u"Mandatory Label", u"APPLICATION PACKAGE AUTHORITY",
    u"NT SERVICE", u"Window Manager", computer_name};

struct Account {
    UCHAR authority, count; // S-1-authority-sub…; of Machine: the RID behind the machine's SID
    ULONG first, second;
    Authority domain;
    Use use;
    const WCHAR* name;
};
inline constexpr Account known[] = {
    {0, 1, 0, 0, Nobody, WellKnownGroup, u"NULL SID"},
    {1, 1, 0, 0, Nobody, WellKnownGroup, u"Everyone"},
    {2, 1, 0, 0, Nobody, WellKnownGroup, u"LOCAL"},
    {2, 1, 1, 0, Nobody, WellKnownGroup, u"CONSOLE LOGON"},
    {3, 1, 0, 0, Nobody, WellKnownGroup, u"CREATOR OWNER"},
    {3, 1, 1, 0, Nobody, WellKnownGroup, u"CREATOR GROUP"},
    {3, 1, 2, 0, Nobody, WellKnownGroup, u"CREATOR OWNER SERVER"},
    {3, 1, 3, 0, Nobody, WellKnownGroup, u"CREATOR GROUP SERVER"},
    {3, 1, 4, 0, Nobody, WellKnownGroup, u"OWNER RIGHTS"},
    {5, 1, 1, 0, NtAuthority, WellKnownGroup, u"DIALUP"},
    {5, 1, 2, 0, NtAuthority, WellKnownGroup, u"NETWORK"},
    {5, 1, 3, 0, NtAuthority, WellKnownGroup, u"BATCH"},
    {5, 1, 4, 0, NtAuthority, WellKnownGroup, u"INTERACTIVE"},
    {5, 1, 6, 0, NtAuthority, WellKnownGroup, u"SERVICE"},
    {5, 1, 7, 0, NtAuthority, WellKnownGroup, u"ANONYMOUS LOGON"},
    {5, 1, 8, 0, NtAuthority, WellKnownGroup, u"PROXY"},
    {5, 1, 9, 0, NtAuthority, WellKnownGroup, u"ENTERPRISE DOMAIN CONTROLLERS"},
    {5, 1, 10, 0, NtAuthority, WellKnownGroup, u"SELF"},
    {5, 1, 11, 0, NtAuthority, WellKnownGroup, u"Authenticated Users"},
    {5, 1, 12, 0, NtAuthority, WellKnownGroup, u"RESTRICTED"},
    {5, 1, 13, 0, NtAuthority, WellKnownGroup, u"TERMINAL SERVER USER"},
    {5, 1, 14, 0, NtAuthority, WellKnownGroup, u"REMOTE INTERACTIVE LOGON"},
    {5, 1, 15, 0, NtAuthority, WellKnownGroup, u"This Organization"},
    {5, 1, 17, 0, NtAuthority, WellKnownGroup, u"IUSR"},
    {5, 1, 18, 0, NtAuthority, WellKnownGroup, u"SYSTEM"},
    {5, 1, 19, 0, NtAuthority, WellKnownGroup, u"LOCAL SERVICE"},
    {5, 1, 20, 0, NtAuthority, WellKnownGroup, u"NETWORK SERVICE"},
    {5, 1, 19, 0, NtAuthority, WellKnownGroup, u"LocalService"}, // as services have it; by name only
    {5, 1, 20, 0, NtAuthority, WellKnownGroup, u"NetworkService"},
    {5, 1, 33, 0, NtAuthority, WellKnownGroup, u"WRITE RESTRICTED"},
    {5, 1, 113, 0, NtAuthority, WellKnownGroup, u"Local account"},
    {5, 1, 114, 0, NtAuthority, WellKnownGroup, u"Local account and member of Administrators group"},
    {5, 1, 1000, 0, NtAuthority, WellKnownGroup, u"Other Organization"},
    {5, 2, 64, 10, NtAuthority, WellKnownGroup, u"NTLM Authentication"},
    {5, 2, 64, 14, NtAuthority, WellKnownGroup, u"SChannel Authentication"},
    {5, 2, 64, 21, NtAuthority, WellKnownGroup, u"Digest Authentication"},
    {5, 0, 0, 0, NtAuthority, Domain, u""},
    {5, 1, 32, 0, Builtin, Domain, u"BUILTIN"},
    {5, 2, 32, 544, Builtin, Alias, u"Administrators"},
    {5, 2, 32, 545, Builtin, Alias, u"Users"},
    {5, 2, 32, 546, Builtin, Alias, u"Guests"},
    {5, 2, 32, 547, Builtin, Alias, u"Power Users"},
    {5, 2, 32, 551, Builtin, Alias, u"Backup Operators"},
    {5, 2, 32, 552, Builtin, Alias, u"Replicator"},
    {5, 2, 32, 555, Builtin, Alias, u"Remote Desktop Users"},
    {5, 2, 32, 556, Builtin, Alias, u"Network Configuration Operators"},
    {5, 2, 32, 558, Builtin, Alias, u"Performance Monitor Users"},
    {5, 2, 32, 559, Builtin, Alias, u"Performance Log Users"},
    {5, 2, 32, 562, Builtin, Alias, u"Distributed COM Users"},
    {5, 2, 32, 568, Builtin, Alias, u"IIS_IUSRS"},
    {5, 2, 32, 569, Builtin, Alias, u"Cryptographic Operators"},
    {5, 2, 32, 573, Builtin, Alias, u"Event Log Readers"},
    {5, 2, 32, 578, Builtin, Alias, u"Hyper-V Administrators"},
    {5, 2, 32, 579, Builtin, Alias, u"Access Control Assistance Operators"},
    {5, 2, 32, 580, Builtin, Alias, u"Remote Management Users"},
    {5, 2, 32, 581, Builtin, Alias, u"System Managed Accounts Group"},
    {5, 2, 32, 583, Builtin, Alias, u"Device Owners"},
    {16, 1, 0, 0, MandatoryLabel, Label, u"Untrusted Mandatory Level"},
    {16, 1, 4096, 0, MandatoryLabel, Label, u"Low Mandatory Level"},
    {16, 1, 8192, 0, MandatoryLabel, Label, u"Medium Mandatory Level"},
    {16, 1, 8448, 0, MandatoryLabel, Label, u"Medium Plus Mandatory Level"},
    {16, 1, 12288, 0, MandatoryLabel, Label, u"High Mandatory Level"},
    {16, 1, 16384, 0, MandatoryLabel, Label, u"System Mandatory Level"},
    {5, 2, 80, 0, Service, WellKnownGroup, u"ALL SERVICES"},
    {5, 2, 90, 0, WindowManager, WellKnownGroup, u"Window Manager Group"},
    {15, 2, 2, 1, Packages, WellKnownGroup, u"ALL APPLICATION PACKAGES"},
    {15, 2, 2, 2, Packages, WellKnownGroup, u"ALL RESTRICTED APPLICATION PACKAGES"},
    {18, 1, 1, 0, Nobody, WellKnownGroup, u"Authentication authority asserted identity"},
    {18, 1, 2, 0, Nobody, WellKnownGroup, u"Service asserted identity"},
    {5, 5, administrator_rid, 0, Machine, User, u"Administrator"},
    {5, 5, guest_rid, 0, Machine, User, u"Guest"},
    {5, 5, 503, 0, Machine, User, u"DefaultAccount"},
    {5, 5, 513, 0, Machine, Group, u"None"},
    {5, 5, user_rid, 0, Machine, User, u"drvlab"},
    {5, 4, 0, 0, Machine, Domain, computer_name},
};

} // namespace nt::rtl::accounts
