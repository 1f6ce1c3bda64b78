// Deletion and unloading that wait for the last reference.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

void take_device_reference(DEVICE_OBJECT* device);
// A file on the device is gone, or what was attached above it: pending deletes and unloads go on.
void drop_device_reference(DEVICE_OBJECT* device);
void continue_pending(DEVICE_OBJECT* device);

// Behind the DEVOBJ_EXTENSION, for us alone.
struct DeviceTail {
    DEVICE_OBJECT** link; // what leads to the device in its driver's NextDevice chain, to leave it at once
    bool upper_deleted;   // what was attached was deleted: its driver may still call IoDetachDevice
};
inline DeviceTail& tail_of(const DEVICE_OBJECT* device) {
    return *reinterpret_cast<DeviceTail*>(reinterpret_cast<DEVOBJ_EXTENSION*>(device->DeviceObjectExtension) +
                                          1);
}
void link_device(DRIVER_OBJECT* driver, DEVICE_OBJECT* device);
void unlink_device(DEVICE_OBJECT* device);

void create_types();

// DriverUnload has returned: tells the image loader (driver_service.h).
void driver_unloaded(PVOID section, ULONG devices_left);

} // namespace nt::io::detail
