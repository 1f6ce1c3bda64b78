// !process, !thread, !irql
#include "abi/irp.h"
#include "abi/thread.h"
#include "view/detail/session.h"
#include <algorithm>

namespace view {

void show_process(Session& s, const Process& process) {
    s.print("PROCESS %s\n", extension_address(process.body).c_str());
    char peb[24];
    std::snprintf(peb, sizeof peb, process.peb ? "%llx" : "%08llx",
                  static_cast<unsigned long long>(process.peb));
    const std::string session = process.session < 0 ? "none" : std::to_string(process.session);
    s.print("    SessionId: %s  Cid: %04llx    Peb: %s  ParentCid: %04llx\n", session.c_str(),
            static_cast<unsigned long long>(process.pid), peb,
            static_cast<unsigned long long>(process.parent_pid));
    s.print("    DirBase: %08llx  ObjectTable: %s  HandleCount: %3llu.\n",
            static_cast<unsigned long long>(process.directory_base),
            extension_address(process.handle_table).c_str(),
            static_cast<unsigned long long>(process.handle_count));
    s.print("    Image: %s\n", process.image.c_str());
}

namespace {

// "00:00:01.046"
std::string time_text(std::uint64_t units) {
    const auto ms = units / 10'000;
    char text[40];
    std::snprintf(
        text, sizeof text, "%02llu:%02llu:%02llu.%03llu", static_cast<unsigned long long>(ms / 3'600'000),
        static_cast<unsigned long long>(ms / 60'000 % 60), static_cast<unsigned long long>(ms / 1000 % 60),
        static_cast<unsigned long long>(ms % 1000));
    return text;
}

// "Ticks: 2 (0:00:00:00.031)": days, hours, minutes, seconds.
std::string ticks_text(std::uint64_t ticks) {
    std::string text = "Ticks: " + std::to_string(ticks);
    if (ticks == 0) return text;
    const std::uint64_t units = ticks * 156'250, day = 864'000'000'000;
    return text + " (" + std::to_string(units / day) + ":" + time_text(units % day) + ")";
}

// Bit 0 of !process: what there is of its time and priority statistics.
void show_statistics(Session& s, const Process& process) {
    const auto row = [&](const char* label, const std::string& value) {
        s.print("    %-34s%s\n", label, value.c_str());
    };
    row("ElapsedTime", time_text(process.elapsed));
    row("UserTime", time_text(process.user_time));
    row("KernelTime", time_text(process.kernel_time));
    row("QuotaPoolUsage[PagedPool]", std::to_string(process.paged_quota));
    row("QuotaPoolUsage[NonPagedPool]", std::to_string(process.nonpaged_quota));
    row("BasePriority", std::to_string(process.base_priority));
}

const char* irql_name(unsigned irql) {
    switch (irql) {
    case 0:
        return "LOW_LEVEL";
    case 1:
        return "APC_LEVEL";
    case 2:
        return "DISPATCH_LEVEL";
    case 12:
        return "SYNCH_LEVEL";
    case 13:
        return "CLOCK_LEVEL";
    case 14:
        return "IPI_LEVEL";
    case 15:
        return "HIGH_LEVEL";
    default:
        return "DEVICE_LEVEL";
    }
}

const char* dispatcher_name(unsigned type) {
    switch (type) {
    case 0:
        return "NotificationEvent";
    case 1:
        return "SynchronizationEvent";
    case 3:
        return "ProcessObject";
    case 4:
        return "QueueObject";
    case 6:
        return "Thread";
    case 7:
        return "Gate";
    case 8:
        return "NotificationTimer";
    case 9:
        return "SynchronizationTimer";
    default:
        return "Unknown";
    }
}

// What a thread waits for, with what matters of it.
std::string wait_object_text(Session& s, Address object) {
    std::uint8_t type = 0xff;
    s.read(object, type);
    type &= 0x7f;
    char text[64];
    if (nt::KSEMAPHORE semaphore; type == nt::SemaphoreObject && s.read(object, semaphore)) {
        std::snprintf(text, sizeof text, "Semaphore Limit 0x%x", static_cast<unsigned>(semaphore.Limit));
        return text;
    }
    if (nt::KMUTANT mutant; type == nt::MutantObject && s.read(object, mutant))
        return "Mutant - owning thread " + extension_address(s.address_of(mutant.OwnerThread));
    return dispatcher_name(type);
}

void show_thread_head(Session& s, const Thread& thread, const char* indent) {
    s.print("%sTHREAD %s  Cid %04llx.%04llx  Teb: %016llx Win32Thread: %016llx ", indent,
            extension_address(thread.body).c_str(), static_cast<unsigned long long>(thread.pid),
            static_cast<unsigned long long>(thread.tid), static_cast<unsigned long long>(thread.teb), 0ull);
    switch (thread.state) {
    case ThreadState::initialized:
        s.print("INITIALIZED\n");
        break;
    case ThreadState::ready:
        s.print("READY\n");
        break;
    case ThreadState::standby:
        s.print("STANDBY\n");
        break;
    case ThreadState::terminated:
        s.print("TERMINATED\n");
        break;
    case ThreadState::running:
        s.print("RUNNING on processor %x\n", thread.processor);
        break;
    case ThreadState::waiting:
        s.print("WAIT: (%s) %s %s\n", thread.wait_reason.c_str(),
                thread.user_wait ? "UserMode" : "KernelMode",
                thread.alertable ? "Alertable" : "Non-Alertable");
        for (const Address object : thread.wait_objects)
            s.print("%s    %s  %s\n", indent, extension_address(object).c_str(),
                    wait_object_text(s, object).c_str());
        break;
    }
}

std::string owner_image(Session& s, Address process) {
    if (!process) return "Idle";
    for (const Process& one : s.machine.processes())
        if (one.body == process) return one.image;
    return {};
}

// Whose rights and whose memory it has. assumed: the line of a thread that impersonates, which no page shows.
void show_contexts(Session& s, const Thread& thread, const char* indent) {
    constexpr Address level_bits = 0x3, client_bits = 0x7; // of what stands beside the token's address
    static constexpr const char* levels[] = {"Anonymous", "Identification", "Impersonation", "Delegation"};
    nt::PVOID client = nullptr;
    nt::KPROCESS* inside = nullptr;
    s.read(thread.body + offsetof(nt::ETHREAD, ClientSecurity), client);
    s.read(thread.body + offsetof(nt::ETHREAD, Tcb.ApcState.Process), inside);
    if (const Address slot = s.address_of(client); slot & ~client_bits)
        s.print("%sImpersonation token:  %s (Level %s)\n", indent,
                extension_address(slot & ~client_bits).c_str(), levels[slot & level_bits]);
    else
        s.print("%sNot impersonating\n", indent);
    s.print("%s%-26s%s       Image:         %s\n", indent, "Owning Process",
            extension_address(thread.process).c_str(), owner_image(s, thread.process).c_str());
    if (const Address other = s.address_of(inside); thread.process && other && other != thread.process)
        s.print("%s%-26s%s       Image:         %s\n", indent, "Attached Process",
                extension_address(other).c_str(), owner_image(s, other).c_str());
    else
        s.print("%s%-26sN/A            Image:         N/A\n", indent, "Attached Process");
}

} // namespace

// Bit 1: with what it waits for; bits 1 and 2: everything; bit 2 alone: one line; bit 3: no arguments in
// stacks. `bare`: return addresses only.
void show_thread(Session& s, Thread thread, const char* indent, std::uint64_t flags, bool bare) {
    if (!(flags & 2)) thread.wait_objects.clear();
    show_thread_head(s, thread, indent);
    if ((flags & 6) != 6) return;
    if (!thread.irps.empty()) {
        s.print("%sIRP List:\n", indent);
        for (const Address irp : thread.irps) {
            nt::IRP body{};
            s.read(irp, body);
            s.print("%s    %s: (%04x,%04x) Flags: %08x  Mdl: %s\n", indent, extension_address(irp).c_str(),
                    static_cast<unsigned>(body.Type), body.Size, body.Flags,
                    extension_address(s.address_of(body.MdlAddress)).c_str());
        }
    }
    show_contexts(s, thread, indent);
    const std::uint64_t now = s.machine.tick_count();
    s.print("%s%-26s%-15llu%s\n", indent, "Wait Start TickCount",
            static_cast<unsigned long long>(thread.wait_start_tick),
            ticks_text(now > thread.wait_start_tick ? now - thread.wait_start_tick : 0).c_str());
    s.print("%s%-26s%-15lluIdealProcessor: %-14u\n", indent, "Context Switch Count",
            static_cast<unsigned long long>(thread.context_switches), thread.ideal_processor);
    s.print("%s%-26s%s\n", indent, "UserTime", time_text(thread.user_time).c_str());
    s.print("%s%-26s%s\n", indent, "KernelTime", time_text(thread.kernel_time).c_str());
    const std::string start = s.symbol(thread.start);
    if (start.empty())
        s.print("%sWin32 Start Address 0x%s\n", indent, extension_address(thread.start).c_str());
    else
        s.print("%sWin32 Start Address %s (0x%s)\n", indent, start.c_str(),
                extension_address(thread.start).c_str());
    s.print("%sStack Init %s Current %s\n", indent, extension_address(thread.stack_base).c_str(),
            extension_address(thread.stack_pointer).c_str());
    s.print("%sBase %s Limit %s Call 0000000000000000\n", indent,
            extension_address(thread.stack_base).c_str(), extension_address(thread.stack_limit).c_str());
    s.print("%sPriority %d BasePriority %d PriorityDecrement %d IoPriority 2 PagePriority 5\n", indent,
            thread.priority, thread.base_priority, thread.priority_decrement);
    FrameStyle style;
    style.arguments = !(flags & 8) && !bare;
    style.bare = bare;
    style.indent = indent;
    if (const auto frames = s.machine.walk(thread.body, 0x100); !frames.empty())
        show_frames(s, frames, style);
    s.print("\n");
}

namespace {

void thread_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t wanted = s.machine.current_thread();
    bool by_id = false, with_process = false;
    std::vector<std::string> rest;
    for (const std::string& argument : arguments)
        if (argument == "-t")
            by_id = true;
        else if (argument == "-p")
            with_process = true;
        else
            rest.push_back(argument);
    if (!rest.empty() && rest[0] != "-1" && !s.evaluate(rest[0], wanted)) return;
    const std::uint64_t flags = number_argument(s, rest, 1, 6);
    if (s.failed) return;
    std::optional<Thread> found;
    if (!by_id) found = s.machine.thread_at(wanted);
    for (const Thread& thread : by_id ? s.machine.threads() : std::vector<Thread>())
        if (thread.tid == wanted) found = thread;
    for (const Process& process : found&& with_process ? s.machine.processes() : std::vector<Process>())
        if (process.body == found->process) show_process(s, process), s.print("\n");
    if (found) return show_thread(s, *found, "", flags);
    s.error("%s is not a thread object\n", extension_address(wanted).c_str());
}

// "/s Session", "/m Module": taken off the front. False after a message.
bool take_process_options(Session& s, std::span<const std::string>& arguments,
                          std::optional<std::uint64_t>& session, std::string& module) {
    while (!arguments.empty() && arguments[0].starts_with('/')) {
        const std::string option = arguments[0];
        if ((option != "/s" && option != "/m") || arguments.size() == 1) {
            s.error("usage: !process [/s session] [/m module] [process|0 [flags [image]]]\n");
            return false;
        }
        if (option == "/m")
            module = arguments[1];
        else if (std::uint64_t number = 0; s.evaluate(arguments[1], number))
            session = number;
        else
            return false;
        arguments = arguments.subspan(2);
    }
    return true;
}

// assumed: a module "owns" the process whose image it is; its name is the file's, with or without extension.
bool is_image(std::string_view module, std::string_view image) {
    return equal_ignoring_case(module, image) ||
           equal_ignoring_case(module, image.substr(0, image.rfind('.')));
}

// "Truncated after the fifteenth character", or as it is shown.
bool is_named(std::string_view pattern, std::string_view image) {
    constexpr std::size_t kept = 15;
    return wildcard_match(pattern, image) || wildcard_match(pattern, image.substr(0, kept));
}

void process_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::optional<std::uint64_t> session;
    std::string module;
    if (!take_process_options(s, arguments, session, module)) return;
    std::uint64_t wanted = s.machine.current_process();
    if (!arguments.empty() && arguments[0] != "-1" && !s.evaluate(arguments[0], wanted)) return;
    const bool one = !arguments.empty() && arguments[0] != "-1" && wanted != 0;
    const std::uint64_t flags = number_argument(s, arguments, 1, one ? 0xf : 3);
    if (s.failed) return;
    const std::string image = arguments.size() > 2 ? arguments[2] : "*";
    if (wanted == 0) s.print("**** NT ACTIVE PROCESS DUMP ****\n");
    bool found = false;
    for (const Process& process : s.machine.processes()) {
        if ((wanted && process.body != wanted && process.pid != wanted) || !is_named(image, process.image))
            continue;
        if ((session && (process.session < 0 || *session != static_cast<unsigned>(process.session))) ||
            (!module.empty() && !is_image(module, process.image)))
            continue;
        found = true;
        show_process(s, process);
        if (flags & 1) show_statistics(s, process);
        s.print("\n");
        if (!(flags & 6)) continue;
        for (const Thread& thread : s.machine.threads())
            if (thread.process == process.body) show_thread(s, thread, "        ", flags);
    }
    if (found) return;
    if (session || !module.empty())
        s.error("No process of that session and module\n");
    else if (arguments.size() > 2)
        s.error("No process with the image '%s'\n", image.c_str());
    else
        s.error("%s is not a process object\n", extension_address(wanted).c_str());
}

// /p, /r and /P say how memory is read, which makes no difference here; /i makes the process run.
void set_process_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t wanted = 0;
    for (const std::string& argument : arguments) {
        if (argument == "/i") return s.error("The machine does not run any more\n");
        if (argument == "/p" || argument == "/r" || argument == "/P") continue;
        if (!s.evaluate(argument, wanted)) return;
    }
    if (!s.machine.set_process(wanted))
        return s.error("%s is not a process object\n", extension_address(wanted).c_str());
    s.print("Implicit process is now %s\n",
            extension_address(wanted ? wanted : s.machine.current_process()).c_str());
}

void irql_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    const std::uint64_t processor = number_argument(s, arguments, 0, s.machine.current_processor());
    if (s.failed) return;
    if (processor >= s.machine.processors()) return s.error("Cannot get PRCB address\n");
    const unsigned irql = s.machine.irql(static_cast<unsigned>(processor));
    s.print("Debugger saved IRQL for processor 0x%llx -- %u (%s)\n",
            static_cast<unsigned long long>(processor), irql, irql_name(irql));
}

constexpr Command commands[] = {
    {"!process", "!process [/s session] [/m module] [process|0 [flags [image]]]",
     "processes; 0 0 lists all, flag 2 with threads, 4 with stacks", process_command},
    {"!thread", "!thread [-p] [-t] [thread [flags]]",
     "thread: state, IRPs, stack; -p: its process, -t: by its ID", thread_command},
    {".process", ".process [/p [/r]] [process]", "whose user memory is looked at", set_process_command},
    {"!irql", "!irql [processor]", "interrupt request level of a processor", irql_command},
};

} // namespace

std::span<const Command> process_commands() { return commands; }

} // namespace view
