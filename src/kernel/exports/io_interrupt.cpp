// Interrupts: wdm pages nf-wdm-ioconnectinterrupt, nf-wdm-ioconnectinterruptex,
// nf-wdm-kesynchronizeexecution, nf-wdm-keacquireinterruptspinlock, nf-wdm-ioreportinterruptactive;
// HalGetInterruptVector.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "hardware/interrupts.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/interrupt.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/processor.h"

using namespace nt;
using exports::need_in;
using exports::need_out;

extern "C" NTSTATUS IoConnectInterrupt(KINTERRUPT** interrupt, PKSERVICE_ROUTINE routine, PVOID context,
                                       KSPIN_LOCK* lock, ULONG vector, KIRQL irql, KIRQL synchronize_irql,
                                       KINTERRUPT_MODE mode, BOOLEAN shared, KAFFINITY processors,
                                       BOOLEAN floating_save) {
    need_out(interrupt) = nullptr;
    io::InterruptRequest request;
    request.routine = routine;
    request.context = context;
    request.lock = lock;
    request.vector = vector;
    request.irql = irql;
    request.synchronize_irql = synchronize_irql;
    request.mode = mode;
    request.shared = shared;
    request.floating_save = floating_save;
    request.processors = processors;
    *interrupt = TRY_STATUS(io::connect_interrupt(request));
    return STATUS_SUCCESS;
}
GATE(IoConnectInterrupt);

extern "C" void IoDisconnectInterrupt(KINTERRUPT* interrupt) {
    io::disconnect_interrupt(&need_out(interrupt));
}
GATE(IoDisconnectInterrupt);

extern "C" NTSTATUS IoConnectInterruptEx(IO_CONNECT_INTERRUPT_PARAMETERS* parameters) {
    return io::connect_interrupt_ex(need_out(parameters));
}
GATE(IoConnectInterruptEx);

extern "C" void IoDisconnectInterruptEx(IO_DISCONNECT_INTERRUPT_PARAMETERS* parameters) {
    io::disconnect_interrupt_ex(need_in(parameters));
}
GATE(IoDisconnectInterruptEx);

extern "C" void IoReportInterruptActive(IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS* parameters) {
    io::set_interrupt_active(need_in(parameters), true);
}
GATE(IoReportInterruptActive);

extern "C" void IoReportInterruptInactive(IO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS* parameters) {
    io::set_interrupt_active(need_in(parameters), false);
}
GATE(IoReportInterruptInactive);

// Below the caller's IRQL there is no way to the interrupt's.
static KINTERRUPT& reachable(KINTERRUPT* interrupt) {
    KINTERRUPT& i = need_out(interrupt);
    if (ke::current_irql() > i.SynchronizeIrql)
        ke::bug_check(IRQL_NOT_GREATER_OR_EQUAL, ke::current_irql(), i.SynchronizeIrql);
    return i;
}

extern "C" BOOLEAN KeSynchronizeExecution(KINTERRUPT* interrupt, PKSYNCHRONIZE_ROUTINE routine,
                                          PVOID context) {
    return ke::synchronize_execution(reachable(interrupt), routine, context);
}
GATE(KeSynchronizeExecution);

extern "C" KIRQL KeAcquireInterruptSpinLock(KINTERRUPT* interrupt) {
    return ke::acquire_interrupt_lock(reachable(interrupt));
}
GATE(KeAcquireInterruptSpinLock);

extern "C" void KeReleaseInterruptSpinLock(KINTERRUPT* interrupt, KIRQL old) {
    ke::release_interrupt_lock(need_out(interrupt), old);
}
GATE(KeReleaseInterruptSpinLock);

// The vector of an ISA line (its number is the level) or of a PCI one (its line register); 0: there is none.
// The machine's buses have number 0; on any other there is no interrupt.
extern "C" ULONG HalGetInterruptVector(INTERFACE_TYPE bus, ULONG number, ULONG level, ULONG vector,
                                       KIRQL* irql, KAFFINITY* processors) {
    need_out(irql);
    need_out(processors);
    const ULONG line = bus == PCIBus ? vector : level;
    if (number != 0 || line >= hardware::interrupt_lines) return 0;
    const ULONG result = ke::vector_of_line(line);
    *irql = static_cast<KIRQL>(result / 16);
    *processors = ke::all_processors();
    return result;
}
GATE(HalGetInterruptVector);
