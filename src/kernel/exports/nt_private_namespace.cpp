// Private namespaces: win32 page sync/object-namespaces. "Each namespace is uniquely identified by its name
// and boundaries": both make up the name of a directory that is in no other one but the list of namespaces,
// and leaves it with its last handle. The services and the form of a boundary descriptor are publicly known.
#include "abi/boundary.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/directory.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/subject.h"
#include "kernel/se/token.h"
#include "rtl/security.h"
#include <algorithm>
#include <string>
#include <vector>

using namespace nt;
using exports::copy_in;
using exports::previous_mode;

namespace {

constexpr ULONG largest = 0x8000; // bytes of a boundary descriptor

// assumed: a process is within a label's boundary at its level and above.
bool is_within(const TOKEN& token, ULONG type, const SID* sid) {
    return type == BOUNDARY_ENTRY_SID
               ? se::has_sid(token, sid)
               : se::integrity_level(token) >= sid->SubAuthority[sid->SubAuthorityCount - 1];
}

// The parts of the boundary as text, in one order, and whether the caller is within it.
NTSTATUS read_boundary(const void* from, std::u16string& text, bool& within) {
    OBJECT_BOUNDARY_DESCRIPTOR head;
    if (!copy_in(&head, from, sizeof head)) return STATUS_ACCESS_VIOLATION;
    if (head.Version != 1 || head.Flags & ~BOUNDARY_ADD_APPCONTAINER_SID || head.TotalSize < sizeof head ||
        head.TotalSize > largest)
        return STATUS_INVALID_PARAMETER;
    std::vector<UCHAR> bytes(head.TotalSize);
    if (!copy_in(bytes.data(), from, bytes.size())) return STATUS_ACCESS_VIOLATION;
    std::vector<std::u16string> parts;
    const TOKEN& token = *se::current_token();
    ULONG names = 0;
    for (ULONG at = sizeof head, item = 0; item < head.Items; ++item) {
        if (at > bytes.size() || bytes.size() - at < sizeof(OBJECT_BOUNDARY_ENTRY))
            return STATUS_INVALID_PARAMETER;
        const auto* entry = reinterpret_cast<const OBJECT_BOUNDARY_ENTRY*>(bytes.data() + at);
        if (entry->EntrySize < sizeof *entry || entry->EntrySize > bytes.size() - at || entry->EntrySize % 8)
            return STATUS_INVALID_PARAMETER;
        const ULONG length = entry->EntrySize - ULONG(sizeof *entry);
        if (entry->EntryType == BOUNDARY_ENTRY_NAME) {
            std::u16string name(reinterpret_cast<const char16_t*>(entry + 1), length / sizeof(WCHAR));
            name.resize(std::min(name.find(u'\0'), name.size()));
            const std::string length_text = std::to_string(name.size()); // it may look like other parts
            parts.push_back(u"name" + std::u16string(length_text.begin(), length_text.end()) + u':' + name);
            ++names;
        } else if (entry->EntryType == BOUNDARY_ENTRY_SID || entry->EntryType == BOUNDARY_ENTRY_LABEL) {
            const auto* sid = reinterpret_cast<const SID*>(entry + 1);
            if (length < 12 || sid->SubAuthorityCount == 0 ||
                length < rtl::length_required_sid(sid->SubAuthorityCount) || !rtl::valid_sid(sid))
                return STATUS_INVALID_SID;
            WCHAR room[256];
            parts.push_back((entry->EntryType == BOUNDARY_ENTRY_SID ? u"sid:" : u"label:") +
                            std::u16string(room, rtl::sid_to_string(sid, room)));
            within = within && is_within(token, entry->EntryType, sid);
        } else
            return STATUS_INVALID_PARAMETER;
        at += entry->EntrySize;
    }
    if (names != 1) return STATUS_INVALID_PARAMETER;
    std::ranges::sort(parts);
    for (const std::u16string& part : parts)
        text += u'\\' + part;
    return STATUS_SUCCESS;
}

// What a caller asks for: the name in the list of namespaces, and whether he is within its boundary.
struct Asked {
    ob::Attributes attributes;
    std::u16string identity;
    bool within = true;
    NTSTATUS read(const OBJECT_ATTRIBUTES* given, const void* boundary);
};
NTSTATUS Asked::read(const OBJECT_ATTRIBUTES* given, const void* boundary) {
    if (const NTSTATUS status = attributes.capture(given, previous_mode()); !NT_SUCCESS(status))
        return status;
    if (attributes.name.Length == 0 || attributes.root) return STATUS_INVALID_PARAMETER;
    identity.assign(attributes.name.Buffer, attributes.name.Length / sizeof(WCHAR));
    if (identity.find(u'\\') != identity.npos) return STATUS_OBJECT_NAME_INVALID;
    if (const NTSTATUS status = read_boundary(boundary, identity, within); !NT_SUCCESS(status)) return status;
    return identity.size() > 0x7ffe ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;
}

NTSTATUS give(HANDLE* to, const Result<HANDLE>& made) {
    if (!made) return made.error();
    if (exports::write_parameter(to, *made)) return STATUS_SUCCESS;
    ob::close_handle(*made, previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

} // namespace

extern "C" NTSTATUS NtCreatePrivateNamespace(HANDLE* handle, ACCESS_MASK desired,
                                             const OBJECT_ATTRIBUTES* given, const void* boundary) {
    const KPROCESSOR_MODE mode = previous_mode();
    Asked asked;
    if (const NTSTATUS status = asked.read(given, boundary); !NT_SUCCESS(status)) return status;
    // "The caller must be within the specified boundary for the create operation to succeed."
    if (!asked.within) return STATUS_ACCESS_DENIED;
    PVOID body = TRY_STATUS(ob::create_object(
        {.type = ob::directory_type, .body_size = sizeof(OBJECT_DIRECTORY), .name = asked.identity}));
    NTSTATUS status = ob::insert_private(body);
    if (NT_SUCCESS(status)) {
        status = ob::assign_security(body, asked.attributes.security_descriptor, mode);
        if (NT_SUCCESS(status))
            status = give(handle, ob::handle_for_creator(body, asked.attributes.attributes, desired, mode));
        if (!NT_SUCCESS(status)) ob::remove_from_directory(body);
    }
    ob::dereference(body);
    return status;
}
GATE(NtCreatePrivateNamespace);

// "A process can open an existing namespace even if it is not within the boundary unless the creator
// restricted access".
extern "C" NTSTATUS NtOpenPrivateNamespace(HANDLE* handle, ACCESS_MASK desired,
                                           const OBJECT_ATTRIBUTES* given, const void* boundary) {
    const KPROCESSOR_MODE mode = previous_mode();
    Asked asked;
    if (const NTSTATUS status = asked.read(given, boundary); !NT_SUCCESS(status)) return status;
    PVOID body = ob::find_private(asked.identity);
    if (!body) return STATUS_OBJECT_NAME_NOT_FOUND;
    ob::reference(body);
    const NTSTATUS status = give(handle, ob::open_by_pointer(body, asked.attributes.attributes, nullptr,
                                                             desired, ob::directory_type, mode));
    ob::dereference(body);
    return status;
}
GATE(NtOpenPrivateNamespace);

// assumed: takes DELETE. The namespace is not found any more; who has it goes on.
extern "C" NTSTATUS NtDeletePrivateNamespace(HANDLE handle) {
    PVOID body;
    if (const NTSTATUS status =
            ob::reference_by_handle(handle, DELETE, ob::directory_type, previous_mode(), &body, nullptr);
        !NT_SUCCESS(status))
        return status;
    const bool is_private = ob::is_private(body);
    if (is_private) ob::remove_from_directory(body);
    ob::dereference(body);
    return is_private ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
GATE(NtDeletePrivateNamespace);
