#include "app/commands.h"
#include "app/exit_status.h"
#include "app/session.h"
#include <iostream>
#include <memory>

namespace app {

namespace {

struct Run {
    Options options;
    std::vector<std::string> client;
};

// Drivers, then the client, then (if wanted) the unloading.
void script(Machine& machine, std::optional<std::uint32_t>& client_status) {
    if (!machine.load_drivers()) return;
    if (!machine.config().client.empty()) client_status = machine.run_client();
    if (machine.config().unload) machine.unload_drivers();
}

} // namespace

void add_run_command(CLI::App& drvlab, int& status) {
    auto run = std::make_shared<Run>();
    CLI::App& command = *drvlab.add_subcommand("run", "load drivers and run a console program against them");
    add_machine_options(command, run->options);
    command.add_option("client", run->client, "-- CLIENT.exe [arguments]")
        ->type_name("CLIENT.exe")
        ->required();
    command.positionals_at_end();
    command.prefix_command(false);
    command.callback([run, &status] {
        Session session{config_from(run->options), run->options.kd, run->options.result};
        session.config.client = run->client.front();
        session.config.arguments.assign(run->client.begin() + 1, run->client.end());
        std::optional<std::uint32_t> client_status;
        status = run_session(session, [&](Machine& m) { script(m, client_status); }, client_status);
    });
}

void add_load_command(CLI::App& drvlab, int& status) {
    auto run = std::make_shared<Run>();
    CLI::App& command = *drvlab.add_subcommand(
        "load",
        "load drivers, show what they made, unload them (not with --kd: that looks at the loaded machine)");
    add_machine_options(command, run->options);
    command.add_option("drivers", run->client, "X.sys …")->type_name("X.sys")->required();
    command.callback([run, &status] {
        for (const auto& driver : run->client)
            run->options.drivers.push_back(driver);
        Session session{config_from(run->options), run->options.kd, run->options.result};
        session.output = 1;
        std::optional<std::uint32_t> none;
        status = run_session(
            session,
            [run](Machine& m) {
                if (m.load_drivers()) m.describe_drivers();
                if (run->options.kd.empty()) m.unload_drivers();
            },
            none);
    });
}

void add_kd_command(CLI::App& drvlab, int& status) {
    auto run = std::make_shared<Run>();
    CLI::App& command = *drvlab.add_subcommand(
        "kd", "load drivers (and run a client), then a debugger prompt on the stopped machine");
    add_machine_options(command, run->options);
    command.add_option("client", run->client, "-- CLIENT.exe [arguments]")->type_name("CLIENT.exe");
    command.callback([run, &status] {
        Session session{config_from(run->options), run->options.kd, run->options.result};
        session.output = 1;
        session.interactive = run->options.kd.empty();
        if (!run->client.empty()) {
            session.config.client = run->client.front();
            session.config.arguments.assign(run->client.begin() + 1, run->client.end());
        }
        std::optional<std::uint32_t> client_status;
        status = run_session(session, [&](Machine& m) { script(m, client_status); }, client_status);
    });
}

void add_ioctl_command(CLI::App& drvlab, int& status) {
    struct Ioctl {
        Options options;
        std::string name, in;
        std::uint32_t code = 0, out = 0;
    };
    auto ioctl = std::make_shared<Ioctl>();
    CLI::App& command =
        *drvlab.add_subcommand("ioctl", "send one control code to a driver's device; no client needed");
    add_machine_options(command, ioctl->options);
    command.add_option("--open", ioctl->name, "Win32 name of the device, as for CreateFile")
        ->type_name("'\\\\.\\NAME'")
        ->required();
    command.add_option("--code", ioctl->code, "the control code, 0x222004")->required();
    command.add_option("--in", ioctl->in, "input bytes as hexadecimal digits, or @FILE")
        ->type_name("HEX|@FILE");
    command.add_option("--out", ioctl->out, "size of the output buffer in bytes")->type_name("SIZE");
    command.callback([ioctl, &status] {
        Session session{config_from(ioctl->options), ioctl->options.kd, ioctl->options.result};
        session.config.client = installed_file("guest/ioctl.exe");
        if (session.config.client.empty()) {
            std::cerr << "drvlab: guest/ioctl.exe is not beside the program\n";
            status = exit_host;
            return;
        }
        char code[16];
        std::snprintf(code, sizeof code, "0x%x", ioctl->code);
        session.config.arguments = {ioctl->name, code, input_digits(ioctl->in), std::to_string(ioctl->out)};
        std::optional<std::uint32_t> client_status;
        status = run_session(session, [&](Machine& m) { script(m, client_status); }, client_status);
    });
}

} // namespace app
