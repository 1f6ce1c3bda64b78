#include "kernel/ps/attach.h"
#include "base/list.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process.h"

namespace nt::ps {

namespace {

// What KAPC_STATE.Process says when the thread was in that process already: there is nothing to undo.
KPROCESS* const nothing_done = reinterpret_cast<KPROCESS*>(1);

void enter(EPROCESS& process) {
    ke::Thread& self = ke::current_thread();
    self.process = &process;
    self.space = body(&process).space;
    self.Tcb.ApcState.Process = &process.Pcb;
    self.Tcb.ApcStateIndex = self.Tcb.ApcState.Process != self.Tcb.Process;
    ke::on_thread_switch(self);
}

} // namespace

void attach(EPROCESS& process, KAPC_STATE& state) {
    const ke::Thread& self = ke::current_thread();
    state = {};
    list::initialize(state.ApcListHead[0]);
    list::initialize(state.ApcListHead[1]);
    if (self.process == &process && self.space == body(&process).space) {
        state.Process = nothing_done;
        return;
    }
    state.Process = static_cast<KPROCESS*>(&static_cast<EPROCESS*>(self.process)->Pcb);
    enter(process);
}

void detach(const KAPC_STATE& state) {
    if (state.Process == nothing_done) return;
    enter(*reinterpret_cast<EPROCESS*>(state.Process));
}

} // namespace nt::ps
