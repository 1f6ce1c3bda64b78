// Win32 functions on files of answers.sys, which tells what has come of them: SetFileInformationByHandle
// (ns-winbase-file_rename_info), CopyFileEx, MoveFileWithProgress, OpenFileById, SetFileValidData,
// SetFileShortName, GetCompressedFileSize, FindFirstStream, _lopen, ImpersonateNamedPipeClient.
#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <winioctl.h>

#include "../common/program.h"
#include "majors.h"

static HANDLE file;

// The name that a rename has given the driver.
static BOOL renamed_to(const WCHAR* expected) {
    WCHAR name[200] = L"";
    DWORD n = 0;
    return DeviceIoControl(file, IOCTL_ANSWERS_RENAMED, NULL, 0, name, sizeof name - 2, &n, NULL) &&
           n == wcslen(expected) * sizeof(WCHAR) && !wcscmp(name, expected);
}
static BOOL rename_to(const WCHAR* name, FILE_INFO_BY_HANDLE_CLASS class) {
    struct {
        FILE_RENAME_INFO head;
        WCHAR room[100];
    } info = {0};
    info.head.ReplaceIfExists = TRUE;
    info.head.FileNameLength = (DWORD)(wcslen(name) * sizeof(WCHAR));
    memcpy(info.head.FileName, name, info.head.FileNameLength + sizeof(WCHAR));
    return SetFileInformationByHandle(file, class, &info, sizeof info);
}

static void renaming(void) {
    CHECK(rename_to(L"\\\\.\\Answers\\directory\\new", FileRenameInfo) &&
              renamed_to(L"\\??\\Answers\\directory\\new"),
          "FileRenameInfo: an absolute Win32 path");
    CHECK(rename_to(L"//./Answers/x/../new2", (FILE_INFO_BY_HANDLE_CLASS)22) &&
              renamed_to(L"\\??\\Answers\\new2"),
          "FileRenameInfoEx");
    SetCurrentDirectoryW(L"\\\\.\\Answers\\here");
    CHECK(rename_to(L"new", FileRenameInfo) && renamed_to(L"\\??\\Answers\\here\\new"),
          "a path relative to the current directory");
    SetCurrentDirectoryW(L"C:\\");
    CHECK(rename_to(L":stream:$DATA", FileRenameInfo) && renamed_to(L":stream:$DATA"),
          "the new name of a stream, starting with a colon");
    CHECK(!rename_to(L"\\\\.\\NUL\\new", FileRenameInfo) && GetLastError() == ERROR_NOT_SAME_DEVICE,
          "another device: ERROR_NOT_SAME_DEVICE");
    FILE_RENAME_INFO whole = {.FileNameLength = 100};
    CHECK(!SetFileInformationByHandle(file, FileRenameInfo, &whole, sizeof whole),
          "a name beyond the buffer");
    CHECK(!SetFileInformationByHandle(file, FileRenameInfo, &whole, 4) && GetLastError() == ERROR_BAD_LENGTH,
          "ERROR_BAD_LENGTH");
}

static FILE_SEEN seen(void) {
    FILE_SEEN s = {0};
    DWORD n;
    DeviceIoControl(file, IOCTL_ANSWERS_FILE_SEEN, NULL, 0, &s, sizeof s, &n, NULL);
    return s;
}

static DWORD reasons[8], calls, what_then, given;
static LONGLONG copied;

static DWORD CALLBACK progress(LARGE_INTEGER total, LARGE_INTEGER transferred, LARGE_INTEGER stream_size,
                               LARGE_INTEGER stream_transferred, DWORD stream, DWORD reason, HANDLE source,
                               HANDLE target, LPVOID data) {
    (void)total, (void)stream_size, (void)source, (void)target;
    if (calls < 8) reasons[calls] = reason;
    ++calls;
    copied = transferred.QuadPart;
    given = (DWORD)(ULONG_PTR)data;
    if (stream != 1 || transferred.QuadPart != stream_transferred.QuadPart) given = 0;
    return calls == 3 ? what_then : PROGRESS_CONTINUE;
}
static BOOL copy(DWORD then, BOOL* cancel) {
    calls = 0, what_then = then;
    SetLastError(0);
    return CopyFileExW(L"\\\\.\\Answers\\old", L"\\\\.\\Answers\\copy", progress, (LPVOID)77, cancel, 0);
}

static void copying(void) {
    BOOL cancel = TRUE;
    CHECK(!copy(PROGRESS_CANCEL, NULL) && GetLastError() == ERROR_REQUEST_ABORTED && calls == 3 &&
              reasons[0] == CALLBACK_STREAM_SWITCH && reasons[1] == CALLBACK_CHUNK_FINISHED &&
              reasons[2] == CALLBACK_CHUNK_FINISHED && copied == 0x20000 && given == 77,
          "CopyFileEx: the routine hears of each portion; PROGRESS_CANCEL: ERROR_REQUEST_ABORTED");
    CHECK(seen().information_class == 13, "the target is deleted");
    SetEndOfFile(file);
    CHECK(!copy(PROGRESS_STOP, NULL) && GetLastError() == ERROR_REQUEST_ABORTED &&
              seen().information_class != 13,
          "PROGRESS_STOP: ERROR_REQUEST_ABORTED, and it stays");
    CHECK(!copy(PROGRESS_CONTINUE, &cancel) && GetLastError() == ERROR_REQUEST_ABORTED, "pbCancel");
    calls = 0, what_then = PROGRESS_CONTINUE;
    CHECK(CopyFileExA("\\\\.\\NUL", "\\\\.\\Answers\\copy", progress, (LPVOID)77, NULL, 0) && calls == 1,
          "CopyFileExA to the end of the file");
    CHECK(!CopyFileExA("\\\\.\\Answers\\missing", "NUL", NULL, NULL, NULL, 0) &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "no file: ERROR_FILE_NOT_FOUND");
    CHECK(MoveFileWithProgressW(L"\\\\.\\Answers\\old", L"\\\\.\\Answers\\moved", NULL, NULL, 0) &&
              renamed_to(L"\\??\\Answers\\moved"),
          "MoveFileWithProgress in one volume: a rename");
    CHECK(!MoveFileWithProgressA("\\\\.\\NUL", "\\\\.\\Answers\\new", NULL, NULL, 0) &&
              GetLastError() == ERROR_NOT_SAME_DEVICE,
          "to another volume: ERROR_NOT_SAME_DEVICE");
    calls = 0;
    CHECK(MoveFileWithProgressA("\\\\.\\NUL", "\\\\.\\Answers\\new", progress, NULL, MOVEFILE_COPY_ALLOWED) &&
              calls == 1,
          "MOVEFILE_COPY_ALLOWED: it is copied; that the source cannot be deleted is no error");
}

static void identified(void) {
    FILE_ID_DESCRIPTOR id = {.dwSize = sizeof id, .Type = FileIdType, .FileId.QuadPart = 0x1122334455667788};
    HANDLE opened = OpenFileById(file, &id, GENERIC_READ, FILE_SHARE_READ, NULL, FILE_FLAG_OVERLAPPED);
    FILE_SEEN s = seen();
    CHECK(opened != INVALID_HANDLE_VALUE && (s.options & 0xffffff) == 0x2000 && s.name_length == 8 &&
              !memcmp(s.name, &id.FileId, 8),
          "OpenFileById: FILE_OPEN_BY_FILE_ID with the identifier as name");
    CloseHandle(opened);
    id.Type = ObjectIdType;
    opened = OpenFileById(file, &id, GENERIC_READ, FILE_SHARE_READ, NULL, FILE_FLAG_BACKUP_SEMANTICS);
    s = seen();
    CHECK(opened != INVALID_HANDLE_VALUE && s.name_length == 16 && (s.options & 0x4000),
          "an object identifier; FILE_FLAG_BACKUP_SEMANTICS");
    CloseHandle(opened);
    id.dwSize = 4;
    CHECK(OpenFileById(file, &id, GENERIC_READ, 0, NULL, 0) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "dwSize must be the structure's");
    CHECK(SetFileValidData(file, 4096), "SetFileValidData");
    s = seen();
    CHECK(s.information_class == 39 && *(LONGLONG*)s.data == 4096, "FileValidDataLengthInformation");
    CHECK(SetFileShortNameW(file, L"SHORT.TXT"), "SetFileShortName");
    s = seen();
    CHECK(s.information_class == 40 && *(unsigned*)s.data == 18 && !memcmp(s.data + 4, L"SHORT.TXT", 18),
          "FileShortNameInformation");
    CHECK(!SetFileShortNameA(file, "MUCHTOOLONG.NAME") && GetLastError() == ERROR_INVALID_PARAMETER,
          "no short name: ERROR_INVALID_PARAMETER");
    DWORD high = 9;
    CHECK(GetCompressedFileSizeA("\\\\.\\Answers\\old", &high) == 12345 && high == 0,
          "GetCompressedFileSize without compression: the size of the file");
    CHECK(GetCompressedFileSizeW(L"\\\\.\\Answers\\missing", NULL) == INVALID_FILE_SIZE &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "ERROR_FILE_NOT_FOUND");
}

static void streams(void) {
    WIN32_FIND_STREAM_DATA data;
    HANDLE search = FindFirstStreamW(L"\\\\.\\Answers\\old", FindStreamInfoStandard, &data, 0);
    CHECK(search != INVALID_HANDLE_VALUE && !wcscmp(data.cStreamName, L"::$DATA") &&
              data.StreamSize.QuadPart == 5,
          "FindFirstStream");
    CHECK(FindNextStreamW(search, &data) && !wcscmp(data.cStreamName, L":more:$DATA") &&
              data.StreamSize.QuadPart == 6,
          "FindNextStream");
    CHECK(!FindNextStreamW(search, &data) && GetLastError() == ERROR_HANDLE_EOF,
          "the last: ERROR_HANDLE_EOF");
    CHECK(FindClose(search), "FindClose");
    CHECK(FindFirstStreamW(L"\\\\.\\Answers\\missing", FindStreamInfoStandard, &data, 0) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "FindFirstStream: ERROR_FILE_NOT_FOUND");
    CHECK(FindFirstStreamW(L"\\\\.\\Answers\\old", 1, &data, 0) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "no such level: ERROR_INVALID_PARAMETER");
}

static void old_functions(void) {
    char buffer[8] = "";
    HFILE old = _lopen("\\\\.\\Answers\\old", OF_READWRITE | OF_SHARE_DENY_NONE);
    CHECK(old != HFILE_ERROR && _lread(old, buffer, 4) == 4 && !strcmp(buffer, "rrrr"), "_lopen, _lread");
    CHECK(_lwrite(old, buffer, 4) == 4 && _hwrite(old, buffer, 2) == 2 && _hread(old, buffer, 3) == 3,
          "_lwrite, _hwrite, _hread");
    CHECK(_llseek(old, 10, FILE_BEGIN) == 10 && _lwrite(old, buffer, 0) == 0, "_llseek, _lwrite of nothing");
    FILE_SEEN s = seen();
    CHECK(s.information_class == 20 && *(LONGLONG*)s.data == 10, "truncates to the current position");
    CHECK(_lclose(old) == 0 && _lclose(old) == HFILE_ERROR, "_lclose");
    CHECK(_lopen("\\\\.\\Answers\\missing", OF_READ) == HFILE_ERROR && GetLastError() == ERROR_FILE_NOT_FOUND,
          "_lopen: HFILE_ERROR");
    old = _lcreat("\\\\.\\Answers\\made", 2);
    CHECK(old != HFILE_ERROR && _lclose(old) == 0, "_lcreat");
}

static void impersonating(void) {
    HANDLE pipe = CreateNamedPipeW(L"\\\\.\\pipe\\answers", PIPE_ACCESS_DUPLEX, 0, 2, 512, 512, 0, NULL);
    CHECK(ImpersonateNamedPipeClient(pipe), "ImpersonateNamedPipeClient asks the driver of the pipe");
    CHECK(!ImpersonateNamedPipeClient(NULL) && GetLastError() == ERROR_INVALID_HANDLE,
          "no pipe: ERROR_INVALID_HANDLE");
    CloseHandle(pipe);
}

int main(void) {
    file = CreateFileW(L"\\\\.\\Answers\\old", GENERIC_READ | GENERIC_WRITE | DELETE, 7, NULL, OPEN_EXISTING,
                       0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE, "a file of Answers");
    renaming();
    copying();
    identified();
    streams();
    old_functions();
    impersonating();
    return finish();
}
