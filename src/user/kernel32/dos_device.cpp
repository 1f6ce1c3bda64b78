// DOS device names: the symbolic links in \??.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

struct DIRECTORY_ENTRY {
    UNICODE_STRING Name, TypeName;
};

NTSTATUS open_directory(const WCHAR* path, HANDLE* directory) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, path);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    return NtOpenDirectoryObject(directory, 0x1 /* DIRECTORY_QUERY */ | 0x2 /* DIRECTORY_TRAVERSE */,
                                 &attributes);
}
// The local directory, which shows the global one behind it; the global one for LocalSystem.
NTSTATUS open_dos_devices(HANDLE* directory) { return open_directory(u"\\??", directory); }

NTSTATUS open_link(HANDLE directory, const WCHAR* device, ULONG access, HANDLE* link) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, device);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, directory, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    return NtOpenSymbolicLinkObject(link, access, &attributes);
}

// The strings of a link: the target, and the targets that DefineDosDevice keeps behind it, each with a zero.
NTSTATUS read_link(HANDLE link, WCHAR* to, DWORD size, DWORD* count) {
    UNICODE_STRING target{0, USHORT(size * 2 < 0xfffe ? size * 2 : 0xfffe), to};
    ULONG bytes = 0;
    const NTSTATUS status = NtQuerySymbolicLinkObject(link, &target, &bytes);
    if (NT_SUCCESS(status)) {
        DWORD n = bytes / 2;
        if (!n || to[n - 1]) {
            if (n == size) return STATUS_BUFFER_TOO_SMALL;
            to[n++] = 0;
        }
        *count = n;
    }
    return status;
}

// A multi-string: the targets and one more zero. Returns its length in characters, 0: error.
DWORD target_of(const WCHAR* device, WCHAR* to, DWORD size) {
    HANDLE directory, link;
    NTSTATUS status = open_dos_devices(&directory);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    status = open_link(directory, device, 0x1 /* SYMBOLIC_LINK_QUERY */, &link);
    NtClose(directory);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    DWORD n = 0;
    status = size < 2 ? STATUS_BUFFER_TOO_SMALL : read_link(link, to, size - 1, &n);
    NtClose(link);
    if (status == STATUS_BUFFER_TOO_SMALL) return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    if (!NT_SUCCESS(status)) return fail(status), 0;
    if (n < 2 || to[n - 2]) to[n++] = 0; // what DefineDosDevice has made ends with two zeros already
    return n;
}

// Names, one behind the other; at most `size` characters.
struct NameList {
    WCHAR* to;
    DWORD size, count;

    bool has(const UNICODE_STRING& name) const {
        for (DWORD i = 0; i < count;) {
            UNICODE_STRING there;
            RtlInitUnicodeString(&there, to + i);
            if (RtlEqualUnicodeString(&there, &name, TRUE)) return true;
            i += there.Length / 2 + 1;
        }
        return false;
    }
    // False: no room.
    bool add(const UNICODE_STRING& name) {
        const DWORD length = name.Length / 2;
        if (count + length + 2 > size) return false;
        RtlMoveMemory(to + count, name.Buffer, name.Length);
        count += length;
        to[count++] = 0;
        return true;
    }
};

// The links of one directory that are not in the list yet. `distinct`: there can be some.
NTSTATUS add_names(const WCHAR* path, bool distinct, NameList& list) {
    HANDLE directory;
    NTSTATUS status = open_directory(path, &directory);
    if (!NT_SUCCESS(status)) return status;
    alignas(8) UCHAR buffer[1024];
    ULONG context = 0, needed;
    for (BOOLEAN first = TRUE; NT_SUCCESS(status = NtQueryDirectoryObject(directory, buffer, sizeof buffer,
                                                                          TRUE, first, &context, &needed));
         first = FALSE) {
        auto& entry = *reinterpret_cast<DIRECTORY_ENTRY*>(buffer);
        if (entry.TypeName.Length != 24 || wcsncmp(entry.TypeName.Buffer, u"SymbolicLink", 12) != 0) continue;
        if (!distinct && list.has(entry.Name)) continue;
        if (!list.add(entry.Name)) {
            status = STATUS_BUFFER_TOO_SMALL;
            break;
        }
    }
    NtClose(directory);
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
}

// "a concatenation of the device names in the Global and Local MS-DOS Device namespaces".
DWORD all_names(WCHAR* to, DWORD size) {
    NameList list{to, size, 0};
    NTSTATUS status = add_names(u"\\??", true, list);
    if (NT_SUCCESS(status)) status = add_names(u"\\GLOBAL??", false, list);
    if (status == STATUS_BUFFER_TOO_SMALL || (NT_SUCCESS(status) && list.count >= size))
        return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    if (!NT_SUCCESS(status)) return fail(status), 0;
    to[list.count++] = 0;
    return list.count;
}

// Whether the link that was found is one of the caller's own directory and not of the one behind it.
bool is_own(HANDLE link, HANDLE directory) {
    struct {
        UNICODE_STRING name;
        WCHAR room[512];
    } path, own;
    if (!NT_SUCCESS(NtQueryObject(link, OBJECT_INFORMATION_CLASS(1), &path, sizeof path, nullptr)) ||
        !NT_SUCCESS(NtQueryObject(directory, OBJECT_INFORMATION_CLASS(1), &own, sizeof own, nullptr)))
        return false;
    return RtlPrefixUnicodeString(&own.name, &path.name, TRUE);
}

enum : DWORD { raw_target = 1, remove_definition = 2, exact_match = 4, no_broadcast = 8, luid_drive = 16 };

// The definitions of a device: targets, the newest first, each with a zero.
struct Definitions {
    WCHAR* text;
    DWORD size, count = 0;

    // Takes the first one out that matches; without a target the newest. False: none.
    bool remove(const UNICODE_STRING* target, bool exact) {
        for (DWORD i = 0; i < count && text[i];) {
            UNICODE_STRING there;
            RtlInitUnicodeString(&there, text + i);
            const DWORD length = there.Length / 2 + 1;
            if (!target || (exact ? RtlEqualUnicodeString(target, &there, TRUE)
                                  : RtlPrefixUnicodeString(target, &there, TRUE))) {
                RtlMoveMemory(text + i, text + i + length, (count - i - length) * sizeof(WCHAR));
                count -= length;
                return true;
            }
            i += length;
        }
        return false;
    }
    bool push(const UNICODE_STRING& target) {
        const DWORD length = target.Length / 2 + 1;
        if (count + length + 1 > size) return false;
        RtlMoveMemory(text + length, text, count * sizeof(WCHAR));
        RtlMoveMemory(text, target.Buffer, target.Length);
        text[length - 1] = 0;
        count += length;
        return true;
    }
};

// Puts a link with these definitions in the place of the present one (null: there is none).
NTSTATUS define(HANDLE directory, const WCHAR* device, HANDLE present, Definitions& definitions) {
    NTSTATUS status = present ? NtMakeTemporaryObject(present) : STATUS_SUCCESS;
    if (present) NtClose(present);
    if (!NT_SUCCESS(status) || !definitions.count || !definitions.text[0]) return status;
    definitions.text[definitions.count] = 0;
    UNICODE_STRING name, target;
    RtlInitUnicodeString(&name, device);
    RtlInitUnicodeString(&target, definitions.text);
    target.MaximumLength = USHORT((definitions.count + 1) * sizeof(WCHAR));
    OBJECT_ATTRIBUTES attributes{sizeof attributes, directory, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT,
                                 nullptr,           nullptr};
    HANDLE link;
    status = NtCreateSymbolicLinkObject(&link, 0xf0001, &attributes, &target);
    if (NT_SUCCESS(status)) NtClose(link);
    return status;
}

NTSTATUS change_definitions(DWORD flags, const WCHAR* device, const UNICODE_STRING* target) {
    HANDLE directory, link = nullptr;
    NTSTATUS status = open_dos_devices(&directory);
    if (!NT_SUCCESS(status)) return status;
    constexpr DWORD room = 0x7ffe;
    Scratch<WCHAR> text(room);
    Definitions definitions{text.get(), room};
    if (!text) status = STATUS_NO_MEMORY;
    if (NT_SUCCESS(status) && NT_SUCCESS(open_link(directory, device, 0x10001 /* DELETE, query */, &link)) &&
        !is_own(link, directory)) {
        NtClose(link);
        link = nullptr;
    }
    if (link) status = read_link(link, definitions.text, room, &definitions.count);
    while (definitions.count && !definitions.text[definitions.count - 1] &&
           (definitions.count == 1 || !definitions.text[definitions.count - 2]))
        --definitions.count; // the list's own zero
    if (NT_SUCCESS(status)) {
        const bool done = flags & remove_definition ? definitions.remove(target, flags & exact_match)
                                                    : definitions.push(*target);
        if (!done) status = flags & remove_definition ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_NO_MEMORY;
    }
    if (NT_SUCCESS(status))
        status = define(directory, device, link, definitions);
    else if (link)
        NtClose(link);
    NtClose(directory);
    return status;
}

bool drive_exists(WCHAR letter) {
    WCHAR name[] = {letter, ':', 0}, target[MAX_PATH];
    DWORD error = RtlGetLastWin32Error();
    bool exists = target_of(name, target, MAX_PATH) != 0;
    RtlSetLastWin32Error(error);
    return exists;
}

} // namespace

extern "C" {

DWORD QueryDosDeviceW(const WCHAR* device, WCHAR* to, DWORD size) {
    return device ? target_of(device, to, size) : all_names(to, size);
}
DWORD QueryDosDeviceA(const CHAR* device, CHAR* to, DWORD size) {
    Wide wide(device);
    Scratch<WCHAR> buffer(size ? size : 1);
    if (!wide.ok() || !buffer) return 0;
    DWORD n = QueryDosDeviceW(wide.get(), buffer.get(), size);
    if (n && to_ansi(to, size, buffer.get(), n) < n) return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    return n;
}

// Definitions are a stack: "the string pointed to by lpTargetPath will become the new mapping", removing one
// brings the one below back. They go to the caller's own directory. assumed: also where a global name exists.
BOOL DefineDosDeviceW(DWORD flags, const WCHAR* device, const WCHAR* target) {
    if (flags & ~31u || !device || !*device || (!target && !(flags & remove_definition)))
        return fail_with(ERROR_INVALID_PARAMETER);
    UNICODE_STRING string{};
    const bool given = target && *target, raw = flags & raw_target;
    if (given && raw)
        RtlInitUnicodeString(&string, target);
    else if (given && !RtlDosPathNameToNtPathName_U(target, &string, nullptr, nullptr))
        return fail_with(ERROR_PATH_NOT_FOUND);
    if (!given && !(flags & remove_definition)) return fail_with(ERROR_INVALID_PARAMETER);
    const NTSTATUS status = change_definitions(flags, device, given ? &string : nullptr);
    if (given && !raw) RtlFreeUnicodeString(&string);
    return answer(status);
}
BOOL DefineDosDeviceA(DWORD flags, const CHAR* device, const CHAR* target) {
    Wide wide_device(device), wide_target(target);
    return wide_device.ok() && wide_target.ok() &&
           DefineDosDeviceW(flags, wide_device.get(), wide_target.get());
}

DWORD GetLogicalDrives() {
    DWORD drives = 0;
    for (int i = 0; i < 26; ++i)
        if (drive_exists(WCHAR('A' + i))) drives |= 1u << i;
    return drives;
}
// A multi-string of roots: "C:\", "D:\" ...
DWORD GetLogicalDriveStringsW(DWORD size, WCHAR* to) {
    DWORD drives = GetLogicalDrives(), needed = 0;
    for (DWORD bits = drives; bits; bits &= bits - 1)
        needed += 4;
    if (size < needed + 1) return needed + 1;
    for (int i = 0; i < 26; ++i)
        if (drives >> i & 1) {
            *to++ = WCHAR('A' + i);
            *to++ = ':';
            *to++ = '\\';
            *to++ = 0;
        }
    *to = 0;
    return needed;
}
DWORD GetLogicalDriveStringsA(DWORD size, CHAR* to) {
    WCHAR wide[26 * 4 + 1];
    const DWORD n = GetLogicalDriveStringsW(26 * 4 + 1, wide);
    if (size < n + 1) return n + 1;
    for (DWORD i = 0; i <= n; ++i)
        to[i] = CHAR(wide[i]);
    return n;
}

} // extern "C"
} // namespace nt
