// Extra create parameters: ntifs pages nf-ntifs-fsrtlallocateextracreateparameter and kin.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/ecp.h"
#include "kernel/seh/crossing.h"

using namespace nt;

namespace {

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

// What was found, or nothing, to whoever wants to know.
NTSTATUS give(PVOID found, PVOID* context, ULONG* size) {
    if (context) *context = found;
    if (size) *size = found ? io::header_of_ecp(found).size - static_cast<ULONG>(sizeof(io::EcpHeader)) : 0;
    return found ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

NTSTATUS allocate(const io::NewEcp& what, PVOID* context) {
    *context = io::allocate_ecp(what, caller());
    return *context ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

} // namespace

extern "C" NTSTATUS FsRtlAllocateExtraCreateParameterList(ULONG flags, io::EcpList** list) {
    *list = io::allocate_ecp_list(flags & io::ecp_charge_quota, caller());
    return *list ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
GATE(FsRtlAllocateExtraCreateParameterList);
extern "C" void FsRtlFreeExtraCreateParameterList(io::EcpList* list) { io::free_ecp_list(list); }
GATE(FsRtlFreeExtraCreateParameterList);

extern "C" NTSTATUS FsRtlAllocateExtraCreateParameter(const GUID* type, ULONG size, ULONG flags,
                                                      PVOID cleanup, ULONG tag, PVOID* context) {
    return allocate({type, size, flags, cleanup, tag}, context);
}
GATE(FsRtlAllocateExtraCreateParameter);
extern "C" NTSTATUS FsRtlAllocateExtraCreateParameterFromLookasideList(const GUID* type, ULONG size,
                                                                       ULONG flags, PVOID cleanup,
                                                                       GENERAL_LOOKASIDE* lookaside,
                                                                       PVOID* context) {
    return allocate({type, size, flags, cleanup, 0, lookaside}, context);
}
GATE(FsRtlAllocateExtraCreateParameterFromLookasideList);
extern "C" void FsRtlFreeExtraCreateParameter(PVOID context) { io::free_ecp(context); }
GATE(FsRtlFreeExtraCreateParameter);

extern "C" void FsRtlInitExtraCreateParameterLookasideList(GENERAL_LOOKASIDE* lookaside, ULONG flags,
                                                           SIZE_T size, ULONG tag) {
    exports::need_write(lookaside, sizeof *lookaside);
    io::initialize_ecp_lookaside(lookaside, flags, size, tag);
}
GATE(FsRtlInitExtraCreateParameterLookasideList);
extern "C" void FsRtlDeleteExtraCreateParameterLookasideList(GENERAL_LOOKASIDE* lookaside, ULONG) {
    io::delete_ecp_lookaside(lookaside);
}
GATE(FsRtlDeleteExtraCreateParameterLookasideList);

extern "C" NTSTATUS FsRtlInsertExtraCreateParameter(io::EcpList* list, PVOID context) {
    return io::insert_ecp(list, context) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
GATE(FsRtlInsertExtraCreateParameter);
extern "C" NTSTATUS FsRtlFindExtraCreateParameter(io::EcpList* list, const GUID* type, PVOID* context,
                                                  ULONG* size) {
    return give(io::find_ecp(list, *type), context, size);
}
GATE(FsRtlFindExtraCreateParameter);
extern "C" NTSTATUS FsRtlRemoveExtraCreateParameter(io::EcpList* list, const GUID* type, PVOID* context,
                                                    ULONG* size) {
    return give(io::remove_ecp(list, *type), context, size);
}
GATE(FsRtlRemoveExtraCreateParameter);
extern "C" NTSTATUS FsRtlGetNextExtraCreateParameter(io::EcpList* list, PVOID current, GUID* type,
                                                     PVOID* context, ULONG* size) {
    if (!list) return STATUS_INVALID_PARAMETER;
    PVOID next = io::next_ecp(list, current);
    if (next && type) *type = io::header_of_ecp(next).type;
    return give(next, context, size);
}
GATE(FsRtlGetNextExtraCreateParameter);

extern "C" NTSTATUS FsRtlGetEcpListFromIrp(IRP* irp, io::EcpList** list) {
    return io::get_ecp_list(irp, list);
}
GATE(FsRtlGetEcpListFromIrp);
extern "C" NTSTATUS FsRtlSetEcpListIntoIrp(IRP* irp, io::EcpList* list) {
    return io::set_ecp_list(irp, list);
}
GATE(FsRtlSetEcpListIntoIrp);

extern "C" void FsRtlAcknowledgeEcp(PVOID context) { io::acknowledge_ecp(context, true); }
GATE(FsRtlAcknowledgeEcp);
extern "C" BOOLEAN FsRtlIsEcpAcknowledged(PVOID context) { return io::is_ecp_acknowledged(context); }
GATE(FsRtlIsEcpAcknowledged);
extern "C" void FsRtlPrepareToReuseEcp(PVOID context) { io::acknowledge_ecp(context, false); }
GATE(FsRtlPrepareToReuseEcp);
// Programs have no way to give one.
extern "C" BOOLEAN FsRtlIsEcpFromUserMode(PVOID context) {
    io::header_of_ecp(context); // a bad one is a bug check
    return false;
}
GATE(FsRtlIsEcpFromUserMode);
