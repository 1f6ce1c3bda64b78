// nf-processthreadsapi-getthreadtimes, nf-processthreadsapi-getprocesstimes,
// nf-realtimeapiset-querythreadcycletime.
#include "kernel/ps/times.h"
#include "base/list.h"
#include "kernel/ke/accounting.h"
#include "kernel/ke/clock.h"
#include "kernel/ps/process.h"
#include <algorithm>

namespace nt::ps {

namespace {

// Charges what runs now.
void bring_up_to_date() {
    for (ULONG i = 0; i < ke::processor_count(); i++)
        ke::account_of(i);
}

void add(KERNEL_USER_TIMES& times, const ke::Thread& thread) {
    const ULONGLONG user = std::min(thread.user_time, thread.run_time);
    times.UserTime.QuadPart += static_cast<LONGLONG>(user);
    times.KernelTime.QuadPart += static_cast<LONGLONG>(thread.run_time - user);
}

} // namespace

LARGE_INTEGER time_stamp() {
    LARGE_INTEGER time;
    time.QuadPart = ke::boot_time() + static_cast<LONGLONG>(ke::tick_count() * ke::tick_length);
    return time;
}

KERNEL_USER_TIMES times_of(const ke::Thread& thread) {
    bring_up_to_date();
    KERNEL_USER_TIMES times{};
    times.CreateTime = thread.CreateTime;
    times.ExitTime = thread.ExitTime; // zero while it runs
    add(times, thread);
    return times;
}

KERNEL_USER_TIMES times_of(EPROCESS& object) {
    bring_up_to_date();
    const Process& process = body(&object);
    KERNEL_USER_TIMES times{};
    times.CreateTime = process.CreateTime;
    times.ExitTime = process.ExitTime;
    times.KernelTime.QuadPart = static_cast<LONGLONG>(process.ended_kernel_time);
    times.UserTime.QuadPart = static_cast<LONGLONG>(process.ended_user_time);
    for_each_thread(object, [&](const ke::Thread& thread) {
        if (!thread.ExitTime.QuadPart) add(times, thread);
    });
    return times;
}

CYCLE_TIME_INFORMATION cycles_of(const KERNEL_USER_TIMES& times) {
    constexpr ULONGLONG cycles_per_unit = 250; // 2.5 GHz
    return {static_cast<ULONGLONG>(times.KernelTime.QuadPart + times.UserTime.QuadPart) * cycles_per_unit, 0};
}

void (*on_thread_times)(const ke::Thread&, const KERNEL_USER_TIMES&) = [](const ke::Thread&,
                                                                          const KERNEL_USER_TIMES&) {};

void keep_times(const ke::Thread& thread) {
    if (!thread.process) return;
    Process& process = body(static_cast<EPROCESS*>(thread.process));
    const KERNEL_USER_TIMES times = times_of(thread);
    on_thread_times(thread, times);
    process.ended_kernel_time += static_cast<ULONGLONG>(times.KernelTime.QuadPart);
    process.ended_user_time += static_cast<ULONGLONG>(times.UserTime.QuadPart);
}

} // namespace nt::ps
