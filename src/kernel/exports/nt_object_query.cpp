// What is known of an object: ntifs page nf-ntifs-ntqueryobject. Lengths: the fixed classes want the
// structure's own (assumed), the name and type classes room for the string behind it.
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/held.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include <string_view>

using namespace nt;
using exports::copy_out;
using exports::previous_mode;
using exports::write_parameter;

namespace {

NTSTATUS give_length(ULONG* to, ULONG length) {
    return !to || write_parameter(to, length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

template <class T> NTSTATUS give_fixed(PVOID buffer, ULONG length, ULONG* needed, const T& value) {
    if (const NTSTATUS status = give_length(needed, sizeof(T)); !NT_SUCCESS(status)) return status;
    if (length != sizeof(T)) return STATUS_INFO_LENGTH_MISMATCH;
    return copy_out(buffer, &value, sizeof(T)) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

constexpr ULONG characters_of(const UNICODE_STRING& s) {
    return s.Length ? s.Length + static_cast<ULONG>(sizeof(WCHAR)) : 0;
}

// A structure that begins with a UNICODE_STRING, followed by the characters and a terminator.
bool put_string(UCHAR* to, const void* head, ULONG head_size, const UNICODE_STRING& text) {
    const auto at = [to](SIZE_T offset) { // anywhere, also where addresses end
        return reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(to) + offset);
    };
    const WCHAR end = 0;
    UNICODE_STRING string{};
    if (text.Length)
        string = {text.Length, static_cast<USHORT>(text.Length + sizeof(WCHAR)),
                  static_cast<WCHAR*>(at(head_size))};
    return copy_out(to, head, head_size) && copy_out(to, &string, sizeof string) &&
           copy_out(at(head_size), text.Buffer, text.Length) &&
           (!text.Length || copy_out(at(head_size + text.Length), &end, sizeof end));
}

NTSTATUS give_string(PVOID buffer, ULONG length, ULONG* needed, const void* head, ULONG head_size,
                     const UNICODE_STRING& text, NTSTATUS too_small) {
    const ULONG size = head_size + characters_of(text);
    if (const NTSTATUS status = give_length(needed, size); !NT_SUCCESS(status)) return status;
    if (length < head_size) return STATUS_INFO_LENGTH_MISMATCH;
    if (length < size) return too_small;
    return put_string(static_cast<UCHAR*>(buffer), head, head_size, text) ? STATUS_SUCCESS
                                                                          : STATUS_ACCESS_VIOLATION;
}

NTSTATUS query_name(PVOID object, PVOID buffer, ULONG length, ULONG* needed) {
    WCHAR text[256];
    UNICODE_STRING name{0, sizeof text, text};
    if (const NTSTATUS status = ob::query_name(object, name); !NT_SUCCESS(status)) return status;
    PVOID longer = nullptr;
    if (name.Length > sizeof text) {
        longer = pool::allocate(pool::Kind::paged, name.Length, pool::tag("ObNm"));
        if (!longer) return STATUS_INSUFFICIENT_RESOURCES;
        name = {0, name.Length, static_cast<WCHAR*>(longer)};
    }
    const OBJECT_NAME_INFORMATION head{};
    NTSTATUS status = STATUS_SUCCESS;
    if (longer) {
        const seh::Unfinished raised([](void* block) { pool::release(block); }, longer);
        status = ob::query_name(object, name);
    }
    if (NT_SUCCESS(status) && name.Length > name.MaximumLength)
        status = STATUS_NAME_TOO_LONG; // a driver's type that names it anew each time
    if (NT_SUCCESS(status))
        status = give_string(buffer, length, needed, &head, sizeof head, name, STATUS_BUFFER_OVERFLOW);
    if (longer) pool::release(longer);
    return status;
}

OBJECT_TYPE_INFORMATION type_information(const OBJECT_TYPE* type) {
    OBJECT_TYPE_INFORMATION info{}; // use of pools and name and handle tables is not counted
    info.TotalNumberOfObjects = type->TotalNumberOfObjects;
    info.TotalNumberOfHandles = type->TotalNumberOfHandles;
    info.HighWaterNumberOfObjects = type->HighWaterNumberOfObjects;
    info.HighWaterNumberOfHandles = type->HighWaterNumberOfHandles;
    info.InvalidAttributes = type->TypeInfo.InvalidAttributes;
    info.GenericMapping = type->TypeInfo.GenericMapping;
    info.ValidAccessMask = type->TypeInfo.ValidAccessMask;
    info.SecurityRequired = (type->TypeInfo.ObjectTypeFlags & OB_TYPE_SECURITY_REQUIRED) != 0;
    info.MaintainHandleCount = (type->TypeInfo.ObjectTypeFlags & OB_TYPE_MAINTAIN_HANDLE_COUNT) != 0;
    info.TypeIndex = type->Index;
    info.PoolType = type->TypeInfo.PoolType;
    info.DefaultPagedPoolCharge = type->TypeInfo.DefaultPagedPoolCharge;
    info.DefaultNonPagedPoolCharge = type->TypeInfo.DefaultNonPagedPoolCharge;
    return info;
}

NTSTATUS query_type(const OBJECT_TYPE* type, PVOID buffer, ULONG length, ULONG* needed) {
    const OBJECT_TYPE_INFORMATION info = type_information(type);
    return give_string(buffer, length, needed, &info, sizeof info, type->Name, STATUS_INFO_LENGTH_MISMATCH);
}

// In the order of their indexes.
NTSTATUS query_types(PVOID buffer, ULONG length, ULONG* needed) {
    ULONG count = 0, size = sizeof(ULONG_PTR);
    const auto room_of = [](const OBJECT_TYPE* type) {
        return static_cast<ULONG>((sizeof(OBJECT_TYPE_INFORMATION) + characters_of(type->Name) + 7) & ~7ull);
    };
    for (const OBJECT_TYPE* type : ob::types_by_index)
        if (type) ++count, size += room_of(type);
    if (const NTSTATUS status = give_length(needed, size); !NT_SUCCESS(status)) return status;
    if (length < size) return STATUS_INFO_LENGTH_MISMATCH;
    const OBJECT_TYPES_INFORMATION head{count};
    auto* at = static_cast<UCHAR*>(buffer);
    if (!copy_out(at, &head, sizeof head)) return STATUS_ACCESS_VIOLATION;
    at += sizeof(ULONG_PTR);
    for (const OBJECT_TYPE* type : ob::types_by_index) {
        if (!type) continue;
        const OBJECT_TYPE_INFORMATION info = type_information(type);
        if (!put_string(at, &info, sizeof info, type->Name)) return STATUS_ACCESS_VIOLATION;
        at += room_of(type);
    }
    return STATUS_SUCCESS;
}

// The reference of this call does not count.
OBJECT_BASIC_INFORMATION basic_information(PVOID object, const OBJECT_HANDLE_INFORMATION& handle) {
    const OBJECT_HEADER* header = ob::header_of(object);
    OBJECT_BASIC_INFORMATION info{};
    info.Attributes = (handle.HandleAttributes & (OBJ_INHERIT | OBJ_PROTECT_CLOSE)) |
                      (header->Flags & OB_FLAG_PERMANENT_OBJECT ? OBJ_PERMANENT : 0) |
                      (header->Flags & OB_FLAG_EXCLUSIVE_OBJECT ? OBJ_EXCLUSIVE : 0);
    info.GrantedAccess = handle.GrantedAccess;
    info.HandleCount = static_cast<ULONG>(header->HandleCount);
    info.PointerCount = static_cast<ULONG>(header->PointerCount - 1);
    const OBJECT_TYPE_INITIALIZER& type = ob::type_of(object)->TypeInfo;
    const OBJECT_HEADER_QUOTA_INFO* quota = ob::quota_info(object);
    info.PagedPoolCharge = quota ? quota->PagedPoolCharge : type.DefaultPagedPoolCharge;
    info.NonPagedPoolCharge = quota ? quota->NonPagedPoolCharge : type.DefaultNonPagedPoolCharge;
    UNICODE_STRING name{};
    if (NT_SUCCESS(ob::query_name(object, name)) && name.Length)
        info.NameInfoSize = static_cast<ULONG>(sizeof(OBJECT_NAME_INFORMATION) + characters_of(name));
    info.TypeInfoSize =
        static_cast<ULONG>(sizeof(OBJECT_TYPE_INFORMATION)) + characters_of(ob::type_of(object)->Name);
    // What a driver's type keeps in the header is the driver's matter.
    const bool own = ob::procedures_of(ob::type_of(object)).assign_security;
    const auto* sd = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(ob::security_of(object));
    if (sd && !own) info.SecurityDescriptorSize = ob::security_length(sd);
    if (ob::type_of(object) == ob::symbolic_link_type)
        info.CreationTime = static_cast<ob::OBJECT_SYMBOLIC_LINK*>(object)->CreationTime;
    return info;
}

} // namespace

static NTSTATUS query(PVOID object, const OBJECT_HANDLE_INFORMATION& handle, ULONG info_class, PVOID buffer,
                      ULONG length, ULONG* needed) {
    switch (info_class) {
    case ObjectBasicInformation:
        return give_fixed(buffer, length, needed, basic_information(object, handle));
    case ObjectNameInformation:
        return query_name(object, buffer, length, needed);
    case ObjectTypeInformation:
        return query_type(ob::type_of(object), buffer, length, needed);
    default: {
        const OBJECT_HANDLE_FLAG_INFORMATION flags{(handle.HandleAttributes & OBJ_INHERIT) != 0,
                                                   (handle.HandleAttributes & ob::handle_protected) != 0};
        return give_fixed(buffer, length, needed, flags);
    }
    }
}

extern "C" NTSTATUS NtQueryObject(HANDLE handle, ULONG info_class, PVOID buffer, ULONG length,
                                  ULONG* needed) {
    if (info_class > ObjectHandleFlagInformation) return STATUS_INVALID_INFO_CLASS;
    if (info_class == ObjectTypesInformation) return query_types(buffer, length, needed); // of no handle
    PVOID object;
    OBJECT_HANDLE_INFORMATION handle_info;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, 0, nullptr, previous_mode(), &object, &handle_info);
        !NT_SUCCESS(status))
        return status;
    const ob::Held held(object); // a driver that is asked for the name may close the handle meanwhile
    return query(object, handle_info, info_class, buffer, length, needed);
}
GATE(NtQueryObject);
