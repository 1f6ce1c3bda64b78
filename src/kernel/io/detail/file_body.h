// The body of a File object: what drivers see, and behind it what only the I/O manager does.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

struct FileBody {
    FILE_OBJECT file;
    // Of a file for synchronous I/O: where the transfer under way begins; below 0: a place that only the
    // driver knows.
    LONGLONG transfer_start;
};
inline FileBody& body_of_file(FILE_OBJECT* file) { return *reinterpret_cast<FileBody*>(file); }

} // namespace nt::io::detail
