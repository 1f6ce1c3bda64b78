// Interrupts: 256 vectors per processor, IRQL = vector / 16 as on x64. What a driver connects is a KINTERRUPT
// (the ABI body is the state); several may share a vector. Lines of the modelled hardware become vectors
// here. Pages: nf-wdm-ioconnectinterruptex, nf-wdm-kesynchronizeexecution, "Introduction to Interrupt Service
// Routines".
#pragma once
#include "abi/misc.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

// The vector that a line (global system interrupt number, below 24) leads to: lines 0 to 7 have IRQL 3 to 10,
// as have 8 to 15 and 16 to 23.
constexpr ULONG vector_of_line(ULONG line) { return (3 + line % 8) * 16 + line / 8; }
// A vector for messages at `irql` that nothing is connected to, or 0.
ULONG allocate_message_vector(KIRQL irql);

// Connects a filled KINTERRUPT (Vector, Irql, SynchronizeIrql, Mode, ShareVector, ServiceRoutine or
// MessageServiceRoutine, ActualLock, Number: the processor). STATUS_INVALID_PARAMETER: the vector is taken
// and one of the two does not share it.
NTSTATUS connect_interrupt(KINTERRUPT& interrupt);
void disconnect_interrupt(KINTERRUPT& interrupt);
// Calls the routine at the interrupt's SynchronizeIrql with its lock held.
BOOLEAN synchronize_execution(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context);
// The lock by itself: KeAcquireInterruptSpinLock.
KIRQL acquire_interrupt_lock(KINTERRUPT& interrupt);
void release_interrupt_lock(KINTERRUPT& interrupt, KIRQL old);

// Makes the vector pending on a processor; edge-triggered. Host code of any kind.
void request_interrupt(ULONG vector, ULONG processor);
// Plugs ke into the modelled hardware's interrupt lines and messages. Once.
void listen_to_hardware();

// For views: calls visit for each connected interrupt, by vector.
void for_each_interrupt(void (*visit)(KINTERRUPT& interrupt, void* context), void* context);

} // namespace nt::ke
