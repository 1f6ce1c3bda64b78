// The schedule of a run: the policy that --schedule and --seed name, or a recorded schedule (--replay); and
// the recording of it (--record-schedule).
#pragma once
#include "app/machine.h"
#include <string>

namespace app {

// Plugs the policy into ke. A replay decides how many processors there are. False: `error` says why not.
bool plug_schedule(Config& config, std::string& error);
// After the run: writes the recorded schedule, if one was asked for. False: the file could not be written.
bool write_schedule(const Config& config);

} // namespace app
