// What the driver of misused locks can be asked to do: name, number of its function code, what it is.
#pragma once
#define MISUSE_CODE(n) (0x22u << 16 | (0x800u + (n)) << 2)

#define MISUSES(X)                                                                                           \
    X(free_mutex, 1, "releases a fast mutex that nobody holds")                                              \
    X(low_irql, 2, "releases a fast mutex at PASSIVE_LEVEL")                                                 \
    X(other_thread, 3, "releases a fast mutex of another thread")                                            \
    X(apcs_enabled, 4, "acquires and releases a resource with APCs enabled")                                 \
    X(kept_resource, 5, "returns to the program with a resource")                                            \
    X(kept_mutex, 6, "ends a thread with a fast mutex")                                                      \
    X(freed_resource, 7, "frees a resource that was not deleted")                                            \
    X(freed_mutex, 8, "frees a fast mutex that is held")                                                     \
    X(deleted_twice, 9, "deletes a resource twice")                                                          \
    X(unsafe_form, 10, "acquires a fast mutex unsafe with APCs enabled, releases it by the safe form")       \
    X(wrong_tag, 11, "releases a remove lock with a wrong tag")                                              \
    X(rundown_excess, 12, "releases run-down protection that it does not have")                              \
    X(push_lock_open, 13, "acquires a push lock with APCs enabled")                                          \
    X(spin_irql, 14, "releases a spin lock to another IRQL than it had")                                     \
    X(spin_below, 15, "acquires a spin lock below DISPATCH_LEVEL by the function for it")                    \
    X(region_twice, 16, "leaves a critical region twice")                                                    \
    X(freed_timer, 17, "frees a timer that is set")                                                          \
    X(not_owned, 20, "releases a resource that it does not own")                                             \
    X(thread_mutex, 21, "ends a thread with a mutex")                                                        \
    X(thread_region, 22, "ends a thread in a critical region")                                               \
    X(wrong_thread, 23, "releases a resource for a thread that is none")                                     \
    X(bad_owner, 24, "gives a resource to a pointer without the owner bits")                                 \
    X(spin_twice, 25, "acquires a spin lock twice")                                                          \
    X(queued_twice, 26, "acquires a queued spin lock twice")                                                 \
    X(wait_with_spin, 27, "waits with a spin lock")                                                          \
    X(kept_spin, 28, "returns to the program with a spin lock")                                              \
    X(kept_region, 29, "returns to the program inside of a critical region")                                 \
    X(two_threads, 30, "two threads wait for each other's fast mutex")                                       \
    X(one_thread, 31, "a thread acquires a fast mutex twice")                                                \
    X(lowered, 33, "lowers the IRQL with a spin lock, which another thread then acquires")                   \
    X(spin_order, 34, "acquires two spin locks in both orders")                                              \
    X(mutex_order, 35, "acquires a mutex and a fast mutex in both orders")                                   \
    X(three_orders, 36, "acquires three queued spin locks in a circle")                                      \
    X(orders_kept, 37, "acquires locks in orders that are none")                                             \
    X(three_locks, 32, "a resource, a mutex and a push lock in a cycle of three threads")
