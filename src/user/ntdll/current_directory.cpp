// The current directory (SetCurrentDirectory, GetCurrentDirectory). It is opened and stays open, as on
// Windows; what cannot be opened is no directory.
//
// There is no file system, so no directory of C: can be opened. Those that the machine itself speaks of exist
// nevertheless: the ones where programs and DLLs are said to lie, with those above them.
#include "abi/file.h"
#include "internal.h"

namespace nt {

namespace {

constexpr USHORT room_of_full_path = 0xfffe;

// A full path with the backslash of a directory, upper and lower case as it was given.
struct Path {
    WCHAR* text = static_cast<WCHAR*>(RtlAllocateHeap(process_heap(), 0, room_of_full_path + 2));
    USHORT length = 0; // characters
    Path() = default;
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;
    ~Path() { release(text); }

    NTSTATUS set(const UNICODE_STRING& from) {
        WCHAR* terminated = static_cast<WCHAR*>(RtlAllocateHeap(process_heap(), 0, from.Length + 2u));
        if (!text || !terminated) return release(terminated), STATUS_NO_MEMORY;
        memcpy(terminated, from.Buffer, from.Length);
        terminated[from.Length / 2] = 0;
        const ULONG bytes = RtlGetFullPathName_U(terminated, room_of_full_path, text, nullptr);
        release(terminated);
        if (!bytes || bytes >= room_of_full_path) return STATUS_OBJECT_NAME_INVALID;
        length = static_cast<USHORT>(bytes / 2);
        if (text[length - 1] != '\\') text[length++] = '\\';
        text[length] = 0;
        return STATUS_SUCCESS;
    }
    // The first `count` characters without a backslash at the end.
    UNICODE_STRING front(USHORT count) const {
        if (count && text[count - 1] == '\\') count--;
        const auto bytes = static_cast<USHORT>(count * 2);
        return {bytes, bytes, text};
    }
    UNICODE_STRING whole() const { return front(length); }
    USHORT last_part() const { // its offset
        USHORT i = static_cast<USHORT>(length - 1);
        while (i && text[i - 1] != '\\')
            i--;
        return i;
    }
};

UNICODE_STRING string(const WCHAR* text) {
    UNICODE_STRING s;
    RtlInitUnicodeString(&s, text);
    return s;
}

bool equal(const UNICODE_STRING& a, const UNICODE_STRING& b) { return RtlEqualUnicodeString(&a, &b, TRUE); }

// `directory` (no backslash at its end) is `path` or one above it.
bool leads_to(const UNICODE_STRING& directory, const UNICODE_STRING& path) {
    if (!RtlPrefixUnicodeString(&directory, &path, TRUE)) return false;
    return directory.Length == path.Length || path.Buffer[directory.Length / 2] == '\\';
}

UNICODE_STRING directory_of_program() {
    UNICODE_STRING path = NtCurrentPeb()->ProcessParameters->ImagePathName;
    while (path.Length && path.Buffer[path.Length / 2 - 1] != '\\')
        path.Length = static_cast<USHORT>(path.Length - 2);
    if (path.Length) path.Length = static_cast<USHORT>(path.Length - 2);
    return path;
}

const WCHAR system_directory[] = u"C:\\Windows\\System32";

bool machine_has(const UNICODE_STRING& directory) {
    UNICODE_STRING current = NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    if (current.Length) current.Length = static_cast<USHORT>(current.Length - 2);
    return equal(directory, current) || leads_to(directory, string(system_directory)) ||
           leads_to(directory, directory_of_program());
}

// A section of that name: the images of the directory, which are files to a program.
bool is_image(const WCHAR* object_directory, const UNICODE_STRING& name) {
    WCHAR buffer[300];
    UNICODE_STRING path{0, sizeof buffer, buffer};
    RtlAppendUnicodeToString(&path, object_directory);
    if (!NT_SUCCESS(RtlAppendUnicodeStringToString(&path, &name))) return false;
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &path, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    HANDLE section;
    if (!NT_SUCCESS(NtOpenSection(&section, 0x1 /* SECTION_QUERY */, &attributes))) return false;
    NtClose(section);
    return true;
}

// "Naming Files, Paths, and Namespaces": what no name of a file contains.
bool has_reserved_character(const UNICODE_STRING& name) {
    for (USHORT i = 0; i < name.Length / 2; i++)
        for (const WCHAR* bad = u"<>:\"|?*"; *bad; bad++)
            if (name.Buffer[i] == *bad || name.Buffer[i] < ' ') return true;
    return false;
}

// What Windows would find at a path that nothing here could open.
NTSTATUS status_without_file_system(const Path& path, NTSTATUS status) {
    const UNICODE_STRING whole = path.whole();
    if (machine_has(whole)) return STATUS_SUCCESS;
    const USHORT last = path.last_part();
    const UNICODE_STRING parent = path.front(last);
    if (!machine_has(parent)) return status;
    const auto bytes = static_cast<USHORT>((path.length - 1 - last) * 2);
    const UNICODE_STRING name{bytes, bytes, path.text + last};
    if (has_reserved_character(name)) return STATUS_OBJECT_NAME_INVALID;
    const bool image = equal(whole, NtCurrentPeb()->ProcessParameters->ImagePathName) ||
                       (equal(parent, directory_of_program()) && is_image(u"\\DrvlabApp\\", name)) ||
                       (equal(parent, string(system_directory)) && is_image(u"\\KnownDlls\\", name));
    return image ? STATUS_NOT_A_DIRECTORY : STATUS_OBJECT_NAME_NOT_FOUND;
}

// assumed: whether a device can be the current directory is its driver's answer to a create with
// FILE_DIRECTORY_FILE.
NTSTATUS open_directory(Path& path, HANDLE* directory) {
    const bool root = path.length == 3; // only a drive's keeps its backslash
    if (!root) path.text[path.length - 1] = 0;
    UNICODE_STRING name;
    NTSTATUS status = RtlDosPathNameToNtPathName_U_WithStatus(path.text, &name, nullptr, nullptr);
    path.text[path.length - 1] = '\\';
    if (!NT_SUCCESS(status)) return status;
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &name, OBJ_CASE_INSENSITIVE | OBJ_INHERIT,
                                 nullptr,           nullptr};
    IO_STATUS_BLOCK iosb;
    status =
        NtOpenFile(directory, FILE_TRAVERSE | SYNCHRONIZE, &attributes, &iosb,
                   FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&name);
    return status;
}

NTSTATUS adopt(const Path& path, HANDLE directory) {
    CURDIR& current = NtCurrentPeb()->ProcessParameters->CurrentDirectory;
    const auto bytes = static_cast<USHORT>(path.length * 2);
    if (bytes + 2u > current.DosPath.MaximumLength) return STATUS_NAME_TOO_LONG;
    memcpy(current.DosPath.Buffer, path.text, bytes + 2u);
    current.DosPath.Length = bytes;
    if (current.Handle) NtClose(current.Handle);
    current.Handle = directory;
    return STATUS_SUCCESS;
}

// The directory of that name; `directory` is null for those that the machine only speaks of.
NTSTATUS find(const UNICODE_STRING& name, Path& path, HANDLE* directory) {
    if (!name.Length) return STATUS_OBJECT_NAME_INVALID;
    if (RtlIsDosDeviceName_Ustr(&name)) return STATUS_NOT_A_DIRECTORY;
    if (const NTSTATUS status = path.set(name); !NT_SUCCESS(status)) return status;
    NTSTATUS status = open_directory(path, directory);
    RtlAcquirePebLock();
    if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND)
        status = status_without_file_system(path, status);
    RtlReleasePebLock();
    return status;
}

} // namespace

extern "C" {

// As RtlGetFullPathName_U; the trailing backslash shows only for a root.
ULONG NTAPI RtlGetCurrentDirectory_U(ULONG bytes, WCHAR* buffer) {
    RtlAcquirePebLock();
    const UNICODE_STRING& cwd = NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG n = cwd.Length / 2;
    if (n > 3 && cwd.Buffer[n - 1] == '\\') n--;
    ULONG result = (n + 1) * sizeof(WCHAR);
    if (result <= bytes) {
        memcpy(buffer, cwd.Buffer, n * sizeof(WCHAR));
        buffer[n] = 0;
        result = n * sizeof(WCHAR);
    }
    RtlReleasePebLock();
    return result;
}

NTSTATUS NTAPI DrvlabStatusOfMissing(const UNICODE_STRING* nt_name, NTSTATUS status) {
    constexpr USHORT prefix = 4; // \??\.
    if (status != STATUS_OBJECT_PATH_NOT_FOUND || nt_name->Length <= prefix * 2) return status;
    const auto bytes = static_cast<USHORT>(nt_name->Length - prefix * 2);
    UNICODE_STRING parent{bytes, bytes, nt_name->Buffer + prefix};
    const auto last = [&] { return parent.Buffer[parent.Length / 2 - 1]; };
    while (parent.Length && last() == '\\')
        parent.Length = static_cast<USHORT>(parent.Length - 2);
    while (parent.Length && last() != '\\')
        parent.Length = static_cast<USHORT>(parent.Length - 2);
    if (!parent.Length) return status;
    parent.Length = static_cast<USHORT>(parent.Length - 2);
    RtlAcquirePebLock();
    if (machine_has(parent)) status = STATUS_OBJECT_NAME_NOT_FOUND;
    RtlReleasePebLock();
    return status;
}

NTSTATUS NTAPI DrvlabCheckDirectory(const UNICODE_STRING* name) {
    Path path;
    HANDLE directory = nullptr;
    const NTSTATUS status = find(*name, path, &directory);
    if (directory) NtClose(directory);
    return status;
}

NTSTATUS NTAPI RtlSetCurrentDirectory_U(UNICODE_STRING* name) {
    Path path;
    HANDLE directory = nullptr;
    NTSTATUS status = find(*name, path, &directory);
    RtlAcquirePebLock();
    if (NT_SUCCESS(status)) status = adopt(path, directory);
    RtlReleasePebLock();
    if (!NT_SUCCESS(status) && directory) NtClose(directory);
    return status;
}

} // extern "C"
} // namespace nt
