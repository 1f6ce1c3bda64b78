// How the end of a request is told other than by its status block and events: packets of completion ports,
// and APCs. Both take the IRP, which is off its list by then.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

NTSTATUS create_completion_type();

// `pended`: the service has returned STATUS_PENDING.
bool wants_packet(const IRP* irp, const FILE_OBJECT* file, bool pended);
void queue_packet(IRP* irp, const FILE_OBJECT* file);
bool wants_apc(const IRP* irp);
void queue_apc(IRP* irp);

void write_status_block(const IRP* irp);

} // namespace nt::io::detail
