#include "app/waiting.h"
#include "app/report.h"
#include "app/target.h"
#include "base/list.h"
#include "kernel/io/remove_lock.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/spin.h"
#include "kernel/ke/thread.h"
#include <cstdio>
#include <vector>

namespace app {

using namespace nt;

namespace {

std::string hex(ULONG_PTR value) {
    char text[24];
    std::snprintf(text, sizeof text, "%016lx", value);
    return text;
}

std::string name_of(const ke::Thread& thread) {
    char text[64];
    std::snprintf(text, sizeof text, "thread %016lx (Cid %04lx.%04lx)", reinterpret_cast<ULONG_PTR>(&thread),
                  thread.pid, thread.tid);
    return text;
}

bool is_waiting(const ke::Thread& thread) {
    return thread.Tcb.State == static_cast<UCHAR>(ke::ThreadState::waiting);
}

template <class F> void for_each_thread(F visit) {
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink)
        visit(*NT_CONTAINER(e, ke::Thread, all_link));
}

// A thread that must do something before another can go on.
struct Holder {
    const ke::Thread* thread; // null: a request, by whichever thread
    ULONG_PTR caller;         // where it acquired the lock; 0: not known
};

struct Wait {
    const ke::Thread* thread;
    std::string what;
    std::vector<Holder> holders;
};

std::vector<Holder> holders_of(ULONG_PTR lock) {
    std::vector<Holder> found;
    for_each_thread([&](ke::Thread& thread) {
        if (const ke::HeldLock* held = thread.locks.find(reinterpret_cast<void*>(lock)))
            found.push_back({&thread, held->caller});
    });
    return found;
}

void add_object(Wait& wait, const DISPATCHER_HEADER& header) {
    const auto address = reinterpret_cast<ULONG_PTR>(&header);
    if (!wait.what.empty()) wait.what += ", ";
    switch (header.Type & 0x7f) {
    case MutantObject: {
        wait.what += "mutex " + hex(address);
        const auto& mutant = reinterpret_cast<const KMUTANT&>(header);
        if (mutant.OwnerThread) wait.holders.push_back({&ke::as_thread(mutant.OwnerThread), 0});
        break;
    }
    case ThreadObject: {
        const auto& thread = reinterpret_cast<const ke::Thread&>(header);
        wait.what += "the end of " + name_of(thread);
        wait.holders.push_back({&thread, 0});
        break;
    }
    case ProcessObject:
        wait.what += "the end of process " + hex(address);
        break;
    case QueueObject:
        wait.what += "queue " + hex(address);
        break;
    case SemaphoreObject:
        wait.what += "semaphore " + hex(address);
        break;
    case TimerNotificationObject:
    case TimerSynchronizationObject:
        wait.what += "timer " + hex(address);
        break;
    default:
        wait.what += "event " + hex(address);
    }
}

Wait wait_of(const ke::Thread& thread) {
    Wait wait{&thread, {}, {}};
    if (thread.lock_wait.lock) {
        wait.what = std::string(ke::lock_name(thread.lock_wait.kind)) + " " + hex(thread.lock_wait.lock);
        wait.holders = holders_of(thread.lock_wait.lock);
        io::for_each_remove_lock_use(
            thread.lock_wait.lock,
            [](void* holders, const io::RemoveLockUse& use) {
                static_cast<std::vector<Holder>*>(holders)->push_back({nullptr, use.caller});
            },
            &wait.holders);
        return wait;
    }
    for (unsigned i = 0; i < thread.Tcb.WaitBlockCount; i++)
        add_object(wait, *static_cast<const DISPATCHER_HEADER*>(thread.Tcb.WaitBlockList[i].Object));
    if (wait.what.empty()) wait.what = "nothing (a delay)";
    return wait;
}

// Where the thread's own code called.
ULONG_PTR place_of(const ke::Thread& thread) {
    for (const seh::Record* r = crossings_of(thread); r; r = r->previous)
        if (r->kind == seh::RecordKind::gate || r->kind == seh::RecordKind::system_call)
            return static_cast<const seh::EntryRecord*>(r)->rip;
    return 0;
}

// "    at driver!routine+0x12 [driver.c @ 34]" and its callers, as far as somebody may want to see them.
std::string stack_of(Machine& machine, const ke::Thread& thread) {
    constexpr std::size_t most = 8;
    const ULONG_PTR place = place_of(thread);
    std::string text = place ? "    at " + place_text(machine, place, true) + "\n" : "";
    Target target(machine);
    bool below = false;
    std::size_t lines = 1;
    for (const view::Frame& f : target.walk(reinterpret_cast<view::Address>(&thread), 40)) {
        if (below && lines++ < most) text += "       " + place_text(machine, f.address, true) + "\n";
        below |= f.address == place;
    }
    return text;
}

// As !thread tells it: to a clock tick.
std::string since_text(const ke::Thread& thread) {
    const ULONG ticks = static_cast<ULONG>(ke::tick_count()) - thread.Tcb.WaitTime;
    const ULONGLONG ms = ticks * 15'625ull / 1000;
    char text[80];
    std::snprintf(text, sizeof text, "    for %u ticks (%llu:%02llu:%02llu.%03llu)\n", ticks,
                  ms / 3'600'000 * 1ull, ms / 60'000 % 60 * 1ull, ms / 1000 % 60 * 1ull, ms % 1000 * 1ull);
    return text;
}

const Wait* find(const std::vector<Wait>& waits, const ke::Thread* thread) {
    for (const Wait& wait : waits)
        if (wait.thread == thread) return &wait;
    return nullptr;
}

// Follows holders from `path`'s last thread; true when it comes back to the first.
bool closes(const std::vector<Wait>& waits, std::vector<const Wait*>& path) {
    for (const Holder& holder : path.back()->holders) {
        if (holder.thread == path.front()->thread) return true;
        const Wait* next = find(waits, holder.thread);
        // Each cycle is told once, from its first thread in the list.
        if (!next || next < path.front()) continue;
        bool seen = false;
        for (const Wait* one : path)
            seen |= one == next;
        if (seen) continue;
        path.push_back(next);
        if (closes(waits, path)) return true;
        path.pop_back();
    }
    return false;
}

std::string cycles_text(const std::vector<Wait>& waits) {
    std::string text;
    for (const Wait& wait : waits) {
        std::vector<const Wait*> path{&wait};
        if (!closes(waits, path)) continue;
        text += path.size() == 1
                    ? "DEADLOCK: a thread waits for itself:\n"
                    : "DEADLOCK: " + std::to_string(path.size()) + " threads wait for each other:\n";
        for (std::size_t i = 0; i < path.size(); i++)
            text += "  " + name_of(*path[i]->thread) + " waits for\n      " + path[i]->what +
                    ", held by\n      " + name_of(*path[(i + 1) % path.size()]->thread) + "\n";
    }
    return text;
}

// Processors that spin, and who holds what they spin for.
std::string spinning_text(Machine& machine) {
    std::string text;
    for (ULONG i = 0; i < ke::processor_count(); i++) {
        const void* target = ke::spin_target_of(i);
        if (!target) continue;
        const auto processor = [](ULONG n) { return "processor " + std::to_string(n); };
        const ke::Thread& thread = ke::running_thread_of(i);
        text += processor(i) + " spins for spin lock " + hex(reinterpret_cast<ULONG_PTR>(target)) + "\n    " +
                name_of(thread) + "\n" + stack_of(machine, thread);
        for (ULONG k = 0; k < ke::processor_count(); k++)
            if (const ke::HeldLock* held = ke::processor_locks_of(k).find(target))
                text += "    held by " + processor(k) + ", acquired at\n        " +
                        place_text(machine, held->caller, true) + "\n";
    }
    return text;
}

// The kernel's own threads that wait for work are of no interest.
bool is_idle_worker(Machine& machine, const ke::Thread& thread) {
    if (thread.teb || thread.lock_wait.lock) return false;
    const ldr::Module* module = machine.modules().find(place_of(thread));
    return !module || module->name == "nt";
}

} // namespace

std::string waiting_threads_text(Machine& machine) {
    std::vector<Wait> waits;
    for_each_thread([&](ke::Thread& thread) {
        if (is_waiting(thread) && !is_idle_worker(machine, thread)) waits.push_back(wait_of(thread));
    });
    std::string text;
    for (const Wait& wait : waits) {
        text += name_of(*wait.thread) + " waits for " + wait.what + "\n";
        text += since_text(*wait.thread) + stack_of(machine, *wait.thread);
        for (const Holder& holder : wait.holders)
            text +=
                "    held by " + (holder.thread ? name_of(*holder.thread) : "a request") +
                (holder.caller ? ", acquired at\n        " + place_text(machine, holder.caller, true) : "") +
                "\n";
    }
    for_each_thread([&](ke::Thread& thread) {
        if (thread.teb && ke::state_of(thread) == ke::ThreadState::initialized)
            text += name_of(thread) + " was made suspended, and nobody has resumed it\n";
    });
    return text + cycles_text(waits) + spinning_text(machine);
}

} // namespace app
