// Plugs the interfaces that lower rooms declare into the rooms that implement them.
#pragma once
#include "kernel/ldr/modules.h"

namespace app {

void wire_rooms(nt::ldr::ModuleList& modules);
void initialize_shared_data();

} // namespace app
