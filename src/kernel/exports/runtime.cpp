#include "kernel/exports/runtime.h"
#include "abi/bugcheck.h"
#include "abi/dispatcher.h"
#include "abi/status.h"
#include "host/guest.h"
#include "host/machine_heap.h"
#include "kernel/ex/lock_ends.h"
#include "kernel/exports/irql_rules.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/report.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ke/thread.h"
#include "trace/trace.h"
#include <cstring>
#include <span>

namespace nt::exports {

void (*before_user_mode)(NTSTATUS) = [](NTSTATUS) {};

namespace {

constexpr ULONG service_limit = 0x1400;
constexpr ULONG most_arguments = 20;
constexpr ULONGLONG service_time = 2; // 100 ns units charged per system call
const ServiceRow* service_by_number[service_limit];

bool names_announced_services[service_limit];

void announce(ULONG number, const char* name) {
    if (number < service_limit && !names_announced_services[number]) {
        names_announced_services[number] = true;
        trace::emit_name(0, number, name);
    }
}

const Row& innermost_row() { return rows[seh::innermost()->index]; }

ULONG_PTR stub_adapter(const ULONG_PTR*) { ke::stub_called(innermost_row().name); }

// A service's arguments as a trace shows them: without what lies undefined beside narrow ones.
class Shown {
  public:
    Shown(const ServiceRow& service, const ULONG_PTR* args) : count_(service.argument_count) {
        for (ULONG i = 0; i < count_; i++)
            words_[i] = service.narrow >> i & 1 ? static_cast<ULONG>(args[i]) : args[i];
    }
    std::span<const std::uint64_t> words() const { return {words_, count_}; }

  private:
    ULONG count_;
    std::uint64_t words_[most_arguments];
};

// Zw…: the service, as called by kernel mode itself.
ULONG_PTR zw_adapter(const ULONG_PTR* args) {
    const ULONG number = innermost_row().service;
    const ServiceRow& service = *service_by_number[number];
    ke::Thread& self = ke::current_thread();
    const auto caller_mode = self.Tcb.PreviousMode;
    self.Tcb.PreviousMode = KernelMode;
    if (trace::on) [[unlikely]] {
        announce(number, service.name);
        trace::emit_zw_enter(number, static_cast<seh::EntryRecord*>(seh::innermost())->rip,
                             Shown(service, args).words());
    }
    const ULONG_PTR result = (*service.gate)(args);
    if (trace::on) [[unlikely]]
        trace::emit_zw_exit(number, static_cast<NTSTATUS>(result));
    ke::current_thread().Tcb.PreviousMode = caller_mode;
    return result;
}

seh::GateEntry* gate_entries;

ULONG_PTR run_gate_slowly(seh::EntryRecord& entry) {
    const Row& row = rows[entry.index];
    if (ke::current_irql() > row.max_irql) {
        if (const IrqlRule* rule = irql_rule_of(row.name))
            ke::report_at(entry.rip, rule->name,
                          rule->code ? ke::verifier_stop(rule->code, 0, ke::current_irql()) : ke::WouldStop{},
                          "calls %s at IRQL %u", row.name, ke::current_irql());
        // assumed: the caller's address stands where Windows has the address of the paged code that would
        // fault.
        ke::bug_check(0x0A, entry.rip, ke::current_irql(), 8, entry.rip);
    }
    ke::switch_point();
    if (trace::verbose) {
        static bool* announced = static_cast<bool*>(host::heap_allocate(row_count));
        if (!announced[entry.index]) {
            announced[entry.index] = true;
            trace::emit_name(1, entry.index, row.name);
        }
        trace::emit_gate(entry.index, entry.rip);
    }
    return gate_entries[entry.index].adapter(entry.args);
}

ULONG_PTR run_system_call(seh::EntryRecord& entry) {
    const ULONG number = entry.index;
    const ServiceRow* service = number < service_limit ? service_by_number[number] : nullptr;
    if (!service) [[unlikely]]
        return static_cast<ULONG>(STATUS_INVALID_SYSTEM_SERVICE);
    ULONG_PTR args[most_arguments];
    std::memcpy(args, entry.registers, sizeof entry.registers);
    // The user stack: return address, home space of four, then the fifth argument.
    if (service->argument_count > 4 &&
        !guest::copy_from(args + 4, entry.rsp + 0x28, (service->argument_count - 4) * sizeof(ULONG_PTR)))
        [[unlikely]]
        return static_cast<ULONG>(STATUS_ACCESS_VIOLATION);
    ke::Thread& self = ke::current_thread();
    self.Tcb.PreviousMode = UserMode;
    // NtDrvlabTraceApi…: watching takes no time and makes no row of its own.
    if (number - 0xffe <= 1) [[unlikely]]
        return (*service->gate)(args);
    ke::charge(service_time);
    self.user_time += service_time / 2;
    if (ke::switch_point_due()) [[unlikely]]
        ke::switch_point();
    entry.args = args;
    if (trace::on) [[unlikely]] {
        announce(number, service->name);
        trace::emit_syscall_enter(number, entry.rip, Shown(*service, args).words());
    }
    const ULONG_PTR result = (*service->gate)(args);
    if (trace::on) [[unlikely]]
        trace::emit_syscall_exit(number, static_cast<NTSTATUS>(result));
    if (self.locks.count() || ke::current_irql() != PASSIVE_LEVEL || self.Tcb.CombinedApcDisable ||
        ke::processors_without_interrupts) [[unlikely]]
        ex::check_return_to_user();
    if (ke::current_irql() != PASSIVE_LEVEL) [[unlikely]]
        ke::bug_check(IRQL_GT_ZERO_AT_SYSTEM_SERVICE, entry.rip, ke::current_irql());
    if (self.Tcb.CombinedApcDisable != 0 || self.Tcb.ApcStateIndex != 0)
        [[unlikely]] // a driver entered a critical region and did not leave it
        ke::bug_check(APC_INDEX_MISMATCH, entry.rip, self.Tcb.ApcStateIndex, self.Tcb.CombinedApcDisable, 0);
    if (self.Tcb.ApcState.KernelApcPending || self.Tcb.ApcState.UserApcPending || self.exiting) [[unlikely]]
        before_user_mode(static_cast<NTSTATUS>(result));
    return result;
}

} // namespace

const ServiceRow* find_service(ULONG number) {
    return number < service_limit ? service_by_number[number] : nullptr;
}

ULONG_PTR call_service(const ServiceRow& service, const ULONG_PTR* args) { return (*service.gate)(args); }

const Row* find_row(const char* name) {
    for (ULONG i = 0; i < row_count; i++)
        if (std::strcmp(rows[i].name, name) == 0) return &rows[i];
    return nullptr;
}

KPROCESSOR_MODE previous_mode() { return ke::current_thread().Tcb.PreviousMode; }

void initialize() {
    gate_entries = static_cast<seh::GateEntry*>(host::heap_allocate(row_count * sizeof(seh::GateEntry)));
    for (ULONG i = 0; i < row_count; i++) {
        Adapter adapter = stub_adapter;
        if (rows[i].gate) adapter = *rows[i].gate;
        if (rows[i].kind == Kind::zw) adapter = zw_adapter;
        gate_entries[i] = {adapter, rows[i].max_irql, 0};
    }
    for (ULONG i = 0; i < service_count; i++)
        service_by_number[services[i].number] = &services[i];
    seh::nt_crossing_hooks.gates = gate_entries;
    seh::nt_crossing_hooks.gate_slow = run_gate_slowly;
    seh::nt_crossing_hooks.system_call = run_system_call;
}

} // namespace nt::exports
