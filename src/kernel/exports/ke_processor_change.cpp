// nf-wdm-keregisterprocessorchangecallback: no processor is added while the machine runs, so a callback hears
// of those that exist, if it asks for them, and of nothing else.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/ke/report.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"

using namespace nt;

namespace {

enum KE_PROCESSOR_CHANGE_NOTIFY_STATE {
    KeProcessorAddStartNotify,
    KeProcessorAddCompleteNotify,
    KeProcessorAddFailureNotify,
};
struct KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT {
    KE_PROCESSOR_CHANGE_NOTIFY_STATE State;
    ULONG NtNumber;
    NTSTATUS Status;
    PROCESSOR_NUMBER ProcNumber;
};
typedef void NTAPI PROCESSOR_CALLBACK_FUNCTION(PVOID, KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT*, NTSTATUS*);
constexpr ULONG add_existing = 1; // KE_PROCESSOR_CHANGE_ADD_EXISTING

// What the registration handle points at. The callback's arguments lie in it while it is called.
struct Registration {
    PROCESSOR_CALLBACK_FUNCTION* callback;
    PVOID context;
    KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change;
    NTSTATUS status;

    NTSTATUS notify(KE_PROCESSOR_CHANGE_NOTIFY_STATE state, ULONG number) {
        change = {state, number, STATUS_SUCCESS, exports::processor_number_of(number)};
        status = STATUS_SUCCESS;
        seh::call_out(callback, context, &change, &status);
        return status;
    }
};

} // namespace

extern "C" PVOID KeRegisterProcessorChangeCallback(PROCESSOR_CALLBACK_FUNCTION* callback, PVOID context,
                                                   ULONG flags) {
    auto* r = static_cast<Registration*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Registration), pool::tag("KePc"), ke::calling_address()));
    if (!r) return nullptr;
    *r = {callback, context, {}, STATUS_SUCCESS};
    if (!(flags & add_existing)) return r;
    ULONG begun = 0;
    while (begun < ke::processor_count() && NT_SUCCESS(r->notify(KeProcessorAddStartNotify, begun)))
        begun++;
    const bool all = begun == ke::processor_count();
    for (ULONG i = 0; i < begun; i++)
        r->notify(all ? KeProcessorAddCompleteNotify : KeProcessorAddFailureNotify, i);
    return r;
}
GATE(KeRegisterProcessorChangeCallback);

extern "C" void KeDeregisterProcessorChangeCallback(PVOID registration) { pool::release(registration); }
GATE(KeDeregisterProcessorChangeCallback);
