#include "kernel/ps/process.h"
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/guest.h"
#include "host/machine_heap.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/report.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/user_locks.h"
#include "kernel/ob/dos_devices.h"
#include "kernel/ob/object.h"
#include "kernel/ps/detail/process_parts.h"
#include "kernel/ps/process_notify.h"
#include "kernel/ps/quota.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/timer_resolution.h"
#include "kernel/ps/times.h"
#include "kernel/se/access.h"
#include "kernel/se/subject.h"
#include "kernel/se/token.h"
#include "trace/trace.h"
#include <cstring>
#include <vector>

namespace nt::ps {

OBJECT_TYPE* process_type = nullptr;
EPROCESS* system_process = nullptr;
LIST_ENTRY all_processes{&all_processes, &all_processes};
void (*on_process_exit)(EPROCESS&) = [](EPROCESS&) {};

namespace {

constexpr ULONG process_tag = 0xe36f7250; // "Pro\xe3"
// assumed: a machine of 1024 processes is full; one that ended counts while handles keep it. Each takes about
// 300 KB of the host's memory.
constexpr ULONG most_processes = 1024;
ULONG process_count;

ob::HandleTable* table_of(EPROCESS* process) { return static_cast<ob::HandleTable*>(process->ObjectTable); }

void remove_process(PVOID object) {
    Process& process = body(static_cast<EPROCESS*>(object));
    if (process.all_link.Flink) {
        list::remove(process.all_link);
        list::remove(process.ActiveProcessLinks);
        process_count--;
        forget_id(detail::id_of(process));
    }
    if (process.ObjectTable && &process != system_process) {
        ob::forget_table(table_of(&process));
        ob::HandleTable::destroy(table_of(&process));
    }
    if (process.space) mm::AddressSpace::destroy(process.space);
    se::drop_primary_token(process);
    leave_quota_block(process);
    host::destroy(process.modules);
    host::destroy(process.file_name);
    host::destroy(process.path);
    host::destroy(process.failure);
    host::destroy(process.free_tebs);
}

// Its threads keep it. The System process is for ever, and has threads that are no objects.
LONG64 own_references(PVOID object) {
    if (object == system_process) return 1;
    LONG64 count = 0;
    for_each_thread(*static_cast<EPROCESS*>(object), [&](ke::Thread&) { count++; });
    return count;
}

// "The driver must unlock any memory that it might have locked in a process, before the process terminates."
void check_locked_pages(Process& process) {
    const auto* key = static_cast<const KPROCESS*>(&process.Pcb);
    ULONG_PTR pages = 0;
    mm::for_each_user_lock(key, [&](const mm::UserLock& lock) { pages += lock.pages; });
    mm::for_each_user_lock(key, [&](const mm::UserLock& lock) {
        ke::report_at(lock.caller, "ProcessHasLockedPages",
                      {PROCESS_HAS_LOCKED_PAGES, {0, reinterpret_cast<ULONG_PTR>(&process), pages, 0}},
                      "%lu page%s of process %04lx, locked here and still locked when it ends", lock.pages,
                      lock.pages > 1 ? "s" : "", detail::id_of(process));
    });
    mm::forget_user_locks(key);
}

void store_stack_limit(std::uint64_t limit) {
    if (const ULONG_PTR teb = ke::current_thread().teb)
        (void)guest::write(teb + offsetof(NT_TIB, StackLimit), limit);
}

std::uint64_t read_stack_guarantee() {
    const ULONG_PTR teb = ke::current_thread().teb;
    return teb ? guest::read<ULONG>(teb + offsetof(TEB, GuaranteedStackBytes)).value_or(0) : 0;
}

// The first status counts, whatever it is: STATUS_PENDING is STILL_ACTIVE, with which a program may end.
void settle_exit_status(Process& process, NTSTATUS status) {
    if (!process.terminating) process.ExitStatus = status;
    process.terminating = true;
}

// The last thread of a process is gone: handles are closed, waiters on the process go on.
void finish(Process& process) {
    settle_exit_status(process, ke::current_thread().exit_status);
    notify_process_ends(process);
    table_of(&process)->close_all();
    check_locked_pages(process);
    process.ExitTime = time_stamp();
    set_process_timer_resolution(process, 0);
    ke::run_down_apcs(ke::current_thread()); // requests lie in them: they go before whoever waits looks
    if (trace::on)
        trace::emit_process_exited(&process, static_cast<std::uint32_t>(detail::id_of(process)),
                                   process.ExitStatus);
    if (process.critical) // "If 0, a process died. If 1, a thread died."
        ke::bug_check(CRITICAL_PROCESS_DIED, reinterpret_cast<ULONG_PTR>(&process), 0);
    ke::signal_object(process.Pcb.Header);
    on_process_exit(process);
}

} // namespace

namespace detail {

ULONG_PTR id_of(const EPROCESS& process) { return reinterpret_cast<ULONG_PTR>(process.UniqueProcessId); }

Result<Process*> new_process(ULONG_PTR id, std::string_view image, const Birth& birth) {
    if (process_count == most_processes) return fail(STATUS_INSUFFICIENT_RESOURCES);
    auto* object =
        static_cast<Process*>(TRY(ob::create_object({.type = process_type, .body_size = sizeof(Process)})));
    Process& process = *object;
    ke::initialize_header(process.Pcb.Header, ProcessObject, 0, 0); // its size does not fit the field
    list::initialize(process.Pcb.ProfileListHead);
    list::initialize(process.Pcb.ThreadListHead);
    list::initialize(process.ThreadListHead);
    list::initialize(process.ActiveProcessLinks);
    process.Pcb.BasePriority = 8;
    process.PriorityClass = 2; // PROCESS_PRIORITY_CLASS_NORMAL
    process.affinity = ke::all_processors();
    process.error_mode = 1; // hard errors are shown
    // "The default minimum is 50 pages, the default maximum 345" (SetProcessWorkingSetSize).
    process.working_set_minimum = 50 * mm::page_size;
    process.working_set_maximum = 345 * mm::page_size;
    process.UniqueProcessId = reinterpret_cast<PVOID>(id);
    process.CreateTime = time_stamp();
    process.ExitStatus = STATUS_PENDING;
    std::memcpy(process.ImageFileName, image.data(),
                std::min<std::size_t>(image.size(), sizeof process.ImageFileName - 1));
    process.modules = host::make<ldr::ModuleList>();
    process.failure = host::make<std::string>();
    process.free_tebs = host::make<TebList>();
    process.file_name = host::make<std::string>(image);
    // nf-processthreadsapi-createprocessw: "The ACLs in the default security descriptor for a process come
    // from the primary token of the creator."
    const EPROCESS* creator = se::current_process_body();
    NTSTATUS status = se::inherit_primary_token(process, birth.parent ? birth.parent : creator);
    if (NT_SUCCESS(status)) {
        const auto descriptor = se::protection(*se::primary_token(creator), *se::primary_token(&process),
                                               process_type, birth.security_descriptor, birth.mode);
        status = descriptor
                     ? ob::set_security(object, descriptor->data(), static_cast<ULONG>(descriptor->size()))
                     : descriptor.error();
    }
    if (NT_SUCCESS(status) && system_process)
        status = create_quota_block(process, birth.parent ? birth.parent : creator);
    if (!NT_SUCCESS(status)) {
        ob::dereference(object);
        return fail(status);
    }
    list::insert_tail(all_processes, process.all_link);
    process_count++;
    remember_id(id, object);
    // Drivers walk processes from PsInitialSystemProcess over ActiveProcessLinks.
    if (system_process) list::insert_tail(system_process->ActiveProcessLinks, process.ActiveProcessLinks);
    return object;
}

void run_down(ke::Thread& thread) {
    if (!thread.process) return;
    Process& process = body(static_cast<EPROCESS*>(thread.process));
    keep_times(thread);
    if (&process == system_process || !thread.teb) return;
    free_thread_memory(process, thread);
    ke::run_down_user_apcs(thread); // requests lie in them, and the last thread does not wait for this one
    process.ActiveThreads = process.ActiveThreads - 1;
    if (process.ActiveThreads == 0) finish(process);
}

} // namespace detail

NTSTATUS initialize_processes() {
    auto type = ob::create_type({.name = u"Process",
                                 .tag = process_tag,
                                 .mapping = {0x20410, 0x20beb, 0x121001, PROCESS_ALL_ACCESS},
                                 .valid_access = PROCESS_ALL_ACCESS,
                                 .invalid_attributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF,
                                 .callbacks = true,
                                 .security_required = true,
                                 .wait_offset = 0},
                                {.remove = remove_process, .own_references = own_references});
    if (!type) return type.error();
    process_type = *type;
    list::initialize(all_processes);
    auto created = detail::new_process(allocate_id(), "System", {});
    if (!created) return created.error();
    system_process = *created;
    system_process->ObjectTable = ob::kernel_table;
    ob::set_process_hooks({&process_type, &thread_type, &system_process, charge_object, give_back_object});
    initialize_quotas();
    // In its user half drivers map views and memory of their own.
    Process& system = body(system_process);
    system.space = mm::AddressSpace::create();
    if (!system.space) return STATUS_NO_MEMORY;
    system.space->owner = &system;
    set_system_home({system_process, system.space, detail::id_of(system)});
    mm::stack_limit_changed = store_stack_limit;
    mm::stack_guarantee = read_stack_guarantee;
    return STATUS_SUCCESS;
}

EPROCESS* current_process() {
    auto* process = static_cast<EPROCESS*>(ke::current_thread().process);
    return process ? process : system_process;
}

ULONG session_of(const EPROCESS& process) { return &process == system_process ? 0 : 1; }

EPROCESS* find_process(ULONG_PTR pid) { return static_cast<EPROCESS*>(object_of_id(pid, process_type)); }

ThreadsOf::ThreadsOf(EPROCESS& process) {
    for_each_thread(process, [&](ke::Thread& thread) {
        ob::reference(&thread);
        threads_.push_back(&thread);
    });
}
ThreadsOf::~ThreadsOf() {
    for (ke::Thread* thread : threads_)
        ob::dereference(thread);
}

void terminate_process(EPROCESS& target, NTSTATUS status, bool except_current) {
    Process& process = body(&target);
    if (!except_current) settle_exit_status(process, status);
    ke::Thread* self = &ke::current_thread();
    bool self_too = false;
    for (ke::Thread* thread : ThreadsOf(target)) // some may end while others are still told
        if (thread == self)
            self_too = !except_current;
        else if (thread->teb && ke::state_of(*thread) != ke::ThreadState::terminated)
            terminate_thread(*thread, status);
    if (self_too) exit_thread(status);
}

NTSTATUS run_as(EPROCESS& process, se::User user) {
    TOKEN* token = TRY_STATUS(se::create_user_token(user));
    token->SessionId = 1;
    se::set_primary_token(process, token);
    process.DeviceMap = ob::device_map_of(token->AuthenticationId);
    NTSTATUS status = se::protect(&process, *token, true);
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads && NT_SUCCESS(status); e = e->Flink) {
        ke::Thread* thread = NT_CONTAINER(e, ke::Thread, all_link);
        if (thread->process == &process) status = se::protect(thread, *token, true);
    }
    return status;
}

void set_standard_handles(EPROCESS& target, HANDLE console, HANDLE input, HANDLE output, HANDLE error) {
    Process& process = body(&target);
    auto* p = static_cast<RTL_USER_PROCESS_PARAMETERS*>(process.space->pointer(process.parameters));
    p->ConsoleHandle = console;
    p->StandardInput = input;
    p->StandardOutput = output;
    p->StandardError = error;
}

} // namespace nt::ps
