// Files by their identifiers, and what else a file system keeps of one: its size on the disk, its valid data,
// its short name. Pages nf-winbase-openfilebyid, nf-fileapi-getcompressedfilesizew, -setfilevaliddata,
// nf-winbase-setfileshortnamew.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

struct FILE_ID_DESCRIPTOR {
    DWORD dwSize;
    INT Type; // FileIdType, ObjectIdType, ExtendedFileIdType
    UCHAR Id[16];
};
struct FILE_COMPRESSION_INFORMATION {
    LARGE_INTEGER CompressedFileSize;
    USHORT CompressionFormat;
    UCHAR CompressionUnitShift, ChunkShift, ClusterShift, Reserved[3];
};

DWORD compressed_size(const WCHAR* path, DWORD* high) {
    Name name(path);
    if (!name) return INVALID_FILE_SIZE;
    HANDLE file;
    NTSTATUS status = open(&file, name, FILE_READ_ATTRIBUTES, 0);
    if (!NT_SUCCESS(status)) return fail(name.missing(status)), INVALID_FILE_SIZE;
    IO_STATUS_BLOCK iosb;
    FILE_COMPRESSION_INFORMATION compression;
    FILE_STANDARD_INFORMATION standard;
    LARGE_INTEGER size{};
    // "If the file is not located on a volume that supports compression or sparse files … the value obtained
    // is the actual file size."
    status =
        NtQueryInformationFile(file, &iosb, &compression, sizeof compression, FileCompressionInformation);
    if (NT_SUCCESS(status))
        size = compression.CompressedFileSize;
    else if (NT_SUCCESS(status = NtQueryInformationFile(file, &iosb, &standard, sizeof standard,
                                                        FileStandardInformation)))
        size = standard.EndOfFile;
    NtClose(file);
    if (!NT_SUCCESS(status)) return fail(status), INVALID_FILE_SIZE;
    if (high) *high = DWORD(size.HighPart);
    if (size.LowPart == INVALID_FILE_SIZE) RtlSetLastWin32Error(ERROR_SUCCESS);
    return size.LowPart;
}

BOOL set_short_name(HANDLE file, const WCHAR* name) {
    struct {
        FILE_NAME_INFORMATION head;
        WCHAR room[12]; // 8.3 with its dot
    } information{};
    const SIZE_T n = wcslen(name);
    if (n > sizeof information.room / sizeof(WCHAR)) return fail_with(ERROR_INVALID_PARAMETER);
    information.head.FileNameLength = ULONG(n * sizeof(WCHAR));
    RtlMoveMemory(information.head.FileName, name, information.head.FileNameLength);
    IO_STATUS_BLOCK iosb;
    return answer(NtSetInformationFile(real_handle(file), &iosb, &information,
                                       ULONG(sizeof information.head) + information.head.FileNameLength,
                                       FileShortNameInformation));
}

} // namespace

extern "C" {

// The name of such an open is the identifier; `volume` is any file of the volume.
HANDLE OpenFileById(HANDLE volume, FILE_ID_DESCRIPTOR* id, DWORD access, DWORD share,
                    SECURITY_ATTRIBUTES* security, DWORD flags) {
    if (id->dwSize != sizeof *id || id->Type < 0 || id->Type > 2)
        return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    const USHORT length = id->Type == 0 ? sizeof(LARGE_INTEGER) : sizeof id->Id;
    UNICODE_STRING name{length, length, reinterpret_cast<WCHAR*>(id->Id)};
    OBJECT_ATTRIBUTES attributes{
        sizeof attributes, real_handle(volume), &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    ULONG options = FILE_OPEN_BY_FILE_ID;
    if (!(flags & FILE_FLAG_OVERLAPPED)) options |= FILE_SYNCHRONOUS_IO_NONALERT;
    if (flags & FILE_FLAG_BACKUP_SEMANTICS) options |= FILE_OPEN_FOR_BACKUP_INTENT;
    if (flags & FILE_FLAG_NO_BUFFERING) options |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (flags & FILE_FLAG_OPEN_NO_RECALL) options |= FILE_OPEN_NO_RECALL;
    if (flags & FILE_FLAG_OPEN_REPARSE_POINT) options |= FILE_OPEN_REPARSE_POINT;
    if (flags & FILE_FLAG_RANDOM_ACCESS) options |= FILE_RANDOM_ACCESS;
    if (flags & FILE_FLAG_SEQUENTIAL_SCAN) options |= FILE_SEQUENTIAL_ONLY;
    if (flags & FILE_FLAG_WRITE_THROUGH) options |= FILE_WRITE_THROUGH;
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtOpenFile(&file, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &attributes, &iosb, share, options);
    if (!NT_SUCCESS(status)) return fail(status), INVALID_HANDLE_VALUE;
    return file;
}

DWORD GetCompressedFileSizeW(const WCHAR* path, DWORD* high) { return compressed_size(path, high); }
DWORD GetCompressedFileSizeA(const CHAR* path, DWORD* high) {
    Wide wide(path);
    return wide.ok() ? compressed_size(wide.get(), high) : INVALID_FILE_SIZE;
}

BOOL SetFileValidData(HANDLE file, LONGLONG length) {
    IO_STATUS_BLOCK iosb;
    return answer(NtSetInformationFile(real_handle(file), &iosb, &length, sizeof length,
                                       FileValidDataLengthInformation));
}

BOOL SetFileShortNameW(HANDLE file, const WCHAR* name) { return set_short_name(file, name); }
BOOL SetFileShortNameA(HANDLE file, const CHAR* name) {
    Wide wide(name);
    return wide.ok() && set_short_name(file, wide.get());
}

} // extern "C"
} // namespace nt
