// The threads that run service routines at PASSIVE_LEVEL: one for a vector that such a routine was ever
// connected to. "Using Passive-Level Interrupt Service Routines".
#include "kernel/io/detail/passive_interrupt.h"
#include "abi/status.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/thread.h"

namespace nt::io {

namespace {

// assumed: what "relatively high priority" is.
constexpr KPRIORITY service_priority = 24;

struct Service {
    KDPC dpc; // from the interrupt's IRQL to where an event can be set
    KEVENT wanted;
    KEVENT chain; // signalled unless the vector's objects are walked or changed
    ULONG vector;
};
Service* services[256];

void wait(KEVENT& event) { ke::wait_for_single_object(&event, Executive, KernelMode, false, nullptr); }

void serve(PVOID argument) {
    auto& service = *static_cast<Service*>(argument);
    for (;;) {
        wait(service.wanted);
        wait(service.chain);
        ke::run_passive_interrupt(service.vector);
        ke::set_event(service.chain);
    }
}

Service* service_of(ULONG vector) {
    Service*& service = services[vector & 0xff];
    if (service) return service;
    auto* made = static_cast<Service*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Service), pool::tag("IntP"), 0, true));
    if (!made) return nullptr;
    made->vector = vector;
    ke::initialize_event(made->wanted, SynchronizationEvent, false);
    ke::initialize_event(made->chain, SynchronizationEvent, true);
    ke::initialize_host_dpc(
        made->dpc, [](KDPC& dpc) { ke::set_event(static_cast<Service*>(dpc.DeferredContext)->wanted); },
        made);
    ke::set_passive_hook([](ULONG wanted) { ke::insert_queue_dpc(services[wanted]->dpc, nullptr, nullptr); });
    const Result<ke::Thread*> thread = ps::create_kernel_thread(serve, made, service_priority);
    if (!thread) {
        pool::release(made, pool::tag("IntP"));
        return nullptr;
    }
    ob::dereference(*thread);
    return service = made;
}

} // namespace

NTSTATUS connect_passively(KINTERRUPT& interrupt) {
    Service* service = service_of(interrupt.Vector);
    if (!service) return STATUS_INSUFFICIENT_RESOURCES;
    wait(service->chain);
    const NTSTATUS status = ke::connect_interrupt(interrupt);
    ke::set_event(service->chain);
    return status;
}

void disconnect_passively(KINTERRUPT& interrupt) {
    Service& service = *services[interrupt.Vector & 0xff];
    wait(service.chain);
    ke::disconnect_interrupt(interrupt);
    ke::set_event(service.chain);
}

} // namespace nt::io
