// Drivers that export functions to others (export drivers) must stand before those that import from them.
#pragma once
#include "app/machine.h"

namespace app {

// Puts the drivers in an order in which each comes after those that it imports from; otherwise they keep the
// user's. The error text names a circle of drivers that need each other; empty: all is well. A file that
// cannot be read keeps its place: loading it says why.
std::string order_drivers(std::deque<LoadedDriver>& drivers);

} // namespace app
