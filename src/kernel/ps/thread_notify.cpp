#include "kernel/ps/thread_notify.h"
#include "abi/status.h"
#include "kernel/ke/calls.h"

namespace nt::ps {

namespace {

struct Routine {
    CREATE_THREAD_NOTIFY_ROUTINE* routine; // null: the place is free
    bool in_new_thread;
    bool going; // somebody removes it
    ULONG_PTR running;
};
constexpr ULONG most_routines = 64;
Routine routines[most_routines];

void call(bool in_new_thread, bool both, const ke::Thread& thread, BOOLEAN create) {
    for (Routine& r : routines) {
        if (!r.routine || r.going || (!both && r.in_new_thread != in_new_thread)) continue;
        if (r.in_new_thread && !thread.teb) continue;
        r.running++;
        seh::call_out(r.routine, reinterpret_cast<HANDLE>(thread.pid), reinterpret_cast<HANDLE>(thread.tid),
                      create);
        ke::call_ended(r.running);
    }
}

} // namespace

NTSTATUS add_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine, bool in_new_thread) {
    for (Routine& r : routines)
        if (!r.routine) {
            r = {routine, in_new_thread, false, 0};
            return STATUS_SUCCESS;
        }
    return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS remove_thread_notify_routine(CREATE_THREAD_NOTIFY_ROUTINE* routine) {
    for (Routine& r : routines)
        if (r.routine == routine && !r.going) {
            r.going = true;
            ke::wait_for_calls(r.running);
            r.routine = nullptr;
            return STATUS_SUCCESS;
        }
    return STATUS_PROCEDURE_NOT_FOUND;
}

void for_each_thread_notify_routine(void (*visit)(void*, ULONG_PTR), void* context) {
    for (const Routine& r : routines)
        if (r.routine) visit(context, reinterpret_cast<ULONG_PTR>(r.routine));
}

void notify_thread_created(const ke::Thread& thread) { call(false, false, thread, true); }
void notify_thread_begins(const ke::Thread& self) { call(true, false, self, true); }
void notify_thread_ends(const ke::Thread& self) { call(false, true, self, false); }

} // namespace nt::ps
