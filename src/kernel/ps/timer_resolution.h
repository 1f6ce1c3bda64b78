// Who wants clock ticks how often: drivers together, and each process. The finest wish counts; it ends when
// drivers have taken back as many wishes as they made, or the process takes its back or ends. Pages:
// nf-wdm-exsettimerresolution, nf-timeapi-timebeginperiod.
#pragma once
#include "abi/thread.h"

namespace nt::ps {

void request_driver_timer_resolution(ULONG units); // 100 ns
void release_driver_timer_resolution();
// 0: no wish.
void set_process_timer_resolution(EPROCESS& process, ULONG units);

} // namespace nt::ps
