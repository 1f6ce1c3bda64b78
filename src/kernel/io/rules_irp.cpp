// IRPs as memory: freeing, initializing and using them again; and who waits for their end.
#include "base/list.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/irp_note.h"
#include "kernel/io/detail/rules.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"

namespace nt::io {

namespace detail {

namespace {

constexpr ULONG irp_tag = pool::tag("Irp ");

// A block of ours that is an IRP now.
bool is_allocated(const void* address) {
    pool::Block block;
    return pool::find_block(number(address), block) && block.address == number(address) &&
           block.tag == irp_tag && static_cast<const IRP*>(address)->Type == IO_TYPE_IRP;
}

// While somebody looks at every call it is known exactly; else it is certain when the location is another
// driver's.
bool is_in_use(const IRP* irp, ULONG_PTR caller) {
    if (verifying) return sent_from(irp) != 0;
    if (level_of(irp) < 1 || level_of(irp) > irp->StackCount) return false;
    const DEVICE_OBJECT* device = stack_of(irp)[level_of(irp) - 1].DeviceObject;
    return device && device->DriverObject->DriverSize && !in_image(device->DriverObject, caller);
}

// By the I/O manager, for a service.
bool is_of_service(const IRP* irp) {
    return maker_of(irp) == Maker::system && irp->AllocationFlags && !(irp->AllocationFlags & irp_of_driver);
}

// Made by another driver than the one that has it now and calls.
bool is_foreign(const IRP* irp, ULONG_PTR caller) {
    const int level = level_of(irp);
    if (level < 1 || level > irp->StackCount) return false;
    const DEVICE_OBJECT* holder = stack_of(irp)[level - 1].DeviceObject;
    pool::Block block;
    return holder && in_image(holder->DriverObject, caller) && pool::find_block(number(irp), block) &&
           block.caller && !in_image(holder->DriverObject, block.caller);
}

const char* free_rule(Maker maker) {
    return maker == Maker::device_control    ? "IoBuildDeviceControlNoFree"
           : maker == Maker::synchronous_fsd ? "IoBuildSynchronousFsdRequestNoFree"
                                             : "IoAllocateFree";
}

} // namespace

bool is_listed(const IRP* irp) {
    return irp->Type == IO_TYPE_IRP && irp->AllocationFlags & IRP_ALLOCATED_FIXED_SIZE &&
           !list::empty(irp->ThreadListEntry) && is_allocated(irp);
}

void check_free(const IRP* irp, ULONG_PTR caller) {
    if (irp->Type != IO_TYPE_IRP) {
        ke::report_at(caller, "FreedNotIrp", io_verifier(0x01, number(irp)), about(irp),
                      "IoFreeIrp was called for %llx, which is no IRP (any more)", address_of(irp));
        return;
    }
    if (!list::empty(irp->ThreadListEntry))
        ke::report_at(
            caller, free_rule(maker_of(irp)),
            verifying ? io_verifier(0x20C, caller, number(irp)) : io_verifier(0x02, number(irp)), about(irp),
            "IoFreeIrp was called for IRP %llx, which is in a thread's list: the I/O manager frees it",
            address_of(irp));
    else if (is_of_service(irp))
        ke::report_at(caller, "IoAllocateFree", io_verifier(0x20B, caller, number(irp)), about(irp),
                      "IoFreeIrp was called for IRP %llx, which the I/O manager has made and frees itself",
                      address_of(irp));
    else if (is_in_use(irp, caller))
        ke::report_at(caller, "FreedInUse", io_verifier(0x20B, caller, number(irp)), about(irp),
                      "IoFreeIrp was called for IRP %llx, which a driver below has", address_of(irp));
}

void check_reuse(const IRP* irp, ULONG_PTR caller) {
    const Maker maker = maker_of(irp);
    if (is_of_service(irp) || is_foreign(irp, caller))
        ke::report_at(caller, "IoReuseIrp2", io_verifier(0x310, caller, number(irp)), about(irp),
                      "IoReuseIrp was called for IRP %llx, which is not the driver's own", address_of(irp));
    else if (sent_from(irp))
        ke::report_at(caller, "ReinitializedInUse", io_verifier(0x310, caller, number(irp)), about(irp),
                      "IoReuseIrp was called for IRP %llx, which a driver below has", address_of(irp));
    else if (maker != Maker::allocate && maker != Maker::system)
        ke::report_at(caller, "IoReuseIrp", io_verifier(0x311, caller, number(irp)), about(irp),
                      "IoReuseIrp was called for IRP %llx, which IoAllocateIrp has not made",
                      address_of(irp));
}

void check_initialize(const IRP* irp, ULONG_PTR caller) {
    if (!is_allocated(irp)) return;
    if (sent_from(irp))
        ke::report_at(caller, "ReinitializedInUse", io_verifier(0x310, caller, number(irp)), about(irp),
                      "IoInitializeIrp was called for IRP %llx, which a driver below has", address_of(irp));
    else
        ke::report_at(
            caller, "InitializedAllocatedIrp", io_verifier(0x20D, caller, number(irp)), about(irp),
            "IoInitializeIrp was called for IRP %llx, which IoAllocateIrp has initialized (IoReuseIrp makes "
            "it as new)",
            address_of(irp));
}

// The status block and the event of a synchronous request lie mostly in the frame of who waits for it. Below
// the thread's stack pointer they are in nobody's.
void check_requestor(const IRP* irp, ULONG_PTR caller) {
    const Maker maker = maker_of(irp);
    if (maker != Maker::device_control && maker != Maker::synchronous_fsd) return;
    auto* thread = reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread);
    const ULONG_PTR low = ke::stack_limit(*thread), high = ke::stack_base(*thread);
    const auto on_stack = [=](ULONG_PTR address) { return address >= low && address < high; };
    ULONG_PTR top = 0;
    const seh::Record* record = thread == &ke::current_thread() ? seh::innermost() : thread->crossing;
    for (; record && !top; record = record->previous) {
        const ULONG_PTR rsp = record->kind == seh::RecordKind::call_out
                                  ? static_cast<const seh::CalloutRecord*>(record)->guest_rsp
                                  : static_cast<const seh::EntryRecord*>(record)->rsp;
        if (on_stack(rsp)) top = rsp;
    }
    const auto gone = [=](ULONG_PTR address) { return on_stack(address) && address < top; };
    const ULONG_PTR iosb = number(irp->UserIosb), event = number(irp->UserEvent);
    if (!gone(iosb) && !gone(event)) return;
    ke::report_at(
        caller,
        maker == Maker::device_control ? "IoBuildDeviceControlWait" : "IoBuildSynchronousFsdRequestWait",
        gone(iosb) ? io_verifier(0x0C, iosb) : io_verifier(0x0D, event), about(irp),
        "IRP %llx ends after its sender has returned without waiting: its %s lies on a part of the stack "
        "that is no longer in use",
        address_of(irp), gone(iosb) ? "status block" : "event");
}

void check_safe_completion(const IRP* irp, const DEVICE_OBJECT* device) {
    const ULONG_PTR caller = ke::calling_address();
    const DRIVER_OBJECT* driver = device->DriverObject;
    if (!driver->DriverSize || in_image(driver, caller)) return;
    ke::report_at(caller, "IoSetCompletionRoutineExCheckDeviceObject", {}, about(irp),
                  "calls IoSetCompletionRoutineEx for IRP %llx with the device %llx of %s, not with its own: "
                  "it may be unloaded before its routine has run",
                  address_of(irp), address_of(device), name_of(driver).text);
}

void check_cancel_routine(const IRP* irp, ULONG_PTR routine) {
    const int level = level_of(irp);
    if (level < 1 || level > irp->StackCount) return;
    const DEVICE_OBJECT* holder = stack_of(irp)[level - 1].DeviceObject;
    if (!holder || in_image(holder->DriverObject, routine)) return;
    for (int above = level + 1; above <= irp->StackCount; ++above)
        if (const DEVICE_OBJECT* device = stack_of(irp)[above - 1].DeviceObject;
            device && in_image(device->DriverObject, routine)) {
            ke::report_at(routine + 1, "CancelRoutineStomped", io_verifier(0x229), about(irp),
                          "%s has set a cancel routine for IRP %llx while %s below has it",
                          name_of(device->DriverObject).text, address_of(irp),
                          name_of(holder->DriverObject).text);
            return;
        }
}

} // namespace detail

void check_pool_free(const void* block) {
    if (!verifying || !detail::is_allocated(block)) return;
    const ULONG_PTR caller = ke::calling_address();
    ke::report_at(caller, "IrpFreedAsPool", ke::verifier_stop(0x105, detail::number(block)),
                  detail::about(static_cast<const IRP*>(block)),
                  "ExFreePool was called for IRP %llx, which is to be freed by IoFreeIrp",
                  detail::address_of(block));
}

} // namespace nt::io
