// NtQueryEaFile and NtSetEaFile: nf-ntifs-zwqueryeafile, nf-ntifs-zwseteafile. And the lists of extended
// attributes that drivers and callers give.
#include "abi/status.h"
#include "kernel/io/detail/list_request.h"
#include "kernel/io/detail/request.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

// A list of names to ask for is well formed. *offset: the first bad entry.
NTSTATUS check_names(const void* list, ULONG length, ULONG& offset) {
    return detail::walk_list<FILE_GET_EA_INFORMATION>(
               list, length, offset,
               [](const FILE_GET_EA_INFORMATION& entry, ULONG left) -> ULONG {
                   constexpr ULONG head = offsetof(FILE_GET_EA_INFORMATION, EaName);
                   if (left < head) return 0;
                   const ULONG size = head + entry.EaNameLength + 1;
                   if (left < size || entry.EaName[entry.EaNameLength]) return 0;
                   return size;
               })
               ? STATUS_SUCCESS
               : STATUS_EA_LIST_INCONSISTENT;
}

} // namespace

NTSTATUS check_ea_buffer(const void* ea, ULONG length, ULONG* offset) {
    if (static_cast<LONG>(length) < 0) return *offset = 0, STATUS_EA_LIST_INCONSISTENT;
    return detail::walk_list<FILE_FULL_EA_INFORMATION>(
               ea, length, *offset,
               [](const FILE_FULL_EA_INFORMATION& entry, ULONG left) -> ULONG {
                   constexpr ULONG head = offsetof(FILE_FULL_EA_INFORMATION, EaName);
                   if (left < head) return 0;
                   const ULONG size = head + entry.EaNameLength + 1 + entry.EaValueLength;
                   if (left < size || entry.EaName[entry.EaNameLength]) return 0;
                   return size;
               })
               ? STATUS_SUCCESS
               : STATUS_EA_LIST_INCONSISTENT;
}

NTSTATUS query_ea(const QueryEa& what, KPROCESSOR_MODE mode) {
    const Caller caller{what.file, nullptr, nullptr, nullptr, what.iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(FILE_READ_EA);
    if (NT_SUCCESS(status)) status = detail::probe_output(caller, what.buffer, what.length, 4);
    ULONG index = 0;
    if (NT_SUCCESS(status) && what.index) status = detail::fetch(index, what.index, mode);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(IRP_MJ_QUERY_EA);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    auto& parameters = request.location()->Parameters.QueryEa;
    if (what.list && what.list_length) {
        PVOID list = request.auxiliary(what.list_length);
        if (!list) return request.abandon(STATUS_INSUFFICIENT_RESOURCES);
        ULONG bad = 0;
        status = detail::fetch(list, what.list, what.list_length, 4, mode);
        if (NT_SUCCESS(status)) status = check_names(list, what.list_length, bad);
        if (!NT_SUCCESS(status)) return detail::refuse_list(request, status, bad);
        parameters.EaList = list;
        parameters.EaListLength = what.list_length;
    }
    parameters.Length = what.length;
    parameters.EaIndex = index;
    request.location()->Flags =
        static_cast<UCHAR>((what.restart ? SL_RESTART_SCAN : 0) | (what.single ? SL_RETURN_SINGLE_ENTRY : 0) |
                           (what.index ? SL_INDEX_SPECIFIED : 0));
    status = request.attach_output(what.buffer, what.length);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    if (trace::on) [[unlikely]]
        request.trace_buffers(0, what.length);
    return request.issue_and_wait();
}

NTSTATUS set_ea(HANDLE file, IO_STATUS_BLOCK* iosb, const void* buffer, ULONG length, KPROCESSOR_MODE mode) {
    return detail::set_list({file, nullptr, nullptr, nullptr, iosb, mode},
                            {IRP_MJ_SET_EA, FILE_WRITE_EA, STATUS_EA_LIST_INCONSISTENT, check_ea_buffer},
                            buffer, length);
}

} // namespace nt::io
