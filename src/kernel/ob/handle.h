// Handles. A table is a growing array of pages of entries: value / 4 is the index, so looking one up is two
// loads whatever the number of handles. Freed entries are reused last in, first out. Entry 0 of each page is
// not given out (as on Windows). Handles of the kernel's table have the upper bits set (0xffffffff80000000 +
// value); they are valid in every process, but only for kernel-mode callers.
#pragma once
#include "kernel/ke/thread.h"
#include "kernel/ob/object.h"

namespace nt {
struct ETHREAD;
}

namespace nt::ob {

struct HandleEntry {
    OBJECT_HEADER* object; // null: free
    union {
        ACCESS_MASK access;
        ULONG next_free;
    };
    ULONG attributes; // OBJ_INHERIT, handle_protected
    ULONG_PTR opener; // return address of the driver's call that made the handle, or 0
};
inline constexpr ULONG handle_protected = OBJ_PROTECT_CLOSE;
inline constexpr ULONG_PTR kernel_handle_bits = 0xffff'ffff'8000'0000;
inline constexpr ULONG handles_per_page = 256;
inline constexpr ULONG max_handles = 1 << 24;

class HandleTable {
  public:
    static HandleTable* create(EPROCESS* owner); // owner null: the kernel's
    // Closes every handle (NT: process rundown); the table stays usable and empty.
    void close_all();
    static void destroy(HandleTable* table);

    // Null: no such handle. Tag bits (the lowest two) are ignored.
    HandleEntry* find(ULONG_PTR value) {
        const ULONG_PTR index = value >> 2;
        if (index >= capacity_) [[unlikely]]
            return nullptr;
        HandleEntry* entry = &pages_[index / handles_per_page][index % handles_per_page];
        return entry->object ? entry : nullptr;
    }
    // 0: the table is full.
    ULONG_PTR allocate(OBJECT_HEADER* object, ACCESS_MASK access, ULONG attributes);
    // A given value (inheritance). False: taken, or no memory.
    bool allocate_at(ULONG_PTR value, const HandleEntry& copy);
    void free(ULONG_PTR value);
    ULONG count() const { return count_; }
    EPROCESS* owner() const { return owner_; }
    // In ascending order; the visitor must not change the table.
    void for_each(void (*visit)(void* context, ULONG_PTR value, const HandleEntry& entry),
                  void* context) const;
    // The entries that no handle uses, for !handle.
    void for_each_free(void (*visit)(void* context, ULONG_PTR value, const HandleEntry& entry),
                       void* context) const;

    HandleTable() = default; // use create()

  private:
    bool grow();
    HandleEntry** pages_ = nullptr;
    ULONG capacity_ = 0; // entries in existing pages
    ULONG page_room_ = 0;
    ULONG count_ = 0;
    ULONG first_free_ = 0;
    EPROCESS* owner_ = nullptr;
};

extern HandleTable* kernel_table;
// Table of the current process (EPROCESS.ObjectTable), remembered from the last time it was asked for.
extern PVOID remembered_process;
extern HandleTable* remembered_table;
HandleTable* current_table();
void forget_table(const HandleTable* table); // it is going away

// What the open procedure of a type is told.
struct OpenedBy {
    OB_OPEN_REASON reason = ObOpenHandle;
    KPROCESSOR_MODE mode = KernelMode;
};
// A handle to an object; takes a reference of its own. attributes: OBJ_KERNEL_HANDLE, OBJ_INHERIT,
// OBJ_EXCLUSIVE. `access` is what is granted, already decided. Calls the type's open procedure.
Result<HANDLE> create_handle(PVOID object, ACCESS_MASK access, ULONG attributes);
Result<HANDLE> create_handle_in(HandleTable& table, PVOID object, ACCESS_MASK access, ULONG attributes,
                                OpenedBy by = {});

// ObOpenObjectByPointer: checks the access first. STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED.
Result<HANDLE> open_by_pointer(PVOID object, ULONG attributes, ACCESS_STATE* access, ACCESS_MASK desired,
                               OBJECT_TYPE* type, KPROCESSOR_MODE mode);

// The handle of whoever has just made the object: the access is not a matter of its descriptor.
Result<HANDLE> handle_for_creator(PVOID object, ULONG attributes, ACCESS_MASK desired, KPROCESSOR_MODE mode);

// Handles that a process (null: System) has to an object whose type maintains these counts; else 0.
ULONG handles_of(PVOID object, EPROCESS* process);
NTSTATUS count_handle(PVOID object, EPROCESS* process); // detail, as the next two
void uncount_handle(PVOID object, EPROCESS* process);
void forget_handle_counts(PVOID object);

// ObReferenceObjectByHandle. NtCurrentProcess() and NtCurrentThread() are understood.
// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED. `info` may be null.
NTSTATUS reference_by_handle(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                             PVOID* object, OBJECT_HANDLE_INFORMATION* info);

// The entry behind a handle in the caller's context: no reference is taken, no access is checked. Hot path of
// the I/O services.
HandleEntry* find_handle_slowly(ULONG_PTR value, KPROCESSOR_MODE mode);
inline HandleEntry* find_handle(HANDLE handle, KPROCESSOR_MODE mode) {
    const auto value = reinterpret_cast<ULONG_PTR>(handle);
    // A kernel handle is far beyond any table, so it takes the slow way too.
    if (ke::current_thread().process == remembered_process && remembered_table) [[likely]]
        if (HandleEntry* entry = remembered_table->find(value)) [[likely]]
            return entry;
    return find_handle_slowly(value, mode);
}

// NtClose. STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE.
NTSTATUS close_handle(HANDLE handle, KPROCESSOR_MODE mode);
// `rundown`: its process ends. assumed: a type is asked then, too, but cannot keep the handle.
NTSTATUS close_handle_in(HandleTable& table, ULONG_PTR value, KPROCESSOR_MODE mode, bool rundown = false);

// Inherit, and protection from close. STATUS_INVALID_HANDLE.
NTSTATUS set_handle_flags(HANDLE handle, const OBJECT_HANDLE_FLAG_INFORMATION& flags, KPROCESSOR_MODE mode);

// NtDuplicateObject with process handles resolved. Options: DUPLICATE_*.
struct Duplicate {
    HandleTable* source_table;
    HANDLE source;
    HandleTable* target_table; // null: only close the source
    ACCESS_MASK desired;
    ULONG attributes; // of the new handle
    ULONG options;
    KPROCESSOR_MODE mode;
};
Result<HANDLE> duplicate_handle(const Duplicate& what);

// A new process gets copies of the parent's inheritable handles, at the same values.
NTSTATUS inherit_handles(HandleTable& parent, HandleTable& child);
// One of them (PROC_THREAD_ATTRIBUTE_HANDLE_LIST): STATUS_INVALID_PARAMETER if it is not inheritable.
NTSTATUS inherit_handle(HandleTable& parent, HandleTable& child, ULONG_PTR value);

// What a higher room knows about processes and threads; plugged in by ps.
struct ProcessHooks {
    OBJECT_TYPE** process_type = nullptr; // as PsProcessType
    OBJECT_TYPE** thread_type = nullptr;
    EPROCESS** system_process = nullptr;
    // Charges the running thread's process for an object: what to give back to, null if nothing. Status:
    // STATUS_QUOTA_EXCEEDED.
    NTSTATUS (*charge)(ULONG paged, ULONG nonpaged, PVOID* charged) = nullptr;
    void (*give_back)(PVOID charged, ULONG paged, ULONG nonpaged) = nullptr;
};
void set_process_hooks(const ProcessHooks& hooks);
const ProcessHooks& process_hooks();
EPROCESS* system_process(); // null before there is one
// The process of the running thread, if that is another one.
EPROCESS* current_program();

} // namespace nt::ob
