// IoReplaceFileObjectName: "allows the I/O manager to control the lifetime of the buffer associated with the
// file object" (nf-ntifs-ioreplacefileobjectname).
#include "abi/status.h"
#include "kernel/io/file.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <cstring>

namespace nt::io {

NTSTATUS replace_file_name(FILE_OBJECT* file, const WCHAR* name, USHORT length) {
    UNICODE_STRING& old = file->FileName;
    if (!old.Buffer || !old.Length) return STATUS_INVALID_PARAMETER;
    if (length + sizeof(WCHAR) > old.MaximumLength) {
        const ULONG room = std::min<ULONG>(length + sizeof(WCHAR), 0xfffe);
        auto* buffer = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, room, pool::tag("IoNm")));
        if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
        std::memcpy(buffer, name, length);
        pool::release(old.Buffer);
        old.Buffer = buffer;
        old.MaximumLength = static_cast<USHORT>(room);
    } else
        std::memmove(old.Buffer, name, length); // the name may be a part of the old one
    old.Length = length;
    if (length + sizeof(WCHAR) <= old.MaximumLength) old.Buffer[length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

} // namespace nt::io
