// A driver that goes must have given back what it got: noted before DriverUnload, which may still end it;
// what is left afterwards is reported.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

void note_held_requests(const DRIVER_OBJECT* driver);
void report_lost_requests(const DRIVER_OBJECT* driver);

} // namespace nt::io::detail
