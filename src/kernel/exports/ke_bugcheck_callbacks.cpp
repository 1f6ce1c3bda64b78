// nf-wdm-keregisterbugcheckcallback, nf-wdm-keregisterbugcheckreasoncallback and the functions that take them
// back.
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck_callbacks.h"
#include "kernel/pool/pool.h"

using namespace nt;

// The heads of the lists, which drivers' records point at.
static void prepare() {
    static bool prepared = false;
    if (prepared) return;
    prepared = true;
    ke::initialize_bugcheck_callbacks(static_cast<LIST_ENTRY*>(
        pool::allocate(pool::Kind::nonpaged, 2 * sizeof(LIST_ENTRY), pool::tag("KeBc"))));
}

extern "C" BOOLEAN KeRegisterBugCheckCallback(ke::KBUGCHECK_CALLBACK_RECORD* record,
                                              ke::KBUGCHECK_CALLBACK_ROUTINE* routine, PVOID buffer,
                                              ULONG length, UCHAR* component) {
    prepare();
    if (record->State != ke::BufferEmpty) return false;
    record->CallbackRoutine = routine;
    record->Buffer = buffer;
    record->Length = length;
    record->Component = component;
    record->Checksum = reinterpret_cast<ULONG_PTR>(routine) + reinterpret_cast<ULONG_PTR>(buffer) + length +
                       reinterpret_cast<ULONG_PTR>(component);
    return ke::register_bugcheck_callback(*record);
}
GATE(KeRegisterBugCheckCallback);

extern "C" BOOLEAN KeDeregisterBugCheckCallback(ke::KBUGCHECK_CALLBACK_RECORD* record) {
    return ke::deregister_bugcheck_callback(*record);
}
GATE(KeDeregisterBugCheckCallback);

extern "C" BOOLEAN KeRegisterBugCheckReasonCallback(ke::KBUGCHECK_REASON_CALLBACK_RECORD* record,
                                                    PVOID routine, ULONG reason, UCHAR* component) {
    prepare();
    if (record->State != ke::BufferEmpty) return false;
    record->CallbackRoutine = routine;
    record->Reason = reason;
    record->Component = component;
    record->Checksum = reinterpret_cast<ULONG_PTR>(routine) + reason + reinterpret_cast<ULONG_PTR>(component);
    return ke::register_bugcheck_callback(*record);
}
GATE(KeRegisterBugCheckReasonCallback);

extern "C" BOOLEAN KeDeregisterBugCheckReasonCallback(ke::KBUGCHECK_REASON_CALLBACK_RECORD* record) {
    return ke::deregister_bugcheck_callback(*record);
}
GATE(KeDeregisterBugCheckReasonCallback);
