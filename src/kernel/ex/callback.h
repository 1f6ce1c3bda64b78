// Callback objects (\Callback\…): a name under which drivers register routines that a notification calls in
// the order of registration. A routine that is being unregistered is not called again, and the unregistering
// thread waits for calls of it that are under way.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/callback-objects
#pragma once
#include "abi/misc.h"
#include "kernel/ob/namespace.h"

namespace nt {

// Opaque to drivers.
struct CALLBACK_OBJECT {
    ULONG Signature; // 'Call'
    KSPIN_LOCK Lock;
    LIST_ENTRY RegisteredCallbacks;
    BOOLEAN AllowMultipleCallbacks;
};

struct CALLBACK_REGISTRATION {
    LIST_ENTRY Link;
    CALLBACK_OBJECT* CallbackObject;
    PCALLBACK_FUNCTION CallbackFunction;
    PVOID CallbackContext;
    ULONG Busy; // calls under way
    BOOLEAN UnregisterWaiting;
};

} // namespace nt

namespace nt::ex {

extern OBJECT_TYPE* callback_type;

// The type and the objects that the system itself has: PowerState, ProcessorAdd, SetSystemTime. They are
// notified by who makes such changes.
NTSTATUS initialize_callbacks();
// Null when there is none.
CALLBACK_OBJECT* system_callback(std::u16string_view name);

// Referenced. STATUS_UNSUCCESSFUL without a name; STATUS_OBJECT_NAME_NOT_FOUND … when not to be created.
Result<CALLBACK_OBJECT*> create_callback(const ob::Attributes& attributes, bool create, bool allow_multiple);
// Null: no memory, or the object allows one routine and has it.
CALLBACK_REGISTRATION* register_callback(CALLBACK_OBJECT* callback, PCALLBACK_FUNCTION function,
                                         PVOID context);
void unregister_callback(CALLBACK_REGISTRATION* registration);
// Up to DISPATCH_LEVEL; the routines run at the caller's IRQL.
void notify_callback(CALLBACK_OBJECT* callback, PVOID argument1, PVOID argument2);

} // namespace nt::ex
