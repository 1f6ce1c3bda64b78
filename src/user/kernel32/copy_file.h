// Copying a file, for CopyFileEx and for moves to another volume.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

using ProgressRoutine = DWORD(LARGE_INTEGER total, LARGE_INTEGER transferred, LARGE_INTEGER stream_size,
                              LARGE_INTEGER stream_transferred, DWORD stream, DWORD reason, HANDLE source,
                              HANDLE target, PVOID data);
struct CopyProgress {
    ProgressRoutine* routine = nullptr;
    PVOID data = nullptr;
    const volatile BOOL* cancel = nullptr; // set while it goes on: the copy ends
};
BOOL copy_file(const WCHAR* from, const WCHAR* to, const CopyProgress& told, DWORD flags);

} // namespace nt::k32
