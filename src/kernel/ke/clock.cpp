#include "kernel/ke/clock.h"
#include "abi/processor.h"

namespace nt::ke {

KUSER_SHARED_DATA* shared_data = nullptr;

static LONGLONG boot = default_boot_time;
static ULONGLONG next_tick = 0;

LONGLONG boot_time() { return boot; }
void set_boot_time(LONGLONG filetime) { boot = filetime; }
LONGLONG system_time() { return boot + static_cast<LONGLONG>(virtual_time()); }
ULONGLONG tick_count() { return virtual_time() / tick_length; }

static void store(volatile KSYSTEM_TIME& to, ULONGLONG value) {
    to.High2Time = static_cast<LONG>(value >> 32);
    to.LowPart = static_cast<ULONG>(value);
    to.High1Time = static_cast<LONG>(value >> 32);
}

static void publish() {
    const ULONGLONG ticks = tick_count();
    next_tick = (ticks + 1) * tick_length;
    if (!shared_data) return;
    store(shared_data->InterruptTime, ticks * tick_length);
    store(shared_data->SystemTime, static_cast<ULONGLONG>(boot) + ticks * tick_length);
    store(shared_data->TickCount, ticks);
}

void update_shared_time() {
    if (virtual_time() >= next_tick) [[unlikely]]
        publish();
}

void advance_to(ULONGLONG due) {
    if (due > virtual_time()) virtual_time() = due;
    update_shared_time();
}

} // namespace nt::ke
