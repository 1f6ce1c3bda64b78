#include "kernel/io/request_hints.h"
#include "abi/status.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/irp_extension.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

constexpr ULONG thread_priority_stays = 0xffff;
constexpr ULONG normal_page_priority = 5; // MEMORY_PRIORITY_NORMAL; there is no paging that it could change

} // namespace

ULONG priority_hint(const IRP* irp) {
    const ULONG bits = irp->Flags & detail::hint_bits;
    return bits ? (bits >> detail::hint_shift) - 1 : IoPriorityNormal;
}

NTSTATUS set_priority_hint(IRP* irp, ULONG hint) {
    if (hint >= MaxIoPriorityTypes) return STATUS_INVALID_PARAMETER;
    irp->Flags = (irp->Flags & ~detail::hint_bits) | (hint + 1) << detail::hint_shift;
    return STATUS_SUCCESS;
}

NTSTATUS set_priority_hint(FILE_OBJECT* file, ULONG hint) {
    if (hint >= MaxIoPriorityTypes) return STATUS_INVALID_PARAMETER;
    detail::body_of_file(file).priority_flags = (hint + 1) << detail::hint_shift;
    return STATUS_SUCCESS;
}

NTSTATUS set_priority_hint(ke::Thread& thread, ULONG hint) {
    if (hint >= MaxIoPriorityTypes) return STATUS_INVALID_PARAMETER;
    thread.io_priority = static_cast<UCHAR>(hint + 1);
    return STATUS_SUCCESS;
}

// As ddi page nf-fltkernel-fltretrieveiopriorityinfo has it, which does the same for minifilters.
void retrieve_priorities(const IRP* irp, FILE_OBJECT* file, ke::Thread* thread, IO_PRIORITY_INFO& to) {
    to.ThreadPriority = thread ? static_cast<ULONG>(thread->Tcb.Priority) : thread_priority_stays;
    to.PagePriority = thread ? normal_page_priority - thread->lower_page_priority : 0;
    to.IoPriority = IoPriorityNormal;
    if (irp && (irp->Flags & detail::hint_bits))
        to.IoPriority = priority_hint(irp);
    else if (file && detail::body_of_file(file).priority_flags)
        to.IoPriority = (detail::body_of_file(file).priority_flags >> detail::hint_shift) - 1;
    else if (thread && thread->io_priority)
        to.IoPriority = thread->io_priority - 1u;
}

NTSTATUS apply_priorities(const IO_PRIORITY_INFO& given, IO_PRIORITY_INFO* before, ke::Thread& thread) {
    const IO_PRIORITY_INFO info = given; // may be *before
    const bool stays = info.ThreadPriority == thread_priority_stays;
    if (info.IoPriority >= MaxIoPriorityTypes || info.PagePriority > 7 ||
        (!stays && (info.ThreadPriority < 1 || info.ThreadPriority > ke::high_priority)))
        return STATUS_INVALID_PARAMETER_1;
    if (before) {
        before->Size = sizeof *before;
        retrieve_priorities(nullptr, nullptr, &thread, *before);
    }
    thread.io_priority = static_cast<UCHAR>(info.IoPriority + 1);
    if (info.PagePriority && info.PagePriority <= normal_page_priority)
        thread.lower_page_priority = static_cast<UCHAR>(normal_page_priority - info.PagePriority);
    if (!stays) {
        ke::set_priority(thread, static_cast<KPRIORITY>(info.ThreadPriority));
        ke::dispatch();
    }
    return STATUS_SUCCESS;
}

detail::IrpExtension* detail::take_extension(IRP* irp) {
    if (!irp->Tail.Overlay.IrpExtension)
        irp->Tail.Overlay.IrpExtension =
            pool::allocate(pool::Kind::nonpaged, sizeof(IrpExtension), pool::tag("IoEx"), 0, true);
    return irp_extension(irp);
}
void detail::drop_extension(IRP* irp) {
    if (!irp->Tail.Overlay.IrpExtension) return;
    pool::release(irp->Tail.Overlay.IrpExtension);
    irp->Tail.Overlay.IrpExtension = nullptr;
}

const GUID* activity_of(const IRP* irp) {
    const detail::IrpExtension* extension = detail::irp_extension(irp);
    return extension && extension->has_activity ? &extension->activity : nullptr;
}

NTSTATUS set_activity(IRP* irp, const GUID& id) {
    detail::IrpExtension* extension = detail::take_extension(irp);
    if (!extension) return STATUS_INSUFFICIENT_RESOURCES;
    extension->activity = id;
    extension->has_activity = true;
    return STATUS_SUCCESS;
}

NTSTATUS merged_status(NTSTATUS master, NTSTATUS part) {
    constexpr NTSTATUS read_from_copy = 0x40000035;
    const auto severity = [](NTSTATUS status) { return static_cast<ULONG>(status) >> 30; };
    if (part == STATUS_VERIFY_REQUIRED) return part;
    if (part == read_from_copy || NT_SUCCESS(part)) return master;
    return NT_SUCCESS(master) || severity(part) > severity(master) ? part : master;
}

} // namespace nt::io
