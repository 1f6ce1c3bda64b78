#pragma once
#include "kernel/ldr/modules.h"

namespace app {

// Makes list entries for the modules that are there and for all that follow. After pool::initialize().
void publish_modules(nt::ldr::ModuleList& modules);

} // namespace app
