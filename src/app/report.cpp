#include "app/report.h"
#include "abi/bugcheck.h"
#include "abi/context.h"
#include "abi/irp.h"
#include "app/exit_status.h"
#include "app/target.h"
#include "app/text.h"
#include "app/waiting.h"
#include "app/waiting_devices.h"
#include "kernel/exports/table.h"
#include "kernel/io/irp.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/paging.h"
#include "kernel/pool/pool.h"
#include "rtl/status.h"
#include "view/debugger.h"
#include "view/symbols.h"
#include <cstdarg>
#include <cstdio>

namespace app {

using namespace nt;

namespace {

__attribute__((format(printf, 1, 2))) std::string format(const char* f, ...) {
    char text[1400];
    va_list list;
    va_start(list, f);
    std::vsnprintf(text, sizeof text, f, list);
    va_end(list);
    return text;
}

using ull = unsigned long long;

const ldr::Module* module_at(Machine& machine, std::uint64_t address) {
    if (const ldr::Module* m = machine.modules().find(address)) return m;
    Target target(machine);
    return nullptr;
}

std::string registers_text(const CONTEXT& c) {
    std::string s;
    s += format("rax=%016llx rbx=%016llx rcx=%016llx\n", (ull)c.Rax, (ull)c.Rbx, (ull)c.Rcx);
    s += format("rdx=%016llx rsi=%016llx rdi=%016llx\n", (ull)c.Rdx, (ull)c.Rsi, (ull)c.Rdi);
    s += format("rip=%016llx rsp=%016llx rbp=%016llx\n", (ull)c.Rip, (ull)c.Rsp, (ull)c.Rbp);
    s += format(" r8=%016llx  r9=%016llx r10=%016llx\n", (ull)c.R8, (ull)c.R9, (ull)c.R10);
    s += format("r11=%016llx r12=%016llx r13=%016llx\n", (ull)c.R11, (ull)c.R12, (ull)c.R13);
    s += format("r14=%016llx r15=%016llx efl=%08x\n", (ull)c.R14, (ull)c.R15, c.EFlags);
    return s;
}

constexpr std::size_t columns = 80;

// A file by its name alone where the whole path would make the line long.
std::string fitted(std::string line) {
    if (line.size() <= columns) return line;
    const auto open = line.rfind(" ["), slash = line.rfind('/');
    return open != line.npos && slash != line.npos && slash > open ? line.erase(open + 2, slash - open - 1)
                                                                   : line;
}

std::string stack_text(Machine& machine) {
    Target target(machine);
    std::string s = "STACK_TEXT:\n";
    bool inner = true; // the innermost frame has no return address
    for (const view::Frame& f : target.walk(0, 40)) {
        s += fitted(format("%016llx : ", (ull)f.child_sp) +
                    place_text(machine, f.address, f.child_sp && !inner)) +
             "\n";
        inner = false;
    }
    return s;
}

bool runs_nothing() { return &ke::current_thread() == &ke::idle_thread_of(ke::current_processor_number()); }

// The IRP that the stopped code works on: the innermost argument of a dispatch or completion routine that is
// one.
IRP* current_irp(const ke::Stop& stop) {
    for (seh::Record* r = stop.crossings; r; r = r->previous) {
        if (r->kind != seh::RecordKind::gate) continue;
        const auto& e = *static_cast<seh::EntryRecord*>(r);
        const std::string name = e.index < exports::row_count ? exports::rows[e.index].name : "";
        if (name == "IofCallDriver" || name == "IoCallDriver") return reinterpret_cast<IRP*>(e.args[1]);
    }
    LIST_ENTRY& irps = ke::current_thread().IrpList;
    if (irps.Flink && irps.Flink != &irps)
        return reinterpret_cast<IRP*>(reinterpret_cast<ULONG_PTR>(irps.Flink) -
                                      offsetof(IRP, ThreadListEntry));
    return nullptr;
}

std::uint64_t fault_address(const ke::Stop& stop) { return stop.context ? stop.context->Rip : stop.caller; }

// A stop in a gate has the caller's return address, one that blames a routine its first instruction.
bool is_return_address(Machine& machine, const ke::Stop& stop) {
    const ldr::Module* m = module_at(machine, stop.caller);
    return !stop.context && m && m->nearest(stop.caller).displacement != 0;
}

std::string tag_text(ULONG tag) {
    std::string text;
    for (int i = 0; i < 4; i++) {
        const char c = static_cast<char>(tag >> (8 * i));
        text += c >= ' ' && c < 0x7f ? c : '.';
    }
    return text;
}

// What pageable memory was touched at a level at which it cannot be paged in.
std::string pageable_memory(Machine& machine, const ke::Stop& stop) {
    if (stop.code != DRIVER_IRQL_NOT_LESS_OR_EQUAL && stop.code != IRQL_NOT_LESS_OR_EQUAL) return "";
    const std::uint64_t address = stop.parameters[0], access = stop.parameters[2];
    if (!mm::is_paged_out(address, static_cast<KIRQL>(stop.parameters[1]))) return "";
    std::string s = format("%s_ADDRESS: %016llx ",
                           access & 8   ? "EXECUTE"
                           : access & 1 ? "WRITE"
                                        : "READ",
                           (ull)address);
    if (const ldr::Module* m = module_at(machine, address)) {
        const ldr::Section* section = m->section_at(address);
        return s + "Pageable section " + (section ? section->name : "") + " of " + m->file_name + "\n";
    }
    s += "Paged pool\n";
    pool::Block block;
    if (pool::find_block(address, block))
        s += format("    block %016llx of %llu bytes, tag '%s'\n", (ull)block.address, (ull)block.size,
                    tag_text(block.tag).c_str()) +
             fitted("    allocated at " + place_text(machine, block.caller, true)) + "\n";
    return s;
}

// "If the driver responsible for the error can be identified, its name is printed on the blue screen."
std::string unloaded_driver(Machine& machine, const ke::Stop& stop) {
    if (stop.code != DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS) return "";
    const ldr::UnloadedModule* gone = machine.modules().unloaded_at(stop.parameters[0]);
    if (!gone) return "";
    const char* how = stop.parameters[1] >= mm::unloaded_execute ? "executed"
                      : stop.parameters[1]                       ? "written"
                                                                 : "read";
    return wrap(gone->file_name + " was unloaded, and memory of it is " + how, columns) + "\n";
}

std::string bug_check_report(Machine& machine, const ke::Stop& stop) {
    const char* name = rtl::bugcheck_name(stop.code);
    std::string s = format("\n*** Fatal System Error: 0x%08x\n", stop.code);
    s += format("                       (0x%016llX,0x%016llX,0x%016llX,0x%016llX)\n\n",
                (ull)stop.parameters[0], (ull)stop.parameters[1], (ull)stop.parameters[2],
                (ull)stop.parameters[3]);
    s += format("%s (%x)\n", name ? name : "Unknown bugcheck code", stop.code);
    if (!name) s += "Unknown bugcheck description\n";
    if (stop.text[0]) s += wrap(stop.text, columns) + "\n";
    s += unloaded_driver(machine, stop);
    s += "Arguments:\n";
    for (unsigned i = 0; i < 4; i++)
        s += format("Arg%u: %016llx, %s\n", i + 1, (ull)stop.parameters[i],
                    rtl::bugcheck_parameter(stop.code, i + 1));
    s += "\n";
    if (stop.record) {
        const auto code = stop.record->ExceptionCode;
        const char* text = rtl::status_text(code);
        s += wrap("EXCEPTION_CODE: " + status_text(code) + (text ? std::string(" - ") + text : ""), columns) +
             "\n";
        for (ULONG i = 0; i < stop.record->NumberParameters && i < EXCEPTION_MAXIMUM_PARAMETERS; i++)
            s += format("   Parameter[%u]: %016llx\n", i, (ull)stop.record->ExceptionInformation[i]);
    }
    const std::uint64_t at = fault_address(stop);
    s += fitted("FAULTING_IP: " + place_text(machine, at, is_return_address(machine, stop))) + "\n";
    if (const ldr::Module* m = module_at(machine, at))
        s += "IMAGE_NAME: " + m->file_name + format("+0x%llx\n", (ull)(at - m->base));
    else if (const ldr::UnloadedModule* gone = machine.modules().unloaded_at(at))
        s += "IMAGE_NAME: " + gone->file_name + format("+0x%llx\n", (ull)(at - gone->base));
    s += pageable_memory(machine, stop);
    if (stop.earlier) s += "COMPLETED_BEFORE_AT: " + place_text(machine, stop.earlier, true) + "\n";
    s += format("CURRENT_IRQL: %u\n", stop.irql);
    s += format("THREAD: %016llx  Cid %04llx.%04llx\n",
                (ull) reinterpret_cast<std::uint64_t>(&ke::current_thread()), (ull)ke::current_thread().pid,
                (ull)ke::current_thread().tid);
    if (stop.context) s += registers_text(*stop.context);
    s += stack_text(machine);
    if (IRP* irp = current_irp(stop)) {
        Target target(machine);
        view::Debugger debugger(target);
        s += "CURRENT_IRP:\n" +
             debugger.execute(format("!irp %llx", (ull) reinterpret_cast<std::uint64_t>(irp)));
    }
    return s;
}

std::string user_exception_report(Machine& machine, const ke::Stop& stop) {
    const auto code = static_cast<NTSTATUS>(stop.code);
    const char* text = rtl::status_text(code);
    std::string s =
        "\n" +
        wrap("Unhandled exception: " + status_text(code) + (text ? std::string(" - ") + text : ""), columns) +
        "\n";
    if (stop.text[0]) s += wrap(stop.text, columns) + "\n";
    if (stop.record)
        for (ULONG i = 0; i < stop.record->NumberParameters && i < EXCEPTION_MAXIMUM_PARAMETERS; i++)
            s += format("   Parameter[%u]: %016llx\n", i, (ull)stop.record->ExceptionInformation[i]);
    if (const std::uint64_t at = fault_address(stop))
        s += fitted("FAULTING_IP: " + place_text(machine, at, is_return_address(machine, stop))) + "\n";
    if (stop.context) s += registers_text(*stop.context);
    return s + stack_text(machine);
}

} // namespace

std::string place_text(Machine& machine, std::uint64_t address, bool is_return_address) {
    std::string text = describe_address(machine, address);
    Target target(machine);
    for (const view::Module& m : target.modules()) {
        if (address - m.base >= m.size || m.host_path.empty()) continue;
        text += source_text(m.host_path, address - m.base - is_return_address);
    }
    return text;
}

const char* stop_name(ke::StopKind kind) {
    switch (kind) {
    case ke::StopKind::none:
        return "none";
    case ke::StopKind::client_exited:
        return "client_exited";
    case ke::StopKind::bug_check:
        return "bug_check";
    case ke::StopKind::stub_called:
        return "stub_called";
    case ke::StopKind::hang:
        return "hang";
    case ke::StopKind::user_exception:
        return "user_exception";
    case ke::StopKind::report:
        return "report";
    case ke::StopKind::load_failure:
        return "load_failure";
    }
    return "unknown";
}

int exit_status_of(const ke::Stop& stop) {
    switch (stop.kind) {
    case ke::StopKind::bug_check:
        return exit_bug_check;
    case ke::StopKind::stub_called:
        return exit_stub;
    case ke::StopKind::hang:
        return exit_hang;
    case ke::StopKind::user_exception:
        return exit_user_exception;
    case ke::StopKind::report:
        return exit_report;
    case ke::StopKind::load_failure:
        return exit_load_failure;
    default:
        return 0;
    }
}

std::string stop_summary(Machine& machine, const ke::Stop& stop) {
    const std::string at =
        fault_address(stop) ? " at " + describe_address(machine, fault_address(stop)) : std::string();
    switch (stop.kind) {
    case ke::StopKind::bug_check: {
        const char* name = rtl::bugcheck_name(stop.code);
        return format("bug check 0x%x %s", stop.code, name ? name : "") + at;
    }
    case ke::StopKind::stub_called:
        return std::string(stop.text) + " is not implemented; called" + at;
    case ke::StopKind::hang:
        return std::string(stop.text) + at;
    case ke::StopKind::user_exception:
        return "unhandled exception " + status_text(static_cast<NTSTATUS>(stop.code)) + at;
    case ke::StopKind::report:
        return std::string(stop.text) + at;
    case ke::StopKind::load_failure:
        return stop.text;
    default:
        return "";
    }
}

std::string stop_report(Machine& machine, const ke::Stop& stop) {
    switch (stop.kind) {
    case ke::StopKind::bug_check:
        return bug_check_report(machine, stop);
    case ke::StopKind::user_exception:
        return user_exception_report(machine, stop);
    case ke::StopKind::stub_called:
        return "drvlab: " + stop_summary(machine, stop) + "\n" + stack_text(machine);
    case ke::StopKind::hang:
        return "drvlab: " + stop_summary(machine, stop) + "\n" +
               (runs_nothing() && !stop.context ? "" : stack_text(machine)) + waiting_threads_text(machine) +
               waiting_devices_text(machine);
    case ke::StopKind::report:
        if (fault_address(stop))
            return "drvlab: " + stop_summary(machine, stop) + "\nFAULTING_IP: " +
                   place_text(machine, fault_address(stop), is_return_address(machine, stop)) + "\n" +
                   stack_text(machine);
        [[fallthrough]];
    case ke::StopKind::load_failure:
        return "drvlab: " + stop_summary(machine, stop) + "\n";
    default:
        return "";
    }
}

} // namespace app
