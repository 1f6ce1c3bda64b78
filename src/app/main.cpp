#include "app/commands.h"
#include "app/console.h"
#include "app/exit_status.h"
#include "app/help.h"
#include "app/usage.h"
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

// What was printed must have arrived.
static int printed(int status) {
    if (std::cout.flush() && std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
    std::cerr << "drvlab: standard output cannot be written\n";
    return app::exit_host;
}

int main(int argc, char** argv) {
    app::occupy_standard_descriptors();
    CLI::App drvlab{
        "Drvlab: the Windows NT I/O system as one Linux process. Loads real x64 drivers (.sys) and console "
        "programs (.exe), runs them natively and shows every step."};
    drvlab.formatter(std::make_shared<app::Help>()); // commands take it over
    drvlab.name("drvlab");
    drvlab.require_subcommand(1);
    drvlab.footer("Exit status: the client's own; 119 its code is out of range; 120 usage; 121 load failure; "
                  "122 bug check; 123 report; 124 unhandled exception in the program; 125 not implemented; "
                  "126 hang; 127 host failure.");
    int status = 0;
    app::add_run_command(drvlab, status);
    app::add_load_command(drvlab, status);
    app::add_ioctl_command(drvlab, status);
    app::add_inspect_command(drvlab, status);
    app::add_exports_command(drvlab, status);
    app::add_trace_command(drvlab, status);
    app::add_top_command(drvlab, status);
    app::add_kd_command(drvlab, status);
    app::refuse_values_of_flags(drvlab);
    try {
        drvlab.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) { // --help
            drvlab.exit(error);
            return printed(0);
        }
        std::cerr << app::usage_text(error, drvlab);
        return app::exit_usage;
    } catch (const std::bad_alloc&) {
        std::cerr << "drvlab: the host has no memory left\n";
        return app::exit_host;
    } catch (const std::exception& error) {
        std::cerr << "drvlab: " << error.what() << "\n";
        return app::exit_usage;
    }
    return printed(status);
}
