// Requests: wdm pages nf-wdm-ioallocateirp, nf-wdm-iofreeirp, nf-wdm-iocalldriver, nf-wdm-iocompleterequest …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/completion.h"
#include "kernel/io/irp.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/process.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

using namespace nt;

namespace {

ULONG_PTR caller() { return seh::caller_of(*static_cast<seh::EntryRecord*>(seh::innermost())); }

// For the report of what an unloaded driver leaves, and the rules.
IRP* of_driver(IRP* irp, io::IrpMaker maker) {
    if (irp) io::set_irp_owner(irp, maker, caller());
    return irp;
}

} // namespace

extern "C" NTSTATUS IofCallDriver(DEVICE_OBJECT* device, IRP* irp) { return io::call_driver(device, irp); }
GATE(IofCallDriver);
extern "C" NTSTATUS IoCallDriver(DEVICE_OBJECT* device, IRP* irp) { return io::call_driver(device, irp); }
GATE(IoCallDriver);

// Called by the guest code of IofCallDriver.
extern "C" void IopDispatchChangedLevel(const io::ChangedLevel* frame) { io::dispatch_changed_level(*frame); }
GATE(IopDispatchChangedLevel);

extern "C" void IofCompleteRequest(IRP* irp, CHAR boost) { io::complete_request(irp, boost, caller()); }
GATE(IofCompleteRequest);
extern "C" void IoCompleteRequest(IRP* irp, CHAR boost) { io::complete_request(irp, boost, caller()); }
GATE(IoCompleteRequest);

// "charged against the quota for the current process", and null when that has used it up.
extern "C" IRP* IoAllocateIrp(CHAR stack_size, BOOLEAN charge_quota) {
    IRP* irp = io::allocate_irp(stack_size);
    if (irp && charge_quota && !NT_SUCCESS(io::charge_irp(irp))) {
        io::free_irp(irp);
        return nullptr;
    }
    of_driver(irp, io::IrpMaker::allocate);
    if (irp && trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), 0, 0, KernelMode, 0, nullptr,
                                nullptr);
    return irp;
}
GATE(IoAllocateIrp);
// The device object lets Windows prepare an extension; there is none here.
extern "C" IRP* IoAllocateIrpEx(DEVICE_OBJECT*, CHAR stack_size, BOOLEAN charge_quota) {
    return IoAllocateIrp(stack_size, charge_quota);
}
GATE(IoAllocateIrpEx);

// Kernel and rundown routine of the APC of a request (ReadFileEx): the KAPC lies in the IRP, which ends here.
extern "C" void IopApcTaken(KAPC* apc, PVOID, PVOID, PVOID, PVOID) { io::free_apc(apc); }
GATE(IopApcTaken);
extern "C" void IopApcRunDown(KAPC* apc) { io::free_apc(apc); }
GATE(IopApcRunDown);

extern "C" void IoFreeIrp(IRP* irp) { io::free_irp_of_driver(irp, caller()); }
GATE(IoFreeIrp);
extern "C" void IoInitializeIrp(IRP* irp, USHORT size, CHAR stack_size) {
    io::initialize_irp_of_driver(irp, size, stack_size, caller());
}
GATE(IoInitializeIrp);
extern "C" void IoReuseIrp(IRP* irp, NTSTATUS status) { io::reuse_irp_of_driver(irp, status, caller()); }
GATE(IoReuseIrp);
extern "C" IRP* IoMakeAssociatedIrp(IRP* irp, CHAR stack_size) {
    return of_driver(io::make_associated_irp(irp, stack_size), io::IrpMaker::associated);
}
GATE(IoMakeAssociatedIrp);

extern "C" IRP* IoBuildAsynchronousFsdRequest(ULONG major, DEVICE_OBJECT* device, PVOID buffer, ULONG length,
                                              LARGE_INTEGER* offset, IO_STATUS_BLOCK* iosb) {
    return of_driver(io::build_asynchronous_fsd_request(major, device, buffer, length, offset, iosb),
                     io::IrpMaker::asynchronous_fsd);
}
GATE(IoBuildAsynchronousFsdRequest);

extern "C" IRP* IoBuildSynchronousFsdRequest(ULONG major, DEVICE_OBJECT* device, PVOID buffer, ULONG length,
                                             LARGE_INTEGER* offset, KEVENT* event, IO_STATUS_BLOCK* iosb) {
    return of_driver(io::build_synchronous_fsd_request(major, device, buffer, length, offset, event, iosb),
                     io::IrpMaker::synchronous_fsd);
}
GATE(IoBuildSynchronousFsdRequest);

extern "C" IRP* IoBuildDeviceIoControlRequest(ULONG code, DEVICE_OBJECT* device, PVOID in, ULONG in_length,
                                              PVOID out, ULONG out_length, BOOLEAN internal, KEVENT* event,
                                              IO_STATUS_BLOCK* iosb) {
    return of_driver(io::build_device_io_control_request(code, device, in, in_length, out, out_length,
                                                         internal, event, iosb),
                     io::IrpMaker::device_control);
}
GATE(IoBuildDeviceIoControlRequest);

// Forwarding with a copy of the location and waiting: TRUE when it was sent (there was a location for it).
extern "C" BOOLEAN IoForwardIrpSynchronously(DEVICE_OBJECT* device, IRP* irp) {
    return io::forward_synchronously(device, irp);
}
GATE(IoForwardIrpSynchronously);
extern "C" NTSTATUS IopForwardCompletion(DEVICE_OBJECT*, IRP* irp, PVOID context) {
    return io::forward_completion(irp, context);
}
GATE(IopForwardCompletion);

extern "C" NTSTATUS IoSetCompletionRoutineEx(DEVICE_OBJECT* device, IRP* irp, PIO_COMPLETION_ROUTINE routine,
                                             PVOID context, BOOLEAN success, BOOLEAN error, BOOLEAN cancel) {
    return io::set_safe_completion(device, irp, routine, context,
                                   static_cast<UCHAR>((success ? SL_INVOKE_ON_SUCCESS : 0) |
                                                      (error ? SL_INVOKE_ON_ERROR : 0) |
                                                      (cancel ? SL_INVOKE_ON_CANCEL : 0)));
}
GATE(IoSetCompletionRoutineEx);
extern "C" NTSTATUS IopUnloadSafeCompletion(DEVICE_OBJECT* device, IRP* irp, PVOID context) {
    return io::run_safe_completion(device, irp, context);
}
GATE(IopUnloadSafeCompletion);

extern "C" BOOLEAN IoCancelIrp(IRP* irp) { return io::cancel_irp(irp); }
GATE(IoCancelIrp);
extern "C" void IoAcquireCancelSpinLock(KIRQL* irql) { *irql = io::acquire_cancel_lock(); }
GATE(IoAcquireCancelSpinLock);
extern "C" void IoReleaseCancelSpinLock(KIRQL irql) { io::release_cancel_lock(irql); }
GATE(IoReleaseCancelSpinLock);

extern "C" BOOLEAN IoIsOperationSynchronous(IRP* irp) { return io::is_operation_synchronous(irp); }
GATE(IoIsOperationSynchronous);

extern "C" PVOID IoGetRequestorProcess(IRP* irp) { return io::requestor_process(irp); }
GATE(IoGetRequestorProcess);
extern "C" ULONG IoGetRequestorProcessId(IRP* irp) {
    const auto* process = io::requestor_process(irp);
    return process ? static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(process->UniqueProcessId)) : 0;
}
GATE(IoGetRequestorProcessId);
extern "C" NTSTATUS IoGetRequestorSessionId(IRP* irp, ULONG* session) {
    const auto* process = io::requestor_process(irp);
    *session = process ? ps::session_of(*process) : ~0u;
    return process ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
GATE(IoGetRequestorSessionId);

extern "C" IRP* IoGetTopLevelIrp() { return reinterpret_cast<IRP*>(ke::current_thread().TopLevelIrp); }
GATE(IoGetTopLevelIrp);
extern "C" void IoSetTopLevelIrp(IRP* irp) {
    ke::current_thread().TopLevelIrp = reinterpret_cast<ULONG_PTR>(irp);
}
GATE(IoSetTopLevelIrp);
extern "C" PVOID IoThreadToProcess(ke::Thread* thread) { return thread->process; }
GATE(IoThreadToProcess);
extern "C" BOOLEAN IoIsSystemThread(ke::Thread* thread) { return thread->teb == 0; }
GATE(IoIsSystemThread);

extern "C" ULONG_PTR IoGetInitialStack() {
    return reinterpret_cast<ULONG_PTR>(ke::current_thread().Tcb.InitialStack);
}
GATE(IoGetInitialStack);
// The stack that the caller runs on: in a DPC it is the processor's.
extern "C" void IoGetStackLimits(ULONG_PTR* low, ULONG_PTR* high) { ke::current_stack(*low, *high); }
GATE(IoGetStackLimits);
// What the caller has left below its own frame.
extern "C" ULONG_PTR IoGetRemainingStackSize() {
    ULONG_PTR low, high;
    ke::current_stack(low, high);
    return static_cast<seh::EntryRecord*>(seh::innermost())->rsp - low;
}
GATE(IoGetRemainingStackSize);
// "considers … the DPC stack, if necessary": besides the thread's.
extern "C" BOOLEAN IoWithinStackLimits(ULONG_PTR region, ULONG_PTR size) {
    const auto contains = [=](ULONG_PTR low, ULONG_PTR high) {
        return region >= low && region <= high && size <= high - region;
    };
    const ke::Thread& self = ke::current_thread();
    ULONG_PTR low, high;
    ke::current_stack(low, high);
    return contains(low, high) || contains(ke::stack_limit(self), ke::stack_base(self));
}
GATE(IoWithinStackLimits);
