// Dispatcher objects: their bodies are the state (abi/dispatcher.h). Any IRQL up to DISPATCH_LEVEL unless
// said otherwise. ntddk pages: KeInitializeEvent, KeSetEvent, KeReleaseSemaphore, KeReleaseMutex …
#pragma once
#include "abi/dispatcher.h"

namespace nt::ke {

struct Thread;

void initialize_header(DISPATCHER_HEADER& header, UCHAR type, UCHAR size_bytes, LONG signal_state);

void initialize_event(KEVENT& event, EVENT_TYPE type, bool signalled);
// Previous signal state. `wait`: the caller waits next; no switch in between.
LONG set_event(KEVENT& event, KPRIORITY increment = 0, bool wait = false);
LONG reset_event(KEVENT& event);
LONG pulse_event(KEVENT& event, KPRIORITY increment = 0, bool wait = false);

void initialize_semaphore(KSEMAPHORE& semaphore, LONG count, LONG limit);
// STATUS_SEMAPHORE_LIMIT_EXCEEDED leaves the count alone; drivers get it raised.
NTSTATUS release_semaphore(KSEMAPHORE& semaphore, LONG adjustment, LONG& previous, bool wait = false,
                           KPRIORITY increment = SEMAPHORE_INCREMENT);

void initialize_mutant(KMUTANT& mutant, bool initial_owner, UCHAR apc_disable);
// STATUS_MUTANT_NOT_OWNED when the running thread does not own it, or acquired it on the other side of
// DISPATCH_LEVEL (nf-wdm-kereleasemutex).
NTSTATUS release_mutant(KMUTANT& mutant, LONG& previous, bool wait = false,
                        KPRIORITY increment = MUTANT_INCREMENT);
// Takes it from its owner, whoever that is. STATUS_MUTANT_NOT_OWNED: nobody's.
NTSTATUS abandon_mutant(KMUTANT& mutant, KPRIORITY increment, bool wait);
void abandon_mutants(Thread& owner);

// Signals a thread or process object at its end.
void signal_object(DISPATCHER_HEADER& header);

// The object's state changed to signalled: satisfies waits in the order of their queueing.
// Boosts who is woken by `increment`.
void test_waits(DISPATCHER_HEADER& header, KPRIORITY increment = 0);

} // namespace nt::ke
