#include "kernel/ex/callback.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/machine_heap.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::ex {

OBJECT_TYPE* callback_type;

namespace {

constexpr ULONG object_tag = pool::tag("Call"), registration_tag = pool::tag("CbRg");
constexpr ULONG signature = pool::tag("Call");
constexpr ACCESS_MASK callback_all_access = 0x1f0001;

KEVENT* unregistered; // a call of a routine that somebody unregisters has ended

Result<CALLBACK_OBJECT*> make_callback(const ob::Attributes& attributes, bool allow_multiple) {
    const std::u16string_view path(attributes.name.Buffer, attributes.name.Length / sizeof(WCHAR));
    auto* callback = static_cast<CALLBACK_OBJECT*>(
        TRY(ob::create_object({.type = callback_type,
                               .body_size = sizeof(CALLBACK_OBJECT),
                               .name = path.substr(path.rfind(u'\\') + 1), // npos + 1 is 0
                               .attributes = attributes.attributes & OBJ_PERMANENT})));
    callback->Signature = signature;
    callback->AllowMultipleCallbacks = allow_multiple;
    list::initialize(callback->RegisteredCallbacks);
    // assumed: a temporary object keeps its name until its last reference goes, as "Defining a Callback
    // Object" describes its use. So its creator has the directory's reference; a permanent one gives it
    // another.
    if (const NTSTATUS status = ob::insert(callback, attributes, KernelMode, 0, nullptr); !NT_SUCCESS(status))
        return fail(status);
    if (attributes.attributes & OBJ_PERMANENT) ob::reference(callback);
    return callback;
}

} // namespace

NTSTATUS initialize_callbacks() {
    callback_type = TRY_STATUS(ob::create_type({.name = u"Callback",
                                                .tag = object_tag,
                                                .mapping = {0x20000, 0x20001, 0x120000, callback_all_access},
                                                .valid_access = callback_all_access},
                                               {}));
    unregistered = host::make<KEVENT>();
    ke::initialize_event(*unregistered, NotificationEvent, false);
    for (std::u16string_view path :
         {u"\\Callback\\PowerState", u"\\Callback\\ProcessorAdd", u"\\Callback\\SetSystemTime"}) {
        ob::Attributes attributes;
        attributes.set(path, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT);
        CALLBACK_OBJECT* made = TRY_STATUS(make_callback(attributes, true));
        ob::dereference(made);
    }
    return STATUS_SUCCESS;
}

CALLBACK_OBJECT* system_callback(std::u16string_view name) {
    char16_t path[64];
    SIZE_T n = std::u16string_view(u"\\Callback\\").copy(path, 10);
    n += name.copy(path + n, 64 - n);
    ob::Attributes attributes;
    attributes.set(std::u16string_view(path, n), OBJ_CASE_INSENSITIVE);
    PVOID found;
    if (!NT_SUCCESS(ob::reference_by_name(attributes.name, OBJ_CASE_INSENSITIVE, callback_type, KernelMode,
                                          nullptr, &found)))
        return nullptr;
    ob::dereference(found); // the directory holds it
    return static_cast<CALLBACK_OBJECT*>(found);
}

Result<CALLBACK_OBJECT*> create_callback(const ob::Attributes& attributes, bool create, bool allow_multiple) {
    if (!attributes.name.Length) return fail(STATUS_UNSUCCESSFUL);
    PVOID found;
    const ob::ParseRequest request{.wanted = callback_type,
                                   .access = nullptr,
                                   .desired = 0,
                                   .mode = KernelMode,
                                   .attributes = attributes.attributes,
                                   .context = nullptr,
                                   .security_qos = nullptr};
    const NTSTATUS status = ob::lookup(attributes, request, nullptr, &found);
    if (NT_SUCCESS(status)) return static_cast<CALLBACK_OBJECT*>(found);
    if (!create) return fail(status);
    return make_callback(attributes, allow_multiple);
}

CALLBACK_REGISTRATION* register_callback(CALLBACK_OBJECT* callback, PCALLBACK_FUNCTION function,
                                         PVOID context) {
    if (!callback->AllowMultipleCallbacks && !list::empty(callback->RegisteredCallbacks)) return nullptr;
    auto* r = static_cast<CALLBACK_REGISTRATION*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(CALLBACK_REGISTRATION), registration_tag, 0, true));
    if (!r) return nullptr;
    r->CallbackObject = callback;
    r->CallbackFunction = function;
    r->CallbackContext = context;
    ob::reference(callback); // until it is unregistered
    list::insert_tail(callback->RegisteredCallbacks, r->Link);
    return r;
}

void unregister_callback(CALLBACK_REGISTRATION* registration) {
    while (registration->Busy) {
        registration->UnregisterWaiting = TRUE;
        ke::reset_event(*unregistered);
        ke::wait_for_single_object(unregistered, Executive, KernelMode, false, nullptr);
    }
    list::remove(registration->Link);
    CALLBACK_OBJECT* callback = registration->CallbackObject;
    pool::release(registration, registration_tag);
    ob::dereference(callback);
}

void notify_callback(CALLBACK_OBJECT* callback, PVOID argument1, PVOID argument2) {
    LIST_ENTRY& head = callback->RegisteredCallbacks;
    for (LIST_ENTRY* e = head.Flink; e != &head;) {
        auto& r = *NT_CONTAINER(e, CALLBACK_REGISTRATION, Link);
        if (!r.UnregisterWaiting) {
            ++r.Busy; // keeps it in the list
            if (trace::on) [[unlikely]]
                trace::emit_callback_notified(callback, r.CallbackFunction,
                                              reinterpret_cast<ULONG_PTR>(argument1),
                                              reinterpret_cast<ULONG_PTR>(argument2));
            seh::call_out(r.CallbackFunction, r.CallbackContext, argument1, argument2);
            if (--r.Busy == 0 && r.UnregisterWaiting) {
                e = e->Flink;
                ke::set_event(*unregistered);
                continue;
            }
        }
        e = e->Flink;
    }
}

} // namespace nt::ex
