// Named events shared between drivers: wdm pages nf-wdm-iocreatenotificationevent,
// nf-wdm-iocreatesynchronizationevent.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/sync_objects.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/ob/object.h"

using namespace nt;

namespace {

// Creates the event, signaled, or opens the one there is; the pointer lives as long as the kernel handle.
KEVENT* create_or_open(const UNICODE_STRING* name, HANDLE* handle, EVENT_TYPE type) {
    ob::Attributes attributes;
    attributes.set(*name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF | OBJ_KERNEL_HANDLE);
    std::u16string_view last{name->Buffer, name->Length / sizeof(WCHAR)};
    if (const auto slash = last.rfind(u'\\'); slash != last.npos) last.remove_prefix(slash + 1);
    const Result<PVOID> body =
        ob::create_object({.type = exports::event_type, .body_size = sizeof(KEVENT), .name = last});
    if (!body) return nullptr;
    ke::initialize_event(*static_cast<KEVENT*>(*body), type, TRUE);
    HANDLE made = nullptr;
    if (!NT_SUCCESS(ob::insert(*body, attributes, KernelMode, EVENT_ALL_ACCESS, &made))) return nullptr;
    PVOID event = nullptr;
    if (!NT_SUCCESS(ob::reference_by_handle(made, 0, exports::event_type, KernelMode, &event, nullptr))) {
        ob::close_handle(made, KernelMode);
        return nullptr;
    }
    ob::dereference(event);
    *handle = made;
    return static_cast<KEVENT*>(event);
}

} // namespace

extern "C" KEVENT* IoCreateNotificationEvent(UNICODE_STRING* name, HANDLE* handle) {
    return create_or_open(name, handle, NotificationEvent);
}
GATE(IoCreateNotificationEvent);

extern "C" KEVENT* IoCreateSynchronizationEvent(UNICODE_STRING* name, HANDLE* handle) {
    return create_or_open(name, handle, SynchronizationEvent);
}
GATE(IoCreateSynchronizationEvent);
