// The debugger's command line: text in, text out, as WinDbg's kernel debugger prints it.
// Layouts follow shared documentation of the debugger (each golden in golden/ names its source).
#pragma once
#include "view/target.h"
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace view {

class Debugger {
  public:
    explicit Debugger(Machine& machine);
    ~Debugger();

    // Runs a line: commands separated by ';'. The output ends with a newline unless empty. Never throws,
    // never changes the machine.
    std::string execute(std::string_view line);
    // After execute() was left by a fault (host::guarded): what the line had printed, and a message.
    std::string abandon();
    // "0: kd> "
    std::string prompt();
    // `q` was executed.
    bool quit_requested() const;
    // Some command of the last line failed (unknown command, bad argument).
    bool failed() const;
    // Names of all commands, for completion at the prompt.
    std::vector<std::string> command_names() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace view
