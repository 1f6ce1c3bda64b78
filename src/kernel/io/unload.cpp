// How drivers and devices end: at once, or when the last reference to the devices goes.
#include "abi/status.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/driver_body.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/rules_unload.h"
#include "kernel/io/detail/system_thread.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "trace/trace.h"

namespace nt::io {

static bool may_unload(const DRIVER_OBJECT* driver) {
    DeviceWalk walk("NextDevice");
    for (const DEVICE_OBJECT* device = driver->DeviceObject; device; device = walk.to(device->NextDevice))
        if (device->ReferenceCount || device->AttachedDevice) return false;
    return true;
}

// In the System process. The driver object loses its name; it goes with its last device, and the image with
// it. The devices that are left.
static ULONG finish_unload(DRIVER_OBJECT* driver) {
    const bool by_service = detail::body_of_driver(driver).by_service;
    const PVOID section = driver->DriverSection;
    if (trace::on) [[unlikely]]
        trace::emit_driver_unload(driver, driver->DriverUnload);
    detail::note_held_requests(driver);
    detail::checked_call("DriverUnload", driver->DriverUnload, driver);
    detail::report_lost_requests(driver);
    ULONG left = 0;
    DeviceWalk walk("NextDevice");
    for (const DEVICE_OBJECT* device = driver->DeviceObject; device; device = walk.to(device->NextDevice))
        ++left;
    forget_driver(driver);
    if (by_service) detail::driver_unloaded(section, left);
    return left;
}

// Without memory for a thread the driver stays, and may be unloaded again.
static NTSTATUS call_unload(DRIVER_OBJECT* driver, ULONG& left) {
    driver->Flags |= DRVO_UNLOAD_INVOKED;
    const NTSTATUS status = detail::in_system([&] { left = finish_unload(driver); });
    if (NT_SUCCESS(status)) return status;
    driver->Flags &= ~DRVO_UNLOAD_INVOKED;
    DeviceWalk walk("NextDevice");
    for (DEVICE_OBJECT* device = driver->DeviceObject; device; device = walk.to(device->NextDevice))
        extension_of(device)->ExtensionFlags &= ~DOE_UNLOAD_PENDING;
    return status;
}

NTSTATUS unload_driver(DRIVER_OBJECT* driver, ULONG* devices_left) {
    if (devices_left) *devices_left = 0;
    if (!driver->DriverUnload || !driver->DriverSection) return STATUS_INVALID_DEVICE_REQUEST;
    DeviceWalk walk("NextDevice");
    for (DEVICE_OBJECT* device = driver->DeviceObject; device; device = walk.to(device->NextDevice)) {
        if (extension_of(device)->ExtensionFlags & DOE_UNLOAD_PENDING) return STATUS_DELETE_PENDING;
        extension_of(device)->ExtensionFlags |= DOE_UNLOAD_PENDING;
    }
    if (driver->Flags & DRVO_UNLOAD_INVOKED) return STATUS_DELETE_PENDING;
    if (!may_unload(driver)) return STATUS_PENDING;
    ULONG left = 0;
    const NTSTATUS status = call_unload(driver, left);
    if (devices_left) *devices_left = left;
    return status;
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
        if (device->ReferenceCount || device->AttachedDevice) return;
        unlink_device(device);
        ob::dereference(device); // what IoCreateDevice held
        return;
    }
    if ((flags & DOE_UNLOAD_PENDING) && !(driver->Flags & DRVO_UNLOAD_INVOKED) && may_unload(driver)) {
        ULONG left = 0;
        (void)call_unload(driver, left);
    }
}

void detail::link_device(DRIVER_OBJECT* driver, DEVICE_OBJECT* device) {
    device->NextDevice = driver->DeviceObject;
    if (device->NextDevice) tail_of(device->NextDevice).link = &device->NextDevice;
    driver->DeviceObject = device;
    tail_of(device).link = &driver->DeviceObject;
}
void detail::unlink_device(DEVICE_OBJECT* device) {
    DEVICE_OBJECT** link = tail_of(device).link;
    if (!link || *link != device) { // not chained, or the driver has changed the chain: look for it
        link = &device->DriverObject->DeviceObject;
        for (DeviceWalk walk("NextDevice"); *link && *link != device;)
            link = &walk.to(*link)->NextDevice;
    }
    if (!*link) return;
    *link = device->NextDevice;
    if (device->NextDevice) tail_of(device->NextDevice).link = link;
    tail_of(device).link = nullptr;
}

} // namespace nt::io
