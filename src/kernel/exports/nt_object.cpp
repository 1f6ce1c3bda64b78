// Handles and objects by handle: ntifs pages nf-ntifs-ntclose, nf-ntifs-zwduplicateobject.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/exports/capture.h"
#include "kernel/ke/report.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process_body.h"
#include "kernel/se/subject.h"
#include <cstring>

using namespace nt;
using exports::previous_mode;
using exports::write_parameter;

// "Only invalid or protected handles passed to NtClose will cause this bugcheck": INVALID_KERNEL_HANDLE. Of a
// kernel handle "ZwClose(hObject) … has the same effect as the call ObCloseHandle(hObject, KernelMode)".
static NTSTATUS close(HANDLE handle, KPROCESSOR_MODE mode) {
    const NTSTATUS status = ob::close_handle(handle, mode);
    if (NT_SUCCESS(status) || mode != KernelMode) [[likely]]
        return status;
    const bool invalid = status != STATUS_HANDLE_NOT_CLOSABLE;
    const ob::HandleEntry* entry = invalid ? nullptr : ob::find_handle(handle, KernelMode);
    if (entry && !(entry->attributes & ob::handle_protected)) return status; // its type has refused
    NT_REPORT("InvalidKernelHandle",
              (ke::WouldStop{INVALID_KERNEL_HANDLE, {reinterpret_cast<ULONG_PTR>(handle), invalid}}),
              "closes the %s handle %p", invalid ? "invalid" : "protected", handle);
    return status;
}
extern "C" NTSTATUS NtClose(HANDLE handle) { return close(handle, previous_mode()); }
GATE(NtClose);
extern "C" NTSTATUS ObCloseHandle(HANDLE handle, KPROCESSOR_MODE mode) { return close(handle, mode); }
GATE(ObCloseHandle);

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
    ob::HandleTable* table() const { return static_cast<ob::HandleTable*>(process->ObjectTable); }
    // Its handles are closed or being closed: nobody would close another one.
    bool has_ended() const {
        return !table() || (ps::body(process).terminating && process->ActiveThreads == 0);
    }
};

} // namespace

extern "C" NTSTATUS NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process,
                                      HANDLE* target, ACCESS_MASK desired, ULONG attributes, ULONG options) {
    const KPROCESSOR_MODE mode = previous_mode();
    ProcessReference from, to;
    // The answer's place is looked at before anything is done.
    if (target && !write_parameter(target, nullptr)) return STATUS_ACCESS_VIOLATION;
    if (const NTSTATUS status = process_by_handle(source_process, &from.process); !NT_SUCCESS(status))
        return status;
    if (!from.process) return STATUS_INVALID_HANDLE;
    NTSTATUS status = process_by_handle(target_process, &to.process);
    if (NT_SUCCESS(status) && (from.has_ended() || (to.process && to.has_ended())))
        status = STATUS_PROCESS_IS_TERMINATING;
    if (!NT_SUCCESS(status)) {
        // "This occurs regardless of any error status returned."
        if ((options & DUPLICATE_CLOSE_SOURCE) && !from.has_ended())
            static_cast<void>(
                ob::duplicate_handle({from.table(), source, nullptr, desired, attributes, options, mode}));
        return status;
    }
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

extern "C" NTSTATUS NtSetInformationObject(HANDLE handle, ULONG info_class, PVOID buffer, ULONG length) {
    if (info_class != ObjectHandleFlagInformation) return STATUS_INVALID_INFO_CLASS;
    OBJECT_HANDLE_FLAG_INFORMATION flags;
    if (length != sizeof flags) return STATUS_INFO_LENGTH_MISMATCH;
    if (!exports::read_parameter(static_cast<OBJECT_HANDLE_FLAG_INFORMATION*>(buffer), flags))
        return STATUS_ACCESS_VIOLATION;
    return ob::set_handle_flags(handle, flags, previous_mode());
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

// assumed: any handle will do for one who holds SeCreatePermanentPrivilege.
extern "C" NTSTATUS NtMakePermanentObject(HANDLE handle) {
    if (!se::check_privilege(SE_CREATE_PERMANENT_PRIVILEGE, previous_mode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    PVOID object;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, 0, nullptr, previous_mode(), &object, nullptr);
        !NT_SUCCESS(status))
        return status;
    ob::make_permanent(object);
    ob::dereference(object);
    return STATUS_SUCCESS;
}
GATE(NtMakePermanentObject);

// win32 page nf-handleapi-compareobjecthandles: "only compares the object, not the access".
extern "C" NTSTATUS NtCompareObjects(HANDLE first, HANDLE second) {
    PVOID a, b;
    if (const NTSTATUS status = ob::reference_by_handle(first, 0, nullptr, previous_mode(), &a, nullptr);
        !NT_SUCCESS(status))
        return status;
    const NTSTATUS status = ob::reference_by_handle(second, 0, nullptr, previous_mode(), &b, nullptr);
    const bool same = NT_SUCCESS(status) && a == b;
    ob::dereference(a);
    if (!NT_SUCCESS(status)) return status;
    ob::dereference(b);
    return same ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
}
GATE(NtCompareObjects);
