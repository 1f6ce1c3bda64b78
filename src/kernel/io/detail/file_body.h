// The body of a File object: what drivers see, and behind it what only the I/O manager does.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

// In IRP.Flags: the priority hint + 1; 0: none was set.
inline constexpr ULONG hint_shift = 17, hint_bits = 7 << hint_shift;

struct FileBody {
    FILE_OBJECT file;
    // Of a file for synchronous I/O: where the transfer under way begins; below 0: a place that only the
    // driver knows.
    LONGLONG transfer_start;
    // FileIoPriorityHintInformation, as IRP.Flags of every request on the file; 0: nobody has set one.
    ULONG priority_flags;
    // IoCancelFileOpen: the devices that have opened it; null: the whole stack has, or nobody.
    DEVICE_OBJECT* cancelled_below;
};
inline FileBody& body_of_file(FILE_OBJECT* file) { return *reinterpret_cast<FileBody*>(file); }

// FILE_OBJECT.FileObjectExtension, made when there is something to keep in it. assumed: its layout
struct FileExtension {
    bool ignore_sharing; // IO_IGNORE_SHARE_ACCESS_CHECK, IoSetFileObjectIgnoreSharing
    // IoCreateFileSpecifyDeviceObjectHint: where requests on the file begin; referenced. Null: at the top.
    DEVICE_OBJECT* hint;
};
// The file's, made if there is none; null: no memory.
FileExtension* extend(FILE_OBJECT* file);
inline bool ignores_sharing(const FILE_OBJECT* file) {
    return file->FileObjectExtension &&
           static_cast<const FileExtension*>(file->FileObjectExtension)->ignore_sharing;
}

} // namespace nt::io::detail
