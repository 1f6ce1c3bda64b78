// Device timers: IoInitializeTimer and kin. One kernel timer serves them all, once a second, and runs only
// while a device's is on; the routines are called in its DPC, in the order of their initialization.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-iotimer-routines
#pragma once
#include "abi/irp.h"

namespace nt {

struct IO_TIMER {
    CSHORT Type;     // IO_TYPE_TIMER
    SHORT TimerFlag; // 1: it is on
    LIST_ENTRY TimerList;
    PIO_TIMER_ROUTINE TimerRoutine;
    PVOID Context;
    nt::DEVICE_OBJECT* DeviceObject;
};

} // namespace nt

namespace nt::io {

// assumed: a second time replaces routine and context; the page says "only once".
// STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS initialize_timer(DEVICE_OBJECT* device, PIO_TIMER_ROUTINE routine, PVOID context);
// No effect on a device without a timer, or when it is on (off) already. Up to DISPATCH_LEVEL.
void start_timer(DEVICE_OBJECT* device);
void stop_timer(DEVICE_OBJECT* device);
void delete_timer(DEVICE_OBJECT* device); // with its device
void run_timers();                        // body of nt!IopTimerDispatch, in the DPC

} // namespace nt::io
