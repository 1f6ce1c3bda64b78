// Descriptors of objects for drivers: wdm/ntifs pages nf-wdm-seassignsecurityex, nf-wdm-sedeassignsecurity,
// nf-ntifs-sequerysecuritydescriptorinfo, nf-ntifs-sesetsecuritydescriptorinfoex,
// nf-wdm-sevalidsecuritydescriptor, nf-wdm-obgetobjectsecurity …
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/touch.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access.h"
#include "kernel/se/descriptor.h"
#include "kernel/se/subject.h"
#include "rtl/security.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

PVOID in_pool(const se::Descriptor& d, pool::Kind kind = pool::Kind::paged) {
    PVOID copy = pool::allocate(kind, d.size(), pool::tag("SeSd"),
                                static_cast<seh::EntryRecord*>(seh::innermost())->rip);
    if (copy) std::memcpy(copy, d.data(), d.size());
    return copy;
}

// The generic mapping of nothing in particular.
GENERIC_MAPPING mapping_or_none(const GENERIC_MAPPING* mapping) {
    return mapping ? need_in(mapping) : GENERIC_MAPPING{};
}

NTSTATUS change(SECURITY_INFORMATION* information, const void* changes, PVOID* slot, ULONG pool_type,
                const GENERIC_MAPPING* mapping, ULONG inheritance) {
    need_in(information), need_in(slot);
    if (!*slot) return STATUS_NO_SECURITY_ON_OBJECT;
    if (!(static_cast<const SECURITY_DESCRIPTOR*>(*slot)->Control & SE_SELF_RELATIVE))
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    const auto made = se::change(*slot, *information, changes, mapping_or_none(mapping), *se::current_token(),
                                 previous_mode(), inheritance);
    if (!made) return made.error();
    // "The caller is responsible for freeing" the old one.
    PVOID copy = in_pool(*made, pool_type & 1 ? pool::Kind::paged : pool::Kind::nonpaged);
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    *slot = copy;
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS SeAssignSecurityEx(const void* parent, const void* given, PVOID* made,
                                       const void* object_type, BOOLEAN directory, ULONG flags,
                                       const SECURITY_SUBJECT_CONTEXT* subject,
                                       const GENERIC_MAPPING* mapping, ULONG) {
    need_out(made), need_in(subject), need_in(mapping);
    if (object_type) need_read(object_type, 16);
    const auto result = se::assign({.parent = parent,
                                    .given = given,
                                    .container = directory != FALSE,
                                    .object_type = static_cast<const UCHAR*>(object_type),
                                    .flags = flags,
                                    .token = se::effective_token(*subject),
                                    .mapping = *mapping,
                                    .mode = previous_mode()});
    if (!result) return result.error();
    *made = in_pool(*result);
    return *made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
GATE(SeAssignSecurityEx);
extern "C" NTSTATUS SeAssignSecurity(const void* parent, const void* given, PVOID* made, BOOLEAN directory,
                                     const SECURITY_SUBJECT_CONTEXT* subject, const GENERIC_MAPPING* mapping,
                                     ULONG pool_type) {
    return SeAssignSecurityEx(parent, given, made, nullptr, directory, 0, subject, mapping, pool_type);
}
GATE(SeAssignSecurity);
extern "C" NTSTATUS SeDeassignSecurity(PVOID* descriptor) {
    if (need_out(descriptor)) pool::release(*descriptor);
    *descriptor = nullptr;
    return STATUS_SUCCESS;
}
GATE(SeDeassignSecurity);

extern "C" NTSTATUS SeQuerySecurityDescriptorInfo(const SECURITY_INFORMATION* information, void* to,
                                                  ULONG* length, const void* const* objects) {
    need_in(information), need_out(length), need_in(objects);
    const se::Descriptor part = se::extract(*objects, *information);
    const bool fits = part.size() <= *length;
    *length = static_cast<ULONG>(part.size());
    if (!fits) return STATUS_BUFFER_TOO_SMALL;
    need_write(to, part.size()); // a user's buffer: "the calling function would need to use a __try block"
    std::memcpy(to, part.data(), part.size());
    return STATUS_SUCCESS;
}
GATE(SeQuerySecurityDescriptorInfo);
extern "C" NTSTATUS SeSetSecurityDescriptorInfo(PVOID, SECURITY_INFORMATION* information, const void* changes,
                                                PVOID* objects, ULONG pool_type,
                                                const GENERIC_MAPPING* mapping) {
    return change(information, changes, objects, pool_type, mapping, 0);
}
GATE(SeSetSecurityDescriptorInfo);
extern "C" NTSTATUS SeSetSecurityDescriptorInfoEx(PVOID, SECURITY_INFORMATION* information,
                                                  const void* changes, PVOID* objects, ULONG inheritance,
                                                  ULONG pool_type, const GENERIC_MAPPING* mapping) {
    return change(information, changes, objects, pool_type, mapping, inheritance);
}
GATE(SeSetSecurityDescriptorInfoEx);

extern "C" BOOLEAN SeValidSecurityDescriptor(ULONG length, const void* descriptor) {
    if (length < sizeof(SECURITY_DESCRIPTOR_RELATIVE)) return FALSE;
    need_read(descriptor, length);
    return rtl::valid_relative_descriptor(descriptor, length, 0);
}
GATE(SeValidSecurityDescriptor);

// assumed, from how file systems and drivers' libraries call it: kernel-mode descriptors are copied only if
// forced.
extern "C" NTSTATUS SeCaptureSecurityDescriptor(const void* descriptor, KPROCESSOR_MODE mode, ULONG pool_type,
                                                BOOLEAN force, PVOID* captured) {
    need_out(captured) = nullptr;
    if (!descriptor) return STATUS_SUCCESS;
    if (mode == KernelMode && !force) {
        *captured = const_cast<void*>(descriptor);
        return STATUS_SUCCESS;
    }
    return ob::capture_descriptor(descriptor, mode, captured,
                                  pool_type & 1 ? pool::Kind::paged : pool::Kind::nonpaged);
}
GATE(SeCaptureSecurityDescriptor);
extern "C" NTSTATUS SeReleaseSecurityDescriptor(PVOID captured, KPROCESSOR_MODE mode, BOOLEAN force) {
    if (captured && (mode != KernelMode || force)) ob::release_descriptor(captured);
    return STATUS_SUCCESS;
}
GATE(SeReleaseSecurityDescriptor);

extern "C" NTSTATUS ObGetObjectSecurity(PVOID object, PVOID* descriptor, BOOLEAN* allocated) {
    need_out(descriptor) = nullptr;
    need_out(allocated) = FALSE;
    if (!ob::procedures_of(ob::type_of(object)).query_security) {
        // The object's own, which stays what it is until it is given back.
        if ((*descriptor = ob::security_of(object))) ob::reference_descriptor(*descriptor);
        return STATUS_SUCCESS;
    }
    const Result<PVOID> copy = se::copy_security(object);
    if (!copy) return copy.error();
    *descriptor = *copy;
    *allocated = TRUE;
    return STATUS_SUCCESS;
}
GATE(ObGetObjectSecurity);
extern "C" void ObReleaseObjectSecurity(PVOID descriptor, BOOLEAN allocated) {
    if (!descriptor) return;
    if (allocated)
        pool::release(descriptor);
    else
        ob::dereference_descriptor(descriptor);
}
GATE(ObReleaseObjectSecurity);
// assumed: as ZwSetSecurityObject on a handle to the object.
extern "C" NTSTATUS ObSetSecurityObjectByPointer(PVOID object, SECURITY_INFORMATION information,
                                                 const void* descriptor) {
    PVOID captured;
    if (const NTSTATUS status = ob::capture_descriptor(descriptor, KernelMode, &captured);
        !NT_SUCCESS(status))
        return status;
    const NTSTATUS status = se::set_security(object, information, captured, KernelMode);
    ob::release_descriptor(captured);
    return status;
}
GATE(ObSetSecurityObjectByPointer);
