// NtDeviceIoControlFile and NtFsControlFile.
#include "abi/ioctl.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/request.h"
#include "kernel/ke/dispatcher.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

struct Control {
    ULONG code;
    PVOID in;
    ULONG in_length;
    PVOID out;
    ULONG out_length;
};

// The access bits of the code must all be among the handle's rights.
bool may(const detail::Request& request, ULONG code) {
    const ULONG access = code >> 14 & 3;
    ACCESS_MASK needed = 0;
    if (access & FILE_READ_ACCESS) needed |= FILE_READ_DATA;
    if (access & FILE_WRITE_ACCESS) needed |= FILE_WRITE_DATA;
    return (request.granted & needed) == needed;
}

[[gnu::cold, gnu::noinline]] void trace_buffers(const IRP* irp, const Control& c) {
    trace::emit_irp_buffer(irp, c.code & 3, irp->AssociatedIrp.SystemBuffer, irp->MdlAddress, irp->UserBuffer,
                           c.in_length, c.out_length);
}

NTSTATUS attach_buffers(detail::Request& request, const Control& c) {
    IRP* irp = request.irp;
    const ULONG method = c.code & 3;
    auto& parameters = request.location()->Parameters.DeviceIoControl;
    parameters.OutputBufferLength = c.out_length;
    parameters.InputBufferLength = c.in_length;
    parameters.IoControlCode = c.code;
    // For IoValidateDeviceIoControlAccess.
    request.location()->Flags =
        static_cast<UCHAR>((request.granted & FILE_READ_DATA ? SL_READ_ACCESS_GRANTED : 0) |
                           (request.granted & FILE_WRITE_DATA ? SL_WRITE_ACCESS_GRANTED : 0));
    switch (method) {
    case METHOD_BUFFERED:
        if (const NTSTATUS status = detail::probe_output(request.caller, c.out, c.out_length);
            !NT_SUCCESS(status))
            return status;
        if (const ULONG size = std::max(c.in_length, c.out_length)) {
            irp->UserBuffer = c.out;
            if (c.out_length) irp->Flags |= IRP_INPUT_OPERATION;
            return request.system_buffer(size, c.in, c.in_length);
        }
        return STATUS_SUCCESS;
    case METHOD_NEITHER:
        irp->UserBuffer = c.out;
        parameters.Type3InputBuffer = c.in;
        return STATUS_SUCCESS;
    default:
        if (c.in_length)
            if (const NTSTATUS status = request.system_buffer(c.in_length, c.in, c.in_length);
                !NT_SUCCESS(status))
                return status;
        if (c.out_length == 0) return STATUS_SUCCESS;
        return request.lock_buffer(c.out, c.out_length, method == METHOD_OUT_DIRECT);
    }
}

// The driver's fast I/O routine, if it has one, is asked first. True: it did the work.
bool try_fast_io(const detail::Request& request, const Control& c, IO_STATUS_BLOCK& result) {
    detail::FastIo fast(request);
    if (!detail::fast_io_routine(request.device, &FAST_IO_DISPATCH::FastIoDeviceControl) || !fast.begin())
        return false;
    const bool wait = request.file->Flags & FO_SYNCHRONOUS_IO;
    const bool handled =
        fast.call("FastIoDeviceControl", &FAST_IO_DISPATCH::FastIoDeviceControl, request.file, BOOLEAN(wait),
                  c.in, c.in_length, c.out, c.out_length, c.code, &fast.block->iosb, request.device);
    result = fast.block->iosb;
    fast.end();
    return handled;
}

} // namespace

NTSTATUS control_file(const Caller& caller, ULONG code, PVOID in, ULONG in_length, PVOID out,
                      ULONG out_length, bool fsctl) {
    // nf-ntifs-ntfscontrolfile: lengths are "ignored if InputBuffer is NULL", and OutputBuffer.
    if (fsctl && !in) in_length = 0;
    if (fsctl && !out) out_length = 0;
    const Control control{code, in, in_length, out, out_length};
    detail::Request request(caller);
    if (const NTSTATUS status = request.begin(0); !NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (caller.mode != KernelMode && !may(request, code)) [[unlikely]]
        return request.abandon(STATUS_ACCESS_DENIED);
    if (const NTSTATUS status = request.lock(); status != STATUS_SUCCESS) [[unlikely]]
        return request.abandon(status);
    // assumed: fast I/O cannot deliver an APC, so it is not tried when one is asked for.
    if (!fsctl && request.device->DriverObject->FastIoDispatch && !caller.apc_routine) [[unlikely]] {
        IO_STATUS_BLOCK result;
        if (try_fast_io(request, control, result)) return request.answer(result.Status, result.Information);
    }
    NTSTATUS status = request.new_irp(fsctl ? IRP_MJ_FILE_SYSTEM_CONTROL : IRP_MJ_DEVICE_CONTROL);
    if (NT_SUCCESS(status)) [[likely]]
        status = attach_buffers(request, control);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (trace::on) [[unlikely]]
        trace_buffers(request.irp, control);
    return request.issue();
}

} // namespace nt::io
