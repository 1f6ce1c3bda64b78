// The host's standard input, output and error as the console driver's other side.
#pragma once
#include "kernel/io/condrv.h"

namespace app {

nt::io::ConsoleHost* console_host();

} // namespace app
