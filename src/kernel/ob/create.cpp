// ObCreateObject and ObInsertObject. Between the two the header points at what the attributes said, and the
// object's name is the whole one that was given.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/probe.h"
#include "kernel/ob/driver_type.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include <cstring>
#include <utility>

namespace nt::ob {

namespace {

constexpr ULONG creation_tag = pool::tag("ObCI"), name_tag = pool::tag("ObNm");

using Creation = OBJECT_CREATE_INFORMATION;

bool is_new(const OBJECT_HEADER* header) { return header->Flags & OB_FLAG_NEW_OBJECT; }

std::u16string_view view_of(const UNICODE_STRING& s) { return {s.Buffer, s.Length / sizeof(WCHAR)}; }

// Copies of what the caller's memory holds, so that it may go.
NTSTATUS keep(const Attributes& attributes, const NewDriverObject& what, Creation& creation) {
    creation.Attributes = attributes.attributes;
    creation.RootDirectory = attributes.root;
    creation.ProbeMode = what.probe;
    creation.PagedPoolCharge = what.paged_charge;
    creation.NonPagedPoolCharge = what.nonpaged_charge;
    if (attributes.security_qos) {
        const auto at = reinterpret_cast<ULONG_PTR>(attributes.security_qos);
        if (what.probe != KernelMode)
            if (const NTSTATUS status = mm::probe_for_read(at, sizeof *creation.SecurityQos, 4);
                !NT_SUCCESS(status))
                return status;
        if (!guest::copy_from(&creation.SecurityQualityOfService, at, sizeof *creation.SecurityQos))
            return STATUS_ACCESS_VIOLATION;
        creation.SecurityQos = &creation.SecurityQualityOfService;
    }
    // A user-mode caller's descriptor is a copy already, in kernel memory.
    return attributes.security_descriptor
               ? capture_descriptor(attributes.security_descriptor, KernelMode, &creation.SecurityDescriptor)
               : STATUS_SUCCESS;
}

// The name of the object becomes its last part; gives the whole name, which the caller releases.
NTSTATUS shorten_name(PVOID object, UNICODE_STRING& whole) {
    OBJECT_HEADER_NAME_INFO* info = name_info(object);
    whole = info ? info->Name : UNICODE_STRING{};
    if (!whole.Length) return STATUS_SUCCESS;
    const std::u16string_view path = view_of(whole);
    const std::u16string_view last = path.substr(path.rfind(u'\\') + 1); // npos + 1 is 0
    const auto bytes = static_cast<USHORT>(last.size() * sizeof(WCHAR));
    auto* text = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, bytes + sizeof(WCHAR), name_tag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    std::memcpy(text, last.data(), bytes);
    text[last.size()] = 0;
    info->Name = {bytes, static_cast<USHORT>(bytes + sizeof(WCHAR)), text};
    return STATUS_SUCCESS;
}

// The blocks that an insertion looks at.
class InsertedParts {
  public:
    InsertedParts(WCHAR* name, PVOID descriptor) : name_(name), descriptor_(descriptor) {}
    InsertedParts(const InsertedParts&) = delete;
    InsertedParts& operator=(const InsertedParts&) = delete;
    ~InsertedParts() { release(); }

  private:
    void release() {
        if (descriptor_) release_descriptor(std::exchange(descriptor_, nullptr));
        if (name_) pool::release(std::exchange(name_, nullptr), name_tag);
    }
    WCHAR* name_;
    PVOID descriptor_;
    seh::Unfinished raised_{[](void* self) { static_cast<InsertedParts*>(self)->release(); }, this};
};

} // namespace

void release_creation(OBJECT_HEADER* header) {
    if (!is_new(header)) return;
    auto* creation = static_cast<Creation*>(header->ObjectCreateInfo);
    header->Flags &= static_cast<UCHAR>(~OB_FLAG_NEW_OBJECT);
    header->ObjectCreateInfo = nullptr;
    if (creation->SecurityDescriptor) release_descriptor(creation->SecurityDescriptor);
    pool::release(creation, creation_tag);
}

NTSTATUS create_driver_object(const NewDriverObject& what, PVOID* object) {
    const TypeFacts& facts = facts_of(what.type);
    Attributes attributes;
    if (const NTSTATUS status = attributes.capture(what.attributes, what.probe); !NT_SUCCESS(status))
        return status;
    if (attributes.attributes & facts.invalid_attributes) return STATUS_INVALID_PARAMETER;
    const bool only_unnamed = what.type->TypeInfo.ObjectTypeFlags & OB_TYPE_UNNAMED_OBJECTS_ONLY;
    if (attributes.name.Length ? only_unnamed : attributes.root != nullptr) return STATUS_OBJECT_NAME_INVALID;
    auto* creation =
        static_cast<Creation*>(pool::allocate(pool::Kind::nonpaged, sizeof(Creation), creation_tag, 0, true));
    if (!creation) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = keep(attributes, what, *creation);
    if (NT_SUCCESS(status)) {
        const OBJECT_TYPE_INITIALIZER& info = what.type->TypeInfo;
        const Result<PVOID> body = create_object(
            {.type = what.type,
             .body_size = std::max<SIZE_T>(what.body_size, facts.least_body),
             .name = view_of(attributes.name),
             .attributes = attributes.attributes & (OBJ_PERMANENT | OBJ_EXCLUSIVE),
             .kernel_object = what.owner == KernelMode,
             .paged_charge = what.paged_charge ? what.paged_charge : info.DefaultPagedPoolCharge,
             .nonpaged_charge =
                 what.nonpaged_charge ? what.nonpaged_charge : info.DefaultNonPagedPoolCharge});
        if (body) {
            OBJECT_HEADER* header = header_of(*body);
            header->ObjectCreateInfo = creation;
            header->Flags |= OB_FLAG_NEW_OBJECT;
            *object = *body;
            return STATUS_SUCCESS;
        }
        status = body.error();
    }
    if (creation->SecurityDescriptor) release_descriptor(creation->SecurityDescriptor);
    pool::release(creation, creation_tag);
    return status;
}

NTSTATUS insert_driver_object(PVOID object, const Insertion& how) {
    OBJECT_HEADER* header = header_of(object);
    if (!is_new(header)) return STATUS_INVALID_PARAMETER;
    UNICODE_STRING whole;
    if (const NTSTATUS status = shorten_name(object, whole); !NT_SUCCESS(status)) {
        dereference(object);
        return status;
    }
    // What was kept goes with the object, which insert() may end; the descriptor is needed until then.
    auto& kept = *static_cast<Creation*>(header->ObjectCreateInfo);
    const Creation creation = kept;
    kept.SecurityDescriptor = nullptr;
    release_creation(header);
    Attributes where;
    where.set(whole, creation.Attributes, creation.RootDirectory);
    where.security_descriptor = creation.SecurityDescriptor;
    const ACCESS_MASK desired =
        how.access ? how.access->RemainingDesiredAccess | how.access->PreviouslyGrantedAccess : how.desired;
    PVOID target;
    NTSTATUS status;
    {
        const InsertedParts parts(whole.Buffer, creation.SecurityDescriptor);
        status = insert(object, where, creation.ProbeMode, desired, how.handle, &target);
    }
    if (!NT_SUCCESS(status)) return status;
    // insert() took the caller's reference and gave one of its own.
    const bool keeps = !how.handle && target == object;
    reference(target, how.bias);
    if (how.got) *how.got = target;
    if (!keeps) dereference(target);
    return status;
}

} // namespace nt::ob
