#include "kernel/ob/object.h"
#include "abi/bugcheck.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/processor.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/detail/calling_driver.h"
#include "kernel/ob/driver_type.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::ob {

namespace {

constexpr ULONG name_tag = pool::tag("ObNm");

OBJECT_HEADER* deferred_head; // linked by NextToFree
void (*deferred_request)();

// Bytes of the optional headers, and where each stands before the header.
constexpr SIZE_T creator_size = sizeof(OBJECT_HEADER_CREATOR_INFO);
constexpr SIZE_T name_size = sizeof(OBJECT_HEADER_NAME_INFO);
constexpr SIZE_T handle_size = sizeof(OBJECT_HEADER_HANDLE_INFO);
constexpr SIZE_T quota_size = sizeof(OBJECT_HEADER_QUOTA_INFO);
constexpr SIZE_T process_size = sizeof(OBJECT_HEADER_PROCESS_INFO);
static_assert(sizeof(OBJECT_HEADER) == OBJECT_HEADER_BODY && creator_size == 0x20 && name_size == 0x20 &&
              handle_size == 0x10 && quota_size == 0x20 && process_size == 0x10);

constexpr SIZE_T size_before(UCHAR mask) {
    return (mask & OB_INFOMASK_CREATOR ? creator_size : 0) + (mask & OB_INFOMASK_NAME ? name_size : 0) +
           (mask & OB_INFOMASK_HANDLE ? handle_size : 0) + (mask & OB_INFOMASK_QUOTA ? quota_size : 0) +
           (mask & OB_INFOMASK_PROCESS ? process_size : 0);
}

// The optional header of `bit`: those of lower bits stand between it and the header.
void* optional(const OBJECT_HEADER* header, UCHAR bit) {
    if (!(header->InfoMask & bit)) return nullptr;
    const SIZE_T distance = size_before(header->InfoMask & ((bit << 1) - 1));
    return reinterpret_cast<void*>(reinterpret_cast<ULONG_PTR>(header) - distance);
}

Result<PVOID> build(const NewObject& what, OBJECT_TYPE* type, UCHAR type_index) {
    const TypeFacts* facts = type ? &facts_of(type) : nullptr;
    UCHAR mask = OB_INFOMASK_CREATOR;
    if (!what.name.empty()) mask |= OB_INFOMASK_NAME;
    if (facts && facts->maintain_handle_info) mask |= OB_INFOMASK_HANDLE;
    // assumed: nobody is charged for threads, which may outlive who made them.
    OBJECT_TYPE** thread_type = process_hooks().thread_type;
    const EPROCESS* creator = thread_type && type == *thread_type ? nullptr : current_program();
    if (creator) mask |= OB_INFOMASK_QUOTA;
    if (what.attributes & OBJ_EXCLUSIVE) mask |= OB_INFOMASK_PROCESS;
    const SIZE_T before = size_before(mask);
    const bool paged = facts && facts->paged;
    auto* memory = static_cast<UCHAR*>(pool::allocate(
        paged ? pool::Kind::paged : pool::Kind::nonpaged, before + OBJECT_HEADER_BODY + what.body_size,
        facts ? facts->tag : pool::tag("ObjT"), detail::calling_driver(), true));
    if (!memory) return fail(STATUS_INSUFFICIENT_RESOURCES);
    auto* header = reinterpret_cast<OBJECT_HEADER*>(memory + before);
    header->PointerCount = 1;
    header->TypeIndex = type_index;
    header->InfoMask = mask;
    header->Flags = (what.attributes & OBJ_PERMANENT ? OB_FLAG_PERMANENT_OBJECT : 0) |
                    (what.attributes & OBJ_EXCLUSIVE ? OB_FLAG_EXCLUSIVE_OBJECT : 0) |
                    (what.kernel_object ? OB_FLAG_KERNEL_OBJECT : 0) |
                    (mask & OB_INFOMASK_HANDLE ? OB_FLAG_SINGLE_HANDLE_ENTRY : 0);
    PVOID body = body_of(header);
    creator_info(body)->CreatorUniqueProcess = creator ? creator->UniqueProcessId : nullptr;
    if (OBJECT_HEADER_QUOTA_INFO* quota = quota_info(body)) {
        // assumed: an object of the kernel's own types is charged with what it takes.
        const auto own =
            what.paged_charge || what.nonpaged_charge ? 0 : ULONG(OBJECT_HEADER_BODY + what.body_size);
        quota->PagedPoolCharge = what.paged_charge + (paged ? own : 0);
        quota->NonPagedPoolCharge = what.nonpaged_charge + (paged ? 0 : own);
    }
    if (!what.name.empty()) {
        OBJECT_HEADER_NAME_INFO* name = name_info(body);
        const SIZE_T bytes = what.name.size() * sizeof(WCHAR);
        auto* text = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, bytes + sizeof(WCHAR), name_tag));
        if (!text) {
            pool::release(memory);
            return fail(STATUS_INSUFFICIENT_RESOURCES);
        }
        std::memcpy(text, what.name.data(), bytes);
        text[what.name.size()] = 0;
        name->Name = {static_cast<USHORT>(bytes), static_cast<USHORT>(bytes + sizeof(WCHAR)), text};
    }
    return body;
}

void link_to_type(OBJECT_TYPE* type, PVOID body) {
    LIST_ENTRY& entry = creator_info(body)->TypeList;
    LIST_ENTRY& head = type->TypeList;
    entry = {&head, head.Blink};
    head.Blink->Flink = &entry;
    head.Blink = &entry;
    if (++type->TotalNumberOfObjects > type->HighWaterNumberOfObjects)
        type->HighWaterNumberOfObjects = type->TotalNumberOfObjects;
}

void release_memory(OBJECT_HEADER* header) {
    PVOID body = body_of(header);
    OBJECT_TYPE* type = type_of(body);
    const UNICODE_STRING name = name_of(body);
    if (trace::on) [[unlikely]]
        trace::emit_object_deleted(body, type->Name, name);
    LIST_ENTRY& entry = creator_info(body)->TypeList;
    entry.Flink->Blink = entry.Blink;
    entry.Blink->Flink = entry.Flink;
    --type->TotalNumberOfObjects;
    if (name.Buffer) pool::release(name.Buffer, name_tag);
    release_creation(header);
    if (const OBJECT_HEADER_QUOTA_INFO* quota = quota_info(body); quota && header->QuotaBlockCharged)
        process_hooks().give_back(header->QuotaBlockCharged, quota->PagedPoolCharge,
                                  quota->NonPagedPoolCharge);
    forget_handle_counts(body);
    if (header->SecurityDescriptor) dereference_descriptor(header->SecurityDescriptor);
    pool::release(reinterpret_cast<UCHAR*>(header) - size_before(header->InfoMask));
}

void delete_now(OBJECT_HEADER* header) {
    PVOID body = body_of(header);
    remove_from_directory(body);
    const Procedures& procedures = procedures_of(type_of(body));
    if (header->SecurityDescriptor && procedures.delete_security) {
        procedures.delete_security(body);
        header->SecurityDescriptor = nullptr;
    }
    if (auto* remove = procedures.remove) remove(body);
    release_memory(header);
}

void defer(OBJECT_HEADER* header) {
    const bool first = !deferred_head;
    header->NextToFree = deferred_head;
    deferred_head = header;
    if (first && deferred_request) deferred_request();
}

} // namespace

OBJECT_HEADER_CREATOR_INFO* creator_info(const void* body) {
    return static_cast<OBJECT_HEADER_CREATOR_INFO*>(optional(header_of(body), OB_INFOMASK_CREATOR));
}
OBJECT_HEADER_NAME_INFO* name_info(const void* body) {
    return static_cast<OBJECT_HEADER_NAME_INFO*>(optional(header_of(body), OB_INFOMASK_NAME));
}
OBJECT_HEADER_HANDLE_INFO* handle_info(const void* body) {
    return static_cast<OBJECT_HEADER_HANDLE_INFO*>(optional(header_of(body), OB_INFOMASK_HANDLE));
}
OBJECT_HEADER_QUOTA_INFO* quota_info(const void* body) {
    return static_cast<OBJECT_HEADER_QUOTA_INFO*>(optional(header_of(body), OB_INFOMASK_QUOTA));
}
OBJECT_HEADER_PROCESS_INFO* process_info(const void* body) {
    return static_cast<OBJECT_HEADER_PROCESS_INFO*>(optional(header_of(body), OB_INFOMASK_PROCESS));
}
ULONG_PTR block_of(const void* body) {
    const OBJECT_HEADER* header = header_of(body);
    return reinterpret_cast<ULONG_PTR>(header) - size_before(header->InfoMask);
}
ULONG_PTR creator_of(const void* body) {
    pool::Block block;
    return pool::find_block(block_of(body), block) ? block.caller : 0;
}
UNICODE_STRING name_of(const void* body) {
    const OBJECT_HEADER_NAME_INFO* name = name_info(body);
    return name ? name->Name : UNICODE_STRING{};
}
OBJECT_DIRECTORY* directory_of(const void* body) {
    const OBJECT_HEADER_NAME_INFO* name = name_info(body);
    return name ? name->Directory : nullptr;
}

Result<PVOID> create_object(const NewObject& what) {
    if (what.attributes & what.type->TypeInfo.InvalidAttributes) return fail(STATUS_INVALID_PARAMETER);
    const Result<PVOID> body = build(what, what.type, what.type->Index);
    if (!body) return body;
    if (what.security_descriptor) {
        const auto* sd = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(what.security_descriptor);
        if (const NTSTATUS status = set_security(*body, sd, security_length(sd)); !NT_SUCCESS(status)) {
            link_to_type(what.type, *body);
            release_memory(header_of(*body));
            return fail(status);
        }
    }
    link_to_type(what.type, *body);
    if (trace::on) [[unlikely]]
        trace::emit_object_created(*body, what.type->Name, trace::Str16(what.name));
    return body;
}

Result<PVOID> detail::create_first_type(const NewObject& what, UCHAR index) {
    const Result<PVOID> body = build(what, nullptr, index);
    if (!body) return body;
    auto* type = static_cast<OBJECT_TYPE*>(*body);
    type->TypeList = {&type->TypeList, &type->TypeList};
    link_to_type(type, type);
    return body;
}

// "an object's reference count goes to zero while there are still open handles to the object. It might also
// occur when the object's reference count drops below zero". Parameters 3 and 4 are reserved.
[[noreturn]] static void reference_by_pointer_stop(OBJECT_HEADER* header, LONG64 count) {
    ke::bug_check(REFERENCE_BY_POINTER, reinterpret_cast<ULONG_PTR>(type_of(body_of(header))),
                  reinterpret_cast<ULONG_PTR>(body_of(header)), 2, static_cast<ULONG_PTR>(count));
}

void delete_object(OBJECT_HEADER* header) {
    if (header->PointerCount < 0 || header->HandleCount > 0)
        reference_by_pointer_stop(header, header->PointerCount);
    if (ke::current_irql() > PASSIVE_LEVEL)
        defer(header);
    else
        delete_now(header);
}

void check_driver_dereference(PVOID body) {
    OBJECT_HEADER* header = header_of(body);
    const LONG64 left = header->PointerCount - 1;
    const OBJECT_TYPE* type = types_by_index[header->TypeIndex];
    const auto own = type ? procedures_of(type).own_references : nullptr;
    if (left < header->HandleCount + (own ? own(body) : 0)) reference_by_pointer_stop(header, left);
}

void dereference_defer_delete(PVOID body) {
    OBJECT_HEADER* header = header_of(body);
    if (--header->PointerCount > 0) return;
    if (header->PointerCount < 0 || header->HandleCount > 0) delete_object(header); // reports
    defer(header);
}

void set_deferred_delete_hook(void (*request)()) { deferred_request = request; }

static ULONG deletes_under_way = 0; // calls of run_deferred_deletes() that have not returned

void run_deferred_deletes() {
    ++deletes_under_way;
    while (OBJECT_HEADER* header = deferred_head) {
        deferred_head = static_cast<OBJECT_HEADER*>(header->NextToFree);
        header->HandleCount = 0;
        delete_now(header);
    }
    --deletes_under_way;
}

bool has_deferred_deletes() { return deferred_head || deletes_under_way; }

NTSTATUS reference_by_pointer(PVOID body, ACCESS_MASK, OBJECT_TYPE* type, KPROCESSOR_MODE mode) {
    if (type_of(body) != type && mode != KernelMode) return STATUS_OBJECT_TYPE_MISMATCH;
    reference(body);
    return STATUS_SUCCESS;
}

void make_temporary(PVOID body) {
    OBJECT_HEADER* header = header_of(body);
    header->Flags &= static_cast<UCHAR>(~OB_FLAG_PERMANENT_OBJECT);
    if (header->HandleCount == 0) remove_from_directory(body);
}
void make_permanent(PVOID body) { header_of(body)->Flags |= OB_FLAG_PERMANENT_OBJECT; }

ULONG security_length(const SECURITY_DESCRIPTOR_RELATIVE* sd) {
    const auto* base = reinterpret_cast<const UCHAR*>(sd);
    ULONG end = sizeof *sd;
    auto reach = [&](ULONG offset, auto size) {
        if (offset) end = std::max<ULONG>(end, offset + size(base + offset));
    };
    auto sid = [](const UCHAR* p) { return ULONG(8 + 4 * p[1]); };
    auto acl = [](const UCHAR* p) { return ULONG(reinterpret_cast<const ACL*>(p)->AclSize); };
    reach(sd->Owner, sid);
    reach(sd->Group, sid);
    reach(sd->Sacl, acl);
    reach(sd->Dacl, acl);
    return end;
}

DISPATCHER_HEADER* waitable(PVOID body) {
    const OBJECT_TYPE* type = type_of(body);
    const TypeFacts& facts = facts_of(type);
    auto* bytes = static_cast<UCHAR*>(body);
    if (facts.always_signaled) [[unlikely]]
        return static_cast<DISPATCHER_HEADER*>(type->DefaultObject);
    if (facts.wait_mask) [[unlikely]]
        if (*reinterpret_cast<const ULONG*>(bytes + facts.wait_mask_offset) & facts.wait_mask)
            return *reinterpret_cast<DISPATCHER_HEADER**>(bytes + facts.wait_pointer_offset);
    return facts.wait_offset < 0 ? nullptr : reinterpret_cast<DISPATCHER_HEADER*>(bytes + facts.wait_offset);
}

void for_each_object(OBJECT_TYPE* type, void (*visit)(void* context, PVOID body), void* context) {
    for (LIST_ENTRY* e = type->TypeList.Flink; e != &type->TypeList;) {
        LIST_ENTRY* next = e->Flink;
        auto* header = reinterpret_cast<OBJECT_HEADER*>(reinterpret_cast<UCHAR*>(e) + creator_size);
        visit(context, body_of(header));
        e = next;
    }
}

bool is_object(const void* body) {
    struct Search {
        const void* body;
        bool found;
    } search{body, false};
    for (OBJECT_TYPE* type : types_by_index)
        if (type && !search.found)
            for_each_object(
                type,
                [](void* context, PVOID candidate) {
                    auto& s = *static_cast<Search*>(context);
                    s.found |= candidate == s.body;
                },
                &search);
    return search.found;
}

} // namespace nt::ob
