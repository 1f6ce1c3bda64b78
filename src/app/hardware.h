// The modelled hardware of a run: models from the command line, firmware, and what both need of the kernel.
#pragma once
#include "app/machine.h"
#include <string>

namespace app {

// "disk:size=1M" as a model and its arguments: a file with a '/' or ".so" in its name, else a model that is
// installed beside the program. Throws CLI::ValidationError.
nt::hardware::ModelSpec hardware_from(const std::string& text);

// Puts bus, models and firmware in place. Empty: done; otherwise what is wrong.
std::string start_hardware(const Config& config);

// The devices get what the INF files of their drivers would say about messages: MSISupported,
// MessageNumberLimit. After the bus was enumerated; empty: done.
std::string write_message_settings(const Config& config);

// What there is, as rows of the trace.
void trace_hardware();

} // namespace app
