// Device timers: wdm pages nf-wdm-ioinitializetimer, nf-wdm-iostarttimer, nf-wdm-iostoptimer.
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/timer.h"

using namespace nt;
using exports::need_out;

extern "C" NTSTATUS IoInitializeTimer(DEVICE_OBJECT* device, PIO_TIMER_ROUTINE routine, PVOID context) {
    return io::initialize_timer(&need_out(device), routine, context);
}
GATE(IoInitializeTimer);

extern "C" void IoStartTimer(DEVICE_OBJECT* device) { io::start_timer(&need_out(device)); }
GATE(IoStartTimer);

extern "C" void IoStopTimer(DEVICE_OBJECT* device) { io::stop_timer(&need_out(device)); }
GATE(IoStopTimer);

// The DPC of the one timer that serves all devices.
extern "C" void IopTimerDispatch(KDPC*, PVOID, PVOID, PVOID) { io::run_timers(); }
GATE(IopTimerDispatch);
