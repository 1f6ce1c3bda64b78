// Events, mutants and semaphores by handle: ntifs pages nf-ntifs-ntcreateevent, nf-wdm-zwcreateevent,
// nf-wdm-zwsetevent …
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/sync_objects.h"
#include "kernel/exports/sync_services.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"

using namespace nt;
using namespace nt::exports;

extern "C" NTSTATUS NtCreateEvent(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                  ULONG type, BOOLEAN state) {
    if (type > SynchronizationEvent) return STATUS_INVALID_PARAMETER_4;
    return create<KEVENT>(handle, desired, attributes, exports::event_type, [&](KEVENT& event) {
        ke::initialize_event(event, static_cast<EVENT_TYPE>(type), state);
    });
}
GATE(NtCreateEvent);

extern "C" NTSTATUS NtOpenEvent(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes) {
    return open(handle, desired, attributes, exports::event_type);
}
GATE(NtOpenEvent);

extern "C" NTSTATUS NtSetEvent(HANDLE handle, LONG* previous) {
    Reference event(handle, modify_state, exports::event_type);
    return NT_SUCCESS(event.status) ? report(previous, ke::set_event(event.as<KEVENT>(), EVENT_INCREMENT))
                                    : event.status;
}
GATE(NtSetEvent);

extern "C" NTSTATUS NtResetEvent(HANDLE handle, LONG* previous) {
    Reference event(handle, modify_state, exports::event_type);
    return NT_SUCCESS(event.status) ? report(previous, ke::reset_event(event.as<KEVENT>())) : event.status;
}
GATE(NtResetEvent);

extern "C" NTSTATUS NtClearEvent(HANDLE handle) { return NtResetEvent(handle, nullptr); }
GATE(NtClearEvent);

extern "C" NTSTATUS NtPulseEvent(HANDLE handle, LONG* previous) {
    Reference event(handle, modify_state, exports::event_type);
    return NT_SUCCESS(event.status) ? report(previous, ke::pulse_event(event.as<KEVENT>(), EVENT_INCREMENT))
                                    : event.status;
}
GATE(NtPulseEvent);

extern "C" NTSTATUS NtQueryEvent(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                                 ULONG* needed) {
    struct EventBasicInformation {
        ULONG type;
        LONG state;
    };
    if (information_class != 0) return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(EventBasicInformation)) return STATUS_INFO_LENGTH_MISMATCH;
    Reference event(handle, query_state, exports::event_type);
    if (!NT_SUCCESS(event.status)) return event.status;
    const auto& header = event.as<KEVENT>().Header;
    const EventBasicInformation information{header.Type, header.SignalState};
    if (!exports::copy_out(to, &information, sizeof information)) return STATUS_ACCESS_VIOLATION;
    if (needed && !write_parameter(needed, static_cast<ULONG>(sizeof information)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}
GATE(NtQueryEvent);

extern "C" NTSTATUS NtCreateMutant(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                   BOOLEAN owner) {
    return create<KMUTANT>(handle, desired, attributes, exports::mutant_type,
                           [&](KMUTANT& mutant) { ke::initialize_mutant(mutant, owner, 0); });
}
GATE(NtCreateMutant);

extern "C" NTSTATUS NtOpenMutant(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes) {
    return open(handle, desired, attributes, exports::mutant_type);
}
GATE(NtOpenMutant);

extern "C" NTSTATUS NtReleaseMutant(HANDLE handle, LONG* previous) {
    Reference mutant(handle, 0, exports::mutant_type);
    if (!NT_SUCCESS(mutant.status)) return mutant.status;
    LONG before;
    const NTSTATUS status = ke::release_mutant(mutant.as<KMUTANT>(), before);
    return NT_SUCCESS(status) ? report(previous, before) : status;
}
GATE(NtReleaseMutant);

extern "C" NTSTATUS NtCreateSemaphore(HANDLE* handle, ACCESS_MASK desired,
                                      const OBJECT_ATTRIBUTES* attributes, LONG initial, LONG maximum) {
    if (maximum <= 0 || initial < 0 || initial > maximum) return STATUS_INVALID_PARAMETER;
    return create<KSEMAPHORE>(
        handle, desired, attributes, exports::semaphore_type,
        [&](KSEMAPHORE& semaphore) { ke::initialize_semaphore(semaphore, initial, maximum); });
}
GATE(NtCreateSemaphore);

extern "C" NTSTATUS NtOpenSemaphore(HANDLE* handle, ACCESS_MASK desired,
                                    const OBJECT_ATTRIBUTES* attributes) {
    return open(handle, desired, attributes, exports::semaphore_type);
}
GATE(NtOpenSemaphore);

extern "C" NTSTATUS NtReleaseSemaphore(HANDLE handle, LONG count, LONG* previous) {
    if (count <= 0) return STATUS_INVALID_PARAMETER;
    Reference semaphore(handle, modify_state, exports::semaphore_type);
    if (!NT_SUCCESS(semaphore.status)) return semaphore.status;
    LONG before;
    const NTSTATUS status = ke::release_semaphore(semaphore.as<KSEMAPHORE>(), count, before);
    return NT_SUCCESS(status) ? report(previous, before) : status;
}
GATE(NtReleaseSemaphore);
