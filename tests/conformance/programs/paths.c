// Path rules, as "Naming Files, Paths, and Namespaces", CreateFile, GetFullPathName and QueryDosDevice
// document them. Needs the Null driver and the Echo driver.
#include <windows.h>

#include "../common/program.h"

static int opens(const char* path) {
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return 0;
    CloseHandle(file);
    return 1;
}
static DWORD error_of(const char* path) { return opens(path) ? 0 : GetLastError(); }

static int full(const char* path, const char* expected) {
    char buffer[MAX_PATH] = "";
    DWORD n = GetFullPathNameA(path, sizeof buffer, buffer, NULL);
    if (n == strlen(expected) && strcmp(buffer, expected) == 0) return 1;
    printf("     %s -> %s\n", path, buffer);
    return 0;
}

int main(void) {
    CHECK(opens("NUL"), "NUL");
    CHECK(opens("nul"), "a reserved name in small letters");
    CHECK(opens("NUL:"), "a reserved name with a colon");
    CHECK(opens("\\\\.\\NUL"), "\\\\.\\NUL");
    CHECK(opens("\\\\?\\NUL"), "\\\\?\\NUL");
    CHECK(opens("\\??\\NUL"), "\\??\\NUL");
    CHECK(opens("\\\\.\\Echo"), "\\\\.\\Echo");
    CHECK(opens("//./Echo"), "with slashes");
    CHECK(opens("\\\\.\\GLOBALROOT\\Device\\Echo"), "\\\\.\\GLOBALROOT leads to the root of the namespace");
    CHECK(opens("\\\\?\\GLOBALROOT\\Device\\Null"), "and with \\\\?\\");
    CHECK(error_of("\\\\.\\NoSuchDevice") == ERROR_FILE_NOT_FOUND,
          "a device that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(error_of("Z:\\file.txt") == ERROR_PATH_NOT_FOUND,
          "a drive that is not there: ERROR_PATH_NOT_FOUND");
    CHECK(error_of("") == ERROR_PATH_NOT_FOUND, "an empty name: ERROR_PATH_NOT_FOUND");
    CHECK(error_of("\\\\?\\GLOBALROOT\\NoDirectory\\x") == ERROR_PATH_NOT_FOUND,
          "a directory that is not there: ERROR_PATH_NOT_FOUND");
    CHECK(GetFileAttributesA("Z:\\file.txt") == INVALID_FILE_ATTRIBUTES &&
              GetLastError() == ERROR_PATH_NOT_FOUND,
          "attributes of a file on no drive: ERROR_PATH_NOT_FOUND");
    CHECK(!DeleteFileA("Z:\\file.txt") && GetLastError() == ERROR_PATH_NOT_FOUND,
          "deleting it: ERROR_PATH_NOT_FOUND");

    CHECK(full("C:\\a\\..\\b\\.\\c", "C:\\b\\c"), "dots are resolved");
    CHECK(full("C:/a//b", "C:\\a\\b"), "slashes are turned and joined");
    CHECK(full("C:\\..\\..", "C:\\"), "the root is its own parent");
    CHECK(full("C:\\name. ", "C:\\name"), "trailing dots and spaces go");
    CHECK(full("NUL", "\\\\.\\NUL"), "a reserved name becomes a device");
    CHECK(full("\\\\.\\Echo\\x\\..\\y", "\\\\.\\Echo\\y"), "device paths are resolved too");
    CHECK(full("\\\\server\\share\\a\\..\\b", "\\\\server\\share\\b"), "UNC paths");
    CHECK(GetFullPathNameA("C:\\abc", 3, (char[3]){0}, NULL) == 7,
          "too small a buffer: the size needed, with the terminator");

    char target[200] = "";
    CHECK(QueryDosDeviceA("NUL", target, sizeof target) && strcmp(target, "\\Device\\Null") == 0,
          "QueryDosDevice of NUL");
    CHECK(QueryDosDeviceA("Echo", target, sizeof target) && strcmp(target, "\\Device\\Echo") == 0,
          "QueryDosDevice of a driver's link");
    CHECK(!QueryDosDeviceA("NoSuchDevice", target, sizeof target) && GetLastError() == ERROR_FILE_NOT_FOUND,
          "of a name that is not there: ERROR_FILE_NOT_FOUND");
    CHECK(!QueryDosDeviceA("NUL", target, 5) && GetLastError() == ERROR_INSUFFICIENT_BUFFER,
          "ERROR_INSUFFICIENT_BUFFER");
    CHECK(DefineDosDeviceA(DDD_RAW_TARGET_PATH, "Twin", "\\Device\\Echo") && opens("\\\\.\\Twin"),
          "DefineDosDevice makes a second name");
    return finish();
}
