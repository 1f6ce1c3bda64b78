// NtQueryInformationFile and NtSetInformationFile. What the I/O manager itself knows it answers; the rest is
// a buffered request to the driver.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/completion.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/information_classes.h"
#include "kernel/io/detail/request.h"
#include "kernel/io/detail/target.h"
#include "kernel/io/irp.h"
#include "kernel/io/request_hints.h"
#include "kernel/mm/probe.h"
#include <cstring>

namespace nt::io {

namespace {

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

NTSTATUS send_query(detail::Request& request, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = request.new_irp(IRP_MJ_QUERY_INFORMATION);
    if (NT_SUCCESS(status)) status = request.system_buffer(length, nullptr, 0);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    request.irp->UserBuffer = buffer;
    request.irp->Flags |= IRP_INPUT_OPERATION;
    auto& parameters = request.location()->Parameters.QueryFile;
    parameters.Length = length;
    parameters.FileInformationClass = static_cast<FILE_INFORMATION_CLASS>(info_class);
    std::memset(request.irp->AssociatedIrp.SystemBuffer, 0, length);
    if (info_class == FileAllInformation) {
        auto& all = *static_cast<FILE_ALL_INFORMATION*>(request.irp->AssociatedIrp.SystemBuffer);
        all.AccessInformation.AccessFlags = request.granted;
        all.ModeInformation.Mode = mode_of(request.file);
        all.AlignmentInformation.AlignmentRequirement = request.device->AlignmentRequirement;
    }
    return request.issue_and_wait();
}

// The classes that a driver may answer without an IRP (operations-that-can-be-irp-based-or-fast-i-o). True:
// it did; the answer is in the caller's buffer.
bool try_fast_query(detail::Request& request, ULONG info_class, PVOID buffer, NTSTATUS& status) {
    detail::FastIo fast(request);
    if (!fast.begin()) return false;
    const BOOLEAN wait = (request.file->Flags & FO_SYNCHRONOUS_IO) != 0;
    auto* const iosb = &fast.block->iosb;
    bool handled = false;
    ULONG size = 0;
    switch (info_class) {
    case FileBasicInformation:
        handled = fast.call("FastIoQueryBasicInfo", &FAST_IO_DISPATCH::FastIoQueryBasicInfo, request.file,
                            wait, &fast.block->basic, iosb, request.device);
        size = sizeof(FILE_BASIC_INFORMATION);
        break;
    case FileStandardInformation:
        handled = fast.call("FastIoQueryStandardInfo", &FAST_IO_DISPATCH::FastIoQueryStandardInfo,
                            request.file, wait, &fast.block->standard, iosb, request.device);
        size = sizeof(FILE_STANDARD_INFORMATION);
        break;
    case FileNetworkOpenInformation:
        handled = fast.call("FastIoQueryNetworkOpenInfo", &FAST_IO_DISPATCH::FastIoQueryNetworkOpenInfo,
                            request.file, wait, &fast.block->network, iosb, request.device);
        size = sizeof(FILE_NETWORK_OPEN_INFORMATION);
        break;
    default:
        break;
    }
    if (handled) {
        const NTSTATUS answer = iosb->Status;
        const bool copied = !NT_SUCCESS(answer) ||
                            guest::copy_to(reinterpret_cast<ULONG_PTR>(buffer), &fast.block->basic, size);
        status = !copied            ? request.abandon(STATUS_ACCESS_VIOLATION)
                 : NT_ERROR(answer) ? request.abandon(answer)
                                    : request.answer(answer, iosb->Information);
    }
    fast.end();
    return handled;
}

// FilePositionInformation of a synchronous file is the I/O manager's; so are these.
NTSTATUS set_position(detail::Request& request, PVOID buffer) {
    FILE_POSITION_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    if (given.CurrentByteOffset.QuadPart < 0) return request.abandon(STATUS_INVALID_PARAMETER);
    if (request.file->Flags & FO_NO_INTERMEDIATE_BUFFERING &&
        !detail::whole_sectors(request.device, given.CurrentByteOffset.QuadPart))
        return request.abandon(STATUS_INVALID_PARAMETER);
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

NTSTATUS set_priority(detail::Request& request, PVOID buffer) {
    FILE_IO_PRIORITY_HINT_INFORMATION given;
    if (!guest::read(reinterpret_cast<ULONG_PTR>(buffer), given))
        return request.abandon(STATUS_ACCESS_VIOLATION);
    const NTSTATUS status = set_priority_hint(request.file, static_cast<ULONG>(given.PriorityHint));
    return NT_SUCCESS(status) ? request.answer(status, 0) : request.abandon(status);
}
LONG priority_of(FILE_OBJECT* file) {
    IO_PRIORITY_INFO info{};
    retrieve_priorities(nullptr, file, nullptr, info);
    return static_cast<LONG>(info.IoPriority);
}

// The classes for drivers that need no access checks are the plain ones to a file system.
ULONG class_for_driver(ULONG c) {
    switch (c) {
    case FileRenameInformationBypassAccessCheck:
        return FileRenameInformation;
    case FileRenameInformationExBypassAccessCheck:
        return FileRenameInformationEx;
    case FileLinkInformationBypassAccessCheck:
        return FileLinkInformation;
    case FileLinkInformationExBypassAccessCheck:
        return FileLinkInformationEx;
    case FileCaseSensitiveInformationForceAccessCheck:
        return FileCaseSensitiveInformation;
    default:
        return c;
    }
}

NTSTATUS query(detail::Request& request, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = request.lock();
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
    case FileIoPriorityHintInformation:
        return give(request, buffer, FILE_IO_PRIORITY_HINT_INFORMATION{priority_of(request.file)});
    case FilePositionInformation:
        if (request.synchronous)
            return give(request, buffer, FILE_POSITION_INFORMATION{request.file->CurrentByteOffset});
        break;
    case FileIsRemoteDeviceInformation: {
        const bool remote = request.device->Characteristics & FILE_REMOTE_DEVICE;
        return give(request, buffer, FILE_IS_REMOTE_DEVICE_INFORMATION{remote});
    }
    }
    if (request.device->DriverObject->FastIoDispatch && try_fast_query(request, info_class, buffer, status))
        return status;
    return send_query(request, buffer, length, class_for_driver(info_class));
}

NTSTATUS set(detail::Request& request, HANDLE handle, PVOID buffer, ULONG length, ULONG info_class) {
    NTSTATUS status = request.lock();
    if (status != STATUS_SUCCESS) return request.abandon(status);
    switch (info_class) {
    case FilePositionInformation:
        if (request.synchronous) return set_position(request, buffer);
        break;
    case FileModeInformation:
        return set_mode(request, buffer);
    case FileIoCompletionNotificationInformation:
        return set_notification(request, buffer);
    case FileIoPriorityHintInformation:
        return set_priority(request, buffer);
    case FileCompletionInformation:
        return set_completion(request, buffer, false);
    case FileReplaceCompletionInformation:
        return set_completion(request, buffer, true);
    }
    status = request.new_irp(IRP_MJ_SET_INFORMATION);
    if (NT_SUCCESS(status)) status = request.system_buffer(length, buffer, length);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    const ULONG sent = class_for_driver(info_class);
    auto& parameters = request.location()->Parameters.SetFile;
    parameters.Length = length;
    parameters.FileInformationClass = static_cast<FILE_INFORMATION_CLASS>(sent);
    // wdm.h: the handle of the file, for a disposition.
    if (sent == FileDispositionInformation) parameters.DeleteHandle = handle;
    detail::Target target;
    if (sent == FileRenameInformation || sent == FileRenameInformationEx || sent == FileLinkInformation ||
        sent == FileLinkInformationEx) {
        const auto& link =
            *static_cast<const FILE_RENAME_INFORMATION*>(request.irp->AssociatedIrp.SystemBuffer);
        const bool flags = sent == FileRenameInformationEx || sent == FileLinkInformationEx;
        status = target.open(request, link, length, sent != info_class);
        if (!NT_SUCCESS(status)) return request.abandon(status);
        parameters.FileObject = target.file;
        parameters.ReplaceIfExists = flags ? (link.Flags & 1) != 0 : link.ReplaceIfExists;
    }
    status = request.issue_and_wait();
    target.close();
    return status;
}

} // namespace

NTSTATUS query_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                           KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status))
        status = detail::check_query(request, detail::query_facts(info_class), buffer, length);
    return NT_SUCCESS(status) ? query(request, buffer, length, info_class) : request.abandon(status);
}

NTSTATUS set_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                         KPROCESSOR_MODE mode) {
    const Caller caller{file, nullptr, nullptr, nullptr, iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status))
        status = detail::check_set(request, detail::set_facts(info_class), buffer, length);
    return NT_SUCCESS(status) ? set(request, file, buffer, length, info_class) : request.abandon(status);
}

NTSTATUS query_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class,
                              ULONG_PTR& information) {
    return detail::with_status_block(information, [&](const Caller& caller) {
        detail::Request request(caller);
        request.begin_object(file);
        const NTSTATUS status = detail::check_query(request, detail::query_facts(info_class), buffer, length);
        return NT_SUCCESS(status) ? query(request, buffer, length, info_class) : request.abandon(status);
    });
}

NTSTATUS set_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class) {
    ULONG_PTR information;
    return detail::with_status_block(information, [&](const Caller& caller) {
        detail::Request request(caller);
        request.begin_object(file);
        const NTSTATUS status = detail::check_set(request, detail::set_facts(info_class), buffer, length);
        return NT_SUCCESS(status) ? set(request, nullptr, buffer, length, info_class)
                                  : request.abandon(status);
    });
}

} // namespace nt::io
