// Types and objects of drivers: ob/driver_type.h. ObInsertObject's page says "reserved for system use", the
// others have none.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ob/driver_type.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/access.h"
#include <string>

using namespace nt;
using exports::need_in;
using exports::need_out;

extern "C" NTSTATUS ObCreateObjectType(const UNICODE_STRING* name, const OBJECT_TYPE_INITIALIZER* initializer,
                                       const void* descriptor, OBJECT_TYPE** type) {
    return ob::create_driver_type(name, initializer, descriptor, &need_out(type));
}
GATE(ObCreateObjectType);

// The parse context is not looked at: it is for the procedures that look up a name.
extern "C" NTSTATUS ObCreateObject(KPROCESSOR_MODE probe, OBJECT_TYPE* type,
                                   const OBJECT_ATTRIBUTES* attributes, KPROCESSOR_MODE owner, PVOID,
                                   ULONG size, ULONG paged_charge, ULONG nonpaged_charge, PVOID* object) {
    need_in(type);
    const ob::TypeFacts& facts = ob::facts_of(type);
    if (!facts.of_driver && !facts.least_body)
        ke::stop_machine(ke::StopKind::stub_called, "ObCreateObject of type %s",
                         std::string(facts.name.begin(), facts.name.end()).c_str());
    return ob::create_driver_object({probe, type, attributes, owner, size, paged_charge, nonpaged_charge},
                                    &need_out(object));
}
GATE(ObCreateObject);

extern "C" NTSTATUS ObInsertObject(PVOID object, ACCESS_STATE* access, ACCESS_MASK desired, ULONG bias,
                                   PVOID* got, HANDLE* handle) {
    return ob::insert_driver_object(object, {access, desired, bias, got, handle});
}
GATE(ObInsertObject);

// assumed, as the next six: what their publicly known declarations say. The descriptor of a new object, from
// the one in the access state, the directory's and the token's.
extern "C" NTSTATUS ObAssignSecurity(ACCESS_STATE* access, const void* parent, PVOID object, OBJECT_TYPE*) {
    return se::assign_to(object, parent, need_in(access).SecurityDescriptor, *access);
}
GATE(ObAssignSecurity);

// Equal descriptors are one in memory, which counts its users.
extern "C" NTSTATUS ObLogSecurityDescriptor(const void* descriptor, PVOID* logged, ULONG references) {
    PVOID captured;
    if (const NTSTATUS status = ob::capture_descriptor(descriptor, KernelMode, &captured);
        !NT_SUCCESS(status))
        return status;
    const auto* sd = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(captured);
    PVOID shared = ob::share_descriptor(sd, ob::security_length(sd));
    ob::release_descriptor(captured);
    if (!shared) return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 1; i < references; ++i)
        ob::reference_descriptor(shared);
    need_out(logged) = shared;
    return STATUS_SUCCESS;
}
GATE(ObLogSecurityDescriptor);
extern "C" void ObReferenceSecurityDescriptor(PVOID descriptor, ULONG count) {
    for (ULONG i = 0; i < count; ++i)
        ob::reference_descriptor(descriptor);
}
GATE(ObReferenceSecurityDescriptor);
extern "C" void ObDereferenceSecurityDescriptor(PVOID descriptor, ULONG count) {
    for (ULONG i = 0; i < count; ++i)
        ob::dereference_descriptor(descriptor);
}
GATE(ObDereferenceSecurityDescriptor);

extern "C" BOOLEAN ObCheckObjectAccess(PVOID object, ACCESS_STATE* access, BOOLEAN, KPROCESSOR_MODE mode,
                                       NTSTATUS* status) {
    ACCESS_MASK granted = 0;
    need_out(status) = ob::check_access(object, need_in(access).RemainingDesiredAccess, mode, &granted);
    if (!NT_SUCCESS(*status)) return FALSE;
    access->RemainingDesiredAccess &= ~(granted | MAXIMUM_ALLOWED);
    access->PreviouslyGrantedAccess |= granted;
    return TRUE;
}
GATE(ObCheckObjectAccess);
// Nothing is audited.
extern "C" NTSTATUS ObQueryObjectAuditingByHandle(HANDLE handle, BOOLEAN* generate_on_close) {
    PVOID object;
    if (const NTSTATUS status = ob::reference_by_handle(handle, 0, nullptr, KernelMode, &object, nullptr);
        !NT_SUCCESS(status))
        return status;
    ob::dereference(object);
    need_out(generate_on_close) = FALSE;
    return STATUS_SUCCESS;
}
GATE(ObQueryObjectAuditingByHandle);
