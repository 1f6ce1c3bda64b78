// DOS device names: the symbolic links in \??, and what is known of drives.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

struct DIRECTORY_ENTRY {
    UNICODE_STRING Name, TypeName;
};

NTSTATUS open_dos_devices(HANDLE* directory) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, u"\\??");
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    return NtOpenDirectoryObject(directory, 0x1 /* DIRECTORY_QUERY */ | 0x2 /* DIRECTORY_TRAVERSE */,
                                 &attributes);
}

// A multi-string: the link's targets, each with a zero, and one more zero. Returns its length in characters,
// 0: error.
DWORD target_of(const WCHAR* device, WCHAR* to, DWORD size) {
    HANDLE directory, link;
    NTSTATUS status = open_dos_devices(&directory);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, device);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, directory, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    status = NtOpenSymbolicLinkObject(&link, 0x1 /* SYMBOLIC_LINK_QUERY */, &attributes);
    NtClose(directory);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    DWORD room = size < 2 ? 0 : size - 2;
    UNICODE_STRING target{0, USHORT(room * 2 < 0xfffe ? room * 2 : 0xfffe), to};
    ULONG needed = 0;
    status = NtQuerySymbolicLinkObject(link, &target, &needed);
    NtClose(link);
    if (status == STATUS_BUFFER_TOO_SMALL || (NT_SUCCESS(status) && size < target.Length / 2u + 2))
        return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    if (!NT_SUCCESS(status)) return fail(status), 0;
    DWORD n = target.Length / 2;
    if (!n || to[n - 1]) to[n++] = 0;
    to[n++] = 0;
    return n;
}

DWORD all_names(WCHAR* to, DWORD size) {
    HANDLE directory;
    NTSTATUS status = open_dos_devices(&directory);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    alignas(8) UCHAR buffer[1024];
    ULONG context = 0, needed;
    DWORD n = 0;
    while (NT_SUCCESS(status = NtQueryDirectoryObject(directory, buffer, sizeof buffer, TRUE,
                                                      n == 0 && context == 0, &context, &needed))) {
        auto& entry = *reinterpret_cast<DIRECTORY_ENTRY*>(buffer);
        if (entry.TypeName.Length != 24 || wcsncmp(entry.TypeName.Buffer, u"SymbolicLink", 12) != 0) continue;
        DWORD length = entry.Name.Length / 2;
        if (n + length + 2 > size) {
            NtClose(directory);
            return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
        }
        RtlMoveMemory(to + n, entry.Name.Buffer, length * sizeof(WCHAR));
        n += length;
        to[n++] = 0;
    }
    NtClose(directory);
    if (status != STATUS_NO_MORE_ENTRIES) return fail(status), 0;
    if (n >= size) return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    to[n++] = 0;
    return n;
}

bool drive_exists(WCHAR letter) {
    WCHAR name[] = {letter, ':', 0}, target[MAX_PATH];
    DWORD error = RtlGetLastWin32Error();
    bool exists = target_of(name, target, MAX_PATH) != 0;
    RtlSetLastWin32Error(error);
    return exists;
}

// Letter of the drive that a path or, if null, the current directory is on.
WCHAR drive_of(const WCHAR* path) {
    if (path && path[0] && path[1] == ':') return path[0];
    WCHAR current[MAX_PATH];
    return RtlGetCurrentDirectory_U(sizeof current, current) && current[1] == ':' ? current[0] : u'\0';
}

// Asks a volume by its root directory. The drive must exist.
template <class T>
NTSTATUS ask_volume(const WCHAR* root, T* information, ULONG size, FS_INFORMATION_CLASS cls) {
    WCHAR drive = drive_of(root);
    WCHAR path[] = {'\\', '?', '?', '\\', drive, ':', '\\', 0};
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, path);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtOpenFile(
        &file, SYNCHRONIZE | FILE_READ_ATTRIBUTES, &attributes, &iosb, FILE_SHARE_READ | FILE_SHARE_WRITE,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_DIRECTORY_FILE | FILE_OPEN_FOR_FREE_SPACE_QUERY);
    if (!NT_SUCCESS(status)) return status;
    status = NtQueryVolumeInformationFile(file, &iosb, information, size, cls);
    NtClose(file);
    return status;
}

} // namespace

extern "C" {

DWORD QueryDosDeviceW(const WCHAR* device, WCHAR* to, DWORD size) {
    return device ? target_of(device, to, size) : all_names(to, size);
}
DWORD QueryDosDeviceA(const CHAR* device, CHAR* to, DWORD size) {
    Wide wide(device);
    Scratch<WCHAR> buffer(size ? size : 1);
    if (!wide.ok() || !buffer) return 0;
    DWORD n = QueryDosDeviceW(wide.get(), buffer.get(), size);
    if (n && to_ansi(to, size, buffer.get(), n) < n) return fail_with(ERROR_INSUFFICIENT_BUFFER), 0;
    return n;
}

// Flags: raw target 1, remove 2, exact match 4, no broadcast 8.
BOOL DefineDosDeviceW(DWORD flags, const WCHAR* device, const WCHAR* target) {
    UNICODE_STRING target_string, device_string;
    HANDLE directory, link;
    if (flags & ~0xfu) return fail_with(ERROR_INVALID_PARAMETER);
    if (flags & 2) stop("DefineDosDevice (DDD_REMOVE_DEFINITION)");
    if (!target) return fail_with(ERROR_INVALID_PARAMETER);
    bool raw = flags & 1;
    if (raw)
        RtlInitUnicodeString(&target_string, target);
    else if (!RtlDosPathNameToNtPathName_U(target, &target_string, nullptr, nullptr))
        return fail_with(ERROR_PATH_NOT_FOUND);
    NTSTATUS status = open_dos_devices(&directory);
    if (NT_SUCCESS(status)) {
        RtlInitUnicodeString(&device_string, device);
        OBJECT_ATTRIBUTES attributes{sizeof attributes, directory,
                                     &device_string,    OBJ_CASE_INSENSITIVE | OBJ_PERMANENT,
                                     nullptr,           nullptr};
        status = NtCreateSymbolicLinkObject(&link, 0xf0001, &attributes, &target_string);
        if (NT_SUCCESS(status)) NtClose(link);
        NtClose(directory);
    }
    if (!raw) RtlFreeUnicodeString(&target_string);
    return answer(status);
}
BOOL DefineDosDeviceA(DWORD flags, const CHAR* device, const CHAR* target) {
    Wide wide_device(device), wide_target(target);
    return wide_device.ok() && wide_target.ok() &&
           DefineDosDeviceW(flags, wide_device.get(), wide_target.get());
}

DWORD GetLogicalDrives() {
    DWORD drives = 0;
    for (int i = 0; i < 26; ++i)
        if (drive_exists(WCHAR('A' + i))) drives |= 1u << i;
    return drives;
}
// DRIVE_UNKNOWN 0, NO_ROOT_DIR 1, REMOVABLE 2, FIXED 3, CDROM 5
UINT GetDriveTypeW(const WCHAR* root) {
    FILE_FS_DEVICE_INFORMATION device;
    if (!NT_SUCCESS(ask_volume(root, &device, sizeof device, FileFsDeviceInformation))) return 1;
    if (device.DeviceType == 2 || device.DeviceType == 3) return 5;
    if (device.DeviceType != 7 && device.DeviceType != 8) return 0;
    return device.Characteristics & 1 ? 2 : 3;
}
UINT GetDriveTypeA(const CHAR* root) {
    Wide wide(root);
    return wide.ok() ? GetDriveTypeW(wide.get()) : 0;
}

BOOL GetVolumeInformationW(const WCHAR* root, WCHAR* label, DWORD label_size, DWORD* serial, DWORD* component,
                           DWORD* flags, WCHAR* system, DWORD system_size) {
    struct {
        FILE_FS_VOLUME_INFORMATION information;
        WCHAR rest[64];
    } volume;
    struct {
        FILE_FS_ATTRIBUTE_INFORMATION information;
        WCHAR rest[64];
    } attribute;
    NTSTATUS status = ask_volume(root, &volume, sizeof volume, FileFsVolumeInformation);
    if (NT_SUCCESS(status))
        status = ask_volume(root, &attribute, sizeof attribute, FileFsAttributeInformation);
    if (!NT_SUCCESS(status)) {
        fail(status);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND) RtlSetLastWin32Error(ERROR_PATH_NOT_FOUND);
        return FALSE;
    }
    if (serial) *serial = volume.information.VolumeSerialNumber;
    if (component) *component = DWORD(attribute.information.MaximumComponentNameLength);
    if (flags) *flags = attribute.information.FileSystemAttributes;
    DWORD n = volume.information.VolumeLabelLength / 2, m = attribute.information.FileSystemNameLength / 2;
    if ((label && return_string(label, label_size, volume.information.VolumeLabel, n) != n) ||
        (system && return_string(system, system_size, attribute.information.FileSystemName, m) != m))
        return fail_with(ERROR_BAD_LENGTH);
    return TRUE;
}

BOOL GetDiskFreeSpaceExW(const WCHAR* path, ULARGE_INTEGER* available, ULARGE_INTEGER* total,
                         ULARGE_INTEGER* free) {
    FILE_FS_FULL_SIZE_INFORMATION size;
    NTSTATUS status = ask_volume(path, &size, sizeof size, FileFsFullSizeInformation);
    if (!NT_SUCCESS(status)) {
        fail(status);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND) RtlSetLastWin32Error(ERROR_PATH_NOT_FOUND);
        return FALSE;
    }
    ULONGLONG unit = ULONGLONG(size.SectorsPerAllocationUnit) * size.BytesPerSector;
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
    NTSTATUS status = ask_volume(path, &size, sizeof size, FileFsSizeInformation);
    if (!NT_SUCCESS(status)) {
        fail(status);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND) RtlSetLastWin32Error(ERROR_PATH_NOT_FOUND);
        return FALSE;
    }
    auto cut = [](LONGLONG n) { return n > 0xffffffff ? 0xffffffffu : DWORD(n); };
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
BOOL GetVolumeInformationA(const CHAR* root, CHAR* label, DWORD label_size, DWORD* serial, DWORD* component,
                           DWORD* flags, CHAR* system, DWORD system_size) {
    Wide wide(root);
    WCHAR wide_label[MAX_PATH], wide_system[MAX_PATH];
    if (!wide.ok() || !GetVolumeInformationW(wide.get(), wide_label, MAX_PATH, serial, component, flags,
                                             wide_system, MAX_PATH))
        return FALSE;
    DWORD n = DWORD(wcslen(wide_label)), m = DWORD(wcslen(wide_system));
    if ((label && return_string(label, label_size, wide_label, n) >= label_size) ||
        (system && return_string(system, system_size, wide_system, m) >= system_size))
        return fail_with(ERROR_BAD_LENGTH);
    return TRUE;
}
// A multi-string of roots: "C:\", "D:\" ...
DWORD GetLogicalDriveStringsW(DWORD size, WCHAR* to) {
    DWORD drives = GetLogicalDrives(), needed = 0;
    for (DWORD bits = drives; bits; bits &= bits - 1)
        needed += 4;
    if (size < needed + 1) return needed + 1;
    for (int i = 0; i < 26; ++i)
        if (drives >> i & 1) {
            *to++ = WCHAR('A' + i);
            *to++ = ':';
            *to++ = '\\';
            *to++ = 0;
        }
    *to = 0;
    return needed;
}
DWORD GetLogicalDriveStringsA(DWORD size, CHAR* to) {
    WCHAR wide[26 * 4 + 1];
    const DWORD n = GetLogicalDriveStringsW(26 * 4 + 1, wide);
    if (size < n + 1) return n + 1;
    for (DWORD i = 0; i <= n; ++i)
        to[i] = CHAR(wide[i]);
    return n;
}

} // extern "C"
} // namespace nt
