// Types and objects that drivers make: ObCreateObjectType, ObCreateObject, ObInsertObject. None of the three
// is documented; what they do here is what is publicly known of them and what drivers that call them expect.
// assumed: everything that driver_type.cpp and create.cpp do.
#pragma once
#include "abi/se.h"
#include "kernel/ob/object.h"

namespace nt::ob {

// STATUS_INVALID_PARAMETER: no name, or one of odd length; an initializer of another size; unknown invalid
// attributes; handle counts without an open or close procedure; a default object with paged bodies.
// STATUS_OBJECT_NAME_INVALID: a backslash in the name. STATUS_OBJECT_NAME_COLLISION,
// STATUS_INSUFFICIENT_RESOURCES. `descriptor` may be null.
NTSTATUS create_driver_type(const UNICODE_STRING* name, const OBJECT_TYPE_INITIALIZER* initializer,
                            const void* descriptor, OBJECT_TYPE** type);

struct NewDriverObject {
    KPROCESSOR_MODE probe; // of the attributes
    OBJECT_TYPE* type;
    const OBJECT_ATTRIBUTES* attributes; // may be null
    KPROCESSOR_MODE owner;
    ULONG body_size;
    ULONG paged_charge, nonpaged_charge; // 0: the type's
};
// An object with one reference, in no directory yet; what the attributes say is kept for
// insert_driver_object. STATUS_INVALID_PARAMETER: attributes that the type does not allow.
// STATUS_OBJECT_NAME_INVALID: a root without a name, or a name for a type of unnamed objects only. And as
// Attributes::capture.
NTSTATUS create_driver_object(const NewDriverObject& what, PVOID* object);

// With a handle the caller's reference goes and the handle has one; without one it stays. `bias`: references
// more. STATUS_OBJECT_NAME_EXISTS with OBJ_OPENIF: `got` and the handle are those of the object of that name,
// and the new one is gone, as it is with every error. STATUS_INVALID_PARAMETER: inserted before.
struct Insertion {
    ACCESS_STATE* access; // may be null
    ACCESS_MASK desired;
    ULONG bias;
    PVOID* got;     // may be null
    HANDLE* handle; // may be null
};
NTSTATUS insert_driver_object(PVOID object, const Insertion& how);
// Of an object that ends without having been inserted.
void release_creation(OBJECT_HEADER* header);

} // namespace nt::ob
