#include "kernel/io/detail/list_request.h"
#include "trace/trace.h"

namespace nt::io::detail {

NTSTATUS refuse_list(Request& request, NTSTATUS status, ULONG offset) {
    if (status == STATUS_EA_LIST_INCONSISTENT || status == STATUS_QUOTA_LIST_INCONSISTENT)
        write_iosb(request.caller.iosb, status, offset);
    return request.abandon(status);
}

NTSTATUS set_list(const Caller& caller, const SetList& what, const void* buffer, ULONG length) {
    Request request(caller);
    NTSTATUS status = request.begin(what.access);
    if (NT_SUCCESS(status)) status = request.lock();
    if (status == STATUS_SUCCESS) status = request.new_irp(what.major);
    if (status != STATUS_SUCCESS) return request.abandon(status);
    ULONG bad = 0;
    if (static_cast<LONG>(length) < 0) return refuse_list(request, what.inconsistent, bad);
    status = probe_input(caller, buffer, length, 4);
    if (NT_SUCCESS(status)) status = request.attach_input(buffer, length);
    if (!NT_SUCCESS(status)) return request.abandon(status);
    const auto check = [&](const void* list) { return what.check(list, length, &bad); };
    const void* sent = request.irp->AssociatedIrp.SystemBuffer;
    status = sent ? check(sent) : check_copy(buffer, length, caller.mode, check);
    if (!NT_SUCCESS(status)) return refuse_list(request, status, bad);
    auto& parameters = request.location()->Parameters;
    if (what.major == IRP_MJ_SET_EA)
        parameters.SetEa.Length = length;
    else
        parameters.SetQuota.Length = length;
    if (trace::on) [[unlikely]]
        request.trace_buffers(length, 0);
    return request.issue_and_wait();
}

} // namespace nt::io::detail
