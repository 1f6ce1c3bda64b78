#include "kernel/ob/driver_type.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/stack_object.h"
#include "kernel/mm/probe.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/unfinished.h"
#include <cstring>
#include <utility>

namespace nt::ob {

namespace {

constexpr ULONG name_tag = pool::tag("ObNm");

OBJECT_TYPE_INITIALIZER& info_of(PVOID object) { return type_of(object)->TypeInfo; }
template <class F> F* method(PVOID procedure) { return reinterpret_cast<F*>(procedure); }

NTSTATUS call_open(PVOID object, const Opening& how) {
    ke::StackObject<ACCESS_MASK> granted;
    *granted = *how.granted;
    const NTSTATUS status =
        seh::call_out(method<OB_OPEN_METHOD>(info_of(object).OpenProcedure), how.reason, how.mode,
                      how.process, object, &*granted, handles_of(object, how.process));
    *how.granted = *granted;
    return status;
}

// Both counts include the handle that goes.
void call_close(PVOID object, EPROCESS* process, ACCESS_MASK, LONG64 left) {
    if (!process) process = system_process();
    const ULONG_PTR in_process = handle_info(object) ? handles_of(object, process) + 1u : 0u;
    seh::call_out(method<OB_CLOSE_METHOD>(info_of(object).CloseProcedure), process, object, in_process,
                  static_cast<ULONG_PTR>(left + 1));
}

void call_delete(PVOID object) {
    seh::call_out(method<OB_DELETE_METHOD>(info_of(object).DeleteProcedure), object);
}

bool call_okay_to_close(PVOID object, EPROCESS* process, HANDLE handle, KPROCESSOR_MODE mode) {
    return seh::call_out(method<OB_OKAYTOCLOSE_METHOD>(info_of(object).OkayToCloseProcedure),
                         process ? process : system_process(), object, handle, mode);
}

struct ParseCall {
    UNICODE_STRING complete, remaining;
    PVOID found;
    OB_EXTENDED_PARSE_PARAMETERS extended;
    SECURITY_QUALITY_OF_SERVICE qos;
    ACCESS_STATE access;
    UCHAR auxiliary[0xe0]; // AUX_ACCESS_DATA
};

NTSTATUS call_parse_procedure(PVOID object, const ParseRequest& request, ParseCall& call,
                              ACCESS_STATE* access, SECURITY_QUALITY_OF_SERVICE* qos) {
    const OBJECT_TYPE_INITIALIZER& info = info_of(object);
    if (info.ObjectTypeFlags2 & OB_TYPE_USE_EXTENDED_PARAMETERS) {
        call.extended = {sizeof call.extended, 0, nullptr};
        return seh::call_out(method<OB_PARSE_METHOD_EX>(info.ParseProcedure), object, request.wanted, access,
                             request.mode, request.attributes, &call.complete, &call.remaining,
                             request.context, qos, &call.extended, &call.found);
    }
    return seh::call_out(method<OB_PARSE_METHOD>(info.ParseProcedure), object, request.wanted, access,
                         request.mode, request.attributes, &call.complete, &call.remaining, request.context,
                         qos, &call.found);
}

// The buffer of the complete name, whichever the procedure has put there, and the tokens of an access state.
class ParseBlocks {
  public:
    explicit ParseBlocks(ParseCall& call) : call_(call) {}
    ParseBlocks(const ParseBlocks&) = delete;
    ParseBlocks& operator=(const ParseBlocks&) = delete;
    ~ParseBlocks() { release(); }
    ACCESS_STATE* access = nullptr;

  private:
    void release() {
        if (call_.complete.Buffer) pool::release(std::exchange(call_.complete.Buffer, nullptr));
        if (access) end_access(*std::exchange(access, nullptr));
    }
    ParseCall& call_;
    seh::Unfinished raised_{[](void* self) { static_cast<ParseBlocks*>(self)->release(); }, this};
};

// The procedure may put another buffer of pool in the place of the complete name's, and free that one.
NTSTATUS call_parse(PVOID object, const ParseRequest& request, const UNICODE_STRING& remaining,
                    PVOID* found) {
    ke::StackObject<ParseCall> call;
    SECURITY_QUALITY_OF_SERVICE* qos = nullptr;
    if (request.security_qos) {
        const auto at = reinterpret_cast<ULONG_PTR>(request.security_qos);
        if (request.mode != KernelMode)
            if (const NTSTATUS status = mm::probe_for_read(at, sizeof *qos, 4); !NT_SUCCESS(status))
                return status;
        qos = &call->qos;
        if (!guest::copy_from(qos, at, sizeof *qos)) return STATUS_ACCESS_VIOLATION;
    }
    const USHORT length = request.complete.Length;
    const auto room = static_cast<USHORT>(std::min<ULONG>(length + sizeof(WCHAR), 0xfffe));
    ParseBlocks blocks(*call);
    auto* text = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, room, name_tag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    std::memcpy(text, request.complete.Buffer, length);
    call->complete = {length, room, text};
    const USHORT before = static_cast<USHORT>(length - remaining.Length);
    call->remaining = {remaining.Length, static_cast<USHORT>(room - before), text + before / sizeof(WCHAR)};
    ACCESS_STATE* access = request.access;
    if (!access) {
        const OBJECT_TYPE* type = request.wanted ? request.wanted : type_of(object);
        access = &call->access;
        begin_access(*access, call->auxiliary, request.desired, type->TypeInfo.GenericMapping);
        blocks.access = access;
    }
    NTSTATUS status = call_parse_procedure(object, request, *call, access, qos);
    if (access == &call->access)
        *request.answer = {{}, true, access->RemainingDesiredAccess, access->PreviouslyGrantedAccess};
    if (status == STATUS_REPARSE) request.answer->name = std::exchange(call->complete, {});
    *found = call->found;
    if (NT_SUCCESS(status) && status != STATUS_REPARSE && !*found) status = STATUS_OBJECT_NAME_NOT_FOUND;
    return status;
}

// The procedure fills an OBJECT_NAME_INFORMATION with the characters behind it.
NTSTATUS call_query_name(PVOID object, UNICODE_STRING& to) {
    constexpr ULONG head = sizeof(OBJECT_NAME_INFORMATION);
    const ULONG length = head + to.MaximumLength + ULONG(sizeof(WCHAR));
    auto* buffer =
        static_cast<OBJECT_NAME_INFORMATION*>(pool::allocate(pool::Kind::paged, length, name_tag, 0, true));
    if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
    const seh::Unfinished raised([](void* block) { pool::release(block, name_tag); }, buffer);
    ke::StackObject<ULONG> needed;
    const NTSTATUS status = seh::call_out(method<OB_QUERYNAME_METHOD>(info_of(object).QueryNameProcedure),
                                          object, BOOLEAN(name_of(object).Length != 0), buffer, length,
                                          &*needed, KPROCESSOR_MODE(KernelMode));
    const bool too_small = status == STATUS_INFO_LENGTH_MISMATCH || status == STATUS_BUFFER_OVERFLOW ||
                           status == STATUS_BUFFER_TOO_SMALL;
    constexpr ULONG longest = 0xfffc;
    if (too_small) {
        const ULONG terminated = head + ULONG(sizeof(WCHAR));
        to.Length = static_cast<USHORT>(std::min(*needed > terminated ? *needed - terminated : 0, longest));
    } else if (NT_SUCCESS(status)) {
        to.Length = buffer->Name.Length;
        if (to.Length && to.Length <= to.MaximumLength)
            std::memcpy(to.Buffer, buffer->Name.Buffer, to.Length);
    }
    pool::release(buffer, name_tag);
    return too_small && to.Length > to.MaximumLength ? STATUS_SUCCESS : status;
}

struct SecurityCall {
    ULONG information, length;
};

NTSTATUS call_security(PVOID object, SECURITY_OPERATION_CODE operation, ULONG* information, PVOID descriptor,
                       ULONG* length, PVOID* slot, KPROCESSOR_MODE mode) {
    OBJECT_TYPE_INITIALIZER& info = info_of(object);
    return seh::call_out(method<OB_SECURITY_METHOD>(info.SecurityProcedure), object, operation, information,
                         descriptor, length, slot, info.PoolType, &info.GenericMapping, mode);
}
NTSTATUS call_query_security(PVOID object, ULONG information, PVOID to, ULONG& length, KPROCESSOR_MODE mode) {
    ke::StackObject<SecurityCall> call;
    *call = {information, length};
    const NTSTATUS status = call_security(object, QuerySecurityDescriptor, &call->information, to,
                                          &call->length, &header_of(object)->SecurityDescriptor, mode);
    length = call->length;
    return status;
}
NTSTATUS call_set_security(PVOID object, ULONG information, const void* captured, KPROCESSOR_MODE mode) {
    ke::StackObject<SecurityCall> call;
    call->information = information;
    return call_security(object, SetSecurityDescriptor, &call->information, const_cast<void*>(captured),
                         nullptr, &header_of(object)->SecurityDescriptor, mode);
}
NTSTATUS call_assign_security(PVOID object, PVOID descriptor) {
    return call_security(object, AssignSecurityDescriptor, nullptr, descriptor, nullptr,
                         &header_of(object)->SecurityDescriptor, KernelMode);
}
void call_delete_security(PVOID object) {
    (void)call_security(object, DeleteSecurityDescriptor, nullptr, nullptr, nullptr,
                        &header_of(object)->SecurityDescriptor, KernelMode);
}

Procedures procedures_for(const OBJECT_TYPE_INITIALIZER& i) {
    Procedures p;
    if (i.ParseProcedure) p.parse = call_parse;
    if (i.OpenProcedure) p.open = call_open;
    if (i.CloseProcedure) p.close = call_close;
    if (i.DeleteProcedure) p.remove = call_delete;
    if (i.OkayToCloseProcedure) p.okay_to_close = call_okay_to_close;
    if (i.QueryNameProcedure) p.query_name = call_query_name;
    if (i.SecurityProcedure) {
        p.query_security = call_query_security;
        p.set_security = call_set_security;
        p.assign_security = call_assign_security;
        p.delete_security = call_delete_security;
    }
    return p;
}

// An object of a type without a default object begins with a dispatcher object, if it can be waited on.
TypeFacts facts_for(std::u16string_view name, const OBJECT_TYPE_INITIALIZER& i) {
    TypeFacts f;
    f.name = name;
    for (ULONG at = 0; at < 4; ++at)
        f.tag |= ULONG(at < name.size() ? name[at] & 0xff : ' ') << at * 8;
    f.mapping = i.GenericMapping;
    f.valid_access = i.ValidAccessMask;
    f.invalid_attributes = i.InvalidAttributes;
    f.paged = i.PoolType & 1;
    f.maintain_handle_info = i.ObjectTypeFlags & OB_TYPE_MAINTAIN_HANDLE_COUNT;
    f.callbacks = i.ObjectTypeFlags & OB_TYPE_SUPPORTS_OBJECT_CALLBACKS;
    f.security_required = i.ObjectTypeFlags & OB_TYPE_SECURITY_REQUIRED;
    f.always_signaled = i.ObjectTypeFlags & OB_TYPE_USE_DEFAULT_OBJECT;
    f.wait_offset = 0;
    f.of_driver = true;
    f.wait_mask = i.WaitObjectFlagMask;
    f.wait_mask_offset = i.WaitObjectFlagOffset;
    f.wait_pointer_offset = i.WaitObjectPointerOffset;
    return f;
}

// What waits on objects of types with a default object wait on: an event that is always set.
KEVENT* default_object() {
    static KEVENT* event;
    static const OBJECT_TYPE* made_for; // a machine for each unit test
    if (event && made_for == type_type) return event;
    event = static_cast<KEVENT*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("ObDf"), 0, true));
    made_for = type_type;
    if (event) ke::initialize_event(*event, NotificationEvent, true);
    return event;
}

} // namespace

NTSTATUS create_driver_type(const UNICODE_STRING* name, const OBJECT_TYPE_INITIALIZER* i,
                            const void* descriptor, OBJECT_TYPE** type) {
    if (!name || !name->Length || name->Length % sizeof(WCHAR) || !i || i->Length != sizeof *i ||
        (i->InvalidAttributes & ~OBJ_VALID_ATTRIBUTES))
        return STATUS_INVALID_PARAMETER;
    if ((i->ObjectTypeFlags & OB_TYPE_MAINTAIN_HANDLE_COUNT) && !i->OpenProcedure && !i->CloseProcedure)
        return STATUS_INVALID_PARAMETER;
    if ((i->ObjectTypeFlags & OB_TYPE_USE_DEFAULT_OBJECT) && (i->PoolType & 1))
        return STATUS_INVALID_PARAMETER;
    const std::u16string_view text(name->Buffer, name->Length / sizeof(WCHAR));
    if (text.find(u'\\') != text.npos) return STATUS_OBJECT_NAME_INVALID;
    TypeFacts facts = facts_for(text, *i);
    KEVENT* event = facts.always_signaled ? default_object() : nullptr;
    if (facts.always_signaled && !event) return STATUS_INSUFFICIENT_RESOURCES;
    void* captured = nullptr;
    if (descriptor)
        if (const NTSTATUS status = capture_descriptor(descriptor, KernelMode, &captured);
            !NT_SUCCESS(status))
            return status;
    const Result<OBJECT_TYPE*> made = create_type(facts, procedures_for(*i));
    NTSTATUS status = made ? STATUS_SUCCESS : made.error();
    if (made && captured) status = assign_security(*made, captured, KernelMode);
    if (captured) release_descriptor(captured);
    if (!made) return status;
    OBJECT_TYPE* t = *made;
    t->TypeInfo = *i;
    t->TypeInfo.ObjectTypeFlags |= OB_TYPE_MAINTAIN_TYPE_LIST; // every object is in the list
    t->DefaultObject = event;
    if (event) t->TypeInfo.ValidAccessMask |= SYNCHRONIZE;
    *type = t;
    return status;
}

} // namespace nt::ob
