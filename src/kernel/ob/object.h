// Objects: a body behind an OBJECT_HEADER, with optional headers before it as InfoMask says (nearest first:
// creator, name, handle, quota, process). Every object has a CreatorInfo, so a type's objects can be listed.
// Counts are plain: one pointer reference per handle (Windows caches references of handles in the count
// instead).
//
// Single host thread: no locks. An object whose last reference goes above PASSIVE_LEVEL is deleted later
// (deferred_delete.h).
#pragma once
#include "abi/dispatcher.h"
#include "kernel/ob/type.h"
#include "kernel/pool/pool.h"

namespace nt {
struct SECURITY_DESCRIPTOR_RELATIVE;
}

namespace nt::ob {

inline OBJECT_HEADER* header_of(const void* body) {
    return reinterpret_cast<OBJECT_HEADER*>(reinterpret_cast<ULONG_PTR>(body) - OBJECT_HEADER_BODY);
}
inline void* body_of(OBJECT_HEADER* header) { return reinterpret_cast<UCHAR*>(header) + OBJECT_HEADER_BODY; }

extern OBJECT_TYPE* types_by_index[256];
inline OBJECT_TYPE* type_of(const void* body) { return types_by_index[header_of(body)->TypeIndex]; }

OBJECT_HEADER_CREATOR_INFO* creator_info(const void* body);
OBJECT_HEADER_NAME_INFO* name_info(const void* body);       // null: made without a name
OBJECT_HEADER_HANDLE_INFO* handle_info(const void* body);   // null: the type keeps no counts
OBJECT_HEADER_QUOTA_INFO* quota_info(const void* body);     // null: made by the System process
OBJECT_HEADER_PROCESS_INFO* process_info(const void* body); // null: not exclusive
// Last part of the name; empty if unnamed.
UNICODE_STRING name_of(const void* body);
// The directory that holds it, or null.
OBJECT_DIRECTORY* directory_of(const void* body);

// Return address of the driver's call that made the object; 0: the kernel itself or a program made it.
ULONG_PTR creator_of(const void* body);
// Where the pool block of the object starts.
ULONG_PTR block_of(const void* body);

// A new object with a zeroed body and one reference, not yet in any directory. `name` (last part, copied) may
// be empty; room for a name is made if `named`. `attributes`: OBJ_PERMANENT, OBJ_EXCLUSIVE; others only if
// the type takes them. STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER.
struct NewObject {
    OBJECT_TYPE* type;
    SIZE_T body_size;
    std::u16string_view name{};
    ULONG attributes = 0;
    bool kernel_object = true;
    PVOID security_descriptor = nullptr;         // self-relative, copied
    ULONG paged_charge = 0, nonpaged_charge = 0; // both 0: what the object takes
};
Result<PVOID> create_object(const NewObject& what);

void delete_object(OBJECT_HEADER* header); // detail of dereference()

// ObReferenceObject, ObDereferenceObject. Any IRQL up to DISPATCH_LEVEL. A count that goes below zero is bug
// check REFERENCE_BY_POINTER.
inline LONG64 reference(PVOID body, LONG64 n = 1) { return header_of(body)->PointerCount += n; }
inline LONG64 dereference(PVOID body) {
    OBJECT_HEADER* header = header_of(body);
    const LONG64 left = --header->PointerCount;
    if (left <= 0) [[unlikely]]
        delete_object(header);
    return left;
}
// Bug check REFERENCE_BY_POINTER if a driver's call takes away a reference that a handle or the kernel has.
void check_driver_dereference(PVOID body);
// ObDereferenceObjectDeferDelete: the delete procedure runs later, at PASSIVE_LEVEL in a system thread.
void dereference_defer_delete(PVOID body);
// ObReferenceObjectByPointer: the type is checked for user mode only. STATUS_OBJECT_TYPE_MISMATCH.
NTSTATUS reference_by_pointer(PVOID body, ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode);

// Clears OB_FLAG_PERMANENT_OBJECT; a temporary object without handles loses its name and, with its last
// reference, ends.
void make_temporary(PVOID body);
void make_permanent(PVOID body);
// The object's self-relative descriptor or null. Equal ones are one in memory, which counts who uses it.
inline PVOID security_of(const void* body) { return header_of(body)->SecurityDescriptor; }
// Bytes of a well-formed self-relative descriptor.
ULONG security_length(const SECURITY_DESCRIPTOR_RELATIVE* sd);
NTSTATUS set_security(PVOID body, const void* self_relative, ULONG length);
// One of share_descriptor() for one more object.
void share_security(PVOID body, PVOID shared);
PVOID share_descriptor(const void* self_relative, ULONG length); // null: no memory
void reference_descriptor(const void* descriptor);
void dereference_descriptor(const void* descriptor);
// A caller's descriptor of either form as a self-relative copy of its own. STATUS_ACCESS_VIOLATION,
// STATUS_UNKNOWN_REVISION, STATUS_INVALID_SID, STATUS_INVALID_ACL, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS capture_descriptor(const void* from, KPROCESSOR_MODE mode, void** captured,
                            pool::Kind kind = pool::Kind::paged);
void release_descriptor(void* captured);
inline constexpr ULONG descriptor_tag = 'S' | 'e' << 8 | 'S' << 16 | 'd' << 24;

// The DISPATCHER_HEADER that waits on this object use, or null.
DISPATCHER_HEADER* waitable(PVOID body);

// Where the deferred deletes run: a higher room queues a work item that calls run_deferred_deletes() at
// PASSIVE_LEVEL.
void set_deferred_delete_hook(void (*request)());
void run_deferred_deletes();
bool has_deferred_deletes(); // waiting, or under way

// Debugger: whether an object's body is at this address (walks all types; slow). Objects of a type by list.
bool is_object(const void* body);
void for_each_object(OBJECT_TYPE* type, void (*visit)(void* context, PVOID body), void* context);

} // namespace nt::ob
