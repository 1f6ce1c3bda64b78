#include "kernel/ps/timer_resolution.h"
#include "base/list.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/timer.h"
#include "kernel/ps/process.h"
#include <algorithm>

namespace nt::ps {

namespace {

ULONG driver_requests = 0, of_drivers = ke::tick_length;

void apply() {
    ULONG finest = of_drivers;
    for (LIST_ENTRY* e = all_processes.Flink; e != &all_processes; e = e->Flink) {
        const Process* process = NT_CONTAINER(e, Process, all_link);
        if (process->timer_resolution) finest = std::min(finest, process->timer_resolution);
    }
    ke::set_timer_resolution(finest);
}

} // namespace

void request_driver_timer_resolution(ULONG units) {
    driver_requests++;
    of_drivers = std::min(of_drivers, units);
    apply();
}

void release_driver_timer_resolution() {
    if (!driver_requests || --driver_requests) return;
    of_drivers = ke::tick_length;
    apply();
}

void set_process_timer_resolution(EPROCESS& process, ULONG units) {
    if (body(&process).timer_resolution == units) return;
    body(&process).timer_resolution = units;
    apply();
}

} // namespace nt::ps
