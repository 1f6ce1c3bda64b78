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
        bool json = false;
        std::string output;
    };
    auto top = std::make_shared<Top>();
    CLI::App& command = *drvlab.add_subcommand(
        "top", "run a program against drivers, then tell where the processors' time has gone");
    add_machine_options(command, top->options);
    command.add_flag("--json", top->json, "print JSON, one object on one line");
    command.add_option("-o,--output", top->output, "write the table to a file")
        ->check(file_name)
        ->type_name("FILE");
    add_client_options(command, top->options);
    command.callback([top, &status] {
        Session session{config_from(top->options), top->options.kd, top->options.result};
        if (session.config.clients.empty()) throw CLI::RequiredError("CLIENT.exe");
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
        std::vector<std::uint32_t> exit_codes;
        const auto script = [&](Machine& m) {
            if (!m.load_drivers()) return;
            exit_codes = m.run_clients();
            if (m.config().unload) m.unload_drivers();
        };
        status = run_session(session, script, exit_codes);
        if (!written) status = exit_host;
    });
}

} // namespace app
