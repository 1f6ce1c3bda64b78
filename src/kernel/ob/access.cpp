#include "abi/status.h"
#include "kernel/ob/namespace.h"

namespace nt::ob {

namespace {

// Kernel mode passes; nobody else until se has plugged itself in.
class KernelOnly final : public AccessPolicy {
  public:
    NTSTATUS check(const void*, OBJECT_TYPE*, ACCESS_MASK, KPROCESSOR_MODE, ACCESS_MASK*) override {
        return STATUS_ACCESS_DENIED;
    }
} kernel_only;
AccessPolicy* policy = &kernel_only;

} // namespace

void set_access_policy(AccessPolicy* p) { policy = p ? p : &kernel_only; }

ACCESS_MASK map_generic(ACCESS_MASK desired, const GENERIC_MAPPING& mapping) {
    ACCESS_MASK mapped = desired & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    if (desired & GENERIC_READ) mapped |= mapping.GenericRead;
    if (desired & GENERIC_WRITE) mapped |= mapping.GenericWrite;
    if (desired & GENERIC_EXECUTE) mapped |= mapping.GenericExecute;
    if (desired & GENERIC_ALL) mapped |= mapping.GenericAll;
    return mapped;
}

NTSTATUS check_access(PVOID object, ACCESS_MASK desired, KPROCESSOR_MODE mode, ACCESS_MASK* granted) {
    OBJECT_TYPE* type = type_of(object);
    if (mode == KernelMode) {
        *granted = map_generic(desired, type->TypeInfo.GenericMapping) & ~MAXIMUM_ALLOWED;
        if (desired & MAXIMUM_ALLOWED) *granted |= type->TypeInfo.GenericMapping.GenericAll;
        return STATUS_SUCCESS;
    }
    return policy->check(security_of(object), type, desired, mode, granted);
}

} // namespace nt::ob
