// Object types. A type is itself an object (\ObjectTypes\Name) whose body, in nonpaged pool, is what drivers
// get through IoFileObjectType and kin. Its procedures are host functions and therefore not in the body: they
// stand in a table of ours, by OBJECT_TYPE.Index. Those of a driver's type (ObCreateObjectType) are in the
// body, and the table has functions that call them (driver_type.cpp).
#pragma once
#include "abi/ob.h"
#include "base/result.h"
#include <string_view>

namespace nt {

struct ACCESS_STATE;

namespace ob {

// What the parse procedure of a driver's type has to say besides its status.
struct ParseAnswer {
    // With STATUS_REPARSE: the whole name to look up instead. The characters are the receiver's, from pool.
    UNICODE_STRING name{};
    bool has_access = false; // the rights that are still to be checked, and those that it has granted
    ACCESS_MASK remaining = 0, granted = 0;
};

// What a parse procedure gets.
struct ParseRequest {
    OBJECT_TYPE* wanted;  // type the caller asked for; null: any
    ACCESS_STATE* access; // null when the caller keeps none (reference by name)
    ACCESS_MASK desired;
    KPROCESSOR_MODE mode;
    ULONG attributes;   // OBJ_*
    void* context;      // of the caller of lookup(); its meaning belongs to the pair (caller, type)
    PVOID security_qos; // captured SECURITY_QUALITY_OF_SERVICE or null
    // The name means the object it ends at, whose parse procedure is not asked (devices, for views).
    bool whole = false;
    UNICODE_STRING complete{}; // the whole name that is being looked up
    ParseAnswer* answer = nullptr;
};

// Why and for whom a handle is made.
struct Opening {
    OB_OPEN_REASON reason;
    KPROCESSOR_MODE mode;
    EPROCESS* process;
    ACCESS_MASK* granted;
};

struct Procedures {
    // The name goes on below an object of this type. `remaining` is what is left of it (empty, or begins with
    // '\'). Success gives a referenced object of any type in *found.
    NTSTATUS (*parse)(PVOID object, const ParseRequest& request, const UNICODE_STRING& remaining,
                      PVOID* found) = nullptr;
    // A handle is being made. May refuse, and change what is granted.
    NTSTATUS (*open)(PVOID object, const Opening& how) = nullptr;
    // A handle was closed; `left` handles are left in the system. May call drivers.
    void (*close)(PVOID object, EPROCESS* process, ACCESS_MASK granted, LONG64 left) = nullptr;
    // The last reference is gone; the memory is released after it. At PASSIVE_LEVEL. May call drivers.
    void (*remove)(PVOID object) = nullptr;
    // NtClose of a handle: false refuses (STATUS_HANDLE_NOT_CLOSABLE).
    bool (*okay_to_close)(PVOID object, EPROCESS* process, HANDLE handle, KPROCESSOR_MODE mode) = nullptr;
    // The object's full name into `to` (Length = what would be needed; characters are stored only up to
    // MaximumLength).
    NTSTATUS (*query_name)(PVOID object, UNICODE_STRING& to) = nullptr;
    // NtQuerySecurityObject and NtSetSecurityObject, where the descriptor is not the header's. `length`: of
    // the buffer, then what is needed. The buffer is the caller's.
    NTSTATUS (*query_security)(PVOID object, ULONG information, PVOID to, ULONG& length,
                               KPROCESSOR_MODE mode) = nullptr;
    NTSTATUS (*set_security)(PVOID object, ULONG information, const void* captured,
                             KPROCESSOR_MODE mode) = nullptr;
    // The type keeps descriptors itself: a new object gets this one, a block of paged pool which is the
    // procedure's if it succeeds; an object that ends.
    NTSTATUS (*assign_security)(PVOID object, PVOID descriptor) = nullptr;
    void (*delete_security)(PVOID object) = nullptr;
    // References that the kernel itself has besides those of handles: no driver may give them back.
    LONG64 (*own_references)(PVOID object) = nullptr;
};

struct TypeFacts {
    std::u16string_view name;
    ULONG tag; // pool tag of its objects
    GENERIC_MAPPING mapping{};
    ACCESS_MASK valid_access = STANDARD_RIGHTS_ALL;
    ULONG invalid_attributes = OBJ_OPENLINK; // OBJ_* that make STATUS_INVALID_PARAMETER
    bool paged = false;                      // bodies in paged pool
    bool maintain_handle_info = false;
    bool callbacks = false;         // ObRegisterCallbacks may name it
    bool global_privilege = false;  // \BaseNamedObjects takes new ones of a session from the privileged only
    bool security_required = false; // also objects without a name have a descriptor
    int wait_offset = -1;  // where in the body the DISPATCHER_HEADER to wait on stands; -1: not waitable
    SIZE_T least_body = 0; // drivers may make objects of the kernel's type, of at least this size; 0: not
    bool of_driver = false;
    // Where one bit of the body says that it points to what is waited on instead.
    ULONG wait_mask = 0;
    USHORT wait_mask_offset = 0, wait_pointer_offset = 0;
    bool always_signaled = false; // waits on its objects end at once
};

// Makes a type and its object under \ObjectTypes. STATUS_OBJECT_NAME_COLLISION,
// STATUS_INSUFFICIENT_RESOURCES.
Result<OBJECT_TYPE*> create_type(const TypeFacts& facts, const Procedures& procedures);

const Procedures& procedures_of(const OBJECT_TYPE* type);
const TypeFacts& facts_of(const OBJECT_TYPE* type);
// By name ("File"); null if there is none.
OBJECT_TYPE* find_type(std::u16string_view name);

extern OBJECT_TYPE* type_type;
extern OBJECT_TYPE* directory_type;
extern OBJECT_TYPE* symbolic_link_type;

} // namespace ob
} // namespace nt
