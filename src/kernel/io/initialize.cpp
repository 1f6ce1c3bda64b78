#include "abi/status.h"
#include "base/list.h"
#include "kernel/io/detail/background.h"
#include "kernel/io/detail/driver_body.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/detail/packets.h"
#include "kernel/io/device.h"
#include "kernel/io/device_node.h"
#include "kernel/io/driver.h"
#include "kernel/io/file.h"
#include "kernel/io/irp.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"

namespace nt::io {

OBJECT_TYPE* file_type;
OBJECT_TYPE* device_type;
OBJECT_TYPE* controller_type;
OBJECT_TYPE* adapter_type;

namespace {

constexpr GENERIC_MAPPING file_mapping{FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
                                       FILE_ALL_ACCESS};

void remove_device(PVOID object) {
    auto* device = static_cast<DEVICE_OBJECT*>(object);
    if (device->DeviceObjectExtension) forget_node(device);
    if (device->Vpb && device->Vpb->RealDevice == device) pool::release(device->Vpb, pool::tag("Vpb "));
    if (device->DriverObject) ob::dereference(device->DriverObject);
}

// IoCreateDevice's, until IoDeleteDevice.
LONG64 device_references(PVOID object) {
    auto* device = static_cast<DEVICE_OBJECT*>(object);
    return !(extension_of(device)->ExtensionFlags & DOE_DELETE_PENDING);
}

// Each request's until it is finished, and its requestor's, who waits for it on a synchronous file.
LONG64 file_references(PVOID object) {
    const auto* file = static_cast<const FILE_OBJECT*>(object);
    LONG64 count = 0;
    for (LIST_ENTRY* t = ke::all_threads.Flink; t != &ke::all_threads; t = t->Flink) {
        const LIST_ENTRY& head = NT_CONTAINER(t, ke::Thread, all_link)->IrpList;
        for (LIST_ENTRY* e = head.Flink; e && e != &head; e = e->Flink) {
            const IRP* irp = NT_CONTAINER(e, IRP, ThreadListEntry);
            if (irp->Tail.Overlay.OriginalFileObject != file) continue;
            const bool waits = file->Flags & FO_SYNCHRONOUS_IO && !(irp->AllocationFlags & irp_of_driver) &&
                               !(irp->Flags & (IRP_CREATE_OPERATION | IRP_CLOSE_OPERATION));
            count += waits ? 2 : 1;
        }
    }
    return count;
}

} // namespace

NTSTATUS initialize() {
    const Result<OBJECT_TYPE*> types[] = {
        ob::create_type({.name = u"Adapter",
                         .tag = pool::tag("Adap"),
                         .mapping = file_mapping,
                         .valid_access = FILE_ALL_ACCESS},
                        {}),
        ob::create_type({.name = u"Controller",
                         .tag = pool::tag("Cont"),
                         .mapping = file_mapping,
                         .valid_access = FILE_ALL_ACCESS},
                        {}),
        ob::create_type({.name = u"Device",
                         .tag = pool::tag("Devi"),
                         .mapping = file_mapping,
                         .valid_access = FILE_ALL_ACCESS},
                        {.parse = detail::parse_device,
                         .remove = remove_device,
                         .set_security = detail::set_device_security,
                         .own_references = device_references}),
        ob::create_type({.name = u"File",
                         .tag = pool::tag("File"),
                         .mapping = file_mapping,
                         .valid_access = FILE_ALL_ACCESS,
                         .invalid_attributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENLINK,
                         .maintain_handle_info = true,
                         .wait_offset = offsetof(FILE_OBJECT, Event),
                         .least_body = sizeof(detail::FileBody)},
                        {.parse = detail::parse_file,
                         .close = detail::close_file,
                         .remove = detail::remove_file,
                         .query_name = detail::query_file_name,
                         .query_security = detail::query_file_security,
                         .set_security = detail::set_file_security,
                         .own_references = file_references}),
    };
    for (const auto& type : types)
        if (!type) return type.error();
    adapter_type = *types[0];
    controller_type = *types[1];
    device_type = *types[2];
    file_type = *types[3];
    if (const NTSTATUS status = detail::create_completion_type(); !NT_SUCCESS(status)) return status;
    detail::create_driver_type();
    create_configuration_information();
    detail::start_background();
    return STATUS_SUCCESS;
}

} // namespace nt::io
