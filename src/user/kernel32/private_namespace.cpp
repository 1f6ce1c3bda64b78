// Private namespaces: win32 page sync/object-namespaces. A program knows one by the prefix that it has given
// when it made or opened it.
#include "abi/boundary.h"
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr ULONG destroy = 1, no_memory = ERROR_NOT_ENOUGH_MEMORY;

// `old` (may be null) with an entry more, in a new block; null: no memory.
OBJECT_BOUNDARY_DESCRIPTOR* with_entry(const OBJECT_BOUNDARY_DESCRIPTOR* old, ULONG type, const void* data,
                                       ULONG length) {
    const ULONG before = old ? old->TotalSize : ULONG(sizeof(OBJECT_BOUNDARY_DESCRIPTOR));
    const ULONG size = (ULONG(sizeof(OBJECT_BOUNDARY_ENTRY)) + length + 7) & ~7u;
    auto* made = static_cast<OBJECT_BOUNDARY_DESCRIPTOR*>(
        RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, before + size));
    if (!made) return nullptr;
    if (old)
        RtlMoveMemory(made, old, before);
    else
        made->Version = 1;
    auto* entry = reinterpret_cast<OBJECT_BOUNDARY_ENTRY*>(reinterpret_cast<UCHAR*>(made) + before);
    *entry = {type, size};
    RtlMoveMemory(entry + 1, data, length);
    made->Items++;
    made->TotalSize = before + size;
    return made;
}

BOOL add_entry(HANDLE* boundary, ULONG type, const SID* sid) {
    if (!RtlValidSid(sid)) return fail(STATUS_INVALID_SID);
    OBJECT_BOUNDARY_DESCRIPTOR* made =
        with_entry(static_cast<OBJECT_BOUNDARY_DESCRIPTOR*>(*boundary), type, sid, RtlLengthSid(sid));
    if (!made) return fail_with(no_memory);
    heap_free(*boundary);
    *boundary = made;
    return TRUE;
}

// The namespaces of the program.
struct Namespace {
    Namespace* next;
    HANDLE directory;
    ULONG length; // of the prefix
    WCHAR prefix[1];
};
Namespace* namespaces;
RTL_SRWLOCK lock;

bool is_called(const Namespace& n, const WCHAR* prefix, ULONG length) {
    const UNICODE_STRING a{USHORT(n.length * 2), USHORT(n.length * 2), const_cast<WCHAR*>(n.prefix)};
    const UNICODE_STRING b{USHORT(length * 2), USHORT(length * 2), const_cast<WCHAR*>(prefix)};
    return RtlEqualUnicodeString(&a, &b, TRUE); // assumed: without case
}
HANDLE find(const WCHAR* prefix, ULONG length) {
    HANDLE found = nullptr;
    RtlAcquireSRWLockExclusive(&lock);
    for (const Namespace* n = namespaces; n && !found; n = n->next)
        if (is_called(*n, prefix, length)) found = n->directory;
    RtlReleaseSRWLockExclusive(&lock);
    return found;
}

using Service = NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, const void*);

HANDLE get(Service* service, SECURITY_ATTRIBUTES* security, PVOID boundary, const WCHAR* prefix) {
    if (!boundary || !prefix || !*prefix) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    ULONG length = 0;
    while (prefix[length] && prefix[length] != '\\')
        ++length;
    if (prefix[length] || length > 0x7f00) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    // assumed: a program has one namespace of a prefix.
    if (find(prefix, length)) return fail_with(ERROR_ALREADY_EXISTS), nullptr;
    auto* made = static_cast<Namespace*>(heap_allocate(sizeof(Namespace) + length * sizeof(WCHAR)));
    if (!made) return fail_with(no_memory), nullptr;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, prefix);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &name, 0, nullptr, nullptr};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    const NTSTATUS status = service(&made->directory, MAXIMUM_ALLOWED, &attributes, boundary);
    if (!NT_SUCCESS(status)) {
        heap_free(made);
        return fail(status), nullptr;
    }
    made->length = length;
    RtlMoveMemory(made->prefix, prefix, length * sizeof(WCHAR));
    const HANDLE directory = made->directory;
    RtlAcquireSRWLockExclusive(&lock);
    made->next = namespaces;
    namespaces = made;
    RtlReleaseSRWLockExclusive(&lock);
    return directory;
}

} // namespace

HANDLE k32::namespace_of(const WCHAR*& name) {
    if (!namespaces) return nullptr;
    ULONG length = 0;
    while (name[length] && name[length] != '\\')
        ++length;
    const HANDLE found = name[length] ? find(name, length) : nullptr;
    if (found) name += length + 1;
    return found;
}

extern "C" {

HANDLE CreateBoundaryDescriptorW(const WCHAR* name, ULONG flags) {
    if (!name || flags & ~BOUNDARY_ADD_APPCONTAINER_SID) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    ULONG length = 0;
    while (name[length] && length < MAX_PATH)
        ++length;
    if (name[length]) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    OBJECT_BOUNDARY_DESCRIPTOR* made =
        with_entry(nullptr, BOUNDARY_ENTRY_NAME, name, ULONG(length * sizeof(WCHAR)));
    if (!made) return fail_with(no_memory), nullptr;
    made->Flags = flags;
    return made;
}
HANDLE CreateBoundaryDescriptorA(const CHAR* name, ULONG flags) {
    Wide wide(name);
    return wide.ok() ? CreateBoundaryDescriptorW(wide.get(), flags) : nullptr;
}
BOOL AddSIDToBoundaryDescriptor(HANDLE* boundary, const SID* sid) {
    return add_entry(boundary, BOUNDARY_ENTRY_SID, sid);
}
BOOL AddIntegrityLabelToBoundaryDescriptor(HANDLE* boundary, const SID* label) {
    return add_entry(boundary, BOUNDARY_ENTRY_LABEL, label);
}
void DeleteBoundaryDescriptor(HANDLE boundary) { heap_free(boundary); }

HANDLE CreatePrivateNamespaceW(SECURITY_ATTRIBUTES* security, PVOID boundary, const WCHAR* prefix) {
    return get(NtCreatePrivateNamespace, security, boundary, prefix);
}
HANDLE CreatePrivateNamespaceA(SECURITY_ATTRIBUTES* security, PVOID boundary, const CHAR* prefix) {
    Wide wide(prefix);
    return wide.ok() ? CreatePrivateNamespaceW(security, boundary, wide.get()) : nullptr;
}
HANDLE OpenPrivateNamespaceW(PVOID boundary, const WCHAR* prefix) {
    return get(NtOpenPrivateNamespace, nullptr, boundary, prefix);
}
HANDLE OpenPrivateNamespaceA(PVOID boundary, const CHAR* prefix) {
    Wide wide(prefix);
    return wide.ok() ? OpenPrivateNamespaceW(boundary, wide.get()) : nullptr;
}
BOOLEAN ClosePrivateNamespace(HANDLE handle, ULONG flags) {
    if (flags & ~destroy) return BOOLEAN(fail_with(ERROR_INVALID_PARAMETER));
    RtlAcquireSRWLockExclusive(&lock);
    Namespace** link = &namespaces;
    while (*link && (*link)->directory != handle)
        link = &(*link)->next;
    Namespace* closed = *link;
    if (closed) *link = closed->next;
    RtlReleaseSRWLockExclusive(&lock);
    if (!closed) return BOOLEAN(fail_with(ERROR_INVALID_HANDLE));
    heap_free(closed);
    const NTSTATUS status = flags & destroy ? NtDeletePrivateNamespace(handle) : STATUS_SUCCESS;
    NtClose(handle);
    return BOOLEAN(answer(status));
}

} // extern "C"
} // namespace nt
