#include "kernel/ob/callbacks.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/calls.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/stack_object.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/unfinished.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstring>
#include <string_view>

namespace nt::ob {

namespace {

constexpr ULONG callback_tag = pool::tag("ObCb");
constexpr ULONG most_callbacks = 64;

CALLBACK_ENTRY_ITEM* items_of(CALLBACK_ENTRY* entry) {
    return reinterpret_cast<CALLBACK_ENTRY_ITEM*>(entry + 1);
}
CALLBACK_ENTRY_ITEM* item_of(LIST_ENTRY* link) {
    return NT_CONTAINER(link, CALLBACK_ENTRY_ITEM, EntryItemList);
}

template <class F> void for_each_item(F f) {
    for (OBJECT_TYPE* type : types_by_index)
        if (type)
            for (LIST_ENTRY* e = type->CallbackList.Flink; e != &type->CallbackList; e = e->Flink)
                f(*item_of(e));
}

std::u16string_view view_of(const UNICODE_STRING& s) { return {s.Buffer, s.Length / sizeof(WCHAR)}; }

bool is_known(const CALLBACK_ENTRY* wanted) {
    bool found = false;
    for_each_item(
        [&](const CALLBACK_ENTRY_ITEM& item) { found |= item.Active && item.CallbackEntry == wanted; });
    return found;
}

// By falling altitude.
void link(CALLBACK_ENTRY_ITEM& item) {
    LIST_ENTRY& head = item.ObjectType->CallbackList;
    LIST_ENTRY* before = head.Flink;
    while (before != &head &&
           compare_altitudes(item_of(before)->CallbackEntry->Altitude, item.CallbackEntry->Altitude) > 0)
        before = before->Flink;
    item.EntryItemList = {before, before->Blink};
    before->Blink->Flink = &item.EntryItemList;
    before->Blink = &item.EntryItemList;
}

NTSTATUS check(const OB_CALLBACK_REGISTRATION& r) {
    if (r.Version != OB_FLT_REGISTRATION_VERSION || r.OperationRegistrationCount == 0 ||
        r.Altitude.Length == 0 || r.Altitude.Length % sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < r.OperationRegistrationCount; ++i) {
        const OB_OPERATION_REGISTRATION& operation = r.OperationRegistration[i];
        constexpr ULONG known = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;
        const OBJECT_TYPE* type = operation.ObjectType ? *operation.ObjectType : nullptr;
        if (!type || types_by_index[type->Index] != type ||
            !(type->TypeInfo.ObjectTypeFlags & OB_TYPE_SUPPORTS_OBJECT_CALLBACKS) || !operation.Operations ||
            (operation.Operations & ~known) || (!operation.PreOperation && !operation.PostOperation))
            return STATUS_INVALID_PARAMETER;
    }
    bool taken = false;
    ULONG count = 0;
    for_each_item([&](const CALLBACK_ENTRY_ITEM& item) {
        ++count;
        taken |= compare_altitudes(item.CallbackEntry->Altitude, r.Altitude) == 0;
    });
    if (taken) return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    return count + r.OperationRegistrationCount > most_callbacks ? STATUS_INSUFFICIENT_RESOURCES
                                                                 : STATUS_SUCCESS;
}

// "called at PASSIVE_LEVEL … with normal kernel APCs disabled".
template <class F> void without_kernel_apcs(F f) {
    const auto leave = [](void*) {
        if (++ke::current_thread().Tcb.KernelApcDisable == 0 && ke::current_irql() < APC_LEVEL)
            ke::deliver_kernel_apcs();
    };
    --ke::current_thread().Tcb.KernelApcDisable;
    {
        const seh::Unfinished raised(leave, nullptr);
        f();
    }
    leave(nullptr);
}

struct Called {
    CALLBACK_ENTRY_ITEM* item;
    PVOID context;
};

struct PreCall {
    OB_PRE_OPERATION_INFORMATION information;
    OB_PRE_OPERATION_PARAMETERS parameters;
};
struct PostCall {
    OB_POST_OPERATION_INFORMATION information;
    OB_POST_OPERATION_PARAMETERS parameters;
};

// "You can never add access rights": what the routine leaves of the rights that are left.
ACCESS_MASK call_before(Called& called, const HandleOperation& what, ACCESS_MASK left) {
    if (!called.item->PreOperation) return left;
    ke::StackObject<PreCall> call;
    auto& duplicate = call->parameters.DuplicateHandleInformation;
    call->information = {what.operation, what.kernel_handle ? 1u : 0u,
                         what.object,    type_of(what.object),
                         nullptr,        &call->parameters};
    duplicate.DesiredAccess = left;
    duplicate.OriginalDesiredAccess = what.access;
    if (what.operation == OB_OPERATION_HANDLE_DUPLICATE) {
        duplicate.SourceProcess = what.source;
        duplicate.TargetProcess = what.target;
    }
    without_kernel_apcs([&] {
        seh::call_out(called.item->PreOperation, called.item->CallbackEntry->RegistrationContext,
                      &call->information);
    });
    called.context = call->information.CallContext;
    const ACCESS_MASK wanted = duplicate.DesiredAccess;
    if (what.may_restrict) left &= wanted;
    if (trace::on) [[unlikely]]
        trace::emit_handle_watched(reinterpret_cast<ULONG_PTR>(called.item->PreOperation), what.object,
                                   what.operation, what.access, left);
    return left;
}

void call_after(const Called& called, const HandleOperation& what, ACCESS_MASK granted, NTSTATUS status) {
    if (!called.item->PostOperation) return;
    ke::StackObject<PostCall> call;
    call->information = {what.operation,
                         what.kernel_handle ? 1u : 0u,
                         what.object,
                         type_of(what.object),
                         called.context,
                         status,
                         NT_SUCCESS(status) ? &call->parameters : nullptr};
    call->parameters.CreateHandleInformation.GrantedAccess = granted;
    without_kernel_apcs([&] {
        seh::call_out(called.item->PostOperation, called.item->CallbackEntry->RegistrationContext,
                      &call->information);
    });
}

} // namespace

int compare_altitudes(const UNICODE_STRING& first, const UNICODE_STRING& second) {
    struct Number {
        std::u16string_view whole, fraction;
        explicit Number(std::u16string_view text) {
            const auto dot = std::min(text.find(u'.'), text.size());
            whole = text.substr(0, dot);
            whole.remove_prefix(std::min(whole.find_first_not_of(u'0'), whole.size()));
            fraction = text.substr(std::min(dot + 1, text.size()));
            while (fraction.ends_with(u'0'))
                fraction.remove_suffix(1);
        }
    };
    const Number a(view_of(first)), b(view_of(second));
    if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
    const int whole = a.whole.compare(b.whole);
    return whole ? whole : a.fraction.compare(b.fraction);
}

NTSTATUS register_callbacks(const OB_CALLBACK_REGISTRATION& r, PVOID* handle) {
    if (const NTSTATUS status = check(r); !NT_SUCCESS(status)) return status;
    const ULONG count = r.OperationRegistrationCount;
    const SIZE_T size = sizeof(CALLBACK_ENTRY) + count * sizeof(CALLBACK_ENTRY_ITEM);
    auto* entry = static_cast<CALLBACK_ENTRY*>(
        pool::allocate(pool::Kind::paged, size + r.Altitude.Length, callback_tag));
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    auto* altitude = reinterpret_cast<WCHAR*>(reinterpret_cast<UCHAR*>(entry) + size);
    std::memcpy(altitude, r.Altitude.Buffer, r.Altitude.Length);
    *entry = {r.Version,
              r.OperationRegistrationCount,
              r.RegistrationContext,
              {r.Altitude.Length, r.Altitude.Length, altitude}};
    for (ULONG i = 0; i < count; ++i) {
        const OB_OPERATION_REGISTRATION& o = r.OperationRegistration[i];
        CALLBACK_ENTRY_ITEM& item = items_of(entry)[i];
        item = {{}, o.Operations, 1, entry, *o.ObjectType, o.PreOperation, o.PostOperation, 0};
        link(item);
    }
    *handle = entry;
    return STATUS_SUCCESS;
}

bool unregister_callbacks(PVOID handle) {
    auto* entry = static_cast<CALLBACK_ENTRY*>(handle);
    if (!is_known(entry)) return false;
    for (ULONG i = 0; i < entry->OperationRegistrationCount; ++i)
        items_of(entry)[i].Active = 0;
    for (ULONG i = 0; i < entry->OperationRegistrationCount; ++i) {
        CALLBACK_ENTRY_ITEM& item = items_of(entry)[i];
        ke::wait_for_calls(item.Running);
        list::remove(item.EntryItemList);
    }
    pool::release(entry, callback_tag);
    return true;
}

void for_each_callback(void (*visit)(void* context, const CALLBACK_ENTRY_ITEM& item), void* context) {
    for_each_item([&](const CALLBACK_ENTRY_ITEM& item) { visit(context, item); });
}

// A routine may register and unregister: whose turn has come stays in the list until its second call is over,
// and who is being unregistered is passed by.
Result<HANDLE> make_watched(const HandleOperation& what, Result<HANDLE> (*make)(void*, ACCESS_MASK),
                            void* context) {
    Called called[most_callbacks];
    ULONG count = 0;
    struct Calls {
        Called* called;
        ULONG& count;
        static void end(void* c) {
            auto& [called, count] = *static_cast<Calls*>(c);
            while (count)
                ke::call_ended(called[--count].item->Running);
        }
    } calls{called, count};
    const seh::Unfinished raised(Calls::end, &calls); // who has been called can be removed all the same
    LIST_ENTRY& head = type_of(what.object)->CallbackList;
    ACCESS_MASK left = what.access;
    for (LIST_ENTRY* e = head.Flink; e != &head; e = e->Flink)
        if (item_of(e)->Active && (item_of(e)->Operations & what.operation)) {
            called[count] = {item_of(e), nullptr};
            ++item_of(e)->Running;
            left = call_before(called[count++], what, left);
        }
    const Result<HANDLE> made = make(context, left);
    for (; count; --count) {
        const Called& last = called[count - 1];
        call_after(last, what, left, made ? STATUS_SUCCESS : made.error());
        ke::call_ended(last.item->Running);
    }
    return made;
}

} // namespace nt::ob
