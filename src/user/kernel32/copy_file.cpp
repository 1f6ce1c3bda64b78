// CopyFile, CopyFileEx: reads one file, writes another, and tells a routine how far it is.
// Pages nf-winbase-copyfile, -copyfileexw, nc-winbase-lpprogress_routine.
#include "copy_file.h"

namespace nt {
using namespace k32;

extern "C" {
HANDLE CreateFileW(const WCHAR*, DWORD, DWORD, SECURITY_ATTRIBUTES*, DWORD, DWORD, HANDLE);
BOOL ReadFile(HANDLE, PVOID, DWORD, DWORD*, OVERLAPPED*);
BOOL WriteFile(HANDLE, const void*, DWORD, DWORD*, OVERLAPPED*);
BOOL CloseHandle(HANDLE);
BOOL DeleteFileW(const WCHAR*);
BOOL GetFileTime(HANDLE, FILETIME*, FILETIME*, FILETIME*);
BOOL SetFileTime(HANDLE, const FILETIME*, const FILETIME*, const FILETIME*);
}

namespace {

constexpr DWORD ERROR_REQUEST_ABORTED = 1235;
enum : DWORD { // COPY_FILE_…
    FAIL_IF_EXISTS = 1,
    RESTARTABLE = 2,
    OPEN_SOURCE_FOR_WRITE = 4,
    ALLOW_DECRYPTED_DESTINATION = 8,
    COPY_SYMLINK = 0x800,
    NO_BUFFERING = 0x1000,
};
enum : DWORD { PROGRESS_CONTINUE, PROGRESS_CANCEL, PROGRESS_STOP, PROGRESS_QUIET };
enum : DWORD { CALLBACK_CHUNK_FINISHED, CALLBACK_STREAM_SWITCH };

class Progress {
  public:
    Progress(HANDLE source, HANDLE target, const CopyProgress& told)
        : source_(source), target_(target), told_(told), routine_(told.routine) {
        FILE_STANDARD_INFORMATION standard;
        IO_STATUS_BLOCK iosb;
        if (NT_SUCCESS(
                NtQueryInformationFile(source, &iosb, &standard, sizeof standard, FileStandardInformation)))
            size_ = standard.EndOfFile;
    }
    // False: the copy ends here, with ERROR_REQUEST_ABORTED.
    bool tell(DWORD copied, DWORD reason) {
        copied_.QuadPart += copied;
        if (routine_)
            switch (routine_(size_, copied_, size_, copied_, 1, reason, source_, target_, told_.data)) {
            case PROGRESS_STOP:
                stopped_ = true;
                return false;
            case PROGRESS_CANCEL:
                return false;
            case PROGRESS_QUIET:
                routine_ = nullptr;
            }
        return !told_.cancel || !*told_.cancel;
    }
    bool stopped() const { return stopped_; } // the target stays as it is

  private:
    HANDLE source_, target_;
    const CopyProgress& told_;
    ProgressRoutine* routine_;
    LARGE_INTEGER size_{}, copied_{};
    bool stopped_ = false;
};

DWORD copy(HANDLE source, HANDLE target, Progress& progress) {
    constexpr DWORD PIECE = 0x10000;
    Scratch<UCHAR> buffer(PIECE);
    if (!buffer) return ERROR_NOT_ENOUGH_MEMORY;
    if (!progress.tell(0, CALLBACK_STREAM_SWITCH)) return ERROR_REQUEST_ABORTED;
    for (DWORD got, put;;) {
        if (!ReadFile(source, buffer.get(), PIECE, &got, nullptr)) return RtlGetLastWin32Error();
        if (!got) return ERROR_SUCCESS;
        if (!WriteFile(target, buffer.get(), got, &put, nullptr)) return RtlGetLastWin32Error();
        if (!progress.tell(got, CALLBACK_CHUNK_FINISHED)) return ERROR_REQUEST_ABORTED;
    }
}

} // namespace

// assumed: attributes and last write time are copied; streams, extended attributes and security are not.
BOOL k32::copy_file(const WCHAR* from, const WCHAR* to, const CopyProgress& told, DWORD flags) {
    constexpr DWORD known = FAIL_IF_EXISTS | OPEN_SOURCE_FOR_WRITE | ALLOW_DECRYPTED_DESTINATION;
    if (flags & RESTARTABLE) stop("CopyFileEx (COPY_FILE_RESTARTABLE)");
    if (flags & COPY_SYMLINK) stop("CopyFileEx (COPY_FILE_COPY_SYMLINK)");
    if (flags & NO_BUFFERING) stop("CopyFileEx (COPY_FILE_NO_BUFFERING)");
    if (flags & ~known) return fail_with(ERROR_INVALID_PARAMETER);
    HANDLE source = CreateFileW(from, GENERIC_READ | (flags & OPEN_SOURCE_FOR_WRITE ? GENERIC_WRITE : 0),
                                FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING,
                                FILE_FLAG_SEQUENTIAL_SCAN, nullptr);
    if (source == INVALID_HANDLE_VALUE) return FALSE;
    FILE_BASIC_INFORMATION basic{};
    IO_STATUS_BLOCK iosb;
    NtQueryInformationFile(source, &iosb, &basic, sizeof basic, FileBasicInformation);
    HANDLE target =
        CreateFileW(to, GENERIC_WRITE, 0, nullptr, flags & FAIL_IF_EXISTS ? CREATE_NEW : CREATE_ALWAYS,
                    basic.FileAttributes & FILE_ATTRIBUTE_VALID_FLAGS, nullptr);
    if (target == INVALID_HANDLE_VALUE) return NtClose(source), FALSE;
    Progress progress(source, target, told);
    const DWORD error = copy(source, target, progress);
    FILETIME written;
    if (!error && GetFileTime(source, nullptr, nullptr, &written))
        SetFileTime(target, nullptr, nullptr, &written);
    NtClose(source);
    NtClose(target);
    if (!error) return TRUE;
    if (!progress.stopped()) DeleteFileW(to);
    return fail_with(error);
}

extern "C" {

BOOL CopyFileExW(const WCHAR* from, const WCHAR* to, ProgressRoutine* routine, PVOID data, BOOL* cancel,
                 DWORD flags) {
    return copy_file(from, to, {routine, data, cancel}, flags);
}
BOOL CopyFileExA(const CHAR* from, const CHAR* to, ProgressRoutine* routine, PVOID data, BOOL* cancel,
                 DWORD flags) {
    Wide wide_from(from), wide_to(to);
    return wide_from.ok() && wide_to.ok() &&
           copy_file(wide_from.get(), wide_to.get(), {routine, data, cancel}, flags);
}
BOOL CopyFileW(const WCHAR* from, const WCHAR* to, BOOL fail_if_exists) {
    return copy_file(from, to, {}, fail_if_exists ? DWORD(FAIL_IF_EXISTS) : 0);
}
BOOL CopyFileA(const CHAR* from, const CHAR* to, BOOL fail_if_exists) {
    return CopyFileExA(from, to, nullptr, nullptr, nullptr, fail_if_exists ? DWORD(FAIL_IF_EXISTS) : 0);
}

} // extern "C"
} // namespace nt
