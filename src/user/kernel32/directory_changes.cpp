// Being told of changes in a directory: ReadDirectoryChanges and change notifications.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

// `cls`: READ_DIRECTORY_NOTIFY_INFORMATION_CLASS, the kernel's numbers.
BOOL read_changes(HANDLE directory, PVOID buffer, DWORD length, BOOL tree, DWORD filter, DWORD* done,
                  OVERLAPPED* o, OVERLAPPED_COMPLETION_ROUTINE* routine, ULONG cls) {
    if (!o) {
        IO_STATUS_BLOCK iosb;
        NTSTATUS status = NtNotifyChangeDirectoryFileEx(directory, nullptr, nullptr, nullptr, &iosb, buffer,
                                                        length, filter, BOOLEAN(tree != 0), cls);
        if (status == STATUS_PENDING) {
            status = NtWaitForSingleObject(directory, FALSE, nullptr);
            if (NT_SUCCESS(status)) status = iosb.Status;
        }
        if (!NT_SUCCESS(status)) return fail(status);
        if (done) *done = DWORD(iosb.Information);
        return TRUE;
    }
    o->Internal = STATUS_PENDING;
    const NTSTATUS status = NtNotifyChangeDirectoryFileEx(
        directory, routine ? nullptr : event_of(o), routine ? completion_apc : nullptr,
        routine ? reinterpret_cast<PVOID>(routine) : context_of(o), o->status_block(), buffer, length, filter,
        BOOLEAN(tree != 0), cls);
    return NT_ERROR(status) ? fail(status) : BOOL(TRUE);
}

// A notification is a directory whose one request is under way; the status block must outlive the call, and
// as nobody looks at it there is one for all.
IO_STATUS_BLOCK unread;

NTSTATUS watch(HANDLE directory, BOOL tree, DWORD filter) {
    return NtNotifyChangeDirectoryFile(directory, nullptr, nullptr, nullptr, &unread, nullptr, 0, filter,
                                       BOOLEAN(tree != 0));
}

HANDLE find_first_change(const WCHAR* path, BOOL tree, DWORD filter) {
    Name name(path);
    if (!name) return INVALID_HANDLE_VALUE;
    HANDLE directory;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtOpenFile(&directory, FILE_LIST_DIRECTORY | SYNCHRONIZE, name.attributes(), &iosb,
                                 SHARE_ALL, FILE_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT);
    if (!NT_SUCCESS(status)) return fail(name.missing(status)), INVALID_HANDLE_VALUE;
    status = watch(directory, tree, filter);
    if (NT_ERROR(status)) {
        NtClose(directory);
        return fail(status), INVALID_HANDLE_VALUE;
    }
    return directory;
}

} // namespace

extern "C" {

BOOL ReadDirectoryChangesW(HANDLE directory, PVOID buffer, DWORD length, BOOL tree, DWORD filter, DWORD* done,
                           OVERLAPPED* o, OVERLAPPED_COMPLETION_ROUTINE* routine) {
    return read_changes(directory, buffer, length, tree, filter, done, o, routine,
                        DirectoryNotifyInformation);
}
BOOL ReadDirectoryChangesExW(HANDLE directory, PVOID buffer, DWORD length, BOOL tree, DWORD filter,
                             DWORD* done, OVERLAPPED* o, OVERLAPPED_COMPLETION_ROUTINE* routine, INT cls) {
    return read_changes(directory, buffer, length, tree, filter, done, o, routine, ULONG(cls));
}

HANDLE FindFirstChangeNotificationW(const WCHAR* path, BOOL tree, DWORD filter) {
    return find_first_change(path, tree, filter);
}
HANDLE FindFirstChangeNotificationA(const CHAR* path, BOOL tree, DWORD filter) {
    Wide wide(path);
    return wide.ok() ? find_first_change(wide.get(), tree, filter) : INVALID_HANDLE_VALUE;
}
// assumed: the directory goes on watching for what the first request said, whatever this one says.
BOOL FindNextChangeNotification(HANDLE change) {
    constexpr DWORD FILE_NOTIFY_CHANGE_NAME = 3;
    const NTSTATUS status = watch(change, TRUE, FILE_NOTIFY_CHANGE_NAME);
    return NT_ERROR(status) ? fail(status) : BOOL(TRUE);
}
BOOL FindCloseChangeNotification(HANDLE change) { return answer(NtClose(change)); }

} // extern "C"
} // namespace nt
