#include "kernel/io/controller.h"
#include "base/list.h"
#include "kernel/io/device.h"
#include "kernel/ke/device_queue.h"
#include "kernel/seh/crossing.h"

namespace nt::io {

namespace {

// True: the routine keeps the controller.
bool call_routine(const DEVICE_OBJECT* device) {
    const WAIT_CONTEXT_BLOCK& wcb = device->Queue.Wcb;
    return seh::call_out(wcb.DeviceRoutine, static_cast<DEVICE_OBJECT*>(wcb.DeviceObject),
                         static_cast<IRP*>(wcb.CurrentIrp), nullptr, wcb.DeviceContext) == KeepObject;
}

} // namespace

CONTROLLER_OBJECT* create_controller(ULONG extension_size) {
    const Result<PVOID> body = ob::create_object(
        {.type = controller_type, .body_size = sizeof(CONTROLLER_OBJECT) + SIZE_T(extension_size)});
    if (!body) return nullptr;
    auto* controller = static_cast<CONTROLLER_OBJECT*>(*body);
    controller->Type = IO_TYPE_CONTROLLER;
    controller->Size = static_cast<CSHORT>(sizeof(CONTROLLER_OBJECT) + extension_size);
    controller->ControllerExtension = controller + 1;
    ke::initialize_device_queue(controller->DeviceWaitQueue);
    return controller;
}

void delete_controller(CONTROLLER_OBJECT* controller) { ob::dereference(controller); }

void allocate_controller(CONTROLLER_OBJECT* controller, DEVICE_OBJECT* device, PDRIVER_CONTROL routine,
                         PVOID context) {
    WAIT_CONTEXT_BLOCK& wcb = device->Queue.Wcb;
    wcb.DeviceObject = device;
    wcb.DeviceRoutine = routine;
    wcb.DeviceContext = context;
    wcb.CurrentIrp = device->CurrentIrp;
    if (!ke::insert_device_queue(controller->DeviceWaitQueue, wcb.WaitQueueEntry) && !call_routine(device))
        free_controller(controller);
}

void free_controller(CONTROLLER_OBJECT* controller) {
    while (KDEVICE_QUEUE_ENTRY* entry = ke::remove_device_queue(controller->DeviceWaitQueue))
        if (call_routine(NT_CONTAINER(entry, DEVICE_OBJECT, Queue.Wcb.WaitQueueEntry))) return;
}

} // namespace nt::io
