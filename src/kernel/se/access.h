// Access checks. Part 1 knows one subject: an administrator running elevated. Descriptors are kept and
// returned as data; part 3 brings tokens and reads the lists in them.
#pragma once
#include "abi/types.h"

namespace nt::se {

// Plugs the policy into ob: kernel mode always passes; user mode gets what it asks for, within the type's
// valid access.
void initialize();

// The default descriptor of devices (self-relative): owner and group Administrators; full access for SYSTEM
// and Administrators, read, write and execute for Everyone. // assumed: the list Windows gives \Device
// objects created without SDDL.
const void* default_device_descriptor(ULONG& length);

} // namespace nt::se
