// Where a rename or a link goes when that is not the file's own directory: ns-ntifs-_file_rename_information.
#pragma once
#include "kernel/io/detail/request.h"

namespace nt::io::detail {

// The directory of the target, opened with SL_OPEN_TARGET_DIRECTORY for as long as the request lasts; nothing
// for a simple name.
struct Target {
    // STATUS_INVALID_PARAMETER (the name does not fit the buffer), STATUS_OBJECT_NAME_INVALID (it is empty),
    // STATUS_NOT_SAME_DEVICE, and what the open comes to.
    NTSTATUS open(const Request& request, const FILE_RENAME_INFORMATION& to, ULONG length,
                  bool without_checks);
    void close();

    FILE_OBJECT* file = nullptr;
    HANDLE handle = nullptr;
};

} // namespace nt::io::detail
