// The current directory, links, volumes and final names, where there is no file system: "Changing the Current
// Directory", SetCurrentDirectory, CreateHardLink, FindFirstVolume, GetFinalPathNameByHandle. Needs the Echo
// driver.
#include <windows.h>

#include "../common/program.h"

static char current[MAX_PATH];
static const char* directory(void) {
    GetCurrentDirectoryA(sizeof current, current);
    return current;
}
static int in(const char* expected) { return strcmp(directory(), expected) == 0; }
static DWORD change(const char* path) { return SetCurrentDirectoryA(path) ? 0 : GetLastError(); }

static void current_directory(void) {
    CHECK(in("C:\\"), "a program starts in C:\\");
    CHECK(change(directory()) == 0, "the current directory can be set again");
    CHECK(change("C:\\Windows\\System32") == 0 && in("C:\\Windows\\System32"), "the system directory");
    CHECK(change("..") == 0 && in("C:\\Windows"), "the one above");
    CHECK(change("system32\\") == 0 && in("C:\\Windows\\system32"), "relative, with a backslash at the end");
    CHECK(change("\\Program Files/Drvlab") == 0 && in("C:\\Program Files\\Drvlab"), "the program's");
    CHECK(change("C:\\NoSuchDirectory") == ERROR_FILE_NOT_FOUND,
          "a directory that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(change("C:\\NoSuchDirectory\\below") == ERROR_PATH_NOT_FOUND,
          "one below a directory that is not there: ERROR_PATH_NOT_FOUND");
    CHECK(change("Z:\\") == ERROR_PATH_NOT_FOUND, "a drive that is not there: ERROR_PATH_NOT_FOUND");
    CHECK(change("C:\\Windows\\System32\\kernel32.dll") == ERROR_DIRECTORY, "a file: ERROR_DIRECTORY");
    CHECK(change("conform_places.exe") == ERROR_DIRECTORY, "the program's file: ERROR_DIRECTORY");
    CHECK(change("NUL") == ERROR_DIRECTORY, "a reserved name: ERROR_DIRECTORY");
    CHECK(change("C:\\a*") == ERROR_INVALID_NAME, "a name that cannot be: ERROR_INVALID_NAME");
    CHECK(change("") == ERROR_INVALID_NAME, "an empty name: ERROR_INVALID_NAME");
    CHECK(change("\\\\.\\NoSuchDevice") == ERROR_FILE_NOT_FOUND, "no such device: ERROR_FILE_NOT_FOUND");
    CHECK(in("C:\\Program Files\\Drvlab"), "after all these failures it is what it was");

    char buffer[4] = "";
    CHECK(GetCurrentDirectoryA(4, buffer) == sizeof "C:\\Program Files\\Drvlab",
          "too small a buffer: the size needed, with the terminator");
    CHECK(change("C:\\") == 0 && GetCurrentDirectoryA(4, buffer) == 3, "C:\\ and back");
}

static DWORD final(HANDLE file, DWORD flags, char* to) {
    return GetFinalPathNameByHandleA(file, to, MAX_PATH, flags);
}

static void names(void) {
    char name[MAX_PATH] = "";
    HANDLE file = CreateFileA("\\\\.\\Echo", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(final(file, VOLUME_NAME_NT, name) == 12 && strcmp(name, "\\Device\\Echo") == 0,
          "the final name of a device, with its NT name");
    CHECK(!final(file, VOLUME_NAME_DOS, name) && GetLastError() == ERROR_PATH_NOT_FOUND,
          "with a drive letter that does not exist: ERROR_PATH_NOT_FOUND");
    CHECK(!final(file, 0x100, name) && GetLastError() == ERROR_INVALID_PARAMETER,
          "flags that are none: ERROR_INVALID_PARAMETER");
    CloseHandle(file);
    CHECK(!final(file, VOLUME_NAME_NT, name) && GetLastError() == ERROR_INVALID_HANDLE,
          "a closed handle: ERROR_INVALID_HANDLE");

    DWORD size = sizeof name;
    CHECK(QueryFullProcessImageNameA(GetCurrentProcess(), 0, name, &size) && size == strlen(name) &&
              strcmp(name, "C:\\Program Files\\Drvlab\\conform_places.exe") == 0,
          "QueryFullProcessImageName");
    size = 5;
    CHECK(!QueryFullProcessImageNameA(GetCurrentProcess(), 0, name, &size) &&
              GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "too small a buffer: ERROR_INSUFFICIENT_BUFFER");
    CHECK(!GetLongPathNameA("C:\\NoSuch", name, sizeof name) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "the long name of a file that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(!CreateHardLinkA("C:\\link", "C:\\file", NULL) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "a hard link to a file that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(!CreateSymbolicLinkA("C:\\link", "C:\\file", 0) && GetLastError() == ERROR_PATH_NOT_FOUND,
          "a symbolic link there: ERROR_PATH_NOT_FOUND");
    CHECK(!CreateSymbolicLinkA("C:\\link", "C:\\file", 0x80) && GetLastError() == ERROR_INVALID_PARAMETER,
          "flags that are none: ERROR_INVALID_PARAMETER");
    CHECK(FindFirstVolumeA(name, sizeof name) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_NO_MORE_FILES,
          "no volume is mounted: ERROR_NO_MORE_FILES");
    WIN32_FILE_ATTRIBUTE_DATA data;
    CHECK(!GetFileAttributesExA("C:\\file", GetFileExInfoStandard, &data) &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "GetFileAttributesEx of a file that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(!GetFileAttributesExA("\\\\.\\Echo", GetFileExInfoStandard, &data) &&
              GetLastError() == ERROR_INVALID_FUNCTION,
          "of a device whose driver has no such request: ERROR_INVALID_FUNCTION");
}

// In a directory that there is, a missing file is a file that is not found.
static DWORD of_open(const char* path, DWORD creation) {
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, creation, 0, NULL);
    return file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
}
static void missing(void) {
    WIN32_FIND_DATAA found;
    CHECK(of_open("NoSuch.txt", OPEN_EXISTING) == ERROR_FILE_NOT_FOUND, "opening it: ERROR_FILE_NOT_FOUND");
    CHECK(of_open("NoSuch\\file.txt", OPEN_EXISTING) == ERROR_PATH_NOT_FOUND,
          "in a directory that is not there: ERROR_PATH_NOT_FOUND");
    CHECK(of_open("NoSuch.txt", CREATE_NEW) == ERROR_PATH_NOT_FOUND, "nothing can be made on C:");
    CHECK(!DeleteFileA("C:\\Windows\\NoSuch.txt") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "deleting it: ERROR_FILE_NOT_FOUND");
    CHECK(!MoveFileA("NoSuch.txt", "other.txt") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "moving it: ERROR_FILE_NOT_FOUND");
    CHECK(FindFirstFileA("NoSuch*", &found) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND,
          "looking for it: ERROR_FILE_NOT_FOUND");
    CHECK(FindFirstFileA("NoSuch\\*", &found) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_PATH_NOT_FOUND,
          "in a directory that is not there: ERROR_PATH_NOT_FOUND");
}

int main(void) {
    current_directory();
    names();
    missing();
    return finish();
}
