// Hard and symbolic links. A file system makes them; devices refuse.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD LINK_DIRECTORY = 1, LINK_ALLOW_UNPRIVILEGED = 2;
constexpr ULONG FSCTL_SET_REPARSE_POINT = 0x900a4, IO_REPARSE_TAG_SYMLINK = 0xa000000c,
                SYMLINK_FLAG_RELATIVE = 1;

// REPARSE_DATA_BUFFER of a symbolic link; the two names follow.
struct SYMBOLIC_LINK_REPARSE {
    ULONG ReparseTag;
    USHORT ReparseDataLength, Reserved;
    USHORT SubstituteNameOffset, SubstituteNameLength, PrintNameOffset, PrintNameLength;
    ULONG Flags;
};
constexpr ULONG REPARSE_HEADER = 8;

// The security attributes are reserved.
BOOL hard_link(const WCHAR* link, const WCHAR* existing) {
    Name from(existing), to(link);
    if (!from || !to) return FALSE;
    HANDLE file;
    NTSTATUS status = open(&file, from, FILE_WRITE_ATTRIBUTES, FILE_OPEN_REPARSE_POINT);
    if (!NT_SUCCESS(status)) return fail(from.missing(status));
    const ULONG size = ULONG(sizeof(FILE_LINK_INFORMATION)) + to.string().Length;
    auto* information =
        static_cast<FILE_LINK_INFORMATION*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, size));
    status = STATUS_NO_MEMORY;
    if (information) {
        information->FileNameLength = to.string().Length;
        RtlMoveMemory(information->FileName, to.string().Buffer, to.string().Length);
        IO_STATUS_BLOCK iosb;
        status = NtSetInformationFile(file, &iosb, information, size, FileLinkInformation);
        heap_free(information);
    }
    NtClose(file);
    return answer(status);
}

// The target as the user wrote it is what is printed; what is followed is its NT path, or the same text when
// it is relative to the link.
NTSTATUS set_target(HANDLE file, const WCHAR* target) {
    const RTL_PATH_TYPE type = RtlDetermineDosPathNameType_U(target);
    const bool relative = type == RtlPathTypeRelative || type == RtlPathTypeRooted;
    UNICODE_STRING print, substitute;
    RtlInitUnicodeString(&print, target);
    substitute = print;
    if (!relative && !RtlDosPathNameToNtPathName_U(target, &substitute, nullptr, nullptr))
        return STATUS_OBJECT_NAME_INVALID;
    const ULONG size = ULONG(sizeof(SYMBOLIC_LINK_REPARSE)) + substitute.Length + print.Length;
    NTSTATUS status = STATUS_NAME_TOO_LONG;
    if (size <= 16 * 1024) { // MAXIMUM_REPARSE_DATA_BUFFER_SIZE
        Scratch<UCHAR> buffer(size);
        status = STATUS_NO_MEMORY;
        if (buffer) {
            auto& head = *reinterpret_cast<SYMBOLIC_LINK_REPARSE*>(buffer.get());
            head = {IO_REPARSE_TAG_SYMLINK,
                    USHORT(size - REPARSE_HEADER),
                    0,
                    0,
                    substitute.Length,
                    substitute.Length,
                    print.Length,
                    relative ? SYMLINK_FLAG_RELATIVE : 0};
            UCHAR* names = buffer.get() + sizeof head;
            RtlMoveMemory(names, substitute.Buffer, substitute.Length);
            RtlMoveMemory(names + substitute.Length, print.Buffer, print.Length);
            IO_STATUS_BLOCK iosb;
            status = NtFsControlFile(file, nullptr, nullptr, nullptr, &iosb, FSCTL_SET_REPARSE_POINT,
                                     buffer.get(), size, nullptr, 0);
        }
    }
    if (!relative) RtlFreeUnicodeString(&substitute);
    return status;
}

BOOL symbolic_link(const WCHAR* link, const WCHAR* target, DWORD flags) {
    if ((flags & ~(LINK_DIRECTORY | LINK_ALLOW_UNPRIVILEGED)) || !target || !*target)
        return fail_with(ERROR_INVALID_PARAMETER);
    Name name(link);
    if (!name) return FALSE;
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const ULONG kind = flags & LINK_DIRECTORY ? FILE_DIRECTORY_FILE : FILE_NON_DIRECTORY_FILE;
    NTSTATUS status = NtCreateFile(&file, FILE_WRITE_ATTRIBUTES | DELETE | SYNCHRONIZE, name.attributes(),
                                   &iosb, nullptr, FILE_ATTRIBUTE_NORMAL, SHARE_ALL, FILE_CREATE,
                                   kind | FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT |
                                       FILE_SYNCHRONOUS_IO_NONALERT,
                                   nullptr, 0);
    if (!NT_SUCCESS(status)) return fail(status);
    status = set_target(file, target);
    if (!NT_SUCCESS(status)) { // nothing stays behind
        FILE_DISPOSITION_INFORMATION disposition{TRUE};
        NtSetInformationFile(file, &iosb, &disposition, sizeof disposition, FileDispositionInformation);
    }
    NtClose(file);
    return answer(status);
}

} // namespace

extern "C" {

BOOL CreateHardLinkW(const WCHAR* link, const WCHAR* existing, SECURITY_ATTRIBUTES*) {
    return hard_link(link, existing);
}
BOOL CreateHardLinkA(const CHAR* link, const CHAR* existing, SECURITY_ATTRIBUTES*) {
    Wide wide_link(link), wide_existing(existing);
    return wide_link.ok() && wide_existing.ok() && hard_link(wide_link.get(), wide_existing.get());
}
BOOLEAN CreateSymbolicLinkW(const WCHAR* link, const WCHAR* target, DWORD flags) {
    return symbolic_link(link, target, flags) != 0;
}
BOOLEAN CreateSymbolicLinkA(const CHAR* link, const CHAR* target, DWORD flags) {
    Wide wide_link(link), wide_target(target);
    return wide_link.ok() && wide_target.ok() && symbolic_link(wide_link.get(), wide_target.get(), flags);
}

} // extern "C"
} // namespace nt
