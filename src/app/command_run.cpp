#include "app/commands.h"
#include "app/exit_status.h"
#include "app/session.h"
#include "app/usage.h"
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace app {

namespace {

// Drivers, then the clients, then (if wanted) the unloading.
void script(Machine& machine, std::vector<std::uint32_t>& exit_codes) {
    if (!machine.load_drivers()) return;
    exit_codes = machine.run_clients();
    if (machine.config().unload) machine.unload_drivers();
}

int run_clients(const Session& session, std::vector<std::uint32_t>& exit_codes) {
    return run_session(session, [&](Machine& m) { script(m, exit_codes); }, exit_codes);
}

int run_clients(const Session& session) {
    std::vector<std::uint32_t> exit_codes;
    return run_clients(session, exit_codes);
}

// Gives the program the text as its standard input.
bool give_input(const std::string& text) {
    const int file = memfd_create("input", MFD_CLOEXEC);
    if (file < 0) return false;
    bool good = true;
    for (std::size_t done = 0; good && done < text.size();) {
        const ssize_t n = write(file, text.data() + done, text.size() - done);
        good = n > 0;
        if (good) done += static_cast<std::size_t>(n);
    }
    good = good && lseek(file, 0, SEEK_SET) == 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO;
    close(file);
    return good;
}

// Longer input does not fit on a Windows command line.
constexpr std::size_t most_digits = 8192;

} // namespace

void add_run_command(CLI::App& drvlab, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App& command = *drvlab.add_subcommand("run", "load drivers and run console programs against them");
    add_machine_options(command, *options);
    add_client_options(command, *options);
    command.callback([options, &status] {
        Session session{config_from(*options), options->kd, options->result};
        if (session.config.clients.empty()) throw CLI::RequiredError("CLIENT.exe");
        status = run_clients(session);
    });
}

void add_load_command(CLI::App& drvlab, int& status) {
    auto options = std::make_shared<Options>();
    auto drivers = std::make_shared<std::vector<std::string>>();
    CLI::App& command = *drvlab.add_subcommand(
        "load",
        "load drivers, show what they made, unload them (not with --kd: that looks at the loaded machine)");
    add_machine_options(command, *options);
    command.add_option("drivers", *drivers, "X.sys …")->type_name("X.sys")->required();
    command.callback([options, drivers, &status] {
        options->drivers.insert(options->drivers.end(), drivers->begin(), drivers->end());
        Session session{config_from(*options), options->kd, options->result};
        session.output = 1;
        status = run_session(session,
                             [options](Machine& m) {
                                 if (m.load_drivers()) m.describe_drivers();
                                 if (options->kd.empty()) m.unload_drivers();
                             },
                             {});
    });
}

void add_kd_command(CLI::App& drvlab, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App& command = *drvlab.add_subcommand(
        "kd", "load drivers (and run programs), then a debugger prompt on the stopped machine");
    add_machine_options(command, *options);
    add_client_options(command, *options);
    command.callback([options, &status] {
        Session session{config_from(*options), options->kd, options->result};
        session.output = 1;
        session.interactive = options->kd.empty();
        status = run_clients(session);
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
    add_user_option(command, ioctl->options, "who sends it: ");
    command.add_option("--open", ioctl->name, "Win32 name of the device, as for CreateFile")
        ->type_name("'\\\\.\\NAME'")
        ->check(CLI::Validator(
            [](const std::string& text) { return text.empty() ? "the device name is empty" : ""; }, ""))
        ->required();
    command.add_option("--code", ioctl->code, "the control code, 0x222004")
        ->check(number_between(0, UINT32_MAX))
        ->required();
    command.add_option("--in", ioctl->in, "input bytes as hexadecimal digits, or @FILE")
        ->type_name("HEX|@FILE");
    command.add_option("--out", ioctl->out, "size of the output buffer in bytes")
        ->check(number_between(0, UINT32_MAX))
        ->type_name("SIZE");
    command.callback([ioctl, &status] {
        if (ioctl->out > most_buffer)
            throw CLI::ValidationError("--out", "an output buffer of " + std::to_string(ioctl->out) +
                                                    " bytes cannot be allocated (64 MB at most)");
        Session session{config_from(ioctl->options), ioctl->options.kd, ioctl->options.result};
        const std::string client = installed_file("guest/ioctl.exe");
        if (client.empty()) {
            std::cerr << "drvlab: guest/ioctl.exe is not beside the program\n";
            status = exit_host;
            return;
        }
        char code[16];
        std::snprintf(code, sizeof code, "0x%x", ioctl->code);
        std::string input = input_digits(ioctl->in);
        if (input.size() > most_digits) {
            if (!give_input(input)) {
                std::cerr << "drvlab: the input cannot be handed over: " << std::strerror(errno) << "\n";
                status = exit_host;
                return;
            }
            input = "-";
        }
        session.config.clients = {
            {client, {ioctl->name, code, input, std::to_string(ioctl->out)}, user_from(ioctl->options)}};
        std::vector<std::uint32_t> exit_codes;
        status = run_clients(session, exit_codes);
        // So the program says that its output did not arrive.
        if (status == exit_client_out_of_range && exit_codes.front() == exit_host) status = exit_host;
    });
}

} // namespace app
