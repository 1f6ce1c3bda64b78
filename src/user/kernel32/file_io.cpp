// ReadFile, WriteFile, DeviceIoControl and what belongs to asynchronous requests. No heap and one service per
// call.
//
// Without an OVERLAPPED the request's status block is on our stack, so a request that stays pending (the
// handle was opened for overlapped I/O) is waited for on the file itself. With one, the request reports into
// it; the low bit of its event handle keeps the completion away from a completion port.
#include "api_trace.h"

namespace nt {
namespace k32 {
namespace {

NTSTATUS finish(HANDLE file, NTSTATUS status, const IO_STATUS_BLOCK& iosb) {
    if (status != STATUS_PENDING) [[likely]]
        return status;
    status = NtWaitForSingleObject(file, FALSE, nullptr);
    return NT_SUCCESS(status) ? iosb.Status : status;
}

BOOL started(NTSTATUS status, OVERLAPPED* o, DWORD* done) {
    if (NT_SUCCESS(status) && status != STATUS_PENDING) {
        if (done) *done = DWORD(o->InternalHigh);
        return TRUE;
    }
    // A warning at once (STATUS_BUFFER_OVERFLOW) comes with data, unless the service itself has given it.
    if (NT_WARNING(status) && NTSTATUS(o->Internal) == status && done) *done = DWORD(o->InternalHigh);
    return fail(status); // STATUS_PENDING: ERROR_IO_PENDING
}

[[gnu::always_inline]] inline BOOL read_file(HANDLE file, PVOID buffer, DWORD length, DWORD* done,
                                             OVERLAPPED* o) {
    file = real_handle(file);
    if (done) *done = 0;
    if (o) {
        o->Internal = STATUS_PENDING;
        LARGE_INTEGER offset = o->At;
        NTSTATUS status = NtReadFile(file, event_of(o), nullptr, context_of(o), o->status_block(), buffer,
                                     length, &offset, nullptr);
        return started(status, o, done);
    }
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtReadFile(file, nullptr, nullptr, nullptr, &iosb, buffer, length, nullptr, nullptr);
    status = finish(file, status, iosb);
    if (NT_SUCCESS(status)) {
        *done = DWORD(iosb.Information);
        return TRUE;
    }
    if (status == STATUS_END_OF_FILE) {
        *done = 0;
        return TRUE;
    }
    if (NT_WARNING(status)) *done = DWORD(iosb.Information);
    return fail(status);
}

[[gnu::always_inline]] inline BOOL write_file(HANDLE file, const void* buffer, DWORD length, DWORD* done,
                                              OVERLAPPED* o) {
    file = real_handle(file);
    if (done) *done = 0;
    if (o) {
        o->Internal = STATUS_PENDING;
        LARGE_INTEGER offset = o->At;
        NTSTATUS status = NtWriteFile(file, event_of(o), nullptr, context_of(o), o->status_block(), buffer,
                                      length, &offset, nullptr);
        return started(status, o, done);
    }
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtWriteFile(file, nullptr, nullptr, nullptr, &iosb, buffer, length, nullptr, nullptr);
    status = finish(file, status, iosb);
    if (NT_SUCCESS(status)) {
        *done = DWORD(iosb.Information);
        return TRUE;
    }
    if (NT_WARNING(status)) *done = DWORD(iosb.Information);
    return fail(status);
}

// Codes of file systems go the way of file systems.
NTSTATUS control(HANDLE file, HANDLE event, PVOID context, IO_STATUS_BLOCK* iosb, DWORD code, PVOID in,
                 DWORD in_length, PVOID out, DWORD out_length) {
    constexpr DWORD FILE_DEVICE_FILE_SYSTEM = 9;
    auto* service = code >> 16 == FILE_DEVICE_FILE_SYSTEM ? NtFsControlFile : NtDeviceIoControlFile;
    return service(file, event, nullptr, context, iosb, code, in, in_length, out, out_length);
}

[[gnu::always_inline]] inline BOOL device_io_control(HANDLE file, DWORD code, PVOID in, DWORD in_length,
                                                     PVOID out, DWORD out_length, DWORD* done,
                                                     OVERLAPPED* o) {
    file = real_handle(file);
    if (o) {
        o->Internal = STATUS_PENDING;
        return started(control(file, event_of(o), context_of(o), o->status_block(), code, in, in_length, out,
                               out_length),
                       o, done);
    }
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = control(file, nullptr, nullptr, &iosb, code, in, in_length, out, out_length);
    status = finish(file, status, iosb);
    if (NT_SUCCESS(status)) {
        *done = DWORD(iosb.Information);
        return TRUE;
    }
    *done = NT_WARNING(status) ? DWORD(iosb.Information) : 0; // STATUS_BUFFER_OVERFLOW comes with data
    return fail(status);
}

[[gnu::always_inline]] inline BOOL flush_file(HANDLE file) {
    IO_STATUS_BLOCK iosb;
    return answer(NtFlushBuffersFile(real_handle(file), &iosb));
}

BOOL started_ex(NTSTATUS status) {
    if (NT_ERROR(status) || status == STATUS_END_OF_FILE) return fail(status);
    RtlSetLastWin32Error(status == STATUS_BUFFER_OVERFLOW ? ERROR_MORE_DATA : ERROR_SUCCESS);
    return TRUE;
}

BOOL read_file_ex(HANDLE file, PVOID buffer, DWORD length, OVERLAPPED* o,
                  OVERLAPPED_COMPLETION_ROUTINE* routine) {
    LARGE_INTEGER offset = o->At;
    o->Internal = STATUS_PENDING;
    return started_ex(NtReadFile(real_handle(file), nullptr, completion_apc, reinterpret_cast<PVOID>(routine),
                                 o->status_block(), buffer, length, &offset, nullptr));
}
BOOL write_file_ex(HANDLE file, const void* buffer, DWORD length, OVERLAPPED* o,
                   OVERLAPPED_COMPLETION_ROUTINE* routine) {
    LARGE_INTEGER offset = o->At;
    o->Internal = STATUS_PENDING;
    return started_ex(NtWriteFile(real_handle(file), nullptr, completion_apc,
                                  reinterpret_cast<PVOID>(routine), o->status_block(), buffer, length,
                                  &offset, nullptr));
}

BOOL cancel_io(HANDLE file) {
    IO_STATUS_BLOCK iosb;
    return answer(NtCancelIoFile(real_handle(file), &iosb));
}
BOOL cancel_io_ex(HANDLE file, OVERLAPPED* o) {
    IO_STATUS_BLOCK iosb;
    return answer(NtCancelIoFileEx(real_handle(file), o ? o->status_block() : nullptr, &iosb));
}

} // namespace

// ReadFileEx and WriteFileEx: the kernel queues this APC, which calls the program's routine as documented.
void completion_apc(PVOID routine, IO_STATUS_BLOCK* iosb, ULONG) {
    DWORD error = NT_SUCCESS(iosb->Status) ? DWORD(ERROR_SUCCESS) : RtlNtStatusToDosError(iosb->Status);
    DWORD done = NT_ERROR(iosb->Status) ? 0 : DWORD(iosb->Information);
    reinterpret_cast<OVERLAPPED_COMPLETION_ROUTINE*>(routine)(error, done,
                                                              reinterpret_cast<OVERLAPPED*>(iosb));
}

} // namespace k32

using namespace k32;

extern "C" {

BOOL ReadFile(HANDLE file, PVOID buffer, DWORD length, DWORD* done, OVERLAPPED* o) {
    return traced<read_file>("ReadFile", nullptr, file, buffer, length, done, o);
}
BOOL WriteFile(HANDLE file, const void* buffer, DWORD length, DWORD* done, OVERLAPPED* o) {
    return traced<write_file>("WriteFile", nullptr, file, buffer, length, done, o);
}
BOOL DeviceIoControl(HANDLE file, DWORD code, PVOID in, DWORD in_length, PVOID out, DWORD out_length,
                     DWORD* done, OVERLAPPED* o) {
    return traced<device_io_control>("DeviceIoControl", nullptr, file, code, in, in_length, out, out_length,
                                     done, o);
}
BOOL FlushFileBuffers(HANDLE file) { return traced<flush_file>("FlushFileBuffers", nullptr, file); }

BOOL ReadFileEx(HANDLE file, PVOID buffer, DWORD length, OVERLAPPED* o,
                OVERLAPPED_COMPLETION_ROUTINE* routine) {
    return traced<read_file_ex>("ReadFileEx", nullptr, file, buffer, length, o, routine);
}
BOOL WriteFileEx(HANDLE file, const void* buffer, DWORD length, OVERLAPPED* o,
                 OVERLAPPED_COMPLETION_ROUTINE* routine) {
    return traced<write_file_ex>("WriteFileEx", nullptr, file, buffer, length, o, routine);
}

// A page for each element; the files are opened unbuffered, and `reserved` is.
BOOL ReadFileScatter(HANDLE file, FILE_SEGMENT_ELEMENT* segments, DWORD length, DWORD*, OVERLAPPED* o) {
    LARGE_INTEGER offset = o->At;
    o->Internal = STATUS_PENDING;
    return started(NtReadFileScatter(real_handle(file), event_of(o), nullptr, context_of(o),
                                     o->status_block(), segments, length, &offset, nullptr),
                   o, nullptr);
}
BOOL WriteFileGather(HANDLE file, FILE_SEGMENT_ELEMENT* segments, DWORD length, DWORD*, OVERLAPPED* o) {
    LARGE_INTEGER offset = o->At;
    o->Internal = STATUS_PENDING;
    return started(NtWriteFileGather(real_handle(file), event_of(o), nullptr, context_of(o),
                                     o->status_block(), segments, length, &offset, nullptr),
                   o, nullptr);
}

BOOL GetOverlappedResultEx(HANDLE file, OVERLAPPED* o, DWORD* done, DWORD milliseconds, BOOL alertable) {
    if (NTSTATUS(o->Internal) == STATUS_PENDING) {
        if (milliseconds == 0) return fail_with(ERROR_IO_INCOMPLETE);
        LARGE_INTEGER storage;
        HANDLE wait = event_of(o) ? event_of(o) : real_handle(file);
        NTSTATUS status =
            NtWaitForSingleObject(wait, BOOLEAN(alertable != 0), timeout_of(milliseconds, &storage));
        if (status == STATUS_TIMEOUT) return fail_with(WAIT_TIMEOUT);
        if (status == STATUS_USER_APC) return fail_with(WAIT_IO_COMPLETION);
        if (!NT_SUCCESS(status)) return fail(status);
    }
    *done = DWORD(o->InternalHigh);
    return answer(NTSTATUS(o->Internal));
}
BOOL GetOverlappedResult(HANDLE file, OVERLAPPED* o, DWORD* done, BOOL wait) {
    return GetOverlappedResultEx(file, o, done, wait ? INFINITE : 0, FALSE);
}

BOOL CancelIo(HANDLE file) { return traced<cancel_io>("CancelIo", nullptr, file); }
BOOL CancelIoEx(HANDLE file, OVERLAPPED* o) { return traced<cancel_io_ex>("CancelIoEx", nullptr, file, o); }
BOOL CancelSynchronousIo(HANDLE thread) {
    IO_STATUS_BLOCK iosb;
    return answer(NtCancelSynchronousIoFile(thread, nullptr, &iosb));
}

BOOL LockFileEx(HANDLE file, DWORD flags, DWORD reserved, DWORD length, DWORD length_high, OVERLAPPED* o) {
    if (reserved) return fail_with(ERROR_INVALID_PARAMETER);
    LARGE_INTEGER offset = o->At, size{{length, LONG(length_high)}};
    o->Internal = STATUS_PENDING;
    NTSTATUS status = NtLockFile(real_handle(file), event_of(o), nullptr, context_of(o), o->status_block(),
                                 &offset, &size, 0, BOOLEAN(flags & 1),
                                 BOOLEAN(flags >> 1 & 1)); // LOCKFILE_FAIL_IMMEDIATELY, _EXCLUSIVE_LOCK
    return NT_SUCCESS(status) && status != STATUS_PENDING ? BOOL(TRUE) : fail(status);
}
BOOL LockFile(HANDLE file, DWORD offset, DWORD offset_high, DWORD length, DWORD length_high) {
    LARGE_INTEGER at{{offset, LONG(offset_high)}}, size{{length, LONG(length_high)}};
    IO_STATUS_BLOCK iosb;
    file = real_handle(file);
    NTSTATUS status = NtLockFile(file, nullptr, nullptr, nullptr, &iosb, &at, &size, 0, TRUE, TRUE);
    return answer(finish(file, status, iosb));
}
BOOL UnlockFile(HANDLE file, DWORD offset, DWORD offset_high, DWORD length, DWORD length_high) {
    LARGE_INTEGER at{{offset, LONG(offset_high)}}, size{{length, LONG(length_high)}};
    IO_STATUS_BLOCK iosb;
    return answer(NtUnlockFile(real_handle(file), &iosb, &at, &size, 0));
}
BOOL UnlockFileEx(HANDLE file, DWORD reserved, DWORD length, DWORD length_high, OVERLAPPED* o) {
    if (reserved) return fail_with(ERROR_INVALID_PARAMETER);
    return UnlockFile(file, o->Offset, o->OffsetHigh, length, length_high);
}

// A port, and files bound to it by FileCompletionInformation.
HANDLE CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key, DWORD threads) {
    HANDLE made = port;
    if (!port) {
        NTSTATUS status = NtCreateIoCompletion(&made, 0x1f0003, nullptr, threads);
        if (!NT_SUCCESS(status)) return fail(status), nullptr;
    }
    if (file == INVALID_HANDLE_VALUE) {
        if (port) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
        return made;
    }
    FILE_COMPLETION_INFORMATION information{made, reinterpret_cast<PVOID>(key)};
    IO_STATUS_BLOCK iosb;
    NTSTATUS status =
        NtSetInformationFile(file, &iosb, &information, sizeof information, FileCompletionInformation);
    if (NT_SUCCESS(status)) return made;
    if (!port) NtClose(made);
    return fail(status), nullptr;
}
BOOL PostQueuedCompletionStatus(HANDLE port, DWORD transferred, ULONG_PTR key, OVERLAPPED* o) {
    return answer(NtSetIoCompletion(port, reinterpret_cast<PVOID>(key), o, STATUS_SUCCESS, transferred));
}
BOOL GetQueuedCompletionStatus(HANDLE port, DWORD* transferred, ULONG_PTR* key, OVERLAPPED** o,
                               DWORD milliseconds) {
    LARGE_INTEGER storage;
    IO_STATUS_BLOCK iosb;
    PVOID found_key = nullptr, found = nullptr;
    NTSTATUS status =
        NtRemoveIoCompletion(port, &found_key, &found, &iosb, timeout_of(milliseconds, &storage));
    if (status != STATUS_SUCCESS) {
        *o = nullptr;
        return status == STATUS_TIMEOUT ? fail_with(WAIT_TIMEOUT) : fail(status);
    }
    *key = reinterpret_cast<ULONG_PTR>(found_key);
    *o = static_cast<OVERLAPPED*>(found);
    *transferred = DWORD(iosb.Information);
    return answer(iosb.Status);
}
BOOL GetQueuedCompletionStatusEx(HANDLE port, OVERLAPPED_ENTRY* entries, ULONG count, ULONG* removed,
                                 DWORD milliseconds, BOOL alertable) {
    LARGE_INTEGER storage;
    NTSTATUS status = NtRemoveIoCompletionEx(port, entries, count, removed,
                                             timeout_of(milliseconds, &storage), BOOLEAN(alertable != 0));
    if (status == STATUS_SUCCESS) return TRUE;
    if (status == STATUS_TIMEOUT) return fail_with(WAIT_TIMEOUT);
    if (status == STATUS_USER_APC) return fail_with(WAIT_IO_COMPLETION);
    return fail(status);
}
BOOL SetFileCompletionNotificationModes(HANDLE file, UCHAR flags) {
    FILE_IO_COMPLETION_NOTIFICATION_INFORMATION information{flags};
    IO_STATUS_BLOCK iosb;
    return answer(NtSetInformationFile(file, &iosb, &information, sizeof information,
                                       FileIoCompletionNotificationInformation));
}

} // extern "C"
} // namespace nt
