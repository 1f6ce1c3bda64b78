// Files and directories by name. All of it asks the I/O system: a path on a drive that does not exist fails
// with ERROR_PATH_NOT_FOUND because the object manager does not find the drive.
#include "copy_file.h"
#include "path_name.h"
#include "process_start.h"

namespace nt {
using namespace k32;

namespace {

BOOL remove(const WCHAR* path, ULONG kind) {
    Name name(path);
    if (!name) return FALSE;
    HANDLE file;
    NTSTATUS status = open(&file, name, DELETE | FILE_READ_ATTRIBUTES, kind | FILE_OPEN_REPARSE_POINT);
    if (!NT_SUCCESS(status)) return fail(name.missing(status));
    FILE_DISPOSITION_INFORMATION disposition{TRUE};
    IO_STATUS_BLOCK iosb;
    status = NtSetInformationFile(file, &iosb, &disposition, sizeof disposition, FileDispositionInformation);
    NtClose(file);
    return answer(status);
}

// MOVEFILE_COPY_ALLOWED: "If the file is successfully copied to a different volume and the original file is
// unable to be deleted, the function succeeds leaving the source file intact."
BOOL move(const WCHAR* from, const WCHAR* to, DWORD flags, const CopyProgress& told = {}) {
    constexpr DWORD REPLACE_EXISTING = 1, COPY_ALLOWED = 2, DELAY_UNTIL_REBOOT = 4;
    if (flags & DELAY_UNTIL_REBOOT) stop("MoveFileEx (MOVEFILE_DELAY_UNTIL_REBOOT)");
    Name source(from), target(to);
    if (!source || !target) return FALSE;
    HANDLE file;
    NTSTATUS status = open(&file, source, DELETE, FILE_OPEN_REPARSE_POINT);
    if (!NT_SUCCESS(status)) return fail(source.missing(status));
    ULONG size = ULONG(sizeof(FILE_RENAME_INFORMATION)) + target.string().Length;
    auto* rename =
        static_cast<FILE_RENAME_INFORMATION*>(RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, size));
    if (!rename) return NtClose(file), fail(STATUS_NO_MEMORY);
    rename->ReplaceIfExists = (flags & REPLACE_EXISTING) != 0;
    rename->FileNameLength = target.string().Length;
    RtlMoveMemory(rename->FileName, target.string().Buffer, target.string().Length);
    IO_STATUS_BLOCK iosb;
    status = NtSetInformationFile(file, &iosb, rename, size, FileRenameInformation);
    heap_free(rename);
    NtClose(file);
    if (status != STATUS_NOT_SAME_DEVICE || !(flags & COPY_ALLOWED)) return answer(status);
    constexpr DWORD COPY_FILE_FAIL_IF_EXISTS = 1;
    if (!copy_file(from, to, told, flags & REPLACE_EXISTING ? 0 : COPY_FILE_FAIL_IF_EXISTS)) return FALSE;
    remove(from, FILE_NON_DIRECTORY_FILE);
    return TRUE;
}

BOOL create_directory(const WCHAR* path, const SECURITY_ATTRIBUTES* security) {
    Name name(path);
    if (!name) return FALSE;
    if (security) name.attributes()->SecurityDescriptor = security->lpSecurityDescriptor;
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtCreateFile(
        &file, FILE_LIST_DIRECTORY | SYNCHRONIZE, name.attributes(), &iosb, nullptr, FILE_ATTRIBUTE_NORMAL,
        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, nullptr, 0);
    if (!NT_SUCCESS(status)) return fail(status);
    NtClose(file);
    return TRUE;
}

BOOL attributes_of(const WCHAR* path, WIN32_FILE_ATTRIBUTE_DATA* to) {
    Name name(path);
    if (!name) return FALSE;
    FILE_NETWORK_OPEN_INFORMATION found;
    NTSTATUS status = NtQueryFullAttributesFile(name.attributes(), &found);
    if (!NT_SUCCESS(status)) return fail(name.missing(status));
    *to = {found.FileAttributes,
           filetime(found.CreationTime.QuadPart),
           filetime(found.LastAccessTime.QuadPart),
           filetime(found.LastWriteTime.QuadPart),
           DWORD(found.EndOfFile.HighPart),
           found.EndOfFile.LowPart};
    return TRUE;
}

DWORD plain_attributes(const WCHAR* path) {
    Name name(path);
    if (!name) return INVALID_FILE_ATTRIBUTES;
    FILE_BASIC_INFORMATION basic;
    NTSTATUS status = NtQueryAttributesFile(name.attributes(), &basic);
    if (NT_SUCCESS(status)) return basic.FileAttributes;
    // A DOS device has no file attributes; it exists nevertheless.
    if (RtlIsDosDeviceName_U(path)) return FILE_ATTRIBUTE_ARCHIVE;
    // The images that the machine has named are files to a program that looks for another.
    if (Text full; full_path(path, full) && is_image(full.get())) return FILE_ATTRIBUTE_ARCHIVE;
    return fail(name.missing(status)), INVALID_FILE_ATTRIBUTES;
}

BOOL set_attributes(const WCHAR* path, DWORD attributes) {
    Name name(path);
    if (!name) return FALSE;
    HANDLE file;
    NTSTATUS status = open(&file, name, FILE_WRITE_ATTRIBUTES, FILE_OPEN_REPARSE_POINT);
    if (!NT_SUCCESS(status)) return fail(name.missing(status));
    FILE_BASIC_INFORMATION basic{};
    basic.FileAttributes = (attributes & FILE_ATTRIBUTE_VALID_SET_FLAGS) | FILE_ATTRIBUTE_NORMAL;
    IO_STATUS_BLOCK iosb;
    status = NtSetInformationFile(file, &iosb, &basic, sizeof basic, FileBasicInformation);
    NtClose(file);
    return answer(status);
}

// A search: the directory, and names that the last query brought.
struct Search {
    HANDLE directory;
    ULONG at;  // offset of the next entry
    bool more; // entries are left in the buffer
    alignas(8) UCHAR entries[4096];
};

void give(const FILE_BOTH_DIR_INFORMATION& e, WIN32_FIND_DATAW* to) {
    *to = {};
    to->dwFileAttributes = e.FileAttributes;
    to->ftCreationTime = filetime(e.CreationTime.QuadPart);
    to->ftLastAccessTime = filetime(e.LastAccessTime.QuadPart);
    to->ftLastWriteTime = filetime(e.LastWriteTime.QuadPart);
    to->nFileSizeHigh = DWORD(e.EndOfFile.HighPart);
    to->nFileSizeLow = e.EndOfFile.LowPart;
    ULONG bytes =
        e.FileNameLength < (MAX_PATH - 1) * sizeof(WCHAR) ? e.FileNameLength : (MAX_PATH - 1) * sizeof(WCHAR);
    RtlMoveMemory(to->cFileName, e.FileName, bytes);
    RtlMoveMemory(to->cAlternateFileName, e.ShortName, ULONG(e.ShortNameLength));
}

NTSTATUS next(Search* s, UNICODE_STRING* pattern, WIN32_FIND_DATAW* to) {
    if (!s->more) {
        IO_STATUS_BLOCK iosb;
        NTSTATUS status =
            NtQueryDirectoryFile(s->directory, nullptr, nullptr, nullptr, &iosb, s->entries,
                                 sizeof s->entries, FileBothDirectoryInformation, FALSE, pattern, FALSE);
        if (!NT_SUCCESS(status)) return status;
        s->at = 0;
    }
    auto& entry = *reinterpret_cast<FILE_BOTH_DIR_INFORMATION*>(s->entries + s->at);
    give(entry, to);
    s->more = entry.NextEntryOffset != 0;
    s->at += entry.NextEntryOffset;
    return STATUS_SUCCESS;
}

HANDLE find_first(const WCHAR* path, WIN32_FIND_DATAW* to) {
    Name name(path);
    if (!name) return INVALID_HANDLE_VALUE;
    UNICODE_STRING whole = name.string(), pattern{};
    if (!name.part()) return fail_with(ERROR_FILE_NOT_FOUND), INVALID_HANDLE_VALUE;
    name.string().Length = USHORT((name.part() - whole.Buffer) * sizeof(WCHAR));
    pattern.Buffer = const_cast<WCHAR*>(name.part());
    pattern.Length = pattern.MaximumLength = USHORT(whole.Length - name.string().Length);
    auto* search = static_cast<Search*>(heap_allocate(sizeof(Search)));
    if (!search) return fail_with(ERROR_NOT_ENOUGH_MEMORY), INVALID_HANDLE_VALUE;
    NTSTATUS status = open(&search->directory, name, FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE);
    if (NT_SUCCESS(status)) {
        search->more = false;
        status = next(search, &pattern, to);
        if (NT_SUCCESS(status)) return name.string() = whole, search;
        NtClose(search->directory);
    }
    name.string() = whole;
    heap_free(search);
    fail(status);
    if (status == STATUS_NO_MORE_FILES || name.missing(status) != status)
        RtlSetLastWin32Error(ERROR_FILE_NOT_FOUND);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) RtlSetLastWin32Error(ERROR_PATH_NOT_FOUND);
    return INVALID_HANDLE_VALUE;
}

void narrow(const WIN32_FIND_DATAW& from, WIN32_FIND_DATAA* to) {
    RtlMoveMemory(to, &from, offsetof(WIN32_FIND_DATAA, cFileName));
    return_string(to->cFileName, MAX_PATH, from.cFileName, ULONG(wcslen(from.cFileName)));
    return_string(to->cAlternateFileName, 14, from.cAlternateFileName,
                  ULONG(wcslen(from.cAlternateFileName)));
}

} // namespace

extern "C" {

BOOL DeleteFileW(const WCHAR* path) { return remove(path, FILE_NON_DIRECTORY_FILE); }
BOOL DeleteFileA(const CHAR* path) {
    Wide wide(path);
    return wide.ok() && DeleteFileW(wide.get());
}
BOOL RemoveDirectoryW(const WCHAR* path) { return remove(path, FILE_DIRECTORY_FILE); }
BOOL RemoveDirectoryA(const CHAR* path) {
    Wide wide(path);
    return wide.ok() && RemoveDirectoryW(wide.get());
}
BOOL CreateDirectoryW(const WCHAR* path, SECURITY_ATTRIBUTES* security) {
    return create_directory(path, security);
}
BOOL CreateDirectoryA(const CHAR* path, SECURITY_ATTRIBUTES* security) {
    Wide wide(path);
    return wide.ok() && create_directory(wide.get(), security);
}
BOOL MoveFileExW(const WCHAR* from, const WCHAR* to, DWORD flags) { return move(from, to, flags); }
BOOL MoveFileExA(const CHAR* from, const CHAR* to, DWORD flags) {
    Wide wide_from(from), wide_to(to);
    return wide_from.ok() && wide_to.ok() && move(wide_from.get(), wide_to.get(), flags);
}
BOOL MoveFileWithProgressW(const WCHAR* from, const WCHAR* to, ProgressRoutine* routine, PVOID data,
                           DWORD flags) {
    return move(from, to, flags, {routine, data});
}
BOOL MoveFileWithProgressA(const CHAR* from, const CHAR* to, ProgressRoutine* routine, PVOID data,
                           DWORD flags) {
    Wide wide_from(from), wide_to(to);
    return wide_from.ok() && wide_to.ok() && move(wide_from.get(), wide_to.get(), flags, {routine, data});
}
BOOL MoveFileW(const WCHAR* from, const WCHAR* to) { return move(from, to, 2); }
BOOL MoveFileA(const CHAR* from, const CHAR* to) { return MoveFileExA(from, to, 2); }

DWORD GetFileAttributesW(const WCHAR* path) { return plain_attributes(path); }
DWORD GetFileAttributesA(const CHAR* path) {
    Wide wide(path);
    return wide.ok() ? plain_attributes(wide.get()) : INVALID_FILE_ATTRIBUTES;
}
BOOL GetFileAttributesExW(const WCHAR* path, INT level, WIN32_FILE_ATTRIBUTE_DATA* to) {
    return level == 0 ? attributes_of(path, to) : fail_with(ERROR_INVALID_PARAMETER);
}
BOOL GetFileAttributesExA(const CHAR* path, INT level, WIN32_FILE_ATTRIBUTE_DATA* to) {
    Wide wide(path);
    return wide.ok() && GetFileAttributesExW(wide.get(), level, to);
}
BOOL SetFileAttributesW(const WCHAR* path, DWORD attributes) { return set_attributes(path, attributes); }
BOOL SetFileAttributesA(const CHAR* path, DWORD attributes) {
    Wide wide(path);
    return wide.ok() && set_attributes(wide.get(), attributes);
}

HANDLE FindFirstFileW(const WCHAR* path, WIN32_FIND_DATAW* to) { return find_first(path, to); }
HANDLE FindFirstFileA(const CHAR* path, WIN32_FIND_DATAA* to) {
    Wide wide(path);
    WIN32_FIND_DATAW found;
    HANDLE search = wide.ok() ? find_first(wide.get(), &found) : INVALID_HANDLE_VALUE;
    if (search != INVALID_HANDLE_VALUE) narrow(found, to);
    return search;
}
// Levels and search operations only narrow what a file system returns; additional flag 1: case sensitive.
HANDLE FindFirstFileExW(const WCHAR* path, INT level, PVOID to, INT operation, PVOID filter, DWORD flags) {
    if (level > 1 || operation != 0 || filter || (flags & 1)) stop("FindFirstFileExW (these options)");
    return find_first(path, static_cast<WIN32_FIND_DATAW*>(to));
}
HANDLE FindFirstFileExA(const CHAR* path, INT level, PVOID to, INT operation, PVOID filter, DWORD flags) {
    Wide wide(path);
    WIN32_FIND_DATAW found;
    HANDLE search = wide.ok() ? FindFirstFileExW(wide.get(), level, &found, operation, filter, flags)
                              : INVALID_HANDLE_VALUE;
    if (search != INVALID_HANDLE_VALUE) narrow(found, static_cast<WIN32_FIND_DATAA*>(to));
    return search;
}
BOOL FindNextFileW(HANDLE search, WIN32_FIND_DATAW* to) {
    if (search == INVALID_HANDLE_VALUE || !search) return fail_with(ERROR_INVALID_HANDLE);
    return answer(next(static_cast<Search*>(search), nullptr, to));
}
BOOL FindNextFileA(HANDLE search, WIN32_FIND_DATAA* to) {
    WIN32_FIND_DATAW found;
    if (!FindNextFileW(search, &found)) return FALSE;
    narrow(found, to);
    return TRUE;
}
BOOL FindClose(HANDLE search) {
    if (search == INVALID_HANDLE_VALUE || !search) return fail_with(ERROR_INVALID_HANDLE);
    NTSTATUS status = NtClose(static_cast<Search*>(search)->directory);
    heap_free(search);
    return answer(status);
}

} // extern "C"
} // namespace nt
