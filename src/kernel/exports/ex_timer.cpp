// System-allocated timers and the resolution of the clock: nf-wdm-exallocatetimer, nf-wdm-exsettimer,
// nf-wdm-excanceltimer, nf-wdm-exdeletetimer, nf-wdm-exsettimerresolution, nf-wdm-exquerytimerresolution.
#include "abi/bugcheck.h"
#include "kernel/ex/timer.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/timer.h"
#include "kernel/ps/timer_resolution.h"

using namespace nt;

namespace {

struct EXT_SET_PARAMETERS {
    ULONG Version, Reserved;
    LONGLONG NoWakeTolerance;
};
struct EXT_DELETE_PARAMETERS {
    ULONG Version, Reserved;
    ex::EXT_DELETE_CALLBACK* DeleteCallback;
    PVOID DeleteContext;
};

// "the routine bug checks". assumed: with this code; parameter 1 says that it is a timer.
[[noreturn]] void invalid(const void* timer) {
    ke::bug_check(TIMER_OR_DPC_INVALID, 0, reinterpret_cast<ULONG_PTR>(timer));
}

} // namespace

extern "C" ex::Timer* ExAllocateTimer(ex::EXT_CALLBACK* callback, PVOID context, ULONG attributes) {
    constexpr ULONG exclusive = ex::timer_high_resolution | ex::timer_no_wake;
    if ((attributes & exclusive) == exclusive || attributes & ~(exclusive | ex::timer_notification))
        invalid(nullptr);
    return ex::allocate_timer(callback, context, attributes);
}
GATE(ExAllocateTimer);

extern "C" BOOLEAN ExSetTimer(ex::Timer* timer, LONGLONG due, LONGLONG period,
                              const EXT_SET_PARAMETERS* parameters) {
    constexpr LONGLONG longest = 0x7fff'ffff;
    if ((timer->attributes & ex::timer_high_resolution && due >= 0) || period < 0 || period > longest ||
        (parameters && parameters->NoWakeTolerance < ex::unlimited_tolerance))
        invalid(timer);
    return ex::set_timer(*timer, due, static_cast<ULONG>(period));
}
GATE(ExSetTimer);

extern "C" BOOLEAN ExCancelTimer(ex::Timer* timer, PVOID) { return ex::cancel_timer(*timer); }
GATE(ExCancelTimer);

extern "C" BOOLEAN ExDeleteTimer(ex::Timer* timer, BOOLEAN cancel, BOOLEAN wait,
                                 const EXT_DELETE_PARAMETERS* parameters) {
    if (wait && !cancel) invalid(timer);
    return ex::delete_timer(*timer, cancel, wait, parameters ? parameters->DeleteCallback : nullptr,
                            parameters ? parameters->DeleteContext : nullptr);
}
GATE(ExDeleteTimer);

extern "C" ULONG ExSetTimerResolution(ULONG units, BOOLEAN set) {
    if (set)
        ps::request_driver_timer_resolution(units);
    else
        ps::release_driver_timer_resolution();
    return ke::timer_resolution();
}
GATE(ExSetTimerResolution);

extern "C" void ExQueryTimerResolution(ULONG* coarsest, ULONG* finest, ULONG* current) {
    *coarsest = ke::tick_length;
    *finest = ke::finest_resolution;
    *current = ke::timer_resolution();
}
GATE(ExQueryTimerResolution);
