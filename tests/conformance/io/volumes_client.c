// What programs ask of volumes (volumes.c): nf-fileapi-getvolumeinformationw, -getvolumeinformationbyhandlew,
// -getdrivetypew, -getdiskfreespacew, -getdiskfreespaceexw, -getlogicaldrives, -querydosdevicew.
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include "../common/program.h"
#include "volumes.h"

static HANDLE volumes;
static struct seen seen(void) {
    struct seen s = {0};
    DWORD n;
    DeviceIoControl(volumes, IOCTL_VOLUMES_SEEN, NULL, 0, &s, sizeof s, &n, NULL);
    return s;
}
static BOOL asked(unsigned first, unsigned second) {
    struct seen s = seen();
    return s.queries == (unsigned)(first != 0) + (second != 0) && s.classes[0] == first &&
           s.classes[1] == second;
}
#define FAILS(call, code) (SetLastError(0), !(call) && GetLastError() == (code))

static void information(PCWSTR root) {
    WCHAR label[20], system[20];
    DWORD serial = 0, component = 0, flags = 0;
    CHECK(GetVolumeInformationW(root, label, 20, &serial, &component, &flags, system, 20) &&
              !wcscmp(label, L"DISK") && !wcscmp(system, L"LAB") && serial == 0x1234abcd &&
              component == 255 && flags == FILE_CASE_PRESERVED_NAMES,
          "GetVolumeInformation");
    CHECK(asked(1, 5), "FileFsVolumeInformation and FileFsAttributeInformation of one open file");
    struct seen s = seen();
    CHECK(s.name_length == 2 && (s.options & 0x1) && (s.options & 0x20) &&
              s.access == (FILE_READ_ATTRIBUTES | SYNCHRONIZE) && s.share == 3,
          "the root directory, synchronous, to read attributes, shared");
    CHECK(GetVolumeInformationW(root, label, 20, NULL, NULL, NULL, NULL, 0) && asked(1, 0),
          "what is not asked for is not queried");
    CHECK(GetVolumeInformationW(root, NULL, 0, NULL, NULL, NULL, system, 20) && asked(5, 0),
          "nor the other way round");
    CHECK(FAILS(GetVolumeInformationW(root, label, 4, NULL, NULL, NULL, NULL, 0), ERROR_BAD_LENGTH),
          "a buffer that is too small");
    char narrow[20], name[40];
    wcstombs(name, root, sizeof name);
    CHECK(GetVolumeInformationA(name, narrow, sizeof narrow, NULL, NULL, NULL, NULL, 0) &&
              !strcmp(narrow, "DISK"),
          "GetVolumeInformationA");
}

static void space(PCWSTR root) {
    DWORD sectors = 0, bytes = 0, free = 0, total = 0;
    ULARGE_INTEGER available, all, left;
    CHECK(GetDiskFreeSpaceW(root, &sectors, &bytes, &free, &total) && sectors == 8 && bytes == 512 &&
              free == 1000 && total == 0xffffffff,
          "GetDiskFreeSpace");
    struct seen s = seen();
    CHECK(asked(3, 0) && (s.options & 0x1) && (s.options & 0x800000) && (s.access & FILE_LIST_DIRECTORY),
          "FileFsSizeInformation; FILE_OPEN_FOR_FREE_SPACE_QUERY, FILE_LIST_DIRECTORY");
    CHECK(GetDiskFreeSpaceExW(root, &available, &all, &left) && available.QuadPart == 900 * 4096 &&
              left.QuadPart == 1000 * 4096 && all.QuadPart == 0x200000000 * 4096,
          "GetDiskFreeSpaceEx");
    CHECK(asked(7, 0), "FileFsFullSizeInformation");
}

static void types(void) {
    CHECK(GetDriveTypeW(L"\\\\.\\VolDisk\\") == DRIVE_FIXED, "DRIVE_FIXED");
    CHECK(GetDriveTypeW(L"\\\\?\\VolRemovable\\") == DRIVE_REMOVABLE, "DRIVE_REMOVABLE");
    CHECK(GetDriveTypeW(L"\\\\.\\VolCd\\") == DRIVE_CDROM, "DRIVE_CDROM");
    CHECK(GetDriveTypeA("\\\\.\\VolRam\\") == DRIVE_RAMDISK, "DRIVE_RAMDISK");
    CHECK(GetDriveTypeW(L"\\\\.\\VolNet\\") == DRIVE_REMOTE, "DRIVE_REMOTE");
    CHECK(GetDriveTypeW(L"\\\\.\\VolOdd\\") == DRIVE_UNKNOWN, "DRIVE_UNKNOWN");
    CHECK(GetDriveTypeW(L"\\\\.\\VolRefuses\\") == DRIVE_NO_ROOT_DIR &&
              GetDriveTypeW(L"\\\\.\\VolNowhere\\") == DRIVE_NO_ROOT_DIR &&
              GetDriveTypeW(L"Q:\\") == DRIVE_NO_ROOT_DIR,
          "DRIVE_NO_ROOT_DIR");
    CHECK(GetDriveTypeW(L"\\\\.\\VolDisk") == DRIVE_NO_ROOT_DIR, "a trailing backslash is required");
}

static void errors(void) {
    WCHAR label[20];
    CHECK(FAILS(GetVolumeInformationW(L"\\\\.\\VolDisk", label, 20, NULL, NULL, NULL, NULL, 0),
                ERROR_INVALID_NAME),
          "GetVolumeInformation: a trailing backslash is required");
    CHECK(
        FAILS(GetVolumeInformationW(L"\\\\.\\VolNowhere\\", label, 20, NULL, NULL, NULL, NULL, 0),
              ERROR_PATH_NOT_FOUND) &&
            FAILS(GetVolumeInformationW(L"Q:\\", label, 20, NULL, NULL, NULL, NULL, 0), ERROR_PATH_NOT_FOUND),
        "no such volume: ERROR_PATH_NOT_FOUND");
    CHECK(FAILS(GetVolumeInformationW(L"\\\\.\\VolRefuses\\", label, 20, NULL, NULL, NULL, NULL, 0),
                ERROR_NOT_READY),
          "what the device says of the create: ERROR_NOT_READY");
    CHECK(FAILS(GetVolumeInformationW(L"Y:\\below\\", label, 20, NULL, NULL, NULL, NULL, 0),
                ERROR_DIR_NOT_ROOT),
          "no root: ERROR_DIR_NOT_ROOT");
    DWORD n;
    ULARGE_INTEGER u;
    CHECK(FAILS(GetDiskFreeSpaceW(L"Q:\\", &n, &n, &n, &n), ERROR_PATH_NOT_FOUND) &&
              FAILS(GetDiskFreeSpaceExW(L"Q:\\", &u, &u, &u), ERROR_PATH_NOT_FOUND),
          "GetDiskFreeSpace, GetDiskFreeSpaceEx: ERROR_PATH_NOT_FOUND");
    CHECK(FAILS(GetDiskFreeSpaceW(L"Y:", &n, &n, &n, &n), ERROR_INVALID_NAME),
          "a drive specification must have a trailing backslash");
}

static void letters(void) {
    WCHAR target[100], drives[200];
    char narrow[300];
    struct { // PROCESS_DEVICEMAP_INFORMATION
        ULONG map;
        UCHAR type[32];
    } map;
    DWORD before = GetLogicalDrives();
    CHECK(DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"Y:", L"\\Device\\VolDisk"), "DefineDosDevice");
    CHECK(GetLogicalDrives() == (before | 1 << 24), "GetLogicalDrives");
    DWORD n = GetLogicalDriveStringsW(200, drives);
    CHECK(n >= 4 && !wcscmp(drives + n - 4, L"Y:\\") && !drives[n] &&
              GetLogicalDriveStringsW(2, drives) == n + 1,
          "GetLogicalDriveStrings");
    CHECK(GetLogicalDriveStringsA(sizeof narrow, narrow) == n, "GetLogicalDriveStringsA");
    CHECK(QueryDosDeviceW(L"Y:", target, 100) == 17 && !wcscmp(target, L"\\Device\\VolDisk"),
          "QueryDosDevice");
    CHECK(FAILS(QueryDosDeviceW(L"Y:", target, 5), ERROR_INSUFFICIENT_BUFFER) &&
              FAILS(QueryDosDeviceW(L"Q:", target, 100), ERROR_FILE_NOT_FOUND),
          "ERROR_INSUFFICIENT_BUFFER, ERROR_FILE_NOT_FOUND");
    CHECK(GetDriveTypeW(L"Y:\\") == DRIVE_FIXED && GetDriveTypeA("Y:") == DRIVE_FIXED, "GetDriveType of it");
    CHECK(NtQueryInformationProcess(GetCurrentProcess(), 23, &map, sizeof map, NULL) == 0 &&
              map.map == GetLogicalDrives() && map.type[24] == 3,
          "ProcessDeviceMap: the same letters, DOSDEVICE_DRIVE_FIXED");
    information(L"Y:\\");
    space(L"Y:\\");
    errors();
    CHECK(DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"Y:", NULL) && GetLogicalDrives() == before, "removed");
}

static void by_handle(void) {
    WCHAR label[20];
    DWORD serial = 0;
    HANDLE file = CreateFileW(L"\\\\.\\VolDisk\\file", FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(GetVolumeInformationByHandleW(file, label, 20, &serial, NULL, NULL, NULL, 0) &&
              !wcscmp(label, L"DISK") && serial == 0x1234abcd && asked(1, 0),
          "GetVolumeInformationByHandleW");
    CloseHandle(file);
    CHECK(FAILS(GetVolumeInformationByHandleW(file, label, 20, NULL, NULL, NULL, NULL, 0),
                ERROR_INVALID_HANDLE),
          "ERROR_INVALID_HANDLE");
}

int main(void) {
    volumes = CreateFileW(L"\\\\.\\Volumes", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(volumes != INVALID_HANDLE_VALUE, "open");
    information(L"\\\\.\\VolDisk\\");
    information(L"\\\\?\\VolDisk\\");
    space(L"\\\\.\\VolDisk\\");
    types();
    letters();
    by_handle();
    return finish();
}
