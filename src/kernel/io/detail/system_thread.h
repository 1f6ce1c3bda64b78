// What must run in the System process, wherever it was asked for.
#pragma once
#include <type_traits>

namespace nt::io::detail {

// Runs the work in this thread if that belongs to the System process, else in a system thread, and waits for
// it. PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES: it has not run.
int run_in_system(void (*work)(void*), void* context);
template <class F> int in_system(F&& work) {
    return run_in_system([](void* context) { (*static_cast<std::remove_reference_t<F>*>(context))(); },
                         &work);
}

} // namespace nt::io::detail
