// NtQueryQuotaInformationFile and NtSetQuotaInformationFile, IoCheckQuotaBufferValidity.
#include "abi/status.h"
#include "kernel/io/detail/list_request.h"
#include "kernel/io/detail/request.h"
#include "rtl/security.h"
#include <cstring>

namespace nt::io {

namespace {

constexpr ULONG sid_head = offsetof(SID, SubAuthority);

// The entry's SID is one, of the length that the entry tells, and lies within `left` bytes of the entry.
ULONG sid_entry_size(const SID& sid, ULONG offset, ULONG told, ULONG left) {
    if (left < offset + sid_head || !rtl::valid_sid(&sid)) return 0;
    const ULONG length = rtl::length_sid(&sid);
    return length == told && length <= left - offset ? offset + length : 0;
}

// StartSid as the caller gave it, at `to`. STATUS_INVALID_SID.
NTSTATUS fetch_sid(SID* to, const void* from, KPROCESSOR_MODE mode) {
    NTSTATUS status = detail::fetch(to, from, sid_head, 4, mode);
    if (!NT_SUCCESS(status)) return status;
    if (!rtl::valid_sid(to)) return STATUS_INVALID_SID;
    status = detail::fetch(to, from, rtl::length_sid(to), 4, mode);
    return NT_SUCCESS(status) && !rtl::valid_sid(to) ? STATUS_INVALID_SID : status;
}

NTSTATUS check_sids(const void* list, ULONG length, ULONG& offset) {
    return detail::walk_list<FILE_GET_QUOTA_INFORMATION>(
               list, length, offset,
               [](const FILE_GET_QUOTA_INFORMATION& e, ULONG left) -> ULONG {
                   constexpr ULONG head = offsetof(FILE_GET_QUOTA_INFORMATION, Sid);
                   return left < head ? 0 : sid_entry_size(e.Sid, head, e.SidLength, left);
               })
               ? STATUS_SUCCESS
               : STATUS_QUOTA_LIST_INCONSISTENT;
}

} // namespace

NTSTATUS check_quota_buffer(const void* quota, ULONG length, ULONG* offset) {
    *offset = 0;
    if (reinterpret_cast<ULONG_PTR>(quota) % sizeof(ULONG)) return STATUS_DATATYPE_MISALIGNMENT;
    if (static_cast<LONG>(length) < 0) return STATUS_QUOTA_LIST_INCONSISTENT;
    return detail::walk_list<FILE_QUOTA_INFORMATION>(
               quota, length, *offset,
               [](const FILE_QUOTA_INFORMATION& e, ULONG left) -> ULONG {
                   constexpr ULONG head = offsetof(FILE_QUOTA_INFORMATION, Sid);
                   return left < head ? 0 : sid_entry_size(e.Sid, head, e.SidLength, left);
               })
               ? STATUS_SUCCESS
               : STATUS_QUOTA_LIST_INCONSISTENT;
}

NTSTATUS query_quota(const QueryQuota& what, KPROCESSOR_MODE mode) {
    const Caller caller{what.file, nullptr, nullptr, nullptr, what.iosb, mode};
    detail::Request request(caller);
    NTSTATUS status = request.begin(0);
    if (NT_SUCCESS(status)) status = detail::probe_output(caller, what.buffer, what.length, 4);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(IRP_MJ_QUERY_QUOTA);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    auto& parameters = request.location()->Parameters.QueryQuota;
    const bool list = what.list && what.list_length;
    if (list || what.start) {
        constexpr ULONG longest_sid = sid_head + 15 * sizeof(ULONG);
        PVOID memory = request.auxiliary(list ? what.list_length : longest_sid);
        if (!memory) return request.abandon(STATUS_INSUFFICIENT_RESOURCES);
        ULONG bad = 0;
        if (list) { // then StartSid is ignored
            status = detail::fetch(memory, what.list, what.list_length, 4, mode);
            if (NT_SUCCESS(status)) status = check_sids(memory, what.list_length, bad);
            parameters.SidList = memory;
            parameters.SidListLength = what.list_length;
        } else {
            status = fetch_sid(static_cast<SID*>(memory), what.start, mode);
            parameters.StartSid = memory;
        }
        if (!NT_SUCCESS(status)) return detail::refuse_list(request, status, bad);
    }
    parameters.Length = what.length;
    request.location()->Flags =
        static_cast<UCHAR>((what.restart ? SL_RESTART_SCAN : 0) | (what.single ? SL_RETURN_SINGLE_ENTRY : 0) |
                           (parameters.StartSid ? SL_INDEX_SPECIFIED : 0));
    status = request.attach_output(what.buffer, what.length);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    if (trace::on) [[unlikely]]
        request.trace_buffers(0, what.length);
    return request.issue_and_wait();
}

NTSTATUS set_quota(HANDLE file, IO_STATUS_BLOCK* iosb, const void* buffer, ULONG length,
                   KPROCESSOR_MODE mode) {
    return detail::set_list(
        {file, nullptr, nullptr, nullptr, iosb, mode},
        {IRP_MJ_SET_QUOTA, FILE_WRITE_DATA, STATUS_QUOTA_LIST_INCONSISTENT, check_quota_buffer}, buffer,
        length);
}

} // namespace nt::io
