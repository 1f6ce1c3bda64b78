#include "base/list.h"
#include "kernel/ke/scheduler.h"
#include "kernel/mm/address_space.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"

namespace nt::ps {

mm::AddressSpace* system_space() {
    Process& process = body(system_process);
    if (process.space) return process.space;
    process.space = mm::AddressSpace::create();
    if (!process.space) return nullptr;
    process.space->owner = &process;
    ThreadHome home = system_home();
    home.space = process.space;
    set_system_home(home);
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        ke::Thread& thread = *NT_CONTAINER(e, ke::Thread, all_link);
        if (thread.process == system_process) thread.space = process.space;
    }
    ke::on_thread_switch(ke::current_thread());
    return process.space;
}

} // namespace nt::ps
