// IoBuildAsynchronousFsdRequest and kin: requests that drivers make for other drivers.
#include "abi/ioctl.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/buffers.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/irp.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/probe.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io {

namespace {

void set_thread(IRP* irp) { irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread()); }

IRP* new_request(DEVICE_OBJECT* device, UCHAR major, UCHAR minor = 0) {
    IRP* irp = allocate_irp(device->StackSize);
    if (!irp) return nullptr;
    set_thread(irp);
    IO_STACK_LOCATION* next = next_location(irp);
    next->MajorFunction = major;
    next->MinorFunction = minor;
    if (trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), major, minor, KernelMode,
                                irp->Flags, nullptr, device);
    return irp;
}

// A buffer that cannot be read or written makes the builder fail.
void report_bad_buffer(const IRP* irp, const DEVICE_OBJECT* device, const void* buffer, NTSTATUS status) {
    const IO_STACK_LOCATION* next = next_location(const_cast<IRP*>(irp));
    const bool control =
        next->MajorFunction == IRP_MJ_DEVICE_CONTROL || next->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL;
    const char* builder = "IoBuildAsynchronousFsdRequest";
    if (control) builder = "IoBuildDeviceIoControlRequest";
    ke::report_at(
        ke::calling_address(), "InvalidBuffer",
        detail::io_verifier(control ? 0x09 : 0x08, detail::number(device),
                            control ? next->Parameters.DeviceIoControl.IoControlCode : next->MajorFunction,
                            static_cast<ULONG>(status)),
        "%s was called with an invalid buffer, 0x%lx, and gives no IRP", builder, detail::number(buffer));
}

bool lock(IRP* irp, const DEVICE_OBJECT* device, PVOID buffer, ULONG length, mm::LockOperation operation) {
    irp->MdlAddress = mm::allocate_mdl(reinterpret_cast<ULONG_PTR>(buffer), length);
    if (!irp->MdlAddress) return false;
    const NTSTATUS status = mm::probe_and_lock_pages(irp->MdlAddress, KernelMode, operation);
    if (NT_SUCCESS(status)) return true;
    report_bad_buffer(irp, device, buffer, status);
    mm::free_mdl(irp->MdlAddress);
    irp->MdlAddress = nullptr;
    return false;
}

// SystemBuffer holding a copy of the input; `size` bytes. An exception at a user address is caught (assumed:
// as the verifier's codes 8 and 9 have an exception status); a system address that is not there is a bug
// check.
bool buffer(IRP* irp, const DEVICE_OBJECT* device, ULONG size, const void* in, ULONG in_length) {
    irp->AssociatedIrp.SystemBuffer = detail::take_buffer(size);
    if (!irp->AssociatedIrp.SystemBuffer) return false;
    irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    if (in_length && detail::number(in) <= mm::highest_user_address) [[unlikely]] {
        if (guest::copy_from(irp->AssociatedIrp.SystemBuffer, detail::number(in), in_length)) return true;
        report_bad_buffer(irp, device, in, STATUS_ACCESS_VIOLATION);
        return false;
    }
    if (in_length) std::memcpy(irp->AssociatedIrp.SystemBuffer, in, in_length);
    return true;
}

bool attach_transfer_buffer(IRP* irp, DEVICE_OBJECT* device, bool write, PVOID data, ULONG length) {
    if (device->Flags & DO_BUFFERED_IO) {
        if (length && !buffer(irp, device, length, data, write ? length : 0)) return false;
        if (!write) {
            irp->Flags |= IRP_INPUT_OPERATION;
            irp->UserBuffer = data;
        }
    } else if (device->Flags & DO_DIRECT_IO) {
        if (length &&
            !lock(irp, device, data, length, write ? mm::LockOperation::read : mm::LockOperation::write))
            return false;
    } else
        irp->UserBuffer = data;
    return true;
}

bool attach_control_buffers(IRP* irp, const DEVICE_OBJECT* device, ULONG code, PVOID in, ULONG in_length,
                            PVOID out, ULONG out_length) {
    switch (code & 3) {
    case METHOD_BUFFERED:
        irp->UserBuffer = out;
        if (out_length) irp->Flags |= IRP_INPUT_OPERATION;
        return (in_length == 0 && out_length == 0) ||
               buffer(irp, device, std::max(in_length, out_length), in, in_length);
    case METHOD_NEITHER:
        irp->UserBuffer = out;
        next_location(irp)->Parameters.DeviceIoControl.Type3InputBuffer = in;
        return true;
    default:
        if (in_length && !buffer(irp, device, in_length, in, in_length)) return false;
        return out_length == 0 ||
               lock(irp, device, out, out_length,
                    (code & 3) == METHOD_IN_DIRECT ? mm::LockOperation::read : mm::LockOperation::write);
    }
}

IRP* give_up(IRP* irp) {
    if (irp->Flags & IRP_DEALLOCATE_BUFFER) detail::give_buffer(irp->AssociatedIrp.SystemBuffer);
    free_irp(irp);
    return nullptr;
}

} // namespace

IRP* build_asynchronous_fsd_request(ULONG major, DEVICE_OBJECT* device, PVOID data, ULONG length,
                                    const LARGE_INTEGER* offset, IO_STATUS_BLOCK* iosb) {
    IRP* irp = new_request(device, static_cast<UCHAR>(major));
    if (!irp) return nullptr;
    if (major == IRP_MJ_READ || major == IRP_MJ_WRITE) {
        const bool write = major == IRP_MJ_WRITE;
        if (!attach_transfer_buffer(irp, device, write, data, length)) return give_up(irp);
        irp->Flags |= write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
        // Read and Write have the same layout.
        auto& transfer = next_location(irp)->Parameters.Read;
        transfer.Length = length;
        transfer.ByteOffset = offset ? *offset : LARGE_INTEGER{};
    }
    irp->UserIosb = iosb;
    return irp;
}

IRP* build_synchronous_fsd_request(ULONG major, DEVICE_OBJECT* device, PVOID data, ULONG length,
                                   const LARGE_INTEGER* offset, KEVENT* event, IO_STATUS_BLOCK* iosb) {
    IRP* irp = build_asynchronous_fsd_request(major, device, data, length, offset, iosb);
    if (!irp) return nullptr;
    irp->UserEvent = event;
    queue_to_thread(irp);
    return irp;
}

IRP* build_device_io_control_request(ULONG code, DEVICE_OBJECT* device, PVOID in, ULONG in_length, PVOID out,
                                     ULONG out_length, bool internal, KEVENT* event, IO_STATUS_BLOCK* iosb) {
    IRP* irp = new_request(device, internal ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL);
    if (!irp) return nullptr;
    auto& control = next_location(irp)->Parameters.DeviceIoControl;
    control.OutputBufferLength = out_length;
    control.InputBufferLength = in_length;
    control.IoControlCode = code;
    if (!attach_control_buffers(irp, device, code, in, in_length, out, out_length)) return give_up(irp);
    irp->UserIosb = iosb;
    irp->UserEvent = event;
    queue_to_thread(irp);
    return irp;
}

IRP* make_associated_irp(IRP* master, CHAR stack_size) {
    IRP* irp = allocate_irp(stack_size);
    if (!irp) return nullptr;
    irp->Flags |= IRP_ASSOCIATED_IRP;
    irp->AssociatedIrp.MasterIrp = master;
    irp->Tail.Overlay.Thread = master->Tail.Overlay.Thread;
    return irp;
}

} // namespace nt::io
