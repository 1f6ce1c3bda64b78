#include "kernel/ex/host_hang.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/report.h"
#include <cstdio>

namespace nt::ex {

void host_code_hangs() {
    ke::Stop stop;
    stop.kind = ke::StopKind::hang;
    stop.repeatable = false;
    stop.caller = ke::calling_address();
    std::snprintf(
        stop.text, sizeof stop.text,
        "the kernel does not come back from a call: what it was given is damaged, or leads in a ring");
    ke::stop_machine(stop);
}

} // namespace nt::ex
