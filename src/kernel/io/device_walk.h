// Walks along chains of devices (AttachedDevice, AttachedTo, NextDevice). Drivers can close such a chain to a
// ring; Windows then walks for ever, so it is a hang here, and it is found after a number of steps that no
// whole chain has, without a clock.
#pragma once
#include "abi/irp.h"

namespace nt::io {

class DeviceWalk {
  public:
    explicit DeviceWalk(const char* link) : link_(link) {}
    DEVICE_OBJECT* to(DEVICE_OBJECT* next) {
        if (++steps_ == most_steps) [[unlikely]]
            never_ends(next);
        return next;
    }

  private:
    static constexpr ULONG most_steps = 10'000'000;
    [[noreturn, gnu::cold]] void never_ends(const DEVICE_OBJECT* in) const;
    const char* link_; // for the report
    ULONG steps_ = 0;
};

} // namespace nt::io
