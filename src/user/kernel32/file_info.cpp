// What a handle to a file tells of it, and the file pointer.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

template <class T> NTSTATUS query(HANDLE file, T& information, FILE_INFORMATION_CLASS cls) {
    IO_STATUS_BLOCK iosb;
    return NtQueryInformationFile(real_handle(file), &iosb, &information, sizeof information, cls);
}
template <class T> NTSTATUS set(HANDLE file, T information, FILE_INFORMATION_CLASS cls) {
    IO_STATUS_BLOCK iosb;
    return NtSetInformationFile(real_handle(file), &iosb, &information, sizeof information, cls);
}

DWORD type_of_device(ULONG device_type) {
    switch (device_type) {
    case 0x0b: // KEYBOARD
    case 0x0f: // MOUSE
    case 0x15: // NULL
    case 0x16: // PARALLEL_PORT
    case 0x18: // PRINTER
    case 0x1b: // SERIAL_PORT
    case 0x1c: // SCREEN
    case 0x1d: // SOUND
    case 0x2b: // MODEM
    case 0x50: // CONSOLE
        return FILE_TYPE_CHAR;
    case 0x02: // CD_ROM
    case 0x03: // CD_ROM_FILE_SYSTEM
    case 0x04: // CONTROLLER
    case 0x05: // DATALINK
    case 0x06: // DFS
    case 0x07: // DISK
    case 0x08: // DISK_FILE_SYSTEM
    case 0x24: // VIRTUAL_DISK
        return FILE_TYPE_DISK;
    case 0x11: // NAMED_PIPE
        return FILE_TYPE_PIPE;
    default:
        return FILE_TYPE_UNKNOWN;
    }
}

// FileIdBothDirectoryInfo, FileFullDirectoryInfo, FileIdExtdDirectoryInfo and the forms that begin anew.
ULONG directory_class(INT cls) {
    switch (cls) {
    case 10:
    case 11:
        return FileIdBothDirectoryInformation;
    case 14:
    case 15:
        return FileFullDirectoryInformation;
    case 19:
    case 20:
        return FileIdExtdDirectoryInformation;
    default:
        return 0;
    }
}
ULONG query_class(INT cls) {
    switch (cls) {
    case 0: // FileBasicInfo
        return FileBasicInformation;
    case 1: // FileStandardInfo
        return FileStandardInformation;
    case 2: // FileNameInfo
        return FileNameInformation;
    case 7: // FileStreamInfo
        return FileStreamInformation;
    case 8: // FileCompressionInfo
        return FileCompressionInformation;
    case 9: // FileAttributeTagInfo
        return FileAttributeTagInformation;
    case 13: // FileRemoteProtocolInfo
        return FileRemoteProtocolInformation;
    case 17: // FileAlignmentInfo
        return FileAlignmentInformation;
    case 18: // FileIdInfo
        return FileIdInformation;
    case 23: // FileCaseSensitiveInfo
        return FileCaseSensitiveInformation;
    case 24: // FileNormalizedNameInfo
        return FileNormalizedNameInformation;
    default:
        return 0;
    }
}
ULONG set_class(INT cls) {
    switch (cls) {
    case 0: // FileBasicInfo
        return FileBasicInformation;
    case 3: // FileRenameInfo
        return FileRenameInformation;
    case 4: // FileDispositionInfo
        return FileDispositionInformation;
    case 5: // FileAllocationInfo
        return FileAllocationInformation;
    case 6: // FileEndOfFileInfo
        return FileEndOfFileInformation;
    case 12: // FileIoPriorityHintInfo
        return FileIoPriorityHintInformation;
    case 21: // FileDispositionInfoEx
        return FileDispositionInformationEx;
    case 22: // FileRenameInfoEx
        return FileRenameInformationEx;
    case 23: // FileCaseSensitiveInfo
        return FileCaseSensitiveInformation;
    default:
        return 0;
    }
}

constexpr LONGLONG MAXLONGLONG = 0x7fffffffffffffff;

// SetFilePointer: "If lpDistanceToMoveHigh is NULL and the new file position does not fit in a 32-bit value,
// the function fails": beyond `highest` the pointer stays where it is.
BOOL move_pointer(HANDLE file, LARGE_INTEGER distance, LARGE_INTEGER* position, DWORD method,
                  LONGLONG highest) {
    LONGLONG from = 0;
    if (method == FILE_CURRENT) {
        FILE_POSITION_INFORMATION current;
        NTSTATUS status = query(file, current, FilePositionInformation);
        if (!NT_SUCCESS(status)) return fail(status);
        from = current.CurrentByteOffset.QuadPart;
    } else if (method == FILE_END) {
        FILE_STANDARD_INFORMATION standard;
        NTSTATUS status = query(file, standard, FileStandardInformation);
        if (!NT_SUCCESS(status)) return fail(status);
        from = standard.EndOfFile.QuadPart;
    } else if (method != FILE_BEGIN)
        return fail_with(ERROR_INVALID_PARAMETER);
    FILE_POSITION_INFORMATION wanted;
    if (__builtin_add_overflow(from, distance.QuadPart, &wanted.CurrentByteOffset.QuadPart))
        return fail_with(ERROR_INVALID_PARAMETER);
    if (wanted.CurrentByteOffset.QuadPart < 0) return fail_with(ERROR_NEGATIVE_SEEK);
    if (wanted.CurrentByteOffset.QuadPart > highest) return fail_with(ERROR_INVALID_PARAMETER);
    NTSTATUS status = set(file, wanted, FilePositionInformation);
    if (!NT_SUCCESS(status)) return fail(status);
    if (position) *position = wanted.CurrentByteOffset;
    return TRUE;
}

// FILE_RENAME_INFO.FileName is a Win32 path or, behind a colon, the new name of a stream; the kernel wants an
// NT path. A name below RootDirectory stays, and what is malformed is for the kernel to refuse.
NTSTATUS set_name(HANDLE file, const FILE_RENAME_INFORMATION* from, DWORD size, ULONG kernel_class) {
    IO_STATUS_BLOCK iosb;
    constexpr DWORD head = offsetof(FILE_RENAME_INFORMATION, FileName);
    if (size < sizeof *from || from->FileNameLength > size - head || from->FileNameLength < sizeof(WCHAR) ||
        from->RootDirectory || from->FileName[0] == ':')
        return NtSetInformationFile(file, &iosb, const_cast<FILE_RENAME_INFORMATION*>(from), size,
                                    kernel_class);
    const SIZE_T length = from->FileNameLength / sizeof(WCHAR);
    Scratch<WCHAR> path(length + 1);
    if (!path) return STATUS_NO_MEMORY;
    RtlMoveMemory(path.get(), from->FileName, length * sizeof(WCHAR));
    path[length] = 0;
    UNICODE_STRING name;
    if (!RtlDosPathNameToNtPathName_U(path.get(), &name, nullptr, nullptr))
        return STATUS_OBJECT_PATH_NOT_FOUND;
    const DWORD whole = DWORD(sizeof *from) + name.Length;
    Scratch<UCHAR> buffer(whole);
    NTSTATUS status = STATUS_NO_MEMORY;
    if (buffer) {
        auto* to = reinterpret_cast<FILE_RENAME_INFORMATION*>(buffer.get());
        *to = *from;
        to->FileNameLength = name.Length;
        RtlMoveMemory(to->FileName, name.Buffer, name.Length);
        status = NtSetInformationFile(file, &iosb, to, whole, kernel_class);
    }
    RtlFreeUnicodeString(&name);
    return status;
}

} // namespace

extern "C" {

DWORD GetFileType(HANDLE file) {
    FILE_FS_DEVICE_INFORMATION device;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtQueryVolumeInformationFile(real_handle(file), &iosb, &device, sizeof device,
                                                   FileFsDeviceInformation);
    if (!NT_SUCCESS(status)) return fail(status), FILE_TYPE_UNKNOWN;
    DWORD type = type_of_device(device.DeviceType);
    if (type == FILE_TYPE_UNKNOWN) RtlSetLastWin32Error(ERROR_SUCCESS);
    return type;
}

BOOL GetFileSizeEx(HANDLE file, LARGE_INTEGER* size) {
    FILE_STANDARD_INFORMATION standard;
    NTSTATUS status = query(file, standard, FileStandardInformation);
    if (!NT_SUCCESS(status)) return fail(status);
    *size = standard.EndOfFile;
    return TRUE;
}
DWORD GetFileSize(HANDLE file, DWORD* high) {
    LARGE_INTEGER size;
    if (!GetFileSizeEx(file, &size)) return INVALID_FILE_SIZE;
    if (high) *high = DWORD(size.HighPart);
    if (size.LowPart == INVALID_FILE_SIZE) RtlSetLastWin32Error(ERROR_SUCCESS);
    return size.LowPart;
}

BOOL SetFilePointerEx(HANDLE file, LARGE_INTEGER distance, LARGE_INTEGER* position, DWORD method) {
    return move_pointer(file, distance, position, method, MAXLONGLONG);
}
DWORD SetFilePointer(HANDLE file, LONG low, LONG* high, DWORD method) {
    LARGE_INTEGER distance, position;
    distance.QuadPart = low;
    if (high) distance.HighPart = *high;
    if (!move_pointer(file, distance, &position, method, high ? MAXLONGLONG : LONGLONG(0xffffffff)))
        return INVALID_SET_FILE_POINTER;
    if (high) *high = position.HighPart;
    if (position.LowPart == INVALID_SET_FILE_POINTER) RtlSetLastWin32Error(ERROR_SUCCESS);
    return position.LowPart;
}
BOOL SetEndOfFile(HANDLE file) {
    FILE_POSITION_INFORMATION current;
    NTSTATUS status = query(file, current, FilePositionInformation);
    if (NT_SUCCESS(status))
        status = set(file, FILE_END_OF_FILE_INFORMATION{current.CurrentByteOffset}, FileEndOfFileInformation);
    return answer(status);
}

BOOL GetFileTime(HANDLE file, FILETIME* created, FILETIME* accessed, FILETIME* written) {
    FILE_BASIC_INFORMATION basic;
    NTSTATUS status = query(file, basic, FileBasicInformation);
    if (!NT_SUCCESS(status)) return fail(status);
    if (created) *created = filetime(basic.CreationTime.QuadPart);
    if (accessed) *accessed = filetime(basic.LastAccessTime.QuadPart);
    if (written) *written = filetime(basic.LastWriteTime.QuadPart);
    return TRUE;
}
BOOL SetFileTime(HANDLE file, const FILETIME* created, const FILETIME* accessed, const FILETIME* written) {
    FILE_BASIC_INFORMATION basic{}; // zero leaves a member as it is
    if (created) basic.CreationTime.QuadPart = ticks(*created);
    if (accessed) basic.LastAccessTime.QuadPart = ticks(*accessed);
    if (written) basic.LastWriteTime.QuadPart = ticks(*written);
    return answer(set(file, basic, FileBasicInformation));
}

BOOL GetFileInformationByHandle(HANDLE file, BY_HANDLE_FILE_INFORMATION* to) {
    struct {
        FILE_ALL_INFORMATION all;
        WCHAR name[512];
    } information;
    struct {
        FILE_FS_VOLUME_INFORMATION volume;
        WCHAR label[64];
    } volume;
    IO_STATUS_BLOCK iosb;
    file = real_handle(file);
    NTSTATUS status =
        NtQueryVolumeInformationFile(file, &iosb, &volume, sizeof volume, FileFsVolumeInformation);
    if (NT_ERROR(status)) return fail(status);
    status = NtQueryInformationFile(file, &iosb, &information, sizeof information, FileAllInformation);
    if (NT_ERROR(status)) return fail(status);
    auto& a = information.all;
    *to = {a.BasicInformation.FileAttributes,
           filetime(a.BasicInformation.CreationTime.QuadPart),
           filetime(a.BasicInformation.LastAccessTime.QuadPart),
           filetime(a.BasicInformation.LastWriteTime.QuadPart),
           volume.volume.VolumeSerialNumber,
           DWORD(a.StandardInformation.EndOfFile.HighPart),
           a.StandardInformation.EndOfFile.LowPart,
           a.StandardInformation.NumberOfLinks,
           DWORD(a.InternalInformation.IndexNumber.HighPart),
           a.InternalInformation.IndexNumber.LowPart};
    return TRUE;
}

// FILE_INFO_BY_HANDLE_CLASS: the structures are the kernel's. 0: not one that can be asked for (or set) this
// way.
BOOL GetFileInformationByHandleEx(HANDLE file, INT cls, PVOID to, DWORD size) {
    IO_STATUS_BLOCK iosb;
    file = real_handle(file);
    if (cls == 16) // FileStorageInfo
        return answer(NtQueryVolumeInformationFile(file, &iosb, to, size, FileFsSectorSizeInformation));
    if (const ULONG directory = directory_class(cls)) {
        const bool restart = cls == 11 || cls == 15 || cls == 20;
        return answer(NtQueryDirectoryFile(file, nullptr, nullptr, nullptr, &iosb, to, size, directory, FALSE,
                                           nullptr, BOOLEAN(restart)));
    }
    const ULONG kernel_class = query_class(cls);
    if (!kernel_class) return fail_with(ERROR_INVALID_PARAMETER);
    const NTSTATUS status = NtQueryInformationFile(file, &iosb, to, size, kernel_class);
    return status == STATUS_INFO_LENGTH_MISMATCH ? fail_with(ERROR_BAD_LENGTH) : answer(status);
}
BOOL SetFileInformationByHandle(HANDLE file, INT cls, PVOID from, DWORD size) {
    const ULONG kernel_class = set_class(cls);
    if (!kernel_class) return fail_with(ERROR_INVALID_PARAMETER);
    IO_STATUS_BLOCK iosb;
    file = real_handle(file);
    const bool rename = kernel_class == FileRenameInformation || kernel_class == FileRenameInformationEx;
    const NTSTATUS status =
        rename ? set_name(file, static_cast<FILE_RENAME_INFORMATION*>(from), size, kernel_class)
               : NtSetInformationFile(file, &iosb, from, size, kernel_class);
    return status == STATUS_INFO_LENGTH_MISMATCH ? fail_with(ERROR_BAD_LENGTH) : answer(status);
}

} // extern "C"
} // namespace nt
