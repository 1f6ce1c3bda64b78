// Drivers that watch handles being made: wdm pages nf-wdm-obregistercallbacks,
// nc-wdm-pob_pre_operation_callback.
//
// A registration is one pool block: CALLBACK_ENTRY, its items, the altitude. The items hang in the
// CallbackList of their types by falling altitude; before a handle is made the list is walked from the top,
// after it from the bottom (assumed: as the altitudes of minifilters). An item is busy from its first call to
// its second, and unregistering waits for that. What handles of a type cost without callbacks is one look at
// the list.
#pragma once
#include "kernel/ob/object.h"

namespace nt::ob {

// `registration` and what it points at are the driver's memory, checked by the caller; its types are the
// types themselves. STATUS_INVALID_PARAMETER, STATUS_FLT_INSTANCE_ALTITUDE_COLLISION,
// STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS register_callbacks(const OB_CALLBACK_REGISTRATION& registration, PVOID* handle);
// Waits for the routines that run. False: no such registration.
bool unregister_callbacks(PVOID handle);

void for_each_callback(void (*visit)(void* context, const CALLBACK_ENTRY_ITEM& item), void* context);

// One handle that is about to be made.
struct HandleOperation {
    ULONG operation; // OB_OPERATION_*
    bool kernel_handle;
    bool may_restrict; // routines may take rights away
    PVOID object;
    ACCESS_MASK access;
    EPROCESS* source = nullptr; // of a duplicate
    EPROCESS* target = nullptr;
};
inline bool is_watched(const OBJECT_TYPE* type) { return type->CallbackList.Flink != &type->CallbackList; }

// Calls the routines around make(access, context), which makes the handle with what they left of the access.
Result<HANDLE> make_watched(const HandleOperation& operation,
                            Result<HANDLE> (*make)(void* context, ACCESS_MASK access), void* context);

// Altitudes are decimal numbers of any length, with a fraction or not: below 0, 0, above 0.
int compare_altitudes(const UNICODE_STRING& a, const UNICODE_STRING& b);

} // namespace nt::ob
