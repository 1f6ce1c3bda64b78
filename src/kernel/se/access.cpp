#include "kernel/se/access.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/se/access_check.h"
#include "kernel/se/descriptor.h"
#include "kernel/se/detail/parts.h"
#include "kernel/se/detail/standard.h"
#include "kernel/se/subject.h"
#include "kernel/seh/unfinished.h"
#include "rtl/security.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::se {

namespace {

// What a caller wanted and did not get, and what the descriptor would have given it.
[[gnu::cold, gnu::noinline]] void trace_denial(PVOID object, const void* descriptor, ACCESS_MASK desired,
                                               const TOKEN& token, NTSTATUS status) {
    const OBJECT_TYPE* type = ob::type_of(object);
    WCHAR name[512];
    UNICODE_STRING path{0, sizeof name, name};
    if (!NT_SUCCESS(ob::query_name_quietly(object, path)) || path.Length > sizeof name) path.Length = 0;
    WCHAR user[256];
    const ULONG n = rtl::sid_to_string(static_cast<const SID*>(token.UserAndGroups[0].Sid), user);
    const AccessAnswer most =
        check_access({descriptor, &token, MAXIMUM_ALLOWED, 0, type->TypeInfo.GenericMapping, UserMode});
    trace::emit_access_denied(object, type->Name, path, trace::Str16(std::u16string_view(user, n)),
                              ob::map_generic(desired, type->TypeInfo.GenericMapping), most.granted, status);
}

// The object's descriptor: the header's, or a copy of what the driver of its type keeps.
class DescriptorOf {
  public:
    explicit DescriptorOf(PVOID object) {
        if (!ob::procedures_of(ob::type_of(object)).assign_security) [[likely]]
            descriptor = ob::security_of(object);
        else if (const Result<PVOID> copy = copy_security(object))
            descriptor = copy_ = *copy;
        else
            status = copy.error();
    }
    DescriptorOf(const DescriptorOf&) = delete;
    DescriptorOf& operator=(const DescriptorOf&) = delete;
    ~DescriptorOf() {
        if (copy_) pool::release(copy_);
    }
    const void* descriptor = nullptr;
    NTSTATUS status = STATUS_SUCCESS;

  private:
    PVOID copy_ = nullptr;
};

// Result of the last assignments without an explicit descriptor: they differ by creator, directory and type
// only.
struct Remembered {
    ULONG token = 0; // ModifiedId
    PVOID parent = nullptr, result = nullptr;

    void release() {
        if (result) ob::dereference_descriptor(result);
        if (parent) ob::dereference_descriptor(parent);
        *this = {};
    }
};
Remembered remembered[256];

class Policy final : public ob::AccessPolicy {
  public:
    NTSTATUS check(PVOID object, ACCESS_MASK desired, ACCESS_MASK* granted) override {
        OBJECT_TYPE* type = ob::type_of(object);
        const Actor actor = current_actor();
        const ACCESS_MASK wanted = ob::map_generic(desired, type->TypeInfo.GenericMapping);
        constexpr ACCESS_MASK of_all = STANDARD_RIGHTS_ALL | ACCESS_SYSTEM_SECURITY | MAXIMUM_ALLOWED;
        const DescriptorOf of(object);
        AccessAnswer answer{STATUS_ACCESS_DENIED, 0, 0};
        if (!NT_SUCCESS(of.status)) [[unlikely]]
            answer.status = of.status;
        else if (actor.cannot_act)
            answer.status = STATUS_BAD_IMPERSONATION_LEVEL;
        else if (wanted & ~(type->TypeInfo.ValidAccessMask | of_all)) // rights that the type does not know
            answer.status = STATUS_ACCESS_DENIED;
        else if (of.descriptor)
            answer = check_access(
                {of.descriptor, actor.token, wanted, 0, type->TypeInfo.GenericMapping, UserMode});
        else // an object without security is everybody's
            answer = {STATUS_SUCCESS,
                      (wanted & ~MAXIMUM_ALLOWED) |
                          (wanted & MAXIMUM_ALLOWED ? type->TypeInfo.GenericMapping.GenericAll : 0),
                      0};
        if (!NT_SUCCESS(answer.status) && trace::on) [[unlikely]]
            trace_denial(object, of.descriptor, desired, *actor.token, answer.status);
        *granted = answer.granted;
        return answer.status;
    }
    NTSTATUS check_creator(PVOID object, ACCESS_MASK desired, ACCESS_MASK* granted) override {
        OBJECT_TYPE* type = ob::type_of(object);
        const ACCESS_MASK wanted = ob::map_generic(desired, type->TypeInfo.GenericMapping);
        constexpr ACCESS_MASK of_all = STANDARD_RIGHTS_ALL | ACCESS_SYSTEM_SECURITY | MAXIMUM_ALLOWED;
        if (wanted & ~(type->TypeInfo.ValidAccessMask | of_all)) return STATUS_ACCESS_DENIED;
        if ((wanted & ACCESS_SYSTEM_SECURITY) && !check_privilege(SE_SECURITY_PRIVILEGE, UserMode))
            return STATUS_PRIVILEGE_NOT_HELD;
        *granted = (wanted & ~MAXIMUM_ALLOWED) |
                   (wanted & MAXIMUM_ALLOWED ? type->TypeInfo.GenericMapping.GenericAll : 0);
        return STATUS_SUCCESS;
    }
    bool bypasses_traverse() override { return has_privilege(*current_token(), SE_CHANGE_NOTIFY_PRIVILEGE); }
    bool creates_global() override {
        const TOKEN* token = current_token();
        return token->SessionId == 0 || has_privilege(*token, SE_CREATE_GLOBAL_PRIVILEGE);
    }
    bool impersonates(LUID& logon) override {
        if (reinterpret_cast<ULONG_PTR>(&ke::current_thread()) == 0) return false;
        const Impersonation client = impersonation_of(ke::current_thread());
        if (!client.token || client.level < SecurityImpersonation) return false;
        logon = client.token->AuthenticationId;
        return true;
    }
    NTSTATUS assign(PVOID object, PVOID directory, const void* given, KPROCESSOR_MODE mode) override;
    void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired,
                      const GENERIC_MAPPING& mapping) override {
        se::begin_access(state, auxiliary, desired, &mapping);
    }
    void end_access(ACCESS_STATE& state) override { se::end_access(state); }
} policy;

// A block of pool with the descriptor of a new object; null: the status says why.
NTSTATUS new_descriptor(const NewSecurity& what, PVOID& block) {
    const Descriptor made = TRY_STATUS(se::assign(what));
    block = pool::allocate(pool::Kind::paged, made.size(), ob::descriptor_tag);
    if (!block) return STATUS_INSUFFICIENT_RESOURCES;
    std::memcpy(block, made.data(), made.size());
    return STATUS_SUCCESS;
}
NTSTATUS assign_by_procedure(PVOID object, const NewSecurity& what) {
    PVOID block = nullptr;
    if (const NTSTATUS status = new_descriptor(what, block); !NT_SUCCESS(status)) return status;
    const seh::Unfinished raised([](void* b) { pool::release(b, ob::descriptor_tag); }, block);
    const NTSTATUS status = ob::procedures_of(ob::type_of(object)).assign_security(object, block);
    if (!NT_SUCCESS(status)) pool::release(block, ob::descriptor_tag);
    return status;
}

NTSTATUS Policy::assign(PVOID object, PVOID directory, const void* given, KPROCESSOR_MODE mode) {
    OBJECT_TYPE* type = ob::type_of(object);
    const TOKEN* token = current_token();
    PVOID parent = directory ? ob::security_of(directory) : nullptr;
    Remembered& last = remembered[type->Index];
    if (ob::procedures_of(type).assign_security) [[unlikely]]
        return assign_by_procedure(object, {.parent = parent,
                                            .given = given,
                                            .token = token,
                                            .mapping = type->TypeInfo.GenericMapping,
                                            .mode = mode});
    const bool plain = !given && integrity_level(*token) >= SECURITY_MANDATORY_MEDIUM_RID;
    if (plain && last.result && last.token == token->ModifiedId.LowPart && last.parent == parent) {
        ob::reference_descriptor(last.result);
        ob::header_of(object)->SecurityDescriptor = last.result;
        return STATUS_SUCCESS;
    }
    const Descriptor made = TRY_STATUS(se::assign({.parent = parent,
                                                   .given = given,
                                                   .container = type == ob::directory_type,
                                                   .token = token,
                                                   .mapping = type->TypeInfo.GenericMapping,
                                                   .mode = mode}));
    if (const NTSTATUS status = ob::set_security(object, made.data(), static_cast<ULONG>(made.size()));
        !NT_SUCCESS(status) || !plain)
        return status;
    last.release();
    last = {token->ModifiedId.LowPart, parent, ob::security_of(object)};
    ob::reference_descriptor(last.result);
    if (parent) ob::reference_descriptor(parent);
    return STATUS_SUCCESS;
}

} // namespace

void forget_remembered_descriptors() {
    for (Remembered& r : remembered)
        r.release();
}

NTSTATUS initialize() {
    for (Remembered& r : remembered)
        r = {};
    token_type = TRY_STATUS(ob::create_type({.name = u"Token",
                                             .tag = 'T' | 'o' << 8 | 'k' << 16 | 'e' << 24,
                                             .mapping = {0x2001a, 0x201e0, 0x20005, TOKEN_ALL_ACCESS},
                                             .valid_access = TOKEN_ALL_ACCESS,
                                             .security_required = true},
                                            {.remove = remove_token}));
    system_token = TRY_STATUS(create_user_token(User::system));
    system_token->TokenInUse = TRUE;
    detail::make_standard_descriptors();
    detail::protect_standard_objects();
    ob::set_access_policy(&policy);
    return STATUS_SUCCESS;
}

NTSTATUS protect(PVOID object, const TOKEN& token, bool from_reading) {
    const Descriptor made =
        TRY_STATUS(protection(token, token, ob::type_of(object), nullptr, KernelMode, from_reading));
    return ob::set_security(object, made.data(), static_cast<ULONG>(made.size()));
}

Result<Descriptor> protection(const TOKEN& creator, const TOKEN& level_of, const OBJECT_TYPE* type,
                              const void* given, KPROCESSOR_MODE mode, bool from_reading) {
    const Descriptor made = TRY(
        assign({.given = given, .token = &creator, .mapping = type->TypeInfo.GenericMapping, .mode = mode}));
    if (given && detail::Parts(given).has_sacl) return made;
    struct {
        ACL acl;
        ACE_HEADER header;
        ACCESS_MASK mask;
        UCHAR sid[12];
    } sacl{{ACL_REVISION, 0, sizeof sacl, 1, 0},
           {SYSTEM_MANDATORY_LABEL_ACE_TYPE, 0, 20},
           SYSTEM_MANDATORY_LABEL_NO_WRITE_UP | (from_reading ? SYSTEM_MANDATORY_LABEL_NO_READ_UP : 0),
           {}};
    std::memcpy(sacl.sid, level_of.UserAndGroups[level_of.IntegrityLevelIndex].Sid, sizeof sacl.sid);
    detail::Parts parts(made.data());
    const auto* label = reinterpret_cast<const UCHAR*>(&sacl);
    parts.sacl.assign(label, label + sizeof sacl);
    parts.has_sacl = true;
    return parts.build();
}

NTSTATUS query_header_security(PVOID object, SECURITY_INFORMATION information, PVOID to, ULONG& length) {
    return give_parts(ob::security_of(object), information, to, length);
}

NTSTATUS give_parts(const void* descriptor, SECURITY_INFORMATION information, PVOID to, ULONG& length) {
    const Descriptor part = extract(descriptor, information);
    const bool fits = part.size() <= length;
    length = static_cast<ULONG>(part.size());
    if (!fits) return STATUS_BUFFER_TOO_SMALL;
    return guest::copy_to(reinterpret_cast<ULONG_PTR>(to), part.data(), part.size())
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}

NTSTATUS set_header_security(PVOID object, SECURITY_INFORMATION information, const void* captured,
                             KPROCESSOR_MODE mode) {
    // "The object does not have a security descriptor": only where a type does not require one.
    const Descriptor made =
        TRY_STATUS(change(ob::security_of(object), information, captured,
                          ob::type_of(object)->TypeInfo.GenericMapping, *current_token(), mode));
    return ob::set_security(object, made.data(), static_cast<ULONG>(made.size()));
}

NTSTATUS query_security(PVOID object, SECURITY_INFORMATION information, PVOID to, ULONG& length,
                        KPROCESSOR_MODE mode) {
    auto* query = ob::procedures_of(ob::type_of(object)).query_security;
    return query ? query(object, information, to, length, mode)
                 : query_header_security(object, information, to, length);
}

NTSTATUS assign_to(PVOID object, const void* parent, const void* given, const ACCESS_STATE& access) {
    const OBJECT_TYPE* type = ob::type_of(object);
    const NewSecurity what{.parent = parent,
                           .given = given,
                           .container = type == ob::directory_type,
                           .token = effective_token(access.SubjectSecurityContext),
                           .mapping = type->TypeInfo.GenericMapping,
                           .mode = KernelMode};
    if (ob::procedures_of(type).assign_security) return assign_by_procedure(object, what);
    const Descriptor made = TRY_STATUS(se::assign(what));
    return ob::set_security(object, made.data(), static_cast<ULONG>(made.size()));
}

Result<PVOID> copy_security(PVOID object) {
    constexpr SECURITY_INFORMATION all = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                         DACL_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION;
    for (ULONG length = 256;;) {
        const ULONG before = length;
        PVOID buffer = pool::allocate(pool::Kind::paged, length, ob::descriptor_tag);
        if (!buffer) return fail(STATUS_INSUFFICIENT_RESOURCES);
        const seh::Unfinished raised([](void* block) { pool::release(block); }, buffer);
        const NTSTATUS status = query_security(object, all, buffer, length, KernelMode);
        if (NT_SUCCESS(status)) return buffer;
        pool::release(buffer);
        if (status != STATUS_BUFFER_TOO_SMALL || length <= before) return fail(status);
    }
}

NTSTATUS set_security(PVOID object, SECURITY_INFORMATION information, const void* captured,
                      KPROCESSOR_MODE mode) {
    auto* set = ob::procedures_of(ob::type_of(object)).set_security;
    return set ? set(object, information, captured, mode)
               : set_header_security(object, information, captured, mode);
}

} // namespace nt::se
