#include "app/commands.h"
#include "app/ended_threads.h"
#include "app/exit_status.h"
#include "app/session.h"
#include "app/target.h"
#include "view/top.h"
#include <fstream>
#include <iostream>
#include <memory>

namespace app {

void add_top_command(CLI::App& drvlab, int& status) {
    struct Top {
        Options options;
        std::vector<std::string> client;
        bool json = false;
        std::string output;
    };
    auto top = std::make_shared<Top>();
    CLI::App& command = *drvlab.add_subcommand(
        "top", "run a program against drivers, then tell where the processors' time has gone");
    add_machine_options(command, top->options);
    command.add_flag("--json", top->json, "print JSON, one object on one line");
    command.add_option("-o,--output", top->output, "write the table to a file")->type_name("FILE");
    command.add_option("client", top->client, "-- CLIENT.exe [arguments]")
        ->type_name("CLIENT.exe")
        ->required();
    command.positionals_at_end();
    command.prefix_command(false);
    command.callback([top, &status] {
        Session session{config_from(top->options), top->options.kd, top->options.result};
        session.config.client = top->client.front();
        session.config.arguments.assign(top->client.begin() + 1, top->client.end());
        keep_ended_threads();
        bool written = true;
        session.after = [&](Target& target) {
            const std::string text = top->json ? view::top_json(target) : view::top_text(target);
            if (top->output.empty()) {
                std::cout << text << std::flush;
                return;
            }
            std::ofstream out(top->output);
            out << text;
            out.close();
            if (out) return;
            std::cerr << "drvlab: cannot write '" << top->output << "'\n";
            written = false;
        };
        std::optional<std::uint32_t> client_status;
        const auto script = [&](Machine& m) {
            if (!m.load_drivers()) return;
            client_status = m.run_client();
            if (m.config().unload) m.unload_drivers();
        };
        status = run_session(session, script, client_status);
        if (!written) status = exit_host;
    });
}

} // namespace app
