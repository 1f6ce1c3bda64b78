// Devices that go while they are needed, and drivers that go with requests of others.
#include "abi/status.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/detail/rules_unload.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/pool/pool.h"
#include <utility>
#include <vector>

namespace nt::io::detail {

namespace {

// Every IRP that a driver has got and not given back, whoever made it.
template <class Visit> void for_each_held(Visit visit) {
    pool::for_each_block(
        [](void* context, const pool::Block& block) {
            if (block.tag != pool::tag("Irp ")) return true;
            const auto* irp = reinterpret_cast<const IRP*>(block.address);
            if (block.size >= sizeof(IRP) && irp->Type == IO_TYPE_IRP &&
                block.size >= size_of_irp(irp->StackCount) && level_of(irp) >= 1 &&
                level_of(irp) <= irp->StackCount)
                if (const DEVICE_OBJECT* device = stack_of(irp)[level_of(irp) - 1].DeviceObject)
                    (*static_cast<Visit*>(context))(irp, device);
            return true;
        },
        &visit);
}

struct HeldRequest {
    const DRIVER_OBJECT* driver; // that is being unloaded: a DriverUnload may unload another one
    const IRP* irp;
    const DEVICE_OBJECT* device;
    CHAR level;
};
std::vector<HeldRequest> held_requests;

void forget_held_requests(const DRIVER_OBJECT* driver) {
    std::erase_if(held_requests, [driver](const HeldRequest& held) { return held.driver == driver; });
}

// The request that the driver is called for, around this call: IRP_MJ_PNP with this minor code.
bool handles(const DRIVER_OBJECT* driver, UCHAR minor) {
    for (auto* c = static_cast<const Call*>(ke::current_thread().calls); c; c = c->outer)
        if (c->major == IRP_MJ_PNP && !c->left && (!driver || c->driver == driver) &&
            c->irp->Type == IO_TYPE_IRP && stack_of(c->irp)[c->level - 1].MinorFunction == minor)
            return true;
    return false;
}

// 0x241, 0x242.
void check_surprise(const DEVICE_OBJECT* device, ULONG_PTR caller, ULONG code, const char* what) {
    if (handles(device->DriverObject, IRP_MN_SURPRISE_REMOVAL))
        ke::report_at(caller, "PnpSurpriseRemove", io_verifier(code, caller),
                      "%s the device %llx of %s while it handles IRP_MN_SURPRISE_REMOVAL", what,
                      address_of(device), name_of(device->DriverObject).text);
}

} // namespace

void check_attach(const DEVICE_OBJECT* target) {
    if (!target || target->Type == IO_TYPE_DEVICE) return;
    NT_REPORT("PnpSameDeviceObject", {}, "attaches a device to %llx, which is no device object",
              address_of(target));
}

// The walk up from `source` ends at `top` if it is there already, or above it.
void check_ring(DEVICE_OBJECT* source, const DEVICE_OBJECT* top) {
    if (top_of_stack(source) != top) return;
    NT_REPORT(
        "DeviceAttachedInRing", {},
        "attaches the device %llx of %s to a stack that it is in: nothing that looks for the top of the "
        "stack will come to an end",
        address_of(source), name_of(source->DriverObject).text);
}

// Whose driver calls is known by its image.
void check_removal_wait() {
    const ULONG_PTR caller = ke::calling_address();
    if (handles(nullptr, IRP_MN_REMOVE_DEVICE)) return;
    ob::for_each_object(
        driver_type,
        [](void* context, PVOID object) {
            const auto* driver = static_cast<const DRIVER_OBJECT*>(object);
            const ULONG_PTR from = *static_cast<const ULONG_PTR*>(context);
            if (in_image(driver, from) && driver->DriverExtension && driver->DriverExtension->AddDevice)
                ke::report_at(from, "IoReleaseRemoveLockAndWaitOutsideRemoveDevice", {},
                              "%s, which is a Plug and Play driver, calls IoReleaseRemoveLockAndWait outside "
                              "of IRP_MN_REMOVE_DEVICE",
                              name_of(driver).text);
        },
        const_cast<ULONG_PTR*>(&caller));
}

void check_device_deletion(DEVICE_OBJECT* device) {
    const ULONG_PTR caller = ke::calling_address();
    check_surprise(device, caller, 0x242, "deletes");
    if (extension_of(device)->ExtensionFlags & DOE_DELETE_PENDING)
        ke::report_at(caller, "DeviceDeletedTwice", io_verifier(0x240, caller),
                      "deletes the device %llx of %s again", address_of(device),
                      name_of(device->DriverObject).text);
    if (DEVICE_OBJECT* lower = attached_to(device))
        ke::report_at(
            caller, "DeviceDeletedAttached", io_verifier(0x201, caller),
            "deletes the device %llx of %s, which is attached to one of %s (IoDetachDevice comes first)",
            address_of(device), name_of(device->DriverObject).text, name_of(lower->DriverObject).text);
    if (!verifying) return;
    for_each_held([&](const IRP* irp, const DEVICE_OBJECT* held_by) {
        if (held_by == device)
            ke::report_at(caller, "DeviceDeletedInUse", {},
                          "deletes the device %llx, which has a request: %s", address_of(device),
                          describe_request(irp).c_str());
    });
}

void check_detach(DEVICE_OBJECT* lower) {
    if (const DEVICE_OBJECT* upper = lower->AttachedDevice) {
        check_surprise(upper, ke::calling_address(), 0x241, "detaches");
        return;
    }
    // Told by DeviceDeletedAttached; on Windows that one is attached until now.
    if (std::exchange(tail_of(lower).upper_deleted, false)) return;
    const ULONG_PTR caller = ke::calling_address();
    ke::report_at(caller, "DetachedTwice", io_verifier(0x202, caller, number(lower)),
                  "detaches from the device %llx of %s, to which nothing is attached", address_of(lower),
                  name_of(lower->DriverObject).text);
}

void note_held_requests(const DRIVER_OBJECT* driver) {
    forget_held_requests(driver);
    for_each_held([&](const IRP* irp, const DEVICE_OBJECT* device) {
        DeviceWalk walk("NextDevice");
        for (const DEVICE_OBJECT* d = driver->DeviceObject; d; d = walk.to(d->NextDevice))
            if (d == device) held_requests.push_back({driver, irp, device, irp->CurrentLocation});
    });
}

void report_lost_requests(const DRIVER_OBJECT* driver) {
    if (held_requests.empty()) return;
    for_each_held([&](const IRP* irp, const DEVICE_OBJECT* device) {
        for (const HeldRequest& held : held_requests)
            if (held.driver == driver && held.irp == irp && held.device == device &&
                held.level == irp->CurrentLocation)
                ke::report_at(
                    number(driver->DriverUnload) + 1, "IrpLost", {}, about(irp),
                    "%s was unloaded with a request of somebody else: IRP %llx (stack location %d) will "
                    "never end",
                    name_of(driver).text, address_of(irp), held.level);
    });
    forget_held_requests(driver);
}

} // namespace nt::io::detail
