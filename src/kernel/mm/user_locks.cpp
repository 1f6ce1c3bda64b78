#include "kernel/mm/user_locks.h"
#include "kernel/mm/mdl.h"

namespace nt::mm {

UserLocks user_locks;

void note_user_lock(MDL* mdl, std::uint64_t caller) {
    if (!mdl->Process) return;
    mdl->Reserved |= mdl_lock_listed;
    user_locks.push_back({mdl, mdl->Process, mdl_page_count(mdl), caller});
}

void forget_user_lock(MDL* mdl) {
    mdl->Reserved &= static_cast<USHORT>(~mdl_lock_listed);
    for (auto it = user_locks.end(); it != user_locks.begin();)
        if ((--it)->mdl == mdl) {
            user_locks.erase(it);
            return;
        }
}

void forget_user_locks(const KPROCESS* process) {
    std::erase_if(user_locks, [process](const UserLock& lock) { return lock.process == process; });
}

} // namespace nt::mm
