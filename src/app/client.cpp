// Running the client program: its process, standard handles and end.
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
#include "kernel/ps/thread.h"
#include "kernel/section/section.h"
#include <algorithm>

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
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        auto* thread = NT_CONTAINER(e, ke::Thread, all_link);
        if (thread->process == &process) ps::start_thread(*thread);
    }
}

} // namespace

std::optional<std::uint32_t> Machine::run_client() {
    for (const std::string& directory : config_.system32)
        section::add_images_of(u"\\KnownDlls", directory, "C:\\Windows\\System32\\");
    section::add_images_of(u"\\DrvlabApp", directory_of(config_.client), "C:\\Program Files\\Drvlab\\");
    std::size_t length = config_.client.size();
    for (const std::string& argument : config_.arguments)
        length += to_utf16(argument).size() + 3;
    if (length > 32'000) { // UNICODE_STRING and CreateProcess end at 32,767 characters
        error_ = "the command line is longer than Windows allows (32,767 characters)";
        return std::nullopt;
    }
    ps::NewProcess what;
    what.host_path = config_.client;
    what.arguments = config_.arguments;
    what.environment = config_.environment;
    what.allow_missing = config_.allow_missing;
    what.seed = config_.seed;
    std::string text;
    auto created = ps::create_process(what, true, text);
    if (!created) {
        error_ = text.empty() ? config_.client + ": " + status_text(created.error()) : text;
        return std::nullopt;
    }
    EPROCESS& process = **created;
    auto console =
        open_console(process, u"\\Device\\ConDrv\\Console", FILE_GENERIC_READ | FILE_GENERIC_WRITE);
    auto input = open_console(process, io::standard_path(0), FILE_GENERIC_READ | FILE_WRITE_ATTRIBUTES);
    auto output = open_console(process, io::standard_path(1), FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES);
    auto errors = open_console(process, io::standard_path(2), FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES);
    if (!console || !input || !output || !errors) {
        error_ = "the client's standard handles cannot be opened";
        return std::nullopt;
    }
    ps::set_standard_handles(process, *console, *input, *output, *errors);
    start_threads(process);
    ke::wait_for_single_object(&process.Pcb.Header, Executive, KernelMode, false, nullptr);
    const auto status = static_cast<std::uint32_t>(process.ExitStatus);
    if (const std::string* failure = ps::body(&process).failure; failure && !failure->empty())
        error_ = *failure;
    ob::dereference(&process);
    return status;
}

} // namespace app
