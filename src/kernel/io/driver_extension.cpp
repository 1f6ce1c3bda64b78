#include "abi/status.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/driver_body.h"
#include "kernel/io/driver.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

constexpr ULONG extension_tag = pool::tag("DrvX");

struct Reinitialization {
    Reinitialization* next;
    DRIVER_OBJECT* driver;
    PDRIVER_REINITIALIZE routine;
    PVOID context;
    ULONG calls; // of this routine, so far
};
Reinitialization* reinitializations; // in order of registration
Reinitialization running;            // registers again from inside
constexpr ULONG endless = 1'000'000; // calls in a row

} // namespace

void detail::release_extensions(DRIVER_OBJECT* driver) {
    for (Reinitialization** link = &reinitializations; *link;)
        if ((*link)->driver == driver) {
            Reinitialization* gone = *link;
            *link = gone->next;
            pool::release(gone, extension_tag);
        } else
            link = &(*link)->next;
    for (IO_CLIENT_EXTENSION* e = driver->DriverExtension->ClientDriverExtension; e;) {
        IO_CLIENT_EXTENSION* next = e->NextExtension;
        pool::release(e, extension_tag);
        e = next;
    }
}

NTSTATUS allocate_driver_extension(DRIVER_OBJECT* driver, PVOID id, ULONG size, PVOID* extension) {
    *extension = nullptr;
    if (get_driver_extension(driver, id)) return STATUS_OBJECT_NAME_COLLISION;
    auto* e = static_cast<IO_CLIENT_EXTENSION*>(pool::allocate(
        pool::Kind::nonpaged, sizeof(IO_CLIENT_EXTENSION) + SIZE_T(size), extension_tag, 0, true));
    if (!e) return STATUS_INSUFFICIENT_RESOURCES;
    *e = {driver->DriverExtension->ClientDriverExtension, id};
    driver->DriverExtension->ClientDriverExtension = e;
    *extension = e + 1;
    return STATUS_SUCCESS;
}

PVOID get_driver_extension(DRIVER_OBJECT* driver, PVOID id) {
    for (IO_CLIENT_EXTENSION* e = driver->DriverExtension->ClientDriverExtension; e; e = e->NextExtension)
        if (e->ClientIdentificationAddress == id) return e + 1;
    return nullptr;
}

NTSTATUS register_reinitialization(DRIVER_OBJECT* driver, PDRIVER_REINITIALIZE routine, PVOID context,
                                   bool boot) {
    auto* r = static_cast<Reinitialization*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Reinitialization), extension_tag));
    if (!r) return STATUS_INSUFFICIENT_RESOURCES;
    const bool again = running.driver == driver && running.routine == routine;
    *r = {nullptr, driver, routine, context, again ? running.calls : 0};
    Reinitialization** link = &reinitializations;
    while (*link)
        link = &(*link)->next;
    *link = r;
    driver->Flags |= boot ? DRVO_BOOTREINIT_REGISTERED : DRVO_REINIT_REGISTERED;
    return STATUS_SUCCESS;
}

void run_reinitialization() {
    ULONG runs = 0;
    // A routine may register itself again: that one comes after all that are there now.
    while (Reinitialization* r = reinitializations) {
        if (++runs > endless)
            ke::stop_machine(
                ke::StopKind::hang,
                "reinitialization routines have registered themselves again %u times (the next is "
                "at %#lx)",
                endless, reinterpret_cast<ULONG_PTR>(r->routine));
        reinitializations = r->next;
        const Reinitialization around = running; // the routine may load drivers with routines of their own
        running = *r;
        pool::release(r, extension_tag);
        running.driver->Flags &= ~(DRVO_REINIT_REGISTERED | DRVO_BOOTREINIT_REGISTERED);
        // "how many times this routine has been called, including the current call"
        running.driver->DriverExtension->Count = ++running.calls;
        detail::checked_call("a reinitialization routine", running.routine, running.driver, running.context,
                             running.calls);
        running = around;
    }
}

} // namespace nt::io
