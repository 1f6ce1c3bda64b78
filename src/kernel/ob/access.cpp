#include "abi/status.h"
#include "kernel/ob/namespace.h"

namespace nt::ob {

namespace {

// Kernel mode passes; nobody else until se has plugged itself in.
class KernelOnly final : public AccessPolicy {
  public:
    NTSTATUS check(PVOID, ACCESS_MASK, ACCESS_MASK*) override { return STATUS_ACCESS_DENIED; }
    NTSTATUS check_creator(PVOID, ACCESS_MASK, ACCESS_MASK*) override { return STATUS_ACCESS_DENIED; }
    bool bypasses_traverse() override { return true; }
    bool creates_global() override { return true; }
    bool impersonates(LUID&) override { return false; }
    NTSTATUS assign(PVOID, PVOID, const void*, KPROCESSOR_MODE) override { return STATUS_SUCCESS; }
    void begin_access(ACCESS_STATE&, void*, ACCESS_MASK, const GENERIC_MAPPING&) override {}
    void end_access(ACCESS_STATE&) override {}
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

namespace {

NTSTATUS grant(PVOID object, ACCESS_MASK desired, ACCESS_MASK* granted) {
    const GENERIC_MAPPING& mapping = type_of(object)->TypeInfo.GenericMapping;
    *granted = map_generic(desired, mapping) & ~MAXIMUM_ALLOWED;
    if (desired & MAXIMUM_ALLOWED) *granted |= mapping.GenericAll;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS check_access(PVOID object, ACCESS_MASK desired, KPROCESSOR_MODE mode, ACCESS_MASK* granted) {
    return mode == KernelMode ? grant(object, desired, granted) : policy->check(object, desired, granted);
}
NTSTATUS check_creator(PVOID object, ACCESS_MASK desired, KPROCESSOR_MODE mode, ACCESS_MASK* granted) {
    return mode == KernelMode ? grant(object, desired, granted)
                              : policy->check_creator(object, desired, granted);
}
void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired, const GENERIC_MAPPING& mapping) {
    policy->begin_access(state, auxiliary, desired, mapping);
}
void end_access(ACCESS_STATE& state) { policy->end_access(state); }
bool bypasses_traverse() { return policy->bypasses_traverse(); }
bool creates_global() { return policy->creates_global(); }
bool impersonates(LUID& logon) { return policy->impersonates(logon); }

NTSTATUS assign_security(PVOID object, const void* given, KPROCESSOR_MODE mode) {
    if (security_of(object)) return STATUS_SUCCESS; // made with one
    PVOID directory = directory_of(object);
    if (!directory && !given && !facts_of(type_of(object)).security_required) return STATUS_SUCCESS;
    return policy->assign(object, directory, given, mode);
}

} // namespace nt::ob
