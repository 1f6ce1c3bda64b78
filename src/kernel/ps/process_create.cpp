// Making a process and its threads.
#include "abi/context.h"
#include "abi/mm.h"
#include "abi/pe.h"
#include "abi/status.h"
#include "host/guest.h"
#include "host/machine_heap.h"
#include "host/utf16.h"
#include "kernel/ke/priority.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/namespace.h"
#include "kernel/ob/object.h"
#include "kernel/ps/detail/process_parts.h"
#include "kernel/ps/priority_class.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/thread_notify.h"
#include "kernel/se/access.h"
#include "kernel/se/subject.h"
#include "kernel/section/section.h"
#include "trace/trace.h"
#include <cstddef>
#include <cstring>

namespace nt::ps {

namespace detail {

NTSTATUS write_user(mm::AddressSpace& space, std::uint64_t to, const void* from, std::size_t size) {
    const auto* bytes = static_cast<const UCHAR*>(from);
    while (size) {
        std::uint64_t contiguous = 0;
        void* target = space.pointer(to, &contiguous);
        if (!target) return STATUS_ACCESS_VIOLATION;
        const std::size_t n = std::min<std::size_t>(size, contiguous);
        std::memcpy(target, bytes, n);
        to += n;
        bytes += n;
        size -= n;
    }
    return STATUS_SUCCESS;
}

namespace {

constexpr std::uint64_t teb_size = 0x2000, teb_block = 0x10000;
static_assert(sizeof(TEB) <= teb_size && sizeof(PEB) <= teb_size);

// TEBs come in blocks of eight; those of ended threads are used again, last in, first out. The list is not in
// the memory itself, which the program writes to. It is never longer than the most threads at a time and a
// block.
void add_tebs(Process& process, std::uint64_t block, std::uint64_t from) {
    for (std::uint64_t teb = block + teb_block; teb > from;)
        process.free_tebs->push_back(teb -= teb_size);
}

NTSTATUS clear_teb(const Process& process, std::uint64_t teb) {
    constexpr std::uint64_t zero[64]{};
    for (std::uint64_t i = 0; i < teb_size; i += sizeof zero)
        if (const NTSTATUS status = write_user(*process.space, teb + i, zero); !NT_SUCCESS(status))
            return status;
    return STATUS_SUCCESS;
}

NTSTATUS allocate_block(Process& process, std::uint64_t& block) {
    std::uint64_t size = teb_block;
    block = 0;
    return process.space->allocate(block, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

Result<std::uint64_t> take_teb(Process& process) {
    for (;;) {
        if (process.free_tebs->empty()) {
            std::uint64_t block;
            if (const NTSTATUS status = allocate_block(process, block); !NT_SUCCESS(status))
                return fail(status);
            add_tebs(process, block, block);
        }
        const std::uint64_t teb = process.free_tebs->back();
        process.free_tebs->pop_back();
        if (NT_SUCCESS(clear_teb(process, teb))) return teb; // else the program has given the memory back
    }
}

void fill_teb(const Process& process, std::uint64_t teb, const mm::UserStack& stack, TEB& t) {
    t.NtTib.StackBase = reinterpret_cast<PVOID>(stack.base);
    t.NtTib.StackLimit = reinterpret_cast<PVOID>(stack.limit);
    t.NtTib.Version = 0x1e00; // FiberData of a thread that is no fiber
    t.NtTib.Self = reinterpret_cast<NT_TIB*>(teb);
    t.ProcessEnvironmentBlock = process.Peb;
    t.CurrentLocale = 0x409;
    t.DeallocationStack = reinterpret_cast<PVOID>(stack.allocation);
    t.StaticUnicodeString.MaximumLength = sizeof t.StaticUnicodeBuffer;
    t.StaticUnicodeString.Buffer = reinterpret_cast<WCHAR*>(teb + offsetof(TEB, StaticUnicodeBuffer));
}

// The state of a thread at its first user-mode instruction after LdrInitializeThunk.
void first_context(const Process& process, std::uint64_t rsp, std::uint64_t start, std::uint64_t argument,
                   CONTEXT& c) {
    c.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    c.SegCs = KGDT64_R3_CODE | RPL_MASK;
    c.SegDs = c.SegEs = c.SegGs = c.SegSs = KGDT64_R3_DATA | RPL_MASK;
    c.SegFs = 0x53;
    c.EFlags = 0x200;
    c.MxCsr = c.FltSave.MxCsr = INITIAL_MXCSR;
    c.FltSave.ControlWord = INITIAL_FPCSR;
    c.FltSave.MxCsr_Mask = 0xffff;
    c.Rip = process.thread_start;
    c.Rsp = rsp;
    c.Rcx = start;
    c.Rdx = argument;
}

} // namespace

NTSTATUS build_peb(Process& process, const ldr::ImageFile& file) {
    std::uint64_t block;
    if (const NTSTATUS status = allocate_block(process, block); !NT_SUCCESS(status)) return status;
    process.Peb = reinterpret_cast<PEB*>(block);
    PEB peb{};
    peb.IsImageDynamicallyRelocated =
        reinterpret_cast<ULONG_PTR>(process.SectionBaseAddress) != file.preferred_base;
    peb.Mutant = reinterpret_cast<PVOID>(~ULONG_PTR{0});
    peb.ImageBaseAddress = process.SectionBaseAddress;
    peb.ProcessParameters = reinterpret_cast<RTL_USER_PROCESS_PARAMETERS*>(process.parameters);
    peb.NumberOfProcessors = ke::processor_count();
    peb.CriticalSectionTimeout.QuadPart = -25'920'000'000'000; // 30 days
    peb.HeapSegmentReserve = 0x100000;
    peb.HeapSegmentCommit = 0x2000;
    peb.HeapDeCommitTotalFreeThreshold = 0x10000;
    peb.HeapDeCommitFreeBlockThreshold = 0x1000;
    peb.OSMajorVersion = 10;
    peb.OSBuildNumber = 19045;
    peb.OSPlatformId = 2;
    peb.ImageSubsystem = file.subsystem;
    peb.ImageSubsystemMajorVersion = file.subsystem_major;
    peb.ImageSubsystemMinorVersion = file.subsystem_minor;
    peb.ActiveProcessAffinityMask = process.affinity;
    peb.SessionId = 1;
    if (const NTSTATUS status = write_user(*process.space, block, peb); !NT_SUCCESS(status)) return status;
    add_tebs(process, block, block + teb_size); // the rest of the block
    return STATUS_SUCCESS;
}

void free_thread_memory(Process& process, ke::Thread& thread) {
    const auto* teb = static_cast<TEB*>(process.space->pointer(thread.teb));
    if (!teb) return;
    auto stack = reinterpret_cast<std::uint64_t>(teb->DeallocationStack);
    process.free_tebs->push_back(thread.teb);
    thread.teb = 0;
    thread.Tcb.Teb = nullptr;
    std::uint64_t size = 0;
    if (stack) process.space->free(stack, size, MEM_RELEASE);
}

} // namespace detail

// nf-processthreadsapi-createthread: "The ACLs in the default security descriptor for a thread come from the
// primary token of the creator."
static Result<ke::Thread*> make_thread(Process& process, const NewThread& what, UserStart start) {
    const auto security =
        se::protection(*se::primary_token(se::current_process_body()), *se::primary_token(&process),
                       thread_type, what.security_descriptor, what.mode);
    if (!security) return fail(security.error());
    start.security = &*security;
    return create_user_thread({&process, process.space, detail::id_of(process)}, start);
}

Result<ke::Thread*> create_process_thread(EPROCESS& owner, const NewThread& what) {
    Process& process = body(&owner);
    if (&process == system_process || process.terminating) return fail(STATUS_PROCESS_IS_TERMINATING);
    mm::UserStack stack;
    NTSTATUS status =
        process.space->create_stack(what.stack_reserve ? what.stack_reserve : process.stack_reserve,
                                    what.stack_commit ? what.stack_commit : process.stack_commit, stack);
    if (!NT_SUCCESS(status)) return fail(status);
    const auto give_back = [&](NTSTATUS failure) {
        std::uint64_t base = stack.allocation, size = 0;
        process.space->free(base, size, MEM_RELEASE);
        return fail(failure);
    };
    auto teb = detail::take_teb(process);
    if (!teb) return give_back(teb.error());

    // The stack from its base: home space and a null return address for RtlUserThreadStart, its CONTEXT, and
    // the same for LdrInitializeThunk. Both are entered as if by a call.
    const std::uint64_t rsp = stack.base - 0x38;
    const std::uint64_t context_at = (rsp - sizeof(CONTEXT) - 0x20) & ~std::uint64_t{15};
    CONTEXT context{};
    detail::first_context(process, rsp, what.start, what.argument, context);
    status = detail::write_user(*process.space, context_at, context);
    if (!NT_SUCCESS(status)) return give_back(status);

    auto thread = make_thread(process, what,
                              {.rip = process.loader_start,
                               .rsp = context_at - 0x28,
                               .argument = context_at,
                               .teb = *teb,
                               .start_address = what.start});
    if (!thread) return give_back(thread.error());
    TEB t{};
    detail::fill_teb(process, *teb, stack, t);
    t.ClientId = {process.UniqueProcessId, reinterpret_cast<HANDLE>((*thread)->tid)};
    t.RealClientId = t.ClientId;
    detail::write_user(*process.space, *teb, t);
    (*thread)->Cid = t.ClientId;
    (*thread)->Tcb.Priority = (*thread)->Tcb.BasePriority = process.Pcb.BasePriority;
    (*thread)->Tcb.Affinity.Mask = (*thread)->Tcb.UserAffinity.Mask = process.affinity;
    ke::disable_boosts(**thread, process.boosts_disabled);
    process.ActiveThreads = process.ActiveThreads + 1;
    if (!what.first) notify_thread_created(**thread);
    return *thread;
}

namespace {

// \KnownDlls\ntdll.dll, mapped; what the kernel needs of it is looked up.
NTSTATUS map_ntdll(Process& process, std::string& text) {
    constexpr char16_t name[] = u"\\KnownDlls\\ntdll.dll";
    const UNICODE_STRING path{sizeof name - 2, sizeof name, const_cast<WCHAR*>(name)};
    PVOID found;
    NTSTATUS status =
        ob::reference_by_name(path, OBJ_CASE_INSENSITIVE, section::section_type, KernelMode, nullptr, &found);
    if (!NT_SUCCESS(status)) {
        text = "ntdll.dll is missing";
        return status;
    }
    auto& section = *static_cast<section::Section*>(found);
    std::unique_ptr<ldr::Module> module;
    section::View view;
    view.seed = process.seed;
    status = section::map_view(section, *process.space, view, &module);
    if (!NT_SUCCESS(status)) {
        (void)section::image_of(section, text);
        if (text.empty()) text = "ntdll.dll cannot be mapped";
        ob::dereference(&section);
        return status;
    }
    ob::dereference(&section);
    process.ntdll = view.base;
    const auto find = [&](const char* symbol) { return module->export_address({.name = symbol}); };
    process.thread_start = find("RtlUserThreadStart");
    process.loader_start = find("LdrInitializeThunk");
    process.exception_dispatcher = find("KiUserExceptionDispatcher");
    process.apc_dispatcher = find("KiUserApcDispatcher");
    const std::uint64_t gate = find("DrvlabSystemCallGate"), flags = find("DrvlabLoaderFlags");
    process.modules->add(std::move(module));
    if (!process.thread_start || !process.loader_start || !process.exception_dispatcher || !gate || !flags) {
        text = "ntdll.dll is not Drvlab's";
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    // The stubs jump through the gateway page, so no address of the host stands in the program's memory.
    const std::uint64_t slot = host::places::gateway + offsetof(seh::Gateway, system_call);
    status = detail::write_user(*process.space, gate, slot);
    return NT_SUCCESS(status)
               ? detail::write_user<ULONG_PTR>(*process.space, flags, process.allow_missing ? 1 : 0)
               : status;
}

NTSTATUS map_program(Process& process, section::Section& section, std::shared_ptr<const ldr::ImageFile>& file,
                     std::string& text) {
    process.SectionObject = &section; // while the view is made
    auto image = section::image_of(section, text);
    NTSTATUS status = image ? STATUS_SUCCESS : image.error();
    if (image) {
        file = *image;
        if (file->is_dll() || !file->entry ||
            (file->subsystem != IMAGE_SUBSYSTEM_WINDOWS_CUI &&
             file->subsystem != IMAGE_SUBSYSTEM_WINDOWS_GUI)) {
            text = *process.file_name + ": not a Windows program (IMAGE_OPTIONAL_HEADER.Subsystem " +
                   std::to_string(file->subsystem) + (file->is_dll() ? ", a DLL)" : ")");
            status = STATUS_INVALID_IMAGE_FORMAT;
        }
    }
    section::View view;
    view.seed = process.seed;
    std::unique_ptr<ldr::Module> module;
    if (NT_SUCCESS(status)) status = section::map_view(section, *process.space, view, &module);
    process.SectionObject = nullptr;
    if (!NT_SUCCESS(status)) {
        if (text.empty()) text = *process.file_name + ": cannot be mapped";
        return status;
    }
    process.SectionBaseAddress = reinterpret_cast<PVOID>(view.base);
    process.modules->add(std::move(module));
    return STATUS_SUCCESS;
}

NTSTATUS build(Process& process, section::Section& image, const StartParameters& parameters,
               std::string& text) {
    process.space = mm::AddressSpace::create();
    if (!process.space) return STATUS_INSUFFICIENT_RESOURCES;
    process.space->owner = &process;
    process.ObjectTable = ob::HandleTable::create(&process);
    process.cookie = static_cast<ULONG>((process.seed * 0x9e3779b97f4a7c15 ^ 0x5bd1e995c2b2ae35) >> 32);
    std::shared_ptr<const ldr::ImageFile> file;
    NTSTATUS status = map_program(process, image, file, text);
    if (NT_SUCCESS(status)) status = map_ntdll(process, text);
    if (NT_SUCCESS(status)) status = detail::build_parameters(process, parameters);
    if (NT_SUCCESS(status)) status = detail::build_peb(process, *file);
    if (!NT_SUCCESS(status)) return status;
    process.stack_reserve = file->stack_reserve;
    process.stack_commit = file->stack_commit;
    if (trace::on)
        trace::emit_process_created(
            &process, static_cast<std::uint32_t>(detail::id_of(process)),
            static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(process.InheritedFromUniqueProcessId)),
            std::u16string_view(host::utf16(*process.path)));
    return STATUS_SUCCESS;
}

Result<ke::Thread*> create_first_thread(Process& process, const void* descriptor, KPROCESSOR_MODE mode) {
    const auto& image = *process.modules->find(reinterpret_cast<std::uint64_t>(process.SectionBaseAddress));
    return create_process_thread(process, {.start = image.entry,
                                           .argument = reinterpret_cast<std::uint64_t>(process.Peb),
                                           .security_descriptor = descriptor,
                                           .mode = mode,
                                           .first = true});
}

void register_rundown() { // late, so that it runs after the rundowns of io
    static bool registered = false;
    if (!registered) add_rundown(detail::run_down);
    registered = true;
}

} // namespace

Result<EPROCESS*> create_process(const NewProcess& what, std::string& text) {
    register_rundown();
    const auto slash = what.host_path.rfind('/');
    const std::string file_name = !what.file_name.empty()      ? what.file_name
                                  : slash == std::string::npos ? what.host_path
                                                               : what.host_path.substr(slash + 1);
    Process& process = *TRY(detail::new_process(allocate_id(), file_name, {}));
    process.InheritedFromUniqueProcessId = system_process->UniqueProcessId;
    process.path = host::make<std::string>(what.directory + file_name);
    process.seed = what.seed;
    process.allow_missing = what.allow_missing;
    NTSTATUS status = STATUS_SUCCESS;
    if (auto image = section::create_image(file_name, *process.path, what.host_path)) {
        status = build(process, **image, detail::default_parameters(process, what), text);
        ob::dereference(*image);
    } else {
        status = image.error();
    }
    if (NT_SUCCESS(status)) {
        auto thread = create_first_thread(process, nullptr, KernelMode);
        if (thread) {
            ob::dereference(*thread);
            return static_cast<EPROCESS*>(&process);
        }
        status = thread.error();
    }
    ob::dereference(&process);
    return fail(status);
}

namespace {

// "If none of the priority class flags is specified, the priority class defaults to NORMAL_PRIORITY_CLASS
// unless the priority class of the creating process is IDLE_PRIORITY_CLASS or BELOW_NORMAL_PRIORITY_CLASS."
void set_priority(Process& child, const Process& parent, UCHAR wanted) {
    const UCHAR inherited = parent.PriorityClass == idle_class || parent.PriorityClass == below_normal_class
                                ? parent.PriorityClass
                                : UCHAR{normal_class};
    child.PriorityClass = wanted ? wanted : inherited;
    child.Pcb.BasePriority = base_of_class[child.PriorityClass];
}

NTSTATUS inherit(const NewChild& what, Process& parent, Process& child) {
    auto& from = *static_cast<ob::HandleTable*>(parent.ObjectTable);
    auto& to = *static_cast<ob::HandleTable*>(child.ObjectTable);
    if (!what.inherit_handles) return STATUS_SUCCESS;
    if (!what.handles) return ob::inherit_handles(from, to);
    for (ULONG i = 0; i < what.handle_count; i++)
        if (const NTSTATUS status = ob::inherit_handle(from, to, what.handles[i]); !NT_SUCCESS(status))
            return status;
    return STATUS_SUCCESS;
}

} // namespace

Result<Child> create_child(const NewChild& what) {
    register_rundown();
    Process& parent = body(what.parent);
    Process& process = *TRY(detail::new_process(
        allocate_id(), *what.image->file_name,
        {.parent = what.parent, .security_descriptor = what.process_descriptor, .mode = what.mode}));
    process.of_program = true;
    process.InheritedFromUniqueProcessId = parent.UniqueProcessId;
    process.path = host::make<std::string>(*what.image->path);
    process.seed = parent.seed;
    process.allow_missing = parent.allow_missing;
    process.affinity = parent.affinity;
    process.error_mode = what.error_mode.value_or(parent.error_mode);
    process.DeviceMap = parent.DeviceMap;
    set_priority(process, parent, what.priority_class);
    std::string text;
    NTSTATUS status = build(process, *what.image, *what.parameters, text);
    if (NT_SUCCESS(status)) status = inherit(what, parent, process);
    if (NT_SUCCESS(status)) {
        auto thread = create_first_thread(process, what.thread_descriptor, what.mode);
        if (thread) return Child{&process, *thread};
        status = thread.error();
    }
    ob::dereference(&process);
    return fail(status);
}

} // namespace nt::ps
