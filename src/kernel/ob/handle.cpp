#include "kernel/ob/handle.h"
#include "abi/se.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/callbacks.h"
#include "kernel/ob/held.h"
#include "kernel/ob/namespace.h"
#include "trace/trace.h"

namespace nt::ob {

HandleTable* kernel_table;
PVOID remembered_process; // whose table is `remembered_table`
HandleTable* remembered_table;

namespace {

ProcessHooks hooks;

constexpr ULONG_PTR current_process_handle = ~ULONG_PTR{0};
constexpr ULONG_PTR current_thread_handle = ~ULONG_PTR{1};

constexpr bool is_kernel_handle(ULONG_PTR value) {
    return (value & kernel_handle_bits) == kernel_handle_bits;
}

// NtCurrentProcess() and NtCurrentThread(): objects with every right.
NTSTATUS reference_pseudo(ULONG_PTR value, OBJECT_TYPE* type, PVOID* object,
                          OBJECT_HANDLE_INFORMATION* info) {
    const bool process = value == current_process_handle;
    OBJECT_TYPE** slot = process ? hooks.process_type : hooks.thread_type;
    if (!slot || !*slot) return STATUS_INVALID_HANDLE;
    if (type && type != *slot) return STATUS_OBJECT_TYPE_MISMATCH;
    ke::Thread& thread = ke::current_thread();
    *object = process ? thread.process : static_cast<PVOID>(&thread);
    if (!*object) return STATUS_INVALID_HANDLE;
    reference(*object);
    if (info) *info = {0, process ? PROCESS_ALL_ACCESS : THREAD_ALL_ACCESS};
    return STATUS_SUCCESS;
}

// The System process has the kernel's table.
EPROCESS* process_of(const HandleTable& table) { return table.owner() ? table.owner() : system_process(); }

// Table and value of a handle in the caller's context; null: cannot be one.
HandleTable* table_for(HANDLE handle, KPROCESSOR_MODE mode, ULONG_PTR& value) {
    value = reinterpret_cast<ULONG_PTR>(handle);
    if (is_kernel_handle(value)) {
        if (mode != KernelMode) return nullptr;
        value &= ~kernel_handle_bits;
        return kernel_table;
    }
    return current_table();
}

} // namespace

void set_process_hooks(const ProcessHooks& h) { hooks = h; }
const ProcessHooks& process_hooks() { return hooks; }
EPROCESS* system_process() { return hooks.system_process ? *hooks.system_process : nullptr; }
EPROCESS* current_program() {
    if (!hooks.system_process || !ke::pcr_address) return nullptr;
    const auto thread = reinterpret_cast<ULONG_PTR>(&ke::current_thread());
    auto* process =
        thread ? static_cast<EPROCESS*>(reinterpret_cast<const ke::Thread*>(thread)->process) : nullptr;
    return process == *hooks.system_process ? nullptr : process;
}

HandleTable* current_table() {
    PVOID process = ke::current_thread().process;
    if (process == remembered_process && remembered_table) [[likely]]
        return remembered_table;
    auto* table = process ? static_cast<HandleTable*>(static_cast<EPROCESS*>(process)->ObjectTable) : nullptr;
    if (!table) table = kernel_table; // the System process, and the time before there is one
    remembered_process = process;
    remembered_table = table;
    return table;
}

void forget_table(const HandleTable* table) {
    if (remembered_table == table) remembered_table = nullptr;
    if (kernel_table == table) kernel_table = nullptr;
}

HandleEntry* find_handle_slowly(ULONG_PTR given, KPROCESSOR_MODE mode) {
    ULONG_PTR value;
    HandleTable* table = table_for(reinterpret_cast<HANDLE>(given), mode, value);
    return table ? table->find(value) : nullptr;
}

namespace {

// A handle whose type drivers watch.
struct NewHandle {
    HandleTable& table;
    PVOID object;
    ULONG attributes;
    OpenedBy by;
    static Result<HANDLE> make(void* context, ACCESS_MASK access) {
        const auto& h = *static_cast<const NewHandle*>(context);
        return create_handle_in(h.table, h.object, access, h.attributes, h.by);
    }
};

Result<HANDLE> create_opened_handle(PVOID object, ACCESS_MASK access, ULONG attributes, bool may_restrict,
                                    OpenedBy by) {
    const bool kernel = attributes & OBJ_KERNEL_HANDLE;
    HandleTable& table = *(kernel ? kernel_table : current_table());
    if (!is_watched(type_of(object))) [[likely]]
        return create_handle_in(table, object, access, attributes, by);
    NewHandle handle{table, object, attributes, by};
    return make_watched({OB_OPERATION_HANDLE_CREATE, &table == kernel_table, may_restrict, object, access},
                        NewHandle::make, &handle);
}

// ntdef page ns-ntdef-_object_attributes: an exclusive object is for the process that has handles to it; who
// asks for exclusive access gets it only of such an object. assumed: the statuses.
NTSTATUS claim(OBJECT_HEADER* header, PVOID object, const EPROCESS* process, ULONG attributes) {
    if (attributes & OBJ_EXCLUSIVE)
        if (!(header->Flags & OB_FLAG_EXCLUSIVE_OBJECT) || (attributes & OBJ_INHERIT))
            return STATUS_INVALID_PARAMETER;
    if (!(header->Flags & OB_FLAG_EXCLUSIVE_OBJECT)) return STATUS_SUCCESS;
    OBJECT_HEADER_PROCESS_INFO* info = process_info(object);
    if (header->HandleCount && info->ExclusiveProcess != process) return STATUS_ACCESS_DENIED;
    info->ExclusiveProcess = const_cast<EPROCESS*>(process);
    return STATUS_SUCCESS;
}

} // namespace

Result<HANDLE> create_handle(PVOID object, ACCESS_MASK access, ULONG attributes) {
    return create_opened_handle(object, access, attributes, !(attributes & OBJ_KERNEL_HANDLE), {});
}

namespace {

// With its first handle an object is charged to the process that made it, if that is not System.
NTSTATUS charge(PVOID object) {
    OBJECT_HEADER* header = header_of(object);
    const OBJECT_HEADER_QUOTA_INFO* info = quota_info(object);
    if (!info || header->QuotaBlockCharged || !hooks.charge) return STATUS_SUCCESS;
    return hooks.charge(info->PagedPoolCharge, info->NonPagedPoolCharge, &header->QuotaBlockCharged);
}

// One more handle, of which the type's open procedure knows, in the counts of the object.
NTSTATUS begin_handle(PVOID object, const Opening& how) {
    if (const NTSTATUS status = charge(object); !NT_SUCCESS(status)) return status;
    if (const NTSTATUS status = count_handle(object, how.process); !NT_SUCCESS(status)) return status;
    auto* open = procedures_of(type_of(object)).open;
    if (!open) [[likely]]
        return STATUS_SUCCESS;
    struct Counted {
        PVOID object;
        EPROCESS* process;
        static void end(void* c) {
            uncount_handle(static_cast<Counted*>(c)->object, static_cast<Counted*>(c)->process);
        }
    } counted{object, how.process};
    const seh::Unfinished raised(Counted::end, &counted);
    const NTSTATUS status = open(object, how);
    if (!NT_SUCCESS(status)) Counted::end(&counted);
    return status;
}
// It is in its table.
void finish_handle(PVOID object) {
    OBJECT_HEADER* header = header_of(object);
    OBJECT_TYPE* type = type_of(object);
    ++header->PointerCount;
    ++header->HandleCount;
    if (++type->TotalNumberOfHandles > type->HighWaterNumberOfHandles)
        type->HighWaterNumberOfHandles = type->TotalNumberOfHandles;
}

} // namespace

// "A handle that has the PROCESS_QUERY_INFORMATION access right is automatically granted
// PROCESS_QUERY_LIMITED_INFORMATION"; the same of threads, and of setting.
static ACCESS_MASK with_limited(const OBJECT_TYPE* type, ACCESS_MASK access) {
    if (hooks.process_type && type == *hooks.process_type)
        return access | (access & 0x400) << 2 | (access & 0x200) << 4;
    if (hooks.thread_type && type == *hooks.thread_type) return access | (access & 0x60) << 5;
    return access;
}

Result<HANDLE> create_handle_in(HandleTable& table, PVOID object, ACCESS_MASK access, ULONG attributes,
                                OpenedBy by) {
    OBJECT_HEADER* header = header_of(object);
    OBJECT_TYPE* type = type_of(object);
    access = with_limited(type, access);
    if (header->Flags & OB_FLAG_EXCLUSIVE_OBJECT || attributes & OBJ_EXCLUSIVE) [[unlikely]]
        if (const NTSTATUS status = claim(header, object, table.owner(), attributes); !NT_SUCCESS(status))
            return fail(status);
    if (const NTSTATUS status = begin_handle(object, {by.reason, by.mode, process_of(table), &access});
        !NT_SUCCESS(status))
        return fail(status);
    ULONG_PTR value = table.allocate(header, access, attributes & (OBJ_INHERIT | handle_protected));
    if (!value) {
        uncount_handle(object, process_of(table));
        return fail(STATUS_INSUFFICIENT_RESOURCES);
    }
    finish_handle(object);
    if (&table == kernel_table) value |= kernel_handle_bits;
    if (trace::on) [[unlikely]]
        trace::emit_handle_created(value, object, access, type->Name, name_of(object));
    return reinterpret_cast<HANDLE>(value);
}

Result<HANDLE> open_by_pointer(PVOID object, ULONG attributes, ACCESS_STATE* access, ACCESS_MASK desired,
                               OBJECT_TYPE* type, KPROCESSOR_MODE mode) {
    if (type_of(object) != type && (type || mode != KernelMode)) return fail(STATUS_OBJECT_TYPE_MISMATCH);
    if (access) desired = access->RemainingDesiredAccess;
    ACCESS_MASK granted = 0;
    const KPROCESSOR_MODE check = attributes & OBJ_FORCE_ACCESS_CHECK ? KPROCESSOR_MODE(UserMode) : mode;
    if (desired || !access || !access->PreviouslyGrantedAccess)
        if (const NTSTATUS status = check_access(object, desired, check, &granted); !NT_SUCCESS(status))
            return fail(status);
    if (access) granted |= access->PreviouslyGrantedAccess;
    if (mode != KernelMode) attributes &= ~OBJ_KERNEL_HANDLE;
    // "If AccessMode is KernelMode, the system always allows the requested access" (ObOpenObjectByPointer).
    return create_opened_handle(object, granted, attributes, mode != KernelMode, {ObOpenHandle, mode});
}

Result<HANDLE> handle_for_creator(PVOID object, ULONG attributes, ACCESS_MASK desired, KPROCESSOR_MODE mode) {
    ACCESS_MASK granted;
    if (const NTSTATUS status = check_creator(object, desired, mode, &granted); !NT_SUCCESS(status))
        return fail(status);
    if (mode != KernelMode) attributes &= ~OBJ_KERNEL_HANDLE;
    return create_opened_handle(object, granted, attributes, !(attributes & OBJ_KERNEL_HANDLE),
                                {ObCreateHandle, mode});
}

NTSTATUS reference_by_handle(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type, KPROCESSOR_MODE mode,
                             PVOID* object, OBJECT_HANDLE_INFORMATION* info) {
    *object = nullptr;
    const ULONG_PTR raw = reinterpret_cast<ULONG_PTR>(handle);
    if (raw == current_process_handle || raw == current_thread_handle)
        return reference_pseudo(raw, type, object, info);
    ULONG_PTR value;
    HandleTable* table = table_for(handle, mode, value);
    HandleEntry* entry = table ? table->find(value) : nullptr;
    if (!entry) return STATUS_INVALID_HANDLE;
    PVOID body = body_of(entry->object);
    if (type && type_of(body) != type) return STATUS_OBJECT_TYPE_MISMATCH;
    if (mode != KernelMode && (desired & ~entry->access)) return STATUS_ACCESS_DENIED;
    if (info) *info = {entry->attributes & (OBJ_INHERIT | handle_protected), entry->access};
    ++entry->object->PointerCount;
    *object = body;
    return STATUS_SUCCESS;
}

NTSTATUS close_handle(HANDLE handle, KPROCESSOR_MODE mode) {
    const ULONG_PTR raw = reinterpret_cast<ULONG_PTR>(handle);
    // Closing NtCurrentProcess() or NtCurrentThread() does nothing, as on Windows.
    if (raw == current_process_handle || raw == current_thread_handle) return STATUS_SUCCESS;
    ULONG_PTR value;
    HandleTable* table = table_for(handle, mode, value);
    if (!table) return STATUS_INVALID_HANDLE;
    return close_handle_in(*table, value, mode);
}

// What a handle had. The close procedure may have run drivers; the count says again whether it was the last.
static void end_handle(PVOID object) {
    const OBJECT_HEADER* header = header_of(object);
    if (header->HandleCount == 0 && !(header->Flags & OB_FLAG_PERMANENT_OBJECT))
        remove_from_directory(object);
    dereference(object);
}

NTSTATUS close_handle_in(HandleTable& table, ULONG_PTR value, KPROCESSOR_MODE mode, bool rundown) {
    HandleEntry* entry = table.find(value);
    if (!entry) return STATUS_INVALID_HANDLE;
    OBJECT_HEADER* header = entry->object;
    PVOID object = body_of(header);
    OBJECT_TYPE* type = type_of(object);
    if (entry->attributes & handle_protected) return STATUS_HANDLE_NOT_CLOSABLE;
    const ULONG_PTR shown = &table == kernel_table ? value | kernel_handle_bits : value;
    const Procedures& procedures = procedures_of(type);
    if (procedures.okay_to_close) {
        reference(object);
        const Held held(object);
        const bool okay =
            procedures.okay_to_close(object, table.owner(), reinterpret_cast<HANDLE>(shown), mode);
        entry = table.find(value); // somebody else may have closed it meanwhile
        const bool there = entry && entry->object == header;
        if (!there) return STATUS_INVALID_HANDLE;
        if (!okay && !rundown) return STATUS_HANDLE_NOT_CLOSABLE;
    }
    const ACCESS_MASK access = entry->access;
    table.free(value);
    if (trace::on) [[unlikely]]
        trace::emit_handle_closed(shown, object);
    uncount_handle(object, process_of(table));
    const LONG64 left = --header->HandleCount;
    --type->TotalNumberOfHandles;
    if (left == 0 && header->Flags & OB_FLAG_EXCLUSIVE_OBJECT)
        process_info(object)->ExclusiveProcess = nullptr;
    if (procedures.close) {
        const seh::Unfinished raised(end_handle, object);
        procedures.close(object, table.owner(), access, left);
    }
    end_handle(object);
    return STATUS_SUCCESS;
}

NTSTATUS set_handle_flags(HANDLE handle, const OBJECT_HANDLE_FLAG_INFORMATION& flags, KPROCESSOR_MODE mode) {
    HandleEntry* entry = find_handle(handle, mode);
    if (!entry) return STATUS_INVALID_HANDLE;
    entry->attributes = (flags.Inherit ? OBJ_INHERIT : 0) | (flags.ProtectFromClose ? handle_protected : 0);
    return STATUS_SUCCESS;
}

Result<HANDLE> duplicate_handle(const Duplicate& what) {
    const ULONG_PTR raw = reinterpret_cast<ULONG_PTR>(what.source);
    const bool pseudo = raw == current_process_handle || raw == current_thread_handle;
    const bool from_kernel = !pseudo && is_kernel_handle(raw);
    if (from_kernel && what.mode != KernelMode) return fail(STATUS_INVALID_HANDLE);
    HandleTable& source_table = from_kernel ? *kernel_table : *what.source_table;
    PVOID object;
    ACCESS_MASK had;
    ULONG attributes = what.attributes;
    if (pseudo) {
        OBJECT_HANDLE_INFORMATION info;
        if (const NTSTATUS status = reference_pseudo(raw, nullptr, &object, &info); !NT_SUCCESS(status))
            return fail(status);
        had = info.GrantedAccess;
    } else {
        HandleEntry* entry = source_table.find(raw & ~(from_kernel ? kernel_handle_bits : 0));
        if (!entry) return fail(STATUS_INVALID_HANDLE);
        object = body_of(entry->object);
        reference(object);
        had = entry->access;
        if (what.options & DUPLICATE_SAME_ATTRIBUTES)
            attributes = entry->attributes & (OBJ_INHERIT | handle_protected);
    }
    const Held held(object);
    Result<HANDLE> result = HANDLE(nullptr);
    if (what.target_table) {
        ACCESS_MASK access = had;
        if (!(what.options & DUPLICATE_SAME_ACCESS)) {
            const OBJECT_TYPE* type = type_of(object);
            access = map_generic(what.desired, type->TypeInfo.GenericMapping);
            // More than the source has needs a check of its own.
            if (access & ~had)
                if (const NTSTATUS status = check_access(object, access, what.mode, &access);
                    !NT_SUCCESS(status))
                    result = fail(status);
        }
        if (result && is_watched(type_of(object))) {
            NewHandle handle{*what.target_table, object, attributes, {ObDuplicateHandle, what.mode}};
            result = make_watched({OB_OPERATION_HANDLE_DUPLICATE, what.target_table == kernel_table,
                                   what.mode != KernelMode, object, access, process_of(source_table),
                                   process_of(*what.target_table)},
                                  NewHandle::make, &handle);
        } else if (result)
            result = create_handle_in(*what.target_table, object, access, attributes,
                                      {ObDuplicateHandle, what.mode});
    }
    // The source is closed whatever happened, as documented.
    if (what.options & DUPLICATE_CLOSE_SOURCE && !pseudo)
        close_handle_in(source_table, raw & ~(from_kernel ? kernel_handle_bits : 0), what.mode);
    return result;
}

// STATUS_SUCCESS too where the type's open procedure does not want the handle, and for an exclusive object,
// to which "no other processes can open handles" (ntdef page ns-ntdef-_object_attributes).
static NTSTATUS copy_handle(ULONG_PTR value, const HandleEntry& entry, HandleTable& child) {
    if (entry.object->Flags & OB_FLAG_EXCLUSIVE_OBJECT) return STATUS_SUCCESS;
    PVOID object = body_of(entry.object);
    HandleEntry copy = entry;
    reference(object); // the parent's handle may be closed while the procedure runs
    if (!NT_SUCCESS(begin_handle(object, {ObInheritHandle, KernelMode, child.owner(), &copy.access}))) {
        dereference(object);
        return STATUS_SUCCESS;
    }
    const bool made = child.allocate_at(value, copy);
    if (made)
        finish_handle(object);
    else
        uncount_handle(object, child.owner());
    if (made && trace::on) [[unlikely]]
        trace::emit_handle_created(value, object, copy.access, type_of(object)->Name, name_of(object));
    dereference(object);
    return made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS inherit_handles(HandleTable& parent, HandleTable& child) {
    struct Copy {
        HandleTable& child;
        NTSTATUS status;
    } copy{child, STATUS_SUCCESS};
    parent.for_each(
        [](void* context, ULONG_PTR value, const HandleEntry& entry) {
            auto& c = *static_cast<Copy*>(context);
            if ((entry.attributes & OBJ_INHERIT) && NT_SUCCESS(c.status))
                c.status = copy_handle(value, entry, c.child);
        },
        &copy);
    return copy.status;
}

NTSTATUS inherit_handle(HandleTable& parent, HandleTable& child, ULONG_PTR value) {
    const HandleEntry* entry = parent.find(value);
    if (!entry || !(entry->attributes & OBJ_INHERIT)) return STATUS_INVALID_PARAMETER;
    return child.find(value) ? STATUS_SUCCESS : copy_handle(value, *entry, child);
}

} // namespace nt::ob
