// Descriptors by handle, and checks that programs ask for: ntifs pages nf-ntifs-ntquerysecurityobject,
// nf-ntifs-ntsetsecurityobject; Win32 pages of AccessCheck and PrivilegeCheck.
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/token_handle.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/held.h"
#include "kernel/ob/object.h"
#include "kernel/se/access.h"
#include "kernel/se/access_check.h"
#include "kernel/se/descriptor.h"
#include "kernel/se/subject.h"
#include <bit>

using namespace nt;
using namespace nt::exports;

extern "C" NTSTATUS NtQuerySecurityObject(HANDLE handle, SECURITY_INFORMATION information, PVOID to,
                                          ULONG length, ULONG* needed) {
    const KPROCESSOR_MODE mode = previous_mode();
    ULONG size = length;
    if (!write_parameter(needed, length)) return STATUS_ACCESS_VIOLATION;
    if (mode != KernelMode && length)
        if (const NTSTATUS status = mm::probe_for_write(reinterpret_cast<ULONG_PTR>(to), length, 4);
            !NT_SUCCESS(status))
            return status;
    PVOID object;
    NTSTATUS status =
        ob::reference_by_handle(handle, se::rights_to_query(information), nullptr, mode, &object, nullptr);
    if (!NT_SUCCESS(status)) return status;
    const ob::Held held(object);
    status = se::query_security(object, information, to, size, mode);
    if ((NT_SUCCESS(status) || status == STATUS_BUFFER_TOO_SMALL) && !write_parameter(needed, size))
        return STATUS_ACCESS_VIOLATION;
    return status;
}
GATE(NtQuerySecurityObject);

extern "C" NTSTATUS NtSetSecurityObject(HANDLE handle, SECURITY_INFORMATION information,
                                        const void* descriptor) {
    const KPROCESSOR_MODE mode = previous_mode();
    if (!descriptor) return STATUS_ACCESS_VIOLATION;
    PVOID object;
    NTSTATUS status =
        ob::reference_by_handle(handle, se::rights_to_set(information), nullptr, mode, &object, nullptr);
    if (!NT_SUCCESS(status)) return status;
    const ob::Held held(object);
    PVOID captured = nullptr;
    status = ob::capture_descriptor(descriptor, mode, &captured);
    if (NT_SUCCESS(status)) {
        const auto& d = *static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(captured);
        if (((information & OWNER_SECURITY_INFORMATION) && !d.Owner) ||
            ((information & GROUP_SECURITY_INFORMATION) && !d.Group))
            status = STATUS_INVALID_SECURITY_DESCR;
        else {
            const seh::Unfinished raised(ob::release_descriptor, captured);
            status = se::set_security(object, information, captured, mode);
        }
        ob::release_descriptor(captured);
    }
    return status;
}
GATE(NtSetSecurityObject);

// Win32 page of AccessCheck: the token must be an impersonation token of at least identification level, the
// desired access without generic rights, the descriptor with owner and group.
extern "C" NTSTATUS NtAccessCheck(const void* descriptor, HANDLE client, ACCESS_MASK desired,
                                  const GENERIC_MAPPING* mapping_at, PRIVILEGE_SET* privileges, ULONG* length,
                                  ACCESS_MASK* granted, NTSTATUS* access_status) {
    GENERIC_MAPPING mapping;
    ULONG room;
    if (!read_parameter(mapping_at, mapping) || !read_parameter(length, room)) return STATUS_ACCESS_VIOLATION;
    if (desired & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL))
        return STATUS_GENERIC_NOT_MAPPED;
    TokenReference by(client, TOKEN_QUERY);
    if (!NT_SUCCESS(by.status)) return by.status;
    if (by.token->TokenType != TokenImpersonation) return STATUS_NO_IMPERSONATION_TOKEN;
    if (by.token->ImpersonationLevel < SecurityIdentification) return STATUS_BAD_IMPERSONATION_LEVEL;
    PVOID captured;
    if (!descriptor) return STATUS_ACCESS_VIOLATION;
    if (const NTSTATUS status = ob::capture_descriptor(descriptor, previous_mode(), &captured);
        !NT_SUCCESS(status))
        return status;
    const auto& d = *static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(captured);
    const bool whole = d.Owner && d.Group;
    const se::AccessAnswer answer =
        whole ? se::check_access({captured, by.token, desired, 0, mapping, UserMode}) : se::AccessAnswer{};
    ob::release_descriptor(captured);
    if (!whole) return STATUS_INVALID_SECURITY_DESCR;
    const auto count = static_cast<ULONG>(std::popcount(answer.privileges));
    const ULONG needed = static_cast<ULONG>(offsetof(PRIVILEGE_SET, Privilege) +
                                            std::max<ULONG>(count, 1) * sizeof(LUID_AND_ATTRIBUTES));
    if (!write_parameter(length, needed)) return STATUS_ACCESS_VIOLATION;
    if (room < needed) return STATUS_BUFFER_TOO_SMALL;
    const ULONG head[2] = {count, 0};
    bool good = copy_out(privileges, head, sizeof head);
    ULONG at = 0;
    for (ULONG luid = 0; luid < 64 && good; ++luid)
        if (answer.privileges >> luid & 1)
            good = write_parameter(&privileges->Privilege[at++], {{luid, 0}, SE_PRIVILEGE_USED_FOR_ACCESS});
    good = good && write_parameter(granted, answer.granted) && write_parameter(access_status, answer.status);
    return good ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtAccessCheck);

extern "C" NTSTATUS NtPrivilegeCheck(HANDLE client, PRIVILEGE_SET* required, BOOLEAN* result) {
    TokenReference by(client, TOKEN_QUERY);
    if (!NT_SUCCESS(by.status)) return by.status;
    if (by.token->TokenType == TokenImpersonation && by.token->ImpersonationLevel < SecurityIdentification)
        return STATUS_BAD_IMPERSONATION_LEVEL;
    ULONG head[2];
    constexpr ULONG most = 64;
    LUID_AND_ATTRIBUTES list[most];
    if (!copy_in(head, required, sizeof head)) return STATUS_ACCESS_VIOLATION;
    if (head[0] > most) return STATUS_INVALID_PARAMETER;
    const ULONG size = head[0] * static_cast<ULONG>(sizeof list[0]);
    auto* at = required ? required->Privilege : nullptr;
    if (!copy_in(list, at, size)) return STATUS_ACCESS_VIOLATION;
    const bool held =
        se::check_privileges(*by.token, list, head[0], head[1] & PRIVILEGE_SET_ALL_NECESSARY, UserMode);
    const bool good = copy_out(at, list, size) && write_parameter(result, held ? TRUE : FALSE);
    return good ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtPrivilegeCheck);

extern "C" NTSTATUS NtAllocateLocallyUniqueId(LUID* to) {
    return write_parameter(to, se::allocate_luid()) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtAllocateLocallyUniqueId);
