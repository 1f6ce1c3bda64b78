// DOS devices by logon session: kernel page local-and-global-ms-dos-device-names.
//
// \?? is \Sessions\0\DosDevices\<logon id> for programs, \GLOBAL?? for the system's logon and system threads.
// A name that the local directory does not have is looked for in its shadow, \GLOBAL??; a new one goes to the
// local directory.
#pragma once
#include "kernel/ob/namespace.h"

namespace nt::ob {

inline constexpr LUID system_logon_id{0x3e7, 0};

// The map of a logon session (TOKEN.AuthenticationId), made when first asked for; null for the system's, and
// when there is no memory. A process keeps it in EPROCESS.DeviceMap.
DEVICE_MAP* device_map_of(const LUID& logon);

// What \?? means to the running thread: of the logon session that it impersonates (assumed: not below the
// level SecurityImpersonation; not with OBJ_IGNORE_IMPERSONATED_DEVICEMAP), else of its process.
OBJECT_DIRECTORY* dos_devices_of_caller(bool of_client);

} // namespace nt::ob
