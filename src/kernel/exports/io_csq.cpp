// Cancel-safe queues: wdm pages nf-wdm-iocsqinitialize, nf-wdm-iocsqinsertirp, nf-wdm-iocsqremovenextirp …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/io/csq.h"

using namespace nt;

namespace {

NTSTATUS initialize(IO_CSQ* csq, ULONG type, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
                    PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
                    PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
    *csq = {type, insert, remove, peek, acquire, release, complete, nullptr};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS IoCsqInitialize(IO_CSQ* csq, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
                                    PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire,
                                    PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
    return initialize(csq, IO_TYPE_CSQ, insert, remove, peek, acquire, release, complete);
}
GATE(IoCsqInitialize);
extern "C" NTSTATUS IoCsqInitializeEx(IO_CSQ* csq, PIO_CSQ_INSERT_IRP_EX insert, PIO_CSQ_REMOVE_IRP remove,
                                      PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire,
                                      PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
    return initialize(csq, IO_TYPE_CSQ_EX, std::bit_cast<PIO_CSQ_INSERT_IRP>(insert), remove, peek, acquire,
                      release, complete);
}
GATE(IoCsqInitializeEx);

extern "C" void IoCsqInsertIrp(IO_CSQ* csq, IRP* irp, IO_CSQ_IRP_CONTEXT* context) {
    io::csq_insert(csq, irp, context, nullptr);
}
GATE(IoCsqInsertIrp);
extern "C" NTSTATUS IoCsqInsertIrpEx(IO_CSQ* csq, IRP* irp, IO_CSQ_IRP_CONTEXT* context,
                                     PVOID insert_context) {
    return io::csq_insert(csq, irp, context, insert_context);
}
GATE(IoCsqInsertIrpEx);
extern "C" IRP* IoCsqRemoveIrp(IO_CSQ* csq, IO_CSQ_IRP_CONTEXT* context) {
    return io::csq_remove(csq, context);
}
GATE(IoCsqRemoveIrp);
extern "C" IRP* IoCsqRemoveNextIrp(IO_CSQ* csq, PVOID peek_context) {
    return io::csq_remove_next(csq, peek_context);
}
GATE(IoCsqRemoveNextIrp);

extern "C" void IopCsqCancelRoutine(DEVICE_OBJECT*, IRP* irp) { io::csq_cancel(irp); }
GATE(IopCsqCancelRoutine);
