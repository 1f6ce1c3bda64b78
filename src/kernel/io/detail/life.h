// Deletion and unloading that wait for the last reference.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

void take_device_reference(DEVICE_OBJECT* device);
// A file on the device is gone, or what was attached above it: pending deletes and unloads go on.
void drop_device_reference(DEVICE_OBJECT* device);
void continue_pending(DEVICE_OBJECT* device);

void link_device(DRIVER_OBJECT* driver, DEVICE_OBJECT* device);
void unlink_device(DEVICE_OBJECT* device);

void create_types();

} // namespace nt::io::detail
