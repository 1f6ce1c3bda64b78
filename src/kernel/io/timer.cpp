#include "kernel/io/timer.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/io/driver.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/report.h"
#include "kernel/ke/timer.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"

namespace nt::io {

namespace {

constexpr ULONG timer_tag = pool::tag("IoTi");
constexpr LONGLONG second = 10'000'000;

struct Shared {
    KTIMER timer;
    KDPC dpc;
    LIST_ENTRY timers;
    LIST_ENTRY* next; // while the routines are called: who comes after the running one
    ULONG on;
};

Shared& shared() {
    static Shared* s = [] {
        auto* made = host::make<Shared>();
        list::initialize(made->timers);
        ke::initialize_timer(made->timer, NotificationTimer);
        ke::initialize_dpc(made->dpc,
                           reinterpret_cast<PKDEFERRED_ROUTINE>(internal_address("IopTimerDispatch")),
                           nullptr, false);
        return made;
    }();
    return *s;
}

} // namespace

NTSTATUS initialize_timer(DEVICE_OBJECT* device, PIO_TIMER_ROUTINE routine, PVOID context) {
    IO_TIMER* timer = device->Timer;
    const bool is_new = !timer;
    if (is_new) {
        timer = static_cast<IO_TIMER*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(IO_TIMER), timer_tag, 0, true));
        if (!timer) return STATUS_INSUFFICIENT_RESOURCES;
        timer->Type = IO_TYPE_TIMER;
        timer->DeviceObject = device;
        list::insert_tail(shared().timers, timer->TimerList);
        device->Timer = timer;
    }
    if (!is_new)
        NT_REPORT("TimerInitializedTwice",
                  (ke::WouldStop{0xC9, {0x0A, reinterpret_cast<ULONG_PTR>(device)}, true}),
                  "initializes the timer of the device %p again", static_cast<void*>(device));
    timer->TimerRoutine = routine;
    timer->Context = context;
    return STATUS_SUCCESS;
}

void start_timer(DEVICE_OBJECT* device) {
    IO_TIMER* timer = device->Timer;
    if (!timer || timer->TimerFlag) return;
    timer->TimerFlag = 1;
    LARGE_INTEGER due;
    due.QuadPart = -second;
    Shared& s = shared();
    if (s.on++ == 0) ke::set_timer(s.timer, due, 1000, 0, &s.dpc);
}

void stop_timer(DEVICE_OBJECT* device) {
    IO_TIMER* timer = device->Timer;
    if (!timer || !timer->TimerFlag) return;
    timer->TimerFlag = 0;
    if (--shared().on == 0) ke::cancel_timer(shared().timer);
}

void delete_timer(DEVICE_OBJECT* device) {
    IO_TIMER* timer = device->Timer;
    if (!timer) return;
    stop_timer(device);
    Shared& s = shared();
    if (s.next == &timer->TimerList) s.next = timer->TimerList.Flink;
    list::remove(timer->TimerList);
    device->Timer = nullptr;
    pool::release(timer, timer_tag);
}

void run_timers() {
    Shared& s = shared();
    for (LIST_ENTRY* e = s.timers.Flink; e != &s.timers; e = s.next) {
        IO_TIMER* timer = NT_CONTAINER(e, IO_TIMER, TimerList);
        s.next = e->Flink;
        if (timer->TimerFlag) seh::call_out(timer->TimerRoutine, timer->DeviceObject, timer->Context);
    }
    s.next = nullptr;
}

} // namespace nt::io
