// System buffers of requests (IRP.AssociatedIrp.SystemBuffer): nonpaged pool blocks with tag IoSB.
#pragma once
#include "abi/types.h"

namespace nt::io::detail {

// Null: no memory. Contents are undefined.
PVOID take_buffer(ULONG size);
// Also takes what a driver put in its place (any pool block).
void give_buffer(PVOID buffer);

} // namespace nt::io::detail
