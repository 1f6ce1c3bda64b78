// Drivers of devices that nothing enumerates: claiming resources, and getting a physical device object.
// ntddk pages nf-ntddk-ioreportdetecteddevice, nf-ntddk-ioreportresourcefordetection.
#include "abi/status.h"
#include "kernel/io/device.h"
#include "kernel/io/device_node.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstring>

namespace nt::io {

namespace {

using Descriptor = CM_PARTIAL_RESOURCE_DESCRIPTOR;
constexpr ULONG claim_tag = pool::tag("Clam");

// A CM_RESOURCE_LIST of `driver` for `device` (null: for all of its devices) lies behind it.
struct Claim {
    Claim* next;
    const DRIVER_OBJECT* driver;
    const DEVICE_OBJECT* device;
    CM_RESOURCE_LIST* list() { return reinterpret_cast<CM_RESOURCE_LIST*>(this + 1); }
};
Claim* claims;

bool collide(const Descriptor& a, const Descriptor& b) {
    if (a.Type != b.Type) return false;
    if (a.ShareDisposition == CmResourceShareShared && b.ShareDisposition == CmResourceShareShared)
        return false;
    const auto &x = a.u.Generic, &y = b.u.Generic;
    switch (a.Type) {
    case CmResourceTypePort:
    case CmResourceTypeMemory:
        return x.Start.QuadPart < y.Start.QuadPart + y.Length &&
               y.Start.QuadPart < x.Start.QuadPart + x.Length;
    case CmResourceTypeInterrupt:
        return a.u.Interrupt.Vector == b.u.Interrupt.Vector;
    case CmResourceTypeDma:
        return a.u.Dma.Channel == b.u.Dma.Channel;
    default:
        return false;
    }
}

bool collide(const CM_RESOURCE_LIST& one, const CM_RESOURCE_LIST& other) {
    for (const Descriptor* a : descriptors_of(one))
        for (const Descriptor* b : descriptors_of(other))
            if (collide(*a, *b)) return true;
    return false;
}

// Others have some of it: an enumerated device, a reported one, or a driver that has claimed it.
bool is_taken(const CM_RESOURCE_LIST& list, const DRIVER_OBJECT* driver, const DEVICE_OBJECT* device) {
    for (const DeviceNode* n = first_node(); n; n = n->next)
        if (n->raw && n->reported_by != driver && collide(list, *n->raw)) return true;
    for (Claim* c = claims; c; c = c->next)
        if ((c->driver != driver || c->device != device) && collide(list, *c->list())) return true;
    return false;
}

void drop_claims(const DRIVER_OBJECT* driver, const DEVICE_OBJECT* device, bool all) {
    for (Claim** link = &claims; *link;)
        if ((*link)->driver == driver && (all || (*link)->device == device)) {
            Claim* gone = *link;
            *link = gone->next;
            pool::release(gone, claim_tag);
        } else
            link = &(*link)->next;
}

} // namespace

NTSTATUS claim_resources(DRIVER_OBJECT* driver, DEVICE_OBJECT* device, const CM_RESOURCE_LIST* list,
                         bool& conflict) {
    conflict = false;
    if (!list || list->Count == 0) {
        drop_claims(driver, device, false);
        return STATUS_SUCCESS;
    }
    if (is_taken(*list, driver, device)) {
        conflict = true;
        return STATUS_CONFLICTING_ADDRESSES;
    }
    const ULONG size = size_of(*list);
    auto* claim = static_cast<Claim*>(pool::allocate(pool::Kind::paged, sizeof(Claim) + size, claim_tag));
    if (!claim) return STATUS_INSUFFICIENT_RESOURCES;
    drop_claims(driver, device, false); // the new list replaces the one before
    *claim = {claims, driver, device};
    std::memcpy(claim->list(), list, size);
    claims = claim;
    return STATUS_SUCCESS;
}

void forget_claims(const DRIVER_OBJECT* driver) {
    drop_claims(driver, nullptr, true);
    for (DeviceNode* n = first_node(); n; n = n->next)
        if (n->reported_by == driver) n->reported_by = nullptr;
}

// The function on the PCI bus that is meant, with what it has; or a new device with what the driver says.
NTSTATUS report_detected_device(const Detected& what, DEVICE_OBJECT*& pdo) {
    DeviceNode* node = what.bus_type == PCIBus && !pdo ? find_pci_node(what.bus, what.slot) : nullptr;
    if (node) {
        start_pci_node(*node);
    } else {
        if (what.resources && !what.assigned && is_taken(*what.resources, what.driver, nullptr))
            return STATUS_CONFLICTING_ADDRESSES;
        if (pdo) node = node_of(pdo); // assumed: reporting a device again replaces what is known of it
        if (!node) node = TRY_STATUS(create_node(pdo, what.bus_type, what.bus, what.slot));
        if (what.resources)
            if (const NTSTATUS status = give_resources(*node, *what.resources); !NT_SUCCESS(status))
                return status;
    }
    const UNICODE_STRING name = ob::name_of(what.driver);
    const std::size_t length = std::min(name.Length / sizeof(WCHAR), std::size(node->detector) - 1);
    std::copy_n(name.Buffer, length, node->detector);
    node->detector[length] = 0;
    node->reported_by = what.driver;
    pdo = node->pdo;
    if (trace::on)
        trace::emit_device_detected(pdo, what.driver, what.bus, what.slot,
                                    node->message_count ? 0 : node->interrupt_count, node->message_count);
    return STATUS_SUCCESS;
}

} // namespace nt::io
