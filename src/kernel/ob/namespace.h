// The namespace: directories, symbolic links, and walking names through them.
//
// A directory has 37 hash buckets (what !object prints) and a growing index over the same entries, so looking
// a part up does not depend on how many there are. Names compare without case where the caller asked for that
// (drivers and Win32 always do).
// \?? is the DOS-device directory of the caller (dos_devices.h).
#pragma once
#include "abi/ob.h"
#include "kernel/ob/object.h"
#include "kernel/seh/unfinished.h"

namespace nt::ob {

inline constexpr ULONG hash_buckets = 37;

// Types, root directories and the session manager's DOS devices. After pool::initialize(). The kernel handle
// table is made here.
NTSTATUS initialize();

// OBJECT_ATTRIBUTES copied and checked. UserMode callers' memory is touched through guest:: primitives only.
class Attributes {
  public:
    Attributes() = default;
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { release(); }
    // STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT, STATUS_INVALID_PARAMETER (length, attributes),
    // STATUS_OBJECT_NAME_INVALID (odd length), STATUS_INSUFFICIENT_RESOURCES. A null `from` gives no name and
    // no attributes.
    NTSTATUS capture(const OBJECT_ATTRIBUTES* from, KPROCESSOR_MODE mode);
    // Only a string, as capture() takes the name.
    NTSTATUS capture_name(const UNICODE_STRING* from, KPROCESSOR_MODE mode);
    // The characters of a string whose lengths have been read.
    NTSTATUS capture_string(const UNICODE_STRING& string, KPROCESSOR_MODE mode);
    // For kernel code: the name is not copied.
    void set(std::u16string_view name, ULONG attributes, HANDLE root = nullptr);
    void set(const UNICODE_STRING& name, ULONG attributes, HANDLE root = nullptr);

    UNICODE_STRING name{};
    HANDLE root = nullptr;
    ULONG attributes = 0;
    PVOID security_descriptor = nullptr; // a user-mode caller's is captured
    PVOID security_qos = nullptr;

  private:
    void release();
    WCHAR inline_buffer_[128];
    WCHAR* pool_buffer_ = nullptr;
    bool captured_descriptor_ = false;
    seh::Unfinished raised_{[](void* self) { static_cast<Attributes*>(self)->release(); }, this};
};

// Walks a name. On success *found is referenced. With `insert` (an object that must not exist yet) the last
// part is added to its directory; an existing object is STATUS_OBJECT_NAME_COLLISION, or *found with
// STATUS_OBJECT_NAME_EXISTS if OBJ_OPENIF. STATUS_OBJECT_NAME_NOT_FOUND (last part),
// STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_NAME_INVALID,
// STATUS_OBJECT_TYPE_MISMATCH; STATUS_NAME_TOO_LONG when links do not end or the path outgrows a
// UNICODE_STRING.
NTSTATUS lookup(const Attributes& attributes, const ParseRequest& request, PVOID insert, PVOID* found);

// ObOpenObjectByName: lookup, access check, handle. `context` goes to parse procedures.
Result<HANDLE> open_by_name(const Attributes& attributes, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                            ACCESS_STATE* access, ACCESS_MASK desired, void* context);
// By the kernel for itself: no access is asked for.
NTSTATUS reference_by_name(const UNICODE_STRING& name, ULONG attributes, OBJECT_TYPE* type,
                           KPROCESSOR_MODE mode, void* context, PVOID* found);
// ObReferenceObjectByName: lookup and access check, without a handle.
NTSTATUS reference_by_name(const UNICODE_STRING& name, const ParseRequest& request, PVOID* found);
// ObInsertObject: puts a new object (its only reference is the caller's and is consumed) under the
// attributes' name, if there is one, and makes a handle if `handle` is not null. With OBJ_OPENIF the object
// found instead gets the handle and the status is STATUS_OBJECT_NAME_EXISTS. On failure the object is gone.
// `target` gets that object or the new one, with a reference.
NTSTATUS insert(PVOID object, const Attributes& attributes, KPROCESSOR_MODE mode, ACCESS_MASK desired,
                HANDLE* handle, PVOID* target = nullptr);

Result<OBJECT_DIRECTORY*> create_directory(std::u16string_view path,
                                           ULONG attributes = OBJ_PERMANENT | OBJ_CASE_INSENSITIVE);
// Inserts a named object (its own name is the last part) into a directory. STATUS_OBJECT_NAME_COLLISION.
NTSTATUS insert_into(OBJECT_DIRECTORY* directory, PVOID object, bool ignore_case = true);
// The object of this name in one directory, not referenced; null.
PVOID find_in(OBJECT_DIRECTORY* directory, const UNICODE_STRING& name, bool ignore_case);
void remove_from_directory(PVOID object);  // no effect when it is in none
void removed_from_namespace(PVOID object); // detail: traces links
// In bucket order, newest first in a bucket.
void for_each_entry(OBJECT_DIRECTORY* directory, void (*visit)(void* context, ULONG bucket, PVOID object),
                    void* context);
// The object of this number in that order, or null. In constant time for the one after the last asked for.
PVOID nth_entry(OBJECT_DIRECTORY* directory, ULONG number);
ULONG entry_count(const OBJECT_DIRECTORY* directory);
extern OBJECT_DIRECTORY* root_directory;
extern OBJECT_DIRECTORY* global_dos_devices;

struct OBJECT_SYMBOLIC_LINK {
    LARGE_INTEGER CreationTime;
    UNICODE_STRING LinkTarget;
    ULONG DosDeviceDriveIndex;
    ULONG Flags;
};
// The object only; the caller inserts it. `kept`: bytes of the target's buffer that belong to it (what
// DefineDosDevice keeps behind the target); 0: the target alone.
Result<OBJECT_SYMBOLIC_LINK*> new_symbolic_link(std::u16string_view name, const UNICODE_STRING& target,
                                                ULONG attributes, USHORT kept = 0);
// A link; with OBJ_PERMANENT it outlives every handle (IoCreateSymbolicLink). STATUS_OBJECT_NAME_COLLISION.
NTSTATUS create_symbolic_link(const UNICODE_STRING& name, const UNICODE_STRING& target, ULONG attributes,
                              PVOID descriptor = nullptr); // null: link_descriptor
NTSTATUS delete_symbolic_link(const UNICODE_STRING& name);
// Everybody may read such a link. Of se.
extern PVOID link_descriptor;

// ObQueryNameString's text: the whole path into `to` (as Procedures::query_name).
NTSTATUS query_name(PVOID object, UNICODE_STRING& to);
NTSTATUS query_path(PVOID object, UNICODE_STRING& to);         // by the directories that it is in
NTSTATUS query_name_quietly(PVOID object, UNICODE_STRING& to); // without calling a driver

// Who may: se plugs itself in. The default grants what is asked for (mapped) to kernel mode only.
class AccessPolicy {
  public:
    // A user-mode caller opens the object. `desired` may hold generic rights and MAXIMUM_ALLOWED.
    // STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD.
    virtual NTSTATUS check(PVOID object, ACCESS_MASK desired, ACCESS_MASK* granted) = 0;
    // A user-mode caller has made the object and gets what it asks for, as far as the type has such rights.
    virtual NTSTATUS check_creator(PVOID object, ACCESS_MASK desired, ACCESS_MASK* granted) = 0;
    // Passes directories without rights to them (SeChangeNotifyPrivilege).
    virtual bool bypasses_traverse() = 0;
    // May make sections and symbolic links in the global namespace: of session 0, or SeCreateGlobalPrivilege.
    virtual bool creates_global() = 0;
    // The logon session that the running thread impersonates, if it acts for one.
    virtual bool impersonates(LUID& logon) = 0;
    // The descriptor of a new object, from the one given (may be null), the directory's (may be null) and the
    // creator's token.
    virtual NTSTATUS assign(PVOID object, PVOID directory, const void* given, KPROCESSOR_MODE mode) = 0;
    // SeCreateAccessState and SeDeleteAccessState.
    virtual void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired,
                              const GENERIC_MAPPING& mapping) = 0;
    virtual void end_access(ACCESS_STATE& state) = 0;

  protected:
    ~AccessPolicy() = default;
};
void set_access_policy(AccessPolicy* policy);
NTSTATUS check_access(PVOID object, ACCESS_MASK desired, KPROCESSOR_MODE mode, ACCESS_MASK* granted);
NTSTATUS check_creator(PVOID object, ACCESS_MASK desired, KPROCESSOR_MODE mode, ACCESS_MASK* granted);
bool bypasses_traverse();
bool creates_global();
bool impersonates(LUID& logon);
// Done by insert(); for objects that do not go through it. An object without a name gets a descriptor only if
// one is given or its type requires one.
NTSTATUS assign_security(PVOID object, const void* given, KPROCESSOR_MODE mode);
void begin_access(ACCESS_STATE& state, void* auxiliary, ACCESS_MASK desired, const GENERIC_MAPPING& mapping);
void end_access(ACCESS_STATE& state);
ACCESS_MASK map_generic(ACCESS_MASK desired, const GENERIC_MAPPING& mapping);

} // namespace nt::ob
