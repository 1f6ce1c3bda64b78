// ObRegisterCallbacks and its kin: wdm pages nf-wdm-obregistercallbacks, nf-wdm-obunregistercallbacks.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/system_modules.h"
#include "kernel/exports/touch.h"
#include "kernel/ldr/modules.h"
#include "kernel/ob/callbacks.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

namespace {

// "The callback routines do not reside in a signed kernel binary image." assumed: that is told by the same
// flag as for process-creation routines, as drivers that use both know.
template <class F> bool counts_as_signed(F* routine) {
    return !routine || exports::has_force_integrity(reinterpret_cast<const void*>(routine));
}

} // namespace

extern "C" NTSTATUS ObRegisterCallbacks(OB_CALLBACK_REGISTRATION* registration, PVOID* handle) {
    const OB_CALLBACK_REGISTRATION& r = exports::need_in(registration);
    exports::need_out(handle);
    exports::need_text(&registration->Altitude);
    for (ULONG i = 0; i < r.OperationRegistrationCount; ++i) {
        const OB_OPERATION_REGISTRATION& operation = exports::need_in(r.OperationRegistration + i);
        if (operation.ObjectType && exports::need_in(operation.ObjectType))
            exports::need_read(*operation.ObjectType, sizeof(OBJECT_TYPE));
        if (!counts_as_signed(operation.PreOperation) || !counts_as_signed(operation.PostOperation))
            return STATUS_ACCESS_DENIED;
    }
    PVOID made;
    const NTSTATUS status = ob::register_callbacks(r, &made);
    if (NT_SUCCESS(status)) *handle = made;
    return status;
}
GATE(ObRegisterCallbacks);

// A second call "is a double free and results in bug check 0x7E": the kernel touches memory that is gone.
extern "C" void ObUnRegisterCallbacks(PVOID handle) {
    if (!ob::unregister_callbacks(handle))
        seh::raise_access_violation(reinterpret_cast<ULONG_PTR>(handle), 0);
}
GATE(ObUnRegisterCallbacks);

// No page. assumed: the version that registrations name.
extern "C" USHORT ObGetFilterVersion() { return OB_FLT_REGISTRATION_VERSION; }
GATE(ObGetFilterVersion);
