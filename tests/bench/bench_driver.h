// The bench driver's files among themselves.
#pragma once
#include <ntifs.h>

#include "bench.h"

// On the calling thread, which is a system thread: the loops of bench_kernel.c. STATUS_INVALID_PARAMETER: not
// one of them.
NTSTATUS kernel_loop(const BENCH_LOOP* what);
// bench_devices.c
NTSTATUS make_devices(PDRIVER_OBJECT driver, ULONG count, ULONG many);
extern PDRIVER_OBJECT bench_driver; // the driver's own object
// Runs the routine on a system thread and waits for its end.
NTSTATUS run_on_system_thread(PKSTART_ROUTINE routine, PVOID context);
NTSTATUS start_system_thread(PKSTART_ROUTINE routine, PVOID context, PVOID* thread);
void wait_for_thread(PVOID thread); // and gives its reference back

// bench_pulse.c: reads that the pulse model's interrupts complete. Without the model there are none.
void connect_pulse(PDEVICE_OBJECT device);
void disconnect_pulse(void);
NTSTATUS NTAPI bench_read(PDEVICE_OBJECT device, PIRP irp);
