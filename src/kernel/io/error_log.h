// The error log of drivers: kernel page "Logging Errors". An entry is what the Event Viewer shows of the
// System log; here it is a note of the run and a row of the trace.
#pragma once
#include "abi/irp.h"
#include "abi/misc.h"

namespace nt::io {

// IoAllocateErrorLogEntry for a device or a driver. Null: no memory, or a size that cannot be.
IO_ERROR_LOG_PACKET* allocate_error_log_entry(PVOID object, UCHAR size);
// Both take the entry.
void write_error_log_entry(IO_ERROR_LOG_PACKET* entry);
void free_error_log_entry(IO_ERROR_LOG_PACKET* entry);

} // namespace nt::io
