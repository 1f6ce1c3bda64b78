// Threads, dispatcher objects and waits, on fibers with made-up kernel stacks: no guest code runs here.
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ke/wait.h"
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <vector>

using namespace nt;
using namespace nt::ke;

namespace {

// Runs each function as a thread, in order of their readiness, until all have ended or all wait.
class Machine {
  public:
    Machine() {
        if (!pcr_address) initialize_processor(host::heap_allocate(0x4000));
        memory_hooks = {[](ULONG_PTR& base, ULONG_PTR& limit) {
                            limit = reinterpret_cast<ULONG_PTR>(host::heap_allocate(0x6000));
                            base = limit + 0x6000;
                            return true;
                        },
                        [](ULONG_PTR, ULONG_PTR) {}};
        the_stop = {};
        irql_byte() = PASSIVE_LEVEL;
        create_idle_threads();
    }
    Thread& add(std::function<void()> body, KPRIORITY priority = 8) {
        auto* thread = host::make<Thread>();
        EXPECT_EQ(initialize_thread(*thread, run), STATUS_SUCCESS);
        thread->Tcb.Priority = static_cast<CHAR>(priority);
        bodies().push_back(std::move(body));
        thread->start_context = bodies().size() - 1;
        ready_thread(*thread);
        return *thread;
    }
    // The reason why it stopped: a hang where every thread waits or has ended.
    StopKind run_all() {
        run_machine();
        return the_stop.kind;
    }

  private:
    static std::vector<std::function<void()>>& bodies() {
        static std::vector<std::function<void()>> all;
        return all;
    }
    static void run(Thread& self) {
        bodies()[self.start_context]();
        exit_thread(STATUS_SUCCESS);
    }
};

NTSTATUS wait(PVOID object, const LARGE_INTEGER* timeout = nullptr) {
    return wait_for_single_object(object, Executive, KernelMode, false, timeout);
}

TEST(Wait, SynchronizationEventWakesOneThreadAndResets) {
    Machine machine;
    KEVENT event;
    initialize_event(event, SynchronizationEvent, false);
    std::vector<int> woken;
    for (int i = 0; i < 3; i++)
        machine.add([&, i] {
            if (wait(&event) == STATUS_SUCCESS) woken.push_back(i);
        });
    machine.add([&] {
        EXPECT_EQ(set_event(event), 0);
        EXPECT_EQ(event.Header.SignalState, 0); // consumed by the first waiter
    });
    EXPECT_EQ(machine.run_all(), StopKind::hang);
    EXPECT_EQ(woken, std::vector{0});
}

TEST(Wait, NotificationEventWakesAllInOrderAndStays) {
    Machine machine;
    KEVENT event;
    initialize_event(event, NotificationEvent, false);
    std::vector<int> woken;
    for (int i = 0; i < 3; i++)
        machine.add([&, i] {
            wait(&event);
            woken.push_back(i);
        });
    machine.add([&] { set_event(event); });
    machine.run_all();
    EXPECT_EQ(woken, (std::vector{0, 1, 2}));
    EXPECT_EQ(event.Header.SignalState, 1);
    EXPECT_EQ(reset_event(event), 1);
}

TEST(Wait, TimeoutsPassInVirtualTime) {
    Machine machine;
    KEVENT event;
    initialize_event(event, NotificationEvent, false);
    std::vector<int> order;
    const ULONGLONG begin = interrupt_time();
    const auto sleeper = [&](int name, LONGLONG units) {
        return [&, name, units] {
            LARGE_INTEGER timeout;
            timeout.QuadPart = -units;
            EXPECT_EQ(wait(&event, &timeout), STATUS_TIMEOUT);
            EXPECT_GE(interrupt_time(), begin + static_cast<ULONGLONG>(units));
            order.push_back(name);
        };
    };
    machine.add(sleeper(1, 30'000'000));
    machine.add(sleeper(2, 10'000'000));
    machine.add(sleeper(3, 20'000'000));
    machine.run_all();
    EXPECT_EQ(order, (std::vector{2, 3, 1}));
}

TEST(Wait, ZeroTimeoutOnlyTests) {
    Machine machine;
    machine.add([&] {
        KEVENT event;
        initialize_event(event, SynchronizationEvent, true);
        LARGE_INTEGER zero{};
        EXPECT_EQ(wait(&event, &zero), STATUS_SUCCESS);
        EXPECT_EQ(wait(&event, &zero), STATUS_TIMEOUT);
    });
    machine.run_all();
}

TEST(Wait, SemaphoreCountsAndRefusesItsLimit) {
    Machine machine;
    machine.add([&] {
        KSEMAPHORE semaphore;
        initialize_semaphore(semaphore, 1, 2);
        LONG previous;
        EXPECT_EQ(release_semaphore(semaphore, 1, previous), STATUS_SUCCESS);
        EXPECT_EQ(previous, 1);
        EXPECT_EQ(release_semaphore(semaphore, 1, previous), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
        EXPECT_EQ(semaphore.Header.SignalState, 2);
        EXPECT_EQ(wait(&semaphore), STATUS_SUCCESS);
        EXPECT_EQ(semaphore.Header.SignalState, 1);
    });
    machine.run_all();
}

TEST(Wait, MutantRecursesAndIsAbandoned) {
    Machine machine;
    KMUTANT mutant;
    initialize_mutant(mutant, false, 1);
    NTSTATUS second = 0;
    machine.add([&] {
        EXPECT_EQ(wait(&mutant), STATUS_SUCCESS);
        EXPECT_EQ(wait(&mutant), STATUS_SUCCESS);
        EXPECT_EQ(mutant.Header.SignalState, -1);
        LONG previous;
        EXPECT_EQ(release_mutant(mutant, previous), STATUS_SUCCESS);
        // Ends while it owns it.
    });
    machine.add([&] { second = wait(&mutant); });
    machine.run_all();
    EXPECT_EQ(second, STATUS_ABANDONED);
}

TEST(Wait, MutantBelongsToItsThread) {
    Machine machine;
    KMUTANT mutant;
    initialize_mutant(mutant, false, 0);
    machine.add([&] {
        wait(&mutant);
        yield();
        LONG previous;
        EXPECT_EQ(release_mutant(mutant, previous), STATUS_SUCCESS);
    });
    machine.add([&] {
        LONG previous;
        EXPECT_EQ(release_mutant(mutant, previous), STATUS_MUTANT_NOT_OWNED);
    });
    machine.run_all();
}

TEST(Wait, AnyGivesTheIndexAllTakesNothingBeforeAllAreThere) {
    Machine machine;
    KEVENT a, b;
    initialize_event(a, SynchronizationEvent, false);
    initialize_event(b, SynchronizationEvent, false);
    PVOID both[] = {&a, &b};
    NTSTATUS all = -1;
    machine.add([&] {
        all = wait_for_multiple_objects(2, both, WaitAll, Executive, KernelMode, false, nullptr, nullptr);
    });
    machine.add([&] {
        set_event(a);
        EXPECT_EQ(a.Header.SignalState, 1); // still there: b is missing
        set_event(b);
        EXPECT_EQ(a.Header.SignalState, 0);
        EXPECT_EQ(b.Header.SignalState, 0);
        set_event(b);
        EXPECT_EQ(wait_for_multiple_objects(2, both, WaitAny, Executive, KernelMode, false, nullptr, nullptr),
                  STATUS_WAIT_1);
    });
    machine.run_all();
    EXPECT_EQ(all, STATUS_SUCCESS);
}

TEST(Wait, HigherPriorityRunsAtOnceButNotAtDispatchLevel) {
    Machine machine;
    KEVENT event;
    initialize_event(event, SynchronizationEvent, false);
    std::vector<int> order;
    machine.add(
        [&] {
            wait(&event);
            order.push_back(1);
            wait(&event);
            order.push_back(3);
        },
        12);
    machine.add([&] {
        set_event(event);
        order.push_back(2);
        const KIRQL old = raise_irql(DISPATCH_LEVEL);
        set_event(event);
        order.push_back(20);
        lower_irql(old);
        order.push_back(4);
    });
    machine.run_all();
    EXPECT_EQ(order, (std::vector{1, 2, 20, 3, 4}));
}

TEST(Wait, KernelApcInterruptsAWaitWhichGoesOn) {
    Machine machine;
    KEVENT event;
    initialize_event(event, SynchronizationEvent, false);
    static int apcs;
    apcs = 0;
    bool satisfied = false;
    Thread& waiter = machine.add([&] { satisfied = wait(&event) == STATUS_SUCCESS; });
    machine.add([&] {
        KAPC apc;
        initialize_kernel_apc(
            apc, waiter, [](KAPC&) { apcs += current_irql() == APC_LEVEL; }, nullptr, nullptr);
        EXPECT_TRUE(queue_kernel_apc(apc));
        yield();
        EXPECT_EQ(apcs, 1);
        EXPECT_FALSE(satisfied);
        set_event(event);
    });
    machine.run_all();
    EXPECT_TRUE(satisfied);
}

TEST(Wait, WaitingAtDispatchLevelStopsTheMachine) {
    Machine machine;
    KEVENT event;
    initialize_event(event, NotificationEvent, false);
    machine.add([&] {
        raise_irql(DISPATCH_LEVEL);
        wait(&event);
    });
    EXPECT_EQ(machine.run_all(), StopKind::bug_check);
    EXPECT_EQ(the_stop.code, 0xAu);
    EXPECT_EQ(the_stop.parameters[1], 2u);
}

} // namespace
