// Running the client programs: their processes, standard handles and ends.
#include "abi/context.h"
#include "abi/file.h"
#include "abi/status.h"
#include "app/machine.h"
#include "app/text.h"
#include "base/list.h"
#include "kernel/io/condrv.h"
#include "kernel/io/file.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process.h"
#include "kernel/ps/process_notify.h"
#include "kernel/ps/thread.h"
#include "kernel/section/section.h"
#include <algorithm>
#include <cstdio>

namespace app {

using namespace nt;

namespace {

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

Result<HANDLE> open_console(EPROCESS& process, std::u16string_view name, ACCESS_MASK access) {
    return io::open_file({.name = name, .desired = access | SYNCHRONIZE},
                         *static_cast<ob::HandleTable*>(process.ObjectTable), OBJ_INHERIT);
}

void start_threads(EPROCESS& process) {
    for (ke::Thread* thread : ps::ThreadsOf(process))
        ps::begin_thread(*thread, false);
}

// "child.exe (Cid 001c)"
std::string name_of(const ps::Process& process) {
    char id[32];
    std::snprintf(id, sizeof id, " (Cid %04lx)", reinterpret_cast<ULONG_PTR>(process.UniqueProcessId));
    return *process.file_name + id;
}

} // namespace

void Machine::child_ended(EPROCESS& object) {
    const ps::Process& process = ps::body(&object);
    if (!process.of_program) return;
    const auto id = [](PVOID value) {
        return static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(value));
    };
    current().children_.push_back({*process.file_name, id(process.UniqueProcessId),
                                   id(process.InheritedFromUniqueProcessId),
                                   static_cast<std::uint32_t>(process.ExitStatus)});
    if (!process.failure->empty()) current().note(name_of(process) + ": " + *process.failure);
}

// A program's child dies alone of its exceptions; its exit code tells its parent, this the person.
void Machine::child_failed(EPROCESS& object, const EXCEPTION_RECORD& record) {
    const auto address = reinterpret_cast<ULONG_PTR>(record.ExceptionAddress);
    char code[16];
    std::snprintf(code, sizeof code, "%08x", static_cast<unsigned>(record.ExceptionCode));
    current().note(name_of(ps::body(&object)) + " ended with the unhandled exception 0x" + code + " at " +
                   ps::body(&object).modules->describe(address));
}

std::vector<std::uint32_t> Machine::run_clients() {
    if (config_.clients.empty()) return {};
    for (const std::string& directory : config_.system32)
        section::add_images_of(u"\\KnownDlls", directory, "C:\\Windows\\System32\\");
    for (const Program& program : config_.clients) // of two DLLs with one name the first counts
        section::add_images_of(u"\\DrvlabApp", directory_of(program.path), "C:\\Program Files\\Drvlab\\");
    ps::on_process_exit = child_ended;
    ps::on_child_exception = child_failed;
    std::vector<EPROCESS*> processes;
    for (const Program& program : config_.clients) {
        EPROCESS* process = create_client(program);
        if (!process) break;
        processes.push_back(process);
    }
    std::vector<std::uint32_t> exit_codes;
    if (processes.size() < config_.clients.size()) return exit_codes; // the machine ends; none has run
    for (EPROCESS* process : processes)
        if (const NTSTATUS status = ps::notify_process_created(*process); NT_SUCCESS(status))
            start_threads(*process);
        else
            ps::terminate_process(*process, status); // a driver does not want it
    for (EPROCESS* process : processes) {
        ke::wait_for_single_object(&process->Pcb.Header, Executive, KernelMode, false, nullptr);
        exit_codes.push_back(static_cast<std::uint32_t>(process->ExitStatus));
        if (const std::string* failure = ps::body(process).failure;
            failure && !failure->empty() && error_.empty())
            error_ = *failure;
        ob::dereference(process);
    }
    wait_for_children();
    return exit_codes;
}

// The run ends when the last process has ended, also one whose parent is gone.
void Machine::wait_for_children() {
    for (LIST_ENTRY* e = ps::all_processes.Flink; e != &ps::all_processes;) {
        ps::Process& process = *NT_CONTAINER(e, ps::Process, all_link);
        e = e->Flink;
        if (!process.of_program || process.Pcb.Header.SignalState) continue;
        ob::reference(&process);
        ke::wait_for_single_object(&process.Pcb.Header, Executive, KernelMode, false, nullptr);
        ob::dereference(&process);
        e = ps::all_processes.Flink; // others have come and gone meanwhile
    }
}

// Its threads do not run yet. Null: error_ says why.
EPROCESS* Machine::create_client(const Program& program) {
    std::size_t length = program.path.size();
    for (const std::string& argument : program.arguments)
        length += to_utf16(argument).size() + 3;
    if (length > 32'000) { // UNICODE_STRING and CreateProcess end at 32,767 characters
        error_ = "the command line is longer than Windows allows (32,767 characters)";
        return nullptr;
    }
    ps::NewProcess what;
    what.host_path = program.path;
    what.arguments = program.arguments;
    what.environment = config_.environment;
    what.allow_missing = config_.allow_missing;
    what.seed = config_.seed;
    std::string text;
    auto created = ps::create_process(what, text);
    if (!created) {
        error_ = text.empty() ? program.path + ": " + status_text(created.error()) : text;
        return nullptr;
    }
    EPROCESS& process = **created;
    if (const NTSTATUS status = ps::run_as(process, program.user); !NT_SUCCESS(status)) {
        error_ = program.path + ": " + status_text(status);
        return nullptr;
    }
    auto console =
        open_console(process, u"\\Device\\ConDrv\\Console", FILE_GENERIC_READ | FILE_GENERIC_WRITE);
    auto input = open_console(process, io::standard_path(0), FILE_GENERIC_READ | FILE_WRITE_ATTRIBUTES);
    auto output = open_console(process, io::standard_path(1), FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES);
    auto errors = open_console(process, io::standard_path(2), FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES);
    if (!console || !input || !output || !errors) {
        error_ = "the client's standard handles cannot be opened";
        return nullptr;
    }
    ps::set_standard_handles(process, *console, *input, *output, *errors);
    return &process;
}

} // namespace app
