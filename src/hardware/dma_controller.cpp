#include "hardware/dma_controller.h"
#include "hardware/physical_map.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::hardware::dma_controller {

namespace {

struct Channel {
    std::string device;
    ULONGLONG address = 0;
    ULONG length = 0, left = 0;
    bool enabled = false, to_device = false, again = false;
} all[channels];

} // namespace

bool wire(ULONG channel, const std::string& device) {
    std::string& owner = all[channel].device;
    if (owner.empty()) owner = device;
    return owner == device;
}

void unwire(const std::string& device) {
    for (Channel& c : all)
        if (c.device == device) c = {};
}

void start(ULONG channel, ULONGLONG address, ULONG length, bool to_device, bool again) {
    Channel& c = all[channel];
    c = {std::move(c.device), address, length, length, length != 0, to_device, again};
}

void stop(ULONG channel) { all[channel].enabled = false; }

ULONG remaining(ULONG channel) { return all[channel].left; }

ULONG serve(ULONG channel, void* buffer, ULONG bytes, bool to_memory, bool& end, std::string_view device) {
    Channel& c = all[channel];
    end = false;
    if (!c.enabled || c.to_device == to_memory) return 0;
    const ULONG n = std::min(bytes, c.left);
    const ULONGLONG at = c.address + (c.length - c.left);
    const bool done = to_memory ? write_physical(at, buffer, n) : read_physical(at, buffer, n);
    if (trace::on) trace::emit_dma(at, n, to_memory, done, device);
    c.left -= n;
    if (c.left) return n;
    end = true;
    if (c.again)
        c.left = c.length;
    else
        c.enabled = false;
    return n;
}

} // namespace nt::hardware::dma_controller
