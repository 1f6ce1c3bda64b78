// Devices and their stacks: wdm pages nf-wdm-iocreatedevice, nf-wdm-ioattachdevicetodevicestack,
// nf-wdm-iogetdeviceobjectpointer …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/file.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/access.h"

using namespace nt;

extern "C" NTSTATUS IoCreateDevice(DRIVER_OBJECT* driver, ULONG extension_size, UNICODE_STRING* name,
                                   DEVICE_TYPE type, ULONG characteristics, BOOLEAN exclusive,
                                   DEVICE_OBJECT** device) {
    *device = nullptr;
    const auto made =
        io::create_device({driver, extension_size, name, type, characteristics, exclusive != 0});
    if (!made) return made.error();
    *device = *made;
    return STATUS_SUCCESS;
}
GATE(IoCreateDevice);

extern "C" void IoDeleteDevice(DEVICE_OBJECT* device) { io::delete_device(device); }
GATE(IoDeleteDevice);

extern "C" NTSTATUS IoAttachDevice(DEVICE_OBJECT* source, UNICODE_STRING* target, DEVICE_OBJECT** attached) {
    *attached = nullptr;
    return io::attach_to_named(source, *target, attached);
}
GATE(IoAttachDevice);

extern "C" NTSTATUS IoAttachDeviceByPointer(DEVICE_OBJECT* source, DEVICE_OBJECT* target) {
    return io::attach_to_stack(source, target, nullptr) ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}
GATE(IoAttachDeviceByPointer);

extern "C" DEVICE_OBJECT* IoAttachDeviceToDeviceStack(DEVICE_OBJECT* source, DEVICE_OBJECT* target) {
    return io::attach_to_stack(source, target, nullptr);
}
GATE(IoAttachDeviceToDeviceStack);

extern "C" NTSTATUS IoAttachDeviceToDeviceStackSafe(DEVICE_OBJECT* source, DEVICE_OBJECT* target,
                                                    DEVICE_OBJECT** attached) {
    return io::attach_to_stack(source, target, attached) ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}
GATE(IoAttachDeviceToDeviceStackSafe);

extern "C" void IoDetachDevice(DEVICE_OBJECT* lower) { io::detach(lower); }
GATE(IoDetachDevice);

extern "C" NTSTATUS IoGetDeviceObjectPointer(UNICODE_STRING* name, ACCESS_MASK desired, FILE_OBJECT** file,
                                             DEVICE_OBJECT** device) {
    return io::get_device_object_pointer(*name, desired, file, device);
}
GATE(IoGetDeviceObjectPointer);

extern "C" DEVICE_OBJECT* IoGetAttachedDevice(DEVICE_OBJECT* device) { return io::top_of_stack(device); }
GATE(IoGetAttachedDevice);
extern "C" DEVICE_OBJECT* IoGetAttachedDeviceReference(DEVICE_OBJECT* device) {
    DEVICE_OBJECT* top = io::top_of_stack(device);
    ob::reference(top);
    return top;
}
GATE(IoGetAttachedDeviceReference);
extern "C" DEVICE_OBJECT* IoGetLowerDeviceObject(DEVICE_OBJECT* device) {
    DEVICE_OBJECT* lower = io::attached_to(device);
    if (!lower || io::is_going(lower)) return nullptr;
    ob::reference(lower);
    return lower;
}
GATE(IoGetLowerDeviceObject);
extern "C" DEVICE_OBJECT* IoGetDeviceAttachmentBaseRef(DEVICE_OBJECT* device) {
    DEVICE_OBJECT* base = io::bottom_of_stack(device);
    ob::reference(base);
    return base;
}
GATE(IoGetDeviceAttachmentBaseRef);
extern "C" DEVICE_OBJECT* IoGetRelatedDeviceObject(FILE_OBJECT* file) { return io::related_device(file); }
GATE(IoGetRelatedDeviceObject);

// With too small an array: STATUS_BUFFER_TOO_SMALL, the number there is and as many devices as fit. Those in
// the array are referenced.
extern "C" NTSTATUS IoEnumerateDeviceObjectList(DRIVER_OBJECT* driver, DEVICE_OBJECT** list, ULONG size,
                                                ULONG* count) {
    const ULONG room = size / sizeof(DEVICE_OBJECT*);
    ULONG n = 0;
    io::DeviceWalk walk("NextDevice");
    for (DEVICE_OBJECT* d = driver->DeviceObject; d; d = walk.to(d->NextDevice), ++n) {
        if (n >= room) continue;
        ob::reference(d);
        list[n] = d;
    }
    *count = n;
    return n > room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}
GATE(IoEnumerateDeviceObjectList);

extern "C" NTSTATUS IoCreateSymbolicLink(UNICODE_STRING* link, UNICODE_STRING* target) {
    return ob::create_symbolic_link(*link, *target, OBJ_PERMANENT);
}
GATE(IoCreateSymbolicLink);
// "An unprotected symbolic link": anybody may do anything with it.
extern "C" NTSTATUS IoCreateUnprotectedSymbolicLink(UNICODE_STRING* link, UNICODE_STRING* target) {
    return ob::create_symbolic_link(*link, *target, OBJ_PERMANENT, se::unprotected_descriptor());
}
GATE(IoCreateUnprotectedSymbolicLink);
extern "C" NTSTATUS IoDeleteSymbolicLink(UNICODE_STRING* link) { return ob::delete_symbolic_link(*link); }
GATE(IoDeleteSymbolicLink);
