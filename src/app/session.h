// One run of a machine from the command line: trace, run, report, debugger commands, result file.
#pragma once
#include "app/machine.h"
#include "app/options.h"
#include <functional>
#include <string>

namespace app {

class Target;

struct Session {
    Config config;
    std::string kd;     // commands for the stopped machine
    std::string result; // JSON file, empty: none
    int output = 2;     // descriptor that debugger output goes to
    bool interactive = false;
    std::function<void(Target&)> after = {}; // looks at the stopped machine, after its reports
};

// Runs the script (see Machine::run) and everything after it. Gives drvlab's exit status; the script
// fills `exit_codes` with those of the clients.
int run_session(const Session& session, std::function<void(Machine&)> script,
                const std::vector<std::uint32_t>& exit_codes);

} // namespace app
