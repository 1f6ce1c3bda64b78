#include "app/target.h"
#include "abi/context.h"
#include "app/kernel_images.h"
#include "app/text.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/ex/resource.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/irp.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/windows.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/process.h"
#include "kernel/ps/quota.h"
#include "kernel/ps/times.h"
#include "kernel/seh/dispatch.h"
#include "kernel/seh/stack_walk.h"
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>

namespace app {

using namespace nt;
using view::Address;

namespace {

std::string text_of(const UNICODE_STRING& s) {
    return s.Buffer ? to_utf8({s.Buffer, s.Length / sizeof(WCHAR)}) : std::string();
}

Address address_of(const void* p) { return reinterpret_cast<Address>(p); }

view::Object describe(PVOID body) {
    view::Object o;
    OBJECT_HEADER* header = ob::header_of(body);
    o.body = address_of(body);
    o.header = address_of(header);
    OBJECT_TYPE* type = ob::type_of(body);
    o.type = address_of(type);
    o.type_name = text_of(type->Name);
    o.name = text_of(ob::name_of(body));
    o.directory = address_of(ob::directory_of(body));
    o.name_info = address_of(ob::name_info(body));
    o.handle_count = static_cast<std::uint64_t>(header->HandleCount);
    o.pointer_count = static_cast<std::uint64_t>(header->PointerCount);
    WCHAR buffer[512];
    UNICODE_STRING path{0, sizeof buffer, buffer};
    const bool named = !o.name.empty() || o.type_name == "Key"; // keys are in no directory
    if (named && NT_SUCCESS(ob::query_name_quietly(body, path)) && path.Length <= sizeof buffer)
        o.path = text_of(path);
    if (body == ob::root_directory) o.name = o.path = "\\";
    if (type == ob::symbolic_link_type)
        o.symlink_target = text_of(static_cast<ob::OBJECT_SYMBOLIC_LINK*>(body)->LinkTarget);
    return o;
}

view::Module describe(const ldr::Module& m, bool user) {
    view::Module v;
    v.name = m.name;
    v.file_name = m.file_name;
    v.path = m.path;
    v.host_path = m.host_path;
    v.base = m.base;
    v.size = m.size;
    if (m.file) {
        v.timestamp = m.file->timestamp;
        v.checksum = m.file->checksum;
    }
    v.user = user;
    v.has_symbols = m.has_symbols();
    return v;
}

// Null: it has none.
ldr::ModuleList* modules_of(EPROCESS* process) {
    ldr::ModuleList* modules = process ? ps::body(process).modules : nullptr;
    return modules && !modules->in_load_order().empty() ? modules : nullptr;
}

EPROCESS* implicit_process = nullptr; // of .process; null: the running one

// Of the implicit process, else of the newest one that has any.
ldr::ModuleList* user_modules() {
    if (implicit_process) return modules_of(implicit_process);
    if (auto* modules = modules_of(static_cast<EPROCESS*>(ke::current_thread().process))) return modules;
    for (LIST_ENTRY* e = ps::all_processes.Blink; e != &ps::all_processes; e = e->Blink)
        if (auto* modules = modules_of(NT_CONTAINER(e, ps::Process, all_link))) return modules;
    return nullptr;
}

ke::Thread* thread_of(Address body) {
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink)
        if (auto* thread = NT_CONTAINER(e, ke::Thread, all_link); address_of(thread) == body) return thread;
    return nullptr;
}

// Whose thread it is, whatever process it is attached to.
EPROCESS* owner_of(const ke::Thread& thread) { return reinterpret_cast<EPROCESS*>(thread.Tcb.Process); }

// While it lives, the user half is that of a thread's process (null: as it is); then what it was before.
class Look {
  public:
    explicit Look(const ke::Thread* thread) : active_(mm::active_space), left_(mm::left_space) {
        EPROCESS* process = thread ? owner_of(*thread) : nullptr;
        if (process && ps::body(process).space) mm::activate(ps::body(process).space);
    }
    ~Look() {
        mm::activate(active_ ? active_ : left_);
        if (!active_) mm::leave_space();
    }
    Look(const Look&) = delete;

  private:
    mm::AddressSpace *active_, *left_;
};

EPROCESS* process_at(Address body) {
    for (LIST_ENTRY* e = ps::all_processes.Flink; e != &ps::all_processes; e = e->Flink) {
        auto* process = NT_CONTAINER(e, ps::Process, all_link);
        if (address_of(process) == body) return process;
    }
    return nullptr;
}

} // namespace

// "kernel32!_ZN2nt4fileEv+0x13b" → "kernel32!nt::file+0x13b": C++ names as WinDbg shows them, without
// arguments.
static std::string demangle(std::string text) {
    const auto at = text.find("_Z");
    if (at == std::string::npos || (at && text[at - 1] != '!')) return text;
    const auto end = std::min(text.find('+', at), text.size());
    int status = -1;
    char* name = abi::__cxa_demangle(text.substr(at, end - at).c_str(), nullptr, nullptr, &status);
    if (status == 0) {
        std::string plain = name;
        if (const auto arguments = plain.find('(');
            arguments != std::string::npos && plain.find("(anonymous") != arguments)
            plain.resize(arguments);
        text.replace(at, end - at, plain);
    }
    std::free(name);
    return text;
}

std::string describe_address(Machine& machine, std::uint64_t address) {
    if (machine.modules().find(address) || machine.modules().unloaded_at(address))
        return demangle(machine.modules().describe(address));
    if (ldr::ModuleList* modules = user_modules(); modules && modules->find(address))
        return demangle(modules->describe(address));
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
    return text;
}

static bool read_user(mm::AddressSpace& space, const ldr::ModuleList* modules, Address from, void* to,
                      std::size_t bytes) {
    auto* out = static_cast<std::uint8_t*>(to);
    while (bytes) {
        std::uint64_t run = 0;
        const void* p = space.pointer(from, &run);
        if (!p || !run) return false;
        const std::size_t n = std::min<std::size_t>(bytes, run);
        std::memcpy(out, p, n);
        if (modules) modules->original_bytes(from, {out, n});
        out += n, from += n, bytes -= n;
    }
    return true;
}

bool Target::read_in(Address process, Address from, void* to, std::size_t bytes) {
    EPROCESS* wanted = host::places::is_user(from) ? process_at(process) : nullptr;
    if (!wanted || !ps::body(wanted).space) return read(from, to, bytes);
    return read_user(*ps::body(wanted).space, modules_of(wanted), from, to, bytes);
}

constexpr Address physical_gateway = mm::pfn_in(mm::Zone::images, host::places::gateway) << mm::page_shift;

// The gateway page holds addresses of the host: they differ from run to run.
static bool touches_gateway(Address from, std::size_t bytes, Address page) {
    return from < page + mm::page_size && bytes > 0 && from + bytes > page;
}

bool Target::read_physical(Address from, void* to, std::size_t bytes) {
    if (touches_gateway(from, bytes, physical_gateway)) return false;
    const std::uint64_t size = host::places::processors - host::places::ram;
    return from < size && bytes <= size - from && guest::copy_from(to, host::places::ram + from, bytes);
}

bool Target::set_process(Address wanted) {
    implicit_process = wanted ? process_at(wanted) : nullptr;
    return !wanted || implicit_process;
}

bool Target::read(Address from, void* to, std::size_t bytes) {
    if (touches_gateway(from, bytes, host::places::gateway) ||
        touches_gateway(from, bytes, host::places::ram + physical_gateway))
        return false;
    if (host::places::is_user(from))
        if (mm::AddressSpace* space =
                implicit_process ? ps::body(implicit_process).space : mm::current_space())
            return read_user(*space, user_modules(), from, to, bytes);
    if (!guest::copy_from(to, from, bytes)) return false;
    machine_.modules().original_bytes(from, {static_cast<std::uint8_t*>(to), bytes});
    return true;
}

std::vector<view::Module> Target::modules() {
    std::vector<view::Module> out;
    for (const ldr::Module* m : machine_.modules().in_load_order())
        out.push_back(describe(*m, false));
    if (ldr::ModuleList* user = user_modules())
        for (const ldr::Module* m : user->in_load_order())
            out.push_back(describe(*m, true));
    return out;
}

std::vector<view::Module> Target::unloaded_modules() {
    std::vector<view::Module> out;
    for (const auto& m : machine_.modules().unloaded()) {
        view::Module v;
        v.file_name = m.file_name;
        v.base = m.base;
        v.size = m.size;
        out.push_back(std::move(v));
    }
    return out;
}

std::vector<view::Symbol> Target::symbols(const view::Module& module) {
    const ldr::Module* m = machine_.modules().find(module.base);
    if (!m)
        if (ldr::ModuleList* user = user_modules()) m = user->find(module.base);
    std::vector<view::Symbol> out;
    if (!m) return out;
    for (const auto& s : m->symbols())
        out.push_back({module.name, demangle(std::string(s.name)), s.address, 0});
    return out;
}

unsigned Target::processors() { return ke::processor_count(); }
unsigned Target::current_processor() { return ke::current_processor_number(); }
unsigned Target::irql(unsigned processor) {
    if (processor == ke::current_processor_number() && ke::the_stop.kind == ke::StopKind::bug_check)
        return ke::the_stop.irql;
    return *reinterpret_cast<KIRQL*>(pcr(processor) + KPCR_IRQL);
}
Address Target::pcr(unsigned processor) { return ke::pcr_address_of(processor); }
std::uint64_t Target::tick_count() { return ke::tick_count(); }
Address Target::current_thread() { return address_of(&ke::current_thread()); }
Address Target::current_process() { return address_of(ke::current_thread().process); }

view::Registers Target::registers() {
    view::Registers r;
    if (const CONTEXT* c = ke::the_stop.context) {
        r.rax = c->Rax, r.rbx = c->Rbx, r.rcx = c->Rcx, r.rdx = c->Rdx, r.rsi = c->Rsi, r.rdi = c->Rdi,
        r.rbp = c->Rbp, r.rsp = c->Rsp;
        r.r8 = c->R8, r.r9 = c->R9, r.r10 = c->R10, r.r11 = c->R11, r.r12 = c->R12, r.r13 = c->R13,
        r.r14 = c->R14, r.r15 = c->R15;
        r.rip = c->Rip;
        r.eflags = c->EFlags;
    } else {
        r.whole = false;
        for (seh::Record* record = ke::the_stop.crossings; record; record = record->previous)
            if (record->kind == seh::RecordKind::gate || record->kind == seh::RecordKind::system_call) {
                const auto& e = *static_cast<seh::EntryRecord*>(record);
                r.rip = e.rip, r.rsp = e.rsp + 8, r.rbx = e.rbx, r.rbp = e.rbp, r.rsi = e.rsi, r.rdi = e.rdi;
                r.r12 = e.r12, r.r13 = e.r13, r.r14 = e.r14, r.r15 = e.r15;
                break;
            }
    }
    return r;
}

std::vector<Address> Target::resources() {
    std::vector<Address> out;
    LIST_ENTRY& all = ex::system_resources();
    for (LIST_ENTRY* e = all.Flink; e != &all; e = e->Flink)
        out.push_back(address_of(NT_CONTAINER(e, ERESOURCE, SystemResourcesList)));
    return out;
}

bool Target::owns_cancel_lock(unsigned processor) { return io::owns_cancel_lock(processor); }

std::vector<view::Process> Target::processes() {
    std::vector<view::Process> out;
    for (LIST_ENTRY* e = ps::all_processes.Flink; e != &ps::all_processes; e = e->Flink) {
        auto* p = NT_CONTAINER(e, ps::Process, all_link);
        view::Process v;
        v.body = address_of(p);
        v.pid = reinterpret_cast<std::uint64_t>(p->UniqueProcessId);
        v.parent_pid = reinterpret_cast<std::uint64_t>(p->InheritedFromUniqueProcessId);
        v.peb = address_of(p->Peb);
        v.handle_table = handle_table(v.body);
        v.handle_count = handles(v.body).size();
        const bool system = p == ps::system_process;
        v.session = system ? -1 : 1;
        const LONGLONG until = p->ExitTime.QuadPart ? p->ExitTime.QuadPart : ke::system_time();
        v.elapsed = static_cast<std::uint64_t>(until - (system ? ke::boot_time() : p->CreateTime.QuadPart));
        const KERNEL_USER_TIMES times = ps::times_of(*p);
        v.user_time = static_cast<std::uint64_t>(times.UserTime.QuadPart);
        v.kernel_time = static_cast<std::uint64_t>(times.KernelTime.QuadPart);
        v.paged_quota = p->ProcessQuotaUsage[ps::paged_quota];
        v.nonpaged_quota = p->ProcessQuotaUsage[ps::nonpaged_quota];
        v.base_priority = p->Pcb.BasePriority;
        v.image = p->file_name ? *p->file_name : "System";
        out.push_back(std::move(v));
    }
    return out;
}

static view::Thread describe_thread(ke::Thread* t) {
    // KWAIT_REASON
    static const char* const reasons[] = {"Executive",        "FreePage",          "PageIn",
                                          "PoolAllocation",   "DelayExecution",    "Suspended",
                                          "UserRequest",      "WrExecutive",       "WrFreePage",
                                          "WrPageIn",         "WrPoolAllocation",  "WrDelayExecution",
                                          "WrSuspended",      "WrUserRequest",     "WrEventPair",
                                          "WrQueue",          "WrLpcReceive",      "WrLpcReply",
                                          "WrVirtualMemory",  "WrPageOut",         "WrRendezvous",
                                          "WrKeyedEvent",     "WrTerminated",      "WrProcessInSwap",
                                          "WrCpuRateControl", "WrCalloutStack",    "WrKernel",
                                          "WrResource",       "WrPushLock",        "WrMutex",
                                          "WrQuantumEnd",     "WrDispatchInt",     "WrPreempted",
                                          "WrYieldExecution", "WrFastMutex",       "WrGuardedMutex",
                                          "WrRundown",        "WrAlertByThreadId", "WrDeferredPreempt",
                                          "WrPhysicalFault"};
    view::Thread v;
    v.body = address_of(t);
    v.pid = t->pid;
    v.tid = t->tid;
    v.process = address_of(owner_of(*t));
    v.teb = t->teb;
    v.start = t->start_address;
    v.stack_base = ke::stack_base(*t);
    v.stack_limit = ke::stack_limit(*t);
    v.state = t->Tcb.State <= 5
                  ? std::array{view::ThreadState::initialized, view::ThreadState::ready,
                               view::ThreadState::running,     view::ThreadState::standby,
                               view::ThreadState::terminated,  view::ThreadState::waiting}[t->Tcb.State]
                  : view::ThreadState::running;
    v.processor = v.state == view::ThreadState::ready ? t->ready->processor : t->Tcb.NextProcessor;
    v.ideal_processor = t->Tcb.IdealProcessor;
    v.alertable = t->alertable;
    v.wait_reason = t->Tcb.WaitReason < std::size(reasons) ? reasons[t->Tcb.WaitReason] : "WrOther";
    v.user_wait = t->Tcb.WaitMode == UserMode;
    if (v.state == view::ThreadState::waiting)
        for (unsigned i = 0; i < t->Tcb.WaitBlockCount; i++)
            v.wait_objects.push_back(address_of(t->Tcb.WaitBlockList[i].Object));
    v.wait_lock = t->lock_wait.lock;
    v.wait_exclusive = t->lock_wait.kind == ke::LockKind::resource_exclusive ||
                       t->lock_wait.kind == ke::LockKind::push_exclusive;
    v.priority = t->Tcb.Priority;
    v.base_priority = t->Tcb.BasePriority;
    v.priority_decrement = t->Tcb.PriorityDecrement;
    v.context_switches = t->context_switches;
    v.wait_start_tick = t->Tcb.WaitTime;
    const KERNEL_USER_TIMES times = ps::times_of(*t);
    v.user_time = static_cast<std::uint64_t>(times.UserTime.QuadPart);
    v.kernel_time = static_cast<std::uint64_t>(times.KernelTime.QuadPart);
    if (t->crossing && t->crossing->kind != seh::RecordKind::call_out && t != &ke::current_thread()) {
        const auto& entry = *static_cast<seh::EntryRecord*>(t->crossing);
        v.stack_pointer = entry.kind == seh::RecordKind::gate ? entry.rsp : entry.guest_stack;
    }
    for (LIST_ENTRY* i = t->IrpList.Flink; i != &t->IrpList; i = i->Flink)
        v.irps.push_back(address_of(i) - 0x20);
    return v;
}

std::vector<view::Thread> Target::threads() {
    std::vector<view::Thread> out;
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink)
        out.push_back(describe_thread(NT_CONTAINER(e, ke::Thread, all_link)));
    return out;
}

std::optional<view::Thread> Target::thread_at(Address body) {
    for (unsigned i = 0; i < ke::processor_count(); i++)
        if (ke::Thread& idle = ke::idle_thread_of(i); address_of(&idle) == body) {
            view::Thread thread = describe_thread(&idle);
            thread.process = 0;
            return thread;
        }
    return Machine::thread_at(body);
}

const seh::Record* crossings_of(const ke::Thread& thread) {
    for (ULONG i = 0; i < ke::processor_count(); i++)
        if (&ke::running_thread_of(i) == &thread)
            return *reinterpret_cast<seh::Record**>(ke::pcr_address_of(i) + KPCR_CROSSING);
    return thread.crossing;
}

// "Args to Child" are the home space that the frame's caller gave it, whatever the routine keeps there.
std::vector<view::Frame> Target::walk(Address wanted, std::size_t most) {
    const Look look(wanted ? thread_of(wanted) : &ke::current_thread());
    auto frames = walk_stack(wanted, most);
    for (std::size_t i = 0; i + 1 < frames.size(); i++)
        if (!read(frames[i + 1].child_sp, frames[i].arguments, sizeof frames[i].arguments))
            std::ranges::fill(frames[i].arguments, 0);
    return frames;
}

std::vector<view::Frame> Target::walk_stack(Address wanted, std::size_t most) {
    std::vector<view::Frame> out;
    auto visit = [&](const seh::Frame& f) {
        view::Frame v;
        v.child_sp = f.sp;
        v.return_address = f.return_address;
        v.address = f.pc;
        if (f.kind == seh::FrameKind::gate && f.index < exports::row_count)
            v.address = machine_.modules().symbol_address("nt", exports::rows[f.index].name);
        if (f.kind == seh::FrameKind::system_call)
            if (const exports::ServiceRow* service = exports::find_service(f.index))
                v.address = machine_.modules().symbol_address("nt", service->name);
        if (f.kind == seh::FrameKind::fault) return true; // the next frame is where it happened
        if (f.kind == seh::FrameKind::thread_start) {
            static constexpr const char* starts[] = {"PspSystemThreadStartup", "KiStartSystemThread",
                                                     "KiIdleLoop"};
            v.address = kernel_symbol(starts[f.index]);
            if (!f.index) v.return_address = kernel_symbol("KiStartSystemThread");
        }
        if (f.kind == seh::FrameKind::interruption) {
            static constexpr const char* names[] = {"", "KiDeliverApc", "KiRetireDpcList",
                                                    "KiInterruptDispatch"};
            v.address = kernel_symbol(names[f.index]);
        }
        if (machine_.modules().unloaded_at(v.address)) v.call_site = machine_.modules().describe(v.address);
        out.push_back(v);
        return out.size() < most;
    };
    using Visit = decltype(visit);
    const seh::FrameVisitor call = [](void* p, const seh::Frame& f) -> bool {
        return (*static_cast<Visit*>(p))(f);
    };
    const ke::Stop& stop = ke::the_stop;
    const ke::Thread* thread = wanted ? thread_of(wanted) : nullptr;
    if (!wanted || wanted == current_thread()) {
        if (stop.context)
            seh::walk_from(*stop.context, stop.crossings, call, &visit);
        else
            seh::walk(call, &visit);
        return out;
    }
    if (!thread) return out;
    if (const seh::Record* records = crossings_of(*thread)) seh::walk_from(records, call, &visit);
    // Names of a process's own images, which are not those that modules() gives.
    ldr::ModuleList* modules = modules_of(owner_of(*thread));
    if (modules && modules != user_modules())
        for (view::Frame& frame : out)
            if (host::places::is_user(frame.address) && modules->find(frame.address))
                frame.call_site = demangle(modules->describe(frame.address));
    return out;
}

std::optional<view::Object> Target::object_at(Address body) {
    auto* p = reinterpret_cast<PVOID>(body);
    if (!ob::is_object(p)) return std::nullopt;
    return describe(p);
}

// Names are looked up in directories only: devices would be opened by a parse procedure.
std::optional<view::Object> Target::find_object(const std::string& path) {
    constexpr int most_links = 32; // a loop must end
    std::u16string rest = to_utf16(path);
    if (path.empty() || path[0] != '\\') return std::nullopt;
    PVOID body = ob::root_directory;
    for (int links = 0;;) {
        const auto begin = rest.find_first_not_of(u'\\');
        if (begin == rest.npos) return describe(body);
        if (ob::type_of(body) == ob::symbolic_link_type) { // not the last part: it is followed
            if (++links > most_links) return std::nullopt;
            rest = to_utf16(text_of(static_cast<ob::OBJECT_SYMBOLIC_LINK*>(body)->LinkTarget)) + rest;
            body = ob::root_directory;
            continue;
        }
        if (ob::type_of(body) != ob::directory_type) return std::nullopt;
        const auto end = std::min(rest.find(u'\\', begin), rest.size());
        std::u16string part = rest.substr(begin, end - begin);
        rest.erase(0, end);
        const auto bytes = static_cast<USHORT>(part.size() * sizeof(WCHAR));
        const bool dos_devices = body == ob::root_directory && part == u"??";
        body = ob::find_in(static_cast<OBJECT_DIRECTORY*>(body), {bytes, bytes, part.data()}, true);
        if (!body && dos_devices) body = ob::global_dos_devices;
        if (!body) return std::nullopt;
    }
}

std::vector<view::DirectoryEntry> Target::directory(Address body) {
    std::vector<view::DirectoryEntry> out;
    auto* p = reinterpret_cast<PVOID>(body);
    if (!ob::is_object(p) || ob::type_of(p) != ob::directory_type) return out;
    ob::for_each_entry(
        static_cast<OBJECT_DIRECTORY*>(p),
        [](void* context, ULONG bucket, PVOID object) {
            static_cast<std::vector<view::DirectoryEntry>*>(context)->push_back({bucket, describe(object)});
        },
        &out);
    return out;
}

std::vector<view::Object> Target::objects_of_type(const std::string& type) {
    std::vector<view::Object> out;
    if (OBJECT_TYPE* t = ob::find_type(to_utf16(type)))
        ob::for_each_object(
            t,
            [](void* context, PVOID body) {
                static_cast<std::vector<view::Object>*>(context)->push_back(describe(body));
            },
            &out);
    return out;
}

static ob::HandleTable* table_of(Address process) {
    if (!process) return ob::kernel_table;
    EPROCESS* p = process_at(process);
    return p ? static_cast<ob::HandleTable*>(static_cast<PVOID>(p->ObjectTable)) : nullptr;
}

std::vector<view::Handle> Target::handles(Address process) {
    std::vector<view::Handle> out;
    if (const ob::HandleTable* table = table_of(process))
        table->for_each(
            [](void* context, ULONG_PTR value, const ob::HandleEntry& entry) {
                view::Handle h;
                h.value = value;
                h.object = address_of(ob::body_of(entry.object));
                h.access = entry.access;
                h.entry = address_of(&entry);
                h.protect_from_close = entry.attributes & ob::handle_protected;
                h.inherit = entry.attributes & OBJ_INHERIT;
                static_cast<std::vector<view::Handle>*>(context)->push_back(h);
            },
            &out);
    return out;
}

Address Target::handle_table(Address process) { return address_of(table_of(process)); }

std::vector<view::FreeHandle> Target::free_handles(Address process) {
    std::vector<view::FreeHandle> out;
    if (const ob::HandleTable* table = table_of(process))
        table->for_each_free(
            [](void* context, ULONG_PTR value, const ob::HandleEntry& entry) {
                static_cast<std::vector<view::FreeHandle>*>(context)->push_back(
                    {value, address_of(&entry), std::uint64_t{entry.next_free} * 4});
            },
            &out);
    return out;
}

// A free one in a lookaside list has no type.
std::vector<Address> Target::irps() {
    std::vector<Address> out;
    pool::for_each_block(
        [](void* context, const pool::Block& block) {
            if (block.tag == pool::tag("Irp ") && block.kind == pool::Kind::nonpaged &&
                block.size >= sizeof(IRP) && reinterpret_cast<const IRP*>(block.address)->Type == IO_TYPE_IRP)
                static_cast<std::vector<Address>*>(context)->push_back(block.address);
            return true;
        },
        &out);
    return out;
}

view::Range Target::pool_range(unsigned type) {
    using namespace host::places;
    switch (type) {
    case 0:
        return {nonpaged_pool, paged_pool};
    case 1:
        return {paged_pool, special_pool};
    case 2:
        return {special_pool, kernel_stacks};
    }
    return {};
}

} // namespace app
