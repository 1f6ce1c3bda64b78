// Directories and symbolic links by handle: wdm/ntifs pages nf-wdm-zwcreatedirectoryobject,
// nf-wdm-zwopensymboliclinkobject …; NtQueryDirectoryObject: win32 page devnotes/ntquerydirectoryobject.
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/directory.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"

using namespace nt;
using exports::previous_mode;
using exports::read_parameter;
using exports::write_parameter;

namespace {

std::u16string_view last_part(const UNICODE_STRING& name) {
    std::u16string_view view(name.Buffer, name.Length / sizeof(WCHAR));
    if (const auto at = view.rfind(u'\\'); at != view.npos) view.remove_prefix(at + 1);
    return view;
}

NTSTATUS give(HANDLE* to, HANDLE handle, NTSTATUS status) {
    if (write_parameter(to, handle)) return status;
    ob::close_handle(handle, previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

NTSTATUS open(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given, OBJECT_TYPE* type) {
    if (!given) return STATUS_INVALID_PARAMETER;
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, previous_mode()); !NT_SUCCESS(status))
        return status;
    const auto made = ob::open_by_name(attributes, type, previous_mode(), nullptr, desired, nullptr);
    return made ? give(handle, *made, STATUS_SUCCESS) : made.error();
}

NTSTATUS insert(PVOID object, const ob::Attributes& attributes, ACCESS_MASK desired, HANDLE* handle) {
    HANDLE made = nullptr;
    const NTSTATUS status = ob::insert(object, attributes, previous_mode(), desired, &made);
    return NT_SUCCESS(status) ? give(handle, made, status) : status;
}

class Reference {
  public:
    Reference(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type) {
        status = ob::reference_by_handle(handle, desired, type, previous_mode(), &body, nullptr);
    }
    ~Reference() {
        if (body) ob::dereference(body);
    }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    PVOID body = nullptr;
    NTSTATUS status;
};

} // namespace

extern "C" NTSTATUS NtCreateDirectoryObject(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* given) {
    if (!exports::is_writable(handle)) return STATUS_ACCESS_VIOLATION;
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, previous_mode()); !NT_SUCCESS(status))
        return status;
    const auto made = ob::create_object({.type = ob::directory_type,
                                         .body_size = sizeof(OBJECT_DIRECTORY),
                                         .name = last_part(attributes.name),
                                         .attributes = attributes.attributes});
    return made ? insert(*made, attributes, desired, handle) : made.error();
}
GATE(NtCreateDirectoryObject);

extern "C" NTSTATUS NtOpenDirectoryObject(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* given) {
    return open(handle, desired, given, ob::directory_type);
}
GATE(NtOpenDirectoryObject);

extern "C" NTSTATUS NtCreateSymbolicLinkObject(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* given,
                                               UNICODE_STRING* target) {
    if (!exports::is_writable(handle)) return STATUS_ACCESS_VIOLATION;
    ob::Attributes attributes, goal;
    if (const NTSTATUS status = attributes.capture(given, previous_mode()); !NT_SUCCESS(status))
        return status;
    UNICODE_STRING given_target;
    if (!read_parameter(target, given_target)) return STATUS_ACCESS_VIOLATION;
    // assumed: a length that is odd or beyond the buffer is refused.
    if (given_target.Length % sizeof(WCHAR) || given_target.Length > given_target.MaximumLength)
        return STATUS_INVALID_PARAMETER;
    // The whole buffer belongs to the link, if it is there.
    const ULONG characters = given_target.MaximumLength / sizeof(WCHAR);
    UNICODE_STRING whole{static_cast<USHORT>(characters * sizeof(WCHAR)), given_target.MaximumLength,
                         given_target.Buffer};
    NTSTATUS captured = goal.capture_string(whole, previous_mode());
    if (!NT_SUCCESS(captured)) {
        whole.Length = given_target.Length;
        captured = goal.capture_string(whole, previous_mode());
    }
    if (!NT_SUCCESS(captured)) return captured;
    const UNICODE_STRING target_text{given_target.Length, goal.name.Length, goal.name.Buffer};
    const auto made = ob::new_symbolic_link(last_part(attributes.name), target_text, attributes.attributes,
                                            goal.name.Length);
    return made ? insert(*made, attributes, desired, handle) : made.error();
}
GATE(NtCreateSymbolicLinkObject);

extern "C" NTSTATUS NtOpenSymbolicLinkObject(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* given) {
    return open(handle, desired, given, ob::symbolic_link_type);
}
GATE(NtOpenSymbolicLinkObject);

extern "C" NTSTATUS NtQuerySymbolicLinkObject(HANDLE handle, UNICODE_STRING* target, ULONG* needed) {
    Reference link(handle, SYMBOLIC_LINK_QUERY, ob::symbolic_link_type);
    if (!NT_SUCCESS(link.status)) return link.status;
    UNICODE_STRING to;
    if (!read_parameter(target, to)) return STATUS_ACCESS_VIOLATION;
    const UNICODE_STRING& text = static_cast<ob::OBJECT_SYMBOLIC_LINK*>(link.body)->LinkTarget;
    // assumed: with the length wanted, the terminator counts too.
    const ULONG size = needed ? text.MaximumLength : text.Length;
    if (needed && !write_parameter(needed, size)) return STATUS_ACCESS_VIOLATION;
    if (to.MaximumLength < size) return STATUS_BUFFER_TOO_SMALL;
    if (!exports::copy_out(to.Buffer, text.Buffer, size)) return STATUS_ACCESS_VIOLATION;
    to.Length = text.Length;
    return write_parameter(target, to) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtQuerySymbolicLinkObject);

namespace {

// Entries of a directory from `first` on, as many as fit: structures ended by an empty one, then the strings.
struct Listing {
    ULONG first;
    ULONG room;                                         // bytes of the buffer
    ULONG most;                                         // entries
    ULONG count = 0;                                    // entries that fit
    ULONG bytes = sizeof(OBJECT_DIRECTORY_INFORMATION); // used, with the empty structure at the end
    ULONG first_bytes = 0;                              // what the first entry needs
    bool more = false;
    PVOID entries[512];
};

void collect(OBJECT_DIRECTORY* directory, Listing& l) {
    while (PVOID object = ob::nth_entry(directory, l.first + l.count)) {
        const ULONG size =
            static_cast<ULONG>(sizeof(OBJECT_DIRECTORY_INFORMATION) + ob::name_of(object).Length +
                               sizeof(WCHAR) + ob::type_of(object)->Name.Length + sizeof(WCHAR));
        if (l.first_bytes == 0) l.first_bytes = l.bytes + size;
        l.more = l.count == l.most || l.bytes + size > l.room;
        if (l.more) return;
        l.entries[l.count++] = object;
        l.bytes += size;
    }
}

bool store(PVOID buffer, const Listing& l) {
    auto* at = static_cast<UCHAR*>(buffer);
    UCHAR* text = at + (l.count + 1) * sizeof(OBJECT_DIRECTORY_INFORMATION);
    auto put = [&text](const UNICODE_STRING& from, UNICODE_STRING& to) {
        const WCHAR end = 0;
        to = {from.Length, static_cast<USHORT>(from.Length + sizeof(WCHAR)), reinterpret_cast<WCHAR*>(text)};
        const bool good = exports::copy_out(text, from.Buffer, from.Length) &&
                          exports::copy_out(text + from.Length, &end, sizeof end);
        text += to.MaximumLength;
        return good;
    };
    for (ULONG i = 0; i < l.count; ++i, at += sizeof(OBJECT_DIRECTORY_INFORMATION)) {
        OBJECT_DIRECTORY_INFORMATION info;
        if (!put(ob::name_of(l.entries[i]), info.Name) ||
            !put(ob::type_of(l.entries[i])->Name, info.TypeName) ||
            !exports::copy_out(at, &info, sizeof info))
            return false;
    }
    const OBJECT_DIRECTORY_INFORMATION end{};
    return exports::copy_out(at, &end, sizeof end);
}

} // namespace

extern "C" NTSTATUS NtQueryDirectoryObject(HANDLE handle, PVOID buffer, ULONG length, BOOLEAN single,
                                           BOOLEAN restart, ULONG* context, ULONG* returned) {
    Reference directory(handle, DIRECTORY_QUERY, ob::directory_type);
    if (!NT_SUCCESS(directory.status)) return directory.status;
    ULONG first = 0;
    if (!restart && !read_parameter(context, first)) return STATUS_ACCESS_VIOLATION;
    static Listing listing; // too large for a stack; filled and read without a call-out in between
    listing.first = first;
    listing.room = length;
    listing.most = single ? 1 : static_cast<ULONG>(std::size(listing.entries));
    listing.count = listing.first_bytes = 0;
    listing.bytes = sizeof(OBJECT_DIRECTORY_INFORMATION);
    listing.more = false;
    collect(static_cast<OBJECT_DIRECTORY*>(directory.body), listing);
    if (listing.count == 0 && listing.first_bytes) {
        if (returned && !write_parameter(returned, listing.first_bytes)) return STATUS_ACCESS_VIOLATION;
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (listing.count == 0) return STATUS_NO_MORE_ENTRIES;
    if (!store(buffer, listing) || !write_parameter(context, first + listing.count) ||
        (returned && !write_parameter(returned, listing.bytes)))
        return STATUS_ACCESS_VIOLATION;
    return listing.more && !single ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}
GATE(NtQueryDirectoryObject);
