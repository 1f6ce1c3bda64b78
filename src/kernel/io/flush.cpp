// NtFlushBuffersFile and NtFlushBuffersFileEx: nf-ntifs-zwflushbuffersfileex.
#include "abi/status.h"
#include "kernel/io/detail/request.h"

namespace nt::io {

namespace {

constexpr ULONG FLUSH_FLAGS_FILE_DATA_ONLY = 1, FLUSH_FLAGS_NO_SYNC = 2, FLUSH_FLAGS_FILE_DATA_SYNC_ONLY = 4;

// "0 or one of the following values".
bool minor_of(ULONG flags, UCHAR& minor) {
    switch (flags) {
    case 0:
        minor = 0;
        return true;
    case FLUSH_FLAGS_FILE_DATA_ONLY:
        minor = IRP_MN_FLUSH_DATA_ONLY;
        return true;
    case FLUSH_FLAGS_NO_SYNC:
        minor = IRP_MN_FLUSH_NO_SYNC;
        return true;
    case FLUSH_FLAGS_FILE_DATA_SYNC_ONLY:
        minor = IRP_MN_FLUSH_DATA_SYNC_ONLY;
        return true;
    default:
        return false;
    }
}

} // namespace

NTSTATUS flush_buffers(HANDLE file, ULONG flags, IO_STATUS_BLOCK* iosb, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    UCHAR minor;
    if (!minor_of(flags, minor)) return STATUS_INVALID_PARAMETER;
    detail::Request request(caller);
    NTSTATUS status = request.begin(FILE_WRITE_DATA | FILE_APPEND_DATA);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(IRP_MJ_FLUSH_BUFFERS, minor);
    return status == STATUS_SUCCESS ? request.issue_and_wait() : request.abandon(status);
}

} // namespace nt::io
