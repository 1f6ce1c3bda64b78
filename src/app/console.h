// The host's standard input, output and error as the console driver's other side.
#pragma once
#include "kernel/io/condrv.h"

namespace app {

nt::io::ConsoleHost* console_host();
// Those of 0, 1 and 2 that are closed are opened on nothing, before a file of drvlab's own can take their
// place.
void occupy_standard_descriptors();

} // namespace app
