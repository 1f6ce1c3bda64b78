// Timers by handle: nf-ntifs-ntcreatetimer, nf-wdm-zwsettimer, nf-wdm-zwsettimerex, nf-wdm-zwcanceltimer,
// nf-ntifs-ntquerytimer (what waitable timers of Win32 are); the clock's resolution.
#include "abi/status.h"
#include "kernel/exports/sync_services.h"
#include "kernel/exports/timer_object.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/timer.h"
#include "kernel/ps/process.h"
#include "kernel/ps/timer_resolution.h"
#include <algorithm>

using namespace nt;
using namespace nt::exports;

namespace {

struct TIMER_SET_COALESCABLE_TIMER_INFO {
    LARGE_INTEGER DueTime;
    PKNORMAL_ROUTINE TimerApcRoutine;
    PVOID TimerContext, WakeContext;
    ULONG TimerPeriod, TolerableDelay;
    BOOLEAN* PreviousState;
};

NTSTATUS set(HANDLE handle, const TIMER_SET_COALESCABLE_TIMER_INFO& what, bool resume) {
    Reference timer(handle, modify_state, timer_type);
    if (!NT_SUCCESS(timer.status)) return timer.status;
    auto& body = timer.as<TimerObject>();
    const BOOLEAN before = body.timer.Header.SignalState != 0;
    set_timer_object(body, what.DueTime, what.TimerApcRoutine, what.TimerContext, what.TimerPeriod,
                     what.TolerableDelay);
    if (what.PreviousState && !write_parameter(what.PreviousState, before)) return STATUS_ACCESS_VIOLATION;
    // Nothing sleeps here that a timer could wake.
    return resume ? STATUS_TIMER_RESUME_IGNORED : STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NtCreateTimer(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                  ULONG type) {
    if (type > SynchronizationTimer) return STATUS_INVALID_PARAMETER_4;
    return create<TimerObject>(handle, desired, attributes, timer_type, [&](TimerObject& timer) {
        initialize_timer_object(timer, static_cast<TIMER_TYPE>(type));
    });
}
GATE(NtCreateTimer);

extern "C" NTSTATUS NtOpenTimer(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes) {
    return open(handle, desired, attributes, timer_type);
}
GATE(NtOpenTimer);

extern "C" NTSTATUS NtSetTimer(HANDLE handle, const LARGE_INTEGER* due, PKNORMAL_ROUTINE routine,
                               PVOID context, BOOLEAN resume, LONG period, BOOLEAN* previous) {
    if (period < 0) return STATUS_INVALID_PARAMETER_6;
    TIMER_SET_COALESCABLE_TIMER_INFO what{{}, routine, context, nullptr, static_cast<ULONG>(period),
                                          0,  previous};
    if (!read_parameter(due, what.DueTime)) return STATUS_ACCESS_VIOLATION;
    return set(handle, what, resume);
}
GATE(NtSetTimer);

// The one class there is: TimerSetCoalescableTimer.
extern "C" NTSTATUS NtSetTimerEx(HANDLE handle, ULONG information_class, const void* information,
                                 ULONG length) {
    TIMER_SET_COALESCABLE_TIMER_INFO what;
    if (information_class != 0) return STATUS_INVALID_INFO_CLASS;
    if (length < sizeof what) return STATUS_INFO_LENGTH_MISMATCH;
    if (!copy_in(&what, information, sizeof what)) return STATUS_ACCESS_VIOLATION;
    if (what.TimerPeriod > 0x7fff'ffff) return STATUS_INVALID_PARAMETER;
    return set(handle, what, what.WakeContext != nullptr);
}
GATE(NtSetTimerEx);

extern "C" NTSTATUS NtCancelTimer(HANDLE handle, BOOLEAN* state) {
    Reference timer(handle, modify_state, timer_type);
    if (!NT_SUCCESS(timer.status)) return timer.status;
    auto& body = timer.as<TimerObject>();
    cancel_timer_object(body);
    const BOOLEAN signalled = body.timer.Header.SignalState != 0;
    return !state || write_parameter(state, signalled) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtCancelTimer);

extern "C" NTSTATUS NtQueryTimer(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                                 ULONG* needed) {
    struct TIMER_BASIC_INFORMATION {
        LARGE_INTEGER RemainingTime;
        BOOLEAN TimerState;
    };
    if (information_class != 0) return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(TIMER_BASIC_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
    Reference timer(handle, query_state, timer_type);
    if (!NT_SUCCESS(timer.status)) return timer.status;
    const KTIMER& body = timer.as<TimerObject>().timer;
    TIMER_BASIC_INFORMATION information{};
    information.RemainingTime.QuadPart =
        static_cast<LONGLONG>(body.DueTime.QuadPart) - static_cast<LONGLONG>(ke::interrupt_time());
    information.TimerState = body.Header.SignalState != 0;
    if (!copy_out(to, &information, sizeof information)) return STATUS_ACCESS_VIOLATION;
    return !needed || write_parameter(needed, ULONG{sizeof information}) ? STATUS_SUCCESS
                                                                         : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryTimer);

extern "C" NTSTATUS NtQueryTimerResolution(ULONG* coarsest, ULONG* finest, ULONG* current) {
    return write_parameter(coarsest, ULONG{ke::tick_length}) &&
                   write_parameter(finest, ULONG{ke::finest_resolution}) &&
                   write_parameter(current, ke::timer_resolution())
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}
GATE(NtQueryTimerResolution);

// A wish lasts until the process takes it back or ends. assumed: a process has one wish, the latest.
extern "C" NTSTATUS NtSetTimerResolution(ULONG wanted, BOOLEAN set, ULONG* current) {
    EPROCESS& process = *ps::current_process();
    const bool had = ps::body(&process).timer_resolution != 0;
    if (!set && !had) return STATUS_TIMER_RESOLUTION_NOT_SET;
    ps::set_process_timer_resolution(
        process, set ? std::clamp<ULONG>(wanted, ke::finest_resolution, ke::tick_length) : 0);
    return write_parameter(current, ke::timer_resolution()) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtSetTimerResolution);
