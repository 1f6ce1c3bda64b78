// IoCheckShareAccess and kin, with and without the counts of a link (nf-wdm-iochecklinkshareaccess). A file
// that ignores sharing is checked by nobody and counts nowhere.
#include "abi/status.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/file.h"

namespace nt::io {

namespace {

// What one open has and lets others have.
struct Wishes {
    bool read, write, remove, shared_read, shared_write, shared_remove;
    bool any() const { return read || write || remove; }
};

Wishes wishes_of(ACCESS_MASK desired, ULONG sharing, ULONG flags) {
    Wishes w{};
    w.read = (desired & (FILE_READ_DATA | FILE_EXECUTE)) != 0;
    w.write = (desired & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    w.remove = (desired & DELETE) != 0;
    const bool shares = w.any() || (flags & share::force);
    w.shared_read = shares && (sharing & FILE_SHARE_READ);
    w.shared_write = shares && (sharing & FILE_SHARE_WRITE);
    w.shared_remove = shares && (sharing & FILE_SHARE_DELETE);
    // Who may not write cannot keep other readers out.
    if ((flags & share::no_write_permission) && w.read) w.shared_read = true;
    return w;
}
Wishes wishes_of(const FILE_OBJECT* file) {
    return {file->ReadAccess != 0, file->WriteAccess != 0, file->DeleteAccess != 0,
            file->SharedRead != 0, file->SharedWrite != 0, file->SharedDelete != 0};
}
void note(FILE_OBJECT* file, const Wishes& w) {
    file->ReadAccess = w.read;
    file->WriteAccess = w.write;
    file->DeleteAccess = w.remove;
    file->SharedRead = w.shared_read;
    file->SharedWrite = w.shared_write;
    file->SharedDelete = w.shared_remove;
}

void add(const Wishes& w, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG n) {
    if (state) {
        state->OpenCount += n;
        state->Readers += w.read * n;
        state->Writers += w.write * n;
        state->Deleters += w.remove * n;
        state->SharedRead += w.shared_read * n;
        state->SharedWrite += w.shared_write * n;
        state->SharedDelete += w.shared_remove * n;
    }
    if (!link) return;
    link->OpenCount += n;
    link->Deleters += w.remove * n;
    link->SharedDelete += w.shared_remove * n;
}

// assumed: opens of other streams than the primary one do not count for the link.
LINK_SHARE_ACCESS* counted(LINK_SHARE_ACCESS* link, ULONG flags) {
    return flags & share::secondary_stream ? nullptr : link;
}

// What this open wants must be shared by all that exist, and what they have by this one. An open of a link
// alone comes without the counts of a stream, which then stand for none.
bool collide(const Wishes& w, const SHARE_ACCESS& state, const LINK_SHARE_ACCESS* link, ULONG flags) {
    if (!(flags & share::skip_read) &&
        ((w.read && state.SharedRead < state.OpenCount) || (state.Readers && !w.shared_read)))
        return true;
    if (!(flags & share::skip_write) &&
        ((w.write && state.SharedWrite < state.OpenCount) || (state.Writers && !w.shared_write)))
        return true;
    if (flags & share::skip_delete) return false;
    // A link is deleted, not the stream behind it.
    if (link && !(flags & share::delete_by_stream))
        return (w.remove && link->SharedDelete < link->OpenCount) || (link->Deleters && !w.shared_remove);
    return (w.remove && state.SharedDelete < state.OpenCount) || (state.Deleters && !w.shared_remove);
}

} // namespace

NTSTATUS check_link_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state,
                                 LINK_SHARE_ACCESS* link, ULONG flags) {
    const Wishes w = wishes_of(desired, sharing, flags);
    if (file && !(flags & share::leave_file)) note(file, w);
    if (file && detail::ignores_sharing(file)) return STATUS_SUCCESS;
    if (!w.any() && !(flags & share::force)) return STATUS_SUCCESS;
    link = counted(link, flags);
    if (collide(w, state ? *state : SHARE_ACCESS{}, link, flags)) return STATUS_SHARING_VIOLATION;
    if ((flags & share::update) && w.any()) add(w, state, link, 1);
    return STATUS_SUCCESS;
}
void set_link_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state,
                           LINK_SHARE_ACCESS* link, ULONG flags) {
    const Wishes w = wishes_of(desired, sharing, flags);
    note(file, w);
    if (state) *state = {};
    if (link) *link = {};
    if (w.any() && !detail::ignores_sharing(file)) add(w, state, counted(link, flags), 1);
}
void remove_link_share_access(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG flags) {
    const Wishes w = wishes_of(file);
    if (w.any() && !detail::ignores_sharing(file)) add(w, state, counted(link, flags), ~0u);
}
void update_link_share_access(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG flags) {
    const Wishes w = wishes_of(file);
    if (w.any() && !detail::ignores_sharing(file)) add(w, state, counted(link, flags), 1);
}

NTSTATUS check_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state,
                            bool update) {
    return check_link_share_access(desired, sharing, file, state, nullptr, update ? share::update : 0);
}
void set_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state) {
    set_link_share_access(desired, sharing, file, state, nullptr, 0);
}
void remove_share_access(FILE_OBJECT* file, SHARE_ACCESS* state) {
    remove_link_share_access(file, state, nullptr, 0);
}
void update_share_access(FILE_OBJECT* file, SHARE_ACCESS* state) {
    update_link_share_access(file, state, nullptr, 0);
}

} // namespace nt::io
