#include "kernel/io/device_walk.h"
#include "kernel/io/detail/describe.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/report.h"
#include <cstdio>

namespace nt::io {

// After so many steps the walk is in the ring, even if it began outside.
void DeviceWalk::never_ends(const DEVICE_OBJECT* in) const {
    ke::Stop stop;
    stop.kind = ke::StopKind::hang;
    stop.caller = ke::calling_address();
    std::snprintf(stop.text, sizeof stop.text,
                  "a chain of devices never ends: %s leads from the device %llx of %s back to it", link_,
                  detail::address_of(in), detail::name_of(in->DriverObject).text);
    ke::stop_machine(stop);
}

} // namespace nt::io
