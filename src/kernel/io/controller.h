// Controller objects: a queue of devices that share one piece of hardware. The device whose turn it is gets a
// call of its ControllerControl routine, whose answer says whether it keeps the controller.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-ioallocatecontroller
#pragma once
#include "abi/misc.h"

namespace nt::io {

CONTROLLER_OBJECT* create_controller(ULONG extension_size); // null: no memory
void delete_controller(CONTROLLER_OBJECT* controller);
void allocate_controller(CONTROLLER_OBJECT* controller, DEVICE_OBJECT* device, PDRIVER_CONTROL routine,
                         PVOID context);
void free_controller(CONTROLLER_OBJECT* controller);

} // namespace nt::io
