#include "kernel/se/access.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/ob/namespace.h"
#include <cstring>

namespace nt::se {

namespace {

// assumed: the one user there is runs elevated, and every descriptor of part 1 gives administrators full
// access.
class Administrator final : public ob::AccessPolicy {
  public:
    NTSTATUS check(const void*, OBJECT_TYPE* type, ACCESS_MASK desired, KPROCESSOR_MODE,
                   ACCESS_MASK* granted) override {
        *granted = ob::map_generic(desired, type->TypeInfo.GenericMapping) & ~MAXIMUM_ALLOWED;
        if (desired & MAXIMUM_ALLOWED) *granted |= type->TypeInfo.GenericMapping.GenericAll;
        // Reading audit lists needs a privilege that has to be enabled first.
        if (*granted & ACCESS_SYSTEM_SECURITY) return STATUS_PRIVILEGE_NOT_HELD;
        // Rights the type does not know are refused.
        return *granted & ~(type->TypeInfo.ValidAccessMask | STANDARD_RIGHTS_ALL) ? STATUS_ACCESS_DENIED
                                                                                  : STATUS_SUCCESS;
    }
} administrator;

struct Sid1 {
    UCHAR revision, count, authority[6];
    ULONG sub[1];
};
struct Sid2 {
    UCHAR revision, count, authority[6];
    ULONG sub[2];
};
template <class Sid> struct Ace {
    ACE_HEADER header;
    ACCESS_MASK mask;
    Sid sid;
};

constexpr Sid1 everyone{1, 1, {0, 0, 0, 0, 0, 1}, {0}};
constexpr Sid1 local_system{1, 1, {0, 0, 0, 0, 0, 5}, {18}};
constexpr Sid2 administrators{1, 2, {0, 0, 0, 0, 0, 5}, {32, 544}};
constexpr Sid1 restricted_code{1, 1, {0, 0, 0, 0, 0, 5}, {12}};
template <class Sid> constexpr Ace<Sid> allow(ACCESS_MASK mask, const Sid& sid) {
    return {{ACCESS_ALLOWED_ACE_TYPE, 0, sizeof(Ace<Sid>)}, mask, sid};
}

constexpr ACCESS_MASK device_all = STANDARD_RIGHTS_ALL | 0x1ff;
constexpr ACCESS_MASK device_rwx = 0x1201bf;
constexpr ACCESS_MASK device_rx = 0x1200a9;

struct DeviceDescriptor {
    SECURITY_DESCRIPTOR_RELATIVE head;
    Sid2 owner;
    Sid1 group;
    ACL acl;
    Ace<Sid1> world;
    Ace<Sid1> system;
    Ace<Sid2> admins;
    Ace<Sid1> restricted;
};
constexpr USHORT acl_size = sizeof(ACL) + 3 * sizeof(Ace<Sid1>) + sizeof(Ace<Sid2>);
constexpr DeviceDescriptor device_descriptor{
    {SECURITY_DESCRIPTOR_REVISION, 0, SE_SELF_RELATIVE | SE_DACL_PRESENT, offsetof(DeviceDescriptor, owner),
     offsetof(DeviceDescriptor, group), 0, offsetof(DeviceDescriptor, acl)},
    administrators,
    local_system,
    {ACL_REVISION, 0, acl_size, 4, 0},
    allow(device_rwx, everyone),
    allow(device_all, local_system),
    allow(device_all, administrators),
    allow(device_rx, restricted_code)};

} // namespace

void initialize() { ob::set_access_policy(&administrator); }

const void* default_device_descriptor(ULONG& length) {
    length = sizeof device_descriptor;
    return &device_descriptor;
}

} // namespace nt::se
