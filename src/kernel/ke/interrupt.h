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
// Gives out `count` vectors (a power of two up to 16) for messages: the first, a multiple of `count`; 0:
// there is no such place.
ULONG allocate_message_vectors(ULONG count);
void free_message_vectors(ULONG first, ULONG count);
// Whether a line leads to the vector or it was given out for messages.
bool is_device_vector(ULONG vector);
bool is_message_vector(ULONG vector);

// Connects a filled KINTERRUPT (Vector, Irql, SynchronizeIrql, Mode, ShareVector, ServiceRoutine or
// MessageServiceRoutine, ActualLock, Number: the processor; Irql PASSIVE_LEVEL: PassiveEvent instead of the
// lock). STATUS_INVALID_PARAMETER: the vector is taken and one of the two does not share it.
NTSTATUS connect_interrupt(KINTERRUPT& interrupt);
// Up to the interrupt's IRQL; waits for processors that are in its service routine.
void disconnect_interrupt(KINTERRUPT& interrupt);
// The object stays, its service routine is not called.
void set_interrupt_active(KINTERRUPT& interrupt, bool active);
// Calls the routine at the interrupt's SynchronizeIrql with its lock held.
BOOLEAN synchronize_execution(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context);
// The lock by itself: KeAcquireInterruptSpinLock.
KIRQL acquire_interrupt_lock(KINTERRUPT& interrupt);
void release_interrupt_lock(KINTERRUPT& interrupt, KIRQL old);

// Makes the vector pending on a processor; edge-triggered. Host code of any kind.
void request_interrupt(ULONG vector, ULONG processor);
// Plugs ke into the modelled hardware's interrupt lines and messages. Once.
void listen_to_hardware();

// Called at a vector's IRQL when its service routines want a thread to run them at PASSIVE_LEVEL…
void set_passive_hook(void (*wanted)(ULONG vector));
// … and what that thread then calls.
void run_passive_interrupt(ULONG vector);

// For views: calls visit for each connected interrupt, by vector.
void for_each_interrupt(void (*visit)(KINTERRUPT& interrupt, void* context), void* context);

} // namespace nt::ke
