#include "kernel/io/shutdown.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/io/device.h"
#include "kernel/io/irp.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

constexpr ULONG shutdown_tag = pool::tag("IoSh");

struct Registration {
    LIST_ENTRY link;
    DEVICE_OBJECT* device; // referenced
    bool too_late;         // made while the machine shuts down: nobody calls it any more
};
bool shutting_down;
struct Registrations {
    LIST_ENTRY list;
    Registrations() { list::initialize(list); }
};
Registrations first, last_chance_ones;

// The registered device itself gets the request, not what is attached above it: "the driver receives one such
// IRP for each device it registers".
void send_shutdown(DEVICE_OBJECT* device) {
    struct Wait { // seen by drivers: in pool
        KEVENT event;
        IO_STATUS_BLOCK iosb;
    };
    auto* wait =
        static_cast<Wait*>(pool::allocate(pool::Kind::nonpaged, sizeof(Wait), shutdown_tag, 0, true));
    if (!wait) return;
    ke::initialize_event(wait->event, NotificationEvent, false);
    if (IRP* irp = build_synchronous_fsd_request(IRP_MJ_SHUTDOWN, device, nullptr, 0, nullptr, &wait->event,
                                                 &wait->iosb);
        irp && call_driver(device, irp) == STATUS_PENDING)
        ke::wait_for_single_object(&wait->event, Executive, KernelMode, false, nullptr);
    pool::release(wait, shutdown_tag);
}

// 0xC4 (0x115): "the system has taken longer than 20 minutes and shutdown is not complete".
constexpr ULONGLONG longest = 20ull * 60 * 10'000'000;
ULONGLONG began;

Registration* next_of(LIST_ENTRY& list) {
    for (LIST_ENTRY* e = list.Flink; e != &list; e = e->Flink)
        if (auto* r = NT_CONTAINER(e, Registration, link); !r->too_late) return r;
    return nullptr;
}

void send_all(LIST_ENTRY& list) {
    while (Registration* r = next_of(list)) {
        list::remove(r->link);
        DEVICE_OBJECT* device = r->device;
        pool::release(r, shutdown_tag);
        const auto routine =
            reinterpret_cast<ULONG_PTR>(device->DriverObject->MajorFunction[IRP_MJ_SHUTDOWN]);
        send_shutdown(device);
        if (ke::interrupt_time() - began > longest)
            ke::report_at(routine + 1, "ShutdownTooLong",
                          ke::verifier_stop(0x115, reinterpret_cast<ULONG_PTR>(&ke::current_thread())),
                          "has not ended its IRP_MJ_SHUTDOWN before the shutdown had taken 20 minutes");
        ob::dereference(device);
    }
}

bool remove_registrations(LIST_ENTRY& list, DEVICE_OBJECT* device) {
    bool any = false;
    for (LIST_ENTRY* e = list.Flink; e != &list;) {
        auto* r = NT_CONTAINER(e, Registration, link);
        e = e->Flink;
        if (r->device != device) continue;
        list::remove(r->link);
        pool::release(r, shutdown_tag);
        ob::dereference(device);
        any = true;
    }
    return any;
}

} // namespace

NTSTATUS register_shutdown(DEVICE_OBJECT* device, bool last_chance) {
    auto* r =
        static_cast<Registration*>(pool::allocate(pool::Kind::nonpaged, sizeof(Registration), shutdown_tag));
    if (!r) return STATUS_INSUFFICIENT_RESOURCES;
    r->device = device;
    r->too_late = shutting_down; // assumed: a driver that registers for ever would keep it from its end
    ob::reference(device);
    // assumed: the latest first; drivers must not depend on the order.
    list::insert_head(last_chance ? last_chance_ones.list : first.list, r->link);
    device->Flags |= DO_SHUTDOWN_REGISTERED;
    return STATUS_SUCCESS;
}

void unregister_shutdown(DEVICE_OBJECT* device) {
    if (!(device->Flags & DO_SHUTDOWN_REGISTERED)) return;
    device->Flags &= ~DO_SHUTDOWN_REGISTERED;
    remove_registrations(first.list, device);
    remove_registrations(last_chance_ones.list, device);
}

void shut_down() {
    began = ke::interrupt_time();
    shutting_down = true;
    send_all(first.list);
    send_all(last_chance_ones.list);
}

} // namespace nt::io
