#include "kernel/ps/attach.h"
#include "abi/bugcheck.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process.h"

namespace nt::ps {

namespace {

// What KAPC_STATE.Process says when the thread was in that process already: there is nothing to undo.
KPROCESS* const nothing_done = reinterpret_cast<KPROCESS*>(1);

// The process of the current state is the one whose memory the thread sees.
void follow() {
    ke::Thread& self = ke::current_thread();
    auto* process = reinterpret_cast<EPROCESS*>(self.Tcb.ApcState.Process);
    self.process = process;
    self.space = body(process).space;
    ke::on_thread_switch(self);
    ke::apc_state_changed();
}

bool is_in(const ke::Thread& self, EPROCESS& process) {
    return self.process == &process && self.space == body(&process).space;
}

[[noreturn]] void bad_attach(EPROCESS& process) {
    const KTHREAD& self = ke::current_thread().Tcb;
    ke::bug_check(INVALID_PROCESS_ATTACH_ATTEMPT, reinterpret_cast<ULONG_PTR>(&process),
                  reinterpret_cast<ULONG_PTR>(self.ApcState.Process), self.ApcStateIndex);
}

void enter(EPROCESS& process, KAPC_STATE& keep) {
    KTHREAD& self = ke::current_thread().Tcb;
    ke::move_apc_state(self.ApcState, keep);
    self.ApcState.Process = &process.Pcb;
    self.ApcStateIndex = AttachedApcEnvironment;
    follow();
}

void leave(KAPC_STATE& kept) {
    KTHREAD& self = ke::current_thread().Tcb;
    ke::apc_state_changed();
    const KAPC_STATE& now = self.ApcState;
    // assumed: what was queued for the attached thread must have run.
    if (self.ApcStateIndex == OriginalApcEnvironment || now.KernelApcInProgress ||
        !list::empty(now.ApcListHead[0]) || !list::empty(now.ApcListHead[1]))
        ke::bug_check(INVALID_PROCESS_DETACH_ATTEMPT);
    if (&kept == &self.SavedApcState) self.ApcStateIndex = OriginalApcEnvironment;
    ke::move_apc_state(kept, self.ApcState);
    follow();
}

} // namespace

void attach(EPROCESS& process, KAPC_STATE& state) {
    ke::Thread& self = ke::current_thread();
    if (is_in(self, process)) {
        state.Process = nothing_done;
    } else if (self.Tcb.ApcStateIndex != OriginalApcEnvironment) {
        enter(process, state);
    } else {
        state.Process = nullptr;
        enter(process, self.Tcb.SavedApcState);
    }
}

void detach(KAPC_STATE& state) {
    if (state.Process != nothing_done) leave(state.Process ? state : ke::current_thread().Tcb.SavedApcState);
}

void attach_once(EPROCESS& process) {
    ke::Thread& self = ke::current_thread();
    if (is_in(self, process)) return;
    if (self.Tcb.ApcStateIndex != OriginalApcEnvironment) bad_attach(process);
    enter(process, self.Tcb.SavedApcState);
}

void detach_once() {
    KTHREAD& self = ke::current_thread().Tcb;
    // assumed: whose attach did nothing has nothing to undo.
    if (self.ApcStateIndex != OriginalApcEnvironment) leave(self.SavedApcState);
}

} // namespace nt::ps
