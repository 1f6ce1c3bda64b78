// How drivers and devices end: at once, or when the last reference to the devices goes.
#include "abi/status.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "trace/trace.h"

namespace nt::io {

static bool may_unload(const DRIVER_OBJECT* driver) {
    for (const DEVICE_OBJECT* device = driver->DeviceObject; device; device = device->NextDevice)
        if (device->ReferenceCount || device->AttachedDevice) return false;
    return true;
}

static void call_unload(DRIVER_OBJECT* driver) {
    driver->Flags |= DRVO_UNLOAD_INVOKED;
    if (trace::on) [[unlikely]]
        trace::emit_driver_unload(driver, driver->DriverUnload);
    detail::checked_call("DriverUnload", driver->DriverUnload, driver);
}

NTSTATUS unload_driver(DRIVER_OBJECT* driver, ULONG* devices_left) {
    if (devices_left) *devices_left = 0;
    if (!driver->DriverUnload || !driver->DriverSection) return STATUS_INVALID_DEVICE_REQUEST;
    for (DEVICE_OBJECT* device = driver->DeviceObject; device; device = device->NextDevice) {
        if (extension_of(device)->ExtensionFlags & DOE_UNLOAD_PENDING) return STATUS_DELETE_PENDING;
        extension_of(device)->ExtensionFlags |= DOE_UNLOAD_PENDING;
    }
    if (driver->Flags & DRVO_UNLOAD_INVOKED) return STATUS_DELETE_PENDING;
    if (!may_unload(driver)) return STATUS_PENDING;
    call_unload(driver);
    ULONG left = 0;
    for (DEVICE_OBJECT* device = driver->DeviceObject; device; device = device->NextDevice)
        ++left;
    if (devices_left) *devices_left = left;
    if (left == 0) forget_driver(driver);
    return STATUS_SUCCESS;
}

void forget_driver(DRIVER_OBJECT* driver) {
    ob::make_temporary(driver);
    ob::dereference(driver);
}

void detail::take_device_reference(DEVICE_OBJECT* device) { ++device->ReferenceCount; }
void detail::drop_device_reference(DEVICE_OBJECT* device) {
    if (--device->ReferenceCount == 0) continue_pending(device);
}

void detail::continue_pending(DEVICE_OBJECT* device) {
    const ULONG flags = extension_of(device)->ExtensionFlags;
    DRIVER_OBJECT* driver = device->DriverObject;
    if (flags & DOE_DELETE_PENDING) {
        if (device->ReferenceCount) return;
        unlink_device(device);
        ob::dereference(device); // what IoCreateDevice held
        return;
    }
    if ((flags & DOE_UNLOAD_PENDING) && !(driver->Flags & DRVO_UNLOAD_INVOKED) && may_unload(driver)) {
        call_unload(driver);
        if (!driver->DeviceObject) forget_driver(driver);
    }
}

void detail::link_device(DRIVER_OBJECT* driver, DEVICE_OBJECT* device) {
    device->NextDevice = driver->DeviceObject;
    driver->DeviceObject = device;
}
void detail::unlink_device(DEVICE_OBJECT* device) {
    for (DEVICE_OBJECT** link = &device->DriverObject->DeviceObject; *link; link = &(*link)->NextDevice)
        if (*link == device) {
            *link = device->NextDevice;
            return;
        }
}

} // namespace nt::io
