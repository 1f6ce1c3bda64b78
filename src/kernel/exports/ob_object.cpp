// Objects from drivers: wdm/ntifs pages nf-wdm-obreferenceobjectbyhandle, nf-ntifs-obquerynamestring,
// nf-ntifs-obopenobjectbypointer …
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/report.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"

using namespace nt;

// A null pointer's header would lie below address 0.
static void need_object(PVOID object) {
    if (reinterpret_cast<ULONG_PTR>(object) < sizeof(OBJECT_HEADER)) [[unlikely]]
        exports::need_write(ob::header_of(object), 1);
}

namespace {

constexpr ULONG default_tag = 0x746c6644; // 'tlfD'
enum Change : UCHAR { takes, gives_back, gives_back_later };

// kernel page object-reference-tracing-with-tags: tags of the caller's own are always in the trace, the
// default one when it is verbose.
void note(PVOID object, Change change, ULONG tag) {
    if (!trace::on) [[likely]]
        return;
    if (tag == default_tag && !trace::verbose) return;
    trace::emit_object_referenced(object, change, tag, ke::calling_address());
}

LONG_PTR take(PVOID object, ULONG tag) {
    need_object(object);
    note(object, takes, tag);
    return ob::reference(object);
}
LONG_PTR give_back(PVOID object, ULONG tag) {
    need_object(object);
    ob::check_driver_dereference(object);
    note(object, gives_back, tag);
    return ob::dereference(object);
}
void give_back_later(PVOID object, ULONG tag) {
    need_object(object);
    ob::check_driver_dereference(object);
    note(object, gives_back_later, tag);
    ob::dereference_defer_delete(object);
}
NTSTATUS take_by_pointer(PVOID object, ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                         ULONG tag) {
    need_object(object);
    // "not allowed by the routine, regardless of what kind of access mode"
    if (type && type == ob::symbolic_link_type) return STATUS_OBJECT_TYPE_MISMATCH;
    const NTSTATUS status = ob::reference_by_pointer(object, desired, type, mode);
    if (NT_SUCCESS(status)) note(object, takes, tag);
    return status;
}
NTSTATUS take_by_handle(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                        ULONG tag, PVOID* object, OBJECT_HANDLE_INFORMATION* info) {
    const NTSTATUS status = ob::reference_by_handle(handle, desired, type, mode, object, info);
    if (NT_SUCCESS(status)) note(*object, takes, tag);
    return status;
}
// "TRUE: successfully referenced and safe to use. FALSE: the object is being deleted."
BOOLEAN take_if_alive(PVOID object, ULONG tag) {
    need_object(object);
    if (ob::header_of(object)->PointerCount <= 0) return FALSE;
    take(object, tag);
    return TRUE;
}
NTSTATUS open_by_pointer(PVOID object, ULONG attributes, ACCESS_STATE* access, ACCESS_MASK desired,
                         OBJECT_TYPE* type, KPROCESSOR_MODE mode, HANDLE* handle) {
    *handle = nullptr;
    if (attributes & (~OBJ_VALID_ATTRIBUTES | ob::type_of(object)->TypeInfo.InvalidAttributes))
        return STATUS_INVALID_PARAMETER;
    const auto made = ob::open_by_pointer(object, attributes, access, desired, type, mode);
    if (!made) return made.error();
    *handle = *made;
    return STATUS_SUCCESS;
}

} // namespace

extern "C" LONG_PTR ObfReferenceObject(PVOID object) { return take(object, default_tag); }
GATE(ObfReferenceObject);
extern "C" LONG_PTR ObfReferenceObjectWithTag(PVOID object, ULONG tag) { return take(object, tag); }
GATE(ObfReferenceObjectWithTag);
extern "C" BOOLEAN ObReferenceObjectSafe(PVOID object) { return take_if_alive(object, default_tag); }
GATE(ObReferenceObjectSafe);
extern "C" BOOLEAN ObReferenceObjectSafeWithTag(PVOID object, ULONG tag) {
    return take_if_alive(object, tag);
}
GATE(ObReferenceObjectSafeWithTag);
extern "C" LONG_PTR ObfDereferenceObject(PVOID object) { return give_back(object, default_tag); }
GATE(ObfDereferenceObject);
extern "C" LONG_PTR ObDereferenceObject(PVOID object) { return give_back(object, default_tag); }
GATE(ObDereferenceObject);
extern "C" LONG_PTR ObfDereferenceObjectWithTag(PVOID object, ULONG tag) { return give_back(object, tag); }
GATE(ObfDereferenceObjectWithTag);
extern "C" void ObDereferenceObjectDeferDelete(PVOID object) { give_back_later(object, default_tag); }
GATE(ObDereferenceObjectDeferDelete);
extern "C" void ObDereferenceObjectDeferDeleteWithTag(PVOID object, ULONG tag) {
    give_back_later(object, tag);
}
GATE(ObDereferenceObjectDeferDeleteWithTag);

extern "C" NTSTATUS ObReferenceObjectByPointer(PVOID object, ACCESS_MASK desired, OBJECT_TYPE* type,
                                               KPROCESSOR_MODE mode) {
    return take_by_pointer(object, desired, type, mode, default_tag);
}
GATE(ObReferenceObjectByPointer);
extern "C" NTSTATUS ObReferenceObjectByPointerWithTag(PVOID object, ACCESS_MASK desired, OBJECT_TYPE* type,
                                                      KPROCESSOR_MODE mode, ULONG tag) {
    return take_by_pointer(object, desired, type, mode, tag);
}
GATE(ObReferenceObjectByPointerWithTag);
extern "C" NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type,
                                              KPROCESSOR_MODE mode, PVOID* object,
                                              OBJECT_HANDLE_INFORMATION* info) {
    return take_by_handle(handle, desired, type, mode, default_tag, object, info);
}
GATE(ObReferenceObjectByHandle);
extern "C" NTSTATUS ObReferenceObjectByHandleWithTag(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type,
                                                     KPROCESSOR_MODE mode, ULONG tag, PVOID* object,
                                                     OBJECT_HANDLE_INFORMATION* info) {
    return take_by_handle(handle, desired, type, mode, tag, object, info);
}
GATE(ObReferenceObjectByHandleWithTag);

extern "C" NTSTATUS ObReferenceObjectByName(UNICODE_STRING* name, ULONG attributes, ACCESS_STATE* access,
                                            ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                            PVOID context, PVOID* object) {
    return ob::reference_by_name(*name, {type, access, desired, mode, attributes, context, nullptr}, object);
}
GATE(ObReferenceObjectByName);

extern "C" NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, ACCESS_STATE* access,
                                          ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                          HANDLE* handle) {
    return open_by_pointer(object, attributes, access, desired, type, mode, handle);
}
GATE(ObOpenObjectByPointer);
// The tag marks the reference that the handle has; handles are rows of their own in the trace.
extern "C" NTSTATUS ObOpenObjectByPointerWithTag(PVOID object, ULONG attributes, ACCESS_STATE* access,
                                                 ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                                 ULONG tag, HANDLE* handle) {
    const NTSTATUS status = open_by_pointer(object, attributes, access, desired, type, mode, handle);
    if (NT_SUCCESS(status)) note(object, takes, tag);
    return status;
}
GATE(ObOpenObjectByPointerWithTag);

extern "C" NTSTATUS ObOpenObjectByName(OBJECT_ATTRIBUTES* given, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                       ACCESS_STATE* access, ACCESS_MASK desired, PVOID context,
                                       HANDLE* handle) {
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    const auto made = ob::open_by_name(attributes, type, mode, access, desired, context);
    if (!made) return made.error();
    *handle = *made;
    return STATUS_SUCCESS;
}
GATE(ObOpenObjectByName);

// The caller's buffer holds the structure and, behind it, the terminated name.
extern "C" NTSTATUS ObQueryNameString(PVOID object, OBJECT_NAME_INFORMATION* info, ULONG length,
                                      ULONG* needed) {
    constexpr ULONG head = sizeof(OBJECT_NAME_INFORMATION);
    UNICODE_STRING name{};
    if (length >= head + sizeof(WCHAR)) {
        name.MaximumLength = static_cast<USHORT>(std::min<ULONG>(length - head - sizeof(WCHAR), 0xfffc));
        name.Buffer = reinterpret_cast<WCHAR*>(info + 1);
    }
    if (const NTSTATUS status = ob::query_name(object, name); !NT_SUCCESS(status)) return status;
    const ULONG size = name.Length ? head + name.Length + sizeof(WCHAR) : head;
    *needed = size;
    if (length < size) return STATUS_INFO_LENGTH_MISMATCH;
    if (name.Length == 0) {
        info->Name = {};
        return STATUS_SUCCESS;
    }
    name.Buffer[name.Length / sizeof(WCHAR)] = 0;
    info->Name = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), name.Buffer};
    return STATUS_SUCCESS;
}
GATE(ObQueryNameString);

// Public in ntifs.h of older kits. assumed: as NtSetInformationObject, with the mode given.
extern "C" NTSTATUS ObSetHandleAttributes(HANDLE handle, OBJECT_HANDLE_FLAG_INFORMATION* flags,
                                          KPROCESSOR_MODE mode) {
    return ob::set_handle_flags(handle, exports::need_in(flags), mode);
}
GATE(ObSetHandleAttributes);
extern "C" void ObMakeTemporaryObject(PVOID object) { ob::make_temporary(object); }
GATE(ObMakeTemporaryObject);
extern "C" OBJECT_TYPE* ObGetObjectType(PVOID object) { return ob::type_of(object); }
GATE(ObGetObjectType);
extern "C" BOOLEAN ObIsKernelHandle(HANDLE handle) {
    const auto value = reinterpret_cast<ULONG_PTR>(handle);
    return (value & ob::kernel_handle_bits) == ob::kernel_handle_bits && value < ~ULONG_PTR{1};
}
GATE(ObIsKernelHandle);

// assumed: the first handle of the process to this object (null: to any) of this type (null: of any).
extern "C" BOOLEAN ObFindHandleForObject(EPROCESS* process, PVOID object, OBJECT_TYPE* type,
                                         OBJECT_HANDLE_INFORMATION* info, HANDLE* handle) {
    struct Search {
        PVOID object;
        OBJECT_TYPE* type;
        const OBJECT_HANDLE_INFORMATION* info;
        ULONG_PTR found;
    } search{object, type, info, 0};
    auto* table = static_cast<ob::HandleTable*>(exports::need_in(process).ObjectTable);
    if (!table) return FALSE;
    table->for_each(
        [](void* context, ULONG_PTR value, const ob::HandleEntry& entry) {
            auto& s = *static_cast<Search*>(context);
            PVOID body = ob::body_of(entry.object);
            if (s.found || (s.object && body != s.object) || (s.type && ob::type_of(body) != s.type)) return;
            if (s.info &&
                (s.info->HandleAttributes != entry.attributes || s.info->GrantedAccess != entry.access))
                return;
            s.found = value;
        },
        &search);
    if (!search.found) return FALSE;
    *handle =
        reinterpret_cast<HANDLE>(search.found | (table == ob::kernel_table ? ob::kernel_handle_bits : 0));
    return TRUE;
}
GATE(ObFindHandleForObject);
