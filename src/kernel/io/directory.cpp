// NtQueryDirectoryFile(Ex) and NtNotifyChangeDirectoryFile(Ex): IRP_MJ_DIRECTORY_CONTROL. What is in a
// directory, and what the search expression means, is the driver's matter.
#include "abi/status.h"
#include "kernel/io/detail/information_classes.h"
#include "kernel/io/detail/request.h"
#include "kernel/ob/namespace.h"
#include <cstring>

namespace nt::io {

namespace {

// FileName of the stack location: the string and its characters behind it, in memory that goes with the IRP.
NTSTATUS attach_name(detail::Request& request, const UNICODE_STRING& name) {
    auto* copy = static_cast<UNICODE_STRING*>(request.auxiliary(sizeof(UNICODE_STRING) + name.Length));
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    *copy = {name.Length, name.Length, reinterpret_cast<WCHAR*>(copy + 1)};
    std::memcpy(copy->Buffer, name.Buffer, name.Length);
    request.location()->Parameters.QueryDirectory.FileName = copy;
    return STATUS_SUCCESS;
}

// assumed: flags that the Ex page does not give to callers are refused.
NTSTATUS check_query(ULONG length, ULONG info_class, ULONG flags) {
    if (flags & ~ULONG{SL_QUERY_DIRECTORY_MASK}) return STATUS_INVALID_PARAMETER;
    return detail::check_length({detail::directory_entry_length(info_class)}, length);
}

} // namespace

NTSTATUS query_directory(const Caller& caller, PVOID buffer, ULONG length, ULONG info_class, ULONG flags,
                         const UNICODE_STRING* given) {
    if (const NTSTATUS status = check_query(length, info_class, flags); !NT_SUCCESS(status)) return status;
    ob::Attributes captured;
    if (given)
        if (const NTSTATUS status = captured.capture_name(given, caller.mode); !NT_SUCCESS(status))
            return status;
    detail::Request request(caller);
    NTSTATUS status = request.begin(FILE_LIST_DIRECTORY);
    if (NT_SUCCESS(status)) status = detail::probe_output(caller, buffer, length, 4);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY);
    if (status == STATUS_SUCCESS && captured.name.Length) status = attach_name(request, captured.name);
    if (status == STATUS_SUCCESS) status = request.attach_output(buffer, length);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    request.location()->Flags = static_cast<UCHAR>(flags);
    auto& parameters = request.location()->Parameters.QueryDirectory;
    parameters.Length = length;
    parameters.FileInformationClass = static_cast<FILE_INFORMATION_CLASS>(info_class);
    if (trace::on) [[unlikely]]
        request.trace_buffers(0, length);
    return request.issue();
}

NTSTATUS notify_directory(const Caller& caller, PVOID buffer, ULONG length, ULONG filter, bool tree,
                          ULONG info_class) {
    if (!filter || (filter & ~FILE_NOTIFY_VALID_MASK)) return STATUS_INVALID_PARAMETER;
    if (info_class < DirectoryNotifyInformation || info_class >= DirectoryNotifyMaximumInformation)
        return STATUS_INVALID_INFO_CLASS;
    detail::Request request(caller);
    NTSTATUS status = request.begin(FILE_LIST_DIRECTORY);
    if (NT_SUCCESS(status)) status = detail::probe_output(caller, buffer, length, 4);
    if (NT_SUCCESS(status)) status = request.lock();
    const bool plain = info_class == DirectoryNotifyInformation;
    if (status == STATUS_SUCCESS)
        status = request.new_irp(IRP_MJ_DIRECTORY_CONTROL,
                                 plain ? IRP_MN_NOTIFY_CHANGE_DIRECTORY : IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX);
    if (status == STATUS_SUCCESS) status = request.attach_output(buffer, length);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    if (tree) request.location()->Flags = SL_WATCH_TREE;
    // The two begin alike.
    auto& parameters = request.location()->Parameters.NotifyDirectoryEx;
    parameters.Length = length;
    parameters.CompletionFilter = filter;
    if (!plain)
        parameters.DirectoryNotifyInformationClass =
            static_cast<DIRECTORY_NOTIFY_INFORMATION_CLASS>(info_class);
    if (trace::on) [[unlikely]]
        request.trace_buffers(0, length);
    return request.issue();
}

} // namespace nt::io
