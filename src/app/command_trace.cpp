#include "app/commands.h"
#include "app/exit_status.h"
#include "app/options.h"
#include "app/usage.h"
#include "trace/json.h"
#include "trace/perfetto.h"
#include "trace/reader.h"
#include "trace/text.h"
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace app {

namespace {

// "310000018010", "0x310000018010", "00003100`00018010"; 0: it is no address of anything.
std::uint64_t address_of(std::string text) {
    std::erase(text, '`');
    if (text.starts_with("0x") || text.starts_with("0X")) text.erase(0, 2);
    std::uint64_t address = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, address, 16);
    return error == std::errc() && stopped == end ? address : 0;
}

void add_export(CLI::App& trace_command, int& status) {
    struct Export {
        std::string file, output, format;
    };
    auto what = std::make_shared<Export>();
    CLI::App& command = *trace_command.add_subcommand("export", "write a trace in another program's format");
    command.add_option("file", what->file, "a trace that --trace recorded")->type_name("FILE")->required();
    command.add_option("--format", what->format, "perfetto: for ui.perfetto.dev and its tools")
        ->check(one_of({"perfetto"}))
        ->required();
    command.add_option("-o,--output", what->output, "the file to write")
        ->check(file_name)
        ->type_name("FILE")
        ->required();
    command.callback([what, &status] {
        trace::Reader reader;
        if (!reader.open(what->file)) {
            std::cerr << "drvlab: " << what->file << ": " << reader.error() << "\n";
            status = exit_load_failure;
            return;
        }
        const int out = open(what->output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (out < 0) {
            std::cerr << "drvlab: cannot write '" << what->output << "': " << std::strerror(errno) << "\n";
            status = exit_host;
            return;
        }
        const bool good = trace::print_perfetto(reader, out);
        if (close(out) != 0 || (!good && !reader.damaged())) {
            std::cerr << "drvlab: cannot write '" << what->output << "'\n";
            status = exit_host;
        } else if (reader.damaged()) {
            std::cerr << "drvlab: " << what->file << ": " << reader.error() << "\n";
            status = exit_load_failure;
        }
    });
}

} // namespace

void add_trace_command(CLI::App& drvlab, int& status) {
    struct Show {
        std::string file;
        bool json = false;
        trace::TextOptions text;
        std::string irp;
    };
    auto show = std::make_shared<Show>();
    CLI::App& trace_command = *drvlab.add_subcommand("trace", "work with recorded traces");
    trace_command.require_subcommand(1);
    add_export(trace_command, status);
    CLI::App& command = *trace_command.add_subcommand("show", "print a trace as text or JSON Lines");
    command.add_option("file", show->file, "a trace that --trace recorded")->type_name("FILE")->required();
    auto* json = command.add_flag("--json", show->json, "one JSON object a line");
    command.add_flag("--all", show->text.everything, "also the rows of system start");
    command
        .add_option("--call", show->text.call,
                    "only what happens within calls of this function or service, WriteFile")
        ->excludes(json)
        ->check([](const std::string& text) { return text.empty() ? "'' is no name" : std::string(); });
    command
        .add_option("--irp", show->irp,
                    "only what tells of the request at this address, since it was made last")
        ->type_name("ADDRESS")
        ->excludes(json)
        ->check([](const std::string& text) {
            return address_of(text) ? std::string() : "'" + text + "' is no address";
        });
    command.callback([show, &status] {
        trace::Reader reader;
        if (!reader.open(show->file)) {
            std::cerr << "drvlab: " << show->file << ": " << reader.error() << "\n";
            status = exit_load_failure;
            return;
        }
        if (!show->irp.empty()) {
            const std::string text = trace::request_history(reader, address_of(show->irp));
            std::cout << trace::TextFormatter::heading() << text;
            if (reader.damaged()) {
                std::cerr << "drvlab: " << show->file << ": " << reader.error() << "\n";
                status = exit_load_failure;
            } else if (text.empty()) {
                std::cerr << "drvlab: no request " << show->irp << " is in the trace\n";
                status = exit_usage;
            }
            return;
        }
        bool call_found = show->text.call.empty();
        const bool good =
            show->json ? trace::print_json(reader, 1) : trace::print_text(reader, 1, show->text, &call_found);
        if (reader.damaged()) {
            std::cerr << "drvlab: " << show->file << ": " << reader.error() << "\n";
            status = exit_load_failure;
        } else if (!good) {
            std::cerr << "drvlab: standard output cannot be written\n";
            status = exit_host;
        } else if (!call_found && !show->json) {
            std::cerr << "drvlab: no call of '" << show->text.call << "' is in the trace\n";
            status = exit_usage;
        }
    });
}

} // namespace app
