#include "kernel/ke/apc.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/signals.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/detail/unwait.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/thread.h"
#include "trace/trace.h"

namespace nt::ke {

namespace {

// Host functions behind kernel APCs, by number: a KAPC is guest memory and holds no host address. Number 0:
// the APC is a driver's.
constexpr ULONG most_functions = 16;
KernelApcFunction functions[most_functions];
ULONG function_count = 1;

ULONG number_of(KernelApcFunction function) {
    for (ULONG i = 1; i < function_count; i++)
        if (functions[i] == function) return i;
    if (function_count == most_functions) host::fatal("too many kinds of kernel APCs");
    functions[function_count] = function;
    return function_count++;
}

bool is_special(const KAPC& apc) { return !apc.NormalRoutine; }

KAPC& first_of(LIST_ENTRY& head) { return *NT_CONTAINER(head.Flink, KAPC, ApcListEntry); }

// Of the thread's own process while it is attached to another one, or the current state. assumed: an APC for
// the attached environment of a thread that is not attached belongs to the current one.
KAPC_STATE& state_for(Thread& thread, const KAPC& apc) {
    const bool waits =
        apc.ApcStateIndex == OriginalApcEnvironment && thread.Tcb.ApcStateIndex != OriginalApcEnvironment;
    return waits ? thread.Tcb.SavedApcState : thread.Tcb.ApcState;
}

// Special kernel APCs stand before normal ones; each kind in the order of queueing.
void insert(KAPC_STATE& state, KAPC& apc) {
    LIST_ENTRY& head = state.ApcListHead[static_cast<int>(apc.ApcMode)];
    LIST_ENTRY* before = &head;
    if (apc.ApcMode == KernelMode && is_special(apc))
        for (before = head.Flink; before != &head; before = before->Flink)
            if (!is_special(*NT_CONTAINER(before, KAPC, ApcListEntry))) break;
    list::insert_tail(*before, apc.ApcListEntry);
}

void take(KAPC& apc) {
    list::remove(apc.ApcListEntry);
    apc.Inserted = 0;
}

// What a kernel routine may change, where it can see it: on the kernel stack.
struct Cells {
    PKNORMAL_ROUTINE normal;
    PVOID context, argument1, argument2;
};

void call_kernel_routine(KAPC& apc, Cells& values) {
    const ULONG_PTR at = (GuestFrame::on_this_stack() - sizeof(Cells)) & ~ULONG_PTR{15};
    auto* cells = reinterpret_cast<Cells*>(at);
    *cells = values;
    {
        GuestFrame frame(at, seh::Interruption::apc);
        seh::call_out(apc.KernelRoutine, &apc, &cells->normal, &cells->context, &cells->argument1,
                      &cells->argument2);
    }
    values = *cells; // the APC itself may be gone
}

void run_kernel_apc(Thread& self, KAPC& apc) {
    take(apc);
    const KIRQL old = raise_irql(APC_LEVEL);
    if (const ULONG number = apc.SpareLong0) {
        functions[number](apc);
        irql_byte() = old;
        return;
    }
    Cells cells{apc.NormalRoutine, apc.NormalContext, apc.SystemArgument1, apc.SystemArgument2};
    if (trace::on)
        trace::emit_apc_delivered(&apc, KernelMode, reinterpret_cast<ULONG_PTR>(apc.KernelRoutine),
                                  reinterpret_cast<ULONG_PTR>(cells.normal));
    call_kernel_routine(apc, cells);
    irql_byte() = old;
    if (!cells.normal) return;
    self.Tcb.ApcState.KernelApcInProgress = 1;
    seh::call_out(cells.normal, cells.context, cells.argument1, cells.argument2);
    self.Tcb.ApcState.KernelApcInProgress = 0;
}

// The next kernel APC that the thread allows now; null: none.
KAPC* next_kernel_apc(Thread& self) {
    LIST_ENTRY& head = self.Tcb.ApcState.ApcListHead[0];
    if (list::empty(head) || self.Tcb.SpecialApcDisable) return nullptr;
    KAPC& apc = first_of(head);
    if (!is_special(apc) && (self.Tcb.KernelApcDisable || self.Tcb.ApcState.KernelApcInProgress))
        return nullptr;
    return &apc;
}

void run_down(LIST_ENTRY& head) {
    while (!list::empty(head)) {
        KAPC& apc = first_of(head);
        take(apc);
        if (const ULONG number = apc.SpareLong0)
            functions[number](apc);
        else if (apc.RundownRoutine)
            seh::call_out(apc.RundownRoutine, &apc);
    }
}

} // namespace

void initialize_kernel_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PVOID argument1,
                           PVOID argument2) {
    apc = {};
    apc.Type = ApcObject;
    apc.Size = sizeof apc;
    apc.Thread = &thread.Tcb;
    apc.SpareLong0 = number_of(function);
    apc.SystemArgument1 = argument1;
    apc.SystemArgument2 = argument2;
}

void initialize_user_apc(KAPC& apc, Thread& thread, KernelApcFunction function, PKNORMAL_ROUTINE routine,
                         PVOID context) {
    initialize_kernel_apc(apc, thread, function, nullptr, nullptr);
    apc.NormalRoutine = routine;
    apc.ApcMode = UserMode;
    apc.NormalContext = context;
}

void initialize_apc(KAPC& apc, Thread& thread, KAPC_ENVIRONMENT environment, PKKERNEL_ROUTINE kernel_routine,
                    PKRUNDOWN_ROUTINE rundown, PKNORMAL_ROUTINE normal_routine, KPROCESSOR_MODE mode,
                    PVOID context) {
    apc = {};
    apc.Type = ApcObject;
    apc.Size = sizeof apc;
    apc.Thread = &thread.Tcb;
    apc.KernelRoutine = kernel_routine;
    apc.RundownRoutine = rundown;
    apc.NormalRoutine = normal_routine;
    apc.ApcStateIndex = static_cast<CHAR>(
        environment == CurrentApcEnvironment ? thread.Tcb.ApcStateIndex : static_cast<int>(environment));
    apc.ApcMode = normal_routine ? mode : static_cast<KPROCESSOR_MODE>(KernelMode);
    apc.NormalContext = normal_routine ? context : nullptr;
}

bool queue_apc(KAPC& apc, PVOID argument1, PVOID argument2, KPRIORITY increment) {
    Thread& thread = as_thread(apc.Thread);
    if (apc.Inserted || state_of(thread) == ThreadState::terminated || thread.apcs_closed) return false;
    if (apc.ApcMode == UserMode && thread.user_apcs_closed) return false;
    apc.SystemArgument1 = argument1;
    apc.SystemArgument2 = argument2;
    apc.Inserted = 1;
    if (apc.ApcStateIndex == InsertApcEnvironment)
        apc.ApcStateIndex = static_cast<CHAR>(thread.Tcb.ApcStateIndex);
    KAPC_STATE& state = state_for(thread, apc);
    insert(state, apc);
    if (&state != &thread.Tcb.ApcState) [[unlikely]] {
        if (apc.ApcMode == KernelMode) state.KernelApcPending = 1;
        return true;
    }
    const bool waiting = state_of(thread) == ThreadState::waiting;
    if (apc.ApcMode == KernelMode) {
        thread.Tcb.ApcState.KernelApcPending = 1;
        if (waiting && thread.Tcb.WaitIrql < APC_LEVEL && next_kernel_apc(thread) == &apc) {
            thread.apc_wakeup = true;
            detail::unwait(thread, STATUS_KERNEL_APC, increment);
        } else if (state_of(thread) == ThreadState::running)
            update_pending_level(processor(thread.Tcb.NextProcessor));
    } else if (waiting && thread.Tcb.WaitMode == UserMode && thread.alertable) {
        thread.Tcb.ApcState.UserApcPending = 1;
        detail::unwait(thread, STATUS_USER_APC, increment);
    }
    dispatch();
    return true;
}

void move_apc_state(KAPC_STATE& from, KAPC_STATE& to) {
    for (int i = 0; i < 2; i++) {
        list::initialize(to.ApcListHead[i]);
        while (!list::empty(from.ApcListHead[i])) {
            LIST_ENTRY& first = *from.ApcListHead[i].Flink;
            list::remove(first);
            list::insert_tail(to.ApcListHead[i], first);
        }
    }
    to.Process = from.Process;
    to.InProgressFlags = from.InProgressFlags;
    to.KernelApcPending = from.KernelApcPending;
    to.UserApcPending = from.UserApcPending;
    from.InProgressFlags = 0;
    from.KernelApcPending = from.UserApcPending = 0;
}

void apc_state_changed() {
    update_pending_level(current_processor());
    if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
}

bool remove_apc(KAPC& apc) {
    if (!apc.Inserted) return false;
    take(apc);
    return true;
}

bool deliver_kernel_apcs() {
    Thread& self = current_thread();
    if (!self.Tcb.ApcState.KernelApcPending) [[likely]]
        return false;
    bool ran = false;
    while (KAPC* apc = next_kernel_apc(self)) {
        run_kernel_apc(self, *apc);
        ran = true;
    }
    if (list::empty(self.Tcb.ApcState.ApcListHead[0])) self.Tcb.ApcState.KernelApcPending = 0;
    update_pending_level(current_processor());
    return ran;
}

void apcs_enabled() {
    if (current_irql() < APC_LEVEL) deliver_kernel_apcs();
}

bool take_user_apc(UserApc& user) {
    Thread& self = current_thread();
    LIST_ENTRY& head = self.Tcb.ApcState.ApcListHead[1];
    self.Tcb.ApcState.UserApcPending = 0; // the next one waits for NtContinue's TestAlert
    while (!list::empty(head)) {
        KAPC& apc = first_of(head);
        take(apc);
        Cells cells{apc.NormalRoutine, apc.NormalContext, apc.SystemArgument1, apc.SystemArgument2};
        if (trace::on)
            trace::emit_apc_delivered(&apc, UserMode, reinterpret_cast<ULONG_PTR>(apc.KernelRoutine),
                                      reinterpret_cast<ULONG_PTR>(cells.normal));
        if (const ULONG number = apc.SpareLong0)
            functions[number](apc); // frees it
        else
            call_kernel_routine(apc, cells);
        if (!cells.normal) continue;
        user = {cells.normal, cells.context, cells.argument1, cells.argument2};
        return true;
    }
    return false;
}

bool alert_thread(Thread& thread, KPROCESSOR_MODE mode) {
    if (thread.Tcb.Alerted[static_cast<int>(mode)]) return true;
    if (state_of(thread) == ThreadState::waiting && thread.alertable && mode <= thread.Tcb.WaitMode) {
        detail::unwait(thread, STATUS_ALERTED);
        dispatch();
    } else
        thread.Tcb.Alerted[static_cast<int>(mode)] = 1;
    return false;
}

bool test_alert(KPROCESSOR_MODE mode) {
    Thread& self = current_thread();
    const bool alerted = self.Tcb.Alerted[static_cast<int>(mode)];
    self.Tcb.Alerted[static_cast<int>(mode)] = 0;
    if (mode == UserMode && !list::empty(self.Tcb.ApcState.ApcListHead[1]))
        self.Tcb.ApcState.UserApcPending = 1;
    return alerted;
}

void run_down_user_apcs(Thread& thread) {
    thread.user_apcs_closed = true;
    run_down(thread.Tcb.ApcState.ApcListHead[1]);
}

void run_down_apcs(Thread& thread) {
    thread.apcs_closed = true;
    for (LIST_ENTRY& head : thread.Tcb.ApcState.ApcListHead)
        run_down(head);
}

} // namespace nt::ke
