#include "kernel/ob/type.h"
#include "abi/status.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/namespace.h"
#include "kernel/ob/object.h"

namespace nt::ob {

OBJECT_TYPE* type_type;
OBJECT_TYPE* directory_type;
OBJECT_TYPE* symbolic_link_type;
OBJECT_TYPE* types_by_index[256];

namespace {

constexpr ULONG first_index = 2; // as on Windows: 0 and 1 are not types

struct TypeEntry {
    TypeFacts facts;
    Procedures procedures;
};
TypeEntry entries[256];
ULONG next_index = first_index;
OBJECT_DIRECTORY* types_directory;

} // namespace

const Procedures& procedures_of(const OBJECT_TYPE* type) { return entries[type->Index].procedures; }
const TypeFacts& facts_of(const OBJECT_TYPE* type) { return entries[type->Index].facts; }

OBJECT_TYPE* find_type(std::u16string_view name) {
    for (ULONG i = first_index; i < next_index; ++i)
        if (entries[i].facts.name == name) return types_by_index[i];
    return nullptr;
}

// What `dt nt!_OBJECT_TYPE_INITIALIZER` shows; our procedures are host code and not in it.
static void describe(OBJECT_TYPE_INITIALIZER& info, const TypeFacts& facts) {
    info.Length = sizeof info;
    info.ObjectTypeFlags = static_cast<UCHAR>(
        OB_TYPE_MAINTAIN_TYPE_LIST | (facts.maintain_handle_info ? OB_TYPE_MAINTAIN_HANDLE_COUNT : 0) |
        (facts.security_required ? OB_TYPE_SECURITY_REQUIRED : 0) |
        (facts.callbacks ? OB_TYPE_SUPPORTS_OBJECT_CALLBACKS : 0));
    info.InvalidAttributes = facts.invalid_attributes;
    info.GenericMapping = facts.mapping;
    info.ValidAccessMask = facts.valid_access;
    info.PoolType = facts.paged ? 1 : 512; // PagedPool, NonPagedPoolNx
    if (facts.wait_offset >= 0) info.WaitObjectFlagOffset = static_cast<USHORT>(facts.wait_offset);
}

Result<OBJECT_TYPE*> create_type(const TypeFacts& facts, const Procedures& procedures) {
    if (find_type(facts.name)) return fail(STATUS_OBJECT_NAME_COLLISION);
    if (types_directory) { // which takes names of other case for the same
        const auto bytes = static_cast<USHORT>(facts.name.size() * sizeof(WCHAR));
        const UNICODE_STRING name{bytes, bytes, const_cast<WCHAR*>(facts.name.data())};
        if (find_in(types_directory, name, true)) return fail(STATUS_OBJECT_NAME_COLLISION);
    }
    if (next_index == 256) return fail(STATUS_INSUFFICIENT_RESOURCES);
    const ULONG index = next_index++;
    entries[index] = {facts, procedures};
    // The first type is its own type: its header names an index whose body comes into being here.
    const NewObject what{
        .type = type_type, .body_size = sizeof(OBJECT_TYPE), .name = facts.name, .attributes = OBJ_PERMANENT};
    const Result<PVOID> body =
        type_type ? create_object(what) : detail::create_first_type(what, static_cast<UCHAR>(index));
    if (!body) {
        --next_index;
        return fail(body.error());
    }
    auto* type = static_cast<OBJECT_TYPE*>(*body);
    if (!type_type) type_type = type;
    types_by_index[index] = type;
    if (type != type_type) type->TypeList = {&type->TypeList, &type->TypeList};
    type->Name = name_of(type);
    type->Index = static_cast<UCHAR>(index);
    type->Key = facts.tag;
    type->CallbackList = {&type->CallbackList, &type->CallbackList};
    describe(type->TypeInfo, facts);
    if (types_directory) {
        if (const NTSTATUS status = insert_into(types_directory, type); !NT_SUCCESS(status))
            return fail(status);
    }
    entries[index].facts.name = {type->Name.Buffer, type->Name.Length / sizeof(WCHAR)};
    return type;
}

void detail::publish_types(OBJECT_DIRECTORY* directory) {
    types_directory = directory;
    for (ULONG i = first_index; i < next_index; ++i)
        insert_into(directory, types_by_index[i]);
}

void detail::forget_types() {
    for (ULONG i = 0; i < 256; ++i) {
        entries[i] = {};
        types_by_index[i] = nullptr;
    }
    next_index = first_index;
    types_directory = nullptr;
    type_type = directory_type = symbolic_link_type = nullptr;
}

} // namespace nt::ob
