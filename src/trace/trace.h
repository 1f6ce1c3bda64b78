// Recording what the machine does. Use:
//     if (trace::on) [[unlikely]] trace::emit_irp_freed(irp);
// The emit functions and their fields are data: events.txt → generated/events.h. Off, a row costs one
// predictable branch; on, some ten nanoseconds: it is stored straight into a shared mapping of the file
// (recorder.h), so it survives the process.
#pragma once
#include "trace/generated/events.h"
#include "trace/writer.h"
