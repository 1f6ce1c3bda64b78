#include "abi/status.h"
#include "kernel/io/file.h"

namespace nt::io {

namespace {

void take_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file) {
    file->ReadAccess = (desired & (FILE_READ_DATA | FILE_EXECUTE)) != 0;
    file->WriteAccess = (desired & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    file->DeleteAccess = (desired & DELETE) != 0;
    const bool any = file->ReadAccess || file->WriteAccess || file->DeleteAccess;
    file->SharedRead = any && (share & FILE_SHARE_READ);
    file->SharedWrite = any && (share & FILE_SHARE_WRITE);
    file->SharedDelete = any && (share & FILE_SHARE_DELETE);
}

bool counts(const FILE_OBJECT* file) { return file->ReadAccess || file->WriteAccess || file->DeleteAccess; }

void add(const FILE_OBJECT* file, SHARE_ACCESS* state, ULONG n) {
    state->OpenCount += n;
    state->Readers += file->ReadAccess * n;
    state->Writers += file->WriteAccess * n;
    state->Deleters += file->DeleteAccess * n;
    state->SharedRead += file->SharedRead * n;
    state->SharedWrite += file->SharedWrite * n;
    state->SharedDelete += file->SharedDelete * n;
}

} // namespace

NTSTATUS check_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state,
                            bool update) {
    take_access(desired, share, file);
    if (!counts(file)) return STATUS_SUCCESS;
    // What this open wants must be shared by all that exist, and what they have by this one.
    if ((file->ReadAccess && state->SharedRead < state->OpenCount) ||
        (file->WriteAccess && state->SharedWrite < state->OpenCount) ||
        (file->DeleteAccess && state->SharedDelete < state->OpenCount) ||
        (state->Readers && !file->SharedRead) || (state->Writers && !file->SharedWrite) ||
        (state->Deleters && !file->SharedDelete))
        return STATUS_SHARING_VIOLATION;
    if (update) add(file, state, 1);
    return STATUS_SUCCESS;
}

void set_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state) {
    take_access(desired, share, file);
    *state = {};
    if (counts(file)) add(file, state, 1);
}
void remove_share_access(FILE_OBJECT* file, SHARE_ACCESS* state) {
    if (counts(file)) add(file, state, ~0u);
}
void update_share_access(FILE_OBJECT* file, SHARE_ACCESS* state) {
    if (counts(file)) add(file, state, 1);
}

} // namespace nt::io
