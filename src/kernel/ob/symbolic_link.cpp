#include "abi/status.h"
#include "kernel/ke/clock.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstring>

namespace nt::ob {

PVOID link_descriptor;

namespace {

constexpr ULONG target_tag = pool::tag("Symt");

void remove_link(PVOID object) {
    auto* link = static_cast<OBJECT_SYMBOLIC_LINK*>(object);
    if (link->LinkTarget.Buffer) pool::release(link->LinkTarget.Buffer, target_tag);
}

} // namespace

void detail::create_symbolic_link_type() {
    const GENERIC_MAPPING mapping{STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
                                  STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS};
    // Links are followed by lookup() itself, so there is no parse procedure.
    symbolic_link_type = *create_type({.name = u"SymbolicLink",
                                       .tag = pool::tag("Symb"),
                                       .mapping = mapping,
                                       .valid_access = SYMBOLIC_LINK_ALL_ACCESS,
                                       .global_privilege = true,
                                       .security_required = true},
                                      {.remove = remove_link});
}

Result<OBJECT_SYMBOLIC_LINK*> new_symbolic_link(std::u16string_view name, const UNICODE_STRING& target,
                                                ULONG attributes, USHORT kept) {
    const Result<PVOID> body = create_object({.type = symbolic_link_type,
                                              .body_size = sizeof(OBJECT_SYMBOLIC_LINK),
                                              .name = name,
                                              .attributes = attributes & (OBJ_PERMANENT | OBJ_EXCLUSIVE)});
    if (!body) return fail(body.error());
    auto* link = static_cast<OBJECT_SYMBOLIC_LINK*>(*body);
    link->CreationTime.QuadPart = ke::system_time();
    const ULONG size = std::max<ULONG>(kept, target.Length + ULONG(sizeof(WCHAR)));
    auto* text = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, size, target_tag));
    if (!text) {
        dereference(link);
        return fail(STATUS_INSUFFICIENT_RESOURCES);
    }
    text[target.Length / sizeof(WCHAR)] = 0;
    if (const USHORT bytes = std::max(kept, target.Length)) std::memcpy(text, target.Buffer, bytes);
    constexpr ULONG longest = 0xfffe;
    link->LinkTarget = {target.Length, static_cast<USHORT>(std::min(size, longest)), text};
    return link;
}

NTSTATUS create_symbolic_link(const UNICODE_STRING& name, const UNICODE_STRING& target, ULONG attributes,
                              PVOID descriptor) {
    const std::u16string_view path(name.Buffer, name.Length / sizeof(WCHAR));
    const std::u16string_view last = path.substr(path.rfind(u'\\') + 1);
    if (path.empty() || last.empty()) return STATUS_OBJECT_NAME_INVALID;
    const Result<OBJECT_SYMBOLIC_LINK*> link = new_symbolic_link(last, target, attributes);
    if (!link) return link.error();
    Attributes where;
    where.set(name, attributes | OBJ_CASE_INSENSITIVE);
    where.security_descriptor = descriptor ? descriptor : link_descriptor;
    const NTSTATUS status = insert(*link, where, KernelMode, 0, nullptr);
    if (NT_SUCCESS(status) && trace::on) [[unlikely]]
        trace::emit_symlink_created(name, target);
    return status;
}

NTSTATUS delete_symbolic_link(const UNICODE_STRING& name) {
    PVOID link;
    if (const NTSTATUS status = reference_by_name(name, OBJ_CASE_INSENSITIVE | OBJ_OPENLINK,
                                                  symbolic_link_type, KernelMode, nullptr, &link);
        !NT_SUCCESS(status))
        return status;
    make_temporary(link);
    dereference(link);
    return STATUS_SUCCESS;
}

void removed_from_namespace(PVOID object) {
    if (type_of(object) == symbolic_link_type && trace::on) [[unlikely]]
        trace::emit_symlink_deleted(name_of(object));
}

} // namespace nt::ob
