// Handles and objects by handle: ntifs pages nf-ntifs-ntclose, nf-ntifs-ntduplicateobject,
// nf-ntifs-ntqueryobject.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/exports/capture.h"
#include "kernel/ke/report.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include <cstring>

using namespace nt;
using exports::previous_mode;
using exports::write_parameter;

// "Only invalid or protected handles passed to NtClose will cause this bugcheck": INVALID_KERNEL_HANDLE.
extern "C" NTSTATUS NtClose(HANDLE handle) {
    const NTSTATUS status = ob::close_handle(handle, previous_mode());
    if (NT_SUCCESS(status) || previous_mode() != KernelMode) [[likely]]
        return status;
    const bool invalid = status != STATUS_HANDLE_NOT_CLOSABLE;
    NT_REPORT("InvalidKernelHandle",
              (ke::WouldStop{INVALID_KERNEL_HANDLE, {reinterpret_cast<ULONG_PTR>(handle), invalid}}),
              "closes the %s handle %p", invalid ? "invalid" : "protected", handle);
    return status;
}
GATE(NtClose);

namespace {

// A process by handle with the right to duplicate handles; null handle gives a null process.
NTSTATUS process_by_handle(HANDLE handle, EPROCESS** process) {
    *process = nullptr;
    if (!handle) return STATUS_SUCCESS;
    OBJECT_TYPE** type = ob::process_hooks().process_type;
    PVOID object;
    const NTSTATUS status = ob::reference_by_handle(handle, PROCESS_DUP_HANDLE, type ? *type : nullptr,
                                                    previous_mode(), &object, nullptr);
    *process = static_cast<EPROCESS*>(object);
    return status;
}

struct ProcessReference {
    EPROCESS* process = nullptr;
    ~ProcessReference() {
        if (process) ob::dereference(process);
    }
    ob::HandleTable* table() const {
        auto* own = static_cast<ob::HandleTable*>(process->ObjectTable);
        return own ? own : ob::kernel_table;
    }
};

} // namespace

extern "C" NTSTATUS NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process,
                                      HANDLE* target, ACCESS_MASK desired, ULONG attributes, ULONG options) {
    const KPROCESSOR_MODE mode = previous_mode();
    ProcessReference from, to;
    if (const NTSTATUS status = process_by_handle(source_process, &from.process); !NT_SUCCESS(status))
        return status;
    if (!from.process) return STATUS_INVALID_HANDLE;
    if (const NTSTATUS status = process_by_handle(target_process, &to.process); !NT_SUCCESS(status))
        return status;
    if (!to.process && !(options & DUPLICATE_CLOSE_SOURCE)) return STATUS_INVALID_HANDLE;
    if (mode != KernelMode) attributes &= ~OBJ_KERNEL_HANDLE;
    ob::HandleTable* target_table = nullptr;
    if (to.process) target_table = attributes & OBJ_KERNEL_HANDLE ? ob::kernel_table : to.table();
    const Result<HANDLE> made =
        ob::duplicate_handle({from.table(), source, target_table, desired, attributes, options, mode});
    if (!made) return made.error();
    if (target && target_table && !write_parameter(target, *made)) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}
GATE(NtDuplicateObject);

namespace {

NTSTATUS give_length(ULONG* to, ULONG length) {
    return !to || write_parameter(to, length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

template <class T> NTSTATUS give_fixed(PVOID buffer, ULONG length, ULONG* needed, const T& value) {
    if (length != sizeof(T) && !(length > sizeof(T))) {
        give_length(needed, sizeof(T));
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (!exports::copy_out(buffer, &value, sizeof(T))) return STATUS_ACCESS_VIOLATION;
    return give_length(needed, sizeof(T));
}

// A structure that begins with a UNICODE_STRING, followed by the string's characters and a terminator.
NTSTATUS give_string(PVOID buffer, ULONG length, ULONG* needed, const void* head, ULONG head_size,
                     std::u16string_view text) {
    const ULONG bytes = static_cast<ULONG>(text.size() * sizeof(WCHAR));
    const ULONG size = head_size + (bytes ? bytes + sizeof(WCHAR) : 0);
    if (const NTSTATUS status = give_length(needed, size); !NT_SUCCESS(status)) return status;
    if (length < head_size) return STATUS_INFO_LENGTH_MISMATCH;
    if (length < size) return STATUS_BUFFER_OVERFLOW;
    auto* characters = static_cast<UCHAR*>(buffer) + head_size;
    UNICODE_STRING string{};
    if (bytes)
        string = {static_cast<USHORT>(bytes), static_cast<USHORT>(bytes + sizeof(WCHAR)),
                  reinterpret_cast<WCHAR*>(characters)};
    const WCHAR end = 0;
    const bool good = exports::copy_out(buffer, head, head_size) &&
                      exports::copy_out(buffer, &string, sizeof string) &&
                      exports::copy_out(characters, text.data(), bytes) &&
                      (!bytes || exports::copy_out(characters + bytes, &end, sizeof end));
    return good ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS query_name(PVOID object, PVOID buffer, ULONG length, ULONG* needed) {
    WCHAR text[1024];
    UNICODE_STRING name{0, sizeof text, text};
    if (const NTSTATUS status = ob::query_name(object, name); !NT_SUCCESS(status)) return status;
    if (name.Length > sizeof text)
        return STATUS_NAME_TOO_LONG; // assumed: no object of this machine has such a path
    const OBJECT_NAME_INFORMATION head{};
    return give_string(buffer, length, needed, &head, sizeof head, {text, name.Length / sizeof(WCHAR)});
}

struct TypeInformation {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects, TotalNumberOfHandles;
    ULONG Usage[6]; // paged and nonpaged pool, name and handle table; now and at most: not counted
    ULONG HighWaterNumberOfObjects, HighWaterNumberOfHandles;
    ULONG HighWaterUsage[4];
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired, MaintainHandleCount;
    UCHAR TypeIndex;
    CHAR ReservedByte;
    ULONG PoolType, DefaultPagedPoolCharge, DefaultNonPagedPoolCharge;
};

NTSTATUS query_type(PVOID object, PVOID buffer, ULONG length, ULONG* needed) {
    const OBJECT_TYPE* type = ob::type_of(object);
    TypeInformation info{};
    info.TotalNumberOfObjects = type->TotalNumberOfObjects;
    info.TotalNumberOfHandles = type->TotalNumberOfHandles;
    info.HighWaterNumberOfObjects = type->HighWaterNumberOfObjects;
    info.HighWaterNumberOfHandles = type->HighWaterNumberOfHandles;
    info.InvalidAttributes = type->InvalidAttributes;
    info.GenericMapping = type->GenericMapping;
    info.ValidAccessMask = type->ValidAccessMask;
    info.TypeIndex = type->Index;
    return give_string(buffer, length, needed, &info, sizeof info,
                       {type->Name.Buffer, type->Name.Length / sizeof(WCHAR)});
}

OBJECT_BASIC_INFORMATION basic_information(PVOID object, const OBJECT_HANDLE_INFORMATION& handle) {
    const OBJECT_HEADER* header = ob::header_of(object);
    OBJECT_BASIC_INFORMATION info{};
    info.Attributes = (handle.HandleAttributes & OBJ_INHERIT) |
                      (header->Flags & OB_FLAG_PERMANENT_OBJECT ? OBJ_PERMANENT : 0) |
                      (header->Flags & OB_FLAG_EXCLUSIVE_OBJECT ? OBJ_EXCLUSIVE : 0);
    info.GrantedAccess = handle.GrantedAccess;
    info.HandleCount = static_cast<ULONG>(header->HandleCount);
    info.PointerCount = static_cast<ULONG>(header->PointerCount);
    UNICODE_STRING name{};
    if (NT_SUCCESS(ob::query_name(object, name)) && name.Length)
        info.NameInfoSize = static_cast<ULONG>(sizeof(OBJECT_NAME_INFORMATION) + name.Length + sizeof(WCHAR));
    info.TypeInfoSize =
        static_cast<ULONG>(sizeof(TypeInformation) + ob::type_of(object)->Name.Length + sizeof(WCHAR));
    if (const auto* sd = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(ob::security_of(object)))
        info.SecurityDescriptorSize = ob::security_length(sd);
    if (ob::type_of(object) == ob::symbolic_link_type)
        info.CreationTime = static_cast<ob::OBJECT_SYMBOLIC_LINK*>(object)->CreationTime;
    return info;
}

} // namespace

extern "C" NTSTATUS NtQueryObject(HANDLE handle, ULONG info_class, PVOID buffer, ULONG length,
                                  ULONG* needed) {
    PVOID object;
    OBJECT_HANDLE_INFORMATION handle_info;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, 0, nullptr, previous_mode(), &object, &handle_info);
        !NT_SUCCESS(status))
        return status;
    NTSTATUS status;
    // The reference of this call does not count.
    ob::dereference(object);
    switch (info_class) {
    case ObjectBasicInformation:
        status = give_fixed(buffer, length, needed, basic_information(object, handle_info));
        break;
    case ObjectNameInformation:
        status = query_name(object, buffer, length, needed);
        break;
    case ObjectTypeInformation:
        status = query_type(object, buffer, length, needed);
        break;
    case ObjectHandleFlagInformation: {
        const OBJECT_HANDLE_FLAG_INFORMATION flags{(handle_info.HandleAttributes & OBJ_INHERIT) != 0,
                                                   (handle_info.HandleAttributes & ob::handle_protected) !=
                                                       0};
        status = give_fixed(buffer, length, needed, flags);
        break;
    }
    default:
        status = STATUS_INVALID_INFO_CLASS;
    }
    return status;
}
GATE(NtQueryObject);

extern "C" NTSTATUS NtSetInformationObject(HANDLE handle, ULONG info_class, PVOID buffer, ULONG length) {
    if (info_class != ObjectHandleFlagInformation) return STATUS_INVALID_INFO_CLASS;
    OBJECT_HANDLE_FLAG_INFORMATION flags;
    if (length != sizeof flags) return STATUS_INFO_LENGTH_MISMATCH;
    if (!exports::read_parameter(static_cast<OBJECT_HANDLE_FLAG_INFORMATION*>(buffer), flags))
        return STATUS_ACCESS_VIOLATION;
    ob::HandleEntry* entry = ob::find_handle(handle, previous_mode());
    if (!entry) return STATUS_INVALID_HANDLE;
    entry->attributes =
        (flags.Inherit ? OBJ_INHERIT : 0) | (flags.ProtectFromClose ? ob::handle_protected : 0);
    return STATUS_SUCCESS;
}
GATE(NtSetInformationObject);

extern "C" NTSTATUS NtMakeTemporaryObject(HANDLE handle) {
    PVOID object;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, DELETE, nullptr, previous_mode(), &object, nullptr);
        !NT_SUCCESS(status))
        return status;
    ob::make_temporary(object);
    ob::dereference(object);
    return STATUS_SUCCESS;
}
GATE(NtMakeTemporaryObject);
