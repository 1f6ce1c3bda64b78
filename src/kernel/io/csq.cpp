#include "kernel/io/csq.h"
#include "abi/status.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include <bit>

namespace nt::io {

namespace {

// The driver's lock routines store the old IRQL where they are told to: in guest memory.
class Locked {
  public:
    explicit Locked(IO_CSQ* csq)
        : csq_(csq), irql_(static_cast<KIRQL*>(
                         pool::allocate(pool::Kind::nonpaged, sizeof(KIRQL), pool::tag("Icsq"), 0, true))) {
        seh::call_out(csq_->CsqAcquireLock, csq_, irql_);
    }
    void release() {
        const KIRQL irql = *irql_;
        pool::release(irql_);
        seh::call_out(csq_->CsqReleaseLock, csq_, irql);
    }

  private:
    IO_CSQ* csq_;
    KIRQL* irql_;
};

PVOID& note_of(IRP* irp) { return irp->Tail.Overlay.DriverContext[3]; }

PDRIVER_CANCEL take_cancel_routine(IRP* irp) {
    PDRIVER_CANCEL routine = irp->CancelRoutine;
    irp->CancelRoutine = nullptr;
    return routine;
}

// The IRP leaves the queue: nothing refers to it any more.
void forget(IRP* irp) {
    auto* context = static_cast<IO_CSQ_IRP_CONTEXT*>(note_of(irp));
    if (context && context->Type == IO_TYPE_CSQ_IRP_CONTEXT) context->Irp = nullptr;
    note_of(irp) = nullptr;
}

} // namespace

NTSTATUS csq_insert(IO_CSQ* csq, IRP* irp, IO_CSQ_IRP_CONTEXT* context, PVOID insert_context) {
    Locked lock(csq);
    csq->ReservePointer = nullptr;
    if (irp->Cancel) { // it does not get into the queue
        if (context) *context = {IO_TYPE_CSQ_IRP_CONTEXT, nullptr, csq};
        mark_pending(irp);
        lock.release();
        seh::call_out(csq->CsqCompleteCanceledIrp, csq, irp);
        return STATUS_SUCCESS;
    }
    if (context) *context = {IO_TYPE_CSQ_IRP_CONTEXT, irp, csq};
    note_of(irp) = context ? static_cast<PVOID>(context) : csq;
    NTSTATUS status = STATUS_SUCCESS;
    if (csq->Type == IO_TYPE_CSQ_EX)
        status =
            seh::call_out(std::bit_cast<PIO_CSQ_INSERT_IRP_EX>(csq->CsqInsertIrp), csq, irp, insert_context);
    else
        seh::call_out(csq->CsqInsertIrp, csq, irp);
    if (!NT_SUCCESS(status)) {
        forget(irp);
        lock.release();
        return status;
    }
    mark_pending(irp);
    irp->CancelRoutine = reinterpret_cast<PDRIVER_CANCEL>(internal_address("IopCsqCancelRoutine"));
    // Cancelled while the driver's routine ran: nobody else will take it out.
    if (irp->Cancel && take_cancel_routine(irp)) {
        seh::call_out(csq->CsqRemoveIrp, csq, irp);
        forget(irp);
        lock.release();
        seh::call_out(csq->CsqCompleteCanceledIrp, csq, irp);
        return status;
    }
    lock.release();
    return status;
}

IRP* csq_remove(IO_CSQ* csq, IO_CSQ_IRP_CONTEXT* context) {
    Locked lock(csq);
    csq->ReservePointer = nullptr;
    IRP* irp = context->Irp;
    if (irp && !take_cancel_routine(irp)) irp = nullptr; // its cancellation is under way
    if (irp) {
        seh::call_out(csq->CsqRemoveIrp, csq, irp);
        forget(irp);
    }
    lock.release();
    return irp;
}

IRP* csq_remove_next(IO_CSQ* csq, PVOID peek_context) {
    Locked lock(csq);
    csq->ReservePointer = nullptr;
    IRP* irp = nullptr;
    do
        irp = seh::call_out(csq->CsqPeekNextIrp, csq, irp, peek_context);
    while (irp && !take_cancel_routine(irp));
    if (irp) {
        seh::call_out(csq->CsqRemoveIrp, csq, irp);
        forget(irp);
    }
    lock.release();
    return irp;
}

void csq_cancel(IRP* irp) {
    release_cancel_lock(irp->CancelIrql);
    auto* context = static_cast<IO_CSQ_IRP_CONTEXT*>(note_of(irp));
    IO_CSQ* csq =
        context->Type == IO_TYPE_CSQ_IRP_CONTEXT ? context->Csq : reinterpret_cast<IO_CSQ*>(context);
    csq->ReservePointer = nullptr;
    Locked lock(csq);
    seh::call_out(csq->CsqRemoveIrp, csq, irp);
    forget(irp);
    lock.release();
    seh::call_out(csq->CsqCompleteCanceledIrp, csq, irp);
}

} // namespace nt::io
