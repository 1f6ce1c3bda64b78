#include "kernel/io/detail/system_thread.h"
#include "abi/status.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/object.h"
#include "kernel/ps/thread.h"

namespace nt::io::detail {

namespace {

struct Work {
    void (*routine)(void*);
    void* context;
};

} // namespace

int run_in_system(void (*routine)(void*), void* context) {
    if (ke::current_thread().Tcb.ApcState.Process == reinterpret_cast<KPROCESS*>(ps::system_home().process)) {
        routine(context);
        return STATUS_SUCCESS;
    }
    Work work{routine, context};
    // Nobody but the thread sees `work`, and this one waits for the thread itself.
    ke::Thread* thread = TRY_STATUS(ps::create_kernel_thread(
        [](PVOID argument) {
            const Work& w = *static_cast<Work*>(argument);
            w.routine(w.context);
        },
        &work));
    ke::wait_for_single_object(thread, Executive, KernelMode, false, nullptr);
    ob::dereference(thread);
    return STATUS_SUCCESS;
}

} // namespace nt::io::detail
