// What a machine that can go on no more waits for outside of its threads: requests that drivers hold, and
// interrupts of devices.
#pragma once
#include <string>

namespace app {

class Machine;

// Each request: who has it, where its routine is, and, when a trace was recorded into a file, its rows. Then
// each line that a device has raised or a driver listens to: whether what was raised was served. Empty when
// no request is pending. Main stack.
std::string waiting_devices_text(Machine& machine);

} // namespace app
