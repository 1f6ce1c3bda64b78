// Requests on a file opened for synchronous I/O go one after another: FILE_OBJECT.Busy with Lock as the event
// to wait on.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

NTSTATUS wait_for_file_lock(FILE_OBJECT* file, KPROCESSOR_MODE mode);
void wake_file_lock_waiter(FILE_OBJECT* file);

// STATUS_ALERTED or STATUS_USER_APC when an alertable wait ended so.
inline NTSTATUS acquire_file_lock(FILE_OBJECT* file, KPROCESSOR_MODE mode) {
    if (!file->Busy) [[likely]] {
        file->Busy = 1;
        return 0;
    }
    return wait_for_file_lock(file, mode);
}
inline void release_file_lock(FILE_OBJECT* file) {
    file->Busy = 0;
    if (file->Waiters) [[unlikely]]
        wake_file_lock_waiter(file);
}

} // namespace nt::io::detail
