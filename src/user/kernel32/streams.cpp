// The streams of a file: nf-fileapi-findfirststreamw, -findnextstreamw. FindClose ends the search, so that it
// begins as one of files does: with a handle.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

struct StreamSearch {
    HANDLE file;
    ULONG at; // offset of the next stream
    bool more;
    alignas(8) UCHAR streams[1];
};
struct WIN32_FIND_STREAM_DATA {
    LARGE_INTEGER StreamSize;
    WCHAR cStreamName[MAX_PATH + 36];
};

BOOL next(StreamSearch* search, WIN32_FIND_STREAM_DATA* to) {
    if (!search->more) return fail_with(ERROR_HANDLE_EOF);
    const auto& s = *reinterpret_cast<const FILE_STREAM_INFORMATION*>(search->streams + search->at);
    search->more = s.NextEntryOffset != 0;
    search->at += s.NextEntryOffset;
    constexpr SIZE_T most = sizeof to->cStreamName / sizeof(WCHAR) - 1;
    SIZE_T n = s.StreamNameLength / sizeof(WCHAR);
    if (n > most) n = most;
    to->StreamSize = s.StreamSize;
    RtlMoveMemory(to->cStreamName, s.StreamName, n * sizeof(WCHAR));
    to->cStreamName[n] = 0;
    return TRUE;
}

// All of them, in a buffer that grows. "If no streams can be found, ERROR_HANDLE_EOF … If the filesystem does
// not support streams, ERROR_INVALID_PARAMETER."
StreamSearch* query(HANDLE file) {
    for (ULONG size = 0x1000;; size *= 2) {
        auto* search = static_cast<StreamSearch*>(heap_allocate(offsetof(StreamSearch, streams) + size));
        if (!search) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
        *search = {file, 0, true, {}};
        IO_STATUS_BLOCK iosb{};
        const NTSTATUS status =
            NtQueryInformationFile(file, &iosb, search->streams, size, FileStreamInformation);
        if (NT_SUCCESS(status) && iosb.Information) return search;
        heap_free(search);
        if (status == NTSTATUS(STATUS_BUFFER_OVERFLOW) && size < 0x100000) continue;
        if (NT_SUCCESS(status))
            fail_with(ERROR_HANDLE_EOF);
        else
            fail(status);
        return nullptr;
    }
}

} // namespace

extern "C" {

HANDLE FindFirstStreamW(const WCHAR* path, INT level, WIN32_FIND_STREAM_DATA* to, DWORD flags) {
    if (level != 0 /* FindStreamInfoStandard */ || flags)
        return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    Name name(path);
    if (!name) return INVALID_HANDLE_VALUE;
    HANDLE file;
    const NTSTATUS status = open(&file, name, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT);
    if (!NT_SUCCESS(status)) return fail(name.missing(status)), INVALID_HANDLE_VALUE;
    StreamSearch* search = query(file);
    if (!search) return NtClose(file), INVALID_HANDLE_VALUE;
    next(search, to);
    return search;
}
BOOL FindNextStreamW(HANDLE search, WIN32_FIND_STREAM_DATA* to) {
    if (search == INVALID_HANDLE_VALUE || !search) return fail_with(ERROR_INVALID_HANDLE);
    return next(static_cast<StreamSearch*>(search), to);
}

} // extern "C"
} // namespace nt
