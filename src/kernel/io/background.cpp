#include "kernel/io/detail/background.h"
#include "host/machine_heap.h"
#include "kernel/io/irp.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/object.h"
#include "kernel/ps/thread.h"

namespace nt::io::detail {

namespace {

KEVENT* deletes_wanted;

// Objects whose last reference went above PASSIVE_LEVEL.
void delete_objects(PVOID) {
    for (;;) {
        ke::wait_for_single_object(deletes_wanted, Executive, KernelMode, false, nullptr);
        ob::run_deferred_deletes();
    }
}

void want_deletes() { ke::set_event(*deletes_wanted); }

} // namespace

void start_background() {
    ps::add_rundown([](ke::Thread&) { cancel_thread_io(); });
    deletes_wanted = host::make<KEVENT>();
    ke::initialize_event(*deletes_wanted, SynchronizationEvent, false);
    ob::set_deferred_delete_hook(want_deletes);
    if (auto thread = ps::create_kernel_thread(delete_objects, nullptr)) ob::dereference(*thread);
}

} // namespace nt::io::detail
