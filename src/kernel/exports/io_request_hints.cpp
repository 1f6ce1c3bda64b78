// What travels with requests: ddi pages nf-wdm-iosetiopriorityhint, nf-ntddk-iosetactivityidirp …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/request_hints.h"
#include "kernel/ke/thread.h"
#include <utility>

using namespace nt;

extern "C" ULONG IoGetIoPriorityHint(IRP* irp) { return io::priority_hint(irp); }
GATE(IoGetIoPriorityHint);
extern "C" NTSTATUS IoSetIoPriorityHint(IRP* irp, ULONG hint) { return io::set_priority_hint(irp, hint); }
GATE(IoSetIoPriorityHint);
// assumed: these two, which have no page, by their names and the one above.
extern "C" NTSTATUS IoSetIoPriorityHintIntoFileObject(FILE_OBJECT* file, ULONG hint) {
    return io::set_priority_hint(file, hint);
}
GATE(IoSetIoPriorityHintIntoFileObject);
extern "C" NTSTATUS IoSetIoPriorityHintIntoThread(ke::Thread* thread, ULONG hint) {
    return io::set_priority_hint(*thread, hint);
}
GATE(IoSetIoPriorityHintIntoThread);
// IO_PAGING_PRIORITY: 0 invalid, 1 normal. Nothing pages here, so only what drivers call paging I/O is.
extern "C" ULONG IoGetPagingIoPriority(IRP* irp) { return irp->Flags & IRP_PAGING_IO ? 1 : 0; }
GATE(IoGetPagingIoPriority);

// As FltRetrieveIoPriorityInfo and FltApplyPriorityInfoThread, which do this for minifilters.
extern "C" NTSTATUS IoRetrievePriorityInfo(IRP* irp, FILE_OBJECT* file, ke::Thread* thread,
                                           io::IO_PRIORITY_INFO* info) {
    io::retrieve_priorities(irp, file, thread, *info);
    return STATUS_SUCCESS;
}
GATE(IoRetrievePriorityInfo);
extern "C" NTSTATUS IoApplyPriorityInfoThread(io::IO_PRIORITY_INFO* info, io::IO_PRIORITY_INFO* before,
                                              ke::Thread* thread) {
    return io::apply_priorities(*info, before, *thread);
}
GATE(IoApplyPriorityInfoThread);

extern "C" NTSTATUS IoGetActivityIdIrp(IRP* irp, GUID* id) {
    const GUID* found = io::activity_of(irp);
    if (!found) return STATUS_NOT_FOUND;
    *id = *found;
    return STATUS_SUCCESS;
}
GATE(IoGetActivityIdIrp);
// Without an id that of the thread, "if it was the thread that originally issued the request".
extern "C" NTSTATUS IoSetActivityIdIrp(IRP* irp, const GUID* id) {
    const ke::Thread& self = ke::current_thread();
    if (!id && irp->Tail.Overlay.Thread == reinterpret_cast<const ETHREAD*>(&self)) id = self.activity_id;
    return id ? io::set_activity(irp, *id) : STATUS_NOT_SUPPORTED;
}
GATE(IoSetActivityIdIrp);
extern "C" const GUID* IoGetActivityIdThread() { return ke::current_thread().activity_id; }
GATE(IoGetActivityIdThread);
extern "C" const GUID* IoSetActivityIdThread(const GUID* id) {
    return std::exchange(ke::current_thread().activity_id, id);
}
GATE(IoSetActivityIdThread);
extern "C" void IoClearActivityIdThread(const GUID* original) { ke::current_thread().activity_id = original; }
GATE(IoClearActivityIdThread);
extern "C" NTSTATUS IoPropagateActivityIdToThread(IRP* irp, GUID* propagated, const GUID** original) {
    const GUID* found = io::activity_of(irp);
    if (!found) return STATUS_NOT_FOUND;
    *propagated = *found;
    *original = IoSetActivityIdThread(propagated);
    return STATUS_SUCCESS;
}
GATE(IoPropagateActivityIdToThread);

extern "C" void IoSetMasterIrpStatus(IRP* master, NTSTATUS status) {
    master->IoStatus.Status = io::merged_status(master->IoStatus.Status, status);
}
GATE(IoSetMasterIrpStatus);
// There are no 32-bit programs.
extern "C" BOOLEAN IoIs32bitProcess(IRP*) { return FALSE; }
GATE(IoIs32bitProcess);
// There are no transactions.
extern "C" PVOID IoGetTransactionParameterBlock(FILE_OBJECT*) { return nullptr; }
GATE(IoGetTransactionParameterBlock);
