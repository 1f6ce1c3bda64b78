// Threads by handle: what CreateThread, ExitThread, ResumeThread and GetExitCodeThread use.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/groups.h"
#include "kernel/exports/information_classes.h"
#include "kernel/exports/open_by_id.h"
#include "kernel/exports/priorities.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/suspend.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"

using namespace nt;
using exports::write_parameter;

namespace {

constexpr ULONG create_suspended = 0x1, skip_attach = 0x2, hide_from_debugger = 0x4;

NTSTATUS reference(HANDLE handle, ACCESS_MASK desired, ke::Thread*& thread) {
    PVOID body;
    const NTSTATUS s =
        ob::reference_by_handle(handle, desired, ps::thread_type, exports::previous_mode(), &body, nullptr);
    thread = static_cast<ke::Thread*>(body);
    return s;
}

// PS_ATTRIBUTE_LIST: a total length, then entries. The client id and the TEB's address are told; the rest is
// refused.
struct PS_ATTRIBUTE {
    ULONG_PTR Attribute;
    SIZE_T Size;
    PVOID Value;
    SIZE_T* ReturnLength;
};
constexpr ULONG_PTR attribute_client_id = 0x10003, attribute_teb_address = 0x10004;

NTSTATUS answer_attributes(const void* list, const ke::Thread& thread) {
    if (!list) return STATUS_SUCCESS;
    const auto* at = static_cast<const UCHAR*>(list);
    SIZE_T total;
    if (!exports::copy_in(&total, at, sizeof total)) return STATUS_ACCESS_VIOLATION;
    if (total < sizeof total || (total - sizeof total) % sizeof(PS_ATTRIBUTE))
        return STATUS_INVALID_PARAMETER;
    for (SIZE_T i = sizeof total; i < total; i += sizeof(PS_ATTRIBUTE)) {
        PS_ATTRIBUTE a;
        if (!exports::copy_in(&a, at + i, sizeof a)) return STATUS_ACCESS_VIOLATION;
        const ULONG_PTR teb = thread.teb;
        const bool id = a.Attribute == attribute_client_id;
        if (!id && a.Attribute != attribute_teb_address) return STATUS_NOT_SUPPORTED;
        const SIZE_T size = id ? sizeof thread.Cid : sizeof teb;
        if (a.Size < size) return STATUS_INVALID_PARAMETER;
        if (!exports::copy_out(a.Value, id ? static_cast<const void*>(&thread.Cid) : &teb, size))
            return STATUS_ACCESS_VIOLATION;
        if (a.ReturnLength && !write_parameter(a.ReturnLength, size)) return STATUS_ACCESS_VIOLATION;
    }
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NtCreateThreadEx(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                     HANDLE process, PVOID start, PVOID argument, ULONG flags, SIZE_T,
                                     SIZE_T commit, SIZE_T reserve, PVOID attribute_list) {
    if (flags & ~(create_suspended | skip_attach | hide_from_debugger)) return STATUS_INVALID_PARAMETER;
    ob::Attributes given;
    NTSTATUS status = given.capture(attributes, exports::previous_mode());
    if (!NT_SUCCESS(status)) return status;
    if (given.name.Length) return STATUS_NOT_SUPPORTED; // assumed: threads have no names
    PVOID owner;
    status =
        ob::reference_by_handle(process, 0x2, ps::process_type, exports::previous_mode(), &owner, nullptr);
    if (!NT_SUCCESS(status)) return status;
    auto made = ps::create_process_thread(*static_cast<EPROCESS*>(owner),
                                          {.start = reinterpret_cast<ULONG_PTR>(start),
                                           .argument = reinterpret_cast<ULONG_PTR>(argument),
                                           .stack_reserve = reserve,
                                           .stack_commit = commit,
                                           .security_descriptor = given.security_descriptor,
                                           .mode = exports::previous_mode()});
    ob::dereference(owner);
    if (!made) return made.error();
    if (status = answer_attributes(attribute_list, **made); !NT_SUCCESS(status)) {
        ps::terminate_thread(**made, status);
        ob::dereference(*made);
        return status;
    }
    auto result = ob::handle_for_creator(*made, given.attributes, desired, exports::previous_mode());
    status = !result                            ? result.error()
             : write_parameter(handle, *result) ? STATUS_SUCCESS
                                                : STATUS_ACCESS_VIOLATION;
    if (flags & hide_from_debugger)
        (*made)->CrossThreadFlags = (*made)->CrossThreadFlags | exports::hidden_from_debugger;
    if (result)
        ps::begin_thread(**made, flags & create_suspended);
    else
        ps::terminate_thread(**made, status);
    ob::dereference(*made);
    return status;
}
GATE(NtCreateThreadEx);

extern "C" NTSTATUS NtTerminateThread(HANDLE handle, NTSTATUS exit_status) {
    ke::Thread* thread = &ke::current_thread();
    if (handle) {
        if (const NTSTATUS status = reference(handle, 0x1, thread); !NT_SUCCESS(status)) return status;
        ob::dereference(thread); // it is alive while it is in the list
    }
    if (thread == &ke::current_thread()) ps::exit_thread(exit_status);
    ps::terminate_thread(*thread, exit_status);
    return STATUS_SUCCESS;
}
GATE(NtTerminateThread);

extern "C" NTSTATUS NtResumeThread(HANDLE handle, ULONG* previous) {
    ke::Thread* thread;
    if (const NTSTATUS status = reference(handle, 0x2, thread); !NT_SUCCESS(status)) return status;
    const ULONG count = ps::resume_thread(*thread);
    ob::dereference(thread);
    return !previous || write_parameter(previous, count) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtResumeThread);

// A thread that suspends itself comes back from here when it is resumed.
extern "C" NTSTATUS NtSuspendThread(HANDLE handle, ULONG* previous) {
    exports::TargetThread thread(handle, 0x2);
    if (!NT_SUCCESS(thread.status)) return thread.status;
    ULONG count;
    const NTSTATUS status = ke::suspend_thread(*thread, count);
    if (!NT_SUCCESS(status)) return status;
    return !previous || write_parameter(previous, count) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtSuspendThread);

// By thread id, as NtOpenProcess.
extern "C" NTSTATUS NtOpenThread(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                 const CLIENT_ID* id) {
    CLIENT_ID wanted;
    if (!id) return STATUS_INVALID_PARAMETER_MIX;
    if (!exports::read_parameter(id, wanted)) return STATUS_ACCESS_VIOLATION;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    ob::Attributes captured;
    if (const NTSTATUS status = captured.capture(attributes, mode); !NT_SUCCESS(status)) return status;
    if (captured.name.Length) return STATUS_INVALID_PARAMETER_MIX;
    ke::Thread* thread = ps::find_thread(reinterpret_cast<ULONG_PTR>(wanted.UniqueThread));
    if (!thread || (wanted.UniqueProcess && wanted.UniqueProcess != thread->Cid.UniqueProcess))
        return STATUS_INVALID_CID;
    return exports::open_by_id(thread, ps::thread_type, desired, captured.attributes, handle);
}
GATE(NtOpenThread);

extern "C" ULONG NtGetCurrentProcessorNumber() { return ke::current_processor_number(); }
GATE(NtGetCurrentProcessorNumber);

extern "C" ULONG NtGetCurrentProcessorNumberEx(PROCESSOR_NUMBER* number) {
    const ULONG index = ke::current_processor_number();
    if (number) write_parameter(number, exports::processor_number_of(index));
    return index;
}
GATE(NtGetCurrentProcessorNumberEx);
