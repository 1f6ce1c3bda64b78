// The interactive prompt of `drvlab kd`: line editing and history on a terminal, plain lines otherwise.
#pragma once
#include "view/debugger.h"

namespace view {

// Executes a line on the main stack: a fault (a damaged structure was followed) ends it with a message.
std::string execute_guarded(Debugger& debugger, std::string_view line);

// Reads commands from standard input and writes answers to standard output until `q` or end of file.
// False: a command failed and the input was not a terminal (so scripts can tell).
bool run_prompt(Debugger& debugger);

} // namespace view
