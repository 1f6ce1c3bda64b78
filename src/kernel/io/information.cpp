// NtQueryInformationFile, NtSetInformationFile, NtQueryVolumeInformationFile, NtFlushBuffersFile. What the
// I/O manager itself knows it answers; the rest is a buffered request to the driver.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/completion.h"
#include "kernel/io/detail/request.h"
#include "kernel/io/irp.h"
#include "kernel/mm/probe.h"
#include <cstring>

namespace nt::io {

namespace {

// What a class needs; length 0: not a class that is known here.
struct ClassFacts {
    ULONG length = 0;
    ACCESS_MASK access = 0;
};

ClassFacts query_facts(ULONG c) {
    switch (c) {
    case FileBasicInformation:
        return {sizeof(FILE_BASIC_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileStandardInformation:
        return {sizeof(FILE_STANDARD_INFORMATION), 0};
    case FileInternalInformation:
        return {sizeof(FILE_INTERNAL_INFORMATION), 0};
    case FileEaInformation:
        return {sizeof(FILE_EA_INFORMATION), 0};
    case FileAccessInformation:
        return {sizeof(FILE_ACCESS_INFORMATION), 0};
    case FileNameInformation:
    case FileAlternateNameInformation:
    case FileNormalizedNameInformation:
        return {sizeof(FILE_NAME_INFORMATION), 0};
    case FilePositionInformation:
        return {sizeof(FILE_POSITION_INFORMATION), FILE_READ_DATA | FILE_WRITE_DATA};
    case FileModeInformation:
        return {sizeof(FILE_MODE_INFORMATION), 0};
    case FileAlignmentInformation:
        return {sizeof(FILE_ALIGNMENT_INFORMATION), 0};
    case FileAllInformation:
        return {sizeof(FILE_ALL_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileStreamInformation:
        return {sizeof(FILE_STREAM_INFORMATION), 0};
    case FilePipeInformation:
        return {sizeof(FILE_PIPE_INFORMATION), FILE_READ_ATTRIBUTES};
    case FilePipeLocalInformation:
        return {sizeof(FILE_PIPE_LOCAL_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileNetworkOpenInformation:
        return {sizeof(FILE_NETWORK_OPEN_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileAttributeTagInformation:
        return {sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileIsRemoteDeviceInformation:
        return {sizeof(FILE_IS_REMOTE_DEVICE_INFORMATION), 0};
    case FileIoCompletionNotificationInformation:
        return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION), 0};
    default:
        return {};
    }
}

ClassFacts set_facts(ULONG c) {
    switch (c) {
    case FileBasicInformation:
        return {sizeof(FILE_BASIC_INFORMATION), FILE_WRITE_ATTRIBUTES};
    case FileRenameInformation:
        return {sizeof(FILE_RENAME_INFORMATION), DELETE};
    case FileLinkInformation:
        return {sizeof(FILE_LINK_INFORMATION), 0};
    case FileDispositionInformation:
        return {sizeof(FILE_DISPOSITION_INFORMATION), DELETE};
    case FileDispositionInformationEx:
        return {sizeof(FILE_DISPOSITION_INFORMATION_EX), DELETE};
    case FilePositionInformation:
        return {sizeof(FILE_POSITION_INFORMATION), FILE_READ_DATA | FILE_WRITE_DATA};
    case FileModeInformation:
        return {sizeof(FILE_MODE_INFORMATION), 0};
    case FileAllocationInformation:
        return {sizeof(FILE_ALLOCATION_INFORMATION), FILE_WRITE_DATA};
    case FileEndOfFileInformation:
        return {sizeof(FILE_END_OF_FILE_INFORMATION), FILE_WRITE_DATA};
    case FileValidDataLengthInformation:
        return {sizeof(FILE_VALID_DATA_LENGTH_INFORMATION), FILE_WRITE_DATA};
    case FilePipeInformation:
        return {sizeof(FILE_PIPE_INFORMATION), FILE_WRITE_ATTRIBUTES};
    case FileIoCompletionNotificationInformation:
        return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION), 0};
    case FileCompletionInformation:
    case FileReplaceCompletionInformation:
        return {sizeof(FILE_COMPLETION_INFORMATION), 0};
    default:
        return {};
    }
}

ClassFacts volume_facts(ULONG c) {
    switch (c) {
    case FileFsVolumeInformation:
        return {sizeof(FILE_FS_VOLUME_INFORMATION), 0};
    case FileFsSizeInformation:
        return {sizeof(FILE_FS_SIZE_INFORMATION), 0};
    case FileFsDeviceInformation:
        return {sizeof(FILE_FS_DEVICE_INFORMATION), 0};
    case FileFsAttributeInformation:
        return {sizeof(FILE_FS_ATTRIBUTE_INFORMATION), 0};
    case FileFsFullSizeInformation:
        return {sizeof(FILE_FS_FULL_SIZE_INFORMATION), 0};
    default:
        return {};
    }
}

ULONG mode_of(const FILE_OBJECT* file) {
    ULONG mode = 0;
    if (file->Flags & FO_WRITE_THROUGH) mode |= FILE_WRITE_THROUGH;
    if (file->Flags & FO_SEQUENTIAL_ONLY) mode |= FILE_SEQUENTIAL_ONLY;
    if (file->Flags & FO_NO_INTERMEDIATE_BUFFERING) mode |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (file->Flags & FO_SYNCHRONOUS_IO)
        mode |= file->Flags & FO_ALERTABLE_IO ? FILE_SYNCHRONOUS_IO_ALERT : FILE_SYNCHRONOUS_IO_NONALERT;
    if (file->Flags & FO_DELETE_ON_CLOSE) mode |= FILE_DELETE_ON_CLOSE;
    return mode;
}

// Ends a query that the I/O manager answers with `value`.
template <class T> NTSTATUS give(detail::Request& request, PVOID buffer, const T& value) {
    if (!guest::write(reinterpret_cast<ULONG_PTR>(buffer), value))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    return request.answer(STATUS_SUCCESS, sizeof(T));
}

// Whether the handle may and the lengths are right. Probes the buffer.
NTSTATUS check(const detail::Request& request, const ClassFacts& facts, PVOID buffer, ULONG length,
               bool output) {
    if (facts.length == 0) return STATUS_INVALID_INFO_CLASS;
    if (length < facts.length) return STATUS_INFO_LENGTH_MISMATCH;
    if (request.caller.mode == KernelMode) return STATUS_SUCCESS;
    if (facts.access && !(request.granted & facts.access)) return STATUS_ACCESS_DENIED;
    const auto address = reinterpret_cast<ULONG_PTR>(buffer);
    return output ? mm::probe_for_write(address, length, 4) : mm::probe_for_read(address, length, 4);
}

NTSTATUS send_query(detail::Request& request, UCHAR major, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = request.new_irp(major);
    if (NT_SUCCESS(status)) status = request.system_buffer(length, nullptr, 0);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    request.irp->UserBuffer = buffer;
    request.irp->Flags |= IRP_INPUT_OPERATION;
    // QueryFile and QueryVolume have the same layout.
    auto& parameters = request.location()->Parameters.QueryFile;
    parameters.Length = length;
    parameters.FileInformationClass = static_cast<FILE_INFORMATION_CLASS>(info_class);
    std::memset(request.irp->AssociatedIrp.SystemBuffer, 0, length);
    if (major == IRP_MJ_QUERY_INFORMATION && info_class == FileAllInformation) {
        auto& all = *static_cast<FILE_ALL_INFORMATION*>(request.irp->AssociatedIrp.SystemBuffer);
        all.AccessInformation.AccessFlags = request.granted;
        all.ModeInformation.Mode = mode_of(request.file);
        all.AlignmentInformation.AlignmentRequirement = request.device->AlignmentRequirement;
    }
    return request.issue_and_wait();
}

// FilePositionInformation of a synchronous file is the I/O manager's; so are these.
NTSTATUS set_position(detail::Request& request, PVOID buffer) {
    FILE_POSITION_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    if (given.CurrentByteOffset.QuadPart < 0) return request.abandon(STATUS_INVALID_PARAMETER);
    request.file->CurrentByteOffset = given.CurrentByteOffset;
    return request.answer(STATUS_SUCCESS, 0);
}

NTSTATUS set_mode(detail::Request& request, PVOID buffer) {
    FILE_MODE_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    constexpr ULONG sync = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
    ULONG& flags = request.file->Flags;
    const bool is_sync = flags & FO_SYNCHRONOUS_IO;
    const bool wants_sync = given.Mode & sync;
    if ((given.Mode & ~FILE_VALID_SET_FLAGS) || (given.Mode & sync) == sync || is_sync != wants_sync)
        return request.abandon(STATUS_INVALID_PARAMETER);
    flags &= ~(FO_WRITE_THROUGH | FO_SEQUENTIAL_ONLY | FO_ALERTABLE_IO);
    if (given.Mode & FILE_WRITE_THROUGH) flags |= FO_WRITE_THROUGH;
    if (given.Mode & FILE_SEQUENTIAL_ONLY) flags |= FO_SEQUENTIAL_ONLY;
    if (given.Mode & FILE_SYNCHRONOUS_IO_ALERT) flags |= FO_ALERTABLE_IO;
    return request.answer(STATUS_SUCCESS, 0);
}

NTSTATUS set_notification(detail::Request& request, PVOID buffer) {
    FILE_IO_COMPLETION_NOTIFICATION_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    constexpr ULONG all = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE |
                          FILE_SKIP_SET_USER_EVENT_ON_FAST_IO;
    if (given.Flags & ~all) return request.abandon(STATUS_INVALID_PARAMETER);
    if (given.Flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) request.file->Flags |= FO_SKIP_COMPLETION_PORT;
    if (given.Flags & FILE_SKIP_SET_EVENT_ON_HANDLE) request.file->Flags |= FO_SKIP_SET_EVENT;
    if (given.Flags & FILE_SKIP_SET_USER_EVENT_ON_FAST_IO) request.file->Flags |= FO_SKIP_SET_FAST_IO;
    return request.answer(STATUS_SUCCESS, 0);
}

ULONG notification_of(const FILE_OBJECT* file) {
    return (file->Flags & FO_SKIP_COMPLETION_PORT ? FILE_SKIP_COMPLETION_PORT_ON_SUCCESS : 0) |
           (file->Flags & FO_SKIP_SET_EVENT ? FILE_SKIP_SET_EVENT_ON_HANDLE : 0) |
           (file->Flags & FO_SKIP_SET_FAST_IO ? FILE_SKIP_SET_USER_EVENT_ON_FAST_IO : 0);
}

// No port ends the binding, which only FileReplaceCompletionInformation may.
NTSTATUS set_completion(detail::Request& request, PVOID buffer, bool replace) {
    FILE_COMPLETION_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    PVOID port = nullptr;
    if (given.Port || !replace)
        if (const NTSTATUS status = ob::reference_by_handle(
                given.Port, IO_COMPLETION_MODIFY_STATE, completion_type, request.caller.mode, &port, nullptr);
            !NT_SUCCESS(status))
            return request.abandon(status);
    const NTSTATUS status = bind_completion(request.file, static_cast<KQUEUE*>(port), given.Key, replace);
    if (port) ob::dereference(port);
    return NT_SUCCESS(status) ? request.answer(status, 0) : request.abandon(status);
}

} // namespace

NTSTATUS query_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                           KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status)) status = check(request, query_facts(info_class), buffer, length, true);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    switch (info_class) {
    case FileAccessInformation:
        return give(request, buffer, FILE_ACCESS_INFORMATION{request.granted});
    case FileModeInformation:
        return give(request, buffer, FILE_MODE_INFORMATION{mode_of(request.file)});
    case FileAlignmentInformation:
        return give(request, buffer, FILE_ALIGNMENT_INFORMATION{request.device->AlignmentRequirement});
    case FileIoCompletionNotificationInformation:
        return give(request, buffer,
                    FILE_IO_COMPLETION_NOTIFICATION_INFORMATION{notification_of(request.file)});
    case FilePositionInformation:
        if (request.synchronous)
            return give(request, buffer, FILE_POSITION_INFORMATION{request.file->CurrentByteOffset});
        break;
    case FileIsRemoteDeviceInformation: {
        const bool remote = request.device->Characteristics & FILE_REMOTE_DEVICE;
        return give(request, buffer, FILE_IS_REMOTE_DEVICE_INFORMATION{remote});
    }
    }
    return send_query(request, IRP_MJ_QUERY_INFORMATION, buffer, length, info_class);
}

NTSTATUS set_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                         KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status)) status = check(request, set_facts(info_class), buffer, length, false);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    if (info_class == FilePositionInformation && request.synchronous) return set_position(request, buffer);
    if (info_class == FileModeInformation) return set_mode(request, buffer);
    if (info_class == FileIoCompletionNotificationInformation) return set_notification(request, buffer);
    if (info_class == FileCompletionInformation || info_class == FileReplaceCompletionInformation)
        return set_completion(request, buffer, info_class == FileReplaceCompletionInformation);
    status = request.new_irp(IRP_MJ_SET_INFORMATION);
    if (NT_SUCCESS(status)) status = request.system_buffer(length, buffer, length);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    auto& parameters = request.location()->Parameters.SetFile;
    parameters.Length = length;
    parameters.FileInformationClass = static_cast<FILE_INFORMATION_CLASS>(info_class);
    // Renames and links into another directory need that directory's file: they come with file systems.
    if (info_class == FileRenameInformation || info_class == FileLinkInformation)
        parameters.ReplaceIfExists =
            static_cast<FILE_RENAME_INFORMATION*>(request.irp->AssociatedIrp.SystemBuffer)->ReplaceIfExists;
    return request.issue_and_wait();
}

NTSTATUS query_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                  ULONG info_class, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status)) status = check(request, volume_facts(info_class), buffer, length, true);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    if (info_class == FileFsDeviceInformation) {
        const DEVICE_OBJECT* device = request.file->DeviceObject;
        const bool mounted = device->Vpb && (device->Vpb->Flags & VPB_MOUNTED);
        return give(
            request, buffer,
            FILE_FS_DEVICE_INFORMATION{device->DeviceType,
                                       device->Characteristics | (mounted ? FILE_DEVICE_IS_MOUNTED : 0)});
    }
    return send_query(request, IRP_MJ_QUERY_VOLUME_INFORMATION, buffer, length, info_class);
}

NTSTATUS flush_buffers(HANDLE file, IO_STATUS_BLOCK* iosb, KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(FILE_WRITE_DATA | FILE_APPEND_DATA);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    status = request.new_irp(IRP_MJ_FLUSH_BUFFERS);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    return request.issue_and_wait();
}

} // namespace nt::io
