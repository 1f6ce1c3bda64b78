// NtReadFile, NtWriteFile, NtFlushBuffersFile.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/request.h"
#include "kernel/mm/probe.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

NTSTATUS fetch(void* to, const void* from, SIZE_T size, KPROCESSOR_MODE mode) {
    const auto address = reinterpret_cast<ULONG_PTR>(from);
    if (mode != KernelMode)
        if (const NTSTATUS status = mm::probe_for_read(address, size, 4); !NT_SUCCESS(status)) return status;
    return guest::copy_from(to, address, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

bool is(const LARGE_INTEGER& offset, LONG special) {
    return offset.HighPart == -1 && offset.LowPart == static_cast<ULONG>(special);
}

// Where the transfer begins, by the rules of the ByteOffset parameter.
NTSTATUS choose_offset(const detail::Request& request, const LARGE_INTEGER* given, bool write,
                       LARGE_INTEGER& offset) {
    const FILE_OBJECT* file = request.file;
    if (given)
        if (const NTSTATUS status = fetch(&offset, given, sizeof offset, request.caller.mode);
            !NT_SUCCESS(status))
            return status;
    // Only appending is allowed: wherever the caller points, it goes to the end.
    if (write && (request.granted & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == FILE_APPEND_DATA) {
        offset.QuadPart = -1;
        return STATUS_SUCCESS;
    }
    if (request.synchronous && (!given || is(offset, FILE_USE_FILE_POINTER_POSITION))) {
        offset = file->CurrentByteOffset;
        return STATUS_SUCCESS;
    }
    if (!given) {
        if (!(file->Flags & (FO_NAMED_PIPE | FO_MAILSLOT))) return STATUS_INVALID_PARAMETER;
        offset.QuadPart = 0;
        return STATUS_SUCCESS;
    }
    if (write && is(offset, FILE_WRITE_TO_END_OF_FILE)) return STATUS_SUCCESS;
    return offset.QuadPart < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

NTSTATUS attach_buffer(detail::Request& request, PVOID buffer, ULONG length, bool write) {
    IRP* irp = request.irp;
    const ULONG flags = request.device->Flags;
    if (flags & DO_BUFFERED_IO) {
        if (!write) {
            irp->UserBuffer = buffer;
            irp->Flags |= IRP_INPUT_OPERATION;
        }
        return request.system_buffer(length, buffer, write ? length : 0);
    }
    if (flags & DO_DIRECT_IO) return length ? request.lock_buffer(buffer, length, !write) : STATUS_SUCCESS;
    irp->UserBuffer = buffer;
    return STATUS_SUCCESS;
}

NTSTATUS transfer(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* given,
                  const ULONG* key, bool write) {
    detail::Request request(caller);
    NTSTATUS status = request.begin(write ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_READ_DATA);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (caller.mode != KernelMode && length) {
        const auto address = reinterpret_cast<ULONG_PTR>(buffer);
        status = write ? mm::probe_for_read(address, length, 1) : mm::probe_for_write(address, length, 1);
        if (!NT_SUCCESS(status)) [[unlikely]]
            return request.abandon(status);
    }
    ULONG lock_key = 0;
    if (key)
        if (status = fetch(&lock_key, key, sizeof lock_key, caller.mode); !NT_SUCCESS(status))
            return request.abandon(status);
    status = request.lock();
    if (status != STATUS_SUCCESS) [[unlikely]]
        return request.abandon(status);
    LARGE_INTEGER offset;
    status = choose_offset(request, given, write, offset);
    if (NT_SUCCESS(status)) [[likely]]
        status = request.new_irp(write ? IRP_MJ_WRITE : IRP_MJ_READ);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (request.synchronous) detail::body_of_file(request.file).transfer_start = offset.QuadPart;
    IRP* irp = request.irp;
    if (request.file->Flags & FO_WRITE_THROUGH) request.location()->Flags = SL_WRITE_THROUGH;
    irp->Flags |= write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
    if (request.file->Flags & FO_NO_INTERMEDIATE_BUFFERING) irp->Flags |= IRP_NOCACHE;
    // Read and Write have the same layout.
    auto& parameters = request.location()->Parameters.Read;
    parameters.Length = length;
    parameters.Key = lock_key;
    parameters.ByteOffset = offset;
    status = attach_buffer(request, buffer, length, write);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (trace::on) [[unlikely]] {
        const UCHAR method = request.device->Flags & DO_BUFFERED_IO ? 0
                             : request.device->Flags & DO_DIRECT_IO ? (write ? 1 : 2)
                                                                    : 3;
        trace::emit_irp_buffer(irp, method, irp->AssociatedIrp.SystemBuffer, irp->MdlAddress, irp->UserBuffer,
                               write ? length : 0, write ? 0 : length);
    }
    return request.issue();
}

} // namespace

NTSTATUS read_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                   const ULONG* key) {
    return transfer(caller, buffer, length, offset, key, false);
}
NTSTATUS write_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                    const ULONG* key) {
    return transfer(caller, buffer, length, offset, key, true);
}

} // namespace nt::io
