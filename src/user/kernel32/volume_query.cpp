// What a volume says of itself: pages of GetVolumeInformation, GetVolumeInformationByHandleW, GetDriveType,
// GetDiskFreeSpace, GetDiskFreeSpaceEx. The root is any name that leads to a device: X:\, \\.\X\, \\?\X\.
// assumed: one create of a directory for each call, and what is not asked for is not queried.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

enum : UINT {
    drive_unknown,
    drive_no_root,
    drive_removable,
    drive_fixed,
    drive_remote,
    drive_cdrom,
    drive_ramdisk
};

bool ends_with_backslash(const WCHAR* path) {
    const SIZE_T n = wcslen(path);
    return n && (path[n - 1] == '\\' || path[n - 1] == '/');
}
bool is_drive(const WCHAR* path) {
    const WCHAR letter = path[0] | 0x20;
    return letter >= 'a' && letter <= 'z' && path[1] == ':';
}

// "If this parameter is NULL, the root of the current directory is used."
struct Root {
    explicit Root(const WCHAR* given) : path(given) {
        if (given) return;
        WCHAR current[MAX_PATH];
        if (!RtlGetCurrentDirectory_U(sizeof current, current) || current[1] != ':') return;
        own[0] = current[0];
        path = own;
    }
    const WCHAR* path;
    WCHAR own[4] = {0, ':', '\\', 0};
};

// An open directory of a volume, for as long as it is asked.
class Volume {
  public:
    Volume(const WCHAR* path, ACCESS_MASK access, ULONG options) {
        Name name(path);
        if (!name) return;
        IO_STATUS_BLOCK iosb;
        status = NtOpenFile(&file_, access | SYNCHRONIZE, name.attributes(), &iosb,
                            FILE_SHARE_READ | FILE_SHARE_WRITE,
                            options | FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
        is_open_ = NT_SUCCESS(status);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND)
            status = STATUS_OBJECT_PATH_NOT_FOUND; // there is no volume
    }
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;
    ~Volume() {
        if (is_open_) NtClose(file_);
    }
    HANDLE file() const { return file_; }
    NTSTATUS status = STATUS_OBJECT_PATH_NOT_FOUND;

  private:
    HANDLE file_ = nullptr;
    bool is_open_ = false;
};

template <class T> NTSTATUS ask(HANDLE file, T& to, FS_INFORMATION_CLASS cls) {
    IO_STATUS_BLOCK iosb;
    return NtQueryVolumeInformationFile(file, &iosb, &to, sizeof to, cls);
}

// What GetVolumeInformation wants, and the two answers behind it.
struct Wanted {
    WCHAR* label;
    DWORD label_size;
    DWORD *serial, *component, *flags;
    WCHAR* system;
    DWORD system_size;

    BOOL get(HANDLE file) const {
        struct {
            FILE_FS_VOLUME_INFORMATION information;
            WCHAR rest[MAX_PATH];
        } volume{};
        struct {
            FILE_FS_ATTRIBUTE_INFORMATION information;
            WCHAR rest[MAX_PATH];
        } attribute{};
        NTSTATUS status = STATUS_SUCCESS;
        if (label || serial) status = ask(file, volume, FileFsVolumeInformation);
        if (NT_SUCCESS(status) && (component || flags || system))
            status = ask(file, attribute, FileFsAttributeInformation);
        if (!NT_SUCCESS(status)) return fail(status);
        if (serial) *serial = volume.information.VolumeSerialNumber;
        if (component) *component = DWORD(attribute.information.MaximumComponentNameLength);
        if (flags) *flags = attribute.information.FileSystemAttributes;
        const DWORD n = volume.information.VolumeLabelLength / 2,
                    m = attribute.information.FileSystemNameLength / 2;
        if ((label && return_string(label, label_size, volume.information.VolumeLabel, n) != n) ||
            (system && return_string(system, system_size, attribute.information.FileSystemName, m) != m))
            return fail_with(ERROR_BAD_LENGTH);
        return TRUE;
    }
};

UINT type_of(const FILE_FS_DEVICE_INFORMATION& device) {
    enum : ULONG { removable_media = 0x1, remote_device = 0x10 };
    switch (device.DeviceType) {
    case 0x2:  // FILE_DEVICE_CD_ROM
    case 0x3:  // FILE_DEVICE_CD_ROM_FILE_SYSTEM
    case 0x33: // FILE_DEVICE_DVD
        return drive_cdrom;
    case 0x7: // FILE_DEVICE_DISK
    case 0x8: // FILE_DEVICE_DISK_FILE_SYSTEM
        return device.Characteristics & remote_device     ? drive_remote
               : device.Characteristics & removable_media ? drive_removable
                                                          : drive_fixed;
    case 0x12: // FILE_DEVICE_NETWORK
    case 0x14: // FILE_DEVICE_NETWORK_FILE_SYSTEM
        return drive_remote;
    case 0x24: // FILE_DEVICE_VIRTUAL_DISK
        return drive_ramdisk;
    default:
        return drive_unknown;
    }
}

// "The calling application must have FILE_LIST_DIRECTORY access rights for this directory."
template <class T> BOOL space_of(const WCHAR* path, T& size, FS_INFORMATION_CLASS cls) {
    const Root root(path);
    const Volume volume(root.path, FILE_LIST_DIRECTORY, FILE_OPEN_FOR_FREE_SPACE_QUERY);
    if (!NT_SUCCESS(volume.status)) return fail(volume.status);
    return answer(ask(volume.file(), size, cls));
}

} // namespace

extern "C" {

UINT GetDriveTypeW(const WCHAR* path) {
    Root root(path);
    if (!root.path) return drive_no_root;
    if (!ends_with_backslash(root.path)) { // "A trailing backslash is required", which X: goes without
        if (!is_drive(root.path) || root.path[2]) return drive_no_root;
        root.own[0] = root.path[0];
        root.path = root.own;
    }
    FILE_FS_DEVICE_INFORMATION device;
    const Volume volume(root.path, FILE_READ_ATTRIBUTES, 0);
    if (!NT_SUCCESS(volume.status)) return drive_no_root;
    return NT_SUCCESS(ask(volume.file(), device, FileFsDeviceInformation)) ? type_of(device) : drive_unknown;
}
UINT GetDriveTypeA(const CHAR* root) {
    Wide wide(root);
    return wide.ok() ? GetDriveTypeW(wide.get()) : drive_unknown;
}

BOOL GetVolumeInformationW(const WCHAR* path, WCHAR* label, DWORD label_size, DWORD* serial, DWORD* component,
                           DWORD* flags, WCHAR* system, DWORD system_size) {
    const Root root(path);
    if (!root.path) return fail_with(ERROR_PATH_NOT_FOUND);
    if (!ends_with_backslash(root.path)) return fail_with(ERROR_INVALID_NAME); // "is required"
    if (is_drive(root.path) && wcslen(root.path) > 3) return fail_with(ERROR_DIR_NOT_ROOT);
    const Volume volume(root.path, FILE_READ_ATTRIBUTES, 0);
    if (!NT_SUCCESS(volume.status)) return fail(volume.status);
    return Wanted{label, label_size, serial, component, flags, system, system_size}.get(volume.file());
}
BOOL GetVolumeInformationByHandleW(HANDLE file, WCHAR* label, DWORD label_size, DWORD* serial,
                                   DWORD* component, DWORD* flags, WCHAR* system, DWORD system_size) {
    return Wanted{label, label_size, serial, component, flags, system, system_size}.get(real_handle(file));
}
BOOL GetVolumeInformationA(const CHAR* root, CHAR* label, DWORD label_size, DWORD* serial, DWORD* component,
                           DWORD* flags, CHAR* system, DWORD system_size) {
    Wide wide(root);
    WCHAR wide_label[MAX_PATH + 1], wide_system[MAX_PATH + 1];
    if (!wide.ok() || !GetVolumeInformationW(wide.get(), label ? wide_label : nullptr, MAX_PATH + 1, serial,
                                             component, flags, system ? wide_system : nullptr, MAX_PATH + 1))
        return FALSE;
    if ((label && return_string(label, label_size, wide_label, DWORD(wcslen(wide_label))) >= label_size) ||
        (system &&
         return_string(system, system_size, wide_system, DWORD(wcslen(wide_system))) >= system_size))
        return fail_with(ERROR_BAD_LENGTH);
    return TRUE;
}

BOOL GetDiskFreeSpaceExW(const WCHAR* path, ULARGE_INTEGER* available, ULARGE_INTEGER* total,
                         ULARGE_INTEGER* free) {
    FILE_FS_FULL_SIZE_INFORMATION size;
    if (!space_of(path, size, FileFsFullSizeInformation)) return FALSE;
    const ULONGLONG unit = ULONGLONG(size.SectorsPerAllocationUnit) * size.BytesPerSector;
    if (available) available->QuadPart = ULONGLONG(size.CallerAvailableAllocationUnits.QuadPart) * unit;
    if (total) total->QuadPart = ULONGLONG(size.TotalAllocationUnits.QuadPart) * unit;
    if (free) free->QuadPart = ULONGLONG(size.ActualAvailableAllocationUnits.QuadPart) * unit;
    return TRUE;
}
BOOL GetDiskFreeSpaceExA(const CHAR* path, ULARGE_INTEGER* available, ULARGE_INTEGER* total,
                         ULARGE_INTEGER* free) {
    Wide wide(path);
    return wide.ok() && GetDiskFreeSpaceExW(wide.get(), available, total, free);
}
BOOL GetDiskFreeSpaceW(const WCHAR* path, DWORD* sectors, DWORD* bytes, DWORD* free, DWORD* total) {
    FILE_FS_SIZE_INFORMATION size;
    // "A drive specification must have a trailing backslash."
    if (path && !ends_with_backslash(path)) return fail_with(ERROR_INVALID_NAME);
    if (!space_of(path, size, FileFsSizeInformation)) return FALSE;
    const auto cut = [](LONGLONG n) { return n > 0xffffffff ? 0xffffffffu : DWORD(n); };
    if (sectors) *sectors = size.SectorsPerAllocationUnit;
    if (bytes) *bytes = size.BytesPerSector;
    if (free) *free = cut(size.AvailableAllocationUnits.QuadPart);
    if (total) *total = cut(size.TotalAllocationUnits.QuadPart);
    return TRUE;
}
BOOL GetDiskFreeSpaceA(const CHAR* path, DWORD* sectors, DWORD* bytes, DWORD* free, DWORD* total) {
    Wide wide(path);
    return wide.ok() && GetDiskFreeSpaceW(wide.get(), sectors, bytes, free, total);
}

} // extern "C"
} // namespace nt
