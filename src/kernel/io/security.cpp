// Descriptors of devices and of what is behind them: NtQuerySecurityObject and NtSetSecurityObject on Device
// and File objects. A file that is the device itself shows the device's; one with a name behind it is its
// driver's matter (IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY), as the ifs pages describe.
#include "abi/status.h"
#include "abi/thread.h"
#include "host/guest.h"
#include "kernel/io/detail/cancel_requests.h"
#include "kernel/io/detail/file_lock.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/irp.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access.h"
#include "kernel/se/descriptor.h"
#include "trace/trace.h"

namespace nt::io::detail {

namespace {

bool is_device_itself(const FILE_OBJECT* file) {
    return file->FileName.Length == 0 && !file->RelatedFileObject;
}

// Sends the request and waits with an event of its own.
struct Sent {
    NTSTATUS status;
    ULONG_PTR information;
};
template <class Fill>
Sent send_alone(FILE_OBJECT* file, UCHAR major, PVOID user_buffer, KPROCESSOR_MODE mode, Fill fill) {
    struct Private {
        KEVENT event;
        IO_STATUS_BLOCK iosb;
    };
    DEVICE_OBJECT* device = related_device(file);
    auto* own = static_cast<Private*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Private), pool::tag("IoSy"), 0, true));
    IRP* irp = own ? allocate_irp(device->StackSize) : nullptr;
    if (!irp) {
        if (own) pool::release(own);
        return {STATUS_INSUFFICIENT_RESOURCES, 0};
    }
    ke::initialize_event(own->event, SynchronizationEvent, false);
    irp->RequestorMode = mode;
    irp->Flags = IRP_SYNCHRONOUS_API;
    irp->UserBuffer = user_buffer;
    irp->UserEvent = &own->event;
    irp->UserIosb = &own->iosb;
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
    irp->Tail.Overlay.OriginalFileObject = file;
    IO_STACK_LOCATION* next = next_location(irp);
    next->MajorFunction = major;
    next->FileObject = file;
    fill(next->Parameters);
    ob::reference(file); // finish() drops it
    queue_to_thread(irp);
    if (trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), major, 0, static_cast<UCHAR>(mode),
                                irp->Flags, file, device);
    NTSTATUS status = call_driver(device, irp);
    if (!NT_ERROR(status)) { // an error at once leaves event and status block alone
        detail::wait_for_own_request(file, own->event, mode);
        status = own->iosb.Status;
    }
    const Sent sent{status, own->iosb.Information};
    pool::release(own);
    return sent;
}
// On a synchronous file one after the other, since the end of each request is told through the file.
template <class Fill>
Sent send(FILE_OBJECT* file, UCHAR major, PVOID user_buffer, KPROCESSOR_MODE mode, Fill fill) {
    const bool synchronous = file->Flags & FO_SYNCHRONOUS_IO;
    if (synchronous)
        if (const NTSTATUS status = acquire_file_lock(file, mode); status != STATUS_SUCCESS)
            return {status, 0};
    const Sent sent = send_alone(file, major, user_buffer, mode, fill);
    if (synchronous) release_file_lock(file);
    return sent;
}

} // namespace

// DEVICE_OBJECT.SecurityDescriptor is what drivers see. assumed: a device of a stack changes alone; the PnP
// manager, which sets those of a whole stack, does not exist.
NTSTATUS set_device_security(PVOID object, ULONG information, const void* captured, KPROCESSOR_MODE mode) {
    const NTSTATUS status = se::set_header_security(object, information, captured, mode);
    static_cast<DEVICE_OBJECT*>(object)->SecurityDescriptor = ob::security_of(object);
    return status;
}

NTSTATUS query_file_security(PVOID object, ULONG information, PVOID to, ULONG& length, KPROCESSOR_MODE mode) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (is_device_itself(file)) return se::query_header_security(file->DeviceObject, information, to, length);
    const Sent sent = send(file, IRP_MJ_QUERY_SECURITY, to, mode, [&](auto& parameters) {
        parameters.QuerySecurity.SecurityInformation = information;
        parameters.QuerySecurity.Length = length;
    });
    if (sent.status ==
        STATUS_BUFFER_OVERFLOW) { // what file systems answer instead of STATUS_BUFFER_TOO_SMALL
        length = static_cast<ULONG>(sent.information);
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (sent.status == STATUS_INVALID_DEVICE_REQUEST) {
        // assumed: a driver without security for its names leaves them open to everybody.
        static const se::Descriptor everybody = se::from_sddl(u"O:WDG:WDD:(A;;FA;;;WD)");
        return se::give_parts(everybody.data(), information, to, length);
    }
    if (NT_SUCCESS(sent.status)) length = static_cast<ULONG>(sent.information);
    return sent.status;
}

NTSTATUS set_file_security(PVOID object, ULONG information, const void* captured, KPROCESSOR_MODE mode) {
    auto* file = static_cast<FILE_OBJECT*>(object);
    if (is_device_itself(file)) return set_device_security(file->DeviceObject, information, captured, mode);
    return send(file, IRP_MJ_SET_SECURITY, nullptr, mode,
                [&](auto& parameters) {
                    parameters.SetSecurity.SecurityInformation = information;
                    parameters.SetSecurity.SecurityDescriptor = const_cast<void*>(captured);
                })
        .status;
}

} // namespace nt::io::detail
