#include "kernel/ps/thread_notify.h"
#include "abi/status.h"
#include "kernel/ps/detail/notify_list.h"

namespace nt::ps {

namespace {

detail::NotifyList<64> routines; // extended: in the new thread

// Routines of the two kinds, or of one.
void call(bool created, bool in_new_thread, const ke::Thread& thread, BOOLEAN create) {
    if (routines.empty()) return;
    routines.call([&](PVOID routine, bool of_new_threads) {
        if (!(of_new_threads ? in_new_thread : created)) return;
        if (of_new_threads && !thread.teb) return;
        seh::call_out(reinterpret_cast<CREATE_THREAD_NOTIFY_ROUTINE*>(routine),
                      reinterpret_cast<HANDLE>(thread.pid), reinterpret_cast<HANDLE>(thread.tid), create);
    });
}

} // namespace

NTSTATUS add_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine, bool in_new_thread) {
    return routines.add(reinterpret_cast<PVOID>(routine), in_new_thread) ? STATUS_SUCCESS
                                                                         : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS remove_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine) {
    auto* place = reinterpret_cast<PVOID>(routine);
    return routines.remove(place, false) || routines.remove(place, true) ? STATUS_SUCCESS
                                                                         : STATUS_PROCEDURE_NOT_FOUND;
}

void for_each_thread_notify_routine(void (*visit)(void*, ULONG_PTR), void* context) {
    routines.for_each(visit, context);
}

void notify_thread_created(ke::Thread& thread) {
    thread.announced = true;
    call(true, false, thread, true);
}
void notify_thread_begins(ke::Thread& self) {
    self.begun = true;
    call(false, true, self, true);
}
void notify_thread_ends(const ke::Thread& self) { call(self.announced, self.begun, self, false); }

} // namespace nt::ps
