#include "kernel/ke/lock_order.h"
#include "host/places.h"
#include "kernel/ke/report.h"
#include "kernel/ke/watched_memory.h"
#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace nt::ke {

bool detail::any_order = false;

namespace {

constexpr ULONG_PTR hierarchy_violation = 0x1001;

// `to` was asked for at `asked_at` while the lock of the node was held, which was acquired at `held_at` (0: a
// mutex, whose owner is all that is known).
struct Edge {
    ULONG_PTR to, held_at, asked_at;
    LockKind held_kind, kind;
    bool reported; // it closes a circle: not followed any more
};
struct Node {
    std::map<ULONG_PTR, Edge> out; // by Edge::to: one lock may be above those of a million objects
    std::set<ULONG_PTR> in;
};
std::map<ULONG_PTR, Node> nodes; // in the order of addresses: a freed range is looked up

// Edges that were met lately.
struct Known {
    ULONG_PTR from, to;
};
constexpr std::size_t known_count = 256;
Known known[known_count];
Known& known_place(ULONG_PTR from, ULONG_PTR to) {
    return known[(from * 31 + to) * 0x9e37'79b9'7f4a'7c15 >> 56];
}

PVOID pointer(ULONG_PTR address) { return reinterpret_cast<PVOID>(address); }
bool on_kernel_stack(ULONG_PTR address) {
    return address - host::places::kernel_stacks < host::places::mapping_window - host::places::kernel_stacks;
}

Node& node_of(ULONG_PTR lock) {
    const auto [it, added] = nodes.try_emplace(lock);
    if (added) mark_memory(pointer(lock));
    detail::any_order = true;
    return it->second;
}

struct Step {
    ULONG_PTR from;
    const Edge* edge;
};

// The shortest way from a lock to another, of several the one by the lowest addresses; empty: none.
std::vector<Step> find_path(ULONG_PTR from, ULONG_PTR to) {
    struct Reached {
        ULONG_PTR lock;
        std::size_t by; // index of the one before
        const Edge* edge;
    };
    std::vector<Reached> reached{{from, 0, nullptr}};
    std::map<ULONG_PTR, bool> seen{{from, true}};
    for (std::size_t i = 0; i < reached.size(); i++) {
        const auto node = nodes.find(reached[i].lock);
        if (node == nodes.end()) continue;
        for (const auto& [target, edge] : node->second.out) {
            if (edge.reported || !seen.try_emplace(edge.to, true).second) continue;
            reached.push_back({edge.to, i, &edge});
            if (edge.to != to) continue;
            std::vector<Step> path;
            for (std::size_t at = reached.size() - 1; at; at = reached[at].by)
                path.push_back({reached[reached[at].by].lock, reached[at].edge});
            std::reverse(path.begin(), path.end());
            return path;
        }
    }
    return {};
}

void report_edge(ULONG_PTR from, const Edge& edge, const WouldStop& stop, const char* what) {
    char place[200] = "";
    if (edge.held_at) place_name(edge.held_at, place, sizeof place);
    report_at(edge.asked_at, "DeadlockDetection", stop,
              "%s the %s 0x%lx is acquired with the %s 0x%lx held%s%s", what, lock_name(edge.kind), edge.to,
              lock_name(edge.held_kind), from, edge.held_at ? ", acquired at " : "", place);
}

void note_edge(ULONG_PTR from, Edge edge) {
    if (from == edge.to || on_kernel_stack(from) || on_kernel_stack(edge.to)) return;
    Known& place = known_place(from, edge.to);
    if (place.from == from && place.to == edge.to) [[likely]]
        return;
    place = {from, edge.to};
    if (node_of(from).out.contains(edge.to)) return;
    const std::vector<Step> circle = find_path(edge.to, from);
    edge.reported = !circle.empty();
    if (edge.reported) {
        report_edge(from, edge, verifier_stop(hierarchy_violation, edge.to),
                    "lock hierarchy violation, which can become a deadlock:");
        for (const Step& step : circle)
            report_edge(step.from, *step.edge, {}, "the other order:");
    }
    node_of(from).out.emplace(edge.to, edge);
    node_of(edge.to).in.insert(from);
}

bool is_ordered(LockKind kind) {
    return kind == LockKind::spin || kind == LockKind::queued_spin || kind == LockKind::fast_mutex ||
           kind == LockKind::fast_mutex_unsafe || kind == LockKind::guarded_mutex ||
           kind == LockKind::guarded_mutex_unsafe;
}

void note_order(HeldLocks& locks, const void* lock, LockKind kind) {
    const auto number = reinterpret_cast<ULONG_PTR>(lock);
    const ULONG_PTR caller = calling_address();
    for (ULONG i = 0; i < locks.count(); i++)
        if (const HeldLock& held = locks[i]; is_ordered(held.kind) && held.caller && caller)
            note_edge(held.lock, {number, held.caller, caller, held.kind, kind, false});
}

void erase(std::map<ULONG_PTR, Node>::iterator it) {
    const ULONG_PTR lock = it->first;
    for (const auto& [target, edge] : it->second.out)
        if (const auto to = nodes.find(target); to != nodes.end()) to->second.in.erase(lock);
    for (const ULONG_PTR from : it->second.in)
        if (const auto node = nodes.find(from); node != nodes.end()) node->second.out.erase(lock);
    for (Known& k : known)
        if (k.from == lock || k.to == lock) k = {};
    unmark_memory(pointer(lock));
    nodes.erase(it);
}

void forget_freed(ULONG_PTR address, SIZE_T size) {
    for (auto it = nodes.lower_bound(address); it != nodes.end() && it->first - address < size;
         it = nodes.lower_bound(address))
        erase(it);
}

} // namespace

void detail::note_spin_order(const void* lock, LockKind kind) { note_order(processor_locks(), lock, kind); }

void detail::note_thread_order(const void* lock, LockKind kind) {
    Thread& self = current_thread();
    note_order(self.locks, lock, kind);
    const ULONG_PTR caller = calling_address();
    LIST_ENTRY& head = self.Tcb.MutantListHead;
    for (LIST_ENTRY* e = head.Flink; caller && e != &head; e = e->Flink) {
        const auto* held = NT_CONTAINER(e, KMUTANT, MutantListEntry);
        note_edge(reinterpret_cast<ULONG_PTR>(held),
                  {reinterpret_cast<ULONG_PTR>(lock), 0, caller, LockKind::mutex, kind, false});
    }
}

void detail::forget_order(const void* lock) {
    if (const auto it = nodes.find(reinterpret_cast<ULONG_PTR>(lock)); it != nodes.end()) erase(it);
}

void initialize_lock_order() { watch_freed_memory(forget_freed); }

} // namespace nt::ke
