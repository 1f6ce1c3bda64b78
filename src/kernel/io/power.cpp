// What a device's drivers have said about its power. There is no power manager yet that would act on it.
#include "kernel/io/device.h"

namespace nt::io {

// In the device's extension: the system's state in bits 0 to 3, the device's in 4 to 7. assumed: that they
// lie so, and that a device is in no state before its driver names one
ULONG set_power_state(DEVICE_OBJECT* device, POWER_STATE_TYPE type, ULONG state) {
    const unsigned shift = type == DevicePowerState ? 4 : 0;
    ULONG& flags = extension_of(device)->PowerFlags;
    const ULONG before = flags >> shift & 0xf;
    flags = (flags & ~(0xfu << shift)) | (state & 0xf) << shift;
    return before;
}

} // namespace nt::io
