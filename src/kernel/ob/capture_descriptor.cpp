// A descriptor that a caller gives, copied and checked: SeCaptureSecurityDescriptor, which drivers import and
// OBJECT_ATTRIBUTES go through.
#include "abi/se.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/probe.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "rtl/security.h"
#include <cstring>

namespace nt::ob {

namespace {

NTSTATUS fetch(void* to, const void* from, SIZE_T size, KPROCESSOR_MODE mode) {
    const auto address = reinterpret_cast<std::uint64_t>(from);
    if (mode != KernelMode)
        if (const NTSTATUS status = mm::probe_for_read(address, size, 4); !NT_SUCCESS(status)) return status;
    return guest::copy_from(to, address, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// A part and where it lies in the caller's memory.
struct Part {
    const void* from = nullptr;
    ULONG length = 0;
    ULONG offset = 0; // in the copy
};

NTSTATUS measure_sid(Part& part, KPROCESSOR_MODE mode) {
    if (!part.from) return STATUS_SUCCESS;
    UCHAR head[2];
    if (const NTSTATUS status = fetch(head, part.from, sizeof head, mode); !NT_SUCCESS(status)) return status;
    if (head[0] != 1 || head[1] > 15) return STATUS_INVALID_SID;
    part.length = rtl::length_required_sid(head[1]);
    return STATUS_SUCCESS;
}
NTSTATUS measure_acl(Part& part, KPROCESSOR_MODE mode) {
    if (!part.from) return STATUS_SUCCESS;
    ACL head;
    if (const NTSTATUS status = fetch(&head, part.from, sizeof head, mode); !NT_SUCCESS(status))
        return status;
    if (head.AclSize < sizeof head) return STATUS_INVALID_ACL;
    part.length = head.AclSize;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS capture_descriptor(const void* from, KPROCESSOR_MODE mode, void** captured, pool::Kind kind) {
    *captured = nullptr;
    SECURITY_DESCRIPTOR given;
    NTSTATUS status = fetch(&given, from, sizeof(SECURITY_DESCRIPTOR_RELATIVE), mode);
    if (!NT_SUCCESS(status)) return status;
    if (given.Revision != SECURITY_DESCRIPTOR_REVISION) return STATUS_UNKNOWN_REVISION;
    Part owner, group, sacl, dacl;
    if (given.Control & SE_SELF_RELATIVE) {
        SECURITY_DESCRIPTOR_RELATIVE r;
        std::memcpy(&r, &given, sizeof r);
        const auto at = [&](ULONG offset) {
            return offset ? static_cast<const UCHAR*>(from) + offset : nullptr;
        };
        owner.from = at(r.Owner), group.from = at(r.Group), sacl.from = at(r.Sacl), dacl.from = at(r.Dacl);
    } else {
        if (status = fetch(&given, from, sizeof given, mode); !NT_SUCCESS(status)) return status;
        owner.from = given.Owner, group.from = given.Group, sacl.from = given.Sacl, dacl.from = given.Dacl;
    }
    if (!(given.Control & SE_DACL_PRESENT)) dacl.from = nullptr;
    if (!(given.Control & SE_SACL_PRESENT)) sacl.from = nullptr;
    for (Part* part : {&owner, &group})
        if (status = measure_sid(*part, mode); !NT_SUCCESS(status)) return status;
    for (Part* part : {&sacl, &dacl})
        if (status = measure_acl(*part, mode); !NT_SUCCESS(status)) return status;

    ULONG size = sizeof(SECURITY_DESCRIPTOR_RELATIVE);
    for (Part* part : {&sacl, &dacl, &owner, &group})
        if (part->length) part->offset = size, size += (part->length + 3) & ~3u;
    auto* copy = static_cast<UCHAR*>(pool::allocate(kind, size, descriptor_tag, 0, true));
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    *reinterpret_cast<SECURITY_DESCRIPTOR_RELATIVE*>(copy) = {
        given.Revision, given.Sbz1,   static_cast<USHORT>(given.Control | SE_SELF_RELATIVE),
        owner.offset,   group.offset, sacl.offset,
        dacl.offset};
    for (const Part* part : {&sacl, &dacl, &owner, &group})
        if (part->length && NT_SUCCESS(status))
            status = fetch(copy + part->offset, part->from, part->length, mode);
    // The memory may have changed since it was measured.
    for (const Part* part : {&owner, &group})
        if (NT_SUCCESS(status) && part->length) {
            const auto* sid = reinterpret_cast<const SID*>(copy + part->offset);
            if (!rtl::valid_sid(sid) || rtl::length_sid(sid) != part->length) status = STATUS_INVALID_SID;
        }
    for (const Part* part : {&sacl, &dacl})
        if (NT_SUCCESS(status) && part->length) {
            const auto* acl = reinterpret_cast<const ACL*>(copy + part->offset);
            if (acl->AclSize != part->length || !rtl::valid_acl(acl)) status = STATUS_INVALID_ACL;
        }
    if (!NT_SUCCESS(status)) {
        pool::release(copy, descriptor_tag);
        return status;
    }
    *captured = copy;
    return STATUS_SUCCESS;
}

void release_descriptor(void* captured) { pool::release(captured, descriptor_tag); }

} // namespace nt::ob
