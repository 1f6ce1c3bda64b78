#include "kernel/ps/thread.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/suspend.h"
#include "kernel/ke/wait.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/image_notify.h"
#include "kernel/ps/thread_notify.h"
#include "kernel/ps/times.h"
#include "kernel/se/access.h"
#include "kernel/se/token.h"
#include "trace/trace.h"
#include <algorithm>
#include <vector>

namespace nt::ps {

OBJECT_TYPE* thread_type = nullptr;

namespace {

constexpr ULONG thread_tag = 0xe5726854;     // "Thr\xe5"
constexpr ULONG break_on_termination = 0x20; // of CrossThreadFlags
constexpr ACCESS_MASK thread_all_access = 0x1fffff;
ULONG_PTR next_id = 4;
std::vector<PVOID, host::HeapAllocator<PVOID>>
    ids; // objects by id / 4: processes, and threads that are objects
ThreadHome home_of_system{};

constexpr ULONG most_rundowns = 8;
void (*rundowns[most_rundowns])(ke::Thread&);
ULONG rundown_count = 0;

// Ended threads whose fiber cannot be released while it may still be running, by their ended_link.
struct Ended {
    LIST_ENTRY head;
    Ended() { list::initialize(head); }
} ended;

void reap() {
    for (LIST_ENTRY* e = ended.head.Flink; e != &ended.head;) {
        auto* thread = NT_CONTAINER(e, ke::Thread, ended_link);
        e = e->Flink;
        if (ke::state_of(*thread) != ke::ThreadState::terminated) continue; // on its last way
        list::remove(thread->ended_link);
        ob::dereference(thread);
    }
}

void remove_thread(PVOID body) {
    auto& thread = *static_cast<ke::Thread*>(body);
    se::impersonate(thread, nullptr, SecurityAnonymous, false);
    if (thread.name) pool::release(thread.name, thread_name_tag);
    ke::delete_thread(thread);
    forget_id(thread.tid);
    if (thread.process) ob::dereference(thread.process);
}

// A thread that has not ended keeps itself.
LONG64 own_references(PVOID body) {
    return ke::state_of(*static_cast<ke::Thread*>(body)) != ke::ThreadState::terminated;
}

void switch_process(ke::Thread& to) {
    if (&to == &ke::idle_thread_of(to.Tcb.NextProcessor))
        mm::leave_space();
    else
        mm::activate(to.space);
}

Result<ke::Thread*> make(const ThreadHome& home, void (*start)(ke::Thread&),
                         const std::vector<UCHAR>* security = nullptr) {
    reap();
    auto* thread = static_cast<ke::Thread*>(
        TRY(ob::create_object({.type = thread_type, .body_size = sizeof(ke::Thread)})));
    thread->process = nullptr;
    if (const NTSTATUS status = ke::initialize_thread(*thread, start); !NT_SUCCESS(status)) {
        ob::dereference(thread);
        return fail(status);
    }
    thread->CreateTime = time_stamp();
    thread->pid = home.pid;
    thread->tid = allocate_id();
    thread->Cid = {reinterpret_cast<HANDLE>(home.pid), reinterpret_cast<HANDLE>(thread->tid)};
    remember_id(thread->tid, thread);
    thread->space = home.space;
    thread->process = home.process;
    thread->Tcb.ApcState.Process = reinterpret_cast<decltype(thread->Tcb.ApcState.Process)>(home.process);
    thread->Tcb.Process = reinterpret_cast<decltype(thread->Tcb.Process)>(home.process);
    const NTSTATUS status =
        security ? ob::set_security(thread, security->data(), static_cast<ULONG>(security->size()))
                 : se::protect(thread, *se::primary_token(home.process), true);
    if (!NT_SUCCESS(status)) {
        thread->process = nullptr;
        ob::dereference(thread);
        return fail(status);
    }
    if (home.process) {
        ob::reference(home.process);
        list::insert_tail(home.process->ThreadListHead, thread->ThreadListEntry);
    }
    ob::reference(thread); // the running thread's own; dropped after its end
    return thread;
}

// A thread that ke made for itself: not an object, for ever there.
void adopt(ke::Thread& thread) {
    thread.pid = home_of_system.pid;
    thread.tid = allocate_id();
    thread.Cid = {reinterpret_cast<HANDLE>(thread.pid), reinterpret_cast<HANDLE>(thread.tid)};
    thread.process = home_of_system.process;
    thread.Tcb.ApcState.Process = reinterpret_cast<KPROCESS*>(home_of_system.process);
    thread.Tcb.Process = reinterpret_cast<KPROCESS*>(home_of_system.process);
}

void run_system(ke::Thread& self) {
    seh::call_out(reinterpret_cast<PKSTART_ROUTINE>(self.start_address),
                  reinterpret_cast<PVOID>(self.start_context));
    // KERNEL_APC_PENDING_DURING_EXIT: "This current IRQL (Parameter 3) should be zero."
    if (const KIRQL irql = ke::current_irql(); irql != PASSIVE_LEVEL)
        ke::bug_check_at(self.start_address,
                         {KERNEL_APC_PENDING_DURING_EXIT, {0, self.Tcb.CombinedApcDisable, irql, 0}},
                         "a system thread's routine returned at IRQL %u", irql);
    exit_thread(STATUS_SUCCESS);
}

// A driver's thread ends in the critical region that it began in, unless the driver has left it.
void leave_first_region(ke::Thread& self) {
    if (self.start != run_system || self.Tcb.KernelApcDisable >= 0) return;
    if (++self.Tcb.KernelApcDisable == 0) ke::apcs_enabled();
}

void run_kernel(ke::Thread& self) {
    auto routine = reinterpret_cast<void (*)(PVOID)>(self.start_context);
    routine(self.extension);
    exit_thread(STATUS_SUCCESS);
}

void run_user(ke::Thread& self) {
    if (self.exiting) exit_thread(self.exit_status); // ended before it ran
    // assumed: before the new thread's own routines hear of it.
    if (self.process) notify_first_images(*static_cast<EPROCESS*>(self.process));
    notify_thread_begins(self);
    seh::nt_enter_user(self.start_context, reinterpret_cast<ULONG_PTR>(self.extension),
                       self.base.registers[0], self.teb);
}

} // namespace

NTSTATUS initialize_threads() {
    auto type = ob::create_type({.name = u"Thread",
                                 .tag = thread_tag,
                                 .mapping = {0x20048, 0x20037, 0x120000, thread_all_access},
                                 .valid_access = thread_all_access,
                                 .invalid_attributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF,
                                 .callbacks = true,
                                 .security_required = true,
                                 .wait_offset = 0},
                                {.remove = remove_thread, .own_references = own_references});
    if (!type) return type.error();
    thread_type = *type;
    ke::on_thread_switch = switch_process;
    ke::before_idle_runs_code = mm::finish_leaving;
    ke::adopt_thread = adopt;
    return STATUS_SUCCESS;
}

ULONG_PTR allocate_id() {
    const ULONG_PTR id = next_id;
    next_id += 4;
    return id;
}

void remember_id(ULONG_PTR id, PVOID object) {
    const ULONG_PTR index = id / 4;
    if (index >= ids.size()) ids.resize(std::max<std::size_t>(index + 1, ids.size() * 2));
    ids[index] = object;
}
void forget_id(ULONG_PTR id) {
    if (id / 4 < ids.size()) ids[id / 4] = nullptr;
}
PVOID object_of_id(ULONG_PTR id, OBJECT_TYPE* type) {
    reap(); // threads that have ended keep themselves and their process
    PVOID object = id % 4 || id / 4 >= ids.size() ? nullptr : ids[id / 4];
    return object && ob::type_of(object) == type ? object : nullptr;
}

void set_system_home(const ThreadHome& home) {
    home_of_system = home;
    for (ULONG i = 0; i < ke::processor_count(); i++) {
        ke::Thread& idle = ke::idle_thread_of(i);
        idle.process = home.process; // drivers' DPCs may ask for it
        idle.space = home.space;     // not made accessible at a switch to it
        idle.Tcb.ApcState.Process = reinterpret_cast<KPROCESS*>(home.process);
        idle.Tcb.Process = reinterpret_cast<KPROCESS*>(home.process);
    }
}
const ThreadHome& system_home() { return home_of_system; }

Result<ke::Thread*> create_system_thread(const ThreadHome& home, PKSTART_ROUTINE routine, PVOID context) {
    ke::Thread* thread = TRY(make(home, run_system));
    // "runs at PASSIVE_LEVEL inside a critical region with normal kernel APCs disabled"
    thread->Tcb.KernelApcDisable = -1;
    thread->start_address = reinterpret_cast<ULONG_PTR>(routine);
    thread->StartAddress = reinterpret_cast<PVOID>(routine);
    thread->start_context = reinterpret_cast<ULONG_PTR>(context);
    notify_thread_created(*thread);
    start_thread(*thread);
    return thread;
}

Result<ke::Thread*> create_kernel_thread(void (*routine)(PVOID), PVOID argument, KPRIORITY priority) {
    ke::Thread* thread = TRY(make(home_of_system, run_kernel));
    thread->Tcb.Priority = thread->Tcb.BasePriority = static_cast<CHAR>(priority);
    thread->start_context = reinterpret_cast<ULONG_PTR>(routine);
    thread->extension = argument;
    start_thread(*thread);
    return thread;
}

Result<ke::Thread*> create_user_thread(const ThreadHome& home, const UserStart& user) {
    ke::Thread* thread = TRY(make(home, run_user, user.security));
    thread->teb = user.teb;
    thread->Tcb.Teb = reinterpret_cast<PVOID>(user.teb);
    thread->start_address = user.start_address ? user.start_address : user.rip;
    thread->start_context = user.rip;
    thread->extension = reinterpret_cast<PVOID>(user.rsp);
    thread->base.registers[0] = user.argument;
    return thread;
}

void start_thread(ke::Thread& thread) {
    if (trace::on)
        trace::emit_thread_created(&thread, static_cast<std::uint32_t>(thread.pid),
                                   static_cast<std::uint32_t>(thread.tid), thread.start_address);
    ke::ready_thread(thread);
    ke::dispatch();
}

void begin_thread(ke::Thread& thread, bool suspended) {
    if (thread.exiting || ke::state_of(thread) != ke::ThreadState::initialized) return;
    if (suspended) thread.Tcb.SuspendCount++;
    if (thread.Tcb.SuspendCount == 0) start_thread(thread);
}

ULONG resume_thread(ke::Thread& thread) {
    const ULONG previous = ke::resume_thread(thread);
    if (previous == 1 && ke::state_of(thread) == ke::ThreadState::initialized) start_thread(thread);
    return previous;
}

void add_rundown(void (*rundown)(ke::Thread& thread)) { rundowns[rundown_count++] = rundown; }

void exit_thread(LONG status) {
    ke::Thread& self = ke::current_thread();
    self.exiting = true;
    self.exit_status = status; // its process's, if it is the last
    leave_first_region(self);
    notify_thread_ends(self);
    if (self.CrossThreadFlags & break_on_termination)
        ke::bug_check(CRITICAL_PROCESS_DIED, reinterpret_cast<ULONG_PTR>(&self), 1);
    self.ExitTime = time_stamp();
    for (ULONG i = 0; i < rundown_count; i++)
        rundowns[i](self);
    se::impersonate(self, nullptr, SecurityAnonymous, false); // the object may stay long
    reap();
    if (self.ThreadListEntry.Flink) list::remove(self.ThreadListEntry);
    list::insert_tail(ended.head, self.ended_link);
    ke::exit_thread(status);
}

void terminate_thread(ke::Thread& thread, LONG status) {
    thread.exit_status = status;
    thread.exiting = true;
    if (thread.Tcb.State == static_cast<UCHAR>(ke::ThreadState::initialized)) {
        thread.Tcb.SuspendCount = 0;
        start_thread(thread);
    } else if (&thread != &ke::current_thread()) {
        ke::resume_for_good(thread);
        ke::end_user_wait(thread);
        ke::dispatch();
    }
}

ke::Thread* find_thread(ULONG_PTR tid) { return static_cast<ke::Thread*>(object_of_id(tid, thread_type)); }

} // namespace nt::ps
