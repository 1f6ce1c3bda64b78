// Win32 functions on files of answers.sys, which tells what has come of them: SetFileInformationByHandle
// (ns-winbase-file_rename_info).
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

int main(void) {
    file = CreateFileW(L"\\\\.\\Answers\\old", GENERIC_READ | GENERIC_WRITE | DELETE, 7, NULL, OPEN_EXISTING,
                       0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE, "a file of Answers");
    renaming();
    return finish();
}
