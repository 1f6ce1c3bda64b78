// Objects from drivers: wdm/ntifs pages nf-wdm-obreferenceobjectbyhandle, nf-ntifs-obquerynamestring,
// nf-ntifs-obopenobjectbypointer …
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"

using namespace nt;

// A null pointer's header would lie below address 0.
static void need_object(PVOID object) {
    if (reinterpret_cast<ULONG_PTR>(object) < sizeof(OBJECT_HEADER)) [[unlikely]]
        exports::need_write(ob::header_of(object), 1);
}

extern "C" LONG_PTR ObfReferenceObject(PVOID object) {
    need_object(object);
    return ob::reference(object);
}
GATE(ObfReferenceObject);
static LONG_PTR dereference(PVOID object) {
    need_object(object);
    ob::check_driver_dereference(object);
    return ob::dereference(object);
}
extern "C" LONG_PTR ObfDereferenceObject(PVOID object) { return dereference(object); }
GATE(ObfDereferenceObject);
extern "C" LONG_PTR ObDereferenceObject(PVOID object) { return dereference(object); }
GATE(ObDereferenceObject);
extern "C" void ObDereferenceObjectDeferDelete(PVOID object) {
    need_object(object);
    ob::check_driver_dereference(object);
    ob::dereference_defer_delete(object);
}
GATE(ObDereferenceObjectDeferDelete);

extern "C" NTSTATUS ObReferenceObjectByPointer(PVOID object, ACCESS_MASK desired, OBJECT_TYPE* type,
                                               KPROCESSOR_MODE mode) {
    // "not allowed by the routine, regardless of what kind of access mode"
    if (type && type == ob::symbolic_link_type) return STATUS_OBJECT_TYPE_MISMATCH;
    return ob::reference_by_pointer(object, desired, type, mode);
}
GATE(ObReferenceObjectByPointer);

extern "C" NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type,
                                              KPROCESSOR_MODE mode, PVOID* object,
                                              OBJECT_HANDLE_INFORMATION* info) {
    return ob::reference_by_handle(handle, desired, type, mode, object, info);
}
GATE(ObReferenceObjectByHandle);

extern "C" NTSTATUS ObReferenceObjectByName(UNICODE_STRING* name, ULONG attributes, ACCESS_STATE*,
                                            ACCESS_MASK, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                            PVOID context, PVOID* object) {
    return ob::reference_by_name(*name, attributes, type, mode, context, object);
}
GATE(ObReferenceObjectByName);

extern "C" NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, ACCESS_STATE* access,
                                          ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                                          HANDLE* handle) {
    *handle = nullptr;
    if (attributes & (~OBJ_VALID_ATTRIBUTES | ob::type_of(object)->InvalidAttributes))
        return STATUS_INVALID_PARAMETER;
    const auto made = ob::open_by_pointer(object, attributes, access, desired, type, mode);
    if (!made) return made.error();
    *handle = *made;
    return STATUS_SUCCESS;
}
GATE(ObOpenObjectByPointer);

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

extern "C" NTSTATUS ObCloseHandle(HANDLE handle, KPROCESSOR_MODE mode) {
    return ob::close_handle(handle, mode);
}
GATE(ObCloseHandle);
extern "C" void ObMakeTemporaryObject(PVOID object) { ob::make_temporary(object); }
GATE(ObMakeTemporaryObject);
extern "C" OBJECT_TYPE* ObGetObjectType(PVOID object) { return ob::type_of(object); }
GATE(ObGetObjectType);
extern "C" BOOLEAN ObIsKernelHandle(HANDLE handle) {
    const auto value = reinterpret_cast<ULONG_PTR>(handle);
    return (value & ob::kernel_handle_bits) == ob::kernel_handle_bits && value < ~ULONG_PTR{1};
}
GATE(ObIsKernelHandle);

// The descriptor itself is lent: it is not replaced while part 1 has no way to set one on a live object.
extern "C" NTSTATUS ObGetObjectSecurity(PVOID object, PVOID* descriptor, BOOLEAN* allocated) {
    *descriptor = ob::security_of(object);
    *allocated = FALSE;
    return STATUS_SUCCESS;
}
GATE(ObGetObjectSecurity);
extern "C" void ObReleaseObjectSecurity(PVOID descriptor, BOOLEAN allocated) {
    if (descriptor && allocated) pool::release(descriptor);
}
GATE(ObReleaseObjectSecurity);
