// NtReadFile, NtWriteFile, and the same with pages here and there: NtReadFileScatter, NtWriteFileGather.
#include "abi/status.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/request.h"
#include "trace/trace.h"

namespace nt::io {

namespace {

bool is(const LARGE_INTEGER& offset, LONG special) {
    return offset.HighPart == -1 && offset.LowPart == static_cast<ULONG>(special);
}

// Where the transfer begins, by the rules of the ByteOffset parameter.
NTSTATUS choose_offset(const detail::Request& request, const LARGE_INTEGER* given, bool write,
                       LARGE_INTEGER& offset) {
    const FILE_OBJECT* file = request.file;
    if (given)
        if (const NTSTATUS status = detail::fetch(offset, given, request.caller.mode); !NT_SUCCESS(status))
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

// Rules of FILE_NO_INTERMEDIATE_BUFFERING (nf-ntifs-ntcreatefile): whole sectors, and a buffer as the device
// wants it. assumed: the status, and that what drivers ask for is their own affair
NTSTATUS check_unbuffered(const detail::Request& request, const void* buffer, ULONG length,
                          const LARGE_INTEGER& offset) {
    if (request.caller.mode == KernelMode) return STATUS_SUCCESS;
    const bool special = offset.QuadPart < 0; // the end of the file
    if (!detail::whole_sectors(request.device, length) ||
        (!special && !detail::whole_sectors(request.device, offset.QuadPart)) ||
        (length && reinterpret_cast<ULONG_PTR>(buffer) & request.device->AlignmentRequirement))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

// A driver with a cache of its own may have the data at hand (PrivateCacheMap is set by file systems only,
// ns-wdm-_file_object). True: it did the work.
bool try_fast_io(detail::Request& request, PVOID buffer, ULONG length, const LARGE_INTEGER& offset, ULONG key,
                 bool write, IO_STATUS_BLOCK& result) {
    detail::FastIo fast(request);
    if (!fast.begin()) return false;
    fast.block->offset = offset;
    const bool handled =
        write ? fast.call("FastIoWrite", &FAST_IO_DISPATCH::FastIoWrite, request.file, &fast.block->offset,
                          length, BOOLEAN(TRUE), key, buffer, &fast.block->iosb, request.device)
              : fast.call("FastIoRead", &FAST_IO_DISPATCH::FastIoRead, request.file, &fast.block->offset,
                          length, BOOLEAN(TRUE), key, buffer, &fast.block->iosb, request.device);
    result = fast.block->iosb;
    fast.end();
    // Any other answer is the slow path's to give. assumed: which these are
    return handled && (result.Status == STATUS_SUCCESS || result.Status == STATUS_BUFFER_OVERFLOW ||
                       result.Status == STATUS_END_OF_FILE);
}

// `Segments`: the buffer is an array of FILE_SEGMENT_ELEMENT, each of which leads to a page.
template <bool Segments>
NTSTATUS transfer(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* given,
                  const ULONG* key, bool write) {
    detail::Request request(caller);
    NTSTATUS status = request.begin(write ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_READ_DATA);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if constexpr (Segments) {
        // The pages go to the driver as they are: there is nobody to buffer them. assumed: the status
        if (!(request.file->Flags & FO_NO_INTERMEDIATE_BUFFERING) || request.device->Flags & DO_BUFFERED_IO)
            return request.abandon(STATUS_INVALID_PARAMETER);
    } else {
        status = write ? detail::probe_input(caller, buffer, length)
                       : detail::probe_output(caller, buffer, length);
        if (!NT_SUCCESS(status)) [[unlikely]]
            return request.abandon(status);
    }
    ULONG lock_key = 0;
    if (key)
        if (status = detail::fetch(lock_key, key, caller.mode); !NT_SUCCESS(status))
            return request.abandon(status);
    status = request.lock();
    if (status != STATUS_SUCCESS) [[unlikely]]
        return request.abandon(status);
    LARGE_INTEGER offset;
    status = choose_offset(request, given, write, offset);
    if (NT_SUCCESS(status) && request.file->Flags & FO_NO_INTERMEDIATE_BUFFERING) [[unlikely]]
        status = check_unbuffered(request, Segments ? nullptr : buffer, length, offset);
    if (!Segments && NT_SUCCESS(status) && request.synchronous && request.file->PrivateCacheMap)
        [[unlikely]] {
        IO_STATUS_BLOCK result;
        if (try_fast_io(request, buffer, length, offset, lock_key, write, result))
            return request.answer(result.Status, result.Information,
                                  write ? detail::io_write : detail::io_read);
    }
    if (NT_SUCCESS(status)) [[likely]]
        status = request.new_irp(write ? IRP_MJ_WRITE : IRP_MJ_READ);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (request.synchronous) detail::body_of_file(request.file).transfer_start = offset.QuadPart;
    IRP* irp = request.irp;
    if (write && request.file->Flags & FO_WRITE_THROUGH) request.location()->Flags = SL_WRITE_THROUGH;
    // ns-wdm-_io_stack_location: "Today this flag is used only with IRP_MJ_READ operations".
    if (key && !write) request.location()->Flags |= SL_KEY_SPECIFIED;
    irp->Flags |= write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
    if (request.file->Flags & FO_NO_INTERMEDIATE_BUFFERING) irp->Flags |= IRP_NOCACHE;
    // Read and Write have the same layout.
    auto& parameters = request.location()->Parameters.Read;
    parameters.Length = length;
    parameters.Key = lock_key;
    parameters.ByteOffset = offset;
    if constexpr (Segments)
        status = request.lock_segments(static_cast<const FILE_SEGMENT_ELEMENT*>(buffer), length, !write);
    else
        status = write ? request.attach_input(buffer, length) : request.attach_output(buffer, length);
    if (!NT_SUCCESS(status)) [[unlikely]]
        return request.abandon(status);
    if (trace::on) [[unlikely]]
        request.trace_buffers(write ? length : 0, write ? 0 : length);
    return request.issue();
}

} // namespace

NTSTATUS read_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                   const ULONG* key) {
    return transfer<false>(caller, buffer, length, offset, key, false);
}
NTSTATUS write_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                    const ULONG* key) {
    return transfer<false>(caller, buffer, length, offset, key, true);
}
NTSTATUS read_scatter(const Caller& caller, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                      const LARGE_INTEGER* offset, const ULONG* key) {
    return transfer<true>(caller, segments, length, offset, key, false);
}
NTSTATUS write_gather(const Caller& caller, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                      const LARGE_INTEGER* offset, const ULONG* key) {
    return transfer<true>(caller, segments, length, offset, key, true);
}

} // namespace nt::io
