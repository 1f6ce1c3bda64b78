// The images of drivers: mapping a file, and taking it away again.
#pragma once
#include "abi/types.h"

namespace app {

// Before the first driver is loaded.
void plug_driver_images();
// Waits until the driver object of an image has ended; false: somebody still holds it.
bool await_end_of_driver(nt::PVOID section);

} // namespace app
