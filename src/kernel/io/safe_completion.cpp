// IoSetCompletionRoutineEx: a completion routine whose driver stays until it has run. Its device is
// referenced, and with it the driver object and its image.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iosetcompletionroutineex
#include "abi/status.h"
#include "kernel/io/detail/rules.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"

namespace nt::io {

namespace {

struct SafeCompletion {
    DEVICE_OBJECT* device;
    PIO_COMPLETION_ROUTINE routine;
    PVOID context;
};

} // namespace

NTSTATUS set_safe_completion(DEVICE_OBJECT* device, IRP* irp, PIO_COMPLETION_ROUTINE routine, PVOID context,
                             UCHAR control) {
    if (verifying) [[unlikely]]
        detail::check_safe_completion(irp, device);
    auto* safe = static_cast<SafeCompletion*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(SafeCompletion), pool::tag("IoUs")));
    if (!safe) return STATUS_INSUFFICIENT_RESOURCES;
    *safe = {device, routine, context};
    ob::reference(device);
    IO_STACK_LOCATION* next = next_location(irp);
    next->CompletionRoutine =
        reinterpret_cast<PIO_COMPLETION_ROUTINE>(internal_address("IopUnloadSafeCompletion"));
    next->Context = safe;
    next->Control = control;
    return STATUS_SUCCESS;
}

NTSTATUS run_safe_completion(DEVICE_OBJECT* device, IRP* irp, PVOID context) {
    const SafeCompletion safe = *static_cast<SafeCompletion*>(context);
    pool::release(context);
    const NTSTATUS answer = seh::call_out(safe.routine, device, irp, safe.context);
    ob::dereference(safe.device);
    return answer;
}

} // namespace nt::io
