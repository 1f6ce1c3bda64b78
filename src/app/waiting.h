// Who waits for what when the machine can go on no more.
#pragma once
#include <string>

namespace app {

class Machine;

// One paragraph per waiting thread that works for a driver or a program: what it waits for, who has that, and
// where; then the cycles among them. Main stack.
std::string waiting_threads_text(Machine& machine);

} // namespace app
