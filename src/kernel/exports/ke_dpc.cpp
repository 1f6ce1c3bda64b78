// DPCs: nf-wdm-keinitializedpc, nf-wdm-keinsertqueuedpc, nf-wdm-kesetimportancedpc,
// nf-wdm-kesettargetprocessordpc, nf-wdm-keflushqueueddpcs and kin.
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/ke/dpc.h"

using namespace nt;

extern "C" void KeInitializeDpc(KDPC* dpc, PKDEFERRED_ROUTINE routine, PVOID context) {
    ke::initialize_dpc(*dpc, routine, context, false);
}
GATE(KeInitializeDpc);

extern "C" void KeInitializeThreadedDpc(KDPC* dpc, PKDEFERRED_ROUTINE routine, PVOID context) {
    ke::initialize_dpc(*dpc, routine, context, true);
}
GATE(KeInitializeThreadedDpc);

extern "C" BOOLEAN KeInsertQueueDpc(KDPC* dpc, PVOID argument1, PVOID argument2) {
    return ke::insert_queue_dpc(*dpc, argument1, argument2);
}
GATE(KeInsertQueueDpc);

extern "C" BOOLEAN KeRemoveQueueDpc(KDPC* dpc) { return ke::remove_queue_dpc(*dpc); }
GATE(KeRemoveQueueDpc);

extern "C" void KeSetImportanceDpc(KDPC* dpc, KDPC_IMPORTANCE importance) {
    ke::set_dpc_importance(*dpc, importance);
}
GATE(KeSetImportanceDpc);

// "if Number is less than the number of active logical processors in group 0 … Otherwise, the DPC target does
// not change."
extern "C" void KeSetTargetProcessorDpc(KDPC* dpc, CHAR number) {
    const ULONG wanted = static_cast<UCHAR>(number);
    if (wanted < ke::processor_count()) ke::set_dpc_target(*dpc, wanted);
}
GATE(KeSetTargetProcessorDpc);

extern "C" NTSTATUS KeSetTargetProcessorDpcEx(KDPC* dpc, const PROCESSOR_NUMBER* number) {
    const ULONG index = exports::processor_index(*number);
    if (index == exports::no_processor) return STATUS_INVALID_PARAMETER;
    ke::set_dpc_target(*dpc, index);
    return STATUS_SUCCESS;
}
GATE(KeSetTargetProcessorDpcEx);

extern "C" void KeFlushQueuedDpcs() { ke::flush_queued_dpcs(); }
GATE(KeFlushQueuedDpcs);

// "TRUE if the processor is executing a DPC"; threaded DPCs are threads of their own.
extern "C" ULONG KeIsExecutingDpc() { return ke::is_dpc_active(); }
GATE(KeIsExecutingDpc);

// nf-wdm-keshouldyieldprocessor: DPCs wait, or a thread switch is due.
extern "C" BOOLEAN KeShouldYieldProcessor() { return ke::work_waits(); }
GATE(KeShouldYieldProcessor);
