// The subcommands of drvlab. Each adds itself to the command line and sets `status` when it ran.
#pragma once
#include <CLI/CLI.hpp>

namespace app {

void add_run_command(CLI::App& drvlab, int& status);
void add_load_command(CLI::App& drvlab, int& status);
void add_ioctl_command(CLI::App& drvlab, int& status);
void add_inspect_command(CLI::App& drvlab, int& status);
void add_exports_command(CLI::App& drvlab, int& status);
void add_trace_command(CLI::App& drvlab, int& status);
void add_top_command(CLI::App& drvlab, int& status);
void add_kd_command(CLI::App& drvlab, int& status);

} // namespace app
