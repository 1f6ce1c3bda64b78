#include "app/commands.h"
#include "app/exit_status.h"
#include "trace/json.h"
#include "trace/reader.h"
#include "trace/text.h"
#include <iostream>
#include <memory>

namespace app {

void add_trace_command(CLI::App& drvlab, int& status) {
    struct Show {
        std::string file;
        bool json = false;
        trace::TextOptions text;
    };
    auto show = std::make_shared<Show>();
    CLI::App& trace_command = *drvlab.add_subcommand("trace", "work with recorded traces");
    trace_command.require_subcommand(1);
    CLI::App& command = *trace_command.add_subcommand("show", "print a trace as text or JSON Lines");
    command.add_option("file", show->file, "a trace that --trace recorded")->required();
    command.add_flag("--json", show->json, "one JSON object a line");
    command.add_flag("--all", show->text.everything, "also the rows of system start");
    command.add_option("--call", show->text.call,
                       "only what happens within calls of this function or service, WriteFile");
    command.callback([show, &status] {
        trace::Reader reader;
        if (!reader.open(show->file)) {
            std::cerr << "drvlab: " << show->file << ": " << reader.error() << "\n";
            status = exit_load_failure;
            return;
        }
        const bool good =
            show->json ? trace::print_json(reader, 1) : trace::print_text(reader, 1, show->text);
        if (reader.damaged()) std::cerr << "drvlab: " << show->file << ": " << reader.error() << "\n";
        status = good ? 0 : static_cast<int>(exit_load_failure);
    });
}

} // namespace app
