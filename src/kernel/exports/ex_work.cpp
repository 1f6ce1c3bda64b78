// Work items without a device, and callback objects: wdm pages nf-wdm-exqueueworkitem,
// nf-wdm-excreatecallback, nf-wdm-exregistercallback, nf-wdm-exnotifycallback …
#include "abi/status.h"
#include "kernel/ex/callback.h"
#include "kernel/ex/work.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"

using namespace nt;

extern "C" void ExQueueWorkItem(WORK_QUEUE_ITEM* item, WORK_QUEUE_TYPE queue) {
    ex::queue_work_item(exports::need_out(item), queue);
}
GATE(ExQueueWorkItem);

extern "C" NTSTATUS ExCreateCallback(CALLBACK_OBJECT** callback, const OBJECT_ATTRIBUTES* given,
                                     BOOLEAN create, BOOLEAN allow_multiple) {
    exports::need_out(callback);
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, KernelMode); !NT_SUCCESS(status)) return status;
    const auto made = ex::create_callback(attributes, create, allow_multiple);
    if (!made) return made.error();
    *callback = *made;
    return STATUS_SUCCESS;
}
GATE(ExCreateCallback);

extern "C" PVOID ExRegisterCallback(CALLBACK_OBJECT* callback, PCALLBACK_FUNCTION function, PVOID context) {
    return ex::register_callback(callback, function, context);
}
GATE(ExRegisterCallback);

extern "C" void ExUnregisterCallback(CALLBACK_REGISTRATION* registration) {
    ex::unregister_callback(&exports::need_out(registration));
}
GATE(ExUnregisterCallback);

extern "C" void ExNotifyCallback(CALLBACK_OBJECT* callback, PVOID argument1, PVOID argument2) {
    ex::notify_callback(callback, argument1, argument2);
}
GATE(ExNotifyCallback);
