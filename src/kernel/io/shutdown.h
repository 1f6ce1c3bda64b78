// IRP_MJ_SHUTDOWN for the devices that registered for it, when the machine ends in good order.
#pragma once
#include "abi/irp.h"

namespace nt::io {

// IoRegisterShutdownNotification and, for `last_chance`, IoRegisterLastChanceShutdownNotification.
NTSTATUS register_shutdown(DEVICE_OBJECT* device, bool last_chance);
// All registrations of the device.
void unregister_shutdown(DEVICE_OBJECT* device);
// Sends the requests: those of last chance come after file systems have been flushed. PASSIVE_LEVEL.
void shut_down();

} // namespace nt::io
