// `drvlab top`: where the processors' time has gone, in Task Manager's terms, as text of 80 columns or JSON.
// Everything is virtual time.
#pragma once
#include "view/target.h"

namespace view {

std::string top_text(Machine& machine);
std::string top_json(Machine& machine); // one object on one line; times in nanoseconds

} // namespace view
