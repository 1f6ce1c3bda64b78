// Waits by handle: ntifs pages nf-ntifs-zwwaitforsingleobject, nf-ntifs-ntwaitformultipleobjects; Sleep's
// NtDelayExecution.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/sync_objects.h"
#include "kernel/exports/sync_services.h"
#include "kernel/exports/timeout.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/spinning.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/handle.h"
#include "kernel/pool/pool.h"
#include <algorithm>

using namespace nt;
using exports::read_parameter;

namespace {

constexpr ACCESS_MASK synchronize = 0x100000;

// What a handle waits on. `body` is referenced if the status is a success.
NTSTATUS waitable_by_handle(HANDLE handle, PVOID& body, DISPATCHER_HEADER*& header) {
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, synchronize, nullptr, exports::previous_mode(), &body, nullptr);
        !NT_SUCCESS(status))
        return status;
    header = ob::waitable(body);
    if (header) return STATUS_SUCCESS;
    ob::dereference(body);
    return STATUS_OBJECT_TYPE_MISMATCH;
}

// The right that signaling an object takes: win32 page nf-synchapi-signalobjectandwait.
ACCESS_MASK right_to_signal(const OBJECT_TYPE* type) {
    return type == exports::event_type || type == exports::semaphore_type ? exports::modify_state : 0;
}

} // namespace

extern "C" NTSTATUS NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, const LARGE_INTEGER* given) {
    const exports::Timeout timeout(given);
    if (!NT_SUCCESS(timeout.status)) return timeout.status;
    PVOID body;
    DISPATCHER_HEADER* header;
    if (const NTSTATUS status = waitable_by_handle(handle, body, header); !NT_SUCCESS(status)) return status;
    const NTSTATUS status =
        ke::wait_for_single_object(header, UserRequest, exports::previous_mode(), alertable, timeout.use);
    ob::dereference(body);
    return status;
}
GATE(NtWaitForSingleObject);

extern "C" NTSTATUS NtWaitForMultipleObjects(ULONG count, const HANDLE* given_handles, ULONG type,
                                             BOOLEAN alertable, const LARGE_INTEGER* given_timeout) {
    if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) return STATUS_INVALID_PARAMETER_1;
    if (type > WaitAny) return STATUS_INVALID_PARAMETER_3;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    PVOID bodies[MAXIMUM_WAIT_OBJECTS], headers[MAXIMUM_WAIT_OBJECTS];
    if (!exports::copy_in(handles, given_handles, count * sizeof(HANDLE))) return STATUS_ACCESS_VIOLATION;
    const exports::Timeout timeout(given_timeout);
    if (!NT_SUCCESS(timeout.status)) return timeout.status;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG referenced = 0;
    for (; referenced < count; referenced++) {
        DISPATCHER_HEADER* header;
        status = waitable_by_handle(handles[referenced], bodies[referenced], header);
        if (!NT_SUCCESS(status)) break;
        headers[referenced] = header;
    }
    // Waiting for all of two equal objects can never be satisfied.
    for (ULONG i = 0; type == WaitAll && NT_SUCCESS(status) && i < count; i++)
        if (std::find(bodies, bodies + i, bodies[i]) != bodies + i) status = STATUS_INVALID_PARAMETER_MIX;
    if (NT_SUCCESS(status)) {
        KWAIT_BLOCK* blocks = nullptr;
        if (count > THREAD_WAIT_OBJECTS)
            blocks = static_cast<KWAIT_BLOCK*>(
                pool::allocate(pool::Kind::nonpaged, count * sizeof(KWAIT_BLOCK), pool::tag("Wait")));
        status = count > THREAD_WAIT_OBJECTS && !blocks
                     ? static_cast<NTSTATUS>(STATUS_INSUFFICIENT_RESOURCES)
                     : ke::wait_for_multiple_objects(count, headers, static_cast<WAIT_TYPE>(type),
                                                     UserRequest, mode, alertable, timeout.use, blocks);
        if (blocks) pool::release(blocks);
    }
    while (referenced)
        ob::dereference(bodies[--referenced]);
    return status;
}
GATE(NtWaitForMultipleObjects);

extern "C" NTSTATUS NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE object, BOOLEAN alertable,
                                                   const LARGE_INTEGER* given) {
    const exports::Timeout timeout(given);
    if (!NT_SUCCESS(timeout.status)) return timeout.status;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    PVOID body;
    OBJECT_HANDLE_INFORMATION info;
    NTSTATUS status = ob::reference_by_handle(signal, 0, nullptr, mode, &body, &info);
    if (!NT_SUCCESS(status)) return status;
    LONG previous;
    OBJECT_TYPE* type = ob::type_of(body);
    if (mode != KernelMode && (right_to_signal(type) & ~info.GrantedAccess)) status = STATUS_ACCESS_DENIED;
    // Nothing is signaled unless the wait can begin: the processor is held until it does.
    PVOID waited;
    DISPATCHER_HEADER* header;
    if (NT_SUCCESS(status)) status = waitable_by_handle(object, waited, header);
    if (!NT_SUCCESS(status)) {
        ob::dereference(body);
        return status;
    }
    if (type == exports::event_type)
        ke::set_event(*static_cast<KEVENT*>(body), EVENT_INCREMENT, true);
    else if (type == exports::mutant_type)
        status = ke::release_mutant(*static_cast<KMUTANT*>(body), previous, true);
    else if (type == exports::semaphore_type)
        status = ke::release_semaphore(*static_cast<KSEMAPHORE*>(body), 1, previous, true);
    else
        status = STATUS_OBJECT_TYPE_MISMATCH;
    if (NT_SUCCESS(status))
        status = ke::wait_for_single_object(header, UserRequest, mode, alertable, timeout.use);
    ob::dereference(waited);
    ob::dereference(body);
    return status;
}
GATE(NtSignalAndWaitForSingleObject);

extern "C" NTSTATUS NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER* given) {
    LARGE_INTEGER interval;
    if (!read_parameter(given, interval)) return STATUS_ACCESS_VIOLATION;
    return ke::delay_execution(exports::previous_mode(), alertable, interval);
}
GATE(NtDelayExecution);

extern "C" NTSTATUS NtYieldExecution() {
    return ke::yield_or_spin() ? STATUS_SUCCESS : STATUS_NO_YIELD_PERFORMED;
}
GATE(NtYieldExecution);
