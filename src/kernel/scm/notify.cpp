#include "kernel/scm/notify.h"
#include "abi/win32_error.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/scm/configure.h"
#include <cstring>
#include <map>
#include <utility>

namespace nt::scm {

namespace {

// SERVICE_NOTIFY_…
constexpr ULONG stopped = 0x1, created = 0x80, deleted = 0x100, delete_pending = 0x200;
constexpr ULONG of_manager = created | deleted, of_service = 0x27f;

struct Wanted {
    ke::Thread* thread; // referenced; null: told, and not asked again
    ULONG mask;
    ULONG told; // states that the handle knows of
    PKNORMAL_ROUTINE routine;
    PVOID argument;
};
std::map<ULONGLONG, Wanted> wanted; // by handle

struct Told {
    ULONG_PTR pid;
    SERVICE_STATUS_PROCESS status;
    std::u16string names; // each with its terminator
};
std::map<ULONGLONG, Told> told;
ULONGLONG last_token;

// Of a thread that ends, nobody asks what the APC was about.
void release(KAPC& apc) {
    if (ke::as_thread(apc.Thread).apcs_closed) told.erase(reinterpret_cast<ULONGLONG>(apc.SystemArgument2));
    pool::release(&apc);
}

// Threads that are told may run at once, and close handles or ask again: only when all have been told.
template <class F> void for_each_wanted(F visit) {
    const KIRQL before = ke::raise_irql(DISPATCH_LEVEL);
    for (auto& [handle, w] : wanted)
        if (w.thread) visit(handle, w);
    ke::lower_irql(before);
}

void tell(Wanted& w, ULONG triggered, const SERVICE_STATUS_PROCESS& status, std::u16string names) {
    ke::Thread* thread = std::exchange(w.thread, nullptr);
    auto* apc = static_cast<KAPC*>(pool::allocate(pool::Kind::nonpaged, sizeof(KAPC), pool::tag("Scnt")));
    if (apc) {
        told[++last_token] = {thread->pid, status, std::move(names)};
        ke::initialize_user_apc(*apc, *thread, release, w.routine, w.argument);
        if (!ke::queue_apc(*apc, reinterpret_cast<PVOID>(ULONG_PTR{triggered}),
                           reinterpret_cast<PVOID>(last_token), 0)) {
            told.erase(last_token); // it is ending
            pool::release(apc);
        }
    }
    ob::dereference(thread);
}

void tell_managers(const std::u16string& name, ULONG what) {
    for_each_wanted([&](ULONGLONG, Wanted& w) {
        if (w.mask & what) tell(w, what, {}, name + u'\0');
    });
}

} // namespace

// assumed: the errors beside ERROR_SERVICE_MARKED_FOR_DELETE and the access.
ULONG notify(const Handle& handle, ULONGLONG number, Request& request) {
    const ULONG mask = request.head.Numbers[0];
    const ULONG need = handle.service ? SERVICE_QUERY_STATUS : SC_MANAGER_ENUMERATE_SERVICE;
    PVOID routine_and_argument[2];
    if (!(handle.access & need)) return ERROR_ACCESS_DENIED;
    if (!mask || mask & ~(handle.service ? of_service : of_manager) ||
        request.in.size() != sizeof routine_and_argument)
        return ERROR_INVALID_PARAMETER;
    if (handle.service && handle.service->marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (handle.service && config_of(*handle.service).is_driver()) return ERROR_INVALID_PARAMETER;
    Wanted& w = wanted[number];
    if (w.thread) return ERROR_ALREADY_REGISTERED;
    std::memcpy(routine_and_argument, request.in.data(), sizeof routine_and_argument);
    w.mask = mask;
    w.routine = reinterpret_cast<PKNORMAL_ROUTINE>(routine_and_argument[0]);
    w.argument = routine_and_argument[1];
    w.thread = &ke::current_thread();
    ob::reference(w.thread);
    // "If the service is already in any of the requested states, the callback function is queued
    // immediately", once.
    if (handle.service && mask & stopped & ~w.told) {
        w.told |= stopped;
        tell(w, stopped, status_of(*handle.service), {});
    }
    return ERROR_SUCCESS;
}

ULONG tell_notification(ULONG_PTR pid, Request& request) {
    const auto found = told.find(request.head.Handle);
    if (found == told.end() || found->second.pid != pid) return ERROR_INVALID_HANDLE;
    request.head.Status = found->second.status;
    put(request.data, found->second.names);
    if (request.data.size() <= request.head.DataLength) told.erase(found); // else it is asked again
    return ERROR_SUCCESS;
}

void forget_notifications(ULONGLONG handle) {
    const auto found = wanted.find(handle);
    if (found == wanted.end()) return;
    if (found->second.thread) ob::dereference(found->second.thread);
    wanted.erase(found);
}

void forget_told_to_the_dead() {
    std::erase_if(told, [](const auto& one) { return is_dead(one.second.pid); });
}

void note_created(const Service& service) {
    if (!config_of(service).is_driver()) tell_managers(u"/" + service.name, created);
}
void note_deleted(const std::u16string& name) { tell_managers(name, deleted); }
void note_delete_pending(Service& service) {
    const SERVICE_STATUS_PROCESS status = status_of(service);
    for_each_wanted([&](ULONGLONG handle, Wanted& w) {
        if (w.mask & delete_pending && service_of(handle) == &service) tell(w, delete_pending, status, {});
    });
}

} // namespace nt::scm
